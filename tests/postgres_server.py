"""A real PostgreSQL server for tests: `postgres_server` for the session, `postgres_database` an empty database a test.

A test module asks for them with `pytest_plugins = ["tests.postgres_server"]`. The server listens on the loopback
address only, on a free port, with a password, in a data directory of its own that is removed with it.
"""

from __future__ import annotations

import os
import pwd
import secrets
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from typing import Any

import psycopg
import pytest
from psycopg import sql

ADMINISTRATOR = "administrator"
START_SECONDS = 60
ATTEMPTS = 3

_numbers = count(1)


class NoServerError(Exception):
    """No PostgreSQL server can be started here; the text says why."""


@dataclass(frozen=True)
class PostgresServer:
    """A running server and its superuser."""

    port: int
    password: str
    logfile: Path

    def dsn(self, database: str = "postgres", user: str = ADMINISTRATOR, password: str | None = None) -> str:
        return f"postgresql://{user}:{password or self.password}@127.0.0.1:{self.port}/{database}"


def find_binaries() -> Path:
    """Folder of `initdb` and `pg_ctl`: from PATH, else the newest version where Debian puts them."""
    found = shutil.which("pg_ctl")
    folders = [Path(found).resolve().parent] if found else []
    versions = Path("/usr/lib/postgresql").glob("*/bin")
    folders += sorted(versions, key=lambda folder: float(folder.parent.name), reverse=True)
    for folder in folders:
        if (folder / "initdb").exists() and (folder / "pg_ctl").exists():
            return folder
    raise NoServerError("PostgreSQL is not installed: no pg_ctl on PATH or in /usr/lib/postgresql/*/bin")


@contextmanager
def running_server() -> Iterator[PostgresServer]:
    """Start a server and stop it at the end.

    Raises:
        NoServerError: it isn't installed, or we are root and there is no user `postgres` to run it as.
    """
    binaries = find_binaries()
    user: str | None = None
    if os.geteuid() == 0:
        user = "postgres"
        try:
            owner = pwd.getpwnam(user)
        except KeyError:
            raise NoServerError("PostgreSQL refuses to run as root and there is no user 'postgres'") from None
    # Not pytest's folder: that is closed to the user the server runs as.
    folder = Path(tempfile.mkdtemp(prefix="attain-postgres-"))
    try:
        password = secrets.token_hex(12)
        (folder / "password").write_text(password)
        if user:
            for path in (folder, folder / "password"):
                os.chown(path, owner.pw_uid, owner.pw_gid)
        data, logfile = folder / "data", folder / "server.log"
        authentication = ["--auth=scram-sha-256", f"--username={ADMINISTRATOR}", f"--pwfile={folder / 'password'}"]
        _run([binaries / "initdb", "--no-sync", "--encoding=UTF8", "--locale=C", *authentication, data], user, folder)
        port = _start(binaries, data, logfile, user, folder)
        try:
            yield PostgresServer(port, password, logfile)
        finally:
            _run([binaries / "pg_ctl", "stop", "-D", data, "-m", "immediate", "-w"], user, folder)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _start(binaries: Path, data: Path, logfile: Path, user: str | None, folder: Path) -> int:
    """Start on a free port; another process may take it in between, so more than once."""
    for attempt in range(ATTEMPTS):
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = int(probe.getsockname()[1])
        options = f"-p {port} -c listen_addresses=127.0.0.1 -c unix_socket_directories={folder} -c fsync=off"
        # Without -l the server would keep our standard output open for as long as it lives.
        start = [binaries / "pg_ctl", "start", "-D", data, "-l", logfile, "-w", "-t", START_SECONDS, "-o", options]
        try:
            _run(start, user, folder)
            return port
        except subprocess.CalledProcessError as error:
            if attempt == ATTEMPTS - 1:
                log = logfile.read_text(errors="replace") if logfile.exists() else ""
                raise RuntimeError(f"PostgreSQL did not start:\n{error.stdout}\n{log}") from error
    raise AssertionError("unreachable")


def _run(command: Sequence[object], user: str | None, folder: Path) -> None:
    as_user: dict[str, Any] = {"user": user, "group": user, "extra_groups": []} if user else {}
    subprocess.run(
        [str(word) for word in command],
        check=True,
        timeout=START_SECONDS + 30,
        cwd=folder,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        env={"PATH": os.environ.get("PATH", ""), "LC_ALL": "C", "TZ": "UTC"},
        **as_user,
    )


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[PostgresServer]:
    """A server for the whole test session; skips where none can be started."""
    try:
        find_binaries()
        server = running_server()
        started = server.__enter__()
    except NoServerError as reason:
        pytest.skip(str(reason))
    try:
        yield started
    finally:
        server.__exit__(None, None, None)


@pytest.fixture
def postgres_database(postgres_server: PostgresServer) -> Iterator[str]:
    """Name of an empty database, dropped when the test ends. Roles are the whole server's, so name them apart."""
    name = f"test_{next(_numbers)}"
    with psycopg.connect(postgres_server.dsn(), autocommit=True) as connection:
        connection.execute(sql.SQL("create database {}").format(sql.Identifier(name)))
        yield name
        connection.execute(sql.SQL("drop database {} with (force)").format(sql.Identifier(name)))
