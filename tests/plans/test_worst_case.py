"""What lint refuses and warns about, each with its file, its line and the worst case in money.

A case is a part of a plan; the line that must be named is the one marked `# here`.
"""

from __future__ import annotations

import dataclasses
import textwrap
from pathlib import Path

import pytest

from attain.plans.lint import lint
from attain.plans.model import Finding
from attain.settings import Settings

HEAD = """\
plan: costly
title: {en: Costly, zh: 贵}
versions:
"""
VERSION = """\
  - version: "1"
    valid_from: 2026-01-01
    valid_to: 2026-12-31
    currency: CNY
    assign:
      - role: Seller
"""
QUOTA = "quotas:\n  - {kpi: collected_amount, amount: 100000, per: month}\n"
COMPONENT = """\
components:
  - component: main
    title: {en: Main, zh: 主}
    basis: collected
"""
BY_QUOTA = COMPONENT + "    quota_kpi: collected_amount\n    index: attainment\n    accumulate: month\n"
BY_QUARTER = BY_QUOTA.replace("accumulate: month", "accumulate: quarter")
BY_MONEY = COMPONENT + "    index: amount\n    accumulate: month\n"
BY_DEAL = COMPONENT + "    index: amount\n    accumulate: deal\n"
LAST_MONTH = COMPONENT + (
    "    index: {as: amount, basis: booked, offset: -1}\n    accumulate: month\n    band_method: retroactive\n"
)
THREE_PER_CENT = "    bands: [{from: 0, rate: 3%}]\n"
RISING = """\
    bands:
      - {from: 0%, to: 100%, rate: 3%}
      - {from: 100%, rate: 4%}
"""
DEALS = """\
    bands:
      - {from: 0, to: 1000, rate: 5%}
      - {from: 1000, rate: 6%}
"""
MATRIX = """\
    factors:
      - factor: quality
        title: {en: Quality, zh: 质量}
        rows:
          by: margin
          bands:
            - {from: -10, to: 20%}
            - {from: 20%}ROW
        columns:
          by: collection_days
          bands:
            - {from: -365, to: 31}
            - {from: 31}COLUMN
        matrix: CELLS
"""
CARD = """\
scorecards:
  - scorecard: review
    title: {en: Review, zh: 考核}
    frequency: quarter
    missing_data: zero
    bonus_base: 10000
    kpis:KPIS
      - KPI
      - {kpi: win_rate, weight: 0.4, cap: 1.5}
    grades:
      - {grade: A, from: 1, coefficient: 1.5}
      - {grade: B, from: LOWEST, coefficient: 0}
"""
PENALTY = "penalties:\n  - {penalty: late, title: {en: Late, zh: 迟}, kpi: KPI, REST}  # here\n"


def card(kpi: str = "{kpi: collected_amount, weight: 0.6, cap: 1.5}", mark: str = "", lowest: str = "0") -> str:
    return CARD.replace("KPIS", mark).replace("- KPI\n", f"- {kpi}\n").replace("LOWEST", lowest)


def matrix(cells: str, row: str = "", column: str = "") -> str:
    return MATRIX.replace("CELLS", cells).replace("ROW", row).replace("COLUMN", column)


def contest(ends: str, second: str, mark: str = "", places: str = "") -> str:
    return (
        f"contests:\n  - contest: race{mark}\n    title: {{en: Race, zh: 赛}}\n    from: 2026-01-01\n    to: {ends}\n"
        "    basis: booked\n    prizes:\n      - {rank: 1, amount: 5000}\n"
        f"      - {{rank: 2, amount: {second}}}{places}\n"
    )


HERE = "  # here"
REFUSED = {
    "bands start above 0": (
        QUOTA + BY_QUOTA + f"    bands:\n      - {{from: 10%, rate: 3%}}{HERE}\n",
        "below it 300.00 CNY at a quota of 100,000.00 would not be paid",
    ),
    "a gap": (
        QUOTA + BY_QUOTA + RISING.replace("{from: 100%, rate: 4%}", f"{{from: 110%, rate: 4%}}{HERE}"),
        "400.00 CNY at a quota of 100,000.00 would not be paid",
    ),
    "a gap without a quota": (
        BY_QUOTA + RISING.replace("{from: 100%, rate: 4%}", f"{{from: 110%, rate: 4%}}{HERE}"),
        "400.00 CNY for each 100,000 of quota would not be paid",
    ),
    "a gap in money": (
        BY_DEAL + DEALS.replace("{from: 1000, rate: 6%}", f"{{from: 1500, rate: 6%}}{HERE}"),
        "; 30.00 CNY would not be paid",
    ),
    "an overlap": (
        QUOTA + BY_QUOTA + RISING.replace("{from: 100%, rate: 4%}", f"{{from: 90%, rate: 4%}}{HERE}"),
        "400.00 CNY at a quota of 100,000.00 would be paid twice",
    ),
    "a closed last band": (
        BY_DEAL + DEALS.replace("{from: 1000, rate: 6%}", f"{{from: 1000, to: 5000, rate: 6%}}{HERE}"),
        "at twice that credit 300.00 CNY would not be paid",
    ),
    "weights": (
        card("{kpi: collected_amount, weight: 0.5, cap: 1.5}", mark=HERE),
        "add up to 0.9, not to exactly 1 (K1); a score off by 0.1 may cost a grade, and a grade is worth up to "
        "15,000.00",
    ),
    "grades start above 0": (
        card(lowest="0.2").replace("coefficient: 0}", f"coefficient: 0}}{HERE}"),
        "its bonus would wait; it is up to 15,000.00 CNY",
    ),
    "seats": (
        card() + "    grading: forced\n    group: region\n    distribution:  # here\n"
        "      - {grade: A, share: 30%}\n      - {grade: B, share: 60%}\n",
        "10 of 100 people are seated wrongly, each with up to 15,000.00 CNY",
    ),
    "seasons": (
        QUOTA.replace("per: month}", "per: year, seasonality: [25%, 25%, 25%, 20%]}  # here") + BY_QUARTER + RISING,
        "the year's target is off by 5000",
    ),
    "a cap of the window below target pay": (
        QUOTA + BY_QUOTA + RISING + f"    cap: {{amount: 2900, per: period}}{HERE}\n",
        "below target pay 3,000.00 CNY (at a quota of 100,000.00): whoever reaches the target loses 100.00",
    ),
    "a cap of the year below target pay": (
        QUOTA + BY_QUARTER + RISING + f"    cap: {{amount: 35000, per: year}}{HERE}\n",
        "below target pay 36,000.00 CNY (at a quota of 300,000.00, 4 times a year): whoever reaches the target loses "
        "1,000.00",
    ),
    "a cap below target pay with bands of money": (
        QUOTA
        + BY_MONEY.replace("index:", "quota_kpi: collected_amount\n    index:")
        + THREE_PER_CENT
        + f"    cap: {{amount: 2999, per: period}}{HERE}\n",
        "below target pay 3,000.00 CNY (at the plan's quota)",
    ),
    "a cap below the curve's target": (
        QUOTA
        + BY_QUOTA
        + "    band_method: interpolated\n    target_amount: 8000\n"
        + "    curve: [{at: 0, pay: 0}, {at: 200%, pay: 200%}]\n"
        + f"    cap: {{amount: 7000, per: period}}{HERE}\n",
        "below target pay 8,000.00 CNY (at 100 % attainment): whoever reaches the target loses 1,000.00",
    ),
    "a band that a deal's cap never lets through": (
        BY_DEAL
        + DEALS.replace("{from: 1000, rate: 6%}", f"{{from: 1000, rate: 6%}}{HERE}")
        + "    cap: {amount: 50, per: deal}\n",
        "this band is never paid: 50.00 CNY are earned where it begins, and the cap is 50",
    ),
    "a band that the year's cap never lets through": (
        BY_MONEY
        + DEALS.replace("{from: 1000, rate: 6%}", f"{{from: 1000, rate: 6%}}{HERE}")
        + "    cap: {amount: 40, per: year}\n",
        "this band is never paid: 50.00 CNY",
    ),
    "a SPIFF outside the version": (
        f"spiffs:\n  - spiff: push{HERE}\n    title: {{en: Push, zh: 推}}\n    from: 2027-01-01\n    to: 2027-03-31\n"
        "    basis: booked\n    pay: {per_deal: 500}\n",
        "500.00 CNY for each 1 of count are promised",
    ),
    "a contest that ends outside the version": (
        contest("2027-01-31", "2000").replace("- contest: race", f"- contest: race{HERE}"),
        "prizes of 7,000.00 CNY are promised",
    ),
    "a draw above target pay without an end": (
        QUOTA
        + BY_QUOTA
        + RISING
        + "draw: {type: recoverable, amount: 5000, recovery_rate: 50%, recovery_from: 2026-07}  # here\n",
        "of which 1,500.00 are recovered above the minimum 0 and 2,000.00 are lent again; lent is without an end",
    ),
    "a draw below whose minimum target pay lies": (
        QUOTA
        + BY_QUOTA
        + RISING
        + "draw: {type: recoverable, amount: 4000, minimum: 3000, to_month: 2, recovery_from: 2026-07}  # here\n",
        "target pay is 3,000.00 CNY a month, of which 0.00 are recovered above the minimum 3,000 and 0.00 are lent "
        "again; lent is up to 12,000.00 CNY in 3 months",
    ),
    "a penalty above its limit": (
        QUOTA
        + BY_QUOTA
        + RISING
        + PENALTY.replace("KPI", "win_rate").replace("REST", "below: 20%, amount: 500, limit: 300"),
        "200.00 CNY of it are never taken",
    ),
    "a grade that no score reaches": (
        card().replace("grades:\n", f"grades:\n      - {{grade: S, from: 1.6, coefficient: 2}}{HERE}\n"),
        "the best score of the card is 1.5; its bonus of 20,000.00 CNY is never paid",
    ),
}

WARNED = {
    "a cap of a deal below target pay": (
        QUOTA + BY_QUOTA + RISING + f"    cap: {{amount: 1000, per: deal}}{HERE}\n",
        "whoever reaches the target with one deal loses 2,000.00",
    ),
    "a cliff": (
        QUOTA + BY_QUOTA + "    band_method: retroactive\n" + RISING.replace("rate: 4%}", f"rate: 4%}}{HERE}"),
        "crossing 100.00% of the quota pays 1,000.00 CNY at once (at a quota of 100,000.00)",
    ),
    "falling rates": (
        QUOTA + BY_QUOTA + "    band_method: retroactive\n" + RISING.replace("rate: 4%}", f"rate: 2%}}{HERE}"),
        "selling more pays less: crossing 100.00% of the quota takes 1,000.00 CNY away",
    ),
    "a cliff of another index": (
        LAST_MONTH + DEALS.replace("{from: 1000, rate: 6%}", f"{{from: 1000, rate: 6%}}{HERE}"),
        "crossing 1,000 of the amount booked 1 month earlier pays 1,000.00 CNY more at once for each 100,000",
    ),
    "a falling rate of another index": (
        LAST_MONTH + DEALS.replace("{from: 1000, rate: 6%}", f"{{from: 1000, rate: 4%}}{HERE}"),
        "selling more pays less: crossing 1,000 of the amount booked 1 month earlier takes 1,000.00 CNY away",
    ),
    "a falling rate for each unit": (
        LAST_MONTH.replace("basis: collected\n", "basis: collected\n    measure: units\n")
        + DEALS.replace("5%", "50").replace("{from: 1000, rate: 6%}", f"{{from: 1000, rate: 40}}{HERE}"),
        "takes 1,000.00 CNY away for each 100 of units collected",
    ),
    "a threshold": (
        QUOTA + BY_QUOTA + RISING + f"    threshold: {{at: 50%, pays: from_first}}{HERE}\n",
        "a cliff: reaching 50.00% of the quota pays 1,500.00 CNY at once",
    ),
    "a threshold of another index": (
        LAST_MONTH + THREE_PER_CENT + f"    threshold: {{at: 5000, pays: from_first}}{HERE}\n",
        "a cliff: reaching 5,000 of the amount booked 1 month earlier pays 3,000.00 CNY at once for each 100,000",
    ),
    "a curve that begins with a step": (
        QUOTA
        + BY_QUOTA
        + "    band_method: interpolated\n    target_amount: 8000\n    curve:\n"
        + f"      - {{at: 50%, pay: 25%}}{HERE}\n      - {{at: 100%, pay: 100%}}\n",
        "a cliff: reaching 50.00% of the quota pays 2,000.00 CNY at once",
    ),
    "a curve that falls": (
        QUOTA
        + BY_QUOTA
        + "    band_method: interpolated\n    target_amount: 8000\n    curve:\n      - {at: 0%, pay: 0%}\n"
        + f"      - {{at: 100%, pay: 100%}}\n      - {{at: 120%, pay: 90%}}{HERE}\n",
        "from 100% to 120% the pay falls by 800.00 CNY",
    ),
    "a rate below 0": (
        QUOTA + BY_QUOTA + RISING.replace("rate: 4%}", f"rate: -1%}}{HERE}"),
        "above 100.00% of the quota each further 100.00% of the quota costs 1,000.00 CNY",
    ),
    "a matrix that pays less for a better margin": (
        BY_MONEY + THREE_PER_CENT + matrix("[[1, 0.8], [0.9, 0.8]]", row=HERE),
        "a better margin pays less: the factor of quality drops from 1 to 0.9 at a margin of 0.20: 10.00 of "
        "each 100 earned",
    ),
    "a matrix that pays more for waiting": (
        BY_MONEY + THREE_PER_CENT + matrix("[[0.9, 0.8], [1, 1.2]]", column=HERE),
        "waiting longer for the money pays more: the factor of quality rises from 1 to 1.2 at day 31: 20.00 of "
        "each 100 earned",
    ),
    "prizes that rise": (
        contest("2026-01-31", "6000", places=HERE),
        "selling more pays less: place 1 wins 1,000.00 CNY less than place 2",
    ),
    "a draw that nothing recovers": (
        QUOTA + BY_QUOTA + RISING + f"draw: {{type: recoverable, amount: 2000, to_month: 5}}{HERE}\n",
        "nothing is recovered: up to 12,000.00 CNY in 6 months",
    ),
    "a guarantee above target pay": (
        QUOTA + BY_QUOTA + RISING + f"draw: {{type: guarantee, amount: 5000}}{HERE}\n",
        "whoever reaches the target costs 2,000.00 more",
    ),
    "a penalty that the floor does not let through": (
        QUOTA
        + BY_QUOTA
        + RISING
        + "floor: 2800\n"
        + PENALTY.replace("KPI", "win_rate").replace("REST", "below: 20%, amount: 500, limit: 500"),
        "at target pay 3,000.00 CNY the floor 2,800 leaves 200.00 to take; 300.00 of the penalty are lost",
    ),
    "a penalty for doing well": (
        QUOTA
        + BY_QUOTA
        + RISING
        + PENALTY.replace("KPI", "win_rate").replace("REST", "above: 80%, rate: 10%, limit: 1000"),
        "doing better pays less: above 0.80 of win_rate up to 300.00 CNY are taken",
    ),
    "steps of grades": (
        card().replace("coefficient: 1.5}", f"coefficient: 1.5}}{HERE}"),
        "review: a cliff: reaching a score of 1 pays 15,000.00 CNY at once for each quarter: grade 'A' after 'B'",
    ),
    "steps of grades by rank": (
        card()
        .replace("coefficient: 1.5}", f"coefficient: 1.5}}{HERE}")
        .replace(
            "    bonus_base",
            "    grading: forced\n    group: role\n    distribution: [{grade: A, share: 20%}, {grade: B, share: 80%}]\n"
            "    bonus_base",
        ),
        "review: a cliff: one place better in the group, or reaching a score of 1 where fewer than five are graded, "
        "pays 15,000.00 CNY at once for each quarter",
    ),
    "a better grade that pays less": (
        card().replace("coefficient: 1.5}", f"coefficient: 1.5}}{HERE}").replace("coefficient: 0}", "coefficient: 2}"),
        "grade 'A' pays 5,000.00 CNY less than 'B'",
    ),
    "a card's curve that falls": (
        card(
            "kpi: collected_amount\n        weight: 0.6\n        cap: 2\n        curve:\n"
            "          - {at: 0, score: 0}\n          - {at: 100%, score: 1}\n"
            "          - {at: 150%, score: 0.5}  # here"
        ),
        "from 100% to 150% of collected_amount the score falls by 0.30; a grade is worth up to 15,000.00 CNY",
    ),
}


def linted(tmp_path: Path, body: str) -> tuple[list[Finding], int]:
    """What lint finds in a plan of this body, and the line that is marked in it."""
    text = HEAD + VERSION + textwrap.indent(body, "    ")
    (tmp_path / "plans").mkdir()
    (tmp_path / "plans" / "costly.yml").write_text(text, encoding="utf-8")
    marked = [number for number, line in enumerate(text.splitlines(), start=1) if line.endswith("# here")]
    assert len(marked) == 1
    found = lint(dataclasses.replace(Settings.from_environment({}), plans_dir=tmp_path / "plans"))
    # The grades of CARD are a cliff in every case that has a card; it is looked at where it is the marked line.
    return [item for item in found if item.line == marked[0] or "review: a cliff" not in item.message], marked[0]


@pytest.mark.parametrize("case", list(REFUSED))
def test_what_is_refused_tells_its_worst_case_in_money(tmp_path: Path, case: str) -> None:
    body, said = REFUSED[case]
    found, line = linted(tmp_path, body)
    assert [(item.file, item.line, item.severity) for item in found] == [("plans/costly.yml", line, "error")], found
    assert said in found[0].message
    assert found[0].remedy


@pytest.mark.parametrize("case", list(WARNED))
def test_what_is_warned_about_tells_its_worst_case_in_money(tmp_path: Path, case: str) -> None:
    body, said = WARNED[case]
    found, line = linted(tmp_path, body)
    assert [(item.file, item.line, item.severity) for item in found] == [("plans/costly.yml", line, "warning")], found
    assert said in found[0].message
    assert found[0].remedy


def test_a_draw_above_target_pay_that_comes_back_is_no_finding(tmp_path: Path) -> None:
    """2,000 are lent again each month at target, but all 3,000 of the pay go back."""
    body = QUOTA + BY_QUOTA + RISING + "draw: {type: recoverable, amount: 5000, recovery_from: 2026-07}  # here\n"
    assert linted(tmp_path, body)[0] == []


def test_who_is_paid_twice_costs_target_pay(tmp_path: Path) -> None:
    """Two versions of a plan on one day, and two plans for one person."""
    body = textwrap.indent(QUOTA + BY_QUOTA + RISING, "    ")
    settings = dataclasses.replace(Settings.from_environment({}), plans_dir=tmp_path)
    one, two = HEAD + VERSION + body, VERSION.replace('"1"', '"2"').replace("2026-01-01", "2026-12-31") + body
    (tmp_path / "costly.yml").write_text(one + two, encoding="utf-8")
    said = "; at target 3,000.00 CNY a person and month would be paid twice"
    [finding] = lint(settings)
    assert (finding.line, finding.severity, said in finding.message) == (one.count("\n") + 1, "error", True)
    (tmp_path / "costly.yml").write_text(one, encoding="utf-8")
    (tmp_path / "other.yml").write_text(one.replace("plan: costly", "plan: other"), encoding="utf-8")
    [finding] = lint(settings)
    assert (finding.file.endswith("other.yml"), finding.line, said in finding.message) == (True, 9, True)
