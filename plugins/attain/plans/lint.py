"""What is wrong with the plan files, all of it at once, before anyone is paid by them."""

from __future__ import annotations

from datetime import date
from itertools import combinations

from attain.errors import BadInput
from attain.periods import Span
from attain.plans import checks, worst_case
from attain.plans.model import Finding, Plan, PlanVersion
from attain.plans.reading import read_plan
from attain.settings import Settings


def lint(settings: Settings) -> list[Finding]:
    """Everything to mend in the plan files, by file and line, and what they cost at their worst.

    What can't be computed refuses a run, too; a cap below target pay can, so it is refused here, before it is promised.
    """
    plans, found = read_all(settings)
    costs = [finding for plan in plans for finding in worst_case.findings(plan, settings.plans_dir.name)]
    return sorted([*found, *costs], key=lambda finding: (finding.file, finding.line, finding.severity))


def load_plans(settings: Settings) -> list[Plan]:
    """The plans of the folder, by code. No folder or an empty one: no plans.

    Raises:
        BadInput: the plan files have errors; the message names file, line, key and value of each.
    """
    plans, findings = read_all(settings)
    errors = [finding for finding in findings if finding.severity == "error"]
    if errors:
        raise BadInput(
            "the plan files can't be used:\n" + "\n".join(str(finding) for finding in errors),
            "mend the lines above; `attain plan lint` shows them again",
        )
    return plans


def read_all(settings: Settings) -> tuple[list[Plan], list[Finding]]:
    """The plans that could be read, by code, and all findings, those across files included."""
    plans: list[Plan] = []
    findings: list[Finding] = []
    folder = settings.plans_dir
    for path in sorted(folder.rglob("*.y*ml")) if folder.is_dir() else []:
        if path.suffix != ".yml":
            shown = f"{folder.name}/{path.relative_to(folder).as_posix()}"
            findings.append(Finding(shown, 1, "error", f"a plan file ends in .yml, not {path.suffix}", "rename it"))
            continue
        plan, found = read_plan(path, folder)
        findings.extend(found)
        if plan is not None:
            plans.append(plan)
    plans.sort(key=lambda plan: plan.code)
    for first, second in combinations(plans, 2):
        findings.extend(_between(first, second, folder.name))
    return plans, sorted(findings, key=lambda finding: (finding.file, finding.line, finding.severity))


def _between(first: Plan, second: Plan, folder: str) -> list[Finding]:
    """What two plans do to each other: the same code, or the same person on the same day."""
    file, other = f"{folder}/{second.source_file}", f"{folder}/{first.source_file}"
    if first.code == second.code:
        return [
            Finding(
                file,
                second.line,
                "error",
                f"plan: {second.code!r} is also the code of {other}:{first.line}",
                "give each plan a code of its own; a new year's terms are a version, not a plan",
            )
        ]
    findings = []
    for mine in second.versions:
        for theirs in first.versions:
            if _span(mine).overlap(_span(theirs)) is None:
                continue
            # What only adds SPIFFs, contests and rewards may lie beside a plan, in its currency.
            if (mine.is_extra or theirs.is_extra) and mine.currency_code == theirs.currency_code:
                continue
            for assignment in mine.assignments:
                for rival in theirs.assignments:
                    if _exclude(assignment.conditions, rival.conditions):
                        continue
                    is_certain = assignment.conditions <= rival.conditions or rival.conditions <= assignment.conditions
                    findings.append(
                        Finding(
                            file,
                            assignment.line,
                            "error" if is_certain else "warning",
                            f"assign: {_described(assignment.conditions)} {'is' if is_certain else 'may be'} also "
                            f"paid by {first.code} version {theirs.version!r} ({other}:{rival.line}) on the same day"
                            f"{checks.paid_twice(mine)}",
                            "a person is paid by one plan a day: make the two assignments exclude each other",
                        )
                    )
    return findings


def _span(version: PlanVersion) -> Span:
    return Span(version.valid_from, version.valid_to or date.max)


def _exclude(first: frozenset[tuple[str, str]], second: frozenset[tuple[str, str]]) -> bool:
    """Whether no one can meet both: they name different values of one attribute."""
    values = dict(first)
    return any(values.get(key, value) != value for key, value in second)


def _described(conditions: frozenset[tuple[str, str]]) -> str:
    return " and ".join(f"{key} {value}" for key, value in sorted(conditions))
