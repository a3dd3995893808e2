"""Statements in a release: a page a person, escaped; the command line reads the release and refuses what differs."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from attain.cli import main
from attain.publish import receipts
from attain.settings import Settings
from attain.statement import page


def type_in(home: Path, *words: str) -> Result:
    return CliRunner(env={"ATTAIN_HOME": str(home)}).invoke(main, ["statement", *words], catch_exceptions=False)


def test_each_person_has_a_page_that_the_receipt_knows(folder: Path) -> None:
    names = sorted(path.name for path in (folder / "statements").iterdir())
    assert names == sorted(["E1.html", "E3.html", page.file_name("../e 5"), "index.html"])
    assert {f"statements/{name}" for name in names} <= set(receipts.read(folder)["files"])


def test_pages_escape_what_people_typed_and_load_nothing(folder: Path) -> None:
    text = (folder / "statements" / "E3.html").read_text(encoding="utf-8")
    assert "&lt;script&gt;" in text
    assert "&lt;i&gt;3 %" in text
    assert "late &lt;b&gt;" in text
    for path in (folder / "statements").iterdir():
        text = path.read_text(encoding="utf-8")
        assert not any(word in text for word in ("<script", "<i>", "http", "@import", "url("))
        assert 'name="viewport"' in text
    assert 'href="E3.html"' in (folder / "statements" / "index.html").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("E9", "2026-03"), "E1 (王小明)"),
        (("王小", "2026-03"), "E1 (王小明)"),
        (("E1", "2019-01"), "months: 2026-03"),
        (("E4", "2026-03"), "nobody has assigned"),
        (("E1", "2026-03", "--release", "20200101-nothing"), "20200101-nothing"),
    ],
)
def test_what_is_not_there_is_named_with_what_is_near(published_home: Path, words: tuple[str, ...], said: str) -> None:
    answer = type_in(published_home, *words)
    assert answer.exit_code == 2
    assert said in answer.output


def test_it_is_shown_in_the_language_asked_for(published_home: Path, tmp_path: Path) -> None:
    english = type_in(published_home, "E1", "2026-03", "--lang", "en", "--html", str(tmp_path / "mine.html"))
    assert english.exit_code == 0
    assert "Statement 2026-03  E1 王小明" in english.output
    assert "late <b>" in english.output
    assert "=a.csv, row 17" in english.output
    assert "Mend what the reason names" in english.output
    assert "提成" in type_in(published_home, "E1", "2026-03", "--lang", "zh").output
    assert "王小明" in (tmp_path / "mine.html").read_text(encoding="utf-8")
    found = json.loads(type_in(published_home, "E1", "2026-03", "--json").output)
    assert [row["amount"] for row in found["rows"]] == ["140.02", "140.02", "-140.02", "0.00"]


def test_a_release_without_statements_says_so(published: Settings) -> None:
    folder = (published.releases / "current").resolve()
    folder.chmod(0o755)
    (folder / "parquet" / "incentive" / "fct_statement_line.parquet").unlink()
    answer = type_in(published.home, "E1", "2026-03")
    assert answer.exit_code == 2
    assert "no statements" in answer.output
