"""Every bad input has one expected outcome: rows in quarantine with a reason, or the file rejected with a remedy."""

from __future__ import annotations

import gzip
import io
import zipfile
from dataclasses import dataclass

import pytest

from attain.settings import Settings
from tests.ingest.exports import DEALS_HEADER, deal, deals, drop, ingest, ingest_one, quarantined, rows

GOOD = deals(deal(1), deal(2), deal(3))


@dataclass(frozen=True)
class Cell:
    """A cell of an export and what must become of it: a value, or a reason; `currency` stands in the same row."""

    column: str
    text: str
    value: str | None = None
    refused: str | None = None
    currency: str = "CNY"


def _zip(name: str, content: bytes) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr(name, content)
    return buffer.getvalue()


CELLS = [
    Cell("Amount", "1234.5", "1234.50"),
    Cell("Amount", "250000.0", "250000.00"),
    Cell("Amount", "10.5000", "10.50"),
    Cell("Amount", '"1,234,567.89"', "1234567.89"),
    Cell("Amount", '"¥1,234.00"', "1234.00"),
    Cell("Amount", '"￥ 1,234.00"', "1234.00"),
    Cell("Amount", '"$1,234.00"', "1234.00", currency="USD"),
    Cell("Amount", "＄5", "5.00", currency="HKD"),
    Cell("Amount", "US$5", "5.00", currency="USD"),
    Cell("Amount", "¥5", "5.00", currency="JPY"),
    Cell("Amount", "€5", "5.00", currency="EUR"),
    Cell("Amount", "$5", refused="not that of the row's currency"),
    Cell("Amount", "US$5", refused="not that of the row's currency", currency="HKD"),
    Cell("Amount", "5 USD", refused="not that of the row's currency"),
    Cell("Amount", "¥5", refused="not that of the row's currency", currency="USD"),
    Cell("Amount", '"1,234.00 CNY"', "1234.00"),
    Cell("Amount", "1234RMB", "1234.00"),
    Cell("Amount", "人民币1234元", "1234.00"),
    Cell("Amount", "−5", "-5.00"),
    Cell("Amount", "1 234.50", "1234.50"),
    Cell("Amount", "1\u00a0234\u00a0567", "1234567.00"),
    Cell("Amount", "12 34.5", refused="not a number"),
    Cell("Amount", "100 200", "100200.00"),
    Cell("Amount", '"=""12.50"""', "12.50"),
    Cell("Amount", "'12.50", "12.50"),
    Cell("Amount", "1234.00元", "1234.00"),
    Cell("Amount", "CNY 12", "12.00"),
    Cell("Amount", "１，２３４．００".replace("，", ""), "1234.00"),
    Cell("Amount", "(250.00)", "-250.00"),
    Cell("Amount", "$(250.00)", "-250.00", currency="USD"),
    Cell("Amount", "-¥5", "-5.00"),
    Cell("Amount", "250.00-", "-250.00"),
    Cell("Amount", " 12 ", "12.00"),
    Cell("Amount", "", None),
    Cell("Amount", "10.005", refused="more than 2 decimals"),
    Cell("Amount", "1.5E+03", refused="power of ten"),
    Cell("Amount", "1e400", refused="not a number"),
    Cell("Amount", "NaN", refused="not a number"),
    Cell("Amount", "inf", refused="not a number"),
    Cell("Amount", "#REF!", refused="not a number"),
    Cell("Amount", "-", refused="not a number"),
    Cell("Amount", "1.2万", refused="万"),
    Cell("Amount", '"1.234,56"', refused="two ways"),
    Cell("Amount", '"2,02,4994"', refused="two ways"),
    Cell("Amount", "250.00 CR", refused="not a number"),
    Cell("Amount", "--5", refused="not a number"),
    Cell("Amount", "(-5)", refused="not a number"),
    Cell("Amount", "12345678901234567890", refused="larger than"),
    Cell("Amount", "1_000", refused="not a number"),
    Cell("Closing Date", "2025-01-03", "2025-01-03"),
    Cell("Closing Date", "2025/1/3", "2025-01-03"),
    Cell("Closing Date", "2025.1.3", "2025-01-03"),
    Cell("Closing Date", "20250103", "2025-01-03"),
    Cell("Closing Date", "2025年1月3日", "2025-01-03"),
    Cell("Closing Date", "２０２５年１月３日", "2025-01-03"),
    Cell("Closing Date", '"Oct 7, 2025"', "2025-10-07"),
    Cell("Closing Date", "45660", "2025-01-03"),
    Cell("Closing Date", "2025-01-03 23:30:00", "2025-01-03"),
    Cell("Closing Date", "2025-01-03T23:30:00Z", "2025-01-04"),  # half past seven the next morning in Shanghai
    Cell("Closing Date", "03/04/2025", refused="can't be told apart"),
    Cell("Closing Date", "13/04/2025", refused="can't be told apart"),
    Cell("Closing Date", "2025-02-30", refused="not a date that exists"),
    Cell("Closing Date", "2025年1月", refused="a day is needed"),
    Cell("Closing Date", "1899-12-31", refused="outside 1990–2100"),
    Cell("Closing Date", "20205-01-01", refused="outside 1990–2100"),
    Cell("Closing Date", "2101-01-01", refused="outside 1990–2100"),
    Cell("Closing Date", "soon", refused="not a date"),
    Cell("Closing Date", "45660.5", refused="a spreadsheet's number of a moment"),
    Cell("Closing Date", "03-Jan-2025", "2025-01-03"),
    Cell("Closing Date", "3 January 2025", "2025-01-03"),
    Cell("Closing Date", '"Friday, January 3, 2025"', "2025-01-03"),
    Cell("Closing Date", '"Fri, 3 Jan 2025"', "2025-01-03"),
    Cell("Closing Date", "03-Jan-25", refused="not a date"),
    Cell("Closing Date", '="2025-01-03"', "2025-01-03"),
    Cell("Closing Date", "--", None),
    Cell("Closing Date", "——", None),
    Cell("Created Time", "2025-01-03 10:00:00", "2025-01-03 02:00:00"),
    Cell("Created Time", "2025-01-03", "2025-01-02 16:00:00"),
    Cell("Created Time", "2025/1/3 10:00", "2025-01-03 02:00:00"),
    Cell("Created Time", '"Oct 7, 2025 6:55 PM"', "2025-10-07 10:55:00"),
    Cell("Created Time", "2025-01-03T10:00:00+08:00", "2025-01-03 02:00:00"),
    Cell("Created Time", "2025-01-03T10:00:00-05:00", "2025-01-03 15:00:00"),
    Cell("Created Time", "2025-01-03T10:00:00Z", "2025-01-03 10:00:00"),
    Cell("Created Time", "1991-07-01 12:00:00", "1991-07-01 03:00:00"),  # China kept summer time until 1991
    Cell("Created Time", "1735869600", "2025-01-03 02:00:00"),  # seconds since 1970
    Cell("Created Time", "1735869600123", "2025-01-03 02:00:00.123"),  # milliseconds
    Cell("Closing Date", "1735833600000", "2025-01-03"),  # midnight of that day in Shanghai
    Cell("Closing Date", "17358696", refused="not a date"),
    Cell("Created Time", "2025/1/3 上午 10:00", "2025-01-03 02:00:00"),
    Cell("Created Time", "2025-01-03 下午3:00:00", "2025-01-03 07:00:00"),
    Cell("Created Time", "2025-01-03 下午13:00", refused="not a date"),
    Cell("Created Time", "2025年1月3日10:00", "2025-01-03 02:00:00"),
    Cell("Created Time", "2025年01月03日 10时00分05秒", "2025-01-03 02:00:05"),
    Cell("Created Time", "2025-01-03 10:00:00.0", "2025-01-03 02:00:00"),
    Cell("Created Time", "2025-01-03T10:00:00.000+0800", "2025-01-03 02:00:00"),
    Cell("Created Time", "2025-01-03T02:00Z", "2025-01-03 02:00:00"),
    Cell("Created Time", "2025/01/03 10:00:00+08:00", "2025-01-03 02:00:00"),
    Cell("Created Time", "2025-01-03 10:00:00 +0800 CST", "2025-01-03 02:00:00"),
    Cell("Created Time", "2025-01-03 02:00:00 UTC", "2025-01-03 02:00:00"),
    Cell("Created Time", "20250103100000", "2025-01-03 02:00:00"),
    Cell("Created Time", "20250103T020000Z", "2025-01-03 02:00:00"),
    Cell("Created Time", "03 Jan 2025 10:00 AM", "2025-01-03 02:00:00"),
    Cell("Created Time", "Fri Jan 03 15:05:00 CST 2025", refused="not a date"),  # in China or in Chicago
    Cell("Created Time", "2025-01-03 24:00:00", refused="not a date"),
    Cell("Created Time", "2025-01-03 25:00:00", refused="not a date"),
    Cell("Record Id", "zcrm_404427000000249265", "404427000000249265"),
    Cell("Record Id", "404427000000249265", "404427000000249265"),
    Cell("Record Id", "12345.0", "12345"),
    Cell("Record Id", "007", "007"),
    Cell("Record Id", "84E13025", "84E13025"),
    Cell("Record Id", "4.04427E+17", refused="last digits are lost"),
    Cell("Record Id", "4E+17", refused="last digits are lost"),
    Cell("Record Id", '="0001"', "0001"),
    Cell("Record Id", '"=""0002"""', "0002"),
    Cell("Record Id", "'0003", "0003"),
    Cell("Record Id", "`0004", "0004"),
    Cell("Record Id", "-", refused="blank"),
    Cell("Record Id", "无", refused="blank"),
    Cell("Record Id", "null", refused="blank"),
    Cell("Record Id", "null-1", "null-1"),
    Cell("Currency", "usd", "USD"),
    Cell("Currency", "人民币", "CNY"),
    Cell("Currency", "RMB", "CNY"),
    Cell("Currency", "XQQ", refused="not a currency"),
    Cell("Stage", "", refused="blank"),
    Cell("Record Id", "", refused="blank"),
    Cell("Deal Name", "合计贸易", "合计贸易"),
    Cell("Deal Name", '"two\nlines"', "two\nlines"),
    Cell("Deal Name", '"say ""hi"""', 'say "hi"'),
    Cell("Deal Name", '5" disk', '5" disk'),
    Cell("Deal Name", "\u200b\ufeff Lin \u00a0", "Lin"),
    Cell("Deal Name", "=1+1", "=1+1"),
    Cell("Deal Name", '="007"', "007"),
    Cell("Deal Name", "'s-Gravenhage", "'s-Gravenhage"),
    Cell("Deal Name", "-", "-"),
]  # fmt: skip

CANONICAL = {
    "Amount": "amount",
    "Closing Date": "closing_date",
    "Created Time": "created_at",
    "Record Id": "deal_id",
    "Currency": "currency_code",
    "Stage": "stage",
    "Deal Name": "deal_name",
}


def test_cells(settings: Settings) -> None:
    """All cells of the table in one file: one row each, so that no fault hides behind another."""
    header = DEALS_HEADER.split(",")
    lines = []
    for number, cell in enumerate(CELLS, start=1):
        values = dict(zip(header, deal(number).split(","), strict=True))
        values["Currency"] = cell.currency
        values[cell.column] = cell.text
        lines.append(",".join(values.values()))
    # Enough good rows that the refused ones are no reason to refuse the file.
    lines += [deal(1000 + number) for number in range(200)]
    result = ingest_one(settings, "zoho_crm/deals/cells.csv", deals(*lines))
    assert result.outcome == "committed", result.reason
    names = ", ".join(f"{name}::varchar" for name in CANONICAL.values())
    loaded = {
        row[0]: dict(zip(CANONICAL, row[1:], strict=True))
        for row in rows(settings, "zoho_crm__deals", f"_row_number, {names}")
    }
    refused = {row[0]: row[1:] for row in quarantined(settings)}
    got = []
    for number, cell in enumerate(CELLS, start=2):
        if cell.refused is None:
            assert number in loaded, (cell, refused.get(number))
            got.append((cell.column, cell.text, loaded[number][cell.column]))
        else:
            assert number in refused, (cell, loaded.get(number))
            name, value, reason = refused[number]
            assert name == CANONICAL[cell.column]
            assert (value or "") == cell.text.strip('"')
            assert cell.refused in reason, (cell, reason)
    assert got == [(cell.column, cell.text, cell.value) for cell in CELLS if cell.refused is None]
    assert len(loaded) + len(refused) == len(CELLS) + 200


@dataclass(frozen=True)
class File:
    """A file and its expected outcome; `says` is part of the reason; `counts` are loaded, quarantined, totals."""

    case: str
    content: bytes
    outcome: str = "rejected"
    says: str = ""
    counts: tuple[int, int, int] = (0, 0, 0)
    suffix: str = ".csv"


TWO_ROWS = "Record Id,Amount,Closing Date,Stage,Lines,\n,,,,Product,Qty"

SHARES = "Record Id,Stage,Amount,Closing Date,Split Owner 1,Split Percent 1,Split Owner 2,Split Percent 2"

FILES = [
    File("empty", b"", says="empty"),
    File("blank lines only", b"\n\n  \n", says="empty"),
    File("header only", deals(), "committed", counts=(0, 0, 0)),
    File("header only, no line end", deals().rstrip(b"\n"), "committed", counts=(0, 0, 0)),
    File("no header", (deal(1) + "\n" + deal(2) + "\n").encode(), says="missing columns"),
    File("header twice", deals(deal(1), DEALS_HEADER, deal(2)), "committed", counts=(2, 1, 0)),
    File("header in row 4", b"Deals of March\n\nmade by Lin\n" + GOOD, "committed", counts=(3, 0, 0)),
    File("a title that says 万元", "商机表\n单位：万元\n".encode() + GOOD, says="单位：万元"),
    File("a title that says 元", "商机表\n单位：元\n".encode() + GOOD, "committed", counts=(3, 0, 0)),
    File("a title of a company", "单位：万科企业（元）\n".encode() + GOOD, "committed", counts=(3, 0, 0)),
    File("a title in thousands", b"Deals (in thousands),,,,,,,\n" + GOOD, says="in thousands"),
    File("a title in RMB'000", b"Deals (RMB'000),,,,,,,\n" + GOOD, says="RMB'000"),
    File("a note that says 万元", GOOD + "注：金额单位为人民币万元\n".encode(), says="单位为人民币万元"),
    File("a note of whole columns that says 万元", GOOD + "注：金额单位为万元,,,,,,,\n".encode(), says="单位为万元"),
    File("a row of units", deals(",,,,万元,,,", deal(1)), says="万元"),
    File("blank tail", GOOD + b",,,,,,,\n" * 5000, "committed", counts=(3, 0, 0)),
    File("blank lines", GOOD.replace(b"\n", b"\n\n"), "committed", counts=(3, 0, 0)),
    File("renamed column", GOOD.replace(b"Stage", b"Deal Stag"), says="'Deal Stag'"),
    File("dropped column", deals("1,Won,2025-01-03", header="Record Id,Stage,Closing Date"), says="deals: amount"),
    File("renamed column that pays", GOOD.replace(b"Amount", b"Amount in RMB"), says="did 'Amount in RMB' take"),
    File("slip in an optional column", GOOD.replace(b"Created Time", b"Created Tme"), says="did 'Created Tme' take"),
    File("headers with a unit and a star", GOOD.replace(b"Amount", "*Amount（元）".encode()), "committed",
         counts=(3, 0, 0)),
    File("headers and cells as formulas of text", deals('="1","=""Won""",="5",="2025-01-03"',
         header='="Record Id","=""Stage""",="Amount",="Closing Date"'), "committed", counts=(1, 0, 0)),
    File("a header with another unit", GOOD.replace(b"Amount", "Amount（万元）".encode()), says="'Amount（万元）'"),
    File("shares that may be percent or parts of one", deals("1,Won,5,2025-01-03,Lin,0.6,Wu,0.4", header=SHARES),
         says="0.6 may mean 60 % or 0.6 %"),
    File("the same in many plain rows", deals(*(f"{n},Won,5,2025-01-03,Lin,0.6,," for n in range(700)), header=SHARES),
         says="0.6 may mean 60 % or 0.6 %"),
    File("shares in percent", deals("1,Won,5,2025-01-03,Lin,60,Wu,40%", header=SHARES), "committed", counts=(1, 0, 0)),
    File("small shares with their sign", deals("1,Won,5,2025-01-03,Lin,0.6%,,", header=SHARES), "committed",
         counts=(1, 0, 0)),
    File("a header that says percent", deals("1,Won,5,2025-01-03,0.5", header="Id,Stage,Amount,Closing Date,Split % 1"),
         "committed", counts=(1, 0, 0)),
    File("missing key column", deals("Deal 1,Won,5", header="Deal Name,Stage,Amount"), says="deal_id"),
    File(
        "reordered columns",
        deals("Won,zcrm_1,2025-01-03,5", "Won,zcrm_2,,6", header="Stage,Record Id,Closing Date,Amount"),
        "committed",
        counts=(2, 0, 0),
    ),
    File("duplicate needed column", deals("1,Won,5,6", header="Record Id,Stage,Amount,Amount"), says="more than once"),
    File(
        "duplicate unneeded column",
        deals("1,Won,5,6,7,2025-01-03", header="Record Id,Stage,Tag,Tag,Amount,Closing Date"),
        "committed",
        counts=(1, 0, 0),
    ),
    File("short row", deals(deal(1), "zcrm_2,Deal 2", deal(3)), "committed", counts=(2, 1, 0)),
    File("long row", deals(deal(1), deal(2) + ",x,y", deal(3)), "committed", counts=(2, 1, 0)),
    File("trailing comma", deals(*(deal(n) + "," for n in range(3))), "committed", counts=(3, 0, 0)),
    File("unclosed quote", deals(deal(1), deal(2).replace("Deal 2", '"Deal 2'), deal(3)), says="quote"),
    # the count of rows agrees, and all that follows the quote would be one cell
    File("unclosed quote, no line end", GOOD.replace(b"Deal 2", b'"Deal 2').rstrip(b"\n"), says="quote"),
    File("two lone quotes", GOOD.replace(b"Deal 1", b'"Deal 1').replace(b"Deal 3", b'"Deal 3'), says="quote"),
    File("two lone quotes, one in a cell", GOOD.replace(b"Deal 1", b'"Deal 1').replace(b"Mei", b'5" M'), says="quote"),
    File("quoted word, cell of two lines", GOOD.replace(b"Deal 1", b'"Deal" 1').replace(b"Deal 2", b'"two\nlines"'),
         "committed", counts=(3, 0, 0)),
    File("cut off in a quoted cell", deals(deal(1), deal(2) + ',"see', header=DEALS_HEADER + ",Note").rstrip(b"\n"),
         says="quote"),
    File("inches, no last line end", deals(deal(1), deal(2) + ',5" disk', header=DEALS_HEADER + ",Note").rstrip(b"\n"),
         "committed", counts=(1, 1, 0)),
    File("a cell longer than the standard library reads", deals("x" * 140_000 + ",x", *(deal(n) for n in range(3))),
         "committed", counts=(3, 1, 0)),
    File("few rows, half of them refused, with blank lines", deals(*(deal(n, "x") + "\n\n\n" for n in range(10)),
         *(deal(n) for n in range(20, 30))), "committed", counts=(10, 10, 0)),
    File("CR only", GOOD.replace(b"\n", b"\r"), "committed", counts=(3, 0, 0)),
    File("CRLF", GOOD.replace(b"\n", b"\r\n"), "committed", counts=(3, 0, 0)),
    File("mixed line ends", GOOD.replace(b"\n", b"\r\n", 2), "committed", counts=(3, 0, 0)),
    File("no last line end", GOOD.rstrip(b"\n"), "committed", counts=(3, 0, 0)),
    File("NUL byte", GOOD.replace(b"Mei", b"M\x00i"), says="NUL"),
    File("UTF-8 with BOM", b"\xef\xbb\xbf" + GOOD, "committed", counts=(3, 0, 0)),
    File("UTF-16 LE", GOOD.decode().encode("utf-16"), "committed", counts=(3, 0, 0)),
    File("UTF-16 BE", b"\xfe\xff" + GOOD.decode().encode("utf-16-be"), "committed", counts=(3, 0, 0)),
    File("UTF-16 without its mark", GOOD.decode().encode("utf-16-le"), says="UTF-16 without the mark"),
    File("the end mark of DOS", GOOD + b"\x1a", "committed", counts=(3, 0, 0)),
    File("GB18030", GOOD.decode().replace("Mei Lin", "林美").encode("gb18030"), "committed", counts=(3, 0, 0)),
    File("Latin-1", GOOD.decode().replace("Mei", "Zoé Désirée").encode("latin-1"), says="neither UTF-8 nor GB18030"),
    File("semicolons", GOOD.replace(b",", b";"), "committed", counts=(3, 0, 0)),
    File("tabs", GOOD.replace(b",", b"\t"), "committed", counts=(3, 0, 0), suffix=".tsv"),
    File("bars", GOOD.replace(b",", b"|"), "committed", counts=(3, 0, 0), suffix=".txt"),
    File("web page", b"<!DOCTYPE html><html><body>Sign in</body></html>", says="web page"),
    File("zip as csv", _zip("deals.csv", GOOD), says="zip"),
    File("gzip as csv", gzip.compress(GOOD), says="gzip"),
    File("old workbook as csv", b"\xd0\xcf\x11\xe0" + b"\x00" * 600, says="Excel"),
    File("unknown kind", GOOD, says="'.pdf'", suffix=".pdf"),
    File("damaged workbook", b"PK\x03\x04 not a zip", says="damaged", suffix=".xlsx"),
    File("zip that is no workbook", _zip("x.txt", b"hello"), says="can't be read", suffix=".xlsx"),
    File("locked workbook", b"\xd0\xcf\x11\xe0" + b"\x00" * 600, says="password", suffix=".xlsx"),
    File("stage history", deals("1,D,Won,Lost", header="Record Id,Deal Name,Stage,Moved To"), says="Stage History"),
    File("totals row right", deals(deal(1, "1.1"), deal(2, "2.2"), "合计,,,,3.30,,,"), "committed", counts=(2, 0, 1)),
    File("totals row, spaces", deals(deal(1, "1.1"), deal(2, "2.2"), ",合 计,,,3.3,,,"), "committed", counts=(2, 0, 1)),
    File("totals row, hard space", deals(deal(1, "1.1"), "合\u00a0计,,,,1.1,,,"), "committed", counts=(1, 0, 1)),
    File("totals row, short", deals(deal(1, "1.1"), deal(2, "2.2"), "合计,,,,3.30"), "committed", counts=(2, 0, 1)),
    File("totals row, short and wrong", deals(deal(1, "1.1"), "Total,,,,1.2", deal(2, "2.2")), says="1.2"),
    File("total wrong above a short row", deals(deal(1, "1.1"), "Total,,,,1.2,,,", deal(2), "zcrm_3,x"), says="1.2"),
    File("total wrong below a short row", deals(deal(1, "1.1"), "zcrm_3,x", "Total,,,,1.2,,,", deal(2)), "committed",
         counts=(2, 1, 1)),
    File("totals row, short, between", deals(deal(1, "1.1"), "小计,,,,1.1", deal(2, "2.2"), "小计,,,,2.2"), "committed",
         counts=(2, 0, 2)),
    File("totals row wrong", deals(deal(1, "10.10"), deal(2, "20.20"), "Total,,,,30.31,,,"), says="30.31"),
    File(
        "subtotals",
        deals(deal(1, "1"), deal(2, "2"), "小计,,,,3,,,", deal(3, "4"), "小计,,,,4,,,", "总计,,,,7,,,"),
        "committed",
        counts=(3, 0, 3),
    ),
    File("subtotal wrong", deals(deal(1, "1"), "小计,,,,1,,,", deal(3, "4"), "小计,,,,5,,,"), says="is 5.00"),
    File(
        "total beside an unreadable amount",
        deals(deal(1, "1"), deal(2, "x"), "合计,,,,9,,,"),
        "committed",
        counts=(1, 1, 1),
    ),
    File(
        "total counts refused rows",
        deals(deal(1, "1"), deal(2, "2", closing="03/04/2025"), "合计,,,,3,,,"),
        "committed",
        counts=(1, 1, 1),
    ),
    File("footer", deals(deal(1), ",制表人：林,,,,,,"), "committed", counts=(1, 1, 0)),
    File("footer in the key", deals(deal(1), "制表人：林,,审核：,王,,,,"), "committed", counts=(1, 1, 0)),
    File("a key like a footer", deals(deal(1), "注：1,Deal,Mei,Won,,,,"), "committed", counts=(1, 1, 0)),
    File("a key like a footer with money", deals("注：1,Deal,Mei,Won,5,,,"), "committed", counts=(1, 0, 0)),
    File("footer of one cell", deals(deal(1), "打印时间：2025-01-03 10:00"), "committed", counts=(1, 1, 0)),
    File("a lone day", deals(deal(1), "2025年1月3日,,,,,,,"), "committed", counts=(1, 1, 0)),
    File(
        "more footers and headings than rows",
        deals(*(line for n in range(12) for line in (deal(n), f",第 {n} 页,,,,,,", DEALS_HEADER))),
        "committed",
        counts=(12, 24, 0),
    ),
    File("totals label with a count", deals(deal(1), deal(2), "合计：2 笔,,,,200,,,"), "committed", counts=(2, 0, 1)),
    File("totals label with a colon", deals(deal(1), ",,,总 计 ：,100,,,"), "committed", counts=(1, 0, 1)),
    File("a total called 汇总", deals(deal(1, "1"), deal(2, "2"), "汇总,,,,3,,,"), "committed", counts=(2, 0, 1)),
    File(
        "subtotals of a spreadsheet's groups",
        deals(deal(1, "1"), deal(2, "2"), ",,Mei 汇总,,3,,,", deal(3, "4"), ",,Lin Total,,4.00,,,", ",,总计,,7,,,"),
        "committed",
        counts=(3, 0, 3),
    ),
    File("a wrong subtotal of a group", deals(deal(1, "1"), ",,Mei 汇总,,2,,,", ",,总计,,1,,,"), says="add up to 3.00"),
    File("a row without its key that is no subtotal", deals(deal(1, "1"), ",,Mei 汇总,,2,,,"), "committed",
         counts=(1, 1, 0)),
    File("ids rounded by a program", deals(*(f"40442700000{n}00000,D,M,Won,1,CNY,," for n in range(100, 110))),
         says="all 10 ids of 18 digits or more end in zeros, e.g. 4044270000010000000"),
    File(
        "one id among them that is whole",
        deals(deal(1), *(f"40442700000{n}00000,D,M,Won,1,CNY,," for n in range(100, 110))),
        "committed",
        counts=(11, 0, 0),
    ),
    File("totals of a page", deals(deal(1), "本页小计,,,,100,,,", deal(2), "本页小计,,,,100,,,"), "committed",
         counts=(2, 0, 2)),
    File("a total for each section", deals(deal(1), "合计,,,,100,,,", deal(2), deal(3), "合计,,,,200,,,"), "committed",
         counts=(3, 0, 2)),
    File(
        "a total that is only the last rows'",
        deals(deal(1), "小计,,,,100,,,", deal(2), "合计,,,,100,,,"),
        says="is 100.00, but the rows above add up to 200.00",
    ),
    File("a running total", deals(deal(1), "本年累计,,,,900,,,"), "committed", counts=(1, 0, 1)),
    File("a customer called 合计贸易", deals(deal(1), "合计贸易,,合计,Won,5,,,"), "committed", counts=(2, 0, 0)),
    File(
        "totals of named sections",
        deals(
            ",Lin,,,,,,", ",Acme Ltd,,,,,,", deal(1), "Total for Acme Ltd,,,,100,,,", ",Birch,,,,,,", deal(2), deal(3),
            ",Total Birch,,,200,,,", ",Total for Lin,,,300,,,", "TOTAL,,,,300,,,",
            ",Accrual Basis Friday,,,,,,",
        ),
        "committed",
        counts=(3, 4, 4),
    ),
    File("a wrong total of a named section", deals(",Lin,,,,,,", deal(1), ",Total for Lin,,,101,,,"), says="is 101.00"),
    File("an error of a formula", deals(deal(1).replace("Mei Lin", "#N/A"), deal(2)), "committed", counts=(1, 1, 0)),
    File("a hash is no error", deals(deal(1).replace("Mei Lin", "#1 team")), "committed", counts=(1, 0, 0)),
    File("two header rows", deals("1,5,2025-01-03,Won,A,2", header=TWO_ROWS), "committed", counts=(1, 0, 0)),
    File("two header rows twice", deals("1,5,2025-01-03,Won,A,2", TWO_ROWS, "2,5,2025-01-03,Won,B,3", header=TWO_ROWS),
         "committed", counts=(2, 2, 0)),
    File(
        "too many bad rows",
        deals(*(deal(n, "x" if n % 3 == 0 else "1") for n in range(30))),
        says="too many",
    ),
    File("few rows, all bad", deals(*(deal(n, "x") for n in range(5))), "committed", counts=(0, 5, 0)),
    File("same key twice", deals(deal(1), deal(1, "5")), "committed", counts=(2, 0, 0)),
    File(
        "quoted line breaks",
        deals(*(deal(n).replace("Mei", '"M\n\ni"') for n in range(4))),
        "committed",
        counts=(4, 0, 0),
    ),
]  # fmt: skip


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.case)
def test_files(settings: Settings, file: File) -> None:
    result = ingest_one(settings, f"zoho_crm/deals/export{file.suffix}", file.content)
    assert (result.outcome, file.says in (result.reason or "")) == (file.outcome, True), result
    if file.outcome == "rejected":
        assert result.remedy
        assert result.rejected_path is not None
        assert (settings.home / result.rejected_path).read_bytes() == file.content
        assert rows(settings, "zoho_crm__deals") == []
    else:
        (landed,) = result.deliveries
        assert (landed.rows_loaded, landed.rows_quarantined, landed.rows_declared_totals) == file.counts, landed
        assert len(rows(settings, "zoho_crm__deals")) == landed.rows_loaded
        assert len(quarantined(settings)) == landed.rows_quarantined
    assert [path for path in settings.inbox.rglob("*") if path.is_file()] == []


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("name", ["Mei, Lin", "Mei\nLin"])
@pytest.mark.parametrize("batch_bytes", [1_000, 3_000, 8 << 20])
def test_rows_keep_their_numbers_over_blocks(
    settings: Settings, monkeypatch: pytest.MonkeyPatch, name: str, end: str, batch_bytes: int
) -> None:
    """Quoted cells, with line ends in them or without, and short rows that lie in many blocks of the reader."""
    monkeypatch.setattr("attain.ingest.delimited.BLOCK_BYTES", 1_000)
    monkeypatch.setattr("attain.ingest.tables.BYTES_A_BATCH", batch_bytes)
    short = set(range(50, 400, 50))
    lines = ["zcrm_1,short" if n in short else deal(n).replace("Mei Lin", f'"{name}"') for n in range(400)]
    content = (end.join([DEALS_HEADER, *lines]) + end).encode()
    result = ingest_one(settings, "zoho_crm/deals/export.csv", content)
    (landed,) = result.deliveries
    assert (landed.rows_loaded, landed.rows_quarantined) == (400 - len(short), len(short)), result
    keys = {number: deal(number).partition(",")[0].removeprefix("zcrm_") for number in range(400)}
    told = rows(settings, "zoho_crm__deals", "_row_number, deal_id, owner_name")
    assert told == [(number + 2, keys[number], name) for number in range(400) if number not in short]
    assert [row[0] for row in quarantined(settings)] == [number + 2 for number in sorted(short)]


@pytest.mark.parametrize("long_at", [0, 7, 200, 399])
def test_a_row_larger_than_the_usual_block(settings: Settings, monkeypatch: pytest.MonkeyPatch, long_at: int) -> None:
    """From there on the file is read in the largest blocks: no row is read twice, and short ones keep their numbers."""
    monkeypatch.setattr("attain.ingest.delimited._USUAL_BLOCK_BYTES", 1_000)
    monkeypatch.setattr("attain.ingest.delimited.BLOCK_BYTES", 20_000)
    monkeypatch.setattr("attain.ingest.tables.BYTES_A_BATCH", 3_000)
    short = set(range(5, 400, 45))
    lines = ["zcrm_1,short" if n in short else deal(n) for n in range(400)]
    lines[long_at] = deal(long_at).replace("Mei Lin", "Mei " + "x" * 5_000)
    result = ingest_one(settings, "zoho_crm/deals/export.csv", deals(*lines))
    (landed,) = result.deliveries
    assert (landed.rows_loaded, landed.rows_quarantined) == (400 - len(short), len(short)), result
    told = rows(settings, "zoho_crm__deals", "_row_number, deal_id, owner_name[:5]")
    assert told == [
        (n + 2, deal(n).partition(",")[0].removeprefix("zcrm_"), "Mei x" if n == long_at else "Mei L")
        for n in range(400)
        if n not in short
    ]
    assert [row[0] for row in quarantined(settings)] == [n + 2 for n in sorted(short)]


def test_a_cell_that_seems_to_end_in_its_line(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    """Two double quotes in each line, but the second opens a cell that only the next line closes."""
    monkeypatch.setattr("attain.ingest.delimited.BLOCK_BYTES", 1_000)
    lines = [deal(n).replace("Deal", 'De"al').replace("Mei", '"Mei') for n in range(99)]
    result = ingest_one(settings, "zoho_crm/deals/export.csv", deals(*lines))
    assert (result.outcome, "double quote" in (result.reason or "")) == ("rejected", True), result


REPORT = """Linden Ltd,,,,
Sales by Customer Detail,,,,
"January 1 - March 31, 2025",,,,

,Record Id,Stage,Amount,Closing Date
Acme Ltd,,,,
,zcrm_1,Closed Won,"4,250.00",2025-01-03
,zcrm_2,Closed Won,$(250.00),2025-01-04
Total for Acme Ltd,,,"$4,000.00",
TOTAL,,,"$4,000.00",
,,,,

"Accrual Basis Wednesday, January 7, 2026 10:00 AM GMT+8",,,,
"""


def test_a_report_with_titles_sections_and_totals(settings: Settings) -> None:
    result = ingest_one(settings, "zoho_crm/deals/report.csv", REPORT.encode("utf-8-sig"))
    assert result.outcome == "committed", result.reason
    (landed,) = result.deliveries
    assert (landed.rows_loaded, landed.rows_quarantined, landed.rows_declared_totals) == (2, 2, 2)
    assert [(row[0], row[3]) for row in quarantined(settings)] == [
        (6, "a text with nothing beside it (Acme Ltd): a heading among the rows, no record"),
        (13, "a line around the table (Accrual Basis Wednesday, January 7, 2026 10:00 AM GMT+8), no record"),
    ]
    wrong = REPORT.replace('"$4,000.00",\nTOTAL', '"$4,000.01",\nTOTAL')
    result = ingest_one(settings, "zoho_crm/deals/wrong.csv", wrong.encode())
    assert result.outcome == "rejected"
    assert "row 9: the totals row says Amount is 4000.01" in (result.reason or "")
    assert "add up to 4000.00" in (result.reason or "")


def test_a_record_without_its_key_is_never_called_a_footer(settings: Settings) -> None:
    """Its amount and its days may be all that is left of it."""
    line = "2025-01-03,x,2025-01-04"
    content = deals(
        "2025-01-05,1,2025-01-05,zcrm_1,Won",
        f"{line},,Won",
        "2025-01-03,,2025-01-04,,",
        header="Closing Date,Amount,Created Time,Record Id,Stage",
    )
    ingest_one(settings, "zoho_crm/deals/keyless.csv", content)
    reasons = [row[3] for row in quarantined(settings)]
    assert len(reasons) == 2
    assert all("Record Id: blank" in reason for reason in reasons)


def test_one_bad_file_does_not_stop_the_others(settings: Settings) -> None:
    drop(settings, "zoho_crm/deals/a.csv", b"")
    drop(settings, "zoho_crm/deals/b.csv", GOOD)
    drop(settings, "zoho_crm/dealz/c.csv", GOOD)
    drop(settings, "zoho_crm/d.csv", GOOD)
    report = ingest(settings)
    outcomes = {result.file_name: (result.outcome, result.reason) for result in report.files}
    assert outcomes["zoho_crm/deals/b.csv"] == ("committed", None)
    assert outcomes["zoho_crm/dealz/c.csv"][0] == "rejected"
    assert "did you mean 'deals'" in (outcomes["zoho_crm/dealz/c.csv"][1] or "")
    assert "no feed's folder" in (outcomes["zoho_crm/d.csv"][1] or "")
    assert (report.committed, report.rejected) == (1, 3)


def test_links_are_never_followed(settings: Settings) -> None:
    outside = settings.home / "outside"
    outside.mkdir(parents=True)
    (outside / "secret.csv").write_bytes(GOOD)
    folder = settings.inbox / "zoho_crm" / "deals"
    folder.mkdir(parents=True)
    (folder / "link.csv").symlink_to(outside / "secret.csv")
    (folder / "more").symlink_to(outside)
    report = ingest(settings)
    assert sorted(result.file_name for result in report.files) == ["zoho_crm/deals/link.csv", "zoho_crm/deals/more"]
    assert all(result.outcome == "rejected" and "link" in (result.reason or "") for result in report.files)
    assert (outside / "secret.csv").read_bytes() == GOOD
    assert ingest(settings).files == []


def test_row_numbers_are_those_of_a_spreadsheet(settings: Settings) -> None:
    lines = [deal(1), deal(2).replace("Mei", '"M\ni"'), "", "zcrm_3,short", deal(4), deal(5, "x"), deal(6)]
    result = ingest_one(settings, "zoho_crm/deals/numbers.csv", b"March\n\n" + deals(*lines))
    assert result.outcome == "committed"
    # title 1, blank 2, header 3, then the rows; a cell with a line break is one row
    assert [row[0] for row in rows(settings, "zoho_crm__deals", "_row_number")] == [4, 5, 8, 10]
    assert [row[0] for row in quarantined(settings)] == [7, 9]


def test_unknown_columns_are_kept_and_reported(settings: Settings) -> None:
    header = "Record Id,Stage,Amount,Closing Date,Colour,Weight (kg)"
    content = deals("1,Won,5,2025-01-03,blue,", "2,Won,5,2025-01-03,,7", header=header)
    result = ingest_one(settings, "zoho_crm/deals/extra.csv", content)
    assert result.deliveries[0].extra_columns == ["Colour", "Weight (kg)"]
    assert rows(settings, "zoho_crm__deals", "_extra") == [
        ('{"Colour":"blue","Weight (kg)":null}',),
        ('{"Colour":null,"Weight (kg)":"7"}',),
    ]


def test_refused_rows_are_kept_whole_with_every_fault(settings: Settings) -> None:
    result = ingest_one(settings, "zoho_crm/deals/two.csv", deals(deal(1, "x", closing="03/04/2025"), deal(2)))
    (sample,) = result.deliveries[0].quarantine_samples
    assert (sample.row_number, sample.column_name, sample.value) == (2, "amount", "x")
    assert "Amount: not a number" in sample.reason and "Closing Date: day and month" in sample.reason
    assert '"Record Id": "zcrm_404427000000000001"' in sample.raw_row
