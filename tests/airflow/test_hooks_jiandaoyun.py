"""Airflow's connection to 简道云: what it holds, whether it works, and that its secrets stay in it."""

from __future__ import annotations

import json
from typing import Any

import pytest

from attain.errors import BadInput
from attain.settings import Settings
from tests.connectors import jiandaoyun_company as company
from tests.connectors.conftest import home, jiandaoyun  # noqa: F401
from tests.connectors.jiandaoyun_server import KEY, SECRET, STOPPED_KEY, Jiandaoyun

pytestmark = pytest.mark.usefixtures("airflow_here")

VARIABLE = "AIRFLOW_CONN_JIANDAOYUN_CRM"


@pytest.fixture
def connect(jiandaoyun: Jiandaoyun, home: Settings, monkeypatch: pytest.MonkeyPatch) -> Any:  # noqa: F811
    """Sets the connection; `password` and parts of `extra` may be given."""
    monkeypatch.setenv("ATTAIN_HOME", str(home.home))
    monkeypatch.setenv("ATTAIN_CONNECTORS", str(home.connectors_dir))
    monkeypatch.setattr("attain.connectors.jiandaoyun_api.ATTEMPTS", 1)

    def set_it(password: str = KEY, **extra: Any) -> None:
        said = {"api_domain": jiandaoyun.address, "webhook_secret": SECRET} | extra
        monkeypatch.setenv(VARIABLE, json.dumps({"conn_type": "jiandaoyun", "password": password, "extra": said}))

    return set_it


def test_a_good_connection(connect: Any, jiandaoyun: Jiandaoyun) -> None:  # noqa: F811
    from attain.airflow.hooks_jiandaoyun import JiandaoyunHook

    connect()
    works, said = JiandaoyunHook().test_connection()
    assert works, said
    assert said == "the key sees 1 applications; 3 forms with 20 fields can be read"
    asked = [path.removeprefix("/api/v5/") for path, _ in jiandaoyun.calls]
    assert asked == ["app/list", *["app/entry/widget/list"] * 3, "corp/department/list"]
    assert JiandaoyunHook().webhook_secret() == SECRET


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"password": STOPPED_KEY}, ("does not accept the API key", "密钥管理")),
        ({"password": ""}, ("no API key", "password of the connection")),
        ({"api_domain": "http://127.0.0.1:9"}, ("did not answer", "later")),
        ({"api_domain": "http://api.example.com"}, ("without TLS", "https")),
        ({"api_domian": "x"}, ("does not know 'api_domian'", "api_domain")),
    ],
)
def test_what_is_wrong_with_a_connection_is_said(connect: Any, changes: dict[str, Any], words: tuple[str, ...]) -> None:
    from attain.airflow.hooks_jiandaoyun import JiandaoyunHook

    connect(**changes)
    works, said = JiandaoyunHook().test_connection()
    assert not works
    assert [word for word in words if word not in said] == []
    assert "SECRET" not in said and "STOPPED" not in said


def test_a_form_that_is_not_there_is_said(connect: Any, jiandaoyun: Jiandaoyun) -> None:  # noqa: F811
    from attain.airflow.hooks_jiandaoyun import JiandaoyunHook

    connect()
    del jiandaoyun.forms[company.CONTRACTS]
    works, said = JiandaoyunHook().test_connection()
    assert not works and f"there is no form '{company.CONTRACTS}'" in said and "entry_id" in said


def test_secrets_are_masked_in_every_log(connect: Any) -> None:
    from airflow.sdk._shared.secrets_masker import redact

    from attain.airflow.hooks_jiandaoyun import JiandaoyunHook

    connect()
    with JiandaoyunHook().get_conn() as client:
        assert KEY not in repr(client)
    assert redact(f"told {KEY} and {SECRET}") == "told *** and ***"


def test_without_a_connection_the_message_names_the_variable(settings: Settings) -> None:
    from attain.airflow import pull

    assert not pull.has_connection("jiandaoyun_crm")
    with pytest.raises(BadInput, match=VARIABLE):
        pull.pull(settings, "jiandaoyun_crm")
