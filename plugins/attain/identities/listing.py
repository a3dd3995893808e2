"""What nobody knows yet, as lines that can be pasted into the identity files once a person has filled them in."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path

from attain.errors import BadInput, Busy
from attain.identities.files import COLUMNS, CUSTOMERS, PEOPLE
from attain.settings import Settings

KINDS = {"people": "person", "customers": "customer"}
_FORMULA = ("=", "+", "-", "@")


@dataclass(frozen=True)
class Match:
    """What one text of one system was taken for.

    Attributes:
        entity_kind: `person` or `customer`.
        feeds: feeds that name it.
        reference: id, number or name as the records write it.
        reference_name: name that belongs to it.
        canonical_id: employee or customer that it is; `HOUSE` or `UNKNOWN`: nobody knows.
        match_status: `matched`, `ambiguous`, `unmatched` or `blank`.
        likely_match: candidates for a person to look at.
        likely_name: the name of the candidate, when there is one.
        row_count: records that name it.
        amounts: money on them by currency, e.g. `1200.00 CNY, 3.50 USD`.
    """

    entity_kind: str
    source_system: str
    feeds: str
    reference: str
    reference_name: str
    canonical_id: str
    match_status: str
    match_kind: str
    match_confidence: Decimal
    likely_match: str | None
    likely_name: str | None
    row_count: int
    amounts: str


_QUERY = """
    with matches as (
        select * from audit.identity_match
        where entity_kind in (select unnest(?::varchar[])) and (match_status in ('ambiguous', 'unmatched') or not ?)
    ), texts as (
        select
            entity_kind, source_system, string_agg(distinct feed, ' ' order by feed) as feeds, reference,
            max(reference_name) as reference_name, canonical_id, match_status, match_kind,
            max(match_confidence) as match_confidence, max(likely_match) as likely_match, sum(row_count) as row_count
        from matches
        group by entity_kind, source_system, reference, canonical_id, match_status, match_kind
    ), money as (
        select entity_kind, source_system, reference, canonical_id, match_kind, currency_code, sum(amount) as amount
        from matches where amount is not null
        group by all
    ), amounts as (
        select
            entity_kind, source_system, reference, canonical_id, match_kind,
            string_agg(amount || ' ' || currency_code, ', ' order by currency_code) as amounts,
            max(abs(amount)) as largest
        from money
        group by entity_kind, source_system, reference, canonical_id, match_kind
    )
    select
        texts.*, coalesce(employees.full_name, customers.customer_name) as likely_name,
        coalesce(amounts.amounts, '') as amounts
    from texts
    left join amounts using (entity_kind, source_system, reference, canonical_id, match_kind)
    left join kpi.dim_employee as employees
        on texts.entity_kind = 'person' and texts.likely_match = employees.employee_id
    left join kpi.dim_customer as customers
        on texts.entity_kind = 'customer' and texts.likely_match = customers.customer_id
    order by
        texts.entity_kind desc, amounts.largest desc nulls last, texts.row_count desc, texts.source_system,
        texts.reference, texts.canonical_id
"""


def list_matches(settings: Settings, kinds: Sequence[str] = (), *, unmatched: bool = False) -> list[Match]:
    """What the newest build took everybody for, the most money first.

    Args:
        settings: the home.
        kinds: `people` or `customers`; none: both.
        unmatched: only what nobody knows and what stands for two.

    Raises:
        BadInput: nothing has been built.
        Busy: a build is running.
    """
    import duckdb

    warehouse = _newest(settings)
    wanted = [KINDS[kind] for kind in (kinds or KINDS)]
    try:
        with duckdb.connect(str(warehouse), read_only=True) as connection:
            found = connection.execute(_QUERY, [wanted, unmatched])
            names = [column[0] for column in found.description or ()]
            rows = [dict(zip(names, row, strict=True)) for row in found.fetchall()]
    except duckdb.CatalogException:
        raise BadInput(f"{warehouse.name} holds no matches yet", "run: attain run") from None
    except duckdb.IOException as problem:
        raise Busy(f"the warehouse is being written: {problem}", "try again when the run is done") from None
    return [Match(**row) for row in rows]


def _newest(settings: Settings) -> Path:
    """The newest build: that of the candidate, which a refusal leaves there, else that of the current release."""
    import duckdb

    released = settings.releases / "current" / "attain.duckdb"
    if settings.warehouse_file.is_file():
        try:
            with duckdb.connect(str(settings.warehouse_file), read_only=True) as connection:
                if connection.execute(
                    "select 1 from duckdb_tables() where schema_name = 'audit' and table_name = 'identity_match'"
                ).fetchall():
                    return settings.warehouse_file
        except duckdb.IOException:
            if not released.is_file():
                raise Busy("the warehouse is being written", "try again when the run is done") from None
    if released.is_file():
        return released
    raise BadInput("nothing has been built yet", "run: attain run")


def as_csv(matches: Sequence[Match]) -> str:
    """Lines for the identity files, one file after the other: who it is stays blank, `note` says what is known."""
    parts = []
    for kind, name in (("person", PEOPLE), ("customer", CUSTOMERS)):
        of_kind = [match for match in matches if match.entity_kind == kind and match.reference]
        if of_kind:
            written = io.StringIO()
            writer = csv.writer(written, lineterminator="\n")
            writer.writerow(COLUMNS[name])
            writer.writerows(_lines(name, of_kind))
            parts.append((name, written.getvalue()))
    if len(parts) == 1:
        return parts[0][1].rstrip("\n")
    return "\n".join(f"# for identities/{name}\n{lines}" for name, lines in parts).rstrip("\n")


def _lines(name: str, matches: Sequence[Match]) -> Iterator[list[str]]:
    said: set[tuple[str, str]] = set()
    for match in matches:
        if (match.source_system, match.reference) in said:
            continue
        said.add((match.source_system, match.reference))
        target = match.canonical_id if match.match_status == "matched" else ""
        blanks = [""] if name == PEOPLE else []
        yield [match.source_system, _harmless(match.reference), target, *blanks, _note(match)]


def _note(match: Match) -> str:
    facts = [match.match_status if match.match_status != "matched" else match.match_kind]
    if match.reference_name not in ("", match.reference):
        facts.append(match.reference_name)
    facts.append(f"{match.row_count} {'row' if match.row_count == 1 else 'rows'} of {match.feeds}")
    if match.amounts:
        facts.append(match.amounts)
    if match.likely_match:
        facts.append(f"perhaps {match.likely_match}{f' {match.likely_name}' if match.likely_name else ''}")
    return _harmless("; ".join(facts))


def _harmless(text: str) -> str:
    """Text that Excel will not run as a formula; the reader takes the mark away again."""
    return f"'{text}" if text.startswith(_FORMULA) else text
