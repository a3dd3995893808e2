"""What the sample company's files hold: kept in `demo.json` in the home, so that what ingest finds can be compared."""

from __future__ import annotations

import dataclasses
import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from attain.demo.writers import DirtyRow, WrittenFile
from attain.errors import BadInput
from attain.settings import Settings

FILE_NAME = "demo.json"


@dataclass
class DemoReport:
    """What was generated.

    Attributes:
        seed, scale: what it was generated from; the same two give the same bytes.
        rows: data rows of all files, dirty ones included, duplicates counted again.
        dirty_rows: of them, rows that break their contract on purpose.
        totals_rows: rows that add up the others.
        files: one entry a file, in order of path.
        oddities: what is readable but needs an answer downstream, with how often it occurs in the company.
        late_files: how many later deliveries were made since (`attain.demo.late_file`).
    """

    seed: int
    scale: int
    rows: int
    dirty_rows: int
    totals_rows: int
    files: list[WrittenFile]
    oddities: dict[str, int] = field(default_factory=dict)
    late_files: int = 0

    @property
    def sentence(self) -> str:
        """What was written, for a person."""
        return (
            f"wrote a sample company of {self.rows:,} rows in {len(self.files)} files (seed {self.seed}, "
            f"scale {self.scale}); {self.dirty_rows} rows are spoilt on purpose"
        )


def path(settings: Settings) -> Path:
    return settings.home / FILE_NAME


def read(settings: Settings) -> DemoReport:
    """The report of the company that this home holds.

    Raises:
        BadInput: there is none, or its manifest can't be read.
    """
    try:
        content: dict[str, Any] = json.loads(path(settings).read_text(encoding="utf-8"))
        files = [
            WrittenFile(**{**entry, "dirty": [DirtyRow(**row) for row in entry["dirty"]]}) for entry in content["files"]
        ]
        return DemoReport(**{**content, "files": files})
    except FileNotFoundError:
        raise BadInput("this home holds no sample company", "make one with `attain demo`") from None
    except (ValueError, TypeError, KeyError) as error:
        raise BadInput(
            f"{FILE_NAME} can't be read: {error}", f"remove {path(settings)} and run `attain demo` again"
        ) from error


def write(settings: Settings, report: DemoReport) -> None:
    """Keep the report, replacing the one before in one step."""
    settings.home.mkdir(parents=True, exist_ok=True)
    target = path(settings)
    hidden = target.with_name(f".{target.name}.part")
    text = json.dumps(dataclasses.asdict(report), ensure_ascii=False, indent=1, sort_keys=True)
    hidden.write_text(text + "\n", encoding="utf-8")
    hidden.replace(target)
