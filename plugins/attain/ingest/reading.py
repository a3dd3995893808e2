"""Opening a delivered file as a table of text: CSV and TSV in the encodings met, JSON, web pages, and workbooks.

The header is looked for among the first rows by what it must hold, so titles above it do no harm. Every cell stays
text; every row keeps the number that a person sees in a spreadsheet (of JSON, its number in the list or its line).
All but workbooks are streamed; memory does not grow with them.
"""

from __future__ import annotations

import codecs
from pathlib import Path

from attain.ingest import delimited, json_table, page_table, workbooks
from attain.ingest.rejected import Rejected
from attain.ingest.tables import (
    DELIMITED,
    JSON,
    JSON_LINES,
    OLD_WORKBOOKS,
    OLE,
    PAGES,
    WORKBOOKS,
    XML,
    FileFacts,
    Scorer,
    Table,
    no_table,
)


def open_table(path: Path, file_name: str, facts: FileFacts, score: Scorer, scratch: Path) -> Table:
    """Open a file as a table.

    Args:
        path: where the bytes are.
        file_name: name it was delivered under; its suffix says the format, but for `.xls`, which says little.
        facts: what `look` told of it.
        score: recognises the header.
        scratch: existing folder for files made on the way.

    Raises:
        Rejected: it can't be read, with reason and remedy.
    """
    suffix = Path(file_name).suffix.casefold()
    if facts.byte_size == 0:
        raise Rejected("the file is empty", "export it again; an export without rows still has its header")
    is_workbook = facts.first_bytes.startswith((OLE, b"PK\x03\x04"))
    if suffix in WORKBOOKS and not is_workbook:  # a page or plain text under the name of a workbook
        suffix = OLD_WORKBOOKS[0]
    if suffix in (*WORKBOOKS, *OLD_WORKBOOKS) and is_workbook:
        return workbooks.open_workbook(path, suffix, facts, score)
    if suffix in (*OLD_WORKBOOKS, *XML) and _is_spreadsheet(facts):
        return page_table.open_xml(path, score)
    if suffix in PAGES or (suffix in (*DELIMITED, *OLD_WORKBOOKS) and _is_page(facts)):
        return page_table.open_page(path, facts, score, scratch)
    if suffix in (*DELIMITED, *OLD_WORKBOOKS):  # many systems write plain text and call it .xls
        _refuse_disguised(facts)
        return delimited.open_delimited(path, facts, score, scratch)
    if suffix in (*JSON, *JSON_LINES):
        _refuse_disguised(facts)
        return json_table.open_json(path, facts, suffix, scratch)
    if suffix in XML:
        raise Rejected("the file is XML, but no spreadsheet", "save it as .xlsx or as CSV UTF-8")
    kinds = ", ".join((*DELIMITED, *WORKBOOKS, *OLD_WORKBOOKS, *JSON, *JSON_LINES, *PAGES, *XML))
    raise Rejected(
        f"files of kind {suffix or 'without suffix'!r} are not read", f"send one of {kinds}, or a .gz or .zip of them"
    )


def expected_format(file_name: str) -> str:
    """The format that a name promises; what a file really is, is known when it has been opened."""
    suffix = Path(file_name).suffix.casefold()
    formats = {WORKBOOKS: "xlsx", OLD_WORKBOOKS: "xls", JSON: "json", JSON_LINES: "jsonl", PAGES: "html", XML: "xls"}
    return next((known for suffixes, known in formats.items() if suffix in suffixes), "csv")


def _refuse_disguised(facts: FileFacts) -> None:
    start = facts.first_bytes[:2_000].lstrip(b"\xef\xbb\xbf \t\r\n").lower()
    if start.startswith(b"pk\x03\x04"):
        raise Rejected("the file is a workbook or a zip, not text", "give it its right suffix (.xlsx or .zip)")
    if start.startswith(b"\x1f\x8b"):
        raise Rejected("the file is compressed (gzip), not text", "name it .csv.gz")
    if start.startswith(OLE):
        raise Rejected("the file is an old or locked Excel workbook, not text", "name it .xls, or save it as CSV UTF-8")
    if start.startswith(b"mime-version:"):
        raise Rejected("the file is a web archive (MHTML), not a table", "save it as .xlsx or as CSV UTF-8")
    if _is_page(facts):
        raise no_table()
    if start.startswith(b"<?xml"):
        raise Rejected("the file is XML, not a table of text", "save it as .xlsx or as CSV UTF-8")


def is_old_workbook(path: Path) -> bool:
    """Whether the content is a workbook of Excel 97 to 2003, or one with a password."""
    with path.open("rb") as stream:
        return stream.read(len(OLE)) == OLE


def _is_spreadsheet(facts: FileFacts) -> bool:
    """Whether the content is an XML spreadsheet of Excel 2003, not a page that only names its marks."""
    start = facts.first_bytes[:8_000].lstrip(b"\xef\xbb\xbf \t\r\n")
    is_xml = start.startswith((b"<?xml", b"<Workbook", b"<ss:Workbook")) and b"<html" not in start.lower()
    return is_xml and b"urn:schemas-microsoft-com:office:spreadsheet" in facts.first_bytes


def _is_page(facts: FileFacts) -> bool:
    """Whether the content is a web page, whatever the file is called."""
    is_wide = facts.first_bytes.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE))
    start = facts.first_bytes[:8_000].decode("utf-16" if is_wide else "latin-1", "ignore").lower()
    start = start.lstrip("\xef\xbb\xbf \t\r\n")
    if start.startswith(("<?xml", "<!--")):
        return "<html" in start or "<table" in start
    return start.startswith(("<!doctype html", "<html", "<head", "<meta", "<style", "<body", "<div", "<table"))
