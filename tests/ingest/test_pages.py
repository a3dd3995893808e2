"""Old workbooks, and web pages saved under a workbook's name.

`files/*.xls` were written by xlwt: a sheet with a note, a sheet with a merged title, header in row 3, two rows and a
totals row; `contracts_sub_form.xls` has two header rows and a contract merged over its two products; `deals_errors.xls`
has a probability shown as percent, an amount of `#REF!` and a probability whose format only writes a `%` behind it.
"""

from __future__ import annotations

import io
import random
from dataclasses import dataclass
from pathlib import Path

import openpyxl
import pytest

from attain.ingest import deliveries, html_tables
from attain.settings import Settings
from tests.ingest.exports import DEALS_HEADER, day, deal, deals, drop, ingest, ingest_one, moment, quarantined, rows

FILES = Path(__file__).parent / "files"
NAME = "jiandaoyun_crm/collections/回款_20260126"
COLUMNS = "_row_number, collection_no, customer_name, collected_date, amount::varchar, collection_type, created_at"
EXPECTED = [
    (4, "HK-1", "合计贸易", day("2025-01-03"), "1234.10", "receipt", moment("2025-01-03 02:00:00")),
    (5, "HK-2", "晨光", day("2025-01-04"), "1000.00", "refund", moment("2025-01-04 01:30:00")),
]
HEADER = ["回款编号", "合同编号", "客户名称", "回款日期", "回款金额", "回款类型", "提交时间", "备注"]
PAGE = """<html xmlns:x="urn:schemas-microsoft-com:office:excel"><head><meta charset=utf-8>
<style>td {mso-number-format:"\\@"} <table></style></head><body>
<table><tr><td>导出人：林</td></tr></table>
<table border=1><thead>
<tr><th colspan=8>回款明细表</th></tr><tr></tr>
<tr><th>回款编号<th>合同编号<th>客户名称<th>回款<br>
日期<th>回款金额<th>回款类型<th>提交时间<th>备注</tr></thead>
<tr><td>HK-1</td><td rowspan=2>HT-1</td><td>
 合计贸易&#8203; </td><td>2025-01-03</td><td>1,234.10</td><td>回款</td><td>2025-01-03 10:00:00</td><td></td></tr>
<tr><td>HK-2</td><td>A&amp;B &lt;晨光&gt;</td><td>2025年1月4日<td>&yen;1,000.00<td>退款
<td>2025-01-04 09:30:00<td>加急</tr>
<tr><td colspan=4>合&nbsp;计</td><td>2234.10</td></tr>
</table></body></html>"""


@pytest.mark.parametrize("suffix", [".xls", ".xlsx"])
def test_an_old_workbook(settings: Settings, suffix: str) -> None:
    result = ingest_one(settings, NAME + suffix, (FILES / "collections.xls").read_bytes())
    assert result.outcome == "committed", result.reason
    (landed,) = result.deliveries
    assert (landed.rows_in_file, landed.rows_loaded, landed.rows_declared_totals) == (3, 2, 1)
    assert rows(settings, "jiandaoyun_crm__collections", COLUMNS) == EXPECTED
    (registered,) = deliveries.list_deliveries(settings)
    assert (registered.file_format, registered.layout) == ("xls", "sheet 回款, header in row 3")


def test_errors_and_percents_of_an_old_workbook_are_read_as_they_are_shown(settings: Settings) -> None:
    result = ingest_one(settings, "zoho_crm/deals/a.xls", (FILES / "deals_errors.xls").read_bytes())
    assert (result.outcome, result.rows_loaded, result.rows_quarantined) == ("committed", 2, 1), result.reason
    assert rows(settings, "zoho_crm__deals", "_row_number, amount::varchar, probability::varchar") == [
        (2, "100.50", "12.5000"),
        (4, "7.00", "12.5000"),
    ]
    ((row, column, value, reason),) = quarantined(settings)
    assert (row, column, value) == (3, "amount", "#REF!") and "the error of a formula" in reason


def test_a_new_workbook_called_xls(settings: Settings) -> None:
    workbook, made = openpyxl.Workbook(), io.BytesIO()
    workbook.worksheets[0].append(["Record Id", "Stage", "Amount", "Closing Date"])
    workbook.worksheets[0].append(["1", "Won", 1.1, "2025-01-03"])
    workbook.save(made)
    result = ingest_one(settings, "zoho_crm/deals/a.xls", made.getvalue())
    assert (result.outcome, result.rows_loaded) == ("committed", 1), result.reason


def test_text_called_xls(settings: Settings) -> None:
    content = deals(deal(1)).replace(b",", b"\t")
    assert ingest_one(settings, "zoho_crm/deals/a.xls", content).rows_loaded == 1


@pytest.mark.parametrize("cut", [4, 600, 1500, 3000, 5000])
def test_an_old_workbook_cut_off(settings: Settings, cut: int) -> None:
    result = ingest_one(settings, NAME + ".xls", (FILES / "collections.xls").read_bytes()[:cut])
    assert (result.outcome, "damaged" in (result.reason or "")) == ("rejected", True), result
    assert result.remedy


@pytest.mark.parametrize(
    ("damage", "says"), [(0, "damaged"), (28, "its reader fails on it"), (39, "its reader fails on it")]
)
def test_a_damaged_old_workbook_never_ends_the_run(settings: Settings, damage: int, says: str) -> None:
    """The second makes the native reader panic; the third makes it ask for terabytes, which ends its process."""
    content, dice = bytearray((FILES / "collections.xls").read_bytes()), random.Random(damage)
    for _ in range(40):
        content[dice.randrange(512, len(content))] = dice.randrange(256)
    drop(settings, "jiandaoyun_crm/collections/a.xls", bytes(content))
    drop(settings, "jiandaoyun_crm/collections/b.xls", (FILES / "collections.xls").read_bytes())
    damaged, good = ingest(settings, "jiandaoyun_crm").files
    assert (damaged.outcome, says in (damaged.reason or "")) == ("rejected", True), damaged.reason
    assert good.outcome == "committed"


def test_wrong_totals_in_an_old_workbook_and_on_a_page(settings: Settings) -> None:
    for name, content in (
        ("a.xls", (FILES / "collections_wrong_total.xls").read_bytes()),
        ("b.xls", PAGE.replace("<td>HT-1", "<td rowspan=2>HT-1").replace("2234.10", "2234.20").encode()),
    ):
        result = ingest_one(settings, f"jiandaoyun_crm/collections/{name}", content)
        assert result.outcome == "rejected"
        assert "2234.20" in (result.reason or "") and "2234.10" in (result.reason or "")


def test_a_locked_workbook_is_named_so(settings: Settings) -> None:
    content = b"\xd0\xcf\x11\xe0" + b"\x00" * 600 + "EncryptedPackage".encode("utf-16-le") + b"\x00" * 600
    result = ingest_one(settings, "zoho_crm/deals/a.xlsx", content)
    assert (result.outcome, result.reason) == ("rejected", "the workbook is locked with a password")


def test_pages_of_one_list_are_all_read(settings: Settings) -> None:
    """A list of two pages is two tables, each with its header and its total."""
    second = PAGE[PAGE.index("<table border=1>") : PAGE.index("</body>")].replace("HK-", "HK-9")
    content = PAGE.replace("</body>", f"{second}</body>")
    result = ingest_one(settings, NAME + ".xls", content.encode())
    assert result.outcome == "committed", result
    (landed,) = result.deliveries
    assert (landed.rows_loaded, landed.rows_declared_totals) == (4, 2)
    assert landed.notes == ["2 tables have the same columns and are all read"]
    assert rows(settings, "jiandaoyun_crm__collections", "_row_number, collection_no") == [
        (4, "HK-1"), (5, "HK-2"), (20_000_004, "HK-91"), (20_000_005, "HK-92")
    ]  # fmt: skip
    wrong = content.replace("2234.10", "2234.20", 2).replace("2234.20", "2234.10", 1)
    assert "row 20000006" in (ingest_one(settings, "jiandaoyun_crm/collections/b.xls", wrong.encode()).reason or "")


def test_a_header_in_a_table_of_its_own_is_refused(settings: Settings) -> None:
    head, body = PAGE.split("</thead>")
    result = ingest_one(settings, NAME + ".xls", f"{head}</thead></table><table>{body}".encode())
    assert (result.outcome, "of their own (2 and 3)" in (result.reason or "")) == ("rejected", True), result


XML = """<?xml version="1.0" encoding="UTF-8"?>
<?mso-application progid="Excel.Sheet"?>
<Workbook xmlns="urn:schemas-microsoft-com:office:spreadsheet" xmlns:ss="urn:schemas-microsoft-com:office:spreadsheet">
<Styles><Style ss:ID="s1"><NumberFormat ss:Format="[$$-409]#,##0.00"/></Style></Styles>
<Worksheet ss:Name="说明"><Table><Row><Cell><Data ss:Type="String">说明</Data></Cell></Row></Table></Worksheet>
<Worksheet ss:Name="1月"><Table ss:ExpandedColumnCount="8">
<Row><Cell ss:MergeAcross="6"><Data ss:Type="String">回款明细表</Data></Cell></Row>
<Row ss:Index="3">%s</Row>
<Row>%s<Cell ss:MergeDown="1"><Data ss:Type="String">HT-1</Data><Comment><Data>x</Data></Comment></Cell>
%s<Cell><Data ss:Type="DateTime">2025-01-03T00:00:00.000</Data></Cell><Cell><Data ss:Type="Number">1234.1</Data></Cell>
%s<Cell ss:Index="7"><Data ss:Type="String">2025-01-03 10:00:00</Data></Cell></Row>
<Row>%s<Cell ss:Index="3"><Data ss:Type="String">晨光</Data></Cell>
<Cell><Data ss:Type="String">2025年1月4日</Data></Cell><Cell><Data ss:Type="Number">1000</Data></Cell>%s
<Cell><Data ss:Type="String">2025-01-04 09:30:00</Data></Cell></Row>
<Row><Cell ss:Index="4"><Data ss:Type="String">合计</Data></Cell>
<Cell><Data ss:Type="Number">2234.10</Data></Cell></Row>
</Table></Worksheet></Workbook>"""


def _text_cells(*texts: str) -> str:
    return "".join(f'<Cell><Data ss:Type="String">{text}</Data></Cell>' for text in texts)


@pytest.mark.parametrize("content", [PAGE.encode(), ",".join(HEADER).encode() + b"\nHK-1,HT-1,A,2025-01-03,5,,,\n"])
def test_what_is_only_called_a_new_workbook(settings: Settings, content: bytes) -> None:
    assert ingest_one(settings, NAME + ".xlsx", content).outcome == "committed"


@pytest.mark.parametrize("suffix", [".xls", ".xml"])
def test_an_xml_spreadsheet(settings: Settings, suffix: str) -> None:
    parts = [HEADER[:7], ["HK-1"], ["合计贸易"], ["回款"], ["HK-2"], ["退款"]]
    content = XML % tuple(_text_cells(*part) for part in parts)
    result = ingest_one(settings, NAME + suffix, content.encode())
    assert result.outcome == "committed", result
    (landed,) = result.deliveries
    assert (landed.rows_in_file, landed.rows_loaded, landed.rows_declared_totals) == (3, 2, 1)
    assert rows(settings, "jiandaoyun_crm__collections", f"{COLUMNS}, contract_no") == [
        (*EXPECTED[0], "HT-1"),
        (*EXPECTED[1], "HT-1"),
    ]
    sheet = content[content.index('<Worksheet ss:Name="1月"') : content.index("</Workbook>")]
    hidden = sheet.replace("HK-", "HK-9").replace(
        "</Table>", "</Table><WorksheetOptions><Visible>SheetHidden</Visible></WorksheetOptions>"
    )
    beside = content.replace("</Workbook>", f"{hidden}</Workbook>")
    (landed,) = ingest_one(settings, "jiandaoyun_crm/collections/a" + suffix, beside.encode()).deliveries
    assert (landed.rows_loaded, landed.notes) == (2, ["not read, hidden: sheet 3"])
    dollars = content.replace(
        '<Cell><Data ss:Type="Number">1000<', '<Cell ss:StyleID="s1"><Data ss:Type="Number">1000<'
    )
    result = ingest_one(settings, "jiandaoyun_crm/collections/b" + suffix, dollars.encode())
    assert [row[2] for row in quarantined(settings)] == ["$1000"], result
    far = content.replace('ss:MergeAcross="6"', 'ss:MergeAcross="99999999"')
    for damage in (content[:-300], content.replace("2234.10", "2234.20"), content.replace("1月", "回款（万元）"), far):
        assert ingest_one(settings, "jiandaoyun_crm/collections/c" + suffix, damage.encode()).outcome == "rejected"


@pytest.mark.parametrize(
    "page",
    [
        PAGE.replace("<table border=1>", "<p>单位：万元</p><table border=1>"),
        PAGE.replace("<table border=1>", "<table border=1><caption>回款（万元）</caption>"),
        PAGE.replace("回款明细表", "回款明细表（单位：万元）"),
    ],
)
def test_a_page_whose_title_says_that_amounts_are_in_another_unit(settings: Settings, page: str) -> None:
    result = ingest_one(settings, NAME + ".xls", page.encode())
    assert (result.outcome, "万元" in (result.reason or "")) == ("rejected", True), result


def test_a_page(settings: Settings) -> None:
    result = ingest_one(settings, NAME + ".xls", PAGE.encode())
    assert result.outcome == "committed", result.reason
    (landed,) = result.deliveries
    assert (landed.rows_in_file, landed.rows_declared_totals, landed.extra_columns) == (3, 1, ["备注"])
    # the second row's contract stands in the cell above, which spans both
    assert rows(settings, "jiandaoyun_crm__collections", f"{COLUMNS}, contract_no") == [
        (*EXPECTED[0], "HT-1"),
        (*EXPECTED[1][:2], "A&B <晨光>", *EXPECTED[1][3:], "HT-1"),
    ]
    (registered,) = deliveries.list_deliveries(settings)
    assert (registered.file_format, registered.layout) == ("html", "table 2, header in row 3")


SUB_FORM_PAGE = """<table>
<tr><th rowspan=2>合同编号<th rowspan=2>合同名称<th rowspan=2>客户名称<th rowspan=2>负责人<th rowspan=2>合同金额
<th rowspan=2>签订日期<th colspan=2>产品明细</tr><tr><th>产品名称<th>数量</tr>
<tr><td rowspan=2>HT-1<td rowspan=2>年度合同<td rowspan=2>晨光<td rowspan=2>林<td rowspan=2>300<td rowspan=2>2025-01-03
<td>甲<td>1</tr><tr><td>乙<td>2</tr>
<tr><td>HT-2<td>补充<td>远山<td>王<td>50<td>2025-01-04<td>甲<td>1</tr>
<tr><td colspan=4>合计<td>350</tr></table>"""


@pytest.mark.parametrize("kind", ["old workbook", "page"])
def test_a_sub_form_over_two_header_rows(settings: Settings, kind: str) -> None:
    content = (FILES / "contracts_sub_form.xls").read_bytes() if kind == "old workbook" else SUB_FORM_PAGE.encode()
    result = ingest_one(settings, "jiandaoyun_crm/contracts/合同.xls", content)
    assert result.outcome == "committed", result.reason
    contracts, lines = result.deliveries
    assert (contracts.rows_in_file, contracts.rows_loaded, contracts.rows_declared_totals) == (4, 2, 1)
    assert (lines.rows_in_file, lines.rows_loaded, lines.rows_declared_totals) == (4, 3, 1)
    assert rows(settings, "jiandaoyun_crm__contracts", "_row_number, contract_no, amount::varchar") == [
        (3, "HT-1", "300.00"),
        (5, "HT-2", "50.00"),
    ]
    columns = "_row_number, contract_no, product_name, quantity::int"
    assert rows(settings, "jiandaoyun_crm__contract_lines", columns) == [
        (3, "HT-1", "甲", 1),
        (4, "HT-1", "乙", 2),
        (5, "HT-2", "甲", 1),
    ]


def page(*lines: str, head: str = "") -> str:
    """A page with the table of a deals export."""
    body = "".join(
        "<tr>" + "".join(f"<td>{cell}</td>" for cell in line.split(",")) + "</tr>\n" for line in [DEALS_HEADER, *lines]
    )
    return f"{head}<table>\n{body}</table>"


@dataclass(frozen=True)
class Page:
    case: str
    content: bytes
    outcome: str = "rejected"
    says: str = ""
    counts: tuple[int, int, int] = (0, 0, 0)
    suffix: str = ".xls"


GOOD = page(deal(1), deal(2))
XHTML = '<?xml version="1.0"?><!DOCTYPE html PUBLIC "-//W3C//DTD XHTML 1.0 Strict//EN"><html>'
PAGES = [
    Page("bare table", GOOD.encode(), "committed", counts=(2, 0, 0)),
    Page("called csv", GOOD.encode(), "committed", counts=(2, 0, 0), suffix=".csv"),
    Page("called html", GOOD.encode(), "committed", counts=(2, 0, 0), suffix=".html"),
    Page("with BOM", b"\xef\xbb\xbf" + GOOD.encode(), "committed", counts=(2, 0, 0)),
    Page("UTF-16", GOOD.encode("utf-16"), "committed", counts=(2, 0, 0)),
    Page("GB2312", page(deal(1).replace("Mei", "林美"), head="<html>").encode("gbk"), "committed", counts=(1, 0, 0)),
    Page("XHTML", (XHTML + GOOD + "</html>").encode(), "committed", counts=(2, 0, 0)),
    Page("capitals", GOOD.replace("table", "TABLE").replace("tr>", "TR>").encode(), "committed", counts=(2, 0, 0)),
    Page("ends left out", GOOD.replace("</td>", "").replace("</tr>", "").encode(), "committed", counts=(2, 0, 0)),
    Page(
        "in a table for the layout",
        f"<html><table><tr><td>{GOOD}</td></tr></table>".encode(),
        "committed",
        counts=(2, 0, 0),
    ),
    Page("header only", page().encode(), "committed"),
    Page("long row", page(deal(1), deal(2) + ",x").encode(), "committed", counts=(1, 1, 0)),
    Page("blank rows", page(deal(1), ",,,", "", deal(2)).encode(), "committed", counts=(2, 0, 0)),
    Page("header again", page(deal(1), DEALS_HEADER).encode(), "committed", counts=(1, 1, 0)),
    Page("bad amount", page(deal(1), deal(2, "x")).encode(), "committed", counts=(1, 1, 0)),
    Page("totals row", page(deal(1, "1"), deal(2, "2"), "Total,,,,3,,,").encode(), "committed", counts=(2, 0, 1)),
    Page(
        "script in a cell",
        page(deal(1, "1<script>x</script>")).encode(),
        "committed",
        counts=(1, 0, 0),
    ),
    Page("totals row wrong", page(deal(1, "1"), "Total,,,,3,,,").encode(), says="is 3.00"),
    Page("sign-in page", b"<!DOCTYPE html><html><body><form>Sign in</form></body></html>", says="web page"),
    Page("sign-in page called csv", b"<html><table><tr><td>Password</td></tr></table>", says="web page", suffix=".csv"),
    Page("missing key column", b"<table><tr><td>Stage<td>Amount</tr></table>", says="deal_id"),
    Page("cut off", GOOD[:-40].encode(), says="cut off"),
    Page("cut off in a comment", (GOOD[:-20] + "<!-- ").encode(), says="cut off"),
    Page("nested without end", b"<table><tr><td>" * 50, says="nested"),
    Page("too wide", b"<table>" + b"<td colspan=999>x" * 9 + b"</table>", says="columns"),
    Page("XML spreadsheet", b'<?xml version="1.0"?><Workbook><Worksheet/></Workbook>', says="XML"),
    Page("web archive", b"MIME-Version: 1.0\nContent-Type: multipart/related\n", says="MHTML"),
    Page("Latin-1", page(deal(1).replace("Mei", "Zoé Désirée")).encode("latin-1"), says="neither UTF-8"),
]  # fmt: skip


@pytest.mark.parametrize("file", PAGES, ids=lambda file: file.case)
def test_pages(settings: Settings, file: Page) -> None:
    result = ingest_one(settings, f"zoho_crm/deals/export{file.suffix}", file.content)
    assert (result.outcome, file.says in (result.reason or "")) == (file.outcome, True), result
    if file.outcome == "rejected":
        assert result.remedy
        assert rows(settings, "zoho_crm__deals") == []
    else:
        (landed,) = result.deliveries
        assert (landed.rows_loaded, landed.rows_quarantined, landed.rows_declared_totals) == file.counts, landed
        assert len(rows(settings, "zoho_crm__deals")) == landed.rows_loaded


@pytest.mark.parametrize(
    ("body", "cells"),
    [
        ("<tr><td>a<td>b", [["a", "b"]]),
        ("<tr><td colspan=3>a<td>b", [["a", "", "", "b"]]),
        ("<tr><td colspan=x>a<td colspan='0'>b", [["a", "b"]]),
        ("<tr><td rowspan=3>a<td>b<tr><td>c<tr><td>d<tr><td>e", [["a", "b"], ["", "c"], ["", "d"], ["e"]]),
        ("<tr><td>a<td rowspan=2>b<tr><td>c", [["a", "b"], ["c", ""]]),
        ("<tr><td rowspan=2 colspan=2>a<td>b<tr><td>c", [["a", "", "b"], ["", "", "c"]]),
        ("<tr><td> a \n  b </td>", [["a b"]]),
        ("<tr><td>a<br>b<br/>", [["a\nb"]]),
        ("<tr><td>&lt;b&gt; &amp;nbsp; &#20013;&yen;", [["<b> &nbsp; 中¥"]]),
        ("<tr><td><b>a</b><i>b</i>", [["ab"]]),
        ("<tr></tr><tr><td>a", [[], ["a"]]),
        ("<td>a", [["a"]]),
        ("lost<tr>lost<td>a", [["a"]]),
    ],
)
def test_cells_as_a_browser_shows_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, body: str, cells: list[list[str]]
) -> None:
    path = tmp_path / "a.html"
    path.write_text(f"<table>{body}</table>", encoding="utf-8")
    for chunk in (1 << 16, 1):
        monkeypatch.setattr(html_tables, "_CHUNK", chunk)
        assert [row.cells for row in html_tables.rows(path, "utf-8")] == cells


def test_a_page_of_many_batches_holds_its_account(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("attain.ingest.tables.BYTES_A_BATCH", 4_000)
    result = ingest_one(
        settings, "zoho_crm/deals/a.xls", page(*(deal(n) for n in range(300)), "Total,,,,30000,,,").encode()
    )
    (landed,) = result.deliveries
    assert (landed.rows_loaded, landed.rows_declared_totals) == (300, 1)
    assert rows(settings, "zoho_crm__deals", "min(_row_number), max(_row_number), sum(_row_number)", order="1") == [
        (2, 301, sum(range(2, 302)))
    ]


def test_a_half_written_page_is_waited_for_and_an_old_workbook_is_not(settings: Settings) -> None:
    drop(settings, "zoho_crm/deals/a.xls", GOOD[:-3].encode(), age_seconds=1)
    drop(settings, "zoho_crm/deals/b.xls", GOOD.encode(), age_seconds=1)
    drop(settings, "zoho_crm/deals/c.xls", (FILES / "collections.xls").read_bytes(), age_seconds=1)
    outcomes = {result.file_name[-5:]: result.outcome for result in ingest(settings).files}
    assert outcomes == {"a.xls": "waiting", "b.xls": "committed", "c.xls": "rejected"}
