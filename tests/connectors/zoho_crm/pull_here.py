"""Pull in a process of its own that ends, as by kill -9, around one of the renames by which a pull goes forward.

Run as a program: python pull_here.py HOME ADDRESS MODE FEED before|after NUMBER
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

from attain.connectors import zoho_crm
from attain.settings import Settings
from tests.connectors import zoho_server

KILLED = 137


def die_at(when: str, number: int) -> None:
    """End this process before or after the rename of that number, counted from 1."""
    count = 0
    replace = Path.replace

    def counted(self: Path, target: Path) -> Path:
        nonlocal count
        count += 1
        if count == number and when == "before":
            os._exit(KILLED)
        done = replace(self, target)
        if count == number:
            os._exit(KILLED)
        return done

    Path.replace = counted  # type: ignore[method-assign,assignment]


def main(home: str, address: str, mode: str, feed: str, when: str, number: str) -> None:
    die_at(when, int(number))
    extra = {"refresh_token": zoho_server.REFRESH_TOKEN, "accounts_domain": address, "api_domain": address}
    connection = zoho_crm.Connection.of(zoho_server.CLIENT_ID, zoho_server.CLIENT_SECRET, extra)
    settings = Settings.from_environment({"ATTAIN_HOME": home})
    found = zoho_crm.pull(settings, connection, [feed], mode, sleep=lambda _: None, clock=lambda: 0.0)
    sys.exit(found[0].exit_code)


if __name__ == "__main__":
    main(*sys.argv[1:])
