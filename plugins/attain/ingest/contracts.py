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
_ADDED_TO_HEADERS = re.compile(r"^\*+(?=.)|(?<=.)\*+$|(?<=.)[(\[【](?:单位:)?元[)\]】]\*?$")
_FORMULA_OF_TEXT = re.compile(r'^="([^"]*)"$')  # as some systems write every cell
_INVISIBLE = dict.fromkeys(map(ord, "\u200b\u200c\u200d\u200e\u200f\u2060\ufeff"))


def normalise_header(text: str) -> str:
    """A header as it is compared: without case, blanks, width and invisible marks; `Deal_Name` is `Deal Name`."""
    plain = unicodedata.normalize("NFKC", text).translate(_INVISIBLE).casefold()
    return "".join(_BETWEEN_WORDS.sub("", plain).split())


def plain_header(text: str) -> str:
    """A header as it is compared, without what forms add: `*` of a field that must be filled, `(元)` as its unit."""
    return _ADDED_TO_HEADERS.sub("", normalise_header(_FORMULA_OF_TEXT.sub(r"\1", text)))


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
        blanks: cells that say nothing, such as the 9999-12-31 of systems that know no open end.
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
    blanks: tuple[str, ...] = ()

    @property
    def sql_type(self) -> str:
        return SQL_TYPES[self.type]

    @property
    def headers(self) -> tuple[str, ...]:
        """Every header that means this column; its own name is one."""
        return (*self.aliases, self.name)


@dataclass(frozen=True)
class LayoutFeed:
    """What the rows of a layout are for one feed of the same source.

    Attributes:
        feed: name of the feed.
        columns: canonical column → headers that mean it here, in place of the contract's aliases; other columns keep
            theirs.
        constants: canonical column → value of every row.
        values: canonical column → what the file says (without case) → the value, before the contract's own.
        distinct: one row a key: rows that repeat one are left to other feeds, and quarantined where they contradict.
        where, where_not: header → values; a selection by a header that the file lacks does not apply.
        needs: headers without which the layout has no rows for this feed.
        may_lack: required columns that this layout does not bring.
    """

    feed: str
    columns: Mapping[str, tuple[str, ...]]
    constants: Mapping[str, str]
    values: Mapping[str, Mapping[str, str]]
    distinct: bool
    where: Mapping[str, tuple[str, ...]]
    where_not: Mapping[str, tuple[str, ...]]
    needs: tuple[str, ...]
    may_lack: tuple[str, ...]


@dataclass(frozen=True)
class Layout:
    """A way in which some system writes a feed, recognised by its header (a Zoho dialect, a finance system's list).

    Attributes:
        has, lacks: headers that must and must not be there.
        api_names: whether all headers are names of an API: no blank in any, `_` in one.
        rows_of: names of a sub-form; its columns are called `<name>.<column>`, and each of its rows is a row.
        unpivot: columns to turn into rows: `name` and `value` name the two new columns, `keep` those that stay, `blank`
            lists the cells that are no value.
        fill_down: headers whose blank cells mean the cell above; None: none, empty: all but the sub-form's.
        lookups_are_ids: whether a column called `X` holds the id that other dialects write into `X.id`.
        date_formats, decimal_separator: how dates and numbers are written; empty: as the source does.
        feeds: what its rows are; empty: the feed of the folder.
    """

    name: str
    title_en: str
    title_zh: str
    has: tuple[str, ...]
    lacks: tuple[str, ...]
    api_names: bool
    rows_of: tuple[str, ...]
    unpivot: Mapping[str, tuple[str, ...]]
    fill_down: tuple[str, ...] | None
    lookups_are_ids: bool
    date_formats: tuple[str, ...]
    decimal_separator: str
    feeds: tuple[LayoutFeed, ...]


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
        expects: groups of columns of which a file must have one, though their cells may be blank.
        lines: whether the rows are lines of the document that `key` names: they have no name of their own, and the
            newest delivery of a document replaces all of them.
        files: names that systems give its files, without what comes after (a day, a number); one that ends in `__` is
            what the name begins with.
        layouts: ways in which systems write it; the first that fits a file's header is taken, else the aliases.
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
    expects: tuple[tuple[str, ...], ...] = ()
    lines: bool = False
    files: tuple[str, ...] = ()
    layouts: tuple[Layout, ...] = ()
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


_AFTER_THE_NAME = re.compile(r"([ _.-]*\(?\d[\d _.:TZ-]*\)?)+$")


def undated(file_name: str) -> str:
    """The name of a file as its system gives it, without what comes after (a day, a number), as names are compared."""
    return normalise_header(_AFTER_THE_NAME.sub("", Path(file_name).stem))


def feed_of_file(source: str, file_name: str) -> Feed | None:
    """The feed of a source whose files are called so: `Deals_2026_01_26.csv` is deals', `合同订单(1).xlsx` contracts'.

    None where no feed's name fits, or two do.
    """
    stem = Path(file_name).stem
    named = undated(file_name)
    found = []
    for feed in load()[source].feeds.values():
        begins = [name for name in feed.files if name.endswith("__")]
        if any(stem.casefold().startswith(name.casefold()) for name in begins):
            return feed
        if named in {normalise_header(name) for name in feed.files}:
            found.append(feed)
    return found[0] if len(found) == 1 else None


def _read_source(path: Path) -> Source:
    try:
        document = yaml.load(path.read_text(encoding="utf-8"), Loader=YAML_LOADER)  # noqa: S506 (a safe loader)
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise BadInput(f"contract {path.name} is not YAML: {error}", "mend the file at the place named") from None
    check = _Checker(path.name)
    document = check.mapping(
        document, "the file", {"source", "title", "owner", "feeds", "layouts"}, {"source", "feeds"}
    )
    name = check.text(document["source"], "source")
    if name != path.stem:
        check.fail("source", f"is {name!r}, but the file is called {path.name}")
    title = check.mapping(document.get("title") or {}, "title", {"en", "zh"})
    common = _read_layouts(check, "layouts", document.get("layouts"))
    found = {
        feed_name: _read_feed(check, name, feed_name, entry, common)
        for feed_name, entry in check.mapping(document["feeds"], "feeds").items()
    }
    _check_layouts(check, found)
    return Source(name, title.get("en", name), title.get("zh", name), str(document.get("owner", "")), found)


def _read_feed(check: _Checker, source: str, name: str, entry: Any, common: tuple[Layout, ...]) -> Feed:
    where = f"feeds.{name}"
    known = {"title", "mode", "key", "modified", "horizon", "horizon_where", "columns", "foreign_headers", "hints"}
    known |= {"expects", "lines", "layouts", "files"}
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
        expects=tuple(
            tuple(check.names(group if isinstance(group, list) else [group], f"{where}.expects", names))
            for group in entry.get("expects") or []
        ),
        lines=bool(entry.get("lines", False)),
        files=check.texts(entry.get("files"), f"{where}.files"),
        layouts=(*_read_layouts(check, f"{where}.layouts", entry.get("layouts")), *common),
    )
    rules = {name: value for name, value in asdict(made).items() if name not in ("files", "hints")}
    return Feed(**{**made.__dict__, "contract_sha256": sha256_of(rules)})


def _read_layouts(check: _Checker, where: str, entry: Any) -> tuple[Layout, ...]:
    return tuple(
        _read_layout(check, f"{where}.{name}", name, layout)
        for name, layout in check.mapping(entry or {}, where).items()
    )


def _read_layout(check: _Checker, where: str, name: str, entry: Any) -> Layout:
    known = {"title", "has", "lacks", "api_names", "rows_of", "unpivot", "fill_down", "lookups_are_ids", "date_formats"}
    entry = check.mapping(entry, where, known | {"decimal", "feeds"})
    title = check.mapping(entry.get("title") or {}, f"{where}.title", {"en", "zh"})
    unpivot = check.mapping(entry.get("unpivot") or {}, f"{where}.unpivot", {"name", "value", "keep", "blank"})
    if unpivot and not {"name", "value", "keep"} <= set(unpivot):
        check.fail(f"{where}.unpivot", "needs name, value and keep")
    if not entry.get("has") and not entry.get("rows_of"):
        check.fail(where, "says neither which headers it `has` nor the sub-form it has `rows_of`")
    fill_down = entry.get("fill_down")
    return Layout(
        name=name,
        title_en=title.get("en", name),
        title_zh=title.get("zh", name),
        has=check.texts(entry.get("has"), f"{where}.has"),
        lacks=check.texts(entry.get("lacks"), f"{where}.lacks"),
        api_names=bool(entry.get("api_names", False)),
        rows_of=check.texts(entry.get("rows_of"), f"{where}.rows_of"),
        unpivot={
            key: check.texts(value, f"{where}.unpivot.{key}", may_be_blank=True) for key, value in unpivot.items()
        },
        fill_down=() if fill_down is True else check.texts(fill_down, f"{where}.fill_down") if fill_down else None,
        lookups_are_ids=bool(entry.get("lookups_are_ids", False)),
        date_formats=check.texts(entry.get("date_formats"), f"{where}.date_formats"),
        decimal_separator=check.one_of(entry.get("decimal", "."), f"{where}.decimal", (".", ",")),
        feeds=tuple(
            _read_layout_feed(check, f"{where}.feeds[{number}]", item)
            for number, item in enumerate(entry.get("feeds") or [], start=1)
        ),
    )


def _read_layout_feed(check: _Checker, where: str, entry: Any) -> LayoutFeed:
    known = {"feed", "columns", "constants", "values", "distinct", "where", "where_not", "needs", "may_lack"}
    entry = check.mapping(entry, where, known, {"feed"})

    def selection(key: str) -> dict[str, tuple[str, ...]]:
        chosen = check.mapping(entry.get(key) or {}, f"{where}.{key}")
        return {
            header: check.texts(said, f"{where}.{key}.{header}", may_be_blank=True) for header, said in chosen.items()
        }

    return LayoutFeed(
        feed=check.text(entry["feed"], f"{where}.feed"),
        columns={
            name: check.texts(headers, f"{where}.columns.{name}")
            for name, headers in check.mapping(entry.get("columns") or {}, f"{where}.columns").items()
        },
        constants={
            name: str(value)
            for name, value in check.mapping(entry.get("constants") or {}, f"{where}.constants").items()
        },
        values={
            name: {str(said): str(meant) for said, meant in check.mapping(meanings, f"{where}.values.{name}").items()}
            for name, meanings in check.mapping(entry.get("values") or {}, f"{where}.values").items()
        },
        distinct=bool(entry.get("distinct", False)),
        where=selection("where"),
        where_not=selection("where_not"),
        needs=check.texts(entry.get("needs"), f"{where}.needs"),
        may_lack=check.texts(entry.get("may_lack"), f"{where}.may_lack"),
    )


def _check_layouts(check: _Checker, feeds: Mapping[str, Feed]) -> None:
    """The feeds and columns that layouts name exist."""
    for feed in feeds.values():
        for layout in feed.layouts:
            for number, part in enumerate(layout.feeds, start=1):
                where = f"feeds.{feed.name}.layouts.{layout.name}.feeds[{number}]"
                check.names([part.feed], f"{where}.feed", list(feeds))
                names = [column.name for column in feeds[part.feed].columns]
                check.names([*part.columns, *part.constants, *part.values, *part.may_lack], where, names)


def _read_column(check: _Checker, where: str, name: str, entry: Any) -> Column:
    known = {"type", "aliases", "required", "values", "default", "zh", "description", "hints", "blanks"}
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
        blanks=check.texts(entry.get("blanks"), f"{where}.blanks"),
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

    def texts(self, value: Any, where: str, may_be_blank: bool = False) -> tuple[str, ...]:
        """One text or a list of them; nothing is an empty list."""
        listed = [] if value is None else value if isinstance(value, list) else [value]
        return tuple(str(item) if may_be_blank and item == "" else self.text(item, where) for item in listed)

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
