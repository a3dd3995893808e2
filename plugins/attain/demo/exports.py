"""How the company looks in the exports of its four systems: which rows stand in which delivery, and in what dress.

Zoho CRM sends module exports (and one old data backup), 简道云 sends workbooks, finance sends CSV files in GB18030
and UTF-8, human resources send workbooks. Deliveries overlap, one is sent twice under two names, receipts of January
2026 come late and are corrected, and a few rows of most files are spoilt. What is wrong on purpose is counted.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from attain.demo import names
from attain.demo.company import (
    ABROAD,
    APPROVED,
    END,
    LAST_DAY,
    PRODUCT_MODULE,
    PRODUCTS,
    REFUSED,
    RUNNING,
    STAGE_PROBABILITIES,
    Branch,
    Collection,
    CreditNote,
    Customer,
    Document,
    Invoice,
    Lead,
    Rates,
    Receipt,
    as_date,
    clock,
    day_number,
    iso,
    month_number,
    month_text,
    zoho_id,
)
from attain.demo.dealings import Answer, Contact, Dealings, Opportunity, Order, StageEntry, Task, dealings
from attain.demo.trainings import Training
from attain.demo.writers import (
    Cell,
    CsvTable,
    Damage,
    Table,
    WorkbookTable,
    WrittenFile,
    copy_of,
    crm_money,
    grouped_money,
    money,
)

WORKBOOK_SCALE = 8
"""Up to this scale 简道云 and human resources send workbooks; above it their tables are exported as CSV."""

RECEIPTS_WITHOUT_INVOICE = 3
"""Receipts a branch that name an invoice which nobody knows."""

_BEFORE = -100_000
_UTF8_BOM = "utf-8-sig"
_SYSTEM_USER = ("584672100000000554011", "系统管理员")


def _columns(text: str) -> list[str]:
    return text.split(",")


DEALS_HEADER = _columns(
    "Record Id,Deal Owner.id,Deal Owner,Deal Name,Account Name.id,Account Name,Product Name,Pipeline,Amount,Currency,"
    "Exchange Rate,Stage,Probability (%),Expected Revenue,Closing Date,Type,Lead Source,Next Step,Split Owner 1,"
    "Split % 1,Split Owner 2,Split % 2,Split Owner 3,Split % 3,Sales Channel,List Amount,Cost Amount,"
    "Overlay Owner 1,Overlay % 1,Description,Created By.id,Created By,Modified By.id,"
    "Modified By,Created Time,Modified Time,Last Activity Time,Tag,Reason For Loss,Change Log Time,Locked"
)
DEALS_BACKUP_HEADER = _columns(
    "Record Id,Deal Owner Id,Amount,Deal Name,Closing Date,Account Id,Stage,Type,Probability (%),Expected Revenue,"
    "Next Step,Lead Source,Campaign Source Id,Contact Id,Created By Id,Modified By Id,Created Time,Modified Time,"
    "Currency,Exchange Rate,Last Activity Time,Lead Conversion Time,Sales Cycle Duration,Overall Sales Duration,"
    "Layout Id,Tag,Description,Pipeline,Deal Category Status,Change Log Time,Locked,Reason For Loss,Product Name,"
    "Split Owner 1,Split % 1,Split Owner 2,Split % 2,Split Owner 3,Split % 3,Sales Channel,List Amount,"
    "Cost Amount,Overlay Owner 1,Overlay % 1"
)
LEADS_HEADER = _columns(
    "Record Id,Lead Owner.id,Lead Owner,Is Converted,Company,First Name,Last Name,Email,Phone,Lead Source,"
    "Lead Status,Created By.id,Created By,Modified By.id,Modified By,Created Time,Modified Time,Lead Name,City,"
    "Email Opt Out,Last Activity Time,Tag,Converted Date Time,Lead Conversion Time,Converted Account.id,"
    "Converted Account,Converted Deal.id,Converted Deal,Change Log Time,Locked,Connected To.module,Connected To.id"
)
ACCOUNTS_HEADER = _columns(
    "Record Id,Account Owner.id,Account Owner,Account Name,Phone,Parent Account.id,Website,Account Type,Industry,"
    "Tax ID,Created By.id,Created By,Modified By.id,Modified By,Created Time,Modified Time,Billing Street,"
    "Billing City,Billing State,Billing Code,Billing Country,Description,Tag,Locked"
)
PRODUCTS_HEADER = _columns(
    "Record Id,Product Owner.id,Product Owner,Product Name,Product Code,Product Active,Product Category,Unit Price,"
    "Currency,Taxable,Created Time,Modified Time,Description,Tag"
)
USERS_HEADER = _columns(
    "Record Id,First Name,Last Name,Full Name,Email,Role,Profile,User Status,Date Format,Time Format,Grouping,"
    "Decimal,Time Zone,Country Locale,Created Time,Modified Time"
)
MEMBERS_HEADER = _columns("成员编号,姓名,所属部门,邮箱,状态,更新时间")
CUSTOMERS_HEADER = _columns(
    "客户编号,客户名称,客户级别,所属行业,所在区域,统一社会信用代码,负责人,协作人,客户来源,备注,提交人,提交时间,更新时间"
)
CONTRACTS_HEADER = _columns(
    "合同编号,合同名称,客户编号,客户名称,签约人,所属部门,签订日期,合同金额,折前金额,成本金额,币种,合同类型,产品名称,"
    "业绩归属人1,业绩比例1,业绩归属人2,业绩比例2,业绩归属人3,业绩比例3,流程状态,备注,提交人,提交时间,更新时间"
)
COLLECTIONS_HEADER = _columns(
    "回款编号,关联合同,客户名称,负责人,回款日期,回款金额,币种,回款类型,财务收款单号,回款方式,流程状态,提交人,"
    "提交时间,更新时间"
)
INVOICES_HEADER = _columns("发票号码,开票日期,来源单号,购买方名称,币别,价税合计,税率,到期日,发票状态,开票人,备注")
RECEIPTS_HEADER = _columns("单据编号,业务日期,单据类型,往来单位,发票号码,币别,收款金额,结算方式,单据状态,创建人,备注")
CREDIT_NOTES_HEADER = _columns(
    "Credit Note Number,Credit Note Date,Credit Note Status,Customer Name,Applied Invoice Number,Currency Code,Total,"
    "Reason"
)
WRITE_OFFS_HEADER = _columns("核销单号,核销日期,往来单位,发票号码,币别,核销金额,核销原因,审批人")
FX_HEADER = _columns("Date,From Currency,To Currency,Unit,Rate,Rate Type,Source")
EMPLOYEES_HEADER = _columns(
    "工号,姓名,邮箱,部门,岗位,职级,区域,入职日期,转正日期,离职日期,员工状态,CRM账号,简道云成员编号"
)
TRAINING_HEADER = _columns("工号,姓名,课程编号,课程名称,能力项,完成日期,学时,成绩,是否通过")
REPORTING_HEADER = _columns("工号,姓名,上级工号,上级姓名,团队,生效日期,失效日期")
CALLS_HEADER = _columns(
    "Record Id,Contact Name.id,Contact Name,Related To.id,Related To,Subject,Call Type,Call Purpose,Call Start Time,"
    "Call Duration (in seconds),Description,Call Result,Call Status,Call Owner.id,Call Owner,Created Time,Modified Time"
)
EVENTS_HEADER = _columns(
    "Record Id,Title,Host.id,Host,Location,From,To,Contact Name.id,Contact Name,Related To.id,Related To,Created Time,"
    "Modified Time"
)
STAGE_HISTORY_HEADER = _columns(
    "Record Id,Deal Name.id,Deal Name,Stage,Stage Duration (Calendar Days),Probability (%),Moved To,Amount,"
    "Expected Revenue,Closing Date,Modified By.id,Modified By,Modified Time"
)
FOLLOW_UPS_HEADER = _columns(
    "跟进编号,客户编号,客户名称,跟进人,跟进方式,跟进时间,下次跟进时间,跟进内容,提交时间,更新时间"
)
SALES_ORDERS_HEADER = _columns(
    "Record Id,SO Number,Sales Order Owner.id,Sales Order Owner,Subject,Deal Name.id,Deal Name,Account Name.id,"
    "Account Name,Purchase Order,Due Date,Carrier,Status,Sub Total,Discount,Tax,Adjustment,Grand Total,Currency,"
    "Exchange Rate,Created By.id,Created By,Modified By.id,Modified By,Created Time,Modified Time,Tag"
)
TASKS_HEADER = _columns(
    "Record Id,Subject,Due Date,Status,Priority,Closed Time,Contact Name.id,Related To.id,Related To,Task Owner.id,"
    "Task Owner,Created By.id,Created By,Modified By.id,Modified By,Created Time,Modified Time,Tag"
)
OPPORTUNITIES_HEADER = _columns(
    "商机编号,商机名称,客户编号,客户名称,负责人,商机阶段,预计成交金额,币种,预计成交日期,赢率,商机来源,"
    "赢单/输单原因,备注,提交人,提交时间,更新时间"
)
SURVEYS_HEADER = _columns("答卷编号,调查类型,答卷日期,评分,客户编号,客户名称,工号,评价")
TARGETS_HEADER = _columns("工号,姓名,团队,指标,月份,目标值,币种,备注")

_DEAL_DAMAGES = (
    Damage("Amount", "约12万", "not a number"),
    Damage("Closing Date", "2026-02-30", "no such day"),
    Damage("Record Id", "5.84672E+17", "an id that a spreadsheet has damaged"),
    Damage("Currency", "待确认", "not a currency"),
    Damage("Amount", "12000.125", "more than two decimals"),
    Damage("Record Id", "", "the key is blank"),
)
_LEAD_DAMAGES = (
    Damage("Created Time", "2025-13-01 09:00:00", "no such day"),
    Damage("Record Id", "", "the key is blank"),
)
_ACCOUNT_DAMAGES = (Damage("Account Name", "", "a required value is blank"),)
_CUSTOMER_DAMAGES = (Damage("客户名称", "", "a required value is blank"),)
_CONTRACT_DAMAGES = (
    Damage("合同金额", "待定", "not a number"),
    Damage("签订日期", "2025-02-30", "no such day"),
    Damage("合同编号", "", "the key is blank"),
)
_COLLECTION_DAMAGES = (
    Damage("回款金额", "12000.005", "more than two decimals"),
    Damage("关联合同", "", "a required value is blank"),
    Damage("流程状态", "已归档?", "a state that nobody knows"),
)
_INVOICE_DAMAGES = (
    Damage("价税合计", "N/A", "not a number"),
    Damage("开票日期", "2025-06-31", "no such day"),
    Damage("币别", "外币", "not a currency"),
    Damage("发票号码", "2.53E+19", "an id that a spreadsheet has damaged"),
)
_RECEIPT_DAMAGES = (
    Damage("收款金额", "1,000.005", "more than two decimals"),
    Damage("业务日期", "2026-02-30", "no such day"),
    Damage("单据类型", "其他", "a type that nobody knows"),
    Damage("单据编号", "", "the key is blank"),
)
_TARGET_DAMAGES = (Damage("目标值", "未定", "not a number"),)
_FX_DAMAGES = (Damage("Rate", "N/A", "not a number"),)


@dataclass(frozen=True)
class Window:
    """What one delivery of a feed covers: what changed after `after` up to `cut`, both days counted from START."""

    table: Table
    after: int
    cut: int


class Exports:
    """All files of the company, written branch by branch.

    Args:
        inbox: folder that the files go to, as `<source>/<feed>/...`.
        scale: number of branches that will come; it decides workbook or CSV.
        rates: the company's exchange rates.
    """

    def __init__(self, inbox: Path, scale: int, rates: Rates) -> None:
        self.inbox, self.scale, self.rates = inbox, scale, rates
        self.oddities: Counter[str] = Counter()
        self.tables: list[Table] = []
        self.receipt_totals: dict[int, int] = {}
        self.invoice_totals: dict[int, int] = {}
        try:
            self._open()
        except BaseException:
            self.abandon()
            raise

    def _csv(self, folder: str, stem: str, header: Sequence[str], **options: object) -> CsvTable:
        table = CsvTable(self.inbox, folder, stem, header, dirty_from=40 + 11 * len(self.tables) % 90, **options)  # type: ignore[arg-type]
        self.tables.append(table)
        return table

    def _workbook(
        self,
        folder: str,
        stem: str,
        header: Sequence[str],
        *,
        sheet: str,
        title: str = "",
        damages: Sequence[Damage] = (),
        note: str = "",
    ) -> Table:
        start = 40 + 11 * len(self.tables) % 90
        table: Table
        if self.scale > WORKBOOK_SCALE:
            table = CsvTable(
                self.inbox,
                folder,
                stem,
                header,
                encoding=_UTF8_BOM,
                title=title,
                damages=damages,
                dirty_from=start,
                note=note,
            )
        else:
            table = WorkbookTable(
                self.inbox, folder, stem, header, sheet=sheet, title=title, damages=damages, dirty_from=start, note=note
            )
        self.tables.append(table)
        return table

    def _windows(self, tables: Iterable[tuple[Table, date, date | None]]) -> list[Window]:
        """Windows that follow each other; a third element lets one begin earlier than the one before has ended."""
        made, after = [], _BEFORE
        for table, cut, overlap_from in tables:
            begins = after if overlap_from is None else day_number(overlap_from) - 1
            made.append(Window(table, begins, day_number(cut)))
            after = day_number(cut)
        return made

    def _open(self) -> None:
        lf, gb = "\n", "gb18030"
        self.users = self._csv("zoho_crm/users", "Users_2026_10_31", USERS_HEADER, line_end=lf)
        self.accounts = self._csv(
            "zoho_crm/accounts", "Accounts_2026_10_31", ACCOUNTS_HEADER, line_end=lf, damages=_ACCOUNT_DAMAGES
        )
        self.products = self._csv("zoho_crm/products", "Products_2026_10_31", PRODUCTS_HEADER, line_end=lf)
        self.leads = self._windows(
            [
                (
                    self._csv("zoho_crm/leads", stem, LEADS_HEADER, line_end=lf, damages=_LEAD_DAMAGES),
                    cut,
                    None,
                )
                for stem, cut in (("Leads_2025_12_31", date(2025, 12, 31)), ("Leads_2026_10_31", END))
            ]
        )
        deals: Callable[..., CsvTable] = lambda stem, **options: self._csv(  # noqa: E731
            "zoho_crm/deals", stem, DEALS_HEADER, line_end=lf, damages=_DEAL_DAMAGES, **options
        )
        self.deals_backup = Window(
            self._csv(
                "zoho_crm/deals",
                "Deals_001",
                DEALS_BACKUP_HEADER,
                line_end=lf,
                note="an older data backup: ids of lookups only",
            ),
            _BEFORE,
            day_number(date(2025, 6, 30)),
        )
        self.deals = [
            Window(deals("Deals_2025_12_31"), self.deals_backup.cut, day_number(date(2025, 12, 31))),
            Window(
                deals("Deals_2026_06_30", note="overlaps the export before by a month"),
                day_number(date(2025, 11, 30)),
                day_number(date(2026, 6, 30)),
            ),
            Window(deals("Deals_2026_10_31"), day_number(date(2026, 6, 30)), LAST_DAY),
        ]

        self.members = self._workbook("jiandaoyun_crm/members", "成员_20261031", MEMBERS_HEADER, sheet="成员")
        self.customers = self._windows(
            [
                (
                    self._workbook(
                        "jiandaoyun_crm/customers", stem, CUSTOMERS_HEADER, sheet="客户", damages=_CUSTOMER_DAMAGES
                    ),
                    cut,
                    None,
                )
                for stem, cut in (("客户_20251231", date(2025, 12, 31)), ("客户_20261031", END))
            ]
        )
        self.contracts = self._windows(
            [
                (
                    self._workbook(
                        "jiandaoyun_crm/contracts", stem, CONTRACTS_HEADER, sheet="合同订单", damages=_CONTRACT_DAMAGES
                    ),
                    cut,
                    overlap,
                )
                for stem, cut, overlap in (
                    ("合同订单_20251231", date(2025, 12, 31), None),
                    ("合同订单_20260630", date(2026, 6, 30), date(2025, 12, 16)),
                    ("合同订单_20261031", END, None),
                )
            ]
        )
        self.collections = self._windows(
            [
                (
                    self._workbook(
                        "jiandaoyun_crm/collections",
                        stem,
                        COLLECTIONS_HEADER,
                        sheet="回款",
                        damages=_COLLECTION_DAMAGES,
                    ),
                    cut,
                    None,
                )
                for stem, cut in (
                    ("回款_20251231", date(2025, 12, 31)),
                    ("回款_20260630", date(2026, 6, 30)),
                    ("回款_20261031", END),
                )
            ]
        )
        self.collections_correction = self._workbook(
            "jiandaoyun_crm/collections",
            "回款_202601_更正_20260715",
            COLLECTIONS_HEADER,
            sheet="回款",
            note="January 2026 again: amounts that had been mistyped",
        )

        self.invoices = self._windows(
            [
                (
                    self._csv("finance/invoices", stem, INVOICES_HEADER, encoding=gb, damages=damages),
                    cut,
                    None,
                )
                for stem, cut, damages in (
                    ("销项发票_20250630", date(2025, 6, 30), ()),
                    ("销项发票_20251231", date(2025, 12, 31), _INVOICE_DAMAGES),
                    ("销项发票_20260630", date(2026, 6, 30), _INVOICE_DAMAGES),
                    ("销项发票_20261031", END, _INVOICE_DAMAGES),
                )
            ]
        )
        self.invoice_totals = {0: 0}
        self.receipts = self._windows(
            [
                (
                    self._csv("finance/receipts", stem, RECEIPTS_HEADER, encoding=gb, damages=damages, note=note),
                    cut,
                    overlap,
                )
                for stem, cut, overlap, damages, note in (
                    ("收款单_20250331", date(2025, 3, 31), None, (), "ends with a totals row"),
                    ("收款单_20250630", date(2025, 6, 30), None, _RECEIPT_DAMAGES, ""),
                    ("收款单_20251231", date(2025, 12, 31), None, (), "ends with a totals row"),
                    ("收款单_20260331", date(2026, 3, 31), None, _RECEIPT_DAMAGES, "January has mistyped amounts"),
                    (
                        "收款单_20260630",
                        date(2026, 6, 30),
                        date(2026, 3, 16),
                        _RECEIPT_DAMAGES,
                        "overlaps the export before by two weeks",
                    ),
                    ("收款单_20261031", END, None, _RECEIPT_DAMAGES, ""),
                )
            ]
        )
        self.receipt_totals = {0: 0, 2: 0}
        self.receipts_late = self._csv(
            "finance/receipts",
            "收款单_202601_补录_20260320",
            RECEIPTS_HEADER,
            encoding=gb,
            note="receipts of January 2026 that were entered in March",
        )
        self.receipts_correction = self._csv(
            "finance/receipts",
            "收款单_202601_更正_20260415",
            RECEIPTS_HEADER,
            encoding=gb,
            note="January 2026 again, with the right amounts",
        )
        self.credit_notes = self._windows(
            [
                (self._csv("finance/credit_notes", stem, CREDIT_NOTES_HEADER, encoding=_UTF8_BOM), cut, None)
                for stem, cut in (("Credit_Notes_20251231", date(2025, 12, 31)), ("Credit_Notes_20261031", END))
            ]
        )
        self.write_offs = self._csv("finance/write_offs", "坏账核销_20261031", WRITE_OFFS_HEADER, encoding=gb)
        self.fx_rates = self._windows(
            [
                (
                    self._csv(
                        "finance/fx_rates", stem, FX_HEADER, encoding=_UTF8_BOM, damages=_FX_DAMAGES, has_key=False
                    ),
                    cut,
                    None,
                )
                for stem, cut in (("FX_Rates_20251231", date(2025, 12, 31)), ("FX_Rates_20261031", END))
            ]
        )

        self.employees = self._windows(
            [
                (self._workbook("hr/employees", stem, EMPLOYEES_HEADER, sheet="员工花名册"), cut, None)
                for stem, cut in (("员工花名册_20251231", date(2025, 12, 31)), ("员工花名册_20261031", END))
            ]
        )
        self.reporting = self._workbook("hr/reporting_lines", "汇报关系_20261031", REPORTING_HEADER, sheet="汇报关系")
        self.targets = [
            self._workbook(
                "hr/targets", stem, TARGETS_HEADER, sheet="目标分解", title=title, damages=damages, note=note
            )
            for stem, title, damages, note in (
                ("销售目标_2025_20241025", "销售目标分解表（2024年11月至2025年12月）", _TARGET_DAMAGES, ""),
                ("销售目标_2026_20251220", "2026年度销售目标分解表", _TARGET_DAMAGES, ""),
                ("销售目标_2026下半年调整_20260625", "2026年下半年销售目标调整", (), "replaces some targets of 2026"),
            )
        ]

        # Last, because the place of a table among all decides which of its rows are spoilt.
        self.calls = self._csv("zoho_crm/calls", "Calls_2026_10_31", CALLS_HEADER, line_end=lf)
        self.meetings = self._csv("zoho_crm/events", "Meetings_2026_10_31", EVENTS_HEADER, line_end=lf)
        self.stage_history = self._csv(
            "zoho_crm/stage_history",
            "Deals__2026_10_31",
            STAGE_HISTORY_HEADER,
            line_end=lf,
            note="kept since January 2026; its name has two underscores",
        )
        self.follow_ups = self._workbook(
            "jiandaoyun_crm/follow_ups", "跟进记录_20261031", FOLLOW_UPS_HEADER, sheet="跟进记录"
        )
        self.surveys = self._workbook("hr/surveys", "满意度调查_20261031", SURVEYS_HEADER, sheet="满意度调查")

        # After all others, because the place of a table among all decides which of its rows are spoilt.
        self.training = self._workbook("hr/training", "培训记录_20261031", TRAINING_HEADER, sheet="培训记录")
        self.orders = self._csv("zoho_crm/sales_orders", "Sales_Orders_2026_10_31", SALES_ORDERS_HEADER, line_end=lf)
        self.tasks = self._csv("zoho_crm/tasks", "Tasks_2026_10_31", TASKS_HEADER, line_end=lf)
        self.opportunities = self._workbook(
            "jiandaoyun_crm/opportunities", "商机_20261031", OPPORTUNITIES_HEADER, sheet="商机"
        )

    # what all branches share

    def write_shared(self) -> None:
        """Products and exchange rates, once for the whole company."""
        for place, product in enumerate(PRODUCTS, start=1):
            self.products.write(
                [
                    f"zcrm_{zoho_id(PRODUCT_MODULE, 0, place)}",
                    f"zcrm_{_SYSTEM_USER[0]}",
                    _SYSTEM_USER[1],
                    product.name,
                    product.code,
                    "true",
                    product.family,
                    crm_money(product.price),
                    "CNY",
                    "true",
                    "2024-03-01 10:00:00",
                    f"2024-10-{place:02d} 11:20:00",
                    "",
                    "",
                ]
            )
        for window in self.fx_rates:
            for currency in Rates.UNITS:
                for day, rate in self.rates.published(currency):
                    if window.after < day <= window.cut:
                        window.table.write(
                            [iso(day), currency, "CNY", str(Rates.UNITS[currency]), rate, "Middle", "PBOC"]
                        )

    # one branch

    def write_branch(self, branch: Branch, seed: int) -> None:
        """Write what happened in a branch, and what its people did with customers."""
        self._write_people(branch)
        self._write_zoho(branch)
        self._write_jiandaoyun(branch)
        self._write_finance(branch)
        self._write_dealings(dealings(seed, branch))
        self._count_oddities(branch)

    def _write_people(self, branch: Branch) -> None:
        for window in self.employees:
            for person in branch.people:
                if person.hired > window.cut:
                    continue
                left = person.left if person.left is not None and person.left <= window.cut else None
                window.table.write(
                    [
                        person.employee_id,
                        person.full_name,
                        person.email,
                        person.department,
                        person.role,
                        "P6" if person.skill > 1.1 else "P5",
                        person.region,
                        as_date(person.hired),
                        as_date(person.confirmed) if person.confirmed <= window.cut else None,
                        None if left is None else as_date(left),
                        "在职" if left is None else "离职",
                        person.user_id if person.known_to_hr else "",
                        person.username if person.known_to_hr else "",
                    ]
                )
        for line in branch.reporting:
            self.reporting.write(
                [
                    line.person.employee_id,
                    line.person.full_name,
                    line.manager.employee_id if line.manager else "",
                    line.manager.full_name if line.manager else "",
                    line.team,
                    as_date(line.valid_from),
                    None if line.valid_to is None else as_date(line.valid_to),
                ]
            )
        titles = {
            "collected_amount": "回款额",
            "booked_amount": "签约额",
            "new_customers": "新客户数",
            "win_rate": "赢单率",
        }
        for target in branch.targets:
            cells: list[Cell] = [
                target.person.employee_id,
                target.person.full_name,
                target.person.team_title,
                titles[target.kpi],
                month_text(target.month),
                float(target.value),
                target.currency,
                "",
            ]
            self.targets[0 if target.month < 14 else 1].write(cells)
            if target.revised_value is not None:
                cells[5], cells[7] = f"{int(target.revised_value):,}.00", "下半年调整"
                self.targets[2].write(cells)

    def _write_zoho(self, branch: Branch) -> None:
        for place, person in enumerate(branch.people):
            if person.system != "zoho":
                continue
            left = person.left if person.left is not None and person.left <= LAST_DAY else None
            # Addresses are typed by hand: HR writes small letters, the CRM's administrator does not always.
            email = person.email if person.known_to_hr or place % 2 else person.email.capitalize()
            self.users.write(
                [
                    f"zcrm_{person.user_id}",
                    person.full_name[1:],
                    person.full_name[:1],
                    person.full_name,
                    email,
                    person.role,
                    "Standard",
                    "ACTIVE" if left is None else "DISABLED",
                    "YYYY-MM-DD",
                    "HH:mm",
                    "Comma",
                    "Period",
                    "Asia/Shanghai",
                    "zh_CN",
                    f"{iso(min(person.hired, LAST_DAY))} 09:00:00",
                    f"{iso(min(person.hired + 30, LAST_DAY) if left is None else left)} 17:30:00",
                ]
            )
        for account in branch.accounts:
            if account.created <= LAST_DAY:
                self.accounts.write(_account_row(account))
        for window in self.leads:
            for lead in branch.leads:
                settled = lead.settled is not None and lead.settled <= window.cut
                modified = lead.settled if settled and lead.settled is not None else lead.created
                if lead.created <= window.cut and modified > window.after:
                    window.table.write(_lead_row(lead, settled, modified))
        for deal in branch.deals:
            if deal.created <= self.deals_backup.cut:
                self.deals_backup.table.write(_backup_row(deal, self.deals_backup.cut))
        for window in self.deals:
            for deal in branch.deals:
                if deal.created <= window.cut and deal.modified(window.cut) > window.after:
                    window.table.write(_deal_row(deal, window.cut))

    def _write_jiandaoyun(self, branch: Branch) -> None:
        for person in branch.people:
            if person.system != "jiandaoyun" or person.hired > LAST_DAY:
                continue
            left = person.left if person.left is not None and person.left <= LAST_DAY else None
            self.members.write(
                [
                    person.username,
                    person.full_name,
                    person.team_title,
                    person.email,
                    "在职" if left is None else "离职",
                    f"{iso(person.hired if left is None else left)} 09:30:00",
                ]
            )
        for window in self.customers:
            for customer in branch.customers:
                edited = customer.edited if customer.edited <= window.cut else customer.created
                if customer.created <= window.cut and edited > window.after:
                    window.table.write(_customer_row(customer, edited))
        for window in self.contracts:
            for contract in branch.contracts:
                if contract.created <= window.cut and contract.modified(window.cut) > window.after:
                    window.table.write(_contract_row(contract, window.cut))
        january = month_number(day_number(date(2026, 1, 15)))
        corrected_on = day_number(date(2026, 7, 14))
        for place, collection in enumerate(branch.collections):
            if collection.day > LAST_DAY:
                continue
            is_corrected = month_number(collection.day) == january and place % 12 == 0 and not collection.is_refund
            for window in self.collections:
                entered = min(collection.day + 1, LAST_DAY)
                edited = corrected_on if is_corrected and corrected_on <= window.cut else entered
                if entered <= window.cut and edited > window.after:
                    mistyped = is_corrected and edited != corrected_on
                    window.table.write(_collection_row(collection, entered, edited, mistyped))
            if is_corrected:
                self.collections_correction.write(
                    _collection_row(collection, collection.day + 1, corrected_on, mistyped=False)
                )
                self.oddities["collections corrected"] += 1

    def _write_finance(self, branch: Branch) -> None:
        for place, window in enumerate(self.invoices):
            for invoice in branch.invoices:
                if window.after < invoice.day <= window.cut:
                    window.table.write(invoice_row(invoice))
                    if place in self.invoice_totals:
                        self.invoice_totals[place] += invoice.amount
        january = month_number(day_number(date(2026, 1, 15)))
        for place, window in enumerate(self.receipts):
            for receipt in branch.receipts:
                if not receipt.in_finance or receipt.is_late or not window.after < receipt.day <= window.cut:
                    continue
                amount = receipt.amount if receipt.shown_amount is None else receipt.shown_amount
                window.table.write(receipt_row(receipt, amount))
                if place in self.receipt_totals:
                    self.receipt_totals[place] += amount
        for receipt in branch.receipts:
            if receipt.in_finance and receipt.day <= LAST_DAY and month_number(receipt.day) == january:
                if receipt.is_late:
                    self.receipts_late.write(receipt_row(receipt, receipt.amount))
                    self.oddities["receipts late"] += 1
                self.receipts_correction.write(receipt_row(receipt, receipt.amount))
                self.oddities["receipts corrected"] += receipt.shown_amount is not None
        for place in range(RECEIPTS_WITHOUT_INVOICE):
            day = LAST_DAY - 20 + place * 6
            self.receipts[-1].table.write(
                [
                    f"SKD{branch.number:03d}9{place + 1:05d}",
                    iso(day),
                    "收款单",
                    branch.customers[place].name,
                    f"253120009{branch.number:04d}{place + 1:06d}1",
                    "CNY",
                    grouped_money(880_000 + 12_345 * place),
                    "银行转账",
                    "已审核",
                    "出纳",
                    "发票待查",
                ]
            )
            self.oddities["receipts without invoice"] += 1
        for window in self.credit_notes:
            for note in branch.credit_notes:
                if window.after < note.day <= window.cut:
                    window.table.write(_credit_note_row(note))
        for entry in branch.write_offs:
            if entry.day <= LAST_DAY:
                document = entry.invoice.document
                self.write_offs.write(
                    [
                        entry.number,
                        iso(entry.day),
                        _payer(document),
                        entry.invoice.number,
                        document.currency,
                        grouped_money(entry.amount),
                        "账龄超过半年，无法收回",
                        "财务总监",
                    ]
                )

    def _write_dealings(self, made: Dealings) -> None:
        for call in made.calls:
            self.calls.write(_call_row(call))
        for meeting in made.meetings:
            self.meetings.write(_meeting_row(meeting))
        for entry in made.stage_entries:
            self.stage_history.write(_stage_row(entry))
        for follow_up in made.follow_ups:
            self.follow_ups.write(_follow_up_row(follow_up))
        for answer in made.answers:
            self.surveys.write(_answer_row(answer))
        for order in made.orders:
            self.orders.write(_order_row(order))
        for task in made.tasks:
            self.tasks.write(_task_row(task))
        for opportunity in made.opportunities:
            self.opportunities.write(_opportunity_row(opportunity))

    def write_trainings(self, trainings: Iterable[Training]) -> None:
        """Write which courses people of a branch attended."""
        for training in trainings:
            self.training.write(
                [
                    training.person.employee_id,
                    training.person.full_name,
                    training.course.code,
                    training.course.name,
                    training.course.skill,
                    as_date(training.day),
                    training.course.hours,
                    training.score,
                    "是" if training.is_passed else "否",
                ]
            )

    def _count_oddities(self, branch: Branch) -> None:
        """Count what is readable but needs an answer downstream, as it stands at END."""
        count = self.oddities
        for document in (*branch.contracts, *branch.deals):
            if document.created > LAST_DAY:
                continue
            count["products not in the catalogue"] += all(document.product != product.name for product in PRODUCTS)
            count["deals without account"] += document.customer is None
            count["deals without owner name"] += document.owner_reference == ""
            count["contracts of an unknown signer"] += document.owner_reference == "渠道代签"
            if document.splits and document.won is not None and document.won <= LAST_DAY:
                count["won documents with splits"] += 1
                count["won documents whose splits don't add up"] += sum(s.share for s in document.splits) != 10_000
        for receipt in branch.receipts:
            count["refunds"] += receipt.is_refund and receipt.day <= LAST_DAY
        for invoice in branch.invoices:
            count["void invoices"] += invoice.status == "void"

    # the end

    def close(self) -> list[WrittenFile]:
        """Write the totals rows and give all files their names. Returns what was written, in order of path."""
        for place, total in self.invoice_totals.items():
            cells = [""] * len(INVOICES_HEADER)
            cells[0], cells[INVOICES_HEADER.index("价税合计")] = "合计", grouped_money(total)
            self.invoices[place].table.write_totals(cells)
        for place, total in self.receipt_totals.items():
            cells = [""] * len(RECEIPTS_HEADER)
            cells[0], cells[RECEIPTS_HEADER.index("收款金额")] = "合计", grouped_money(total)
            self.receipts[place].table.write_totals(cells)
        files = [file for table in self.tables for file in table.close()]
        for table in self.tables:
            table.release()
        deals = next(file for file in files if file.path.endswith("/Deals_2026_06_30.csv"))
        receipts = next(file for file in files if file.path.endswith("/收款单_20250630.csv"))
        files.append(copy_of(self.inbox, deals, "Deals_2026_06_30 (1).csv"))
        files.append(copy_of(self.inbox, receipts, "收款单_20250630 - 副本.csv"))
        return sorted(files, key=lambda file: file.path)

    def abandon(self) -> None:
        """Remove the hidden files of an export that did not come to its end."""
        for table in self.tables:
            table.abandon()


# rows


def _number(document_number: str) -> int:
    """A stable number to choose times of day by."""
    return int(document_number[-6:].replace("-", ""))


def _stamps(key: int, created: int, modified: int) -> tuple[str, str]:
    """When a record was made and last changed, the second never before the first."""
    later = f"18:{key % 50 + 10}:{key % 41 + 10}" if modified == created else clock(key + 5)
    return f"{iso(created)} {clock(key)}", f"{iso(modified)} {later}"


def _state(document: Document, cut: int) -> tuple[int, str]:
    reached = [step for step in document.steps if step[0] <= cut]
    return reached[-1] if reached else document.steps[0]


def _payer(document: Document) -> str:
    return document.customer.name if document.customer else "待认领客户"


def _share(hundredths_of_percent: int) -> str:
    text = money(hundredths_of_percent)
    return text[:-3] if text.endswith(".00") else text


def _split_cells(document: Document, count: int = 3) -> list[Cell]:
    cells: list[Cell] = []
    for split in document.splits:
        cells += [split.reference, _share(split.share)]
    return cells + [""] * (2 * count - len(cells))


def _channel_cells(deal: Document, is_early: bool) -> list[Cell]:
    """The way of sale, the value before discount once it is quoted, what it costs to deliver, and who has the whole of
    it as overlay credit beside the seller."""
    manager, before = deal.channel_manager, None if is_early else deal.list_amount
    return [
        deal.channel,
        "" if before is None else crm_money(before),
        crm_money(deal.cost),
        manager.email if manager else "",
        "100" if manager else "",
    ]


@dataclass(frozen=True)
class _DealView:
    stage: str
    amount: str
    closing_date: str
    probability: str
    created: str
    modified: str
    splits: list[Cell]
    is_lost: bool
    is_early: bool


def _deal_view(deal: Document, cut: int) -> _DealView:
    """A deal as the CRM shows it at the end of day `cut`."""
    day, stage = _state(deal, cut)
    is_closed = stage.startswith("Closed")
    is_early = stage in ("Qualification", "Needs Analysis", "Value Proposition")
    created, modified = _stamps(_number(deal.number), deal.created, deal.modified(cut))
    return _DealView(
        stage=stage,
        amount=crm_money(deal.early_amount if is_early else deal.amount),
        closing_date=iso(day if is_closed else deal.expected),
        probability=str(STAGE_PROBABILITIES[stage]),
        created=created,
        modified=modified,
        splits=_split_cells(deal) if stage == "Closed Won" else [""] * 6,
        is_lost=stage == "Closed Lost",
        is_early=is_early,
    )


def _deal_row(deal: Document, cut: int) -> list[Cell]:
    view, owner_id = _deal_view(deal, cut), f"zcrm_{deal.owner.user_id}"
    customer = deal.customer
    return [
        f"zcrm_{deal.number}",
        owner_id,
        deal.owner_reference,
        deal.name,
        f"zcrm_{customer.number}" if customer else "",
        customer.name if customer else "",
        deal.product,
        "Standard",
        view.amount,
        deal.currency,
        "1.000000000",
        view.stage,
        view.probability,
        "",
        view.closing_date,
        deal.kind,
        deal.lead_source,
        "",
        *view.splits,
        *_channel_cells(deal, view.is_early),
        deal.note,
        owner_id,
        deal.owner.full_name,
        owner_id,
        deal.owner.full_name,
        view.created,
        view.modified,
        view.modified,
        "",
        "Price" if view.is_lost else "",
        view.modified,
        "false",
    ]


def _backup_row(deal: Document, cut: int) -> list[Cell]:
    view, owner_id = _deal_view(deal, cut), f"zcrm_{deal.owner.user_id}"
    category = "Closed" if view.stage == "Closed Won" else "Omitted" if view.is_lost else "Pipeline"
    return [
        f"zcrm_{deal.number}",
        owner_id,
        view.amount,
        deal.name,
        view.closing_date,
        f"zcrm_{deal.customer.number}" if deal.customer else "",
        view.stage,
        deal.kind,
        view.probability,
        "",
        "",
        deal.lead_source,
        "",
        "",
        owner_id,
        owner_id,
        view.created,
        view.modified,
        deal.currency,
        "1.000000000",
        view.modified,
        "",
        "",
        "",
        "",
        "",
        deal.note,
        "",
        category,
        view.modified,
        "false",
        "",
        deal.product,
        *view.splits,
        *_channel_cells(deal, view.is_early),
    ]


def _lead_row(lead: Lead, settled: bool, modified: int) -> list[Cell]:
    owner_id, key = f"zcrm_{lead.owner.user_id}", int(lead.number[-6:])
    created_at, modified_at = _stamps(key, lead.created, modified)
    deal = lead.deal if settled else None
    contact, pinyin = names.person(key)
    customer = deal.customer if deal else None
    return [
        f"zcrm_{lead.number}",
        owner_id,
        lead.owner.full_name,
        "true" if deal else "false",
        lead.company,
        contact[1:],
        contact[:1],
        f"{pinyin}@customer.example",
        "",
        lead.source,
        lead.status if settled else "Attempted to Contact",
        owner_id,
        lead.owner.full_name,
        owner_id,
        lead.owner.full_name,
        created_at,
        modified_at,
        contact,
        "",
        "false",
        modified_at,
        "",
        modified_at if deal else "",
        str(modified - lead.created) if deal else "",
        f"zcrm_{customer.number}" if customer else "",
        customer.name if customer else "",
        f"zcrm_{deal.number}" if deal else "",
        deal.name if deal else "",
        modified_at,
        "false",
        "",
        "",
    ]


def _account_row(account: Customer) -> list[Cell]:
    owner_id = f"zcrm_{account.owner.user_id}"
    created_at, modified_at = _stamps(int(account.number[-6:]), account.created, min(account.edited, LAST_DAY))
    return [
        f"zcrm_{account.number}",
        owner_id,
        account.owner.full_name,
        account.name,
        "",
        "",
        "",
        "Key Account" if account.level == "A" else "Customer",
        account.industry,
        account.tax_id,
        owner_id,
        account.owner.full_name,
        owner_id,
        account.owner.full_name,
        created_at,
        modified_at,
        "",
        account.region if account.owner.team is not ABROAD else "",
        account.region,
        "",
        account.country,
        "",
        "",
        "false",
    ]


def _customer_row(customer: Customer, edited: int) -> list[Cell]:
    created_at, modified_at = _stamps(int(customer.number[-5:]), customer.created, edited)
    return [
        customer.number,
        customer.name,
        customer.level,
        customer.industry,
        customer.region,
        customer.tax_id,
        customer.owner.full_name,
        "",
        "展会",
        "",
        customer.owner.full_name,
        created_at,
        modified_at,
    ]


def _contract_row(contract: Document, cut: int) -> list[Cell]:
    key = _number(contract.number)
    created_at, modified_at = _stamps(key, contract.created, contract.modified(cut))
    _, state = _state(contract, cut)
    assert state in (APPROVED, RUNNING, REFUSED) and contract.customer is not None
    is_text = key % 5 == 0
    # What a service costs is known only when it is over.
    costs = (contract.amount, contract.list_amount, None if key % 7 == 0 else contract.cost)
    return [
        contract.number,
        contract.name,
        contract.customer.number,
        contract.customer.name,
        contract.owner_reference,
        contract.owner.team_title,
        iso(contract.created),
        *(None if value is None else money(value) if is_text else value / 100 for value in costs),
        contract.currency,
        contract.kind,
        contract.product,
        *_split_cells(contract),
        state,
        contract.note,
        contract.owner.full_name,
        created_at,
        modified_at,
    ]


def _collection_row(collection: Collection, entered: int, edited: int, mistyped: bool) -> list[Cell]:
    key = _number(collection.number)
    created_at, modified_at = _stamps(key, entered, edited)
    hundredths = collection.amount // 1_000 * 100 if mistyped else collection.amount
    document = collection.document
    amount: Cell = money(hundredths) if key % 4 == 0 else hundredths / 100
    return [
        collection.number,
        document.number,
        _payer(document),
        document.owner.full_name,
        iso(collection.day),
        amount,
        document.currency,
        "退款" if collection.is_refund else "回款",
        collection.receipt_number,
        "银行转账" if collection.receipt_number else "承兑汇票",
        RUNNING if collection.is_running else APPROVED,
        document.owner.full_name,
        created_at,
        modified_at,
    ]


def invoice_row(invoice: Invoice) -> list[Cell]:
    """One row of the finance system's invoice list."""
    document = invoice.document
    issued = "正常" if _number(document.number) % 3 else "已开票"
    return [
        invoice.number,
        iso(invoice.day),
        document.number,
        _payer(document),
        document.currency,
        grouped_money(invoice.amount),
        "0%" if document.owner.team is ABROAD else "13%",
        iso(invoice.due),
        "作废" if invoice.status == "void" else issued,
        "开票员",
        "",
    ]


def receipt_row(receipt: Receipt, amount: int) -> list[Cell]:
    """One row of the finance system's receipt list, with `amount` (hundredths) as the money that came."""
    document = receipt.invoice.document
    return [
        receipt.number,
        iso(receipt.day),
        "收款退款单" if receipt.is_refund else "收款单",
        _payer(document),
        receipt.invoice.number,
        document.currency,
        grouped_money(amount),
        "电汇" if document.owner.team is ABROAD else "银行转账",
        "已审核",
        "出纳",
        "",
    ]


def _credit_note_row(note: CreditNote) -> list[Cell]:
    document = note.invoice.document
    return [
        note.number,
        iso(note.day),
        "Closed",
        _payer(document),
        note.invoice.number,
        document.currency,
        money(note.amount),
        note.reason,
    ]


def _related(contact: Contact) -> tuple[str, str]:
    document = contact.document
    return (f"zcrm_{document.number}", document.name) if document else ("", "")


def _call_row(call: Contact) -> list[Cell]:
    key, related = int(call.number[-6:]), _related(call)
    kind = "Missed" if call.is_missed else "Inbound" if key % 7 == 0 else "Outbound"
    started_at, later = _stamps(key, call.day, call.day)
    return [
        f"zcrm_{call.number}",
        "",
        "",
        *related,
        f"Call with {_payer(call.document) if call.document else ''}",
        kind,
        "Negotiation" if key % 3 else "Prospecting",
        started_at,
        str(call.minutes * 60),
        "",
        "" if call.is_missed else ("Interested", "Requested more info", "No response/Busy")[key % 3],
        "Missed" if call.is_missed else "Completed",
        f"zcrm_{call.person.user_id}",
        call.person.full_name,
        started_at,
        later,
    ]


def _meeting_row(meeting: Contact) -> list[Cell]:
    key, related = int(meeting.number[-6:]), _related(meeting)
    started_at, ended_at = _stamps(key, meeting.day, meeting.day)
    return [
        f"zcrm_{meeting.number}",
        "Visit",
        f"zcrm_{meeting.person.user_id}",
        meeting.person.full_name,
        meeting.customer.region if meeting.customer else "",
        started_at,
        ended_at,
        "",
        "",
        *related,
        started_at,
        ended_at,
    ]


def _stage_row(entry: StageEntry) -> list[Cell]:
    owner = entry.deal.owner
    return [
        f"zcrm_{entry.number}",
        f"zcrm_{entry.deal.number}",
        entry.deal.name,
        entry.stage,
        "" if entry.days_in_stage is None else str(entry.days_in_stage),
        str(entry.probability),
        entry.moved_to,
        crm_money(entry.amount),
        "",
        iso(entry.expected),
        f"zcrm_{owner.user_id}",
        owner.full_name,
        f"{iso(entry.day)} {9 + entry.place:02d}:{_number(entry.number) % 60:02d}:00",
    ]


def _follow_up_row(follow_up: Contact) -> list[Cell]:
    key = int(follow_up.number[-6:])
    happened_at, entered_at = _stamps(key, follow_up.day, follow_up.day)
    customer = follow_up.customer
    return [
        follow_up.number,
        customer.number if customer else "",
        customer.name if customer else "",
        follow_up.person.full_name,
        follow_up.method,
        happened_at,
        "",
        "已沟通需求" if key % 2 else "报价跟进",
        happened_at,
        entered_at,
    ]


def _answer_row(answer: Answer) -> list[Cell]:
    return [
        answer.number,
        "满意度" if answer.kind == "CSAT" else "NPS",
        as_date(answer.day),
        answer.score,
        answer.customer.number,
        answer.customer.name,
        answer.person.employee_id if answer.names_person else "",
        "",
    ]


def _order_row(order: Order) -> list[Cell]:
    deal, owner_id = order.deal, f"zcrm_{order.deal.owner.user_id}"
    assert deal.customer is not None
    created_at, modified_at = _stamps(_number(order.number), order.day, order.edited)
    before = deal.amount if deal.list_amount is None else deal.list_amount
    return [
        f"zcrm_{order.number}",
        f"SO-{order.number[7:10]}{order.place:05d}",
        owner_id,
        deal.owner.full_name,
        f"Order {deal.name}",
        f"zcrm_{deal.number}" if order.names_deal else "",
        deal.name if order.names_deal else "",
        f"zcrm_{deal.customer.number}",
        deal.customer.name,
        "",
        iso(order.day + 30),
        "",
        order.status,
        crm_money(before),
        crm_money(before - deal.amount),
        "0",
        "0",
        crm_money(deal.amount),
        deal.currency,
        "1.000000000",
        owner_id,
        deal.owner.full_name,
        owner_id,
        deal.owner.full_name,
        created_at,
        modified_at,
        "",
    ]


def _task_row(task: Task) -> list[Cell]:
    deal, owner_id = task.deal, f"zcrm_{task.deal.owner.user_id}"
    key = _number(task.number)
    created_at, modified_at = _stamps(key, task.created, task.created if task.done is None else task.done)
    state = "Completed" if task.done is not None else ("Not Started", "In Progress", "Deferred")[key % 3]
    return [
        f"zcrm_{task.number}",
        task.subject,
        iso(task.due),
        state,
        "High" if key % 4 == 0 else "Normal",
        "" if task.done is None else modified_at,
        "",
        f"zcrm_{deal.number}",
        deal.name,
        owner_id,
        deal.owner.full_name,
        owner_id,
        deal.owner.full_name,
        owner_id,
        deal.owner.full_name,
        created_at,
        modified_at,
        "",
    ]


def _opportunity_row(opportunity: Opportunity) -> list[Cell]:
    key, customer = int(opportunity.number[-5:]), opportunity.customer
    created_at, modified_at = _stamps(key, opportunity.created, opportunity.edited)
    return [
        opportunity.number,
        f"{customer.name[:6]}{opportunity.product}",
        customer.number,
        customer.name,
        opportunity.owner.full_name,
        opportunity.stage,
        money(opportunity.amount) if key % 5 == 0 else opportunity.amount / 100,
        opportunity.currency,
        iso(opportunity.expected),
        f"{opportunity.probability}%",
        ("官网", "展会", "转介绍", "电话营销")[key % 4],
        {"赢单": "方案契合", "输单": "价格"}.get(opportunity.stage, ""),
        "",
        opportunity.owner.full_name,
        created_at,
        modified_at,
    ]
