"""Pushes of 简道云 over real HTTP: only signed ones, each once, none lost, and few files of many pushes."""

from __future__ import annotations

import json
import logging
import os
import signal
import socket
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest

from attain import pipeline
from attain.connectors import jiandaoyun_push as push
from attain.errors import BadInput, Busy
from attain.settings import PROJECT_ROOT, Settings
from tests.connectors import jiandaoyun_company as company
from tests.connectors.jiandaoyun_company import clear, files, lines, pull, put_contract, put_customer
from tests.connectors.jiandaoyun_server import KEY, SECRET, Jiandaoyun, at, signed, widget
from tests.ingest.exports import ingest, rows

NOW = at("2026-01-05T01:00:00")


def receiver(home: Settings, now: datetime = NOW, secret: str = SECRET) -> push.Receiver:
    return push.Receiver(home, company.jiandaoyun_forms.load(home), secret, now=lambda: now)


@contextmanager
def listening(home: Settings, taker: push.Receiver | None = None, roll_seconds: float = 60.0) -> Iterator[int]:
    """A listener in this process; when it stops, what it took is rolled."""
    stop, up, port = threading.Event(), threading.Event(), []

    def ready(taken: int) -> None:
        port.append(taken)
        up.set()

    arguments = {"roll_seconds": roll_seconds, "stop": stop, "ready": ready}
    thread = threading.Thread(target=push.serve, args=(home, taker or receiver(home), 0), kwargs=arguments, daemon=True)
    thread.start()
    assert up.wait(10)
    try:
        yield port[0]
    finally:
        stop.set()
        thread.join(30)
        assert not thread.is_alive()


def send(port: int, headers: dict[str, str], query: dict[str, str], body: bytes, path: str = "/jdy/hook") -> int:
    request = urllib.request.Request(
        f"http://127.0.0.1:{port}{path}?{urlencode(query)}", data=body, headers=headers, method="POST"
    )
    try:
        with urllib.request.urlopen(request, timeout=10) as answer:
            return int(answer.status)
    except urllib.error.HTTPError as error:
        return error.code


def journal(home: Settings, feed: str = "customers") -> Path:
    return home.home / "connectors" / "jiandaoyun_crm" / "journal" / feed


@pytest.fixture
def known(jiandaoyun: Jiandaoyun, home: Settings) -> Settings:
    """A home that has pulled once: one customer and one contract, so that labels and keys are known."""
    put_customer(jiandaoyun.forms[company.CUSTOMERS], 1)
    put_contract(jiandaoyun.forms[company.CONTRACTS], 1)
    pull(home, jiandaoyun, "customers", "contracts")
    clear(home, "customers")
    clear(home, "contracts")
    return home


# ---------------------------------------------------------------- from a push to a row


def test_a_push_is_the_same_line_as_a_pull(jiandaoyun: Jiandaoyun, known: Settings) -> None:
    """Aliases and member objects differ between the two; what is written does not, and the pull brings nothing more."""
    form = jiandaoyun.forms[company.CONTRACTS]
    record = put_contract(form, 2, "2026-01-05T00:59:00.000Z")
    with listening(known) as port:
        assert send(port, *jiandaoyun.push(form, "data_create", record, NOW)) == 200
        assert files(known, "contracts") == []  # it waits for others
    (pushed,) = lines(known, "contracts")
    assert pull(known, jiandaoyun, "contracts", now="2026-01-05T02:00:00")[-1].records == 0
    pull(known, jiandaoyun, "contracts", mode="full", now="2026-01-05T03:00:00")
    assert pushed in lines(known, "contracts")
    assert pushed["产品明细"][0]["产品名称"] == "甲"
    clear(known, "contracts")
    put_contract(form, 2, "2026-01-05T04:00:00.000Z", 客户编号="KH-9")
    assert pull(known, jiandaoyun, "contracts", now="2026-01-05T05:00:00")[-1].records == 1


def test_pushes_become_rows_at_the_next_ingest(jiandaoyun: Jiandaoyun, known: Settings) -> None:
    form = jiandaoyun.forms[company.CUSTOMERS]
    taker = receiver(known)
    for number in range(2, 5):
        answer = taker.receive(*jiandaoyun.push(form, "data_create", put_customer(form, number), NOW))
        assert answer.status == 200
    pipeline.take_pushes(known, "jiandaoyun_crm")
    report = ingest(known, "jiandaoyun_crm")
    assert [result.outcome for result in report.files] == ["committed"]
    assert sorted(rows(known, "jiandaoyun_crm__customers", "customer_no, customer_name, owner_name")) == [
        (f"KH-{number:05d}", f"客户 {number}", "林梅") for number in range(2, 5)
    ]
    assert push.roll(known) == []


def test_many_pushes_are_few_files(jiandaoyun: Jiandaoyun, known: Settings) -> None:
    form = jiandaoyun.forms[company.CUSTOMERS]
    pushes = [
        jiandaoyun.push(form, "data_create", put_customer(form, number), NOW, nonce=str(number))
        for number in range(2, 202)
    ]
    with listening(known) as port, ThreadPoolExecutor(8) as pool:
        assert set(pool.map(lambda found: send(port, *found), pushes)) == {200}
    assert len(files(known, "customers")) == 1
    assert sorted(line["客户编号"] for line in lines(known, "customers")) == [f"KH-{n:05d}" for n in range(2, 202)]


def test_pushes_are_rolled_while_the_listener_listens(jiandaoyun: Jiandaoyun, known: Settings) -> None:
    form = jiandaoyun.forms[company.CUSTOMERS]
    with listening(known, roll_seconds=0.05) as port:
        assert send(port, *jiandaoyun.push(form, "data_create", put_customer(form, 2), NOW)) == 200
        for _ in range(100):
            if files(known, "customers"):
                break
            time.sleep(0.05)
        assert len(lines(known, "customers")) == 1


def test_pushes_wait_until_the_labels_are_known(jiandaoyun: Jiandaoyun, home: Settings) -> None:
    form = jiandaoyun.forms[company.CUSTOMERS]
    found = jiandaoyun.push(form, "data_create", put_customer(form, 1), NOW)
    assert receiver(home).receive(*found).status == 200
    (rolled,) = push.roll(home)
    assert rolled.file is None and "attain pull jiandaoyun_crm customers" in rolled.note
    pushed, pulled = pull(home, jiandaoyun, "customers")
    assert (pushed.records, pulled.records) == (1, 0)
    assert [line["客户编号"] for line in lines(home, "customers")] == ["KH-00001"]


# ---------------------------------------------------------------- deletions, changed forms


def test_a_deletion_and_a_return(jiandaoyun: Jiandaoyun, known: Settings) -> None:
    form = jiandaoyun.forms[company.CUSTOMERS]
    record = put_customer(form, 1)
    taker = receiver(known)
    removed = jiandaoyun.push(form, "data_remove", record, NOW, deleteTime="2026-01-05T00:58:00.000Z")
    assert taker.receive(*removed).status == 200
    # A push of the time before, overtaken on its way: it must not bring the record back.
    assert taker.receive(*jiandaoyun.push(form, "data_update", record, NOW, nonce="late")).status == 200
    push.roll(known)
    gone, late = lines(known, "customers")
    assert gone == {
        "_id": record["_id"],
        "客户编号": "KH-00001",
        "更新时间": "2026-01-05T00:58:00.000Z",
        "_deleted": True,
    }
    assert late["更新时间"] == "2025-03-01T08:00:00.000Z"
    clear(known, "customers")
    assert taker.receive(*jiandaoyun.push(form, "data_recover", record, NOW, nonce="back")).status == 200
    push.roll(known)
    (back,) = lines(known, "customers")
    assert back["更新时间"] == "2026-01-05T01:00:00Z" and "_deleted" not in back


def test_a_deletion_may_name_its_record_only(jiandaoyun: Jiandaoyun, known: Settings) -> None:
    """As the vendor's page lists it: formName, _id, deleter, deleteTime."""
    body = json.dumps({"op": "data_remove", "data": {"formName": "客户表", "_id": f"{1:024x}", "deleter": None}})
    assert receiver(known).receive(*signed(body.encode(), NOW)).status == 200
    push.roll(known)
    assert [line["客户编号"] for line in lines(known, "customers")] == ["KH-00001"]
    body = body.replace(f"{1:024x}", f"{99:024x}")
    assert receiver(known).receive(*signed(body.encode(), NOW, "b")).status == 404
    assert receiver(known).receive(*signed(body.encode(), NOW, "b"), "/push/customers").status == 200
    (rolled,) = push.roll(known)
    assert f"{99:024x} was deleted" in rolled.note and rolled.file is None
    kept = (known.home / "connectors" / "jiandaoyun_crm" / "customers.unresolved.jsonl").read_text(encoding="utf-8")
    assert f"{99:024x}" in kept


def test_a_changed_form_is_said_and_followed(jiandaoyun: Jiandaoyun, known: Settings) -> None:
    form = jiandaoyun.forms[company.CUSTOMERS]
    taker = receiver(known)
    assert taker.receive(*jiandaoyun.push(form, "data_create", put_customer(form, 2), NOW)).status == 200
    form.widgets[1]["label"] = "客户全称"
    form.widgets.append(widget(8, "税号"))
    assert taker.receive(*jiandaoyun.push(form, "form_update", {}, NOW)).status == 200
    assert taker.receive(*jiandaoyun.push(form, "data_create", put_customer(form, 3, 客户全称="三"), NOW)).status == 200
    (rolled,) = push.roll(known)
    assert "was called '客户名称' and is called '客户全称' now" in rolled.note
    assert "fields of the form that are new: 税号" in rolled.note
    before, after = lines(known, "customers")
    assert (before["客户名称"], after["客户全称"]) == ("客户 2", "三")
    drift = known.home / "connectors" / "jiandaoyun_crm" / "customers.drift.jsonl"
    (event,) = [json.loads(line) for line in drift.read_text(encoding="utf-8").splitlines()]
    assert event["before"]["_widget_1529400746002"] == "客户名称"
    assert event["now"]["_widget_1529400746002"] == "客户全称"


# ---------------------------------------------------------------- who is let in


def test_only_a_fitting_signature_is_let_in(jiandaoyun: Jiandaoyun, known: Settings) -> None:
    form = jiandaoyun.forms[company.CUSTOMERS]
    headers, query, body = jiandaoyun.push(form, "data_create", put_customer(form, 2), NOW)
    forged = [
        ({**headers, "X-JDY-Signature": "0" * 40}, query, body),
        ({"X-JDY-DeliverId": headers["X-JDY-DeliverId"]}, query, body),
        (headers, {**query, "nonce": "other"}, body),
        (headers, query, body.replace(b"KH-00002", b"KH-00003")),
        (headers, query, body + b" "),
        signed(body, NOW, secret="another"),
        (headers, {"nonce": query["nonce"]}, body),
        (headers, {**query, "timestamp": "soon"}, body),
    ]
    with listening(known) as port:
        assert [send(port, *found) for found in forged] == [401] * 6 + [400, 401]
        assert not journal(known).joinpath("open.jsonl").exists()
        # The vendor's page shows the values of the two headers swapped, the signature with `sha1=` before it.
        swapped = {
            "X-JDY-DeliverId": f"sha1={headers['X-JDY-Signature']}",
            "X-JDY-Signature": headers["X-JDY-DeliverId"],
        }
        assert send(port, swapped, query, body) == 200
    assert len(lines(known, "customers")) == 1


@pytest.mark.parametrize(("minutes", "status"), [(-6, 403), (-4, 200), (4, 200), (6, 403)])
def test_old_and_future_pushes_are_refused(jiandaoyun: Jiandaoyun, known: Settings, minutes: int, status: int) -> None:
    form = jiandaoyun.forms[company.CUSTOMERS]
    found = jiandaoyun.push(form, "data_create", put_customer(form, 2), NOW + timedelta(minutes=minutes))
    assert receiver(known).receive(*found).status == status


def test_a_push_is_taken_once_also_after_a_restart(jiandaoyun: Jiandaoyun, known: Settings) -> None:
    form = jiandaoyun.forms[company.CUSTOMERS]
    record = put_customer(form, 2)
    headers, query, body = jiandaoyun.push(form, "data_create", record, NOW)
    taker = receiver(known)
    assert taker.receive(headers, query, body).text == "ok"
    again = signed(body, NOW, "another", deliver_id=headers["X-JDY-DeliverId"])  # tried again, signed anew
    replayed = ({**headers, "X-JDY-DeliverId": "made up"}, query, body)
    for _ in range(2):  # with the push in the journal, then in a file
        for found in ((headers, query, body), again, replayed):
            for one in (taker, receiver(known)):
                assert one.receive(*found) == push.Answer(200, "it was taken before")
        push.roll(known)
    assert len(lines(known, "customers")) == 1
    assert receiver(known, NOW + timedelta(days=31))._seen == set()


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (b"{", 400),
        (b"\xff\xfe", 400),
        (b'{"op": "data_create"}', 400),
        (b'{"op": "data_create", "data": {"appId": "x"}}', 400),
        (b'{"op": "data_create", "data": {"_id": "1", "appId": "5cd65fc5272c106bbc2bbc38", "entryId": "x"}}', 404),
        (b'{"op": "message", "data": {}, "send_time": 1}', 200),
        (b"[" * 100_000, 400),
    ],
)
def test_odd_bodies_are_answered(known: Settings, body: bytes, status: int) -> None:
    assert receiver(known).receive(*signed(body, NOW)).status == status
    assert not list(journal(known).parent.glob("*/open.jsonl"))


def test_what_is_no_good_request_is_refused_before_it_is_read(known: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(push, "BODY_BYTES", 1000)
    monkeypatch.setattr(push, "DEADLINE_SECONDS", 0.5)

    def talk(port: int, said: bytes) -> bytes:
        with socket.create_connection(("127.0.0.1", port), timeout=10) as line:
            line.sendall(said)
            return line.recv(1000).partition(b"\r\n")[0]

    with listening(known) as port:
        assert b" 413 " in talk(port, b"POST / HTTP/1.1\r\nContent-Length: 1001\r\n\r\n")
        assert b" 411 " in talk(port, b"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n")
        assert b" 411 " in talk(port, b"POST / HTTP/1.1\r\nContent-Length: -5\r\n\r\n")
        assert b" 405 " in talk(port, b"GET / HTTP/1.1\r\n\r\n")
        assert b" 200 " in talk(port, b"GET /health HTTP/1.1\r\n\r\n")
        assert b" 200 " not in talk(port, b"POST / HTTP/1.1\r\nContent-Length: 900\r\n\r\nslow")  # cut at the deadline


def test_too_many_at_once_are_sent_away_and_the_others_are_served(
    jiandaoyun: Jiandaoyun, known: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(push, "WORKERS", 1)
    monkeypatch.setattr(push, "DEADLINE_SECONDS", 1.5)
    form = jiandaoyun.forms[company.CUSTOMERS]
    found = jiandaoyun.push(form, "data_create", put_customer(form, 2), NOW)
    with listening(known) as port:
        with socket.create_connection(("127.0.0.1", port)) as slow:
            slow.sendall(b"POST / HTTP/1.1\r\n")
            assert send(port, *found) == 503
            assert slow.recv(1) == b""  # cut off
        assert send(port, *found) == 200


def test_there_is_one_listener_a_home_and_it_needs_a_secret(known: Settings) -> None:
    with listening(known), pytest.raises(Busy, match="another process of this home listens"):
        push.serve(known, receiver(known), 0)
    with pytest.raises(BadInput, match="no webhook_secret"):
        receiver(known, secret="")


def test_no_secret_is_logged(jiandaoyun: Jiandaoyun, known: Settings, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    form = jiandaoyun.forms[company.CUSTOMERS]
    headers, query, body = jiandaoyun.push(form, "data_create", put_customer(form, 2), NOW)
    with listening(known) as port:
        assert send(port, headers, query, body) == 200
        assert send(port, {}, query, body) == 401
    assert "POST /jdy/hook 401" in caplog.text
    for secret in (SECRET, headers["X-JDY-Signature"], query["nonce"]):
        assert secret not in caplog.text


# ---------------------------------------------------------------- killed


def test_a_torn_line_of_the_journal_was_never_answered(jiandaoyun: Jiandaoyun, known: Settings) -> None:
    form = jiandaoyun.forms[company.CUSTOMERS]
    first, second = (
        jiandaoyun.push(form, "data_create", put_customer(form, number), NOW, nonce=str(number)) for number in (2, 3)
    )
    assert receiver(known).receive(*first).status == 200
    with journal(known).joinpath("open.jsonl").open("ab") as file:
        file.write(b'{"marks": ["id:torn"], "at": "2026-01-05T01:0')
    assert receiver(known).receive(*second).status == 200
    push.roll(known)
    assert [line["客户编号"] for line in lines(known, "customers")] == ["KH-00002", "KH-00003"]


@pytest.mark.parametrize("killed_in", ["keep", "finish", "unlink"])
def test_a_roll_that_is_killed_makes_the_same_file_again(
    jiandaoyun: Jiandaoyun, known: Settings, monkeypatch: pytest.MonkeyPatch, killed_in: str
) -> None:
    class Killed(BaseException):
        pass

    unlink = Path.unlink

    def dies(self: Any, *_: Any, **__: Any) -> None:
        if isinstance(self, Path) and self.suffix != ".rolling":
            unlink(self, missing_ok=True)
        else:
            raise Killed

    form = jiandaoyun.forms[company.CUSTOMERS]
    taker = receiver(known)
    for number in (2, 3):
        found = jiandaoyun.push(form, "data_create", put_customer(form, number), NOW, nonce=str(number))
        assert taker.receive(*found).status == 200
    where: Any = {"keep": push.State, "finish": push._Journal, "unlink": Path}[killed_in]
    with monkeypatch.context() as patched:
        patched.setattr(where, killed_in, dies)
        with pytest.raises(Killed):
            push.roll(known)
    (first,) = files(known, "customers")
    ingest(known, "jiandaoyun_crm")
    push.roll(known)
    again = files(known, "customers")
    assert [path.name for path in again] in ([], [first.name])
    report = ingest(known, "jiandaoyun_crm")
    assert [result.outcome for result in report.files] == ["duplicate"] * len(again)
    assert sorted(rows(known, "jiandaoyun_crm__customers", "customer_no")) == [("KH-00002",), ("KH-00003",)]
    assert not list(journal(known).glob("*.rolling"))
    assert receiver(known).receive(*found).text == "it was taken before"


def test_a_listener_killed_hard_loses_no_answered_push(jiandaoyun: Jiandaoyun, known: Settings) -> None:
    """The real verb: `attain webhook serve`, killed with SIGKILL while pushes come in, then `attain ingest`."""
    connection = {"conn_type": "jiandaoyun", "password": KEY, "extra": {"webhook_secret": SECRET}}
    environment = {
        **os.environ,
        "PYTHONPATH": str(PROJECT_ROOT / "plugins"),
        "ATTAIN_HOME": str(known.home),
        "ATTAIN_CONNECTORS": str(known.connectors_dir),
        "AIRFLOW_CONN_JIANDAOYUN_CRM": json.dumps(connection),
    }
    form = jiandaoyun.forms[company.CUSTOMERS]
    command = [sys.executable, "-c", "from attain.cli import main; main()", "webhook", "serve", "--port", "0"]
    answered: list[str] = []
    said = ""
    with subprocess.Popen(command, env=environment, stderr=subprocess.PIPE, text=True) as listener:
        assert listener.stderr is not None
        for line in listener.stderr:
            said += line
            if "listens for pushes on 127.0.0.1:" in line:
                break
        port = int(said.strip().rpartition(":")[2])

        def push_on() -> None:
            for number in range(2, 2000):
                record = put_customer(form, number)
                found = jiandaoyun.push(form, "data_create", record, datetime.now(UTC), nonce=str(number))
                try:
                    if send(port, *found) == 200:
                        answered.append(f"KH-{number:05d}")
                except OSError:
                    return

        sender = threading.Thread(target=push_on)
        sender.start()
        while len(answered) < 20 and sender.is_alive():
            time.sleep(0.01)
        listener.send_signal(signal.SIGKILL)
        sender.join()
        said += listener.stderr.read()
    assert len(answered) >= 20
    assert SECRET not in said and KEY not in said
    pipeline.ingest(known, ["jiandaoyun_crm"])
    found = [number for (number,) in rows(known, "jiandaoyun_crm__customers", "customer_no")]
    assert len(found) == len(set(found))
    assert set(answered) <= set(found)
    assert len(found) - len(answered) <= 1  # the one whose answer was on its way
