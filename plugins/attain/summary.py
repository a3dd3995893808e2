"""What a run did, in words: the end of `make run`, and the lists that the command line prints.

Plain text for a terminal or a pipe, 100 columns wide, at most 50 lines. What is published is read from the release
itself, so that a run with nothing new tells the same as the run that published it.
"""

from __future__ import annotations

import os
import shutil
import sys
import textwrap
from collections import Counter
from collections.abc import Iterable, Sequence
from decimal import Decimal
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rich.cells import cell_len, chop_cells

from attain.money import minor_unit

if TYPE_CHECKING:
    from attain.connectors.pulled import Pulled
    from attain.control.models import Delivery
    from attain.ingest.deliveries import FileResult, IngestReport
    from attain.ingest.history import Record, Revision
    from attain.ingest.quarantine import QuarantinedRow
    from attain.ingest.snapshots import HeldSnapshot
    from attain.pipeline import RunReport
    from attain.publish.release import ReleaseEntry
    from attain.quality.results import Verdict
    from attain.settings import Settings

WIDTH = 100
MAX_LINES = 50

_LABEL = 12
_SHOWN = 3
_EXAMPLES = 5
_RECORDS = 20


def render(settings: Settings, report: RunReport) -> str:
    """The summary of a run: what came in, what was held and why, the verdict, the release, the money, what to do next.

    Args:
        report: what the run did. Without a verdict nothing was new; with a refused one the release before it is
            still current.
    """
    from attain.publish import release

    refused = report.verdict is not None and report.verdict.is_refused
    current = release.current_release_id(settings)
    lines = ["", _headline(report, current), "─" * WIDTH]
    lines += _came_in(report.ingested, only_news=report.verdict is None)
    end: list[str] = []
    if report.verdict is not None and refused:
        lines += _refused(report.verdict)
        end += _labelled("in full", [_path(settings.warehouse / "verdict.json")])
        end += _row("current", f"release {current}, as before" if current else "none: nothing was published yet")
    elif current is not None:
        found, money = _release(settings, settings.releases / current, report.verdict)
        lines += found
        end += money
    end += [*_places(settings, current), *_next(settings, report, current)]
    return "\n".join(_fitted(lines, end))


def render_ingest(settings: Settings, reports: Sequence[IngestReport]) -> str:
    """What one look at the inbox came to, source by source, with a reason and a remedy for each rejected file."""
    lines = _came_in(reports, only_news=False) or [f"nothing new in {_path(settings.inbox)}"]
    lines += _refused_rows(reports)
    rejected = any(report.rejected for report in reports)
    taken = any(report.committed for report in reports)
    todo = "attain run" if taken else "mend the rejected files and put them into the inbox again"
    return "\n".join(_fitted(lines, _row("next", todo) if rejected or taken else []))


def render_pull(found: Sequence[Pulled]) -> str:
    """What was pulled as a table, with what is wrong and what to do below it."""
    header = ["feed", "records", "deleted", "file", ""]
    rows = [
        [
            item.feed,
            f"{item.records:,}" if item.problem is None else "",
            f"{item.deleted:,}" if item.deleted else "",
            item.file or "",
            "not pulled" if item.problem else item.note,
        ]
        for item in found
    ]
    lines = _table([header, *rows], right={1, 2})
    for item in found:
        if item.problem is not None:
            lines += ["", f"{item.feed}: {item.problem}", f"  what to do: {item.remedy}"]
    if any(item.file for item in found):
        lines += ["", "next: attain run"]
    return "\n".join(lines)


def render_releases(settings: Settings, found: Sequence[ReleaseEntry]) -> str:
    """The releases as a table, the one published last first; `→` marks the current one."""
    if not found:
        return "no release yet; next: attain run"
    rows = [
        [
            "→" if entry.is_current else "",
            entry.release_id,
            entry.as_of_date.isoformat(),
            f"{entry.published_at:%Y-%m-%d %H:%M} UTC",
            _money(entry.payout_totals) or "nothing",
            ", ".join(
                filter(
                    None,
                    [
                        f"rolled back to by {entry.last_moved_by}" if entry.last_cause == "rollback" else "",
                        "" if entry.is_there else "files removed",
                    ],
                )
            ),
        ]
        for entry in found
    ]
    header = ["", "release", "as of", "published", "payable to date", ""]
    return "\n".join([*_table([header, *rows]), f"files: {_path(settings.releases)}/<release>/"])


def render_deliveries(found: Sequence[Delivery], held: Sequence[HeldSnapshot] = ()) -> str:
    """Deliveries as a table, in the order they arrived, and the snapshots whose missing records wait."""
    if not found:
        return "nothing was delivered yet"
    header = ["delivery", "from", "feed", "mode", "loaded", "quarantined", "state", "file"]
    rows = [
        [
            delivery.delivery_id,
            delivery.source_system,
            delivery.feed,
            delivery.mode if delivery.mode == "snapshot" else "",
            f"{delivery.rows_loaded:,}",
            f"{delivery.rows_quarantined:,}",
            delivery.status,
            delivery.file_name + (f" ({delivery.reason})" if delivery.reason else ""),
        ]
        for delivery in found
    ]
    return "\n".join([*_table([header, *rows], right={4, 5}), *_vanished(held)])


def render_quarantine(found: Sequence[QuarantinedRow]) -> str:
    """Quarantined rows, file by file: what is wrong with each and what to do about it."""
    if not found:
        return "no row is in quarantine"
    lines: list[str] = []
    for (file_name, delivery_id, feed), rows in groupby(
        found, key=lambda row: (row.file_name, row.delivery_id, row.feed)
    ):
        lines += ["", f"{file_name} → {feed}, delivery {delivery_id}"]
        for row in rows:
            value = "" if row.value is None else f" ({_cut(repr(row.value), 40)})"
            state = "" if row.state == "open" else f" [{row.state}]"
            lines += [f"  row {row.row_number}: {row.reason}{value}{state}", f"    do: {row.remedy}"]
    by_state = Counter(row.state for row in found)
    lines += ["", ", ".join(f"{_count(number, 'row')} {state}" for state, number in by_state.items())]
    return "\n".join(lines[1:])


def render_records(found: Sequence[Record]) -> str:
    """Records, a line for each cell that is not blank, with the file and row they come from."""
    lines: list[str] = []
    for record in found[:_RECORDS]:
        lines.append(f"{' / '.join(record.key)}  ({_origin(record)})")
        lines += [f"  {name} = {value}" for name, value in record.values.items() if value is not None]
    if len(found) > _RECORDS:
        lines.append(f"… and {len(found) - _RECORDS:,} more records; --key shows one, --json all")
    return "\n".join(lines) or "no such record was known"


def render_history(found: Sequence[Revision]) -> str:
    """Revisions of records, in the order they became known, with what each said that the one before did not."""
    lines: list[str] = []
    before: Record | None = None
    for revision in found:
        record = revision.record
        if before is None or (before.source_system, before.key) != (record.source_system, record.key):
            lines += ["", f"{' / '.join(record.key)}  ({record.source_system})"]
            before = None
        if revision.valid_from is None:
            span = f"never in force: {revision.ended_by}"
        else:
            by = f" by {revision.ending_delivery}" if revision.ending_delivery else ""
            end = f"{revision.valid_to:%Y-%m-%d %H:%M:%S}, {revision.ended_by}{by}" if revision.valid_to else "now"
            span = f"{revision.valid_from:%Y-%m-%d %H:%M:%S} → {end}"
        what = {"row": "", "deleted": "DELETED  ", "missing": "MISSING in this snapshot  "}[revision.what]
        lines += [f"  {span}", f"    {what}{_origin(record)}"]
        if revision.what == "row":
            changed = [
                f"{name} = {value}"
                for name, value in record.values.items()
                if value is not None and (before is None or before.values[name] != value)
            ]
            gone = [name for name in record.values if before and record.values[name] is None and before.values[name]]
            lines += [f"    {text}" for text in [*changed, *(f"{name} is blank" for name in gone)]]
            before = record
    return "\n".join(lines[1:]) or "no such record was ever known"


def _origin(record: Record) -> str:
    row = "" if record.row_number is None else f" row {record.row_number}"
    return f"{record.file_name}{row}, delivery {record.delivery_id}"


def _vanished(held: Sequence[HeldSnapshot]) -> list[str]:
    """Snapshots whose missing records are not deleted until a person has said so."""
    lines = []
    for item in held:
        such = ", ".join(item.examples) + (", …" if item.vanished > len(item.examples) else "")
        lines += _row(
            "not deleted",
            f"{item.file_name} lacks {item.vanished:,} of {item.known:,} known records of {item.feed} ({such}); "
            f"{item.reason}, so they stay until somebody has looked",
        )
        lines += _row("", f"do: {item.remedy}")
    return lines


def _headline(report: RunReport, current: str | None) -> str:
    if report.verdict is not None and report.verdict.is_refused:
        return f"attain: REFUSED by the quality gate: candidate {report.verdict.release_id} is not published"
    if report.published is not None:
        again = ", as it was before" if report.published.cause == "republish" else ""
        return f"attain: published release {report.published.release_id}{again}"
    if report.candidate is not None and report.candidate.release_id != current:
        return f"attain: nothing new: {current} stays current, {report.candidate.release_id} was rolled back"
    if report.candidate is not None:
        return (
            f"attain: nothing new: release {current} is current, "
            f"published from {_count(len(report.candidate.delivery_ids), 'delivery')}"
        )
    return f"attain: nothing to publish{f'; release {current} is current' if current else ''}"


# ---------------------------------------------------------------- what came in


def _came_in(reports: Sequence[IngestReport], *, only_news: bool) -> list[str]:
    rows = []
    for report in reports:
        if not report.files or (only_news and not any(_is_news(file) for file in report.files)):
            continue
        numbers = [
            _count(report.committed, "file"),
            _count(sum(file.rows_loaded for file in report.files), "row"),
            _if_any(sum(file.rows_quarantined for file in report.files), "quarantined"),
            _if_any(report.count("duplicate"), "duplicate"),
            _if_any(report.rejected, "rejected"),
            _if_any(report.count("waiting"), "still being written"),
            _if_any(report.count("unknown"), "from nobody known"),
            _if_any(report.count("ignored"), "ignored"),
        ]
        rows.append([report.source_system, *numbers])
    lines = [*_labelled("came in", _table(rows, right={1, 2}))] if rows else []
    for report in reports:
        told = [file for file in report.files if file.needs_a_look]
        for file in told[:_SHOWN]:
            lines += _row(file.outcome, f"{file.file_name}: {file.reason or ''}")
            if file.remedy:
                lines += _row("", f"do: {file.remedy}")
        if len(told) > _SHOWN:
            lines += _row("", f"… and {len(told) - _SHOWN} more files of {report.source_system}")
    notes = [
        (d.file_name or file.file_name, note)
        for report in reports
        for file in report.files
        for d in file.deliveries
        for note in d.notes
    ]
    for name, note in notes[:2]:
        lines += _row("note", f"{name}: {note}")
    if len(notes) > 2:
        lines += _row("", f"… and {len(notes) - 2} more; attain deliveries")
    return lines + _vanished([item for report in reports for item in report.held])


def _refused_rows(reports: Sequence[IngestReport]) -> list[str]:
    """A refused row of each delivery that has one, up to a few, with what to do about it."""
    samples = [
        (delivery.file_name or file.file_name, delivery.quarantine_samples[0])
        for report in reports
        for file in report.files
        for delivery in file.deliveries
        if delivery.quarantine_samples
    ]
    lines = _row("quarantined", "kept aside, each with its reason; for example") if samples else []
    for name, row in samples[:_EXAMPLES]:
        lines += _item(f"{name} row {row.row_number}: {row.reason}", f"do: {row.remedy}")
    return lines + _more(len(samples) - _EXAMPLES, "files with such rows; each row is in audit.quarantine_row")


def _is_news(file: FileResult) -> bool:
    return file.outcome != "ignored"


# ---------------------------------------------------------------- the release


def _release(settings: Settings, folder: Path, verdict: Verdict | None) -> tuple[list[str], list[str]]:
    """What is to be said of a release: what was found on the way, which may be cut, and the money, which may not."""
    from attain.publish import tables

    with tables.connect(folder) as engine:

        def ask(sql: str) -> list[dict[str, Any]]:
            return tables.rows(engine, sql)

        about = ask("SELECT * FROM audit.release")[0]
        quarantined = ask(
            """SELECT reason, count(*) AS n,
                      first({'file': file_name, 'row': row_number, 'value': value}
                            ORDER BY file_name, row_number) AS example
               FROM audit.quarantine_row WHERE state = 'open' GROUP BY reason ORDER BY n DESC, reason"""
        )
        held = ask(
            """SELECT scope, reason, min(remedy) AS remedy, sum(n)::BIGINT AS n,
                      list({'code': currency_code, 'amount': amount} ORDER BY currency_code)
                          FILTER (currency_code IS NOT NULL AND amount IS NOT NULL) AS money
               FROM (SELECT scope, reason, nullif(currency_code, '') AS currency_code, min(remedy) AS remedy,
                            count(*) AS n, sum(amount) AS amount
                     FROM audit.hold GROUP BY 1, 2, 3)
               GROUP BY scope, reason ORDER BY n DESC, scope, reason"""
        )
        lost = ask(
            """SELECT relation, outcome, value_met, any_value(likely_match) AS likely, sum(row_count)::BIGINT AS n
               FROM audit.coverage WHERE outcome <> 'matched'
               GROUP BY relation, outcome, value_met ORDER BY n DESC, relation, value_met"""
        )
        gate = ask(
            """SELECT severity, count(*) AS run, count(*) FILTER (outcome = 'passed') AS passed
               FROM audit.gate_result GROUP BY severity
               ORDER BY list_position(['critical', 'warning', 'info'], severity)"""
        )
        failed = ask(
            """SELECT * FROM audit.gate_result WHERE outcome <> 'passed' AND severity <> 'info'
               ORDER BY severity, failing_rows DESC, check_id"""
        )
        payouts = ask(
            """SELECT currency_code, max(last_period) AS period, sum(payable_amount) AS to_date,
                      coalesce(sum(payable_amount) FILTER (period = last_period), 0) AS last_month,
                      coalesce(sum(held_amount) FILTER (period = last_period), 0) AS held
               FROM (SELECT *, max(period) OVER () AS last_period FROM incentive.fct_payout)
               GROUP BY currency_code ORDER BY currency_code"""
        )
    is_new = verdict is not None
    lines = _quarantined(quarantined, _SHOWN if is_new else 0)
    lines += _held(held, _SHOWN if is_new else 0)
    lines += _unmatched(lost, _SHOWN if is_new else 0)
    lines += _gate(about, gate, failed, _SHOWN if is_new else 0)
    money = _row("release", f"{about['release_id']}, as of {about['as_of_date']}")
    if payouts:
        table = [["", payouts[0]["period"], "held", "all months"]]
        for row in payouts:
            code = row["currency_code"]
            table.append([code, *(_amount(row[name], code) for name in ("last_month", "held", "to_date"))])
        money += _labelled("payable 应付", _table(table, right={1, 2, 3}))
    else:
        money += _row("payable 应付", "nobody is assigned to a plan")
    return lines, money


def _quarantined(reasons: Sequence[dict[str, Any]], shown: int) -> list[str]:
    if not reasons:
        return []
    rows = sum(reason["n"] for reason in reasons)
    lines = _row("quarantined", f"{_count(rows, 'row')} open, kept with reason and remedy: attain quarantine list")
    for reason in reasons[:shown]:
        example = reason["example"]
        value = "" if example["value"] is None else f" ({_cut(repr(example['value']), 24)})"
        lines += _item(f"{reason['n']:,} × {reason['reason']}", f"e.g. {example['file']} row {example['row']}{value}")
    return lines + _more(len(reasons) - shown if shown else 0, "reasons", "reason")


def _held(reasons: Sequence[dict[str, Any]], shown: int) -> list[str]:
    if not reasons:
        return _row("held", "nothing")
    by_scope: Counter[str] = Counter()
    for reason in reasons:
        by_scope[reason["scope"]] += reason["n"]
    counted = ", ".join(_count(n, "payee" if scope == "payee" else "document") for scope, n in by_scope.items())
    lines = _row("held", f"{counted}, until somebody has looked; all in audit.hold")
    for reason in reasons[:shown]:
        money = _money({entry["code"]: entry["amount"] for entry in reason["money"] or []})
        lines += _item(f"{reason['n']:,} × {reason['reason']}", "; ".join(filter(None, [money, reason["remedy"]])))
    return lines + _more(len(reasons) - shown if shown else 0, "reasons", "reason")


def _unmatched(references: Sequence[dict[str, Any]], shown: int) -> list[str]:
    """References that lead nowhere; their rows and money count all the same."""
    if not references:
        return []
    rows = sum(reference["n"] for reference in references)
    lines = _row("no match", f"{_count(rows, 'reference')} lead nowhere; the money counts, all in audit.coverage")
    for reference in references[:shown]:
        met = "blank" if reference["outcome"] == "blank" else repr(reference["value_met"])
        likely = f", is it {reference['likely']!r}?" if reference["likely"] else ""
        lines += _item(f"{reference['n']:,} × {reference['relation']}: {met}{likely}")
    return lines


def _gate(
    about: dict[str, Any], gate: Sequence[dict[str, Any]], failed: Sequence[dict[str, Any]], shown: int
) -> list[str]:
    counts = ", ".join(f"{row['severity']} {row['passed']}/{row['run']}" for row in gate)
    held = f"; {_count(about['held_payees'], 'payee')} held" if about["held_payees"] else ""
    lines = _row("gate", f"passed: {about['checks_passed']} of {about['checks_run']} checks ({counts}){held}")
    for check in failed[:shown]:
        word = "payees held" if check["is_held"] else check["severity"]
        what = f"{word}: {check['table_name']}: {check['check_name']}, {_count(check['failing_rows'], 'row')}"
        lines += _item(what, check["reason"])
    return lines + _more(
        len(failed) - shown if shown else 0, "checks that want an answer: sheet Checks of payouts.xlsx"
    )


def _refused(verdict: Verdict) -> list[str]:
    """What the gate itself says, at this width; warnings can wait until what refuses is mended."""
    from attain.quality import report

    lines = []
    for line in report.render(verdict).split("\n")[1:]:
        if line.startswith("warnings"):
            break
        if line.startswith(("  do ", "  or ", "  payees ")):  # uncut: what is to be typed, and who is concerned
            lines += textwrap.wrap(line, WIDTH, subsequent_indent=" " * 10, break_on_hyphens=False)
        elif line.strip() and not line.startswith("  seen    observed "):
            lines.append(line)
    return lines


# ---------------------------------------------------------------- where things are, what to do


def _places(settings: Settings, current: str | None) -> list[str]:
    lines = []
    if current is not None:
        lines += [
            f"{_path(settings.releases / 'current')}/ → {current}",
            "payouts.xlsx for finance, report.html, attain.duckdb and parquet/ for BI, receipt.json",
        ]
    names = ("airflow-local-run.log", "airflow", "dbt/dbt.log", "quality.log")
    logs = [name for name in names if (settings.logs / name).exists()]
    return [
        *(_labelled("files", lines) if lines else []),
        *(_labelled("logs", [f"{_path(settings.logs)}/: {', '.join(logs)}"]) if logs else []),
    ]


def _next(settings: Settings, report: RunReport, current: str | None) -> list[str]:
    inbox = f"{_path(settings.inbox)}/<source>/<feed>/"
    if report.verdict is not None and report.verdict.is_refused:
        steps = ["do what the gate says above, then run again"]
    elif current is None:
        steps = [f"put files into {inbox}, or: attain demo; then run again"]
    else:
        steps = [
            f"open {_path(settings.releases / 'current')}/report.html",
            f"put new files into {inbox} and run again",
            "attain releases · attain verify · attain rollback ID · attain --help",
        ]
    return _labelled("next", [*steps, *_where_attain_is()])


def _where_attain_is() -> list[str]:
    """How to type `attain` in a shell that would not find it: it is in the project's own environment."""
    beside = Path(sys.executable).parent / "attain"
    if not beside.exists() or shutil.which("attain") is not None:
        return []
    return [f"attain is {_path(beside)}"]


# ---------------------------------------------------------------- words and columns


def _row(label: str, text: str) -> list[str]:
    return _labelled(label, _wrapped(text, WIDTH - _LABEL - 1))


def _item(what: str, more: str = "") -> list[str]:
    """A point under a row: one line when both parts fit, else the second below the first; each at most two lines."""
    room = WIDTH - _LABEL - 3
    if more and cell_len(what) + cell_len(more) + 3 <= room:
        return _labelled("", [f"  {what} — {more}"])
    lines = [f"  {line}" for line in _at_most_two(what, room)]
    return _labelled("", [*lines, *(f"    {line}" for line in _at_most_two(more, room - 2))])


def _at_most_two(text: str, width: int) -> list[str]:
    lines = _wrapped(text, width) if text else []
    return lines if len(lines) <= 2 else [lines[0], _cut(" ".join(lines[1:]), width)]


def _labelled(label: str, lines: Sequence[str]) -> list[str]:
    labels = [label, *[""] * (len(lines) - 1)]
    return [f"{_padded(name, _LABEL)} {line}".rstrip() for name, line in zip(labels, lines, strict=True)]


def _more(count: int, what: str, one: str | None = None) -> list[str]:
    """That there is more than is shown; `one` is the word for a single thing."""
    return _labelled("", [f"  … and {count} more {one if one and count == 1 else what}"]) if count > 0 else []


def _table(rows: Sequence[Sequence[str]], right: Iterable[int] = ()) -> list[str]:
    """Rows as aligned columns, a Chinese character two wide; a column that is empty in all rows is left out."""
    if not rows:
        return []
    right = set(right)
    widths = [max(cell_len(row[number]) for row in rows) for number in range(len(rows[0]))]
    return [
        "  ".join(
            _padded(cell, width, left=number in right)
            for number, (cell, width) in enumerate(zip(row, widths, strict=True))
            if width
        ).rstrip()
        for row in rows
    ]


def _padded(text: str, width: int, *, left: bool = False) -> str:
    blanks = " " * max(0, width - cell_len(text))
    return blanks + text if left else text + blanks


def _wrapped(text: str, width: int) -> list[str]:
    lines: list[str] = []
    for word in text.split(" "):
        if lines and cell_len(lines[-1]) + 1 + cell_len(word) <= width:
            lines[-1] += " " + word
        else:
            lines += chop_cells(word, width) or [""]
    return lines


def _cut(text: str, width: int) -> str:
    return text if cell_len(text) <= width else chop_cells(text, width - 1)[0] + "…"


def _fitted(lines: Sequence[str], end: Sequence[str]) -> list[str]:
    """At most `MAX_LINES` lines. The end, where things are and what to do, is always there, its paths uncut."""
    room = MAX_LINES - len(end)
    kept = list(lines) if len(lines) <= room else [*lines[: room - 1], "  …"]
    return [*(_cut(line, WIDTH) for line in kept), *end]


def _count(number: int, noun: str) -> str:
    if number != 1:
        noun = noun[:-1] + "ies" if noun.endswith("y") else noun + "s"
    return f"{number:,} {noun}"


def _if_any(number: int, word: str) -> str:
    return f"{number:,} {word}" if number else ""


def _amount(amount: Decimal | str, currency_code: str) -> str:
    return f"{Decimal(amount):,.{minor_unit(currency_code)}f}"


def _money(amounts: dict[str, Any]) -> str:
    return ", ".join(f"{_amount(amount, code)} {code}" for code, amount in sorted(amounts.items()))


def _path(path: Path) -> str:
    """A path as short as it can be typed from here."""
    relative = os.path.relpath(path)
    return min(str(path), relative, key=len)
