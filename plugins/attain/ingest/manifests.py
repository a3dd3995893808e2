"""Manifests: what a file's sender says of it, in `<file name>.manifest.json` beside it.

All of it is optional: the mode, when it was extracted, how many records it has, what its amounts add up to, the hash
of its bytes. What is said is held against what is read; a disagreement rejects the file whole.
"""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

from attain.ingest.contracts import MODES, likely, normalise_header
from attain.ingest.landing import Landed
from attain.ingest.matching import Match
from attain.ingest.rejected import Rejected
from attain.ingest.tables import Table

SUFFIX = ".manifest.json"
MAX_BYTES = 64 << 10
_KEYS = ("mode", "extracted_at", "rows", "totals", "sha256")


@dataclass(frozen=True)
class Manifest:
    """What a manifest says; None or empty where it says nothing.

    Attributes:
        mode: `changes`, `events` or `snapshot`; it wins over the contract's.
        extracted_at: when the file was made, in UTC without zone.
        rows: number of records, without header and totals rows; of a zip those of all its files.
        totals: header → sum of that column over all records.
        sha256: of the delivered bytes, in lower case.
    """

    mode: str | None = None
    extracted_at: datetime | None = None
    rows: int | None = None
    totals: dict[str, Decimal] = field(default_factory=dict)
    sha256: str | None = None

    @property
    def counts(self) -> bool:
        """Whether the rows have to be read to hold it against them."""
        return self.rows is not None or bool(self.totals)


@dataclass(frozen=True)
class Counted:
    """One read piece of the file: what a manifest's figures are held against."""

    table: Table
    matched: Match
    landed: Landed


def is_manifest(path: Path) -> bool:
    """Whether a path in the inbox is by its name the manifest of another."""
    return path.name.casefold().endswith(SUFFIX) and len(path.name) > len(SUFFIX)


def beside(path: Path) -> Path:
    """Where the manifest of a file lies."""
    return path.with_name(path.name + SUFFIX)


def text_of(path: Path) -> str:
    """The text of a manifest, at most a little more than it may have."""
    with path.open("rb") as stream:
        return stream.read(MAX_BYTES + 1).decode("utf-8", "backslashreplace")


def read(text: str) -> Manifest:
    """What the manifest says.

    Raises:
        Rejected: it can't be read, or says something that nobody knows the meaning of.
    """
    if len(text.encode()) > MAX_BYTES:
        raise _unusable(f"is larger than {MAX_BYTES >> 10} KB")
    try:
        said = json.loads(
            text.removeprefix("\ufeff"), parse_float=Decimal, parse_constant=_no_number, object_pairs_hook=_once
        )
    except (ValueError, RecursionError) as error:
        raise _unusable(f"is no JSON that can be read: {error}") from None
    if not isinstance(said, dict):
        raise _unusable('should be an object such as {"rows": 120}')
    for key in said:
        if key not in _KEYS:
            near = likely(key, _KEYS)
            raise _unusable(f"has a key {key!r} that nobody knows" + (f"; did you mean {near!r}?" if near else ""))
    given = {key: value for key, value in said.items() if value is not None}
    return Manifest(
        mode=_mode(given.get("mode")),
        extracted_at=_moment(given.get("extracted_at")),
        rows=_rows(given.get("rows")),
        totals=_totals(given.get("totals", {})),
        sha256=_sha256(given.get("sha256")),
    )


def hold_bytes(manifest: Manifest, sha256: str) -> None:
    """Raise `Rejected` when the bytes are others than the manifest was written for."""
    if manifest.sha256 is not None and manifest.sha256 != sha256:
        raise Rejected(
            f"its manifest says sha256 {manifest.sha256}, but the file has {sha256}",
            "the file is not the one the manifest was written for, or was damaged on its way; send both again",
        )


def hold_rows(manifest: Manifest, counted: Sequence[Counted]) -> list[str]:
    """Hold a manifest's figures against all read pieces of its file.

    Returns:
        What could not be checked, in words.

    Raises:
        Rejected: rows or a total disagree, or a total names a column that is not there or holds no numbers.
    """
    if manifest.rows is not None:
        rows = sum(piece.landed.rows_in_file - piece.landed.rows_declared_totals for piece in counted)
        if rows != manifest.rows:
            raise Rejected(
                f"its manifest says {manifest.rows} rows, but the file has {rows}",
                "rows were lost or added on the way; export it again, and send file and manifest together",
            )
    notes = []
    for header, said in manifest.totals.items():
        found = [_total(piece, header) for piece in counted]
        if any(total is None for total in found):
            notes.append(f"the manifest's total of {header} can't be checked, some cells can't be read")
            continue
        total = sum((part for part in found if part is not None), Decimal(0))
        if total != said:
            raise Rejected(
                f"its manifest says {header} adds up to {said}, but the rows of the file add up to {total}",
                "rows are missing or were changed on the way; export it again, and send file and manifest together",
            )
    return notes


def _total(piece: Counted, header: str) -> Decimal | None:
    form = normalise_header(header)
    position = next((index for index, name in enumerate(piece.table.header) if normalise_header(name) == form), None)
    if position is None:
        near = likely(header, piece.table.header)
        raise Rejected(
            f"its manifest tells a total of {header!r}, a column that the file does not have"
            + (f"; did you mean {near!r}?" if near else ""),
            "correct the manifest, or export the column; send both again",
        )
    for reading in piece.matched.readings:
        if reading.index == position and reading.column.name in piece.landed.sums:
            return piece.landed.sums[reading.column.name]
    numbers = [
        piece.table.header[reading.index]
        for reading in piece.matched.readings
        if reading.index is not None and reading.column.name in piece.landed.sums
    ]
    raise Rejected(
        f"its manifest tells a total of {header!r}, which {piece.matched.target.feed.code} does not read as a number",
        f"it reads {', '.join(numbers) or 'no column of this file'} so; correct the manifest and send both again",
    )


def _unusable(fault: str) -> Rejected:
    return Rejected(
        f"its manifest {fault}",
        f"a manifest may say {', '.join(_KEYS)} (ingest/contracts/README.md); correct it and send both again",
    )


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    made: dict[str, Any] = {}
    for key, value in pairs:
        if key in made:
            raise _unusable(f"says {key!r} twice")
        made[key] = value
    return made


def _no_number(text: str) -> Any:
    raise ValueError(f"{text} is no number")


def _mode(said: Any) -> str | None:
    if said is not None and said not in MODES:
        raise _unusable(f"says mode {said!r}, which is none of {', '.join(MODES)}")
    return None if said is None else str(said)


def _moment(said: Any) -> datetime | None:
    if said is None:
        return None
    try:
        moment = datetime.fromisoformat(said)
    except (TypeError, ValueError):
        raise _unusable(f"says extracted_at {said!r}, which is no moment such as 2026-01-26T08:30:00+08:00") from None
    if moment.tzinfo is None:
        raise _unusable(f"says extracted_at {said!r} without its offset, e.g. {said}+08:00")
    return moment.astimezone(UTC).replace(tzinfo=None)


def _rows(said: Any) -> int | None:
    if said is not None and (type(said) is not int or said < 0):
        raise _unusable(f"says rows {said!r}, which is no count")
    return said


def _totals(said: Any) -> dict[str, Decimal]:
    if not isinstance(said, dict):
        raise _unusable('should say totals like {"Amount": "123.45"}')
    return {header: _amount(header, value) for header, value in said.items()}


def _amount(header: str, said: Any) -> Decimal:
    plain = said if isinstance(said, (str, int, Decimal)) and not isinstance(said, bool) else ""
    if not re.fullmatch(r"[+-]?\d{1,30}(\.\d{1,20})?", str(plain)):
        raise _unusable(f"says the total of {header!r} is {said!r}, which is no amount such as 1234.50")
    return Decimal(plain)


def _sha256(said: Any) -> str | None:
    if said is None:
        return None
    if not isinstance(said, str) or not re.fullmatch(r"[0-9a-fA-F]{64}", said):
        raise _unusable(f"says sha256 {said!r}, which is no SHA-256 of 64 digits")
    return said.lower()
