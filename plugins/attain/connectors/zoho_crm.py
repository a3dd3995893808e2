"""Pulls Zoho CRM's records into the inbox, as files like those that an export would put there.

Two modes:

- `changes`: what was modified or deleted since the last pull, as JSON Lines of the API's own record objects;
- `full`: everything, by bulk read where that gives everything (a zip as Zoho makes it), else as JSON Lines.

A pull may be killed between any two steps: the file appears whole or not at all, and what is remembered is written
after it. The next pull then reads the same changes again (ingest counts nothing twice), or goes on with the bulk read
jobs that the last one began. Zoho's If-Modified-Since takes in the very second it names, and its clock is not this
machine's: each pull looks back `OVERLAP` and leaves out the revisions that it has already written.
"""

from __future__ import annotations

import csv
import hashlib
import io
import itertools
import logging
import time
import zipfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from difflib import get_close_matches
from pathlib import Path
from typing import Any

from attain import progress
from attain.connectors import exact_json, pulled
from attain.connectors.dropping import Memory
from attain.connectors.pulled import MODES, Pulled
from attain.connectors.zoho_api import Access, Record, Unavailable, ZohoCrm, ZohoError, moment_of
from attain.errors import AttainError, BadInput, Busy
from attain.settings import Settings

log = logging.getLogger(__name__)

SOURCE = "zoho_crm"
OVERLAP = timedelta(seconds=60)
JOBS_LIVE = timedelta(hours=20)  # Zoho keeps a job's result for a day

# Types of fields that no bulk read holds; Zoho would refuse the job or leave the column out.
_NOT_IN_BULK = {"subform", "profileimage", "imageupload", "fileupload", "multiselectlookup", "multiuserlookup"}


@dataclass(frozen=True)
class Module:
    """How one feed is asked for.

    Attributes:
        name: API name of the module.
        is_in_bulk: whether a bulk read gives all its records.
        tells_deleted: whether Zoho lists what was deleted.
        full_is: what a list of all records may be taken for: a `snapshot`, in which an absent record is a deleted
            one, or `changes`.
        more: further parameters of calls for records.
        fields: what is asked for when Zoho does not describe the module's fields.
    """

    name: str
    is_in_bulk: bool = True
    tells_deleted: bool = True
    full_is: str = "snapshot"
    more: Mapping[str, str] = field(default_factory=dict)
    fields: tuple[str, ...] = ()


_HISTORY = (
    "Potential_Name",
    "Stage",
    "Moved_To__s",
    "Stage_Duration_Calendar_Days",
    "Amount",
    "Probability",
    "Expected_Revenue",
    "Closing_Date",
    "Currency",
    "Modified_By",
    "Modified_Time",
)

MODULES = {
    # Users who left stay known, because their deals name them.
    "users": Module("users", is_in_bulk=False, tells_deleted=False, full_is="changes"),
    "accounts": Module("Accounts"),
    "contacts": Module("Contacts"),
    "products": Module("Products"),
    # A bulk read leaves converted leads out: as a snapshot it would make them deleted ones.
    "leads": Module("Leads", is_in_bulk=False, more={"converted": "both"}),
    "deals": Module("Deals"),
    "stage_history": Module("DealHistory", is_in_bulk=False, tells_deleted=False, full_is="changes", fields=_HISTORY),
    "quotes": Module("Quotes"),
    "sales_orders": Module("Sales_Orders"),
    "invoices": Module("Invoices"),
    "calls": Module("Calls"),
    "tasks": Module("Tasks"),
    "events": Module("Events"),
}


@dataclass(frozen=True)
class Connection:
    """A connection to one Zoho CRM: who asks, what for, and under which names.

    Attributes:
        access: who asks, and where.
        feeds: feeds that are pulled when none is named; empty: all that the CRM has.
        modules: API names of modules that are called otherwise in this CRM, by feed.
    """

    access: Access
    feeds: tuple[str, ...] = ()
    modules: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def of(cls, login: str | None, password: str | None, extra: Mapping[str, Any]) -> Connection:
        """The connection that Airflow keeps as login, password and extra.

        Raises:
            BadInput: something is missing or can't be meant.
        """
        feeds, modules = extra.get("feeds") or [], extra.get("modules") or {}
        if isinstance(feeds, str):
            feeds = [name.strip() for name in feeds.split(",") if name.strip()]
        if not isinstance(feeds, list) or not isinstance(modules, dict):
            raise BadInput(
                "feeds or modules in the extra of the connection to Zoho CRM can't be read",
                'write them as {"feeds": ["deals", "accounts"], "modules": {"accounts": "Accounts"}}',
            )
        return cls(
            access=Access.of(login, password, extra),
            feeds=tuple(chosen(feeds)) if feeds else (),
            modules={name: str(modules[name]) for name in chosen(list(modules))} if modules else {},
        )

    @property
    def fingerprint(self) -> str:
        """Tells one CRM from another, so that what is remembered of one is not used for the other."""
        named = f"{self.access.client_id}\n{self.access.accounts_domain}\n{self.access.api_domain}"
        return hashlib.sha256(named.encode()).hexdigest()[:16]


def chosen(feeds: Sequence[str]) -> list[str]:
    """The feeds of those names, in the order in which they are pulled: people and catalogues first.

    Raises:
        BadInput: there is no feed of one of the names.
    """
    for name in feeds:
        if name not in MODULES:
            near = get_close_matches(str(name), MODULES, n=1)
            raise BadInput(
                f"Zoho CRM has no feed {name!r}" + (f"; did you mean {near[0]!r}?" if near else ""),
                f"the feeds are {', '.join(MODULES)}",
            )
    return [name for name in MODULES if name in feeds]


def pull(
    settings: Settings,
    connection: Connection,
    feeds: Sequence[str],
    mode: str,
    sleep: Callable[[float], None] = time.sleep,
    clock: Callable[[], float] = time.monotonic,
) -> list[Pulled]:
    """Pull the named feeds, or those of the connection, into the inbox.

    An error that concerns one feed is in that feed's `Pulled`, and the others are pulled; after one that concerns all
    (credentials, no answer, no credits) the rest are not asked for.

    Args:
        mode: `changes` or `full`.
        sleep, clock: see `ZohoCrm`.

    Raises:
        BadInput: no such feed or mode.
        Busy: another process pulls into this home.
    """
    if mode not in MODES:
        raise BadInput(f"there is no mode {mode!r}", f"the modes are {', '.join(MODES)}")
    wanted = chosen(feeds) or list(connection.feeds) or list(MODULES)
    found: list[Pulled] = []
    with pulled.sole_puller(settings, SOURCE), ZohoCrm(connection.access, sleep, clock) as crm:
        stopped: AttainError | None = None
        for name in wanted:
            if stopped is not None:
                found.append(Pulled(name, note="not asked for"))
                continue
            puller = _Puller(settings, connection, crm, name, is_named=name in feeds or name in connection.feeds)
            try:
                with progress.step(f"pull {name} from Zoho CRM"):
                    found.append(puller.pull(mode))
            except AttainError as error:
                found.append(Pulled(name).failed(error))
                if isinstance(error, Unavailable) or (isinstance(error, ZohoError) and error.is_for_all):
                    stopped = error
    return found


class _NotInBulkError(Exception):
    """Zoho CRM makes no bulk read of a module."""


class _Puller:
    """One pull of one feed."""

    def __init__(self, settings: Settings, connection: Connection, crm: ZohoCrm, feed: str, is_named: bool) -> None:
        self.settings = settings
        self.crm = crm
        self.feed = feed
        self.is_named = is_named
        self.module = MODULES[feed]
        self.name = connection.modules.get(feed, self.module.name)
        self.deals = connection.modules.get("deals", MODULES["deals"].name)
        self.memory = Memory(settings, SOURCE, feed)
        kept = self.memory.recall()
        pulled.sweep(settings, SOURCE, feed, _stem(self.name), kept.get("unfinished"))
        self.fingerprint = f"{connection.fingerprint} {self.name}"
        self.kept = kept if kept.get("crm") == self.fingerprint else {}

    def pull(self, mode: str) -> Pulled:
        is_full = mode == "full"
        try:
            if self.feed == "users":
                return self._changes(self.crm.moment, self.crm.users(), is_full=is_full, clocked=False)
            if self.feed == "stage_history":
                return self._history(is_full)
            return self._records(is_full)
        except ZohoError as error:
            if error.code == "INVALID_MODULE" and not self.is_named and not self.kept:
                return Pulled(self.feed, note=f"this CRM has no module {self.name}")
            raise

    def _records(self, is_full: bool) -> Pulled:
        described = self._described()
        started = self.crm.moment
        if is_full and self.module.is_in_bulk:
            try:
                return self._bulk(described, started)
            except _NotInBulkError as error:
                log.warning("%s: it can't be bulk read, so its records are asked for: %s", self.name, error)
        since = None if is_full else self._since()
        records = self.crm.changed(self.name, [str(entry["api_name"]) for entry in described], since, self.module.more)
        return self._changes(started, self._with_deleted(records, since, is_full), is_full=is_full)

    def _history(self, is_full: bool) -> Pulled:
        """The module of the stage field's tracker where it can be read, else the related list of each deal."""
        try:
            return self._records(is_full)
        except ZohoError as error:
            if error.code not in ("INVALID_MODULE", "NO_PERMISSION", "NOT_SUPPORTED"):
                raise
        return self._history_by_deal(is_full)

    def _described(self) -> list[Record]:
        """The module's fields; those of `Module.fields` where Zoho does not describe them."""
        try:
            described = self.crm.fields(self.name)
        except ZohoError as error:
            if not self.module.fields or error.is_for_all:
                raise
            described = []
        if described:
            return described
        if self.module.fields:
            return [{"api_name": name} for name in self.module.fields]
        raise BadInput(
            f"Zoho CRM describes no field of {self.name}",
            "let the user of the refresh token see the module's fields, or leave the feed out (feeds in extra)",
        )

    # ------------------------------------------------------------ JSON Lines

    def _since(self) -> datetime | None:
        return moment_of(self.kept.get("since"))

    def _with_deleted(self, records: Iterator[Record], since: datetime | None, is_full: bool) -> Iterator[Record]:
        """The records, then a line for each that is gone: nothing but its id, when it went, and `_deleted`."""
        yield from records
        if self.module.tells_deleted and not is_full:  # a full list says what is gone by leaving it out
            for gone in self.crm.deleted(self.name, since):
                yield {"id": gone["id"], "Modified_Time": gone.get("deleted_time"), "_deleted": True}

    def _changes(self, started: datetime, records: Iterator[Record], is_full: bool, clocked: bool = True) -> Pulled:
        """Drop the records that were not written before, then remember how far this pull has come.

        Args:
            started: the server's clock before the first record was asked for.
            clocked: whether Zoho was asked for what is new since a moment; else every record is compared with what
                was written last.
        """
        next_since = started - OVERLAP
        written: Mapping[str, str] = self.kept.get("written") or {}
        still: dict[str, str] = {}
        deleted = 0

        def fresh() -> Iterator[Record]:
            nonlocal deleted
            for record in records:
                key = str(record.get("id"))
                modified = moment_of(record.get("Modified_Time"))
                is_late = not clocked or modified is None or modified >= next_since
                mark = _mark(record) if is_late or key in written else ""
                if is_late:
                    still[key] = mark
                if not is_full and mark and written.get(key) == mark:
                    continue
                deleted += record.get("_deleted") is True
                yield record

        lines = fresh()
        first = next(lines, None)
        if not clocked:
            started = self.crm.moment
        file, rows = None, 0
        if first is not None:
            name = pulled.free_name(
                self.settings, SOURCE, self.feed, f"{_stem(self.name)}_{pulled.stamp(started)}", ".jsonl"
            )
            self.memory.keep({**self.kept, "crm": self.fingerprint, "unfinished": name})
            kind = self.module.full_is if is_full else "changes"
            rows = pulled.drop_lines(
                self.settings, SOURCE, self.feed, name, kind, started, itertools.chain([first], lines)
            )
            file = f"{SOURCE}/{self.feed}/{name}"
        self.memory.keep(
            {
                "crm": self.fingerprint,
                "since": next_since.isoformat(),
                "written": still,
                **({"bulk": self.kept["bulk"]} if "bulk" in self.kept else {}),
            }
        )
        return Pulled(self.feed, rows, deleted, file, note="" if rows else "nothing new")

    def _history_by_deal(self, is_full: bool) -> Pulled:
        """Stage history as the documentation gives it, a call for each deal: of the deals that were modified since the
        last pull, or of all."""
        started = self.crm.moment
        since = None if is_full else self._since()

        def lines() -> Iterator[Record]:
            for deal in self.crm.changed(self.deals, ["Deal_Name"], since):
                parent = {"name": deal.get("Deal_Name"), "id": deal["id"]}
                for entry in self.crm.related(self.deals, str(deal["id"]), "Stage_History", self.module.fields[1:]):
                    yield {"Potential_Name": parent, **entry}

        found = self._changes(started, lines(), is_full=is_full)
        note = "a call for each deal: this CRM does not list its stage history"
        return Pulled(found.feed, found.records, found.deleted, found.file, note)

    # ------------------------------------------------------------ bulk read

    def _bulk(self, described: Sequence[Record], started: datetime) -> Pulled:
        """Everything by bulk read jobs of 200,000 records. Their ids are remembered as soon as they are known."""
        fields = [str(entry["api_name"]) for entry in described if entry.get("data_type") not in _NOT_IN_BULK]
        plan = self.kept.get("bulk") or {}
        begun = moment_of(plan.get("extracted_at"))
        if begun is None or not timedelta(0) <= started - begun < JOBS_LIVE or not plan.get("jobs"):
            plan = {"extracted_at": started.isoformat(), "fields": fields, "jobs": []}
        extracted_at = moment_of(plan["extracted_at"]) or started
        try:
            content, rows = self._jobs(plan)
        except ZohoError as error:
            if error.code == "RESOURCE_NOT_FOUND":
                self._remember_jobs(None)
                raise Busy(
                    f"Zoho CRM no longer has the bulk read job of {self.name} that an earlier pull began",
                    "pull again; it begins a new one",
                ) from None
            raise
        file = None
        if rows:
            stem = f"{_stem(self.name)}_{pulled.stamp(extracted_at)}"
            name = pulled.free_name(self.settings, SOURCE, self.feed, stem, ".zip")
            self.memory.keep({**self.kept, "crm": self.fingerprint, "bulk": plan, "unfinished": name})
            pulled.drop_file(self.settings, SOURCE, self.feed, name, self.module.full_is, extracted_at, rows, content)
            file = f"{SOURCE}/{self.feed}/{name}"
        since = self._since()
        is_behind = since is None or since < extracted_at - OVERLAP
        self.memory.keep(
            {
                "crm": self.fingerprint,
                "since": (extracted_at - OVERLAP).isoformat() if is_behind else self.kept["since"],
                "written": {} if is_behind else self.kept.get("written", {}),
            }
        )
        content.unlink(missing_ok=True)
        return Pulled(self.feed, rows, 0, file, note="" if rows else "no records")

    def _remember_jobs(self, plan: Record | None) -> None:
        """Remember the jobs of a full pull that has not ended; None: forget them."""
        self.kept = {name: value for name, value in self.kept.items() if name != "bulk"}
        if plan is not None:
            self.kept["bulk"] = plan
        self.memory.keep({**self.kept, "crm": self.fingerprint})

    def _jobs(self, plan: Record) -> tuple[Path, int]:
        """See every job through; answers the zip of all records, and how many there are."""
        work = pulled.work_folder(self.settings, SOURCE, self.feed)
        parts: list[Path] = []
        rows, failures, token = 0, 0, None
        while True:
            page = len(parts) + 1
            if len(plan["jobs"]) < page:
                plan["jobs"].append(self._start(plan, page, token))
                self._remember_jobs(plan)
            job_id = str(plan["jobs"][page - 1])
            job = self.crm.wait_for_job(job_id)
            if job["state"] != "COMPLETED":
                failures += 1
                del plan["jobs"][page - 1 :]
                self._remember_jobs(plan if failures == 1 else None)
                if failures == 1:
                    log.warning("Zoho CRM's bulk read job %s ended %s; another one is begun", job_id, job["state"])
                    continue
                raise Busy(
                    f"Zoho CRM's bulk read of {self.name} ended {job['state'].lower()} twice",
                    "pull again later; if it goes on failing, pull the feed with --mode changes and ask Zoho's support",
                )
            result = job.get("result") or {}
            count = str(result.get("count"))
            expected = int(count) if count.isdecimal() else -1  # where Zoho does not say it, it is counted only
            if expected == 0:
                break
            parts.append(self._fetch(job_id, work / f"{page}.zip", expected))
            rows += expected if expected >= 0 else _count_rows(parts[-1])
            if result.get("more_records") is not True:
                break
            token = result.get("next_page_token")
        if len(parts) <= 1:
            return (parts[0] if parts else work / "nothing"), rows
        try:
            return _joined(parts, work / f"{plan['jobs'][0]}.zip"), rows
        except Busy:
            self._remember_jobs(None)
            raise

    def _start(self, plan: Record, page: int, token: str | None) -> str:
        """Begin a job. A field that Zoho can't put into one is left out; where it does not say which, Zoho chooses.

        Raises:
            _NotInBulkError: Zoho makes no such job for this module.
        """
        while True:
            try:
                return self.crm.start_job(self.name, plan["fields"], page, token)
            except ZohoError as error:
                if page > 1 or error.is_for_all or error.code in ("OAUTH_SCOPE_MISMATCH", "NO_PERMISSION"):
                    raise
                if not plan["fields"] or error.code in ("INVALID_MODULE", "MODULE_NOT_SUPPORTED", "NOT_SUPPORTED"):
                    raise _NotInBulkError(error.message) from None
                refused = error.details.get("api_name")
                log.warning("%s: Zoho CRM can't bulk read %s (%s)", self.name, refused or "these fields", error.code)
                plan["fields"] = (
                    [name for name in plan["fields"] if name != refused] if refused in plan["fields"] else []
                )

    def _fetch(self, job_id: str, target: Path, expected: int) -> Path:
        """Download a job's zip and see that all records are in it."""
        said = ""
        for _ in range(3):
            self.crm.download(job_id, target)
            try:
                there = _count_rows(target)
            except (zipfile.BadZipFile, UnicodeDecodeError, csv.Error, EOFError, OSError) as error:
                said = f"it can't be read ({type(error).__name__})"
                continue
            if expected in (-1, there):
                return target
            said = f"it holds {there:,} records instead of {expected:,}"
        self._remember_jobs(None)
        raise Busy(
            f"the result of Zoho CRM's bulk read job {job_id} of {self.name} is damaged: {said}", "pull again later"
        )


def _mark(record: Record) -> str:
    """What tells a revision from another one of the same id: when it was modified, and what it says."""
    line = exact_json.dumps(record).encode()
    return f"{record.get('Modified_Time')} {hashlib.sha256(line).hexdigest()[:16]}"


def _stem(module: str) -> str:
    return "".join(letter if letter.isalnum() else "_" for letter in module[:1].upper() + module[1:])


def _count_rows(archive: Path) -> int:
    """Records in the CSV files of a zip, headers apart. Reading them to their end proves their checksums."""
    count = 0
    csv.field_size_limit(16 << 20)
    with zipfile.ZipFile(archive) as found:
        for member in found.infolist():
            with found.open(member) as stream, io.TextIOWrapper(stream, encoding="utf-8-sig", newline="") as text:
                count += max(0, sum(1 for row in csv.reader(text) if row) - 1)
    return count


def _joined(parts: Sequence[Path], target: Path) -> Path:
    """One zip with one CSV of all records: a list of everything must not be taken for two lists of half of it."""
    header: bytes | None = None
    with (
        zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as joined,
        joined.open(f"{target.stem}.csv", "w", force_zip64=True) as out,
    ):
        for part in parts:
            with zipfile.ZipFile(part) as archive:
                for member in archive.infolist():
                    with archive.open(member) as stream:
                        first = stream.readline().rstrip(b"\r\n")
                        if header is None:
                            header = first
                            out.write(first + b"\n")
                        elif first != header:
                            raise Busy(
                                "the columns of Zoho CRM's bulk read changed between two jobs of one pull",
                                "pull again; it begins anew",
                            )
                        last = b"\n"
                        while chunk := stream.read(1 << 20):
                            out.write(chunk)
                            last = chunk[-1:]
                        if last not in (b"\n", b"\r"):
                            out.write(b"\n")
    return target
