"""The door: same bytes everywhere, bounded memory, all or nothing."""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from attain import demo
from attain.demo import exports, manifest, writers
from attain.errors import BadInput
from attain.settings import Settings
from tests.demo.conftest import Sample, read_sheet


def digests(folder: Path) -> dict[str, str]:
    return {
        path.relative_to(folder).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


@pytest.mark.parametrize("hash_seed", ["0", "4242"])
def test_another_process_writes_the_same_bytes(sample: Sample, tmp_path: Path, hash_seed: str) -> None:
    code = (
        "import sys; from pathlib import Path; from attain import demo; from attain.settings import Settings\n"
        "demo.generate(Settings.from_environment({'ATTAIN_HOME': sys.argv[1]}))"
    )
    environment = {**os.environ, "PYTHONHASHSEED": hash_seed, "TZ": "America/New_York"}
    subprocess.run([sys.executable, "-c", code, str(tmp_path / "home")], env=environment, check=True, timeout=60)
    assert digests(tmp_path / "home") == digests(sample.settings.home)


def test_the_manifest_knows_every_file_and_its_bytes(sample: Sample) -> None:
    assert {file.path: file.sha256 for file in sample.report.files} == digests(sample.settings.inbox)
    assert manifest.read(sample.settings) == sample.report
    assert str(sample.settings.home) not in (sample.settings.home / "demo.json").read_text(encoding="utf-8")


def test_another_seed_is_another_company(settings: Settings, sample: Sample, tmp_path: Path) -> None:
    other = demo.generate(settings, seed=5, target=tmp_path / "other")
    ours = {file.path: file.sha256 for file in sample.report.files}
    same = {file.path for file in other.files if ours.get(file.path) == file.sha256}
    assert same == {"zoho_crm/products/Products_2026_10_31.csv"}
    assert not demo.is_generated(settings), "data for elsewhere leaves the home alone"
    assert not settings.home.exists()


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="the peak of memory is read from /proc")
def test_memory_does_not_grow_with_the_scale(tmp_path: Path) -> None:
    code = (
        "import re, sys; from pathlib import Path; from attain import demo; from attain.demo import exports\n"
        "from attain.settings import Settings\n"
        "exports.WORKBOOK_SCALE = 0\n"  # tables, as at any scale where memory could matter
        "settings = Settings.from_environment({'ATTAIN_HOME': sys.argv[1]})\n"
        "demo.generate(settings, scale=int(sys.argv[2]), target=settings.home / 'files')\n"
        "print(re.search(r'VmHWM:\\s+(\\d+)', Path('/proc/self/status').read_text())[1])"
    )

    def peak_kilobytes(scale: int) -> int:
        home = str(tmp_path / str(scale))
        run = [sys.executable, "-c", code, home, str(scale)]
        return int(subprocess.run(run, check=True, timeout=60, capture_output=True, text=True).stdout)

    small, large = peak_kilobytes(1), peak_kilobytes(6)
    assert large < small + 8_000, f"{small:,} kB for 1 branch, {large:,} kB for 6"


def test_each_unit_of_scale_brings_the_rows_it_promises(settings: Settings, sample: Sample, tmp_path: Path) -> None:
    two = demo.generate(settings, scale=2, target=tmp_path / "two")
    assert two.rows - sample.report.rows >= demo.ROWS_PER_SCALE * 0.97
    assert demo.ROWS_PER_SCALE * 420 > 10_000_000
    assert demo.MAX_SCALE >= 420


def test_large_tables_are_csv_and_full_workbooks_go_on_in_parts(
    settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(writers, "WORKBOOK_ROWS", 400)
    parts = demo.generate(settings, target=tmp_path / "parts")
    contracts = [file for file in parts.files if file.path.startswith("jiandaoyun_crm/contracts/合同订单_20251231")]
    assert [file.path.rsplit("_", 1)[1] for file in contracts] == ["20251231.xlsx", "part2.xlsx", "part3.xlsx"]
    for file in contracts:
        assert len(read_sheet(tmp_path / "parts" / file.path).rows) == file.rows <= 400
    monkeypatch.setattr(exports, "WORKBOOK_SCALE", 0)
    tables = demo.generate(settings, target=tmp_path / "tables")
    assert {Path(file.path).suffix for file in tables.files} == {".csv"}
    rows = {Path(file.path).with_suffix("").name: file.rows for file in tables.files}
    assert rows["合同订单_20251231"] == sum(file.rows for file in contracts)


def test_a_home_is_generated_once_and_only_when_it_is_empty(settings: Settings) -> None:
    assert demo.is_wanted(settings)
    first = demo.generate(settings)
    assert demo.is_generated(settings)
    assert not demo.is_wanted(settings)
    assert demo.generate(settings) == first
    with pytest.raises(BadInput, match="seed 20241101 and scale 1"):
        demo.generate(settings, seed=1)


def test_a_home_with_files_of_somebody_is_left_alone(settings: Settings) -> None:
    dropped = settings.inbox / "zoho_crm" / "deals" / "Deals.csv"
    dropped.parent.mkdir(parents=True)
    assert demo.is_wanted(settings), "folders alone are no data"
    dropped.write_text("Record Id,Stage\n", encoding="utf-8")
    assert not demo.is_wanted(settings)


@pytest.mark.parametrize("scale", [0, -1, demo.MAX_SCALE + 1])
def test_a_scale_out_of_range_is_refused(settings: Settings, scale: int) -> None:
    with pytest.raises(BadInput, match="out of range"):
        demo.generate(settings, scale=scale)
    assert not settings.home.exists()


def test_an_interrupted_generation_leaves_no_file(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    def stop(*_: object) -> None:
        visible = [path for path in settings.inbox.rglob("*") if path.is_file() and not path.name.startswith(".")]
        assert not visible, "nothing has its name before everything is written"
        raise KeyboardInterrupt

    monkeypatch.setattr(exports.Exports, "_write_finance", stop)
    with pytest.raises(KeyboardInterrupt):
        demo.generate(settings)
    assert not [path for path in settings.inbox.rglob("*") if path.is_file()]
    assert not demo.is_generated(settings)
    monkeypatch.undo()
    assert demo.generate(settings).rows > 0


def test_a_manifest_that_is_broken_says_what_to_do(settings: Settings) -> None:
    settings.home.mkdir()
    manifest.path(settings).write_text(json.dumps({"seed": 1}), encoding="utf-8")
    with pytest.raises(BadInput, match=r"demo\.json can't be read"):
        manifest.read(settings)
