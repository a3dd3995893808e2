"""Pricing: what each credit line, or each window, earns (T1–T7, D3, Q4)."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from decimal import Decimal
from fractions import Fraction

from attain import money
from attain.periods import Span, month_of, period_of, span_of
from attain.reference.bands import curve_at, marginal, money_bands, rate_of, threshold_in_money
from attain.reference.book import Book
from attain.reference.credit import Credit, Rates, as_decimal, at_scale_six, ordered
from attain.reference.factors import Attributes, discount_of
from attain.reference.inputs import Component, Event, Factor, Inputs, PlanVersion
from attain.reference.limits import Entry, window_limits
from attain.reference.people import People, window_containing
from attain.reference.quota import Quotas
from attain.reference.results import EarningLine

ZERO = Decimal(0)


@dataclass(frozen=True, slots=True)
class Counted:
    """A line as a component counts it: `value` is what moves the bands, None where it doesn't."""

    credit: Credit
    value: Decimal | None
    shown: Decimal | None
    hold_reason: str | None
    note: str | None

    @property
    def month(self) -> str:
        return month_of(self.credit.event.event_date)


@dataclass
class Window:
    """A window's lines while it is priced."""

    code: str
    quota: Fraction | None
    index: dict[str, Decimal] = field(default_factory=dict)
    entries: list[Entry] = field(default_factory=list)
    lines: list[EarningLine] = field(default_factory=list)

    def index_at(self, month: str) -> Decimal:
        """The index to date: all that is dated up to the end of a month."""
        return sum((value for dated, value in self.index.items() if dated <= month), ZERO)

    @property
    def whole_index(self) -> Decimal:
        return sum(self.index.values(), ZERO)


class Pricer:
    """Prices one payee's component after the other."""

    def __init__(self, inputs: Inputs, people: People, quotas: Quotas) -> None:
        self.inputs, self.people, self.quotas = inputs, people, quotas
        self.rates = Rates(inputs.fx_rates, inputs.fx_max_age_days)
        self.attributes = Attributes(inputs)
        self.book = Book(inputs, people)
        self.windows: dict[tuple[object, ...], dict[str, list[Credit]]] = {}
        self.attainments: list[tuple[str, PlanVersion, Component, str, Decimal]] = []

    # -- what counts ---------------------------------------------------------------------------

    def measured(self, credit: Credit, measure: str, currency: str) -> tuple[Decimal | None, str | None]:
        """A line's amount, margin, units or count at scale 6, or None and why it is not known (C3, M1).

        A part of a document has the same part of its margin, units and count; units that are told line by line are
        the line's. A line without a rate is held even where its units are known; they count (C3, D5).
        """
        if measure == "amount" and credit.given.currency_code == currency:
            return money.quantise6(credit.amount), None
        amount = Fraction(credit.amount)
        if measure == "amount":
            value, missing = self.rates.converted(amount, credit.given, currency)
            return (None if value is None else at_scale_six(value)), missing
        part = credit.part
        if measure == "units" and part is not None and part.tells_quantity:
            if part.quantity is None or part.amount == ZERO or part.currency_code != credit.given.currency_code:
                return None, "the line's units are not known"
            _, missing = self.rates.converted(amount, credit.given, currency)
            return at_scale_six(Fraction(part.quantity) * amount / abs(Fraction(part.amount))), missing
        document = self.attributes.document(credit)
        if document is None or document.amount == ZERO:
            return None, f"the document's {measure} is not known"
        if measure == "margin":
            if document.cost is None:
                return None, "the document's cost is not known"
            margin = amount * (Fraction(document.amount) - Fraction(document.cost)) / Fraction(document.amount)
            value, missing = self.rates.converted(margin, credit.given, currency)
            return (None if value is None else at_scale_six(value)), missing
        if credit.given.currency_code != document.currency_code:
            return None, f"the document's {measure} is of another currency"
        if measure == "units" and document.quantity is None:
            return None, "the document's quantity is not known"
        whole = Fraction(document.quantity or 0) if measure == "units" else Fraction(1)
        _, missing = self.rates.converted(amount, credit.given, currency)
        return at_scale_six(whole * amount / Fraction(document.amount)), missing

    def counted(self, credit: Credit, version: PlanVersion, component: Component, measure: str) -> Counted:
        """A line's credit after the credit factors, as it counts for bands and attainment.

        A held line counts (D5). What can't be converted or has no credit factor counts nowhere (C3, T7), and neither
        does what earns nothing (Q6). A linear clawback scales the negative credit by the whole months kept (D3).
        """
        note = self.people.excluded(credit, version) or too_late(credit, component)
        currency = self.people.pay_currency(credit)
        value, missing = self.measured(credit, measure, currency)
        if value is not None and currency != version.currency_code and measure in ("amount", "margin"):
            value, missing = None, f"credited in another currency than {version.currency_code} (C3)"
        if value is not None:
            product, outside = self.attributes.product(credit, self.factors_of(credit, version, component), "credit")
            missing = missing or outside
            value = (
                None if product is None else _scaled(value, product * component.credit_share, kept(credit, component))
            )
        hold = credit.hold_reason
        if note is None:
            hold = hold or missing
        return Counted(credit, None if note else value, value, hold, note)

    def factors_of(self, credit: Credit, version: PlanVersion, component: Component) -> tuple[Factor, ...]:
        """The component's factors; a negative line carries those of its original, of that day's version (T7)."""
        if credit.original is not None:
            for item in self.people.versions_on(credit.employee_id, credit.given.event_date):
                if item.plan_code == version.plan_code:
                    own = next((own for own in item.components if own.code == component.code), component)
                    return own.factors
        return component.factors

    def index_of(
        self, payee_id: str, version: PlanVersion, component: Component, window: str
    ) -> tuple[dict[str, Decimal], Fraction | None]:
        """What picks the band where that is another measure or window than the base: by month, and its quota (T2).

        An index of another period is that whole period, over every version of the plan; of the same period it is the
        version's own segment.
        """
        basis = component.index_basis or component.basis
        measure = component.index_measure or component.measure
        listed = component.reversed_by if basis == component.basis else None
        looked_at = window if component.index_offset == 0 else moved(window, component.index_offset)
        versions = [version]
        if component.index_offset:
            versions = [item for item, _ in self.people.assigned(payee_id) if item.plan_code == version.plan_code]
        by_month: dict[str, Decimal] = defaultdict(lambda: ZERO)
        for credit in self._windows_of(payee_id, component, basis, listed).get(looked_at, ()):
            on_the_day = self.people.versions_on(payee_id, credit.event.event_date)
            if any(item is known for item in on_the_day for known in versions) and self.attributes.passes(
                credit, component.only
            ):
                value = self.counted(credit, version, component, measure).value
                by_month[month_of(credit.event.event_date)] += value or ZERO
        if component.accumulate == "deal":
            return dict(by_month), None
        return dict(by_month), self.quotas.over_versions(payee_id, versions, component.quota_kpi_code, looked_at)

    def _windows_of(
        self, payee_id: str, component: Component, basis: str, listed: frozenset[str] | None
    ) -> dict[str, list[Credit]]:
        """A payee's credit on a basis by window, found once for all windows of a component."""
        key = (payee_id, component.credit, basis, listed, component.unpaid_days, component.accumulate)
        if key not in self.windows:
            found: dict[str, list[Credit]] = defaultdict(list)
            for credit in self.book.credits(payee_id, basis, component.credit, listed, component.unpaid_days):
                found[window_of(component.accumulate, credit.event)].append(credit)
            self.windows[key] = found
        return self.windows[key]

    # -- a component ---------------------------------------------------------------------------

    def price(self, payee_id: str, version: PlanVersion, component: Component) -> list[EarningLine]:
        """All lines that a component makes for a payee, thresholds, caps and carried money included."""
        by_window: dict[str, list[Credit]] = defaultdict(list)
        for credit in self.book.credits(
            payee_id, component.basis, component.credit, component.reversed_by, component.unpaid_days
        ):
            if not self.attributes.passes(credit, component.only):
                continue
            # What a SPIFF pays for is dated inside its days; a refund takes it back whenever it comes (K6).
            is_spiff = component.kind == "spiff"
            day = credit.given.event_date if is_spiff else credit.event.event_date
            if is_spiff and not (component.credit_from or date.min) <= day <= (component.credit_to or date.max):
                continue
            if any(item is version for item in self.people.versions_on(payee_id, day)):
                by_window[window_of(component.accumulate, credit.event)].append(credit)
        if component.band_method == "interpolated":
            for code in self.people.active_windows(payee_id, version, component.accumulate):
                by_window.setdefault(code, [])
        windows = [
            self._window(payee_id, version, component, code, credits) for code, credits in sorted(by_window.items())
        ]
        lines = [line for window in windows for line in window.lines]
        limits = window_limits(payee_id, version, component, windows, self.inputs.as_of)
        return [*lines, *limits, *self._taken_back(payee_id, version, component, by_window, windows, limits)]

    def _window(
        self, payee_id: str, version: PlanVersion, component: Component, code: str, credits: Iterable[Credit]
    ) -> Window:
        quota = None
        if component.accumulate != "deal":
            quota = self.quotas.effective(payee_id, version, component.quota_kpi_code, code)
        counted = [
            self.counted(credit, version, component, component.measure)
            for credit in ordered(credits)
            if not at_original_rate(credit, component)
        ]
        window = Window(code, quota)
        if component.is_same_measure:
            for item in counted:
                window.index[item.month] = window.index.get(item.month, ZERO) + (item.value or ZERO)
            index_quota = quota
        else:
            window.index, index_quota = self.index_of(payee_id, version, component, code)
            if component.index_offset:
                window.index = {"": window.whole_index}
        window.quota = index_quota
        if index_quota is not None:
            attained = at_scale_six(Fraction(window.whole_index) / Fraction(at_scale_six(index_quota)))
            self.attainments.append((payee_id, version, component, code, attained))
        if component.band_method == "interpolated":
            self._price_curve(payee_id, version, component, window)
        else:
            self._price_lines(payee_id, version, component, window, counted)
        return window

    def _price_lines(
        self, payee_id: str, version: PlanVersion, component: Component, window: Window, counted: Iterable[Counted]
    ) -> None:
        """Marginal (T3) or retroactive (T4) pay of each line, in the order in which they accumulate (M4)."""
        bands = money_bands(component, window.quota)
        threshold = threshold_in_money(component, window.quota)
        rate = rate_of(bands, window.whole_index)
        has_factors = any(factor.applies_to == "pay" for factor in component.factors)
        currency = version.currency_code
        total = ZERO
        for item in counted:
            before, total = total, total + (item.value or ZERO)
            factors = self.factors_of(item.credit, version, component)
            found, missing = self.attributes.product(item.credit, factors, "pay")
            hold = item.hold_reason
            if found is None and item.note is None:
                hold = hold or missing
            product = ZERO if found is None else found

            def exact(low: Decimal, high: Decimal, by: Decimal = product) -> Decimal:
                if component.band_method == "retroactive":
                    return (high - low) * rate * by
                return (marginal(bands, high) - marginal(bands, low)) * by

            # A line that carries its original's factors is rounded like one of a component with factors.
            carries = has_factors or any(factor.applies_to == "pay" for factor in factors)
            if component.band_method == "marginal" and not carries:
                earned = money.round_money(marginal(bands, total), currency)
                earned -= money.round_money(marginal(bands, before), currency)
            else:
                earned = money.round_money(exact(before, total), currency)
            below = ZERO if threshold is None else exact(min(before, threshold), min(total, threshold))
            event = item.credit.event
            window.entries.append(Entry(item.month, f"{event.source_system}:{event.document_id}", earned, below))
            window.lines.append(
                EarningLine(
                    payee_id=payee_id,
                    plan_code=version.plan_code,
                    plan_version=version.version,
                    component_code=component.code,
                    line_type="spiff" if component.kind == "spiff" else "earning",
                    period=item.month,
                    window_code=window.code,
                    event_date=event.event_date,
                    credit_line_id=item.credit.credit_line_id,
                    currency_code=currency,
                    credited_amount=item.shown,
                    cumulative_before=before,
                    cumulative_after=total,
                    effective_quota=None if window.quota is None else at_scale_six(window.quota),
                    earned_amount=earned,
                    hold_reason=hold,
                    note=item.note,
                )
            )

    def _price_curve(self, payee_id: str, version: PlanVersion, component: Component, window: Window) -> None:
        """One line for a window with an active day: a share of the target amount by attainment (T5).

        As a bonus, it is of a finished window and paid in its last month.
        """
        days = span_of(window.code)
        if days.end > self.inputs.as_of:
            return
        active = self.people.active_days(payee_id, version, Span(days.start, days.end))
        if active == 0:
            return
        target = Fraction(component.target_amount)
        if component.is_prorated:
            target = target * active / days.days
        if window.quota is None:
            # Without an attainment the curve pays its first point's share (Q4).
            share = Fraction(component.curve[0][1])
        else:
            attained = at_scale_six(Fraction(window.whole_index) / Fraction(at_scale_six(window.quota)))
            share = curve_at(component.curve, attained, component.is_extended)
        earned = money.round_money(as_decimal(target * share), version.currency_code)
        below = ZERO
        if component.threshold_at is not None and component.threshold_pays == "above":
            lost = curve_at(component.curve, component.threshold_at, component.is_extended)
            below = min(earned, money.round_money(as_decimal(target * lost), version.currency_code))
        day = days.end
        window.entries.append(Entry(month_of(day), "", earned, below))
        window.lines.append(
            EarningLine(
                payee_id=payee_id,
                plan_code=version.plan_code,
                plan_version=version.version,
                component_code=component.code,
                line_type="earning",
                period=month_of(day),
                window_code=window.code,
                event_date=day,
                credit_line_id="",
                currency_code=version.currency_code,
                credited_amount=window.whole_index,
                cumulative_before=ZERO,
                cumulative_after=window.whole_index,
                effective_quota=None if window.quota is None else at_scale_six(window.quota),
                earned_amount=earned,
            )
        )

    # -- original rate -------------------------------------------------------------------------

    def _taken_back(
        self,
        payee_id: str,
        version: PlanVersion,
        component: Component,
        by_window: Mapping[str, list[Credit]],
        windows: Iterable[Window],
        limits: Iterable[EarningLine],
    ) -> list[EarningLine]:
        """Reversals that take back the lines' own pay: × the share reversed × the window's pay after threshold and cap
        ÷ before (D3). They don't count for bands, and come after thresholds and caps.
        """
        reversals = [
            (code, credit)
            for code, credits in by_window.items()
            for credit in credits
            if at_original_rate(credit, component)
        ]
        if not reversals:
            return []
        priced, parts = self._priced_before(payee_id, version, component, windows, limits)
        found = []
        for code, credit in sorted(reversals, key=lambda item: item[1].key):
            original = credit.original
            assert original is not None
            item = self.counted(credit, version, component, component.measure)
            paid, window = priced.get(
                replace(original, employee_id=credit.employee_id, role=credit.role).credit_line_id, (ZERO, "")
            )
            share = Fraction(credit.amount) / Fraction(original.amount) if original.amount else Fraction(0)
            exact = Fraction(paid) * share * kept(credit, component) * parts.get(window, Fraction(1))
            earned = ZERO if item.note else money.round_money(as_decimal(exact), version.currency_code)
            found.append(
                EarningLine(
                    payee_id=payee_id,
                    plan_code=version.plan_code,
                    plan_version=version.version,
                    component_code=component.code,
                    line_type="spiff" if component.kind == "spiff" else "earning",
                    period=month_of(credit.event.event_date),
                    window_code=code,
                    event_date=credit.event.event_date,
                    credit_line_id=credit.credit_line_id,
                    currency_code=version.currency_code,
                    credited_amount=item.shown,
                    cumulative_before=ZERO,
                    cumulative_after=ZERO,
                    effective_quota=None,
                    earned_amount=earned,
                    hold_reason=item.hold_reason,
                    note=item.note,
                )
            )
        return found

    def _priced_before(
        self,
        payee_id: str,
        version: PlanVersion,
        component: Component,
        windows: Iterable[Window],
        limits: Iterable[EarningLine],
    ) -> tuple[dict[str, tuple[Decimal, str]], dict[str, Fraction]]:
        """What each line of the plan's component earned, in whichever version, and what limits left of each window."""
        priced: dict[str, tuple[Decimal, str]] = {}
        parts: dict[str, Fraction] = {}
        for item, _ in self.people.assigned(payee_id):
            if item.plan_code != version.plan_code:
                continue
            if item is version:
                made, cut = [line for window in windows for line in window.lines], list(limits)
            else:
                other = next((own for own in item.components if own.code == component.code), None)
                if other is None or other.band_method == "interpolated":
                    continue
                lines = self.price(payee_id, item, replace(other, clawback_method="negative_credit"))
                made = [line for line in lines if line.line_type in ("earning", "spiff")]
                cut = [line for line in lines if line.line_type in ("threshold", "cap")]
            by_code: dict[str, list[EarningLine]] = defaultdict(list)
            for line in made:
                by_code[line.window_code].append(line)
            taken = _taken_of_windows(made, cut)
            for code, lines in by_code.items():
                before = sum((line.earned_amount for line in lines), ZERO)
                after = max(ZERO, before + taken[code])
                parts[f"{item.version}|{code}"] = Fraction(after) / Fraction(before) if before > ZERO else Fraction(1)
                for line in lines:
                    priced[line.credit_line_id] = (line.earned_amount, f"{item.version}|{code}")
        return priced, parts


def _taken_of_windows(made: Sequence[EarningLine], cut: Sequence[EarningLine]) -> dict[str, Decimal]:
    """What thresholds and caps took of each window (D3, T8, T9).

    A cap of the year over shorter windows is of no one window: what it takes in a month is shared by the windows that
    earned something in it, by what their thresholds left of that, each share to the cent.
    """
    taken: dict[str, Decimal] = defaultdict(lambda: ZERO)
    earned: dict[str, dict[str, Decimal]] = defaultdict(lambda: defaultdict(lambda: ZERO))  # by month and window
    for line in made:
        earned[line.period][line.window_code] += line.earned_amount
    for line in cut:
        if line.line_type == "threshold":
            taken[line.window_code] += line.earned_amount
            earned[line.period][line.window_code] += line.earned_amount
    windows = {line.window_code for line in made}
    for line in cut:
        if line.line_type != "cap":
            continue
        if line.window_code in windows or len(line.window_code) != len("2026"):
            taken[line.window_code] += line.earned_amount
            continue
        shares = {code: amount for code, amount in earned[line.period].items() if amount > ZERO}
        whole = sum(shares.values(), ZERO)
        for code, amount in shares.items():
            share = Fraction(line.earned_amount) * Fraction(amount) / Fraction(whole)
            taken[code] += money.round_half_away(as_decimal(share), 2)
    return taken


def _scaled(value: Decimal, product: Decimal, share: Fraction) -> Decimal:
    """Credit after its factors, formed at scale 6 (M1), which it is already where there are none."""
    if product == 1 and share == 1:
        return value
    return at_scale_six(Fraction(value) * Fraction(product) * share)


def at_original_rate(credit: Credit, component: Component) -> bool:
    return component.clawback_method == "original_rate" and credit.original is not None


def too_late(credit: Credit, component: Component) -> str | None:
    """Why a reversal takes nothing back: it came after the plan's window of whole months (D3). A SPIFF has none."""
    months = component.clawback_window_months
    reversal = credit.undone or credit
    if reversal.original is None or months is None or component.kind == "spiff":
        return None
    if reversal.event.event_date > add_months(reversal.given.event_date, months):
        return f"reversed more than {months} months later (D3)"
    return None


def kept(credit: Credit, component: Component) -> Fraction:
    """Share of a reversal that `linear` still takes back: less one part for each whole month kept (D3)."""
    reversal = credit.undone or credit
    if reversal.original is None or component.clawback_schedule != "linear":
        return Fraction(1)
    whole = months_between(reversal.given.event_date, reversal.event.event_date)
    return Fraction(max(0, component.linear_months - whole), component.linear_months)


def add_months(day: date, months: int) -> date:
    """The same day of a later month, or that month's last day."""
    index = 12 * day.year + day.month - 1 + months
    last = span_of(f"{index // 12:04d}-{index % 12 + 1:02d}").end
    return last.replace(day=min(day.day, last.day))


def months_between(start: date, end: date) -> int:
    """Whole months from one day to another, by day of month, month ends clipped."""
    months = 12 * (end.year - start.year) + end.month - start.month
    return months if add_months(start, months) <= end else months - 1


# -- windows ---------------------------------------------------------------------------------------


def window_of(accumulate: str, event: Event) -> str:
    """What a line's credit accumulates in (T6); `deal` is the payee's lines of one document, over all months (T3)."""
    if accumulate == "deal":
        return f"{event.source_system}:{event.document_id}"
    return window_containing(accumulate, event.event_date)


def moved(window: str, offset: int) -> str:
    """The window so many windows later; before, when the offset is negative (T2)."""
    if len(window) == 4:
        return f"{int(window) + offset:04d}"
    months = 3 if "Q" in window else 1
    first = add_months(span_of(window).start, months * offset)
    return period_of(first, "quarter" if months == 3 else "month")


def hold_by_rule(
    inputs: Inputs,
    attributes: Attributes,
    rates: Rates,
    collected: Mapping[tuple[str, str], Decimal],
    version: PlanVersion,
    document_key: tuple[str, str],
) -> str | None:
    """Which of the plan's own conditions holds a document's lines (D5)."""
    document = inputs.document_of.get(document_key)
    if document is None:
        return None
    for rule in version.hold_rules:
        if rule.condition == "document_amount_above":
            value = _in_plan_currency(rates, document.amount, document.currency_code, document.document_date, version)
            holds = value is not None and value > rule.bound
        elif rule.condition == "collected_share_below":
            holds = collected.get(document_key, ZERO) < rule.bound * document.amount
        else:
            discount = discount_of(document)
            holds = discount is not None and discount > rule.bound
        if holds:
            return f"{rule.code}: {rule.condition} {rule.bound} (D5)"
    return None


def _in_plan_currency(
    rates: Rates, amount: Decimal, currency: str, day: date | None, version: PlanVersion
) -> Fraction | None:
    if currency == version.currency_code:
        return Fraction(amount)
    found = None if day is None else rates.ratio(currency, version.currency_code, day)
    return None if found is None else Fraction(amount) * Fraction(found[0]) / Fraction(found[1])
