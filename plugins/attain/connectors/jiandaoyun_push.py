"""Pushes of 简道云 (数据推送): taken in over HTTP, kept in a journal, rolled into few files of the inbox.

A push is answered with 200 only when it is on the disk. 简道云 waits two seconds, tries five times, and stops pushing
after a hundred failures; imports and changes of many records at once are never pushed. So pushes make data fresh, and
`attain pull` makes them complete.

In `connectors/jiandaoyun_crm/journal/<feed>/` of the home:

| file | holds |
|---|---|
| `open.jsonl` | pushes as they came, a line each, synced before they are answered; a torn last line was not |
| `<ns>.rolling` | a journal that is being written into the inbox; it goes when its file is there and remembered |
| `seen.jsonl` | ids and signatures of the pushes in files, so that none is taken twice, also after a restart |

Rolling may be killed anywhere: the same journal makes the same file again, byte for byte.
"""

from __future__ import annotations

import fcntl
import hashlib
import hmac
import json
import logging
import os
import socket
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit
from zoneinfo import ZoneInfo

from attain.connectors import exact_json, jiandaoyun, jiandaoyun_forms
from attain.connectors import jiandaoyun_records as shape
from attain.connectors.dropping import Memory
from attain.connectors.jiandaoyun import State, draft, feed_lock, fields_of, links_of, news, tombstone, utc_now
from attain.connectors.jiandaoyun_forms import SOURCE, Form, Forms
from attain.connectors.jiandaoyun_records import RECORD_ID, Fields
from attain.connectors.pulled import Pulled
from attain.errors import AttainError, BadInput, Busy
from attain.settings import Settings

DATA_OPS = ("data_create", "data_update", "data_recover", "data_remove")
MAX_AGE = timedelta(minutes=5)
BODY_BYTES = 5 << 20
KEEP_SEEN = timedelta(days=30)
ROLL_SECONDS = 30.0
WORKERS = 16
IDLE_SECONDS = 5.0
DEADLINE_SECONDS = 15.0

log = logging.getLogger(__name__)


def signature(nonce: str, payload: bytes, secret: str, timestamp: str) -> str:
    """What 简道云 signs a push with: SHA-1 of nonce, body, secret and timestamp, joined by colons; in hex."""
    content = b":".join([nonce.encode(), payload, secret.encode(), timestamp.encode()])
    return hashlib.sha1(content).hexdigest()  # noqa: S324 (the vendor's choice)


@dataclass(frozen=True)
class Answer:
    """What a push is answered with."""

    status: int
    text: str


# ---------------------------------------------------------------- taking pushes in


class Receiver:
    """Takes pushes in: checks them, finds their feed, and keeps them. Safe to be called from many threads.

    Args:
        settings: the home.
        forms: which forms are which feeds.
        secret: the secret of the push, as set in 简道云.
        max_age: a push whose timestamp is further from now than this is refused.
        now: the clock, in UTC.
    """

    def __init__(
        self,
        settings: Settings,
        forms: Forms,
        secret: str,
        max_age: timedelta = MAX_AGE,
        now: Callable[[], datetime] = utc_now,
    ) -> None:
        if not secret:
            raise BadInput(
                "the connection has no webhook_secret", "put the secret of 数据推送 into the connection's extra"
            )
        self.settings, self.forms, self._secret = settings, forms, secret
        self.max_age, self.now = max_age, now
        self._guard = threading.Lock()
        self._busy: set[str] = set()
        self._seen: set[str] = set()
        self._feed_of: dict[str, str] = {}
        for feed in forms.forms:
            self._seen |= _Journal(settings, feed).load_seen(now() - KEEP_SEEN)

    def receive(self, headers: Mapping[str, str], query: Mapping[str, str], body: bytes, path: str = "") -> Answer:
        """Take one push in.

        Args:
            headers: of the request; names in any case.
            query: of its address: `timestamp` and `nonce`.
            body: as it came, byte for byte.
            path: of its address; its last part may name the feed, which helps when the push does not name its form.

        Returns:
            200 when the push is on the disk or was before, otherwise why it is not taken.
        """
        nonce, timestamp = query.get("nonce", ""), query.get("timestamp", "")
        if not nonce or not timestamp:
            return Answer(400, "the address lacks timestamp or nonce")
        found = {name.casefold(): value.strip() for name, value in headers.items()}
        said = {found.get("x-jdy-signature", ""), found.get("x-jdy-deliverid", "")}
        right = signature(nonce, body, self._secret, timestamp)
        # The vendor's own example has the two headers' values swapped: either may be the signature, if it is right.
        signed = [value for value in said if hmac.compare_digest(value.removeprefix("sha1=").encode(), right.encode())]
        if not signed:
            return Answer(401, "the signature does not fit")
        age = self._age(timestamp)
        if age is None or abs(age) > self.max_age:
            return Answer(403, "the timestamp is too far from now")
        deliver_id = next((value for value in said if value and value not in signed), "")
        marks = {f"sha1:{right}", *([f"id:{deliver_id}"] if deliver_id else [])}
        with self._guard:
            if marks & self._seen:
                return Answer(200, "it was taken before")
            if marks & self._busy:
                return Answer(503, "it is being taken just now")
            self._busy |= marks
        try:
            answer = self._take(body, path, sorted(marks))
            if answer.status == 200:
                with self._guard:
                    self._seen |= marks
            return answer
        except OSError as error:
            log.error("a push could not be kept: %s", error.strerror)
            return Answer(503, "it could not be kept; send it again")
        finally:
            with self._guard:
                self._busy -= marks

    def _age(self, timestamp: str) -> timedelta | None:
        if not (timestamp.isascii() and timestamp.isdigit() and len(timestamp) <= 14):
            return None
        seconds = int(timestamp)
        sent = datetime.fromtimestamp(seconds / 1000 if len(timestamp) > 11 else seconds, UTC)
        return self.now() - sent

    def _take(self, body: bytes, path: str, marks: list[str]) -> Answer:
        try:
            push = shape.loads(body.decode())
        except ValueError:
            return Answer(400, "the body is no JSON in UTF-8")
        op = push.get("op") if isinstance(push, dict) else None
        data = push.get("data") if isinstance(push, dict) else None
        if not isinstance(op, str) or not isinstance(data, dict):
            return Answer(400, "the body lacks op or data")
        if op not in (*DATA_OPS, "form_update"):
            log.warning("a push of the unknown kind %r was passed over", op[:40])
            return Answer(200, "nothing is done with pushes of this kind")
        own = data.get(RECORD_ID)
        if op != "form_update" and (not isinstance(own, str) or not own):
            return Answer(400, "the data lack _id")
        feed = self._feed(data, path)
        if feed is None:
            log.warning("a push (%s) of a form that is no feed was refused", op)
            return Answer(404, f"no feed of {self.forms.path.name} has this form")
        _Journal(self.settings, feed).append(marks, self.now(), body.decode())
        if isinstance(own, str):
            self._feed_of[own] = feed
        return Answer(200, "ok")

    def _feed(self, data: Mapping[str, Any], path: str) -> str | None:
        """The feed of a push: by its form; of one that does not name it, by the address, or by its record."""
        if data.get("appId") and data.get("entryId"):
            form = self.forms.of(str(data["appId"]), str(data["entryId"]))
            return form.feed if form is not None else None
        by_path = path.rstrip("/").rpartition("/")[2]
        if by_path in self.forms.forms:
            return by_path
        own = data.get(RECORD_ID)
        if own in self._feed_of:
            return self._feed_of[own]
        for feed in self.forms.forms:
            if own in State.recall(Memory(self.settings, SOURCE, feed)).records:
                return feed
        return None


class _Journal:
    """The journal of one feed."""

    def __init__(self, settings: Settings, feed: str) -> None:
        self.feed = feed
        self.folder = _journals(settings) / feed
        self.open = self.folder / "open.jsonl"
        self.seen = self.folder / "seen.jsonl"

    @contextmanager
    def locked(self) -> Iterator[None]:
        self.folder.mkdir(parents=True, exist_ok=True)
        with (self.folder / ".lock").open("w") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            yield

    def append(self, marks: list[str], moment: datetime, body: str) -> None:
        """Add a push; when this returns it is on the disk."""
        line = json.dumps({"marks": marks, "at": moment.isoformat(), "body": body}).encode("ascii") + b"\n"
        with self.locked():
            is_new = not self.open.exists()
            with self.open.open("ab") as file:
                _cut_torn_line(file.fileno(), self.open)
                file.write(line)
                file.flush()
                os.fsync(file.fileno())
            if is_new:
                _sync_folder(self.folder)

    def take(self) -> list[Path]:
        """Close the open journal, and name all closed ones, oldest first."""
        if not self.folder.is_dir():
            return []
        with self.locked():
            if self.open.exists() and self.open.stat().st_size:
                self.open.replace(self.folder / f"{time.time_ns():020d}.rolling")
                _sync_folder(self.folder)
        return self.closed()

    def closed(self) -> list[Path]:
        return sorted(self.folder.glob("*.rolling"))

    def is_empty(self) -> bool:
        return not self.closed() and not (self.open.exists() and self.open.stat().st_size)

    def finish(self, path: Path, lines: list[dict[str, Any]]) -> None:
        """Remember the marks of a journal that is in the inbox, then let go of it."""
        with self.locked(), self.seen.open("ab") as file:
            _cut_torn_line(file.fileno(), self.seen)
            for line in lines:
                file.write(json.dumps({"marks": line["marks"], "at": line["at"]}).encode("ascii") + b"\n")
            file.flush()
            os.fsync(file.fileno())
        path.unlink()

    def load_seen(self, since: datetime) -> set[str]:
        """Marks of all pushes taken since, from files and journals; older ones are forgotten."""
        if not self.folder.is_dir():
            return set()
        with self.locked():
            kept = [line for line in read_lines(self.seen) if line["at"] >= since.isoformat()]
            anew = self.seen.with_suffix(".draft")
            with anew.open("wb") as file:
                file.writelines(json.dumps(line).encode("ascii") + b"\n" for line in kept)
                file.flush()
                os.fsync(file.fileno())
            anew.replace(self.seen)
            for path in (*self.closed(), self.open):
                kept += read_lines(path)
        return {mark for line in kept for mark in line["marks"]}


def _journals(settings: Settings) -> Path:
    return settings.home / "connectors" / SOURCE / "journal"


def read_lines(path: Path) -> list[dict[str, Any]]:
    """The whole lines of a journal; a torn last one was never answered."""
    try:
        data = path.read_bytes()
    except FileNotFoundError:
        return []
    return [json.loads(line) for line in data[: data.rfind(b"\n") + 1].splitlines()]


def _cut_torn_line(descriptor: int, path: Path) -> None:
    size = os.fstat(descriptor).st_size
    with path.open("rb") as file:
        if size == 0 or (file.seek(size - 1) >= 0 and file.read(1) == b"\n"):
            return
        file.seek(0)
        os.ftruncate(descriptor, file.read().rfind(b"\n") + 1)


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


# ---------------------------------------------------------------- from the journal into the inbox


def roll(settings: Settings) -> list[Pulled]:
    """Write all pushes that wait into the inbox, a file a feed; what can't be written yet waits on, and says why."""
    folder = _journals(settings)
    found: list[Pulled] = []
    for feed in sorted(path.name for path in folder.iterdir() if path.is_dir()) if folder.is_dir() else []:
        if _Journal(settings, feed).is_empty():
            continue
        try:
            form = jiandaoyun_forms.load(settings).forms.get(feed)
            if form is None:
                raise BadInput(f"{SOURCE}.yml names no feed {feed!r} any more", "add it again, or remove its journal")
            with feed_lock(settings, feed, wait=False):
                rolled = roll_feed(settings, form, None)
        except AttainError as error:
            rolled = Pulled(feed, note=f"pushes wait: {error.message}; {error.remedy}")
        if rolled is not None:
            found.append(rolled)
            if rolled.note:
                log.warning("%s.%s: %s", SOURCE, feed, rolled.note)
    return found


def roll_feed(settings: Settings, form: Form, fields: Fields | None) -> Pulled | None:
    """Write the pushes of one feed into the inbox. The feed's lock is held by the caller.

    Args:
        settings: the home.
        form: the feed's form.
        fields: its fields as they are now; None: as they are remembered.

    Returns:
        what was written; None: nothing waited.
    """
    journal = _Journal(settings, form.feed)
    if journal.is_empty():
        return None
    notes: list[str] = []
    memory = Memory(settings, SOURCE, form.feed)
    if fields is None:
        described = State.recall(memory).widgets
        if not described:
            return Pulled(
                form.feed,
                note="pushes wait, because the labels of the form's fields are not known yet; "
                f"`attain pull {SOURCE} {form.feed}` asks for them",
            )
        fields = fields_of(jiandaoyun_forms.load(settings), form, shape.widgets(described))
    records = deleted = 0
    file: str | None = None
    links = links_of(settings, form)
    for path in journal.take():
        lines = read_lines(path)
        state = State.recall(memory)
        with draft(settings, form.feed) as out:
            for line in lines:
                fields = _roll_line(settings, form, state, fields, links, line, out, notes)
            if out.rows:
                first = datetime.fromisoformat(lines[0]["at"])
                content = hashlib.sha256(path.read_bytes()).hexdigest()[:16]
                local = first.astimezone(ZoneInfo(settings.timezone))
                file = out.drop(first, None, f"push_{local:%Y-%m-%d_%H%M%S}_{content}.jsonl")
                records += out.rows
                deleted += out.deleted
        state.keep(memory)
        journal.finish(path, lines)
    return Pulled(form.feed, records, deleted, file, "; ".join(dict.fromkeys(notes)))


def _roll_line(
    settings: Settings,
    form: Form,
    state: State,
    fields: Fields,
    links: Mapping[str, Mapping[str, Any]],
    line: Mapping[str, Any],
    out: jiandaoyun.Draft,
    notes: list[str],
) -> Fields:
    """Write one push; returns the fields as they are after it."""
    push = shape.loads(line["body"])
    op, data, at = push["op"], push["data"], str(line["at"]).replace("+00:00", "Z")
    if op == "form_update":
        return _drift(settings, form, state, fields, data, at, notes)
    if op != "data_remove":
        news_line = news(form, state, fields, data, at, links, op)
        if news_line is not None:
            out.write(news_line)
        return fields
    own = data[RECORD_ID]
    known = state.records.pop(own, None)
    shown = shape.shaped(data, fields)
    key = known[2] if known is not None else [shown.get(header) for header in form.key]
    if any(part in (None, "") for part in key):
        _note(settings, f"{form.feed}.unresolved.jsonl", {"at": at, "push": push})
        notes.append(
            f"the record {own} was deleted, but it was never read or pushed before, so its "
            f"{', '.join(form.key)} is not known; `attain pull {SOURCE} {form.feed} --mode full` shows what is left"
        )
        return fields
    moment = data.get("deleteTime")
    moment = moment if isinstance(moment, str) and moment else at
    state.gone[own] = moment
    out.write(tombstone(form, own, key, moment), deleted=True)
    return fields


def _drift(
    settings: Settings,
    form: Form,
    state: State,
    fields: Fields,
    data: Mapping[str, Any],
    at: str,
    notes: list[str],
) -> Fields:
    """A form was changed: its fields from now on, what is different kept in `<feed>.drift.jsonl` and said."""
    before = {widget.id: widget for widget in fields.widgets}
    found = [
        widget
        if widget.items or widget.id not in before
        else shape.Widget(**{**vars(widget), "items": before[widget.id].items})
        for widget in shape.widgets(data.get("widgets"))
    ]
    if not found:
        notes.append("the form was changed, but the push lists no fields; the next pull asks for them")
        return fields
    try:
        new = fields_of(jiandaoyun_forms.load(settings), form, found)
    except BadInput as error:
        notes.append(f"the form was changed: {error.message}; {error.remedy}")
        return fields
    notes += shape.renamed(fields.labels, new)
    for word, more, less in (("new", new.labels, fields.labels), ("gone", fields.labels, new.labels)):
        names = [f"{label} ({name})" for name, label in more.items() if name not in less]
        if names:
            notes.append(f"fields of the form that are {word}: {', '.join(names)}")
    _note(settings, f"{form.feed}.drift.jsonl", {"at": at, "before": fields.labels, "now": new.labels})
    state.labels, state.widgets = new.labels, [widget.plain() for widget in new.widgets]
    return new


def _note(settings: Settings, name: str, value: Mapping[str, Any]) -> None:
    with (settings.home / "connectors" / SOURCE / name).open("a", encoding="utf-8") as file:
        file.write(exact_json.dumps(value) + "\n")


# ---------------------------------------------------------------- the door


class _Server(ThreadingHTTPServer):
    """At most `WORKERS` requests at once, none for longer than `DEADLINE_SECONDS`."""

    daemon_threads = True
    request_queue_size = 64

    def __init__(self, address: tuple[str, int], receiver: Receiver) -> None:
        self.receiver = receiver
        self._free = threading.BoundedSemaphore(WORKERS)
        super().__init__(address, _Handler)

    def process_request(self, request: Any, client_address: Any) -> None:
        if not self._free.acquire(timeout=1.0):
            with suppress(OSError):
                request.sendall(b"HTTP/1.0 503 Service Unavailable\r\nContent-Length: 0\r\n\r\n")
            self.shutdown_request(request)
            return
        super().process_request(request, client_address)

    def process_request_thread(self, request: Any, client_address: Any) -> None:
        cut = threading.Timer(DEADLINE_SECONDS, _cut, [request])
        cut.daemon = True
        cut.start()
        try:
            super().process_request_thread(request, client_address)
        finally:
            cut.cancel()
            self._free.release()

    def handle_error(self, request: Any, client_address: Any) -> None:
        log.info("a request was cut off", exc_info=True)


def _cut(request: socket.socket) -> None:
    with suppress(OSError):
        request.shutdown(socket.SHUT_RDWR)


class _Handler(BaseHTTPRequestHandler):
    server: _Server
    timeout = IDLE_SECONDS
    server_version = "attain"
    sys_version = ""

    def do_POST(self) -> None:
        parts = urlsplit(self.path)
        length = self.headers.get("Content-Length", "")
        if not (length.isascii() and length.isdigit()) or "Transfer-Encoding" in self.headers:
            self._answer(Answer(411, "say the length of the body"))
            return
        if int(length) > BODY_BYTES:
            self._answer(Answer(413, f"the body may have {BODY_BYTES} bytes"))
            return
        body = self.rfile.read(int(length))
        if len(body) < int(length):
            self._answer(Answer(400, "the body is cut off"))
            return
        query = {name: values[-1] for name, values in parse_qs(parts.query, keep_blank_values=True).items()}
        self._answer(self.server.receiver.receive(dict(self.headers.items()), query, body, parts.path))

    def do_GET(self) -> None:
        self._answer(Answer(200, "attain listens") if self.path == "/health" else Answer(405, "pushes are POST"))

    def _answer(self, answer: Answer) -> None:
        data = answer.text.encode() + b"\n"
        self.send_response(answer.status)
        self.send_header("Content-Type", "text/plain; charset=utf-8")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, format: str, *args: Any) -> None:
        # Without the address' query: nonce and timestamp are nobody's business.
        status = args[1] if len(args) > 1 else ""
        log.info("%s %s %s", self.command, urlsplit(getattr(self, "path", "") or "").path, status)


def serve(
    settings: Settings,
    receiver: Receiver,
    port: int,
    host: str = "127.0.0.1",
    roll_seconds: float = ROLL_SECONDS,
    stop: threading.Event | None = None,
    ready: Callable[[int], None] = lambda port: None,
) -> None:
    """Listen for pushes until `stop` is set, and write them into the inbox every `roll_seconds` and at the end.

    Args:
        settings: the home.
        receiver: what takes them in.
        port: TCP port; 0: any free one.
        host: address to listen on; loopback, unless a proxy that speaks TLS is on another machine.
        roll_seconds: how long pushes are collected before they become a file.
        stop: set by whoever wants it to end.
        ready: called with the port when pushes can come.

    Raises:
        Busy: another process of this home listens already, or the port is taken.
    """
    stop = stop or threading.Event()
    with _sole_listener(settings):
        try:
            server = _Server((host, port), receiver)
        except OSError as error:
            raise Busy(f"can't listen on {host}:{port}: {error.strerror}", "choose another port") from None
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.1}, daemon=True)
        thread.start()
        try:
            ready(server.server_address[1])
            while not stop.wait(roll_seconds):
                _roll_and_go_on(settings)
        finally:
            server.shutdown()
            server.server_close()
            _roll_and_go_on(settings)


def _roll_and_go_on(settings: Settings) -> None:
    """Roll, and listen on whatever happens: the pushes are safe in the journal."""
    try:
        roll(settings)
    except Exception:
        log.exception("pushes could not be written into the inbox; they wait in the journal")


@contextmanager
def _sole_listener(settings: Settings) -> Iterator[None]:
    folder = _journals(settings)
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / ".listener.lock").open("w") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise Busy("another process of this home listens for pushes", "stop it first, or use that one") from None
        yield
