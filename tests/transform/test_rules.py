"""dbt's own unit tests, one or more for each rule of pay, run against the built sample company."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import yaml

from attain.settings import PROJECT_ROOT
from attain.transform import dbt
from tests.transform.conftest import BuiltHome

MODELS = PROJECT_ROOT / "dbt_project" / "models"


def named_unit_tests() -> list[str]:
    """Names of all unit tests of the project, as written."""
    names = []
    for path in sorted(MODELS.rglob("*unit_tests.yml")):
        names += [test["name"] for test in yaml.safe_load(path.read_text(encoding="utf-8"))["unit_tests"]]
    return names


@pytest.fixture(scope="module")
def outcomes(built: BuiltHome) -> dict[str, dbt.TestResult]:
    return {result.name: result for result in dbt.unit_test(built.settings, built.candidate.run_id)}


@pytest.mark.parametrize("name", named_unit_tests())
def test_rule(outcomes: dict[str, dbt.TestResult], name: str) -> None:
    assert outcomes[name].status == "pass", outcomes[name].message


def test_every_rule_of_the_thin_front_has_a_unit_test() -> None:
    named = {rule for name in named_unit_tests() for rule in re.findall(r"(?<=_)([a-z]\d)(?=_)", name)}
    rules = "m1 m2 m3 m4 c1 c2 c3 c5 q1 q2 q3 q4 q5 q6 t2 t3 t4 t5 t6 t7 t8 t9 d1 d2 d3 d4 d5 k1 k2 k3 k4 k5 k6"
    assert not set(rules.split()) - named


def test_unit_tests_lie_beside_the_models_they_test() -> None:
    for path in MODELS.rglob("*unit_tests.yml"):
        for test in yaml.safe_load(path.read_text(encoding="utf-8"))["unit_tests"]:
            assert Path(path.parent / f"{test['model']}.sql").is_file(), test["name"]
