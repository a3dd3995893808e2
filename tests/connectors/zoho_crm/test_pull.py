"""Pulling from Zoho CRM: every record once, exact, whatever the CRM answers meanwhile."""

from __future__ import annotations

import json
import logging

import pytest

from attain.connectors.dropping import Memory
from attain.connectors.zoho_crm import MODULES, Connection
from attain.errors import BadInput
from attain.settings import Settings
from tests.connectors import zoho_server
from tests.connectors.zoho_crm.conftest import connect, deal, put_deal
from tests.connectors.zoho_crm.pulling import (
    Clock,
    all_records,
    deals_of,
    files,
    landed_deals,
    latest,
    manifest,
    number,
    pull,
    pull_well,
    records,
    taken_in,
)
from tests.connectors.zoho_server import Zoho

# ---------------------------------------------------------------- what is pulled is what is there


@pytest.mark.parametrize("mode", ["changes", "full"])
def test_every_feed_is_pulled_and_what_is_in_the_lake_is_what_is_in_the_crm(
    settings: Settings, zoho: Zoho, connection: Connection, mode: str
) -> None:
    found = pull_well(settings, connection, mode=mode)
    assert list(found) == list(MODULES)
    assert {feed: item.records for feed, item in found.items()} == {
        feed: len(zoho.users if feed == "users" else zoho.modules[module.name]) for feed, module in MODULES.items()
    }
    taken_in(settings)
    accounts = latest(settings, "accounts", "account_id", "account_name", "industry")
    assert accounts == {
        key: (record["Account_Name"], record["Industry"]) for key, record in zoho.modules["Accounts"].items()
    }
    products = latest(settings, "products", "product_id", "product_name", "unit_price::decimal(18,3)::varchar")
    assert products == {
        key: (record["Product_Name"], number(record["Unit_Price"])) for key, record in zoho.modules["Products"].items()
    }
    leads = latest(settings, "leads", "lead_id", "company_name", "owner_id")
    assert leads == {
        key: (record["Company"], record["Owner"]["id"]) for key, record in zoho.modules["Leads"].items()
    }, "converted leads are leads"
    users = latest(settings, "users", "user_id", "full_name", "email", "role_name")
    assert users == {key: (user["full_name"], user["email"], "Sales") for key, user in zoho.users.items()}
    expected = deals_of(zoho)
    deals = landed_deals(settings)
    if mode == "full":  # the lookups of a bulk read hold ids, which the contract's aliases decide about
        deals = {key: row[:2] for key, row in deals.items()}
        expected = {key: row[:2] for key, row in expected.items()}
    assert deals == expected


def test_numbers_stay_as_they_are_written(settings: Settings, zoho: Zoho, connection: Connection) -> None:
    put_deal(zoho, 50, amount="#123456789012345678.90", Score="#404427000000000999123", Rate="#1.10E+2")
    pull_well(settings, connection, "deals")
    (path,) = files(settings, "deals")
    line = next(line for line in path.read_text(encoding="utf-8").splitlines() if deal(50) in line)
    assert '"Amount": 123456789012345678.90' in line
    assert '"Score": 404427000000000999123' in line
    assert '"Rate": 1.10E+2' in line


def test_half_a_letter_in_one_record_does_not_stop_a_pull(
    settings: Settings, zoho: Zoho, connection: Connection
) -> None:
    put_deal(zoho, 1, Deal_Name="half \ud83d of a smile")
    broken = json.dumps({"data": [{"id": deal(1), "Deal_Name": "half \ud83d", "Modified_Time": zoho.time()}]})
    zoho.fail("GET /crm/v8/Deals", 200, broken.encode())
    zoho.modules["Deals"].pop(deal(1))
    assert pull(settings, connection, "deals")["deals"].records == 1
    (path,) = files(settings, "deals")
    assert "\\ud83d" in path.read_text(encoding="utf-8")


def test_the_file_is_named_after_the_module_and_the_servers_clock(
    settings: Settings, zoho: Zoho, connection: Connection
) -> None:
    zoho.now = zoho_server.moment("2026-01-26T06:10:00+00:00")
    found = pull_well(settings, connection, "deals")
    assert found["deals"].file == "zoho_crm/deals/Deals_2026_01_26T061000Z.jsonl"
    (path,) = files(settings, "deals")
    assert manifest(path)["mode"] == "changes"
    assert manifest(path)["extracted_at"] == "2026-01-26T06:10:00+00:00"


def test_a_second_pull_of_one_second_does_not_replace_the_first(
    settings: Settings, zoho: Zoho, connection: Connection
) -> None:
    pull_well(settings, connection, "deals")
    put_deal(zoho, 60)
    pull_well(settings, connection, "deals")
    first, second = files(settings, "deals")
    assert (len(records(first)), len(records(second))) == (7, 1)


# ---------------------------------------------------------------- pages and fields


def test_pages_by_number_and_by_token_give_every_record_once(
    settings: Settings, zoho: Zoho, connection: Connection
) -> None:
    zoho.page_size = 3
    pull_well(settings, connection, "deals")
    assert sorted(record["id"] for record in all_records(settings, "deals")) == sorted(zoho.modules["Deals"])
    asked = [request.query for request in zoho.asked("GET /crm/v8/Deals") if "page_token" in request.query]
    assert len(asked) == 2


def test_more_than_fifty_fields_are_put_together_by_id(settings: Settings, zoho: Zoho, connection: Connection) -> None:
    extra = {f"Field_{index}": f"value {index}" for index in range(120)}
    for index in range(1, 8):
        put_deal(zoho, index, **extra)
    zoho.page_size = 4
    pull_well(settings, connection, "deals")
    found = all_records(settings, "deals")
    assert len(found) == 7
    for record in found:
        assert {name: record.get(name) for name in extra} == extra
        assert record["Deal_Name"]
    assert max(len(request.query.get("fields", "").split(",")) for request in zoho.requests) == 50


def test_a_record_modified_between_two_groups_of_fields_is_read_again_whole(
    settings: Settings, zoho: Zoho, connection: Connection
) -> None:
    for index in range(1, 4):
        put_deal(zoho, index, **{f"Field_{number}": "old" for number in range(60)})
    modified = []

    def interfere(request: zoho_server.Request) -> None:
        if request.path == "/crm/v8/Deals" and "ids" not in request.query and not modified:
            modified.append(True)
            zoho.tick(1)
            put_deal(zoho, 2, amount="#7.77", **{f"Field_{number}": "new" for number in range(60)})
            zoho.modules["Deals"].pop(deal(3))

    zoho.after = interfere
    pull_well(settings, connection, "deals")
    found = {record["id"]: record for record in all_records(settings, "deals")}
    assert deal(3) not in found, "it was deleted while it was read"
    assert {found[deal(2)][f"Field_{number}"] for number in range(60)} == {"new"}
    assert found[deal(2)]["Amount"] == "7.77"


@pytest.mark.parametrize("ends_by", ["expiry", "reach"])
def test_paging_that_ends_early_goes_on_where_it_was(
    settings: Settings, zoho: Zoho, connection: Connection, ends_by: str
) -> None:
    zoho.page_size = 2
    for index in range(20, 30):
        zoho.tick(1)
        put_deal(zoho, index)
    if ends_by == "reach":
        zoho.token_reach = 6
    else:
        pages = []

        def expire(request: zoho_server.Request) -> None:
            if request.path == "/crm/v8/Deals":
                pages.append(request)
                if len(pages) == 3:
                    zoho.expire_pages()

        zoho.after = expire
    pull_well(settings, connection, "deals")
    found = [record["id"] for record in all_records(settings, "deals")]
    assert sorted(found) == sorted(zoho.modules["Deals"]), "each once"


def test_more_records_in_one_second_than_paging_reaches_is_said(
    settings: Settings, zoho: Zoho, connection: Connection
) -> None:
    zoho.page_size, zoho.token_reach = 2, 4
    for index in range(20, 30):
        put_deal(zoho, index)
    found = pull(settings, connection, "deals")["deals"]
    assert found.exit_code == 2
    assert "100,000" in str(found.problem) and "--mode full" in found.remedy
    assert files(settings, "deals") == [], "half of it is not dropped"


# ---------------------------------------------------------------- changes


def test_only_what_changed_is_pulled_and_the_second_itself_is_read_again(
    settings: Settings, zoho: Zoho, connection: Connection
) -> None:
    pull_well(settings, connection, "deals")
    assert pull_well(settings, connection, "deals")["deals"].note == "nothing new"
    assert len(files(settings, "deals")) == 1, "no file without a record"
    # In the very second of the last pull, after it: one is new, one is modified once more.
    put_deal(zoho, 70)
    put_deal(zoho, 1, amount="#1.01")
    zoho.tick(600)
    put_deal(zoho, 71)
    found = pull_well(settings, connection, "deals")
    assert found["deals"].records == 3
    zoho.tick(600)
    assert pull_well(settings, connection, "deals")["deals"].records == 0
    since = [request.headers.get("if-modified-since") for request in zoho.asked("GET /crm/v8/Deals")]
    assert since[0] is None and since[-1] is not None
    taken_in(settings)
    assert landed_deals(settings) == deals_of(zoho)


def test_a_record_written_in_the_overlap_is_not_written_twice(
    settings: Settings, zoho: Zoho, connection: Connection
) -> None:
    put_deal(zoho, 80)
    pull_well(settings, connection, "deals")
    zoho.tick(30)
    put_deal(zoho, 81)
    pull_well(settings, connection, "deals")
    zoho.tick(1)
    assert pull_well(settings, connection, "deals")["deals"].records == 0
    assert [record["id"] for record in all_records(settings, "deals")].count(deal(80)) == 1


@pytest.mark.parametrize("kind", ["recycle", "permanent"])
def test_deleted_records_are_told_of_once(settings: Settings, zoho: Zoho, connection: Connection, kind: str) -> None:
    zoho.page_size = 2
    pull_well(settings, connection, "deals")
    zoho.tick(60)
    for index in (1, 2, 3):
        zoho.delete("Deals", deal(index), kind)
    put_deal(zoho, 90)
    found = pull_well(settings, connection, "deals")["deals"]
    assert (found.records, found.deleted) == (4, 3)
    gone = [record for record in records(files(settings, "deals")[-1]) if record.get("_deleted") is True]
    assert gone == [{"id": deal(index), "Modified_Time": zoho.time(), "_deleted": True} for index in (1, 2, 3)]
    assert pull_well(settings, connection, "deals")["deals"].records == 0


def test_what_is_deleted_in_the_crm_ends_in_the_lake(settings: Settings, zoho: Zoho, connection: Connection) -> None:
    for index in range(20, 150):  # so many that two of them may vanish without a question
        put_deal(zoho, index)
    pull_well(settings, connection, "deals")
    zoho.tick(600)
    zoho.delete("Deals", deal(1))
    put_deal(zoho, 2, amount="#5.00")
    pull_well(settings, connection, "deals")
    taken_in(settings)
    assert landed_deals(settings) == deals_of(zoho), "Zoho told of it"
    zoho.tick(600)
    zoho.delete("Deals", deal(3))
    zoho.deleted["Deals"].clear()
    pull_well(settings, connection, "deals", mode="full")
    taken_in(settings)
    assert set(landed_deals(settings)) == set(deals_of(zoho)), "a full list lacks it"
    zoho.tick(600)
    put_deal(zoho, 3)
    pull_well(settings, connection, "deals")
    taken_in(settings)
    assert set(landed_deals(settings)) == set(deals_of(zoho)), "it came back"


def test_a_deleted_record_that_comes_back_is_pulled_again(
    settings: Settings, zoho: Zoho, connection: Connection
) -> None:
    pull_well(settings, connection, "deals")
    zoho.tick(10)
    zoho.delete("Deals", deal(1))
    pull_well(settings, connection, "deals")
    zoho.tick(10)
    zoho.deleted["Deals"].clear()
    put_deal(zoho, 1)
    found = pull_well(settings, connection, "deals")["deals"]
    assert (found.records, found.deleted) == (1, 0)


def test_users_are_written_when_they_changed(settings: Settings, zoho: Zoho, connection: Connection) -> None:
    pull_well(settings, connection, "users")
    assert pull_well(settings, connection, "users")["users"].records == 0
    next(iter(zoho.users.values()))["status"] = "disabled"
    assert pull_well(settings, connection, "users")["users"].records == 1
    assert all_records(settings, "users")[-1]["status"] == "disabled"


def test_another_crm_starts_anew(settings: Settings, zoho: Zoho, connection: Connection) -> None:
    pull_well(settings, connection, "deals")
    zoho.tick(3600)
    other = connect(zoho, accounts_domain=f"{zoho.address}/")
    assert pull_well(settings, other, "deals")["deals"].records == 0
    renamed = connect(zoho, modules={"deals": "Potentials"})
    zoho.modules["Potentials"], zoho.fields["Potentials"] = zoho.modules["Deals"], zoho.fields["Deals"]
    assert pull_well(settings, renamed, "deals")["deals"].records == 7


# ---------------------------------------------------------------- stage history


def test_stage_history_by_deal_where_it_cannot_be_listed(
    settings: Settings, zoho: Zoho, connection: Connection
) -> None:
    del zoho.modules["DealHistory"], zoho.fields["DealHistory"]
    for index in (1, 2):
        entry = {"id": f"9{index}", "Stage": "Qualification", "Moved_To__s": "Closed Won", "Modified_Time": zoho.time()}
        zoho.history[deal(index)] = [entry]
    found = pull_well(settings, connection, "stage_history")["stage_history"]
    assert found.records == 2 and "call for each deal" in found.note
    assert {(record["Potential_Name"]["id"], record["Stage"]) for record in all_records(settings, "stage_history")} == {
        (deal(1), "Qualification"),
        (deal(2), "Qualification"),
    }
    zoho.tick(3600)
    asked = len(zoho.asked("Stage_History"))
    put_deal(zoho, 1, Stage="Closed Lost")
    pull_well(settings, connection, "stage_history")
    assert len(zoho.asked("Stage_History")) == asked + 1, "only of deals that changed"


# ---------------------------------------------------------------- bulk read


def test_a_full_pull_is_the_zip_of_the_bulk_read(settings: Settings, zoho: Zoho, connection: Connection) -> None:
    found = pull_well(settings, connection, "deals", mode="full")
    (path,) = files(settings, "deals")
    assert found["deals"].file == f"zoho_crm/deals/{path.name}"
    assert path.suffix == ".zip" and manifest(path)["mode"] == "snapshot"
    (job,) = zoho.jobs
    assert path.read_bytes() == zoho_server.zipped(f"{job}.csv", zoho.jobs[job]["csv"])
    zoho.tick(600)
    assert pull_well(settings, connection, "deals")["deals"].records == 0, "changes go on from the full pull"


def test_a_full_list_over_several_jobs_is_one_file(settings: Settings, zoho: Zoho, connection: Connection) -> None:
    zoho.rows_a_job = 3
    put_deal(zoho, 5, Deal_Name='a name, in "two\nlines"')
    pull_well(settings, connection, "deals", mode="full")
    assert len(zoho.jobs) == 3
    (path,) = files(settings, "deals")
    assert [record["Id"] for record in records(path)] == sorted(zoho.modules["Deals"])
    assert 'a name, in "two\nlines"' in {record["Deal_Name"] for record in records(path)}
    taken_in(settings)
    assert {key: row[:2] for key, row in landed_deals(settings).items()} == {
        key: row[:2] for key, row in deals_of(zoho).items()
    }


def test_downloads_are_paced(settings: Settings, zoho: Zoho, connection: Connection) -> None:
    zoho.rows_a_job, zoho.polls = 1, 0
    for index in range(20, 27):
        put_deal(zoho, index)
    clock = Clock()
    pull(settings, connection, "deals", mode="full", clock=clock)
    assert len(zoho.asked("/result")) == 14
    assert sum(clock.slept) >= 60, "no more than ten in a minute"


def test_a_job_that_fails_is_begun_again_once(settings: Settings, zoho: Zoho, connection: Connection) -> None:
    zoho.failing_jobs = 1
    assert pull_well(settings, connection, "deals", mode="full")["deals"].records == 7
    zoho.failing_jobs = 2
    found = pull(settings, connection, "accounts", mode="full")["accounts"]
    assert found.exit_code == 3 and "twice" in str(found.problem)
    assert pull_well(settings, connection, "accounts", mode="full")["accounts"].records == 3


def test_a_job_that_takes_too_long_is_gone_on_with(settings: Settings, zoho: Zoho, connection: Connection) -> None:
    zoho.polls = 150
    found = pull(settings, connection, "deals", mode="full")["deals"]
    assert found.exit_code == 3 and "still" in str(found.problem)
    pull_well(settings, connection, "deals", mode="full")
    assert len(zoho.jobs) == 1


def test_a_job_that_is_gone_is_begun_anew(settings: Settings, zoho: Zoho, connection: Connection) -> None:
    zoho.polls = 150
    pull(settings, connection, "deals", mode="full")
    zoho.jobs.clear()
    zoho.polls = 0
    assert pull(settings, connection, "deals", mode="full")["deals"].exit_code == 3
    assert pull_well(settings, connection, "deals", mode="full")["deals"].records == 7


def test_a_damaged_result_is_never_dropped(settings: Settings, zoho: Zoho, connection: Connection) -> None:
    zoho.bulk_csv = lambda text: "\n".join(text.split("\n")[:-3]) + "\n"
    found = pull(settings, connection, "deals", mode="full")["deals"]
    assert found.exit_code == 3 and "5 records instead of 7" in str(found.problem)
    assert files(settings, "deals") == []
    zoho.bulk_csv = lambda text: text
    zoho.fail("/result", 200, b"<html>no zip</html>")
    assert pull_well(settings, connection, "deals", mode="full")["deals"].records == 7, "downloaded a second time"


def test_a_field_that_bulk_read_refuses_is_left_out(
    settings: Settings, zoho: Zoho, connection: Connection, caplog: pytest.LogCaptureFixture
) -> None:
    put_deal(zoho, 1, Picture="x", Lines="y")
    zoho.not_in_bulk = {"Picture"}
    zoho.fields["Deals"]["Lines"] = "subform"
    assert pull_well(settings, connection, "deals", mode="full")["deals"].records == 7
    assert "Picture" in caplog.text
    asked = json.loads(zoho.asked("POST /crm/bulk")[-1].body)
    assert not {"Picture", "Lines"} & set(asked["query"]["fields"])


def test_where_zoho_does_not_say_which_field_it_refuses_it_chooses_the_fields(
    settings: Settings, zoho: Zoho, connection: Connection
) -> None:
    put_deal(zoho, 1, Picture="x")
    zoho.not_in_bulk, zoho.says_what_is_not = {"Picture"}, False
    assert pull_well(settings, connection, "deals", mode="full")["deals"].records == 7
    assert "fields" not in json.loads(zoho.asked("POST /crm/bulk")[-1].body)["query"]


def test_a_module_that_cannot_be_bulk_read_is_asked_for_its_records(
    settings: Settings, zoho: Zoho, connection: Connection
) -> None:
    zoho.not_in_bulk = {"Deals"}
    pull_well(settings, connection, "deals", mode="full")
    (path,) = files(settings, "deals")
    assert path.suffix == ".jsonl" and manifest(path)["mode"] == "snapshot"
    taken_in(settings)
    assert landed_deals(settings) == deals_of(zoho)


def test_an_empty_module_gives_no_file(settings: Settings, zoho: Zoho, connection: Connection) -> None:
    zoho.modules["Deals"].clear()
    assert pull_well(settings, connection, "deals", mode="full")["deals"].note == "no records"
    assert pull_well(settings, connection, "deals")["deals"].note == "nothing new"
    assert files(settings, "deals") == []


# ---------------------------------------------------------------- tokens, throttling, faults


def test_a_token_that_runs_out_is_replaced_once(settings: Settings, zoho: Zoho, connection: Connection) -> None:
    zoho.page_size = 2

    def run_out(request: zoho_server.Request) -> None:
        if request.path == "/crm/v8/Deals" and len(zoho.asked("GET /crm/v8/Deals")) == 2:
            zoho.expire_tokens()

    zoho.after = run_out
    pull_well(settings, connection, "deals")
    assert len(zoho.asked("POST /oauth")) == 2
    assert len(all_records(settings, "deals")) == 7


def test_a_token_that_is_never_good_is_said(settings: Settings, zoho: Zoho, connection: Connection) -> None:
    zoho.after = lambda request: zoho.expire_tokens()
    found = pull(settings, connection, "deals", "accounts")
    assert found["accounts"].exit_code == 2 and "access token" in str(found["accounts"].problem)
    assert found["deals"].note == "not asked for"


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"login": "1000.WRONG"}, "client id"),
        ({"password": "wrong-secret-abcdef"}, "client secret"),
        ({"refresh_token": "1000.revoked-token-abcdef"}, "refresh token"),
    ],
)
def test_bad_credentials_are_said_without_them(
    settings: Settings, zoho: Zoho, changes: dict[str, str], said: str, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    extra = {"accounts_domain": zoho.address, "api_domain": zoho.address, "refresh_token": zoho_server.REFRESH_TOKEN}
    extra |= {name: value for name, value in changes.items() if name == "refresh_token"}
    bad = Connection.of(
        changes.get("login", zoho_server.CLIENT_ID), changes.get("password", zoho_server.CLIENT_SECRET), extra
    )
    found = pull(settings, bad, "deals")["deals"]
    assert found.exit_code == 2 and said in str(found.problem)
    told = caplog.text + str(found) + repr(bad)
    for secret in (*changes.values(), zoho_server.CLIENT_SECRET, zoho_server.REFRESH_TOKEN):
        if secret not in ("1000.WRONG",):
            assert secret not in told


def test_nothing_secret_is_logged_or_asked_for_in_an_address(
    settings: Settings, zoho: Zoho, connection: Connection, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    zoho.fail("GET /crm/v8/Deals", 500)
    pull_well(settings, connection)
    pull_well(settings, connection, "deals", mode="full")
    assert "next try" in caplog.text
    for secret in (zoho_server.CLIENT_SECRET, zoho_server.REFRESH_TOKEN, "1000.access-"):
        assert secret not in caplog.text
        assert not [request for request in zoho.requests if secret in request.path + str(request.query)]
        for path in settings.home.rglob("*"):
            assert not path.is_file() or secret.encode() not in path.read_bytes()


def test_throttling_is_waited_for_as_long_as_it_says(settings: Settings, zoho: Zoho, connection: Connection) -> None:
    zoho.fail("GET /crm/v8/Deals", 429, {"code": "TOO_MANY_REQUESTS"}, times=2, Retry_After="37")
    clock = Clock()
    assert pull(settings, connection, "deals", clock=clock)["deals"].records == 7
    assert clock.slept == [37, 37]


def test_without_a_word_how_long_the_waits_grow_and_end(settings: Settings, zoho: Zoho, connection: Connection) -> None:
    zoho.fail("GET /crm/v8/Deals", 429, {"code": "TOO_MANY_REQUESTS"}, times=1000)
    clock = Clock()
    found = pull(settings, connection, "deals", clock=clock)["deals"]
    assert clock.slept == [1, 2, 4, 8, 16, 32, 60]
    assert found.exit_code == 3 and "too many requests" in str(found.problem) and "later" in found.remedy
    assert files(settings, "deals") == []


@pytest.mark.parametrize(
    ("body", "after"), [({"code": "API_LIMIT_EXCEEDED"}, "1"), ({"code": "TOO_MANY_REQUESTS"}, "40000")]
)
def test_credits_that_are_used_up_end_the_pull_at_once(
    settings: Settings, zoho: Zoho, connection: Connection, body: dict[str, str], after: str
) -> None:
    pull_well(settings, connection, "accounts")
    zoho.fail("GET /crm/v8/Deals", 429, body, times=1000, Retry_After=after)
    clock = Clock()
    found = pull(settings, connection, "accounts", "deals", "calls", clock=clock)
    assert clock.slept == []
    assert found["accounts"].problem is None and found["calls"].note == "not asked for"
    assert found["deals"].exit_code == 3 and "credits" in str(found["deals"].problem)


@pytest.mark.parametrize("status", [500, 502, 503])
def test_faults_that_pass_are_waited_out(settings: Settings, zoho: Zoho, connection: Connection, status: int) -> None:
    zoho.fail("Deals", status, b"<html>busy</html>", times=2)
    zoho.fail("/oauth", status, times=1)
    zoho.fail("Deals", 200, b"<html>maintenance</html>", times=1)
    assert pull_well(settings, connection, "deals")["deals"].records == 7


def test_a_server_out_of_reach_is_said(settings: Settings, zoho: Zoho) -> None:
    away = connect(zoho, api_domain="http://127.0.0.1:9", accounts_domain="http://127.0.0.1:9")
    found = pull(settings, away, "deals")["deals"]
    assert found.exit_code == 3 and "127.0.0.1" in str(found.problem)


# ---------------------------------------------------------------- rights, modules, connections


def test_a_missing_scope_is_named_and_the_rest_is_pulled(
    settings: Settings, zoho: Zoho, connection: Connection
) -> None:
    zoho.scopes.remove("users")
    found = pull(settings, connection, "users", "deals")
    assert "read the users: its scope" in str(found["users"].problem) and "ZohoCRM.users.READ" in found["users"].remedy
    assert found["deals"].records == 7


def test_a_module_that_is_not_there_fails_only_who_asked_for_it(
    settings: Settings, zoho: Zoho, connection: Connection
) -> None:
    del zoho.modules["Quotes"], zoho.fields["Quotes"]
    assert "no module Quotes" in pull_well(settings, connection)["quotes"].note
    assert pull(settings, connection, "quotes")["quotes"].exit_code == 2
    del zoho.modules["Calls"], zoho.fields["Calls"]  # it was there before
    assert pull(settings, connection)["calls"].exit_code == 2


def test_rights_that_were_taken_away_are_said(settings: Settings, zoho: Zoho, connection: Connection) -> None:
    zoho.fail("GET /crm/v8/Accounts", 403, {"code": "NO_PERMISSION", "details": {}, "status": "error"}, times=9)
    found = pull(settings, connection)
    assert found["accounts"].exit_code == 2 and "profile" in found["accounts"].remedy
    assert found["deals"].records == 7


def test_deleted_records_that_may_not_be_seen_are_said_and_nothing_is_dropped_without_them(
    settings: Settings, zoho: Zoho, connection: Connection
) -> None:
    zoho.fail("GET /crm/v8/Deals/deleted", 403, {"code": "NO_PERMISSION"})
    found = pull(settings, connection, "deals")["deals"]
    assert found.exit_code == 2 and "the deleted records of Deals" in str(found.problem)
    assert files(settings, "deals") == []
    assert pull_well(settings, connection, "deals")["deals"].records == 7


def test_a_connection_that_breaks_in_the_middle_of_a_download_is_made_again(
    settings: Settings, zoho: Zoho, connection: Connection
) -> None:
    zoho.fail("/result", 200, b"PK\x03\x04 cut off", Content_Encoding="gzip")
    assert pull_well(settings, connection, "deals", mode="full")["deals"].records == 7


def test_the_feeds_of_the_connection_are_the_default(settings: Settings, zoho: Zoho) -> None:
    assert list(pull_well(settings, connect(zoho, feeds=["deals", "users"]))) == ["users", "deals"]


@pytest.mark.parametrize(
    ("extra", "said"),
    [
        ({"refresh_token": ""}, "refresh_token"),
        ({"data_centre": "mars"}, "data_centre"),
        ({"api_domain": "http://crm.example.com"}, "https"),
        ({"api_domain": "nonsense"}, "nonsense"),
        ({"feeds": ["dealz"]}, "did you mean 'deals'"),
        ({"modules": ["deals"]}, "modules"),
    ],
)
def test_a_connection_that_cannot_be_meant_is_refused(zoho: Zoho, extra: dict[str, object], said: str) -> None:
    with pytest.raises(BadInput) as raised:
        connect(zoho, **extra)
    assert said in str(raised.value)
    assert zoho_server.REFRESH_TOKEN not in str(raised.value)


def test_two_pulls_at_once_are_not_allowed(settings: Settings, zoho: Zoho, connection: Connection) -> None:
    told: list[object] = []

    def second(request: zoho_server.Request) -> None:
        if request.path == "/crm/v8/Deals" and not told:
            try:
                pull(settings, connection, "deals")
            except Exception as error:
                told.append(error)

    zoho.after = second
    pull_well(settings, connection, "deals")
    assert "another process" in str(told[0])


def test_without_its_memory_everything_is_pulled_again(settings: Settings, zoho: Zoho, connection: Connection) -> None:
    pull_well(settings, connection, "deals")
    Memory(settings, "zoho_crm", "deals").path.write_text("{ broken", encoding="utf-8")
    zoho.tick(3600)
    assert pull_well(settings, connection, "deals")["deals"].records == 7
    taken_in(settings)
    assert landed_deals(settings) == deals_of(zoho)
