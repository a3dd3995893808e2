"""What the connectors' tests share."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from attain.settings import Settings
from tests.connectors import jiandaoyun_company as company
from tests.connectors.jiandaoyun_server import Jiandaoyun, running


@pytest.fixture
def jiandaoyun() -> Iterator[Jiandaoyun]:
    """A 简道云 with the forms of a small company, empty."""
    with running() as service:
        for form in (company.customers(), company.contracts(), company.collections()):
            service.add(form)
        yield service


@pytest.fixture
def home(settings: Settings) -> Settings:
    """A home whose forms file names that company's forms."""
    return company.with_forms(settings)
