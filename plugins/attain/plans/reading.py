"""From a plan file to a `Plan`, every option filled in with its default; mistakes are found with file and line."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable
from dataclasses import replace
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import yaml

from attain.plans import checks, worst_case
from attain.plans.model import (
    BAND_METHODS,
    BASES,
    CREDIT_SOURCES,
    CUSTOMER_TYPES,
    FREQUENCIES,
    INDEXES,
    KPI_CODES,
    KPI_DIRECTIONS,
    MEASURES,
    MISSING_DATA,
    MONEY_MEASURES,
    NUMBER_ATTRIBUTES,
    QUOTA_CODES,
    REVERSALS,
    REVERSED_BY,
    REWARD_KINDS,
    REWARD_UNITS,
    TEAM_PREFIX,
    TEXT_ATTRIBUTES,
    WINDOW_MONTHS,
    WINDOWS,
    Assignment,
    Band,
    Cap,
    Clawback,
    Component,
    Contest,
    CurvePoint,
    Draw,
    Factor,
    FactorAxis,
    FactorBand,
    Finding,
    GradeBand,
    HoldRule,
    Index,
    LegalLimit,
    Penalty,
    Plan,
    PlanVersion,
    Prize,
    Quota,
    Reward,
    Scorecard,
    ScorecardKpi,
    Threshold,
)
from attain.plans.nodes import ZERO, Entry, NodeReader, likely, shown

ONE = Decimal(1)


def read_plan(path: Path, plans_dir: Path) -> tuple[Plan | None, list[Finding]]:
    """Read one plan file.

    Args:
        path: the file.
        plans_dir: the folder of the plans; findings and `source_file` name the file from there.

    Returns:
        The plan, or None when it has errors, and everything found, in order of lines.
    """
    source_file = path.relative_to(plans_dir).as_posix()
    file = f"{plans_dir.name}/{source_file}"
    content = path.read_bytes()
    reader = _PlanReader(file)
    try:
        # No null character and no tab in the indentation: PyYAML itself refuses both, with a mark.
        root = yaml.compose(content.decode("utf-8-sig"), Loader=yaml.SafeLoader)
    except UnicodeDecodeError as error:
        line = content[: error.start].count(b"\n") + 1
        return None, [Finding(file, line, "error", "the file is not UTF-8 text", "save it as UTF-8")]
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        problem = getattr(error, "problem", None) or str(error)
        return None, [
            Finding(
                file,
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


class _PlanReader(NodeReader):
    """Reads a plan from the outside in."""

    currency_code = ""
    """Currency of the version that is being read."""

    quotas: tuple[Quota, ...] = ()
    """Quotas of the version that is being read: they tell what a mistake in its bands costs."""

    def add(self, faults: Iterable[checks.Fault]) -> None:
        for fault in faults:
            self.report(*fault)

    def plan(self, root: yaml.Node, source_file: str, file_sha256: str) -> Plan:
        top = self.mapping(root, "", "plan")
        versions = self.items(top, "versions", self.version)
        self.check_unique(top, "versions", [(item.version, item.line) for item in versions])
        self.add(checks.validity(versions))
        return Plan(
            code=self.code(top, "plan"),
            title=self.title(top),
            versions=tuple(versions),
            source_file=source_file,
            file_sha256=file_sha256,
            line=top.line_of("plan"),
        )

    # -- version ----------------------------------------------------------------------------------------------------

    def version(self, node: yaml.Node, path: str) -> PlanVersion:
        entry = self.mapping(node, path, "version")
        currency = self.currency_code = self.currency(entry, "currency")
        valid_from = self.day(entry, "valid_from") or date.min
        valid_to = self.day(entry, "valid_to")
        clawback = self.clawback(entry, Clawback())
        quotas = self.items(entry, "quotas", self.quota)
        self.quotas = tuple(quotas) if self.has_numbers(entry.values.get("quotas")) else ()
        components = self.items(entry, "components", lambda item, at: self.component(item, at, clawback))
        spiffs = self.items(entry, "spiffs", lambda item, at: self.spiff(item, at, clawback))
        contests = self.items(entry, "contests", self.contest)
        named = [(item.code, item.line) for item in [*components, *spiffs]]
        self.check_unique(entry, "components", [*named, *((item.code, item.line) for item in contests)])
        scorecards = self.items(entry, "scorecards", self.scorecard)
        self.check_unique(entry, "scorecards", [(item.code, item.line) for item in scorecards])
        ramp, ramp_from = self.ramp(entry)
        is_after_confirmation, min_tenure_months = self.eligibility(entry)
        penalties = self.items(entry, "penalties", self.penalty)
        self.check_unique(entry, "penalties", [(item.code, item.line) for item in penalties])
        holds = self.items(entry, "holds", self.hold)
        self.check_unique(entry, "holds", [(item.code, item.line) for item in holds])
        rewards = self.items(entry, "rewards", self.reward)
        self.check_unique(entry, "rewards", [(item.code, item.line) for item in rewards])
        version = PlanVersion(
            version=self.text(entry, "version"),
            valid_from=valid_from,
            valid_to=valid_to,
            currency_code=currency,
            assignments=tuple(self.items(entry, "assign", self.assignment)),
            ramp=ramp,
            components=(*components, *spiffs),
            scorecards=tuple(scorecards),
            line=entry.line,
            ramp_from=ramp_from,
            leave_limit_days=self.whole(entry, "leave_limit_days", 0, 9999),
            tail_days=self.whole(entry, "tail_days", 0, 9999) or 0,
            is_after_confirmation=is_after_confirmation,
            min_tenure_months=min_tenure_months,
            floor_amount=self.optional_amount(entry, "floor", currency),
            quotas=tuple(quotas),
            draw=self.draw(entry),
            penalties=tuple(penalties),
            legal_limits=tuple(self.items(entry, "legal_limit", self.legal_limit)),
            hold_rules=tuple(holds),
            rewards=tuple(rewards),
            contests=tuple(contests),
        )
        if valid_to is not None and valid_to < valid_from:
            self.error(
                entry.line_of("valid_to"),
                f"{entry.name('valid_to')}: {valid_to} is before valid_from {valid_from}",
                "give the last day the version holds, or leave valid_to out",
            )
        payout = self.optional_text(entry, "payout_currency")
        if payout and payout != currency:
            self.error(
                entry.line_of("payout_currency"),
                f"{entry.name('payout_currency')}: {payout}, but pay is in the plan's currency {currency}",
                f"write {currency or 'the same as currency'}, or leave it out",
            )
        if self.has_numbers(entry.values.get("quotas")):
            self.add(checks.quotas(version))
        self.add(checks.rewards(version))
        self.add(checks.assignments(version))
        if not any(key in entry for key in ("components", "spiffs", "contests", "scorecards", "draw", "rewards")):
            self.error(entry.line, f"{path}: it pays nothing: no components", "add `components:`")
        return version

    def assignment(self, node: yaml.Node, path: str, shape: str = "assignment") -> Assignment:
        entry = self.mapping(node, path, shape)
        if not entry.values.keys() & {"role", "team", "region", "employee_id"}:
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
            valid_from=self.day(entry, "valid_from"),
            valid_to=self.day(entry, "valid_to"),
        )

    def ramp(self, parent: Entry) -> tuple[tuple[Decimal, ...], str]:
        """The shares by tenure month, and from what month they count."""
        node = parent.values.get("ramp")
        if not isinstance(node, yaml.MappingNode):
            return tuple(self.items(parent, "ramp", self.share)), "hire"
        entry = self.mapping(node, parent.name("ramp"), "ramp")
        return (
            tuple(self.items(entry, "shares", self.share)),
            self.choice(entry, "from", ("hire", "confirmation"), default="hire"),
        )

    def eligibility(self, parent: Entry) -> tuple[bool, int]:
        node = parent.values.get("eligibility")
        if node is None:
            return False, 0
        entry = self.mapping(node, parent.name("eligibility"), "eligibility")
        return (
            self.yes_no(entry, "after_confirmation", default=False),
            self.whole(entry, "min_tenure_months", 0, 600) or 0,
        )

    def quota(self, node: yaml.Node, path: str) -> Quota:
        entry = self.mapping(node, path, "quota")
        per = self.choice(entry, "per", WINDOW_MONTHS)
        shares = self.items(entry, "seasonality", self.share)
        default = {4: "quarter", 12: "month"}.get(len(shares), per)
        people = entry.values.get("assign")
        return Quota(
            kpi_code=self.choice(entry, "kpi", QUOTA_CODES),
            amount=self.number_at(entry, "amount", whole_digits=15, lowest=ZERO),
            per=per,
            seasonality=tuple(shares),
            periods=self.choice(entry, "periods", WINDOW_MONTHS, default=default),
            assignment=None if people is None else self.assignment(people, entry.name("assign"), "selection"),
            line=entry.line,
        )

    # -- components -------------------------------------------------------------------------------------------------

    def component(self, node: yaml.Node, path: str, clawback: Clawback) -> Component:
        entry = self.mapping(node, path, "component")
        basis = self.choice(entry, "basis", BASES)
        measure = self.choice(entry, "measure", MEASURES, default="amount")
        band_method = self.choice(entry, "band_method", BAND_METHODS, default="marginal")
        index = self.index(entry, basis, measure)
        bands = self.items(entry, "bands", lambda item, at: self.band(item, at, measure))
        threshold = entry.values.get("threshold")
        component = Component(
            code=self.code(entry, "component"),
            title=self.title(entry),
            basis=basis,
            index=index,
            accumulate=self.choice(entry, "accumulate", WINDOWS),
            quota_kpi_code=self.choice(entry, "quota_kpi", QUOTA_CODES) or None,
            bands=tuple(bands),
            line=entry.line,
            measure=measure,
            credit_source=self.choice(entry, "credit", CREDIT_SOURCES, default="own"),
            credit_share=self.number_at(entry, "credit_share", 3, lowest=ZERO, default=ONE),
            band_method=band_method,
            curve=tuple(self.items(entry, "curve", lambda item, at: self.curve_point(item, at, "curve_point", "pay"))),
            target_amount=self.optional_amount(entry, "target_amount", self.currency_code),
            is_prorated=self.yes_no(entry, "prorate", default=True),
            is_extended=self.yes_no(entry, "extend", default=False),
            filters=self.only(entry),
            factors=self.factors(entry),
            threshold=None if threshold is None else self.threshold(threshold, entry.name("threshold")),
            cap=self.cap(entry),
            clawback=self.clawback(entry, clawback),
            reversed_by=self.reversed_by(entry, basis),
        )
        self.check_method(entry, component)
        self.add(checks.component(_lines(entry), component))
        return component

    def check_method(self, entry: Entry, component: Component) -> None:
        """Bands, or a curve and what it is a share of (T1, T5)."""
        name = entry.name("bands")
        if component.band_method == "interpolated":
            rule = "interpolated pay has a curve and a target amount (T5)"
            self.check_keys(entry, ("curve", "target_amount"), ("bands",), rule)
            if component.index.form == "amount":
                self.error(
                    entry.line_of("index"),
                    f"{entry.name('index')}: a curve is over attainment, not over an amount (T5)",
                    "write index: attainment, and a quota_kpi",
                )
            if self.has_numbers(entry.values.get("curve")):
                self.add(checks.curve(entry.name("curve"), component.curve, "T5"))
            return
        rule = f"{component.band_method} pay has bands"
        self.check_keys(entry, ("bands",), ("curve", "target_amount", "prorate", "extend"), rule)
        if self.has_numbers(entry.values.get("bands")):
            bands = [checks.Stretch(band.lower, band.upper, band.line, band.rate) for band in component.bands]
            self.add(checks.bands(name, bands, worst_case.unit_of(self.quotas, component, self.currency_code)))

    def index(self, parent: Entry, basis: str, measure: str) -> Index:
        """A word, or the form with a basis, measure and offset of its own (T2)."""
        node = parent.values.get("index")
        if not isinstance(node, yaml.MappingNode):
            return Index(self.choice(parent, "index", INDEXES), basis, measure)
        entry = self.mapping(node, parent.name("index"), "index")
        return Index(
            form=self.choice(entry, "as", INDEXES),
            basis=self.choice(entry, "basis", BASES, default=basis),
            measure=self.choice(entry, "measure", MEASURES, default=measure),
            offset=self.whole(entry, "offset", -120, 0) or 0,
        )

    def band(self, node: yaml.Node, path: str, measure: str) -> Band:
        entry = self.mapping(node, path, "band")
        return Band(
            lower=self.number_at(entry, "from", whole_digits=18),
            upper=self.optional_number(entry, "to", whole_digits=18),
            rate=self.number_at(entry, "rate", whole_digits=3 if measure in MONEY_MEASURES else 12),
            line=entry.line,
        )

    def curve_point(self, node: yaml.Node, path: str, shape: str, value_key: str) -> CurvePoint:
        entry = self.mapping(node, path, shape)
        return CurvePoint(
            at=self.number_at(entry, "at", whole_digits=6, lowest=ZERO),
            value=self.number_at(entry, value_key, whole_digits=6, lowest=ZERO),
            line=entry.line,
        )

    def threshold(self, node: yaml.Node, path: str) -> Threshold:
        entry = self.mapping(node, path, "threshold")
        return Threshold(
            at=self.number_at(entry, "at", whole_digits=18, lowest=ZERO),
            pays=self.choice(entry, "pays", ("from_first", "above")),
            line=entry.line,
        )

    def cap(self, parent: Entry) -> Cap | None:
        node = parent.values.get("cap")
        if node is None:
            return None
        entry = self.mapping(node, parent.name("cap"), "cap")
        return Cap(
            amount=self.amount_at(entry, "amount", self.currency_code),
            per=self.choice(entry, "per", ("deal", "period", "year")),
            excess=self.choice(entry, "excess", ("lose", "carry"), default="lose"),
            line=entry.line,
        )

    def only(self, parent: Entry) -> tuple[tuple[str, str], ...]:
        """Attributes and values that a line must have, in lower case."""
        node = parent.values.get("only")
        if node is None:
            return ()
        entry = self.mapping(node, parent.name("only"), "only")
        filters: dict[tuple[str, str], None] = {}
        for attribute in TEXT_ATTRIBUTES:
            for value in self.items(entry, attribute, self.text_of):
                filters[(attribute, value.casefold())] = None
                if attribute == "customer_type":
                    self.known(value.casefold(), entry.name(attribute), entry.line_of(attribute), CUSTOMER_TYPES)
        return tuple(filters)

    def factors(self, parent: Entry) -> tuple[Factor, ...]:
        factors = self.items(parent, "factors", self.factor)
        self.check_unique(parent, "factors", [(item.code, item.line) for item in factors])
        return tuple(factors)

    def factor(self, node: yaml.Node, path: str) -> Factor:
        entry = self.mapping(node, path, "factor")
        is_matrix = any(key in entry for key in ("rows", "columns", "matrix"))
        needed: tuple[str, ...]
        barred: tuple[str, ...]
        if is_matrix:
            needed, barred = ("rows", "columns", "matrix"), ("by", "bands", "values")
        else:
            needed, barred = ("by", "values" if "values" in entry else "bands"), ("rows", "columns", "matrix")
        self.check_keys(entry, needed, barred, "a factor is `by` with bands or values, or rows, columns and a matrix")
        columns = None
        cells: list[tuple[Decimal, ...]]
        if is_matrix:
            rows, columns = self.factor_axis(entry, "rows"), self.factor_axis(entry, "columns")
            cells = [tuple(row) for row in self.items(entry, "matrix", self.factor_row)]
            self.add(checks.matrix(path, entry.line_of("matrix"), rows, columns, cells))
        else:
            rows, cells = self.factor_table(entry)
        return Factor(
            code=self.code(entry, "factor"),
            title=self.title(entry),
            applies_to=self.choice(entry, "applies_to", ("pay", "credit"), default="pay"),
            rows=rows,
            columns=columns,
            cells=tuple(cells),
            line=entry.line,
        )

    def factor_row(self, node: yaml.Node, path: str) -> list[Decimal]:
        if not isinstance(node, yaml.SequenceNode):
            self.error(node.start_mark.line + 1, f"{path}: {shown(node)} is not a list", "write [1.0, 0.8, ...]")
            return []
        return [self.share(item, f"{path}[{number}]") for number, item in enumerate(node.value)]

    def factor_table(self, entry: Entry) -> tuple[FactorAxis, list[tuple[Decimal, ...]]]:
        """A factor by one attribute: bands of a number, or values of a text."""
        by = self.attribute(entry, "values" if "values" in entry else "bands")
        bands: list[FactorBand] = []
        cells: list[tuple[Decimal, ...]] = []
        values = entry.values.get("values")
        if values is not None:
            if not isinstance(values, yaml.MappingNode) or not values.value:
                self.error(
                    entry.line_of("values"),
                    f"{entry.name('values')}: {shown(values)} is not a set of values with their factors",
                    "write e.g. values: {new: 1.2, existing: 1}",
                )
                return FactorAxis(by, ()), []
            for key, value in values.value:
                name = self.text_of(key, entry.name("values")).casefold()
                bands.append(FactorBand(None, None, name, key.start_mark.line + 1))
                cells.append((self.share(value, f"{entry.name('values')}.{name}"),))
        else:
            for band, factor in self.items(entry, "bands", self.factor_band):
                bands.append(band)
                cells.append((factor,))
        axis = FactorAxis(by, tuple(bands))
        self.check_axis(entry, "values" if values is not None else "bands", axis)
        return axis, cells

    def factor_band(self, node: yaml.Node, path: str) -> tuple[FactorBand, Decimal]:
        entry = self.mapping(node, path, "factor_band")
        return self.bounds(entry), self.number_at(entry, "factor", whole_digits=3, lowest=ZERO)

    def factor_axis(self, parent: Entry, key: str) -> FactorAxis:
        node = parent.values.get(key)
        if node is None:
            return FactorAxis("", ())
        entry = self.mapping(node, parent.name(key), "factor_axis")
        kind = "values" if "values" in entry else "bands"
        self.check_keys(entry, (kind,), ("bands",) if kind == "values" else (), "an axis has bands or values")
        by = self.attribute(entry, kind)
        if kind == "values":
            bands = self.items(
                entry,
                "values",
                lambda item, at: FactorBand(None, None, self.text_of(item, at).casefold(), item.start_mark.line + 1),
            )
        else:
            bands = self.items(entry, "bands", lambda item, at: self.bounds(self.mapping(item, at, "axis_band")))
        axis = FactorAxis(by, tuple(bands))
        self.check_axis(entry, kind, axis)
        return axis

    def bounds(self, entry: Entry) -> FactorBand:
        return FactorBand(
            lower=self.number_at(entry, "from", whole_digits=15),
            upper=self.optional_number(entry, "to", whole_digits=15),
            value=None,
            line=entry.line,
        )

    def attribute(self, entry: Entry, kind: str) -> str:
        """What a factor is looked up by: a number when there are bands, a text when there are values."""
        by = self.text(entry, "by")
        fitting: tuple[str, ...] = NUMBER_ATTRIBUTES
        others: tuple[str, ...] = TEXT_ATTRIBUTES
        if kind == "values":
            fitting, others = others, fitting
        if by in others:
            self.error(
                entry.line_of("by"),
                f"{entry.name('by')}: {by!r} is {'a number' if kind == 'values' else 'a text'}, it has no {kind}",
                f"write {'bands' if kind == 'values' else 'values'}, or look up by {', '.join(fitting)}",
            )
        else:
            self.known(by, entry.name("by"), entry.line_of("by"), fitting)
        return by

    def check_axis(self, entry: Entry, key: str, axis: FactorAxis) -> None:
        if self.has_numbers(entry.values.get(key)):
            self.add(checks.axis(entry.name(key), axis))

    def check_keys(self, entry: Entry, needed: tuple[str, ...], barred: tuple[str, ...], rule: str) -> None:
        """Keys that belong together, and those that don't go with them."""
        for key in needed:
            if key not in entry:
                self.error(entry.line, f"{entry.path}: the key {key!r} is missing: {rule}", f"add `{key}:`")
        for key in barred:
            if key in entry:
                self.error(
                    entry.line_of(key),
                    f"{entry.name(key)}: it doesn't go with {', '.join(f'`{name}`' for name in needed)}: {rule}",
                    f"remove `{key}`",
                )

    def clawback(self, parent: Entry, default: Clawback) -> Clawback:
        """The clawback of a version, or a component's, which takes what it leaves out from the version's."""
        node = parent.values.get("clawback")
        if node is None:
            return default
        entry = self.mapping(node, parent.name("clawback"), "clawback")
        changes: dict[str, Any] = {}
        if "method" in entry:
            changes["method"] = self.choice(entry, "method", ("negative_credit", "original_rate"))
        if "schedule" in entry:
            changes["schedule"] = self.choice(entry, "schedule", ("full", "linear"))
        for key, highest in (("linear_months", 600), ("window_months", 600), ("unpaid_days", 9999)):
            if key in entry:
                changes[key] = self.whole(entry, key, 0 if key == "window_months" else 1, highest)
        clawback = replace(default, **changes)
        if clawback.schedule == "linear" and clawback.linear_months is None and self.is_clean(node):
            self.error(
                entry.line_of("schedule"),
                f"{entry.path}: a linear clawback needs the months after which everything is kept (D3)",
                "add e.g. linear_months: 12",
            )
        if clawback.schedule == "full":
            if "linear_months" in entry:
                self.error(
                    entry.line_of("linear_months"),
                    f"{entry.name('linear_months')}: the schedule is full, nothing is kept by months (D3)",
                    "write schedule: linear, or remove linear_months",
                )
            clawback = replace(clawback, linear_months=None)
        return clawback

    def reversed_by(self, entry: Entry, basis: str) -> tuple[str, ...]:
        if "reversed_by" not in entry:
            return tuple(REVERSED_BY.get(basis, ()))
        named = self.items(
            entry,
            "reversed_by",
            lambda item, at: self.known(self.text_of(item, at), at, item.start_mark.line + 1, REVERSALS),
        )
        return tuple(reversal for reversal in REVERSALS if reversal in named)

    # -- SPIFFs, contests, rewards ----------------------------------------------------------------------------------

    def spiff(self, node: yaml.Node, path: str, clawback: Clawback) -> Component:
        """A SPIFF as a component of its own: deal by deal, one open band, no quota (K6)."""
        entry = self.mapping(node, path, "spiff")
        basis = self.choice(entry, "basis", BASES)
        measure, rate = self.spiff_pay(entry)
        starts_on, ends_on = self.days(entry)
        return Component(
            code=self.code(entry, "spiff"),
            title=self.title(entry),
            basis=basis,
            index=Index("amount", basis, measure),
            accumulate="deal",
            quota_kpi_code=None,
            bands=(Band(ZERO, None, rate, entry.line_of("pay")),),
            line=entry.line,
            kind="spiff",
            measure=measure,
            credit_source=self.choice(entry, "credit", CREDIT_SOURCES, default="own"),
            filters=self.only(entry),
            factors=self.factors(entry),
            cap=self.cap(entry),
            clawback=Clawback(unpaid_days=clawback.unpaid_days),
            reversed_by=tuple(REVERSED_BY.get(basis, ())),
            credit_from=starts_on,
            credit_to=ends_on,
        )

    def spiff_pay(self, parent: Entry) -> tuple[str, Decimal]:
        """What a SPIFF counts, and what it pays for one of it."""
        measure = self.choice(parent, "measure", MEASURES, default="amount")
        node = parent.values.get("pay")
        if node is None:
            return measure, ZERO
        entry = self.mapping(node, parent.name("pay"), "spiff_pay")
        if len(entry.values) != 1:
            self.error(
                entry.line,
                f"{entry.path}: a SPIFF pays by one of rate, per_deal and per_unit",
                "write e.g. pay: {rate: 1%}, pay: {per_deal: 500} or pay: {per_unit: 50}",
            )
            return measure, ZERO
        counted = {"per_deal": "count", "per_unit": "units"}.get(next(iter(entry.values)))
        if counted is None:
            digits = 3 if measure in MONEY_MEASURES else 12
            return measure, self.number_at(entry, "rate", whole_digits=digits, lowest=ZERO)
        if "measure" in parent and measure != counted:
            self.error(
                parent.line_of("measure"),
                f"{parent.name('measure')}: {measure!r} doesn't go with pay by {next(iter(entry.values))}",
                f"write measure: {counted}, or leave it out",
            )
        return counted, self.amount_at(entry, next(iter(entry.values)), self.currency_code)

    def days(self, entry: Entry) -> tuple[date, date]:
        """The days `from` and `to` of a SPIFF or contest, both included."""
        first, last = self.day(entry, "from") or date.min, self.day(entry, "to") or date.max
        if last < first:
            self.error(
                entry.line_of("to"),
                f"{entry.name('to')}: {last} is before from {first}",
                "give the last day that counts",
            )
        return first, last

    def contest(self, node: yaml.Node, path: str) -> Contest:
        entry = self.mapping(node, path, "contest")
        starts_on, ends_on = self.days(entry)
        prizes = self.items(entry, "prizes", self.prize)
        if self.has_numbers(entry.values.get("prizes")):
            self.add(checks.prizes(entry.name("prizes"), prizes))
        return Contest(
            code=self.code(entry, "contest"),
            title=self.title(entry),
            starts_on=starts_on,
            ends_on=ends_on,
            basis=self.choice(entry, "basis", BASES),
            measure=self.choice(entry, "measure", MEASURES, default="amount"),
            minimum_amount=self.number_at(entry, "minimum", whole_digits=15, lowest=ZERO),
            filters=self.only(entry),
            prizes=tuple(prizes),
            line=entry.line,
        )

    def prize(self, node: yaml.Node, path: str) -> Prize:
        entry = self.mapping(node, path, "prize")
        return Prize(
            rank=self.whole(entry, "rank", 1, 9999) or 0,
            amount=self.amount_at(entry, "amount", self.currency_code),
            line=entry.line,
        )

    def reward(self, node: yaml.Node, path: str) -> Reward:
        entry = self.mapping(node, path, "reward")
        when = entry.values.get("when")
        condition = None if when is None else self.mapping(when, entry.name("when"), "reward_condition")
        scorecard = grade = component = None
        attainment: Decimal | None = None
        if condition is not None:
            rule = "a reward is for a grade of a scorecard, or for an attainment of a component"
            if "component" in condition:
                self.check_keys(condition, ("component", "attainment_from"), ("scorecard", "grade"), rule)
            else:
                self.check_keys(condition, ("scorecard", "grade"), ("attainment_from",), rule)
            scorecard, grade = self.optional_text(condition, "scorecard"), self.optional_text(condition, "grade")
            component = self.optional_text(condition, "component")
            attainment = self.optional_number(condition, "attainment_from", whole_digits=6, lowest=ZERO)
        return Reward(
            code=self.code(entry, "reward"),
            title=self.title(entry),
            kind=self.choice(entry, "kind", REWARD_KINDS),
            quantity=self.number_at(entry, "quantity", whole_digits=9, lowest=ZERO),
            unit=self.choice(entry, "unit", REWARD_UNITS),
            scorecard_code=scorecard,
            grade=grade,
            component_code=component,
            attainment_from=attainment,
            line=entry.line,
        )

    # -- the month --------------------------------------------------------------------------------------------------

    def draw(self, parent: Entry) -> Draw | None:
        node = parent.values.get("draw")
        if node is None:
            return None
        entry = self.mapping(node, parent.name("draw"), "draw")
        draw = Draw(
            type=self.choice(entry, "type", ("guarantee", "non_recoverable", "recoverable")),
            amount=self.amount_at(entry, "amount", self.currency_code),
            minimum_amount=self.amount_at(entry, "minimum", self.currency_code),
            recovery_rate=self.number_at(entry, "recovery_rate", 3, lowest=ZERO, default=ONE),
            from_month=self.whole(entry, "from_month", 0, 600) or 0,
            to_month=self.whole(entry, "to_month", 0, 600),
            recovery_from=self.month(entry, "recovery_from"),
            recovery_from_month=self.whole(entry, "recovery_from_month", 0, 600),
            line=entry.line,
        )
        recovery = [key for key in ("minimum", "recovery_rate", "recovery_from", "recovery_from_month") if key in entry]
        self.add(checks.draw(_lines(entry), draw, recovery))
        return draw

    def penalty(self, node: yaml.Node, path: str) -> Penalty:
        entry = self.mapping(node, path, "penalty")
        for first, second in (("below", "above"), ("amount", "rate")):
            if (first in entry) == (second in entry):
                self.error(
                    entry.line,
                    f"{path}: a penalty has one of {first} and {second} (K4)",
                    f"write either {first} or {second}",
                )
        comparison = "above" if "above" in entry else "below"
        return Penalty(
            code=self.code(entry, "penalty"),
            title=self.title(entry),
            kpi_code=self.choice(entry, "kpi", KPI_CODES),
            comparison=comparison,
            bound=self.number_at(entry, comparison, whole_digits=15),
            amount=self.optional_amount(entry, "amount", self.currency_code),
            rate=self.optional_number(entry, "rate", whole_digits=3, lowest=ZERO),
            limit_amount=self.amount_at(entry, "limit", self.currency_code),
            line=entry.line,
        )

    def hold(self, node: yaml.Node, path: str) -> HoldRule:
        entry = self.mapping(node, path, "hold")
        conditions = ("document_amount_above", "collected_share_below", "discount_above")
        named = [condition for condition in conditions if condition in entry]
        if len(named) != 1:
            self.error(
                entry.line,
                f"{path}: a hold has one condition, not {len(named)} (D5)",
                f"write one of {', '.join(conditions)}",
            )
        condition = named[0] if named else conditions[0]
        return HoldRule(
            code=self.code(entry, "hold"),
            title=self.title(entry),
            condition=condition,
            bound=self.number_at(entry, condition, whole_digits=15, lowest=ZERO),
            line=entry.line,
        )

    def legal_limit(self, node: yaml.Node, path: str) -> LegalLimit:
        entry = self.mapping(node, path, "legal_limit")
        share = self.number_at(entry, "share", whole_digits=3, lowest=ZERO)
        if share > 1:
            self.error(
                entry.line_of("share"),
                f"{entry.name('share')}: {share} is more than the whole month's pay (D4)",
                "write a share up to 100%",
            )
        return LegalLimit(
            region=self.optional_text(entry, "region"),
            share=share,
            keep_amount=self.amount_at(entry, "keep", self.currency_code),
            line=entry.line,
        )

    # -- scorecards -------------------------------------------------------------------------------------------------

    def scorecard(self, node: yaml.Node, path: str) -> Scorecard:
        entry = self.mapping(node, path, "scorecard")
        base = self.amount_at(entry, "bonus_base", self.currency_code)
        kpis = self.items(entry, "kpis", self.scorecard_kpi)
        self.check_unique(entry, "kpis", [(item.kpi_code, item.line) for item in kpis])
        grades = self.items(entry, "grades", self.grade)
        bonus = f"{base * max((grade.coefficient for grade in grades), default=ONE):,.2f} {self.currency_code}"
        if self.has_numbers(entry.values.get("kpis")):
            self.add(checks.weights(entry.name("kpis"), entry.line_of("kpis"), kpis, bonus))
        self.check_unique(entry, "grades", [(item.grade, item.line) for item in grades])
        if self.has_numbers(entry.values.get("grades")):
            self.add(checks.grades(entry.name("grades"), grades, bonus))
        grading = self.choice(entry, "grading", ("bands", "forced"), default="bands")
        group_by = self.choice(entry, "group", ("role", "team", "region")) or None
        if grading == "forced":
            self.check_keys(entry, ("distribution", "group"), (), "a forced distribution has shares and a group (K2)")
            grades = self.distribution(entry, grades, bonus)
        else:
            self.check_keys(entry, (), ("distribution", "group"), "only with grading: forced (K2)")
        return Scorecard(
            code=self.code(entry, "scorecard"),
            title=self.title(entry),
            frequency=self.choice(entry, "frequency", FREQUENCIES),
            missing_data=self.choice(entry, "missing_data", MISSING_DATA),
            bonus_base_amount=base,
            kpis=tuple(kpis),
            grades=tuple(grades),
            line=entry.line,
            grading=grading,
            group_by=group_by,
            is_employed_on_last_day=self.yes_no(entry, "employed_on_last_day", default=False),
        )

    def distribution(self, entry: Entry, grades: list[GradeBand], bonus: str) -> list[GradeBand]:
        """The grades with their shares of the seats."""
        seats = self.items(entry, "distribution", self.seat)
        self.check_unique(entry, "distribution", [(grade, line) for grade, _, line in seats])
        if self.has_numbers(entry.values.get("distribution")):
            line = entry.line_of("distribution")
            self.add(checks.distribution(entry.name("distribution"), line, seats, grades, bonus))
        shares = {grade: share for grade, share, _ in seats}
        return [replace(grade, share=shares.get(grade.grade, ZERO)) for grade in grades]

    def seat(self, node: yaml.Node, path: str) -> tuple[str, Decimal, int]:
        entry = self.mapping(node, path, "seat")
        return self.text(entry, "grade"), self.number_at(entry, "share", 3, lowest=ZERO), entry.line

    def scorecard_kpi(self, node: yaml.Node, path: str) -> ScorecardKpi:
        entry = self.mapping(node, path, "scorecard_kpi")
        code = self.text(entry, "kpi")
        named = code.removeprefix(TEAM_PREFIX)
        if not re.fullmatch(r"mbo:[A-Za-z0-9_.-]{1,60}", code) and code and named not in KPI_CODES:
            known = sorted(KPI_CODES)
            self.error(
                entry.line_of("kpi"),
                f"{entry.name('kpi')}: {code!r} is not known",
                f"{likely(named, known, 'known')}, or team:<one of them>, or mbo:<objective>",
            )
        kpi = ScorecardKpi(
            kpi_code=code,
            weight=self.number_at(entry, "weight", whole_digits=3, lowest=ZERO),
            cap=self.number_at(entry, "cap", whole_digits=3, lowest=ZERO),
            line=entry.line,
            direction=self.choice(
                entry, "direction", ("higher", "lower", "range"), default=KPI_DIRECTIONS.get(named, "higher")
            ),
            low=self.optional_number(entry, "low", whole_digits=15),
            high=self.optional_number(entry, "high", whole_digits=15),
            curve=tuple(
                self.items(entry, "curve", lambda item, at: self.curve_point(item, at, "score_point", "score"))
            ),
        )
        if self.has_numbers(node):
            self.add(checks.scorecard_kpi(path, kpi))
        return kpi

    def grade(self, node: yaml.Node, path: str) -> GradeBand:
        entry = self.mapping(node, path, "grade")
        return GradeBand(
            grade=self.text(entry, "grade"),
            lower_score=self.number_at(entry, "from", whole_digits=12, lowest=ZERO),
            coefficient=self.number_at(entry, "coefficient", whole_digits=3, lowest=ZERO),
            line=entry.line,
        )


def _lines(entry: Entry) -> checks.Lines:
    return checks.Lines(entry.path, entry.line, entry.line_of)
