"""What each severity, scope and outcome does to a release."""

from __future__ import annotations

from decimal import Decimal

import pytest

from attain.quality import policy
from attain.quality.results import HeldPayee
from tests.quality.results_factory import one_of_each_kind, result

LIMIT = Decimal("0.05")


@pytest.mark.parametrize(
    ("severity", "scope", "outcome", "names_payees", "is_refused"),
    [
        ("critical", "table", "passed", False, False),
        ("warning", "table", "passed", False, False),
        ("critical", "table", "failed", False, True),
        ("critical", "table", "failed", True, True),
        ("critical", "rows", "failed", True, False),
        ("critical", "rows", "failed", False, True),
        ("warning", "table", "failed", False, False),
        ("info", "table", "failed", False, False),
        ("critical", "table", "errored", False, True),
        ("critical", "rows", "errored", True, True),
        ("warning", "table", "errored", False, True),
        ("info", "rows", "errored", False, True),
    ],
)
def test_severity_scope_and_outcome(
    severity: str, scope: str, outcome: str, names_payees: bool, is_refused: bool
) -> None:
    results = one_of_each_kind(severity=severity, scope=scope, outcome=outcome, has_payees=names_payees)
    refusals = policy.refusals_of(results, [], LIMIT)
    assert bool(refusals) is is_refused
    if is_refused:
        assert "incentive.fct_payout: amount_not_be_null" in refusals[0]


@pytest.mark.parametrize("missing", ["dbt", "expectation", "reference"])
def test_a_kind_of_check_that_was_not_run_refuses(missing: str) -> None:
    results = [found for found in one_of_each_kind() if found.kind != missing]
    [refusal] = policy.refusals_of(results, [], LIMIT)
    assert refusal.startswith("not one ")


def test_no_checks_at_all_refuse() -> None:
    assert len(policy.refusals_of([], [], LIMIT)) == 3


def test_only_the_payees_of_failing_rows_are_held() -> None:
    results = [
        result(name="b", scope="rows", outcome="failed", payees=["E2", "E1"], has_payees=True),
        result(name="a", scope="rows", outcome="failed", payees=["E1"], has_payees=True),
        result(name="c", scope="rows", outcome="failed", payees=["E4"], has_payees=False),
        result(name="d", scope="rows", severity="warning", outcome="failed", payees=["E5"], has_payees=True),
        result(name="e", scope="table", outcome="failed", payees=["E6"], has_payees=True),
        result(name="f", scope="rows", outcome="passed", payees=["E7"], has_payees=True),
    ]
    held = policy.holds_of(results, {"E1": {"CNY": Decimal("10.00"), "USD": Decimal("2.00")}})
    assert [(hold.payee_id, hold.check_name, hold.exposure_amount, hold.currency_code) for hold in held] == [
        ("E1", "incentive.fct_payout: a", "10.00", "CNY"),
        ("E1", "incentive.fct_payout: a", "2.00", "USD"),
        ("E1", "incentive.fct_payout: b", "10.00", "CNY"),
        ("E1", "incentive.fct_payout: b", "2.00", "USD"),
        ("E2", "incentive.fct_payout: b", "0", ""),
    ]


def hold(payee: str, check: str, amount: str, currency: str) -> HeldPayee:
    return HeldPayee(payee, check, "because", "", amount, currency)


def test_exposure_counts_a_payee_once_and_each_currency_by_itself() -> None:
    held = [hold("E1", "a", "10.00", "CNY"), hold("E1", "b", "10.00", "CNY"), hold("E2", "a", "5.00", "CNY")]
    held += [hold("E2", "a", "7.00", "USD"), hold("E3", "a", "0", "")]
    exposure = policy.exposure_of(held, {"CNY": Decimal("300.00"), "USD": Decimal("7.00"), "EUR": Decimal("1.00")})
    assert [(entry.currency_code, entry.held_amount, entry.total_amount, entry.share) for entry in exposure] == [
        ("CNY", "15.00", "300.00", "0.050000"),
        ("USD", "7.00", "7.00", "1.000000"),
    ]


@pytest.mark.parametrize(
    ("held", "total", "is_refused"),
    [
        ("5.00", "100.00", False),
        ("5.01", "100.00", True),
        ("0.00", "0.00", False),
        ("0.01", "0.00", True),
        # 0.05 as a binary float is a little more than 0.05; the limit is not.
        ("5000000000000000.01", "100000000000000000.00", True),
    ],
)
def test_the_limit_of_held_money_is_exact(held: str, total: str, is_refused: bool) -> None:
    exposure = policy.exposure_of([hold("E1", "a", held, "CNY")], {"CNY": Decimal(total)})
    refusals = policy.refusals_of(one_of_each_kind(), exposure, LIMIT, 1)
    assert bool(refusals) is is_refused
    assert all("0.05" in refusal and held in refusal for refusal in refusals)
