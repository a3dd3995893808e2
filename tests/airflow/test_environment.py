"""Airflow's state stays in the home, its keys stay secret, and the served shape can say otherwise."""

from __future__ import annotations

import json
import stat
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest

from attain.airflow import environment
from attain.settings import Settings


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_the_settings_survive_the_way_through_the_environment(settings: Settings) -> None:
    changed = replace(settings, as_of=date(2026, 3, 31), fx_max_age_days=3, max_held_exposure=0.125)
    for one in (settings, changed):
        assert Settings.from_environment(environment.settings_variables(one)) == one


def test_every_place_is_in_the_home(settings: Settings) -> None:
    wanted = environment.variables(settings)
    for name in (
        "AIRFLOW_HOME",
        "AIRFLOW__LOGGING__BASE_LOG_FOLDER",
        "AIRFLOW__DAG_PROCESSOR__DAG_PROCESSOR_CHILD_PROCESS_LOG_DIRECTORY",
        "AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_PASSWORDS_FILE",
    ):
        assert Path(wanted[name]).is_relative_to(settings.home), name
    assert wanted["AIRFLOW__DATABASE__SQL_ALCHEMY_CONN"].startswith(f"sqlite:///{settings.home}/")
    assert wanted["AIRFLOW__CORE__DAGS_FOLDER"] == str(settings.project / "dags")


def test_the_execution_api_follows_the_port(settings: Settings) -> None:
    wanted = environment.variables(settings, port=18123)
    assert wanted["AIRFLOW__API__PORT"] == "18123"
    assert wanted["AIRFLOW__CORE__EXECUTION_API_SERVER_URL"] == "http://127.0.0.1:18123/execution/"
    assert wanted["AIRFLOW__API__HOST"] == "127.0.0.1"


def test_keys_are_made_once_and_are_the_owners_alone(settings: Settings) -> None:
    secret = ("AIRFLOW__CORE__FERNET_KEY", "AIRFLOW__API_AUTH__JWT_SECRET", "AIRFLOW__API__SECRET_KEY")
    first, second = environment.variables(settings), environment.variables(settings)
    assert [first[name] for name in secret] == [second[name] for name in secret]
    assert len({first[name] for name in secret}) == len(secret)
    assert mode(settings.airflow_home / "keys.json") == 0o600
    assert mode(environment.password_file(settings)) == 0o600
    password = json.loads(environment.password_file(settings).read_text(encoding="utf-8"))[environment.USER]
    assert len(password) >= 20
    assert not list(settings.airflow_home.glob(".*json*"))


def test_two_homes_have_different_keys(settings: Settings, tmp_path: Path) -> None:
    other = Settings.from_environment({"ATTAIN_HOME": str(tmp_path / "other")})
    name = "AIRFLOW__CORE__FERNET_KEY"
    assert environment.variables(settings)[name] != environment.variables(other)[name]


def test_what_is_set_stays_but_for_the_home_and_the_dags(settings: Settings) -> None:
    before = {
        "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN": "postgresql://metadata",
        "AIRFLOW_HOME": "/srv/somebody/airflow",
        "AIRFLOW__CORE__DAGS_FOLDER": "/srv/somebody/dags",
        "ATTAIN_HOME": "/srv/somebody/attain",
        "PATH": "/bin",
    }
    after = environment.with_defaults(before, environment.variables(settings), settings)
    assert after["AIRFLOW__DATABASE__SQL_ALCHEMY_CONN"] == "postgresql://metadata"
    assert after["AIRFLOW_HOME"] == str(settings.airflow_home)
    assert after["AIRFLOW__CORE__DAGS_FOLDER"] == str(settings.project / "dags")
    assert after["ATTAIN_HOME"] == str(settings.home)
    assert after["PATH"] == "/bin"


def test_nothing_is_reported_to_anybody(settings: Settings) -> None:
    assert environment.variables(settings)["AIRFLOW__USAGE_DATA_COLLECTION__ENABLED"] == "False"


@pytest.mark.parametrize("name", ["keys.json", "passwords.json"])
def test_a_key_file_that_is_there_is_never_written_again(settings: Settings, name: str) -> None:
    environment.variables(settings)
    path = settings.airflow_home / name
    before = path.read_bytes(), path.stat().st_ino
    environment.variables(settings)
    assert (path.read_bytes(), path.stat().st_ino) == before
