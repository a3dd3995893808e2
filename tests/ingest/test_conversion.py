"""What is read is what was written: amounts and days survive every way that a person may write them."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from zoneinfo import ZoneInfo

import duckdb
import pyarrow
import pytest
from hypothesis import given
from hypothesis import settings as trials
from hypothesis import strategies as some

from attain.ingest import contracts
from attain.ingest.conversion import LOADED, REFUSED, Formats, Reading, conversion_sql, totals_label

DEALS = contracts.feed("zoho_crm.deals")
AMOUNTS = some.decimals(min_value=Decimal("-9999999999999999.99"), max_value=Decimal("9999999999999999.99"), places=2)
DAYS = some.dates(date(1990, 1, 1), date(2100, 12, 31))


def _convert(
    connection: duckdb.DuckDBPyConnection, column: str, texts: list[str], formats: Formats = Formats("Asia/Shanghai")
) -> list[tuple[object, int]]:
    """The values of one column of a deal, and what became of their rows."""
    by_name = DEALS.by_name
    readings = [Reading(by_name["deal_id"], 0), Reading(by_name["stage"], None, "Won"), Reading(by_name[column], 1)]
    sql = conversion_sql(DEALS, readings, ["Record Id", column], {}, [], formats)
    numbers = [str(number) for number in range(len(texts))]
    batch = pyarrow.table(
        {"c0": numbers, "c1": texts, "_row_number": pyarrow.array(range(len(texts)), pyarrow.int64())}
    )
    connection.register("batch", batch)
    converted = connection.execute(sql).to_arrow_table()
    return list(zip(converted.column(column).to_pylist(), converted.column("_state").to_pylist(), strict=True))


@pytest.fixture(scope="module")
def engine() -> duckdb.DuckDBPyConnection:
    connection = duckdb.connect()
    connection.execute("set TimeZone = 'UTC'")
    return connection


def _ways_to_write(amount: Decimal) -> list[str]:
    sign, plain, grouped = ("-" if amount < 0 else ""), f"{abs(amount):.2f}", f"{abs(amount):,.2f}"
    ways = [
        sign + plain,
        sign + grouped,
        f"{sign}{plain}0",
        f"{sign}¥{grouped}",
        f"{sign}{grouped}元",
        f"{sign}${plain}",
    ]
    ways.append((sign + plain).translate(str.maketrans("0123456789.-", "０１２３４５６７８９．－")))
    if amount < 0:
        ways += [f"({grouped})", f"{plain}-", f"¥({grouped})"]
    return ways


@trials(max_examples=60, deadline=None)
@given(amounts=some.lists(AMOUNTS, min_size=1, max_size=20))
def test_amounts_survive(engine: duckdb.DuckDBPyConnection, amounts: list[Decimal]) -> None:
    written = [(way, amount) for amount in amounts for way in _ways_to_write(amount)]
    read = _convert(engine, "amount", [way for way, _ in written])
    assert read == [(amount, LOADED) for _, amount in written]


@trials(max_examples=60, deadline=None)
@given(amounts=some.lists(AMOUNTS, min_size=1, max_size=20), last=some.integers(1, 9))
def test_a_third_decimal_is_never_rounded(engine: duckdb.DuckDBPyConnection, amounts: list[Decimal], last: int) -> None:
    read = _convert(engine, "amount", [f"{amount:.2f}{last}" for amount in amounts])
    assert read == [(None, REFUSED)] * len(amounts)


@trials(max_examples=60, deadline=None)
@given(amounts=some.lists(AMOUNTS, min_size=1, max_size=20))
def test_amounts_with_a_decimal_comma_survive(engine: duckdb.DuckDBPyConnection, amounts: list[Decimal]) -> None:
    texts = [f"{amount:,.2f}".translate(str.maketrans(".,", ",.")) for amount in amounts]
    formats = Formats("Asia/Shanghai", (), ",")
    assert _convert(engine, "amount", texts, formats) == [(amount, LOADED) for amount in amounts]


@trials(max_examples=60, deadline=None)
@given(days=some.lists(DAYS, min_size=1, max_size=20))
def test_days_survive(engine: duckdb.DuckDBPyConnection, days: list[date]) -> None:
    written = [
        (way, day)
        for day in days
        for way in (
            day.isoformat(),
            f"{day.year}/{day.month}/{day.day}",
            f"{day.year}.{day.month}.{day.day}",
            f"{day.year}年{day.month}月{day.day}日",
            f"{day:%Y%m%d}",
            f"{day:%b} {day.day}, {day.year}",
            f"{day} 00:00:00",
            str((day - date(1899, 12, 30)).days),
        )
    ]
    read = _convert(engine, "closing_date", [way for way, _ in written])
    assert read == [(day, LOADED) for _, day in written]


@pytest.mark.parametrize("zone", ["Asia/Shanghai", "America/New_York", "Asia/Kolkata", "UTC"])
def test_moments_survive(engine: duckdb.DuckDBPyConnection, zone: str) -> None:
    moments = [
        datetime(year, month, 15, hour, 30, 5)
        for year in (1990, 1991, 2007, 2026, 2100)
        for month in range(1, 13)
        for hour in (0, 12, 23)
    ]
    read = _convert(engine, "created_at", [f"{moment}" for moment in moments], Formats(zone))
    expected = [
        moment.replace(tzinfo=ZoneInfo(zone)).astimezone(ZoneInfo("UTC")).replace(tzinfo=None) for moment in moments
    ]
    assert read == [(moment, LOADED) for moment in expected]


def test_dates_in_the_format_that_a_mapping_names(engine: duckdb.DuckDBPyConnection) -> None:
    texts = ["03/04/2025", "2025-04-03"]
    day_first = _convert(engine, "closing_date", texts, Formats("UTC", ("%d/%m/%Y",)))
    month_first = _convert(engine, "closing_date", texts, Formats("UTC", ("%m/%d/%Y",)))
    assert day_first == [(date(2025, 4, 3), LOADED), (date(2025, 4, 3), LOADED)]
    assert month_first == [(date(2025, 3, 4), LOADED), (date(2025, 4, 3), LOADED)]
    assert _convert(engine, "closing_date", texts[:1]) == [(None, REFUSED)]


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("合计", "total"), (" 合 计 ", "total"), ("合计：", "total"), ("总计", "total"), ("Total", "total"),
        ("GRAND TOTAL", "total"), ("小计", "subtotal"), ("Sub-Total:", "subtotal"),
        ("合计贸易", None), ("Total Energies", None), ("", None),
    ],
)  # fmt: skip
def test_labels_of_totals_rows(text: str, kind: str | None) -> None:
    assert totals_label(text) == kind
