"""The two audit tables that publishing itself fills: which release this is, and what the gate said about it.

Neither holds a time of day, so the same candidate gives the same rows.
"""

from __future__ import annotations

from decimal import Decimal

from attain.publish.tables import Column, MadeTable, Table
from attain.quality.results import Verdict
from attain.transform.candidate import Candidate

RELEASE = Table(
    "audit",
    "release",
    (
        Column("release_id", "VARCHAR", "发布编号: id of the release, used once"),
        Column("run_id", "VARCHAR", "运行编号: run that built it"),
        Column("fingerprint", "VARCHAR", "输入指纹: SHA-256 over deliveries, plans, code and settings"),
        Column("as_of_date", "DATE", "截至日: day that everything is computed for"),
        Column("code_version", "VARCHAR", "程序版本: version of attain that built it"),
        Column("business_timezone", "VARCHAR", "业务时区: decides the period of an event"),
        Column("fx_rate_type", "VARCHAR", "汇率类型: type of the exchange rates used"),
        Column("fx_max_age_days", "INTEGER", "汇率最长天数: an older rate holds the line"),
        Column("max_held_exposure", "DECIMAL(9,6)", "暂缓上限: share of the payout that holds may cover (0–1)"),
        Column("delivery_count", "BIGINT", "输入文件数: deliveries it was made from"),
        Column("checks_run", "BIGINT", "检查数: checks of the gate"),
        Column("checks_passed", "BIGINT", "通过数: those that passed"),
        Column("held_payees", "BIGINT", "暂缓人数: people held by the gate"),
    ),
    ("release_id",),
    "发布: the release that these files are. One row.",
)

GATE_RESULT = Table(
    "audit",
    "gate_result",
    (
        Column("check_id", "VARCHAR", "检查编号: kind, table and name of the check"),
        Column("check_name", "VARCHAR", "检查: its name"),
        Column("kind", "VARCHAR", "工具: dbt, expectation (Great Expectations) or reference (second pay engine)"),
        Column("table_name", "VARCHAR", "表: what it is about"),
        Column("severity", "VARCHAR", "级别: critical, warning or info"),
        Column("scope", "VARCHAR", "范围: table, or rows when their payees can be held"),
        Column("outcome", "VARCHAR", "结果: passed, failed or errored"),
        Column("is_held", "BOOLEAN", "已暂缓: whether its failure was answered by holding payees"),
        Column("failing_rows", "BIGINT", "不合格行数: rows that fail it"),
        Column("payee_count", "BIGINT", "涉及人数: people those rows belong to"),
        Column("owner", "VARCHAR", "负责: who answers for it"),
        Column("reason", "VARCHAR", "原因: what goes wrong, for whom, when it fails"),
        Column("remedy", "VARCHAR", "处理办法: what to do then"),
        Column("detail", "VARCHAR", "详情: what was observed"),
    ),
    ("check_id",),
    "检查结果: one row a check of the quality gate on this release.",
)


def made_tables(candidate: Candidate, verdict: Verdict, run: dict[str, object]) -> list[MadeTable]:
    """`audit.release` and `audit.gate_result` of a candidate and its verdict.

    Args:
        run: the row of the warehouse's `control.run`: settings as they were when the candidate was built.
    """
    release_row = (
        candidate.release_id,
        candidate.run_id,
        candidate.fingerprint,
        candidate.as_of_date,
        candidate.code_version,
        run["business_timezone"],
        run["fx_rate_type"],
        run["fx_max_age_days"],
        Decimal(verdict.max_held_exposure),
        len(candidate.delivery_ids),
        len(verdict.results),
        sum(1 for result in verdict.results if result.outcome == "passed"),
        len(verdict.held_payees),
    )
    gate_rows = [
        (
            f"{result.kind}:{result.table}:{result.name}",
            result.name,
            result.kind,
            result.table,
            result.severity,
            result.scope,
            result.outcome,
            result.is_held,
            result.failures,
            len(result.payees),
            result.owner,
            result.reason,
            result.remedy,
            result.detail,
        )
        for result in verdict.results
    ]
    return [MadeTable(RELEASE, [release_row]), MadeTable(GATE_RESULT, gate_rows)]
