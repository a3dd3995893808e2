"""The register of ingest and the manifest of the sample company tell the same story, row by row."""

from __future__ import annotations

import pyarrow.parquet as parquet
import pytest

from attain import demo
from attain.demo.writers import WrittenFile
from attain.ingest import deliveries
from attain.settings import Settings

Results = dict[str, deliveries.FileResult]


def ingest(settings: Settings) -> Results:
    return {
        result.file_name: result
        for source in deliveries.source_systems(settings)
        for result in deliveries.ingest_source(settings, source).files
    }


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    return Settings.from_environment({"ATTAIN_HOME": str(tmp_path_factory.mktemp("ingested") / "home")})


@pytest.fixture(scope="module")
def report(home: Settings) -> demo.DemoReport:
    return demo.generate(home)


@pytest.fixture(scope="module")
def results(home: Settings, report: demo.DemoReport) -> Results:
    return ingest(home)


def quarantined_rows(home: Settings, delivery_id: str) -> set[int]:
    found = list((home.lake / "quarantine").rglob(f"{delivery_id}.parquet"))
    if not found:
        return set()
    return set(parquet.read_table(found[0], columns=["_row_number"]).column(0).to_pylist())


def test_every_file_is_taken_in_once(report: demo.DemoReport, results: Results) -> None:
    assert set(results) == {file.path for file in report.files}
    by_content: dict[str, list[str]] = {}
    for file in report.files:
        by_content.setdefault(file.sha256, []).append(results[file.path].outcome)
    for outcomes in by_content.values():
        assert sorted(outcomes) == ["committed", *["duplicate"] * (len(outcomes) - 1)]


def test_exactly_the_rows_that_were_spoilt_are_quarantined(
    home: Settings, report: demo.DemoReport, results: Results
) -> None:
    def told(file: WrittenFile) -> tuple[int, int, int, int]:
        return (file.rows + file.totals_rows, file.rows - file.dirty_rows, file.dirty_rows, file.totals_rows)

    for file in report.files:
        for made in results[file.path].deliveries:
            counted = (made.rows_in_file, made.rows_loaded, made.rows_quarantined, made.rows_declared_totals)
            assert counted == told(file), file.path
            assert quarantined_rows(home, made.delivery_id) == {row.row_number for row in file.dirty}, file.path


def test_what_comes_later_is_readable_too(home: Settings, results: Results) -> None:
    assert results
    late = demo.late_file(home).relative_to(home.inbox).as_posix()
    wrong = [demo.corrupt(home, kind).path for kind in demo.KINDS]
    taken = ingest(home)
    assert set(taken) == {late, *wrong}
    for result in taken.values():
        assert result.outcome == "committed"
        assert [made.rows_quarantined for made in result.deliveries] == [0]
