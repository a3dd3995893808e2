"""Expectation suites: what receivers of a published table were promised, one YAML file a table.

A suite is `expectations/<schema>.<table>.yml`:

    table: incentive.fct_payout
    owner: finance
    expectations:
      - type: expect_column_values_to_not_be_null
        kwargs: {column: payee_id}
        severity: critical            # critical refuses, warning is published and listed, info is recorded
        reason: Finance would transfer money to nobody.

The expectation types are those of Great Expectations that DuckDB answers as pushed-down SQL; `TYPES` lists them. What
they can't say is said by `unexpected_rows_expectation`: a query on `{batch}` that selects the rows that break the
promise; one that joins begins with `with name as (select * from {batch})`. Such an expectation needs a `name`; the
others are named after their type and columns. No expectation but `..._not_be_null` looks at missing values.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from attain.errors import BadInput

SEVERITIES = ("critical", "warning", "info")
SCOPES = ("table", "rows")

UNEXPECTED_ROWS = "unexpected_rows_expectation"

# Per type: the arguments it must have, and those it may have beside them.
TYPES: dict[str, tuple[frozenset[str], frozenset[str]]] = {
    "expect_table_row_count_to_be_between": (frozenset(), frozenset({"min_value", "max_value"})),
    "expect_table_columns_to_match_set": (frozenset({"column_set"}), frozenset({"exact_match"})),
    "expect_column_values_to_not_be_null": (frozenset({"column"}), frozenset()),
    "expect_column_values_to_be_unique": (frozenset({"column"}), frozenset()),
    "expect_compound_columns_to_be_unique": (frozenset({"column_list"}), frozenset()),
    "expect_column_values_to_be_in_set": (frozenset({"column", "value_set"}), frozenset()),
    "expect_column_values_to_not_be_in_set": (frozenset({"column", "value_set"}), frozenset()),
    "expect_column_values_to_be_between": (frozenset({"column"}), frozenset({"min_value", "max_value"})),
    "expect_column_value_lengths_to_be_between": (frozenset({"column"}), frozenset({"min_value", "max_value"})),
    "expect_column_pair_values_a_to_be_greater_than_b": (frozenset({"column_A", "column_B"}), frozenset({"or_equal"})),
    UNEXPECTED_ROWS: (frozenset({"unexpected_rows_query"}), frozenset()),
}

_BOUNDED = {name for name, (_, optional) in TYPES.items() if optional == {"min_value", "max_value"}}
_LISTS = ("column_list", "column_set", "value_set")
_SUITE_KEYS = {"table", "owner", "expectations"}
_EXPECTATION_KEYS = {"type", "kwargs", "severity", "scope", "name", "owner", "reason", "remedy"}


@dataclass(frozen=True)
class Expectation:
    """One promise about a published table.

    Attributes:
        name: unique within the table, e.g. `payee_id_not_be_null`.
        type: a key of `TYPES`.
        kwargs: its arguments, as Great Expectations takes them.
        severity: `critical`, `warning` or `info`.
        scope: `table`, or `rows` when only the payees of the failing rows are to be held; such an expectation is an
            `unexpected_rows_expectation` that selects a `payee_id`.
        owner: who answers for the promise.
        reason: what goes wrong, for whom, when it is broken.
        remedy: what to do then; empty when there is nothing to say beyond the rows themselves.
    """

    name: str
    type: str
    kwargs: Mapping[str, Any]
    severity: str
    scope: str
    owner: str
    reason: str
    remedy: str = ""


@dataclass(frozen=True)
class Suite:
    """All promises about one published table, named `schema.table`."""

    table: str
    file_name: str
    expectations: tuple[Expectation, ...] = field(default=())


def load_suites(directory: Path) -> list[Suite]:
    """Read and check every suite file of a folder, in the order of their names.

    Raises:
        BadInput: a file that can't be used, with its name, the key that is wrong and what it may be; or no file at all.
    """
    paths = sorted(directory.glob("*.yml"))
    if not paths:
        raise BadInput(
            f"no expectation suite in {directory.name}/",
            "restore the suite files; without them nothing can be published",
        )
    return [load_suite(path) for path in paths]


def load_suite(path: Path) -> Suite:
    """Read and check one suite file.

    Raises:
        BadInput: see `load_suites`.
    """
    return _SuiteFile(path).read()


class _SuiteFile:
    """Reads one suite file; every complaint names the file and the key."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def read(self) -> Suite:
        try:
            content = yaml.safe_load(self.path.read_text(encoding="utf-8"))
        except (OSError, UnicodeDecodeError) as problem:
            raise BadInput(f"{self.path.name}: can't be read: {problem}", "save it as UTF-8 text") from None
        except yaml.YAMLError as problem:
            raise BadInput(f"{self.path.name}: not YAML: {problem}", "mend the line that it names") from None
        if not isinstance(content, dict):
            raise self._bad("", "is not a mapping", f"give the keys {_listed(_SUITE_KEYS)}")
        self._only("", content, _SUITE_KEYS)
        table = self._text("", content, "table")
        if f"{table}.yml" != self.path.name:
            raise self._bad("table", f"is {table!r}", f"write the table that the file is named after, {self.path.stem}")
        owner = self._text("", content, "owner")
        entries = content.get("expectations")
        if not isinstance(entries, list) or not entries:
            raise self._bad("expectations", "is not a list with entries", "a table without a promise is not published")
        expectations: dict[str, Expectation] = {}
        for number, entry in enumerate(entries, start=1):
            key = f"expectations[{number}]"
            expectation = self._expectation(key, entry, owner)
            if expectation.name in expectations:
                raise self._bad(key, f"has the name {expectation.name!r} of an earlier one", "give it another `name`")
            expectations[expectation.name] = expectation
        return Suite(table=table, file_name=self.path.name, expectations=tuple(expectations.values()))

    def _expectation(self, key: str, entry: Any, owner: str) -> Expectation:
        if not isinstance(entry, dict):
            raise self._bad(key, "is not a mapping", f"give the keys {_listed(_EXPECTATION_KEYS)}")
        self._only(key, entry, _EXPECTATION_KEYS)
        kind = self._one_of(key, entry, "type", tuple(TYPES))
        kwargs = self._kwargs(f"{key}.kwargs", kind, entry.get("kwargs", {}))
        scope = self._one_of(key, entry, "scope", SCOPES) if "scope" in entry else "table"
        if scope == "rows" and kind != UNEXPECTED_ROWS:
            raise self._bad(f"{key}.scope", "is 'rows'", f"only {UNEXPECTED_ROWS} can select the payees to hold")
        has_name = kind == UNEXPECTED_ROWS or "name" in entry
        return Expectation(
            name=self._text(key, entry, "name") if has_name else _name(kind, kwargs),
            type=kind,
            kwargs=kwargs,
            severity=self._one_of(key, entry, "severity", SEVERITIES),
            scope=scope,
            owner=self._text(key, entry, "owner") if "owner" in entry else owner,
            reason=self._text(key, entry, "reason"),
            remedy=self._text(key, entry, "remedy") if "remedy" in entry else "",
        )

    def _kwargs(self, key: str, kind: str, kwargs: Any) -> dict[str, Any]:
        required, optional = TYPES[kind]
        if not isinstance(kwargs, dict):
            raise self._bad(key, "is not a mapping", f"give the arguments {_listed(required | optional)}")
        self._only(key, kwargs, required | optional)
        for name in sorted(required - kwargs.keys()):
            raise self._bad(f"{key}.{name}", "is missing", f"{kind} needs it")
        for name in _LISTS:
            if name in kwargs and (not isinstance(kwargs[name], list) or not kwargs[name]):
                raise self._bad(f"{key}.{name}", "is not a list with entries", "write it as [first, second]")
        if kind in _BOUNDED:
            self._bounds(key, kwargs)
        if kind == UNEXPECTED_ROWS and "{batch}" not in str(kwargs["unexpected_rows_query"]):
            raise self._bad(f"{key}.unexpected_rows_query", "has no {batch}", "write {batch} where the table belongs")
        return kwargs

    def _bounds(self, key: str, kwargs: dict[str, Any]) -> None:
        bounds = {name: kwargs[name] for name in ("min_value", "max_value") if kwargs.get(name) is not None}
        if not bounds:
            raise self._bad(key, "has neither min_value nor max_value", "give one; without a bound it can't fail")
        for name, bound in bounds.items():
            if isinstance(bound, bool | float):
                raise self._bad(
                    f"{key}.{name}", f"is {bound!r}", "give a whole number or a day in quotes; a float is not exact"
                )

    def _only(self, key: str, mapping: dict[str, Any], known: set[str] | frozenset[str]) -> None:
        for name in mapping:
            if name not in known:
                raise self._bad(f"{key}.{name}".lstrip("."), "is not known", f"known here: {_listed(known)}")

    def _text(self, key: str, mapping: dict[str, Any], name: str) -> str:
        text = mapping.get(name)
        if not isinstance(text, str) or not text.strip():
            raise self._bad(f"{key}.{name}".lstrip("."), "is missing or empty", "write a text")
        return " ".join(text.split())

    def _one_of(self, key: str, mapping: dict[str, Any], name: str, allowed: tuple[str, ...]) -> str:
        value = mapping.get(name)
        if value not in allowed:
            raise self._bad(f"{key}.{name}", f"is {value!r}", f"choose one of {', '.join(allowed)}")
        return str(value)

    def _bad(self, key: str, complaint: str, remedy: str) -> BadInput:
        place = f"{self.path.name}: {key} " if key else f"{self.path.name} "
        return BadInput(f"{place}{complaint}", remedy)


def _name(kind: str, kwargs: Mapping[str, Any]) -> str:
    """A name of type and columns, e.g. `payout_id_be_unique` or `table_row_count_be_between`."""
    short = kind.removeprefix("expect_").removeprefix("column_values_to_").removeprefix("compound_columns_to_")
    short = short.replace("_to_be_", "_be_").removeprefix("column_")
    columns = kwargs.get("column") or kwargs.get("column_list") or [kwargs.get("column_A"), kwargs.get("column_B")]
    named = [columns] if isinstance(columns, str) else [column for column in columns if column]
    return "_".join([*named, short])


def _listed(names: set[str] | frozenset[str]) -> str:
    return ", ".join(sorted(names))
