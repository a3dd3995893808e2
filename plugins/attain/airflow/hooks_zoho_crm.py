"""Airflow's connection to Zoho CRM: client id as login, client secret as password, the rest in extra."""

from __future__ import annotations

from typing import Any

from airflow.sdk import BaseHook
from airflow.sdk.log import mask_secret

from attain.connectors.zoho_api import DATA_CENTRES, SCOPES, ZohoCrm
from attain.connectors.zoho_crm import MODULES, Connection
from attain.errors import AttainError


class ZohoCrmHook(BaseHook):  # type: ignore[misc]
    """Reads the connection, keeps its secrets out of logs, and says in plain words whether it works."""

    conn_name_attr = "zoho_crm_conn_id"
    default_conn_name = "zoho_crm"
    conn_type = "zoho_crm"
    hook_name = "Zoho CRM"

    def __init__(self, zoho_crm_conn_id: str = default_conn_name) -> None:
        super().__init__()
        self.zoho_crm_conn_id = zoho_crm_conn_id

    @classmethod
    def get_ui_field_behaviour(cls) -> dict[str, Any]:
        """What the form of a connection shows."""
        return {
            "hidden_fields": ["host", "schema", "port"],
            "relabeling": {"login": "Client ID", "password": "Client secret"},
            "placeholders": {
                "login": "1000.…",
                "extra": '{"refresh_token": "1000.…", "data_centre": "com"}  (one of ' + ", ".join(DATA_CENTRES) + ")",
            },
        }

    def connection(self) -> Connection:
        """The connection as the connector wants it; its secrets are masked in every log from here on.

        Raises:
            AirflowNotFoundException: there is no such connection.
            BadInput: it can't be used as it is.
        """
        found = self.get_connection(self.zoho_crm_conn_id)
        extra = found.extra_dejson if isinstance(found.extra_dejson, dict) else {}
        for secret in (found.password, extra.get("refresh_token")):
            if secret:
                mask_secret(str(secret))
        return Connection.of(found.login, found.password, extra)

    def get_conn(self) -> ZohoCrm:
        """A conversation with the CRM; close it after use (it is a context manager)."""
        return ZohoCrm(self.connection().access)

    def test_connection(self) -> tuple[bool, str]:
        """Ask Zoho CRM who we are and whether deals can be read; whether that worked, and what is wrong if not."""
        try:
            connection = self.connection()
            with ZohoCrm(connection.access) as crm:
                user = crm.current_user()
                deals = connection.modules.get("deals", MODULES["deals"].name)
                fields = crm.fields(deals)
                for _ in crm.changed(deals, ["Modified_Time"], crm.moment):
                    break
        except AttainError as error:
            return False, f"{error.message}. What to do: {error.remedy}"
        who = user.get("full_name") or user.get("email") or "a user without a name"
        return True, (
            f"connected as {who}; {deals} can be read, {len(fields)} fields. "
            f"Bulk read is tried by the first full pull only; it needs the scope in {SCOPES}"
        )
