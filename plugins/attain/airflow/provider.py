"""What Airflow is told of attain's connection types, so that its UI offers them and can test a connection."""

from __future__ import annotations

from typing import Any


def get_provider_info() -> dict[str, Any]:
    """Named by the entry point `apache_airflow_provider`; read by every Airflow process, so it imports nothing."""
    return {
        "package-name": "attain",
        "name": "attain",
        "description": "Connections to the systems that attain pulls records from.",
        "connection-types": [
            {"connection-type": "zoho_crm", "hook-class-name": "attain.airflow.hooks_zoho_crm.ZohoCrmHook"},
            {
                "connection-type": "jiandaoyun",
                "hook-class-name": "attain.airflow.hooks_jiandaoyun.JiandaoyunHook",
            },
        ],
    }
