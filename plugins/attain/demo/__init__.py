"""A believable sample company, written as the exports that real systems make.

`generate` writes it into the inbox, `late_file` delivers one more file of it, `corrupt` one that the gate must refuse.
"""

from __future__ import annotations

from pathlib import Path

from attain.demo import company, exports, manifest
from attain.demo.company import DEFAULT_SEED, MAX_SCALE
from attain.demo.later import KINDS, CorruptReport, corrupt, late_file
from attain.demo.manifest import DemoReport
from attain.demo.trainings import trainings
from attain.errors import BadInput
from attain.settings import Settings

__all__ = [
    "DEFAULT_SEED",
    "KINDS",
    "MAX_SCALE",
    "ROWS_PER_SCALE",
    "CorruptReport",
    "DemoReport",
    "corrupt",
    "generate",
    "is_generated",
    "is_wanted",
    "late_file",
]

ROWS_PER_SCALE = 24_000
"""Source rows that each unit of scale brings at least: scale 420 gives more than ten million."""


def is_generated(settings: Settings) -> bool:
    """Whether this home holds a sample company that was written to its end."""
    return manifest.path(settings).is_file()


def is_wanted(settings: Settings) -> bool:
    """Whether this home is empty: no sample company was written, and nobody has put files of their own into it."""
    if is_generated(settings) or settings.lake.exists():
        return False
    return not any(found.is_file() and not found.name.startswith(".") for found in settings.inbox.rglob("*"))


def generate(
    settings: Settings, scale: int = 1, seed: int = DEFAULT_SEED, target: Path | None = None
) -> manifest.DemoReport:
    """Write the sample company's exports.

    The company grows by a branch of about sixty people and `ROWS_PER_SCALE` rows with each unit of scale. Branches
    are written one after the other, so memory does not grow with the scale. Every file appears whole, under its
    final name, at the end.

    Args:
        scale: number of branches, 1 to `MAX_SCALE`.
        seed: the same seed and scale give the same bytes.
        target: folder to write to instead of the inbox, for data that is not to be ingested here; no manifest is kept.

    Raises:
        BadInput: a scale out of range, or the home holds a company of another seed or scale already.
    """
    if not 1 <= scale <= MAX_SCALE:
        raise BadInput(f"scale {scale} is out of range", f"give a whole number from 1 to {MAX_SCALE}")
    late_files = 0
    if target is None and is_generated(settings):
        before = manifest.read(settings)
        if (before.seed, before.scale) != (seed, scale):
            raise BadInput(
                f"this home holds the sample company of seed {before.seed} and scale {before.scale}",
                "use another ATTAIN_HOME for another company",
            )
        late_files = before.late_files
    writer = exports.Exports(target or settings.inbox, scale, company.rates(seed))
    try:
        writer.write_shared()
        for number in range(scale):
            _write_branch(writer, seed, number)
        files = writer.close()
    except BaseException:
        writer.abandon()
        raise
    report = DemoReport(
        seed=seed,
        scale=scale,
        rows=sum(file.rows for file in files),
        dirty_rows=sum(file.dirty_rows for file in files),
        totals_rows=sum(file.totals_rows for file in files),
        files=files,
        oddities=dict(sorted(writer.oddities.items())),
        late_files=late_files,
    )
    if target is None:
        manifest.write(settings, report)
    return report


def _write_branch(writer: exports.Exports, seed: int, number: int) -> None:
    # A branch lives no longer than this: two at once would be the peak of memory.
    branch = company.branch(seed, number)
    writer.write_branch(branch, seed)
    writer.write_trainings(trainings(seed, branch))
