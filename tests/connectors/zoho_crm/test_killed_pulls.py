"""A pull that is killed between any two of its steps: the next one makes up for it, and nothing is lost or doubled."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from attain.connectors.zoho_crm import Connection
from attain.settings import PROJECT_ROOT, Settings
from tests.connectors.zoho_crm.conftest import deal, put_deal
from tests.connectors.zoho_crm.pull_here import KILLED
from tests.connectors.zoho_crm.pulling import deals_of, files, landed_deals, lines, pull_well, taken_in
from tests.connectors.zoho_server import Zoho


def kill_a_pull(settings: Settings, zoho: Zoho, mode: str, when: str, number: int) -> None:
    done = subprocess.run(
        [
            sys.executable,
            str(Path(__file__).with_name("pull_here.py")),
            *(str(settings.home), zoho.address, mode, "deals", when, str(number)),
        ],
        env={"PATH": os.environ["PATH"], "PYTHONPATH": f"{PROJECT_ROOT / 'plugins'}{os.pathsep}{PROJECT_ROOT}"},
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.returncode == KILLED, done.stderr


# The renames of a pull of changes: that a file is about to come, its manifest, the file, how far the pull came.
@pytest.mark.parametrize(
    ("when", "number"), [("before", 1), ("after", 1), ("after", 2), ("before", 3), ("after", 3), ("after", 4)]
)
def test_changes(settings: Settings, zoho: Zoho, connection: Connection, when: str, number: int) -> None:
    pull_well(settings, connection, "deals")
    zoho.tick(600)
    put_deal(zoho, 1, amount="#1.23")
    put_deal(zoho, 8)
    zoho.tick(600)
    kill_a_pull(settings, zoho, "changes", when, number)
    is_there = number == 4 or (when, number) == ("after", 3)
    zoho.tick(600)
    put_deal(zoho, 9)
    pull_well(settings, connection, "deals")
    found = [len(lines(path)) for path in files(settings, "deals")]
    if number == 4:
        assert found == [7, 2, 1], "the killed pull had done everything"
    elif is_there:
        assert found == [7, 2, 3], "its file had come, and is read again: at most one pull"
    else:
        assert found == [7, 3]
    taken_in(settings)
    assert landed_deals(settings) == deals_of(zoho)


# Those of a full one: its job is known, that a file is about to come, its manifest, the file, how far the pull came.
@pytest.mark.parametrize(("when", "number"), [("after", 1), ("after", 3), ("before", 4), ("after", 4), ("after", 5)])
def test_full(settings: Settings, zoho: Zoho, connection: Connection, when: str, number: int) -> None:
    kill_a_pull(settings, zoho, "full", when, number)
    zoho.tick(600)
    pull_well(settings, connection, "deals", mode="full")
    assert len(zoho.jobs) == (2 if number == 5 else 1), "it goes on with the job that it had"
    taken_in(settings)
    assert {key: row[:2] for key, row in landed_deals(settings).items()} == {
        key: row[:2] for key, row in deals_of(zoho).items()
    }


def test_full_over_several_jobs(settings: Settings, zoho: Zoho, connection: Connection) -> None:
    zoho.rows_a_job = 3
    kill_a_pull(settings, zoho, "full", "after", 2)  # the second of three jobs is known
    assert len(zoho.jobs) == 2
    pull_well(settings, connection, "deals", mode="full")
    assert len(zoho.jobs) == 3
    (path,) = files(settings, "deals")
    assert len(lines(path)) == 7


def test_what_was_deleted_meanwhile_is_told_of_all_the_same(
    settings: Settings, zoho: Zoho, connection: Connection
) -> None:
    pull_well(settings, connection, "deals")
    zoho.tick(600)
    zoho.delete("Deals", deal(7))
    kill_a_pull(settings, zoho, "changes", "after", 2)
    assert pull_well(settings, connection, "deals")["deals"].deleted == 1
