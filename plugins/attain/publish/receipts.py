"""The receipt of a release: what was published, from which inputs, by which code; enough to check it in ten years.

`receipt.json` has sorted keys and no time of day: the same inputs give the same bytes. When it was published is in
the control database.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any

from attain.errors import BadInput
from attain.publish import tables
from attain.quality.results import Verdict
from attain.transform.candidate import Candidate

NAME = "receipt.json"


@dataclass(frozen=True)
class Input:
    """A committed delivery that the release was made from."""

    delivery_id: str
    source_system: str
    source: str
    feed: str
    file_name: str
    sha256: str
    rows_in_file: int
    rows_loaded: int
    rows_quarantined: int
    rows_declared_totals: int
    rows_not_for_feed: int


def write(
    folder: Path,
    candidate: Candidate,
    verdict: Verdict,
    run: dict[str, Any],
    plan_files: dict[str, str],
    inputs: Sequence[Input],
    counts: dict[str, int],
) -> dict[str, Any]:
    """Write `receipt.json` over all files that lie in the folder of a release by now, and return what it says.

    Args:
        run: the row of the warehouse's `control.run`: settings as they were when the candidate was built.
        plan_files: SHA-256 by name of plan file, as compiled into the candidate.
        inputs: the deliveries of the candidate.
        counts: rows by full name of published table.
    """
    outcomes = [result.outcome for result in verdict.results]
    receipt = {
        "release_id": candidate.release_id,
        "run_id": candidate.run_id,
        "fingerprint": candidate.fingerprint,
        "as_of_date": candidate.as_of_date.isoformat(),
        "code_version": candidate.code_version,
        "settings": {
            "business_timezone": run["business_timezone"],
            "fx_rate_type": run["fx_rate_type"],
            "fx_max_age_days": run["fx_max_age_days"],
            "max_held_exposure": verdict.max_held_exposure,
        },
        "inputs": [asdict(item) for item in sorted(inputs, key=lambda item: item.delivery_id)],
        "plan_files": plan_files,
        "verdict": {
            "checks_run": len(outcomes),
            "checks_passed": outcomes.count("passed"),
            "held_payees": verdict.held_payees,
            "exposure": [asdict(entry) for entry in verdict.exposure],
            "not_passed": [
                {
                    "name": result.name,
                    "kind": result.kind,
                    "table": result.table,
                    "severity": result.severity,
                    "outcome": result.outcome,
                    "is_held": result.is_held,
                    "failing_rows": result.failures,
                    "owner": result.owner,
                    "reason": result.reason,
                }
                for result in verdict.results
                if result.outcome != "passed"
            ],
        },
        "tables": counts,
        "files": {
            path.relative_to(folder).as_posix(): {"sha256": sha256_of(path), "bytes": path.stat().st_size}
            for path in _files(folder)
        },
        "payouts": payouts(folder),
    }
    text = json.dumps(receipt, indent=2, sort_keys=True, ensure_ascii=False) + "\n"
    (folder / NAME).write_text(text, encoding="utf-8")
    return receipt


def payouts(folder: Path) -> dict[str, Any]:
    """Payable money of a release, exact, as decimal text: by currency, and by period and currency."""
    by_period: dict[str, dict[str, str]] = {}
    by_currency: dict[str, Decimal] = {}
    with tables.connect(folder) as engine:
        for row in tables.rows(
            engine,
            """SELECT period, currency_code, sum(payable_amount) AS payable_amount
               FROM incentive.fct_payout GROUP BY ALL ORDER BY ALL""",
        ):
            amount = Decimal(row["payable_amount"])
            by_period.setdefault(row["period"], {})[row["currency_code"]] = str(amount)
            by_currency[row["currency_code"]] = by_currency.get(row["currency_code"], Decimal("0.00")) + amount
    return {
        "payable_by_period": by_period,
        "payable_by_currency": {code: str(amount) for code, amount in sorted(by_currency.items())},
    }


def read(folder: Path) -> dict[str, Any]:
    """What the receipt in a folder says.

    Raises:
        BadInput: there is none, or it is not a receipt.
    """
    try:
        receipt = json.loads((folder / NAME).read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise BadInput(f"{folder.name} has no {NAME}: it is not a complete release") from None
    except ValueError:
        receipt = None
    if not isinstance(receipt, dict) or not isinstance(receipt.get("files"), dict):
        raise BadInput(f"{folder.name}/{NAME} can't be read as a receipt")
    return receipt


def differences(folder: Path) -> list[str]:
    """What in a folder is not as its receipt says, one sentence each; an empty list when all is.

    Every file is hashed again. A file the receipt does not know is a difference too.

    Raises:
        BadInput: no receipt that can be read.
    """
    listed = read(folder)["files"]
    there = {path.relative_to(folder).as_posix(): path for path in _files(folder)}
    found = [f"{name} is missing" for name in listed if name not in there]
    found += [f"{name} is not on the receipt" for name in there if name not in listed]
    for name, path in there.items():
        if name in listed and (path.is_symlink() or sha256_of(path) != listed[name]["sha256"]):
            found.append(f"{name} has been changed")
    return found


def sha256_of(path: Path) -> str:
    """SHA-256 of a file's bytes, in hexadecimal."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _files(folder: Path) -> list[Path]:
    return sorted(path for path in folder.rglob("*") if path.is_file() and path.relative_to(folder) != Path(NAME))
