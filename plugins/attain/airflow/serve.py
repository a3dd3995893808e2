"""Airflow for real, on this machine: API server, scheduler, DAG processor and triggerer, until somebody stops them."""

from __future__ import annotations

import json
import signal
import socket
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

from attain import progress
from attain.airflow import environment, metadata
from attain.airflow.task_logs import open_log, quiet_terminal
from attain.errors import Busy
from attain.settings import Settings

# The scheduler and the triggerer need no log servers: everything runs on this machine and the API server reads the
# files. Without them two homes can be up at once.
COMPONENTS = {
    "api-server": ["api-server"],
    "scheduler": ["scheduler", "--skip-serve-logs"],
    "dag-processor": ["dag-processor"],
    "triggerer": ["triggerer", "--skip-serve-logs"],
}
START_SECONDS = 180.0
STOP_SECONDS = 20.0


def up(settings: Settings, port: int = environment.PORT) -> None:
    """Start Airflow with all DAGs on, say where it is, and stay until SIGINT or SIGTERM; then stop all of it.

    Call it from the main thread: it takes over the two signals while it runs.

    Args:
        settings: the home.
        port: TCP port on the loopback interface.

    Raises:
        Busy: the port is taken, another Airflow or local run uses this home, or a part of Airflow did not come up or
            ended by itself; names its log.
    """
    _refuse_taken(port)
    with ExitStack() as stack:
        stopped = stack.enter_context(_stop_signals())
        lock = stack.enter_context(metadata.sole_user(settings, f"Airflow on port {port}"))
        environment.apply(settings, port)
        _prepare(settings)
        history = environment.run_history(settings)
        history.touch()
        seen = history.stat().st_size
        children = stack.enter_context(_components(settings, lock))
        with progress.step("start Airflow"):
            _wait_until_healthy(settings, port, children, stopped)
        if not stopped.is_set():
            progress.say(_welcome(settings, port))
        while not stopped.wait(1.0):
            _raise_if_one_died(settings, children)
            seen = _tell_runs(settings, seen)
        progress.say("Stopping Airflow …")
    progress.say("Airflow is stopped.")


def component_log(settings: Settings, name: str) -> Path:
    """What a component of Airflow prints; the tasks' logs are in the folder `airflow` beside it."""
    return settings.logs / f"airflow-{name}.log"


def _prepare(settings: Settings) -> None:
    """Bring the metadata database up to date; what Airflow says meanwhile goes to a log."""
    step = progress.step("bring Airflow's database up to date")
    with open_log(component_log(settings, "setup")) as log, quiet_terminal(log), step:
        metadata.migrate()
        metadata.create_pool()
        metadata.load_dags(settings)
        metadata.bury_dead_runs()


@contextmanager
def _components(settings: Settings, lock: int) -> Iterator[dict[str, subprocess.Popen[bytes]]]:
    """The four processes; they share the handle of the lock, so the home counts as used while one of them lives."""
    children: dict[str, subprocess.Popen[bytes]] = {}
    try:
        for name, command in COMPONENTS.items():
            with open_log(component_log(settings, name)) as log:
                children[name] = subprocess.Popen(
                    [sys.executable, "-m", "airflow", *command],
                    stdin=subprocess.DEVNULL,
                    stdout=log,
                    stderr=subprocess.STDOUT,
                    # A session of its own: Ctrl-C reaches us alone, and we stop them in order.
                    start_new_session=True,
                    pass_fds=[lock],
                )
        yield children
    finally:
        _stop(children)


def _stop(children: dict[str, subprocess.Popen[bytes]]) -> None:
    """End all children and whatever they have started; ask first, then kill."""
    import psutil  # type: ignore[import-untyped]

    family: list[Any] = []
    for child in children.values():
        try:
            parent = psutil.Process(child.pid)
            family += [parent, *parent.children(recursive=True)]
        except psutil.NoSuchProcess:
            continue
    for child in children.values():
        if child.poll() is None:
            child.terminate()
    _, alive = psutil.wait_procs(family, timeout=STOP_SECONDS)
    for process in alive:
        try:
            process.kill()
        except psutil.NoSuchProcess:
            continue
    psutil.wait_procs(alive, timeout=STOP_SECONDS)
    for child in children.values():
        child.wait(timeout=STOP_SECONDS)


def _wait_until_healthy(
    settings: Settings, port: int, children: dict[str, subprocess.Popen[bytes]], stopped: threading.Event
) -> None:
    deadline = time.monotonic() + START_SECONDS
    missing: list[str] = list(COMPONENTS)
    while time.monotonic() < deadline:
        _raise_if_one_died(settings, children)
        missing = _unhealthy(port)
        if not missing or stopped.wait(1.0):
            return
    raise Busy(
        f"Airflow did not come up within {START_SECONDS:.0f} s; missing: {', '.join(missing)}",
        f"read {component_log(settings, missing[0])}",
    )


def _unhealthy(port: int) -> list[str]:
    """Components that Airflow's own health page does not call healthy; all, while there is no such page."""
    try:
        with urllib.request.urlopen(f"http://{environment.HOST}:{port}/api/v2/monitor/health", timeout=5) as response:
            health = json.load(response)
    except (urllib.error.URLError, OSError, ValueError):
        return list(COMPONENTS)
    names = {"scheduler": "scheduler", "triggerer": "triggerer", "dag-processor": "dag_processor"}
    return [name for name, key in names.items() if (health.get(key) or {}).get("status") != "healthy"]


def _raise_if_one_died(settings: Settings, children: dict[str, subprocess.Popen[bytes]]) -> None:
    for name, child in children.items():
        code = child.poll()
        if code is not None:
            raise Busy(f"Airflow's {name} ended by itself with code {code}", f"read {component_log(settings, name)}")


def _tell_runs(settings: Settings, seen: int) -> int:
    """Say a line for each DAG run recorded after byte `seen` of the history; returns how far was read."""
    with environment.run_history(settings).open("rb") as file:
        file.seek(seen)
        for raw in file:
            if not raw.endswith(b"\n"):
                break
            seen += len(raw)
            run = json.loads(raw)
            if run["state"] == "success":
                progress.say(f"  ✓ {run['dag_id']}: success")
            else:
                logs = environment.log_folder(settings) / f"dag_id={run['dag_id']}" / f"run_id={run['run_id']}"
                progress.say(f"  ✗ {run['dag_id']}: {run['state']}; logs in {logs}")
    return seen


def _welcome(settings: Settings, port: int) -> str:
    password = json.loads(environment.password_file(settings).read_text(encoding="utf-8"))[environment.USER]
    return "\n".join(
        [
            "",
            f"Airflow is up:   http://{environment.HOST}:{port}",
            f"  sign in as     {environment.USER} / {password}",
            f"                 (kept in {environment.password_file(settings)})",
            f"  put files in   {settings.inbox}/<source>/<feed>/ and they are published by themselves",
            f"  logs           {settings.logs}",
            "  stop it with   Ctrl-C",
            "",
        ]
    )


def _refuse_taken(port: int) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((environment.HOST, port))
        except OSError as error:
            raise Busy(
                f"port {port} on {environment.HOST} can't be had: {error.strerror}",
                "stop what listens there, or give another port",
            ) from None


@contextmanager
def _stop_signals() -> Iterator[threading.Event]:
    """An event that SIGINT and SIGTERM set; the handlers before are put back at the end."""
    stopped = threading.Event()
    before = {number: signal.signal(number, lambda *_: stopped.set()) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield stopped
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
