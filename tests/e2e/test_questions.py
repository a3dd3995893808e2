"""The questions of docs/questions.md, asked of the sample company: each runs, and the page shows its answer."""

from __future__ import annotations

import importlib.util
import re
from pathlib import Path
from types import ModuleType

import pytest

from attain.settings import PROJECT_ROOT
from tests.e2e.conftest import current

PAGE = PROJECT_ROOT / "docs" / "questions.md"


@pytest.fixture(scope="module")
def script() -> ModuleType:
    spec = importlib.util.spec_from_file_location("answer_questions", PROJECT_ROOT / "scripts" / "answer_questions.py")
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_twenty_questions_stand_in_both_languages() -> None:
    titles = re.findall(r"^### (\d+)\. (.+)$", PAGE.read_text(encoding="utf-8"), re.M)
    assert [int(number) for number, _ in titles] == list(range(1, 21))
    assert all(re.search(r"\? .*[\u4e00-\u9fff].*？", title) for _, title in titles)


def test_every_answer_is_what_the_release_says(script: ModuleType, sample_home: Path) -> None:
    page = PAGE.read_text(encoding="utf-8")
    found = script.answered(page, current(sample_home) / "attain.duckdb")
    assert found.splitlines() == page.splitlines()
    assert found.count("Nobody and nothing.") <= 1


def test_an_answer_that_was_made_up_is_seen(script: ModuleType, sample_home: Path) -> None:
    page = "### 1\n\n```sql\nselect 41 + 1 as answer\n```\n\n| answer |\n|---|\n| 43 |\n\nWords.\n"
    right = script.answered(page, current(sample_home) / "attain.duckdb")
    assert right == page.replace("43", "42")
    assert script.answered(right, current(sample_home) / "attain.duckdb") == right
