"""What comes after the first export: one more week's receipts, or a 'correction' that the gate must refuse."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from attain.demo import manifest
from attain.demo.company import (
    END,
    LAST_DAY,
    Branch,
    Receipt,
    as_date,
    branch,
    month_number,
    month_text,
    rates,
)
from attain.demo.exports import RECEIPTS_HEADER, receipt_row
from attain.demo.writers import Cell, CsvTable
from attain.errors import BadInput
from attain.settings import Settings

KINDS = ("refund_sign", "double_pay", "unknown_currency_rate")

_FOLDER = "finance/receipts"
_CORRECTED_ON = date(END.year, END.month + 1, 2)
_WEEK = 7
_MONTHS_LOOKED_AT = 6
_CURRENCY_WITHOUT_RATE = "SGD"


@dataclass(frozen=True)
class CorruptReport:
    """What was corrupted.

    Attributes:
        kind: one of `KINDS`.
        sentence: what happened, for a person.
        path: the file, below the inbox.
        rows: data rows of the file.
        row_numbers: the corrupted rows, as a spreadsheet numbers them.
        receipts: numbers of the corrupted receipts.
        documents: contracts and deals they belong to.
    """

    kind: str
    sentence: str
    path: str
    rows: int
    row_numbers: list[int]
    receipts: list[str]
    documents: list[str]


def late_file(settings: Settings) -> Path:
    """Deliver the next week's receipts of the head office's contracts in yuan. Each call gives the week after.

    Returns: the new file.
    Raises:
        BadInput: this home holds no sample company, or all that was invoiced is paid.
    """
    report = manifest.read(settings)
    coming = [
        receipt
        for receipt in branch(report.seed, 0).receipts
        if receipt.in_finance
        and receipt.day > LAST_DAY
        and receipt.invoice.document.system == "jiandaoyun"
        and receipt.invoice.document.currency == "CNY"
    ]
    weeks: dict[int, list[Receipt]] = defaultdict(list)
    for receipt in coming:
        weeks[(receipt.day - LAST_DAY - 1) // _WEEK].append(receipt)
    ordered = sorted(weeks)
    if report.late_files >= len(ordered):
        raise BadInput(
            f"all {len(ordered)} later deliveries of this sample company have been made",
            "start another one in a new ATTAIN_HOME",
        )
    week = ordered[report.late_files]
    last_day = LAST_DAY + (week + 1) * _WEEK
    written, _ = _write(
        settings.inbox,
        f"收款单_{as_date(last_day):%Y%m%d}",
        ((receipt_row(receipt, receipt.amount), False) for receipt in weeks[week]),
    )
    report.late_files += 1
    manifest.write(settings, report)
    return written


def corrupt(settings: Settings, kind: str = "refund_sign") -> CorruptReport:
    """Deliver a plausible 'corrected' export of receipts that is wrong in one way.

    Every row of it can be read; what is wrong only shows when it is compared with the rest.

    Args:
        kind: `refund_sign` - a month's receipts again, the refunds without their minus sign;
            `double_pay` - the receipts of a paid invoice again, under new numbers, so that more came than was invoiced;
            `unknown_currency_rate` - a month's receipts in dollars again, in a currency that has no rate.

    Raises:
        BadInput: an unknown kind, or this home holds no sample company.
    """
    if kind not in KINDS:
        raise BadInput(f"{kind!r} is no kind of corruption", f"one of: {', '.join(KINDS)}")
    report = manifest.read(settings)
    head_office = branch(report.seed, 0)
    return {"refund_sign": _lose_signs, "double_pay": _pay_twice, "unknown_currency_rate": _relabel_currency}[kind](
        settings, report.seed, head_office
    )


def _lose_signs(settings: Settings, seed: int, head_office: Branch) -> CorruptReport:
    months = _recent_months(head_office)
    month = max(
        months,
        key=lambda number: sum(_yuan(seed, receipt) for receipt in months[number] if receipt.is_refund) * -1,
    )
    rows = []
    for receipt in months[month]:
        rows.append((receipt_row(receipt, abs(receipt.amount)), receipt.is_refund))
    changed = [receipt for receipt in months[month] if receipt.is_refund]
    return _deliver(
        settings,
        "refund_sign",
        f"the receipts of {month_text(month)} were sent again and their {len(changed)} refunds lost the minus sign",
        f"收款单_{month_text(month).replace('-', '')}_更正_{_CORRECTED_ON:%Y%m%d}",
        rows,
        changed,
    )


def _pay_twice(settings: Settings, seed: int, head_office: Branch) -> CorruptReport:
    paid: dict[str, list[Receipt]] = defaultdict(list)
    for receipt in head_office.receipts:
        if receipt.in_finance and receipt.day <= LAST_DAY:
            paid[receipt.invoice.number].append(receipt)
    whole = [
        receipts
        for receipts in paid.values()
        if sum(receipt.amount for receipt in receipts) == receipts[0].invoice.amount
        and receipts[0].invoice.document.currency == "CNY"
        and receipts[0].day > LAST_DAY - 120
    ]
    chosen = max(whole, key=lambda receipts: (receipts[0].invoice.amount, receipts[0].invoice.number))
    rows = []
    for place, receipt in enumerate(chosen, start=1):
        cells = receipt_row(receipt, receipt.amount)
        cells[0] = f"SKD0008{place:05d}"
        rows.append((cells, True))
    return _deliver(
        settings,
        "double_pay",
        f"invoice {chosen[0].invoice.number} was paid a second time: "
        f"its {len(chosen)} receipts came again under new numbers",
        f"收款单_补录_{_CORRECTED_ON:%Y%m%d}",
        rows,
        chosen,
    )


def _relabel_currency(settings: Settings, seed: int, head_office: Branch) -> CorruptReport:
    month = month_number(LAST_DAY)
    changed = [receipt for receipt in _recent_months(head_office)[month] if receipt.invoice.document.currency == "USD"]
    rows = []
    for receipt in changed:
        cells = receipt_row(receipt, receipt.amount)
        cells[RECEIPTS_HEADER.index("币别")] = _CURRENCY_WITHOUT_RATE
        rows.append((cells, True))
    return _deliver(
        settings,
        "unknown_currency_rate",
        f"the {len(changed)} dollar receipts of {month_text(month)} were sent again as {_CURRENCY_WITHOUT_RATE}, "
        "which has no exchange rate",
        f"收款单_{month_text(month).replace('-', '')}_外币更正_{_CORRECTED_ON:%Y%m%d}",
        rows,
        changed,
    )


def _recent_months(head_office: Branch) -> dict[int, list[Receipt]]:
    """Receipts that finance has, by month, of the last months."""
    months: dict[int, list[Receipt]] = defaultdict(list)
    for receipt in head_office.receipts:
        month = month_number(receipt.day)
        if receipt.in_finance and receipt.day <= LAST_DAY and month > month_number(LAST_DAY) - _MONTHS_LOOKED_AT:
            months[month].append(receipt)
    return months


def _yuan(seed: int, receipt: Receipt) -> float:
    return receipt.amount / 100 * rates(seed).yuan(receipt.invoice.document.currency, receipt.day)


def _deliver(
    settings: Settings,
    kind: str,
    sentence: str,
    stem: str,
    rows: list[tuple[list[Cell], bool]],
    changed: list[Receipt],
) -> CorruptReport:
    written, row_numbers = _write(settings.inbox, stem, rows)
    place = written.relative_to(settings.inbox).as_posix()
    return CorruptReport(
        kind=kind,
        sentence=f"{place}: {sentence}",
        path=place,
        rows=len(rows),
        row_numbers=row_numbers,
        receipts=[str(rows[number - 2][0][0]) for number in row_numbers],
        documents=sorted({receipt.invoice.document.number for receipt in changed}),
    )


def _write(inbox: Path, stem: str, rows: Iterable[tuple[list[Cell], bool]]) -> tuple[Path, list[int]]:
    """Write one receipts file. Returns it and the numbers of the rows that are marked."""
    table = CsvTable(inbox, _FOLDER, stem, RECEIPTS_HEADER, encoding="gb18030")
    marked = []
    try:
        for cells, is_marked in rows:
            table.write(cells)
            if is_marked:
                marked.append(table.position)
        files = table.close()
    except BaseException:
        table.abandon()
        raise
    table.release()
    return inbox / files[0].path, marked
