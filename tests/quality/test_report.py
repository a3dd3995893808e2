"""A refusal says what failed, on which rows, whose money it is, and what to do; and it stays short."""

from __future__ import annotations

import dataclasses
from typing import Any

from attain.quality.policy import refusals_of
from attain.quality.report import MAX_LINES, render
from attain.quality.results import CheckResult, Exposure, HeldPayee, Verdict
from tests.quality.results_factory import one_of_each_kind, result

BAD = result(
    name="owner_is_known",
    outcome="failed",
    failures=1234,
    table="incentive.fct_credit_line",
    sample_rows=[
        {"delivery_id": "d-1", "file_name": "回款.xlsx", "row_number": 17, "document_id": "R-9", "employee_id": "E1"}
    ],
    payees=["E1", "E2", "E3", "E4", "E5", "E6"],
    deliveries=["d-1", "d-2"],
    money={"CNY": "12345.60", "USD": "7.00"},
)


def verdict(results: list[CheckResult], **changes: Any) -> Verdict:
    made = Verdict(
        run_id="abc",
        release_id="20260331-abc",
        fingerprint="abcdef",
        warehouse_stamp="1-1",
        is_refused=False,
        refusals=[],
        results=results,
        max_held_exposure="0.05",
    )
    refusals = refusals_of(results, [], 0)  # type: ignore[arg-type]
    return dataclasses.replace(made, is_refused=bool(refusals), refusals=refusals, **changes)


def test_a_refusal_names_rows_people_money_and_remedy() -> None:
    text = render(verdict([*one_of_each_kind(), BAD]))
    assert "REFUSED" in text
    for told in (
        "incentive.fct_credit_line: owner_is_known",
        "1,234 failing",
        "file 回款.xlsx, row 17, document R-9, employee E1",
        "E1, E2, E3, E4 and 2 more",
        "earned  12,345.60 CNY, 7.00 USD in all",
        "attain withdraw d-1 (and 1 others), or send a corrected file for 回款.xlsx",
        "what was current stays current",
    ):
        assert told in text
    assert text.count("owner_is_known") == 1


def test_the_author_of_a_check_has_the_first_word_on_what_to_do() -> None:
    text = render(verdict([*one_of_each_kind(), dataclasses.replace(BAD, remedy="ask HR")]))
    assert "do      ask HR\n  or      attain withdraw d-1" in text


def test_a_check_that_errored_says_what_the_error_was() -> None:
    errored = result(name="sums", outcome="errored", failures=1, detail="column x does not exist", severity="info")
    text = render(verdict([*one_of_each_kind(), errored]))
    assert "could not be evaluated" in text
    assert "column x does not exist" in text


def test_a_gate_that_ran_nothing_says_so() -> None:
    text = render(verdict([]))
    assert "not one dbt test was run" in text
    assert "not one expectation was run" in text


def test_holds_and_warnings_are_listed() -> None:
    warned = result(name="names", severity="warning", outcome="failed", failures=3, reason="Nobody knows who.")
    noted = result(name="notes", severity="info", outcome="failed", failures=1)
    text = render(
        verdict(
            [*one_of_each_kind(), warned, noted],
            holds=[HeldPayee("E1", "kpi.dim_employee: dates", "No active day.", "", "10.00", "CNY")],
            held_payees=["E1"],
            exposure=[Exposure("CNY", "10.00", "1000.00", "0.010000")],
        )
    )
    assert "passed: candidate 20260331-abc" in text
    assert "1 payees with 10.00 CNY (1.0%); limit 5.0%" in text
    assert "E1: kpi.dim_employee: dates: No active day." in text
    assert "names  3 failing; finance: Nobody knows who." in text
    assert "1 for information" in text


def test_it_is_never_a_wall_of_text() -> None:
    many = [
        dataclasses.replace(BAD, name=f"check_{number}", sample_rows=BAD.sample_rows * 10, reason="why " * 100)
        for number in range(50)
    ]
    warned = [result(name=f"warned_{number}", severity="warning", outcome="failed") for number in range(50)]
    holds = [HeldPayee(f"E{number}", f"check_{number}", "because", "", "1.00", "CNY") for number in range(50)]
    text = render(verdict([*one_of_each_kind(), *many, *warned], holds=holds, held_payees=["E1"]))
    lines = text.splitlines()
    assert len(lines) <= MAX_LINES
    assert max(map(len, lines)) <= 150
    assert "and 47 more failed critical checks" in text
