"""Records that hold others, as rows: sub-forms in JSON, in numbered columns, and bills with their entries."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from attain.ingest import reading, subforms, tables
from attain.ingest.rejected import Rejected
from attain.ingest.tables import Table


def opened(path: Path, content: str, name: str) -> Table:
    file = path / name
    file.write_text(content, encoding="utf-8")
    return reading.open_table(file, name, tables.look(file), lambda cells: sum(map(bool, cells)), path)


def read(table: Table) -> list[tuple[int, ...]]:
    """(row number, cells…) of all rows; a ragged row is its number and fault."""
    found: list[tuple] = []
    for batch in table.batches():
        columns = [column.to_pylist() for column in batch.rows.columns]
        found += zip(columns[-1], *columns[:-1], strict=True)
        found += [(row.row_number, row.fault) for row in batch.ragged]
    return found


RECORDS = [
    {"no": "1", "lines": [{"_id": "a", "qty": 1.10}, {"_id": "b", "qty": 20000000000000000001, "tag": {"name": "x"}}]},
    {"no": "2", "lines": []},
    {"no": "3", "lines": None},
    {"no": "4"},
    {"no": "5", "lines": ["plain", {"_id": "c"}]},
    {"no": "6", "lines": [{"_id": "d"}]},
]


@pytest.mark.parametrize("size", [1 << 25, 4])
def test_json(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, size: int) -> None:
    monkeypatch.setattr(tables, "BYTES_A_BATCH", size)
    table = opened(tmp_path, json.dumps(RECORDS).replace("1.1,", "1.10,").replace("1.1}", "1.10}"), "a.json")
    assert table.header == ["no", "lines"]  # unless it is asked for, a sub-form stays as it is
    lines = subforms.expanded(table, "lines")
    assert lines.header == ["no", "lines._id", "lines.qty", "lines.tag"]
    assert sorted(read(lines), key=lambda row: row[0]) == [
        (1, "1", "a", "1.10", ""),
        (1, "1", "b", "20000000000000000001", "x"),
        (2, "2", "", "", ""),
        (3, "3", "", "", ""),
        (4, "4", "", "", ""),
        (5, "the sub-form lines is no list of records"),
        (6, "6", "d", "", ""),
    ]
    assert lines.at_most_rows == 7
    first = next(lines.batches())
    assert first.repeats == {0: (1,)}
    assert read(lines) == read(lines)


def test_a_sub_form_that_is_not_there_changes_nothing(tmp_path: Path) -> None:
    table = opened(tmp_path, json.dumps(RECORDS), "a.json")
    assert subforms.expanded(table, "items") is table


def test_numbered_columns(tmp_path: Path) -> None:
    table = opened(
        tmp_path,
        "no,联系人[0].姓名,联系人[0].电话,联系人[1].姓名,note,联系人[2].电话\n"
        "1,林,11,王,n1,\n2,,,,n2,\n3,,,陈,n3,33\n4,,x\n",
        "a.csv",
    )
    assert subforms.names(table) == ["联系人"]
    rows = subforms.expanded(table, "联系人")
    assert rows.header == ["no", "note", "联系人.姓名", "联系人.电话"]
    assert read(rows) == [
        (2, "1", "n1", "林", "11"),
        (2, "1", "n1", "王", ""),
        (3, "2", "n2", "", ""),
        (4, "3", "n3", "陈", ""),
        (4, "3", "n3", "", "33"),
        (5, None),
    ]
    assert next(rows.batches()).repeats == {0: (1, 4), 1: (1, 4)}


def test_totals_over_numbered_columns_stay_one_row(tmp_path: Path) -> None:
    """Each column has a total of its own, of which no row for each sub-record can tell."""
    table = opened(tmp_path, "no,x[0].a,x[1].a,sum\n1,4,5,7\n合计,4,5,7\n2,6,,8\nTotal,,,8\n3,1,2,合计\n", "a.csv")
    assert read(subforms.expanded(table, "x")) == [
        (2, "1", "7", "4"),
        (2, "1", "7", "5"),
        (3, "合计", "7", ""),
        (4, "2", "8", "6"),
        (5, "Total", "8", ""),
        (6, "3", "合计", "1"),
        (6, "3", "合计", "2"),
    ]


def test_two_layouts_of_one_sub_form_are_refused(tmp_path: Path) -> None:
    for header in ("no,x,x[0].a", "no,x[0].a,x.a"):
        with pytest.raises(Rejected):
            subforms.expanded(opened(tmp_path, f"{header}\n1,,\n", "a.csv"), "x")


BILLS = """单据编号,客户,物料,金额
S1,晨光,a,1
,,b,2
S2,,c,3
,,d,4
,,,
,,小计,10
,,e,5
S3,远山,f,6
,,制表人：林,
"""


@pytest.mark.parametrize("rows", [100, 1])
def test_bills_are_filled_down_and_nothing_else_is(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, rows: int) -> None:
    monkeypatch.setattr(tables, "ROWS_A_BATCH", rows)
    monkeypatch.setattr("attain.ingest.delimited.BLOCK_BYTES", 64 if rows == 1 else 4 << 20)
    table = subforms.filled_down(opened(tmp_path, BILLS, "a.csv"), ["单据编号", "客户", "币别"])
    assert [row[:4] for row in read(table)] == [
        (2, "S1", "晨光", "a"),
        (3, "S1", "晨光", "b"),
        (4, "S2", "", "c"),  # a bill without a customer does not take the one above
        (5, "S2", "", "d"),
        (6, "", "", ""),
        (7, "", "", "小计"),
        (8, "", "", "e"),  # after a totals row there is no bill to belong to
        (9, "S3", "远山", "f"),
        (10, "", "", "制表人：林"),
    ]
    repeated = [batch.rows.column(4)[place].as_py() for batch in table.batches() for place in batch.repeats.get(0, ())]
    assert repeated == [3, 5]


RAGGED = """单据编号,客户,物料,金额
S1,晨光,a,1
,,b
,,c,2
S2,,d,3,more
,,e,4
S3,晨光,f,5
,,小计
,,g,6
"""


@pytest.mark.parametrize("rows", [100, 1])
def test_entries_below_a_ragged_row_of_a_bill_belong_to_no_other(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, rows: int
) -> None:
    monkeypatch.setattr(tables, "ROWS_A_BATCH", rows)
    monkeypatch.setattr("attain.ingest.delimited.BLOCK_BYTES", 64 if rows == 1 else 4 << 20)
    table = subforms.filled_down(opened(tmp_path, RAGGED, "a.csv"), ["单据编号", "客户"])
    assert sorted(read(table), key=lambda row: row[0]) == [
        (2, "S1", "晨光", "a", "1"),
        (3, None),
        (4, "S1", "晨光", "c", "2"),  # what is ragged above it is an entry of the same bill
        (5, None),
        (6, "", "", "e", "4"),  # of S2, whose own row can't be read, and certainly not of S1
        (7, "S3", "晨光", "f", "5"),
        (8, None),
        (9, "", "", "g", "6"),
    ]


def test_ragged_rows_are_told_under_the_header_of_the_file(tmp_path: Path) -> None:
    table = subforms.expanded(opened(tmp_path, "no,x[0].a,x[1].a,note\n1,,\n2,b,c,d\n", "a.csv"), "x")
    assert table.header == ["no", "note", "x.a"]
    (batch,) = table.batches()
    assert [(row.cells, row.header) for row in batch.ragged] == [(["1", "", ""], ["no", "x[0].a", "x[1].a", "note"])]


def test_what_is_not_there_is_not_filled(tmp_path: Path) -> None:
    table = opened(tmp_path, BILLS, "a.csv")
    assert subforms.filled_down(table, ["币别"]) is table
