"""What the rules promise of any plan and any history, tried on many."""

from __future__ import annotations

import itertools
import random
from collections.abc import Iterable
from dataclasses import replace
from datetime import date
from decimal import Decimal, localcontext

from hypothesis import given
from hypothesis import strategies as st

from attain import money
from attain.reference.calculation import Results, compute, marginal
from attain.reference.credit import split_events
from attain.reference.inputs import Draw, Event, LegalLimit, PlanVersion, Split
from tests.reference.company import bands, company, plan, receipt, refund, target

AMOUNTS = st.decimals(min_value=-20000, max_value=20000, places=2, allow_nan=False)
POSITIVE = st.decimals(min_value=Decimal("0.01"), max_value=20000, places=2, allow_nan=False)
DAYS = st.dates(date(2026, 1, 1), date(2026, 6, 30))
HISTORIES = st.lists(st.tuples(AMOUNTS, DAYS), max_size=15)
RATES = st.decimals(min_value=0, max_value=1, places=6, allow_nan=False)
AS_OF = {"as_of": date(2026, 7, 31)}

DRAWS = st.builds(
    Draw,
    st.sampled_from(["guarantee", "non_recoverable", "recoverable"]),
    st.integers(0, 3000).map(Decimal),
    recovery_from=st.none() | st.just("2026-02"),
)


@st.composite
def plans(draw: st.DrawFn) -> PlanVersion:
    """A plan of bands; some retroactive, with a threshold, a cap, a way of taking back, a draw."""
    lowers = sorted(draw(st.sets(st.integers(1, 50000), max_size=4)))
    steps = bands(*[(str(lower), str(draw(RATES))) for lower in [0, *lowers]])
    accumulate = draw(st.sampled_from(["deal", "month", "quarter", "year"]))
    return plan(
        steps,
        accumulate=accumulate,
        band_method=draw(st.sampled_from(["marginal", "retroactive"])),
        threshold_at=draw(st.none() | st.integers(0, 20000).map(Decimal)),
        threshold_pays=draw(st.sampled_from(["from_first", "above"])),
        clawback_method=draw(st.sampled_from(["negative_credit", "original_rate"])),
        clawback_schedule=draw(st.sampled_from(["full", "linear"])),
        clawback_window_months=draw(st.none() | st.integers(0, 4)),
        cap_amount=draw(st.none() | st.integers(0, 3000).map(Decimal)),
        cap_per=draw(st.sampled_from(["period", "year"])),
        cap_excess="lose" if accumulate == "deal" else draw(st.sampled_from(["lose", "carry"])),
        draw=draw(st.none() | DRAWS),
    )


def history(rows: Iterable[tuple[Decimal, date]]) -> list[Event]:
    """Receipts, and refunds of what is negative; every other one of the same deal."""
    return [
        (refund if amount < 0 else receipt)(number, amount, day, document_id="D" if number % 2 else f"D{number}")
        for number, (amount, day) in enumerate(rows, start=1)
    ]


def paid(results: Results, *line_types: str) -> Decimal:
    return sum(
        (line.earned_amount for line in results.earning_lines if not line_types or line.line_type in line_types),
        Decimal(0),
    )


def simple(version: PlanVersion, **changes: object) -> PlanVersion:
    """The same bands without anything else; `changes` are of its component."""
    component = version.components[0]
    bare = plan(component.bands, accumulate=component.accumulate)
    return replace(bare, components=(replace(bare.components[0], **changes),))  # type: ignore[arg-type]


@given(plans(), HISTORIES)
def test_money_is_neither_made_nor_lost_between_lines_and_payouts(
    version: PlanVersion, rows: list[tuple[Decimal, date]]
) -> None:
    results = compute(company(version, history(rows), **AS_OF))
    assert sum(item.earned_amount for item in results.payouts) == paid(results)
    clawback = draw = Decimal(0)
    for item in results.payouts:
        assert item.opening_clawback_balance == clawback
        assert item.opening_draw_balance == draw
        due = item.earned_amount + item.draw_top_up_amount - item.draw_recovered_amount - item.penalty_amount
        grown = item.closing_clawback_balance - item.opening_clawback_balance
        assert due == item.held_amount + item.payable_amount - grown
        assert item.payable_amount >= 0
        assert item.closing_clawback_balance >= 0
        clawback, draw = item.closing_clawback_balance, item.closing_draw_balance
        assert draw >= 0


@given(plans(), HISTORIES, st.randoms(use_true_random=False))
def test_the_order_of_arrival_does_not_matter(
    version: PlanVersion, rows: list[tuple[Decimal, date]], shuffler: random.Random
) -> None:
    events = history(rows)
    shuffled = list(events)
    shuffler.shuffle(shuffled)
    assert compute(company(version, shuffled, **AS_OF)) == compute(company(version, events, **AS_OF))


@given(plans(), HISTORIES)
def test_t9_a_cap_never_raises_pay_and_holds_in_every_window(
    version: PlanVersion, rows: list[tuple[Decimal, date]]
) -> None:
    capped = simple(version, cap_amount=Decimal(500))
    free = simple(version)
    with_cap, without = (compute(company(item, history(rows), **AS_OF)) for item in (capped, free))
    assert paid(with_cap) <= paid(without)
    for window in {line.window_code for line in with_cap.earning_lines}:
        inside = sum(line.earned_amount for line in with_cap.earning_lines if line.window_code == window)
        assert inside <= 500
    assert [line for line in with_cap.earning_lines if line.line_type == "earning"] == list(without.earning_lines)


@given(plans(), HISTORIES)
def test_t9_carried_money_is_only_late(version: PlanVersion, rows: list[tuple[Decimal, date]]) -> None:
    if version.components[0].accumulate == "deal":
        return
    carried = simple(version, cap_amount=Decimal(500), cap_excess="carry")
    results = compute(company(carried, history(rows), **AS_OF))
    lost = paid(compute(company(simple(version, cap_amount=Decimal(500)), history(rows), **AS_OF)))
    assert lost <= paid(results) <= paid(compute(company(simple(version), history(rows), **AS_OF)))
    for period in {line.window_code for line in results.earning_lines}:
        assert sum(line.earned_amount for line in results.earning_lines if line.window_code == period) <= 500


@given(plans(), HISTORIES)
def test_t8_a_threshold_never_raises_pay(version: PlanVersion, rows: list[tuple[Decimal, date]]) -> None:
    for pays in ("from_first", "above"):
        kept = simple(version, threshold_at=Decimal(4000), threshold_pays=pays)
        assert paid(compute(company(kept, history(rows), **AS_OF))) <= paid(
            compute(company(simple(version), history(rows), **AS_OF))
        )


@given(plans(), HISTORIES, st.integers(0, 3000))
def test_d1_a_guarantee_never_lowers_a_months_pay(
    version: PlanVersion, rows: list[tuple[Decimal, date]], amount: int
) -> None:
    bare = replace(version, draw=None)
    drawn = replace(version, draw=Draw("guarantee", Decimal(amount)))
    without = compute(company(bare, history(rows), **AS_OF)).payouts
    for before, after in zip(without, compute(company(drawn, history(rows), **AS_OF)).payouts, strict=True):
        assert after.payable_amount + after.clawback_recovered >= before.payable_amount + before.clawback_recovered
        assert after.earned_amount == before.earned_amount
        if after.earned_amount >= 0:
            assert after.earned_amount + after.draw_top_up_amount >= amount
    balances = [item.closing_clawback_balance for item in without]
    assert all(
        after.closing_clawback_balance <= before
        for before, after in zip(balances, compute(company(drawn, history(rows), **AS_OF)).payouts, strict=True)
    )


@given(plans(), HISTORIES, POSITIVE, DAYS)
def test_d3_a_refund_in_the_window_returns_to_where_it_was(
    version: PlanVersion, rows: list[tuple[Decimal, date]], amount: Decimal, day: date
) -> None:
    bare = simple(version)
    taken_back = [receipt(9001, amount, day), refund(9001, -amount, day)]
    before = compute(company(bare, history(rows), **AS_OF))
    after = compute(company(bare, [*history(rows), *taken_back], **AS_OF))
    assert [item.earned_amount for item in after.payouts] == [item.earned_amount for item in before.payouts]


@given(plans(), st.lists(st.tuples(POSITIVE, DAYS), min_size=1, max_size=8), st.decimals(0, 1, places=2))
def test_splitting_a_line_does_not_change_the_windows_total(
    version: PlanVersion, rows: list[tuple[Decimal, date]], share: Decimal
) -> None:
    bare = simple(version)
    whole = [receipt(number, amount, day) for number, (amount, day) in enumerate(rows, start=1)]
    part = money.round_half_away(whole[0].amount * share, 2)
    parts = [
        replace(whole[0], amount=part),
        replace(whole[0], amount=whole[0].amount - part, line_no=2),
        *whole[1:],
    ]
    assert paid(compute(company(bare, parts, **AS_OF))) == paid(compute(company(bare, whole, **AS_OF)))


@given(plans(), st.lists(st.tuples(POSITIVE, DAYS), min_size=1, max_size=8), st.decimals(0, 1, places=2))
def test_splitting_a_document_in_two_changes_only_what_is_counted_by_the_deal(
    version: PlanVersion, rows: list[tuple[Decimal, date]], share: Decimal
) -> None:
    bare = simple(version)
    whole = [receipt(number, amount, day) for number, (amount, day) in enumerate(rows, start=1)]
    part = money.round_half_away(whole[0].amount * share, 2)
    first, rest = replace(whole[0], amount=part), receipt(9002, whole[0].amount - part, whole[0].event_date)
    in_two, in_one = (paid(compute(company(bare, [*events, *whole[1:]], **AS_OF))) for events in (
        [first, rest], [whole[0]]
    ))  # fmt: skip
    if bare.components[0].accumulate != "deal":
        assert in_two == in_one
        return
    # Each deal starts at the first band again (T3).
    steps = bare.components[0].bands
    with localcontext(money.EXACT):
        one, two, both = (
            money.round_money(marginal(steps, amount), "CNY")
            for amount in (part, whole[0].amount - part, whole[0].amount)
        )
    assert in_two - in_one == one + two - both


@given(
    st.lists(st.integers(1, 9999), min_size=1, max_size=3, unique=True),
    st.lists(st.tuples(AMOUNTS, DAYS), max_size=12),
)
def test_m3_parts_add_up_to_the_whole_whatever_is_taken_back(cuts: list[int], rows: list[tuple[Decimal, date]]) -> None:
    """Credited in all is what was received, less what was refunded of what was there (C1, D3)."""
    bounds = [0, *sorted(cuts), 10000]
    splits = [
        Split("crm", "D", number, f"E{number}", Decimal(upper - lower) / 100)
        for number, (lower, upper) in enumerate(itertools.pairwise(bounds), start=1)
    ]
    events = [replace(event, document_id="D") for event in history(rows)]
    credits = split_events(events, splits)
    left = Decimal(0)
    for event in sorted(events, key=lambda item: (item.event_date, item.takes_back, item.event_id)):
        parts = [credit.amount for credit in credits if credit.event is event]
        moved = -min(-event.amount, left) if event.takes_back else event.amount
        assert sum(parts) == moved
        left = max(Decimal(0), left + moved)
    for number in range(1, len(splits) + 1):
        assert sum(credit.amount for credit in credits if credit.split_no == number) >= 0


LIMITS = st.none() | st.builds(
    LegalLimit, st.none(), st.sampled_from([Decimal("0.2"), Decimal(1)]), st.integers(0, 900).map(Decimal)
)


@given(plans(), HISTORIES, HISTORIES, LIMITS)
def test_d1_a_month_of_two_plans_pays_what_one_plan_of_all_lines_would(
    version: PlanVersion,
    rows: list[tuple[Decimal, date]],
    others: list[tuple[Decimal, date]],
    limit: LegalLimit | None,
) -> None:
    """Draw, recovery and legal limit see the payee's lines, not the plan's: one plan or two is the same money."""
    steps = version.components[0].bands
    limits = () if limit is None else (limit,)
    main = plan(steps, draw=version.draw, legal_limits=limits)
    booked = replace(main.components[0], code="push", basis="booked", kind="spiff")
    beside = replace(main, plan_code="spiff", components=(booked,), draw=None, legal_limits=())
    events = history(rows)
    won = [
        receipt(number, amount, day, basis="booked", event_type="won", event_id=f"W{number}", document_id=f"S{number}")
        for number, (amount, day) in enumerate(others, start=1)
    ]
    apart = compute(company(main, [*events, *won], versions=(main, beside), **AS_OF))
    whole = replace(main, components=(*main.components, booked))
    together = compute(company(whole, [*events, *won], **AS_OF))
    for one in together.payouts:
        months = [item for item in apart.payouts if item.period == one.period]
        for measure in (
            "earned_amount", "draw_top_up_amount", "draw_recovered_amount", "opening_draw_balance",
            "closing_draw_balance", "held_amount", "legal_limit_amount", "payable_amount",
        ):  # fmt: skip
            assert sum(getattr(item, measure) for item in months) == getattr(one, measure), measure
        grown = sum(item.closing_clawback_balance - item.opening_clawback_balance for item in months)
        assert grown == one.closing_clawback_balance - one.opening_clawback_balance


@given(plans(), st.lists(st.tuples(AMOUNTS, DAYS), max_size=10), st.integers(1, 60000))
def test_t2_money_and_quotas_times_ten_are_pay_times_ten_up_to_rounding(
    version: PlanVersion, rows: list[tuple[Decimal, date]], quota: int
) -> None:
    """An attainment doesn't change when credit and quota grow alike."""
    if version.components[0].accumulate == "deal":
        return
    shares = tuple(
        replace(band, lower=band.lower / 10000, upper=None if band.upper is None else band.upper / 10000)
        for band in version.components[0].bands
    )
    relative = simple(version, bands=shares, index="attainment", quota_kpi_code="collected_amount")
    events = history(rows)
    months = [f"2026-{month:02d}" for month in range(1, 7)]
    one, ten = (
        compute(
            company(
                relative,
                [replace(event, amount=event.amount * times) for event in events],
                targets=tuple(target(month, str(quota * times)) for month in months),
                **AS_OF,
            )
        )
        for times in (1, 10)
    )
    windows = {line.window_code for line in one.earning_lines}
    cents = Decimal("0.06") * len(windows) + Decimal("0.2") * len(one.earning_lines)
    assert abs(paid(ten) - 10 * paid(one)) <= cents


@given(plans(), st.lists(st.tuples(AMOUNTS, DAYS), max_size=10))
def test_t3_money_and_bounds_times_ten_are_pay_times_ten_up_to_rounding(
    version: PlanVersion, rows: list[tuple[Decimal, date]]
) -> None:
    small = simple(version)
    wider = tuple(
        replace(band, lower=band.lower * 10, upper=None if band.upper is None else band.upper * 10)
        for band in small.components[0].bands
    )
    large = simple(version, bands=wider)
    events = history(rows)
    tenfold = [replace(event, amount=event.amount * 10) for event in events]
    one, ten = compute(company(small, events, **AS_OF)), compute(company(large, tenfold, **AS_OF))
    # A refund is spread in whole cents, so the parts of a tenfold one may fall a cent's tenth apart from ten of them.
    windows = {line.window_code for line in one.earning_lines}
    cents = Decimal("0.06") * len(windows) + Decimal("0.2") * len(one.earning_lines)
    assert abs(paid(ten) - 10 * paid(one)) <= cents
    with localcontext(money.EXACT):
        for amount, _ in rows:
            assert marginal(wider, amount * 10) == 10 * marginal(small.components[0].bands, amount)


@given(plans(), HISTORIES)
def test_t4_every_line_of_a_window_has_the_rate_of_its_whole(
    version: PlanVersion, rows: list[tuple[Decimal, date]]
) -> None:
    bare = simple(version, band_method="retroactive")
    lines = compute(company(bare, history(rows), **AS_OF)).earning_lines
    for window in {line.window_code for line in lines}:
        inside = [line for line in lines if line.window_code == window]
        total = sum((line.credited_amount or Decimal(0) for line in inside), Decimal(0))
        steps = bare.components[0].bands
        rate = next((band.rate for band in steps if band.upper is None or total < band.upper), steps[-1].rate)
        with localcontext(money.EXACT):
            for line in inside:
                assert line.earned_amount == money.round_money((line.credited_amount or Decimal(0)) * rate, "CNY")


@given(plans(), st.lists(st.tuples(POSITIVE, DAYS), min_size=1, max_size=6), st.integers(0, 12))
def test_d3_original_rate_takes_back_no_more_than_was_earned(
    version: PlanVersion, rows: list[tuple[Decimal, date]], months: int
) -> None:
    terms = {"clawback_method": "original_rate", "clawback_schedule": "linear", "linear_months": months + 1}
    bare = simple(version, **terms)
    receipts = [receipt(number, amount, day) for number, (amount, day) in enumerate(rows, start=1)]
    refunds = [refund(number, -amount, date(2026, 7, 1)) for number, (amount, _) in enumerate(rows, start=1)]
    before = paid(compute(company(bare, receipts, **AS_OF)))
    after = paid(compute(company(bare, [*receipts, *refunds], **AS_OF)))
    assert 0 <= after <= before
