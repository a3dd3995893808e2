"""Who the owner of a record is, found again without SQL (C5): from the accounts, the register and the identity file.

    people = Owners(registered, accounts, lines)
    people.find("jiandaoyun_crm", "zhangwei01", "张伟", date(2026, 3, 1))   # "E1"

The order, first that finds one person: a line of the file for the account; the account, by HR's register, the work
number or the e-mail; a line of the file for the name; what else the account is known by; the name. Nobody, and two
at once, is the house account's.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta

from attain.reference.inputs import HOUSE

__all__ = ["Account", "IdentityLine", "Owners", "Registered", "tidy"]

_ANY = "*"
_FIRST, _LAST = date.min, date.max
_ACCOUNT, _WORK_NUMBER, _EMAIL, _DISPLAY_NAME, _NAME = 1, 2, 3, 5, 6


@dataclass(frozen=True)
class Registered:
    """A person of HR's register, with the texts that may stand for them."""

    employee_id: str
    work_number: str | None
    full_name: str | None
    email: str | None
    crm_user_id: str | None
    member_username: str | None


@dataclass(frozen=True)
class Account:
    """A login of a system: a user of Zoho CRM, a member of 简道云."""

    source_system: str
    account_id: str | None
    full_name: str | None
    email: str | None


@dataclass(frozen=True)
class IdentityLine:
    """A line of identities/people.csv, with the days on which it speaks, both included."""

    source_system: str
    reference: str
    employee_id: str
    valid_from: date
    valid_to: date


def tidy(text: str | None) -> str:
    """A text as it is compared: no blanks around it, small letters, without Zoho's prefix of ids."""
    return (text or "").strip(" ").lower().removeprefix("zcrm_")


@dataclass(frozen=True)
class _Way:
    """That a text stands for a person from a day to a day, both included; the lower the place, the surer."""

    place: int
    employee_id: str
    first_day: date
    last_day: date


class Owners:
    """All texts that stand for people, and whom: each by its surest way, and for nobody when that finds two."""

    def __init__(
        self, people: Iterable[Registered], accounts: Iterable[Account], lines: Iterable[IdentityLine]
    ) -> None:
        self._people = {tidy(person.employee_id): person for person in people}
        self._lines: dict[tuple[str, str], list[IdentityLine]] = defaultdict(list)
        for line in lines:
            self._lines[(line.source_system, line.reference)].append(line)
        self._ways: dict[tuple[str, str], list[_Way]] = defaultdict(list)
        for person in self._people.values():
            for place, text in (
                (_ACCOUNT, person.crm_user_id),
                (_ACCOUNT, person.member_username),
                (_WORK_NUMBER, person.work_number),
                (_EMAIL, person.email),
                (_NAME, person.full_name),
            ):
                self._add(_ANY, text, place, person.employee_id)
        registered: dict[str, dict[int, set[str]]] = defaultdict(lambda: defaultdict(set))
        for (_, text), ways in self._ways.items():
            for way in ways:
                registered[text][way.place].add(way.employee_id)
        for account in list(accounts):
            self._add_account(account, registered)

    def find(self, source_system: str, owner_id: str, owner_name: str, day: date | None) -> str:
        """The employee that an owner stood for on a day, or the house account.

        Args:
            source_system: system of the record.
            owner_id: the account as the record writes it; empty: it names none.
            owner_name: the name as the record writes it; empty: it names none.
            day: of the document; None: in the end.
        """
        account, name, day = tidy(owner_id), tidy(owner_name), day or date.max
        by_account, place = self._by_text(source_system, account, day)
        known = by_account is not None and place <= _EMAIL
        for text in [account] if known else [account, name]:
            spoken = [line for scope in (source_system, _ANY) if text for line in self._lines.get((scope, text), [])]
            # The most telling text that has a line at all decides, though only on its days.
            scopes = [line.source_system for line in spoken]
            first = source_system if source_system in scopes else _ANY
            if spoken:
                for line in spoken:
                    if line.source_system == first and line.valid_from <= day <= line.valid_to:
                        return self._employee(line.employee_id) or HOUSE
                break
        return by_account or self._by_text(source_system, name, day)[0] or HOUSE

    def _by_text(self, source_system: str, text: str, day: date) -> tuple[str | None, int]:
        for scope in (source_system, _ANY):
            ways = self._ways.get((scope, text), []) if text else []
            ways = [way for way in ways if way.first_day <= day <= way.last_day]
            surest = min((way.place for way in ways), default=_NAME)
            people = {way.employee_id for way in ways if way.place == surest}
            if len(people) == 1:
                return people.pop(), surest
        return None, _NAME

    def _employee(self, employee_id: str) -> str | None:
        person = self._people.get(tidy(employee_id))
        return HOUSE if employee_id == HOUSE else None if person is None else person.employee_id

    def _add(
        self, scope: str, text: str | None, place: int, employee_id: str, first: date = _FIRST, last: date = _LAST
    ) -> None:
        if tidy(text):
            self._ways[(scope, tidy(text))].append(_Way(place, employee_id, first, last))

    def _add_account(self, account: Account, registered: dict[str, dict[int, set[str]]]) -> None:
        """An account is whom its line names on the line's days.

        Before the first line it is whom HR's register knows by id, work number, e-mail or name.
        """
        lines: list[IdentityLine] = []
        for scope in (_ANY, account.source_system):
            lines = self._lines.get((scope, tidy(account.account_id)), []) or lines
        for line in lines:
            employee = self._employee(line.employee_id)
            if employee is not None:
                self._add_person(account, 0, employee, line.valid_from, line.valid_to)
        told_from = min((line.valid_from for line in lines), default=None)
        last = _LAST if told_from is None else told_from - timedelta(days=1)
        for place, text in (
            (_ACCOUNT, account.account_id),
            (_WORK_NUMBER, account.account_id),
            (_EMAIL, account.email),
            (_NAME, account.full_name),
        ):
            found = registered.get(tidy(text), {}).get(place, set())
            for employee in found:
                self._add_person(account, place, employee, _FIRST, last)
            if found:
                return

    def _add_person(self, account: Account, place: int, employee_id: str, first: date, last: date) -> None:
        self._add(account.source_system, account.account_id, place, employee_id, first, last)
        self._add(account.source_system, account.full_name, _DISPLAY_NAME, employee_id, first, last)
