"""Homes that whole runs were made in, once for all tests that only look."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import duckdb
import pytest

from attain.settings import PROJECT_ROOT, Settings
from tests.once import made_once

ATTAIN = Path(sys.executable).parent / "attain"


def attain(home: Path, *words: str, timeout: int = 300, **settings: str) -> subprocess.CompletedProcess[str]:
    """Type `attain …` with a home, and with other variables of the environment, as a user does."""
    own = {"PATH": os.environ["PATH"], "HOME": str(home.parent), "ATTAIN_HOME": str(home), "LANG": "C.UTF-8"}
    return subprocess.run(
        [str(ATTAIN), *words],
        env={**own, **settings},
        cwd=PROJECT_ROOT,
        capture_output=True,
        text=True,
        timeout=timeout,
    )


def current(home: Path) -> Path:
    """Folder of the current release."""
    return (home / "releases" / "current").resolve(strict=True)


def query(home: Path, sql: str) -> list[tuple[object, ...]]:
    """Ask the published DuckDB file, as a BI user does."""
    with duckdb.connect(str(current(home) / "attain.duckdb"), read_only=True) as connection:
        return connection.execute(sql).fetchall()


@pytest.fixture(scope="session")
def sample_home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home with the sample company, run once with `attain run`. Look, don't touch."""

    def make(folder: Path) -> Path:
        home = folder / "home"
        assert attain(home, "demo").returncode == 0
        done = attain(home, "run")
        assert done.returncode == 0, done.stdout + done.stderr
        (home / "first_run.txt").write_text(done.stdout, encoding="utf-8")
        return home

    return made_once(tmp_path_factory, "sample_home", make)


@pytest.fixture
def copy_of_sample(sample_home: Path, tmp_path: Path) -> Path:
    """The sample home to do things to. That a home can be copied at all is part of the promise."""
    home = tmp_path / "home"
    shutil.copytree(sample_home, home, symlinks=True)
    return home


@pytest.fixture
def sample_settings(copy_of_sample: Path) -> Settings:
    return Settings.from_environment({"ATTAIN_HOME": str(copy_of_sample)})
