"""Runs the three kinds of checks and says what became of each, with the rows behind every failure."""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Sequence
from dataclasses import asdict, replace
from decimal import Decimal
from typing import Any

import duckdb

from attain import progress
from attain.errors import AttainError
from attain.quality import dialect, rows, runner, suites
from attain.quality.results import CheckResult
from attain.reference import engine
from attain.settings import Settings
from attain.transform import dbt

log = logging.getLogger(__name__)

PUBLISHED_SCHEMAS = ("kpi", "incentive", "appraisal", "audit")

REFERENCE_LINES = 200_000
"""Above so many credit lines the reference engine computes a sample of payees instead of all of them."""

_UNKNOWN_OWNER = "data_platform"


def dbt_checks(settings: Settings, run_id: str) -> list[CheckResult]:
    """Run all dbt tests of the candidate; one result each.

    A test that doesn't state a severity is critical: nobody has said that it may be passed over.
    """
    try:
        with progress.step("dbt tests"):
            tested = dbt.test(settings, run_id)
    except AttainError:
        raise
    except Exception as problem:  # a gate that can't look refuses; it does not crash half-way
        log.exception("the dbt tests could not be run")
        return [_not_run("dbt tests", "dbt", "the dbt project", problem)]
    with dialect.connect(settings.warehouse_file) as connection:
        return [_dbt_result(connection, test) for test in tested]


def expectation_checks(settings: Settings) -> list[CheckResult]:
    """Evaluate all suites on the candidate: a result for each expectation, and each published table without a suite.

    Raises:
        BadInput: a suite file can't be used as it is.
    """
    loaded = suites.load_suites(settings.expectations_dir)
    try:
        with progress.step("expectation suites"):
            outcomes = runner.run_suites(settings.warehouse_file, loaded)
    except Exception as problem:  # likewise
        log.exception("the expectation suites could not be run")
        return [_not_run("expectation suites", "expectation", "all published tables", problem)]
    with dialect.connect(settings.warehouse_file) as connection:
        results = [_expectation_result(connection, outcome) for outcome in outcomes]
        promised = {suite.table for suite in loaded}
        return results + [_without_suite(table) for table in published_tables(connection) if table not in promised]


def reference_checks(settings: Settings, candidate_fingerprint: str) -> list[CheckResult]:
    """Compare every payout, scorecard and reward with that of the reference engine, to the cent.

    Above `REFERENCE_LINES` credit lines a sample of payees is compared; it is drawn by the candidate's fingerprint, so
    that the same candidate has the same sample and nobody can know beforehand who is in it.
    """
    result = CheckResult(
        name="payouts_equal_the_reference_engine",
        kind="reference",
        severity="critical",
        scope="table",
        outcome="passed",
        failures=0,
        owner="sales-operations",
        reason="Two readings of the same rules differ, so one of them pays, grades or rewards somebody wrongly.",
        remedy="look at the first differing line: mend the model or the engine, whichever breaks the rule it names",
        table="incentive.fct_payout",
    )
    try:
        with progress.step("reference engine"), dialect.connect(settings.warehouse_file) as connection:
            payees = _payees_to_compare(connection, candidate_fingerprint)
            computed = engine.compute(engine.load_inputs(connection, payees))
            mismatches = engine.compare(computed, connection, payees)
            compared = "every payee" if payees is None else f"a sample of {len(payees)} payees"
            names = sorted({mismatch.payee_id for mismatch in mismatches})
            money = _money_of(connection, names)
            known_as = rows.names_of(connection, names) if names else {}
            differing = next(filter(None, (mismatch.first_differing_line for mismatch in mismatches)), None)
            first = f"; first differing line {differing}" if differing else ""
    except Exception as problem:  # likewise
        log.exception("the reference engine could not be run")
        return [_not_run(result.name, result.kind, result.table, problem)]
    return [
        replace(
            result,
            outcome="failed" if mismatches else "passed",
            failures=len(mismatches),
            detail=(
                f"{len(computed.payouts):,} payouts, {len(computed.appraisals):,} scorecards and "
                f"{len(computed.recognitions):,} rewards of {compared} were computed again{first}"
            ),
            sample_rows=[_mismatch_row(mismatch) for mismatch in mismatches[: rows.SAMPLE_ROWS]],
            payees=names,
            money=money,
            has_payees=bool(names),
            payee_names=known_as,
        )
    ]


def _payees_to_compare(connection: duckdb.DuckDBPyConnection, seed: str) -> list[str] | None:
    """Payees whose lines make up the sample; None for everybody."""
    lines = dict(
        connection.execute(
            "select employee_id, count(*) from incentive.fct_credit_line group by employee_id"
        ).fetchall()
    )
    if sum(lines.values()) <= REFERENCE_LINES:
        return None
    paid = [row[0] for row in connection.execute("select distinct payee_id from incentive.fct_payout").fetchall()]
    drawn: list[str] = []
    left = REFERENCE_LINES
    for payee_id in sorted(paid, key=lambda name: hashlib.sha256(f"{seed}\x1f{name}".encode()).hexdigest()):
        left -= lines.get(payee_id, 0)
        if left < 0 and drawn:
            break
        drawn.append(payee_id)
    return sorted(drawn)


def _mismatch_row(mismatch: engine.Mismatch) -> dict[str, Any]:
    return {name: str(value) if isinstance(value, Decimal) else value for name, value in asdict(mismatch).items()}


def published_tables(connection: duckdb.DuckDBPyConnection) -> list[str]:
    """All tables and views of the published schemas of a warehouse, as `schema.table`."""
    found = connection.execute(
        """
        select table_schema || '.' || table_name from information_schema.tables
        where list_contains($schemas, table_schema) order by 1
        """,
        {"schemas": list(PUBLISHED_SCHEMAS)},
    )
    return [str(row[0]) for row in found.fetchall()]


def _dbt_result(connection: duckdb.DuckDBPyConnection, test: dbt.TestResult) -> CheckResult:
    meta = test.meta
    outcome = {"pass": "passed", "fail": "failed"}.get(test.status, "errored")
    query = rows.relation_query(test.failing_relation) if outcome == "failed" and test.failing_relation else None
    return _with_rows(
        connection,
        query,
        CheckResult(
            name=test.name,
            kind="dbt",
            severity=_stated(meta.get("severity"), suites.SEVERITIES, "critical"),
            scope=_stated(meta.get("scope"), suites.SCOPES, "table"),
            outcome=outcome,
            failures=0 if outcome == "passed" else max(1, test.failures),
            owner=str(meta.get("owner") or _UNKNOWN_OWNER),
            reason=str(meta.get("reason") or "The test does not say what goes wrong when it fails."),
            remedy=str(meta.get("remedy") or ""),
            table=test.model or "the dbt project",
            detail=" ".join((test.message or f"dbt says: {test.status}").split()) if outcome == "errored" else "",
        ),
    )


def _expectation_result(connection: duckdb.DuckDBPyConnection, outcome: runner.ExpectationOutcome) -> CheckResult:
    promise = outcome.expectation
    return _with_rows(
        connection,
        rows.failing_rows_query(outcome.table, promise) if outcome.outcome == "failed" else None,
        CheckResult(
            name=promise.name,
            kind="expectation",
            severity=promise.severity,
            scope=promise.scope,
            outcome=outcome.outcome,
            failures=outcome.failures,
            owner=promise.owner,
            reason=promise.reason,
            remedy=promise.remedy,
            table=outcome.table,
            detail=outcome.detail,
        ),
    )


def _with_rows(connection: duckdb.DuckDBPyConnection, query: str | None, result: CheckResult) -> CheckResult:
    """The result with its failing rows, the people and deliveries they name, and those people's money."""
    if query is None:
        return result
    try:
        found = rows.fetch(connection, query)
        money = _money_of(connection, found.payees)
        names = rows.names_of(connection, found.payees) if found.payees else {}
    except duckdb.Error as problem:
        log.warning("the failing rows of %s could not be fetched: %s", result.name, problem)
        note = f"its rows could not be fetched: {str(problem).splitlines()[0]}"
        return replace(result, detail="; ".join(filter(None, [result.detail, note])))
    return replace(
        result,
        sample_rows=found.sample,
        payees=found.payees,
        deliveries=found.deliveries,
        money=money,
        has_payees=found.has_payees,
        payee_names=names,
    )


def _money_of(connection: duckdb.DuckDBPyConnection, payees: Sequence[str]) -> dict[str, str]:
    """What some payees earned together, by currency, as decimal text."""
    money: dict[str, Decimal] = {}
    for earned in rows.earned_by_payee(connection, payees).values() if payees else ():
        for currency, amount in earned.items():
            money[currency] = money.get(currency, Decimal(0)) + amount
    return {currency: str(amount) for currency, amount in sorted(money.items())}


def _without_suite(table: str) -> CheckResult:
    return CheckResult(
        name="has_a_suite",
        kind="expectation",
        severity="critical",
        scope="table",
        outcome="failed",
        failures=1,
        owner=_UNKNOWN_OWNER,
        reason="Nothing has been promised about the table, so whoever reads it relies on nothing.",
        remedy=f"write expectations/{table}.yml",
        table=table,
    )


def _not_run(name: str, kind: str, table: str, problem: Exception) -> CheckResult:
    return CheckResult(
        name=name,
        kind=kind,
        severity="critical",
        scope="table",
        outcome="errored",
        failures=1,
        owner=_UNKNOWN_OWNER,
        reason="What could not be checked is not known to be right.",
        remedy="read logs/quality.log; it has the whole error",
        table=table,
        detail=str(problem).strip().split("\n", 1)[0] or type(problem).__name__,
    )


def _stated(value: object, allowed: tuple[str, ...], otherwise: str) -> str:
    return str(value) if value in allowed else otherwise
