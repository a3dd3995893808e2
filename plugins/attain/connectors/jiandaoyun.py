"""Records of 简道云, asked of its open API and written into the inbox as an export would hold them.

What a pull of a form does, in this order; it may be killed between any two steps:

1. under the feed's lock, pushes that wait in the journal are written into the inbox;
2. the form is asked for its fields and for the moment its data last changed;
3. records are read: all of them, or those changed since; what was written before in the same state is passed over;
4. the file appears in the inbox, whole;
5. what was read is remembered.

Killed before 4, nothing has happened. Killed before 5, the same is read and written again, which ingest counts once.
"""

from __future__ import annotations

import fcntl
import hashlib
import logging
import secrets
import shutil
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, ClassVar
from zoneinfo import ZoneInfo

from attain.connectors import exact_json
from attain.connectors import jiandaoyun_records as shape
from attain.connectors.dropping import Memory, dropped
from attain.connectors.jiandaoyun_api import BadKey, Client, FilterRefused
from attain.connectors.jiandaoyun_forms import MEMBERS, SOURCE, Form, Forms
from attain.connectors.jiandaoyun_records import DELETED, RECORD_ID, UPDATED_AT, Fields
from attain.connectors.pulled import MANIFEST, MODES, Pulled, sole_puller, sweep
from attain.errors import AttainError, BadInput, Busy
from attain.settings import Settings

# Read again before the last moment that was read: a record may become visible a little after its own 更新时间.
OVERLAP = timedelta(minutes=10)
# More deletions than this, of more records than that, are not believed without a `full`: a form that was emptied by
# mistake, or a key that may see less than before, would take all of them away.
MOST_DELETED, SHARE_DELETED = 20, 0.5
_FAR = timedelta(days=366)
_UNLINKED = "points at a record that was not known"

log = logging.getLogger(__name__)


def utc_now() -> datetime:
    """This moment; the tests put another clock in its place."""
    return datetime.now(UTC)


@dataclass
class State:
    """What is remembered of one feed; every part may be lost, then more is read than needed.

    Attributes:
        modified: when the form last changed, as 简道云 said before the last reading.
        settled: whether a reading after that moment found nothing new, so that the same moment means no change.
        swept_at: when everything was last read.
        labels: id of each field → its label.
        widgets: the fields of the form, as 简道云 describes them.
        records: data id → [更新时间, fingerprint, values of the key].
        gone: data id → moment of the record that said it was deleted.
    """

    modified: str | None = None
    settled: bool = False
    swept_at: str | None = None
    labels: dict[str, str] = field(default_factory=dict)
    widgets: list[dict[str, Any]] = field(default_factory=list)
    records: dict[str, list[Any]] = field(default_factory=dict)
    gone: dict[str, str] = field(default_factory=dict)

    @classmethod
    def recall(cls, memory: Memory) -> State:
        """What was remembered; empty when nothing was, or when it is not what this class writes."""
        found = memory.recall()
        state = cls(settled=found.get("settled") is True)
        state.modified = found["modified"] if _moment(found.get("modified")) else None
        state.swept_at = found["swept_at"] if _moment(found.get("swept_at")) else None
        for name, kind in (("labels", str), ("records", list), ("gone", str)):
            kept = found.get(name)
            if isinstance(kept, dict):
                setattr(state, name, {key: value for key, value in kept.items() if isinstance(value, kind)})
        state.records = {own: value for own, value in state.records.items() if len(value) == 3}
        state.widgets = found["widgets"] if isinstance(found.get("widgets"), list) else []
        return state

    def keep(self, memory: Memory) -> None:
        """Remember it."""
        memory.keep(dict(self.__dict__))


@contextmanager
def feed_lock(settings: Settings, feed: str, wait: bool = True) -> Iterator[None]:
    """One process at a time writes this feed's files and its memory; a killed process lets go by itself.

    Raises:
        Busy: another process does, and it was not to be waited for.
    """
    path = settings.home / "connectors" / SOURCE / f"{feed}.lock"
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | (0 if wait else fcntl.LOCK_NB))
        except BlockingIOError:
            raise Busy(f"{feed} is being pulled just now", "nothing to do; they are taken in afterwards") from None
        yield


def pull(
    settings: Settings,
    client: Client,
    forms: Forms,
    feeds: Sequence[str] = (),
    mode: str = "changes",
    now: Callable[[], datetime] = utc_now,
) -> list[Pulled]:
    """Ask for the records of the named feeds (all, when none is named) and write them into the inbox.

    A form that can't be asked does not keep the others from being asked; its result says what is wrong.

    Args:
        settings: the home.
        client: the open API.
        forms: which forms are which feeds.
        feeds: names of feeds.
        mode: `changes` (what is new since the last time) or `full` (everything, as a snapshot).
        now: the clock, in UTC.

    Raises:
        BadInput: a feed or mode of that name is not known, or the key is not accepted.
        Busy: another pull is under way in this home.
    """
    if mode not in MODES:
        raise BadInput(f"there is no mode {mode!r}", f"the modes are {', '.join(MODES)}")
    for feed in feeds:
        if feed not in forms.feeds:
            raise BadInput(
                f"{forms.path.name} names no feed {feed!r}",
                f"its feeds are {', '.join(forms.feeds)}; add the form there to pull it",
            )
    with sole_puller(settings, SOURCE):
        return _pull(settings, client, forms, feeds or forms.feeds, mode, now)


def _pull(
    settings: Settings, client: Client, forms: Forms, feeds: Sequence[str], mode: str, now: Callable[[], datetime]
) -> list[Pulled]:
    found: list[Pulled] = []
    for feed in feeds:
        try:
            with feed_lock(settings, feed):
                if feed == MEMBERS:
                    found.append(_Members(settings, client, forms, mode, now).run())
                else:
                    found += _Records(settings, client, forms, forms.forms[feed], mode, now).run()
        except BadKey:
            raise
        except AttainError as error:
            found.append(Pulled(feed).failed(error))
    for pulled in found:
        if pulled.note:
            log.warning("%s.%s: %s", SOURCE, pulled.feed, pulled.note)
    return found


class _Records:
    """One pull of one form, under the feed's lock."""

    def __init__(
        self, settings: Settings, client: Client, forms: Forms, form: Form, mode: str, now: Callable[[], datetime]
    ) -> None:
        self.settings, self.client, self.forms, self.form, self.mode = settings, client, forms, form, mode
        self.began = now()
        self.memory = Memory(settings, SOURCE, form.feed)
        self.notes: list[str] = []
        self.links = links_of(settings, form)

    def run(self) -> list[Pulled]:
        from attain.connectors import jiandaoyun_push

        found, modified = self.client.form(self.form.app_id, self.form.entry_id)
        fields = fields_of(self.forms, self.form, found)
        waited = jiandaoyun_push.roll_feed(self.settings, self.form, fields)
        return [*([waited] if waited is not None else []), self._run(fields, modified)]

    def _run(self, fields: Fields, modified: str | None) -> Pulled:
        state = State.recall(self.memory)
        self.notes += [*fields.notes, *shape.renamed(state.labels, fields)]
        described = [widget.plain() for widget in fields.widgets]
        is_described = described == state.widgets
        state.labels, state.widgets = fields.labels, described
        if self.mode == "changes" and self._is_quiet(state, modified) and not self._sweep_is_due(state):
            if not is_described:
                state.keep(self.memory)
            return Pulled(self.form.feed, note="; ".join(self.notes))
        with draft(self.settings, self.form.feed) as out:
            self._read(out, state, fields, modified)
            state.settled = self.mode == "changes" and modified == state.modified and not out.rows
            state.modified = modified
            file = out.drop(self.began, "snapshot" if self.mode == "full" else None) if out.rows else None
        state.keep(self.memory)
        return Pulled(self.form.feed, out.rows, out.deleted, file, "; ".join(self.notes))

    def _is_quiet(self, state: State, modified: str | None) -> bool:
        return modified is not None and modified == state.modified and state.settled

    def _sweep_is_due(self, state: State) -> bool:
        swept = _moment(state.swept_at)
        return swept is None or not swept <= self.began < swept + self.forms.sweep

    def _read(self, out: Draft, state: State, fields: Fields, modified: str | None) -> None:
        since = _moment(state.modified)
        if self.mode == "full" or since is None or not state.records or self._sweep_is_due(state):
            self._read_all(out, state, fields)
            return
        try:
            self._write(out, state, fields, self._changed(since - OVERLAP))
        except FilterRefused as error:
            self.notes.append(f"{error.message}; all records were read instead")
            self._read_all(out, state, fields)
            return
        if not out.rows and modified != state.modified:
            # Something has changed that no changed record shows: a deletion, or a filter that finds nothing.
            self._read_all(out, state, fields)

    def _changed(self, since: datetime) -> Iterator[dict[str, Any]]:
        """Records that were changed or made since; 更新时间 may lie before 提交时间, so either is enough."""
        span = [_written(since), _written(self.began + _FAR)]
        wanted = [
            {"field": name, "type": "datetime", "method": "range", "value": span}
            for name in ("updateTime", "createTime")
        ]
        return self.client.records(self.form.app_id, self.form.entry_id, {"rel": "or", "cond": wanted})

    def _read_all(self, out: Draft, state: State, fields: Fields) -> None:
        met = self._write(out, state, fields, self.client.records(self.form.app_id, self.form.entry_id))
        missing = [own for own in state.records if own not in met]
        if self.mode != "full" and len(missing) > max(MOST_DELETED, SHARE_DELETED * len(state.records)):
            self.notes.append(
                f"{len(missing)} of {len(state.records)} records are no longer shown to this "
                "key; so many deletions are not believed and nothing was written about them; if they are meant, "
                f"`attain pull {SOURCE} {self.form.feed} --mode full` says so"
            )
        else:
            for own in missing:
                out.write(tombstone(self.form, own, state.records.pop(own)[2], _written(self.began)), deleted=True)
                state.gone[own] = _written(self.began)
        state.swept_at = self.began.isoformat()

    def _write(self, out: Draft, state: State, fields: Fields, records: Iterable[Mapping[str, Any]]) -> set[str]:
        """Write what is not known in this very state; returns the ids of all that were read."""
        met = set()
        for record in records:
            met.add(str(record[RECORD_ID]))
            line = news(self.form, state, fields, record, _written(self.began), self.links, always=self.mode == "full")
            if line is not None:
                out.write(line)
        return met


class _Members:
    """One pull of the address book: everyone below a department, and those who are no longer in it."""

    _STATUS: ClassVar = {"1": "在职", "0": "未加入", "-1": "离职"}

    def __init__(
        self, settings: Settings, client: Client, forms: Forms, mode: str, now: Callable[[], datetime]
    ) -> None:
        self.settings, self.client, self.forms, self.mode = settings, client, forms, mode
        self.began = now()
        self.memory = Memory(settings, SOURCE, MEMBERS)

    def run(self) -> Pulled:
        top = self.forms.department or 1
        departments = {str(found.get("dept_no")): found for found in self.client.departments(top)}
        members = {}
        for found in self.client.members(top):
            username = found.get("username")
            if isinstance(username, str) and username:
                members[username] = self._record(found, departments)
        known = self.memory.recall().get("members")
        known = known if isinstance(known, dict) else {}
        for username, line in known.items():
            if username not in members and isinstance(line, dict):
                members[username] = line | {"状态": self._STATUS["-1"], "status": "-1"}
        with draft(self.settings, MEMBERS) as out:
            for username, line in sorted(members.items()):
                if self.mode == "full" or known.get(username) != line:
                    out.write(line)
            file = out.drop(self.began, "snapshot" if self.mode == "full" else None) if out.rows else None
        self.memory.keep({"members": members})
        return Pulled(MEMBERS, out.rows, 0, file)

    def _record(self, member: Mapping[str, Any], departments: Mapping[str, Mapping[str, Any]]) -> dict[str, Any]:
        own = member.get("departments")
        numbers = [str(number) for number in own] if isinstance(own, list) else []
        status = str(member.get("status", ""))
        return {
            "成员编号": member.get("username"),
            "姓名": member.get("name"),
            "所属部门": [str(departments[number].get("name")) for number in numbers if number in departments],
            "部门编号": numbers,
            "部门路径": [_path(number, departments) for number in numbers if number in departments],
            "状态": self._STATUS.get(status, status),
            "status": status,
            "type": str(member.get("type", "")),
            "integrate_id": member.get("integrate_id"),
        }


def _path(number: str, departments: Mapping[str, Mapping[str, Any]]) -> str:
    """Names of the departments from the top down to this one; a circle ends where it closes."""
    names: list[str] = []
    met: set[str] = set()
    while number in departments and number not in met:
        met.add(number)
        names.append(str(departments[number].get("name")))
        number = str(departments[number].get("parent_no"))
    return "/".join(reversed(names))


# ---------------------------------------------------------------- what pulls and pushes share


def fields_of(forms: Forms, form: Form, found: Sequence[shape.Widget]) -> Fields:
    """The fields of a form with the headers that the forms file and their labels give them.

    Raises:
        BadInput: the forms file names a field or a key that the form does not have, or two fields can't be told apart.
    """
    fields = shape.fields_of(found, form.fields, f"{forms.path.name}: feeds.{form.feed}.fields")
    for header in form.links:
        if header not in fields.headers.values():
            raise BadInput(
                f"{forms.path.name}: feeds.{form.feed}.links: no field is written under {header!r}",
                f"the headers are {', '.join(fields.headers.values())}",
            )
    headers = {*fields.headers.values(), *shape.SYSTEM_HEADERS.values(), RECORD_ID}
    for header in form.key:
        if header not in headers:
            raise BadInput(
                f"{forms.path.name}: feeds.{form.feed}.key: no field is written under {header!r}",
                f"the headers are {', '.join(fields.headers.values())}; if a label was changed, correct `key`, or keep "
                "the old header with `fields`",
            )
    return fields


def links_of(settings: Settings, form: Form) -> dict[str, dict[str, Any]]:
    """Of each field that points at records of another feed, by its header: their data ids → the first of their key."""
    return {
        header: {
            own: known[2][0] for own, known in State.recall(Memory(settings, SOURCE, feed)).records.items() if known[2]
        }
        for header, feed in form.links.items()
    }


def news(
    form: Form,
    state: State,
    fields: Fields,
    record: Mapping[str, Any],
    now: str,
    links: Mapping[str, Mapping[str, Any]],
    op: str = "",
    always: bool = False,
) -> dict[str, Any] | None:
    """The line to write for a record, and the state as it is then; None: it was written in this very state before.

    Args:
        form: the form.
        state: what is known of it; it is changed.
        fields: its fields.
        record: the record as the API or a push has it.
        now: the moment it was read or pushed.
        links: what `links_of` says of its form.
        op: of a push: what it says has happened; without it the record was read, so it exists.
        always: write it even if it is known.
    """
    own = str(record[RECORD_ID])
    updated = str(record.get("updateTime") or "")
    mark = [record.get("updateTime"), shape.fingerprint(record, fields)]
    known = state.records.get(own)
    line = shape.shaped(record, fields, form.finished)
    for header, names in links.items():
        if isinstance(line.get(header), dict) and (own_id := line[header].get("id")):
            if own_id in names:
                line[header] = {"name": names[own_id]} | line[header]
            else:
                mark[1] = _UNLINKED  # the other record is not known yet: it is written again when everything is read
    deleted_at = state.gone.get(own)
    if deleted_at is not None:
        if op in ("data_create", "data_update") and updated <= deleted_at:
            return line  # it was overtaken by the push of its own deletion, and stays behind it
        del state.gone[own]
        if updated <= deleted_at:
            line[UPDATED_AT] = now  # it came back as it was; its own moment lies before that of its deletion
    elif known is not None and known[:2] == mark and mark[1] != _UNLINKED and not always:
        return None
    if known is None or str(known[0] or "") <= updated:  # pushes may overtake one another
        state.records[own] = [*mark, [line.get(header) for header in form.key]]
    return line


def tombstone(form: Form, own: str, key: Sequence[Any], moment: str) -> dict[str, Any]:
    """The line that says that a record is gone."""
    return {RECORD_ID: own, **dict(zip(form.key, key, strict=False)), UPDATED_AT: moment, DELETED: True}


class Draft:
    """Lines on their way into the inbox, counted and hashed."""

    def __init__(self, settings: Settings, feed: str, path: Path) -> None:
        self.settings, self.feed, self.path = settings, feed, path
        self.rows = self.deleted = 0
        self._hash = hashlib.sha256()
        self._stream = path.open("wb")

    def write(self, line: Mapping[str, Any], deleted: bool = False) -> None:
        """Add one record."""
        data = exact_json.dumps(line).encode() + b"\n"
        self._hash.update(data)
        self._stream.write(data)
        self.rows += 1
        self.deleted += deleted

    def drop(self, moment: datetime, mode: str | None, name: str = "") -> str:
        """Put the lines into the inbox; with a `mode`, beside a manifest that says what the file is.

        Returns:
            the file's name below the inbox.
        """
        self.close()
        local = moment.astimezone(ZoneInfo(self.settings.timezone))
        name = name or f"api_{local:%Y-%m-%d_%H%M%S}_{secrets.token_hex(4)}.jsonl"
        unfinished = self.path.with_suffix(".unfinished")
        if mode is not None:
            unfinished.write_text(name, encoding="utf-8")
            manifest = {
                "mode": mode,
                "extracted_at": local.isoformat(),
                "rows": self.rows,
                "sha256": self._hash.hexdigest(),
            }
            with dropped(self.settings, SOURCE, self.feed, f"{name}{MANIFEST}") as stream:
                stream.write(exact_json.dumps(manifest).encode() + b"\n")
        with dropped(self.settings, SOURCE, self.feed, name) as stream, self.path.open("rb") as lines:
            shutil.copyfileobj(lines, stream)
        unfinished.unlink(missing_ok=True)
        return f"{SOURCE}/{self.feed}/{name}"

    def close(self) -> None:
        self._stream.close()


@contextmanager
def draft(settings: Settings, feed: str) -> Iterator[Draft]:
    """Lines of one feed, kept beside its memory until they are dropped; what a killed process left is removed."""
    path = settings.home / "connectors" / SOURCE / f"{feed}.lines"
    path.parent.mkdir(parents=True, exist_ok=True)
    unfinished = path.with_suffix(".unfinished")
    sweep(settings, SOURCE, feed, "api", unfinished.read_text(encoding="utf-8") if unfinished.exists() else None)
    sweep(settings, SOURCE, feed, "push", None)
    unfinished.unlink(missing_ok=True)
    out = Draft(settings, feed, path)
    try:
        yield out
    finally:
        out.close()
        path.unlink(missing_ok=True)


def _moment(text: Any) -> datetime | None:
    try:
        found = datetime.fromisoformat(text)
    except (TypeError, ValueError):
        return None
    return found if found.tzinfo is not None else found.replace(tzinfo=UTC)


def _written(moment: datetime) -> str:
    """A moment as 简道云 writes it."""
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
