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
        Column("release_id", "VARCHAR", "发布编号: id of the release, used once · 该发布的编号，只用一次"),
        Column("run_id", "VARCHAR", "运行编号: run that built it · 构建该发布的运行"),
        Column(
            "fingerprint",
            "VARCHAR",
            "输入指纹: SHA-256 over deliveries, plans, code and settings · 对交付、方案、程序和设置计算的 SHA-256",
        ),
        Column("as_of_date", "DATE", "截至日: day that everything is computed for · 全部数据计算到哪一天"),
        Column("code_version", "VARCHAR", "程序版本: version of attain that built it · 构建时所用的 attain 版本"),
        Column("business_timezone", "VARCHAR", "业务时区: decides the period of an event · 决定事件归入哪个期间"),
        Column("fx_rate_type", "VARCHAR", "汇率类型: type of the exchange rates used · 所用汇率的类型"),
        Column("fx_max_age_days", "INTEGER", "汇率最长天数: an older rate holds the line · 汇率早于此天数时，该行暂缓"),
        Column(
            "max_held_exposure",
            "DECIMAL(9,6)",
            "暂缓上限: share of the payout that holds may cover (0–1) · 暂缓金额最多可占应付总额的比例（0–1）",
        ),
        Column("delivery_count", "BIGINT", "输入文件数: deliveries it was made from · 所依据的交付数"),
        Column("checks_run", "BIGINT", "检查数: checks of the gate · 质量闸门的检查项数"),
        Column("checks_passed", "BIGINT", "通过数: those that passed · 其中通过的项数"),
        Column("held_payees", "BIGINT", "暂缓人数: people held by the gate · 被质量闸门暂缓的人数"),
    ),
    ("release_id",),
    "发布: the release that these files are. One row. · 这些文件所属的发布，只有一行。",
)

GATE_RESULT = Table(
    "audit",
    "gate_result",
    (
        Column("check_id", "VARCHAR", "检查编号: kind, table and name of the check · 由工具、表和检查名称组成的编号"),
        Column("check_name", "VARCHAR", "检查: its name · 检查的名称"),
        Column(
            "kind",
            "VARCHAR",
            "工具: dbt, expectation (Great Expectations) or reference (second pay engine)"
            " · dbt、expectation（Great Expectations）或 reference（第二套薪酬引擎）",
        ),
        Column("table_name", "VARCHAR", "表: what it is about · 所检查的表"),
        Column(
            "severity", "VARCHAR", "级别: critical, warning or info · critical（严重）、warning（警告）或 info（提示）"
        ),
        Column(
            "scope",
            "VARCHAR",
            "范围: table, or rows when their payees can be held · table（整表），或 rows（可只暂缓相关收款人）",
        ),
        Column(
            "outcome", "VARCHAR", "结果: passed, failed or errored · passed（通过）、failed（未通过）或 errored（出错）"
        ),
        Column(
            "is_held",
            "BOOLEAN",
            "已暂缓: whether its failure was answered by holding payees · 未通过时是否以暂缓收款人处理",
        ),
        Column("failing_rows", "BIGINT", "不合格行数: rows that fail it · 未通过检查的行数"),
        Column("payee_count", "BIGINT", "涉及人数: people those rows belong to · 这些行所涉及的人数"),
        Column("owner", "VARCHAR", "负责: who answers for it · 谁对该检查负责"),
        Column("reason", "VARCHAR", "原因: what goes wrong, for whom, when it fails · 未通过时会出什么错，影响谁"),
        Column("remedy", "VARCHAR", "处理办法: what to do then · 未通过时应当如何处理"),
        Column("detail", "VARCHAR", "详情: what was observed · 检查时观察到的情况"),
    ),
    ("check_id",),
    "检查结果: one row a check of the quality gate on this release. · 质量闸门对该发布的每项检查一行。",
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
