"""What the gate finds and what it decides: plain data, JSON-ready by `dataclasses.asdict`.

Money is decimal text with a currency beside it. Nothing here holds a time: the same candidate gives the same verdict.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

KINDS = ("dbt", "expectation", "reference")


@dataclass(frozen=True)
class CheckResult:
    """One check and what became of it.

    Attributes:
        name: unique within its kind and table.
        kind: `dbt`, `expectation` or `reference` (the comparison with the second pay engine).
        severity: `critical` refuses or holds, `warning` is published and listed, `info` is recorded.
        scope: `table`, or `rows` when holding the payees of the failing rows is enough.
        outcome: `passed`, `failed`, or `errored` when it could not be evaluated.
        failures: number of failing rows; 0 when it passed.
        owner: who answers for it.
        reason: what goes wrong, for whom, when it fails.
        remedy: what to do then.
        table: `schema.table`, or the dbt model, that it is about.
        detail: what was observed, or the error.
        sample_rows: up to 10 failing rows, with file, row and document where those are known.
        payees: ids of the people that the failing rows belong to.
        deliveries: ids of the deliveries that the failing rows came from.
        money: what those payees earned in the candidate, before holds: currency to decimal text.
        has_payees: whether every failing row names its payee.
        payee_names: names of those payees, as far as they are known: id to name.
    """

    name: str
    kind: str
    severity: str
    scope: str
    outcome: str
    failures: int
    owner: str
    reason: str
    remedy: str
    table: str
    detail: str = ""
    sample_rows: list[dict[str, Any]] = field(default_factory=list)
    payees: list[str] = field(default_factory=list)
    deliveries: list[str] = field(default_factory=list)
    money: dict[str, str] = field(default_factory=dict)
    has_payees: bool = False
    payee_names: dict[str, str] = field(default_factory=dict)

    @property
    def is_critical(self) -> bool:
        """Whether it counts as a failed critical check. One that could not be evaluated always does."""
        return self.outcome == "errored" or (self.outcome == "failed" and self.severity == "critical")

    @property
    def is_held(self) -> bool:
        """Whether its failure is answered by holding the payees of its rows (rule D5), not by refusing everything."""
        return self.outcome == "failed" and self.severity == "critical" and self.scope == "rows" and self.has_payees


@dataclass(frozen=True)
class HeldPayee:
    """A payee whose pay is kept back because of one check, and what that payee earned in one currency (decimal text).

    `currency_code` is empty for a payee who earned nothing.
    """

    payee_id: str
    check_name: str
    reason: str
    remedy: str
    exposure_amount: str
    currency_code: str


@dataclass(frozen=True)
class Exposure:
    """Money of the held payees beside all money of the candidate, in one currency (decimal text; share 0–1)."""

    currency_code: str
    held_amount: str
    total_amount: str
    share: str


@dataclass(frozen=True)
class Verdict:
    """The gate's word on one candidate.

    Attributes:
        run_id: run that built the candidate.
        release_id: release that it would become.
        fingerprint: its inputs; a verdict speaks of no other candidate.
        warehouse_stamp: size and change time of the warehouse file that was checked.
        is_refused: whether nothing of it may be published.
        refusals: why, one sentence each; empty when it may be published.
        results: every check that was run.
        holds: who is held, and by which check; in a refused candidate, who would be.
        held_payees: ids of the held payees, sorted.
        exposure: money of the held payees, by currency.
        max_held_exposure: the share above which holds become a refusal (decimal text, 0–1).
    """

    run_id: str
    release_id: str
    fingerprint: str
    warehouse_stamp: str
    is_refused: bool
    refusals: list[str]
    results: list[CheckResult]
    holds: list[HeldPayee] = field(default_factory=list)
    held_payees: list[str] = field(default_factory=list)
    exposure: list[Exposure] = field(default_factory=list)
    max_held_exposure: str = "0"

    def __str__(self) -> str:
        """The verdict in words."""
        from attain.quality.report import render

        return render(self)

    @property
    def blocking(self) -> list[CheckResult]:
        """The failed critical checks that refuse the candidate by themselves."""
        return [result for result in self.results if result.is_critical and not result.is_held]

    @property
    def warnings(self) -> list[CheckResult]:
        """The failed checks that are published with the release, for a person to answer."""
        return [result for result in self.results if result.outcome == "failed" and result.severity == "warning"]
