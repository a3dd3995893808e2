"""One person and one customer across systems, on the published tables and the command line, with and without files."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import duckdb
import pytest
from click.testing import CliRunner

from attain.cli import main
from attain.errors import BadInput
from attain.settings import Settings
from attain.transform import candidate, dbt
from tests.transform.landing import land

EXTRACTED = datetime(2026, 4, 1, 2, 0, tzinfo=UTC)
TAX, OTHER_TAX = "91350100M000100Y43", "91110000600037341L"


def deal(number: str, day: date, **columns: Any) -> dict[str, Any]:
    return {
        "deal_id": number, "stage": "Closed Won", "amount": "100", "currency_code": "CNY", "closing_date": day,
        "created_at": datetime(2026, 1, 1), "modified_at": datetime(2026, 3, 30), **columns,
    }  # fmt: skip


def deliver(settings: Settings) -> None:
    """One customer by tax number, one by name, twins of two tax numbers; a rehired person; a shared login."""
    feeds: list[tuple[str, str, list[dict[str, Any]]]] = [
        (
            "hr",
            "employees",
            [
                {"employee_id": "E1", "full_name": "Ann Li", "email": "ann@x.example", "leave_date": date(2026, 1, 31)},
                {"employee_id": "E9", "full_name": "Ann Li", "email": "ann@x.example", "hire_date": date(2026, 3, 1)},
                {"employee_id": "E2", "full_name": "Bo Wang", "email": "bo@x.example"},
            ],
        ),
        (
            "zoho_crm",
            "users",
            [
                {"user_id": "u1", "full_name": "Ann", "email": "ann@x.example"},
                {"user_id": "u2", "full_name": "Bo", "email": "bo@x.example", "user_status": "DISABLED"},
                {"user_id": "u3", "full_name": "Front desk", "email": "desk@x.example"},
            ],
        ),
        (
            "zoho_crm",
            "accounts",
            [
                {"account_id": "a1", "account_name": "Jia Shanghai", "tax_id": TAX, "owner_id": "u2"},
                {"account_id": "a2", "account_name": "乙贸易", "industry": "Retail", "owner_id": "u2"},
                {"account_id": "a3", "account_name": "丙（上海）有限公司", "tax_id": OTHER_TAX},
            ],
        ),
        (
            "zoho_crm",
            "deals",
            [
                deal("D1", date(2026, 1, 10), owner_id="u1", account_id="a1"),
                deal("D2", date(2026, 3, 10), owner_id="u1", account_id="a2"),
                deal("D3", date(2026, 3, 11), owner_id="u3", account_name="丁公司"),
                deal("D4", date(2026, 3, 12), owner_id="u2", account_id="a3"),
            ],
        ),
        (
            "jiandaoyun_crm",
            "customers",
            [
                {"customer_no": "C1", "customer_name": "甲（上海）有限公司", "tax_id": TAX, "region": "华东"},
                {"customer_no": "C2", "customer_name": "乙贸易有限公司", "owner_name": "Bo Wang"},
                {"customer_no": "C3", "customer_name": "丙(上海)有限公司", "tax_id": TAX[:-2] + "00"},
                {"customer_no": "C4", "customer_name": "丙（北京）有限公司"},
            ],
        ),
        (
            "jiandaoyun_crm",
            "contracts",
            [
                {
                    "contract_no": f"K{number}", "customer_no": f"C{number}", "owner_name": "Bo Wang", "amount": "50",
                    "signed_date": date(2026, 3, 20), "currency_code": "CNY", "flow_status": "approved",
                }
                for number in (1, 2, 3)
            ],
        ),
        (
            "finance",
            "invoices",
            [
                {
                    "invoice_no": "I1", "document_no": "D1", "customer_name": "甲(上海)有限责任公司", "amount": "100",
                    "invoice_date": date(2026, 3, 21), "currency_code": "CNY", "invoice_status": "issued",
                },
                {
                    "invoice_no": "I2", "document_no": "K2", "customer_no": "C2", "customer_name": "乙", "amount": "50",
                    "invoice_date": date(2026, 3, 21), "currency_code": "CNY", "invoice_status": "issued",
                },
                {
                    "invoice_no": "I3", "customer_name": "丙（上海）公司二部", "customer_tax_id": OTHER_TAX,
                    "amount": "7", "invoice_date": date(2026, 3, 21), "currency_code": "CNY",
                    "invoice_status": "issued",
                },
            ],
        ),
    ]  # fmt: skip
    for source, feed, rows in feeds:
        land(settings, source, feed, rows, extracted_at=EXTRACTED)


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    """Delivered and built without identity files."""
    root = tmp_path_factory.mktemp("identities")
    settings = Settings.from_environment(
        {"ATTAIN_HOME": str(root / "home"), "ATTAIN_PLANS": str(root / "plans"), "ATTAIN_IDENTITIES": str(root / "who")}
    )
    deliver(settings)
    return build(settings)


@pytest.fixture(scope="module")
def told(home: Settings, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Settings]:
    """The same deliveries, with files; the warehouse of the first build is put back afterwards."""
    folder = tmp_path_factory.mktemp("told")
    (folder / "people.csv").write_text(
        "source_system,reference,employee_id,valid_from,note\n"
        "zoho_crm,u1,E1,,before she left\nzoho_crm,u1,E9,2026/3/1,after she came back\nzoho_crm,u3,HOUSE,,shared\n",
        encoding="utf-8-sig",
    )
    (folder / "customers.csv").write_bytes(
        "来源系统,原值,客户,备注\nzoho_crm,丁公司,jiandaoyun_crm:C4,改名\njiandaoyun_crm,C3,zoho_crm:a3,税号填错\n".encode(
            "gb18030"
        )
    )
    before = home.warehouse_file.read_bytes()
    yield build(replace(home, identities_dir=folder))
    home.warehouse_file.write_bytes(before)


def build(settings: Settings) -> Settings:
    prepared = candidate.prepare(settings)
    for layer in dbt.SELECTIONS:
        dbt.build_layer(settings, layer, prepared.run_id)
    return settings


def rows(settings: Settings, query: str) -> list[tuple[Any, ...]]:
    with duckdb.connect(str(settings.warehouse_file), read_only=True) as connection:
        return connection.execute(query).fetchall()


BRIDGE = """
    select source_record_id, customer_id, match_kind, cast(match_confidence as varchar), match_status
    from kpi.bridge_customer_source order by all
"""
CREDITED = """
    select document_id, employee_id, owner_match, customer_id from incentive.fct_credit_line
    where basis = 'booked' order by all
"""


def test_one_customer_has_one_row_and_says_what_it_is_made_of(home: Settings) -> None:
    assert rows(home, BRIDGE) == [
        ("jiandaoyun_crm:C1", "jiandaoyun_crm:C1", "own_record", "1.00", "matched"),
        ("jiandaoyun_crm:C2", "jiandaoyun_crm:C2", "own_record", "1.00", "matched"),
        ("jiandaoyun_crm:C3", "jiandaoyun_crm:C3", "own_record", "1.00", "ambiguous"),
        ("jiandaoyun_crm:C4", "jiandaoyun_crm:C4", "own_record", "1.00", "matched"),
        ("zoho_crm:a1", "jiandaoyun_crm:C1", "tax_id", "0.99", "matched"),
        ("zoho_crm:a2", "jiandaoyun_crm:C2", "normalised_name", "0.80", "matched"),
        ("zoho_crm:a3", "zoho_crm:a3", "own_record", "1.00", "ambiguous"),
    ]
    assert rows(
        home,
        "select customer_id, owner_employee_id, industry, region, tax_id, record_count,"
        " cast(match_confidence as varchar) from kpi.dim_customer where record_count > 1 order by all",
    ) == [
        ("jiandaoyun_crm:C1", "E2", None, "华东", TAX, 2, "0.99"),
        ("jiandaoyun_crm:C2", "E2", "Retail", None, None, 2, "0.80"),
    ]


def test_what_nobody_knows_is_nobodys_and_nothing_is_lost(home: Settings) -> None:
    assert rows(home, CREDITED) == [
        ("D1", "HOUSE", "ambiguous", "jiandaoyun_crm:C1"),
        ("D2", "HOUSE", "ambiguous", "jiandaoyun_crm:C2"),
        ("D3", "HOUSE", "unknown", "UNKNOWN"),
        ("D4", "E2", "user_email", "zoho_crm:a3"),
        ("K1", "E2", "full_name", "jiandaoyun_crm:C1"),
        ("K2", "E2", "full_name", "jiandaoyun_crm:C2"),
        ("K3", "E2", "full_name", "jiandaoyun_crm:C3"),
    ]


def test_names_and_numbers_in_finance_lead_to_the_customer(home: Settings) -> None:
    assert rows(
        home,
        "select reference, canonical_id, match_kind, match_status, amount from audit.identity_match"
        " where feed = 'invoices' order by all",
    ) == [
        ("丙（上海）公司二部", "zoho_crm:a3", "tax_id", "matched", 7),
        ("乙", "jiandaoyun_crm:C2", "code", "matched", 50),
        ("甲(上海)有限责任公司", "jiandaoyun_crm:C1", "normalised_name", "matched", 100),
    ]


def test_a_customer_of_both_crms_is_new_once(home: Settings) -> None:
    """甲 was won as D1, 乙 as D2, both by nobody known; K1 and K2 of the same customers are not new any more."""
    assert rows(
        home,
        "select employee_id, actual_value from kpi.fct_kpi_employee_period"
        " where kpi_code = 'new_customers' and period_type = 'year' and actual_value <> 0 order by all",
    ) == [("E2", 2), ("HOUSE", 2)]


def test_the_list_can_be_pasted_into_the_files(home: Settings, tmp_path: Path) -> None:
    runner = CliRunner(env={"ATTAIN_HOME": str(home.home), "ATTAIN_IDENTITIES": str(tmp_path)})
    people = runner.invoke(main, ["identities", "list", "--unmatched", "people"])
    assert people.exit_code == 0, people.output
    listed = list(csv.DictReader(io.StringIO(people.output)))
    assert [(row["source_system"], row["reference"], row["employee_id"]) for row in listed] == [
        ("zoho_crm", "u1", ""),
        ("zoho_crm", "u3", ""),
    ]
    assert "perhaps E1 / E9" in listed[0]["note"]
    assert "200.00 CNY" in listed[0]["note"]
    customers = runner.invoke(main, ["identities", "list", "--unmatched", "customers"])
    found = {row["reference"]: row["note"] for row in csv.DictReader(io.StringIO(customers.output))}
    assert set(found) == {"丁公司", "C3", "a3"}
    assert "perhaps zoho_crm:a3 丙（上海）有限公司" in found["C3"]
    assert "100.00 CNY" in found["丁公司"]
    (tmp_path / "people.csv").write_text(people.output.replace(",,,", ",E2,,"), encoding="utf-8")
    assert runner.invoke(main, ["identities", "check"]).exit_code == 0


def test_the_files_decide(told: Settings) -> None:
    assert rows(told, CREDITED) == [
        ("D1", "E1", "explicit", "jiandaoyun_crm:C1"),
        ("D2", "E9", "explicit", "jiandaoyun_crm:C2"),
        ("D3", "HOUSE", "explicit", "jiandaoyun_crm:C4"),
        ("D4", "E2", "user_email", "zoho_crm:a3"),
        ("K1", "E2", "full_name", "jiandaoyun_crm:C1"),
        ("K2", "E2", "full_name", "jiandaoyun_crm:C2"),
        ("K3", "E2", "full_name", "zoho_crm:a3"),
    ]
    assert ("jiandaoyun_crm:C3", "zoho_crm:a3", "explicit", "1.00", "matched") in rows(told, BRIDGE)
    assert not rows(told, "select * from audit.identity_match where match_status in ('ambiguous', 'unmatched')")
    assert not rows(told, "select * from audit.coverage where relation like '%owner' and outcome = 'unknown'")


def test_the_files_are_inputs_of_the_release(home: Settings, tmp_path: Path) -> None:
    settings = replace(home, identities_dir=tmp_path, home=tmp_path / "home")
    settings = replace(settings, control_dsn=f"sqlite:///{settings.home / 'control.db'}")
    land(settings, "zoho_crm", "deals", [deal("D1", date(2026, 3, 1))], extracted_at=EXTRACTED)
    first = candidate.prepare(settings)
    (tmp_path / "people.csv").write_text("source_system,reference,employee_id\n*,Ann,E2\n", encoding="utf-8")
    second = candidate.prepare(settings)
    assert first.fingerprint != second.fingerprint
    assert rows(settings, "select reference, employee_id from control.identity_person") == [("Ann", "E2")]
    (tmp_path / "people.csv").write_text("source_system,reference,employee_id\n*,Ann,\n", encoding="utf-8")
    with pytest.raises(BadInput, match=r"people\.csv:2: employee_id is blank"):
        candidate.prepare(settings)
