"""Whom an owner is, by the reference engine: accounts before names, lines of the file on their days, nobody guessed."""

from __future__ import annotations

from datetime import date

import pytest

from attain.reference.owners import Account, IdentityLine, Owners, Registered

ALWAYS, END = date(1900, 1, 1), date(9999, 12, 31)
PEOPLE = [
    Registered("E1", "E1", "Ann", "ann@x.example", None, "m1"),
    Registered("E2", "E2", "Ann", None, "u2", None),
    Registered("E3", "E3", "Bo", "bo@x.example", None, None),
]
ACCOUNTS = [
    Account("jdy", "m1", "Annie", None),
    Account("jdy", "e3", "Bob", None),
    Account("jdy", "m7", "Ann", None),
    Account("zoho", "u9", "Mail", "bo@x.example"),
    Account("zoho", "u6", "Post", "bo@x.example"),
    Account("zoho", "u5", "Desk", None),
    Account("zoho", "u4", "Front", "bo@x.example"),
]
LINES = [
    IdentityLine("*", "ann", "E3", date(2025, 1, 1), END),
    IdentityLine("zoho", "u9", "E1", ALWAYS, date(2026, 2, 28)),
    IdentityLine("zoho", "u9", "E2", date(2026, 3, 1), END),
    IdentityLine("zoho", "u5", "HOUSE", ALWAYS, END),
    IdentityLine("zoho", "u4", "E1", date(2026, 3, 1), END),
    IdentityLine("zoho", "gone", "E404", ALWAYS, END),
]


@pytest.mark.parametrize(
    ("system", "owner_id", "name", "day", "expected"),
    [
        ("jdy", " M1 ", "Ann", date(2026, 1, 1), "E1"),  # the account, before the line for the name
        ("zoho", "zcrm_u2", "Ann", date(2026, 1, 1), "E2"),
        ("jdy", "e3", "Ann", date(2026, 1, 1), "E3"),  # the work number
        ("jdy", "", "Annie", None, "E1"),  # the account's display name
        ("jdy", "m8", "Ann", date(2024, 12, 31), "HOUSE"),  # two people, before the line's first day
        ("jdy", "m8", "Ann", date(2025, 1, 1), "E3"),  # the line for the name
        ("zoho", "u6", "Ann", date(2026, 2, 28), "E3"),  # the e-mail
        ("zoho", "u9", "Bo", date(2026, 2, 28), "E1"),  # the line for the account, on its last day
        ("zoho", "u9", "Bo", date(2026, 3, 1), "E2"),  # and the next one, on its first
        ("zoho", "u4", "", date(2026, 2, 28), "E3"),  # the e-mail, before the account's first line
        ("zoho", "u4", "", date(2026, 3, 1), "E1"),
        ("zoho", "", "Front", date(2026, 2, 28), "E3"),  # its display name stands for the same person
        ("zoho", "", "Front", date(2026, 3, 1), "E1"),
        ("zoho", "", "Mail", date(2026, 2, 28), "E1"),
        ("zoho", "", "Mail", date(2026, 3, 1), "E2"),
        ("zoho", "u5", "Bo", None, "HOUSE"),  # on purpose
        ("zoho", "", "Gone", None, "HOUSE"),
        ("zoho", "", "", None, "HOUSE"),
    ],
)
def test_an_owner_is_found_or_is_the_house_account(
    system: str, owner_id: str, name: str, day: date | None, expected: str
) -> None:
    assert Owners(PEOPLE, ACCOUNTS, LINES).find(system, owner_id, name, day) == expected
