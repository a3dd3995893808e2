"""Mappings: files of a system that has no contract are dropped in as they are, and a YAML file says what they mean.

`mappings/<name>.yml` serves the folder `inbox/<name>/`. It names files by pattern and, for each, the feeds that its
rows belong to: which header is which canonical column, constants, and what values mean.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any, NoReturn
from zoneinfo import ZoneInfo

import yaml

from attain.errors import BadInput
from attain.ingest import contracts
from attain.ingest.contracts import Feed, likely, normalise_header, sha256_of
from attain.ingest.conversion import Formats
from attain.ingest.rejected import Rejected
from attain.settings import Settings

# Every scalar stays text: a header may be called `No`, and a constant 1.10 keeps its zero.
_TEXT_LOADER = getattr(yaml, "CBaseLoader", yaml.BaseLoader)
_DATE_SUFFIX = re.compile(r"[ _.-]*\d{4}[-_.]?\d{2}([-_.]?\d{2})?([-_ T]?\d{4,6})?$")


@dataclass(frozen=True)
class Target:
    """What the columns of one file mean for one feed.

    Attributes:
        feed: the feed that the rows belong to.
        headers: canonical column → headers that mean it, the more trusted ones first.
        constants: canonical column → value of every row.
        values: canonical column → what the file says (without case) → the value.
        distinct: one row a key; rows that repeat one, and rows without a key, are not for this feed.
        where: header → values; other rows are not for this feed.
        where_not: header → values; rows that have them are not for this feed.
        horizon: columns whose latest day says how far the data reach.
        formats: how dates and numbers are written.
        mapping_name: the mapping it is from; None: the contract itself.
        mapping_sha256: hash of this part of the mapping or layout; None: the contract itself.
        layout: name of the contract's layout that it is from.
        may_lack: required columns that files of this layout need not have.
    """

    feed: Feed
    headers: Mapping[str, tuple[str, ...]]
    formats: Formats
    constants: Mapping[str, str] = field(default_factory=dict)
    values: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    distinct: bool = False
    where: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    where_not: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    horizon: tuple[str, ...] = ()
    mapping_name: str | None = None
    mapping_sha256: str | None = None
    layout: str | None = None
    may_lack: frozenset[str] = frozenset()


@dataclass(frozen=True)
class MappedFile:
    """A pattern of file names and what such files hold; `ignored` says why one is not read at all."""

    pattern: str
    targets: tuple[Target, ...]
    ignored: str | None

    def matches(self, file_name: str) -> bool:
        """Whether a file of that name is meant; a date at the end of the name does not matter, nor does case."""
        name = Path(file_name.casefold())
        undated = _DATE_SUFFIX.sub("", name.stem) + name.suffix
        pattern = self.pattern.casefold()
        return fnmatchcase(name.name, pattern) or fnmatchcase(undated, pattern)


@dataclass(frozen=True)
class SystemMapping:
    """One mapping file."""

    name: str
    title: str
    owner: str
    files: tuple[MappedFile, ...]

    def file_for(self, file_name: str) -> MappedFile | None:
        """The first entry whose pattern fits."""
        return next((entry for entry in self.files if entry.matches(file_name)), None)


def formats_of(settings: Settings, source: str) -> Formats:
    """How a source with contracts writes dates and numbers: as `mappings/<source>.yml` says, else without doubt only.

    Raises:
        BadInput: the file can't be used.
    """
    path = settings.mappings_dir / f"{source}.yml"
    return _Reader(path, settings.timezone).read_formats() if path.exists() else Formats(settings.timezone)


def names(settings: Settings) -> list[str]:
    """Names of the mapping files, sorted, but for those that say how a source with contracts writes dates and numbers.

    They are not read for it.
    """
    return sorted(path.stem for path in settings.mappings_dir.glob("*.yml") if path.stem not in contracts.load())


def load(settings: Settings, name: str) -> SystemMapping:
    """Read and check one mapping.

    Raises:
        BadInput: it can't be used; the message names the file, the place, the fault and the likeliest slip.
    """
    path = settings.mappings_dir / f"{name}.yml"
    return _Reader(path, settings.timezone).read()


def load_mappings(settings: Settings) -> dict[str, SystemMapping]:
    """All mappings by name.

    Raises:
        BadInput: one of them can't be used.
    """
    for source in contracts.load():
        formats_of(settings, source)
    return {name: load(settings, name) for name in names(settings)}


class _Reader:
    """Reads one mapping file and says in plain words what is wrong with it."""

    def __init__(self, path: Path, timezone: str) -> None:
        self.path = path
        self.timezone = timezone

    def fail(self, where: str, fault: str, remedy: str = "") -> NoReturn:
        raise BadInput(
            f"mapping {self.path.name}: {where}: {fault}",
            remedy or f"correct {self.path.name}; mappings/README.md explains each key, the contracts name the columns",
        )

    def read(self) -> SystemMapping:
        document = self.mapping(
            self.document(),
            "the file",
            {"title", "owner", "date_format", "timezone", "decimal", "files"},
            {"title", "files"},
        )
        if self.path.stem in contracts.load():
            self.fail("the file's name", "is that of a source with contracts; call it otherwise")
        if not re.fullmatch(r"[a-z][a-z0-9_]{0,62}", self.path.stem):
            self.fail("the file's name", "should be small letters, digits and _")
        formats = self.formats(document)
        files = self.list_of(document["files"], "files")
        if not files:
            self.fail("files", "names no file")
        return SystemMapping(
            name=self.path.stem,
            title=str(document["title"]),
            owner=str(document.get("owner", "")),
            files=tuple(self.file(entry, f"files[{number}]", formats) for number, entry in enumerate(files, start=1)),
        )

    def read_formats(self) -> Formats:
        """The formats of a source that has contracts; which file is what, its contracts and folders say."""
        known = {"title", "owner", "date_format", "timezone", "decimal"}
        return self.formats(self.mapping(self.document(), "the file", known))

    def document(self) -> Any:
        try:
            return yaml.load(self.path.read_text(encoding="utf-8"), Loader=_TEXT_LOADER)  # noqa: S506 (makes text only)
        except FileNotFoundError:
            raise BadInput(
                f"there is no mapping called {self.path.stem!r}", f"write {self.path.name} in the mappings folder"
            ) from None
        except (yaml.YAMLError, UnicodeDecodeError) as error:
            self.fail("the file", f"is not YAML: {error}")

    def formats(self, document: Mapping[str, Any]) -> Formats:
        listed = document.get("date_format", [])
        listed = [listed] if isinstance(listed, str) else self.list_of(listed, "date_format")
        for form in listed:
            if not isinstance(form, str) or "%" not in form:
                self.fail("date_format", f"{form!r} is no format; write it like %d/%m/%Y")
        timezone = document.get("timezone", self.timezone)
        try:
            ZoneInfo(str(timezone))
        except (KeyError, ValueError, OSError):
            self.fail("timezone", f"{timezone!r} is no time zone; use a name such as Asia/Shanghai")
        decimal = document.get("decimal", ".")
        if decimal not in (".", ","):
            self.fail("decimal", f"is {decimal!r}, should be '.' or ','")
        return Formats(str(timezone), tuple(listed), decimal, is_set=True)

    def file(self, entry: Any, where: str, formats: Formats) -> MappedFile:
        entry = self.mapping(entry, where, {"name", "feeds", "ignore", "reason"}, {"name"})
        pattern = str(entry["name"])
        if self.flag(entry, "ignore", where):
            if entry.get("feeds"):
                self.fail(where, "is ignored and has feeds; it can't be both")
            if not entry.get("reason"):
                self.fail(where, "is ignored without a `reason`")
            return MappedFile(pattern, (), str(entry["reason"]))
        if not entry.get("feeds"):
            self.fail(where, "names no `feeds`; say where its rows go, or `ignore: true` with a `reason`")
        feeds = self.list_of(entry["feeds"], f"{where}.feeds")
        targets = tuple(
            self.target(target, f"{where}.feeds[{number}]", formats) for number, target in enumerate(feeds, start=1)
        )
        hashes = [(target.feed.code, target.mapping_sha256) for target in targets]
        if len(set(hashes)) < len(hashes):
            self.fail(f"{where}.feeds", "says the same thing twice")
        return MappedFile(pattern, targets, None)

    def target(self, entry: Any, where: str, formats: Formats) -> Target:
        known = {"feed", "columns", "constants", "values", "distinct", "where", "where_not", "horizon"}
        entry = self.mapping(entry, where, known, {"feed", "columns"})
        code = str(entry["feed"])
        if code not in contracts.feeds():
            near = likely(code, contracts.feeds())
            self.fail(
                f"{where}.feed",
                f"no feed is called {code!r}" + (f"; did you mean {near!r}?" if near else ""),
                f"the feeds are {', '.join(contracts.feeds())}",
            )
        feed = contracts.feeds()[code]
        columns = self.canonical(entry["columns"], f"{where}.columns", feed)
        constants = self.canonical(entry.get("constants") or {}, f"{where}.constants", feed)
        values = {
            name: {str(said): str(meant) for said, meant in self.mapping(meanings, f"{where}.values.{name}").items()}
            for name, meanings in self.canonical(entry.get("values") or {}, f"{where}.values", feed).items()
        }
        for name in sorted(set(columns) & set(constants)):
            self.fail(f"{where}.constants.{name}", "is mapped to a header as well")
        for name in sorted(set(values) - set(columns)):
            self.fail(f"{where}.values.{name}", "has meanings for values, but no header is mapped to it")
        for column in feed.columns:
            needed = column.required or column.name in feed.key
            if needed and column.default is None and column.name not in {*columns, *constants}:
                self.fail(
                    f"{where}.columns",
                    f"{code} needs {column.name} ({column.description}); map a header or a constant to it",
                )
        horizon = entry.get("horizon")
        horizon = feed.horizon if horizon is None else tuple(self.list_of(horizon, f"{where}.horizon"))
        for name in horizon:
            known_column = feed.by_name.get(str(name))
            if known_column is None or known_column.type not in ("date", "timestamp"):
                self.fail(f"{where}.horizon", f"{name!r} is no date of {code}")
        distinct = self.flag(entry, "distinct", where)
        where_only = self.selection(entry.get("where"), f"{where}.where")
        where_not = self.selection(entry.get("where_not"), f"{where}.where_not")
        plain = {
            "columns": columns,
            "constants": constants,
            "values": values,
            "distinct": distinct,
            "where": where_only,
            "where_not": where_not,
            "horizon": list(horizon),
            "formats": [formats.timezone, list(formats.date_formats), formats.decimal_separator],
        }
        return Target(
            feed=feed,
            headers={name: (str(header),) for name, header in columns.items()},
            formats=formats,
            constants={name: str(value) for name, value in constants.items()},
            values=values,
            distinct=distinct,
            where=where_only,
            where_not=where_not,
            horizon=horizon,
            mapping_name=self.path.stem,
            mapping_sha256=sha256_of(plain),
        )

    def canonical(self, value: Any, where: str, feed: Feed) -> dict[str, Any]:
        found = self.mapping(value, where)
        for name, item in found.items():
            if name not in feed.by_name:
                near = likely(name, feed.by_name)
                self.fail(
                    f"{where}.{name}",
                    f"{feed.code} has no such column" + (f"; did you mean {near!r}?" if near else ""),
                    f"its columns are {', '.join(feed.by_name)}",
                )
            if item == "":
                self.fail(f"{where}.{name}", "is empty")
        return found

    def selection(self, value: Any, where: str) -> dict[str, tuple[str, ...]]:
        return {
            header: tuple(str(item) for item in (values if isinstance(values, list) else [values]))
            for header, values in self.mapping(value or {}, where).items()
        }

    def mapping(
        self, value: Any, where: str, known: set[str] | None = None, needed: set[str] | None = None
    ) -> dict[str, Any]:
        if not isinstance(value, dict):
            self.fail(where, f"should hold `name: value` pairs, is {value!r}")
        for name in value:
            if known is not None and name not in known:
                near = likely(str(name), known)
                self.fail(
                    where,
                    f"does not know {str(name)!r}" + (f"; did you mean {near!r}?" if near else ""),
                    f"it knows {', '.join(sorted(known))}",
                )
        for name in sorted((needed or set()) - set(value)):
            self.fail(where, f"lacks {name!r}")
        return {str(name): item for name, item in value.items()}

    def flag(self, entry: Mapping[str, Any], name: str, where: str) -> bool:
        value = entry.get(name, "false")
        if value not in ("true", "false"):
            self.fail(f"{where}.{name}", f"is {value!r}, should be true or false")
        return bool(value == "true")

    def list_of(self, value: Any, where: str) -> list[Any]:
        if not isinstance(value, list):
            self.fail(where, f"should be a list, is {value!r}")
        return value


# Columns that many systems leave out because there all rows have the same, and that pay depends on.
_OFTEN_CONSTANT = frozenset({"currency_code", "role"})


def suggest(settings: Settings, folder: str) -> str:
    """A draft mapping for the files in `inbox/<folder>/`, from the likeness of their headers to the contracts'.

    Each file gets the feed whose columns its headers name best; what is required but was not found is left as a
    line to fill in, so that the draft is refused until somebody has read it.

    Raises:
        BadInput: there is no such folder, or no readable file in it.
    """
    place = settings.inbox / folder
    if not place.is_dir():
        raise BadInput(f"there is no folder inbox/{folder}", "drop the files there first")
    drafts = []
    for path in sorted(place.rglob("*")):
        if path.is_symlink() or not path.is_file() or path.name.startswith((".", "~$")):
            continue
        try:
            drafts += [_draft(name, header) for name, header in _headers_of(settings, path)]
        except BadInput as problem:
            drafts.append(f"  # {path.name}: {problem.message}")
    if not drafts:
        raise BadInput(f"inbox/{folder} holds no file", "drop the files there first")
    head = [
        f"# draft: check every line, then save it as mappings/{folder}.yml",
        f"title: {folder}",
        "owner: ''",
        "files:",
    ]
    return "\n".join([*head, *drafts]) + "\n"


def likely_feed(settings: Settings, path: Path) -> str | None:
    """The feed, as `source.feed`, whose required columns a file's header has all of; None when there is none."""
    try:
        ((_, header),) = _headers_of(settings, path)
    except (BadInput, ValueError):  # unreadable, or an archive of several files
        return None
    code = _likeliest(path.name, header)
    feed = contracts.feeds()[code]
    known = {normalise_header(name) for name in header}
    needed = [column for column in feed.columns if column.required and column.default is None]
    return code if all(known & {normalise_header(form) for form in column.headers} for column in needed) else None


def _headers_of(settings: Settings, path: Path) -> list[tuple[str, Sequence[str]]]:
    """Name and header of a file whose feed is not known, of each member of an archive; BadInput if it can't be read."""
    from attain.ingest import archives, reading, tables  # the readers need not be loaded to check a mapping

    scratch = settings.lake / "suggest"
    scratch.mkdir(parents=True, exist_ok=True)
    try:
        return [
            (piece.name, reading.open_table(piece.path, piece.name, piece.facts, _any_header, scratch).header)
            for piece in archives.pieces(path, path.name, tables.look(path), scratch)
        ]
    except Rejected as rejected:
        raise BadInput(rejected.message, rejected.remedy) from None


def _any_header(cells: Sequence[str]) -> int:
    known = {
        normalise_header(header) for feed in contracts.feeds().values() for c in feed.columns for header in c.headers
    }
    return sum(1 for cell in cells if cell.strip()) + sum(2 for cell in cells if normalise_header(cell) in known)


def _likeliest(file_name: str, header: Sequence[str]) -> str:
    feeds = contracts.feeds()
    return max(feeds, key=lambda code: _likeness(feeds[code], _guess(feeds[code], header), file_name, header))


def _draft(file_name: str, header: Sequence[str]) -> str:
    code = _likeliest(file_name, header)
    feed = contracts.feeds()[code]
    guesses = _guess(feed, header)
    lines = [f"  - name: {_yaml(file_name)}", "    feeds:", f"      - feed: {code}", "        columns:"]
    for column in feed.columns:
        needed = (column.required or column.name in feed.key) and column.default is None
        if column.name in guesses:
            lines.append(f"          {column.name}: {_yaml(guesses[column.name])}")
        elif needed:
            lines.append(f"          {column.name}:  # needed: {column.description}")
    unsaid = [c for c in feed.columns if c.name not in guesses and c.default is None and c.name in _OFTEN_CONSTANT]
    if unsaid:
        lines.append("        constants:")
        lines += [f"          {column.name}:  # needed, no header says it: {column.description}" for column in unsaid]
    if "stage" in guesses:
        lines += [
            "        values:",
            "          stage:  # needed: what the file calls won and lost, e.g. Won: Closed Won",
        ]
    unused = [name for name in header if name not in guesses.values()]
    if unused:
        lines.append(f"        # not used yet: {', '.join(unused)}")
    return "\n".join(lines)


def _guess(feed: Feed, header: Sequence[str]) -> dict[str, str]:
    """Columns of a feed and the headers that are likely theirs: known headers first, then hints, then likeness."""
    guesses: dict[str, str] = {}
    plain = {name: normalise_header(name.replace("_", " ")) for name in header}

    def take(column: str, forms: Sequence[str]) -> None:
        # A header may stand for two columns: the name of a product is often all the id there is.
        for form in forms:
            for name, known in plain.items():
                if column not in guesses and known == normalise_header(form.replace("_", " ")):
                    guesses[column] = name

    for column in feed.columns:
        take(column.name, (column.name, *column.headers))
    for column in feed.columns:
        take(column.name, column.hints)
    free = [name for name in header if name not in guesses.values()]
    for column in feed.columns:
        for known in () if column.name in guesses else (column.name, *column.headers):
            near = likely(known.replace("_", " "), free)
            if near is not None:
                guesses[column.name] = near
                free.remove(near)
                break
    return guesses


def _likeness(feed: Feed, guess: Mapping[str, str], file_name: str, header: Sequence[str]) -> float:
    """How well a feed fits a file: what it needs is there, the headers are made use of, the file's name says so."""
    needed = [column.name for column in feed.columns if column.required]
    found = sum(1 for name in needed if name in guess) / max(len(needed), 1)
    used = len(set(guess.values())) / max(len(header), 1)
    words = (feed.name.rstrip("s"), *feed.hints)
    return found + used + (1.0 if any(word in file_name.casefold() for word in words) else 0.0)


def _yaml(text: str) -> str:
    return yaml.safe_dump(text, allow_unicode=True, width=10_000).strip().removesuffix("...").strip()
