"""dbt, run in process: once a layer, with one manifest a process, its logs in files and nothing on the terminal.

Importing dbt costs seconds, so it happens when the first layer is built and not before. Run parameters are handed over
in the one-row table `control.run` of the warehouse, never as `--vars`, which would make dbt read the project anew.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from attain.control import lock
from attain.errors import AttainError, BadInput
from attain.settings import Settings
from attain.transform.candidate import load_candidate

SELECTIONS: Mapping[str, tuple[str, ...]] = {
    "staging": ("path:seeds", "path:models/staging"),
    "intermediate": ("path:models/intermediate",),
    "marts": ("path:models/marts",),
}

THREADS = 1

# The project as it was read, by the place and state of its files; reading it takes longer than building a layer.
_manifests: dict[tuple[Any, ...], Any] = {}


@dataclass(frozen=True)
class Built:
    """What one dbt run built: names of models and seeds, and how long it took."""

    models: list[str]
    seconds: float


@dataclass(frozen=True)
class TestResult:
    """What became of one dbt test.

    Attributes:
        name: name of the test.
        status: `pass`, `fail`, or `error` when it could not be run, which is never a pass.
        failures: number of failing rows.
        meta: what the test says of itself: severity, scope, owner, reason, remedy.
        model: `schema.table` that it looks at first; empty when it looks at none.
        failing_relation: `schema.table` that keeps the failing rows; None when there are none.
        message: what the database said, when it could not be run.
    """

    __test__ = False  # not a test of pytest's

    name: str
    status: str
    failures: int
    meta: Mapping[str, Any] = field(default_factory=dict)
    model: str = ""
    failing_relation: str | None = None
    message: str = ""


def build_layer(settings: Settings, layer: str, run_id: str) -> Built:
    """Build one layer of the candidate: `staging` (with the seeds), `intermediate` or `marts`.

    Raises:
        BadInput: an unknown layer, or there is no candidate.
        Busy: another process is writing, or another run has replaced this candidate.
        AttainError: a model failed; the message names it and says what the database said.
    """
    if layer not in SELECTIONS:
        raise BadInput(f"there is no layer {layer!r}", f"use one of {', '.join(SELECTIONS)}")
    return _build(settings, SELECTIONS[layer], run_id)


def build_selected(settings: Settings, selection: str, run_id: str) -> Built:
    """Build the models of a dbt selector, such as `source:control.hold+`.

    Raises:
        as `build_layer`
    """
    return _build(settings, (selection,), run_id)


def test(settings: Settings, run_id: str) -> list[TestResult]:
    """Run all data tests on the candidate, each once, and keep their failing rows in the schema `gate_failures`.

    Raises:
        BadInput: there is no candidate.
        Busy: another process is writing, or another run has replaced this candidate.
        AttainError: dbt could not run the tests at all.
    """
    with lock.writer(settings):
        load_candidate(settings, run_id)
        outcome = _invoke(settings, ["test", "--exclude-resource-type", "unit_test"])
        return [_test_result(settings, result) for result in outcome]


test.__test__ = False  # type: ignore[attr-defined]  # not a test of pytest's


def unit_test(settings: Settings, run_id: str) -> list[TestResult]:
    """Run dbt's unit tests. They need the built candidate only for the types of its columns.

    Raises:
        as `test`
    """
    with lock.writer(settings):
        load_candidate(settings, run_id)
        outcome = _invoke(settings, ["test", "--resource-type", "unit_test"])
        return [_test_result(settings, result) for result in outcome]


def catalogue(settings: Settings) -> Path:
    """Write dbt's own pages over the project and the candidate: every table and column, its SQL, and what leads to it.

    Returns:
        The page, one file that needs no server and no network; the one of before is replaced.

    Raises:
        as `test`
    """
    with lock.writer(settings), _environment(settings):
        from dbt.cli.main import dbtRunner

        load_candidate(settings)
        command = ["docs", "generate", "--static", "--exclude", "resource_type:test", "resource_type:unit_test"]
        # without the manifest of this process: dbt writes the one that it reads itself, and the page is made of it
        outcome = dbtRunner().invoke([*command, *_flags(settings), "--write-json"])
        _close_database()
        if not outcome.success:
            raise AttainError(
                f"dbt could not describe the tables: {_first_lines(str(outcome.exception))}",
                f"read {_log_path(settings) / 'dbt.log'}",
            )
        page = settings.home / "catalogue" / "index.html"
        page.parent.mkdir(exist_ok=True)
        (_target_path(settings) / "static_index.html").replace(page)
        return page


def _build(settings: Settings, selection: Sequence[str], run_id: str) -> Built:
    with lock.writer(settings):
        load_candidate(settings, run_id)
        outcome = _invoke(
            settings,
            ["build", "--resource-type", "model", "--resource-type", "seed", "--fail-fast", "--select", *selection],
        )
        failed = [result for result in outcome if str(result.status) == "error"]
        if failed:
            raise AttainError(
                "; ".join(
                    f"{result.node.name} could not be built: {_first_lines(result.message)}" for result in failed
                ),
                f"read {_log_path(settings) / 'dbt.log'}; the compiled SQL is below {_target_path(settings)}",
            )
        return Built(
            [result.node.name for result in outcome if str(result.status) == "success"],
            sum(result.execution_time for result in outcome),
        )


def _invoke(settings: Settings, command: list[str]) -> list[Any]:
    with _environment(settings):
        from dbt.cli.main import dbtRunner

        manifest = _manifest(settings)
        outcome = dbtRunner(manifest=manifest).invoke([*command, *_flags(settings)])
        _close_database()
    if outcome.result is None:
        raise AttainError(
            f"dbt {command[0]} did not run: {_first_lines(str(outcome.exception))}",
            f"read {_log_path(settings) / 'dbt.log'}",
        )
    return list(outcome.result.results)


def _manifest(settings: Settings) -> Any:
    from dbt.cli.main import dbtRunner

    key = _project_state(settings)
    if key not in _manifests:
        outcome = dbtRunner().invoke(["parse", *_flags(settings)])
        if not outcome.success:
            # What dbt remembers of an older checkout can contradict this one: a unit test moved to another file.
            outcome = dbtRunner().invoke(["parse", "--no-partial-parse", *_flags(settings)])
        if not outcome.success or outcome.result is None:
            raise AttainError(
                f"the dbt project can't be read: {_first_lines(str(outcome.exception))}",
                f"read {_log_path(settings) / 'dbt.log'}",
            )
        _manifests.clear()
        _manifests[key] = outcome.result
    return _manifests[key]


def _project_state(settings: Settings) -> tuple[Any, ...]:
    files = sorted(
        (path, stat.st_mtime_ns, stat.st_size)
        for folder, _, names in os.walk(settings.dbt_project)
        for path, stat in ((name, name.stat()) for name in (Path(folder) / name for name in names))
    )
    return (str(settings.dbt_project), *files)


def _flags(settings: Settings) -> list[str]:
    return [
        "--project-dir",
        str(settings.dbt_project),
        "--profiles-dir",
        str(settings.dbt_project),
        "--target-path",
        str(_target_path(settings)),
        "--log-path",
        str(_log_path(settings)),
        "--log-level",
        "none",
        "--log-level-file",
        "info",
        "--quiet",
        "--no-use-colors",
        "--no-version-check",
        "--no-write-json",
        "--no-send-anonymous-usage-stats",
        "--threads",
        str(THREADS),
    ]


def _target_path(settings: Settings) -> Path:
    return settings.warehouse / "dbt"


def _log_path(settings: Settings) -> Path:
    return settings.logs / "dbt"


@contextmanager
def _environment(settings: Settings) -> Iterator[None]:
    """What profiles.yml reads, only while dbt runs."""
    wanted = {
        "ATTAIN_WAREHOUSE_FILE": str(settings.warehouse_file),
        "ATTAIN_WAREHOUSE_MEMORY": f"{settings.memory_limit_gb}GB",
        "DO_NOT_TRACK": "1",
    }
    before = {name: os.environ.get(name) for name in wanted}
    os.environ.update(wanted)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value


def _close_database() -> None:
    """Let go of the warehouse: dbt's adapter keeps it open, and its next reader may come with other settings."""
    from dbt.adapters.duckdb.connections import DuckDBConnectionManager

    DuckDBConnectionManager.close_all_connections()


def _test_result(settings: Settings, result: Any) -> TestResult:
    node = result.node
    status = {"pass": "pass", "warn": "fail", "fail": "fail"}.get(str(result.status), "error")
    stored = getattr(node.config, "store_failures", False) and status == "fail"
    return TestResult(
        name=node.name,
        status=status,
        failures=int(result.failures or 0),
        meta=dict(getattr(node.config, "meta", None) or {}),
        model=_model_of(settings, node),
        failing_relation=f"{node.schema}.{node.alias}" if stored else None,
        message="" if status == "pass" else str(result.message or ""),
    )


def _model_of(settings: Settings, node: Any) -> str:
    manifest = _manifests[_project_state(settings)]
    first = getattr(node, "attached_node", None) or next(iter(node.depends_on.nodes), None)
    found = manifest.nodes.get(first) or manifest.sources.get(first)
    return f"{found.schema}.{getattr(found, 'alias', None) or found.identifier}" if found else ""


def _first_lines(message: str | None) -> str:
    lines = [line.strip() for line in str(message or "dbt gave no reason").splitlines() if line.strip()]
    return " ".join(lines[:6])
