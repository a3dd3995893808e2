"""Which rows of a file are the first of their document, where a document's cells are repeated on each of its lines.

What was met is kept in a database of its own, which goes through files when it is much: memory does not grow with the
file.
"""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pyarrow

_MEMORY = "300MB"


@dataclass(frozen=True)
class Contradiction:
    """A row that says something else of its document than the document's first row.

    Attributes:
        place: of the row among those taken together, from 0.
        column: the first column that differs.
        first_row_number: of the document's first row.
        before: what that says, as text; None if it is blank.
    """

    place: int
    column: str
    first_row_number: int
    before: str | None


class Documents:
    """The documents of one file, in the order of their first rows."""

    def __init__(self, key: Sequence[str], agreed: Sequence[str]) -> None:
        """Begin without documents.

        Args:
            key: columns that tell which document a row is of; none of them is blank.
            agreed: columns in which all rows of a document have to say the same.
        """
        import duckdb

        self.key, self.agreed = list(key), list(agreed)
        self.taken = 0
        self.spill = tempfile.TemporaryDirectory(prefix="attain-")
        self.connection = duckdb.connect(config={"memory_limit": _MEMORY, "temp_directory": self.spill.name})

    def close(self) -> None:
        """Forget all documents."""
        self.connection.close()
        self.spill.cleanup()

    def take(self, rows: pyarrow.Table) -> tuple[pyarrow.Array, list[Contradiction]]:
        """Take the next rows: which of them are the first of their document, and those that contradict their first.

        Args:
            rows: with `_row_number` and the columns of the key and of what is agreed, in the order of the file.
        """
        import pyarrow
        from pyarrow import compute

        columns = list(dict.fromkeys([*self.key, *self.agreed]))
        places = pyarrow.array(range(self.taken, self.taken + rows.num_rows), pyarrow.int64())
        batch = rows.select(["_row_number", *columns]).append_column("_place", places)
        self.connection.register("batch", batch)
        if not self.taken:
            self.connection.execute("create table met as select * from batch limit 0")
        same = " and ".join(f'batch."{name}" is not distinct from met."{name}"' for name in self.key)
        of_document = ", ".join(f'batch."{name}"' for name in self.key)
        self.connection.execute(
            f"""
            insert into met
            select batch.* from batch anti join met on {same}
            qualify row_number() over (partition by {of_document} order by _place) = 1
            """
        )
        differs = " ".join(
            f'when batch."{name}" is distinct from met."{name}" '
            f"then {{'at': {place}, 'before': met.\"{name}\"::varchar}}"
            for place, name in enumerate(self.agreed)
        )
        told = self.connection.execute(
            f"""
            select batch._place, met._place as first_place, met._row_number as first_row_number,
                {f"case {differs} end" if differs else "null"} as differs
            from batch inner join met on {same}
            order by batch._place
            """
        ).to_arrow_table()
        self.connection.unregister("batch")
        found = told.filter(compute.is_valid(told.column("differs"))).to_pylist()
        contradictions = [
            Contradiction(
                place=row["_place"] - self.taken,
                column=self.agreed[row["differs"]["at"]],
                first_row_number=row["first_row_number"],
                before=row["differs"]["before"],
            )
            for row in found
        ]
        self.taken += rows.num_rows
        return compute.equal(told.column("first_place"), told.column("_place")).combine_chunks(), contradictions
