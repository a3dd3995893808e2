"""Finding the header of a table in its first rows: among titles, in one row or in the two or three rows of a group.

Systems that export sub-forms write two header rows: the sub-form's title over its columns, their labels below it, and
beside it plain columns whose label stands in one of the two rows, merged over both or not. Such a header is read as
one: `产品明细.产品名称` for a column of a group, `合同编号` for a plain one. Merged ranges say where a group is; where
a file has none (CSV, and workbooks saved by programs that drop them) its shape does: blanks to the right of a title,
with labels below all of them.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from attain.ingest.contracts import normalise_header
from attain.ingest.tables import Scorer, unique_header

_MOST_HEADER_ROWS = 3
_NO_LABEL = re.compile(r"[\d\s.,:/%¥￥$€()+-]+")


@dataclass(frozen=True)
class Merged:
    """A merged range; rows and columns count from 0, both ends belong to it."""

    top: int
    left: int
    bottom: int
    right: int


@dataclass(frozen=True)
class FoundHeader:
    """A header, in rows `first` to `last` (counted from 1).

    Attributes:
        known: how many of its columns the scorer knows.
        cells: one label a column, groups already joined to their labels.
    """

    known: int
    first: int
    last: int
    cells: list[str]

    def above(self, rows: Sequence[Sequence[str]]) -> list[str]:
        """What cells above it say, given the rows that it was found in."""
        return [text for row in rows[: self.first - 1] for cell in row if (text := cell.strip())]

    @property
    def place(self) -> str:
        """For people: `row 3`, `rows 3 and 4`."""
        return f"row {self.last}" if self.first == self.last else f"rows {self.first} to {self.last}"


def find_header(rows: Sequence[Sequence[str]], score: Scorer, merged: Sequence[Merged] = ()) -> FoundHeader | None:
    """The header that names most of what is wanted; None when there is no row at all.

    Of several that name as much the first wins, and of those at one place the one of more rows: its shape or its
    merged ranges speak for it.
    """
    best: FoundHeader | None = None
    grouped = []
    for index, row in enumerate(rows):
        alone = FoundHeader(score(row), index + 1, index + 1, list(row))
        if best is None or alone.known > best.known or (alone.known == best.known == 0 and _is_fuller(alone, best)):
            best = alone
        for depth in range(2, _MOST_HEADER_ROWS + 1):
            cells = _joined(rows[index : index + depth], index, merged) if index + depth <= len(rows) else None
            if cells is not None:
                grouped.append(FoundHeader(score(cells), index + 1, index + depth, cells))
    if best is None:
        return None
    for header in grouped:
        overlaps = header.first <= best.last and best.first <= header.last
        if header.known > best.known or (header.known == best.known > 0 and overlaps):
            best = header
    for header in grouped:
        # labels of a sub-form that look like plain columns don't win against rows that are merged as its records
        if header.first <= best.first and best.last <= header.last and header.known and _has_records(header, merged):
            best = header
    return best


def _is_fuller(header: FoundHeader, other: FoundHeader) -> bool:
    """Of rows that name nothing known, the one with the most labels says best what the file is."""
    return sum(map(bool, header.cells)) > sum(map(bool, other.cells))


def _joined(block: Sequence[Sequence[str]], index: int, merged: Sequence[Merged]) -> list[str] | None:
    """The rows as one header; None when they don't have the shape of one."""
    width = max(map(len, block))
    labels = [[" ".join(cell.split()) for cell in row] + [""] * (width - len(row)) for row in block]
    last = len(block) - 1
    spans = [range_ for range_ in merged if index <= range_.top and range_.bottom <= index + last]
    in_group: set[int] = set()
    for span in spans:
        at, end = span.top - index, min(span.right, width - 1)
        if span.right > span.left and at < last and labels[at][span.left]:
            columns = range(span.left, end + 1)
            if any(labels[below][column] for below in range(at + 1, last + 1) for column in columns):
                in_group.update(columns)
                labels[at][span.left : end + 1] = [labels[at][span.left]] * len(columns)
    downward = {span.left for span in spans if span.left == span.right and span.bottom - span.top == last}
    by_merges = bool(in_group or any(labels[0][column] for column in downward if column < width))
    if not by_merges and last == 1:
        in_group = _groups_by_shape(labels[0], labels[1])
        if any(cell and column not in in_group for column, cell in enumerate(labels[1])):
            return None  # a plain label in the lower row leaves in doubt where the group beside it ends
        for column in sorted(in_group):
            labels[0][column] = labels[0][column] or labels[0][column - 1]
    if not in_group and not downward:
        return None
    joined = []
    plain = single = 0
    for column in range(width):
        parts: list[str] = []
        for row in labels:
            if row[column] and row[column] not in parts[-1:]:
                parts.append(row[column])
        if column not in in_group:
            if len(parts) > 1:
                # a group of one column has no range of its own; only merged neighbours can vouch for it
                if not downward or column in downward:
                    return None
                single += 1
            elif parts:
                plain += 1
        joined.append(".".join(parts))
    if not plain or not (in_group or single):
        return None
    if not by_merges and any(_NO_LABEL.fullmatch(cell) for cell in labels[last] if cell):
        return None
    if not any(labels[last]):
        return None
    return joined


def _groups_by_shape(titles: list[str], labels: list[str]) -> set[int]:
    """Columns of groups where nothing is merged: a title, blanks to its right, and labels below all of them."""
    found: set[int] = set()
    column = 0
    while column < len(titles):
        end = column + 1
        if titles[column] and labels[column]:
            while end < len(titles) and not titles[end] and labels[end]:
                end += 1
            if end - column > 1:
                found.update(range(column, end))
        column = end
    return found


def _has_records(header: FoundHeader, merged: Sequence[Merged]) -> bool:
    """Whether cells below the header are merged downward, as the main cells of a record over its sub-rows are."""
    below = {span.left for span in merged if span.top >= header.last and span.bottom > span.top}
    grouped = {column for column, cell in enumerate(header.cells) if "." in cell}
    return bool(below - grouped) and not below & grouped


def known_in(cells: Sequence[str], score: Scorer) -> frozenset[str]:
    """The headers of a row that the scorer knows."""
    return frozenset(normalise_header(cell) for cell in cells if cell.strip() and score([cell]) > 0)


def are_alike(cells: Sequence[str], others: Sequence[str], score: Scorer) -> bool:
    """Whether two headers are of one table: they name the same columns of those looked for, or each all that one feed
    needs, as the sheets of those who work here and of those who left do."""
    known = known_in(cells, score)
    complete = getattr(score, "complete", None)
    return bool(known) and (
        known == known_in(others, score) or (complete is not None and bool(complete(cells) & complete(others)))
    )


def one_header(
    headers: Sequence[FoundHeader],
) -> tuple[list[str], frozenset[str], list[tuple[int | None, ...]]]:
    """The columns of all sheets: those of the first as they stand, then what only later ones have.

    Returns:
        The header, what stands in it more than once, and for each sheet where its columns are.
    """
    names: list[str] = []
    positions: dict[str, int] = {}
    duplicates: frozenset[str] = frozenset()
    places: list[dict[int, int]] = []
    for number, header in enumerate(headers):
        cells = list(header.cells)
        while cells and not cells[-1].strip():
            cells.pop()
        unique, twice = unique_header(cells)
        duplicates |= twice
        place: dict[int, int] = {}
        for index, name in enumerate(unique):
            form = normalise_header(name)
            if number == 0 or form not in positions:
                positions.setdefault(form, len(names))
                place[len(names)] = index
                names.append(name)
            else:
                place[positions[form]] = index
        places.append(place)
    return names, duplicates, [tuple(place.get(column) for column in range(len(names))) for place in places]
