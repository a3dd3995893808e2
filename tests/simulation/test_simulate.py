"""`attain plan simulate` on the small company: a flat plan makes every figure one that can be worked out by hand."""

from __future__ import annotations

import hashlib
import json
from dataclasses import replace
from decimal import Decimal
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from attain.cli import main
from attain.errors import BadInput
from attain.ingest import contracts
from attain.plans.reading import read_plan
from attain.publish import release
from attain.settings import Settings
from attain.simulation import comparison, report, scenarios
from attain.simulation.comparison import Simulation
from attain.transform import candidate
from tests.transform.conftest import delivered_home

FLAT = """\
plan: team_sales
title: {{en: Team sales, zh: 团队销售}}
versions:
  - version: "{version}"
    valid_from: {start}
    currency: CNY
    assign:
      - role: {role}
    components:
      - component: commission
        title: {{en: Commission, zh: 提成}}
        basis: collected
        quota_kpi: collected_amount
        index: amount
        accumulate: quarter
        bands:
          - {{from: 0, rate: {rate}}}
"""


def flat(path: Path, rate: str, version: str = "2025", start: str = "2025-01-01", role: str = "AE") -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(FLAT.format(rate=rate, version=version, start=start, role=role), encoding="utf-8")
    return path


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    """The small company, its sellers paid a flat 5 %."""
    settings = delivered_home(tmp_path_factory.mktemp("simulation") / "home")
    flat(settings.plans_dir / "team_sales.yml", "5%")
    return settings


def tree(settings: Settings) -> dict[str, str]:
    """Every file of a home but the logs and what readers of SQLite share, with the hash of its bytes."""
    return {
        path.relative_to(settings.home).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(settings.home.rglob("*"))
        if path.is_file() and settings.logs not in path.parents and path.suffix != ".db-shm"
    }


@pytest.fixture(scope="module")
def doubled(home: Settings, tmp_path_factory: pytest.TempPathFactory) -> tuple[Simulation, dict[str, str]]:
    """A candidate that pays 10 % instead, with volume +10 %; and the home's files as they were before."""
    before = tree(home)
    file = flat(tmp_path_factory.mktemp("candidate") / "team_sales.yml", "10%")
    return comparison.simulate(home, file, "2026-01", "2026-03", volumes=(Decimal("0.1"), Decimal(0))), before


def test_twice_the_rate_costs_twice(doubled: tuple[Simulation, dict[str, str]]) -> None:
    found, _ = doubled
    assert found.costs
    assert {cost.plan_code for cost in found.costs} == {"team_sales"}
    assert all(cost.candidate_amount == 2 * cost.present_amount for cost in found.costs)
    assert {person.payee_id for person in found.people} == {"E1", "E2"}
    [total] = found.totals
    assert total.candidate_amount == 2 * total.present_amount > 0
    assert found.winners and not found.losers


def test_volume_changes_pay_in_proportion_under_a_flat_rate(doubled: tuple[Simulation, dict[str, str]]) -> None:
    found, _ = doubled
    today, more = found.sensitivity
    assert (today.volume, more.volume) == (Decimal(0), Decimal("0.1"))
    assert today.present_amount == found.totals[0].present_amount
    # Each line is rounded to the cent by itself.
    assert abs(more.present_amount - today.present_amount * Decimal("1.1")) < Decimal("0.10")
    assert abs(more.candidate_amount - 2 * more.present_amount) < Decimal("0.10")


def test_attainment_is_counted_by_window_and_the_same_on_both_sides(doubled: tuple[Simulation, dict[str, str]]) -> None:
    found, _ = doubled
    assert sum(bucket.present_count for bucket in found.attainment) == 2
    assert [bucket.present_count for bucket in found.attainment] == [
        bucket.candidate_count for bucket in found.attainment
    ]


def test_nothing_of_it_stays_in_the_home(home: Settings, doubled: tuple[Simulation, dict[str, str]]) -> None:
    assert tree(home) == doubled[1]
    assert not home.warehouse_file.exists()
    assert not list(home.releases.glob("*"))


def test_what_is_built_in_a_scratch_warehouse_is_never_published(home: Settings, tmp_path: Path) -> None:
    scratch = replace(home, scratch=tmp_path / "scratch")
    candidate.prepare(scratch)
    with pytest.raises(BadInput, match="a simulation is never published"):
        release.publish(scratch)
    assert not list(home.releases.glob("*"))


def test_the_page_and_the_terminal_tell_the_same_total(
    doubled: tuple[Simulation, dict[str, str]], tmp_path: Path
) -> None:
    found, _ = doubled
    page = tmp_path / "deep" / "simulation.html"
    report.write(found, page)
    text = page.read_text(encoding="utf-8")
    [total] = found.totals
    amount = f"{total.candidate_amount:,.2f}"
    assert amount in text
    assert "方案模拟" in text
    assert text.count("<svg") == 3
    assert amount in report.render(found, page)


def test_data_are_escaped_on_the_page(doubled: tuple[Simulation, dict[str, str]], tmp_path: Path) -> None:
    found, _ = doubled
    person = replace(found.people[0], full_name="<script>alert(1)</script>")
    report.write(replace(found, people=[person]), tmp_path / "page.html")
    assert "<script>" not in (tmp_path / "page.html").read_text(encoding="utf-8")


# -- what is refused


def type_in(home: Settings, *words: str) -> Result:
    environment = {"ATTAIN_HOME": str(home.home), "ATTAIN_PLANS": str(home.plans_dir)}
    return CliRunner(env=environment).invoke(main, ["plan", "simulate", *words])


@pytest.mark.parametrize(
    ("months", "said"),
    [
        (("2026-03", "2026-01"), "after --to"),
        (("2026", "2026-03"), "not two months"),
        (("2026-01", "2026-13"), "not two months"),
        (("2030-01", "2030-02"), "is not known yet"),
    ],
)
def test_months_that_cannot_be_are_refused(
    home: Settings, tmp_path: Path, months: tuple[str, str], said: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = flat(tmp_path / "candidate.yml", "10%")
    if said == "is not known yet":
        # The day that history goes to is known before anything is built.
        monkeypatch.setattr(scenarios.dbt, "build_layer", lambda *_: pytest.fail("nothing needs to be built"))
    answer = type_in(home, "--plan", str(file), "--from", months[0], "--to", months[1])
    assert answer.exit_code == 2
    assert said in answer.output


def test_a_candidate_with_errors_is_refused_with_its_line(home: Settings, tmp_path: Path) -> None:
    file = flat(tmp_path / "candidate.yml", "fast")
    answer = type_in(home, "--plan", str(file), "--from", "2026-01", "--to", "2026-03")
    assert answer.exit_code == 2
    assert "candidate.yml:17" in answer.output
    assert "nothing was simulated" in answer.output


def test_a_missing_file_is_named(home: Settings, tmp_path: Path) -> None:
    answer = type_in(home, "--plan", str(tmp_path / "no.yml"), "--from", "2026-01", "--to", "2026-03")
    assert answer.exit_code == 2
    assert "no.yml" in answer.output


def test_a_candidate_that_pays_other_plans_people_is_refused_before_anything_is_built(
    home: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(scenarios.dbt, "build_layer", lambda *_: pytest.fail("nothing needs to be built"))
    file = flat(tmp_path / "candidate.yml", "10%", role="Abroad AE")
    answer = type_in(home, "--plan", str(file), "--from", "2026-01", "--to", "2026-03", "--json")
    assert answer.exit_code == 2
    assert "abroad" in json.loads(answer.stdout.splitlines()[-1])["error"]


def test_a_version_of_the_future_needs_as_if(home: Settings, tmp_path: Path) -> None:
    file = flat(tmp_path / "candidate.yml", "10%", version="2027", start="2027-01-01")
    answer = type_in(home, "--plan", str(file), "--from", "2026-01", "--to", "2026-03")
    assert answer.exit_code == 2
    assert "--as-if 2027" in answer.output
    answer = type_in(home, "--plan", str(file), "--from", "2026-01", "--to", "2026-03", "--as-if", "2028")
    assert "no version '2028'" in answer.output


def test_as_if_keeps_every_number_as_written(tmp_path: Path) -> None:
    file = flat(tmp_path / "candidate.yml", "4.125%", version="2027", start="2027-01-01")
    days = comparison._days("2026-01", "2026-03")
    plan, text = scenarios.read_candidate(file, "2027", days)
    taken = tmp_path / "taken.yml"
    taken.write_text(text, encoding="utf-8")
    read, findings = read_plan(taken, tmp_path)
    assert not findings and read is not None
    [version] = read.versions
    assert (version.valid_from, version.valid_to) == (days.start, days.end)
    assert version.components[0].bands[0].rate == plan.versions[0].components[0].bands[0].rate == Decimal("0.04125")


def test_volume_grows_what_is_sold_and_nothing_else() -> None:
    grown = scenarios.sold_columns(contracts.feeds())
    assert "amount" in grown["stg_zoho_crm__deals"]
    assert "amount" in grown["stg_finance__receipts"]
    assert not [model for model in grown if model.startswith("stg_hr__") or "fx_rates" in model or "payments" in model]
