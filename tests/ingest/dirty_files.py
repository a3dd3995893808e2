"""Random dirty files of several feeds and formats, and what an independent reader says stands in their rows."""

from __future__ import annotations

import csv
import html
import io
import json
import re
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from random import Random
from typing import Any

import xlsxwriter

from attain.ingest import contracts, workbooks
from attain.ingest.conversion import Formats, totals_label
from attain.ingest.mappings import Target

FORMATS = Formats("Asia/Shanghai")
LONG = 140_000  # more letters than the standard library takes in one cell unless it is told to


# --- feeds


@dataclass(frozen=True)
class Kind:
    """A kind of file: its header and plain rows.

    Attributes:
        amounts: positions of the columns with money.
        label: position of the column that labels of totals rows and headings stand in.
        key: position of the key.
        bill: positions that are blank on all but the first row of a bill; none: each row is a record.
        targets: what the files are for, where the contract's layout does not say it.
    """

    code: str
    header: Sequence[str]
    row: Callable[[int, Random], list[str]]
    amounts: Sequence[int]
    label: int
    key: int = 0
    bill: Sequence[int] = ()
    targets: Callable[[contracts.Feed], list[Target]] | None = None


def _deal(number: int, chance: Random) -> list[str]:
    return [
        f"zcrm_{404427000000000000 + number}", f"Deal {number}", chance.choice(["Closed Won", "Qualification"]),
        f"{chance.randrange(10**6)}.{chance.randrange(100):02}", "CNY",
        f"202{chance.randrange(4, 7)}-01-{1 + number % 28:02}",
        f"2025-01-03 10:00:{number % 60:02}", chance.choice(["", "false", "false", "true"]), f"more {number}",
    ]  # fmt: skip


def _book(number: int, chance: Random) -> list[str]:
    invoice = number // 3
    return [
        str(9000 + invoice), f"INV-{invoice}", chance.choice(["Sent", "Paid", "Draft"]) if invoice % 5 == 4 else "Sent",
        f"2025-02-{1 + invoice % 28:02}", f"{invoice}00.50", "CNY", f"C{invoice % 4}", f"Item {number}",
        f"{chance.randrange(999)}.25",
    ]  # fmt: skip


def _bill(number: int, chance: Random) -> list[str]:
    is_first = number % 3 == 0
    own = [f"S{number // 3}", f"2025-03-{1 + number % 28:02}", f"K{number % 7}", "远山", "CNY"]
    passed = "林" if chance.random() < 0.8 else ""
    return [*(own if is_first else [""] * 5), f"M{number}", f"{chance.randrange(999)}.10", passed]


def _form(number: int, chance: Random) -> list[str]:
    lines = [[f"P{number}-{at}", str(at + 1)] if chance.random() < 0.9 - at / 4 else ["", ""] for at in range(3)]
    own = [f"HT-{number}", "晨光", f"2025-04-{1 + number % 28:02}", f"{chance.randrange(10**5)}.10"]
    return [*own, *(cell for line in lines for cell in line), f"note {number}"]


def _wide(number: int, chance: Random) -> list[str]:
    return [f"K{number // 2}", f"Client {number // 2}", chance.choice(["yes", "no"]), f"z{number}"]


def _mapped(feed: contracts.Feed) -> list[Target]:
    return [
        Target(
            feed,
            {"customer_no": ("Code",), "customer_name": ("Client",)},
            FORMATS,
            distinct=True,
            where_not={"Skip": ("yes",)},
            mapping_name="clients",
        )
    ]


KINDS = [
    Kind(
        "zoho_crm.deals",
        ["Record Id", "Deal Name", "Stage", "Amount", "Currency", "Closing Date", "Created Time", "_deleted", "Tag"],
        _deal,
        [3],
        1,
    ),
    Kind(
        "finance.invoices",
        ["Invoice ID", "Invoice Number", "Invoice Status", "Invoice Date", "Total", "Currency Code", "Customer ID",
         "Item Name", "Item Total"],
        _book,
        [8],
        1,
        1,
    ),
    Kind(
        "finance.invoices",
        ["发票号", "开票日期", "客户编码", "客户名称", "币种", "存货编码", "价税合计", "复核人"],
        _bill,
        [6],
        5,
        0,
        (0, 1, 2, 3, 4),
    ),
    Kind(
        "jiandaoyun_crm.contracts",
        ["合同编号", "客户名称", "签订日期", "合同金额", "产品明细[0].产品名称", "产品明细[0].数量",
         "产品明细[1].产品名称", "产品明细[1].数量", "产品明细[2].产品名称", "产品明细[2].数量", "备注"],
        _form,
        [3],
        0,
    ),
    Kind("jiandaoyun_crm.customers", ["Code", "Client", "Skip", "Z"], _wide, [], 1, 0, (), _mapped),
]  # fmt: skip


# --- dirt


BAD = [
    "soon",
    "1.2万",
    "2025-02-30",
    "4.04E+17",
    "03/04/2025",
    "#REF!",
    "１２",
    " 7 ",
    "5.",
    '5" disk',
    "1,5",
    "合计贸易",
]


def dirty(kind: Kind, chance: Random, size: int, dirt: float | None = None, wrong: float = 0.03) -> list[list[str]]:
    """Rows of a file with all that people and systems do to one.

    Args:
        kind: what they are.
        chance: where the dirt comes from.
        size: number of rows, about.
        dirt: share of rows that are no plain ones; None: some or other.
        wrong: share of totals rows that are wrong.
    """
    rows: list[list[str]] = []
    width = len(kind.header)
    total, section = Counter[int](), Counter[int]()  # by column, since the last total and the last subtotal, in cents
    dirt = chance.choice([0.02, 0.1, 0.4]) if dirt is None else dirt
    number = 0
    heading, of_heading = "", Counter[int]()
    while len(rows) < size:
        said = chance.random()
        if said > dirt:
            row = kind.row(number, chance)
            number += 1
            if chance.random() < dirt / 2:
                row[chance.randrange(width)] = chance.choice(BAD)
            if chance.random() < dirt / 2:
                row[chance.choice([place for place in range(width) if place not in kind.amounts])] = (
                    chance.choice(["two\nlines", "a,b;c", "two\r\nlines", 'say "hi"', "one\rtwo", "x" * LONG])
                    if chance.random() < 0.9
                    else ""
                )
            for place in kind.amounts:
                cents = _cents(row[place])
                total[place] += cents
                section[place] += cents
                of_heading[place] += cents
            rows.append(row)
            continue
        what = chance.choice(["total", "subtotal", "heading", "footer", "header", "blank", "ragged", "ragged", "twice"])
        row = [""] * width
        if what in ("total", "subtotal"):
            base = total if what == "total" else section
            row[kind.label] = chance.choice(["合计", "Total"] if what == "total" else ["小计", "Subtotal"])
            if what == "subtotal" and heading and chance.random() < 0.5:
                base, row[kind.label] = of_heading, f"Total for {heading}"
            for place in kind.amounts:
                row[place] = f"{base[place] / 100 + (chance.random() < wrong):.2f}"
            for base in (total, section) if what == "total" else (section,):
                base.clear()
            if chance.random() < 0.4:
                row = row[: max([kind.label, *kind.amounts]) + 1]
        elif what == "heading":
            row[kind.label] = chance.choice(["华东", "East", "West"])
            if not kind.bill:  # there it reads like an entry
                heading = row[kind.label]
                of_heading.clear()
        elif what == "footer":
            row[chance.choice([kind.label, kind.key])] = chance.choice(
                ["制表人：林", "Page 1 of 2", "Printed on 2025-01-03"]
            )
        elif what == "header":
            row = list(kind.header)
        elif what == "blank":
            row = [chance.choice(["", " ", "\u3000"]) for _ in row] if chance.random() < 0.5 else []
        else:
            row = kind.row(number, chance)
            number += 1
            extra = chance.choice(["more", "two\nlines", "", "x" * LONG if chance.random() < 0.2 else "y"])
            row = chance.choice([row[: chance.randrange(1, width)], [*row, extra], [*row, "a", "b"], ["alone"]])
            if what == "twice":  # two of them in a row
                rows.append(kind.row(number, chance)[:-1])
        rows.append(row)
    if chance.random() < 0.3:
        rows.insert(0, kind.row(number, chance)[:-1])
    if chance.random() < 0.3:
        rows.append([*kind.row(number, chance), "more"])
    return rows


def _cents(text: str) -> int:
    try:
        return int(Decimal(text) * 100)
    except ArithmeticError:
        return 0


# --- formats


@dataclass(frozen=True)
class File:
    """A file, and what an independent reader says stands below its header: row number → cells."""

    name: str
    content: bytes
    rows: dict[int, list[str]]


def as_csv(kind: Kind, rows: Sequence[Sequence[str]], chance: Random) -> File:
    delimiter = chance.choice([",", ",", ";", "\t", "|"])
    line_end = chance.choice(["\n", "\n", "\r\n", "\r"])
    titles = chance.choice([[], [], [["报表"]], [["Report"], [], ["made by Lin"]]])
    text = io.StringIO()
    for row in [*titles, kind.header, *rows]:
        end = line_end if chance.random() < 0.98 else chance.choice(["\n", "\r\n"])
        quoting = csv.QUOTE_ALL if row and chance.random() < 0.1 else csv.QUOTE_MINIMAL
        csv.writer(text, delimiter=delimiter, lineterminator=end, quoting=quoting).writerow(row)
    written = text.getvalue()
    if chance.random() < 0.3:
        written = written.rstrip("\r\n")
    encoding = chance.choice(["utf-8", "utf-8", "utf-8-sig", "utf-16", "gb18030"])
    if not any(mark >= "\u4e00" for mark in written):
        encoding = "utf-8"
    csv.field_size_limit(10 * LONG)
    try:
        found = list(csv.reader(io.StringIO(written, newline=""), delimiter=delimiter))
    finally:
        csv.field_size_limit(131_072)
    first = len(titles) + 1
    return File("file.csv", written.encode(encoding), dict(enumerate(found[first:], start=first + 1)))


def as_json(kind: Kind, rows: Sequence[Sequence[str]], chance: Random) -> File:
    records: list[Any] = []
    for row in rows:
        record: dict[str, Any] = {}
        lines: dict[str, dict[str, str]] = {}
        for header, cell in zip(kind.header, row, strict=False):
            name, _, key = header.partition("].")
            if key:
                lines.setdefault(name, {})[key] = cell
            else:
                record[header] = cell
        if lines:
            record["产品明细"] = [line for line in lines.values() if any(map(str.strip, line.values()))]
            if chance.random() < 0.05:
                record["产品明细"] = "none"
        records.append(record if chance.random() < 0.97 else chance.choice(["no record", 7, [record]]))
    while not records or not all(isinstance(record, dict) and len(record) > 3 for record in records[:1]):
        records.insert(0, dict(zip(kind.header, kind.row(10**6, chance), strict=True)))
    cells = [
        [str(value or "") for value in record.values()] if isinstance(record, dict) else [str(record)]
        for record in records
    ]
    if chance.random() < 0.5:
        text = json.dumps({"code": 0, "data": records}, ensure_ascii=False, indent=chance.choice([None, 1]))
        return File("file.json", text.encode(), dict(enumerate(cells, start=1)))
    lines_of_file: list[str] = []
    found: dict[int, list[str]] = {}
    for record, row in zip(records, cells, strict=True):
        if chance.random() < 0.05 and lines_of_file:
            lines_of_file.append("")
        lines_of_file.append(json.dumps(record, ensure_ascii=False))
        found[len(lines_of_file)] = row
    return File("file.jsonl", (chance.choice(["\n", "\r\n"]).join(lines_of_file) + "\n").encode(), found)


def as_page(kind: Kind, rows: Sequence[Sequence[str]], chance: Random) -> File:
    found: dict[int, list[str]] = {}
    parts = ["<html><body><table><tr><td>menu</td></tr></table><table>"]
    for number, row in enumerate([kind.header, *rows], start=1):
        cells = "".join(f"<td>{html.escape(cell)}</td>" for cell in row)
        parts.append(f"<tr>{cells}</tr>" + chance.choice(["", "\n"]))
        if number > 1:
            found[number] = [" ".join(re.split(r"[ \t\r\n\f]+", cell)) for cell in row]  # as a browser shows it
    return File("file.html", ("".join(parts) + "</table></body></html>").encode(), found)


def as_sheets(kind: Kind, rows: Sequence[Sequence[str]], chance: Random) -> File:
    """One or more sheets with the same columns, the first rows of which may be blank; the cells of bills are merged."""
    made = io.BytesIO()
    book = xlsxwriter.Workbook(made, {"in_memory": True})
    found: dict[int, list[str]] = {}
    count = chance.choice([1, 1, 2, 3])
    size = -(-len(rows) // count)
    for sheet_number in range(1, count + 1):
        sheet = book.add_worksheet(f"S{sheet_number}")
        step = 0 if sheet_number == 1 else sheet_number * workbooks.SHEET_STEP
        top = chance.choice([0, 0, 2])
        sheet.write_row(top, 0, kind.header)
        part = [[cell[:32_000] for cell in row] for row in rows[(sheet_number - 1) * size : sheet_number * size]]
        at = top + 1
        while part:
            if chance.random() < 0.05:
                at += chance.randrange(1, 3)  # a row that the file does not have
            row = part.pop(0)
            for place, cell in enumerate(row):
                if cell:
                    sheet.write_string(at, place, cell)
            if chance.random() < 0.05:
                sheet.set_row(at, None, None, {"hidden": True})
            found[step + at + 1] = row
            run = 0
            while kind.bill and run < len(part) and len(part[run]) == len(row) == len(kind.header):
                if (
                    row[kind.key][:1] != "S"
                    or any(part[run][place] for place in kind.bill)
                    or totals_label(part[run][5])
                ):
                    break
                run += 1
            if run and chance.random() < 0.7:
                for place in kind.bill:
                    sheet.merge_range(at, place, at + run, place, row[place])
                for later in range(1, run + 1):
                    for place, cell in enumerate(part[later - 1]):
                        if place not in kind.bill and cell:
                            sheet.write_string(at + later, place, cell)
                    found[step + at + later + 1] = part[later - 1]
                del part[:run]
                at += run
            at += 1
    book.close()
    return File("file.xlsx", made.getvalue(), found)


FORMS = {"csv": as_csv, "json": as_json, "page": as_page, "sheets": as_sheets}
