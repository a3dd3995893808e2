"""Pulls records of systems that can be asked, by their Airflow connections, into the inbox."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence

from attain.connectors.pulled import MODES, Pulled
from attain.errors import BadInput, Busy
from attain.settings import Settings

Puller = Callable[[Settings, Sequence[str], str], list[Pulled]]


def _zoho_crm(settings: Settings, feeds: Sequence[str], mode: str) -> list[Pulled]:
    from attain.airflow.hooks_zoho_crm import ZohoCrmHook
    from attain.connectors import zoho_crm

    return zoho_crm.pull(settings, ZohoCrmHook().connection(), feeds, mode)


def _jiandaoyun_crm(settings: Settings, feeds: Sequence[str], mode: str) -> list[Pulled]:
    from attain.airflow.hooks_jiandaoyun import JiandaoyunHook
    from attain.connectors import jiandaoyun, jiandaoyun_forms

    forms = jiandaoyun_forms.load(settings)
    with JiandaoyunHook().get_conn() as client:
        return jiandaoyun.pull(settings, client, forms, feeds, mode)


# By source; the connection has the source's name.
PULLERS: dict[str, Puller] = {
    "zoho_crm": _zoho_crm,
    "jiandaoyun_crm": _jiandaoyun_crm,
}


def pull(settings: Settings, source: str, feeds: Sequence[str] = (), mode: str = "changes") -> list[Pulled]:
    """Pull feeds of a source (none named: all of its connection) into the inbox.

    Args:
        mode: `changes` since the last pull, or `full`.

    Raises:
        BadInput: no such source, feed or mode, or no connection, or one that can't be used.
        Busy: another pull is under way, or whoever keeps the connections did not answer.
    """
    if source not in PULLERS:
        raise BadInput(f"nothing can be pulled from {source!r}", f"the sources are {', '.join(PULLERS)}")
    if mode not in MODES:
        raise BadInput(f"there is no mode {mode!r}", f"the modes are {', '.join(MODES)}")
    if not has_connection(source):
        raise BadInput(
            f"there is no connection {source}", f"set AIRFLOW_CONN_{source.upper()}; docs/connectors.md says how"
        )
    return PULLERS[source](settings, feeds, mode)


def has_connection(source: str) -> bool:
    """Whether Airflow knows a connection of that name, from a secrets backend or the environment; inside a task also
    from its database, where its UI keeps them.

    Raises:
        BadInput: it is set in the environment, and can't be read.
        Busy: nobody knows it, but one of the secrets backends failed when it was asked. Airflow passes over such an
            error, which would make a backend that is down look like a connection that nobody has set up.
    """
    from airflow.sdk import BaseHook
    from airflow.sdk.exceptions import AirflowNotFoundException
    from airflow.sdk.execution_time.supervisor import ensure_secrets_backend_loaded

    try:
        BaseHook.get_connection(source)
    except AirflowNotFoundException:
        variable = f"AIRFLOW_CONN_{source.upper()}"
        if variable in os.environ:
            raise BadInput(
                f"{variable} is set, but Airflow can't read it", "write it as JSON; docs/connectors.md says how"
            ) from None
        for backend in ensure_secrets_backend_loaded():
            try:
                backend.get_connection(conn_id=source)
            except Exception as problem:
                raise Busy(
                    f"{type(backend).__name__} was asked for the connection {source} and failed:"
                    f" {type(problem).__name__}",
                    "mend the secrets backend; its log says more. Until it answers nobody knows whether there is one",
                ) from None
        return False
    return True
