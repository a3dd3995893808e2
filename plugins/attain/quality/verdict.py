"""The gate: checks the candidate, holds whom it must, and says whether it may be published.

A verdict is stored beside the warehouse. It speaks of one candidate, as it was when it was checked; it is never
accepted for another one, nor after the warehouse has been changed.
"""

from __future__ import annotations

import dataclasses
import json
import logging
import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from decimal import Decimal
from pathlib import Path
from typing import Any

from attain.control import lock
from attain.errors import AttainError, BadInput, Refused
from attain.quality import checks, dialect, holds, policy, rows
from attain.quality.report import render
from attain.quality.results import CheckResult, Exposure, HeldPayee, Verdict
from attain.settings import Settings
from attain.transform import candidate as candidates

__all__ = ["CheckResult", "Exposure", "HeldPayee", "Verdict", "check", "load_verdict", "render", "verdict_file"]

# Holding payees changes tables that checks read, so they are run again until nobody else is to be held.
_MAX_ROUNDS = 4


def verdict_file(settings: Settings) -> Path:
    """Where the verdict on the candidate is stored."""
    return settings.warehouse / "verdict.json"


def check(settings: Settings, run_id: str | None = None) -> Verdict:
    """Run every check on the candidate, hold the payees that need it, decide, and store the verdict.

    Args:
        settings: the home.
        run_id: the run that built the candidate; None: whichever candidate there is.

    Raises:
        Busy: another process is writing, or another run has replaced this candidate.
        BadInput: there is no candidate, or a suite file can't be used.
    """
    with lock.writer(settings), _logging_to(settings.logs / "quality.log"):
        candidate = candidates.load_candidate(settings, run_id)
        verdict_file(settings).unlink(missing_ok=True)
        _require_its_warehouse(settings, candidate)
        held = holds.recorded(settings, candidate.fingerprint)
        for _ in range(_MAX_ROUNDS):
            results = checks.dbt_checks(settings, candidate.run_id) + checks.expectation_checks(settings)
            found = _joined(held, _to_hold(settings, results))
            is_settled = _keys(found) == _keys(held)
            held = found
            exposure = _exposure(settings, held)
            # Nobody needs to be held in what is refused as a whole.
            if is_settled or _is_refused_anyway(settings, results, exposure):
                break
            holds.apply(settings, candidate.run_id, candidate.fingerprint, held)
        else:
            raise AttainError(
                f"after {_MAX_ROUNDS} rounds of holding payees, checks still find others to hold",
                "look at the checks with `scope: rows`: holding a payee must not make them fail for another one",
            )
        results += checks.reference_checks(settings, candidate.fingerprint)
        verdict = _decide(settings, candidate, results, held, exposure)
        _store(settings, verdict)
        return verdict


def load_verdict(settings: Settings, run_id: str | None = None) -> Verdict:
    """The stored verdict on the candidate that is there now.

    Raises:
        Busy: another run has replaced the candidate of `run_id`.
        Refused: the candidate has not been checked, or the verdict is on another one, or the warehouse has been
            changed since.
    """
    candidate = candidates.load_candidate(settings, run_id)
    remedy = "check it: attain check"
    try:
        stored = _from_json(json.loads(verdict_file(settings).read_text(encoding="utf-8")))
    except FileNotFoundError:
        raise Refused(f"the candidate {candidate.release_id} has not been checked", remedy) from None
    except (OSError, ValueError, TypeError, KeyError) as problem:
        raise Refused(f"the verdict on {candidate.release_id} can't be read: {problem}", remedy) from None
    if (stored.run_id, stored.fingerprint) != (candidate.run_id, candidate.fingerprint):
        raise Refused(f"the verdict is on {stored.release_id}, not on the candidate {candidate.release_id}", remedy)
    if stored.warehouse_stamp != _stamp(settings):
        raise Refused(f"the warehouse was changed after {candidate.release_id} had been checked", remedy)
    return stored


@contextmanager
def _logging_to(log_file: Path) -> Iterator[None]:
    """Send the gate's log and that of Great Expectations to a file: people are told by the verdict."""
    log_file.parent.mkdir(parents=True, exist_ok=True)
    handler = logging.FileHandler(log_file, mode="w", encoding="utf-8")
    handler.setFormatter(logging.Formatter("%(levelname)s %(name)s: %(message)s"))
    loggers = [logging.getLogger("attain.quality"), logging.getLogger("great_expectations")]
    before = [logger.propagate for logger in loggers]
    for logger in loggers:
        logger.addHandler(handler)
        logger.propagate = False
    try:
        yield
    finally:
        for logger, propagate in zip(loggers, before, strict=True):
            logger.removeHandler(handler)
            logger.propagate = propagate
        handler.close()


def _require_its_warehouse(settings: Settings, candidate: candidates.Candidate) -> None:
    """A candidate that is already published is not built again; the warehouse may then hold a later, refused one."""
    built = None
    if settings.warehouse_file.is_file():
        with dialect.connect(settings.warehouse_file) as connection:
            built = connection.execute("select fingerprint from control.run").fetchall()
    if built != [(candidate.fingerprint,)]:
        raise BadInput(
            f"the warehouse does not hold the candidate {candidate.release_id}",
            "run: attain build; when it says that nothing is new, this candidate is published already",
        )


def _to_hold(settings: Settings, results: Sequence[CheckResult]) -> list[HeldPayee]:
    payees = sorted({payee for result in results if result.is_held for payee in result.payees})
    if not payees:
        return []
    with dialect.connect(settings.warehouse_file) as connection:
        return policy.holds_of(results, rows.earned_by_payee(connection, payees))


def _joined(held: Sequence[HeldPayee], more: Sequence[HeldPayee]) -> list[HeldPayee]:
    """All holds; of one that was there before, the newly found one, which knows the remedy."""
    joined = {(hold.payee_id, hold.check_name, hold.currency_code): hold for hold in [*held, *more]}
    return [joined[key] for key in sorted(joined)]


def _keys(held: Sequence[HeldPayee]) -> set[tuple[str, str, str]]:
    return {(hold.payee_id, hold.check_name, hold.currency_code) for hold in held}


def _exposure(settings: Settings, held: Sequence[HeldPayee]) -> list[Exposure]:
    if not held:
        return []
    with dialect.connect(settings.warehouse_file) as connection:
        return policy.exposure_of(held, rows.earned_in_all(connection))


def _limit(settings: Settings) -> Decimal:
    return Decimal(str(settings.max_held_exposure))


def _is_refused_anyway(settings: Settings, results: Sequence[CheckResult], exposure: Sequence[Exposure]) -> bool:
    blocked = any(result.is_critical and not result.is_held for result in results)
    return blocked or bool(policy.excess_of(exposure, _limit(settings)))


def _decide(
    settings: Settings,
    candidate: candidates.Candidate,
    results: Sequence[CheckResult],
    held: Sequence[HeldPayee],
    exposure: list[Exposure],
) -> Verdict:
    payees = sorted({hold.payee_id for hold in held})
    limit = _limit(settings)
    refusals = policy.refusals_of(results, exposure, limit, len(payees))
    return Verdict(
        run_id=candidate.run_id,
        release_id=candidate.release_id,
        fingerprint=candidate.fingerprint,
        warehouse_stamp=_stamp(settings),
        is_refused=bool(refusals),
        refusals=refusals,
        results=sorted(results, key=lambda result: (result.kind, result.table, result.name)),
        holds=list(held),
        held_payees=payees,
        exposure=exposure,
        max_held_exposure=str(limit),
    )


def _stamp(settings: Settings) -> str:
    """Tells whether the warehouse file has been written since."""
    try:
        found = settings.warehouse_file.stat()
    except FileNotFoundError:
        return "absent"
    return f"{found.st_size}-{found.st_mtime_ns}"


def _store(settings: Settings, verdict: Verdict) -> None:
    """Write the verdict so that a reader finds a whole one or none, even when the machine stops half-way."""
    target = verdict_file(settings)
    draft = target.with_name(f".{target.name}.{os.getpid()}")
    with draft.open("w", encoding="utf-8") as file:
        json.dump(dataclasses.asdict(verdict), file, ensure_ascii=False, indent=1)
        file.flush()
        os.fsync(file.fileno())
    draft.replace(target)
    folder = os.open(target.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


def _from_json(content: dict[str, Any]) -> Verdict:
    return Verdict(
        **{
            **content,
            "results": [CheckResult(**entry) for entry in content["results"]],
            "holds": [HeldPayee(**entry) for entry in content["holds"]],
            "exposure": [Exposure(**entry) for entry in content["exposure"]],
        }
    )
