"""The KPIs of the sample company over its whole history, computed a second time from the raw exports with pandas.

Nothing of the SQL, the staging or the register is used: files are read as a spreadsheet shows them, people and
customers are matched by the few ways that the sample's exports allow. Dates are ISO texts, money is `Decimal`.
"""

from __future__ import annotations

import bisect
import itertools
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date, timedelta
from decimal import ROUND_HALF_UP, Decimal
from fractions import Fraction
from pathlib import Path
from typing import Any

import duckdb
import pandas as pd
import pytest

from attain import demo
from attain.demo.manifest import DemoReport
from attain.ingest import deliveries
from attain.settings import Settings
from attain.transform import candidate, dbt
from tests.demo.conftest import read_sheet

END = "2026-10-31"
HOUSE = "HOUSE"
ONE = Decimal(1)
LINE = ["kpi_code", "employee_id", "day", "currency_code", "numerator", "denominator"]

# What happened on a day; a longer period is the sum of its days.
OF_EVENTS = {
    *("won_deals", "win_rate", "new_customers", "orders", "average_order_amount", "sales_cycle_days"),
    "discount_ratio",
    *("leads_created", "lead_conversion", "lead_win_rate", "calls", "visits", "follow_ups"),
    *("csat", "csat_responses", "nps", "nps_responses"),
}
OVERDUE = ("overdue_amount", "overdue_1_30_amount", "overdue_31_60_amount", "overdue_61_90_amount")


def dec(text: str) -> Decimal:
    return Decimal(text.replace(",", "") or "0")


def dec_or_none(text: str) -> Decimal | None:
    return dec(text) if text else None


def plain(record_id: str) -> str:
    return record_id.removeprefix("zcrm_")


def days_between(first: str, last: str) -> int:
    return (date.fromisoformat(last) - date.fromisoformat(first)).days


@dataclass
class Deal:
    """A deal or contract: its shares by person, its customer as a key that both systems have in common."""

    number: str
    kind: str
    outcome: str
    day: str
    created: str
    amount: Decimal
    currency: str
    customer: str
    shares: dict[str, Decimal]
    owner: str
    list_amount: Decimal | None
    cost: Decimal | None
    product: str


@dataclass
class Company:
    """The raw exports, later deliveries over earlier ones, and who and what is meant in them."""

    inbox: Path
    report: DemoReport
    frames: dict[str, pd.DataFrame] = field(default_factory=dict)

    def table(self, feed: str) -> pd.DataFrame:
        """The readable records of a feed: one row a key, the last delivery's."""
        if feed not in self.frames:
            key = ["单据编号", "发票号码"] if feed == "finance/receipts" else None
            parts = []
            ranks = {"更正": 2, "补录": 1}
            files = [f for f in self.report.files if f"{f.source}/{f.feed}" == feed and not f.duplicate_of]
            files.sort(key=lambda f: (max((rank for word, rank in ranks.items() if word in f.path), default=0), f.path))
            for file in files:
                sheet = read_sheet(self.inbox / file.path)
                dirty = {row.row_number for row in file.dirty}
                rows = [
                    row
                    for number, row in enumerate(sheet.rows, start=sheet.first_row)
                    if number not in dirty and row[0] != "合计"
                ]
                parts.append(pd.DataFrame(rows, columns=sheet.header, dtype=str))
            whole = pd.concat(parts).fillna("")
            self.frames[feed] = whole.drop_duplicates(key or [whole.columns[0]], keep="last")
        return self.frames[feed]

    def rows(self, feed: str) -> list[dict[str, str]]:
        return self.table(feed).to_dict("records")  # type: ignore[return-value]


def prepare(company: Company) -> tuple[dict[str, str], dict[str, str], dict[str, str], dict[str, str]]:
    """Who is meant: by Zoho's user id, by a reference in Zoho, by a reference in 简道云; and the customers' keys."""
    people = company.rows("hr/employees")
    by_email = {person["邮箱"].lower(): person["工号"] for person in people}
    users: dict[str, str] = {}
    zoho: dict[str, str] = {}
    for user in company.rows("zoho_crm/users"):
        own = [person["工号"] for person in people if person["CRM账号"] == plain(user["Record Id"])]
        employee = own[0] if own else by_email[user["Email"].lower()]
        users[plain(user["Record Id"])] = employee
        zoho |= dict.fromkeys((user["Full Name"], user["Email"].lower(), user["Record Id"]), employee)
    jdy: dict[str, str] = {}
    for member in company.rows("jiandaoyun_crm/members"):
        employee = by_email[member["邮箱"]]
        jdy |= dict.fromkeys((member["姓名"], member["邮箱"], member["成员编号"]), employee)
    customers = {
        plain(account["Record Id"]): account["Tax ID"] or account["Account Name"]
        for account in company.rows("zoho_crm/accounts")
    }
    customers |= {
        customer["客户编号"]: customer["统一社会信用代码"] or customer["客户名称"]
        for customer in company.rows("jiandaoyun_crm/customers")
    }
    return users, zoho, jdy, customers


def shares_of(owner: str, pairs: list[tuple[str, str]], references: dict[str, str]) -> dict[str, Decimal]:
    named = [(reference, dec(percent)) for reference, percent in pairs if reference]
    if not named:
        return {owner: ONE}
    if sum(percent for _, percent in named) != 100:
        return {HOUSE: ONE}
    shares: dict[str, Decimal] = defaultdict(Decimal)
    for reference, percent in named:
        shares[references.get(reference, references.get(reference.lower(), HOUSE))] += percent / 100
    return dict(shares)


def documents(company: Company) -> list[Deal]:
    users, zoho, jdy, customers = prepare(company)
    made = []
    for row in company.rows("zoho_crm/deals"):
        owner = users[plain(row["Deal Owner.id"] or row["Deal Owner Id"])]
        account = plain(row["Account Name.id"] or row["Account Id"])
        outcome = {"Closed Won": "won", "Closed Lost": "lost"}.get(row["Stage"], "open")
        pairs = [(row[f"Split Owner {place}"], row[f"Split % {place}"]) for place in (1, 2, 3)]
        made.append(
            Deal(
                plain(row["Record Id"]),
                "deal",
                outcome,
                row["Closing Date"],
                row["Created Time"][:10],
                dec(row["Amount"]),
                row["Currency"],
                customers.get(account, ""),
                shares_of(owner, pairs, zoho),
                owner,
                dec_or_none(row["List Amount"]),
                dec_or_none(row["Cost Amount"]),
                row["Product Name"],
            )
        )
    for row in company.rows("jiandaoyun_crm/contracts"):
        owner = jdy.get(row["签约人"], HOUSE)
        outcome = {"流转完成": "won", "流转中": "open"}.get(row["流程状态"], "void")
        pairs = [(row[f"业绩归属人{place}"], row[f"业绩比例{place}"]) for place in (1, 2, 3)]
        made.append(
            Deal(
                row["合同编号"],
                "contract",
                outcome,
                row["签订日期"][:10],
                "",
                dec(row["合同金额"]),
                row["币种"],
                customers.get(row["客户编号"], ""),
                shares_of(owner, pairs, jdy),
                owner,
                dec_or_none(row["折前金额"]),
                dec_or_none(row["成本金额"]),
                row["产品名称"],
            )
        )
    return made


def sales_lines(made: list[Deal]) -> Iterable[tuple[Any, ...]]:
    first: dict[str, tuple[str, str, str]] = {}
    for deal in made:
        if deal.outcome == "won" and deal.day <= END and deal.customer:
            system = "zoho_crm" if deal.kind == "deal" else "jiandaoyun_crm"
            first[deal.customer] = min(first.get(deal.customer, ("9",) * 3), (deal.day, system, deal.number))
    firsts = {number for *_, number in first.values()}
    for deal in made:
        if deal.outcome not in ("won", "lost") or deal.day > END:
            continue
        for person, share in deal.shares.items():
            if deal.kind == "deal":
                yield "win_rate", person, deal.day, "", share if deal.outcome == "won" else 0, share
            if deal.outcome == "lost":
                continue
            yield "won_deals", person, deal.day, "", share, None
            if deal.list_amount:
                discount = deal.list_amount - deal.amount
                yield "discount_ratio", person, deal.day, deal.currency, discount * share, deal.list_amount * share
            if deal.number in firsts:
                yield "new_customers", person, deal.day, "", share, None
            if deal.kind == "deal":
                if deal.created <= deal.day:
                    cycle = days_between(deal.created, deal.day)
                    yield "sales_cycle_days", person, deal.day, "", cycle * share, share
            else:
                yield "orders", person, deal.day, "", share, None
                yield "average_order_amount", person, deal.day, deal.currency, deal.amount * share, share


def order_lines(company: Company, made: list[Deal]) -> Iterable[tuple[Any, ...]]:
    """Orders of Zoho: whose their deal is, else their owner's; a contract is its own order (`sales_lines`)."""
    users = prepare(company)[0]
    shares = {deal.number: deal.shares for deal in made}
    for order in company.rows("zoho_crm/sales_orders"):
        if order["Status"] == "Cancelled":
            continue
        owner, day = users[plain(order["Sales Order Owner.id"])], order["Created Time"][:10]
        for person, share in shares.get(plain(order["Deal Name.id"]), {owner: ONE}).items():
            yield "orders", person, day, "", share, None
            yield "average_order_amount", person, day, order["Currency"], dec(order["Grand Total"]) * share, share


def lead_lines(company: Company, made: list[Deal]) -> Iterable[tuple[Any, ...]]:
    users = prepare(company)[0]
    outcomes = {deal.number: deal.outcome if deal.day <= END else "open" for deal in made}
    for lead in company.rows("zoho_crm/leads"):
        person, day = users[plain(lead["Lead Owner.id"])], lead["Created Time"][:10]
        became = plain(lead["Converted Deal.id"])
        yield "leads_created", person, day, "", 1, None
        yield "lead_conversion", person, day, "", int(bool(became)), 1
        if not became or became in outcomes:
            yield "lead_win_rate", person, day, "", int(outcomes.get(became) == "won"), 1


def activity_lines(company: Company) -> Iterable[tuple[Any, ...]]:
    users, _, jdy, _ = prepare(company)
    for call in company.rows("zoho_crm/calls"):
        if call["Call Type"] != "Missed":
            yield "calls", users[plain(call["Call Owner.id"])], call["Call Start Time"][:10], "", 1, None
    for meeting in company.rows("zoho_crm/events"):
        yield "visits", users[plain(meeting["Host.id"])], meeting["From"][:10], "", 1, None
    for task in company.rows("zoho_crm/tasks"):
        if task["Closed Time"]:
            yield "follow_ups", users[plain(task["Task Owner.id"])], task["Closed Time"][:10], "", 1, None
    for follow_up in company.rows("jiandaoyun_crm/follow_ups"):
        person, day = jdy[follow_up["跟进人"]], follow_up["跟进时间"][:10]
        yield "follow_ups", person, day, "", 1, None
        kind = {"电话": "calls", "拜访": "visits"}.get(follow_up["跟进方式"])
        if kind:
            yield kind, person, day, "", 1, None


def owners_of_customers(company: Company) -> dict[str, str]:
    users, _, jdy, customers = prepare(company)
    owners: dict[str, str] = {}
    for account in company.rows("zoho_crm/accounts"):
        owners[customers[plain(account["Record Id"])]] = users[plain(account["Account Owner.id"])]
    for customer in company.rows("jiandaoyun_crm/customers"):
        owners[customers[customer["客户编号"]]] = jdy[customer["负责人"]]  # of two records this one gives the id
    return owners


def answer_lines(company: Company) -> Iterable[tuple[Any, ...]]:
    customers, owners = prepare(company)[3], owners_of_customers(company)
    for answer in company.rows("hr/surveys"):
        person = answer["工号"] or owners[customers[answer["客户编号"]]]
        score, day = float(answer["评分"]), answer["答卷日期"][:10]
        kind = "nps" if answer["调查类型"] == "NPS" else "csat"
        point = int(score >= 4) if kind == "csat" else int(score >= 9) - int(score <= 6)
        yield f"{kind}_responses", person, day, "", 1, None
        yield kind, person, day, "", point, 1


def overdue_lines(company: Company, made: list[Deal], days: list[str]) -> Iterable[tuple[Any, ...]]:
    """What is open of invoices past their due day on each of the days."""
    shares = {deal.number: deal.shares for deal in made}
    paid: dict[tuple[str, str], list[tuple[str, Decimal]]] = defaultdict(list)
    for row in company.rows("finance/receipts"):
        paid[row["发票号码"], row["币别"]].append((row["业务日期"][:10], dec(row["收款金额"])))
    for row in company.rows("finance/credit_notes"):
        key = row["Applied Invoice Number"], row["Currency Code"]
        paid[key].append((row["Credit Note Date"][:10], dec(row["Total"])))
    for row in company.rows("finance/write_offs"):
        paid[row["发票号码"], row["币别"]].append((row["核销日期"][:10], dec(row["核销金额"])))
    known = {row["单据编号"] for row in company.rows("finance/receipts")}
    pools: dict[tuple[str, str], list[tuple[str, Decimal]]] = defaultdict(list)
    for row in company.rows("jiandaoyun_crm/collections"):
        if row["流程状态"] == "流转完成" and row["财务收款单号"] not in known:
            pools[row["关联合同"], row["币种"]].append((row["回款日期"][:10], dec(row["回款金额"])))
    by_document: dict[tuple[str, str], list[dict[str, str]]] = defaultdict(list)
    for row in company.rows("finance/invoices"):
        if row["发票状态"] != "作废":
            by_document[row["来源单号"], row["币别"]].append(row)
    for (number, currency), invoices in by_document.items():
        invoices.sort(key=lambda row: (row["到期日"], row["开票日期"], row["发票号码"]))
        for day in days:
            pool = max(Decimal(0), sum((m for d, m in pools[number, currency] if d <= day), Decimal(0)))
            for row in invoices:
                if row["开票日期"][:10] > day:
                    continue
                settled = sum((m for d, m in paid[row["发票号码"], currency] if d <= day), Decimal(0))
                left = max(Decimal(0), dec(row["价税合计"]) - settled)
                taken = min(left, pool)
                pool, left = pool - taken, left - taken
                late = days_between(row["到期日"][:10], day)
                if left == 0 or late <= 0:
                    continue
                bucket = OVERDUE[1 + (late > 30) + (late > 60)] if late <= 90 else "overdue_over_90_amount"
                for person, share in shares.get(number, {HOUSE: ONE}).items():
                    for kpi in ("overdue_amount", bucket):
                        yield kpi, person, day, currency, left * share, None


@dataclass(frozen=True, order=True)
class Movement:
    """Money of a document: signed, with the days since its invoice where it names one."""

    day: str
    is_reversal: bool
    number: str
    kind: str
    amount: Decimal
    days: int | None = None


TAKEN_BACK_BY = {
    "booked": ("won", {"refund", "credit_note", "write_off"}),
    "invoiced": ("invoice", {"refund", "credit_note", "write_off"}),
    "collected": ("receipt", {"refund"}),
}


def movements(company: Company) -> dict[str, list[Movement]]:
    """What finance, and collections that finance does not have, say of each document."""
    happened: dict[str, list[Movement]] = defaultdict(list)
    invoices = {row["发票号码"]: (row["来源单号"], row["开票日期"][:10]) for row in company.rows("finance/invoices")}
    for row in company.rows("finance/invoices"):
        if row["发票状态"] != "作废":
            amount, day = dec(row["价税合计"]), row["开票日期"][:10]
            happened[row["来源单号"]].append(Movement(day, False, row["发票号码"], "invoice", amount))
    known = set()
    for row in company.rows("finance/receipts"):
        known.add(row["单据编号"])
        if row["发票号码"] in invoices:
            document, invoiced = invoices[row["发票号码"]]
            amount, day = dec(row["收款金额"]), row["业务日期"][:10]
            kind = "refund" if amount < 0 else "receipt"
            days = days_between(invoiced, day)
            happened[document].append(Movement(day, amount < 0, row["单据编号"], kind, amount, days))
    for row in company.rows("jiandaoyun_crm/collections"):
        if row["流程状态"] == "流转完成" and row["财务收款单号"] not in known:
            amount, day = dec(row["回款金额"]), row["回款日期"][:10]
            kind = "refund" if amount < 0 else "receipt"
            happened[row["关联合同"]].append(Movement(day, amount < 0, row["回款编号"], kind, amount))
    for row in company.rows("finance/credit_notes"):
        document, _ = invoices[row["Applied Invoice Number"]]
        day, number = row["Credit Note Date"][:10], row["Credit Note Number"]
        happened[document].append(Movement(day, True, number, "credit_note", -dec(row["Total"])))
    for row in company.rows("finance/write_offs"):
        document, _ = invoices[row["发票号码"]]
        day, number = row["核销日期"][:10], row["核销单号"]
        happened[document].append(Movement(day, True, number, "write_off", -dec(row["核销金额"])))
    return happened


def counted(deal: Deal, happened: list[Movement], basis: str) -> Iterable[tuple[str, Decimal, int | None]]:
    """What each event up to END counts for on a basis: a reversal takes no more than is left (rule D3)."""
    credit, reversals = TAKEN_BACK_BY[basis]
    events = [event for event in happened if event.kind == credit or event.kind in reversals]
    if basis == "booked" and deal.outcome == "won":
        events.append(Movement(deal.day, False, deal.number, "won", deal.amount))
    left = Decimal(0)
    for event in sorted(events):
        if event.day <= END:
            amount = max(event.amount, -left)
            left += amount
            yield event.day, amount, event.days if event.kind == "receipt" else None


def in_cents(amount: Decimal, shares: dict[str, Decimal]) -> dict[str, Decimal]:
    """An amount by share: the cents left over go to the largest remainders, the first named first (rule M3)."""
    cents = {person: divmod(abs(amount) * 100 * share, 1) for person, share in shares.items()}
    over = int(abs(amount) * 100 - sum(whole for whole, _ in cents.values()))
    first = sorted(cents, key=lambda person: -cents[person][1])[:over]
    sign = -1 if amount < 0 else 1
    return {person: sign * (whole + (person in first)) / 100 for person, (whole, _) in cents.items()}


@dataclass
class History:
    """The built sample company, and the lines that pandas has of it."""

    settings: Settings
    company: Company
    deals: list[Deal]
    lines: pd.DataFrame

    def published(self, query: str) -> pd.DataFrame:
        with duckdb.connect(str(self.settings.warehouse_file), read_only=True) as connection:
            found = connection.execute(query)
            return pd.DataFrame(found.fetchall(), columns=[column[0] for column in found.description])


@pytest.fixture(scope="module")
def history(tmp_path_factory: pytest.TempPathFactory) -> History:
    settings = Settings.from_environment({"ATTAIN_HOME": str(tmp_path_factory.mktemp("history") / "home")})
    demo.generate(settings)
    for source in deliveries.source_systems(settings):
        deliveries.ingest_source(settings, source)
    prepared = candidate.prepare(settings)
    for layer in dbt.SELECTIONS:
        dbt.build_layer(settings, layer, prepared.run_id)
    raw = settings.home.parent / "raw"  # the same bytes again: ingest has put its own copy away
    return recomputed(settings, Company(raw, demo.generate(settings, target=raw)))


def recomputed(settings: Settings, company: Company) -> History:
    made = documents(company)
    lines = itertools.chain(
        sales_lines(made),
        order_lines(company, made),
        lead_lines(company, made),
        activity_lines(company),
        answer_lines(company),
    )
    frame = pd.DataFrame(list(lines), columns=LINE)
    frame["numerator"] = [Decimal(value) for value in frame["numerator"]]
    frame["denominator"] = [Decimal(0) if value is None else Decimal(value) for value in frame["denominator"]]
    return History(settings, company, made, frame[frame["day"] <= END])


def periods_of(day: str) -> list[tuple[str, str]]:
    """Every period that a day lies in; a year to date has all months from the day's on."""
    year, month = day[:4], int(day[5:7])
    last = 10 if year == END[:4] else 12
    return [
        ("month", day[:7]),
        ("quarter", f"{year}-Q{(month + 2) // 3}"),
        ("year", year),
        *(("ytd", f"{year}-{later:02d}-YTD") for later in range(month, last + 1)),
    ]


def summed(lines: pd.DataFrame, subject: str) -> dict[tuple[str, ...], tuple[Decimal, Decimal]]:
    """Numerators and denominators of the lines by subject, KPI, period and currency."""
    spread = lines.assign(period=[periods_of(day) for day in lines["day"]]).explode("period")
    keys = [subject, "kpi_code", "period", "currency_code"]
    totals = spread.groupby(keys)[["numerator", "denominator"]].sum()
    return {
        (who, kpi, *period, currency): (row.numerator, row.denominator)
        for (who, kpi, period, currency), row in zip(totals.index, totals.itertuples(), strict=True)
    }


def told(frame: pd.DataFrame, subject: str) -> dict[tuple[str, ...], tuple[Decimal, Decimal]]:
    return {
        (row[subject], row["kpi_code"], row["period_type"], row["period"], row["currency_code"]): (
            row["numerator"],
            row["denominator"] or Decimal(0),
        )
        for row in frame.to_dict("records")
        if row["numerator"] or row["denominator"]
    }


def same(
    found: dict[tuple[str, ...], tuple[Decimal, Decimal]], wanted: dict[tuple[str, ...], tuple[Decimal, Decimal]]
) -> None:
    """Both ways; figures at scale 6, what is nothing left out."""
    six = Decimal("0.000001")
    rounded = {
        key: tuple(value.quantize(six, ROUND_HALF_UP) for value in values)
        for key, values in wanted.items()
        if any(values)
    }
    kept = {key: tuple(value.quantize(six) for value in values) for key, values in found.items()}
    differing = {
        key: (kept.get(key), rounded.get(key)) for key in {*kept, *rounded} if kept.get(key) != rounded.get(key)
    }
    assert len(rounded) > 0
    assert dict(itertools.islice(sorted(differing.items()), 10)) == {}


@pytest.mark.parametrize("kpi", sorted(OF_EVENTS))
def test_what_people_did_on_each_day_adds_up_to_the_published_figure(history: History, kpi: str) -> None:
    facts = history.published(f"select * from kpi.fct_kpi_employee_period where kpi_code = '{kpi}'")
    own = history.lines[history.lines["kpi_code"] == kpi]
    same(told(facts, "employee_id"), summed(own, "employee_id"))


def team_of(lines: dict[str, list[tuple[str, str, str]]], person: str, day: str) -> str:
    if person == HOUSE:
        return HOUSE
    return next((team for first, last, team in lines[person] if first <= day <= last), "NO TEAM")


def test_teams_are_those_of_the_day(history: History) -> None:
    lines: dict[str, list[tuple[str, str, str]]] = defaultdict(list)
    # Several lines of one person follow each other, so the file is read whole, not by its first column.
    for file in history.company.report.files:
        if file.feed == "reporting_lines":
            for row in read_sheet(history.company.inbox / file.path).records():
                last = row["失效日期"][:10] or "9999-12-31"
                lines[row["工号"]].append((row["生效日期"][:10], last, row["团队"]))
    moved = [person for person, spans in lines.items() if len({team for *_, team in spans}) > 1]
    assert moved, "somebody moved"
    own = history.lines[history.lines["kpi_code"].isin(OF_EVENTS)]
    teams = [team_of(lines, person, day) for person, day in zip(own["employee_id"], own["day"], strict=True)]
    codes = ", ".join(f"'{code}'" for code in sorted(OF_EVENTS))
    facts = history.published(f"select * from kpi.fct_kpi_team_period where kpi_code in ({codes})")
    same(told(facts, "team"), summed(own.assign(team=teams), "team"))


def test_products_are_those_of_the_documents(history: History) -> None:
    """Deals won and their discounts by the product's name, as the document spells it."""
    lines: list[tuple[Any, ...]] = []
    for deal in history.deals:
        if deal.outcome == "won" and deal.day <= END:
            lines.append(("won_deals", deal.product, deal.day, "", ONE, Decimal(0)))
            if deal.list_amount:
                discount = deal.list_amount - deal.amount
                lines.append(("discount_ratio", deal.product, deal.day, deal.currency, discount, deal.list_amount))
    frame = pd.DataFrame(lines, columns=LINE)
    assert frame["employee_id"].nunique() > 14, "the catalogue's, and slips of the pen"
    facts = history.published(
        "select * from kpi.fct_kpi_segment_period where dimension_type = 'product'"
        " and kpi_code in ('won_deals', 'discount_ratio')"
    )
    same(told(facts, "dimension_value"), summed(frame, "employee_id"))


def month_ends() -> list[str]:
    firsts = [date(2024 + place // 12, place % 12 + 1, 1) for place in range(11, 35)]
    return [(first - timedelta(days=1)).isoformat() for first in firsts]


def test_overdue_is_what_finance_has_open(history: History) -> None:
    lines = pd.DataFrame(list(overdue_lines(history.company, history.deals, month_ends())), columns=LINE)
    lines["numerator"] = [value.quantize(Decimal("0.000001"), ROUND_HALF_UP) for value in lines["numerator"]]
    totals = lines.groupby(["employee_id", "kpi_code", "day", "currency_code"])["numerator"].sum()
    wanted = {
        (who, kpi, "month", day[:7], currency): (value, Decimal(0))
        for (who, kpi, day, currency), value in totals.items()
    }
    facts = history.published(
        "select * from kpi.fct_kpi_employee_period where kpi_code like 'overdue%' and period_type = 'month'"
    )
    same(told(facts, "employee_id"), wanted)
    # A longer period is the state of its last day, not a sum.
    longer = history.published(
        "select * from kpi.fct_kpi_employee_period where kpi_code like 'overdue%' and period_type <> 'month'"
    )
    last = {"quarter": lambda p: f"{p[:4]}-{int(p[-1]) * 3:02d}", "year": lambda p: f"{p}-12", "ytd": lambda p: p[:7]}
    for key, values in told(longer, "employee_id").items():
        month = min(last[key[2]](key[3]), END[:7])
        assert values[0] == wanted[key[0], key[1], "month", month, key[4]][0], key


class Rates:
    """Yuan for one unit by day, as the bank publishes it."""

    def __init__(self, company: Company) -> None:
        self.days: dict[str, list[str]] = defaultdict(list)
        self.yuan: dict[tuple[str, str], Fraction] = {}
        for file in company.report.files:
            if file.feed != "fx_rates":
                continue
            sheet = read_sheet(company.inbox / file.path)
            dirty = {row.row_number for row in file.dirty}
            for number, row in enumerate(sheet.rows, start=sheet.first_row):
                record = dict(zip(sheet.header, row, strict=True))
                if number not in dirty:
                    code, day = record["From Currency"], record["Date"][:10]
                    self.days[code].append(day)
                    self.yuan[code, day] = Fraction(record["Rate"]) / int(record["Unit"])
        for days in self.days.values():
            days.sort()

    def rate(self, source: str, target: str, day: str) -> Fraction:
        """What one unit of `source` was worth in `target` on the day."""
        codes = [code for code in (source, target) if code != "CNY"]
        published = min(self.days[code][bisect.bisect_right(self.days[code], day) - 1] for code in codes)
        worth = [Fraction(1) if code == "CNY" else self.yuan[code, published] for code in (source, target)]
        return worth[0] / worth[1]


def currency_of(company: Company, person: str) -> str:
    """Who sells abroad has a plan in dollars, everybody else in yuan."""
    roles = {row["工号"]: row["岗位"] for row in company.rows("hr/employees")}
    return "USD" if roles.get(person) == "Sales Agent" else "CNY"


def pipeline(history: History, days: Iterable[str]) -> dict[tuple[str, str, str], Fraction]:
    """What is open on each of the days, by person, day and the person's currency."""
    company, rates = history.company, Rates(history.company)
    people = {person for deal in history.deals for person in deal.shares} - {HOUSE}
    currencies = {person: currency_of(company, person) for person in people}
    lasting = [
        (deal.created, deal.day if deal.outcome in ("won", "lost") else "9999", deal.amount, deal.currency, deal.shares)
        for deal in history.deals
        if deal.kind == "deal"
    ]
    jdy = prepare(company)[2]
    for row in company.rows("jiandaoyun_crm/opportunities"):
        if row["商机阶段"] not in ("赢单", "输单"):
            shares = {jdy[row["负责人"]]: ONE}
            lasting.append((row["提交时间"][:10], "9999", dec(row["预计成交金额"]), row["币种"], shares))
    found: dict[tuple[str, str, str], Fraction] = defaultdict(Fraction)
    for day in days:
        for created, closed, amount, currency, shares in lasting:
            if not created <= day < closed:
                continue
            for person, share in shares.items():
                if person == HOUSE:
                    continue
                worth = Fraction(amount) * Fraction(share)
                if currency != currencies[person]:
                    worth *= rates.rate(currency, currencies[person], day)
                found[person, day, currencies[person]] += worth
    return found


def test_the_pipeline_is_what_had_been_created_and_not_closed(history: History) -> None:
    wanted = {
        (person, day[:7], currency): worth for (person, day, currency), worth in pipeline(history, month_ends()).items()
    }
    facts = history.published(
        "select employee_id, period, currency_code, numerator from kpi.fct_kpi_employee_period"
        " where kpi_code = 'pipeline_amount' and period_type = 'month' and numerator <> 0 and employee_id <> 'HOUSE'"
    )
    found = {(row.employee_id, row.period, row.currency_code): row.numerator for row in facts.itertuples()}
    assert set(found) == set(wanted)
    assert len(found) > 450
    # Each product is converted by itself, so the last decimals differ.
    assert {key: value for key, value in found.items() if abs(Fraction(value) - wanted[key]) > Fraction(1, 1000)} == {}


def spans() -> list[tuple[str, str, str, str]]:
    """Every period of the history: its type, code, first day and last month."""
    months = [day[:7] for day in month_ends()]
    found = [("month", month, f"{month}-01", month) for month in months]
    found += [("ytd", f"{month}-YTD", f"{month[:4]}-01-01", month) for month in months]
    for year in sorted({month[:4] for month in months}):
        found.append(("year", year, f"{year}-01-01", f"{year}-12"))
    for year, quarter in sorted({(month[:4], (int(month[5:]) + 2) // 3) for month in months}):
        first = f"{year}-{quarter * 3 - 2:02d}-01"
        found.append(("quarter", f"{year}-Q{quarter}", first, f"{year}-{quarter * 3:02d}"))
    return found


def target_rows(company: Company) -> Iterable[dict[str, str]]:
    """The readable targets, a later file's after an earlier one's: the key is person, KPI and month."""
    for file in sorted(
        (file for file in company.report.files if file.feed == "targets"), key=lambda file: file.path[-13:]
    ):
        sheet = read_sheet(company.inbox / file.path)
        dirty = {row.row_number for row in file.dirty}
        for number, row in enumerate(sheet.rows, start=sheet.first_row):
            if number not in dirty:
                yield dict(zip(sheet.header, row, strict=True))


def day_before(day: str) -> str:
    return (date.fromisoformat(day) - timedelta(days=1)).isoformat()


def test_the_pipeline_covers_the_booked_targets_of_a_period(history: History) -> None:
    """What was open when the period began ÷ the booked targets of its months, for all kinds of periods."""
    opened = pipeline(history, sorted({day_before(first) for _, _, first, _ in spans()}))
    targets: dict[tuple[str, str, str], Decimal] = {}
    for row in target_rows(history.company):
        if row["指标"] == "签约额":
            targets[row["工号"], row["币种"], row["月份"]] = dec(row["目标值"])
    wanted: dict[tuple[str, ...], tuple[Fraction, Fraction]] = {}
    for kind, period, first, last in spans():
        asked: dict[tuple[str, str], Decimal] = defaultdict(Decimal)
        for (person, currency, month), value in targets.items():
            if first[:7] <= month <= last:
                asked[person, currency] += value
        for (person, currency), value in asked.items():
            key = (person, kind, period, currency)
            wanted[key] = (opened.get((person, day_before(first), currency), Fraction(0)), Fraction(value))
    facts = history.published(
        "select * from kpi.fct_kpi_employee_period where kpi_code = 'pipeline_coverage' and denominator > 0"
    )
    found = {
        (row.employee_id, row.period_type, row.period, row.currency_code): (row.numerator, row.denominator)
        for row in facts.itertuples()
    }
    assert set(found) == set(wanted)
    assert len(found) > 400
    assert {key: (found[key], wanted[key]) for key in found if not near(found[key], wanted[key])} == {}


def near(found: tuple[Decimal, ...], wanted: tuple[Fraction, ...]) -> bool:
    """Whether figures that were converted in parts are the same to a tenth of a cent."""
    return all(abs(Fraction(one) - other) <= Fraction(1, 1000) for one, other in zip(found, wanted, strict=True))


def test_retention_compares_the_same_customers_a_year_apart(history: History) -> None:
    """By count, for the company, by month: what reversals took is no booking, and nobody has to buy in one currency."""
    happened = movements(history.company)
    rates = Rates(history.company)
    booked: dict[tuple[str, str], Fraction] = defaultdict(Fraction)
    for deal in history.deals:
        if deal.outcome != "won" or deal.day > END or not deal.customer:
            continue
        yuan = Fraction(1) if deal.currency == "CNY" else rates.rate(deal.currency, "CNY", deal.day)
        for day, amount, _ in counted(deal, happened[deal.number], "booked"):
            booked[deal.customer, day[:7]] += Fraction(amount) * yuan
    frame = pd.Series(booked).unstack(fill_value=Fraction(0))
    wanted = {}
    for month in frame.columns:
        before = f"{int(month[:4]) - 1}{month[4:]}"
        if before < "2024-11" or before not in frame.columns:
            continue
        base = frame[frame[before] > 0]
        wanted[month] = (int((base[month] > 0).sum()), len(base))
    facts = history.published(
        "select period, cast(sum(numerator) as integer) as kept, cast(sum(denominator) as integer) as there"
        " from kpi.fct_kpi_employee_period where kpi_code = 'customer_retention' and period_type = 'month'"
        " group by period having sum(denominator) > 0"
    )
    assert len(wanted) == 12
    assert {row.period: (row.kept, row.there) for row in facts.itertuples()} == wanted


def bookings(history: History) -> dict[tuple[str, str], list[tuple[str, Fraction]]]:
    """What each customer booked on which day, reversals taken off, in the currency of those who sold it."""
    happened, rates = movements(history.company), Rates(history.company)
    found: dict[tuple[str, str], list[tuple[str, Fraction]]] = defaultdict(list)
    for deal in history.deals:
        if deal.outcome != "won" or deal.day > END or not deal.customer:
            continue
        # Who shares a deal is of one team, so of one currency; what nobody has stays in the deal's.
        (person, *_) = deal.shares
        currency = deal.currency if person == HOUSE else currency_of(history.company, person)
        worth = Fraction(1) if deal.currency == currency else rates.rate(deal.currency, currency, deal.day)
        for day, amount, _ in counted(deal, happened[deal.number], "booked"):
            found[deal.customer, currency].append((day, Fraction(amount) * worth))
    return found


def test_retained_revenue_compares_the_same_money_a_year_apart(history: History) -> None:
    """Net and gross, by the customers' owner, for all kinds of periods; one that runs beside the same days of 2025."""
    owners = owners_of_customers(history.company)
    booked = bookings(history)
    wanted: dict[tuple[str, ...], tuple[Fraction, Fraction]] = defaultdict(lambda: (Fraction(0), Fraction(0)))
    for kind, period, first, last in spans():
        base_first = f"{int(first[:4]) - 1}{first[4:]}"
        if base_first < "2024-11-01":
            continue
        # Days are compared as texts: no month has a day after the 31st.
        until = min(f"{last}-31", END)
        base_until = f"{int(until[:4]) - 1}{until[4:]}"
        for (customer, currency), amounts in booked.items():
            before = sum((money for day, money in amounts if base_first <= day <= base_until), Fraction(0))
            now = sum((money for day, money in amounts if first <= day <= until), Fraction(0))
            if before <= 0:
                continue
            for kpi, kept in (
                ("net_revenue_retention", now),
                ("gross_revenue_retention", min(max(now, Fraction(0)), before)),
            ):
                key = (owners[customer], kpi, kind, period, currency)
                wanted[key] = (wanted[key][0] + kept, wanted[key][1] + before)
    facts = history.published(
        "select * from kpi.fct_kpi_employee_period where kpi_code like '%revenue_retention' and denominator > 0"
    )
    found = {
        (row.employee_id, row.kpi_code, row.period_type, row.period, row.currency_code): (
            row.numerator,
            row.denominator,
        )
        for row in facts.itertuples()
    }
    assert {key[2] for key in wanted} == {"month", "quarter", "year", "ytd"}
    assert set(found) == set(wanted)
    assert len(found) > 500
    assert {key: (found[key], wanted[key]) for key in found if not near(found[key], wanted[key])} == {}


def half_up(amount: Fraction) -> Decimal:
    """An amount at scale 6, halves away from 0."""
    whole, rest = divmod(abs(amount) * 10**6, 1)
    sign = -1 if amount < 0 else 1
    return Decimal(sign * (int(whole) + (rest >= Fraction(1, 2)))).scaleb(-6)


def test_money_of_people_who_only_sold_in_yuan(history: History) -> None:
    """Booked, an average deal, invoiced, collected, its margin and the days to collect, to the cent.

    Exchange rates and the way in which a shared document is taken back are the reference engine's business: people are
    looked at who had no foreign document, and none with others that was taken back.
    """
    happened = movements(history.company)
    others = {HOUSE}
    lines: list[tuple[Any, ...]] = []
    for deal in history.deals:
        taken_back = any(event.is_reversal for event in happened[deal.number])
        if deal.currency != "CNY" or (taken_back and len(deal.shares) > 1):
            others |= set(deal.shares)
            continue
        for basis in TAKEN_BACK_BY:
            for day, amount, days in counted(deal, happened[deal.number], basis):
                for person, part in in_cents(amount, deal.shares).items():
                    lines.append((f"{basis}_amount", person, day, "CNY", part, Decimal(0)))
                    if basis == "booked" and deal.cost is not None:
                        margin = half_up(Fraction(part) * Fraction(deal.amount - deal.cost) / Fraction(deal.amount))
                        lines.append(("gross_margin_amount", person, day, "CNY", margin, Decimal(0)))
                        lines.append(("gross_margin_ratio", person, day, "CNY", margin, part))
                    if basis == "booked" and amount > 0:
                        lines.append(("average_deal_amount", person, day, "CNY", part, deal.shares[person]))
                    if basis == "invoiced":
                        lines.append(("collection_ratio", person, day, "CNY", Decimal(0), part))
                    if basis == "collected":
                        lines.append(("collection_ratio", person, day, "CNY", part, Decimal(0)))
                        if days is not None:
                            lines.append(("days_to_collect", person, day, "CNY", part * days, part))
    frame = pd.DataFrame(lines, columns=LINE)
    frame = frame[~frame["employee_id"].isin(others)]
    assert frame["employee_id"].nunique() >= 10
    codes = ", ".join(f"'{code}'" for code in frame["kpi_code"].unique())
    facts = history.published(f"select * from kpi.fct_kpi_employee_period where kpi_code in ({codes})")
    same(told(facts[~facts["employee_id"].isin(others)], "employee_id"), summed(frame, "employee_id"))


def test_the_funnel_is_what_the_history_of_stages_tells(history: History) -> None:
    entries: dict[str, list[tuple[str, str]]] = defaultdict(list)
    for row in history.company.rows("zoho_crm/stage_history"):
        entries[plain(row["Deal Name.id"])].append((row["Modified Time"], row["Stage"]))
    lines: list[tuple[Any, ...]] = []
    ends = {"won": "Closed Won", "lost": "Closed Lost"}
    for deal in history.deals:
        if deal.kind != "deal":
            continue
        steps = [(at[:10], stage) for at, stage in sorted(entries[deal.number])]
        if deal.outcome in ends and (not steps or steps[-1][1] != ends[deal.outcome]):
            steps.append((deal.day, ends[deal.outcome]))
        for place, (day, stage) in enumerate(steps):
            then, to = steps[place + 1] if place + 1 < len(steps) else ("", "")
            how = {"": "", "Closed Won": "won", "Closed Lost": "lost"}.get(to, "moved_on")
            for person, share in deal.shares.items():
                lines.append((f"{stage}|entered", person, day, "", share, Decimal(0)))
                if then:
                    lines.append((f"{stage}|{how}", person, then, "", share, Decimal(0)))
                    lines.append((f"{stage}|days", person, then, "", days_between(day, then) * share, share))
    wanted = summed(pd.DataFrame(lines, columns=LINE), "employee_id")
    facts = history.published(
        "select employee_id, stage, period_type, period, sum(entered_count) as entered, sum(won_count) as won,"
        " sum(lost_count) as lost, sum(moved_on_count) as moved_on, sum(stage_days_numerator) as days,"
        " sum(stage_days_denominator) as went, sum(moved_back_count) as moved_back"
        " from kpi.fct_funnel_period group by all"
    )
    assert facts["moved_back"].sum() == 0
    found = {}
    for row in facts.itertuples():
        for kind in ("entered", "won", "lost", "moved_on", "days"):
            went = row.went if kind == "days" else Decimal(0)
            if getattr(row, kind) or went:
                key = (row.employee_id, f"{row.stage}|{kind}", row.period_type, row.period, "")
                found[key] = (getattr(row, kind), went)
    same(found, wanted)


def test_forecasts_are_the_last_entries_before_the_month(history: History) -> None:
    deals = {deal.number: deal for deal in history.deals if deal.kind == "deal"}
    entries = history.company.table("zoho_crm/stage_history")
    wanted: dict[tuple[str, ...], tuple[Decimal, Decimal]] = defaultdict(lambda: (Decimal(0), Decimal(0)))
    for month in sorted({day[:7] for day in month_ends()}):
        before = entries[entries["Modified Time"] < f"{month}-01"].sort_values("Modified Time")
        for row in before.drop_duplicates("Deal Name.id", keep="last").to_dict("records"):
            if row["Closing Date"][:7] != month or row["Stage"].startswith("Closed"):
                continue
            deal = deals[plain(row["Deal Name.id"])]
            won = deal.amount if deal.outcome == "won" and deal.day[:7] == month else Decimal(0)
            for person, share in deal.shares.items():
                key = (person, "forecast_accuracy", "month", month, deal.currency)
                numerator, denominator = wanted[key]
                forecast = dec(row["Amount"]) * dec(row["Probability (%)"]) / 100
                wanted[key] = (numerator + won * share, denominator + forecast * share)
    facts = history.published(
        "select * from kpi.fct_kpi_employee_period where kpi_code = 'forecast_accuracy' and period_type = 'month'"
    )
    same(told(facts, "employee_id"), wanted)


def test_key_customers_are_covered_by_what_was_done_with_them(history: History) -> None:
    company = history.company
    customers = prepare(company)[3]
    made = {deal.number: deal.customer for deal in history.deals}
    key_from: dict[str, str] = {}
    for row in company.rows("zoho_crm/accounts"):
        if row["Account Type"] == "Key Account":
            key = customers[plain(row["Record Id"])]
            key_from[key] = min(key_from.get(key, "9"), row["Created Time"][:10])
    for row in company.rows("jiandaoyun_crm/customers"):
        if row["客户级别"] == "A":
            key = customers[row["客户编号"]]
            key_from[key] = min(key_from.get(key, "9"), row["提交时间"][:10])
    reached = {
        (made[plain(row["Related To.id"])], row["Call Start Time"][:7])
        for row in company.rows("zoho_crm/calls")
        if row["Call Type"] != "Missed"
    }
    reached |= {(made[plain(row["Related To.id"])], row["From"][:7]) for row in company.rows("zoho_crm/events")}
    reached |= {
        (made[plain(row["Related To.id"])], row["Closed Time"][:7])
        for row in company.rows("zoho_crm/tasks")
        if row["Closed Time"]
    }
    reached |= {(customers[row["客户编号"]], row["跟进时间"][:7]) for row in company.rows("jiandaoyun_crm/follow_ups")}
    wanted = {}
    for day in month_ends():
        there = {key for key, first in key_from.items() if first <= day}
        wanted[day[:7]] = (sum((key, day[:7]) in reached for key in there), len(there))
    facts = history.published(
        "select period, cast(sum(numerator) as integer) as covered, cast(sum(denominator) as integer) as there"
        " from kpi.fct_kpi_employee_period where kpi_code = 'key_customer_coverage' and period_type = 'month'"
        " group by period"
    )
    assert {row.period: (row.covered, row.there) for row in facts.itertuples()} == wanted
