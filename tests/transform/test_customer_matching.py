"""What holds for any customers, however they arrive: order never matters, one customer is one, tax numbers never meet.

The model itself is asked, as dbt compiled it for the sample company; only its inputs are made up.
"""

from __future__ import annotations

import random
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import duckdb
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.transform.conftest import BuiltHome

COLUMNS = (
    "record_id", "source_system", "customer_no", "customer_name", "number_key", "code_key", "tax_id",
    "exact_name", "name_stem", "legal_form",
)  # fmt: skip


@dataclass(frozen=True)
class Record:
    """What a customer record is compared by."""

    system: str
    number: str
    code: str | None
    tax_id: str | None
    name: str | None
    form: str | None

    @property
    def record_id(self) -> str:
        return f"{self.system}:{self.number}"

    def row(self) -> tuple[str | None, ...]:
        full = f"{self.name} {self.form or ''}".strip() if self.name else None
        return (
            self.record_id, self.system, self.number, full, self.number, self.code, self.tax_id, full, self.name,
            self.form,
        )  # fmt: skip


@st.composite
def companies(draw: st.DrawFn) -> list[Record]:
    """Few values of everything, so that records collide in every way there is."""
    some = st.one_of(st.none(), st.none(), st.sampled_from(["T1", "T2", "T3"]))
    keys = st.lists(
        st.tuples(st.sampled_from("abc"), st.sampled_from(["1", "2", "3", "4"])), min_size=2, max_size=10, unique=True
    )
    return [
        Record(
            system,
            number,
            draw(st.one_of(st.none(), st.none(), st.sampled_from(["1", "2", "9"]))),
            draw(some),
            draw(st.one_of(st.none(), st.sampled_from(["x", "y", "z"]))),
            draw(st.one_of(st.none(), st.sampled_from(["gmbh", "limited"]))),
        )
        for system, number in draw(keys)
    ]


@dataclass(frozen=True)
class Model:
    """The compiled model over tables that a test fills."""

    connection: duckdb.DuckDBPyConnection
    sql: str

    def match(self, records: list[Record], told: tuple[tuple[str, str, str], ...] = ()) -> dict[str, tuple[str, ...]]:
        """Record → customer, way, confidence, status and likely customer."""
        self.connection.execute("delete from intermediate.int_customer_record")
        self.connection.execute("delete from staging.stg_control__identity_customer")
        self.connection.executemany(
            f"insert into intermediate.int_customer_record ({', '.join(COLUMNS)}, tax_id_confidence) "
            f"values ({', '.join('?' * len(COLUMNS))}, 0.99)",
            [record.row() for record in records],
        )
        for line, (system, reference, target) in enumerate(told, start=2):
            self.connection.execute(
                "insert into staging.stg_control__identity_customer values (?, ?, ?, ?)",
                [system, reference, target, line],
            )
        found = self.connection.execute(self.sql).fetchall()
        assert len(found) == len(records)
        return {row[0]: tuple(map(str, row[1:])) for row in found}


@pytest.fixture(scope="module")
def model(built: BuiltHome) -> Iterator[Model]:
    compiled = next(Path(built.settings.warehouse).rglob("compiled/**/int_customer_match.sql"))
    with duckdb.connect() as connection:
        connection.execute("attach ':memory:' as attain; use attain; create schema intermediate; create schema staging")
        connection.execute(f"attach '{built.settings.warehouse_file}' as built (read_only)")
        connection.execute(
            "create table intermediate.int_customer_record as select * from built.intermediate.int_customer_record"
        )
        connection.execute(
            "create table staging.stg_control__identity_customer "
            "(source_system varchar, reference varchar, customer_id varchar, line_number bigint)"
        )
        connection.execute("detach built; set threads = 1")
        yield Model(connection, compiled.read_text(encoding="utf-8"))


def groups(matches: dict[str, tuple[str, ...]]) -> dict[str, set[str]]:
    found: dict[str, set[str]] = defaultdict(set)
    for record_id, (customer_id, *_) in matches.items():
        found[customer_id].add(record_id)
    return found


WITHOUT_HASTE = settings(
    max_examples=60, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.function_scoped_fixture]
)


@WITHOUT_HASTE
@given(records=companies(), seed=st.integers(0, 9))
def test_any_order_of_arrival_gives_the_same_customers(model: Model, records: list[Record], seed: int) -> None:
    shuffled = list(records)
    random.Random(seed).shuffle(shuffled)
    assert model.match(records) == model.match(shuffled)


@WITHOUT_HASTE
@given(records=companies())
def test_being_one_customer_is_an_equivalence_that_never_joins_two_tax_numbers(
    model: Model, records: list[Record]
) -> None:
    matches = model.match(records)
    by_id = {record.record_id: record for record in records}
    customer_of = {record_id: match[0] for record_id, match in matches.items()}
    for customer_id, members in groups(matches).items():
        assert customer_of[customer_id] == customer_id, "the record that gives the id is a record of the customer"
        assert customer_id == min(members)
        assert len({by_id[member].tax_id for member in members} - {None}) <= 1
        # Nobody is joined by nothing: from each member a chain of shared keys leads to every other one.
        for first, second in pairwise(sorted(members)):
            assert _are_linked([by_id[member] for member in members], first, second)
    # The same tax number is the same customer, always.
    for tax_id in {record.tax_id for record in records} - {None}:
        assert len({customer_of[record.record_id] for record in records if record.tax_id == tax_id}) == 1
    # What stands alone and has a namesake elsewhere says so.
    for customer_id, way, confidence, status, likely in matches.values():
        assert status in ("matched", "ambiguous")
        assert (status == "ambiguous") == (likely != "None")
        assert float(confidence) > 0
        assert way == "own_record" or customer_id in by_id


def _are_linked(members: list[Record], first: str, second: str) -> bool:
    reached, waiting = {first}, [first]
    by_id = {record.record_id: record for record in members}
    while waiting:
        here = by_id[waiting.pop()]
        for other in members:
            shares = (
                (here.tax_id is not None and here.tax_id == other.tax_id)
                or (here.code is not None and here.code in (other.number, other.code))
                or (other.code is not None and other.code in (here.number, here.code))
                or (here.name is not None and here.name == other.name)
            )
            if shares and other.record_id not in reached:
                reached.add(other.record_id)
                waiting.append(other.record_id)
    return second in reached


def test_the_file_changes_only_the_record_that_it_speaks_of(model: Model) -> None:
    records = [
        Record("a", "1", None, "T1", "x", None),
        Record("b", "1", None, None, "x", None),
        Record("b", "2", None, "T2", "y", None),
        Record("c", "3", None, "T1", None, None),
    ]
    before = model.match(records)
    after = model.match(records, (("b", "1", "b:2"),))
    assert (before["b:1"][0], after["b:1"]) == ("a:1", ("b:2", "explicit", "1.00", "matched", "None"))
    assert {key: before[key] for key in before if key != "b:1"} == {key: after[key] for key in after if key != "b:1"}


def test_a_thousand_namesakes_are_listed_and_not_multiplied(model: Model) -> None:
    records = [Record("a", str(number), None, None, "x", None) for number in range(1_000)]
    matches = model.match([*records, Record("b", "1", None, None, "x", None)])
    assert {match[3] for match in matches.values()} == {"ambiguous"}
    assert len(groups(matches)) == 1_001
