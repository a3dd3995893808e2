"""Contracts: what ships is sound, and a malformed one is refused with its place and fault."""

from __future__ import annotations

from pathlib import Path

import pytest

from attain.errors import BadInput
from attain.ingest import contracts

GOOD = """
source: demo
title: {en: Demo, zh: 演示}
owner: somebody
feeds:
  things:
    title: {en: Things, zh: 物}
    mode: changes
    key: [thing_id]
    modified: changed_at
    horizon: [changed_at]
    columns:
      thing_id: {type: id, required: true, aliases: [Thing Id, 编号], zh: 编号, description: Id}
      changed_at: {type: timestamp, aliases: [Changed], zh: 更新, description: When}
      state: {type: text, aliases: [State], default: open, values: {On: open, Off: closed}, zh: 状态, description: S}
"""


def _load(folder: Path, text: str) -> contracts.Feed:
    (folder / "demo.yml").write_text(text, encoding="utf-8")
    return contracts._read_source(folder / "demo.yml").feeds["things"]


def test_a_contract_as_read(tmp_path: Path) -> None:
    feed = _load(tmp_path, GOOD)
    assert (feed.code, feed.key, feed.modified, feed.horizon) == (
        "demo.things",
        ("thing_id",),
        "changed_at",
        ("changed_at",),
    )
    state = feed.by_name["state"]
    assert (state.default, state.headers, state.sql_type) == ("open", ("State", "state"), "VARCHAR")
    assert [column.required for column in feed.columns] == [True, False, False]


def test_any_change_of_a_contract_changes_its_hash(tmp_path: Path) -> None:
    first = _load(tmp_path, GOOD).contract_sha256
    assert _load(tmp_path, GOOD + "\n# a comment\n").contract_sha256 == first
    assert _load(tmp_path, GOOD.replace("default: open", "default: closed")).contract_sha256 != first


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ("source: demo", "source: other", "source: is 'other', but the file is called demo.yml"),
        ("mode: changes", "mode: sometimes", "feeds.things.mode: is 'sometimes'"),
        ("key: [thing_id]", "key: [thing]", "names no column: 'thing'; did you mean 'thing_id'"),
        ("key: [thing_id]", "key: []", "a record must have a name"),
        ("modified: changed_at", "modified: changed", "names no column: 'changed'"),
        ("horizon: [changed_at]", "horizon: [state]", "state is no date"),
        ("    columns:", "    horizon_where: {state: {state: [on]}}\n    columns:", "names no column: 'state'"),
        ("    columns:", "    horizon_where: {changed_at: {stat: [on]}}\n    columns:", "did you mean 'state'"),
        ("type: timestamp", "type: datetime", "type: is 'datetime'"),
        ("aliases: [State]", "aliases: [thing id]", "share the header 'thingid'"),
        ("aliases: [State]", "alias: [State]", "does not know 'alias'; did you mean 'aliases'"),
        ("    key: [thing_id]\n", "", "lacks 'key'"),
        ("state: {", "_state: {", "belong to the house"),
        ("feeds:", "feeds: [", "is not YAML"),
    ],
)
def test_a_malformed_contract_is_refused(tmp_path: Path, old: str, new: str, says: str) -> None:
    assert old in GOOD
    with pytest.raises(BadInput) as refused:
        _load(tmp_path, GOOD.replace(old, new, 1))
    assert refused.value.message.startswith("contract demo.yml")
    assert says in refused.value.message


def test_shipped_contracts_are_sound() -> None:
    found = contracts.feeds()
    assert {feed.source for feed in found.values()} == {"zoho_crm", "jiandaoyun_crm", "finance", "hr"}
    assert len(found) == 43
    for feed in found.values():
        for column in feed.columns:
            assert column.zh and column.description, (feed.code, column.name)


def test_an_unknown_feed_is_refused_with_the_nearest() -> None:
    with pytest.raises(BadInput, match=r"did you mean 'zoho_crm\.deals'"):
        contracts.feed("zoho_crm.deal")


@pytest.mark.parametrize("text", ["Deal Owner", "deal owner", "DealOwner", "\ufeffDeal\u3000Owner ", "Ｄｅａｌ Owner"])
def test_headers_are_compared_without_case_blanks_and_width(text: str) -> None:
    assert contracts.normalise_header(text) == "dealowner"
