"""Records in JSON and JSON Lines, as the APIs of CRM systems answer, flattened to one level of text.

Numbers stay the text that stands in the file: an id of 18 digits and an amount are never a float. A record is read
at a time, so memory does not grow with the file.

| in the record | columns |
|---|---|
| text, number, true, null | the key: text as it is; null is blank |
| `"Owner": {"name": "Lin", "id": "7"}` | `Owner` (the name), `Owner.id`; so for every key in it: `负责人.username` |
| list of texts or numbers | the key: joined by commas, as the workbook exports do |
| anything deeper (sub-forms, tags) | the key: its JSON |

What answers and pushes wrap around records is taken off: pages in a list or one after another,
`{"data": {"list": […]}}`, and a push of Jiandaoyun, `{"op": "data_update", "data": {…}}`. An object that wraps nothing
is one record.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

from attain.ingest.rejected import Rejected

MAX_RECORD_CHARACTERS = 16 << 20
_CHUNK = 1 << 18
_BLANK = re.compile(r"[ \t\r\n]*")
_UNSTORABLE = re.compile("[\x00\ud800-\udfff]")
_WHOLE = 'export it again; it must be a list of records, {"data": [records]}, or one record a line'


class _Number(str):
    """A number, kept as it is written."""

    __slots__ = ()


@dataclass(frozen=True)
class Record:
    """One record: `number` counts from 1 (in JSON Lines it is the line), `cells` is None for one that has a fault."""

    number: int
    cells: dict[str, str] | None
    text: str = ""
    fault: str = ""


# Where a record stands that is the whole file, or one of several objects one after another.
WHOLE = "the record itself"
# Keys under which answers have their lists, however deep.
_HOLDERS = ("data", "response", "result", "Result", "body")
# What else answers say beside their records.
_ENVELOPE = frozenset(
    ["code", "msg", "message", "status", "success", "ok", "error", "errors", "errcode", "errmsg", "errCode", "errMsg",
     "details", "info", "page_context", "total", "count", "page", "pages", "size", "limit", "skip", "offset",
     "per_page", "page_size", "pageSize", "totalCount", "more_records", "has_more", "hasMore", "op", "time",
     "next_page_token", "timestamp", "request_id", "requestId", "traceId"]
)  # fmt: skip
_DEPTH = 4
_KEPT_ITEMS = 200  # of a list; a record has no longer ones


class _TwiceError(ValueError):
    """An object has one key twice."""


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        names = [name for name, _ in pairs]
        raise _TwiceError(f"the key {next(name for name in names if names.count(name) > 1)!r} is there twice")
    return found


_DECODER = json.JSONDecoder(
    parse_float=_Number, parse_int=_Number, parse_constant=_Number, object_pairs_hook=_object, strict=False
)


def records(path: Path, encoding: str, as_lines: bool) -> Iterator[tuple[str | None, Record]]:
    """The records of a file, each with the key of the list it stands in (None for a plain list or lines).

    Args:
        path: the file.
        encoding: of its text.
        as_lines: whether it is JSON Lines.

    Raises:
        Rejected: the text is not JSON, holds no list of records, or ends too early.
    """
    with path.open(encoding=encoding, newline="") as stream:
        try:
            yield from ((None, record) for record in _lines(stream)) if as_lines else _whole(_Text(stream))
        except UnicodeError as error:
            raise Rejected(f"the text can't be read: {error}", "export it again, as UTF-8") from None


def is_lines(path: Path, encoding: str) -> bool:
    """Whether a file holds one object a line: the first line is a whole object, and more follows it."""
    with path.open(encoding=encoding, errors="replace") as stream:
        line = stream.readline(MAX_RECORD_CHARACTERS).strip()
        while line == "" and (more := stream.readline(MAX_RECORD_CHARACTERS)):
            line = more.strip()
        if not line.startswith("{") or not any(part.strip() for part in iter(lambda: stream.read(_CHUNK), "")):
            return False
    try:
        return _DECODER.raw_decode(line)[1] == len(line)
    except (ValueError, RecursionError):
        return False


def _lines(stream: IO[str]) -> Iterator[Record]:
    number = 0
    while line := stream.readline(MAX_RECORD_CHARACTERS + 1):
        number += 1
        if len(line) > MAX_RECORD_CHARACTERS:
            raise Rejected(f"line {number} is longer than {MAX_RECORD_CHARACTERS >> 20} million letters", _WHOLE)
        text = line.strip()
        if not text:
            continue
        try:
            value, end = _DECODER.raw_decode(text)
            if end < len(text):
                raise ValueError("something follows the record")
            if not isinstance(value, dict):
                raise ValueError("it is no object")
        except (ValueError, RecursionError) as error:
            if isinstance(error, json.JSONDecodeError) and not line.endswith(("\n", "\r")):
                raise Rejected(f"line {number}, the last, is cut off: {error}", "send it again") from None
            yield Record(number, None, line, f"the line is no JSON record: {_said(error)}")
            continue
        yield from _unwrapped(number, value, text)


def _said(error: BaseException) -> str:
    return "nested too deep" if isinstance(error, RecursionError) else str(error)


class _Text:
    """A window over the text of a file, from which JSON values are taken one after another."""

    def __init__(self, stream: IO[str]) -> None:
        self.stream = stream
        self.window = ""
        self.at = 0
        self.before = 0  # letters of the file that have left the window
        self.is_over = False

    def more(self) -> None:
        """Let go of what was read and take in at least as much as is left."""
        left = self.window[self.at :]
        self.before += self.at
        chunk = self.stream.read(max(_CHUNK, len(left)))
        self.is_over = not chunk
        self.window, self.at = left + chunk, 0

    def peek(self) -> str:
        """The next letter that is not blank; '' at the end."""
        while True:
            match = _BLANK.match(self.window, self.at)
            self.at = match.end() if match else self.at
            if self.at < len(self.window) or self.is_over:
                return self.window[self.at : self.at + 1]
            self.more()

    def take(self, wanted: str) -> str:
        """The next letter, which must be one of these."""
        found = self.peek()
        if not found:
            raise Rejected("the JSON ends too early; it was cut off", "send it again")
        if found not in wanted:
            raise self.wrong(f"found {found!r} instead of {' or '.join(wanted)}")
        self.at += 1
        return found

    def value(self) -> Any:
        """The next value, whole."""
        self.peek()
        while True:
            try:
                value, end = _DECODER.raw_decode(self.window, self.at)
                if end < len(self.window) or self.is_over:  # a number at the edge may go on
                    self.at = end
                    return value
            except json.JSONDecodeError as error:
                if self.is_over:
                    raise self.wrong(error.msg, error.pos - self.at) from None
            except _TwiceError as error:
                raise self.wrong(str(error)) from None
            except RecursionError:
                raise self.wrong("nested too deep") from None
            if len(self.window) - self.at > MAX_RECORD_CHARACTERS:
                raise self.wrong(f"no value ends within {MAX_RECORD_CHARACTERS >> 20} million letters")
            self.more()

    def wrong(self, what: str, further: int = 0) -> Rejected:
        return Rejected(f"it is no JSON: {what}, at letter {self.before + self.at + further + 1}", _WHOLE)


def _whole(text: _Text) -> Iterator[tuple[str | None, Record]]:
    if text.peek() == "[":
        yield from ((None, record) for record in _listed(text, 0))
    else:
        counts: dict[str, int] = {}  # records met under each key, over all objects of the file
        if text.peek() != "{":
            text.take("{")
        while text.peek() == "{":
            for key, record in _object_of(text, counts):
                counts[key] = max(counts.get(key, 0), record.number)
                yield key, record
    if text.peek():
        raise text.wrong("something follows the end")


def _object_of(text: _Text, counts: dict[str, int]) -> Iterator[tuple[str, Record]]:
    """The records of one object at the top: in its lists, in what its answer wraps, or the object itself."""
    text.take("{")
    held: dict[str, Any] = {}
    has_lists = is_long = False
    while text.peek() != "}":
        if held:
            text.take(",")
        key = text.value()
        if type(key) is not str or key in held:
            raise text.wrong(f"the key {key!r} is there twice, or is no text")
        text.take(":")
        if text.peek() == "[":
            kept: list[Any] = []
            for record in _listed(text, counts.get(key, 0), None if key == "data" else kept):
                has_lists = has_lists or record.cells is not None
                yield key, record
            held[key], is_long = kept, is_long or len(kept) >= _KEPT_ITEMS
        else:
            held[key] = text.value()
    text.take("}")
    if _is_push(held):
        number = counts.get("data", 0) + 1
        yield from (("data", record) for record in _unwrapped(number, held, None))
        return
    for key in _HOLDERS:
        if isinstance(held.get(key), dict):
            for path, records_below in _lists_below(held[key], key, _DEPTH):
                has_lists = True
                yield from (
                    (path, _record(number, value, None))
                    for number, value in enumerate(records_below, start=counts.get(path, 0) + 1)
                )
    own = [key for key, value in held.items() if key not in _ENVELOPE and not isinstance(value, (dict, list))]
    is_record = bool(own) and not is_long and (not has_lists or not {"id", "_id"}.isdisjoint(own))
    if is_record and "data" not in held:
        yield WHOLE, _record(counts.get(WHOLE, 0) + 1, held, None)


def _lists_below(value: dict[str, Any], path: str, depth: int) -> Iterator[tuple[str, list[dict[str, Any]]]]:
    """The lists of objects in what an answer holds, each with its path."""
    for key, inner in value.items():
        if isinstance(inner, list) and inner and all(isinstance(item, dict) for item in inner):
            yield f"{path}.{key}", inner
        elif isinstance(inner, dict) and depth:
            yield from _lists_below(inner, f"{path}.{key}", depth - 1)


def _is_push(value: dict[str, Any]) -> bool:
    op = value.get("op")
    return isinstance(op, str) and op.startswith(("data_", "form_")) and isinstance(value.get("data"), dict)


def _unwrapped(number: int, value: dict[str, Any], text: str | None) -> Iterator[Record]:
    """The records in an object of a list or a line: itself, those of a page, or that of a push. All have its number."""
    page = value.get("data")
    if _is_push(value):
        if not value["op"].startswith("data_"):
            yield Record(
                number, None, text or _dumped(value), f"a push about the form ({value['op']}), no record of it"
            )
            return
        record = dict(value["data"])
        if value["op"] == "data_remove":
            record["_deleted"] = "true"
            if isinstance(record.get("deleteTime"), str):
                record["updateTime"] = record["deleteTime"]  # when it went, as its last change
        yield _record(number, record, text)
    elif (
        isinstance(page, list)
        and page
        and set(value) <= {"data", *_ENVELOPE}
        and all(type(item) is dict for item in page)
    ):
        for item in page:
            yield _record(number, item, None)
    else:
        yield _record(number, value, text)


def _listed(text: _Text, before: int, kept: list[Any] | None = None) -> Iterator[Record]:
    """The records of a list, numbered after those before; its first items are put into `kept` as they are, too."""
    text.take("[")
    number = before
    while text.peek() != "]":
        if number > before:
            text.take(",")
        number += 1
        value = text.value()
        if kept is not None and len(kept) < _KEPT_ITEMS:
            kept.append(value)
        if isinstance(value, dict):
            yield from _unwrapped(number, value, None)
        else:
            yield Record(number, None, _dumped(value), "the record is no object")
    text.take("]")


def _record(number: int, value: dict[str, Any], text: str | None) -> Record:
    try:
        cells = _flat(value)
        if any(_UNSTORABLE.search(part) for cell in cells.items() for part in cell):
            raise ValueError("the record holds half a letter or a NUL, which can't be stored")
    except (ValueError, RecursionError) as error:
        said = text if text is not None else "" if isinstance(error, RecursionError) else _dumped(value)
        return Record(number, None, said, _said(error))
    return Record(number, cells)


def listed_in(text: str) -> tuple[list[dict[str, str]], str | None]:
    """The records of a list that stands in a cell as JSON, flat like others; and what is wrong with it, if anything."""
    if not text.strip():
        return [], None
    try:
        value, end = _DECODER.raw_decode(text.strip())
        if end < len(text.strip()) or not isinstance(value, list) or not all(isinstance(part, dict) for part in value):
            return [], "no list of records"
        found = [_flat(part) for part in value]
        if any(_UNSTORABLE.search(part) for record in found for cell in record.items() for part in cell):
            raise ValueError("it holds half a letter or a NUL, which can't be stored")
    except (ValueError, RecursionError) as error:
        return [], f"no list of records: {_said(error)}"
    return found, None


def _flat(record: dict[str, Any]) -> dict[str, str]:
    cells: dict[str, str] = {}

    def put(header: str, cell: str) -> None:
        if header in cells:
            raise ValueError(f"the record has {header!r} twice")
        cells[header] = cell

    for key, value in record.items():
        if not isinstance(value, dict):
            put(key, _cell(value))
            continue
        if not value:
            put(key, "")
        for part, inner in value.items():
            put(key if part == "name" else f"{key}.{part}", _cell(inner))
    return cells


def _cell(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        return str(value)
    if isinstance(value, list) and not any(isinstance(part, (list, dict)) for part in value):
        parts = [_cell(part) for part in value]
        if not any("," in part for part in parts):
            return ",".join(parts)
    return _dumped(value)


def _dumped(value: Any) -> str:
    """JSON of a value, with numbers as they were written."""
    if isinstance(value, _Number):
        return str(value)
    if isinstance(value, dict):
        inner = (f"{json.dumps(key, ensure_ascii=False)}: {_dumped(part)}" for key, part in value.items())
        return "{" + ", ".join(inner) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(_dumped(part) for part in value) + "]"
    return json.dumps(value, ensure_ascii=False)
