"""The scenarios of a simulation: the same history, paid by the present plans or the candidate's, at another volume.

Each is built by the very models that pay people, in a warehouse of its own that no reader sees: a scratch folder that
is removed afterwards. Everything that no plan touches is built once and copied.
"""

from __future__ import annotations

import dataclasses
import shutil
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import yaml

from attain import progress
from attain.errors import BadInput
from attain.ingest import contracts
from attain.periods import Span, month_of
from attain.plans.compile import write_plan_tables
from attain.plans.lint import load_plans
from attain.plans.model import Plan
from attain.plans.reading import read_plan
from attain.settings import Settings
from attain.transform import candidate, dbt

PRESENT, CANDIDATE = "present", "candidate"

_PRICING = "path:models/intermediate path:models/marts/incentive"
# Money that customers never see, and rates, do not grow with what is sold.
_NOT_SALES = frozenset({"finance.payments", "finance.fx_rates"})


@dataclass(frozen=True)
class Scenario:
    """One recomputation.

    Attributes:
        plans: `present` or `candidate`.
        volume: share of the real amounts by which everything sold is larger; -0.1 is ten per cent less.
    """

    plans: str
    volume: Decimal = Decimal(0)

    @property
    def label(self) -> str:
        return f"{self.plans} plans" + (f", volume {self.volume:+.0%}" if self.volume else "")


def read_candidate(file: Path, as_if: str | None, days: Span) -> tuple[Plan, str]:
    """The candidate and the text of its file, after `as_if` has been applied.

    Args:
        file: the plan file.
        as_if: a version of it that is to hold on all days; None: the versions as dated.
        days: what is simulated.

    Raises:
        BadInput: the file can't be read, has errors, has no such version, or none that holds on these days.
    """
    if not file.is_file():
        raise BadInput(f"there is no plan file {file}", "give the path of a plan file (.yml)")
    text = file.read_text(encoding="utf-8-sig")
    plan = _read(file)
    names = [version.version for version in plan.versions]
    if as_if is None:
        if not any(days.overlap(Span(item.valid_from, item.valid_to or date.max)) for item in plan.versions):
            raise BadInput(
                f"no version of {file} holds between {days.start} and {days.end}: "
                + ", ".join(f"{item.version!r} from {item.valid_from}" for item in plan.versions),
                f"say which version to take as if it had held then: --as-if {names[-1]}",
            )
        return plan, text
    if as_if not in names:
        raise BadInput(f"{file} has no version {as_if!r}", f"use one of {', '.join(names)}")
    return plan, _as_if(text, as_if, days)


def _as_if(text: str, name: str, days: Span) -> str:
    """The file with one version only, which holds on all the days. Scalars stay as they were written."""
    root: Any = yaml.compose(text, Loader=yaml.SafeLoader)
    [versions] = [value for key, value in root.value if key.value == "versions"]
    [version] = [item for item in versions.value if _value(item, "version") == name]
    dated = {"valid_from": days.start, "valid_to": days.end}
    version.value = [(key, value) for key, value in version.value if key.value not in dated]
    version.value += [
        (yaml.ScalarNode("tag:yaml.org,2002:str", key), yaml.ScalarNode("tag:yaml.org,2002:timestamp", str(day)))
        for key, day in dated.items()
    ]
    versions.value = [version]
    return str(yaml.serialize(root, allow_unicode=True))


def _value(mapping: yaml.MappingNode, name: str) -> str | None:
    return next((value.value for key, value in mapping.value if key.value == name), None)


def _read(file: Path) -> Plan:
    plan, findings = read_plan(file, file.parent)
    errors = [str(finding) for finding in findings if finding.severity == "error"]
    if plan is None or errors:
        raise BadInput(
            "the candidate can't be used:\n" + "\n".join(errors), "mend the lines above; nothing was simulated"
        )
    return plan


class Laboratory:
    """A scratch warehouse in which one scenario after the other is built.

    Attributes:
        settings: of the warehouse; `settings.warehouse_file` holds the scenario that was built last.
        as_of: the day that all scenarios are computed for.
    """

    def __init__(self, settings: Settings, folder: Path, plan: Plan, text: str, last: str) -> None:
        self._plans = {PRESENT: settings.plans_dir, CANDIDATE: folder / "plans"}
        self._facts = folder / "facts.duckdb"
        self.settings = dataclasses.replace(settings, scratch=folder / "warehouse")
        _swap(settings.plans_dir, self._plans[CANDIDATE], plan, text)
        load_plans(self._of(CANDIDATE))  # what the candidate does to the other plans is said before hours of work
        made = candidate.prepare(self.settings)
        self.as_of, self._run_id = made.as_of_date, made.run_id
        if last > (known := month_of(self.as_of)):
            raise BadInput(f"history goes up to {self.as_of}; {last} is not known yet", f"simulate up to {known}")
        with progress.step("simulate: history as it is"):
            for layer in ("staging", "intermediate", "marts"):
                dbt.build_layer(self.settings, layer, self._run_id)
        shutil.copyfile(self.settings.warehouse_file, self._facts)

    def build(self, scenario: Scenario) -> None:
        """Build the scenario into the scratch warehouse, in place of the one before.

        Raises:
            AttainError: a model failed.
        """
        import duckdb

        shutil.copyfile(self._facts, self.settings.warehouse_file)
        if scenario == Scenario(PRESENT):
            return
        with progress.step(f"simulate: {scenario.label}"):
            with duckdb.connect(str(self.settings.warehouse_file)) as connection:
                write_plan_tables(self._of(scenario.plans), connection)
                if scenario.volume:
                    _scale(connection, Decimal(1) + scenario.volume)
            dbt.build_selected(self.settings, _PRICING if scenario.volume else "source:plan+", self._run_id)

    def _of(self, plans: str) -> Settings:
        return dataclasses.replace(self.settings, plans_dir=self._plans[plans])


@contextmanager
def laboratory(settings: Settings, plan: Plan, text: str, last: str) -> Iterator[Laboratory]:
    """A laboratory for the home's history; its folder is removed at the end, whatever happened.

    Raises:
        BadInput: nothing has been delivered, history ends before the month `last`, or the candidate clashes with the
            other plans.
    """
    with tempfile.TemporaryDirectory(prefix="attain-simulation-") as folder:
        yield Laboratory(settings, Path(folder), plan, text, last)


def _swap(source: Path, target: Path, plan: Plan, text: str) -> None:
    """The folder of the plans with the candidate in place of the file that has its code, or beside the others."""
    target.mkdir(parents=True)
    for path in sorted(source.rglob("*.yml")) if source.is_dir() else ():
        held, _ = read_plan(path, source)
        if held is None or held.code != plan.code:
            copy = target / path.relative_to(source)
            copy.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(path, copy)
    (target / f"candidate-{plan.code}.yml").write_text(text, encoding="utf-8")


def sold_columns(feeds: Mapping[str, contracts.Feed]) -> dict[str, list[str]]:
    """What grows with volume: columns of money and quantity of what customers buy and pay, by staging model."""
    found: dict[str, list[str]] = {}
    for feed in feeds.values():
        if feed.source == "hr" or f"{feed.source}.{feed.name}" in _NOT_SALES:
            continue
        columns = [column.name for column in feed.columns if column.type == "money" or column.name == "quantity"]
        if columns:
            found[f"stg_{feed.source}__{feed.name}"] = columns
    return found


def _scale(connection: object, factor: Decimal) -> None:
    """Multiply what was sold, in the staged tables; a rounded cent of a document is the price of a what-if."""
    import duckdb

    assert isinstance(connection, duckdb.DuckDBPyConnection)
    tables: Sequence[tuple[str]] = connection.execute(
        "select table_name from information_schema.tables where table_schema = 'staging'"
    ).fetchall()
    present = {name for (name,) in tables}
    for table, columns in sold_columns(contracts.feeds()).items():
        if table in present:
            changes = ", ".join(
                f'"{name}" = round("{name}" * cast(\'{factor}\' as decimal(9, 4)), 2)' for name in columns
            )
            connection.execute(f"update staging.{table} set {changes}")
