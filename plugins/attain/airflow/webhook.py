"""Listens for pushes of a system, with the secret of its Airflow connection."""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable
from datetime import timedelta

from attain.airflow import environment
from attain.airflow.pull import has_connection
from attain.errors import BadInput
from attain.settings import Settings

SOURCE = "jiandaoyun_crm"


def serve(
    settings: Settings, host: str, port: int, max_age_minutes: int, ready: Callable[[int], None] = lambda port: None
) -> None:
    """Listen for 简道云's pushes until the process is told to end.

    Args:
        settings: the home.
        host: address to listen on.
        port: TCP port; 0: any free one.
        max_age_minutes: a push whose timestamp is further from now is refused.
        ready: called with the port when pushes can come.

    Raises:
        BadInput: there is no connection, or it has no webhook_secret, or the forms file can't be used.
        Busy: the port is taken, or another process of this home listens.
    """
    environment.apply(settings)
    from attain.airflow.hooks_jiandaoyun import JiandaoyunHook
    from attain.connectors import jiandaoyun_forms, jiandaoyun_push

    if not has_connection(SOURCE):
        raise BadInput(
            f"there is no connection {SOURCE}",
            f"set AIRFLOW_CONN_{SOURCE.upper()}, or make the connection in Airflow; docs/connectors.md says how",
        )
    receiver = jiandaoyun_push.Receiver(
        settings,
        jiandaoyun_forms.load(settings),
        JiandaoyunHook().webhook_secret(),
        timedelta(minutes=max_age_minutes),
    )
    stop = threading.Event()
    before = {number: signal.signal(number, lambda *_: stop.set()) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        jiandaoyun_push.serve(settings, receiver, port, host, stop=stop, ready=ready)
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
