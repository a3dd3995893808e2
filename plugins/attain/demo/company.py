"""The sample company itself: 恒泰智能装备, maker of industrial software and equipment, over two years.

What is simulated is what happened: who worked when, what was sold, invoiced and paid, and what was aimed at.
How that looks in the exports of four systems is the business of `attain.demo.exports`.

The company is made of branches of about sixty people, one for each unit of scale. A branch is a pure function of
the seed and its number, fits in memory by itself and knows nothing of the others, which is why a company of any size
can be written branch by branch. Days are whole numbers counted from `START`, money is in hundredths: both are cheap
and exact. The seed is the only source of chance; the machine's clock is never read.
"""

from __future__ import annotations

import functools
import math
import random
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import ClassVar

from attain.demo import names

START = date(2024, 11, 1)
END = date(2026, 10, 31)
LAST_DAY = (END - START).days
DEFAULT_SEED = 20241101

CUSTOMER_NUMBERS_PER_BRANCH = 2_000
ACCOUNT_NUMBERS_PER_BRANCH = 400
PERSON_NUMBERS_PER_BRANCH = 100
MAX_SCALE = min(
    names.PERSON_NAMES // PERSON_NUMBERS_PER_BRANCH,
    names.CHINESE_COMPANIES // CUSTOMER_NUMBERS_PER_BRANCH,
    names.FOREIGN_COMPANIES // ACCOUNT_NUMBERS_PER_BRANCH,
)

ACCOUNT_MANAGERS = (3, 4, 6)
"""Places in the team of key accounts whose people keep customers (客户经理); the others win them."""

CHANNEL_MANAGERS = (1, 2)
"""Places among a branch's last three people who look after partners (渠道经理)."""

NAMESAKES = (8, 34)
"""Places of the two people of the head office who share a name: one in 华东直销, one in 大客户部."""

_PAD = 4_500  # days before START that may be asked for: people were hired up to twelve years earlier
_DAYS = [START + timedelta(days=offset) for offset in range(-_PAD, 1_500)]
_ISO = [day.isoformat() for day in _DAYS]
_MONTHS = [(day.year - START.year) * 12 + day.month - START.month for day in _DAYS]
_WEEKDAYS = [day.weekday() for day in _DAYS]
_OFFICE_HOURS = [
    f"{hour:02d}:{minute:02d}:{second:02d}"
    for hour in (8, 9, 10, 11, 13, 14, 15, 16, 17)
    for minute, second in ((3, 12), (11, 47), (18, 5), (26, 38), (34, 51), (41, 9), (49, 33), (57, 20))
]

# Months of the year: the calendar year's end is the peak, Spring Festival the dip. Abroad there is no dip.
SEASON_CHINA = (0.80, 0.45, 1.10, 0.90, 0.95, 1.25, 0.85, 0.85, 1.10, 0.95, 1.15, 1.65)
SEASON_ABROAD = (0.85, 0.90, 1.10, 0.95, 0.95, 1.15, 0.80, 0.75, 1.10, 1.00, 1.10, 1.35)


def day_number(day: date) -> int:
    """Days from START to `day`."""
    return (day - START).days


def as_date(day: int) -> date:
    return _DAYS[day + _PAD]


def iso(day: int) -> str:
    return _ISO[day + _PAD]


def month_number(day: int) -> int:
    """Months from START's month to the month of `day`."""
    return _MONTHS[day + _PAD]


def month_text(month: int) -> str:
    year, index = divmod(START.year * 12 + START.month - 1 + month, 12)
    return f"{year}-{index + 1:02d}"


def clock(number: int) -> str:
    """An office hour, as text."""
    return _OFFICE_HOURS[number % len(_OFFICE_HOURS)]


@dataclass(frozen=True, slots=True)
class Product:
    name: str
    code: str
    family: str
    price: int
    typo: str


PRODUCTS = (
    Product("Atlas MES Standard", "ATL-MES-S", "Atlas 软件", 12_800_000, "Atlas MES Standrad"),
    Product("Atlas MES Pro", "ATL-MES-P", "Atlas 软件", 32_800_000, "AtlasMES Pro"),
    Product("Atlas SCADA", "ATL-SCA", "Atlas 软件", 9_600_000, "Atlas SCDA"),
    Product("Atlas Energy", "ATL-ENE", "Atlas 软件", 6_800_000, "AtlasEnergy"),
    Product("Orion Vision Inspector", "ORI-VIS", "Orion 视觉", 18_600_000, "Orion Vision Inspecter"),
    Product("Orion Edge Gateway", "ORI-EDG", "Orion 视觉", 1_980_000, "Orion EdgeGateway"),
    Product("Orion Smart Camera", "ORI-CAM", "Orion 视觉", 2_650_000, "Orion Smart Camara"),
    Product("Helio Servo HS-200", "HEL-200", "Helio 运控", 1_280_000, "Helio Servo HS200"),
    Product("Helio Servo HS-400", "HEL-400", "Helio 运控", 2_480_000, "Helio Servo HS400"),
    Product("Helio Motion Controller", "HEL-CTL", "Helio 运控", 3_650_000, "Helio Motion Contoller"),
    Product("Vega Collaborative Robot", "VEG-COB", "Vega 机器人", 14_800_000, "Vega Colaborative Robot"),
    Product("Vega Palletizer", "VEG-PAL", "Vega 机器人", 26_500_000, "Vega Paletizer"),
    Product("Annual Maintenance", "SRV-MNT", "服务", 1_500_000, "Anual Maintenance"),
    Product("Implementation Service", "SRV-IMP", "服务", 4_000_000, "Implementation Services"),
)
MAINTENANCE = PRODUCTS[12]


@dataclass(frozen=True, slots=True)
class Team:
    code: str
    title: str
    role: str
    region: str
    department: str
    system: str
    currency: str
    sellers: int


EAST = Team("east", "华东直销", "Account Executive", "华东", "直销事业部", "jiandaoyun", "CNY", 10)
SOUTH = Team("south", "华南直销", "Account Executive", "华南", "直销事业部", "jiandaoyun", "CNY", 8)
NORTH = Team("north", "华北直销", "Account Executive", "华北", "直销事业部", "jiandaoyun", "CNY", 8)
KEY = Team("key", "大客户部", "Account Executive", "全国", "大客户事业部", "zoho", "CNY", 10)
ABROAD = Team("abroad", "海外部", "Sales Agent", "海外", "海外事业部", "zoho", "USD", 9)
TEAMS = (EAST, SOUTH, NORTH, KEY, ABROAD)


@dataclass(slots=True)
class Person:
    """One employee. `system` is where they enter their deals; '' for people who sell nothing."""

    employee_id: str
    full_name: str
    email: str
    role: str
    department: str
    region: str
    team: Team | None
    team_title: str
    system: str
    hired: int
    confirmed: int
    left: int | None
    user_id: str
    username: str
    known_to_hr: bool
    skill: float = 1.0
    manager: Person | None = None

    @property
    def currency(self) -> str:
        return self.team.currency if self.team else "CNY"

    def works_on(self, day: int) -> bool:
        return self.hired <= day and (self.left is None or day <= self.left)


@dataclass(frozen=True, slots=True)
class ReportingLine:
    person: Person
    manager: Person | None
    team: str
    valid_from: int
    valid_to: int | None


@dataclass(slots=True)
class Customer:
    number: str
    name: str
    owner: Person
    industry: str
    region: str
    country: str
    level: str
    tax_id: str
    currency: str
    created: int
    edited: int
    slowness: float


@dataclass(frozen=True, slots=True)
class Split:
    """A share of a document, in hundredths of a percent, for whoever `reference` means."""

    reference: str
    share: int
    person: Person


@dataclass(slots=True)
class Document:
    """A deal in Zoho or a contract in 简道云. `steps` are its (day, stage or flow state), oldest first.

    `early_amount` is what was expected at first; `edited` is the day of a later touch that changed no money.
    """

    number: str
    system: str
    name: str
    owner: Person
    owner_reference: str
    customer: Customer | None
    product: str
    amount: int
    early_amount: int
    currency: str
    kind: str
    lead_source: str
    created: int
    expected: int
    steps: list[tuple[int, str]]
    won: int | None
    splits: list[Split]
    note: str
    edited: int | None = None
    channel_manager: Person | None = None

    @property
    def channel(self) -> str:
        """The way it was sold."""
        return {"代理商": "代理", "Partner": "partner"}.get(self.lead_source, "direct")

    @property
    def cost(self) -> int:
        """What it costs to deliver, in whole units of its currency: 55 to 87 % of its value, by its number."""
        return self.amount * (55 + int(self.number[-4:]) % 9 * 4) // 10_000 * 100

    @property
    def list_amount(self) -> int | None:
        """Its value before the discount, 0 to 22 % by its number, in whole units; None where nobody wrote it down."""
        key = int(self.number[-4:])
        percent = (0, 0, 3, 5, 5, 8, 10, 12, 15, 22)[key // 9 % 10]
        if key % 13 == 0:
            return None
        return -(-self.amount // (100 - percent)) * 100 if percent else self.amount

    def modified(self, cut: int) -> int:
        """The last day up to `cut` on which something of it changed."""
        last = self.created
        for day, _ in self.steps:
            if day <= cut:
                last = max(last, day)
        if self.edited is not None and self.edited <= cut:
            last = max(last, self.edited)
        return last


@dataclass(slots=True)
class Invoice:
    document: Document
    day: int
    due: int
    amount: int
    status: str = "issued"
    number: str = ""


@dataclass(slots=True)
class Receipt:
    """Money that came (or, below zero, went back). `in_finance` is false for money only 简道云 has registered.

    `shown_amount` is what the first export says where finance mistyped it and sent a correction later.
    `joined` names another receipt of the same bank transfer: both carry one number.
    """

    invoice: Invoice
    day: int
    amount: int
    is_refund: bool = False
    in_finance: bool = True
    mirrored: bool = False
    is_late: bool = False
    shown_amount: int | None = None
    joined: Receipt | None = None
    number: str = ""


@dataclass(slots=True)
class CreditNote:
    invoice: Invoice
    day: int
    amount: int
    reason: str
    number: str = ""


@dataclass(slots=True)
class WriteOff:
    invoice: Invoice
    day: int
    amount: int
    number: str = ""


@dataclass(slots=True)
class Collection:
    """What a seller entered in 简道云 about money that came; `receipt_number` when finance has it too."""

    document: Document
    day: int
    amount: int
    is_refund: bool
    receipt_number: str
    is_running: bool
    number: str = ""


@dataclass(slots=True)
class Lead:
    number: str
    owner: Person
    company: str
    source: str
    created: int
    settled: int | None
    status: str
    deal: Document | None


@dataclass(slots=True)
class Target:
    person: Person
    kpi: str
    month: int
    value: str
    currency: str
    revised_value: str | None = None


@dataclass(slots=True)
class Branch:
    """All that happened in one branch. What lies after END is what is going to happen: it is not exported."""

    number: int
    people: list[Person] = field(default_factory=list)
    reporting: list[ReportingLine] = field(default_factory=list)
    customers: list[Customer] = field(default_factory=list)
    accounts: list[Customer] = field(default_factory=list)
    contracts: list[Document] = field(default_factory=list)
    deals: list[Document] = field(default_factory=list)
    leads: list[Lead] = field(default_factory=list)
    invoices: list[Invoice] = field(default_factory=list)
    receipts: list[Receipt] = field(default_factory=list)
    credit_notes: list[CreditNote] = field(default_factory=list)
    write_offs: list[WriteOff] = field(default_factory=list)
    collections: list[Collection] = field(default_factory=list)
    targets: list[Target] = field(default_factory=list)
    channel_managers: list[Person] = field(default_factory=list)

    @property
    def sellers(self) -> list[Person]:
        return [person for person in self.people if person.team is not None]


class Rates:
    """Daily middle rates: yuan for `UNITS[currency]` units, on the days banks publish them."""

    UNITS: ClassVar[dict[str, int]] = {"USD": 1, "EUR": 1, "HKD": 1, "JPY": 100}
    _STARTING: ClassVar[dict[str, float]] = {"USD": 7.1320, "EUR": 7.7540, "HKD": 0.9168, "JPY": 4.6870}
    _DAILY_MOVE: ClassVar[dict[str, float]] = {"USD": 0.0011, "EUR": 0.0036, "HKD": 0.0011, "JPY": 0.0048}
    _FIRST_DAY = -140

    def __init__(self, seed: int) -> None:
        chance = random.Random(f"attain:{seed}:rates")
        self.days = [day for day in range(self._FIRST_DAY, LAST_DAY + 1) if not _is_bank_holiday(day)]
        self._texts: dict[str, list[str]] = {}
        self._known: dict[str, list[float]] = {}
        for currency, starting in self._STARTING.items():
            level = starting
            texts, known = [], []
            published = set(self.days)
            for day in range(self._FIRST_DAY, LAST_DAY + 1):
                if day in published:
                    # A pull back to where it started keeps two years of random steps plausible.
                    level *= math.exp(
                        chance.gauss(0.0, self._DAILY_MOVE[currency]) + 0.004 * math.log(starting / level)
                    )
                    texts.append(f"{level:.4f}")
                known.append(float(texts[-1]) / self.UNITS[currency] if texts else level / self.UNITS[currency])
            self._texts[currency], self._known[currency] = texts, known

    def published(self, currency: str) -> Iterator[tuple[int, str]]:
        """The days and rates of one currency, oldest first."""
        return zip(self.days, self._texts[currency], strict=True)

    def yuan(self, currency: str, day: int) -> float:
        """Yuan for one unit, on or before `day` (after END: the last one). For targets only, hence a float."""
        if currency == "CNY":
            return 1.0
        return self._known[currency][min(day, LAST_DAY) - self._FIRST_DAY]


def _is_bank_holiday(day: int) -> bool:
    """Weekends and the fixed holidays; no gap is longer than a week, so that a rate is always fresh enough."""
    that = as_date(day)
    fixed = {(1, 1), (5, 1), (10, 1), (10, 2), (10, 3)}
    spring_festival = {date(2025, 1, 28), date(2025, 1, 29), date(2025, 1, 30), date(2026, 2, 16), date(2026, 2, 17)}
    return that.weekday() >= 5 or (that.month, that.day) in fixed or that in spring_festival


@functools.cache
def rates(seed: int) -> Rates:
    """The company's exchange rates; every branch shares them."""
    return Rates(seed)


def zoho_id(module: int, branch: int, number: int) -> str:
    """An 18-digit record id. It never ends in 000, which is how a number damaged by a spreadsheet looks."""
    serial = branch * 100_000 + number
    return f"584672{module}{serial:08d}{(number * 37) % 999 + 1:03d}"


_USERS, _ACCOUNTS, _LEADS, _DEALS = 1, 2, 3, 4
PRODUCT_MODULE = 5

_SOURCES = ("官网", "展会", "转介绍", "电话营销", "公众号", "代理商")
_SOURCES_ABROAD = ("Web Site", "Trade Show", "Employee Referral", "Cold Call", "Partner", "Advertisement")
_NOTES = (
    '客户要求"先试用后付款",已发样机,\n下周回访',
    "Budget approved, waiting for legal review",
    'Asked for 5% discount, "final" offer sent\nsecond call on Friday',
    "技术协议已确认,商务条款待定",
    "Competitor: Siemens, Rockwell",
    "付款方式: 3-6-1",
)
_STAGES = ("Qualification", "Needs Analysis", "Value Proposition", "Proposal/Price Quote", "Negotiation/Review")
_STAGE_SHARES = (0.0, 0.15, 0.35, 0.55, 0.80)
STAGE_PROBABILITIES = {
    "Qualification": 10,
    "Needs Analysis": 20,
    "Value Proposition": 40,
    "Proposal/Price Quote": 75,
    "Negotiation/Review": 90,
    "Closed Won": 100,
    "Closed Lost": 0,
}
APPROVED, RUNNING, REFUSED = "流转完成", "流转中", "已否决"

_TWO_WAY = ((6_000, 4_000), (7_000, 3_000), (5_000, 5_000), (8_000, 2_000))
_THREE_WAY = (3_333, 3_333, 3_334)
_BROKEN = ((6_000, 3_000), (5_000, 6_000))


def branch(seed: int, number: int) -> Branch:
    """Simulate branch `number` (0 is the head office). The same arguments always give the same branch."""
    return _Simulation(seed, number).run()


class _Simulation:
    def __init__(self, seed: int, number: int) -> None:
        self.chance = random.Random(f"attain:{seed}:branch:{number}")
        self.rates = rates(seed)
        self.number = number
        self.made = Branch(number)
        self.split_count = 0
        self.wrong_split_count = 0
        self.foreign_accounts = 0
        self.chinese_companies = 0

    def run(self) -> Branch:
        self._hire()
        self._sell_contracts()
        self._sell_deals()
        self._find_leads()
        self._number_cash()
        self._enter_collections()
        self._set_targets()
        return self.made

    # people

    def _hire(self) -> None:
        chance, made = self.chance, self.made
        suffix = "" if self.number == 0 else f"{self.number + 1}部"
        emails: dict[str, int] = {}

        def add(
            index: int, role: str, department: str, region: str, team: Team | None, title: str, system: str
        ) -> Person:
            full_name, pinyin = names.person(self.number * PERSON_NUMBERS_PER_BRANCH + index)
            # Two people of one name, in two systems: only number, e-mail and user id tell them apart.
            if self.number == 0 and index == NAMESAKES[1]:
                full_name, pinyin = names.person(NAMESAKES[0])
            emails[pinyin] = emails.get(pinyin, 0) + 1
            local = (
                pinyin
                + (str(emails[pinyin]) if emails[pinyin] > 1 else "")
                + (f".{self.number}" if self.number else "")
            )
            hired = -chance.randrange(120, 3_600)
            person = Person(
                employee_id=f"HT{self.number * PERSON_NUMBERS_PER_BRANCH + index + 1:05d}",
                full_name=full_name,
                email=f"{local}@{names.EMAIL_DOMAIN}",
                role=role,
                department=department,
                region=region,
                team=team if role in ("Account Executive", "Sales Agent") else None,
                team_title=title,
                system=system,
                hired=hired,
                confirmed=hired + 90,
                left=None,
                user_id=zoho_id(_USERS, self.number, index + 1) if system == "zoho" else "",
                username=f"{pinyin.replace('.', '_')}_{self.number * PERSON_NUMBERS_PER_BRANCH + index + 1}"
                if system == "jiandaoyun"
                else "",
                known_to_hr=chance.random() < 0.8,
                skill=math.exp(chance.gauss(0.0, 0.26)),
            )
            made.people.append(person)
            return person

        director = add(0, "Sales Director", "销售中心", "全国", None, "销售管理层" + suffix, "zoho")
        managers: dict[str, Person] = {}
        trainees_since = day_number(date(2025, 12, 15))
        index = 1
        for team in TEAMS:
            # Abroad nobody has an override: the plan of managers pays yuan.
            role = "Sales Manager" if team is ABROAD else "Area Sales Manager"
            managers[team.code] = manager = add(
                index, role, team.department, team.region, None, team.title + suffix, team.system
            )
            manager.manager = director
            index += 1
        for team in TEAMS:
            for place in range(team.sellers):
                seller = add(index, team.role, team.department, team.region, team, team.title + suffix, team.system)
                seller.manager = managers[team.code]
                index += 1
                # The last places of a team are filled during the two years, the middle ones are given up.
                if place >= team.sellers - 2:
                    seller.hired = chance.randrange(40, 560)
                    seller.confirmed = seller.hired + 91
                elif place == team.sellers // 2:
                    seller.left = chance.randrange(150, 690)
                # HR tells a person's present role: who came lately is a trainee, some keep customers.
                if team is not ABROAD and seller.hired >= trainees_since:
                    seller.role = "Sales Trainee"
                elif team is KEY and place in ACCOUNT_MANAGERS:
                    seller.role = "Account Manager"
        for role, department, count in (
            ("Sales Operations", "销售运营部", 3),
            ("Accountant", "财务部", 3),
            ("HR Partner", "人力资源部", 2),
            ("Pre-sales Engineer", "解决方案部", 3),
        ):
            for place in range(count):
                if role == "Pre-sales Engineer" and place in CHANNEL_MANAGERS:
                    person = add(index, "Channel Manager", "渠道部", "全国", None, "渠道部" + suffix, "")
                    made.channel_managers.append(person)
                else:
                    person = add(index, role, department, "全国", None, department + suffix, "")
                person.manager = director
                index += 1

        moved = self._of(SOUTH)[1]
        move_day = day_number(date(2026, 1, 1))
        interim_day = day_number(date(2026, 4, 1))
        managers[NORTH.code].left = interim_day - 1
        for person in made.people:
            first, title = person.hired, person.team_title
            above = person.manager
            if person is moved:
                made.reporting.append(ReportingLine(person, above, title, first, move_day - 1))
                first, title, above = move_day, EAST.title + suffix, managers[EAST.code]
                person.region = EAST.region
            if above is managers[NORTH.code] and (person.left is None or person.left >= interim_day):
                if first < interim_day:
                    made.reporting.append(ReportingLine(person, above, title, first, interim_day - 1))
                first, above = max(first, interim_day), director
            made.reporting.append(ReportingLine(person, above, title, first, person.left))

    def _of(self, team: Team) -> list[Person]:
        return [person for person in self.made.people if person.team is team]

    # what they sell

    def _count(self, mean: float) -> int:
        """A Poisson count."""
        limit, product, count = math.exp(-mean), self.chance.random(), 0
        while product > limit:
            product *= self.chance.random()
            count += 1
        return count

    def _amount(self, median: float, spread: float, currency: str) -> int:
        """A deal's value in hundredths: log-normal, with the few very large ones that make a Pareto's tail."""
        chance = self.chance
        value = median * math.exp(chance.gauss(0.0, spread))
        if chance.random() < 0.025:
            value = median * 3.0 * chance.paretovariate(1.9)
        value = min(value, median * 22.0)
        if currency == "JPY":
            return max(1, round(value * 150 / 1_000)) * 100_000
        if currency == "EUR":
            value *= 0.92
        if currency == "HKD":
            value *= 1.09
        if chance.random() < 0.75:
            return max(1, round(value / 100)) * 10_000
        return max(10_000, round(value * 100))

    def _pace(self, seller: Person, month: int, day: int) -> float:
        season = SEASON_ABROAD if seller.team is ABROAD else SEASON_CHINA
        tenure = month_number(day) - month_number(seller.hired)
        if tenure < 0:
            return 0.0
        settling = (0.25, 0.5, 0.75, 0.9)[tenure] if tenure < 4 else 1.0
        return season[(START.month - 1 + month) % 12] * settling * math.sqrt(seller.skill)

    def _days_of(self, seller: Person, month: int, count: int) -> Iterable[int]:
        first = day_number(_first_of_month(month))
        length = day_number(_first_of_month(month + 1)) - first
        for _ in range(count):
            # Deals bunch at the month's end.
            day = first + min(length - 1, int(length * self.chance.random() ** 0.75))
            if seller.works_on(day):
                yield day

    def _sell_contracts(self) -> None:
        chance, made = self.chance, self.made
        sellers = [person for person in made.people if person.system == "jiandaoyun" and person.team]
        portfolios: dict[str, list[Customer]] = {seller.employee_id: [] for seller in sellers}
        sequence = 0
        for month in range(24):
            for seller in sellers:
                assert seller.team is not None
                first_day = day_number(_first_of_month(month))
                for signed in sorted(
                    self._days_of(seller, month, self._count(3.4 * self._pace(seller, month, first_day)))
                ):
                    portfolio = portfolios[seller.employee_id]
                    is_new = not portfolio or chance.random() < 0.42
                    if is_new:
                        customer = self._new_customer(seller, signed, "CNY")
                        made.customers.append(customer)
                        portfolio.append(customer)
                    else:
                        customer = portfolio[int(len(portfolio) * chance.random())]
                    currency = "HKD" if seller.team is SOUTH and chance.random() < 0.015 else "CNY"
                    renewal = not is_new and chance.random() < 0.4
                    product = MAINTENANCE if renewal else PRODUCTS[int(12 * chance.random())]
                    amount = self._amount((34_000 if renewal else 62_000) * math.sqrt(seller.skill), 0.50, currency)
                    sequence += 1
                    approved = signed + chance.randrange(1, 5)
                    state = REFUSED if chance.random() < 0.03 else APPROVED
                    contract = Document(
                        number=f"HT{month_text(month).replace('-', '')}-{self.number:03d}{sequence:04d}",
                        system="jiandaoyun",
                        name=f"{customer.name[:6]}{product.name}{'续签' if renewal else '采购'}合同",
                        owner=seller,
                        owner_reference=seller.full_name,
                        customer=customer,
                        product=product.typo if chance.random() < 0.004 else product.name,
                        amount=amount,
                        early_amount=amount,
                        currency=currency,
                        kind="续签" if renewal else "新签",
                        lead_source="",
                        created=signed,
                        expected=signed,
                        steps=[(signed, RUNNING), (approved, state)],
                        won=signed if state == APPROVED else None,
                        splits=[],
                        note=_NOTES[int(len(_NOTES) * chance.random())] if chance.random() < 0.06 else "",
                        edited=_or_none(approved + chance.randrange(20, 220), chance.random() < 0.06),
                    )
                    if sequence % 400 == 250:
                        contract.owner_reference = "渠道代签"
                    elif chance.random() < 0.09:
                        contract.splits = self._splits(seller, sellers, signed)
                    made.contracts.append(contract)
                    if contract.won is not None and approved <= LAST_DAY:
                        self._bill(contract, approved)

    def _new_customer(self, seller: Person, day: int, currency: str) -> Customer:
        chance, made = self.chance, self.made
        tax_id = f"91{chance.randrange(10**15, 10**16)}"
        created = day - chance.randrange(3, 60)
        if seller.team is ABROAD:
            sequence = self.foreign_accounts
            self.foreign_accounts += 1
            name, country, region, industry = names.foreign_company(self.number * ACCOUNT_NUMBERS_PER_BRANCH + sequence)
            tax_id = ""
        else:
            sequence = self.chinese_companies
            self.chinese_companies += 1
            shared = seller.team is KEY and len(made.accounts) < 12 and len(made.customers) > 40
            if shared:
                # A key account that a direct team has sold to as well: one company in two systems, one tax number.
                twin = made.customers[len(made.accounts) * 3]
                name, region, industry, tax_id = twin.name, twin.region, twin.industry, twin.tax_id
            else:
                name, region, industry = names.chinese_company(self.number * CUSTOMER_NUMBERS_PER_BRANCH + sequence)
            country = "中国"
        if seller.system == "zoho":
            number = zoho_id(_ACCOUNTS, self.number, len(made.accounts) + 1)
        else:
            number = f"KH{self.number:03d}{len(made.customers) + 1:05d}"
        return Customer(
            number=number,
            name=name,
            owner=seller,
            industry=industry,
            region=region,
            country=country,
            level=("A", "B", "B", "C", "C", "C")[int(6 * chance.random())],
            tax_id=tax_id,
            currency=currency,
            created=created,
            edited=created + chance.randrange(0, 200) if chance.random() < 0.3 else created,
            slowness=chance.betavariate(1.6, 4.0),
        )

    def _splits(self, seller: Person, colleagues: Sequence[Person], day: int) -> list[Split]:
        """Two or three people share the credit, written as a name, an e-mail address or an id."""
        chance = self.chance
        others = [person for person in colleagues if person is not seller and person.works_on(day)]
        if len(others) < 2:
            return []
        self.split_count += 1
        shares: tuple[int, ...]
        if self.split_count % 70 == 40:
            shares = _BROKEN[self.wrong_split_count % len(_BROKEN)]
            self.wrong_split_count += 1
        elif chance.random() < 0.22:
            shares = _THREE_WAY
        else:
            shares = _TWO_WAY[int(len(_TWO_WAY) * chance.random())]
        people = [seller, *chance.sample(others, len(shares) - 1)]
        style = chance.random()
        made = []
        for person, share in zip(people, shares, strict=True):
            if style < 0.6:
                reference = person.full_name
            elif style < 0.85:
                reference = person.email
            else:
                reference = f"zcrm_{person.user_id}" if person.system == "zoho" else person.username
            made.append(Split(reference, share, person))
        return made

    def _sell_deals(self) -> None:
        chance, made = self.chance, self.made
        sellers = [person for person in made.people if person.system == "zoho" and person.team]
        portfolios: dict[str, list[Customer]] = {seller.employee_id: [] for seller in sellers}
        colleagues = {team.code: self._of(team) for team in (KEY, ABROAD)}
        sequence = 0
        for month in range(-4, 24):
            for seller in sellers:
                assert seller.team is not None
                abroad = seller.team is ABROAD
                first_day = day_number(_first_of_month(month))
                mean = (7.6 if abroad else 6.4) * self._pace(seller, month, first_day)
                for created in sorted(self._days_of(seller, month, self._count(mean))):
                    portfolio = portfolios[seller.employee_id]
                    is_new = not portfolio or chance.random() < 0.25
                    if is_new and (not abroad or len(portfolio) < ACCOUNT_NUMBERS_PER_BRANCH // ABROAD.sellers):
                        if abroad:
                            currency = ("USD", "USD", "USD", "EUR", "JPY")[int(5 * chance.random())]
                        else:
                            currency = "USD" if chance.random() < 0.12 else "CNY"
                        customer = self._new_customer(seller, created, currency)
                        made.accounts.append(customer)
                        portfolio.append(customer)
                    else:
                        customer = portfolio[int(len(portfolio) * chance.random())]
                    sequence += 1
                    deal = self._deal(seller, customer, created, sequence, is_new)
                    if deal is None:
                        continue
                    if deal.channel != "direct":
                        deal.channel_manager = made.channel_managers[sequence % len(CHANNEL_MANAGERS)]
                    if deal.won is not None and chance.random() < 0.12:
                        deal.splits = self._splits(seller, colleagues[seller.team.code], deal.won)
                    made.deals.append(deal)
                    if deal.won is not None and deal.won <= LAST_DAY:
                        self._bill(deal, deal.won)

    def _deal(self, seller: Person, customer: Customer, created: int, sequence: int, is_new: bool) -> Document | None:
        """One deal's life; None when it was over before the company's books begin."""
        chance = self.chance
        abroad = seller.team is ABROAD
        cycle = max(6, round((42 if abroad else 62) * math.exp(chance.gauss(0.0, 0.5))))
        closes = created + cycle
        is_stale = chance.random() < 0.05
        if closes < 0 and not is_stale:
            return None
        renewal = not is_new and chance.random() < 0.25
        wins = chance.random() < (0.45 if renewal else 0.26) * seller.skill**0.6
        product = MAINTENANCE if renewal else PRODUCTS[int(12 * chance.random())]
        if abroad:
            median = 6_000.0 if renewal else 12_000.0
        else:
            small, large = (8_000.0, 15_000.0) if customer.currency == "USD" else (50_000.0, 95_000.0)
            median = small if renewal else large
        amount = self._amount(median * math.sqrt(seller.skill), 0.48, customer.currency)
        early = amount
        if chance.random() < 0.3:
            early = max(10_000, round(amount * (0.8 + 0.5 * chance.random()) / 100_000) * 100_000)
        steps = [(created + int(cycle * share), stage) for share, stage in zip(_STAGE_SHARES, _STAGES, strict=True)]
        if is_stale:
            steps = steps[: 1 + int(4 * chance.random())]
        else:
            steps.append((closes, "Closed Won" if wins else "Closed Lost"))
        won = closes if wins and not is_stale else None
        has_account = chance.random() >= (0.01 if won is not None else 0.035)
        return Document(
            number=zoho_id(_DEALS, self.number, sequence),
            system="zoho",
            name=f"{customer.name} - {product.name}",
            owner=seller,
            owner_reference="" if chance.random() < 0.008 else seller.full_name,
            customer=customer if has_account else None,
            product=product.typo if chance.random() < 0.015 else product.name,
            amount=amount,
            early_amount=early,
            currency=customer.currency,
            kind="Renewal" if renewal else "New Business" if is_new else "Existing Business",
            lead_source=(_SOURCES_ABROAD if abroad else _SOURCES)[int(6 * chance.random())],
            created=created,
            expected=created + cycle + chance.randrange(-10, 25),
            steps=steps,
            won=won,
            splits=[],
            note=_NOTES[int(len(_NOTES) * chance.random())] if chance.random() < 0.06 else "",
            edited=_or_none(closes + chance.randrange(5, 120), not is_stale and chance.random() < 0.08),
        )

    def _find_leads(self) -> None:
        chance, made = self.chance, self.made
        sellers = [person for person in made.people if person.system == "zoho" and person.team]
        sequence = 0

        def add(
            owner: Person, company: str, created: int, settled: int | None, status: str, deal: Document | None
        ) -> None:
            nonlocal sequence
            sequence += 1
            source = _SOURCES_ABROAD if owner.team is ABROAD else _SOURCES
            made.leads.append(
                Lead(
                    zoho_id(_LEADS, self.number, sequence),
                    owner,
                    company,
                    deal.lead_source if deal else source[int(6 * chance.random())],
                    created,
                    settled,
                    status,
                    deal,
                )
            )

        for deal in made.deals:
            if deal.kind == "New Business" and deal.customer and deal.created > 25 and chance.random() < 0.6:
                add(
                    deal.owner,
                    deal.customer.name,
                    deal.created - chance.randrange(2, 25),
                    deal.created,
                    "Qualified",
                    deal,
                )
        for month in range(24):
            for seller in sellers:
                first_day = day_number(_first_of_month(month))
                for day in self._days_of(seller, month, self._count(2.9 * self._pace(seller, month, first_day))):
                    number = sequence + self.number * CUSTOMER_NUMBERS_PER_BRANCH
                    company = names.chinese_company(names.CHINESE_COMPANIES - 1 - number)[0]
                    if seller.team is ABROAD:
                        company = names.foreign_company(names.FOREIGN_COMPANIES - 1 - number)[0]
                    status = ("Not Contacted", "Contacted", "Junk Lead", "Lost Lead", "Contact in Future")[
                        int(5 * chance.random())
                    ]
                    add(seller, company, day, day + chance.randrange(1, 40), status, None)
        made.leads.sort(key=lambda lead: (lead.created, lead.number))

    # the money

    def _bill(self, document: Document, from_day: int) -> None:
        """Invoices of a won document, and what became of them: paid, in part, late, back, corrected, lost."""
        chance, made = self.chance, self.made
        if chance.random() < 0.06:
            return
        customer = document.customer
        slowness = customer.slowness if customer else 0.4
        in_finance = document.system == "zoho" or chance.random() >= 0.09
        mirrored = document.system == "jiandaoyun" and (not in_finance or chance.random() < 0.85)
        pieces = 1 + int(chance.random() < 0.5) + int(document.amount > 8_000_000 and chance.random() < 0.5)
        shares = ((1.0,), (0.4, 0.6), (0.3, 0.6, 0.1))[pieces - 1]
        day = from_day + chance.randrange(1, 12)
        left_to_bill = document.amount
        previous: Receipt | None = None
        for place, share in enumerate(shares):
            is_last = place == len(shares) - 1
            amount = left_to_bill if is_last else _part(left_to_bill, share, document.currency)
            left_to_bill -= amount
            if not is_last and amount == 0:
                continue
            if day > LAST_DAY:
                return
            due = day + (0, 15, 30, 30, 45)[int(5 * chance.random())]
            if chance.random() < 0.015:
                made.invoices.append(Invoice(document, day, due, amount, status="void"))
            invoice = Invoice(document, day, due, amount)
            made.invoices.append(invoice)
            first = self._pay(invoice, slowness, in_finance, mirrored, previous)
            previous = first or previous
            day += chance.randrange(18, 60) if place == 0 else chance.randrange(60, 200)

    def _pay(
        self, invoice: Invoice, slowness: float, in_finance: bool, mirrored: bool, previous: Receipt | None
    ) -> Receipt | None:
        """Settle one invoice. Returns its first receipt, if there is one."""
        chance, made = self.chance, self.made
        currency = invoice.document.currency

        if chance.random() < 0.022:
            if chance.random() < 0.6:
                made.write_offs.append(WriteOff(invoice, invoice.due + chance.randrange(180, 400), invoice.amount))
            return None

        fate = chance.random()
        shares: tuple[float, ...] = (1.0,) if fate < 0.68 else (0.6, 0.4) if fate < 0.93 else (0.4, 0.3, 0.3)
        day = max(invoice.day, invoice.due - 6 + int(55 * slowness * chance.random()))
        open_amount = invoice.amount
        disputed = chance.random() < 0.03
        if disputed:
            # Faulty goods: a part is never paid, and credited instead.
            reduction = _part(open_amount, 0.1 + 0.2 * chance.random(), currency)
            if 0 < reduction < open_amount:
                open_amount -= reduction
                made.credit_notes.append(
                    CreditNote(invoice, invoice.day + chance.randrange(10, 60), reduction, "质量扣款")
                )
        first: Receipt | None = None
        rest = open_amount
        for place, share in enumerate(shares):
            amount = rest if place == len(shares) - 1 else _part(open_amount, share, currency)
            if amount <= 0 or amount > rest:
                continue
            rest -= amount
            receipt = Receipt(invoice, _banking_day(day), amount, in_finance=in_finance, mirrored=mirrored)
            if first is None and previous is not None and previous.day >= invoice.day and chance.random() < 0.3:
                receipt.day, receipt.joined = previous.day, previous.joined or previous
            made.receipts.append(receipt)
            first = first or receipt
            day = max(day, receipt.day) + chance.randrange(7, 50)
        if first is not None and chance.random() < 0.022:
            back_day = _banking_day(first.day + chance.randrange(15, 120))
            back = first.amount if chance.random() < 0.4 else _part(first.amount, 0.2 + 0.4 * chance.random(), currency)
            if back > 0:
                made.receipts.append(
                    Receipt(invoice, back_day, -back, is_refund=True, in_finance=in_finance, mirrored=mirrored)
                )
                if chance.random() < 0.5 and not disputed:
                    made.credit_notes.append(CreditNote(invoice, back_day, back, "退货"))
        return first

    def _number_cash(self) -> None:
        """Number documents of finance in the order of their days, as a ledger does."""
        chance, made = self.chance, self.made
        made.invoices.sort(key=lambda invoice: (invoice.day, invoice.document.number))
        abroad = domestic = 0
        for invoice in made.invoices:
            if invoice.document.owner.team is ABROAD:
                abroad += 1
                invoice.number = f"INV-{self.number:03d}{abroad:05d}"
            else:
                domestic += 1
                # A fully digitalised invoice has twenty digits; a spreadsheet keeps fifteen of them.
                year = as_date(invoice.day).year % 100
                invoice.number = f"{year}312000{self.number:03d}{domestic:08d}{domestic % 9 + 1}"
        made.receipts.sort(key=lambda receipt: (receipt.day, receipt.is_refund, receipt.invoice.number, receipt.amount))
        for place, receipt in enumerate(made.receipts, start=1):
            receipt.number = f"{'TKD' if receipt.is_refund else 'SKD'}{self.number:03d}{place:06d}"
        for receipt in made.receipts:
            if receipt.joined is not None:
                receipt.number = receipt.joined.number
        january = month_number(day_number(date(2026, 1, 15)))
        for receipt in made.receipts:
            if receipt.in_finance and not receipt.is_refund and month_number(receipt.day) == january:
                drawn = chance.random()
                if drawn < 0.05:
                    receipt.is_late = True
                elif drawn < 0.10:
                    receipt.shown_amount = max(100, receipt.amount // 10 // 100 * 100)
        made.credit_notes.sort(key=lambda note: (note.day, note.invoice.number))
        for place, note in enumerate(made.credit_notes, start=1):
            note.number = f"CN-{self.number:03d}{place:05d}"
        made.write_offs.sort(key=lambda entry: (entry.day, entry.invoice.number))
        for place, entry in enumerate(made.write_offs, start=1):
            entry.number = f"HX{self.number:03d}{place:05d}"

    def _enter_collections(self) -> None:
        """What sellers entered in 简道云: one entry a bank transfer, whatever invoices it paid."""
        made = self.made
        by_number: dict[str, Collection] = {}
        for receipt in made.receipts:
            if not receipt.mirrored:
                continue
            if receipt.number in by_number:
                by_number[receipt.number].amount += receipt.amount
                continue
            collection = by_number[receipt.number] = Collection(
                document=receipt.invoice.document,
                day=receipt.day,
                amount=receipt.amount,
                is_refund=receipt.is_refund,
                receipt_number=receipt.number if receipt.in_finance else "",
                is_running=not receipt.in_finance and LAST_DAY - 2 <= receipt.day <= LAST_DAY,
            )
            made.collections.append(collection)
        for place, collection in enumerate(made.collections, start=1):
            month = month_text(month_number(collection.day)).replace("-", "")
            collection.number = f"HK{month}-{self.number:03d}{place:05d}"

    # what they were asked to do

    def _set_targets(self) -> None:
        """Monthly targets, set as a manager does: from what a person's customers and team can be expected to bring.

        The expectation blends the person's own run rate with the team's, so that most months land between half and
        one and a half times the target, and a little more than half of them reach it.
        """
        chance, made = self.chance, self.made
        sellers = made.sellers
        basis = {person.employee_id: [0.0] * 24 for person in sellers}

        def credit(document: Document, amount: float, day: int, currency: str) -> None:
            month = month_number(day)
            if (
                not 0 <= month < 24
                or day > LAST_DAY
                or (document.splits and sum(s.share for s in document.splits) != 10_000)
            ):
                return
            for split in document.splits or [Split("", 10_000, document.owner)]:
                if split.person.currency == currency:
                    value = amount * split.share / 1_000_000 * self.rates.yuan(document.currency, day)
                    basis[split.person.employee_id][month] += value / self.rates.yuan(currency, day)

        for receipt in made.receipts:
            credit(receipt.invoice.document, receipt.amount, receipt.day, "CNY")
        for document in made.deals:
            if document.won is not None and document.won <= LAST_DAY:
                credit(document, document.amount, document.won, "USD")

        for team in TEAMS:
            members = self._of(team)
            means = [self._team_mean(members, basis, month) for month in range(24)]
            season = SEASON_ABROAD if team is ABROAD else SEASON_CHINA
            for person in members:
                own = basis[person.employee_id]
                for month in range(26):
                    if not _overlaps(person, month):
                        continue
                    tenure = month - month_number(person.hired)
                    if month >= 24:
                        expected = sum(own[18:]) / 6 * season[(START.month - 1 + month) % 12]
                    else:
                        # A deal in sight weighs most in its own month, and spills into its neighbours.
                        weights = {
                            m: 4 - abs(m - month)
                            for m in range(max(0, month - 3), min(24, month + 4))
                            if m - month_number(person.hired) >= 3
                        }
                        total = sum(weights.values())
                        run_rate = sum(own[m] * weight for m, weight in weights.items()) / total if total else 0.0
                        expected = 0.72 * run_rate + 0.28 * means[month] if tenure >= 4 and total else means[month]
                    expected *= math.exp(chance.gauss(0.0, 0.10)) * 0.86
                    value = _round_target(max(expected, 0.15 * sum(means) / 24), team.currency)
                    kpi = "booked_amount" if team is ABROAD else "collected_amount"
                    target = Target(person, kpi, month, str(value), team.currency)
                    if team is SOUTH and month >= month_number(day_number(date(2026, 7, 1))) and chance.random() < 0.5:
                        target.revised_value = str(_round_target(value * 0.95, team.currency))
                    made.targets.append(target)
                    made.targets.append(Target(person, "new_customers", month, "1" if tenure < 6 else "2", ""))
                    if team.system == "zoho":
                        made.targets.append(Target(person, "win_rate", month, "0.25" if tenure < 6 else "0.28", ""))

    def _team_mean(self, members: list[Person], basis: dict[str, list[float]], month: int) -> float:
        around = range(max(0, month - 1), min(24, month + 2))
        values = [
            basis[person.employee_id][m]
            for m in around
            for person in members
            if m - month_number(person.hired) >= 4 and _overlaps(person, m)
        ]
        return sum(values) / len(values) if values else 0.0


def _first_of_month(month: int) -> date:
    year, index = divmod(START.year * 12 + START.month - 1 + month, 12)
    return date(year, index + 1, 1)


def _overlaps(person: Person, month: int) -> bool:
    return month_number(person.hired) <= month and (person.left is None or month_number(person.left) >= month)


def _or_none(day: int, happened: bool) -> int | None:
    return day if happened else None


def _part(amount: int, share: float, currency: str) -> int:
    """A share of an amount as people agree it: in round money, never more than the amount."""
    grain = 100_000 if currency == "JPY" else 10_000 if amount > 2_000_000 else 100
    return min(amount, int(amount * share) // grain * grain)


def _banking_day(day: int) -> int:
    weekday = _WEEKDAYS[day + _PAD]
    return day + (7 - weekday if weekday >= 5 else 0)


def _round_target(value: float, currency: str) -> int:
    grain = 500 if currency == "USD" else 5_000
    return max(grain, round(value / grain) * grain)
