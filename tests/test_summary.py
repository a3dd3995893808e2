"""The end of `make run`: it tells what happened, fits a terminal, and says what to type next."""

from __future__ import annotations

import dataclasses
from datetime import date, datetime
from pathlib import Path

import pytest
from rich.cells import cell_len

from attain import summary
from attain.control.models import Delivery
from attain.ingest.deliveries import DeliveryResult, FileResult, IngestReport
from attain.ingest.landing import RefusedRow
from attain.pipeline import RunReport
from attain.publish import release
from attain.quality.results import CheckResult, Verdict
from attain.quality.verdict import load_verdict
from attain.settings import Settings
from attain.transform.candidate import Candidate, load_candidate
from tests.publish.conftest import (  # noqa: F401  (fixtures)
    empty_control_database,
    make_candidate,
    published,
    published_home,
)

# ruff: noqa: F811  (a fixture is imported once and named by each test that uses it)


def delivered(feed: str, loaded: int, quarantined: int = 0) -> DeliveryResult:
    row = RefusedRow(9, "amount", "=1+1", "金额: not a number", "write it like 1234.50", "{}")
    return DeliveryResult(
        delivery_id=f"d-{feed}",
        feed=feed,
        rows_in_file=loaded + quarantined,
        rows_loaded=loaded,
        rows_quarantined=quarantined,
        rows_declared_totals=0,
        rows_not_for_feed=0,
        quarantine_samples=[row][:quarantined],
    )


INGESTED = [
    IngestReport(
        "finance",
        [
            FileResult("finance/receipts/收款单.csv", "committed", [delivered("receipts", 12_345, 2)]),
            FileResult("finance/receipts/收款单 - 副本.csv", "duplicate"),
            FileResult("finance/receipts/broken.csv", "rejected", reason="no column 'amount'", remedy="add the column"),
        ],
    ),
    IngestReport("hr", []),
    IngestReport(
        "jiandaoyun_crm", [FileResult("jiandaoyun_crm/contracts/合同.xlsx", "committed", [delivered("x", 5)])]
    ),
]


def must_fit(text: str) -> None:
    lines = text.split("\n")
    assert len(lines) <= summary.MAX_LINES
    assert max(cell_len(line) for line in lines) <= summary.WIDTH
    assert "\x1b" not in text


@pytest.fixture(autouse=True)
def at_home(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    """Stand in the home: the paths of a test's own folder are longer than a terminal is wide."""
    settings.home.mkdir()
    monkeypatch.chdir(settings.home)


@pytest.fixture
def report(published: Settings) -> RunReport:
    """What a run tells that has just published."""
    made = dataclasses.replace(release.publish(published), cause="publish")
    return RunReport(INGESTED, load_candidate(published), load_verdict(published), made)


def test_a_published_run(settings, report) -> None:
    text = summary.render(settings, report)
    must_fit(text)
    for part in (
        f"attain: published release {report.candidate.release_id}",
        "2 quarantined  1 duplicate  1 rejected",
        "rejected     finance/receipts/broken.csv: no column 'amount'",
        "do: add the column",
        "1 × not a number — e.g. 收款.csv row 9 ('=1+1')",
        "1 × owner unknown — 99.99 USD; map the owner",
        "passed: 2 of 4 checks (critical 2/2, warning 0/1, info 0/1)",
        "warning: kpi.dim_customer: blank, 3 rows — no customer",
        "as of 2026-03-31",
        "payouts.xlsx",
        "next         open ",
    ):
        assert part in text, part
    assert "hr" not in [line.split()[0] for line in text.split("\n") if line.strip()]


def test_the_headline_says_both_releases_after_a_rollback(settings, published) -> None:
    current = str(release.current_release_id(published))
    taken_back = f"20260401-{'f' * 12}"
    candidate = Candidate("f" * 12, "f" * 64, taken_back, date(2026, 4, 1), "1", [], is_new=False)
    text = summary.render(settings, RunReport(candidate=candidate))
    must_fit(text)
    assert f"{current} stays current, {taken_back} was rolled back" in text


def test_references_that_lead_nowhere_are_said(settings, report) -> None:
    text = summary.render(settings, report)
    must_fit(text)
    assert "15 references lead nowhere" in text
    assert "12 × deal→product: 'GTXPro', is it 'GTX Pro'?" in text
    assert "3 × deal→customer: blank" in text


def test_money_is_that_of_the_release_and_aligned(settings, report) -> None:
    lines = summary.render(settings, report).split("\n")
    start = next(number for number, line in enumerate(lines) if line.startswith("payable 应付"))
    block = lines[start : start + 4]
    assert [line.split()[-4:] for line in block] == [
        ["2026-03", "held", "all", "months"],
        ["CNY", "300.30", "0.00", "12,645.97"],
        ["JPY", "12,000", "0", "12,000"],
        ["USD", "0.00", "99.99", "0.00"],
    ]
    assert len({cell_len(line) for line in block}) == 1


def test_sources_are_aligned_whatever_their_letters(settings, report) -> None:
    report.ingested[2].source_system = "简道云"
    lines = [line for line in summary.render(settings, report).split("\n") if " rows" in line and "file" in line]
    report.ingested[2].source_system = "jiandaoyun_crm"
    assert len(lines) == 2
    assert len({cell_len(line[: line.index(" rows")]) for line in lines}) == 1


def test_nothing_new(settings, report) -> None:
    text = summary.render(settings, RunReport([IngestReport("finance", [])], report.candidate))
    must_fit(text)
    assert f"nothing new: release {report.candidate.release_id} is current, published from 1 delivery" in text
    assert "came in" not in text
    assert "12,645.97" in text


def failed(number: int, scope: str = "table") -> CheckResult:
    return CheckResult(
        name=f"refunds_are_negative_{number}",
        kind="dbt",
        severity="critical",
        scope=scope,
        outcome="failed",
        failures=7,
        owner="finance",
        reason="a refund that adds money pays commission for money that was given back",
        remedy="ask finance for the export again",
        table="incentive.fct_credit_line",
        sample_rows=[{"file_name": "finance/receipts/收款单.csv", "row_number": 41, "document_id": "D-1"}] * 3,
        payees=["E1", "E2"],
        deliveries=["0123456789abcdef0123456789abcdef01234567"],
        money={"CNY": "1234.50"},
    )


@pytest.mark.parametrize("failures", [1, 12])
def test_a_refused_run(settings, report, make_candidate, failures: int) -> None:
    made = make_candidate(settings, of="bad")
    results = [failed(number) for number in range(failures)]
    refused = Verdict(
        **{
            **made.verdict.__dict__,
            "is_refused": True,
            "refusals": [f"{result.table}: {result.name} failed" for result in results],
            "results": results,
        }
    )
    text = summary.render(settings, RunReport(INGESTED, made.candidate, refused))
    must_fit(text)
    for part in (
        f"REFUSED by the quality gate: candidate {made.candidate.release_id} is not published",
        "incentive.fct_credit_line: refunds_are_negative_0",
        "finance/receipts/收款单.csv",
        "41, document D-1",
        "payees  E1, E2",
        "earned  1,234.50 CNY in all",
        "ask finance for the export again",
        "attain withdraw 0123456789abcdef0123456789abcdef01234567",
        f"release {report.candidate.release_id}, as before",
        "verdict.json",
        "then run again",
    ):
        assert part in text.replace("\n          ", " "), part
    assert "payable" not in text


def test_the_money_of_a_refusal_is_never_cut(settings, report, make_candidate) -> None:
    made = make_candidate(settings, of="bad")
    people = {f"HT0000{number}": "Alexandra Featherstonehaugh" for number in range(5)}
    money = {"CNY": "728067.35", "USD": "16948.64"}
    result = dataclasses.replace(failed(0), payees=list(people), payee_names=people, money=money)
    refused = dataclasses.replace(made.verdict, is_refused=True, refusals=["no"], results=[result])
    text = summary.render(settings, RunReport(INGESTED, made.candidate, refused))
    must_fit(text)
    assert "earned  728,067.35 CNY, 16,948.64 USD in all" in text


def test_nothing_was_ever_delivered(settings) -> None:
    text = summary.render(settings, RunReport())
    must_fit(text)
    assert "nothing to publish" in text
    assert "attain demo" in text


def test_a_summary_that_is_too_long_keeps_its_end(settings, report) -> None:
    bad = FileResult("x" * 300, "rejected", reason="bad " * 60, remedy="mend it " * 40)
    report.ingested = [IngestReport(f"source {number}", [bad] * 3) for number in range(9)]
    text = summary.render(settings, report)
    must_fit(text)
    assert len(text.split("\n")) == summary.MAX_LINES
    assert any("attain --help" in line for line in text.split("\n")[-2:])


def test_ingest_alone(settings) -> None:
    text = summary.render_ingest(settings, INGESTED)
    for part in ("12,345 rows", "finance/receipts/收款单.csv row 9: 金额: not a number", "write it like", "attain run"):
        assert part in text, part
    must_fit(text)
    assert "nothing new" in summary.render_ingest(settings, [IngestReport("hr", [])])
    only_bad = [IngestReport("finance", [INGESTED[0].files[2]])]
    assert "mend the rejected files" in summary.render_ingest(settings, only_bad)


def test_releases_are_listed_with_the_current_one_marked(published, settings, make_candidate) -> None:
    assert "no release yet" in summary.render_releases(settings, [])
    first = release.publish(published)
    make_candidate(settings, of="second")
    second = release.publish(settings)
    release.rollback(settings, first.release_id, "zhang")
    lines = summary.render_releases(settings, release.releases(settings)).split("\n")
    assert lines[1].startswith(f"   {second.release_id}  2026-03-31")
    assert lines[2].startswith(f"→  {first.release_id}  2026-03-31")
    assert lines[2].endswith("12,645.97 CNY, 12,000 JPY, 0.00 USD  rolled back to by zhang")


def test_deliveries_are_listed() -> None:
    assert summary.render_deliveries([]) == "nothing was delivered yet"
    common = {"source_system": "finance", "feed": "receipts", "rows_quarantined": 1, "horizon_date": date(2026, 1, 1)}
    when = datetime(2026, 1, 2)
    text = summary.render_deliveries(
        [
            Delivery(
                delivery_id="a1", file_name="收款.csv", status="committed", rows_loaded=1234, received_at=when, **common
            ),
            Delivery(delivery_id="b2", file_name="b.csv", status="withdrawn", rows_loaded=5, reason="wrong", **common),
        ]
    )
    assert text.split("\n")[1].split() == ["a1", "finance", "receipts", "1,234", "1", "committed", "收款.csv"]
    assert text.split("\n")[2].endswith("withdrawn  b.csv (wrong)")


def test_paths_are_as_short_as_they_can_be_typed(settings, report, monkeypatch) -> None:
    assert "open releases/current/report.html" in summary.render(settings, report)
    monkeypatch.chdir(Path("/"))
    assert f"open {str(settings.home)[1:]}/releases/current/report.html" in summary.render(settings, report)
