"""The command line with wrong input: a message, a remedy, and the exit code that was promised."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from attain.cli import main


@pytest.fixture
def home(tmp_path: Path) -> Path:
    return tmp_path / "home"


def type_in(home: Path, *words: str, **environment: str) -> Result:
    return CliRunner(env={"ATTAIN_HOME": str(home), **environment}).invoke(main, list(words), catch_exceptions=False)


@pytest.mark.parametrize("verb", ["run", "build"])
def test_an_empty_home_says_what_to_do(home: Path, verb: str) -> None:
    result = type_in(home, verb)
    assert result.exit_code == 2
    assert "attain demo" in result.output


def test_files_of_an_unknown_system_are_named_with_the_way_out(home: Path) -> None:
    file = home / "inbox" / "acme" / "opps.csv"
    file.parent.mkdir(parents=True)
    file.write_text("Opp ID,Rep,Value,Stage\n1,Ann,5,Won\n", encoding="utf-8")
    os.utime(file, (1_700_000_000, 1_700_000_000))
    result = type_in(home, "run")
    assert result.exit_code == 2
    assert "acme/opps.csv" in result.output
    assert "attain mapping suggest acme" in result.output
    assert file.exists()


@pytest.mark.parametrize(
    ("environment", "words"),
    [
        ({"ATTAIN_AS_OF": "31.12.2025"}, ("ATTAIN_AS_OF", "31.12.2025", "YYYY-MM-DD")),
        ({"ATTAIN_TIMEZONE": "Mars/Olympus"}, ("ATTAIN_TIMEZONE", "Mars/Olympus", "Asia/Shanghai")),
        ({"ATTAIN_MAX_HELD_EXPOSURE": "5"}, ("ATTAIN_MAX_HELD_EXPOSURE", "0 to 1")),
        ({"ATTAIN_FX_MAX_AGE_DAYS": "a week"}, ("ATTAIN_FX_MAX_AGE_DAYS", "a week", "whole number")),
    ],
)
def test_a_bad_setting_is_named(home: Path, environment: dict[str, str], words: tuple[str, ...]) -> None:
    result = type_in(home, "run", **environment)
    assert result.exit_code == 2
    for word in words:
        assert word in result.output


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("withdraw", "d0000", "--reason", "test"), "d0000"),
        (("rollback", "20250101-nothing"), "20250101-nothing"),
        (("verify",), "release"),
        (("publish",), "attain"),
        (("check",), "attain"),
        (("ingest", "no_such_source"), "no_such_source"),
        (("demo", "--corrupt", "no_such_kind"), "no_such_kind"),
        (("mapping", "suggest", "no_such_folder"), "no_such_folder"),
    ],
)
def test_what_is_not_there_is_named(home: Path, words: tuple[str, ...], said: str) -> None:
    result = type_in(home, *words)
    assert result.exit_code == 2, result.output
    assert said in result.output


def test_errors_can_be_read_by_machines(home: Path) -> None:
    result = type_in(home, "--json", "rollback", "20250101-nothing")
    answer = json.loads(result.output)
    assert answer["exit_code"] == result.exit_code == 2
    assert "20250101-nothing" in answer["error"]
    assert answer["remedy"]


def test_usage_errors_are_code_2(home: Path) -> None:
    assert type_in(home, "no-such-verb").exit_code == 2
    assert type_in(home, "withdraw", "d1").exit_code == 2


def test_plans_of_the_project_are_good(home: Path) -> None:
    result = type_in(home, "plan", "lint")
    assert result.exit_code == 0, result.output


def test_a_bad_plan_is_refused_with_its_line(home: Path, tmp_path: Path) -> None:
    plans = tmp_path / "plans"
    plans.mkdir()
    (plans / "broken.yml").write_text("plan_code: broken\nversions: 7\n", encoding="utf-8")
    result = type_in(home, "plan", "lint", ATTAIN_PLANS=str(plans))
    assert result.exit_code == 2
    assert "broken.yml:" in result.output
