"""The shipped plans are the examples people copy from: together they use every key and every word of the language."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import jsonschema
import yaml

from attain.settings import PROJECT_ROOT

SCHEMA = json.loads((PROJECT_ROOT / "plugins/attain/plans/plan.schema.json").read_text(encoding="utf-8"))


def resolved(schema: dict[str, Any], path: str) -> tuple[dict[str, Any], str]:
    """A part of the schema and its name; a definition is one place, wherever it is used."""
    while "$ref" in schema:
        path = schema["$ref"].removeprefix("#/$defs/")
        schema = SCHEMA["$defs"][path]
    return schema, path


def words(schema: dict[str, Any], path: str, seen: set[int]) -> Iterator[str]:
    """Every key as `entry.key` and every value of a list of words as `entry.key = word`."""
    schema, path = resolved(schema, path)
    if id(schema) in seen:
        return
    seen.add(id(schema))
    yield from (f"{path} = {value}" for value in schema.get("enum", ()))
    for part in (*schema.get("anyOf", ()), *([schema["items"]] if "items" in schema else ())):
        yield from words(part, path, seen)
    for key, value in schema.get("properties", {}).items():
        yield f"{path}.{key}"
        yield from words(value, f"{path}.{key}", seen)


def used(schema: dict[str, Any], path: str, document: object) -> Iterator[str]:
    """Those of them that a document uses."""
    schema, path = resolved(schema, path)
    if document in schema.get("enum", ()):
        yield f"{path} = {document}"
    for part in schema.get("anyOf", ()):
        if jsonschema.Draft202012Validator({**part, "$defs": SCHEMA["$defs"]}).is_valid(document):
            yield from used(part, path, document)
    if isinstance(document, list) and "items" in schema:
        for item in document:
            yield from used(schema["items"], path, item)
    if isinstance(document, dict):
        for key, value in document.items():
            if key in schema.get("properties", {}):
                yield f"{path}.{key}"
                yield from used(schema["properties"][key], f"{path}.{key}", value)


def test_the_shipped_plans_name_all_kinds_of_kpis() -> None:
    text = "".join(path.read_text(encoding="utf-8") for path in (PROJECT_ROOT / "plans").glob("*.yml"))
    assert all(kind in text for kind in ("kpi: team:", 'kpi: "mbo:'))


def test_the_shipped_plans_use_every_key_and_every_word() -> None:
    # Which KPIs there are says the catalogue, not the language.
    known = {word for word in words(SCHEMA, "plan", set()) if not word.startswith("kpi = ")}
    assert len(known) > 300
    found: set[str] = set()
    for path in (PROJECT_ROOT / "plans").glob("*.yml"):
        found |= set(used(SCHEMA, "plan", yaml.load(path.read_text(encoding="utf-8"), yaml.BaseLoader)))
    assert not sorted(known - found)
