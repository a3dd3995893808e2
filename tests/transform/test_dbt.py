"""dbt runs in process: quiet, once a layer, with errors that name the model."""

from __future__ import annotations

import json
import os
from dataclasses import replace
from pathlib import Path

import duckdb
import pytest

from attain.errors import AttainError, BadInput, Busy
from attain.settings import PROJECT_ROOT
from attain.transform import dbt
from tests.transform.conftest import BuiltHome
from tests.transform.landing import make_table

# Nobody can make these fail here: the sample company has no row for them to see twice.
_EMPTY = {
    "primary_key_stg_control__hold_hold_id",
    "primary_key_stg_control__identity_customer_source_system__reference",
    "primary_key_stg_control__identity_person_source_system__reference__valid_from",
    "int_activity_has_one_row_a_key",
    "int_payee_hold_has_one_row_a_key",
    "int_leave_spell_has_one_row_a_key",
    "int_unpaid_invoice_has_one_row_a_key",
}


def test_an_unknown_layer_is_refused(built: BuiltHome) -> None:
    with pytest.raises(BadInput, match="staging, intermediate, marts"):
        dbt.build_layer(built.settings, "gold", built.candidate.run_id)


def test_a_layer_of_another_run_is_refused(built: BuiltHome) -> None:
    with pytest.raises(Busy, match="another run"):
        dbt.build_layer(built.settings, "marts", "000000000000")


def test_a_build_is_quiet_and_leaves_no_trace_outside_the_home(
    copied: BuiltHome, capfd: pytest.CaptureFixture[str]
) -> None:
    before = set(os.environ)
    built_now = dbt.build_selected(copied.settings, "source:control.hold+", copied.candidate.run_id)
    assert {"stg_control__hold", "int_payee_hold", "int_payout_month", "fct_payout", "hold"} <= set(built_now.models)
    assert capfd.readouterr().out == ""
    assert set(os.environ) == before
    assert (copied.settings.logs / "dbt" / "dbt.log").is_file()
    assert not [name for name in ("target", "logs", "dbt_packages") if (PROJECT_ROOT / "dbt_project" / name).exists()]
    # The file is free again, for a reader with other settings than dbt's.
    with duckdb.connect(
        str(copied.settings.warehouse_file), read_only=True, config={"enable_external_access": "false"}
    ) as connection:
        assert connection.execute("select count(*) from incentive.fct_payout").fetchall() > [(0,)]


def test_a_hold_keeps_back_exactly_what_would_have_been_paid(copied: BuiltHome) -> None:
    with duckdb.connect(str(copied.settings.warehouse_file)) as connection:
        connection.execute("insert into control.hold values ('h1', 'E1', 'a_check', 'look here', 1620.00, 'CNY')")
    dbt.build_selected(copied.settings, "source:control.hold+", copied.candidate.run_id)
    query = "select period, {} from incentive.fct_payout where payee_id = 'E1' and period >= '2026' order by 1"
    assert copied.rows(query.format("held_amount, payable_amount, status, hold_reason")) == [
        (period, paid, 0, "held", "look here") for (period, paid) in built_payable(copied, query)
    ]
    assert copied.rows("select scope, subject_id, amount from audit.hold where hold_id = 'payee|h1'") == [
        ("payee", "E1", 1620)
    ]


def built_payable(copied: BuiltHome, query: str) -> list[tuple[str, object]]:
    """What E1 would have been paid: earned, as the sample has no held line and no balance for E1."""
    return [(period, earned) for period, earned in copied.rows(query.format("earned_amount"))]


def test_the_catalogue_is_one_page_on_every_table(built: BuiltHome) -> None:
    page = dbt.catalogue(built.settings)
    text = page.read_text(encoding="utf-8")
    assert page == built.settings.home / "catalogue" / "index.html"
    english = (
        "model.attain.fct_payout",
        "What each payee is paid for each month",
        "ref('int_payout_month')",
        "description_zh",
    )
    # labels and descriptions of a model and of a column
    chinese = ("发放", "每位收款人每月应付多少", "应付金额", "本月应支付的金额")
    for words in (*english, *(json.dumps(word)[1:-1] for word in chinese)):
        assert words in text, words
    assert "<script src=" not in text  # nothing to be fetched


def test_a_failing_model_is_named_with_the_databases_words(copied: BuiltHome) -> None:
    with duckdb.connect(str(copied.settings.warehouse_file)) as connection:
        connection.execute("alter table intermediate.int_payout_month rename column payable_amount to paid")
    with pytest.raises(AttainError, match=r"fct_payout could not be built.*payable_amount") as failure:
        dbt.build_selected(copied.settings, "fct_payout", copied.candidate.run_id)
    assert "dbt.log" in failure.value.remedy


def test_a_project_that_cannot_be_read_is_said(copied: BuiltHome, tmp_path: Path) -> None:
    project = tmp_path / "project" / "dbt_project"
    project.mkdir(parents=True)
    (project / "dbt_project.yml").write_text("name: [", encoding="utf-8")
    with pytest.raises(AttainError, match="can't be read"):
        dbt.test(replace(copied.settings, project=project.parent), copied.candidate.run_id)


def test_every_test_states_severity_owner_and_reason(built: BuiltHome) -> None:
    assert len(built.tests) > 90
    for result in built.tests.values():
        assert result.meta["severity"] in {"critical", "warning", "info"}, result.name
        assert result.meta["scope"] in {"table", "rows"}, result.name
        assert all(result.meta[word] for word in ("owner", "reason", "remedy")), result.name
        assert "." in result.model, result.name


def test_the_sample_fails_only_where_it_is_dirty(built: BuiltHome) -> None:
    failed = {name: result.failures for name, result in built.tests.items() if result.status != "pass"}
    assert failed == {
        "documents_have_a_customer": 2,
        "lines_have_a_rate": 1,
        "money_names_a_known_invoice": 1,
        "owners_are_known": 1,
        "products_are_in_the_catalogue": 1,
        "splits_of_a_document_add_up": 1,
        "stages_are_known": 1,
    }
    assert {built.tests[name].status for name in failed} == {"fail"}
    assert not [name for name in failed if built.tests[name].meta["severity"] == "critical"]
    relation = built.tests["owners_are_known"].failing_relation
    assert relation == "gate_failures.owners_are_known"
    assert built.rows(f"select document_id, owner_reference, owner_match, row_number from {relation}") == [
        ("D4", "Twin Name", "ambiguous", 5)
    ]


BREAKAGES = """
update intermediate.int_money_movement set movement_amount = 3000 where event_id = 'R2';
update intermediate.int_document_event set event_amount = 1 where event_id = 'I1' and basis = 'invoiced';
update intermediate.int_credit_line set split_amount = split_amount + 0.01 where event_id = 'R3';
update intermediate.int_earning_line set earned_amount = earned_amount + 0.01;
update incentive.fct_credit_line set split_amount = split_amount + 0.01, employee_id = 'nobody', customer_id = 'nobody'
    where event_id = 'R1';
update incentive.fct_credit_line set basis = 'guessed', event_type = 'guessed', credit_role = 'guessed'
    where event_id = 'H2';
update incentive.fct_payout set payable_amount = -1, held_amount = -1, status = 'guessed', payee_id = 'nobody',
    opening_clawback_balance = 5 where payee_id = 'E1' and period = '2026-02';
update incentive.fct_earning_line set payee_id = 'nobody', credit_line_id = 'nothing', line_type = 'guessed'
    where event_id = 'R1';
update kpi.fct_kpi_employee_period set employee_id = 'nobody', kpi_code = 'guessed', period_type = 'week'
    where employee_id = 'E1' and period = '2026-01';
update kpi.fct_kpi_team_period set kpi_code = 'guessed', period_type = 'week', numerator = 1 where period = '2026-01';
update kpi.bridge_customer_source set customer_id = 'nobody';
update kpi.dim_customer set owner_employee_id = 'nobody';
update kpi.fct_kpi_segment_period set dimension_type = 'guessed', kpi_code = 'guessed', period_type = 'week'
    where period = '2026-01';
insert into intermediate.int_gap_feedback by name
    select 'team' as subject_type, 'x' as subject_id, 'month' as period_type, 'x' as period;
insert into kpi.fct_gap by name
    select 'x' as gap_id, 'employee' as subject_type, 'nobody' as subject_id, 'nobody' as employee_id,
        'guessed' as kpi_code, 1 as actual_value from range(2);
insert into kpi.rpt_gap by name
    select 'x' as comparison_id, 'nobody' as employee_id, 'guessed' as kpi_code from range(2);
update kpi.fct_funnel_period set employee_id = 'nobody', stage_outcome = 'guessed', period_type = 'week'
    where period = '2026-Q1' and employee_id = 'E1';
update kpi.dim_kpi set unit = 'guessed' where kpi_code = 'win_rate';
update incentive.rpt_plan_effectiveness set period_type = 'week';
update incentive.rpt_quota_fairness set period_type = 'week', dimension = 'guessed', verdict = 'guessed';
update appraisal.fct_leaderboard set period_type = 'week', employee_id = 'nobody';
update appraisal.rpt_champion_practice set period_type = 'week', kpi_code = 'guessed';
insert into appraisal.fct_training_need by name
    select 'x' as training_need_id, 'nobody' as employee_id, 'week' as period_type, 'guessed' as kpi_code,
        'guessed' as training_status from range(2);
insert into appraisal.rpt_training_effect by name
    select 'x' as training_effect_id, 'guessed' as verdict from range(2);
update appraisal.fct_scorecard_line set employee_id = 'nobody', kpi_code = 'guessed';
update appraisal.fct_appraisal_result set employee_id = 'nobody';
insert into intermediate.int_rating_change by name select 'x' as rating_change_id from range(2);
insert into appraisal.fct_rating_change by name
    select 'x' as rating_change_id, 'nobody' as employee_id, true as is_current from range(2);
update appraisal.fct_appraisal_year set employee_id = 'nobody', bonus_amount = bonus_amount + 0.01;
update audit.hold set scope = 'guessed';
update audit.coverage set outcome = 'guessed';
update audit.identity_match set entity_kind = 'guessed', match_status = 'guessed';
insert into intermediate.int_plan_assignment
    select * replace ('abroad' as plan_code) from intermediate.int_plan_assignment where employee_id = 'E1';
insert into incentive.fct_balance by name
    select 'x' as balance_id, 'loan' as balance_type, 'nobody' as payee_id, -1 as closing_amount from range(2);
insert into incentive.fct_statement_line by name
    select 'y' as statement_line_id, 'nobody' as payee_id from range(2);
update appraisal.fct_goal set employee_id = 'nobody';
insert into intermediate.int_product_family by name
    select 'crm' as source_system, 'name' as reference_kind, 'x' as reference from range(2);
insert into intermediate.int_document_line by name
    select 'invoice' as line_of, 'finance' as source_system, 'x' as document_no, 1 as document_line_no from range(2);
insert into intermediate.int_past_improvement by name select 'guessed' as kpi_code, 'month' as period_type;
insert into appraisal.rpt_goal_suggestion by name
    select 'x' as suggestion_id, 'nobody' as employee_id, 'guessed' as kpi_code from range(2);
insert into appraisal.fct_recognition by name
    select 'x' as recognition_id, 'nobody' as employee_id, 'money' as reward_kind from range(2);
"""


def test_every_critical_test_is_seen_to_fail(copied: BuiltHome) -> None:
    """Each table gets a row twice, and each promise is broken once; no critical test may still pass."""
    with duckdb.connect(str(copied.settings.warehouse_file)) as connection:
        make_table(connection, "incentive.fct_earning_line")
        connection.execute(BREAKAGES)
        tables = connection.execute(
            "select schema_name || '.' || table_name from duckdb_tables() where schema_name <> 'gate_failures'"
        ).fetchall()
        for (table,) in tables:
            if not table.startswith("raw."):
                connection.execute(f"insert into {table} select * from {table} limit 1")
                if (
                    table.startswith(("staging.", "plan."))
                    and connection.execute(f"from {table} limit 1").fetchone() is None
                ):
                    connection.execute(f"insert into {table} default values")  # a record without a name
    results = {result.name: result for result in dbt.test(copied.settings, copied.candidate.run_id)}
    critical = {name: result for name, result in results.items() if result.meta["severity"] == "critical"}
    assert {name for name, result in critical.items() if result.status != "fail"} == _EMPTY
    assert len(critical) - len(_EMPTY) > 75
    refund = copied.rows(
        "select distinct file_name, row_number, document_id, payee_id from gate_failures.refunds_are_not_positive"
    )
    assert refund == [("receipts/receipts.csv", 3, "D2", "E1")]
    for name, result in critical.items():
        if result.meta["scope"] == "rows":
            assert copied.rows(f"select count(*) from gate_failures.{name} where coalesce(payee_id, '') = ''") == [(0,)]
            assert copied.rows(f"select min(exposure_amount) >= 0 from gate_failures.{name}") == [(True,)]
