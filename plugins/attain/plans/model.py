"""What a plan file says, read exactly: dataclasses with `Decimal` and `date`, and findings that name file and line.

YAML numbers never pass through binary floating point: the file is composed to nodes, and every scalar is read from
its text. Reading never stops at the first mistake; all of a file's mistakes are found at once.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from itertools import pairwise
from pathlib import Path
from typing import Literal, TypeVar

import yaml

from attain import money

Severity = Literal["error", "warning"]
Item = TypeVar("Item")

KPI_CODES = frozenset(
    {
        "booked_amount",
        "invoiced_amount",
        "collected_amount",
        "won_deals",
        "win_rate",
        "average_deal_amount",
        "new_customers",
        "collection_ratio",
    }
)
"""Codes of the KPI catalogue (`kpi.dim_kpi`) that a plan may name."""

BASES = {"booked": "booked_amount", "invoiced": "invoiced_amount", "collected": "collected_amount"}
"""Credit bases (C2), each with the KPI that measures the same money."""

INDEXES = frozenset({"amount", "attainment"})
WINDOWS = frozenset({"deal", "month", "quarter", "year"})
MISSING_DATA = frozenset({"reweight", "zero", "hold"})
FREQUENCIES = frozenset({"quarter"})

PUBLISHED_DECIMALS = 2
"""Decimals of a published amount; a currency with a finer unit could not be paid exactly."""


@dataclass(frozen=True)
class Finding:
    """Something to mend in a plan file. An `error` refuses the plan, a `warning` asks for a look.

    Attributes:
        file: the plan file, from the folder of the plans on.
        line: line in it, from 1.
        severity: error or warning.
        message: what is wrong: the key, the value as written, what is expected.
        remedy: what to do about it.
    """

    file: str
    line: int
    severity: Severity
    message: str
    remedy: str

    def __str__(self) -> str:
        return f"{self.file}:{self.line}: {self.severity}: {self.message}\n  what to do: {self.remedy}"


@dataclass(frozen=True)
class Title:
    """A name in English and in Chinese."""

    en: str
    zh: str


@dataclass(frozen=True)
class Assignment:
    """Whom a version pays: everyone who has all the named attributes on the day. None means any."""

    role: str | None
    team: str | None
    region: str | None
    employee_id: str | None
    line: int

    @property
    def conditions(self) -> frozenset[tuple[str, str]]:
        named = {"role": self.role, "team": self.team, "region": self.region, "employee_id": self.employee_id}
        return frozenset((key, value) for key, value in named.items() if value is not None)


@dataclass(frozen=True)
class Band:
    """Half-open band [lower, upper) with its rate (T1). `upper` None: open. Bounds are money or attainment."""

    lower: Decimal
    upper: Decimal | None
    rate: Decimal
    line: int


@dataclass(frozen=True)
class Component:
    """One way of earning inside a version: marginal bands over accumulated credit (T2, T3, T6)."""

    code: str
    title: Title
    basis: str
    index: str
    accumulate: str
    quota_kpi_code: str | None
    bands: tuple[Band, ...]
    line: int
    band_method: str = "marginal"


@dataclass(frozen=True)
class ScorecardKpi:
    """A KPI on a card, its weight, and the attainment above which more does not count (K1)."""

    kpi_code: str
    weight: Decimal
    cap: Decimal
    line: int


@dataclass(frozen=True)
class GradeBand:
    """A grade for scores of `lower_score` or more, up to the next grade's, and its coefficient (K2, K3)."""

    grade: str
    lower_score: Decimal
    coefficient: Decimal
    line: int


@dataclass(frozen=True)
class Scorecard:
    """A scorecard and the bonus that its grade pays (K1–K3). The base is a whole period's, in the plan's currency."""

    code: str
    title: Title
    frequency: str
    missing_data: str
    bonus_base_amount: Decimal
    kpis: tuple[ScorecardKpi, ...]
    grades: tuple[GradeBand, ...]
    line: int


@dataclass(frozen=True)
class PlanVersion:
    """The terms of a plan from `valid_from` to `valid_to`, both included; None: until further notice.

    `ramp` is the share of the quota by tenure month, from month 0; after its last entry 1 (Q2).
    """

    version: str
    valid_from: date
    valid_to: date | None
    currency_code: str
    assignments: tuple[Assignment, ...]
    ramp: tuple[Decimal, ...]
    components: tuple[Component, ...]
    scorecards: tuple[Scorecard, ...]
    line: int


@dataclass(frozen=True)
class Plan:
    """A plan file. `source_file` is its name below the folder of the plans, `file_sha256` of its bytes."""

    code: str
    title: Title
    versions: tuple[PlanVersion, ...]
    source_file: str
    file_sha256: str
    line: int


def read_plan(path: Path, plans_dir: Path) -> tuple[Plan | None, list[Finding]]:
    """Read one plan file.

    Args:
        path: the file.
        plans_dir: the folder of the plans; findings and `source_file` name the file from there.

    Returns:
        The plan, or None when it has errors, and everything found, in order of lines.
    """
    source_file = path.relative_to(plans_dir).as_posix()
    shown = f"{plans_dir.name}/{source_file}"
    content = path.read_bytes()
    reader = _Reader(shown)
    try:
        # No null character and no tab in the indentation: PyYAML itself refuses both, with a mark.
        root = yaml.compose(content.decode("utf-8-sig"), Loader=yaml.SafeLoader)
    except UnicodeDecodeError as error:
        line = content[: error.start].count(b"\n") + 1
        return None, [Finding(shown, line, "error", "the file is not UTF-8 text", "save it as UTF-8")]
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        problem = getattr(error, "problem", None) or str(error)
        return None, [
            Finding(
                shown,
                mark.line + 1 if mark else 1,
                "error",
                f"not readable as YAML: {problem}",
                "mind indentation, colons and quotes at this line",
            )
        ]
    plan = reader.plan(root, source_file, hashlib.sha256(content).hexdigest()) if root is not None else None
    if root is None:
        reader.error(1, "the file is empty", "write a plan into it or delete it")
    findings = sorted(reader.findings, key=lambda finding: finding.line)
    return (None if any(finding.severity == "error" for finding in findings) else plan), findings


class _Mapping:
    """A YAML mapping under its path in the file, e.g. `versions[0].components[1]`."""

    def __init__(self, path: str, line: int, values: dict[str, yaml.Node], lines: dict[str, int]) -> None:
        self.path = path
        self.line = line
        self.values = values
        self.lines = lines

    def name(self, key: str) -> str:
        return f"{self.path}.{key}" if self.path else key

    def line_of(self, key: str) -> int:
        return self.lines.get(key, self.line)


class _Reader:
    """Reads nodes and collects findings. After an error it goes on with a placeholder; the plan is then dropped."""

    def __init__(self, file: str) -> None:
        self.file = file
        self.findings: list[Finding] = []

    def error(self, line: int, message: str, remedy: str) -> None:
        self.findings.append(Finding(self.file, line, "error", message, remedy))

    # -- the file, from the outside in ------------------------------------------------------------------------------

    def plan(self, root: yaml.Node, source_file: str, file_sha256: str) -> Plan:
        top = self.mapping(root, "", required=("plan", "title", "versions"))
        versions = self.items(top, "versions", self.version)
        self.check_unique(top, "versions", [(item.version, item.line) for item in versions])
        self.check_validity(versions)
        return Plan(
            code=self.code(top, "plan"),
            title=self.title(top),
            versions=tuple(versions),
            source_file=source_file,
            file_sha256=file_sha256,
            line=top.line_of("plan"),
        )

    def version(self, node: yaml.Node, path: str) -> PlanVersion:
        entry = self.mapping(
            node,
            path,
            required=("version", "valid_from", "currency", "assign", "components"),
            optional=("valid_to", "ramp", "scorecards"),
        )
        currency = self.currency(entry)
        valid_from = self.day(entry, "valid_from") or date.min
        valid_to = self.day(entry, "valid_to")
        if valid_to is not None and valid_to < valid_from:
            self.error(
                entry.line_of("valid_to"),
                f"{entry.name('valid_to')}: {valid_to} is before valid_from {valid_from}",
                "give the last day the version holds, or leave valid_to out",
            )
        components = self.items(entry, "components", self.component)
        self.check_unique(entry, "components", [(item.code, item.line) for item in components])
        scorecards = self.items(entry, "scorecards", lambda item, at: self.scorecard(item, at, currency))
        self.check_unique(entry, "scorecards", [(item.code, item.line) for item in scorecards])
        return PlanVersion(
            version=self.text(entry, "version"),
            valid_from=valid_from,
            valid_to=valid_to,
            currency_code=currency,
            assignments=tuple(self.items(entry, "assign", self.assignment)),
            ramp=tuple(self.items(entry, "ramp", lambda item, at: self.share(item, at, lowest=Decimal(0)))),
            components=tuple(components),
            scorecards=tuple(scorecards),
            line=entry.line,
        )

    def assignment(self, node: yaml.Node, path: str) -> Assignment:
        entry = self.mapping(node, path, optional=("role", "team", "region", "employee_id"))
        if not entry.values:
            self.error(
                entry.line,
                f"{path}: it names nobody in particular",
                "name a role, team, region or employee_id; what is left out means any",
            )
        return Assignment(
            role=self.optional_text(entry, "role"),
            team=self.optional_text(entry, "team"),
            region=self.optional_text(entry, "region"),
            employee_id=self.optional_text(entry, "employee_id"),
            line=entry.line,
        )

    def component(self, node: yaml.Node, path: str) -> Component:
        entry = self.mapping(
            node,
            path,
            required=("component", "title", "basis", "index", "accumulate", "bands"),
            optional=("quota_kpi", "band_method"),
        )
        basis = self.choice(entry, "basis", BASES)
        index = self.choice(entry, "index", INDEXES)
        accumulate = self.choice(entry, "accumulate", WINDOWS)
        band_method = self.choice(entry, "band_method", {"marginal"}) if "band_method" in entry.values else "marginal"
        quota_kpi = self.choice(entry, "quota_kpi", KPI_CODES) if "quota_kpi" in entry.values else None
        measured = BASES.get(basis)
        if quota_kpi and measured and quota_kpi != measured:
            self.error(
                entry.line_of("quota_kpi"),
                f"{entry.name('quota_kpi')}: {quota_kpi!r} does not measure the basis {basis!r}; marginal bands need "
                "index and base to be one measure (T2)",
                f"write quota_kpi: {measured}",
            )
        if index == "attainment" and "quota_kpi" not in entry.values:
            self.error(
                entry.line,
                f"{path}: bands by attainment need a quota",
                f"add quota_kpi: {measured or 'collected_amount'}, or write index: amount",
            )
        if accumulate == "deal" and index == "attainment":
            self.error(
                entry.line_of("accumulate"),
                f"{entry.name('accumulate')}: a deal has no quota, so it has no attainment",
                "write index: amount, or accumulate by month, quarter or year",
            )
        bands = self.items(entry, "bands", self.band)
        self.check_bands(entry, bands)
        return Component(
            code=self.code(entry, "component"),
            title=self.title(entry),
            basis=basis,
            index=index,
            accumulate=accumulate,
            quota_kpi_code=quota_kpi,
            bands=tuple(bands),
            line=entry.line,
            band_method=band_method,
        )

    def band(self, node: yaml.Node, path: str) -> Band:
        entry = self.mapping(node, path, required=("from", "rate"), optional=("to",))
        upper = entry.values.get("to")
        return Band(
            lower=self.number_at(entry, "from", whole_digits=18),
            upper=None if upper is None else self.number(upper, entry.name("to"), whole_digits=18),
            rate=self.number_at(entry, "rate", whole_digits=3),
            line=entry.line,
        )

    def scorecard(self, node: yaml.Node, path: str, currency: str) -> Scorecard:
        entry = self.mapping(
            node, path, required=("scorecard", "title", "frequency", "missing_data", "bonus_base", "kpis", "grades")
        )
        kpis = self.items(entry, "kpis", self.scorecard_kpi)
        self.check_unique(entry, "kpis", [(item.kpi_code, item.line) for item in kpis])
        total = sum((item.weight for item in kpis), Decimal(0))
        if kpis and total != 1:
            self.error(
                entry.line_of("kpis"),
                f"{entry.name('kpis')}: the weights add up to {total}, not to exactly 1 (K1)",
                f"change one of {', '.join(str(item.weight) for item in kpis)} by {1 - total}",
            )
        grades = self.items(entry, "grades", self.grade)
        self.check_unique(entry, "grades", [(item.grade, item.line) for item in grades])
        self.check_grades(entry, grades)
        bonus_base = self.number_at(entry, "bonus_base", whole_digits=16, lowest=Decimal(0))
        if currency and money.round_money(bonus_base, currency) != bonus_base:
            self.error(
                entry.line_of("bonus_base"),
                f"{entry.name('bonus_base')}: {bonus_base} is finer than the smallest unit of {currency} (M1)",
                f"write {money.round_money(bonus_base, currency)}",
            )
        return Scorecard(
            code=self.code(entry, "scorecard"),
            title=self.title(entry),
            frequency=self.choice(entry, "frequency", FREQUENCIES),
            missing_data=self.choice(entry, "missing_data", MISSING_DATA),
            bonus_base_amount=bonus_base,
            kpis=tuple(kpis),
            grades=tuple(grades),
            line=entry.line,
        )

    def scorecard_kpi(self, node: yaml.Node, path: str) -> ScorecardKpi:
        entry = self.mapping(node, path, required=("kpi", "weight", "cap"))
        return ScorecardKpi(
            kpi_code=self.choice(entry, "kpi", KPI_CODES),
            weight=self.number_at(entry, "weight", whole_digits=3, lowest=Decimal(0)),
            cap=self.number_at(entry, "cap", whole_digits=3, lowest=Decimal(0)),
            line=entry.line,
        )

    def grade(self, node: yaml.Node, path: str) -> GradeBand:
        entry = self.mapping(node, path, required=("grade", "from", "coefficient"))
        return GradeBand(
            grade=self.text(entry, "grade"),
            lower_score=self.number_at(entry, "from", whole_digits=12, lowest=Decimal(0)),
            coefficient=self.number_at(entry, "coefficient", whole_digits=3, lowest=Decimal(0)),
            line=entry.line,
        )

    # -- checks over several values ---------------------------------------------------------------------------------

    def check_bands(self, component: _Mapping, bands: list[Band]) -> None:
        """T1: from 0 on, half-open, no gap, no overlap, the last one open."""
        expected = Decimal(0)
        for number, band in enumerate(bands):
            name = f"{component.name('bands')}[{number}]"
            is_last = number == len(bands) - 1
            if number == 0 and band.lower != 0:
                self.error(band.line, f"{name}.from: {band.lower}; bands start at 0 (T1)", "write from: 0")
            elif band.lower > expected:
                self.error(
                    band.line,
                    f"{name}.from: {band.lower} leaves a gap from {expected} to {band.lower} (T1)",
                    f"write from: {expected}",
                )
            elif band.lower < expected:
                self.error(
                    band.line,
                    f"{name}.from: {band.lower} overlaps the band before it, which ends at {expected} (T1)",
                    f"write from: {expected}",
                )
            if band.upper is None and not is_last:
                self.error(
                    band.line,
                    f"{name}: it has no `to`, but a band follows it (T1)",
                    f"write to: {bands[number + 1].lower}",
                )
                expected = bands[number + 1].lower
            elif band.upper is not None:
                if band.upper <= band.lower:
                    self.error(
                        band.line,
                        f"{name}.to: {band.upper} is not above from {band.lower} (T1)",
                        "give a `to` above `from`",
                    )
                if is_last:
                    self.error(
                        band.line,
                        f"{name}.to: {band.upper} closes the last band; credit above it would earn nothing (T1)",
                        "leave `to` out of the last band",
                    )
                expected = band.upper

    def check_grades(self, card: _Mapping, grades: list[GradeBand]) -> None:
        if grades and min(item.lower_score for item in grades) != 0:
            lowest = min(grades, key=lambda item: item.lower_score)
            self.error(
                lowest.line,
                f"{card.name('grades')}: the lowest grade {lowest.grade!r} starts at {lowest.lower_score}; "
                "a score below it would have no grade (K2)",
                "let the lowest grade start at 0",
            )
        seen: dict[Decimal, str] = {}
        for item in grades:
            if item.lower_score in seen:
                self.error(
                    item.line,
                    f"{card.name('grades')}: {item.grade!r} and {seen[item.lower_score]!r} both start at "
                    f"{item.lower_score} (K2)",
                    "give each grade a score of its own to start at",
                )
            seen[item.lower_score] = item.grade

    def check_validity(self, versions: list[PlanVersion]) -> None:
        ordered = sorted(versions, key=lambda item: item.valid_from)
        for before, after in pairwise(ordered):
            if before.valid_to is None or before.valid_to >= after.valid_from:
                until = before.valid_to or "further notice"
                self.error(
                    after.line,
                    f"version {after.version!r} from {after.valid_from} overlaps version {before.version!r}, "
                    f"which holds from {before.valid_from} until {until}",
                    f"end version {before.version!r} on the day before {after.valid_from}",
                )

    def check_unique(self, parent: _Mapping, key: str, named: Iterable[tuple[str, int]]) -> None:
        seen: set[str] = set()
        for name, line in named:
            if name and name in seen:
                self.error(line, f"{parent.name(key)}: {name!r} is there twice", "rename or remove one of them")
            seen.add(name)

    # -- single values ----------------------------------------------------------------------------------------------

    def mapping(
        self, node: yaml.Node, path: str, required: tuple[str, ...] = (), optional: tuple[str, ...] = ()
    ) -> _Mapping:
        line = node.start_mark.line + 1
        entry = _Mapping(path, line, {}, {})
        where = path or "the file"
        if not isinstance(node, yaml.MappingNode):
            known = ", ".join(required + optional)
            self.error(line, f"{where}: {_shown(node)} is not a set of keys", f"write `key: value` pairs: {known}")
            return entry
        for key_node, value_node in node.value:
            key = key_node.value if isinstance(key_node, yaml.ScalarNode) else _shown(key_node)
            key_line = key_node.start_mark.line + 1
            if key in entry.values:
                self.error(key_line, f"{entry.name(key)}: the key is there twice", "keep one of them")
            elif key not in required + optional:
                self.error(
                    key_line,
                    f"{entry.name(key)}: unknown key",
                    f"known here: {', '.join(required + optional)}",
                )
            else:
                entry.values[key] = value_node
                entry.lines[key] = key_line
        for key in required:
            if key not in entry.values:
                self.error(line, f"{where}: the key {key!r} is missing", f"add `{key}:`")
        return entry

    def items(self, parent: _Mapping, key: str, read: Callable[[yaml.Node, str], Item]) -> list[Item]:
        node = parent.values.get(key)
        if node is None:
            return []
        if not isinstance(node, yaml.SequenceNode):
            self.error(
                node.start_mark.line + 1,
                f"{parent.name(key)}: {_shown(node)} is not a list",
                "write its entries one a line, each after `- `",
            )
            return []
        if not node.value:
            self.error(node.start_mark.line + 1, f"{parent.name(key)}: the list is empty", "add an entry")
        return [read(item, f"{parent.name(key)}[{number}]") for number, item in enumerate(node.value)]

    def optional_text(self, parent: _Mapping, key: str) -> str | None:
        return self.text(parent, key) if key in parent.values else None

    def text(self, parent: _Mapping, key: str) -> str:
        node = parent.values.get(key)
        if node is None:  # reported as missing
            return ""
        if not isinstance(node, yaml.ScalarNode) or not node.value.strip():
            self.error(parent.line_of(key), f"{parent.name(key)}: {_shown(node)} is not a text", "write a text")
            return ""
        return str(node.value).strip()

    def code(self, parent: _Mapping, key: str) -> str:
        text = self.text(parent, key)
        if text and not re.fullmatch(r"[a-z][a-z0-9_]{0,62}", text):
            self.error(
                parent.line_of(key),
                f"{parent.name(key)}: {text!r} is not a code",
                "use small letters, digits and _, starting with a letter: it becomes part of keys and file names",
            )
        return text

    def title(self, parent: _Mapping) -> Title:
        node = parent.values.get("title")
        if node is None:
            return Title("", "")
        entry = self.mapping(node, parent.name("title"), required=("en", "zh"))
        return Title(en=self.text(entry, "en"), zh=self.text(entry, "zh"))

    def choice(self, parent: _Mapping, key: str, known: Iterable[str]) -> str:
        text = self.text(parent, key)
        if text and text not in known:
            self.error(
                parent.line_of(key), f"{parent.name(key)}: {text!r} is not known", f"known: {', '.join(sorted(known))}"
            )
        return text

    def currency(self, parent: _Mapping) -> str:
        """A currency whose smallest unit a published amount can hold; an empty text after an error."""
        text = self.text(parent, "currency")
        if not text:
            return ""
        try:
            decimals = money.minor_unit(text)
        except ValueError as error:
            self.error(parent.line_of("currency"), f"{parent.name('currency')}: {error}", "write e.g. CNY")
            return ""
        if decimals > PUBLISHED_DECIMALS:
            self.error(
                parent.line_of("currency"),
                f"{parent.name('currency')}: {text} has {decimals} decimals, pay has at most {PUBLISHED_DECIMALS} (M1)",
                "pay in a currency of at most two decimals",
            )
            return ""
        return text

    def day(self, parent: _Mapping, key: str) -> date | None:
        text = self.optional_text(parent, key)
        if not text:
            return None
        if re.fullmatch(r"\d{4}-\d{2}-\d{2}", text):
            try:
                return date.fromisoformat(text)
            except ValueError:
                pass
        self.error(parent.line_of(key), f"{parent.name(key)}: {text!r} is not a day", "write it as YYYY-MM-DD")
        return None

    def number_at(self, parent: _Mapping, key: str, whole_digits: int, lowest: Decimal | None = None) -> Decimal:
        node = parent.values.get(key)
        return Decimal(0) if node is None else self.number(node, parent.name(key), whole_digits, lowest)

    def share(self, node: yaml.Node, path: str, lowest: Decimal) -> Decimal:
        return self.number(node, path, whole_digits=3, lowest=lowest)

    def number(self, node: yaml.Node, path: str, whole_digits: int, lowest: Decimal | None = None) -> Decimal:
        """An exact number with at most 6 decimals and `whole_digits` digits before them; `4%` is 0.04."""
        line = node.start_mark.line + 1
        text = str(node.value).strip() if isinstance(node, yaml.ScalarNode) else ""
        written = re.fullmatch(r"([+-]?\d{1,24}(?:\.\d{1,24})?)\s*(%?)", text, flags=re.ASCII)
        if not written:
            self.error(
                line,
                f"{path}: {_shown(node)} is not a number",
                "write digits with a point for decimals and no thousands separators, e.g. 1200.5, 0.045 or 4.5%",
            )
            return Decimal(0)
        value = money.EXACT.scaleb(Decimal(written[1]), -2 if written[2] else 0)
        if money.quantise6(value) != value:
            self.error(line, f"{path}: {text} has more than {money.SCALE} decimals", f"write {money.quantise6(value)}")
        if abs(value) >= Decimal(10) ** whole_digits:
            self.error(line, f"{path}: {text} is out of range", f"stay below 10 to the power of {whole_digits}")
        if lowest is not None and value < lowest:
            self.error(line, f"{path}: {text} is below {lowest}", f"write {lowest} or more")
        return value


def _shown(node: yaml.Node) -> str:
    """A node as a person would recognise it in a message."""
    if isinstance(node, yaml.ScalarNode):
        return repr(node.value)
    return "a list" if isinstance(node, yaml.SequenceNode) else "a set of keys"
