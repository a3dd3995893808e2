"""The doors to a pull: Airflow's connection and its hook, the command line, and the DAG's task."""

from __future__ import annotations

import json
import logging
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from attain.connectors.pulled import Pulled
from attain.errors import BadInput, Busy
from attain.settings import PROJECT_ROOT, Settings
from tests.connectors import zoho_server
from tests.connectors.zoho_crm.conftest import extras, zoho  # noqa: F401
from tests.connectors.zoho_crm.pulling import deals_of, landed_deals
from tests.connectors.zoho_server import Zoho

VARIABLE = "AIRFLOW_CONN_ZOHO_CRM"


def as_json(zoho: Zoho, **changes: Any) -> str:  # noqa: F811
    """The connection as people set it in the environment."""
    said = {"conn_type": "zoho_crm", "login": zoho_server.CLIENT_ID, "password": zoho_server.CLIENT_SECRET}
    extra = {**extras(zoho), **changes.pop("extra", {})}
    return json.dumps({**said, **changes, "extra": extra})


# ---------------------------------------------------------------- hook


@pytest.mark.usefixtures("airflow_here")
class TestHook:
    def test_a_good_connection(self, zoho: Zoho, monkeypatch: pytest.MonkeyPatch) -> None:  # noqa: F811
        from attain.airflow.hooks_zoho_crm import ZohoCrmHook

        monkeypatch.setenv(VARIABLE, as_json(zoho))
        works, said = ZohoCrmHook().test_connection()
        assert works, said
        assert "Mei Lin" in said and "Deals" in said
        assert zoho.asked("GET /crm/v8/users") and zoho.asked("GET /crm/v8/Deals")
        with ZohoCrmHook().get_conn() as crm:
            assert crm.current_user()["full_name"] == "Mei Lin"

    @pytest.mark.parametrize(
        ("changes", "words"),
        [
            ({"password": "some-other-secret"}, ("client secret", "password")),
            ({"login": "1000.OTHER"}, ("client id", "login")),
            ({"extra": {"refresh_token": "1000.some-other-token"}}, ("refresh token", "make a new one")),
            ({"extra": {"refresh_token": None}}, ("refresh_token", "self client")),
            ({"extra": {"data_centre": "moon"}}, ("data_centre", "com.cn")),
            ({"extra": {"accounts_domain": "http://127.0.0.1:9"}}, ("can't be reached", "later")),
        ],
    )
    def test_what_is_wrong_with_a_connection_is_said(
        self,
        zoho: Zoho,  # noqa: F811
        monkeypatch: pytest.MonkeyPatch,
        changes: dict[str, Any],
        words: tuple[str, ...],
    ) -> None:
        from attain.airflow.hooks_zoho_crm import ZohoCrmHook

        monkeypatch.setattr("time.sleep", lambda _: None)
        monkeypatch.setattr("attain.connectors.zoho_api.ATTEMPTS", 1)
        monkeypatch.setenv(VARIABLE, as_json(zoho, **changes))
        works, said = ZohoCrmHook().test_connection()
        assert not works
        for word in words:
            assert word in said
        for secret in (zoho_server.CLIENT_SECRET, zoho_server.REFRESH_TOKEN, "some-other"):
            assert secret not in said

    def test_a_missing_scope_and_a_missing_right_are_said(
        self,
        zoho: Zoho,  # noqa: F811
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        from attain.airflow.hooks_zoho_crm import ZohoCrmHook

        monkeypatch.setenv(VARIABLE, as_json(zoho))
        zoho.scopes.remove("settings")
        works, said = ZohoCrmHook().test_connection()
        assert not works and "ZohoCRM.settings.fields.READ" in said
        zoho.scopes.add("settings")
        zoho.fail("GET /crm/v8/Deals", 403, {"code": "NO_PERMISSION"})
        works, said = ZohoCrmHook().test_connection()
        assert not works and "Deals" in said and "permission" in said

    def test_secrets_are_masked_in_every_log(self, zoho: Zoho, monkeypatch: pytest.MonkeyPatch) -> None:  # noqa: F811
        from airflow.sdk._shared.secrets_masker import redact

        from attain.airflow.hooks_zoho_crm import ZohoCrmHook

        # Airflow masks what is named like a secret by itself; not so a refresh token in the middle of a text.
        monkeypatch.setenv(VARIABLE, as_json(zoho))
        ZohoCrmHook().connection()
        said = redact(f"told {zoho_server.CLIENT_SECRET} and {zoho_server.REFRESH_TOKEN}")
        assert said == "told *** and ***"

    def test_airflow_finds_the_connection_type(self, tmp_path: Path) -> None:
        """As in an installed attain: the entry point is in the package's metadata."""
        from attain.airflow.provider import get_provider_info

        found = tmp_path / "attain-0.1.0.dist-info"
        found.mkdir()
        (found / "METADATA").write_text("Metadata-Version: 2.1\nName: attain\nVersion: 0.1.0\n", encoding="utf-8")
        pyproject = (PROJECT_ROOT / "pyproject.toml").read_text(encoding="utf-8")
        line = 'provider_info = "attain.airflow.provider:get_provider_info"'
        assert f"[project.entry-points.apache_airflow_provider]\n{line}" in pyproject
        (found / "entry_points.txt").write_text(
            "[apache_airflow_provider]\n" + line.replace('"', "") + "\n", encoding="utf-8"
        )
        asked = (
            "from airflow.sdk.providers_manager_runtime import ProvidersManagerTaskRuntime as Providers\n"
            "hook = Providers().hooks['zoho_crm']\n"
            "print(hook.hook_class_name, hook.connection_id_attribute_name, hook.hook_name)"
        )
        done = subprocess.run(
            [sys.executable, "-c", asked],
            env={
                "PATH": os.environ["PATH"],
                "AIRFLOW_HOME": str(tmp_path / "airflow"),
                "PYTHONPATH": os.pathsep.join([str(tmp_path), str(PROJECT_ROOT / "plugins")]),
            },
            capture_output=True,
            text=True,
            timeout=120,
        )
        assert done.returncode == 0, done.stderr
        assert done.stdout.splitlines()[-1] == "attain.airflow.hooks_zoho_crm.ZohoCrmHook zoho_crm_conn_id Zoho CRM"
        assert get_provider_info()["package-name"] == "attain"


# ---------------------------------------------------------------- command line


def type_in(home: Path, *words: str, connection: str | None = None) -> subprocess.CompletedProcess[str]:
    env = {"PATH": os.environ["PATH"], "HOME": str(home.parent), "ATTAIN_HOME": str(home), "LANG": "C.UTF-8"}
    if connection is not None:
        env[VARIABLE] = connection
    return subprocess.run(
        [sys.executable, "-c", "from attain.cli import main; main()", *words],
        env={**env, "PYTHONPATH": str(PROJECT_ROOT / "plugins")},
        capture_output=True,
        text=True,
        timeout=120,
    )


def test_pull_and_ingest_from_the_command_line(settings: Settings, zoho: Zoho) -> None:  # noqa: F811
    del zoho.modules["Invoices"], zoho.fields["Invoices"]
    done = type_in(settings.home, "pull", "zoho_crm", "deals", "users", connection=as_json(zoho))
    assert done.returncode == 0, done.stderr
    lines = {line.split()[0]: line.split()[1:] for line in done.stdout.splitlines() if line.strip()}
    assert lines["deals"] == ["7", "zoho_crm/deals/Deals_2026_01_26T071000Z.jsonl"]
    assert lines["users"] == ["2", "zoho_crm/users/Users_2026_01_26T071000Z.jsonl"]
    for secret in (zoho_server.CLIENT_SECRET, zoho_server.REFRESH_TOKEN, "1000.access-"):
        assert secret not in done.stdout + done.stderr
    type_in(settings.home, "ingest", "zoho_crm")
    assert landed_deals(settings) == deals_of(zoho)
    zoho.polls = 0
    # A pull of everything in which one feed can't be had: the others are there, and the exit code says so.
    zoho.scopes.remove("users")
    done = type_in(settings.home, "--json", "pull", "zoho_crm", "--mode", "full", connection=as_json(zoho))
    assert done.returncode == 2, done.stderr
    found = {item["feed"]: item for item in json.loads(done.stdout)}
    assert "scope" in found["users"]["problem"]
    assert found["deals"]["file"].endswith(".zip") and found["deals"]["records"] == 7
    assert "no module" in found["invoices"]["note"]


def test_a_wrong_secret_ends_with_what_to_do(settings: Settings, zoho: Zoho) -> None:  # noqa: F811
    done = type_in(settings.home, "pull", "zoho_crm", connection=as_json(zoho, password="not-the-secret"))
    assert done.returncode == 2
    assert "client secret" in done.stdout and "what to do: compare the connection's password" in done.stdout
    assert "not-the-secret" not in done.stdout + done.stderr


@pytest.mark.usefixtures("airflow_here")
@pytest.mark.parametrize(
    ("source", "feeds", "connection", "said"),
    [
        ("zoho", (), None, "the sources are"),
        ("zoho_crm", (), None, "AIRFLOW_CONN_ZOHO_CRM"),
        ("zoho_crm", (), '{"login": ', "JSON"),
        ("zoho_crm", ("dealz",), "good", "did you mean 'deals'"),
    ],
)
def test_what_cannot_be_pulled_is_said(
    settings: Settings,
    zoho: Zoho,  # noqa: F811
    monkeypatch: pytest.MonkeyPatch,
    source: str,
    feeds: tuple[str, ...],
    connection: str | None,
    said: str,
) -> None:
    from attain.airflow import pull

    if connection is not None:
        monkeypatch.setenv(VARIABLE, as_json(zoho) if connection == "good" else connection)
    with pytest.raises(BadInput) as raised:
        pull.pull(settings, source, feeds)
    assert said in str(raised.value)


# ---------------------------------------------------------------- task


class Context(dict[str, Any]):
    """As much of a task's context as the step asks for."""

    def __init__(self, run_type: str) -> None:
        from airflow.sdk.api.datamodels._generated import DagRunType

        self.pushed: dict[str, Any] = {}
        super().__init__(ti=self, dag_run=self)
        self.run_type = DagRunType(run_type)

    def xcom_push(self, key: str, value: Any) -> None:
        self.pushed[key] = value


@pytest.mark.usefixtures("airflow_here")
class TestStep:
    def step(
        self,
        monkeypatch: pytest.MonkeyPatch,
        settings: Settings,
        found: list[Pulled] | None = None,
        run_type: str = "scheduled",
    ) -> Context:
        from attain.airflow import pull, steps

        context = Context(run_type)
        monkeypatch.setenv("ATTAIN_HOME", str(settings.home))
        monkeypatch.setattr(steps, "get_current_context", lambda: context)
        if found is not None:
            monkeypatch.setattr(pull, "has_connection", lambda _: True)
            monkeypatch.setattr(pull, "pull", lambda *_: found)
        steps.pull("zoho_crm", "changes")
        return context

    def test_without_a_connection_it_is_skipped(self, monkeypatch: pytest.MonkeyPatch, settings: Settings) -> None:
        from airflow.sdk.exceptions import AirflowSkipException

        with pytest.raises(AirflowSkipException, match="no connection zoho_crm"):
            self.step(monkeypatch, settings)

    @pytest.mark.usefixtures("airflow_here")
    def test_a_secrets_backend_that_is_down_fails_it(self, monkeypatch: pytest.MonkeyPatch, settings: Settings) -> None:
        class VaultBackend:
            def get_connection(self, conn_id: str) -> None:
                raise ConnectionError("10.0.0.1 refused the token s.secret")

        def backends() -> list[VaultBackend]:
            return [VaultBackend()]

        monkeypatch.setattr("airflow.sdk.execution_time.supervisor.ensure_secrets_backend_loaded", backends)
        with pytest.raises(Busy, match="VaultBackend was asked for the connection zoho_crm and failed") as caught:
            self.step(monkeypatch, settings)
        assert "s.secret" not in str(caught.value)

    @pytest.mark.usefixtures("airflow_here")
    def test_a_connection_that_cant_be_read_fails_it(self, monkeypatch: pytest.MonkeyPatch, settings: Settings) -> None:
        from airflow.sdk.exceptions import AirflowFailException

        monkeypatch.setenv(VARIABLE, "{not json")
        with pytest.raises(AirflowFailException, match=f"{VARIABLE} is set, but Airflow can't read it"):
            self.step(monkeypatch, settings)

    def test_files_that_arrive_do_not_make_it_ask(self, monkeypatch: pytest.MonkeyPatch, settings: Settings) -> None:
        from airflow.sdk.exceptions import AirflowSkipException

        with pytest.raises(AirflowSkipException, match="files arrived"):
            self.step(monkeypatch, settings, [Pulled("deals", 1)], run_type="asset_triggered")

    def test_what_it_pulled_is_told(self, monkeypatch: pytest.MonkeyPatch, settings: Settings) -> None:
        context = self.step(monkeypatch, settings, [Pulled("deals", 3, file="a.jsonl")])
        assert context.pushed["pull_report"][0]["records"] == 3

    def test_a_problem_fails_it(
        self, monkeypatch: pytest.MonkeyPatch, settings: Settings, caplog: pytest.LogCaptureFixture
    ) -> None:
        from airflow.sdk.exceptions import AirflowFailException

        caplog.set_level(logging.INFO)
        good = Pulled("users", 2, file="u.jsonl")
        with pytest.raises(AirflowFailException, match="what to do: mend it"):
            self.step(monkeypatch, settings, [good, Pulled("deals").failed(BadInput("wrong secret", "mend it"))])
        with pytest.raises(Busy, match="throttled"):
            self.step(monkeypatch, settings, [good, Pulled("deals").failed(Busy("throttled", "wait"))])
        assert "wrong secret" in caplog.text
