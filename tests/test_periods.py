"""Months, quarters, years and the days they share (C4, Q1, Q2, Q6): a day miscounted is a quota misstated."""

from __future__ import annotations

from datetime import date, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from attain.periods import Span, event_day, months_in, period_of, span_of, tenure_month

DAYS = st.dates(min_value=date(1900, 1, 1), max_value=date(2200, 12, 31))


@pytest.mark.parametrize(
    ("period", "start", "end"),
    [
        ("2026-01", date(2026, 1, 1), date(2026, 1, 31)),
        ("2024-02", date(2024, 2, 1), date(2024, 2, 29)),
        ("2026-Q1", date(2026, 1, 1), date(2026, 3, 31)),
        ("2026-Q4", date(2026, 10, 1), date(2026, 12, 31)),
        ("2026", date(2026, 1, 1), date(2026, 12, 31)),
    ],
)
def test_a_period_has_its_days(period: str, start: date, end: date) -> None:
    assert span_of(period) == Span(start, end)


@pytest.mark.parametrize("name", ["", "2026-13", "2026-Q5", "26-01", "2026-1", "2026-Q1 ", "0000", "２０２６"])
def test_another_name_is_refused(name: str) -> None:
    with pytest.raises(ValueError, match="not a period"):
        span_of(name)


@given(DAYS, st.sampled_from(["month", "quarter", "year"]))
def test_each_day_is_in_its_period_and_periods_join_without_gap(day: date, period_type: str) -> None:
    name = period_of(day, period_type)  # type: ignore[arg-type]
    span = span_of(name)
    assert day in span
    following = span.end + timedelta(days=1)
    assert span_of(period_of(following, period_type)).start == following  # type: ignore[arg-type]
    assert period_of(following, period_type) > name  # type: ignore[arg-type]


@given(DAYS)
def test_months_of_a_quarter_have_all_of_its_days(day: date) -> None:
    quarter = span_of(period_of(day, "quarter"))
    months = list(months_in(quarter))
    assert len(months) == 3
    assert sum(span_of(month).days for month in months) == quarter.days


@given(DAYS, DAYS, DAYS, DAYS)
def test_q1_common_days_are_counted_one_by_one(first: date, second: date, third: date, fourth: date) -> None:
    one, other = Span(*sorted((first, second))), Span(*sorted((third, fourth)))
    common = max(0, (min(one.end, other.end) - max(one.start, other.start)).days + 1)
    assert one.overlap_days(other) == other.overlap_days(one) == common
    assert (one.overlap(other) is None) == (common == 0)


def test_q1_both_end_days_count() -> None:
    assert Span(date(2026, 3, 1), date(2026, 3, 31)).days == 31
    assert Span(date(2026, 3, 31), date(2026, 3, 31)).overlap_days(span_of("2026-Q1")) == 1


def test_a_span_without_days_is_refused() -> None:
    with pytest.raises(ValueError, match="has no day"):
        Span(date(2026, 1, 2), date(2026, 1, 1))


@pytest.mark.parametrize(
    ("joined", "day", "expected"),
    [
        (date(2026, 1, 31), date(2026, 1, 31), 0),
        (date(2026, 1, 31), date(2026, 2, 1), 1),
        (date(2025, 11, 15), date(2026, 2, 1), 3),
        (date(2026, 3, 1), date(2026, 2, 28), -1),
    ],
)
def test_q2_tenure_counts_calendar_months(joined: date, day: date, expected: int) -> None:
    assert tenure_month(joined, day) == expected


@pytest.mark.parametrize(
    ("moment", "day"),
    [
        (datetime(2026, 1, 31, 15, 59), date(2026, 1, 31)),
        (datetime(2026, 1, 31, 16, 0), date(2026, 2, 1)),
        (datetime(2026, 2, 1, 0, 30, tzinfo=timezone(timedelta(hours=9))), date(2026, 1, 31)),
    ],
)
def test_c4_the_business_time_zone_decides_the_day(moment: datetime, day: date) -> None:
    assert event_day(moment, "Asia/Shanghai") == day
