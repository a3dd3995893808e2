"""Calendar of pay: months, quarters and years by name, the days they have in common, tenure.

Period names sort by time inside a type: `2026-01` (month), `2026-Q1` (quarter), `2026` (year). All spans are of
whole days and both ends count (Q1).
"""

from __future__ import annotations

import calendar
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime
from functools import lru_cache
from typing import Literal
from zoneinfo import ZoneInfo

PeriodType = Literal["month", "quarter", "year"]


@dataclass(frozen=True, order=True)
class Span:
    """Days from `start` to `end`, both included. A span has at least one day.

    Raises:
        ValueError: the end is before the start.
    """

    start: date
    end: date

    def __post_init__(self) -> None:
        if self.end < self.start:
            raise ValueError(f"{self.start}..{self.end} has no day")

    @property
    def days(self) -> int:
        return (self.end - self.start).days + 1

    def __contains__(self, day: date) -> bool:
        return self.start <= day <= self.end

    def overlap(self, other: Span) -> Span | None:
        """The days in both, or None."""
        start, end = max(self.start, other.start), min(self.end, other.end)
        return Span(start, end) if start <= end else None

    def overlap_days(self, other: Span) -> int:
        """How many days are in both (Q1, Q6)."""
        common = self.overlap(other)
        return common.days if common else 0


def event_day(moment: datetime, timezone: str) -> date:
    """Day of a moment in the business time zone, which decides its period (C4). A naive moment is in UTC."""
    aware = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return aware.astimezone(ZoneInfo(timezone)).date()


def month_of(day: date) -> str:
    return f"{day.year:04d}-{day.month:02d}"


def quarter_of(day: date) -> str:
    return f"{day.year:04d}-Q{(day.month + 2) // 3}"


def year_of(day: date) -> str:
    return f"{day.year:04d}"


def period_of(day: date, period_type: PeriodType) -> str:
    """Name of the month, quarter or year that a day falls in."""
    return {"month": month_of, "quarter": quarter_of, "year": year_of}[period_type](day)


@lru_cache(maxsize=10_000)
def span_of(period: str) -> Span:
    """First and last day of a named month, quarter or year.

    Raises:
        ValueError: not the name of a period.
    """
    named = re.fullmatch(r"(\d{4})(?:-(?:Q([1-4])|(0[1-9]|1[0-2])))?", period, flags=re.ASCII)
    if not named or named[1] == "0000":
        raise ValueError(f"{period!r} is not a period: write 2026-01, 2026-Q1 or 2026")
    year = int(named[1])
    if named[2]:
        first, last = 3 * int(named[2]) - 2, 3 * int(named[2])
    elif named[3]:
        first = last = int(named[3])
    else:
        first, last = 1, 12
    return Span(date(year, first, 1), date(year, last, calendar.monthrange(year, last)[1]))


def months_in(span: Span) -> Iterator[str]:
    """Names of the calendar months that a span touches, in order."""
    for index in range(_month_index(span.start), _month_index(span.end) + 1):
        yield f"{index // 12:04d}-{index % 12 + 1:02d}"


def tenure_month(joined: date, day: date) -> int:
    """Calendar months since the month of joining, which is 0 (Q2); negative before it."""
    return _month_index(day) - _month_index(joined)


def _month_index(day: date) -> int:
    return 12 * day.year + day.month - 1
