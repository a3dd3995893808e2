"""A 简道云 on this machine: the open API v5 and the pushes, as the vendor's pages describe them, faults included.

It keeps records by the ids of their fields and shows them by alias where there is one, as the API does. It holds to
what the pages say of limits (`limit` up to 100, records in the order of their ids, 8303 with HTTP 400, 429, 502), has
switches for what they leave open, e.g. whether a filter on 更新时间 works.
"""

from __future__ import annotations

import hashlib
import json
import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

KEY = "jdy-key-SECRET-0123456789abcdef"
STOPPED_KEY = "jdy-key-STOPPED-0123456789abcde"
SECRET = "push-SECRET-abcdef"
APP = "5cd65fc5272c106bbc2bbc38"


def exact(digits: str) -> str:
    """A number that is sent digit by digit as given; `to_json` takes the marks away."""
    return f"@@{digits}@@"


def to_json(value: Any) -> bytes:
    return re.sub(r'"@@([^@"]+)@@"', r"\1", json.dumps(value, ensure_ascii=False)).encode()


def member(username: str, name: str, status: int = 1, departments: tuple[int, ...] = (2,)) -> dict[str, Any]:
    return {
        "name": name,
        "username": username,
        "status": status,
        "type": 0,
        "departments": list(departments),
        "integrate_id": username,
    }


def widget(
    number: int, label: str, kind: str = "text", alias: str = "", items: list[Any] | None = None
) -> dict[str, Any]:
    own = f"_widget_15294007460{number:02d}"
    made: dict[str, Any] = {"name": alias or own, "widgetName": own, "label": label, "type": kind}
    if items is not None:
        made["items"] = items
    return made | {"addedLater": {"unknown": True}}


@dataclass
class FormOnServer:
    """A form: its fields, and its records by data id, each by the ids of the fields."""

    entry_id: str
    title: str
    widgets: list[dict[str, Any]]
    records: dict[str, dict[str, Any]] = field(default_factory=dict)
    modified: str | None = "2026-01-01T00:00:00.000Z"

    def put(
        self, number: int, updated: str, created: str = "2025-01-03T02:00:00.000Z", **values: Any
    ) -> dict[str, Any]:
        """Add or replace a record; values by label, system fields by their names."""
        own = f"{number:024x}"
        by_label = {found["label"]: found["widgetName"] for found in self.widgets}
        record: dict[str, Any] = {
            "_id": own,
            "appId": APP,
            "entryId": self.entry_id,
            "creator": member("xiaojian", "小简"),
            "updater": member("xiaojian", "小简"),
            "createTime": created,
            "updateTime": updated,
        }
        for label, value in values.items():
            record[by_label.get(label, label)] = value
        self.records[own] = record
        self.modified = max(self.modified or "", updated)
        return record

    def shown(self, record: dict[str, Any], is_push: bool = False) -> dict[str, Any]:
        """The record as it is answered: by alias where there is one; in a push with members of another shape."""
        return _aliased(record, self.widgets, is_push) | (
            {"formName": self.title, "deleteTime": None} if is_push else {}
        )


def _aliased(record: dict[str, Any], widgets: list[dict[str, Any]], is_push: bool) -> dict[str, Any]:
    by_id = {found["widgetName"]: found for found in widgets}
    shown = {}
    for name, value in record.items():
        found = by_id.get(name, {"name": name})
        seen = value
        if "items" in found:
            seen = [_aliased(line, found["items"], is_push) for line in value]
        elif is_push and isinstance(value, dict) and "username" in value:
            seen = {"_id": "u" + value["username"], **{part: value[part] for part in ("name", "status", "username")}}
        shown[found["name"]] = seen
    return shown


class Jiandaoyun:
    """The server. `faults` are answered first, one a call: a number of HTTP, a code, `cut` or `garbage`."""

    def __init__(self) -> None:
        self.forms: dict[str, FormOnServer] = {}
        self.departments: list[dict[str, Any]] = []
        self.members: list[dict[str, Any]] = []
        self.faults: list[Any] = []
        self.calls: list[tuple[str, dict[str, Any]]] = []
        self.filters = "work"  # or: refused, blind, ignored
        self.address = ""

    def add(self, form: FormOnServer) -> FormOnServer:
        self.forms[form.entry_id] = form
        return form

    def reads(self, entry_id: str = "") -> list[dict[str, Any]]:
        """Bodies of the calls that asked for records."""
        return [body for path, body in self.calls if path.endswith("data/list") and entry_id in ("", body["entry_id"])]

    def answer(self, path: str, key: str, body: dict[str, Any]) -> tuple[int, Any]:
        self.calls.append((path, body))
        if self.faults:
            fault = self.faults.pop(0)
            if fault == 8303:
                return 400, {"code": 8303, "msg": "超出请求频率限制"}
            if isinstance(fault, int) and fault > 999:
                return 400, {"code": fault, "msg": "refused"}
            return (fault, {}) if isinstance(fault, int) else (0, fault)
        if key != f"Bearer {KEY}":
            return 400, {"code": 8301, "msg": f"Failed to verify the API key {key.removeprefix('Bearer ')}"}
        if path == "/api/v5/app/list":
            return 200, {"apps": [{"app_id": APP, "name": "CRM"}]}
        if path == "/api/v5/corp/department/list":
            return 200, {"departments": self.departments}
        if path == "/api/v5/corp/department/user/list":
            return 200, {"users": self.members}
        if body.get("app_id") != APP:
            return 400, {"code": 2004, "msg": "The app does not exist."}
        if (form := self.forms.get(str(body.get("entry_id")))) is None:
            return 400, {"code": 3000, "msg": "The form doesn't exist."}
        if path == "/api/v5/app/entry/widget/list":
            found = {"widgets": form.widgets, "sysWidgets": [{"name": "createTime"}], "newIn": "v7"}
            return 200, found | ({"dataModifyTime": form.modified} if form.modified else {})
        if path == "/api/v5/app/entry/data/list":
            return self._list(form, body)
        return 404, {}

    def _list(self, form: FormOnServer, body: dict[str, Any]) -> tuple[int, Any]:
        limit = body.get("limit", 10)
        if not 1 <= limit <= 100:
            return 400, {"code": 17017, "msg": "invalid limit"}
        wanted = body.get("filter")
        if wanted and self.filters == "refused":
            return 400, {"code": 4815, "msg": "Invalid filter"}
        after = body.get("data_id") or ""
        found = [form.records[own] for own in sorted(form.records) if own > after]
        if wanted and self.filters == "blind":
            found = []
        elif wanted and self.filters == "work":
            found = [record for record in found if _passes(record, wanted)]
        return 200, {"data": [form.shown(record) for record in found[:limit]]}

    def push(
        self, form: FormOnServer, op: str, record: dict[str, Any], moment: datetime, nonce: str = "0f5ade", **more: Any
    ) -> tuple[dict[str, str], dict[str, str], bytes]:
        """Headers, query and body of a push, signed."""
        if op == "data_remove":
            data = {
                "_id": record["_id"],
                "formName": form.title,
                "deleter": None,
                "appId": APP,
                "entryId": form.entry_id,
            }
        elif op == "form_update":
            data = {"name": form.title, "widgets": form.widgets, "appId": APP, "entryId": form.entry_id}
        else:
            data = form.shown(record, is_push=True)
        return signed(to_json({"op": op, "data": data | more}), moment, nonce)


def signed(
    body: bytes, moment: datetime, nonce: str = "0f5ade", deliver_id: str = "", secret: str = SECRET
) -> tuple[dict[str, str], dict[str, str], bytes]:
    timestamp = str(int(moment.timestamp()))
    content = f"{nonce}:".encode() + body + f":{secret}:{timestamp}".encode()
    digest = hashlib.sha1(content).hexdigest()
    deliver_id = deliver_id or hashlib.md5(content).hexdigest()
    return {"X-JDY-Signature": digest, "X-JDY-DeliverId": deliver_id}, {"timestamp": timestamp, "nonce": nonce}, body


def _passes(record: dict[str, Any], wanted: dict[str, Any]) -> bool:
    def one(cond: dict[str, Any]) -> bool:
        assert cond["method"] == "range" and cond["type"] == "datetime"
        low, high = (datetime.fromisoformat(value) for value in cond["value"])
        return low <= datetime.fromisoformat(record[cond["field"]]) <= high

    return {"and": all, "or": any}[wanted["rel"]](map(one, wanted["cond"]))


@contextmanager
def running() -> Iterator[Jiandaoyun]:
    """A server on a free port of the loopback interface."""
    service = Jiandaoyun()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            status, answer = service.answer(self.path, self.headers.get("Authorization", ""), body)
            if answer == "cut":
                self.connection.close()
                return
            data = b"<html>gateway</html>" if answer == "garbage" else to_json(answer)
            self.send_response(status or 200)
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

        def log_message(self, *_: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    service.address = f"http://127.0.0.1:{server.server_address[1]}/api"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    try:
        yield service
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)
