"""Fixtures that every room's tests share."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from attain.settings import PROJECT_ROOT, Settings

# Nothing a developer has set in their own shell may change what a test sees, but how much of it there is.
for _name in [name for name in os.environ if name.startswith(("ATTAIN_", "AIRFLOW_"))]:
    if _name != "ATTAIN_SOAK":
        del os.environ[_name]


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """Settings of a home of its own, empty, with the project's plans and mappings."""
    return Settings.from_environment({"ATTAIN_HOME": str(tmp_path / "home")})


@pytest.fixture(scope="session")
def public_data() -> Path:
    """Folder of the public data sets; they are not part of the project."""
    folder = Path(os.environ.get("PUBLIC_DATA", PROJECT_ROOT.parent / "shared" / "data"))
    if not folder.is_dir():
        pytest.skip(f"public data sets are not here ({folder}); the README says where they can be had")
    return folder
