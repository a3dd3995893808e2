# ruff: noqa: E501 (lines of exports are as long as exports have them)
"""Every feed takes in what its system exports: the headers as they are met, the values in their types."""

from __future__ import annotations

import csv
import io

import pytest

from attain.ingest import contracts
from attain.settings import Settings
from tests.ingest.exports import ingest_one, rows

# Feed, header and one row as exported, and what the row says; the values as DuckDB writes them.
EXPORTS: dict[str, tuple[str, str, dict[str, str | None]]] = {
    "zoho_crm.users": (
        "Record Id,First Name,Last Name,Full Name,Email,Role,Profile,User Status,Date Format,Time Format,Grouping,Decimal,Time Zone,Modified Time",
        "zcrm_404427000000247001,Mei,Lin,Mei Lin,mei@example.com,Sales,Standard,DISABLED,MDY10,hh:mm a,Comma,Period,Asia/Kolkata,2026-01-02 08:00:00",
        {"user_id": "404427000000247001", "full_name": "Mei Lin", "email": "mei@example.com", "user_status": "DISABLED", "modified_at": "2026-01-02 00:00:00"},
    ),
    "zoho_crm.accounts": (
        "Record Id,Account Owner.id,Account Owner,Account Name,Phone,Parent Account.id,Website,Account Type,Created By.id,Created By,Modified By.id,Modified By,Created Time,Modified Time,Billing Street,Billing City,Billing State,Billing Code,Billing Country,Locked",
        'zcrm_404427000000249093,zcrm_404427000000247001,Mei Lin,"Acme, Ltd.",021,,,Key account,1,A,1,A,2026-01-02 08:00:00,2026-01-03 08:00:00,"1 Road\nRoom 2",Shanghai,SH,08014,China,false',
        {"account_id": "404427000000249093", "owner_id": "404427000000247001", "account_name": "Acme, Ltd.", "region": "SH", "country": "China"},
    ),
    "zoho_crm.contacts": (
        "Record Id,Contact Owner.id,Contact Owner,First Name,Last Name,Account Name.id,Account Name,Title,Email,Phone,Contact Name,Mailing Street,Secondary Email,Currency,Exchange Rate,Territories,Created Time,Modified Time",
        "zcrm_404427000000300001,zcrm_404427000000247001,Mei Lin,Wei,Wang,zcrm_404427000000249093,Acme,CFO,wei@example.com,021,Wei Wang,,,,,,2026-01-02 08:00:00,2026-01-03 08:00:00",
        {"contact_id": "404427000000300001", "full_name": "Wei Wang", "account_id": "404427000000249093", "title": "CFO", "owner_name": "Mei Lin"},
    ),
    "zoho_crm.leads": (
        "Record Id,Lead Owner.id,Lead Owner,Is Converted,Company,First Name,Last Name,Email,Phone,Mobile,Lead Source,Lead Status,Created By.id,Created By,Modified By.id,Modified By,Created Time,Modified Time,Lead Name,Street,City,State,Zip Code,Email Opt Out,Salutation,Last Activity Time,Converted Date Time,Lead Conversion Time,Converted Account.id,Converted Account,Converted Deal.id,Converted Deal,Locked",
        "zcrm_404427000000400001,zcrm_404427000000247001,Mei Lin,true,Beta,Wei,Wu,,,,Web,Qualified,1,A,1,A,2026-01-02 08:00:00,2026-01-03 08:00:00,Wei Wu,,,,,false,,,2026-01-03 08:00:00,1,zcrm_9,Beta,zcrm_404427000000249265,Big deal,false",
        {"lead_id": "404427000000400001", "is_converted": "true", "converted_deal_id": "404427000000249265", "lead_source": "Web", "created_at": "2026-01-02 00:00:00"},
    ),
    "zoho_crm.products": (
        "Record Id,Product Owner.id,Product Owner,Product Name,Product Code,Product Active,Product Category,Unit Price,Currency,Modified Time",
        'zcrm_5,zcrm_1,Mei,GTX Pro,G-1,true,GTX,"4,821.00",CNY,2026-01-03 08:00:00',
        {"product_id": "5", "product_code": "G-1", "is_active": "true", "unit_price": "4821.00000000"},
    ),
    "zoho_crm.deals": (
        "Deal Id,Deal Owner.id,Deal Owner,Deal Name,Company Name.id,Company Name,Contact Name.id,Contact Name,Sub-Pipeline,Amount,Stage,Closing Date,Description,Created By.id,Created By,Modified By.id,Modified By,Created Time,Modified Time,Last Activity Time,Pipeline.id,Pipeline",
        'zcrm_404427000000249265,zcrm_404427000000247001,Mei Lin,Big,zcrm_404427000000249093,Acme,,,,250000.0,Closed Won,2026-01-20,"two ""lines""\nhere",1,A,1,A,2026-01-02 08:00:00,2026-01-21 08:00:00,,,',
        {"deal_id": "404427000000249265", "amount": "250000.00", "account_name": "Acme", "closing_date": "2026-01-20"},
    ),
    "zoho_crm.stage_history": (
        "Record Id,Deal Name.id,Deal Name,Stage,Stage Duration (Calendar Days),Probability (%),Moved To,Amount,Expected Revenue,Closing Date,Modified By.id,Modified By,Modified Time",
        "zcrm_7,zcrm_404427000000249265,Big,Negotiation/Review,12,90,Closed Won,250000.0,225000.0,2026-01-20,zcrm_1,Mei Lin,2026-01-20 08:00:00",
        {"entry_id": "7", "deal_id": "404427000000249265", "moved_to": "Closed Won", "duration_days": "12.00000000", "probability": "90.0000", "modified_at": "2026-01-20 00:00:00"},
    ),
    "zoho_crm.calls": (
        "Record Id,Contact Name.id,Contact Name,Related To.id,Related To,Subject,Call Type,Call Purpose,Call Start Time,Call Duration (in seconds),Description,Call Result,Call Status,Call Owner.id,Call Owner,Modified Time",
        "zcrm_8,zcrm_2,Wei,zcrm_404427000000249265,Big,Call Wei,Outbound,Negotiation,2026-01-05 09:00:00,310,,Interested,Completed,zcrm_1,Mei Lin,2026-01-05 09:10:00",
        {"call_id": "8", "related_id": "404427000000249265", "call_type": "Outbound", "duration_seconds": "310", "started_at": "2026-01-05 01:00:00", "owner_name": "Mei Lin"},
    ),
    "zoho_crm.tasks": (
        "Record Id,Subject,Due Date,Status,Priority,Closed Time,Contact Name.id,Contact Name,Related To.id,Related To,Task Owner.id,Task Owner,Created Time,Modified Time",
        "zcrm_9,Send offer,2026-01-06,Completed,High,2026-01-05 18:00:00,,,zcrm_404427000000249265,Big,zcrm_1,Mei Lin,2026-01-02 08:00:00,2026-01-05 18:00:00",
        {"task_id": "9", "due_date": "2026-01-06", "task_status": "Completed", "closed_at": "2026-01-05 10:00:00"},
    ),
    "zoho_crm.events": (
        "Record Id,Title,Location,From,To,Host.id,Host,Contact Name.id,Contact Name,Related To.id,Related To,Checked In Time,Created Time,Modified Time",
        "zcrm_10,Visit Acme,Shanghai,2026-01-07 09:00:00,2026-01-07 10:00:00,zcrm_1,Mei Lin,,,zcrm_404427000000249093,Acme,2026-01-07 09:02:00,2026-01-02 08:00:00,2026-01-07 10:00:00",
        {"event_id": "10", "subject": "Visit Acme", "started_at": "2026-01-07 01:00:00", "checked_in_at": "2026-01-07 01:02:00", "owner_id": "1"},
    ),
    "zoho_crm.quotes": (
        "Record Id,Subject,Quote Number,Quote Stage,Quote Owner.id,Quote Owner,Deal Name.id,Deal Name,Account Name.id,Account Name,Valid Until,Sub Total,Discount,Tax,Grand Total,Currency,Modified Time",
        "zcrm_11,Offer,Q-1,Delivered,zcrm_1,Mei Lin,zcrm_404427000000249265,Big,zcrm_2,Acme,2026-02-01,100,5,6,101.5,CNY,2026-01-05 09:10:00",
        {"quote_id": "11", "quote_no": "Q-1", "amount": "101.50", "discount_amount": "5.00", "valid_until": "2026-02-01"},
    ),
    "zoho_crm.sales_orders": (
        "Record Id,Subject,SO Number,Status,Sales Order Owner.id,Sales Order Owner,Deal Name.id,Deal Name,Account Name.id,Account Name,Due Date,Grand Total,Currency,Modified Time",
        "zcrm_12,Order,SO-1,Created,zcrm_1,Mei Lin,zcrm_404427000000249265,Big,zcrm_2,Acme,2026-02-01,101.5,CNY,2026-01-05 09:10:00",
        {"sales_order_id": "12", "sales_order_no": "SO-1", "order_status": "Created", "amount": "101.50"},
    ),
    "zoho_crm.invoices": (
        "Record Id,Subject,Invoice Number,Invoice Date,Due Date,Status,Invoice Owner.id,Invoice Owner,Sales Order.id,Sales Order,Account Name.id,Account Name,Grand Total,Currency,Modified Time",
        "zcrm_13,Bill,INV-1,2026-01-10,2026-02-09,Created,zcrm_1,Mei Lin,zcrm_12,Order,zcrm_2,Acme,101.5,CNY,2026-01-10 09:10:00",
        {"invoice_id": "13", "invoice_no": "INV-1", "sales_order_id": "12", "amount": "101.50"},
    ),
    "jiandaoyun_crm.members": (
        "成员编号,姓名,所属部门,邮箱,状态,更新时间",
        "lin,林美,华东销售部,lin@example.com,离职,2026-01-02 08:00:00",
        {"username": "lin", "full_name": "林美", "member_status": "离职"},
    ),
    "jiandaoyun_crm.customers": (
        "客户编号,客户名称,客户级别,所属行业,所在区域,统一社会信用代码,负责人,协作人,提交人,提交时间,更新时间",
        "C0001,上海甲科技有限公司,A,软件,上海,91310000MA1FL0000X,林美,,林美,2026-01-02 08:00:00,2026-01-03 08:00:00",
        {"customer_no": "C0001", "tax_id": "91310000MA1FL0000X", "created_at": "2026-01-02 00:00:00"},
    ),
    "jiandaoyun_crm.contacts": (
        "联系人编号,联系人姓名,客户名称,客户编号,职务,手机,邮箱,负责人,提交人,提交时间,更新时间",
        "LX-1,王伟,甲公司,C0001,财务总监,13800000000,w@example.com,林美,林美,2026-01-02 08:00:00,2026-01-03 08:00:00",
        {"contact_no": "LX-1", "full_name": "王伟", "customer_no": "C0001", "phone": "13800000000"},
    ),
    "jiandaoyun_crm.follow_ups": (
        "跟进编号,客户名称,客户编号,商机编号,跟进方式,跟进时间,跟进内容,下次跟进时间,跟进人,提交人,提交时间,更新时间",
        'GJ-1,甲公司,C0001,SJ-1,拜访,2026-01-05 09:00:00,"谈了价格,\n下周再谈",2026-01-12,林美,林美,2026-01-05 10:00:00,2026-01-05 10:00:00',
        {"follow_up_no": "GJ-1", "follow_up_method": "拜访", "followed_up_at": "2026-01-05 01:00:00", "next_date": "2026-01-12"},
    ),
    "jiandaoyun_crm.opportunities": (
        "商机编号,商机名称,客户名称,客户编号,商机阶段,预计成交金额,预计成交日期,赢率,赢单/输单原因,负责人,提交时间,更新时间",
        'SJ-1,甲公司扩容,甲公司,C0001,方案报价,"120,000.00",2026年3月1日,60%,,林美,2026-01-05 10:00:00,2026-01-06 10:00:00',
        {"opportunity_no": "SJ-1", "amount": "120000.00", "expected_date": "2026-03-01", "probability": "60.0000", "currency_code": "CNY"},
    ),
    "jiandaoyun_crm.quotes": (
        "报价编号,商机编号,客户名称,报价日期,报价金额,负责人,流程状态,提交时间,更新时间",
        "BJ-1,SJ-1,甲公司,2026/1/8,119000,林美,流转完成,2026-01-08 10:00:00,2026-01-08 10:00:00",
        {"quote_no": "BJ-1", "quote_date": "2026-01-08", "amount": "119000.00", "flow_status": "approved"},
    ),
    "jiandaoyun_crm.quote_lines": (
        "报价编号,产品明细.产品名称,产品明细.数量,产品明细.单价,产品明细.折扣,产品明细.小计",
        "BJ-1,GTX,2,100,10%,180",
        {"quote_no": "BJ-1", "product_name": "GTX", "discount": "10.0000", "amount": "180.00"},
    ),
    "jiandaoyun_crm.contracts": (
        "合同编号,合同名称,客户名称,客户编号,签订日期,合同金额,币种,签约人,流程状态,提交时间,更新时间",
        "HT-1,甲公司合同,甲公司,C0001,2026.1.10,¥119000,人民币,林美,已完成,2026-01-10 10:00:00,2026-01-10 10:00:00",
        {"contract_no": "HT-1", "signed_date": "2026-01-10", "amount": "119000.00", "currency_code": "CNY", "flow_status": "approved"},
    ),
    "jiandaoyun_crm.contract_lines": (
        "合同编号,产品明细.产品名称,产品明细.数量,产品明细.小计",
        "HT-1,GTX,2,119000",
        {"contract_no": "HT-1", "quantity": "2.00000000", "amount": "119000.00"},
    ),
    "jiandaoyun_crm.collection_plans": (
        "合同编号,期次,客户名称,计划回款日期,计划回款金额,回款状态,负责人,提交时间,更新时间",
        "HT-1,第1期,甲公司,2026-02-10,59500,未回款,林美,2026-01-10 10:00:00,2026-01-10 10:00:00",
        {"contract_no": "HT-1", "instalment_no": "第1期", "planned_date": "2026-02-10", "amount": "59500.00"},
    ),
    "jiandaoyun_crm.collections": (
        "回款编号,合同编号,客户名称,回款日期,回款金额,回款方式,回款类型,负责人,流程状态,提交时间,更新时间",
        "HK-1,HT-1,甲公司,2026-02-09,(500.00),银行转账,退款,林美,已完成,2026-02-09 10:00:00,2026-02-09 10:00:00",
        {"collection_no": "HK-1", "amount": "-500.00", "collection_type": "refund"},
    ),
    "jiandaoyun_crm.invoices": (
        "开票编号,发票号码,合同编号,客户名称,开票日期,开票金额,发票类型,负责人,流程状态,提交时间,更新时间",
        "KP-1,24312000000012345678,HT-1,甲公司,2026-01-20,59500,增值税专用发票,林美,已完成,2026-01-20 10:00:00,2026-01-20 10:00:00",
        {"invoice_request_no": "KP-1", "invoice_no": "24312000000012345678", "amount": "59500.00"},
    ),
    "jiandaoyun_crm.sales_targets": (
        "目标年度,目标月份,负责人,目标类型,目标金额,提交时间,更新时间",
        "2026,1月,林美,回款,200000,2026-01-01 10:00:00,2026-01-01 10:00:00",
        {"target_year": "2026", "target_month": "1月", "owner_name": "林美", "target_amount": "200000.00"},
    ),
    "jiandaoyun_crm.products": (
        "产品编号,产品名称,产品分类,规格型号,标准单价,是否上架,提交时间,更新时间",
        "P-1,GTX,显卡,8G,100.5,是,2026-01-01 10:00:00,2026-01-01 10:00:00",
        {"product_no": "P-1", "product_family": "显卡", "unit_price": "100.50000000", "is_active": "true"},
    ),
    "finance.invoices": (
        "发票号码,开票日期,来源单号,购买方名称,购买方税号,币别,价税合计,税率,到期日,发票状态,开票人,备注",
        "24312000000012345678,2026-01-20,HT-1,甲公司,91310000MA1FL0000X,人民币,59500.00,13%,2026-02-19,正常,王,",
        {"invoice_no": "24312000000012345678", "document_no": "HT-1", "amount": "59500.00", "invoice_status": "issued", "customer_tax_id": "91310000MA1FL0000X"},
    ),
    "finance.invoice_lines": (
        "发票号码,商品名称,数量,单价,金额",
        "F1,GTX,2,100,200",
        {"invoice_no": "F1", "item_name": "GTX", "amount": "200.00"},
    ),
    "finance.receipts": (
        "Receipt Number,Invoice Number,Customer Name,Date,Amount,Currency Code,Payment Type",
        "R1,F1,Acme,2026-02-09,500.00-,CNY,Refund",
        {"receipt_no": "R1", "amount": "-500.00", "receipt_type": "refund", "document_status": "approved"},
    ),
    "finance.credit_notes": (
        "红字发票号,原发票号码,红冲日期,红冲金额,币别,红冲原因",
        "HZ1,F1,2026-02-10,100,人民币,退货",
        {"credit_note_no": "HZ1", "invoice_no": "F1", "credit_note_date": "2026-02-10", "amount": "100.00"},
    ),
    "finance.write_offs": (
        "核销单号,核销日期,往来单位,发票号码,币别,核销金额,核销原因,审批人",
        "HX1,2026-06-30,甲公司,F1,人民币,100,坏账,王",
        {"write_off_no": "HX1", "write_off_date": "2026-06-30", "amount": "100.00"},
    ),
    "finance.fx_rates": (
        "Date,From Currency,To Currency,Unit,Rate,Rate Type,Source",
        "2026-01-05,JPY,CNY,100,4.5512,Middle,PBOC",
        {"rate_date": "2026-01-05", "unit": "100.00000000", "rate": "4.55120000", "rate_type": "middle"},
    ),
    "finance.payments": (
        "发放单号,工号,姓名,所属月份,发放日期,发放金额,币种,发放类型",
        "FF1,E001,林美,2026年1月,2026-02-15,1100.00,人民币,提成",
        {"payment_no": "FF1", "employee_id": "E001", "period": "2026-01", "amount": "1100.00", "payment_type": "incentive"},
    ),
    "hr.employees": (
        "工号,姓名,邮箱,部门,岗位,大区,入职日期,转正日期,离职日期,CRM账号,简道云成员编号",
        "E001,林美,lin@example.com,华东,销售,华东,2024/3/1,2024/6/1,,zcrm_404427000000247001,lin",
        {"employee_id": "E001", "hire_date": "2024-03-01", "crm_user_id": "404427000000247001", "member_username": "lin"},
    ),
    "hr.reporting_lines": (
        "工号,姓名,上级工号,上级姓名,团队,生效日期,失效日期",
        "E001,林美,E009,王,华东一组,2026-01-01,",
        {"employee_id": "E001", "manager_id": "E009", "valid_from": "2026-01-01", "valid_to": None},
    ),
    "hr.targets": (
        "工号,姓名,团队,指标,月份,目标值,币种,备注",
        "E001,林美,华东一组,回款,2026/01,200000,CNY,",
        {"employee_id": "E001", "kpi_code": "collected_amount", "period": "2026-01", "target_value": "200000.00000000"},
    ),
    "hr.leave": (
        "工号,姓名,请假类型,开始日期,结束日期,天数,审批状态",
        "E001,林美,年假,2026-01-12,2026-01-13,2,已通过",
        {"employee_id": "E001", "leave_type": "年假", "leave_to": "2026-01-13", "leave_status": "approved"},
    ),
    "hr.training": (
        "工号,姓名,课程编号,课程名称,能力项,完成日期,学时,成绩,是否通过",
        "E001,林美,K-1,谈判技巧,谈判,2026-01-14,8,92.5,是",
        {"course_code": "K-1", "skill": "谈判", "score": "92.50000000", "is_passed": "true"},
    ),
    "hr.surveys": (
        "答卷编号,调查类型,答卷日期,评分,客户编号,客户名称,工号,评价",
        "S-1,净推荐值,2026-01-15,9,C0001,甲公司,E001,很好",
        {"response_id": "S-1", "survey_kind": "nps", "score": "9.00000000", "customer_no": "C0001"},
    ),
    "hr.ratings": (
        "工号,姓名,考核期,目标编号,评分,评分人,评分日期",
        "E001,林美,2026-Q1,upsell,1.1,王,2026-04-03",
        {"period": "2026-Q1", "objective_code": "upsell", "rating": "1.10000000", "rated_date": "2026-04-03"},
    ),
    "hr.disputes": (
        "申诉编号,工号,月份,单据编号,申诉日期,申诉金额,申诉原因,状态",
        "SS-1,E001,2026-01,HT-1,2026-02-01,500,漏算,处理中",
        {"dispute_no": "SS-1", "period": "2026-01", "claim_amount": "500.00", "dispute_status": "open"},
    ),
    "hr.exceptions": (
        "例外编号,工号,例外类型,月份,单据编号,金额,原因,审批人,审批日期",
        "LW-1,E001,目标调整,2026-01,,-1000,区域调整,王,2026-01-20",
        {"exception_no": "LW-1", "exception_type": "目标调整", "amount": "-1000.00", "approved_date": "2026-01-20"},
    ),
}  # fmt: skip


# Columns that an export may have besides, on top of the example of its feed.
MORE_COLUMNS: dict[str, tuple[str, str, dict[str, str | None]]] = {
    "zoho_crm.deals": (
        "List Amount,Cost Amount,Quantity,Channel,Cancelled Date,Overlay Owner 1,Overlay % 1",
        "260000.0,90000.0,2.5,Partner,2026-03-01,Bo Wang,50",
        {"list_amount": "260000.00", "cost_amount": "90000.00", "quantity": "2.50000000", "channel": "Partner", "cancelled_date": "2026-03-01", "overlay_owner_1": "Bo Wang", "overlay_percent_1": "50.0000", "overlay_owner_2": None},
    ),
    "jiandaoyun_crm.contracts": (
        "折前金额,成本金额,数量,渠道,解约日期,协销人1,协销比例1,协销人2,协销比例2",
        "¥120000,¥80000,3,直销,2026-03-01,王波,50%,李安,25%",
        {"list_amount": "120000.00", "cost_amount": "80000.00", "quantity": "3.00000000", "channel": "直销", "cancelled_date": "2026-03-01", "overlay_owner_2": "李安", "overlay_percent_2": "25.0000"},
    ),
    "finance.invoices": ("结算日期", "2026-02-03", {"settlement_date": "2026-02-03"}),
    "hr.employees": ("基本工资,工资币种", "8000.50,人民币", {"base_salary_amount": "8000.50", "salary_currency_code": "CNY"}),
}  # fmt: skip


def test_no_feed_is_forgotten() -> None:
    assert set(EXPORTS) == set(contracts.feeds())


@pytest.mark.parametrize("code", EXPORTS)
def test_an_export_of_every_feed(settings: Settings, code: str) -> None:
    header, row, says = EXPORTS[code]
    assert len(header.split(",")) == len(next(csv.reader(io.StringIO(row)))), "the example itself is well formed"
    source, feed = code.split(".")
    text = f"{header}\n{row}\n"
    result = ingest_one(settings, f"{source}/{feed}/export.csv", text.encode("utf-8-sig"))
    assert result.outcome == "committed", result
    (landed,) = [item for item in result.deliveries if item.feed == code]
    assert (landed.rows_in_file, landed.rows_loaded) == (1, 1), landed
    (found,) = rows(settings, f"{source}__{feed}", ", ".join(f"{name}::varchar" for name in says))
    assert dict(zip(says, found, strict=True)) == says


@pytest.mark.parametrize("code", MORE_COLUMNS)
def test_columns_that_an_export_may_have_besides(settings: Settings, code: str) -> None:
    (header, row, _), (more_headers, more_cells, says) = EXPORTS[code], MORE_COLUMNS[code]
    source, feed = code.split(".")
    text = f"{header},{more_headers}\n{row},{more_cells}\n"
    assert ingest_one(settings, f"{source}/{feed}/export.csv", text.encode("utf-8-sig")).outcome == "committed"
    (found,) = rows(settings, f"{source}__{feed}", ", ".join(f"{name}::varchar" for name in says))
    assert dict(zip(says, found, strict=True)) == says
