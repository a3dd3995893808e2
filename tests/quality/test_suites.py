"""A suite file that can't be used is refused with its name, the key and what to do."""

from __future__ import annotations

from pathlib import Path

import pytest

from attain.errors import BadInput
from attain.quality import suites

GOOD = """
table: pay.line
owner: finance
expectations:
  - type: expect_column_values_to_not_be_null
    kwargs: {column: amount}
    severity: critical
    reason: Somebody is not paid.
  - type: unexpected_rows_expectation
    name: nobody_is_paid_twice
    kwargs: {unexpected_rows_query: "select payee_id from {batch} group by 1 having count(*) > 1"}
    severity: critical
    scope: rows
    owner: sales-operations
    reason: Somebody is paid
      twice.
    remedy: withdraw the second file
"""


def write(folder: Path, text: str, name: str = "pay.line.yml") -> Path:
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return path


def test_a_good_file_is_read(tmp_path: Path) -> None:
    write(tmp_path, GOOD)
    [suite] = suites.load_suites(tmp_path)
    assert (suite.table, suite.file_name) == ("pay.line", "pay.line.yml")
    first, second = suite.expectations
    assert (first.name, first.severity, first.scope, first.owner) == (
        "amount_not_be_null",
        "critical",
        "table",
        "finance",
    )
    assert (second.name, second.scope, second.owner) == ("nobody_is_paid_twice", "rows", "sales-operations")
    assert second.reason == "Somebody is paid twice."


@pytest.mark.parametrize(
    ("old", "new", "complaint"),
    [
        (GOOD, "", "pay.line.yml is not a mapping"),
        (GOOD, "table: [", "pay.line.yml: not YAML"),
        ("table: pay.line", "table: pay.lines", "table is 'pay.lines'"),
        ("table: pay.line", "", "table is missing"),
        ("owner: finance\n", "", "owner is missing"),
        ("owner: finance\n", "owner: finance\nowners: x\n", "owners is not known"),
        ("    severity: critical\n    reason: Somebody is not", "    reason: Somebody is not", "severity is None"),
        ("severity: critical\n    scope", "severity: fatal\n    scope", r"expectations\[2\].severity is 'fatal'"),
        ("scope: rows", "scope: row", r"expectations\[2\].scope is 'row'"),
        ("    reason: Somebody is not paid.\n", "", r"expectations\[1\].reason is missing"),
        ("reason: Somebody is not paid.", "reason: ' '", r"expectations\[1\].reason is missing"),
        ("expect_column_values_to_not_be_null", "expect_column_values_to_match_regex", "expect_column_values_to_match"),
        ("kwargs: {column: amount}", "kwargs: {columns: amount}", r"kwargs.columns is not known"),
        ("kwargs: {column: amount}", "kwargs: {}", r"kwargs.column is missing"),
        ("kwargs: {column: amount}", "kwargs: amount", r"kwargs is not a mapping"),
        ("    name: nobody_is_paid_twice\n", "", r"expectations\[2\].name is missing"),
        ("nobody_is_paid_twice", "amount_not_be_null", "has the name 'amount_not_be_null' of an earlier one"),
        ("{batch}", "pay.line", "has no {batch}"),
        (
            "    severity: critical\n    reason",
            "    severity: critical\n    scope: rows\n    reason",
            "scope is 'rows'",
        ),
        (
            "    severity: critical\n    reason",
            "    severity: critical\n    mostly: 0.9\n    reason",
            "mostly is not known",
        ),
    ],
)
def test_a_bad_file_is_refused(tmp_path: Path, old: str, new: str, complaint: str) -> None:
    assert old in GOOD
    path = write(tmp_path, GOOD.replace(old, new, 1))
    with pytest.raises(BadInput, match=complaint) as refused:
        suites.load_suite(path)
    assert "pay.line.yml" in refused.value.message
    assert refused.value.remedy


@pytest.mark.parametrize(
    ("kind", "kwargs", "complaint"),
    [
        ("expect_column_values_to_be_in_set", "{column: a, value_set: []}", "value_set is not a list with entries"),
        ("expect_column_values_to_be_in_set", "{column: a, value_set: b}", "value_set is not a list with entries"),
        ("expect_column_values_to_be_between", "{column: a}", "neither min_value nor max_value"),
        ("expect_column_values_to_be_between", "{column: a, min_value: 0.01}", "min_value is 0.01"),
        ("expect_column_values_to_be_between", "{column: a, max_value: true}", "max_value is True"),
        ("expect_table_row_count_to_be_between", "{}", "neither min_value nor max_value"),
    ],
)
def test_an_expectation_that_could_not_fail_or_is_not_exact_is_refused(
    tmp_path: Path, kind: str, kwargs: str, complaint: str
) -> None:
    text = f"""
table: pay.line
owner: finance
expectations:
  - {{type: {kind}, kwargs: {kwargs}, severity: critical, reason: because}}
"""
    with pytest.raises(BadInput, match=complaint):
        suites.load_suite(write(tmp_path, text))


def test_no_suites_and_no_expectations_are_refused(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="no expectation suite"):
        suites.load_suites(tmp_path)
    write(tmp_path, "table: pay.line\nowner: finance\nexpectations: []\n")
    with pytest.raises(BadInput, match="expectations is not a list with entries"):
        suites.load_suites(tmp_path)


def test_a_file_in_another_encoding_is_refused(tmp_path: Path) -> None:
    (tmp_path / "pay.line.yml").write_bytes(GOOD.replace("finance", "财务").encode("gb18030"))
    with pytest.raises(BadInput, match="can't be read"):
        suites.load_suites(tmp_path)
