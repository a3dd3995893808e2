"""Reading at a glance must come to the same as the conversion's query for every row, whatever stands in it."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Sequence
from dataclasses import asdict
from datetime import date
from decimal import Decimal
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import duckdb
import pyarrow
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pyarrow import parquet

from attain.ingest import contracts, glance, landing, matching, reading, tables
from attain.ingest.conversion import DECIMALS, Formats, totals_label
from attain.ingest.mappings import Target
from attain.ingest.rejected import Rejected

MARKS = ["", " ", "\u3000", "\u00a0", "\ufeff", "\u200b", "\t", "\n"]
ODD = [
    "", "0", "-0", "-0.00", "007", "+5", "5.", ".5", "1.5", "-1234.56", "1,234.5", "1234567890123456.78", "10.5000",
    "10.005", "99999.9999", "100000", "1_0", "1e5", "1E+17", "4.04E+17", "--1", "1-2", "1.2.3", "１２", "(5)", "1.2万",
    "999999999999999999", "9999999999999999999", "2025-01-03", "2025-1-3", "2025/01/03", "2025-02-30", "1989-12-31",
    "1990-01-01", "2100-12-31", "2101-01-01", "20250103", "45660", "2025-01-03 10:00:00", "2025-01-03T10:00:00",
    "2025-01-03 24:00:00", "2025-02-30 10:00:00", "1991-07-01 12:00:00", "2025-01-03 10:00", "+025-01-03", "0025-01-03",
    "2100-12-31 23:59:59", "1990-01-01 00:00:00", "zcrm_", "zcrm_1", "zcrm_1E+17", "12345.0", "12345.00", "x.0",
    "84E13025", "1e5f", "合计", "合 计", "Total", "sub-total:", "小计：", "合计贸易", "Hotel", "L", "Record Id",
    "usd", "CNY", "人民币", "XQQ", "yes", "Payment", "退款", "soon", 'say "hi"', "a,b", "two\nlines", "two\r\nlines",
    "中文", "é", "\u200b", "😀", "_deleted",
    "$5", "¥5", "US$1,234.5", "5 CNY", "1 234.5", '="007"', "'007", "`7", "=1+1", "-", "——", "无",
    "null", "N/A", "nan", "null-1", "03-Jan-2025", "2025-01-03 下午3:00", "2025-01-03T02:00Z",
]  # fmt: skip
CELL = st.one_of(
    st.sampled_from(ODD),
    st.builds(
        lambda before, text, after: before + text + after, *(st.sampled_from(each) for each in (MARKS, ODD, MARKS))
    ),
    st.text(alphabet=" .-+0123456789eE:_zcrmlL\u3000计", max_size=20),
    st.decimals(-(10**9), 10**9, places=2, allow_nan=False).map(str),
    st.dates(date(1980, 1, 1), date(2110, 1, 1)).map(str),
)


def plain_row(number: int, header: Sequence[str]) -> list[str]:
    """A row that nobody stumbles over."""
    known = {
        "Record Id": f"zcrm_{404427000000000000 + number}",
        "Deal Name": f"Deal {number}, with a comma",
        "Stage": "Closed Won",
        "Amount": f"{number}.{number % 100:02}",
        "Currency": "CNY",
        "Closing Date": f"2025-01-{1 + number % 28:02}",
        "Probability (%)": str(number % 101),
        "Created Time": f"2025-01-03 10:00:{number % 60:02}",
        "Receipt Number": f"R{number}",
        "Invoice Number": f"INV{number % 7}",
        "Date": f"2025-02-{1 + number % 28:02}",
        "Currency Code": "USD",
        "Payment Type": "Payment",
        "Unit": "1",
        "Rate": f"7.{number:04}",
        "From Currency": "USD",
        "To Currency": "CNY",
    }
    return [known.get(name, f"more {number}") for name in header]


FEEDS = {
    ("zoho_crm", "deals"): [
        "Record Id", "Deal Name", "Stage", "Amount", "Currency", "Closing Date", "Probability (%)", "Created Time", "X",
    ],
    ("finance", "receipts"): ["Receipt Number", "Invoice Number", "Date", "Amount", "Currency Code", "Payment Type"],
    ("finance", "fx_rates"): ["Date", "From Currency", "To Currency", "Unit", "Rate", "Extra"],
}  # fmt: skip


def landed(path: Path, target: Target, extras: bool) -> Any:
    """Everything that landing a file comes to: rows, refused rows, counts; or why it is refused."""
    facts = tables.look(path)
    with TemporaryDirectory() as made, duckdb.connect() as connection:
        connection.execute("set TimeZone = 'UTC'")
        folder = Path(made)
        table = reading.open_table(path, path.name, facts, matching.score([target]), folder)
        matched = matching.match(table, target)
        kept = {name: index for index, name in enumerate(table.header) if index not in matched.used and extras}
        refused = folder / "refused.parquet"
        try:
            result = landing.land(
                connection, table, matched, kept, "d", folder, refused, date(2026, 1, 1), 1.0, "Asia/Shanghai"
            )
        except Rejected as rejected:
            return rejected.message
        rows = parquet.read_table(folder / landing.PART_NAME).to_pylist()
        return rows, parquet.read_table(refused).to_pylist() if refused.exists() else [], asdict(result)


def both_ways(path: Path, target: Target, extras: bool, monkeypatch: pytest.MonkeyPatch) -> tuple[Any, Any]:
    """The same file with as much as can be read at a glance, and with nothing."""
    with monkeypatch.context() as patch:
        patch.setattr(glance, "FEW_ROWS", 1)
        quick = landed(path, target, extras)
        patch.setattr(glance, "FEW_ROWS", 10**9)
        return quick, landed(path, target, extras)


@settings(max_examples=25, deadline=None)
@given(data=st.data())
def test_a_glance_comes_to_the_same_as_the_query(data: st.DataObject, tmp_path_factory: pytest.TempPathFactory) -> None:
    (source, feed), header = data.draw(st.sampled_from(sorted(FEEDS.items())))
    rows = [plain_row(number, header) for number in range(data.draw(st.integers(2, 40)))]
    places = st.tuples(st.integers(0, len(rows) - 1), st.integers(0, len(header) - 1))
    for (row, column), cell in data.draw(st.dictionaries(places, CELL, max_size=12)).items():
        rows[row][column] = cell
    whole_column = data.draw(st.none() | st.tuples(st.integers(0, len(header) - 1), st.lists(CELL, min_size=1)))
    if whole_column is not None:  # a file that writes a whole column in some form of its own
        for number, row in enumerate(rows):
            row[whole_column[0]] = whole_column[1][number % len(whole_column[1])]
    for row in data.draw(st.lists(st.integers(0, len(rows) - 1), max_size=2)):  # ragged rows, and the header again
        rows[row] = data.draw(st.sampled_from([rows[row][:-1], [*rows[row], "more"], list(header), []]))
    zone = data.draw(st.sampled_from(["Asia/Shanghai", "America/New_York", "UTC"]))
    separator = data.draw(st.sampled_from([".", ".", ","]))
    target = Target(
        (known := contracts.load()[source].feeds[feed]),
        {column.name: column.headers for column in known.columns},
        Formats(zone, ("%d/%m/%Y",), separator),
        where_not=data.draw(st.sampled_from([{}, {header[1]: (rows[0][1] if len(rows[0]) > 1 else "",)}])),
        values=data.draw(st.sampled_from([{}, {known.key[0]: {"soon": "later"}}])),
        horizon=known.horizon,
    )
    text = io.StringIO()
    csv.writer(text, lineterminator=data.draw(st.sampled_from(["\n", "\r\n"]))).writerows([header, *rows])
    path = tmp_path_factory.mktemp("glance") / "file.csv"
    path.write_bytes(text.getvalue().encode())
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(glance, "_ODD_SHARE", data.draw(st.sampled_from([0.0, 0.01, 1.0])))
        patch.setattr(landing, "_FEW_OF", data.draw(st.sampled_from([1, 200])))
        quick, slow = both_ways(path, target, data.draw(st.booleans()), patch)
    assert quick == slow


def test_each_odd_cell_in_each_column(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A file for each odd cell, since one of them may send its whole column another way and so hide the next."""
    header = FEEDS["zoho_crm", "deals"]
    target = _of_contract("zoho_crm", "deals")
    monkeypatch.setattr(glance, "_ODD_SHARE", 1.0)
    marked = [text for mark in MARKS[1:] for text in (mark + "5", "中" + mark, mark)]
    for cell in (*ODD, *marked):
        rows = []
        for column in range(len(header)):
            row = plain_row(len(rows), header)
            if totals_label(cell) is not None:  # a totals row that says no total
                row[header.index("Amount")] = ""
            row[column] = cell
            rows += [plain_row(len(rows) + 1, header), row, plain_row(len(rows) + 2, header)]
        path = tmp_path / "file.csv"
        with path.open("w", encoding="utf-8", newline="") as stream:
            csv.writer(stream).writerows([header, *rows])
        quick, slow = both_ways(path, target, True, monkeypatch)
        assert quick == slow, cell


@pytest.mark.parametrize("mark", ["yes", "是", " TRUE ", "maybe", "False", "否", "0"])
def test_marks_of_deleted_records(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, mark: str) -> None:
    """A marked row goes through the query, since it may lack what others need; the rest is read at a glance."""
    header = [*FEEDS["zoho_crm", "deals"], "_deleted"]
    rows = [[*plain_row(number, header)[:-1], "false" if number % 2 else ""] for number in range(60)]
    for number in (0, 13, 14, 59):
        rows[number][-1] = mark
    rows[14][1:-1] = ["" for _ in header[2:]]  # of a deleted record the key may be all that is known
    path = tmp_path / "deals.csv"
    with path.open("w", encoding="utf-8", newline="") as stream:
        csv.writer(stream).writerows([header, *rows])
    quick, slow = both_ways(path, _of_contract("zoho_crm", "deals"), True, monkeypatch)
    assert quick == slow
    landed_rows, refused, account = quick
    is_deleted = mark.strip().casefold() in ("yes", "是", "true")
    at_fault = {"maybe": [2, 15, 16, 61]}.get(mark, [] if is_deleted else [16])
    assert [row["_row_number"] for row in refused] == at_fault
    assert [row["_row_number"] for row in landed_rows if row["_is_deleted"]] == ([2, 15, 16, 61] if is_deleted else [])
    assert account["rows_deleted"] == (4 if is_deleted else 0)
    assert account["rows_loaded"] == 60 - len(at_fault)


NUMBER = st.one_of(
    st.sampled_from(["", "-", ".", "5.", ".5", "-.5", "-0.00", "1.2.3", "--1", "1-2", "1.2万", "1.234567"]),
    st.sampled_from(["9999999999999999.99", "-9999999999999999.99", "99999999999999999", "99999.9999", "0.00000001"]),
    st.integers(-(10**17), 10**17).map(str),
    st.decimals(-(10**6), 10**6, places=2).map(str),
    st.decimals(-(10**4), 10**4, places=4).map(str),
)


@given(
    cells=st.lists(NUMBER, min_size=1, max_size=40),
    around=st.lists(st.sampled_from(["-1", ".5", "7"]), max_size=3),
    kind=st.sampled_from(["money", "decimal", "percent", "integer"]),
)
def test_numbers_are_exact_wherever_their_dots_are(cells: list[str], around: list[str], kind: str) -> None:
    """Also when the batch is a part of a larger one, so that other bytes stand before and after its own."""
    column = pyarrow.array([*around, *cells, *around]).slice(len(around), len(cells))
    values, fits = glance._FORMS[kind](glance._Cells(column), Formats("UTC"))
    values.validate(full=True)
    whole, decimals = DECIMALS.get(kind, (18, 0))
    form = rf"-?\d{{1,{whole}}}" + (rf"(\.\d{{1,{decimals}}})?" if decimals else "")
    assert fits.tolist() == [re.fullmatch(form, cell) is not None for cell in cells]
    assert values.to_pylist() == [Decimal(cell) if fit else None for cell, fit in zip(cells, fits, strict=True)]


@pytest.mark.parametrize("odd_every", [1_000, 30])
def test_many_batches(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, odd_every: int) -> None:
    """Rows keep their order and numbers, and totals add up, over batches of which all but a few rows are plain."""
    header = FEEDS["zoho_crm", "deals"]
    rows = [plain_row(number, header) for number in range(6_000)]
    for number in range(7, len(rows), odd_every):
        rows[number][header.index("Closing Date")] = "2025/1/3" if number % 2 else "soon"
    for at in (2_000, 4_000):
        amount = sum(int(row[3].replace(".", "")) for row in rows[:at] if len(row[3]) and row[0] != "Total")
        total = ["" for _ in header]
        total[0], total[3] = "Total", f"{amount // 100}.{amount % 100:02}"
        rows.insert(at, total)
    path = tmp_path / "deals.csv"
    with path.open("w", encoding="utf-8", newline="") as stream:
        csv.writer(stream).writerows([header, *rows])
    monkeypatch.setattr(tables, "ROWS_A_BATCH", 500)
    monkeypatch.setattr("attain.ingest.delimited.BLOCK_BYTES", 40_000)
    monkeypatch.setattr(glance, "FEW_ROWS", 1)
    told = []
    monkeypatch.setattr(landing, "_FEW_OF", 100)
    monkeypatch.setattr(landing, "_ROW_GROUP", 1_300)
    read = glance.Glance.read

    def listen(self: glance.Glance, batch: Any) -> glance.Glanced | None:
        glanced = read(self, batch)
        told.append(0 if glanced is None else batch.num_rows - glanced.odd.size)
        return glanced

    monkeypatch.setattr(glance.Glance, "read", listen)
    target = _of_contract("zoho_crm", "deals")
    quick = landed(path, target, True)
    assert len(told) > 5
    assert sum(told) > 0.95 * len(rows)
    monkeypatch.setattr(glance, "FEW_ROWS", 10**9)
    slow = landed(path, target, True)
    assert quick == slow
    landed_rows, refused, account = quick
    assert account["rows_declared_totals"] == 2
    assert account["rows_in_file"] == len(rows)
    assert {row["_row_number"] for row in (*landed_rows, *refused)} == set(range(2, len(rows) + 2)) - {2_002, 4_002}
    assert [row["_row_number"] for row in landed_rows] == sorted(row["_row_number"] for row in landed_rows)


def test_a_wrong_total_among_plain_rows_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    header = FEEDS["zoho_crm", "deals"]
    rows = [plain_row(number, header) for number in range(50)]
    total = ["合计", *("" for _ in header[1:])]
    total[3] = "1.00"
    path = tmp_path / "deals.csv"
    with path.open("w", encoding="utf-8", newline="") as stream:
        csv.writer(stream).writerows([header, *rows[:30], total, *rows[30:]])
    quick, slow = both_ways(path, _of_contract("zoho_crm", "deals"), False, monkeypatch)
    assert quick == slow
    assert "the totals row says Amount is 1.00, but the rows above add up to 439.35" in quick


def _of_contract(source: str, feed: str) -> Target:
    known = contracts.load()[source].feeds[feed]
    return Target(
        known,
        {column.name: column.headers for column in known.columns},
        Formats("Asia/Shanghai"),
        horizon=known.horizon,
    )


@pytest.mark.parametrize(("share", "is_clear"), [("0.5", False), ("50", True)])
def test_percentages_are_looked_at_beside_odd_rows(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, share: str, is_clear: bool
) -> None:
    """The plain rows of a batch tell what its percentages mean, whatever else is in it."""
    monkeypatch.setattr(glance, "FEW_ROWS", 1)
    lines = [f"HT-{number},合同,晨光,林,2026-01-05,100,{share}" for number in range(200)]
    lines[7] = "HT-7,合同,晨光,林,soon,100," + share
    lines[90] = "HT-90,合同,晨光,林,2026/1/5,100," + share
    path = tmp_path / "合同.csv"
    header = "合同编号,合同名称,客户名称,签约人,签订日期,合同金额,业绩比例1"
    path.write_text("\n".join([header, *lines]), encoding="utf-8")
    target = _of_contract("jiandaoyun_crm", "contracts")
    told = landed(path, target, True)
    if is_clear:
        loaded, refused, _ = told
        assert {row["split_percent_1"] for row in loaded} == {Decimal(50)}
        assert (len(loaded), len(refused)) == (199, 1)
    else:
        assert "may mean 50 % or 0.5 %" in str(told), told
