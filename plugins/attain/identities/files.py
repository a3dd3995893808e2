"""The two files that people write: `people.csv` and `customers.csv` of the identities folder.

Excel and git are what sales operations have, so they are flat tables in any encoding that ingest reads (UTF-8 with or
without BOM, GB18030 as Excel in China saves it). Headers are English or Chinese. A fault is a finding with file, line,
value and remedy; a file with findings is not used at all.
"""

from __future__ import annotations

import re
import tempfile
import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

import pyarrow as pa

from attain.errors import BadInput
from attain.ingest import reading, tables
from attain.ingest.contracts import normalise_header
from attain.ingest.rejected import Rejected
from attain.settings import Settings

if TYPE_CHECKING:
    import duckdb

PEOPLE, CUSTOMERS = "people.csv", "customers.csv"
ANY_SYSTEM = "*"
HOUSE, UNKNOWN = "HOUSE", "UNKNOWN"

_ALIASES = {
    "source_system": ("source_system", "来源系统"),
    "reference": ("reference", "原值"),
    "employee_id": ("employee_id", "工号"),
    "customer": ("customer", "客户"),
    "valid_from": ("valid_from", "生效日期"),
    "note": ("note", "备注"),
}
COLUMNS: Mapping[str, tuple[str, ...]] = {
    PEOPLE: ("source_system", "reference", "employee_id", "valid_from", "note"),
    CUSTOMERS: ("source_system", "reference", "customer", "note"),
}
_OPTIONAL = frozenset({"valid_from", "note"})
_CUT_BY_EXCEL = re.compile(r"[+-]?\d+([.,]\d+)?[eE][+]?\d+")
_INVISIBLE = " \t\r\n\u3000\u00a0\ufeff\u200b"
_QUOTED_FORMULA = re.compile(r"^'(?=[=+@-])")  # as `attain identities list` writes a text that Excel would run
_DAY = re.compile(r"(\d{4})[-/.](\d{1,2})[-/.](\d{1,2})")

SCHEMAS: Mapping[str, pa.Schema] = {
    PEOPLE: pa.schema(
        [
            ("source_system", pa.string()),
            ("reference", pa.string()),
            ("employee_id", pa.string()),
            ("valid_from", pa.date32()),
            ("line_number", pa.int64()),
        ]
    ),
    CUSTOMERS: pa.schema(
        [
            ("source_system", pa.string()),
            ("reference", pa.string()),
            ("customer_id", pa.string()),
            ("line_number", pa.int64()),
        ]
    ),
}
"""Columns of the control tables `identity_person` and `identity_customer`; `valid_from` NULL: from ever."""


@dataclass(frozen=True)
class Finding:
    """What is wrong with a line of a file, and what to do about it."""

    file: str
    line: int
    message: str
    remedy: str

    def __str__(self) -> str:
        return f"{self.file}:{self.line}: {self.message}\n  {self.remedy}"


@dataclass(frozen=True)
class Person:
    """A text that stands for an employee in a system from a day on.

    Attributes:
        source_system: system whose records say so; `*`: every system.
        reference: user id, member name, e-mail or display name, as the records write it.
        employee_id: employee that it stands for; `HOUSE`: nobody, on purpose (a pool, a shared login).
        valid_from: first day; None: from ever.
    """

    source_system: str
    reference: str
    employee_id: str
    valid_from: date | None
    line: int


@dataclass(frozen=True)
class Customer:
    """A number or name that stands for a customer in a system.

    Attributes:
        source_system: system whose records say so; `*`: every system.
        reference: number or name of the customer there.
        customer_id: `system:number` of the customer's record that it stands for, or `UNKNOWN`: none, on purpose. A
            record that stands for itself is kept apart from all look-alikes.
    """

    source_system: str
    reference: str
    customer_id: str
    line: int


@dataclass(frozen=True)
class Identities:
    """What the files say, in the order of their lines."""

    people: tuple[Person, ...] = ()
    customers: tuple[Customer, ...] = ()


def load_identities(settings: Settings) -> Identities:
    """What the files say. No folder or no files: nothing.

    Raises:
        BadInput: the files have faults; the message names file, line, value and remedy of each.
    """
    identities, findings = read_all(settings)
    if findings:
        raise BadInput(
            "the identity files can't be used:\n" + "\n".join(map(str, findings)),
            "mend the lines above; `attain identities check` shows them again",
        )
    return identities


def input_files(settings: Settings) -> list[Path]:
    """The files that a release depends on, as they lie there."""
    return [path for name in sorted(COLUMNS) if (path := settings.identities_dir / name).is_file()]


def read_all(settings: Settings) -> tuple[Identities, list[Finding]]:
    """What the files say, and all that is wrong with them, by file and line."""
    findings = list(_strangers(settings.identities_dir))
    rows: dict[str, list[tuple[int, dict[str, str]]]] = {name: [] for name in COLUMNS}
    for path in input_files(settings):
        found, faults = _rows(path, f"{settings.identities_dir.name}/{path.name}")
        rows[path.name] = found
        findings += faults
    folder = settings.identities_dir.name
    people, faults = _people(f"{folder}/{PEOPLE}", rows[PEOPLE])
    customers, more = _customers(f"{folder}/{CUSTOMERS}", rows[CUSTOMERS])
    findings = sorted([*findings, *faults, *more], key=lambda finding: (finding.file, finding.line))
    return Identities(tuple(people), tuple(customers)), findings


def write_identity_tables(settings: Settings, connection: duckdb.DuckDBPyConnection) -> None:
    """Write what the files say into `control.identity_person` and `control.identity_customer` of a warehouse.

    Raises:
        BadInput: the files have faults; the warehouse is then as it was.
    """
    identities = load_identities(settings)
    people = [
        {**{name: getattr(row, name) for name in SCHEMAS[PEOPLE].names[:-1]}, "line_number": row.line}
        for row in identities.people
    ]
    customers = [
        {**{name: getattr(row, name) for name in SCHEMAS[CUSTOMERS].names[:-1]}, "line_number": row.line}
        for row in identities.customers
    ]
    connection.execute("create schema if not exists control")
    for table, name, written in (
        ("identity_person", PEOPLE, people),
        ("identity_customer", CUSTOMERS, customers),
    ):
        connection.register("identity_rows", pa.Table.from_pylist(written, schema=SCHEMAS[name]))
        try:
            connection.execute(f"create or replace table control.{table} as select * from identity_rows")
        finally:
            connection.unregister("identity_rows")


def comparable(text: str) -> str:
    """A reference as the models compare it: without case, and without Zoho's prefix of ids."""
    return text.strip().lower().removeprefix("zcrm_")


def _strangers(folder: Path) -> Iterator[Finding]:
    """Tables that nobody reads: somebody saved a workbook, or mistyped the name, and thinks that it counts."""
    for path in sorted(folder.iterdir()) if folder.is_dir() else []:
        is_table = path.suffix.casefold() in {".csv", ".xlsx", ".xls", ".tsv", ".txt", ".yml", ".yaml"}
        if is_table and path.name not in COLUMNS and not path.name.startswith(("~$", ".")):
            yield Finding(
                f"{folder.name}/{path.name}",
                1,
                "no file of this name is read, so nothing in it counts",
                f"save it as {PEOPLE} or {CUSTOMERS}, or take it out of the folder",
            )


def _rows(path: Path, shown: str) -> tuple[list[tuple[int, dict[str, str]]], list[Finding]]:
    """Rows of a file as (line, column → text without blanks at its ends), and what is wrong with it as a table."""
    columns = COLUMNS[path.name]
    known = {normalise_header(alias): name for name in columns for alias in _ALIASES[name]}
    written = ",".join(columns)

    def score(cells: Sequence[str]) -> int:
        return sum(normalise_header(cell) in known for cell in cells)

    try:
        facts = tables.look(path)
        with tempfile.TemporaryDirectory() as scratch:
            table = reading.open_table(path, path.name, facts, score, Path(scratch))
            names = [known.get(normalise_header(header)) for header in table.header]
            faults = list(_header_faults(shown, table.header, names, columns, written))
            if faults:
                return [], faults
            rows: list[tuple[int, dict[str, str]]] = []
            for batch in table.batches():
                faults += [
                    _not_a_row(shown, ragged.row_number, ragged.fault)
                    for ragged in batch.ragged
                    if any(cell.strip() for cell in ragged.cells)
                ]
                for cells in batch.rows.to_pylist():
                    # Cells beyond the header: a text with a comma that nobody quoted has moved the others.
                    if any(cells[f"c{number}"] for number, name in enumerate(names) if name is None):
                        faults.append(_not_a_row(shown, cells["_row_number"], None))
                        continue
                    row = {
                        name: _QUOTED_FORMULA.sub("", (cells[f"c{number}"] or "").strip(_INVISIBLE))
                        for number, name in enumerate(names)
                        if name is not None
                    }
                    if any(row.values()):
                        rows.append((cells["_row_number"], row))
    except Rejected as rejected:
        return [], [Finding(shown, 1, str(rejected.args[0]), f"its first line is {written}")]
    return rows, faults


def _not_a_row(shown: str, line: int, fault: str | None) -> Finding:
    return Finding(
        shown,
        line,
        fault or "the row has more or fewer cells than the header",
        "give every row a cell for every column; put a text with a comma between double quotes",
    )


def _header_faults(
    shown: str, header: Sequence[str], names: Sequence[str | None], columns: Sequence[str], written: str
) -> Iterator[Finding]:
    for number, (title, name) in enumerate(zip(header, names, strict=True), start=1):
        if title == f"column {number}":  # nameless
            continue
        if name is None:
            yield Finding(shown, 1, f"nobody knows the column {title!r}", f"the columns are {written}")
        elif names.count(name) > 1:
            yield Finding(shown, 1, f"the column {name} is there more than once", "keep one of them")
    for name in columns:
        if name not in names and name not in _OPTIONAL:
            yield Finding(shown, 1, f"there is no column {name}", f"the columns are {written}")


def _cell_faults(shown: str, line: int, row: Mapping[str, str], needed: Sequence[str]) -> Iterator[Finding]:
    for name in needed:
        value = row.get(name, "")
        if not value:
            yield Finding(shown, line, f"{name} is blank", "fill it in, or delete the row")
        elif _CUT_BY_EXCEL.fullmatch(value):
            yield Finding(
                shown,
                line,
                f"{name} {value!r} was a long number that Excel has cut",
                "make the column Text in Excel before you paste, and paste the number again",
            )


def _people(shown: str, rows: Sequence[tuple[int, dict[str, str]]]) -> tuple[list[Person], list[Finding]]:
    people: list[Person] = []
    findings: list[Finding] = []
    said: dict[tuple[str, str, date | None], Person] = {}
    for line, row in rows:
        faults = list(_cell_faults(shown, line, row, ("source_system", "reference", "employee_id")))
        valid_from: date | None = None
        if day := row.get("valid_from", ""):
            try:
                found = _DAY.fullmatch(day)
                valid_from = date(*map(int, found.groups())) if found else None
            except ValueError:
                found = None
            if found is None:
                faults.append(Finding(shown, line, f"valid_from {day!r} is not a day", "write it as YYYY-MM-DD"))
        if faults:
            findings += faults
            continue
        person = Person(row["source_system"], row["reference"], row["employee_id"], valid_from, line)
        key = (person.source_system, comparable(person.reference), valid_from)
        if (first := said.get(key)) is not None:
            findings.append(
                Finding(
                    shown,
                    line,
                    f"{person.source_system} {person.reference!r} is {person.employee_id} here and "
                    f"{first.employee_id} in line {first.line}, from the same day",
                    "keep one of the lines; to change who it is, give the later one a valid_from",
                )
            )
            continue
        said[key] = person
        people.append(person)
    return people, findings


def _customers(shown: str, rows: Sequence[tuple[int, dict[str, str]]]) -> tuple[list[Customer], list[Finding]]:
    customers: list[Customer] = []
    findings: list[Finding] = []
    said: dict[tuple[str, str], Customer] = {}
    for line, row in rows:
        faults = list(_cell_faults(shown, line, row, ("source_system", "reference", "customer")))
        target = unicodedata.normalize("NFKC", row.get("customer", "")).replace(":zcrm_", ":", 1)
        if target and target != UNKNOWN and not re.fullmatch(r"[^:\s]+:.+", target):
            faults.append(
                Finding(
                    shown,
                    line,
                    f"customer {target!r} names no record",
                    "write the customer_id of kpi.dim_customer, a system and a number such as zoho_crm:4876000000123, "
                    f"or {UNKNOWN} for what is no customer",
                )
            )
        if faults:
            findings += faults
            continue
        customer = Customer(row["source_system"], row["reference"], target, line)
        key = (customer.source_system, comparable(customer.reference))
        if (first := said.get(key)) is not None:
            findings.append(
                Finding(
                    shown,
                    line,
                    f"{customer.source_system} {customer.reference!r} is {customer.customer_id} here and "
                    f"{first.customer_id} in line {first.line}",
                    "keep one of the lines",
                )
            )
            continue
        said[key] = customer
        customers.append(customer)
    findings += _chains(shown, customers)
    return customers, findings


def _chains(shown: str, customers: Sequence[Customer]) -> Iterator[Finding]:
    """A target that is itself sent on: whoever reads one line would believe what another one undoes."""
    sent_on = {
        f"{customer.source_system}:{comparable(customer.reference)}": customer
        for customer in customers
        if comparable(customer.customer_id) != f"{customer.source_system}:{comparable(customer.reference)}"
    }
    for customer in customers:
        system, _, number = customer.customer_id.partition(":")
        further = sent_on.get(f"{system}:{comparable(number)}")
        if further is not None:
            yield Finding(
                shown,
                customer.line,
                f"customer {customer.customer_id} is itself {further.customer_id} by line {further.line}",
                f"write {further.customer_id} here",
            )
