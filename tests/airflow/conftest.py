"""What the tests of the Airflow room share."""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest

from attain.airflow import environment
from attain.settings import Settings


@pytest.fixture(scope="session")
def airflow_here(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Airflow imported in this process, with a home of its own; the environment is as before afterwards."""
    before = dict(os.environ)
    environment.apply(Settings.from_environment({"ATTAIN_HOME": str(tmp_path_factory.mktemp("airflow") / "home")}))
    import airflow.triggers.base  # noqa: F401

    os.environ.clear()
    os.environ.update(before)
    yield
