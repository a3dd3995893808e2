"""A CRM on this machine, filled with a few records of each kind, and a connection to it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from attain.connectors.zoho_crm import Connection
from tests.connectors import zoho_server
from tests.connectors.zoho_server import Zoho

OWNER = {"name": "Mei Lin", "id": "404427000000000011", "email": "mei@example.com"}
ACCOUNT = {"name": "Acme", "id": "404427000000000101"}


@pytest.fixture
def zoho(monkeypatch: pytest.MonkeyPatch) -> Iterator[Zoho]:
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "http_proxy", "https_proxy", "all_proxy"):
        monkeypatch.delenv(name, raising=False)
    crm = Zoho()
    fill(crm)
    with zoho_server.running(crm):
        yield crm


@pytest.fixture
def connection(zoho: Zoho) -> Connection:
    return connect(zoho)


def connect(zoho: Zoho, **extra: Any) -> Connection:
    return Connection.of(zoho_server.CLIENT_ID, zoho_server.CLIENT_SECRET, {**extras(zoho), **extra})


def extras(zoho: Zoho) -> dict[str, Any]:
    """What stands in the extra of a connection to it."""
    return {
        "refresh_token": zoho_server.REFRESH_TOKEN,
        "accounts_domain": zoho.address,
        "api_domain": zoho.address,
    }


def deal(number: int) -> str:
    return f"4044270000{number:08d}"


def put_deal(zoho: Zoho, number: int, amount: str = "#100.00", **values: Any) -> None:
    """A deal of that number, as of now."""
    wanted = {
        "Deal_Name": f"Deal {number}",
        "Stage": "Closed Won",
        "Amount": amount,
        "Currency": "CNY",
        "Closing_Date": "2026-01-20",
        "Owner": OWNER,
        "Account_Name": ACCOUNT,
    }
    zoho.put("Deals", deal(number), **{**wanted, **values})


def fill(zoho: Zoho) -> None:
    """Some records of each module that there is a contract for, each made in a minute of its own."""
    zoho.now = zoho_server.moment("2026-01-25T06:00:00+00:00")
    for number, name in ((11, "Mei Lin"), (12, "Bo Wang")):
        user_id = f"40442700000000{number:04d}"
        zoho.users[user_id] = {
            "id": user_id,
            "full_name": name,
            "email": f"{name.split()[0].lower()}@example.com",
            "status": "active",
            "role": {"name": "Sales", "id": "404427000000000001"},
            "Modified_Time": zoho.time(),
        }
    for number in range(1, 4):
        zoho.tick(60)
        zoho.put(
            "Accounts",
            f"40442700000000{100 + number:04d}",
            Account_Name=f"Acme {number}",
            Owner=OWNER,
            Industry="Manufacturing",
            Billing_Country="China",
        )
        zoho.put(
            "Products",
            f"40442700000000{200 + number:04d}",
            Product_Name=f"Pump {number}",
            Product_Code=f"P{number}",
            Unit_Price=f"#{number}.125",
            Product_Active=True,
        )
        zoho.put(
            "Leads",
            f"40442700000000{300 + number:04d}",
            Company=f"Lead {number}",
            Owner=OWNER,
            Lead_Source="Web",
            Lead_Status="Contacted",
        )
    zoho.converted = {"404427000000000303"}
    for number in range(1, 8):
        zoho.tick(60)
        put_deal(zoho, number, amount=f"#{number}000.10")
    zoho.now = zoho_server.moment("2026-01-26T06:10:00+00:00")
    for module in ("Contacts", "Calls", "Tasks", "Events", "Quotes", "Sales_Orders", "Invoices"):
        zoho.put(module, f"404427000000000{400 + len(module):03d}", Subject=f"one of {module}")
    zoho.put(
        "DealHistory",
        "404427000000000901",
        Potential_Name={"name": "Deal 1", "id": deal(1)},
        Stage="Qualification",
        Moved_To__s="Closed Won",
        Stage_Duration_Calendar_Days="#12",
    )
    zoho.tick(3600)
