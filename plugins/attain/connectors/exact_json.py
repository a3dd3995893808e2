"""JSON whose numbers stay the text they were written as: an amount or an id of 18 digits is never a float."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any


class Number(str):
    """A number, as it was written."""

    __slots__ = ()


_AS_IT_IS = json.JSONEncoder(ensure_ascii=False).encode
_ESCAPED = json.JSONEncoder().encode
_DECODER = json.JSONDecoder(parse_float=Number, parse_int=Number, parse_constant=Number)


def loads(text: str) -> Any:
    """The value that `text` writes; each number in it is a `Number`.

    Raises:
        ValueError: it is not JSON.
    """
    return _DECODER.decode(text)


def dumps(value: Any) -> str:
    """One line of JSON that can be written as UTF-8, every number in it as it was written."""
    text = _written(value, _AS_IT_IS)
    try:
        text.encode()
    except UnicodeEncodeError:  # half a letter stays escaped; ingest says so, with the row
        return _written(value, _ESCAPED)
    return text


def _written(value: Any, encode: Callable[[Any], str]) -> str:
    if isinstance(value, Number):
        return str(value)
    if isinstance(value, dict):
        return "{" + ", ".join([f"{encode(key)}: {_written(part, encode)}" for key, part in value.items()]) + "}"
    if isinstance(value, list):
        return "[" + ", ".join([_written(part, encode) for part in value]) + "]"
    return encode(value)
