"""The sample company, landed and built once for all tests that only look at it."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import duckdb
import pytest

from attain.settings import Settings
from attain.transform import candidate, dbt
from tests.once import made_once
from tests.transform import golden, months, sample


@dataclass(frozen=True)
class BuiltHome:
    """A home with a built candidate, and what the gate's dbt tests say of it."""

    settings: Settings
    candidate: candidate.Candidate
    tests: dict[str, dbt.TestResult]

    def rows(self, query: str) -> list[tuple[Any, ...]]:
        """Rows of a query on the warehouse."""
        with duckdb.connect(str(self.settings.warehouse_file), read_only=True) as connection:
            return connection.execute(query).fetchall()


def delivered_home(home: Path) -> Settings:
    """A home into which the sample company has been delivered, with plans of its own."""
    settings = Settings.from_environment({"ATTAIN_HOME": str(home), "ATTAIN_PLANS": str(home / "plans")})
    sample.write_plans(settings.plans_dir)
    sample.deliver(settings)
    return settings


@pytest.fixture(scope="session")
def built(tmp_path_factory: pytest.TempPathFactory) -> BuiltHome:
    """The built sample company. Nobody may change it."""

    def make(folder: Path) -> BuiltHome:
        settings = delivered_home(folder / "home")
        golden.write_plans(settings.plans_dir)
        golden.deliver(settings)
        months.write_plans(settings.plans_dir)
        months.deliver(settings)
        prepared = candidate.prepare(settings)
        for layer in dbt.SELECTIONS:
            dbt.build_layer(settings, layer, prepared.run_id)
        return BuiltHome(settings, prepared, {result.name: result for result in dbt.test(settings, prepared.run_id)})

    return made_once(tmp_path_factory, "built_sample", make)


@pytest.fixture
def copied(built: BuiltHome, tmp_path: Path) -> Iterator[BuiltHome]:
    """A copy of the built sample company that a test may break."""
    home = tmp_path / "home"
    shutil.copytree(built.settings.home, home)
    dsn = f"sqlite:///{home / 'control.db'}"
    yield replace(built, settings=replace(built.settings, home=home, plans_dir=home / "plans", control_dsn=dsn))


@pytest.fixture
def delivered(tmp_path: Path) -> Settings:
    """A home of its own into which the sample company has been delivered."""
    return delivered_home(tmp_path / "home")
