"""Random plans and a random history for both engines: the same seed gives the same company.

    company = generate(seed=1, plans=100)
    company.write_plans(folder)
    company.land(settings)

Every key of the plan language comes up in some plan, in combinations that the plan reader takes. Plans share one
company, so that one build of the warehouse checks them all; each has people of its own role. Beside some plans lies one
that only adds SPIFFs and contests for the same people, and some are followed by another plan in the middle of a month.
"""

from __future__ import annotations

import random
from collections import defaultdict
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import yaml

from attain.settings import Settings
from tests.transform.landing import land

FIRST_DAY, AS_OF = date(2025, 1, 1), date(2026, 6, 30)
EXTRACTED = datetime(2026, 7, 1, 1, 0, tzinfo=UTC)
FAMILIES = ("Software", "Hardware", "Services")
CHANNELS = ("direct", "Partner", "online")
SEGMENTS = ("Retail", "Finance")
REGIONS = ("North", "South")
BASES = ("booked", "invoiced", "collected")
WINDOWS = ("month", "quarter", "year")
PEOPLE_OF_A_PLAN = 3
DOCUMENTS_OF_A_PERSON = 5
CONTRACTS_OF_A_PERSON = 1
Row = dict[str, Any]


@dataclass
class Company:
    """Plan files by name, and landed rows by (source, feed)."""

    plans: dict[str, Row] = field(default_factory=dict)
    rows: dict[tuple[str, str], list[Row]] = field(default_factory=lambda: defaultdict(list))

    def write_plans(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        for code, content in self.plans.items():
            text = yaml.safe_dump(content, allow_unicode=True, sort_keys=False)
            (folder / f"{code}.yml").write_text(text, "utf-8")

    def land(self, settings: Settings) -> None:
        for (source, feed), rows in self.rows.items():
            if rows:
                land(settings, source, feed, rows, extracted_at=EXTRACTED, horizon=AS_OF)


def generate(seed: int, plans: int = 100) -> Company:
    """A company of so many plans, each with a few people of its own."""
    company = Company()
    chance = random.Random(seed)
    people: list[Row] = []
    for number in range(plans):
        code = f"plan_{number:03d}"
        writer = _PlanWriter(random.Random(f"{seed}|{code}"), f"Role {number:03d}")
        company.plans[code] = plan = writer.plan(code, is_followed=number % 5 == 1)
        if number % 5 == 1:
            start = date.fromisoformat(plan["versions"][-1]["valid_to"]) + timedelta(days=1)
            follower = {"plan": f"next_{number:03d}", "title": _title("Next")}
            company.plans[follower["plan"]] = {**follower, "versions": [writer.version("1", start, None)]}
        if number % 3 == 1:
            company.plans[f"extra_{number:03d}"] = writer.extra(f"extra_{number:03d}")
        people += _people(company, chance, number, writer)
    for _, person in enumerate(people):
        _history(company, chance, person, people)
    _rates(company, chance)
    signed = random.Random(f"{seed}|contracts")
    for person in people:
        for number in range(CONTRACTS_OF_A_PERSON):
            _document(company, signed, f"{person['employee_id']}-{number}", person, people, is_contract=True)
    for number, family in enumerate(FAMILIES):
        product = {"product_name": f"Product {number}", "product_family": family}
        company.rows[("zoho_crm", "products")].append(
            {"product_id": f"P{number}", "product_code": f"SKU-{number}", **product}
        )
        if number:  # the contracts' own catalogue lacks the first, which the other one knows
            company.rows[("jiandaoyun_crm", "products")].append({"product_no": f"sku-{number}", **product})
    return company


def _title(name: str) -> Row:
    return {"en": name, "zh": "方案"}


class _PlanWriter:
    """Writes one plan. `kpis` are the targets that its people need from HR, `objectives` the ratings."""

    def __init__(self, chance: random.Random, role: str) -> None:
        self.chance, self.role = chance, role
        self.currency = chance.choice(["CNY"] * 4 + ["USD", "JPY"])
        self.kpis: set[str] = set()
        self.objectives: set[str] = set()

    def maybe(self, share: float = 0.5) -> bool:
        return self.chance.random() < share

    def money(self, most: int) -> str:
        """An amount at the smallest unit of the plan's currency."""
        if self.currency == "JPY":
            return str(self.chance.randrange(1, most * 20))
        return str(Decimal(self.chance.randrange(1, most * 100)) / 100)

    def share(self, most: int = 100) -> str:
        return f"{Decimal(self.chance.randrange(0, most * 1000)) / 1000}%"

    def day(self, first: date = FIRST_DAY, last: date = AS_OF) -> date:
        return first + timedelta(days=self.chance.randrange((last - first).days + 1))

    # -- the plan and its versions ---------------------------------------------------------------

    def plan(self, code: str, is_followed: bool = False) -> Row:
        cut = self.day(date(2025, 9, 1), date(2026, 4, 15))
        versions = [self.version("1", FIRST_DAY, cut)]
        if self.maybe(0.3):
            end = cut + timedelta(days=45) if is_followed else None
            versions.append(self.version("2", cut + timedelta(days=1), end))
        elif not is_followed:
            versions[0].pop("valid_to")
        return {"plan": code, "title": _title(code), "versions": versions}

    def extra(self, code: str) -> Row:
        """What a person may have beside a plan: SPIFFs and contests, without draw or penalty."""
        start = self.day(FIRST_DAY, date(2025, 12, 1))
        terms: Row = {"version": "1", "valid_from": str(start), "currency": self.currency}
        terms["assign"] = [{"role": self.role}]
        terms["spiffs"] = [self.spiff(start)]
        if self.maybe():
            terms["contests"] = [self.contest(start, None)]
        if self.maybe(0.3):
            terms["holds"] = [self.hold()]
        if self.maybe(0.3):
            terms["legal_limit"] = [{"share": self.share(), "keep": self.money(500)}]
        return {"plan": code, "title": _title(code), "versions": [terms]}

    def version(self, name: str, start: date, end: date | None) -> Row:
        terms: Row = {"version": name, "valid_from": str(start)}
        if end is not None:
            terms["valid_to"] = str(end)
        terms |= {"currency": self.currency, "assign": [{"role": self.role}]}
        if self.maybe(0.15):
            terms["assign"][0]["valid_from"] = str(self.day(start, min(end or AS_OF, AS_OF)))
        if self.maybe(0.4):
            shares = [self.share() for _ in range(self.chance.randrange(1, 4))]
            terms["ramp"] = {"from": self.chance.choice(["hire", "confirmation"]), "shares": shares}
        if self.maybe(0.5):
            terms["leave_limit_days"] = self.chance.choice([5, 15, 30])
        if self.maybe(0.3):
            terms["tail_days"] = self.chance.choice([10, 45])
        if self.maybe(0.15):
            terms["eligibility"] = self.chance.choice(
                [
                    {"after_confirmation": "true"},
                    {"min_tenure_months": 2},
                    {"after_confirmation": "true", "min_tenure_months": 1},
                ]
            )
        if self.maybe(0.3):
            terms["clawback"] = self.clawback()
        components = [self.component(f"part_{number}") for number in range(self.chance.randrange(1, 4))]
        quotas = self.quotas(components)
        if quotas:
            terms["quotas"] = quotas
        terms["components"] = components
        if self.maybe(0.25):
            terms["spiffs"] = [self.spiff()]
        if self.maybe(0.2):
            terms["contests"] = [self.contest(start, end)]
        cards = [self.card(number) for number in range(self.chance.choice([0, 0, 1, 2]))]
        if cards:
            terms["scorecards"] = cards
        rewards = self.rewards(components, cards)
        if rewards:
            terms["rewards"] = rewards
        if self.maybe(0.3):
            terms["draw"] = self.draw()
        if self.maybe(0.25):
            terms["penalties"] = [self.penalty()]
            if self.maybe():
                terms["floor"] = self.money(500)
        if self.maybe(0.25):
            terms["holds"] = [self.hold()]
        if self.maybe(0.25):
            terms["legal_limit"] = [
                {"region": "North", "share": "20%", "keep": self.money(3000)},
                {"share": self.share(), "keep": "0"},
            ][self.chance.randrange(2) :]
        return terms

    # -- components -----------------------------------------------------------------------------

    def component(self, code: str) -> Row:
        basis = self.chance.choice(BASES)
        measure = self.chance.choice(["amount"] * 5 + ["margin", "units", "count"])
        window = self.chance.choice([*WINDOWS, "deal"])
        method = self.chance.choice(["marginal"] * 3 + ["retroactive"] * 2 + ["interpolated"])
        if method == "interpolated" and window == "deal":
            window = "month"
        form = "attainment" if method == "interpolated" or (window != "deal" and self.maybe()) else "amount"
        part: Row = {"component": code, "title": _title(code), "basis": basis, "index": form, "accumulate": window}
        if measure != "amount":
            part["measure"] = measure
        index_basis, index_measure = basis, measure
        if method == "retroactive" and self.maybe(0.4):
            index_basis = self.chance.choice(BASES)
            index_measure = self.chance.choice(["amount", "amount", "margin", "units", "count"])
            part["index"] = {"as": form, "basis": index_basis, "measure": index_measure}
            if window != "deal" and self.maybe():
                part["index"]["offset"] = self.chance.choice([-1, -2])
        is_same = (index_basis, index_measure) == (basis, measure) and not isinstance(part["index"], dict)
        if form == "attainment" or (window != "deal" and self.maybe(0.2)):
            part["quota_kpi"] = f"{index_basis}_{index_measure}"
            self.kpis.add(part["quota_kpi"])
        part["band_method"] = method
        if method == "interpolated":
            part |= self.curve()
        else:
            part["bands"] = self.bands(form, index_measure, measure)
        self.conditions(part)
        if self.maybe(0.35):
            factors = [self.factor(number) for number in range(self.chance.randrange(1, 3))]
            if method == "interpolated":
                for factor in factors:
                    factor["applies_to"] = "credit"
            part["factors"] = factors
        self.limits(part, form, index_measure, is_same, method)
        if self.maybe(0.4):
            part["clawback"] = self.clawback(allow_original=method != "interpolated")
        if self.maybe(0.15):
            part["reversed_by"] = self.chance.sample(
                ["refund", "credit_note", "write_off", "cancellation", "unpaid"], 2
            )
        return part

    def conditions(self, part: Row) -> None:
        """Whose credit it is, and of which documents."""
        if self.maybe(0.3):
            part["credit"] = self.chance.choice(["overlay", "team"])
        if self.maybe(0.2):
            part["credit_share"] = self.share()
        if self.maybe(0.25):
            name, values = self.chance.choice(
                [("product_family", FAMILIES), ("channel", CHANNELS), ("segment", SEGMENTS), ("region", REGIONS)]
            )
            part["only"] = {name: [value.upper() for value in self.chance.sample(values, len(values) - 1)]}
        elif self.maybe(0.15):
            part["only"] = {"customer_type": [self.chance.choice(["new", "existing"])]}

    def bound(self, measure: str) -> Decimal:
        most = {"units": 40, "count": 4}.get(measure, 20000)
        return Decimal(self.chance.randrange(1, most * 100)) / 100

    def bands(self, form: str, index_measure: str, measure: str) -> list[Row]:
        count = self.chance.randrange(1, 5)
        inner: set[Decimal] = set()
        while len(inner) < count - 1:
            inner.add(
                Decimal(self.chance.randrange(1, 2000000)) / 10000
                if form == "attainment"
                else self.bound(index_measure)
            )
        lowers = [Decimal(0), *sorted(inner)]
        sign = "%" if form == "attainment" else ""
        found = []
        for place, lower in enumerate(lowers):
            rate = self.share(12) if measure in ("amount", "margin") else self.money(200)
            band = {"from": f"{lower}{sign}", "rate": rate}
            if place + 1 < len(lowers):
                band["to"] = f"{lowers[place + 1]}{sign}"
            found.append(band)
        return found

    def curve(self) -> Row:
        ats = sorted(self.chance.sample(range(0, 200), 3))
        pays = sorted(self.chance.sample(range(0, 300), 3))
        found: Row = {
            "curve": [{"at": f"{at}%", "pay": f"{pay}%"} for at, pay in zip(ats, pays, strict=True)],
            "target_amount": self.money(3000),
        }
        if self.maybe(0.3):
            found["prorate"] = "false"
        if self.maybe(0.3):
            found["extend"] = "true"
        return found

    def factor(self, number: int) -> Row:
        factor: Row = {
            "factor": f"factor_{number}",
            "title": _title("Factor"),
            "applies_to": self.chance.choice(["pay", "credit"]),
        }
        if self.maybe(0.3):
            factor["rows"] = {"by": "margin", "bands": [{"from": "-10", "to": "30%"}, {"from": "30%"}]}
            factor["columns"] = {
                "by": "discount",
                "bands": [{"from": "-10", "to": "10%"}, {"from": "10%", "to": "60%"}],
            }
            factor["matrix"] = [[self.rate(), self.rate()], [self.rate(), self.rate()]]
            return factor
        by = self.chance.choice(["collection_days", "margin", "discount", "product_family", "customer_type", "channel"])
        factor["by"] = by
        if by in ("product_family", "customer_type", "channel"):
            names = {"product_family": FAMILIES, "customer_type": ("new", "existing"), "channel": CHANNELS}[by]
            factor["values"] = {name: self.rate() for name in names[: self.chance.randrange(1, len(names) + 1)]}
        elif by == "collection_days":
            bounds = [-500, *sorted(self.chance.sample(range(1, 120), 2))]
            factor["bands"] = [
                {"from": str(low), "to": str(high), "factor": self.rate()}
                for low, high in zip(bounds, [*bounds[1:], 400], strict=True)
            ]
        else:
            factor["bands"] = [
                {"from": "-10", "to": "20.5%", "factor": self.rate()},
                {"from": "20.5%", "factor": self.rate()},
            ]
        return factor

    def rate(self) -> str:
        return str(Decimal(self.chance.randrange(0, 200)) / 100)

    def limits(self, part: Row, form: str, index_measure: str, is_same: bool, method: str) -> None:
        has_threshold = self.maybe(0.3)
        if has_threshold:
            at = self.share(150) if form == "attainment" else str(self.bound(index_measure))
            pays = ["from_first", "above"] if is_same and method != "interpolated" else ["from_first"]
            part["threshold"] = {"at": at, "pays": self.chance.choice(pays)}
        if self.maybe(0.35):
            per = self.chance.choice(["period", "year", "deal"])
            is_deal = part["accumulate"] == "deal"
            if per == "deal" and (method == "interpolated" or (has_threshold and not is_deal)):
                per = "period"
            part["cap"] = {"amount": self.money(800), "per": per}
            can_carry = per == "year" or (per == "period" and not is_deal)
            part["cap"]["excess"] = self.chance.choice(["lose", "carry"]) if can_carry else "lose"

    def clawback(self, allow_original: bool = False) -> Row:
        terms: Row = {"method": "negative_credit"}
        if allow_original and self.maybe(0.4):
            terms["method"] = "original_rate"
        if self.maybe(0.4):
            terms |= {"schedule": "linear", "linear_months": self.chance.choice([6, 12])}
        if self.maybe(0.4):
            terms["window_months"] = self.chance.choice([1, 3, 12])
        if self.maybe(0.4):
            terms["unpaid_days"] = self.chance.choice([30, 60])
        return terms

    # -- quotas, SPIFFs, contests, cards -----------------------------------------------------------

    def quotas(self, components: list[Row]) -> list[Row]:
        """Quotas of the plan itself, of periods that fit into every window of the KPI; HR sets the others."""
        windows: dict[str, set[str]] = defaultdict(set)
        for part in components:
            if "quota_kpi" in part:
                windows[part["quota_kpi"]].add(part["accumulate"])
        found = []
        for kpi, used in sorted(windows.items()):
            if self.maybe(0.4):
                continue
            measure = kpi.rsplit("_", 1)[1]
            amount = self.bound(measure) * (4 if measure in ("amount", "margin") else 1)
            quota: Row = {"kpi": kpi, "amount": str(amount), "per": self.chance.choice(WINDOWS)}
            smallest = min(used, key=WINDOWS.index)
            fitting = list(WINDOWS[: WINDOWS.index(smallest) + 1])
            quota["periods"] = self.chance.choice(fitting)
            if quota["per"] == "year" and self.maybe():
                if quota["periods"] == "quarter":
                    quota["seasonality"] = ["10%", "20%", "30.5%", "39.5%"]
                elif quota["periods"] == "month":
                    quota["seasonality"] = ["5%", "10%"] * 4 + ["15%", "10%", "5%", "10%"]
            found.append(quota)
        return found

    def spiff(self, first: date = FIRST_DAY) -> Row:
        start = self.day(first, date(2026, 4, 1))
        pay = self.chance.choice([{"rate": self.share(5)}, {"per_deal": self.money(100)}, {"per_unit": self.money(20)}])
        spiff: Row = {
            "spiff": "push",
            "title": _title("Push"),
            "from": str(start),
            "to": str(start + timedelta(days=self.chance.randrange(20, 120))),
            "basis": self.chance.choice(BASES),
            "pay": pay,
        }
        if self.maybe(0.3):
            spiff["only"] = {"product_family": ["software"]}
        return spiff

    def contest(self, start: date, end: date | None) -> Row:
        first = start if end is not None else self.day(start, max(start, date(2026, 2, 1)))
        last = min(first + timedelta(days=self.chance.randrange(30, 150)), end or AS_OF)
        return {
            "contest": "race",
            "title": _title("Race"),
            "from": str(first),
            "to": str(last),
            "basis": self.chance.choice(BASES),
            "measure": self.chance.choice(["amount", "margin", "units", "count"]),
            "minimum": self.chance.choice(["0", "1", "500"]),
            "prizes": [{"rank": 1, "amount": self.money(900)}, {"rank": 2, "amount": self.money(300)}],
        }

    def card(self, number: int) -> Row:
        kpis: list[Row] = [
            {"kpi": "collected_amount", "weight": "0.5", "cap": "1.2"},
            {"kpi": "win_rate", "weight": "0.3", "cap": "1.5"},
            {"kpi": "won_deals", "weight": "0.2", "cap": "1.5"},
        ]
        self.kpis |= {"collected_amount", "win_rate", "won_deals"}
        if self.maybe(0.4):
            kpis[1] |= {"direction": "lower"}
        if self.maybe(0.4):
            kpis[2] |= {"direction": "range", "low": "1", "high": "3"}
        if self.maybe(0.4):
            kpis[0]["curve"] = [
                {"at": "50%", "score": "0.2"},
                {"at": "100%", "score": "1"},
                {"at": "150%", "score": "1.3"},
            ]
        if self.maybe(0.4):
            kpis[2] = {"kpi": "mbo:launch", "weight": "0.2", "cap": "1.5"}
            self.objectives.add("launch")
        card: Row = {
            "scorecard": f"card_{number}",
            "title": _title("Card"),
            "frequency": self.chance.choice(WINDOWS),
            "missing_data": self.chance.choice(["reweight", "zero", "hold"]),
            "bonus_base": self.money(2000),
            "kpis": kpis,
            "grades": [
                {"grade": "A", "from": "0.8", "coefficient": "1.5"},
                {"grade": "B", "from": "0.3", "coefficient": "0.75"},
                {"grade": "C", "from": "0", "coefficient": "0.1"},
            ],
        }
        if self.maybe(0.3):
            card |= {
                "grading": "forced",
                "group": self.chance.choice(["role", "region", "team"]),
                "distribution": [
                    {"grade": "A", "share": "20%"},
                    {"grade": "B", "share": "70%"},
                    {"grade": "C", "share": "10%"},
                ],
            }
        if self.maybe(0.3):
            card["employed_on_last_day"] = "true"
        return card

    def rewards(self, components: list[Row], cards: list[Row]) -> list[Row]:
        found: list[Row] = []
        if cards and self.maybe():
            when: Row = {"scorecard": "card_0", "grade": "B"}
            found.append(
                {
                    "reward": "holiday",
                    "title": _title("Holiday"),
                    "kind": "time_off",
                    "quantity": "2",
                    "unit": "day",
                    "when": when,
                }
            )
        measured = [part["component"] for part in components if "quota_kpi" in part and part["accumulate"] != "deal"]
        if measured and self.maybe():
            when = {"component": measured[0], "attainment_from": "80%"}
            found.append(
                {
                    "reward": "medal",
                    "title": _title("Medal"),
                    "kind": "recognition",
                    "quantity": "1",
                    "unit": "item",
                    "when": when,
                }
            )
        return found

    # -- the month ------------------------------------------------------------------------------

    def draw(self) -> Row:
        draw: Row = {
            "type": self.chance.choice(["guarantee", "non_recoverable", "recoverable", "recoverable"]),
            "amount": self.money(800),
        }
        if self.maybe():
            draw |= {"from_month": 0, "to_month": self.chance.randrange(2, 12)}
        if draw["type"] == "recoverable":
            draw |= {"minimum": self.money(300), "recovery_rate": self.share()}
            draw |= self.chance.choice([{"recovery_from": "2025-10"}, {"recovery_from_month": 4}, {}])
        return draw

    def penalty(self) -> Row:
        penalty: Row = {
            "penalty": "late",
            "title": _title("Late"),
            "kpi": self.chance.choice(["win_rate", "won_deals"]),
        }
        penalty |= self.chance.choice([{"below": "0.7"}, {"above": "0.9"}])
        penalty |= self.chance.choice([{"amount": self.money(200)}, {"rate": self.share()}])
        return penalty | {"limit": self.money(150)}

    def hold(self) -> Row:
        condition = self.chance.choice(
            [{"document_amount_above": self.money(20000)}, {"collected_share_below": "40%"}, {"discount_above": "15%"}]
        )
        return {"hold": "review", "title": _title("Review"), **condition}


# -- people and what happened to them --------------------------------------------------------------


def _people(company: Company, chance: random.Random, number: int, writer: _PlanWriter) -> list[Row]:
    """A plan's people: joiners, leavers, leave, managers, targets, ratings. One group is large enough to be ranked."""
    found = []
    size = 7 if number % 10 == 0 else PEOPLE_OF_A_PLAN
    for place in range(size):
        code = f"E{number:03d}{place}"
        hired = FIRST_DAY + timedelta(days=chance.randrange(-200, 350))
        left = hired + timedelta(days=chance.randrange(120, 500)) if chance.random() < 0.2 else None
        person: Row = {
            "employee_id": code,
            "full_name": f"Person {code}",
            "role": writer.role,
            "region": chance.choice(REGIONS),
            "hire_date": hired,
            "crm_user_id": f"u{code}",
            "member_username": f"m{code}",
            "base_salary_amount": Decimal(chance.randrange(200000, 900000)) / 100,
            "salary_currency_code": "CNY",
        }
        if left is not None:
            person["leave_date"] = left
        if chance.random() < 0.7:
            person["confirmation_date"] = hired + timedelta(days=chance.randrange(0, 200))
        company.rows[("hr", "employees")].append(person)
        line: Row = {"employee_id": code, "team": chance.choice(["Blue", "Red"]), "valid_from": hired}
        if place:
            line["manager_id"] = f"E{number:03d}{place - 1}"
        company.rows[("hr", "reporting_lines")].append(line)
        if chance.random() < 0.3:
            away = FIRST_DAY + timedelta(days=chance.randrange(500))
            days = chance.choice([4, 12, 25, 50])
            company.rows[("hr", "leave")].append(
                {"employee_id": code, "leave_type": "sick", "leave_from": away,
                 "leave_to": away + timedelta(days=days - 1), "leave_status": "approved"}
            )  # fmt: skip
        _targets(company, chance, code, writer)
        found.append(person)
    return found


def _targets(company: Company, chance: random.Random, employee_id: str, writer: _PlanWriter) -> None:
    if chance.random() < 0.25:
        return
    for kpi in sorted(writer.kpis):
        measure = kpi.rsplit("_", 1)[1]
        for month in range(18):
            if chance.random() < 0.6:
                value = {"units": "4.5", "count": "0.8", "rate": "0.6", "deals": "2"}.get(measure)
                target: Row = {
                    "employee_id": employee_id,
                    "kpi_code": kpi,
                    "period": f"{2025 + month // 12}-{month % 12 + 1:02d}",
                    "target_value": value or str(chance.randrange(500, 9000)),
                    "currency_code": writer.currency if measure in ("amount", "margin") else None,
                }
                company.rows[("hr", "targets")].append(target)
    for objective in sorted(writer.objectives):
        periods = [f"{year}-Q{quarter}" for year in (2025, 2026) for quarter in range(1, 5)]
        for period in [*periods, "2025", "2026-03", "2026-05"]:
            if chance.random() < 0.8:
                company.rows[("hr", "ratings")].append(
                    {"employee_id": employee_id, "period": period, "objective_code": objective,
                     "rating": str(Decimal(chance.randrange(0, 150)) / 100)}
                )  # fmt: skip


def _history(company: Company, chance: random.Random, owner: Row, people: list[Row]) -> None:
    for number in range(DOCUMENTS_OF_A_PERSON):
        _document(company, chance, f"{owner['employee_id']}-{number}", owner, people)


def _amount(chance: random.Random, most: int, currency: str) -> str:
    return str(Decimal(chance.randrange(1, most * 100)) / (1 if currency == "JPY" else 100))


def _document(
    company: Company, chance: random.Random, number: str, owner: Row, people: list[Row], is_contract: bool = False
) -> None:
    """A deal or contract with what an attribute can be, its invoices, and receipts, refunds, notes and write-offs of
    those. A contract has lines.
    """
    currency = chance.choice(["CNY"] * 4 + ["USD", "JPY"])
    closed = FIRST_DAY + timedelta(days=chance.randrange((AS_OF - FIRST_DAY).days))
    amount = Decimal(_amount(chance, 20000, currency))
    customer = f"A{chance.randrange(40)}"
    deal: Row = {
        "deal_id": f"D{number}",
        "deal_name": f"Deal {number}",
        "stage": "Closed Won" if chance.random() < 0.85 else "Closed Lost",
        "owner_id": owner["crm_user_id"],
        "amount": str(amount),
        "currency_code": currency,
        "closing_date": closed,
        "account_id": customer,
        "account_name": f"Customer {customer}",
        "modified_at": datetime(2026, 6, 30, 1),
    }
    whole = Decimal(1) if currency == "JPY" else Decimal("0.01")
    optional: Row = {
        "product_name": f"Product {chance.randrange(4)}",
        "channel": chance.choice(CHANNELS),
        "cost_amount": (amount * chance.randrange(20, 110) / 100).quantize(whole),
        "list_amount": (amount * chance.randrange(100, 150) / 100).quantize(whole),
        "quantity": Decimal(chance.randrange(1, 2000)) / 100,
    }
    deal |= {name: value for name, value in optional.items() if chance.random() < 0.9}
    if chance.random() < 0.1:
        deal["cancelled_date"] = min(closed + timedelta(days=chance.randrange(90)), AS_OF)
    if chance.random() < 0.25:
        share = Decimal(chance.randrange(1, 10000)) / 100
        rest = (100 if chance.random() < 0.9 else 90) - share
        other = chance.choice(people)["full_name"] if chance.random() < 0.9 else "Nobody Known"
        deal |= {"split_owner_1": owner["full_name"], "split_percent_1": str(share)}
        deal |= {"split_owner_2": other, "split_percent_2": str(max(rest, Decimal(0)))}
    if chance.random() < 0.4:
        deal |= {"overlay_owner_1": owner["full_name"], "overlay_percent_1": str(chance.randrange(1, 101))}
    if chance.random() < 0.2:
        deal |= {"overlay_owner_2": chance.choice(people)["full_name"], "overlay_percent_2": "33.33"}
    document_no = f"K{number}" if is_contract else f"D{number}"
    if is_contract:
        company.rows[("jiandaoyun_crm", "contracts")].append(_as_contract(deal, document_no, owner))
        _contract_lines(company, chance, document_no, amount, currency)
    else:
        company.rows[("zoho_crm", "deals")].append(deal)
    if not any(row["account_id"] == customer for row in company.rows[("zoho_crm", "accounts")]):
        company.rows[("zoho_crm", "accounts")].append(
            {"account_id": customer, "account_name": f"Customer {customer}", "industry": chance.choice(SEGMENTS),
             "region": chance.choice(REGIONS), "modified_at": datetime(2026, 6, 30, 1)}
        )  # fmt: skip
    if chance.random() < 0.05:
        company.rows[("hr", "exceptions")].append(
            {"exception_no": f"X{document_no}", "employee_id": owner["employee_id"], "exception_type": "release",
             "period": "2026-06", "document_id": document_no, "reason": "reviewed", "approved_by": "Boss",
             "approved_date": AS_OF}
        )  # fmt: skip
    for part in range(chance.randrange(1, 3)):
        invoice_no = f"I{document_no if is_contract else number}-{part}"
        _invoice(company, chance, document_no, invoice_no, closed, currency)


def _as_contract(deal: Row, contract_no: str, owner: Row) -> Row:
    """The same document as a contract: signed by a member, approved when it is won."""
    renamed = {
        "deal_name": "contract_name",
        "closing_date": "signed_date",
        "account_id": "customer_no",
        "account_name": "customer_name",
    }
    contract = {renamed.get(name, name): value for name, value in deal.items()}
    is_won = contract.pop("stage") == "Closed Won"
    del contract["deal_id"], contract["owner_id"]
    return contract | {
        "contract_no": contract_no,
        "owner_username": owner["member_username"],
        "flow_status": "approved" if is_won else "refused",
    }


def _contract_lines(company: Company, chance: random.Random, contract_no: str, amount: Decimal, currency: str) -> None:
    """Lines of several families, some a gift, a discount, or without amount; they rarely add up to the whole."""
    for _ in range(chance.choice([0, 1, 2, 2, 2, 3, 4])):
        line: Row = {"contract_no": contract_no, "product_name": f"Product {chance.randrange(4)}"}
        worth = Decimal(_amount(chance, max(2, int(amount) // 2), currency))
        kind = chance.random()
        if kind < 0.86:
            line["amount"] = str(worth)
        elif kind < 0.92:
            line["amount"] = "0"
        elif kind < 0.97:
            line["amount"] = str(-worth)
        if chance.random() < 0.8:
            line["quantity"] = Decimal(chance.randrange(1, 2000)) / 100
        if chance.random() < 0.2:
            line |= {"product_name": "Special", "product_no": f"SKU-{chance.randrange(1, 3)}"}
        company.rows[("jiandaoyun_crm", "contract_lines")].append(line)


def _invoice_lines(company: Company, chance: random.Random, invoice_no: str, currency: str) -> None:
    """What an invoice says it is for: by name or number, and now and then in words that no catalogue knows."""
    for _ in range(chance.choice([1, 2, 3])):
        line: Row = {"invoice_no": invoice_no, "amount": _amount(chance, 3000, currency)}
        kind = chance.random()
        if kind < 0.6:
            line["item_name"] = f"product {chance.randrange(3)} "
        elif kind < 0.9:
            line["item_code"] = f"SKU-{chance.randrange(1, 3)}"
        else:
            line["item_name"] = "Fee"
        if chance.random() < 0.6:
            line["quantity"] = Decimal(chance.randrange(1, 500)) / 100
        company.rows[("finance", "invoice_lines")].append(line)


def _invoice(
    company: Company, chance: random.Random, document_no: str, invoice_no: str, closed: date, currency: str
) -> None:
    billed = min(closed + timedelta(days=chance.randrange(60)), AS_OF)
    invoice: Row = {
        "invoice_no": invoice_no,
        "invoice_status": "issued",
        "document_no": document_no,
        "currency_code": currency,
        "invoice_date": billed,
        "amount": _amount(chance, 9000, currency),
    }
    if chance.random() < 0.7:
        invoice["due_date"] = billed + timedelta(days=30)
    if chance.random() < 0.5:
        invoice["settlement_date"] = billed + timedelta(days=chance.randrange(20))
    company.rows[("finance", "invoices")].append(invoice)
    itemised = random.Random(f"{invoice_no}|{invoice['amount']}")
    if itemised.random() < 0.35:
        _invoice_lines(company, itemised, invoice_no, currency)
    named = {"invoice_no": invoice_no, "currency_code": currency}
    for place in range(chance.randrange(3)):
        came = min(billed + timedelta(days=chance.randrange(150)), AS_OF)
        receipt = {**named, "receipt_no": f"R{invoice_no}-{place}", "receipt_date": came, "receipt_type": "receipt"}
        company.rows[("finance", "receipts")].append({**receipt, "amount": _amount(chance, 9000, currency)})
        if chance.random() < 0.2:
            back = min(came + timedelta(days=chance.randrange(120)), AS_OF)
            refund = {**receipt, "receipt_no": f"F{invoice_no}-{place}", "receipt_type": "refund", "receipt_date": back}
            company.rows[("finance", "receipts")].append({**refund, "amount": "-" + _amount(chance, 6000, currency)})
    later = min(billed + timedelta(days=chance.randrange(80)), AS_OF)
    if chance.random() < 0.08:
        note = {**named, "credit_note_no": f"C{invoice_no}", "credit_note_date": later}
        company.rows[("finance", "credit_notes")].append({**note, "amount": _amount(chance, 3000, currency)})
    if chance.random() < 0.05:
        loss = {**named, "write_off_no": f"W{invoice_no}", "write_off_date": later}
        company.rows[("finance", "write_offs")].append({**loss, "amount": _amount(chance, 3000, currency)})


def _rates(company: Company, chance: random.Random) -> None:
    """Rates against the yuan every five days; for a month nobody quoted any."""
    for offset in range(0, 545, 5):
        if 300 <= offset <= 335:
            continue
        for source, unit, middle in (("USD", 1, 7.1), ("JPY", 100, 4.8)):
            company.rows[("finance", "fx_rates")].append(
                {"rate_date": FIRST_DAY + timedelta(days=offset), "from_currency": source, "to_currency": "CNY",
                 "unit": str(unit), "rate": f"{middle + chance.random() / 10:.6f}", "rate_type": "middle"}
            )  # fmt: skip
