"""The feeds' contracts, read from `contracts/*.yml`: which columns a feed has, what they mean and what is refused."""

from __future__ import annotations

import hashlib
import json
import re
import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from difflib import get_close_matches
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from attain.errors import BadInput

# The safe loader, in C where PyYAML was built with it: ten times as fast.
YAML_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)

FOLDER = Path(__file__).parent / "contracts"

SQL_TYPES = {
    "id": "VARCHAR",
    "text": "VARCHAR",
    "currency": "VARCHAR",
    "month": "VARCHAR",
    "date": "DATE",
    "timestamp": "TIMESTAMP",
    "money": "DECIMAL(18,2)",
    "decimal": "DECIMAL(24,8)",
    "percent": "DECIMAL(9,4)",
    "integer": "BIGINT",
    "boolean": "BOOLEAN",
}
MODES = ("changes", "events", "snapshot")

# Columns that every landed row has beside those of its contract.
LANDED_COLUMNS = {"_delivery_id": "VARCHAR", "_row_number": "BIGINT", "_extra": "VARCHAR", "_is_deleted": "BOOLEAN"}
# Headers over the cell that says whether a row is the mark of a deleted record.
DELETED_HEADERS = ("_deleted", "已删除")

_BETWEEN_WORDS = re.compile(r"(?<=[^\W_])_(?=[^\W_])")
_INVISIBLE = dict.fromkeys(map(ord, "\u200b\u200c\u200d\u200e\u200f\u2060\ufeff"))


def normalise_header(text: str) -> str:
    """A header as it is compared: without case, blanks, width and invisible marks; `Deal_Name` is `Deal Name`."""
    plain = unicodedata.normalize("NFKC", text).translate(_INVISIBLE).casefold()
    return "".join(_BETWEEN_WORDS.sub("", plain).split())


def likely(word: str, known: Iterable[str]) -> str | None:
    """The known word most like `word`, if any is near enough to be a slip."""
    by_form = {normalise_header(name): name for name in known}
    form = normalise_header(word)
    found = get_close_matches(form, by_form, n=1, cutoff=0.6)
    if not found and len(form) > 1:
        found = [known_form for known_form in by_form if len(known_form) > 1 and (form in known_form)]
    return by_form[found[0]] if found else None


@dataclass(frozen=True)
class Column:
    """One column of a feed.

    Attributes:
        name: canonical name.
        type: one of the types of the contracts' README; `sql_type` is what it is stored as.
        required: blank → the row is quarantined, absent → the file is rejected.
        aliases: headers it is known by, the more trusted ones first.
        zh: Chinese label.
        description: meaning, in English.
        hints: headers that other systems use for such a column; they only help to draft a mapping.
        default: text that stands for a blank or absent cell.
        values: what files say (without case) → canonical value; anything else is quarantined. Empty: any value.
    """

    name: str
    type: str
    required: bool
    aliases: tuple[str, ...]
    hints: tuple[str, ...]
    zh: str
    description: str
    default: str | None
    values: Mapping[str, str]

    @property
    def sql_type(self) -> str:
        return SQL_TYPES[self.type]

    @property
    def headers(self) -> tuple[str, ...]:
        """Every header that means this column; its own name is one."""
        return (*self.aliases, self.name)


@dataclass(frozen=True)
class Feed:
    """One feed of a source.

    Attributes:
        source: system that the contract belongs to.
        name: name of the feed, which is its folder in the inbox.
        mode: `changes`, `events` or `snapshot`.
        key: columns that name one record.
        modified: column that orders the revisions of one record.
        horizon: columns whose latest day says how far the data reach.
        horizon_where: for a horizon column that may hold plans: the values (in lower case) of another column that make
            its day a fact.
        columns: the columns in their stored order.
        foreign_headers: headers that prove a file to be something else, each with what it is.
        hints: words in the names of other systems' files of this kind; they only help to draft a mapping.
        contract_sha256: hash of the whole contract; other rules make other deliveries of the same bytes.
    """

    source: str
    name: str
    title_en: str
    title_zh: str
    mode: str
    key: tuple[str, ...]
    modified: str | None
    horizon: tuple[str, ...]
    horizon_where: Mapping[str, Mapping[str, tuple[str, ...]]]
    columns: tuple[Column, ...]
    foreign_headers: Mapping[str, str]
    hints: tuple[str, ...]
    contract_sha256: str = ""

    @property
    def code(self) -> str:
        """Name of the feed among all feeds, e.g. `zoho_crm.deals`."""
        return f"{self.source}.{self.name}"

    @property
    def by_name(self) -> dict[str, Column]:
        return {column.name: column for column in self.columns}


@dataclass(frozen=True)
class Source:
    """A system that sends files, with its feeds by name and who owns their contracts."""

    name: str
    title_en: str
    title_zh: str
    owner: str
    feeds: Mapping[str, Feed]


@cache
def load(folder: Path = FOLDER) -> Mapping[str, Source]:
    """All sources by name, in the order of their names.

    Raises:
        BadInput: a contract that can't be used, with file, place and fault.
    """
    sources = {}
    for path in sorted(folder.glob("*.yml")):
        source = _read_source(path)
        sources[source.name] = source
    if not sources:
        raise BadInput(f"no contract in {folder.name}/", "the installation is incomplete; install attain again")
    return sources


def feeds() -> dict[str, Feed]:
    """All feeds by code (`source.feed`)."""
    return {feed.code: feed for source in load().values() for feed in source.feeds.values()}


def feed(code: str) -> Feed:
    """The feed of that code.

    Raises:
        BadInput: there is none; the message names the nearest.
    """
    known = feeds()
    if code not in known:
        near = likely(code, known)
        raise BadInput(
            f"no feed is called {code!r}" + (f"; did you mean {near!r}?" if near else ""),
            f"the feeds are {', '.join(known)}",
        )
    return known[code]


def _read_source(path: Path) -> Source:
    try:
        document = yaml.load(path.read_text(encoding="utf-8"), Loader=YAML_LOADER)  # noqa: S506 (a safe loader)
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise BadInput(f"contract {path.name} is not YAML: {error}", "mend the file at the place named") from None
    check = _Checker(path.name)
    document = check.mapping(document, "the file", {"source", "title", "owner", "feeds"}, {"source", "feeds"})
    name = check.text(document["source"], "source")
    if name != path.stem:
        check.fail("source", f"is {name!r}, but the file is called {path.name}")
    title = check.mapping(document.get("title") or {}, "title", {"en", "zh"})
    found = {
        feed_name: _read_feed(check, name, feed_name, entry)
        for feed_name, entry in check.mapping(document["feeds"], "feeds").items()
    }
    return Source(name, title.get("en", name), title.get("zh", name), str(document.get("owner", "")), found)


def _read_feed(check: _Checker, source: str, name: str, entry: Any) -> Feed:
    where = f"feeds.{name}"
    known = {"title", "mode", "key", "modified", "horizon", "horizon_where", "columns", "foreign_headers", "hints"}
    entry = check.mapping(entry, where, known, {"mode", "key", "columns"})
    title = check.mapping(entry.get("title") or {}, f"{where}.title", {"en", "zh"})
    columns = tuple(
        _read_column(check, f"{where}.columns.{column_name}", column_name, column)
        for column_name, column in check.mapping(entry["columns"], f"{where}.columns").items()
    )
    names = [column.name for column in columns]
    mode = check.one_of(entry["mode"], f"{where}.mode", MODES)
    key = tuple(check.names(entry["key"], f"{where}.key", names))
    if not key:
        check.fail(f"{where}.key", "names no column; a record must have a name")
    modified = entry.get("modified")
    if modified is not None:
        check.names([modified], f"{where}.modified", names)
    horizon = tuple(check.names(entry.get("horizon") or [], f"{where}.horizon", names))
    for column in columns:
        if column.name in horizon and column.type not in ("date", "timestamp"):
            check.fail(f"{where}.horizon", f"{column.name} is no date")
    horizon_where = {}
    for column_name, condition in check.mapping(entry.get("horizon_where") or {}, f"{where}.horizon_where").items():
        spot = f"{where}.horizon_where.{column_name}"
        check.names([column_name], spot, list(horizon))
        check.names(list(check.mapping(condition, spot)), spot, names)
        horizon_where[str(column_name)] = {
            str(other): tuple(check.text(value, spot).lower() for value in values)
            for other, values in condition.items()
        }
    taken: dict[str, str] = {}
    for column in columns:
        for form in {normalise_header(header) for header in column.headers}:
            if form in taken:
                check.fail(f"{where}.columns", f"{taken[form]} and {column.name} share the header {form!r}")
            taken[form] = column.name
    foreign = check.mapping(entry.get("foreign_headers") or {}, f"{where}.foreign_headers")
    made = Feed(
        source=source,
        name=name,
        title_en=title.get("en", name),
        title_zh=title.get("zh", name),
        mode=mode,
        key=key,
        modified=modified,
        horizon=horizon,
        horizon_where=horizon_where,
        columns=columns,
        foreign_headers={str(header): str(meaning) for header, meaning in foreign.items()},
        hints=tuple(check.text(word, f"{where}.hints") for word in entry.get("hints") or []),
    )
    return Feed(**{**made.__dict__, "contract_sha256": sha256_of(asdict(made))})


def _read_column(check: _Checker, where: str, name: str, entry: Any) -> Column:
    known = {"type", "aliases", "required", "values", "default", "zh", "description", "hints"}
    entry = check.mapping(entry, where, known, {"type"})
    values = check.mapping(entry.get("values") or {}, f"{where}.values")
    default = entry.get("default")
    if name.startswith("_"):
        check.fail(where, "names that begin with _ belong to the house")
    return Column(
        name=name,
        type=check.one_of(entry["type"], f"{where}.type", tuple(SQL_TYPES)),
        required=bool(entry.get("required", False)),
        aliases=tuple(check.text(alias, f"{where}.aliases") for alias in entry.get("aliases") or []),
        hints=tuple(check.text(word, f"{where}.hints") for word in entry.get("hints") or []),
        zh=str(entry.get("zh", "")),
        description=str(entry.get("description", "")),
        default=None if default is None else str(default),
        values={str(said): str(meant) for said, meant in values.items()},
    )


def sha256_of(value: Any) -> str:
    """Hash of a value by its JSON with sorted keys."""
    text = json.dumps(value, sort_keys=True, ensure_ascii=False, default=str)
    return hashlib.sha256(text.encode("utf-8")).hexdigest()


class _Checker:
    """Says what is wrong with a contract, and where."""

    def __init__(self, file_name: str) -> None:
        self.file_name = file_name

    def fail(self, where: str, fault: str) -> None:
        raise BadInput(f"contract {self.file_name}: {where}: {fault}", "see README.md beside the contracts")

    def mapping(
        self, value: Any, where: str, known: set[str] | None = None, needed: set[str] | None = None
    ) -> dict[str, Any]:
        if not isinstance(value, dict):
            self.fail(where, f"should be a list of `name: value`, is {value!r}")
        for name in value:
            if known is not None and name not in known:
                near = likely(str(name), known)
                self.fail(where, f"does not know {name!r}" + (f"; did you mean {near!r}?" if near else ""))
        for name in sorted((needed or set()) - set(value)):
            self.fail(where, f"lacks {name!r}")
        return {str(name): item for name, item in value.items()}

    def text(self, value: Any, where: str) -> str:
        if not isinstance(value, str) or not value.strip():
            self.fail(where, f"should be text, is {value!r}")
        return str(value)

    def one_of(self, value: Any, where: str, allowed: tuple[str, ...]) -> str:
        if value not in allowed:
            self.fail(where, f"is {value!r}, should be one of {', '.join(allowed)}")
        return str(value)

    def names(self, value: Any, where: str, known: list[str]) -> list[str]:
        if not isinstance(value, list):
            self.fail(where, f"should be a list of columns, is {value!r}")
        for name in value:
            if name not in known:
                near = likely(str(name), known)
                self.fail(where, f"names no column: {name!r}" + (f"; did you mean {near!r}?" if near else ""))
        return [str(name) for name in value]
