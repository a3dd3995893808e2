"""Gaps as managers read them, in the small company: two people of a role, 90 and 59 days on a plan."""

from __future__ import annotations

from tests.transform.conftest import BuiltHome
from tests.transform.test_published import same


def test_a_person_against_the_target(built: BuiltHome) -> None:
    """The role collected 11,500 + 800 in 149 days: 12,300 x 90 ÷ 149 = 7,429.530201 for E1. The target is 15,000."""
    same(
        built.rows(
            "select comparison_id, reference_kind, reference_people, actual_value, compared_value, reference_value,"
            " gap_value, goal_amount, execution_amount, verdict from kpi.rpt_gap"
            " where subject_id = 'E1' and period = '2026-Q1' and comparison = 'target'"
        ),
        [
            (
                "employee|E1|collected_amount|target|2026-Q1|CNY",
                "a head of the role",
                2,
                "11500",
                "15000",
                "7429.530201",
                "-3500",
                "-7570.469799",
                "4070.469799",
                "too few",
            )
        ],
    )


def test_its_causes(built: BuiltHome) -> None:
    """New business of the role: D1 (split 30/70) and K1, 2 deals for 3,006.45; E1 has 1.3 of them for 3,001.94.

    Leads: 1.3 x 3,006.45 ÷ 2 = 1,954.1925 against 3,006.45 x 90 ÷ 149 = 1,815.976510. All were won and nobody named a
    list price, so the rest is order size. Existing customers: 12,000 against 12,800 x 90 ÷ 149; the refund of 3,000
    against 3,000 x 90 ÷ 149. Collected less booked: 11,500 - 12,001.94 against (12,300 - 12,806.45) x 90 ÷ 149.
    """
    same(
        built.rows(
            "select cause, cause_amount from kpi.fct_gap"
            " where comparison_id = 'employee|E1|collected_amount|target|2026-Q1|CNY'"
        ),
        [
            ("goal", "-7570.469799"),
            ("leads", "138.21599"),
            ("conversion", "0"),
            ("mix", "0"),
            ("order size", "1047.7475"),
            ("price", "0"),
            ("retention", "4268.456376"),
            ("reversals", "-1187.919463"),
            ("collection", "-196.030604"),
        ],
    )
