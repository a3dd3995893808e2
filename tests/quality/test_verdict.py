"""The gate from end to end on a small warehouse; dbt is played by a few lines, everything else is the real thing."""

from __future__ import annotations

import dataclasses
import json
from datetime import date
from decimal import Decimal
from typing import Any

import duckdb
import pytest

from attain.control import lock
from attain.errors import AttainError, BadInput, Busy, Refused
from attain.quality import checks, holds, runner, verdict
from attain.reference import engine
from attain.settings import Settings
from attain.transform import candidate as candidates
from attain.transform import dbt
from tests.quality import small_warehouse
from tests.quality.results_factory import result

FINGERPRINT = "f" * 64
RUN_ID = FINGERPRINT[:12]

HOLD_IN_PAYOUTS = """
    update incentive.fct_payout
    set held_amount = earned_amount, payable_amount = 0, status = 'held', hold_reason = 'held by the gate'
    where earned_amount > 0 and payee_id in (select payee_id from control.hold);
    update incentive.fct_statement_line set amount = 0, running_total = 0
    where step = 'payable' and payee_id in (select payee_id from control.hold)
"""


class PlayedDbt:
    """Answers for dbt: tests are queries whose rows are failures, models are one statement that applies holds."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.tests: dict[str, tuple[str, dict[str, Any]]] = {"a_test": ("select 1 as a where false", {})}
        self.built: list[str] = []

    def test(self, settings: Settings, run_id: str) -> list[dbt.TestResult]:
        assert run_id == RUN_ID
        found = []
        with duckdb.connect(str(settings.warehouse_file)) as connection:
            connection.execute("create schema if not exists gate_failures")
            for name, (query, meta) in self.tests.items():
                try:
                    connection.execute(f"create or replace table gate_failures.{name} as {query}")
                except duckdb.Error as problem:
                    found.append(dbt.TestResult(name, "error", 0, meta, "incentive.fct_payout", None, str(problem)))
                    continue
                [(failures,)] = connection.execute(f"select count(*) from gate_failures.{name}").fetchall()
                status, relation = ("fail", f"gate_failures.{name}") if failures else ("pass", None)
                found.append(dbt.TestResult(name, status, failures, meta, "incentive.fct_payout", relation))
        return found

    def build_selected(self, settings: Settings, selection: str, run_id: str) -> None:
        assert run_id == RUN_ID
        self.built.append(selection)
        small_warehouse.change(settings.warehouse_file, HOLD_IN_PAYOUTS)

    def add_test(self, name: str, query: str, **meta: str) -> None:
        self.tests[name] = (query, {"owner": "finance", "reason": "Because.", **meta})


@pytest.fixture
def played(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> PlayedDbt:
    """A built candidate of good rows, whose reference engine agrees."""
    small_warehouse.build(settings.warehouse_file)
    small_warehouse.change(
        settings.warehouse_file, f"create table control.run as select '{FINGERPRINT}' as fingerprint"
    )
    store(settings)
    player = PlayedDbt(settings)
    monkeypatch.setattr(dbt, "test", player.test)
    monkeypatch.setattr(dbt, "build_selected", player.build_selected)
    monkeypatch.setattr(engine, "load_inputs", lambda connection, payees=None: None)
    monkeypatch.setattr(engine, "compute", lambda inputs: engine.Results((), (), ()))
    monkeypatch.setattr(engine, "compare", lambda results, connection, payees=None: [])
    return player


@pytest.fixture
def quick(played: PlayedDbt, monkeypatch: pytest.MonkeyPatch) -> PlayedDbt:
    """The same, for tests that are not about expectations."""
    monkeypatch.setattr(checks, "expectation_checks", lambda settings: [result()])
    return played


def store(settings: Settings, fingerprint: str = FINGERPRINT) -> candidates.Candidate:
    made = candidates.Candidate(
        run_id=fingerprint[:12],
        fingerprint=fingerprint,
        release_id=f"20260331-{fingerprint[:12]}",
        as_of_date=date(2026, 3, 31),
        code_version="0",
        delivery_ids=["D1"],
        is_new=True,
    )
    candidates._store(settings, made)
    return made


def rows_of(settings: Settings, query: str) -> list[tuple[Any, ...]]:
    with duckdb.connect(str(settings.warehouse_file), read_only=True) as connection:
        return connection.execute(query).fetchall()


def test_good_rows_pass_and_the_verdict_is_stored(settings: Settings, played: PlayedDbt) -> None:
    found = verdict.check(settings, RUN_ID)
    assert not found.is_refused, str(found)
    assert {each.kind for each in found.results} == {"dbt", "expectation", "reference"}
    assert len(found.results) > 100
    assert verdict.load_verdict(settings, RUN_ID) == found
    assert verdict.load_verdict(settings) == found
    assert json.loads(verdict.verdict_file(settings).read_text(encoding="utf-8"))["fingerprint"] == FINGERPRINT
    assert played.built == []
    assert not [path for path in settings.warehouse.iterdir() if path.name.startswith(".verdict")]


def test_the_same_candidate_has_the_same_verdict(settings: Settings, quick: PlayedDbt) -> None:
    first, second = verdict.check(settings), verdict.check(settings)
    stamped = {"warehouse_stamp": ""}
    assert dataclasses.replace(first, **stamped) == dataclasses.replace(second, **stamped)


def test_a_broken_promise_refuses_and_names_file_row_payee_and_money(settings: Settings, played: PlayedDbt) -> None:
    small_warehouse.change(
        settings.warehouse_file,
        "update incentive.fct_earning_line set is_held = true where earning_line_id = 'EL3'",
    )
    small_warehouse.change(
        settings.warehouse_file,
        "update incentive.fct_statement_line set is_held = true where earning_line_id = 'EL3'",
    )
    found = verdict.check(settings)
    assert found.is_refused
    [blocking] = found.blocking
    assert blocking.name == "held_has_a_reason"
    assert blocking.payees == ["E1"]
    assert blocking.deliveries == ["D1"]
    assert blocking.money == {"CNY": "1030.50"}
    assert blocking.sample_rows[0]["file_name"] == "receipts.csv"
    assert blocking.sample_rows[0]["row_number"] == 3
    assert blocking.sample_rows[0]["document_id"] == "R2"
    text = verdict.render(found)
    for told in ("REFUSED", "receipts.csv", "E1 Person 1", "earned  1,030.50 CNY in all", "attain withdraw D1"):
        assert told in text
    assert verdict.load_verdict(settings).is_refused


def test_a_warning_is_published_and_listed(settings: Settings, played: PlayedDbt) -> None:
    small_warehouse.change(settings.warehouse_file, "update kpi.dim_customer set customer_name = null")
    found = verdict.check(settings)
    assert not found.is_refused
    assert [(each.table, each.name) for each in found.warnings] == [("kpi.dim_customer", "customer_name_not_be_null")]
    assert "customer_name_not_be_null" in verdict.render(found)


@pytest.mark.parametrize(
    ("meta", "query", "is_refused"),
    [
        ({"severity": "critical", "scope": "table"}, "select 'E1' as payee_id", True),
        ({"severity": "warning", "scope": "table"}, "select 'E1' as payee_id", False),
        ({"severity": "info", "scope": "table"}, "select 'E1' as payee_id", False),
        ({}, "select 'E1' as payee_id", True),
        ({"severity": "fatal"}, "select 'E1' as payee_id", True),
        ({"severity": "info"}, "select no_such_column", True),
        ({"severity": "critical", "scope": "rows"}, "select cast(null as varchar) as payee_id", True),
        ({"severity": "critical", "scope": "rows"}, "select 'R1' as document_id", True),
        ({"severity": "critical", "scope": "rows"}, "select 'E3' as payee_id", False),
    ],
)
def test_dbt_tests_are_read_by_severity(
    settings: Settings,
    quick: PlayedDbt,
    monkeypatch: pytest.MonkeyPatch,
    meta: dict[str, str],
    query: str,
    is_refused: bool,
) -> None:
    quick.add_test("bad_rows", query, **meta)
    assert verdict.check(settings).is_refused is is_refused


def test_rows_of_one_payee_hold_that_payee_and_publish_the_rest(settings: Settings, played: PlayedDbt) -> None:
    played.add_test(
        "receipt_twice",
        "select payee_id from incentive.fct_earning_line where earning_line_id = 'EL2'",
        severity="critical",
        scope="rows",
        remedy="ask finance",
    )
    found = verdict.check(settings)
    assert not found.is_refused, str(found)
    assert found.held_payees == ["E2"]
    [held] = found.holds
    assert (held.exposure_amount, held.currency_code, held.remedy) == ("15.00", "CNY", "ask finance")
    [exposure] = found.exposure
    assert (exposure.held_amount, exposure.total_amount) == ("15.00", "1045.50")
    assert played.built == [holds.DEPENDENTS]
    assert rows_of(settings, "select payee_id, exposure_amount from control.hold") == [("E2", Decimal("15.00"))]
    assert rows_of(settings, "select distinct payee_id from incentive.fct_payout where status = 'held'") == [("E2",)]
    assert [hold.payee_id for hold in holds.recorded(settings, FINGERPRINT)] == ["E2"]
    assert holds.recorded(settings, "another") == []


def test_checking_again_holds_the_same_and_builds_nothing(settings: Settings, quick: PlayedDbt) -> None:
    quick.add_test("bad", "select 'E2' as payee_id", severity="critical", scope="rows")
    first = verdict.check(settings)
    again = verdict.check(settings)
    assert quick.built == [holds.DEPENDENTS]
    assert again.holds == first.holds
    assert again.exposure == first.exposure


def test_holding_too_much_money_refuses(settings: Settings, quick: PlayedDbt) -> None:
    quick.add_test("bad", "select 'E1' as payee_id", severity="critical", scope="rows")
    found = verdict.check(settings)
    assert found.is_refused
    assert found.held_payees == ["E1"]
    assert "1030.50 of 1045.50 CNY" in found.refusals[0]
    assert quick.built == []
    assert holds.recorded(settings, FINGERPRINT) == []
    generous = dataclasses.replace(settings, max_held_exposure=1.0)
    assert not verdict.check(generous).is_refused


def test_holds_that_never_settle_are_an_error(
    settings: Settings, quick: PlayedDbt, monkeypatch: pytest.MonkeyPatch
) -> None:
    quick.add_test(
        "another_each_time",
        "select 'X' || count(*) as payee_id from control.hold",
        severity="critical",
        scope="rows",
    )
    with pytest.raises(AttainError, match="rounds of holding"):
        verdict.check(settings)
    with pytest.raises(Refused):
        verdict.load_verdict(settings)


def test_a_row_scope_expectation_holds_the_person(settings: Settings, played: PlayedDbt) -> None:
    small_warehouse.change(
        settings.warehouse_file, "update kpi.dim_employee set leave_date = date '2020-01-01' where employee_id = 'E3'"
    )
    found = verdict.check(settings)
    assert not found.is_refused, str(found)
    assert found.held_payees == ["E3"]


def test_a_published_table_without_a_suite_refuses(settings: Settings, played: PlayedDbt) -> None:
    small_warehouse.change(settings.warehouse_file, "create table kpi.fct_new (a integer)")
    found = verdict.check(settings)
    assert [(each.table, each.name) for each in found.blocking] == [("kpi.fct_new", "has_a_suite")]


def test_a_missing_table_refuses(settings: Settings, played: PlayedDbt) -> None:
    small_warehouse.change(settings.warehouse_file, "drop table audit.coverage")
    found = verdict.check(settings)
    assert {each.table for each in found.blocking} == {"audit.coverage"}
    assert {each.outcome for each in found.blocking} == {"errored"}


def test_a_disagreement_of_the_engines_refuses(
    settings: Settings, quick: PlayedDbt, monkeypatch: pytest.MonkeyPatch
) -> None:
    mismatch = engine.Mismatch(
        "E1", "direct", "2026-01", "CNY", "earned_amount", Decimal("35.00"), Decimal("34.99"), Decimal("0.01"), "EL1: …"
    )
    monkeypatch.setattr(engine, "compare", lambda results, connection, payees=None: [mismatch])
    found = verdict.check(settings)
    [blocking] = found.blocking
    assert blocking.kind == "reference"
    assert blocking.payees == ["E1"]
    text = verdict.render(found)
    assert "34.99" in text
    assert "first differing line EL1" in text


def _explode(*_: object, **__: object) -> None:
    raise RuntimeError("the disk is on fire")


@pytest.mark.parametrize(
    ("module", "name", "kind"),
    [(dbt, "test", "dbt"), (runner, "run_suites", "expectation"), (engine, "compute", "reference")],
)
def test_a_part_of_the_gate_that_breaks_down_refuses(
    settings: Settings, played: PlayedDbt, monkeypatch: pytest.MonkeyPatch, module: Any, name: str, kind: str
) -> None:
    monkeypatch.setattr(module, name, _explode)
    found = verdict.check(settings)
    assert found.is_refused
    assert ("the disk is on fire", kind) in [(each.detail, each.kind) for each in found.blocking]


def test_no_dbt_tests_refuse(settings: Settings, quick: PlayedDbt) -> None:
    quick.tests = {}
    assert verdict.check(settings).refusals == ["not one dbt test was run"]


def test_a_big_candidate_is_compared_by_a_sample_that_the_inputs_draw(
    settings: Settings, played: PlayedDbt, monkeypatch: pytest.MonkeyPatch
) -> None:
    compared: list[Any] = []
    monkeypatch.setattr(checks, "REFERENCE_LINES", 3)
    monkeypatch.setattr(engine, "load_inputs", lambda connection, payees=None: compared.append(payees))
    for seed in ("a", "a", *(f"seed {number}" for number in range(8))):
        [compared_now] = checks.reference_checks(settings, seed)
        assert "sample of" in compared_now.detail
    assert compared[0] == compared[1]
    assert {"E1", "E2", "E3"} == {payee for payees in compared for payee in payees}
    assert all(payees != ["E1", "E2", "E3"] for payees in compared)


# ---------------------------------------------------------------- a verdict speaks of one candidate only


def test_without_a_check_there_is_no_verdict(settings: Settings, played: PlayedDbt) -> None:
    with pytest.raises(Refused, match="has not been checked"):
        verdict.load_verdict(settings, RUN_ID)


def test_a_verdict_on_other_inputs_is_not_accepted(settings: Settings, quick: PlayedDbt) -> None:
    verdict.check(settings)
    store(settings, "e" * 64)
    with pytest.raises(Refused, match="not on the candidate"):
        verdict.load_verdict(settings)
    with pytest.raises(Busy, match="replaced"):
        verdict.load_verdict(settings, RUN_ID)


def test_a_verdict_on_the_same_run_id_but_other_inputs_is_not_accepted(settings: Settings, quick: PlayedDbt) -> None:
    verdict.check(settings)
    store(settings, FINGERPRINT[:12] + "0" * 52)
    with pytest.raises(Refused, match="not on the candidate"):
        verdict.load_verdict(settings, RUN_ID)


def test_a_warehouse_changed_after_the_check_is_not_accepted(settings: Settings, quick: PlayedDbt) -> None:
    verdict.check(settings)
    small_warehouse.change(settings.warehouse_file, "update incentive.fct_payout set payable_amount = 1000000")
    with pytest.raises(Refused, match="was changed after"):
        verdict.load_verdict(settings)


@pytest.mark.parametrize("content", ["", "{", "[]", "{}", '{"run_id": "x"}'])
def test_a_damaged_verdict_is_not_accepted(settings: Settings, played: PlayedDbt, content: str) -> None:
    verdict.verdict_file(settings).write_text(content, encoding="utf-8")
    with pytest.raises(Refused, match="can't be read"):
        verdict.load_verdict(settings)


def test_a_check_that_breaks_off_leaves_no_older_verdict(
    settings: Settings, quick: PlayedDbt, monkeypatch: pytest.MonkeyPatch
) -> None:
    verdict.check(settings)
    monkeypatch.setattr(checks, "expectation_checks", _explode)
    with pytest.raises(RuntimeError):
        verdict.check(settings)
    with pytest.raises(Refused, match="has not been checked"):
        verdict.load_verdict(settings)


def test_another_candidates_warehouse_is_not_checked(settings: Settings, played: PlayedDbt) -> None:
    store(settings, "e" * 64)
    with pytest.raises(BadInput, match="does not hold the candidate"):
        verdict.check(settings)
    settings.warehouse_file.unlink()
    with pytest.raises(BadInput, match="does not hold the candidate"):
        verdict.check(settings)


def test_without_a_candidate_there_is_nothing_to_check(settings: Settings) -> None:
    with pytest.raises(BadInput, match="no candidate"):
        verdict.check(settings)


def test_the_writers_lock_is_held_meanwhile(
    settings: Settings, quick: PlayedDbt, monkeypatch: pytest.MonkeyPatch
) -> None:
    held: list[bool] = []
    tested = quick.test

    def watch(settings: Settings, run_id: str) -> list[dbt.TestResult]:
        held.append(settings.warehouse / lock.LOCK_NAME in lock._held)
        return tested(settings, run_id)

    monkeypatch.setattr(dbt, "test", watch)
    verdict.check(settings)
    assert held == [True]
    assert settings.warehouse / lock.LOCK_NAME not in lock._held
