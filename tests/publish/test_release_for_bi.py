"""With a BI database a release is visible there and in the files together, and a crash between the two is mended."""

from __future__ import annotations

import dataclasses
from decimal import Decimal

import psycopg
import pytest

from attain.errors import Busy
from attain.publish import postgres, release
from attain.settings import Settings
from tests.postgres_server import PostgresServer
from tests.publish.conftest import MakeCandidate

pytest_plugins = ["tests.postgres_server"]


@pytest.fixture
def served(settings: Settings, postgres_server: PostgresServer, postgres_database: str) -> Settings:
    """A home that publishes to an empty BI database too."""
    return dataclasses.replace(settings, bi_dsn=postgres_server.dsn(postgres_database))


def payable(settings: Settings) -> dict[str, Decimal]:
    with psycopg.connect(settings.bi_dsn) as connection:
        found = connection.execute(
            "select currency_code, sum(payable_amount) from incentive.fct_payout group by currency_code"
        )
        return dict(found.fetchall())


def test_the_same_money_in_files_and_in_postgresql(served: Settings, make_candidate: MakeCandidate) -> None:
    made = make_candidate(served)
    published = release.publish(served)
    assert postgres.current(served.bi_dsn) == made.candidate.release_id
    assert {code: str(amount) for code, amount in payable(served).items()} == published.payout_totals


def test_a_crash_between_files_and_switch_is_mended(
    served: Settings, make_candidate: MakeCandidate, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = make_candidate(served).candidate.release_id
    release.publish(served)
    second = make_candidate(served, of="second").candidate.release_id

    def dies(_: Settings, __: str) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched, pytest.raises(KeyboardInterrupt):
        patched.setattr(release, "_switch_for_bi", dies)
        release.publish(served)
    assert (release.current_release_id(served), postgres.current(served.bi_dsn)) == (second, first)
    release.recover(served)
    assert postgres.current(served.bi_dsn) == second


def test_a_rollback_reaches_bi(served: Settings, make_candidate: MakeCandidate) -> None:
    first = make_candidate(served).candidate.release_id
    release.publish(served)
    make_candidate(served, of="second", payouts=[])
    release.publish(served)
    assert payable(served) == {}
    release.rollback(served, first, "finance")
    assert postgres.current(served.bi_dsn) == first
    assert payable(served)["CNY"] == Decimal("12645.97")


def test_an_unreachable_database_leaves_everything_as_it_was(served: Settings, make_candidate: MakeCandidate) -> None:
    first = make_candidate(served).candidate.release_id
    release.publish(served)
    make_candidate(served, of="second")
    nowhere = dataclasses.replace(served, bi_dsn="postgresql://someone:secret-word@127.0.0.1:1/nothing")
    with pytest.raises(Busy) as caught:
        release.publish(nowhere)
    assert "secret-word" not in str(caught.value)
    assert release.current_release_id(served) == first
    assert postgres.current(served.bi_dsn) == first
    release.publish(served)
    assert release.current_release_id(served) != first


def test_the_dsn_is_in_no_representation(served: Settings) -> None:
    assert served.bi_dsn not in repr(served)
