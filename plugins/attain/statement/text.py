"""A statement as people read it in a terminal, in English, in Chinese or in both."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

from attain.money import minor_unit
from attain.statement.rows import SUMMED, Row, Statement
from attain.statement.verify import Check, first_fault

Language = Literal["en", "zh", "both"]


def render(statement: Statement, language: Language = "both") -> str:
    """Header, steps by component, totals, and what is held with its reason."""
    parts = [
        f"{_word('Statement', '对账单', language)} {statement.period}  {statement.payee_id} {statement.full_name}"
        + (f"  {statement.team}" if statement.team else ""),
        f"{_word('Plan', '方案', language)}: {', '.join(statement.plans) or '–'}   "
        f"{_word('Release', '发布', language)}: {statement.release_id}",
    ]
    above: tuple[str, ...] = ()
    for row in statement.rows:
        here = (row["plan_code"], row["currency_code"], row["component_code"] or "", row["window_code"] or "")
        if here != above:
            parts.append("")
            names = [row["plan_code"], _component(row, language), row["window_code"], row["currency_code"]]
            parts.append("== " + " · ".join(name for name in names if name))
            above = here
        parts += _step(row, language)
    if statement.held:
        parts += ["", _word("Held lines: what to do", "暂缓的明细：处理办法", language)]
        parts += [f"  {row['line_no']:>3}  {row['reason'] or ''}" for row in statement.held]
        parts.append(
            "  "
            + _word(
                "Mend what the reason names in the system it comes from; the next run pays exactly what was held. "
                "audit.hold has document, file and row.",
                "请在来源系统中修正原因所述问题；下次运行将如数发放。单据、文件与行号见 audit.hold。",
                language,
            )
        )
    return "\n".join(parts)


def render_checks(checks: Sequence[Check]) -> str:
    """Each check in a line, and the verdict below."""
    lines = [
        f"  {'ok ' if check.is_good else 'NOT'} {check.line_no:>4}  {check.rule:<8} {check.what}: {check.stated}"
        + ("" if check.is_good else f", but it comes to {check.found}")
        for check in checks
    ]
    fault = first_fault(checks)
    lines.append(
        f"{len(checks)} checks: all add up 全部相符"
        if fault is None
        else f"does not add up 不符: line {fault.line_no}, {fault.what} ({fault.rule}): "
        f"stated {fault.stated}, comes to {fault.found}"
    )
    return "\n".join(lines)


def _step(row: Row, language: Language) -> list[str]:
    texts = (
        [row["text_en"]]
        if language == "en"
        else [row["text_zh"]]
        if language == "zh"
        else [
            row["text_en"],
            row["text_zh"],
        ]
    )
    money = ""
    if row["amount"] is not None and (row["step"] == "line" or row["step"] in SUMMED):
        money = f"{row['amount']:,.{minor_unit(row['currency_code'])}f}"
    lines = [f"  {row['line_no']:>3}  {texts[0]}  [{row['rule_codes'] or ''}]" + (f"  {money}" if money else "")]
    lines += [f"       {text}" for text in texts[1:]]
    if row["reason"]:
        lines.append(f"       ! {row['reason']}")
    if row["file_name"]:
        lines.append(f"       ← {row['file_name']}, {_word('row', '行', language)} {row['row_number']}")
    return lines


def _component(row: Row, language: Language) -> str | None:
    """What a component is called, with its code; the code alone where a release knows no title."""
    english, chinese, code = row.get("component_en"), row.get("component_zh"), row["component_code"]
    return f"{_word(english, chinese, language)} ({code})" if english and chinese else code


def _word(english: str, chinese: str, language: Language) -> str:
    return {"en": english, "zh": chinese, "both": f"{english} {chinese}"}[language]
