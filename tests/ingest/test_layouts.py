# ruff: noqa: E501 (lines of exports are as long as exports have them)
"""Files as the systems write them: the layout is recognised by its header, and each row goes where it belongs."""

from __future__ import annotations

import io
import json
import zipfile
from decimal import Decimal
from pathlib import Path

import pytest

from attain.errors import BadInput
from attain.ingest import contracts, deliveries, layouts
from attain.ingest.conversion import Formats
from attain.settings import Settings
from tests.ingest.exports import drop, drop_sheet, ingest, ingest_one, moment, quarantined, rows

ID = 404427000000249265

# One deal in the five dialects of Zoho CRM; the sixth line is what all of them say.
DIALECTS = {
    "export of a module": (
        "csv",
        f"""Record Id,Deal Owner.id,Deal Owner,Deal Name,Account Name.id,Account Name,Amount,Currency,Stage,Closing Date,Created Time,Modified Time
zcrm_{ID},zcrm_404427000000247001,Mei Lin,Big deal,zcrm_404427000000249093,Acme,250000.0,CNY,Closed Won,2026-01-20,2026-01-03 10:00:00,2026-01-21 09:30:00
""",
    ),
    "export with renamed modules": (
        "csv",
        f"""Deal Id,Deal Owner.id,Deal Owner,Deal Name,Company Name.id,Company Name,Sub-Pipeline,Amount,Currency,Stage,Closing Date,Created Time,Modified Time
zcrm_{ID},zcrm_404427000000247001,Mei Lin,Big deal,zcrm_404427000000249093,Acme,,"¥250,000.00",CNY,Closed Won,2026-01-20,"Jan 3, 2026 10:00 AM",2026-01-21 09:30:00
""",
    ),
    "old backup": (
        "csv",
        f"""Record Id,Deal Owner Id,Amount,Deal Name,Closing Date,Account Id,Stage,Created Time,Modified Time,Currency,Exchange Rate
zcrm_{ID},zcrm_404427000000247001,250000.0,Big deal,2026-01-20,zcrm_404427000000249093,Closed Won,2026-01-03 10:00:00,2026-01-21 09:30:00,CNY,
""",
    ),
    "new backup": (
        "csv",
        f"""Record Id,Deal Owner.id,Amount,Deal Name,Closing Date,Account Name.id,Stage,Created Time,Modified Time,Currency
zcrm_{ID},zcrm_404427000000247001,250000.0,Big deal,2026-01-20,zcrm_404427000000249093,Closed Won,2026-01-03 10:00:00,2026-01-21 09:30:00,CNY
""",
    ),
    "bulk read job": (
        "csv",
        f"""Id,Owner,Deal_Name,Account_Name,Amount,Currency,Stage,Closing_Date,Created_Time,Modified_Time
{ID},404427000000247001,Big deal,404427000000249093,250000,CNY,Closed Won,2026-01-20,2026-01-03T10:00:00+08:00,2026-01-21T09:30:00+08:00
""",
    ),
    "answer of the REST API": (
        "json",
        json.dumps(
            {
                "data": [
                    {
                        "Owner": {"name": "Mei Lin", "id": "404427000000247001", "email": "mei@example.com"},
                        "$currency_symbol": "¥",
                        "Account_Name": {"name": "Acme", "id": "404427000000249093"},
                        "Deal_Name": "Big deal",
                        "Amount": 250000,
                        "Currency": "CNY",
                        "Stage": "Closed Won",
                        "Closing_Date": "2026-01-20",
                        "Created_Time": "2026-01-03T10:00:00+08:00",
                        "Modified_Time": "2026-01-21T09:30:00+08:00",
                        "Tag": [],
                        "id": str(ID),
                    }
                ],
                "info": {"per_page": 200, "count": 1, "page": 1, "more_records": False},
            }
        ),
    ),
}  # fmt: skip


@pytest.mark.parametrize("dialect", DIALECTS)
def test_one_deal_in_every_dialect_of_zoho(settings: Settings, dialect: str) -> None:
    suffix, text = DIALECTS[dialect]
    result = ingest_one(settings, f"zoho_crm/deals/Deals_2026_01_26.{suffix}", text.encode())
    assert result.outcome == "committed", result
    columns = (
        "deal_id, owner_id, deal_name, account_id, amount, currency_code, stage, closing_date::varchar, "
        "created_at::varchar, modified_at::varchar"
    )
    assert rows(settings, "zoho_crm__deals", columns) == [
        (
            str(ID), "404427000000247001", "Big deal", "404427000000249093", Decimal("250000.00"), "CNY",
            "Closed Won", "2026-01-20", "2026-01-03 02:00:00", "2026-01-21 01:30:00",
        )
    ]  # fmt: skip


def test_a_bulk_read_job_holds_ids_where_others_hold_names(settings: Settings) -> None:
    result = ingest_one(
        settings,
        "zoho_crm/contacts/1.csv",
        b"Id,Last_Name,Owner,Account_Name,Account_Name.Account_Name\n1,Wu,7,9,Acme\n",
    )
    assert result.outcome == "committed", result
    named = rows(settings, "zoho_crm__contacts", "owner_id, owner_name, account_id, account_name, last_name")
    assert named == [("7", None, "9", "Acme", "Wu")]


INVOICES = """Invoice Date,Invoice ID,Invoice Number,Invoice Status,Customer Name,Customer ID,Due Date,Currency Code,Item Name,Quantity,Item Price,Item Total,Total,Balance
2026-01-10,4271668000000077324,INV-1,Sent,Acme,4271668000000011111,2026-02-09,CNY,GTX,2,100.000,200.000,300.000,300.000
2026-01-10,4271668000000077324,INV-1,Sent,Acme,4271668000000011111,2026-02-09,CNY,Care,1,100.000,100.000,300.000,300.000
2026-01-11,4271668000000077325,INV-2,Void,Acme,4271668000000011111,2026-02-10,CNY,GTX,1,100.000,100.000,100.000,0.000
"""  # fmt: skip


def test_zoho_books_repeats_the_total_on_each_line(settings: Settings) -> None:
    result = ingest_one(settings, "finance/invoices/Invoice.csv", INVOICES.encode())
    assert result.outcome == "committed", result
    assert rows(settings, "finance__invoices", "invoice_no, amount, invoice_status, customer_no") == [
        ("INV-1", Decimal("300.00"), "issued", "4271668000000011111"),
        ("INV-2", Decimal("100.00"), "void", "4271668000000011111"),
    ]
    assert rows(settings, "finance__invoice_lines", "invoice_no, item_name, amount") == [
        ("INV-1", "GTX", Decimal("200.00")),
        ("INV-1", "Care", Decimal("100.00")),
        ("INV-2", "GTX", Decimal("100.00")),
    ]
    by_feed = {
        landed.feed: (landed.rows_in_file, landed.rows_loaded, landed.rows_not_for_feed) for landed in result.deliveries
    }
    assert by_feed == {"finance.invoices": (3, 2, 1), "finance.invoice_lines": (3, 3, 0)}
    assert ingest_one(settings, "finance/invoices/again.csv", INVOICES.encode()).outcome == "duplicate"


def test_lines_of_one_invoice_that_contradict_each_other_are_not_chosen_from(settings: Settings) -> None:
    text = INVOICES.replace("100.000,300.000,300.000", "100.000,310.000,300.000")
    result = ingest_one(settings, "finance/invoices/Invoice.csv", text.encode())
    assert result.outcome == "committed", result
    (refused,) = quarantined(settings)
    assert refused[:3] == (3, "amount", "310.000")
    assert "row 2" in refused[3] and "INV-1" in refused[3]


@pytest.mark.parametrize("batch", [1, 7, 100_000])
def test_an_invoice_is_known_however_far_apart_its_lines_are(
    settings: Settings, monkeypatch: pytest.MonkeyPatch, batch: int
) -> None:
    monkeypatch.setattr("attain.ingest.tables.ROWS_A_BATCH", batch)
    monkeypatch.setattr("attain.ingest.delimited.BLOCK_BYTES", 400 if batch < 100 else 4 << 20)
    header, line, *_ = INVOICES.splitlines()
    lines = [line.replace("INV-1", f"INV-{number % 20}") for number in range(60)]
    lines[47] = lines[47].replace("CNY", "USD")  # of invoice 7, whose first row is row 9
    lines[58] = lines[58].replace("Acme", "")
    result = ingest_one(settings, "finance/invoices/Invoice.csv", "\n".join([header, *lines]).encode())
    assert result.outcome == "committed", result
    told = rows(settings, "finance__invoices", "invoice_no, _row_number", "_row_number")
    assert told == [(f"INV-{number}", number + 2) for number in range(20)]
    assert [refused[:3] for refused in quarantined(settings)] == [
        (49, "currency_code", "USD"),
        (60, "customer_name", ""),
    ]
    assert [refused[3] for refused in quarantined(settings)] == [
        "Currency Code: not what row 9 says of INV-7 (CNY)",
        "Customer Name: not what row 20 says of INV-18 (Acme)",
    ]
    by_feed = {landed.feed: (landed.rows_loaded, landed.rows_not_for_feed) for landed in result.deliveries}
    assert by_feed["finance.invoices"] == (20, 38)


PAYMENTS = """Payment Number,CustomerPayment ID,Mode,CustomerID,Customer Name,Date,Currency Code,Amount,Unused Amount,Amount Applied to Invoice,Invoice Number
7,2401730000000081427,Bank,2401730000000081001,Acme,2026-01-15,CNY,500.00,50.00,300.00,INV-1
7,2401730000000081427,Bank,2401730000000081001,Acme,2026-01-15,CNY,500.00,50.00,150.00,INV-2
8,2401730000000081428,Bank,2401730000000081001,Acme,2026-01-16,CNY,80.00,80.00,,
9,2401730000000081429,Bank,2401730000000081001,Acme,2026-01-17,CNY,20.00,0.00,20.00,INV-2
"""  # fmt: skip


def test_a_payment_of_zoho_books_is_what_it_applied_and_what_is_left(settings: Settings) -> None:
    result = ingest_one(settings, "finance/receipts/Customer_Payment.csv", PAYMENTS.encode())
    assert result.outcome == "committed", result
    found = rows(settings, "finance__receipts", "receipt_no, invoice_no, amount", "receipt_no, invoice_no")
    assert found == [
        ("7", "INV-1", Decimal("300.00")),
        ("7", "INV-2", Decimal("150.00")),
        ("7", "UNALLOCATED", Decimal("50.00")),
        ("8", "UNALLOCATED", Decimal("80.00")),
        ("9", "INV-2", Decimal("20.00")),
    ]
    assert sum(row[2] for row in found) == Decimal("600.00"), "the money of the payments, once"


def test_the_whole_payment_never_stands_in_for_what_was_applied(settings: Settings) -> None:
    text = PAYMENTS.replace("Amount Applied to Invoice", "Applied")
    result = ingest_one(settings, "finance/receipts/Customer_Payment.csv", text.encode())
    assert result.outcome == "rejected"
    assert "amount (Amount Applied to Invoice" in (result.reason or "")


def test_kingdee_writes_a_bill_on_its_first_row_only(settings: Settings) -> None:
    drop_sheet(
        settings,
        "finance/receipts/收款单_20260126.xlsx",
        [
            ["收款单列表"],
            ["单据编号", "业务日期", "往来单位", "币别", "单据状态", "单据类型", "收款金额", "发票号码"],
            ["SKD001", "2026-01-15", "甲公司", "人民币", "已审核", "收款单", 300, "F1"],
            [None, None, None, None, None, None, 150, "F2"],
            ["SKD002", "2026-01-16", "乙公司", "人民币", "创建", "收款单", 80, None],
            ["合计", None, None, None, None, None, 530, None],
        ],
    )
    (result,) = ingest(settings, "finance").files
    assert result.outcome == "committed", result
    columns = "receipt_no, invoice_no, amount, customer_name, currency_code, document_status, receipt_date::varchar"
    assert rows(settings, "finance__receipts", columns) == [
        ("SKD001", "F1", Decimal("300.00"), "甲公司", "CNY", "approved", "2026-01-15"),
        ("SKD001", "F2", Decimal("150.00"), "甲公司", "CNY", "approved", "2026-01-15"),
        ("SKD002", "UNALLOCATED", Decimal("80.00"), "乙公司", "CNY", "draft", "2026-01-16"),
    ]
    assert result.deliveries[0].rows_declared_totals == 1


@pytest.mark.parametrize(
    ("status", "meant"),
    [("PartiallyPaid", "issued"), ("Partially Paid", "issued"), ("Unpaid", "issued"), ("Pending Approval", "draft")],
)
def test_states_of_invoices_in_zoho_books(settings: Settings, status: str, meant: str) -> None:
    text = (
        "Invoice Date,Invoice ID,Invoice Number,Invoice Status,Customer Name,Currency Code,Item Total,Total\n"
        f"03 Jan 2025,4271668000000077324,INV-1,{status},Acme,CNY,108.000,108.000\n"
    )
    result = ingest_one(settings, "finance/invoices/Invoice.csv", text.encode())
    assert result.outcome == "committed", result
    assert rows(settings, "finance__invoices", "invoice_date::varchar, invoice_status") == [("2025-01-03", meant)]


def test_amounts_of_receipts_in_kingdee_and_yonyou(settings: Settings) -> None:
    kingdee = "单据编号,业务日期,单据类型,单据状态,往来单位,币别,应收金额,实收金额\nSKD1,2025-01-03,销售收款单,已审核,甲,人民币,100,98\n"
    assert ingest_one(settings, "finance/receipts/a.csv", kingdee.encode()).outcome == "committed"
    yonyou = "单据编号,单据日期,客户编码,币种,原币金额,本币金额,审核人\nSK1,2025-01-03,C1,美元,100,710,王\n"
    assert ingest_one(settings, "finance/receipts/b.csv", yonyou.encode()).outcome == "committed"
    columns = "receipt_no, amount::varchar, currency_code, receipt_type"
    assert rows(settings, "finance__receipts", columns) == [
        ("SKD1", "98.00", "CNY", "receipt"),
        ("SK1", "100.00", "USD", "receipt"),
    ]
    result = ingest_one(
        settings, "finance/receipts/c.csv", yonyou.replace("原币金额,", "").replace("100,", "").encode()
    )
    assert (result.outcome, "amount (原币金额" in (result.reason or "")) == ("rejected", True), result


def test_yonyou_lists_lines_and_only_what_was_checked_counts(settings: Settings) -> None:
    text = (
        "开票日期,发票号,客户编码,客户简称,币种,存货编码,存货名称,数量,原币价税合计,订单号,复核人\n"
        "2026-01-10,F1,C01,甲公司,人民币,P1,GTX,2,200.00,HT1,王\n"
        "2026-01-10,F1,C01,甲公司,人民币,P2,Care,1,100.00,HT1,王\n"
        "2026-01-11,F2,C01,甲公司,人民币,P1,GTX,1,100.00,HT2,\n"
    )
    result = ingest_one(settings, "finance/invoices/销售发票列表.csv", text.encode("gb18030"))
    assert result.outcome == "committed", result
    assert rows(settings, "finance__invoices", "invoice_no, document_no, customer_name, amount") == [
        ("F1", "HT1", "甲公司", None)
    ]
    assert rows(settings, "finance__invoice_lines", "invoice_no, item_name, amount") == [
        ("F1", "GTX", Decimal("200.00")),
        ("F1", "Care", Decimal("100.00")),
    ]


def test_rates_of_the_bank_of_china_are_for_a_hundred(settings: Settings) -> None:
    text = (
        "货币名称,现汇买入价,现钞买入价,现汇卖出价,现钞卖出价,中行折算价,发布日期,发布时间\n"
        "美元,718.11,718.11,721.13,721.13,718.79,2026-01-05,10:30:00\n"
        "日元,4.5,4.5,4.6,4.6,4.5512,2026-01-05,10:30:00\n"
        "韩国元,0.49,0.47,0.5,0.51,0.4931,2026-01-05,10:30:00\n"
    )
    result = ingest_one(settings, "finance/fx_rates/boc.csv", text.encode())
    assert result.outcome == "committed", result
    assert rows(settings, "finance__fx_rates", "from_currency, to_currency, unit::int, rate, rate_type") == [
        ("USD", "CNY", 100, Decimal("718.79000000"), "middle"),
        ("JPY", "CNY", 100, Decimal("4.55120000"), "middle"),
        ("KRW", "CNY", 100, Decimal("0.49310000"), "middle"),
    ]


def test_the_last_quote_of_a_day_holds_in_whatever_order_they_are_listed(settings: Settings) -> None:
    text = "货币名称,中行折算价,发布时间\n美元,718.79,2026.01.05 17:30:00\n美元,718.60,2026.01.05 10:30:00\n"
    result = ingest_one(settings, "finance/fx_rates/boc.csv", text.encode())
    assert result.outcome == "committed", result
    found = rows(settings, "finance__fx_rates", "rate_date::varchar, rate::varchar, quoted_at", "quoted_at")
    assert found == [
        ("2026-01-05", "718.60000000", moment("2026-01-05 02:30:00")),
        ("2026-01-05", "718.79000000", moment("2026-01-05 09:30:00")),
    ]
    assert contracts.feed("finance.fx_rates").modified == "quoted_at"


def test_rates_of_the_ecb_have_a_column_for_each_currency(settings: Settings) -> None:
    text = "Date,USD,JPY,BGN,GBP,\n2026-01-06,1.0345,163.05,N/A,0.83,\n2026-01-05,1.0301,N/A,N/A,0.82,\n"
    result = ingest_one(settings, "finance/fx_rates/eurofxref-hist.csv", text.encode())
    assert result.outcome == "committed", result
    found = rows(settings, "finance__fx_rates", "rate_date::varchar, from_currency, to_currency, rate, _row_number")
    assert sorted(found) == [
        ("2026-01-05", "EUR", "GBP", Decimal("0.82000000"), 3),
        ("2026-01-05", "EUR", "USD", Decimal("1.03010000"), 3),
        ("2026-01-06", "EUR", "GBP", Decimal("0.83000000"), 2),
        ("2026-01-06", "EUR", "JPY", Decimal("163.05000000"), 2),
        ("2026-01-06", "EUR", "USD", Decimal("1.03450000"), 2),
    ]


CONTRACT_LINES = [
    ("HT1", "GTX", Decimal("2.00000000"), Decimal("200.00")),
    ("HT1", "Care", Decimal("1.00000000"), Decimal("100.00")),
    ("HT2", "GTX", Decimal("1.00000000"), Decimal("90.00")),
]


def _lands_with_lines(settings: Settings) -> None:
    assert rows(settings, "jiandaoyun_crm__contracts", "contract_no, amount, owner_name, signed_date::varchar") == [
        ("HT1", Decimal("300.00"), "林美", "2026-01-10"),
        ("HT2", Decimal("90.00"), "王伟", "2026-01-11"),
    ]
    columns = "contract_no, product_name, quantity, amount"
    assert rows(settings, "jiandaoyun_crm__contract_lines", columns) == CONTRACT_LINES


def test_a_form_with_its_sub_form_as_a_workbook(settings: Settings) -> None:
    import xlsxwriter

    path = settings.inbox / "jiandaoyun_crm" / "contracts" / "合同订单_20260126.xlsx"
    path.parent.mkdir(parents=True)
    workbook = xlsxwriter.Workbook(str(path))
    page = workbook.add_worksheet("合同订单")
    for column, label in enumerate(["合同编号", "签订日期", "签约人", "合同金额"]):
        page.merge_range(0, column, 1, column, label)
    page.merge_range(0, 4, 0, 6, "产品明细")
    page.write_row(1, 4, ["产品名称", "数量", "小计"])
    page.merge_range(0, 7, 1, 7, "更新时间")
    for column, value in enumerate(["HT1", "2026-01-10", "林美", 300]):
        page.merge_range(2, column, 3, column, value)
    page.merge_range(2, 7, 3, 7, "2026-01-12 10:00:00")
    page.write_row(2, 4, ["GTX", 2, 200])
    page.write_row(3, 4, ["Care", 1, 100])
    page.write_row(4, 0, ["HT2", "2026-01-11", "王伟", 90, "GTX", 1, 90, "2026-01-12 10:00:00"])
    workbook.close()
    _old(path)
    (result,) = ingest(settings, "jiandaoyun_crm").files
    assert result.outcome == "committed", result
    _lands_with_lines(settings)


def test_a_form_with_its_sub_form_as_text(settings: Settings) -> None:
    text = (
        "合同编号,签订日期,签约人,合同金额,产品明细.产品名称,产品明细.数量,产品明细.小计,更新时间\n"
        "HT1,2026-01-10,林美,300,GTX,2,200,2026-01-12 10:00:00\n"
        ",,,,Care,1,100,\n"
        "HT2,2026-01-11,王伟,90,GTX,1,90,2026-01-12 10:00:00\n"
    )
    result = ingest_one(settings, "jiandaoyun_crm/contracts/合同订单.csv", b"\xef\xbb\xbf" + text.encode())
    assert result.outcome == "committed", result
    _lands_with_lines(settings)


def test_a_form_with_its_sub_form_as_the_api_gives_it(settings: Settings) -> None:
    records = [
        {"_id": "a1", "合同编号": "HT1", "签订日期": "2026-01-09T16:00:00.000Z", "签约人": {"name": "林美", "username": "lin"},
         "合同金额": 300, "产品明细": [{"_id": "s1", "产品名称": "GTX", "数量": 2, "小计": 200}, {"_id": "s2", "产品名称": "Care", "数量": 1, "小计": 100}]},
        {"_id": "a2", "合同编号": "HT2", "签订日期": "2026-01-10T16:00:00.000Z", "签约人": {"name": "王伟", "username": "wang"},
         "合同金额": 90, "产品明细": [{"_id": "s3", "产品名称": "GTX", "数量": 1, "小计": 90}]},
    ]  # fmt: skip
    text = "\n".join(json.dumps(record, ensure_ascii=False) for record in records) + "\n"
    result = ingest_one(settings, "jiandaoyun_crm/contracts/contracts.jsonl", text.encode())
    assert result.outcome == "committed", result
    _lands_with_lines(settings)
    assert rows(settings, "jiandaoyun_crm__contracts", "owner_username") == [("lin",), ("wang",)]


def test_formats_of_a_source_are_set_in_a_file_and_make_another_delivery(settings: Settings, tmp_path: Path) -> None:
    folder = tmp_path / "mappings"
    folder.mkdir()
    settings = Settings(home=settings.home, mappings_dir=folder)
    text = "Record Id,Stage,Amount,Closing Date\n1,Won,5,03/04/2026\n"
    first = ingest_one(settings, "zoho_crm/deals/a.csv", text.encode())
    assert (first.rows_loaded, first.rows_quarantined) == (0, 1), "day and month can't be told apart"
    (folder / "zoho_crm.yml").write_text("date_format: '%d/%m/%Y'\n", encoding="utf-8")
    second = ingest_one(settings, "zoho_crm/deals/a.csv", text.encode())
    assert second.outcome == "committed"
    assert rows(settings, "zoho_crm__deals", "closing_date::varchar") == [("2026-04-03",)]


def _zip(members: dict[str, str]) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name, text in members.items():
            archive.writestr(name, text)
    return buffer.getvalue()


ACCOUNTS = "Record Id,Account Name,Account Owner.id,Modified Time\nzcrm_9,Acme,zcrm_1,2026-01-02 08:00:00\n"


def test_a_whole_backup_finds_its_feeds_by_the_names_of_its_files(settings: Settings) -> None:
    deals = DIALECTS["new backup"][1]
    backup = _zip(
        {
            "Data/Accounts_001.csv": ACCOUNTS,
            "Data/Deals_001.csv": deals,
            "Data/Deals_002.csv": deals.replace("249265", "249266"),
            "Metadata/Fields_001.csv": "Id,Label\n1,Amount\n",
        }
    )
    result = ingest_one(settings, "zoho_crm/backup_2026_01_26.zip", backup)
    assert result.outcome == "committed", result
    assert [(landed.feed, landed.rows_loaded) for landed in result.deliveries] == [
        ("zoho_crm.accounts", 1),
        ("zoho_crm.deals", 1),
        ("zoho_crm.deals", 1),
    ]
    assert "Metadata/Fields_001.csv: ignored" in (result.reason or "")


def test_a_backup_in_the_folder_of_one_feed_brings_the_others_too(settings: Settings) -> None:
    backup = _zip({"Accounts_001.csv": ACCOUNTS, "Deals_001.csv": DIALECTS["new backup"][1]})
    result = ingest_one(settings, "zoho_crm/deals/backup.zip", backup)
    assert sorted(landed.feed for landed in result.deliveries) == ["zoho_crm.accounts", "zoho_crm.deals"]


def test_a_zip_without_a_feeds_file_is_refused(settings: Settings) -> None:
    result = ingest_one(settings, "zoho_crm/backup.zip", _zip({"Metadata/Fields_001.csv": "Id,Label\n1,Amount\n"}))
    assert result.outcome == "rejected"
    assert "none of its files is called like a feed" in (result.reason or "")


def test_a_file_beside_the_folders_is_of_the_feed_that_it_is_called_after(settings: Settings) -> None:
    result = ingest_one(settings, "zoho_crm/Deals_2026_01_26.csv", DIALECTS["old backup"][1].encode())
    assert [landed.feed for landed in result.deliveries] == ["zoho_crm.deals"]
    history = "Record Id,Deal Name.id,Stage,Moved To,Modified Time\nzcrm_7,zcrm_1,Won,,2026-01-20 08:00:00\n"
    result = ingest_one(settings, "zoho_crm/Deals__2026_01_26.csv", history.encode())
    assert [landed.feed for landed in result.deliveries] == ["zoho_crm.stage_history"]


@pytest.mark.parametrize(
    ("source", "name", "feed"),
    [
        ("zoho_crm", "Deals_2026_01_26.csv", "deals"),
        ("zoho_crm", "Deals_001.csv", "deals"),
        ("zoho_crm", "Deals__2026_01_26.csv", "stage_history"),
        ("zoho_crm", "Sales_Orders_2026_01_26.csv", "sales_orders"),
        ("zoho_crm", "Principals_X_Properties_2026_01_26.csv", None),
        ("zoho_crm", "Notes_Contacts_2026_02_10.csv", None),
        ("jiandaoyun_crm", "合同订单_20260126103000.xlsx", "contracts"),
        ("jiandaoyun_crm", "回款计划(1).xlsx", "collection_plans"),
        ("finance", "Customer_Payment.csv", "receipts"),
        ("finance", "收款单列表 2026-01.xls", "receipts"),
    ],
)
def test_names_of_files(source: str, name: str, feed: str | None) -> None:
    found = contracts.feed_of_file(source, name)
    assert (found.name if found else None) == feed


def test_an_open_end_in_the_words_of_an_hr_system_is_blank(settings: Settings) -> None:
    text = "工号,上级工号,团队,生效日期,失效日期\nE1,E9,一组,2026-01-01,9999-12-31\nE2,E9,一组,2026-01-01,9998-12-31\n"
    result = ingest_one(settings, "hr/reporting_lines/lines.csv", text.encode())
    assert (result.rows_loaded, result.rows_quarantined) == (1, 1)
    assert rows(settings, "hr__reporting_lines", "employee_id, valid_to") == [("E1", None)]


BEFORE = "Record Id,Stage,Amount,Closing Date,Lead Source\nzcrm_1,Won,5,2026-01-03,Web\n"
AFTER = "Record Id,Stage,Amount,Closing Date,Lead Source of deal\nzcrm_2,Won,5,2026-02-03,Web\n"


def test_an_export_that_loses_a_column_is_refused_until_somebody_says_so(settings: Settings) -> None:
    ingest_one(settings, "zoho_crm/deals/Deals_2026_01_26.csv", BEFORE.encode())
    lost = ingest_one(settings, "zoho_crm/deals/Deals_2026_02_26.csv", AFTER.encode())
    assert lost.outcome == "rejected"
    assert "lead_source (Lead Source" in (lost.reason or "") and "did 'Lead Source of deal' take its place" in (
        lost.reason or ""
    )
    assert "Deals_2026_01_26.csv had it" in (lost.reason or "")
    assert "--without deals.lead_source" in (lost.remedy or "")
    other = ingest_one(settings, "zoho_crm/deals/Deals_of_the_east.csv", AFTER.replace("zcrm_2", "zcrm_3").encode())
    assert other.outcome == "committed", "another export is no loss"
    earlier = ingest_one(settings, "zoho_crm/deals/Deals_2025_12_26.csv", AFTER.replace("zcrm_2", "zcrm_4").encode())
    assert earlier.outcome == "committed", "what was before had nothing to lose"
    drop(settings, "zoho_crm/deals/Deals_2026_02_26.csv", AFTER.encode())
    report = deliveries.ingest_source(settings, "zoho_crm", ["deals.lead_source"])
    assert [file.outcome for file in report.files] == ["committed"]
    after = ingest_one(settings, "zoho_crm/deals/Deals_2026_03_26.csv", AFTER.replace("zcrm_2", "zcrm_5").encode())
    assert after.outcome == "committed", "said once, it is known"


# The same deal as a module's export and a data backup name it; only the first tells the owner's name.
MODULE = "Record Id,Deal Owner.id,Deal Owner,Stage,Amount,Closing Date\nzcrm_1,zcrm_9,Ann,Won,5,2026-01-03\n"
BACKUP = "Record Id,Deal Owner Id,Stage,Amount,Closing Date\nzcrm_2,zcrm_9,Won,5,2026-01-03\n"


def test_a_backup_has_lost_nothing_that_the_modules_export_had(settings: Settings) -> None:
    """Each dialect is held against its own last file, whichever came first."""
    for name, text in (("Deals_2026_01_26.csv", MODULE), ("Deals_001.csv", BACKUP)):
        assert ingest_one(settings, f"zoho_crm/deals/{name}", text.encode()).outcome == "committed", name
    for text, lost in ((MODULE.replace("Deal Owner,", "").replace("Ann,", ""), "Deal Owner"), (BACKUP, None)):
        again = ingest_one(settings, "zoho_crm/deals/Deals_002.csv", text.replace("zcrm_", "zcrm_7").encode())
        assert again.outcome == ("committed" if lost is None else "rejected")
        assert lost is None or f"owner_name ({lost}" in (again.reason or ""), again.reason


def test_a_column_that_nobody_has_can_not_be_done_without(settings: Settings) -> None:
    with pytest.raises(BadInput, match=r"did you mean 'deals\.lead_source'"):
        deliveries.ingest_source(settings, "zoho_crm", ["deals.lead_sourc"])


@pytest.mark.parametrize(
    ("limit", "says"), [("MAX_FILE_BYTES", "bytes, more than"), ("MAX_ROWS", "rows that a file may")]
)
def test_a_file_beyond_the_limits_is_refused(
    settings: Settings, monkeypatch: pytest.MonkeyPatch, limit: str, says: str
) -> None:
    monkeypatch.setattr(f"attain.ingest.tables.{limit}", 1)
    text = BEFORE + "zcrm_9,Won,5,2026-01-03,Web\n"
    result = ingest_one(settings, "zoho_crm/deals/Deals_2026_01_26.csv", text.encode())
    assert (result.outcome, says in (result.reason or "")) == ("rejected", True), result


def test_every_layout_is_recognised_by_a_header_of_its_own() -> None:
    for feed in contracts.feeds().values():
        signatures = [(layout.has, layout.rows_of) for layout in feed.layouts]
        assert len(set(signatures)) == len(signatures), feed.code
        for target in layouts.all_targets(feed, Formats("Asia/Shanghai")):
            missing = {
                name for name in target.feed.key if not target.headers.get(name) and name not in target.constants
            }
            assert not missing, (feed.code, target.layout)


def _old(path: Path) -> None:
    import os
    import time

    os.utime(path, (time.time() - 60,) * 2)


def test_users_of_zoho_may_have_their_names_in_parts(settings: Settings) -> None:
    content = b"Record Id,First Name,Last Name,Email\nzcrm_404427000000247001,Mei,Lin,mei@example.com\n"
    assert ingest_one(settings, "zoho_crm/users/Users.csv", content).outcome == "committed"
    told = rows(settings, "zoho_crm__users", "full_name, first_name, last_name")
    assert told == [(None, "Mei", "Lin")]
    nameless = ingest_one(settings, "zoho_crm/users/Users2.csv", b"Record Id,Role\n7,Sales\n")
    assert nameless.outcome == "rejected" and "Full Name" in (nameless.reason or ""), nameless
