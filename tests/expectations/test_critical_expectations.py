"""Every critical promise is seen to be broken: one bad row in a good warehouse, and exactly that promise fails."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from attain.quality import dialect, rows, runner, suites
from attain.settings import PROJECT_ROOT
from tests.expectations import plan_health_faults
from tests.quality import small_warehouse

# (table, expectation) → SQL that breaks that promise and no other critical one of the table.
FAULTS: dict[tuple[str, str], str] = {
    (
        "kpi.dim_employee",
        "employee_id_not_be_null",
    ): "update kpi.dim_employee set employee_id = null where employee_id = 'E3'",
    (
        "kpi.dim_employee",
        "employee_id_be_unique",
    ): "update kpi.dim_employee set employee_id = 'E1' where employee_id = 'E2'",
    ("kpi.dim_employee", "one_house_account"): "delete from kpi.dim_employee where is_house_account",
    ("kpi.dim_employee", "leaving_not_before_hiring"): (
        "update kpi.dim_employee set leave_date = hire_date - 1 where employee_id = 'E2'"
    ),
    (
        "kpi.dim_customer",
        "customer_id_not_be_null",
    ): "update kpi.dim_customer set customer_id = null where not is_unknown",
    ("kpi.dim_customer", "customer_id_be_unique"): "update kpi.dim_customer set customer_id = 'C1'",
    ("kpi.dim_customer", "one_unknown_customer"): "delete from kpi.dim_customer where is_unknown",
    (
        "kpi.dim_customer",
        "owner_is_known",
    ): "update kpi.dim_customer set owner_employee_id = 'E9' where customer_id = 'C1'",
    ("kpi.dim_product", "product_id_not_be_null"): "update kpi.dim_product set product_id = null",
    ("kpi.dim_product", "product_id_be_unique"): "insert into kpi.dim_product select * from kpi.dim_product",
    ("kpi.dim_product", "is_in_catalogue_not_be_null"): "update kpi.dim_product set is_in_catalogue = null",
    ("kpi.dim_kpi", "kpi_code_not_be_null"): (
        "insert into kpi.dim_kpi by name "
        "select * replace (null as kpi_code) from kpi.dim_kpi where kpi_code = 'win_rate'"
    ),
    ("kpi.dim_kpi", "kpi_code_be_unique"): (
        "insert into kpi.dim_kpi select * from kpi.dim_kpi where kpi_code = 'win_rate'"
    ),
    ("kpi.dim_kpi", "unit_not_be_null"): "update kpi.dim_kpi set unit = null where kpi_code = 'win_rate'",
    ("kpi.dim_kpi", "unit_be_in_set"): "update kpi.dim_kpi set unit = 'percent' where kpi_code = 'win_rate'",
    ("kpi.dim_kpi", "direction_not_be_null"): "update kpi.dim_kpi set direction = null where kpi_code = 'win_rate'",
    ("kpi.dim_kpi", "direction_be_in_set"): "update kpi.dim_kpi set direction = 'up' where kpi_code = 'win_rate'",
    ("kpi.dim_kpi", "every_measure_of_a_figure_is_defined"): "delete from kpi.dim_kpi where kpi_code = 'win_rate'",
    (
        "kpi.fct_kpi_segment_period",
        "dimension_type_dimension_value_kpi_code_period_type_period_currency_code_be_unique",
    ): (
        "insert into kpi.fct_kpi_segment_period by name select * replace (0 as numerator, 0 as denominator, "
        "null as actual_value) from kpi.fct_kpi_segment_period where dimension_value = 'east'"
    ),
    ("kpi.fct_kpi_segment_period", "dimension_value_not_be_null"): (
        "update kpi.fct_kpi_segment_period set dimension_value = null where dimension_value = 'UNKNOWN'"
    ),
    ("kpi.fct_kpi_segment_period", "dimension_type_be_in_set"): (
        "update kpi.fct_kpi_segment_period set dimension_type = 'colour'"
    ),
    ("kpi.fct_kpi_segment_period", "period_type_be_in_set"): (
        "insert into kpi.fct_kpi_segment_period by name select * replace ('week' as period_type, 0 as numerator, "
        "0 as denominator, null as actual_value) from kpi.fct_kpi_segment_period where dimension_value = 'east'"
    ),
    ("kpi.fct_kpi_segment_period", "measure_is_defined"): (
        "insert into kpi.fct_kpi_segment_period by name select * replace ('happiness' as kpi_code, 0 as numerator, "
        "0 as denominator, null as actual_value) from kpi.fct_kpi_segment_period where dimension_value = 'east'"
    ),
    ("kpi.fct_kpi_segment_period", "ratio_is_numerator_over_denominator"): (
        "update kpi.fct_kpi_segment_period set actual_value = 1 where dimension_value = 'east'"
    ),
    ("kpi.fct_kpi_segment_period", "every_cut_adds_up_to_the_whole"): (
        "delete from kpi.fct_kpi_segment_period where dimension_value = 'UNKNOWN'"
    ),
    ("kpi.fct_funnel_period", "employee_id_team_stage_stage_outcome_period_type_period_be_unique"): (
        "insert into kpi.fct_funnel_period select * from kpi.fct_funnel_period where stage = 'Closed Won'"
    ),
    ("kpi.fct_funnel_period", "stage_not_be_null"): (
        "update kpi.fct_funnel_period set stage = null where stage = 'Closed Won'"
    ),
    ("kpi.fct_funnel_period", "stage_outcome_be_in_set"): "update kpi.fct_funnel_period set stage_outcome = 'stuck'",
    ("kpi.fct_funnel_period", "period_type_be_in_set"): "update kpi.fct_funnel_period set period_type = 'week'",
    ("kpi.fct_funnel_period", "conversion_is_numerator_over_denominator"): (
        "update kpi.fct_funnel_period set conversion = 0.5 where stage = 'Qualification'"
    ),
    ("kpi.fct_funnel_period", "nothing_is_counted_below_zero"): (
        "update kpi.fct_funnel_period set open_count = -1 where stage = 'Closed Won'"
    ),
    ("kpi.dim_date", "date_day_not_be_null"): (
        "insert into kpi.dim_date by name select * replace (null as date_day) from kpi.dim_date limit 1"
    ),
    ("kpi.dim_date", "date_day_be_unique"): "insert into kpi.dim_date select * from kpi.dim_date limit 1",
    ("kpi.dim_date", "no_day_is_missing"): "delete from kpi.dim_date where date_day = date '2026-02-03'",
    ("kpi.dim_date", "day_lies_in_its_periods"): (
        "update kpi.dim_date set month_end = date '2026-01-30' where month = '2026-01'"
    ),
    ("kpi.dim_date", "period_names_tell_the_period"): (
        "update kpi.dim_date set quarter = '2026-1' where date_day = date '2026-02-03'"
    ),
    ("incentive.fct_credit_line", "credit_line_id_not_be_null"): (
        "update incentive.fct_credit_line set credit_line_id = null where credit_line_id = 'CL3'"
    ),
    ("incentive.fct_credit_line", "credit_line_id_be_unique"): (
        "update incentive.fct_credit_line set credit_line_id = 'CL1' where credit_line_id = 'CL3'"
    ),
    ("incentive.fct_credit_line", "basis_not_be_null"): (
        "update incentive.fct_credit_line set basis = null where credit_line_id = 'CL3'"
    ),
    ("incentive.fct_credit_line", "basis_be_in_set"): (
        "update incentive.fct_credit_line set basis = 'planned' where credit_line_id = 'CL3'"
    ),
    ("incentive.fct_credit_line", "event_date_not_be_null"): (
        "update incentive.fct_credit_line set event_date = null, period = null where credit_line_id = 'CL3'"
    ),
    ("incentive.fct_credit_line", "document_id_not_be_null"): (
        "update incentive.fct_credit_line set document_id = null where credit_line_id = 'CL3'"
    ),
    ("incentive.fct_credit_line", "owner_is_known"): (
        "update incentive.fct_credit_line set employee_id = 'E9' where credit_line_id = 'CL3'"
    ),
    ("incentive.fct_credit_line", "period_is_that_of_the_event"): (
        "update incentive.fct_credit_line set period = '2026-03' where credit_line_id = 'CL3'"
    ),
    ("incentive.fct_credit_line", "revenue_splits_add_up_to_the_event"): (
        "update incentive.fct_credit_line set split_amount = 300.01, credited_amount = 300.01 "
        "where credit_line_id = 'CL2'"
    ),
    ("incentive.fct_credit_line", "credit_not_converted_is_held"): (
        "update incentive.fct_credit_line set credited_amount = null where credit_line_id = 'CL3'"
    ),
    ("incentive.fct_credit_line", "same_currency_is_not_converted"): (
        "update incentive.fct_credit_line set credited_amount = 700.01 where credit_line_id = 'CL1'"
    ),
    ("incentive.fct_credit_line", "held_has_a_reason"): (
        "update incentive.fct_credit_line set hold_reason = null where credit_line_id = 'CL4'"
    ),
    ("incentive.fct_credit_line", "split_ratio_be_between"): (
        "update incentive.fct_credit_line set split_ratio = -0.1 where credit_line_id = 'CL2'"
    ),
    ("incentive.fct_credit_line", "comes_from_a_committed_delivery"): (
        "update incentive.fct_credit_line set delivery_id = 'D2' where credit_line_id = 'CL3'"
    ),
    ("incentive.fct_earning_line", "earning_line_id_not_be_null"): (
        "update incentive.fct_earning_line set earning_line_id = null where earning_line_id = 'EL3'"
    ),
    ("incentive.fct_earning_line", "earning_line_id_be_unique"): (
        "update incentive.fct_earning_line set earning_line_id = 'EL1' where earning_line_id = 'EL3'"
    ),
    ("incentive.fct_earning_line", "line_type_not_be_null"): (
        "update incentive.fct_earning_line set line_type = null where earning_line_id = 'EL3'"
    ),
    ("incentive.fct_earning_line", "line_type_be_in_set"): (
        "update incentive.fct_earning_line set line_type = 'gift' where earning_line_id = 'EB1'"
    ),
    ("incentive.fct_earning_line", "earned_amount_not_be_null"): (
        "update incentive.fct_earning_line set earned_amount = null where earning_line_id = 'EL3'"
    ),
    ("incentive.fct_earning_line", "payee_is_a_person"): (
        "update incentive.fct_earning_line set payee_id = 'HOUSE' where earning_line_id = 'EB1'"
    ),
    ("incentive.fct_earning_line", "earned_for_a_credit_line"): (
        "update incentive.fct_earning_line set credit_line_id = 'CL9' where earning_line_id = 'EL3'"
    ),
    ("incentive.fct_earning_line", "same_person_as_the_credit_line"): (
        "update incentive.fct_earning_line set payee_id = 'E2' where earning_line_id = 'EL3'"
    ),
    ("incentive.fct_earning_line", "credit_runs_on_from_before_to_after"): (
        "update incentive.fct_earning_line set cumulative_after = cumulative_after + 0.01 where earning_line_id = 'EL3'"
    ),
    ("incentive.fct_earning_line", "paid_in_whole_minor_units"): (
        "update incentive.fct_earning_line set currency_code = 'JPY' where earning_line_id = 'EL3'"
    ),
    ("incentive.fct_earning_line", "held_has_a_reason"): (
        "update incentive.fct_earning_line set is_held = true where earning_line_id = 'EL3'"
    ),
    ("incentive.fct_earning_line", "says_what_made_it"): (
        "update incentive.fct_earning_line set plan_version = null where earning_line_id = 'EL3'"
    ),
    ("incentive.fct_earning_line", "band_parts_can_be_read"): (
        "update incentive.fct_earning_line set band_parts = '[{' where earning_line_id = 'EL3'"
    ),
    ("incentive.fct_payout", "payout_id_not_be_null"): (
        "update incentive.fct_payout set payout_id = null where payout_id = 'E12026-02'"
    ),
    ("incentive.fct_payout", "payout_id_be_unique"): (
        "update incentive.fct_payout set payout_id = 'E12026-01' where payout_id = 'E12026-02'"
    ),
    ("incentive.fct_payout", "payee_id_plan_code_period_currency_code_be_unique"): (
        "insert into incentive.fct_payout by name "
        "select * replace ('again' as payout_id) from incentive.fct_payout where payout_id = 'E22026-02'"
    ),
    ("incentive.fct_payout", "payee_is_a_person"): (
        "update incentive.fct_payout set payee_id = 'HOUSE' where payout_id = 'E32026-02'"
    ),
    ("incentive.fct_payout", "status_not_be_null"): (
        "update incentive.fct_payout set status = null where payout_id = 'E22026-02'"
    ),
    ("incentive.fct_payout", "status_be_in_set"): (
        "update incentive.fct_payout set status = 'paid' where payout_id = 'E22026-02'"
    ),
    ("incentive.fct_payout", "amounts_are_there"): (
        "update incentive.fct_payout set held_amount = null where payout_id = 'E12026-02'"
    ),
    ("incentive.fct_statement_line", "payee_id_period_line_no_be_unique"): (
        "insert into incentive.fct_statement_line select * from incentive.fct_statement_line where step = 'a_quota'"
    ),
    ("incentive.fct_statement_line", "every_line_is_on_a_statement"): (
        "update incentive.fct_statement_line set amount = amount + 0.01 where earning_line_id = 'EL1'"
    ),
    ("incentive.fct_statement_line", "ends_in_what_is_paid"): (
        "update incentive.fct_statement_line set amount = 35.01 "
        "where step = 'payable' and payee_id = 'E1' and period = '2026-01'"
    ),
    ("incentive.fct_payout", "payable_amount_be_between"): (
        "update incentive.fct_payout set payable_amount = -1, held_amount = 1 where payout_id = 'E22026-02'"
    ),
    ("incentive.fct_payout", "earned_is_the_sum_of_its_lines"): (
        "update incentive.fct_payout set earned_amount = 35.51, payable_amount = 35.51 where payout_id = 'E12026-02'"
    ),
    ("incentive.fct_payout", "every_cent_is_paid_held_or_owed"): (
        "update incentive.fct_payout set payable_amount = 35.51 where payout_id = 'E12026-02'"
    ),
    ("incentive.fct_payout", "payable_only_when_it_says_so"): (
        "update incentive.fct_payout set status = 'nothing_due' where payout_id = 'E12026-02'"
    ),
    ("incentive.fct_payout", "held_payees_are_not_paid"): "insert into control.hold (payee_id) values ('E1')",
    ("incentive.fct_payout", "clawback_balance_runs_on"): (
        "update incentive.fct_payout set opening_clawback_balance = 10, closing_clawback_balance = 10 "
        "where payout_id = 'E12026-03'"
    ),
    ("incentive.fct_balance", "balance_id_not_be_null"): (
        "update incentive.fct_balance set balance_id = null where balance_id = 'B1'"
    ),
    ("incentive.fct_balance", "balance_id_be_unique"): "update incentive.fct_balance set balance_id = 'B1'",
    ("incentive.fct_balance", "balance_type_be_in_set"): (
        "update incentive.fct_balance set balance_type = 'loan' where balance_id = 'B1'"
    ),
    ("incentive.fct_balance", "balance_adds_up"): (
        "update incentive.fct_balance set closing_amount = 99 where balance_id = 'B2'"
    ),
    ("incentive.fct_balance", "recovery_is_what_the_payout_says"): (
        "update incentive.fct_balance set recovered_amount = 1, closing_amount = 99 where balance_id = 'B2'"
    ),
    ("appraisal.fct_recognition", "recognition_id_not_be_null"): (
        "update appraisal.fct_recognition set recognition_id = null where recognition_id = 'W1'"
    ),
    ("appraisal.fct_recognition", "recognition_id_be_unique"): (
        "update appraisal.fct_recognition set recognition_id = 'W1'"
    ),
    ("appraisal.fct_recognition", "belongs_to_a_person"): (
        "update appraisal.fct_recognition set employee_id = 'HOUSE' where recognition_id = 'W1'"
    ),
    ("appraisal.fct_recognition", "unit_be_in_set"): (
        "update appraisal.fct_recognition set unit = 'CNY' where recognition_id = 'W1'"
    ),
    ("appraisal.fct_goal", "goal_id_not_be_null"): "update appraisal.fct_goal set goal_id = null where goal_id = 'G1'",
    ("appraisal.fct_goal", "goal_id_be_unique"): "update appraisal.fct_goal set goal_id = 'G1'",
    ("appraisal.fct_goal", "belongs_to_a_person"): (
        "update appraisal.fct_goal set employee_id = 'HOUSE' where goal_id = 'G1'"
    ),
    ("appraisal.fct_goal", "smart_means_all_five"): "update appraisal.fct_goal set is_smart = true",
    ("appraisal.fct_goal", "what_is_not_smart_says_why"): (
        "update appraisal.fct_goal set reason_zh = null where goal_id = 'G2'"
    ),
    ("appraisal.fct_goal", "status_be_in_set"): "update appraisal.fct_goal set status = 'won' where goal_id = 'G1'",
    ("appraisal.rpt_goal_suggestion", "suggestion_id_not_be_null"): (
        "update appraisal.rpt_goal_suggestion set suggestion_id = null where suggestion_id = 'S1'"
    ),
    ("appraisal.rpt_goal_suggestion", "suggestion_id_be_unique"): (
        "update appraisal.rpt_goal_suggestion set suggestion_id = 'S1'"
    ),
    ("appraisal.rpt_goal_suggestion", "proposals_are_above_zero_and_below_their_ceiling"): (
        "update appraisal.rpt_goal_suggestion set suggested_value = 201 where suggestion_id = 'S1'"
    ),
    ("appraisal.rpt_goal_suggestion", "the_method_is_shown"): (
        "update appraisal.rpt_goal_suggestion set method_en = '' where suggestion_id = 'S2'"
    ),
    ("kpi.fct_gap", "gap_id_not_be_null"): "update kpi.fct_gap set gap_id = null where cause = 'goal'",
    ("kpi.fct_gap", "gap_id_be_unique"): "update kpi.fct_gap set gap_id = 'c1|goal'",
    ("kpi.fct_gap", "causes_add_up_to_the_gap"): "update kpi.fct_gap set cause_amount = 6 where cause = 'goal'",
    ("kpi.fct_gap", "cause_amount_not_be_null"): (
        "update kpi.fct_gap set cause_amount = case cause when 'leads' then -10 end"
    ),
    ("kpi.rpt_gap", "comparison_id_not_be_null"): (
        "update kpi.rpt_gap set comparison_id = null where comparison_id = 'c1'"
    ),
    ("kpi.rpt_gap", "comparison_id_be_unique"): "update kpi.rpt_gap set comparison_id = 'c1'",
    ("kpi.rpt_gap", "verdict_be_in_set"): "update kpi.rpt_gap set verdict = 'lazy' where comparison_id = 'c1'",
    ("kpi.rpt_gap", "goal_and_execution_are_the_gap"): (
        "update kpi.rpt_gap set execution_amount = -16 where comparison_id = 'c1'"
    ),
    ("kpi.rpt_gap", "a_shortfall_has_a_next_step"): (
        "update kpi.rpt_gap set next_step_zh = '' where comparison_id = 'c1'"
    ),
    ("appraisal.fct_recognition", "something_earned_it"): (
        "update appraisal.fct_recognition set grade = null where recognition_id = 'W1'"
    ),
    ("appraisal.fct_scorecard_line", "employee_id_plan_code_scorecard_code_period_kpi_code_be_unique"): (
        "update appraisal.fct_scorecard_line set kpi_code = 'win_rate'"
    ),
    (
        "appraisal.fct_scorecard_line",
        "belongs_to_a_person",
    ): "update appraisal.fct_scorecard_line set employee_id = 'E9'",
    ("appraisal.fct_scorecard_line", "weights_add_up_to_one"): (
        "update appraisal.fct_scorecard_line set weight = 0.5 where kpi_code = 'win_rate'"
    ),
    ("appraisal.fct_scorecard_line", "weights_are_shares"): (
        "update appraisal.fct_scorecard_line set effective_weight = -0.4 where kpi_code = 'win_rate'"
    ),
    ("appraisal.fct_scorecard_line", "capped_is_not_above_the_cap"): (
        "update appraisal.fct_scorecard_line set capped_attainment = 1.21 where kpi_code = 'win_rate'"
    ),
    ("appraisal.fct_appraisal_result", "employee_id_plan_code_scorecard_code_period_be_unique"): (
        "insert into appraisal.fct_appraisal_result by name "
        "select * replace (0 as bonus_amount, 0 as coefficient) from appraisal.fct_appraisal_result"
    ),
    ("appraisal.fct_appraisal_result", "belongs_to_a_person"): (
        "update appraisal.fct_appraisal_result set employee_id = 'E9'; "
        "update appraisal.fct_scorecard_line set employee_id = 'E9'; "
        "update incentive.fct_earning_line set payee_id = 'E9' where line_type = 'bonus'"
    ),
    ("appraisal.fct_appraisal_result", "score_is_the_sum_of_its_lines"): (
        "update appraisal.fct_appraisal_result set score = 0.97"
    ),
    ("appraisal.fct_appraisal_result", "scored_is_graded"): "update appraisal.fct_appraisal_result set grade = null",
    ("appraisal.fct_appraisal_result", "proration_be_between"): (
        "update appraisal.fct_appraisal_result set proration = 1.2, bonus_base_amount = 833.333333"
    ),
    ("appraisal.fct_appraisal_result", "bonus_amount_be_between"): (
        "update appraisal.fct_appraisal_result set bonus_amount = -960, coefficient = -0.96; "
        "update incentive.fct_earning_line set earned_amount = -960 where line_type = 'bonus'"
    ),
    ("appraisal.fct_appraisal_result", "bonus_is_base_times_coefficient"): (
        "update appraisal.fct_appraisal_result set coefficient = 0.97"
    ),
    ("appraisal.fct_appraisal_result", "bonus_is_earned_as_such"): (
        "update incentive.fct_earning_line set earned_amount = 960.01 where line_type = 'bonus'"
    ),
    ("appraisal.fct_appraisal_year", "employee_id_plan_code_scorecard_code_year_currency_code_be_unique"): (
        "insert into appraisal.fct_appraisal_year select * from appraisal.fct_appraisal_year"
    ),
    ("appraisal.fct_appraisal_year", "belongs_to_a_person"): (
        "update appraisal.fct_appraisal_year set employee_id = 'E9'; "
        "update appraisal.fct_appraisal_result set employee_id = 'E9'"
    ),
    ("appraisal.fct_appraisal_year", "score_is_weighed_by_active_days"): (
        "update appraisal.fct_appraisal_year set score_days = 86.4001"
    ),
    ("appraisal.fct_appraisal_year", "score_is_between_worst_and_best"): (
        "update appraisal.fct_appraisal_year set year_score = 0.97, score_days = 87.3"
    ),
    ("appraisal.fct_appraisal_year", "best_and_worst_are_scores_of_their_periods"): (
        "update appraisal.fct_appraisal_year set best_period = '2026-Q2'"
    ),
    ("appraisal.fct_appraisal_year", "bonus_is_the_sum_of_the_periods"): (
        "update appraisal.fct_appraisal_result set bonus_amount = 960.01"
    ),
    ("appraisal.fct_appraisal_year", "days_are_possible"): "update appraisal.fct_appraisal_year set active_days = 91",
    ("appraisal.fct_appraisal_year", "complete_is_scored"): (
        "update appraisal.fct_appraisal_year set is_complete = true, periods = 2"
    ),
    ("appraisal.fct_appraisal_year", "what_is_lacking_is_said"): (
        "update appraisal.fct_appraisal_year set reason_zh = ''"
    ),
    ("appraisal.fct_rating_change", "rating_change_id_not_be_null"): (
        "update appraisal.fct_rating_change set rating_change_id = null, rating_before = null, rating_change = null, "
        "source_system = null where revision_no = 2"
    ),
    ("appraisal.fct_rating_change", "rating_change_id_be_unique"): (
        "insert into appraisal.fct_rating_change by name select * replace (rating as rating_before, "
        "0 as rating_change) from appraisal.fct_rating_change where revision_no = 1"
    ),
    ("appraisal.fct_rating_change", "belongs_to_a_person"): (
        "update appraisal.fct_rating_change set employee_id = 'HOUSE'"
    ),
    ("appraisal.fct_rating_change", "one_rating_is_current"): (
        "update appraisal.fct_rating_change set is_current = true"
    ),
    ("appraisal.fct_rating_change", "deleted_is_not_current"): (
        "update appraisal.fct_rating_change set is_deleted = true where is_current"
    ),
    ("appraisal.fct_rating_change", "change_is_rating_less_the_one_before"): (
        "update appraisal.fct_rating_change set rating_change = -0.1 where is_current"
    ),
    ("appraisal.fct_rating_change", "before_is_what_was_told_before"): (
        "update appraisal.fct_rating_change set rating_before = 1.1, rating_change = -0.1 where is_current"
    ),
    (
        "audit.delivery",
        "delivery_id_not_be_null",
    ): "update audit.delivery set delivery_id = null where delivery_id = 'D2'",
    ("audit.delivery", "delivery_id_be_unique"): "update audit.delivery set delivery_id = 'D1'",
    ("audit.delivery", "status_not_be_null"): "update audit.delivery set status = null where delivery_id = 'D2'",
    ("audit.delivery", "status_be_in_set"): "update audit.delivery set status = 'lost' where delivery_id = 'D2'",
    ("audit.delivery", "every_row_is_accounted_for"): (
        "update audit.delivery set rows_in_file = 6 where delivery_id = 'D1'"
    ),
    ("audit.delivery", "quarantined_rows_can_be_seen"): "delete from audit.quarantine_row",
    ("audit.quarantine_row", "comes_from_a_delivery"): "update audit.quarantine_row set delivery_id = 'D9'",
    ("audit.quarantine_row", "reason_not_be_null"): "update audit.quarantine_row set reason = null",
    ("audit.quarantine_row", "row_number_be_between"): "update audit.quarantine_row set row_number = 0",
    ("audit.hold", "hold_id_not_be_null"): "update audit.hold set hold_id = null",
    ("audit.hold", "hold_id_be_unique"): "insert into audit.hold select * from audit.hold",
    ("audit.hold", "scope_not_be_null"): "update audit.hold set scope = null",
    ("audit.hold", "scope_be_in_set"): "update audit.hold set scope = 'month'",
    ("audit.hold", "subject_id_not_be_null"): "update audit.hold set subject_id = null",
    ("audit.hold", "reason_not_be_null"): "update audit.hold set reason = null",
    (
        "audit.coverage",
        "coverage_id_not_be_null",
    ): "update audit.coverage set coverage_id = null where coverage_id = 'K1'",
    ("audit.coverage", "coverage_id_be_unique"): "update audit.coverage set coverage_id = 'K1'",
    ("audit.coverage", "outcome_not_be_null"): "update audit.coverage set outcome = null where coverage_id = 'K1'",
    ("audit.coverage", "outcome_be_in_set"): "update audit.coverage set outcome = 'maybe' where coverage_id = 'K1'",
    ("audit.coverage", "row_count_be_between"): "update audit.coverage set row_count = 0 where coverage_id = 'K2'",
    ("kpi.bridge_customer_source", "source_record_id_not_be_null"): (
        "update kpi.bridge_customer_source set source_record_id = null where source_record_id = 'zoho_crm:2'"
    ),
    ("kpi.bridge_customer_source", "source_record_id_be_unique"): (
        "update kpi.bridge_customer_source set source_record_id = 'zoho_crm:1'"
    ),
    ("kpi.bridge_customer_source", "leads_to_a_customer"): (
        "update kpi.bridge_customer_source set customer_id = 'C9' where source_record_id = 'zoho_crm:2'"
    ),
    ("kpi.bridge_customer_source", "every_customer_has_its_own_record"): (
        "insert into kpi.dim_customer by name select 'C2' as customer_id, false as is_unknown"
    ),
    ("kpi.bridge_customer_source", "match_confidence_be_between"): (
        "update kpi.bridge_customer_source set match_confidence = 1.1 where source_record_id = 'zoho_crm:2'"
    ),
    ("audit.identity_match", "identity_match_id_not_be_null"): (
        "update audit.identity_match set identity_match_id = null where identity_match_id = 'I1'"
    ),
    ("audit.identity_match", "identity_match_id_be_unique"): "update audit.identity_match set identity_match_id = 'I1'",
    ("audit.identity_match", "entity_kind_be_in_set"): (
        "update audit.identity_match set entity_kind = 'team' where identity_match_id = 'I1'"
    ),
    ("audit.identity_match", "match_status_not_be_null"): (
        "update audit.identity_match set match_status = null where identity_match_id = 'I1'"
    ),
    ("audit.identity_match", "match_status_be_in_set"): (
        "update audit.identity_match set match_status = 'maybe' where identity_match_id = 'I2'"
    ),
    ("audit.identity_match", "match_confidence_be_between"): (
        "update audit.identity_match set match_confidence = 1.1 where identity_match_id = 'I1'"
    ),
    ("audit.identity_match", "row_count_be_between"): (
        "update audit.identity_match set row_count = 0 where identity_match_id = 'I2'"
    ),
    ("audit.identity_match", "people_lead_to_an_employee"): (
        "update audit.identity_match set canonical_id = 'E9' where identity_match_id = 'I1'"
    ),
    ("audit.identity_match", "customers_lead_to_a_customer"): (
        "update audit.identity_match set canonical_id = 'C9' where identity_match_id = 'I3'"
    ),
    ("audit.identity_match", "what_nobody_knows_is_credited_to_nobody"): (
        "update audit.identity_match set canonical_id = 'E1' where identity_match_id = 'I2'"
    ),
}
for who, key, money in (
    ("employee", "employee_id", "E1"),
    ("team", "team", "north"),
):
    figures = f"kpi.fct_kpi_{who}_period"
    one = f"{key} = '{money}' and period = '2026-01' and kpi_code = 'collected_amount'"
    FAULTS |= {
        (figures, f"{key}_kpi_code_period_type_period_currency_code_be_unique"): (
            f"insert into {figures} by name select * replace (null as attainment, null as target_value, "
            f"0 as actual_value, 0 as numerator) from {figures} where {one}"
        ),
        (figures, f"{key}_not_be_null"): (
            f"insert into {figures} by name select * replace (null as {key}, 0 as actual_value, 0 as numerator, "
            f"0 as attainment) from {figures} where {one}"
        ),
        (figures, "period_type_not_be_null"): (
            f"insert into {figures} by name select * replace (null as period_type, 0 as actual_value, 0 as numerator, "
            f"0 as attainment, 'E3' as {key}) from {figures} where {one}"
        ),
        (figures, "period_type_be_in_set"): (
            f"insert into {figures} by name select * replace ('week' as period_type, 0 as actual_value, "
            f"0 as numerator, 0 as attainment) from {figures} where {one}"
        ),
        (figures, "measure_is_defined"): (
            f"insert into {figures} by name select * replace ('happiness' as kpi_code) from {figures} where {one}"
        ),
        (figures, "money_has_a_currency_and_counts_have_none"): (
            f"update {figures} set currency_code = 'CNY' where kpi_code = 'won_deals'"
            + ("; update kpi.fct_kpi_employee_period set currency_code = 'CNY' where kpi_code = 'won_deals'")
        ),
        (figures, "ratio_is_numerator_over_denominator"): f"update {figures} set numerator = 1 where {one}",
        (figures, "attainment_is_actual_over_target"): f"update {figures} set attainment = 0.9 where {one}",
        (figures, "gap_is_actual_less_target"): f"update {figures} set gap_value = 1 where {one}",
        (figures, "months_add_up_to_quarters"): (
            f"update {figures} set actual_value = actual_value + 0.01, numerator = numerator + 0.01, "
            f"attainment = null, target_value = null where {key} = '{money}' and period = '2026-Q1' "
            "and kpi_code = 'collected_amount'"
            + (
                "; update kpi.fct_kpi_employee_period set actual_value = actual_value + 0.01 "
                "where employee_id = 'E1' and period = '2026-Q1' and kpi_code = 'collected_amount'"
                if who == "team"
                else ""
            )
        ),
    }
FAULTS[("kpi.fct_kpi_team_period", "teams_add_up_to_people")] = (
    "update kpi.fct_kpi_employee_period set actual_value = actual_value + 1 "
    "where employee_id = 'E2' and period = '2026-01'"
)
FAULTS |= plan_health_faults.FAULTS

SUITES = {suite.table: suite for suite in suites.load_suites(PROJECT_ROOT / "expectations")}


@pytest.fixture(scope="session")
def good_warehouse(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return small_warehouse.build(tmp_path_factory.mktemp("good") / "attain.duckdb")


def test_good_warehouse_keeps_every_promise(good_warehouse: Path) -> None:
    outcomes = runner.run_suites(good_warehouse, list(SUITES.values()))
    assert len(outcomes) == sum(len(suite.expectations) for suite in SUITES.values())
    assert [
        (found.table, found.expectation.name, found.detail) for found in outcomes if found.outcome != "passed"
    ] == []


def test_every_critical_expectation_has_a_fault_and_no_fault_is_left_over() -> None:
    critical = {
        (suite.table, expectation.name)
        for suite in SUITES.values()
        for expectation in suite.expectations
        if expectation.severity == "critical"
    }
    assert critical == set(FAULTS)


@pytest.mark.parametrize(("table", "name"), list(FAULTS))
def test_a_bad_row_breaks_exactly_this_promise(table: str, name: str, good_warehouse: Path, tmp_path: Path) -> None:
    warehouse = Path(shutil.copy(good_warehouse, tmp_path / "attain.duckdb"))
    small_warehouse.change(warehouse, FAULTS[table, name])
    outcomes = {found.expectation.name: found for found in runner.run_suites(warehouse, [SUITES[table]])}
    broken = {
        found.expectation.name: found.outcome
        for found in outcomes.values()
        if found.outcome != "passed" and found.expectation.severity == "critical"
    }
    assert broken == {name: "failed"}
    assert outcomes[name].failures > 0
    query = rows.failing_rows_query(table, outcomes[name].expectation)
    assert query is not None
    with dialect.connect(warehouse) as connection:
        assert rows.fetch(connection, query).sample
