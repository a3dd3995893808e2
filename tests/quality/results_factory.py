"""Results for tests, good unless told otherwise."""

from __future__ import annotations

from typing import Any

from attain.quality.results import CheckResult


def result(**changes: Any) -> CheckResult:
    """A passed critical table check; `changes` are attributes of `CheckResult`."""
    values: dict[str, Any] = {
        "name": "amount_not_be_null",
        "kind": "expectation",
        "severity": "critical",
        "scope": "table",
        "outcome": "passed",
        "failures": 0,
        "owner": "finance",
        "reason": "Somebody is not paid.",
        "remedy": "",
        "table": "incentive.fct_payout",
    }
    return CheckResult(**{**values, **changes})


def one_of_each_kind(**changes: Any) -> list[CheckResult]:
    """A passed check of each kind, the expectation changed."""
    return [result(kind="dbt", name="a_test"), result(**changes), result(kind="reference", name="engines_agree")]
