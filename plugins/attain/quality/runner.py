"""Runs every suite with Great Expectations: one process, one ephemeral context, all work pushed down into DuckDB.

Importing Great Expectations costs seconds, so it happens once a process and only when suites are run. Results are
asked for in BASIC format; the rows behind a failure are fetched afterwards, by SQL and with a limit (`rows.py`).
"""

from __future__ import annotations

import importlib
import logging
import os
import sys
import threading
import types
import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from attain.quality import dialect
from attain.quality.suites import Expectation, Suite

log = logging.getLogger(__name__)

# Great Expectations imports these for distribution tests and their charts, of which no suite makes use. They are a
# third of its import time; they are loaded when first used instead.
_DEFERRED = ("altair", "scipy.stats")

_import_lock = threading.Lock()


@dataclass(frozen=True)
class ExpectationOutcome:
    """What became of one expectation.

    Attributes:
        table: `schema.table`.
        expectation: the promise.
        outcome: `passed`, `failed`, or `errored` when it could not be evaluated, which is never a pass.
        failures: number of rows, or groups of rows, that break it; 1 for a table-level promise; 0 when it passed.
        detail: what was observed, or the error.
    """

    table: str
    expectation: Expectation
    outcome: str
    failures: int
    detail: str = ""


class _Deferred(types.ModuleType):
    """Stands for a module until one of its attributes is used."""

    def __getattr__(self, attribute: str) -> Any:
        if sys.modules.get(self.__name__) is self:
            del sys.modules[self.__name__]
        return getattr(importlib.import_module(self.__name__), attribute)


def load_great_expectations() -> types.ModuleType:
    """Import Great Expectations, without its telemetry and without what no suite needs."""
    with _import_lock:
        if loaded := sys.modules.get("great_expectations"):
            return loaded
        os.environ["GX_ANALYTICS_ENABLED"] = "false"
        placed = {name: _Deferred(name) for name in _DEFERRED if name not in sys.modules}
        sys.modules.update(placed)
        try:
            return importlib.import_module("great_expectations")
        finally:
            for name, module in placed.items():
                if sys.modules.get(name) is module:
                    del sys.modules[name]


def run_suites(warehouse_file: Path, suites: Sequence[Suite]) -> list[ExpectationOutcome]:
    """Evaluate every expectation of every suite against the warehouse; one outcome each, in the order of the suites.

    The warehouse is opened read-only and closed again before this returns, so that a writer can follow.
    """
    gx = load_great_expectations()
    from great_expectations.data_context.types.base import ProgressBarsConfig

    dialect.register()
    context = gx.get_context(mode="ephemeral")
    context.variables.progress_bars = ProgressBarsConfig(globally=False)
    source = context.data_sources.add_sql(
        "warehouse",
        connection_string=dialect.CONNECTION_STRING,
        kwargs={"connect_args": dialect.connect_arguments(warehouse_file)},
    )
    try:
        return [outcome for suite in suites for outcome in _run_suite(gx, source, suite)]
    finally:
        source.get_engine().dispose()
        source.get_execution_engine().engine.dispose()


def _run_suite(gx: types.ModuleType, source: Any, suite: Suite) -> list[ExpectationOutcome]:
    from great_expectations.expectations.registry import get_expectation_impl

    schema, _, table = suite.table.partition(".")
    outcomes: dict[str, ExpectationOutcome] = {}
    evaluable = []
    for expectation in suite.expectations:
        try:
            evaluable.append(
                get_expectation_impl(expectation.type)(
                    **expectation.kwargs, severity=expectation.severity, meta={"name": expectation.name}
                )
            )
        except Exception as problem:  # an argument that Great Expectations itself refuses
            outcomes[expectation.name] = _errored(suite, expectation, str(problem))
    try:
        with warnings.catch_warnings():
            # There is one data source for all schemas; a connection has only one default schema.
            warnings.filterwarnings("ignore", message="`schema_name` is deprecated", category=DeprecationWarning)
            asset = source.add_table_asset(suite.table, table_name=table, schema_name=schema)
        batch = asset.add_batch_definition_whole_table("whole").get_batch()
        results = batch.validate(
            gx.ExpectationSuite(suite.table, expectations=evaluable), result_format="BASIC"
        ).results
    except Exception as problem:  # whatever it was, nothing of this table has been shown to be right
        log.exception("suite %s could not be evaluated", suite.table)
        return [_errored(suite, expectation, str(problem)) for expectation in suite.expectations]
    by_name = {result.expectation_config.meta["name"]: result for result in results}
    for expectation in suite.expectations:
        if expectation.name in outcomes:
            continue
        result = by_name.get(expectation.name)
        if result is None:
            outcomes[expectation.name] = _errored(suite, expectation, "Great Expectations gave no result for it")
        else:
            outcomes[expectation.name] = _outcome(suite, expectation, result)
    return [outcomes[expectation.name] for expectation in suite.expectations]


def _outcome(suite: Suite, expectation: Expectation, result: Any) -> ExpectationOutcome:
    if error := _error(result.exception_info):
        return _errored(suite, expectation, error)
    if result.success is True:
        return ExpectationOutcome(suite.table, expectation, "passed", 0)
    observed = result.result.get("observed_value")
    counted = result.result.get("unexpected_count")
    if counted is None and expectation.type == "unexpected_rows_expectation":
        counted = observed
    detail = "" if observed is None or counted is not None else f"observed {observed}"
    return ExpectationOutcome(suite.table, expectation, "failed", int(counted or 1), detail)


def _errored(suite: Suite, expectation: Expectation, message: str) -> ExpectationOutcome:
    first_line = message.strip().split("\n", 1)[0]
    return ExpectationOutcome(suite.table, expectation, "errored", 1, first_line)


def _error(information: Any) -> str:
    """The message of a result's exception, which is given either flat or by metric; empty when there was none."""
    if not isinstance(information, dict):
        return ""
    for entry in (information, *information.values()):
        if isinstance(entry, dict) and entry.get("raised_exception"):
            return str(entry.get("exception_message") or "it raised an exception without a message")
    return ""
