"""A simulation in words and in pictures: tables for a terminal, and a page of one file that needs nothing else."""

from __future__ import annotations

import functools
import io
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path

import jinja2
from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table

from attain.publish.report import money
from attain.simulation.comparison import Bucket, Cost, Person, Simulation

WIDTH = 110
SHOWN = 5
"""How many of those who gain and lose most the terminal shows; the page and --json have all."""

_LEFT, _TOP, _HEIGHT, _STEP = 8.0, 18.0, 150.0, 76.0


@dataclass(frozen=True)
class Bar:
    """A bar of a chart in drawing units. `side` is present or candidate; `label` the exact figure."""

    side: str
    x: float
    y: float
    width: float
    height: float
    label: str


@dataclass(frozen=True)
class Chart:
    """Pairs of bars, present beside candidate, with a tick below each pair. `zero` is where the amount 0 lies."""

    title_en: str
    title_zh: str
    width: float
    height: float
    zero: float
    bars: list[Bar]
    ticks: list[tuple[float, str]]


def render(found: Simulation, page: Path | None = None) -> str:
    """The simulation for a terminal: total, by month and component, who gains and loses, attainment, volume."""
    console = Console(file=io.StringIO(), width=WIDTH, color_system=None, highlight=False)
    as_if = f", version {found.as_if} taken for all of it" if found.as_if else ""
    console.print(
        f"{found.plan_code}: {found.candidate_file} beside the present plans, {found.first} to {found.last}{as_if}"
    )
    if not found.people:
        console.print("Nobody is paid by this plan in these months, and nobody's pay changes: check `assign`.")
        return _text(console)
    for total in found.totals:
        console.print(
            f"Pay, held money included: {_amounts(total)} {total.currency_code}, {_signed(total)} "
            f"({_percent(total.present_amount, total.candidate_amount)}); "
            f"{_people(found.winners, total.currency_code)} gain, {_people(found.losers, total.currency_code)} lose"
        )
    console.print(
        _cost_table("By month: what the lines earn", ("Month",), _summed(found.costs, lambda cost: (cost.period,)))
    )
    console.print(
        _cost_table(
            "By component: what the lines earn",
            ("Plan", "Component"),
            _summed(found.costs, lambda cost: (cost.plan_code, cost.component_code)),
        )
    )
    for title, people in (("Who gains most", found.winners), ("Who loses most", found.losers)):
        if people:
            console.print(_people_table(title, people))
    if found.attainment:
        console.print(_bucket_table(found.attainment))
    if found.sensitivity:
        table = _table("If volume had been different: pay", "Volume", "Currency", "Present", "Candidate", "Difference")
        for point in found.sensitivity:
            table.add_row(
                _volume(point.volume),
                point.currency_code,
                money(point.present_amount, point.currency_code),
                money(point.candidate_amount, point.currency_code),
                _plus(point.candidate_amount - point.present_amount, point.currency_code),
            )
        console.print(table)
    console.print("Nothing was published and nothing is paid: this was built in a warehouse that is gone now.")
    console.print(
        f"page with charts and everybody: {page}" if page else "for charts and everybody: --page simulation.html"
    )
    return _text(console)


def write(found: Simulation, page: Path) -> None:
    """Write the page. All data are escaped by the template engine."""
    page.parent.mkdir(parents=True, exist_ok=True)
    page.write_text(
        _template().render(
            found=found, charts=_charts(found), by_component=_by_component(found), by_month=_by_month(found)
        ),
        encoding="utf-8",
    )


@functools.cache
def _template() -> jinja2.Template:
    pages = jinja2.Environment(
        loader=jinja2.FileSystemLoader(Path(__file__).parent),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    pages.filters.update(money=money, plus=_plus, share=_share, volume=_volume)
    return pages.get_template("simulation.html.j2")


Sums = dict[tuple[str, ...], tuple[Decimal, Decimal]]


def _summed(costs: Sequence[Cost], key: object) -> Sums:
    assert callable(key)
    sums: dict[tuple[str, ...], list[Decimal]] = defaultdict(lambda: [Decimal(0), Decimal(0)])
    for cost in costs:
        of = sums[(*key(cost), cost.currency_code)]
        of[0] += cost.present_amount
        of[1] += cost.candidate_amount
    return {place: (before, after) for place, (before, after) in sorted(sums.items())}


def _by_month(found: Simulation) -> Sums:
    return _summed(found.costs, lambda cost: (cost.period,))


def _by_component(found: Simulation) -> Sums:
    return _summed(found.costs, lambda cost: (cost.plan_code, cost.component_code))


# -- for the terminal


def _table(title: str, *columns: str) -> Table:
    table = Table(title=title, title_justify="left", title_style="", box=SIMPLE_HEAD, pad_edge=False)
    for column in columns:
        is_number = column in ("Present", "Candidate", "Difference", "Volume")
        table.add_column(column, justify="right" if is_number else "left", no_wrap=is_number)
    return table


def _cost_table(title: str, keys: tuple[str, ...], sums: Sums) -> Table:
    table = _table(title, *keys, "Currency", "Present", "Candidate", "Difference")
    for (*key, currency), (before, after) in sums.items():
        table.add_row(*key, currency, money(before, currency), money(after, currency), _plus(after - before, currency))
    return table


def _people_table(title: str, people: Sequence[Person]) -> Table:
    table = _table(title, "Payee", "Name", "Currency", "Present", "Candidate", "Difference")
    for person in people[:SHOWN]:
        code = person.currency_code
        table.add_row(
            person.payee_id,
            person.full_name,
            code,
            money(person.present_amount, code),
            money(person.candidate_amount, code),
            _plus(person.difference, code),
        )
    if len(people) > SHOWN:
        table.add_row("…", f"and {len(people) - SHOWN} more", "", "", "", "")
    return table


def _bucket_table(buckets: Sequence[Bucket]) -> Table:
    table = _table("Attainment: windows of quota that end in these months", "Attainment", "Present", "Candidate")
    for bucket in buckets:
        table.add_row(_share(bucket), str(bucket.present_count), str(bucket.candidate_count))
    return table


def _text(console: Console) -> str:
    assert isinstance(console.file, io.StringIO)
    return "\n".join(line.rstrip() for line in console.file.getvalue().splitlines())


def _amounts(total: Cost) -> str:
    code = total.currency_code
    return f"{money(total.present_amount, code)} → {money(total.candidate_amount, code)}"


def _signed(total: Cost) -> str:
    return _plus(total.difference, total.currency_code)


def _plus(amount: Decimal, currency_code: str) -> str:
    return ("+" if amount > 0 else "") + money(amount, currency_code)


def _percent(before: Decimal, after: Decimal) -> str:
    return f"{(after - before) / before:+.1%}".replace("-", "−") if before else "there was nothing before"


def _people(people: Sequence[Person], currency_code: str) -> str:
    count = sum(1 for person in people if person.currency_code == currency_code)
    return f"{count:,} {'person' if count == 1 else 'people'}"


def _share(bucket: Bucket) -> str:
    if bucket.lower is None:
        return "no quota"
    return f"{bucket.lower:.0%}+" if bucket.upper is None else f"{bucket.lower:.0%}–{bucket.upper:.0%}"


def _volume(volume: Decimal) -> str:
    return f"{volume:+.0%}".replace("-", "−") if volume else "as it was"


# -- for the page


def _charts(found: Simulation) -> list[Chart]:
    charts = []
    for currency in sorted({cost.currency_code for cost in found.costs}):
        months = [(key[0], before, after) for key, (before, after) in _by_month(found).items() if key[-1] == currency]
        charts.append(_chart(f"Cost by month, {currency}", f"每月成本（{currency}）", months, currency))
    if found.attainment:
        buckets = [
            (_share(bucket), Decimal(bucket.present_count), Decimal(bucket.candidate_count))
            for bucket in found.attainment
        ]
        charts.append(_chart("Attainment: windows of quota", "达成率分布（考核期数）", buckets, None))
    for currency in sorted({point.currency_code for point in found.sensitivity}):
        points = [
            (_volume(point.volume), point.present_amount, point.candidate_amount)
            for point in found.sensitivity
            if point.currency_code == currency
        ]
        charts.append(
            _chart(f"Pay if volume had been different, {currency}", f"销量变化下的薪酬（{currency}）", points, currency)
        )
    return charts


def _chart(title_en: str, title_zh: str, pairs: Sequence[tuple[str, Decimal, Decimal]], currency: str | None) -> Chart:
    amounts = [amount for _, *both in pairs for amount in both]
    highest, lowest = max(*amounts, Decimal(0)), min(*amounts, Decimal(0))
    span = float(highest - lowest) or 1.0
    zero = _TOP + _HEIGHT * float(highest) / span
    bars, ticks = [], []
    for place, (tick, *both) in enumerate(pairs):
        left = _LEFT + place * _STEP
        ticks.append((left + _STEP / 2 - 4, tick))
        for number, (side, amount) in enumerate(zip(("present", "candidate"), both, strict=True)):
            height = _HEIGHT * abs(float(amount)) / span
            bars.append(
                Bar(
                    side=side,
                    x=left + number * 32,
                    y=zero - height if amount >= 0 else zero,
                    width=28,
                    height=max(height, 0.5),
                    label=f"{side} {tick}: {money(amount, currency) + ' ' + currency if currency else amount}",
                )
            )
    width = _LEFT * 2 + _STEP * len(pairs)
    return Chart(title_en, title_zh, width, _TOP + _HEIGHT + 30, zero, bars, ticks)
