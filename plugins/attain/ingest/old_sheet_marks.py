"""What the reader of workbooks leaves unsaid about a sheet of an .xls: errors in cells, and what their formats show.

The twin of `sheet_marks` for the format of Excel 97 to 2003, which is read by xlrd for nothing but this. What a formula
gave when the file was saved is read as a value; the format does not tell a result of 0 from one never computed.
"""

from __future__ import annotations

import io
from collections.abc import Iterator

from attain.ingest.rejected import Rejected
from attain.ingest.sheet_marks import Extent, shown_as

# Built-in formats whose sign is that of the system that shows them, whatever the reader calls it.
_CURRENCIES_OF_THE_SYSTEM = frozenset({5, 6, 7, 8, 37, 38, 39, 40, 41, 42, 43, 44})


class OldSheetMarks:
    """The sheets of one .xls workbook, by name. Only for a file that a trial has read whole before."""

    def __init__(self, content: bytes) -> None:
        """Read the list of sheets and the formats; a sheet is read when its marks are asked for."""
        import xlrd

        self._errors: dict[int, str] = xlrd.error_text_from_code
        self._book = xlrd.open_workbook(
            file_contents=content, formatting_info=True, on_demand=True, ragged_rows=True, logfile=io.StringIO()
        )
        formats = {
            key: said
            for key, form in self._book.format_map.items()
            if (said := shown_as(form.format_str or "")) is not None and key not in _CURRENCIES_OF_THE_SYSTEM
        }
        self._shown = {
            number: formats[style.format_key]
            for number, style in enumerate(self._book.xf_list)
            if style.format_key in formats
        }

    def extent(self, name: str) -> Extent:
        """Whether a sheet has cells to mark; no sheet of this format can be too large (65,536 rows, 256 columns)."""
        return Extent(0, 0, any(True for _ in self.marks(name)))

    def marks(self, name: str) -> Iterator[tuple[int, dict[int, str]]]:
        """Rows (counted from 0) that have odd cells, each with column → text, or what `shown_as` says of a number.

        Raises:
            Rejected: the sheet is not there under the name that the other reader gave.
        """
        import xlrd

        if name not in self._book.sheet_names():
            raise Rejected(f"sheet {name} of the workbook can't be told from others", "save it again as .xlsx")
        sheet = self._book.sheet_by_name(name)
        for row in range(sheet.nrows):
            marks = {}
            for column, cell in enumerate(sheet.row(row)):
                if cell.ctype == xlrd.XL_CELL_ERROR:
                    marks[column] = self._errors.get(cell.value, "#ERROR!")
                elif cell.ctype == xlrd.XL_CELL_NUMBER and cell.xf_index in self._shown:
                    marks[column] = self._shown[cell.xf_index]
            if marks:
                yield row, marks
