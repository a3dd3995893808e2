"""A Zoho CRM that behaves as its documentation says, on this machine: for tests of what pulls from it.

What it does follows the public pages and OpenAPI files of version 8: tokens that run out, pages by number (up to 2,000
records) and by token, 50 fields a call, 204 and 304 without a body, an If-Modified-Since that takes in the second it
names, deleted records, bulk read jobs with their states and zips, and the errors of all of them. Its clock stands still
unless a test moves it. In records, a text like `#250000.10` is a number that is sent just so.
"""

from __future__ import annotations

import csv
import email.utils
import io
import itertools
import json
import re
import threading
import zipfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qsl, urlsplit

CLIENT_ID = "1000.CLIENTID0000000000000000000001"
CLIENT_SECRET = "clientsecret-9d1f7c7e2b5a4d3e8f60"
REFRESH_TOKEN = "1000.refresh-4be1a7c09f2d4a7f8f11b2c3"
SCOPES = {"modules", "settings", "users", "bulk"}

Record = dict[str, Any]


@dataclass
class Request:
    """What was asked: method, path, parameters, headers in lower case, body."""

    method: str
    path: str
    query: dict[str, str]
    headers: dict[str, str]
    body: bytes


@dataclass
class Fault:
    """An answer given instead of the right one, `times` times, to requests whose method and path contain `where`."""

    where: str
    status: int
    body: bytes
    headers: dict[str, str]
    times: int


class Answer(Exception):
    """An answer with a status other than 200."""

    def __init__(self, status: int, content: Any = None) -> None:
        super().__init__(status)
        self.status = status
        self.content = content


def refused(status: int, code: str, message: str = "", **details: Any) -> Answer:
    return Answer(status, {"code": code, "details": details, "message": message or code.lower(), "status": "error"})


@dataclass
class Zoho:
    """The CRM: what is in it, and how it behaves.

    Attributes:
        modules: records by module and id.
        fields: API names and data types of each module's fields.
        users: users by id.
        deleted: by module: id, deleted_time, type.
        page_size: most records a page; the documentation says 200.
        token_reach: records that page tokens reach; the documentation says 100,000.
        rows_a_job: records of one bulk read job; the documentation says 200,000.
        polls: how often a job is not ready yet.
        converted: ids of leads that were converted.
        history: rows of the stage history by deal; where `DealHistory` is no module, it is only listed by deal.
    """

    now: datetime = datetime(2026, 1, 26, 6, 10, tzinfo=UTC)
    modules: dict[str, dict[str, Record]] = field(default_factory=dict)
    fields: dict[str, dict[str, str]] = field(default_factory=dict)
    users: dict[str, Record] = field(default_factory=dict)
    deleted: dict[str, list[Record]] = field(default_factory=dict)
    converted: set[str] = field(default_factory=set)
    history: dict[str, list[Record]] = field(default_factory=dict)
    page_size: int = 200
    token_reach: int = 100_000
    rows_a_job: int = 200_000
    polls: int = 2
    scopes: set[str] = field(default_factory=lambda: set(SCOPES))
    refresh_tokens: set[str] = field(default_factory=lambda: {REFRESH_TOKEN})
    token_lives: timedelta = timedelta(hours=1)
    requests: list[Request] = field(default_factory=list)
    faults: list[Fault] = field(default_factory=list)
    after: Callable[[Request], None] = lambda _: None
    not_in_bulk: set[str] = field(default_factory=set)
    says_what_is_not: bool = True
    jobs: dict[str, Record] = field(default_factory=dict)
    failing_jobs: int = 0
    bulk_csv: Callable[[str], str] = lambda text: text
    address: str = ""
    _tokens: dict[str, datetime] = field(default_factory=dict)
    _pages: dict[str, tuple[Any, int, datetime]] = field(default_factory=dict)
    _numbers: Iterator[int] = field(default_factory=lambda: itertools.count(1))

    # ---------------------------------------------------------- what a test does to it

    def tick(self, seconds: float) -> None:
        self.now += timedelta(seconds=seconds)

    def put(self, module: str, record_id: str, **values: Any) -> Record:
        """Make or change a record now; its other fields stay."""
        records = self.modules.setdefault(module, {})
        old = records.get(record_id, {"Created_Time": self.time()})
        records[record_id] = {**old, "Modified_Time": self.time(), **values, "id": record_id}
        known = self.fields.setdefault(module, {})
        for name in records[record_id]:
            known.setdefault(name, "text")
        return records[record_id]

    def delete(self, module: str, record_id: str, kind: str = "recycle") -> None:
        del self.modules[module][record_id]
        gone = {"id": record_id, "deleted_time": self.time(), "type": kind}
        self.deleted.setdefault(module, []).append({**gone, "deleted_by": None, "created_by": None})

    def time(self) -> str:
        """Now, as it stands in records: with the offset of the organisation."""
        return self.now.astimezone(ZONE).isoformat(timespec="seconds")

    def fail(self, where: str, status: int, body: Any = None, times: int = 1, **headers: str) -> None:
        content = body if isinstance(body, bytes) else json.dumps(body or {}).encode()
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        self.faults.append(Fault(where, status, content, named, times))

    def expire_tokens(self) -> None:
        """Access tokens that were given are good no more."""
        self._tokens.clear()

    def expire_pages(self) -> None:
        """Page tokens that were given are good no more."""
        self._pages = {token: (bound, at, self.now) for token, (bound, at, _) in self._pages.items()}

    def asked(self, where: str) -> list[Request]:
        return [request for request in self.requests if where in f"{request.method} {request.path}"]

    # ---------------------------------------------------------- what it answers

    def answer(self, request: Request) -> tuple[int, bytes, dict[str, str]]:
        self.requests.append(request)
        for fault in self.faults:
            if fault.times and fault.where in f"{request.method} {request.path}":
                fault.times -= 1
                return fault.status, fault.body, fault.headers
        try:
            content = self._route(request)
        except Answer as answer:
            if answer.content is None:
                return answer.status, b"", {}
            return answer.status, written(answer.content), JSON
        finally:
            self.after(request)
        if isinstance(content, bytes):
            return 200, content, {"Content-Type": "application/zip"}
        return 200, written(content), JSON

    def _route(self, request: Request) -> Any:
        path = request.path
        if path == "/oauth/v2/token":
            return self._token(dict(parse_qsl(request.body.decode())))
        self._authorise(request)
        if match := re.fullmatch(r"/crm/bulk/v8/read(?:/(\d+))?(/result)?", path):
            self._scope("bulk")
            return self._bulk(request, match.group(1), bool(match.group(2)))
        if path == "/crm/v8/settings/fields":
            self._scope("settings")
            module = request.query.get("module", "")
            self._known(module)
            return {
                "fields": [
                    {"api_name": name, "data_type": kind, "field_label": name.replace("_", " ")}
                    for name, kind in self.fields[module].items()
                    if name != "id"
                ]
            }
        if path == "/crm/v8/users":
            self._scope("users")
            users = list(self.users.values())
            if request.query.get("type") == "CurrentUser":
                users = users[:1]
            return self._numbered(users, request, "users")
        if match := re.fullmatch(r"/crm/v8/(\w+)/deleted", path):
            return self._deleted(request, match.group(1))
        if match := re.fullmatch(r"/crm/v8/Deals/(\d+)/Stage_History", path):
            if "fields" not in request.query:
                raise refused(400, "REQUIRED_PARAM_MISSING", param_name="fields")
            return self._numbered(self.history.get(match.group(1), []), request, "data")
        if match := re.fullmatch(r"/crm/v8/(\w+)", path):
            self._scope("modules")
            return self._records(request, match.group(1))
        raise refused(404, "INVALID_URL_PATTERN", "Please check if the URL trying to access is a correct one")

    def _token(self, form: dict[str, str]) -> Record:
        if form.get("client_id") != CLIENT_ID:
            return {"error": "invalid_client"}
        if form.get("client_secret") != CLIENT_SECRET:
            return {"error": "invalid_client_secret"}
        if form.get("refresh_token") not in self.refresh_tokens or form.get("grant_type") != "refresh_token":
            return {"error": "invalid_code"}
        token = f"1000.access-{next(self._numbers):08d}-5f4dcc3b5aa765d61d8327deb882cf99"
        self._tokens[token] = self.now + self.token_lives
        return {"access_token": token, "api_domain": self.address, "token_type": "Bearer", "expires_in": "#3600"}

    def _authorise(self, request: Request) -> None:
        kind, _, token = request.headers.get("authorization", "").partition(" ")
        if kind != "Zoho-oauthtoken":
            raise refused(401, "AUTHENTICATION_FAILURE", "Authentication failed")
        if self._tokens.get(token, self.now) <= self.now:
            raise refused(401, "INVALID_TOKEN", "invalid oauth token")

    def _scope(self, name: str) -> None:
        if name not in self.scopes:
            raise refused(401, "OAUTH_SCOPE_MISMATCH", "invalid oauth scope to access this URL")

    def _known(self, module: str) -> dict[str, Record]:
        if module not in self.fields:
            raise refused(400, "INVALID_MODULE", "the module name given seems to be invalid", resource_path_index="#0")
        return self.modules.get(module, {})

    def _since(self, request: Request) -> datetime | None:
        text = request.headers.get("if-modified-since")
        return datetime.fromisoformat(text) if text else None

    def _records(self, request: Request, module: str) -> Any:
        records = list(self._known(module).values())
        query = request.query
        names = [name for name in query.get("fields", "").split(",") if name]
        if not names:
            raise refused(400, "REQUIRED_PARAM_MISSING", param_name="fields")
        if len(names) > 50:
            raise refused(400, "LIMIT_EXCEEDED", "limit exceeded", limit="#50", param_name="fields")
        if module == "Leads" and query.get("converted", "false") != "both":
            wanted = query.get("converted") == "true"
            records = [record for record in records if (record["id"] in self.converted) is wanted]
        if since := self._since(request):
            records = [record for record in records if moment(record["Modified_Time"]) >= since]
        if ids := query.get("ids"):
            if len(ids.split(",")) > 100:
                raise refused(400, "LIMIT_EXCEEDED", limit="#100", param_name="ids")
            records = [record for record in records if record["id"] in ids.split(",")]
        if not records:
            raise Answer(304 if since else 204)
        key = query.get("sort_by", "id")
        records.sort(key=lambda record: (moment(record[key]) if key != "id" else 0, int(record["id"])))
        if query.get("sort_order", "desc") == "desc":
            records.reverse()
        at, page = self._place(request)
        size = min(int(query.get("per_page", "200")), self.page_size)
        shown = records[at : at + size]
        if not shown:
            raise Answer(304 if since else 204)
        more = at + size < len(records)
        token = f"token{next(self._numbers)}" if more else None
        if token:
            self._pages[token] = (self._bound(request), at + size, self.now + timedelta(hours=24))
        return {
            "data": [{name: record.get(name) for name in ["id", *names]} for record in shown],
            "info": {
                "per_page": f"#{size}",
                "count": f"#{len(shown)}",
                "page": f"#{page}",
                "more_records": more,
                "next_page_token": token,
                "previous_page_token": None,
                "page_token_expiry": None,
                "sort_by": key,
                "sort_order": query.get("sort_order", "desc"),
            },
        }

    def _bound(self, request: Request) -> Any:
        rest = {name: value for name, value in request.query.items() if name not in ("page", "page_token")}
        return request.path, rest, request.headers.get("if-modified-since")

    def _place(self, request: Request) -> tuple[int, int]:
        """How many records come before the page that is asked for, and its number."""
        if (token := request.query.get("page_token")) is None:
            page = int(request.query.get("page", "1"))
            if (page - 1) * self.page_size >= 2000:
                raise refused(400, "DISCRETE_PAGINATION_LIMIT_EXCEEDED", limit="#2000")
            return (page - 1) * self.page_size, page
        if token not in self._pages:
            raise refused(400, "INVALID_DATA", param_name="page_token")
        bound, at, until = self._pages[token]
        if until <= self.now:
            raise refused(400, "EXPIRED_VALUE", "Page token expired", api_name="page_token")
        if bound != self._bound(request):
            raise refused(400, "TOKEN_BOUND_DATA_MISMATCH", param_name="page_token")
        if at >= self.token_reach:
            raise refused(400, "PAGINATION_LIMIT_EXCEEDED", param_name="page_token")
        return at, at // self.page_size + 1

    def _deleted(self, request: Request, module: str) -> Any:
        self._known(module)
        since = self._since(request)
        gone = [entry for entry in self.deleted.get(module, []) if not since or moment(entry["deleted_time"]) >= since]
        if request.query.get("type", "all") != "all":
            gone = [entry for entry in gone if entry["type"] == request.query["type"]]
        return self._numbered(gone, request, "data")

    def _numbered(self, entries: list[Record], request: Request, key: str) -> Any:
        size = min(int(request.query.get("per_page", "200")), self.page_size)
        page = int(request.query.get("page", "1"))
        shown = entries[(page - 1) * size : page * size]
        if not shown:
            raise Answer(204)
        more = page * size < len(entries)
        counts = {"per_page": f"#{size}", "count": f"#{len(shown)}", "page": f"#{page}", "more_records": more}
        return {key: shown, "info": counts}

    # ---------------------------------------------------------- bulk read

    def _bulk(self, request: Request, job_id: str | None, is_result: bool) -> Any:
        if request.method == "POST":
            raise Answer(201, self._start(json.loads(request.body)["query"]))
        job = self.jobs.get(job_id or "")
        if job is None:
            raise refused(404, "RESOURCE_NOT_FOUND", resource=job_id)
        if is_result:
            if job["state"] != "COMPLETED":
                raise refused(404, "RESOURCE_NOT_FOUND", resource=job_id)
            return zipped(f"{job_id}.csv", self.bulk_csv(job["csv"]))
        if job["polls"]:
            job["polls"] -= 1
            job["state"] = "IN PROGRESS"
        elif job["state"] != "FAILURE":
            job["state"] = "COMPLETED"
        told = {"id": job_id, "operation": "read", "state": job["state"], "file_type": "csv"}
        if job["state"] == "COMPLETED":
            told["result"] = job["result"]
        return {"data": [told]}

    def _start(self, query: Record) -> Record:
        module = query["module"]["api_name"]
        records = sorted(self._known(module).values(), key=lambda record: int(record["id"]))
        if module == "Leads":
            records = [record for record in records if record["id"] not in self.converted]
        names = query.get("fields") or [name for name in self.fields[module] if name not in ("id", *self.not_in_bulk)]
        for name in names if "fields" in query else ():
            if name in self.not_in_bulk:
                named = {"api_name": name} if self.says_what_is_not else {}
                raise refused(400, "FIELD_NOT_SUPPORTED", "the field is not supported", **named)
        if module in self.not_in_bulk:
            raise refused(400, "MODULE_NOT_SUPPORTED", "the module is not supported", api_name=module)
        page = int(query.get("page") or 1)
        if token := query.get("page_token"):
            page = int(token.removeprefix("bulk"))
        size = self.rows_a_job
        shown = records[(page - 1) * size : page * size]
        more = page * size < len(records)
        job_id = f"44042700000{next(self._numbers):07d}"
        state = "ADDED"
        if self.failing_jobs:
            self.failing_jobs -= 1
            state = "FAILURE"
        result = {
            "page": f"#{page}",
            "count": f"#{len(shown)}",
            "per_page": f"#{size}",
            "more_records": more,
            "download_url": f"/crm/bulk/v8/read/{job_id}/result",
            **({"next_page_token": f"bulk{page + 1}"} if more else {}),
        }
        text = as_csv(["Id", *names], [{"Id": record["id"], **record} for record in shown])
        polls = 0 if state == "FAILURE" else self.polls
        self.jobs[job_id] = {"state": state, "polls": polls, "csv": text, "result": result}
        told = {"id": job_id, "operation": "read", "state": "ADDED", "created_time": self.time()}
        told["created_by"] = {"id": "1", "name": "Mei"}
        entry = {"status": "success", "code": "ADDED_SUCCESSFULLY", "message": "Added successfully.", "details": told}
        return {"data": [entry], "info": {}}


JSON = {"Content-Type": "application/json;charset=UTF-8"}
ZONE = datetime.fromisoformat("2026-01-01T00:00:00+05:30").tzinfo
_NUMBER = re.compile(rb'"#(-?[0-9.eE+-]+)"')


def written(content: Any) -> bytes:
    """JSON in which a text like `#1.50` is the number 1.50."""
    return _NUMBER.sub(rb"\1", json.dumps(content, ensure_ascii=False).encode())


def moment(text: str) -> datetime:
    return datetime.fromisoformat(text)


def as_csv(header: list[str], records: list[Record]) -> str:
    """A bulk read's CSV: a lookup is its id, a number as it is."""

    def cell(value: Any) -> str:
        if value is None:
            return ""
        if isinstance(value, bool):
            return str(value).lower()
        if isinstance(value, dict):
            return str(value.get("id", ""))
        return str(value).removeprefix("#")

    out = io.StringIO()
    rows = csv.writer(out, lineterminator="\n")
    rows.writerow(header)
    rows.writerows([cell(record.get(name)) for name in header] for record in records)
    return out.getvalue()


def zipped(name: str, text: str) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(zipfile.ZipInfo(name, (2026, 1, 26, 6, 10, 0)), text)
    return out.getvalue()


@contextmanager
def running(zoho: Zoho) -> Iterator[str]:
    """Serve it on a free port of this machine; yields the address."""
    guard = threading.Lock()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True
        wbufsize = 1 << 16

        def _handle(self) -> None:
            parts = urlsplit(self.path)
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            headers = {name.lower(): value for name, value in self.headers.items()}
            with guard:
                status, content, more = zoho.answer(
                    Request(self.command, parts.path, dict(parse_qsl(parts.query)), headers, body)
                )
            self.send_response(status)
            for name, value in more.items():
                self.send_header(name, value)
            if status not in (204, 304):
                self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            if status not in (204, 304):
                self.wfile.write(content)

        do_GET = _handle  # noqa: N815
        do_POST = _handle  # noqa: N815

        def date_time_string(self, timestamp: float | None = None) -> str:
            return email.utils.format_datetime(zoho.now, usegmt=True)

        def log_message(self, *_: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    zoho.address = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield zoho.address
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
