"""Airflow's connection to 简道云: the API key as password; `api_domain` and `webhook_secret` in extra."""

from __future__ import annotations

from typing import Any

from airflow.sdk import BaseHook
from airflow.sdk.log import mask_secret

from attain.connectors import jiandaoyun_forms
from attain.connectors.jiandaoyun_api import API_DOMAIN, Client
from attain.errors import AttainError, BadInput
from attain.settings import Settings

KNOWN_EXTRA = {"api_domain", "webhook_secret"}


class JiandaoyunHook(BaseHook):  # type: ignore[misc]
    """Reads the connection, keeps its secrets out of logs, and says in plain words whether it works."""

    conn_name_attr = "jiandaoyun_conn_id"
    default_conn_name = "jiandaoyun_crm"
    conn_type = "jiandaoyun"
    hook_name = "简道云 (Jiandaoyun)"

    def __init__(self, jiandaoyun_conn_id: str = default_conn_name) -> None:
        super().__init__()
        self.jiandaoyun_conn_id = jiandaoyun_conn_id

    @classmethod
    def get_ui_field_behaviour(cls) -> dict[str, Any]:
        """What the form of a connection shows."""
        return {
            "hidden_fields": ["host", "schema", "port", "login"],
            "relabeling": {"password": "API key"},
            "placeholders": {"extra": f'{{"api_domain": "{API_DOMAIN}", "webhook_secret": "…"}}'},
        }

    def get_conn(self) -> Client:
        """A client of the open API; close it after use (it is a context manager).

        Raises:
            AirflowNotFoundException: there is no such connection.
            BadInput: it can't be used as it is.
        """
        found, extra = self._read()
        return Client(found.password or "", str(extra.get("api_domain") or API_DOMAIN))

    def webhook_secret(self) -> str:
        """The secret that pushes are signed with; '' when the connection has none."""
        return str(self._read()[1].get("webhook_secret") or "")

    def test_connection(self) -> tuple[bool, str]:
        """Ask 简道云 which applications the key may see, and for the fields of every form of the forms file.

        Returns:
            whether everything can be pulled, and what is wrong if not.
        """
        settings = Settings.from_environment()
        try:
            with self.get_conn() as client:
                apps = client.apps()
                forms = jiandaoyun_forms.load(settings)
                fields = sum(len(client.form(form.app_id, form.entry_id)[0]) for form in forms.forms.values())
                if forms.department is not None:
                    client.departments(forms.department)
        except AttainError as error:
            return False, f"{error.message}. What to do: {error.remedy}"
        return True, f"the key sees {len(apps)} applications; {len(forms.forms)} forms with {fields} fields can be read"

    def _read(self) -> tuple[Any, dict[str, Any]]:
        """The connection and its extra; its secrets are masked in every log from here on."""
        found = self.get_connection(self.jiandaoyun_conn_id)
        extra = found.extra_dejson if isinstance(found.extra_dejson, dict) else {}
        for secret in (found.password, extra.get("webhook_secret")):
            if secret:
                mask_secret(str(secret))
        for name in extra:
            if name not in KNOWN_EXTRA and not name.startswith("extra__"):
                raise BadInput(
                    f"the extra of the connection {self.jiandaoyun_conn_id} does not know {name!r}",
                    f"it knows {', '.join(sorted(KNOWN_EXTRA))}",
                )
        return found, extra
