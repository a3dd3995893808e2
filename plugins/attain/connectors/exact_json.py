"""JSON whose numbers stay the text they were written as: an amount or an id of 18 digits is never a float."""

from __future__ import annotations

import json
from typing import Any


class Number(str):
    """A number, as it was written."""

    __slots__ = ()


_DECODER = json.JSONDecoder(parse_float=Number, parse_int=Number, parse_constant=Number)


def loads(text: str) -> Any:
    """The value that `text` writes; each number in it is a `Number`.

    Raises:
        ValueError: it is not JSON.
    """
    return _DECODER.decode(text)


def dumps(value: Any) -> str:
    """One line of JSON that can be written as UTF-8, every number in it as it was written."""
    if isinstance(value, Number):
        return str(value)
    if isinstance(value, dict):
        return "{" + ", ".join(f"{_text(key)}: {dumps(part)}" for key, part in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(map(dumps, value)) + "]"
    return _text(value) if isinstance(value, str) else json.dumps(value)


def _text(value: str) -> str:
    try:
        value.encode()
    except UnicodeEncodeError:  # half a letter; ingest says so, with the row
        return json.dumps(value)
    return json.dumps(value, ensure_ascii=False)
