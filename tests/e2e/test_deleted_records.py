"""Deleted records through the whole job: full snapshots, marks, and files out of order, seen in what is published."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import pytest

from attain.settings import Settings
from tests.e2e.conftest import attain, query
from tests.ingest.exports import deal, deals, drop

PLAN = """\
plan: booked_deals
title: {en: Booked deals, zh: 签约提成}
versions:
  - version: "1"
    valid_from: 2025-01-01
    currency: CNY
    assign:
      - role: AE
    components:
      - component: commission
        title: {en: Commission, zh: 提成}
        basis: booked
        quota_kpi: booked_amount
        index: amount
        accumulate: month
        bands:
          - {from: 0, rate: 10%}
"""


@dataclass(frozen=True)
class Story:
    """A home after two runs, and what was told on the way.

    Attributes:
        between: a moment (UTC) at which the first wave of files had been received and the second had not.
        first: what the first release paid for each deal.
    """

    home: Path
    between: datetime
    first: dict[int, Decimal]


def paid(home: Path) -> dict[int, Decimal]:
    """Commission of each deal by the number in its key, in the current release."""
    return by_number(query(home, PAID))


PAID = "select document_id, sum(earned_amount) from incentive.fct_earning_line group by document_id"


def by_number(rows: Sequence[tuple[Any, ...]]) -> dict[int, Decimal]:
    return {int(document[-4:]): amount for document, amount in rows}


def key(number: int) -> str:
    return deal(number).split(",")[0].removeprefix("zcrm_")


@pytest.fixture(scope="module")
def story(tmp_path_factory: pytest.TempPathFactory) -> Story:
    """A company of one: a full list of eight deals is published; then come, the newest first, a list that lacks four
    of them, a mark that one is deleted, a list that lacks one, and an old file of what the lists had left behind."""
    home = tmp_path_factory.mktemp("deleted") / "home"
    settings = Settings.from_environment({"ATTAIN_HOME": str(home)})
    (home / "plans").mkdir(parents=True)
    (home / "plans" / "booked_deals.yml").write_text(PLAN, encoding="utf-8")
    drop(
        settings,
        "hr/employees/Employees.csv",
        b"Employee Id,Full Name,Role,Hire Date\nE1,Mei Lin,AE,2025-01-01\n",
    )

    def said(day: str, mode: str, content: bytes) -> None:
        name = f"zoho_crm/deals/Deals_{day}.csv"
        drop(settings, f"{name}.manifest.json", json.dumps({"mode": mode}).encode())
        drop(settings, name, content)

    def run() -> None:
        done = attain(home, "run", ATTAIN_PLANS=str(home / "plans"))
        assert done.returncode == 0, done.stdout + done.stderr

    said("2026_02_01", "snapshot", deals(*(deal(number, f"{number}00.00") for number in range(1, 9))))
    run()
    first = paid(home)
    told = json.loads(attain(home, "--json", "deliveries").stdout)
    between = max(datetime.fromisoformat(delivery["received_at"]) for delivery in told) + timedelta(milliseconds=1)

    # Each is taken in alone, so that they arrive in this order; one run then publishes what they mean together.
    for day, mode, content in (
        ("2026_02_20", "snapshot", deals(*(deal(number, f"{number}00.00") for number in (1, 5)))),
        ("2026_02_10", "changes", f"Record Id,_deleted\n{key(2)},true\n".encode()),
        ("2026_02_05", "snapshot", deals(*(deal(number, f"{number}00.00") for number in (1, 2, 4, 5, 6, 7, 8)))),
        ("2026_01_15", "changes", deals(deal(1, "1.00"), deal(3, "3.00"), deal(9, "9.00"))),
    ):
        said(day, mode, content)
        done = attain(home, "ingest")
        assert done.returncode == 0, done.stdout + done.stderr
    run()
    return Story(home, between, first)


def test_a_deleted_record_is_gone_from_what_is_published_and_the_rest_ties(story: Story) -> None:
    assert story.first == {number: Decimal(number * 10) for number in range(1, 9)}
    # 3 is missing in the list of the 5th, 2 is marked; 9 was gone by the first list. The last list lacks too many.
    left = {number: Decimal(number * 10) for number in (1, 4, 5, 6, 7, 8)}
    assert paid(story.home) == left
    credited = query(story.home, "select document_id, sum(credited_amount) from incentive.fct_credit_line group by all")
    assert by_number(credited) == {number: amount * 10 for number, amount in left.items()}
    (total,) = query(story.home, "select sum(earned_amount), sum(payable_amount) from incentive.fct_payout")
    assert total == (sum(left.values()), sum(left.values()))
    (booked,) = query(
        story.home,
        "select sum(actual_value) from kpi.fct_kpi_employee_period"
        " where kpi_code = 'booked_amount' and employee_id = 'E1' and period_type = 'month'",
    )
    assert booked == (sum(left.values()) * 10,)


def test_the_published_deliveries_say_what_each_list_lacks_and_whether_it_waits(story: Story) -> None:
    told = query(
        story.home,
        "select right(file_name, 9), delivery_mode, records_vanished, vanish_state from audit.delivery"
        " where feed = 'deals' order by sequence",
    )
    assert told == [
        ("02_01.csv", "snapshot", 1, "deleted"),
        ("02_20.csv", "snapshot", 4, "waiting"),
        ("02_10.csv", "changes", None, None),
        ("02_05.csv", "snapshot", 1, "deleted"),
        ("01_15.csv", "changes", None, None),
    ]
    assert query(story.home, "select delivery_mode, vanish_state from audit.delivery where feed = 'employees'") == [
        ("changes", None)
    ]


@pytest.mark.parametrize(("number", "ended"), [(2, "deleted"), (3, "missing")])
def test_what_is_gone_stays_in_the_history(story: Story, number: int, ended: str) -> None:
    asked = attain(story.home, "records", "zoho_crm.deals", "--key", key(number), "--history", "--json")
    assert asked.returncode == 0, asked.stderr
    revisions = json.loads(asked.stdout)
    assert f"{number}00.00" in {revision["record"]["values"]["amount"] for revision in revisions}
    assert ended in {revision["what"] for revision in revisions}
    now = attain(story.home, "records", "zoho_crm.deals", "--key", key(number), "--json")
    assert json.loads(now.stdout) == []


def test_a_past_moment_builds_what_was_known_then(story: Story) -> None:
    release = (story.home / "releases" / "current").readlink()
    past = f"{story.between.replace(tzinfo=None).isoformat()}Z"
    built = attain(story.home, "build", ATTAIN_PLANS=str(story.home / "plans"), ATTAIN_KNOWN_AT=past)
    assert built.returncode == 0, built.stdout + built.stderr
    settings = Settings.from_environment({"ATTAIN_HOME": str(story.home)})
    with duckdb.connect(str(settings.warehouse_file), read_only=True) as connection:
        assert by_number(connection.execute(PAID).fetchall()) == story.first
        assert connection.execute(
            "select records_vanished, vanish_state from audit.delivery where feed = 'deals'"
        ).fetchall() == [(0, "none")]
    assert (story.home / "releases" / "current").readlink() == release, "nothing of the past is published"
