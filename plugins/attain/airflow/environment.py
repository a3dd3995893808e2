"""The one place that says how Airflow is set up in a home; everything of it lies below `ATTAIN_HOME`.

Airflow reads its settings from environment variables when it is imported, so `apply` comes before the first
`import airflow`. A variable that is already set wins: that is how the served shape (PostgreSQL, another auth
manager) reuses this. Three are never taken over, because another project's value would run another project's DAGs
or write into another home: `AIRFLOW_HOME`, the DAGs folder and the plugins folder.
"""

from __future__ import annotations

import base64
import json
import os
import secrets
import sys
from collections.abc import Mapping
from pathlib import Path

from attain.errors import BadInput
from attain.settings import Settings

HOST = "127.0.0.1"
PORT = 8080
USER = "admin"
FORCED = ("AIRFLOW_HOME", "AIRFLOW__CORE__DAGS_FOLDER", "AIRFLOW__CORE__PLUGINS_FOLDER")


def variables(settings: Settings, port: int = PORT) -> dict[str, str]:
    """All environment variables by which Airflow and the tasks in it find this home.

    The keys that sign and encrypt are generated on the first call and kept in the home, readable by its owner only.

    Args:
        settings: the home.
        port: TCP port of the API server on the loopback interface. The tasks' execution API lives on it too.
    """
    kept = _kept_secrets(settings)
    address = f"http://{HOST}:{port}"
    return {
        **settings_variables(settings),
        "AIRFLOW_HOME": str(settings.airflow_home),
        "AIRFLOW__CORE__DAGS_FOLDER": str(settings.project / "dags"),
        "AIRFLOW__CORE__PLUGINS_FOLDER": str(settings.project / "plugins"),
        "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
        "AIRFLOW__CORE__DAGS_ARE_PAUSED_AT_CREATION": "False",
        "AIRFLOW__CORE__EXECUTOR": "LocalExecutor",
        # Two cores and a one-slot pool for everything that writes: more workers would only wait.
        "AIRFLOW__CORE__PARALLELISM": "2",
        "AIRFLOW__CORE__EXECUTION_API_SERVER_URL": f"{address}/execution/",
        "AIRFLOW__CORE__FERNET_KEY": kept["fernet_key"],
        "AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_USERS": f"{USER}:admin",
        "AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_PASSWORDS_FILE": str(password_file(settings)),
        "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN": f"sqlite:///{metadata_file(settings)}",
        "AIRFLOW__API__HOST": HOST,
        "AIRFLOW__API__PORT": str(port),
        "AIRFLOW__API__BASE_URL": address,
        "AIRFLOW__API__WORKERS": "1",
        "AIRFLOW__API__SECRET_KEY": kept["api_secret_key"],
        "AIRFLOW__API_AUTH__JWT_SECRET": kept["jwt_secret"],
        "AIRFLOW__LOGGING__BASE_LOG_FOLDER": str(log_folder(settings)),
        "AIRFLOW__LOGGING__COLORED_CONSOLE_LOG": "False",
        "AIRFLOW__DAG_PROCESSOR__DAG_PROCESSOR_CHILD_PROCESS_LOG_DIRECTORY": str(dag_processor_logs(settings)),
        "AIRFLOW__DAG_PROCESSOR__PARSING_PROCESSES": "1",
        "AIRFLOW__USAGE_DATA_COLLECTION__ENABLED": "False",
    }


def apply(settings: Settings, port: int = PORT) -> None:
    """Put `variables` into this process's environment, and make the folders they name.

    Raises:
        BadInput: Airflow is loaded in this process for another home already.
    """
    settings.airflow_home.mkdir(parents=True, exist_ok=True)
    settings.airflow_home.chmod(0o700)
    log_folder(settings).mkdir(parents=True, exist_ok=True)
    settings.inbox.mkdir(parents=True, exist_ok=True)
    loaded = _home_of_loaded_airflow()
    if loaded not in (None, settings.airflow_home):
        raise BadInput(
            f"Airflow is loaded in this process for the home {loaded}", "use a process of its own for each home"
        )
    os.environ.update(with_defaults(os.environ, variables(settings, port), settings))


def with_defaults(environment: Mapping[str, str], wanted: Mapping[str, str], settings: Settings) -> dict[str, str]:
    """`environment` completed by `wanted`: what is set already stays, but for the home itself and what is `FORCED`."""
    own = {*FORCED, *settings_variables(settings)}
    return {**environment, **{name: value for name, value in wanted.items() if name in own or name not in environment}}


def settings_variables(settings: Settings) -> dict[str, str]:
    """The environment variables that `Settings.from_environment` turns into these very settings."""
    return {
        "ATTAIN_HOME": str(settings.home),
        "ATTAIN_PLANS": str(settings.plans_dir),
        "ATTAIN_MAPPINGS": str(settings.mappings_dir),
        "ATTAIN_CONNECTORS": str(settings.connectors_dir),
        "ATTAIN_IDENTITIES": str(settings.identities_dir),
        "ATTAIN_TIMEZONE": settings.timezone,
        "ATTAIN_FX_MAX_AGE_DAYS": str(settings.fx_max_age_days),
        "ATTAIN_FX_RATE_TYPE": settings.fx_rate_type,
        "ATTAIN_MAX_HELD_EXPOSURE": str(settings.max_held_exposure),
        "ATTAIN_MAX_QUARANTINE_RATIO": str(settings.max_quarantine_ratio),
        "ATTAIN_MAX_VANISHED_RATIO": str(settings.max_vanished_ratio),
        "ATTAIN_MEMORY_LIMIT_GB": str(settings.memory_limit_gb),
        "ATTAIN_KNOWN_AT": f"{settings.known_at.isoformat()}+00:00" if settings.known_at else "",
        "ATTAIN_AS_OF": settings.as_of.isoformat() if settings.as_of else "",
        "ATTAIN_CONTROL_DSN": settings.control_dsn,
        "ATTAIN_BI_DSN": settings.bi_dsn,
    }


def metadata_file(settings: Settings) -> Path:
    """Airflow's own database, when it is SQLite."""
    return settings.airflow_home / "airflow.db"


def log_folder(settings: Settings) -> Path:
    """Folder of the task logs, laid out as Airflow's UI looks for them."""
    return settings.logs / "airflow"


def dag_processor_logs(settings: Settings) -> Path:
    """Folder of what the DAG processor says about each DAG file, a folder a day."""
    return log_folder(settings) / "dag_processor"


def run_history(settings: Settings) -> Path:
    """One line of JSON for each DAG run that has ended."""
    return settings.logs / "airflow-runs.jsonl"


def password_file(settings: Settings) -> Path:
    """The generated password of the UI's user, as JSON; readable by its owner only."""
    return settings.airflow_home / "passwords.json"


def _kept_secrets(settings: Settings) -> dict[str, str]:
    settings.airflow_home.mkdir(parents=True, exist_ok=True)
    _write_once(password_file(settings), {USER: secrets.token_urlsafe(15)})
    keys = settings.airflow_home / "keys.json"
    _write_once(
        keys,
        {
            "fernet_key": base64.urlsafe_b64encode(secrets.token_bytes(32)).decode(),
            "jwt_secret": secrets.token_urlsafe(48),
            "api_secret_key": secrets.token_urlsafe(32),
        },
    )
    kept: dict[str, str] = json.loads(keys.read_text(encoding="utf-8"))
    return kept


def _write_once(path: Path, content: Mapping[str, str]) -> None:
    """Create a file of mode 0600 in one step; the first of several processes wins, none reads half a file."""
    if path.exists():
        return
    draft = path.with_name(f".{path.name}.{os.getpid()}")
    handle = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(handle, "w", encoding="utf-8") as file:
        file.write(json.dumps(content) + "\n")
        file.flush()
        os.fsync(file.fileno())
    try:
        os.link(draft, path)
    except FileExistsError:
        pass
    finally:
        draft.unlink()


def _home_of_loaded_airflow() -> Path | None:
    configuration = sys.modules.get("airflow.configuration")
    home = getattr(configuration, "AIRFLOW_HOME", None)
    return Path(home) if home else None
