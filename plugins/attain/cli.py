"""The command line. Every verb is what a DAG's task calls; none has logic of its own.

Exit codes: 0 done, 1 refused by the gate, 2 bad input or usage, 3 busy or unavailable.
"""

from __future__ import annotations

import contextlib
import dataclasses
import getpass
import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import click

from attain import __version__
from attain.errors import AttainError, BadInput, Refused
from attain.settings import Settings

if TYPE_CHECKING:
    from attain.pipeline import RunReport

# Heavy modules (dbt 4 s, Great Expectations 11 s, Airflow 5 s) are imported by the verbs that need them.


class AttainGroup(click.Group):
    """Turns attain's own errors into a message, a remedy and an exit code."""

    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except AttainError as error:
            if ctx.params.get("as_json") or getattr(ctx.obj, "as_json", False):
                answer = {"error": error.message, "remedy": error.remedy, "exit_code": error.exit_code}
                click.echo(json.dumps(answer, ensure_ascii=False))
            else:
                click.echo(f"attain: {error}", err=True)
            ctx.exit(error.exit_code)


@click.group(cls=AttainGroup, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110})
@click.option("--json", "as_json", is_flag=True, help="Answer in JSON on standard output, for machines.")
@click.version_option(__version__, prog_name="attain")
@click.pass_context
def main(ctx: click.Context, as_json: bool) -> None:
    """From CRM, finance and HR exports to pay, KPI and appraisal tables that can be checked to the cent.

    All state lives in ATTAIN_HOME (default: var/ of the project).
    """
    ctx.obj = _Door(as_json=as_json)


@dataclasses.dataclass
class _Door:
    """What every verb shares: the settings (read late, so that --help needs none) and how to answer."""

    as_json: bool

    @property
    def settings(self) -> Settings:
        return Settings.from_environment()

    def answer(self, value: Any, render: Callable[[Any], str]) -> None:
        """Print `value` as JSON for a machine, or as `render` writes it for a person."""
        if self.as_json:
            click.echo(json.dumps(_plain(value), ensure_ascii=False, default=str))
        else:
            if text := render(value):
                click.echo(text)


def _plain(value: Any) -> Any:
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return dataclasses.asdict(value)
    if (table := getattr(value, "__table__", None)) is not None:  # a row of the control database
        return {column.key: getattr(value, column.key) for column in table.columns}
    if isinstance(value, list):
        return [_plain(item) for item in value]
    return value


def _who() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return "unknown"


# ---------------------------------------------------------------- the main job


@main.command()
@click.pass_obj
def run(door: _Door) -> None:
    """The main job without Airflow: ingest, build, check, publish."""
    from attain import pipeline

    _finish(door, pipeline.run(door.settings))


@main.command()
@click.argument("source_system", nargs=-1)
@click.option("--without", multiple=True, metavar="FEED.COLUMN", help="A column that exports had and have no more.")
@click.pass_obj
def ingest(door: _Door, source_system: tuple[str, ...], without: tuple[str, ...]) -> None:
    """Take in what lies in the inbox, for the named source systems or all."""
    from attain import pipeline, summary

    reports = pipeline.ingest(door.settings, source_system, without)
    door.answer(reports, lambda found: summary.render_ingest(door.settings, found))
    _exit_on_rejects(reports)


@main.command()
@click.argument("source")
@click.argument("feed", nargs=-1)
@click.option(
    "--mode",
    type=click.Choice(["changes", "full"]),
    default="changes",
    show_default=True,
    help="What changed since the last pull, or everything.",
)
@click.pass_obj
def pull(door: _Door, source: str, feed: tuple[str, ...], mode: str) -> None:
    """Ask SOURCE for the records of the named feeds, or all, and put them into the inbox as files.

    It is reached by the Airflow connection of its name, e.g. the variable AIRFLOW_CONN_ZOHO_CRM.
    """
    from attain import summary
    from attain.airflow import environment
    from attain.airflow import pull as pulling

    environment.apply(door.settings)
    with contextlib.redirect_stdout(sys.stderr):  # Airflow's loggers keep the stream that they find
        found = pulling.pull(door.settings, source, feed, mode)
    door.answer(found, summary.render_pull)
    if any(item.problem for item in found):
        sys.exit(next(item.exit_code for item in found if item.problem))


@main.command()
@click.pass_obj
def build(door: _Door) -> None:
    """Build the candidate in the private warehouse."""
    from attain import pipeline

    candidate = pipeline.build(door.settings)
    door.answer(
        candidate,
        lambda made: (
            f"candidate {made.release_id} is built; next: attain check"
            if made.is_new
            else f"nothing new since release {made.release_id}"
        ),
    )


@main.command()
@click.pass_obj
def check(door: _Door) -> None:
    """Ask the quality gate about the candidate."""
    from attain import pipeline
    from attain.quality import verdict

    found = pipeline.check(door.settings)
    door.answer(found, verdict.render)
    if found.is_refused:
        sys.exit(Refused.exit_code)


@main.command()
@click.pass_obj
def publish(door: _Door) -> None:
    """Publish the candidate that the gate has passed, all or nothing."""
    from attain import pipeline

    door.answer(pipeline.publish(door.settings), lambda made: f"release {made.release_id} is current: {made.path}")


# ---------------------------------------------------------------- releases


@main.command()
@click.pass_obj
def catalogue(door: _Door) -> None:
    """Write a page on every table and column, with its SQL and what leads to it; one file for any browser."""
    from attain.transform import dbt

    door.answer({"page": str(dbt.catalogue(door.settings))}, lambda made: f"open {made['page']}")


@main.command()
@click.pass_obj
def releases(door: _Door) -> None:
    """List the releases, and which one is current."""
    from attain import summary
    from attain.publish import release

    door.answer(release.releases(door.settings), lambda found: summary.render_releases(door.settings, found))


@main.command()
@click.argument("release_id")
@click.pass_obj
def rollback(door: _Door, release_id: str) -> None:
    """Make an earlier release the current one again. Nothing is deleted; the next run publishes as usual."""
    from attain.publish import release

    release.rollback(door.settings, release_id, _who())
    door.answer({"current": release_id}, lambda _: f"release {release_id} is current")


@main.command()
@click.argument("release_id", required=False)
@click.pass_obj
def verify(door: _Door, release_id: str | None) -> None:
    """Re-hash every file of a release (default: the current one) against its receipt."""
    from attain.publish import release

    found = release.verify_release(door.settings, release_id)
    door.answer(found, lambda result: f"release {result.release_id}: {result.files} files match their receipt")


@main.command()
@click.argument("employee")
@click.argument("period")
@click.option("--release", "release_id", help="Of this release instead of the current one.")
@click.option("--lang", type=click.Choice(["en", "zh", "both"]), default="both", show_default=True)
@click.option(
    "--verify", "is_verified", is_flag=True, help="Work it out again from its own rows; exit 1 if it differs."
)
@click.option("--html", "html_file", type=click.Path(dir_okay=False, path_type=Path), help="Write it as a page.")
@click.option("--json", "as_json", is_flag=True, help="Answer in JSON.")
@click.pass_obj
def statement(
    door: _Door,
    employee: str,
    period: str,
    release_id: str | None,
    lang: Literal["en", "zh", "both"],
    is_verified: bool,
    html_file: Path | None,
    as_json: bool,
) -> None:
    """Show how the month PERIOD (e.g. 2026-03) of EMPLOYEE comes about, from each deal to the payable amount."""
    from attain.publish import release, statements
    from attain.statement import page, text
    from attain.statement import verify as again

    door.as_json = door.as_json or as_json
    folder = release.folder_of(door.settings, release_id)
    found = statements.find(folder, folder.name, employee, period)
    checks = again.verify(found.rows) if is_verified else []
    if html_file is not None:
        html_file.write_text(page.render([found]), encoding="utf-8")
    answer = {**dataclasses.asdict(found), "checks": [dataclasses.asdict(check) for check in checks]}
    shown = text.render(found, lang) + (f"\n\n{text.render_checks(checks)}" if is_verified else "")
    door.answer(answer, lambda _: shown)
    if again.first_fault(checks) is not None:
        sys.exit(Refused.exit_code)


# ---------------------------------------------------------------- deliveries and mappings


@main.group("deliveries", invoke_without_command=True)
@click.option("--all", "everything", is_flag=True, help="Also rejected and withdrawn ones.")
@click.pass_context
def list_deliveries(ctx: click.Context, everything: bool) -> None:
    """List what was delivered, newest last."""
    if ctx.invoked_subcommand is not None:
        return
    from attain import summary
    from attain.ingest import deliveries, lake

    door: _Door = ctx.obj
    found = [
        delivery
        for delivery in deliveries.list_deliveries(door.settings)
        if everything or delivery.status == "committed"
    ]
    door.answer(found, lambda listed: summary.render_deliveries(listed, lake.held_snapshots(door.settings)))


@list_deliveries.command("confirm")
@click.argument("delivery_id")
@click.option("--reason", required=True, help="How it is known; it stays on the record.")
@click.pass_obj
def confirm(door: _Door, delivery_id: str, reason: str) -> None:
    """Say that the records which a held snapshot lacks are gone. If the file is not whole, withdraw it instead."""
    from attain.ingest import deliveries

    found = deliveries.confirm(door.settings, delivery_id, reason, _who())
    door.answer(found, lambda item: f"{item.vanished:,} records of {item.feed} are deleted; next: attain run")


@main.command()
@click.argument("delivery_id")
@click.option("--reason", required=True, help="Why; it stays on the record.")
@click.pass_obj
def withdraw(door: _Door, delivery_id: str, reason: str) -> None:
    """Undo a delivery: its rows no longer count. The same file may be delivered again later."""
    from attain.ingest import deliveries

    deliveries.withdraw(door.settings, delivery_id, reason, _who())
    door.answer({"withdrawn": delivery_id}, lambda _: f"delivery {delivery_id} is withdrawn; next: attain run")


@main.command()
@click.argument("feed")
@click.option("--key", multiple=True, help="Only this record; once for each column of the feed's key.")
@click.option("--as-of", "as_of", help="What was known then: what had been received by that moment or day.")
@click.option("--history", "everything", is_flag=True, help="Every revision, from when to when it was what was known.")
@click.option("--json", "as_json", is_flag=True, help="Answer in JSON.")
@click.pass_obj
def records(door: _Door, feed: str, key: tuple[str, ...], as_of: str | None, everything: bool, as_json: bool) -> None:
    """Show the records of FEED (e.g. finance.receipts) as they are known, or were known at a past moment."""
    from attain import summary
    from attain.ingest import history
    from attain.settings import moment

    door.as_json = door.as_json or as_json
    settings = door.settings
    known_at = moment(as_of, settings.timezone, "--as-of") if as_of else None
    if everything:
        door.answer(history.history(settings, feed, key, known_at), summary.render_history)
    else:
        door.answer(history.records(settings, feed, key, known_at), summary.render_records)


@main.group()
def quarantine() -> None:
    """Rows that broke their contract: what is wrong with each, and how they count after all."""


@quarantine.command("list")
@click.option("--feed", help="Only of this feed, e.g. finance.receipts.")
@click.option("--delivery", help="Only of this delivery.")
@click.option("--all", "everything", is_flag=True, help="Also those that were released, or came again and were good.")
@click.option(
    "--csv", "csv_file", type=click.Path(dir_okay=False, path_type=Path), help="Write them to correct and send."
)
@click.pass_obj
def quarantine_list(
    door: _Door, feed: str | None, delivery: str | None, everything: bool, csv_file: Path | None
) -> None:
    """List the rows in quarantine with file, row, column, value, reason and remedy."""
    from attain import summary
    from attain.ingest import quarantine as kept

    found = kept.listed(door.settings, feed, delivery, everything=everything)
    if csv_file is None:
        door.answer(found, summary.render_quarantine)
        return
    csv_file.write_text(kept.as_csv(found), encoding="utf-8-sig", newline="")
    places = sorted({row.file_name.split("!")[0].rpartition("/")[0] for row in found})
    door.answer(
        {"file": str(csv_file), "rows": len(found)},
        lambda _: (
            f"wrote {csv_file}: {len(found)} rows; correct them and put the file into inbox/{' or '.join(places)}/"
        ),
    )


@quarantine.command("release")
@click.argument("delivery_id")
@click.argument("row_number", type=int)
@click.option("--set", "changes", multiple=True, metavar="COLUMN=VALUE", help="The right text of a cell.")
@click.option("--reason", required=True, help="How the right values are known; it stays on the record.")
@click.pass_obj
def quarantine_release(door: _Door, delivery_id: str, row_number: int, changes: tuple[str, ...], reason: str) -> None:
    """Let a row count as corrected, by the same contract. It is a delivery of its own; withdraw undoes it."""
    from attain.ingest import deliveries

    said = {}
    for change in changes:
        column, equals, value = change.partition("=")
        if not equals or not column.strip():
            raise BadInput(f"--set {change!r} is no COLUMN=VALUE", "write it like --set amount=1234.50")
        said[column.strip()] = value
    made = deliveries.release_row(door.settings, delivery_id, row_number, said, reason, _who())
    door.answer(made, lambda item: f"row {row_number} counts as delivery {item.delivery_id}; next: attain run")


@main.group()
def mapping() -> None:
    """Mapping files: how the files of an unknown system become known feeds."""


@mapping.command("suggest")
@click.argument("folder")
@click.option("--write", is_flag=True, help="Write it to the mappings folder instead of printing it.")
@click.pass_obj
def mapping_suggest(door: _Door, folder: str, write: bool) -> None:
    """Draft a mapping for FOLDER of the inbox from the headers of the files in it."""
    from attain.ingest import mappings

    draft = mappings.suggest(door.settings, folder)
    if not write:
        door.answer({"mapping": draft}, lambda _: draft)
        return
    target = door.settings.mappings_dir / f"{Path(folder).name}.yml"
    if target.exists():
        raise BadInput(f"{target} exists already", "edit it, or remove it first")
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_text(draft, encoding="utf-8")
    door.answer({"file": str(target)}, lambda _: f"wrote {target}; check each line, then: attain run")


@mapping.command("check")
@click.pass_obj
def mapping_check(door: _Door) -> None:
    """Read every mapping file and say what is wrong with it."""
    from attain.ingest import mappings

    found = sorted(mappings.load_mappings(door.settings))
    door.answer({"mappings": found}, lambda _: "\n".join(f"{name}: good" for name in found) or "no mapping files")


# ---------------------------------------------------------------- identities


@main.group()
def identities() -> None:
    """Identity files: who is who, and which customer is which, where only people know."""


@identities.command("check")
@click.pass_obj
def identities_check(door: _Door) -> None:
    """Check the identity files; says file, line, value and remedy."""
    from attain.identities import files

    found, findings = files.read_all(door.settings)
    door.answer(
        findings,
        lambda faults: (
            "\n".join(map(str, faults))
            or f"the identity files are good: {len(found.people)} of people, {len(found.customers)} of customers"
        ),
    )
    if findings:
        sys.exit(BadInput.exit_code)


@identities.command("list")
@click.argument("kind", nargs=-1, type=click.Choice(["people", "customers"]))
@click.option("--unmatched", is_flag=True, help="Only what nobody knows, and what may be one of two.")
@click.pass_obj
def identities_list(door: _Door, kind: tuple[str, ...], unmatched: bool) -> None:
    """List what the newest build took everybody for, as lines for the identity files, the most money first."""
    from attain.identities import listing

    found = listing.list_matches(door.settings, kind, unmatched=unmatched)
    door.answer(found, lambda matches: listing.as_csv(matches) or "everybody is known")


# ---------------------------------------------------------------- plans


@main.group()
def plan() -> None:
    """Plan files: what people are paid by."""


@plan.command("lint")
@click.pass_obj
def plan_lint(door: _Door) -> None:
    """Check every plan file; says file, line and remedy."""
    from attain.plans import lint

    findings = lint.lint(door.settings)
    door.answer(
        findings,
        lambda found: (
            "\n".join(f"{item.file}:{item.line}: {item.severity}: {item.message}\n  {item.remedy}" for item in found)
            or "all plans are good"
        ),
    )
    if any(item.severity == "error" for item in findings):
        sys.exit(BadInput.exit_code)


@plan.command("simulate")
@click.option("--plan", "file", type=click.Path(dir_okay=False, path_type=Path), required=True, help="The candidate.")
@click.option("--from", "first", required=True, metavar="YYYY-MM", help="First month of the report.")
@click.option("--to", "last", required=True, metavar="YYYY-MM", help="Last month of the report.")
@click.option("--as-if", metavar="VERSION", help="Take this version as if it had held on all these days.")
@click.option("--no-sensitivity", is_flag=True, help="Leave out volume -20 … +20 %, which takes the longest.")
@click.option("--page", type=click.Path(dir_okay=False, path_type=Path), help="Also write a page with charts (HTML).")
@click.option("--json", "as_json", is_flag=True, help="Answer in JSON.")
@click.pass_obj
def plan_simulate(
    door: _Door,
    file: Path,
    first: str,
    last: str,
    as_if: str | None,
    no_sensitivity: bool,
    page: Path | None,
    as_json: bool,
) -> None:
    """Recompute history under a candidate plan, beside the present ones; nothing of it is published or paid."""
    from attain.simulation import comparison, report

    door.as_json = door.as_json or as_json
    volumes = () if no_sensitivity else comparison.VOLUMES
    found = comparison.simulate(door.settings, file, first, last, as_if=as_if, volumes=volumes)
    if page is not None:
        report.write(found, page)
    door.answer(found, lambda made: report.render(made, page))


# ---------------------------------------------------------------- sample company


@main.command()
@click.option("--scale", default=1, show_default=True, help="Size of the company, 1 to 600.")
@click.option("--seed", default=20241101, show_default=True, help="Another seed makes another company.")
@click.option("--if-empty", is_flag=True, help="Do nothing when this home has its sample exports already.")
@click.option("--late-file", is_flag=True, help="Only write one more delivery, as the next day would bring.")
@click.option("--corrupt", "corrupt_kind", help="Only write a 'corrected' export that is wrong, e.g. refund_sign.")
@click.pass_obj
def demo(door: _Door, scale: int, seed: int, if_empty: bool, late_file: bool, corrupt_kind: str | None) -> None:
    """Write the exports of a believable sample company into the inbox."""
    from attain import demo as sample

    settings = door.settings
    if corrupt_kind:
        door.answer(sample.corrupt(settings, corrupt_kind), lambda made: made.sentence)
    elif late_file:
        door.answer({"file": str(path := sample.late_file(settings))}, lambda _: f"wrote {path}")
    elif if_empty and not sample.is_wanted(settings):
        door.answer({"written": 0}, lambda _: "")
    else:
        door.answer(sample.generate(settings, scale=scale, seed=seed), lambda made: made.sentence)


# ---------------------------------------------------------------- pushes


@main.group()
def webhook() -> None:
    """Pushes: systems that tell of a change when it happens."""


@webhook.command("serve")
@click.option("--port", default=3100, show_default=True, help="TCP port; 0: any free one.")
@click.option("--host", default="127.0.0.1", show_default=True, help="Address; put a proxy that speaks TLS before it.")
@click.option("--max-age", default=5, show_default=True, help="Minutes; a push that is older or newer is refused.")
@click.pass_obj
def webhook_serve(door: _Door, port: int, host: str, max_age: int) -> None:
    """Listen for the signed pushes of Jiandaoyun (简道云 数据推送) and land them as files; Ctrl-C stops it."""
    from attain.airflow import webhook as listening

    listening.serve(
        door.settings,
        host,
        port,
        max_age,
        lambda taken: click.echo(f"attain listens for pushes on {host}:{taken}", err=True),
    )


# ---------------------------------------------------------------- Airflow


@main.group()
def airflow() -> None:
    """The same job through the real Airflow DAGs."""


@airflow.command("run")
@click.pass_obj
def airflow_run(door: _Door) -> None:
    """Run the DAGs once, in the order of their assets, in this process; what `make run` calls."""
    from attain.airflow import local_run

    _finish(door, local_run.run(door.settings))


@airflow.command("up")
@click.option("--port", default=8080, show_default=True, help="Port of the web interface, on this machine only.")
@click.pass_obj
def airflow_up(door: _Door, port: int) -> None:
    """Start Airflow with the DAGs scheduled; Ctrl-C stops it."""
    from attain.airflow import serve

    serve.up(door.settings, port=port)


def _finish(door: _Door, report: RunReport) -> None:
    from attain import summary

    door.answer(report, lambda found: summary.render(door.settings, found))
    if report.verdict is not None and report.verdict.is_refused:
        sys.exit(Refused.exit_code)
    _exit_on_rejects(report.ingested)


def _exit_on_rejects(reports: list[Any]) -> None:
    if any(file.needs_a_look for report in reports for file in report.files):
        sys.exit(BadInput.exit_code)
