"""Mappings: original files of an unknown system, and what is said about a mapping that can't be used."""

from __future__ import annotations

import shutil
from dataclasses import replace
from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest

from attain.errors import BadInput
from attain.ingest import deliveries, mappings
from attain.settings import Settings
from tests.ingest.exports import drop, ingest, rows

MAPPING = """
title: Old CRM
owner: sales-operations
date_format: '%d/%m/%Y'
decimal: ','
files:
  - name: orders*.csv
    feeds:
      - feed: zoho_crm.deals
        columns:
          {deal_id: No, stage: State, amount: Value, closing_date: Closed, owner_name: Seller, created_at: Opened}
        constants: {currency_code: EUR}
        values: {stage: {W: Closed Won, L: Closed Lost}}
        where_not: {State: [test]}
        horizon: [closing_date]
  - name: people.csv
    feeds:
      - feed: hr.employees
        columns: {employee_id: seller, full_name: seller}
      - feed: hr.employees
        columns: {employee_id: boss, full_name: boss}
        distinct: true
      - feed: hr.reporting_lines
        columns: {employee_id: seller, manager_id: boss}
  - name: readme.csv
    ignore: true
    reason: It holds no record.
"""
ORDERS = b"""No;State;Seller;Value;Opened;Closed;Note
1;W;Ana;1.234,50;03/04/2025;05/04/2025;x
2;l;Bo;10;04/04/2025;30/04/2025;
3;TEST;Bo;9;04/04/2025;;
4;W;Bo;1.5;04/04/2025;;
"""
PEOPLE = b"seller,boss\nAna,Cy\nBo,Cy\nCy,\n"


@pytest.fixture
def mapped(settings: Settings, tmp_path: Path) -> Settings:
    folder = tmp_path / "mappings"
    folder.mkdir()
    (folder / "old_crm.yml").write_text(MAPPING, encoding="utf-8")
    return replace(settings, mappings_dir=folder)


def test_original_files_become_deliveries(mapped: Settings) -> None:
    drop(mapped, "old_crm/export/Orders_2025-05-01.CSV", ORDERS)
    drop(mapped, "old_crm/people.csv", PEOPLE)
    drop(mapped, "old_crm/readme.csv", b"hello\n")
    drop(mapped, "old_crm/orderz.csv", ORDERS)
    results = {Path(result.file_name).name: result for result in ingest(mapped, "old_crm").files}
    assert {name: result.outcome for name, result in results.items()} == {
        "Orders_2025-05-01.CSV": "committed",
        "people.csv": "committed",
        "readme.csv": "ignored",
        "orderz.csv": "rejected",
    }
    assert "did you mean 'orders*.csv'" in (results["orderz.csv"].reason or "")
    (orders,) = results["Orders_2025-05-01.CSV"].deliveries
    assert (orders.rows_in_file, orders.rows_loaded, orders.rows_quarantined, orders.rows_not_for_feed) == (4, 2, 1, 1)
    assert orders.extra_columns == ["Note"]
    assert rows(mapped, "zoho_crm__deals", "deal_id, stage, amount, currency_code, closing_date, _source_system") == [
        ("1", "Closed Won", Decimal("1234.50"), "EUR", date(2025, 4, 5), "old_crm"),
        ("2", "Closed Lost", Decimal("10.00"), "EUR", date(2025, 4, 30), "old_crm"),
    ]
    assert [delivery.horizon_date for delivery in deliveries.list_deliveries(mapped)] == [
        None,
        None,
        None,
        date(2025, 4, 30),
    ]
    first, second, lines = results["people.csv"].deliveries
    assert (first.rows_loaded, first.rows_not_for_feed) == (3, 0)
    assert (second.rows_loaded, second.rows_not_for_feed) == (1, 2)
    assert lines.rows_loaded == 3
    assert rows(mapped, "hr__employees", "employee_id") == [("Ana",), ("Bo",), ("Cy",), ("Cy",)]
    assert rows(mapped, "hr__reporting_lines", "employee_id, manager_id, valid_from") == [
        ("Ana", "Cy", date(1900, 1, 1)),
        ("Bo", "Cy", date(1900, 1, 1)),
        ("Cy", None, date(1900, 1, 1)),
    ]


def test_a_changed_mapping_reads_the_same_bytes_anew(mapped: Settings) -> None:
    drop(mapped, "old_crm/orders.csv", ORDERS)
    ingest(mapped, "old_crm")
    drop(mapped, "old_crm/orders.csv", ORDERS)
    assert [result.outcome for result in ingest(mapped, "old_crm").files] == ["duplicate"]
    path = mapped.mappings_dir / "old_crm.yml"
    path.write_text(path.read_text(encoding="utf-8").replace("EUR", "USD"), encoding="utf-8")
    drop(mapped, "old_crm/orders.csv", ORDERS)
    assert [result.outcome for result in ingest(mapped, "old_crm").files] == ["committed"]


def test_a_header_that_the_mapping_names_is_missing(mapped: Settings) -> None:
    drop(mapped, "old_crm/orders.csv", ORDERS.replace(b"Value", b"Values"))
    (result,) = ingest(mapped, "old_crm").files
    assert result.outcome == "rejected"
    assert "'Values' take its place" in (result.reason or "")
    assert "mapping old_crm" in (result.remedy or "")


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ("title: Old CRM", "titel: Old CRM", r"does not know 'titel'; did you mean 'title'"),
        (
            "feed: zoho_crm.deals",
            "feed: zoho_crm.deal",
            r"files\[1\]\.feeds\[1\]\.feed: .*did you mean 'zoho_crm.deals'",
        ),
        ("amount: Value", "amont: Value", r"columns\.amont: .*did you mean 'amount'"),
        ("deal_id: No, ", "", r"zoho_crm\.deals needs deal_id"),
        ("constants: {currency_code: EUR}", "constants: {amount: 1}", r"constants\.amount: is mapped to a header"),
        ("values: {stage", "values: {deal_type", r"values\.deal_type: has meanings"),
        ("horizon: [closing_date]", "horizon: [stage]", r"'stage' is no date"),
        ("reason: It holds no record.", "", r"without a `reason`"),
        ("decimal: ','", "decimal: x", r"decimal: is 'x'"),
        ("'%d/%m/%Y'", "dd/mm/yyyy", r"date_format: 'dd/mm/yyyy' is no format"),
        ("owner: sales-operations", "timezone: Mars", r"timezone: 'Mars'"),
        ("files:", "files: []\nfile:", r"does not know 'file'"),
        ("owner: sales-operations", "owner: [", r"is not YAML"),
        ("stage: State", "stage: ", r"columns\.stage: is empty"),
    ],
)
def test_a_mapping_that_cannot_be_used(mapped: Settings, old: str, new: str, says: str) -> None:
    assert old in MAPPING
    (mapped.mappings_dir / "old_crm.yml").write_text(MAPPING.replace(old, new, 1), encoding="utf-8")
    path = drop(mapped, "old_crm/orders.csv", ORDERS)
    with pytest.raises(BadInput, match=r"mapping old_crm\.yml: .*" + says):
        deliveries.ingest_source(mapped, "old_crm")
    assert path.exists()


def test_a_mapping_may_not_take_a_sources_name(mapped: Settings) -> None:
    (mapped.mappings_dir / "hr.yml").write_text(MAPPING, encoding="utf-8")
    with pytest.raises(BadInput, match="call it otherwise"):
        mappings.load(mapped, "hr")


def test_suggestion_is_a_draft_of_the_real_thing(mapped: Settings) -> None:
    drop(mapped, "foo/deals.csv", b"Opportunity Id,Deal Stage,Close Value,Colour\n1,Won,5,red\n")
    draft = mappings.suggest(mapped, "foo")
    assert "feed: zoho_crm.deals" in draft
    assert "stage: Deal Stage" in draft
    assert "amount: Close Value" in draft
    assert "Colour" in draft
    drop(mapped, "bar/staff.csv", "工号,姓名,岗位,入职日期\n1,林,销售,2025-01-01\n".encode())
    (mapped.mappings_dir / "bar.yml").write_text(mappings.suggest(mapped, "bar"), encoding="utf-8")
    assert ingest(mapped, "bar").committed == 1
    assert rows(mapped, "hr__employees", "employee_id, full_name, role, hire_date") == [
        ("1", "林", "销售", date(2025, 1, 1))
    ]


def test_suggestion_speaks_the_words_of_other_systems(mapped: Settings) -> None:
    drop(mapped, "foo/opps_2025.csv", b"Opp ID;Rep;Customer;Status;Value;Won On;Opened\n1;Ann;Foo;Won;5;2025-01-02;\n")
    draft = mappings.suggest(mapped, "foo")
    for line in (
        "feed: zoho_crm.deals",
        "deal_id: Opp ID",
        "owner_name: Rep",
        "account_name: Customer",
        "stage: Status",
        "amount: Value",
        "closing_date: Won On",
        "created_at: Opened",
        "currency_code:  # needed",
        "stage:  # needed",
    ):
        assert line in draft
    (mapped.mappings_dir / "foo.yml").write_text(draft, encoding="utf-8")
    with pytest.raises(BadInput, match=r"foo\.yml"):
        mappings.load_mappings(mapped)


@pytest.mark.parametrize("folder", ["nowhere", "empty"])
def test_no_suggestion_for_nothing(mapped: Settings, folder: str) -> None:
    (mapped.inbox / "empty").mkdir(parents=True)
    with pytest.raises(BadInput):
        mappings.suggest(mapped, folder)


def test_shipped_mappings_can_be_used(settings: Settings) -> None:
    assert "maven_crm_sales" in mappings.load_mappings(settings)


def test_public_data_set_loses_nothing(settings: Settings, public_data: Path) -> None:
    source = public_data / "maven_crm_sales"
    if not source.is_dir():
        pytest.skip("the public CRM sales data set is not here; the README says where it can be had")
    target = settings.inbox / "maven_crm_sales"
    target.mkdir(parents=True)
    for path in source.iterdir():
        shutil.copyfile(path, target / path.name)
    report = ingest(settings, "maven_crm_sales")
    assert report.rejected == 0, [result.reason for result in report.files]
    counts = {
        Path(result.file_name).name: [(landed.feed, landed.rows_loaded) for landed in result.deliveries]
        for result in report.files
    }
    assert counts["sales_pipeline.csv"] == [("zoho_crm.deals", 8800)]
    assert counts["accounts.csv"] == [("zoho_crm.accounts", 85)]
    assert counts["products.csv"] == [("zoho_crm.products", 7)]
    assert counts["sales_teams.csv"] == [("hr.employees", 35), ("hr.employees", 6), ("hr.reporting_lines", 35)]
    assert sum(result.rows_quarantined for result in report.files) == 0
    won = [
        row[0] for row in rows(settings, "zoho_crm__deals", "case when stage = 'Closed Won' then amount end") if row[0]
    ]
    assert sum(won) == Decimal("10005534.00")
    blank = rows(settings, "zoho_crm__deals", "account_name is null")
    assert blank.count((True,)) == 1425
    assert max(delivery.horizon_date or date.min for delivery in deliveries.list_deliveries(settings)) == date(
        2017, 12, 31
    )
