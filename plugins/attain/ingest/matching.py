"""Which column of an opened file is which column of a feed, found by its header."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from typing import Any

from attain.ingest.contracts import DELETED_HEADERS, Column, likely, normalise_header, plain_header
from attain.ingest.conversion import Reading, Selection
from attain.ingest.mappings import Target
from attain.ingest.rejected import Rejected
from attain.ingest.tables import Table


@dataclass(frozen=True)
class Match:
    """How the columns of one file answer to one target; `deleted` is where the file marks deleted records."""

    target: Target
    readings: tuple[Reading, ...]
    selections: tuple[Selection, ...]
    deleted: int | None = None

    @property
    def used(self) -> frozenset[int]:
        """Positions of the file's columns that the target uses."""
        indexes = {reading.index for reading in self.readings if reading.index is not None}
        marked = set() if self.deleted is None else {self.deleted}
        return frozenset(indexes | marked | {selection.index for selection in self.selections})


class _Score:
    """How much of a row of headers the targets know."""

    def __init__(self, targets: Sequence[Target]) -> None:
        self.wanted = [
            {normalise_header(header) for header in headers}
            for target in targets
            for headers in target.headers.values()
        ]
        self.needed = [
            [
                {normalise_header(header) for header in target.headers.get(column.name, ())}
                for column in target.feed.columns
                if _is_needed(column, target) and column.name not in target.constants
            ]
            for target in targets
        ]

    def __call__(self, cells: Sequence[str]) -> int:
        """How many of their columns the row names."""
        forms = _forms(cells)
        return sum(1 for headers in self.wanted if headers & forms)

    def complete(self, cells: Sequence[str]) -> frozenset[int]:
        """The targets (by number) all of whose needed columns the row names."""
        forms = _forms(cells)
        return frozenset(
            number for number, needed in enumerate(self.needed) if needed and all(headers & forms for headers in needed)
        )


def _forms(cells: Sequence[str]) -> set[str]:
    return {form(cell) for cell in cells if len(cell) < 200 for form in (normalise_header, plain_header)}


def _is_needed(column: Column, target: Target) -> bool:
    """Whether a file must have the column."""
    needed = (column.required or column.name in target.feed.key) and column.name not in target.may_lack
    return needed and column.default is None


def score(targets: Sequence[Target]) -> Any:
    """Scorer of header rows for files that feed these targets: how many of their columns a row names, and for which of
    them it is complete."""
    return _Score(targets)


def match(table: Table, target: Target) -> Match:
    """Find the target's columns in the table's header.

    Raises:
        Rejected: a required column is missing (with the likeliest header), a column that is needed is there twice,
            or the header proves the file to be something else.
    """
    positions = _positions(table)
    for header, meaning in target.feed.foreign_headers.items():
        if target.mapping_name is None and normalise_header(header) in positions:
            raise Rejected(
                f"the column {header!r} belongs to {meaning}, not to {target.feed.code}",
                f"put the file where {meaning} belongs; {target.feed.code} has no such column",
            )
    readings: list[Reading] = []
    missing: list[Column] = []
    for column in target.feed.columns:
        values = {**dict.fromkeys(column.blanks, ""), **target.values.get(column.name, {})}
        if column.name in target.constants:
            readings.append(Reading(column, None, target.constants[column.name]))
            continue
        forms = [normalise_header(header) for header in target.headers.get(column.name, ())]
        form = next((form for form in forms if form in positions), None)
        if form is None:
            if _is_needed(column, target) or (forms and target.mapping_name is not None):
                missing.append(column)
            continue
        if form in table.duplicates:
            raise Rejected(
                f"the column {table.header[positions[form]]!r} is there more than once",
                "export it once, or rename the one that is not meant",
            )
        readings.append(Reading(column, positions[form], None, values))
    used = {reading.index for reading in readings}
    free = [header for index, header in enumerate(table.header) if index not in used]
    marks = [positions[header] for header in DELETED_HEADERS if header in positions and positions[header] not in used]
    if len(marks) > 1:
        raise Rejected("it says twice which records are deleted", f"keep one of {', '.join(DELETED_HEADERS)}")
    if marks:  # a mark of a deleted record needs only its key, so a file of marks may lack all else
        absent = [column for column in missing if column.name not in target.feed.key]
        missing = [column for column in missing if column not in absent]
        readings += [Reading(column, None, None) for column in absent]
    if missing:
        raise _missing([[column] for column in missing], target, free, table)
    if target.mapping_name is None and not marks:
        found = {reading.column.name for reading in readings}
        # A record in JSON may leave out what it has nothing to say of.
        groups = () if table.file_format in ("json", "jsonl") else target.feed.expects
        expected = [group for group in groups if not found.intersection((*group, *target.may_lack))]
        if expected:
            absent_groups = [[target.feed.by_name[name] for name in group] for group in expected]
            raise _missing(absent_groups, target, free, table)
        _refuse_renamed(target, found, free, table)
    selections = tuple(
        Selection(_position(header, positions, target), values, negated)
        for chosen, negated in ((target.where, False), (target.where_not, True))
        for header, values in chosen.items()
        if target.layout is None or normalise_header(header) in positions
    )
    return Match(target, tuple(readings), selections, marks[0] if marks else None)


def headers_of(table: Table, matched: Match) -> dict[str, str]:
    """The header that each column of the contract stands under, in the form in which headers are compared."""
    return {
        reading.column.name: normalise_header(table.header[reading.index])
        for reading in matched.readings
        if reading.index is not None
    }


def is_same_dialect(before: Mapping[str, str] | None, now: Mapping[str, str]) -> bool:
    """Whether two exports name what they both have alike: a backup's `Deal Owner Id` is no later `Deal Owner.id`."""
    return before is None or all(now[name] == header for name, header in before.items() if name in now)


def absent(matched: Match) -> list[str]:
    """The columns of the contract that the file does not have, and for which nothing stands."""
    found = {reading.column.name for reading in matched.readings}
    return [
        column.name for column in matched.target.feed.columns if column.name not in found and column.default is None
    ]


def refuse_dropped(table: Table, matched: Match, had: Sequence[str], before: str) -> None:
    """Refuse a file that lacks columns which the same export had before.

    Args:
        table: the opened file.
        matched: its columns' meaning.
        had: absent columns that say something in the export before.
        before: name of that export's file.

    Raises:
        Rejected: there is one, with the likeliest header and how to go on without it.
    """
    if not had:
        return
    target = matched.target
    free = [header for index, header in enumerate(table.header) if index not in matched.used]
    rejected = _missing([[target.feed.by_name[name]] for name in had], target, free, table)
    rejected.message += f"; {before} had {'them' if len(had) > 1 else 'it'}"
    words = " ".join(f"--without {target.feed.name}.{name}" for name in had)
    rejected.remedy += f"; if it is gone for good: `attain ingest {target.feed.source} {words}`"
    raise rejected


def _positions(table: Table) -> dict[str, int]:
    """Where each header stands: as it is, and without what forms add to it unless that is a column of its own."""
    positions = {normalise_header(header): index for index, header in reversed(list(enumerate(table.header)))}
    bare: dict[str, list[int]] = {}
    for index, header in enumerate(table.header):
        if (form := plain_header(header)) not in positions:
            bare.setdefault(form, []).append(index)
    return {**{form: indexes[0] for form, indexes in bare.items() if len(indexes) == 1}, **positions}


def _refuse_renamed(target: Target, found: set[str], free: Sequence[str], table: Table) -> None:
    """Refuse a file that has a column under a slip of its name: its cells would silently count as blank."""
    for column in target.feed.columns:
        if column.name in found or column.name in target.constants:
            continue
        for header in free:
            form = normalise_header(header)
            if any(_is_slip(form, normalise_header(known)) for known in target.headers.get(column.name, ())):
                raise _missing([[column]], target, [header], table)


def _is_slip(form: str, known: str) -> bool:
    """Whether a header is so like a known one that it must be meant: a letter more, less or other, in a long word."""
    if form == known or min(len(form), len(known)) < 4 or not form.isalpha() or not known.isalpha():
        return False
    if form.isascii() and known.isascii():
        return min(len(form), len(known)) > 6 and SequenceMatcher(None, form, known).ratio() >= 0.92
    return len(form) == len(known) and sum(a != b for a, b in zip(form, known, strict=True)) == 1 and len(form) > 4


def _missing(missing: Sequence[Sequence[Column]], target: Target, free: Sequence[str], table: Table) -> Rejected:
    """The rejection of a file that lacks columns; of each group one would do."""
    said = []
    for group in missing:
        known = [header for column in group for header in target.headers.get(column.name, (column.name,))]
        near = next((found for header in known if (found := likely(header, free))), None)
        names = " or ".join(column.name for column in group)
        said.append(f"{names} ({' / '.join(known[:3])})" + (f"; did {near!r} take its place?" if near else ""))
    shown = ", ".join(table.header[:12]) + (", …" if len(table.header) > 12 else "")
    return Rejected(
        f"missing column{'s' if len(said) > 1 else ''} of {target.feed.code}: {', '.join(said)}; "
        f"the header in use ({table.layout}) has {shown}",
        "export it with these columns"
        + (
            f", or correct mapping {target.mapping_name}"
            if target.mapping_name
            else f", or add the new header to the contract's layout {target.layout}"
            if target.layout
            else ", or add the new header to the contract's aliases"
        ),
    )


def _position(header: str, positions: dict[str, int], target: Target) -> int:
    form = normalise_header(header)
    if form not in positions:
        raise Rejected(
            f"the mapping {target.mapping_name} selects rows by {header!r}, which the file does not have",
            "correct the mapping, or export the column",
        )
    return positions[form]
