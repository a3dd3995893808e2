"""The plan files that are shipped, and what reading, linting and compiling refuse (T1, K1, K2, M1).

A mistake that got past here would be paid out to everybody on the plan.
"""

from __future__ import annotations

import csv
import dataclasses
import json
import re
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path

import duckdb
import jsonschema
import pyarrow as pa
import pytest
import yaml

from attain.errors import BadInput
from attain.plans import model
from attain.plans.compile import SCHEMAS, compile_plans, write_plan_tables
from attain.plans.lint import lint, load_plans
from attain.plans.shapes import SHAPES
from attain.settings import PROJECT_ROOT, Settings
from tests.reference import generator

SCHEMA = json.loads((PROJECT_ROOT / "plugins/attain/plans/plan.schema.json").read_text(encoding="utf-8"))
SHIPPED = sorted((PROJECT_ROOT / "plans").glob("*.yml"))
MINIMAL = """\
plan: small
title: {en: Small, zh: 小}
versions:
  - version: "1"
    valid_from: 2024-01-01
    currency: CNY
    assign:
      - role: Seller
    components:
      - component: commission
        title: {en: Commission, zh: 提成}
        basis: collected
        quota_kpi: collected_amount
        index: attainment
        accumulate: quarter
        bands:
          - {from: 0%, to: 80%, rate: 3%}
          - {from: 80%, rate: 5%}
    scorecards:
      - scorecard: review
        title: {en: Review, zh: 考核}
        frequency: quarter
        missing_data: reweight
        bonus_base: 1000
        kpis:
          - {kpi: collected_amount, weight: 0.7, cap: 1.5}
          - {kpi: win_rate, weight: 0.3, cap: 1.5}
        grades:
          - {grade: A, from: 1, coefficient: 1}
          - {grade: B, from: 0, coefficient: 1}
"""


@pytest.fixture
def plans(settings: Settings, tmp_path: Path) -> Callable[..., Settings]:
    """Gives settings whose plans folder holds the given files."""

    def write(**files: str) -> Settings:
        folder = tmp_path / "plans"
        folder.mkdir(exist_ok=True)
        for name, text in files.items():
            (folder / f"{name}.yml").write_text(text, encoding="utf-8")
        return dataclasses.replace(settings, plans_dir=folder)

    return write


def test_the_shipped_plans_are_there_and_lint_finds_nothing_but_what_is_meant(settings: Settings) -> None:
    assert {path.stem for path in SHIPPED} >= {"direct_sales", "hardware_sales"}
    found = [(item.file, item.severity, ":".join(item.message.split(":")[:2])) for item in lint(settings)]
    grades = [
        ("account_management", "retention", 4),
        ("channel", "partners", 1),
        ("direct_sales", "quarterly_review", 6),
        ("hardware_sales", "quarterly_review", 3),
        ("product_specialists", "monthly_duty", 1),
        ("sales_management", "team_review", 2),
        ("sales_management", "year_end", 2),
    ]
    assert sorted(found) == sorted(
        [
            ("plans/account_management.yml", "warning", "cherry_picking: doing better pays less"),
            ("plans/channel.yml", "warning", "partner_business: a cliff"),
            ("plans/channel.yml", "warning", "partner_business: a cliff"),
            ("plans/product_specialists.yml", "warning", "contracts: a cliff"),
            *(
                (f"plans/{file}.yml", "warning", f"{card}: a cliff")
                for file, card, steps in grades
                for _ in range(steps)
            ),
        ]
    )


@pytest.mark.parametrize("path", SHIPPED, ids=lambda path: path.stem)
def test_editors_accept_the_shipped_plans(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    named = text.splitlines()[0].removeprefix("# yaml-language-server: $schema=")
    assert (path.parent / named).resolve() == PROJECT_ROOT / "plugins/attain/plans/plan.schema.json"
    # BaseLoader: every scalar stays the text that was written, as attain itself reads it.
    jsonschema.validate(yaml.load(text, yaml.BaseLoader), SCHEMA)


def test_plans_name_the_kpis_of_the_catalogue() -> None:
    with (PROJECT_ROOT / "dbt_project/seeds/kpis.csv").open(encoding="utf-8", newline="") as seed:
        catalogue = list(csv.DictReader(seed))
    assert {row["kpi_code"] for row in catalogue} == model.KPI_CODES
    assert {row["kpi_code"] for row in catalogue if row["is_additive"] == "true"} == model.ADDITIVE_KPI_CODES
    assert set(SCHEMA["$defs"]["kpi"]["enum"]) == model.KPI_CODES


def test_numbers_are_read_exactly(plans: Callable[..., Settings]) -> None:
    settings = plans(
        small=MINIMAL.replace("to: 80%, rate: 3%", "to: 80%, rate: 0.1").replace("rate: 5%", "rate: 5.0001%")
    )
    rates = compile_plans(settings)["band"].column("rate").to_pylist()
    assert rates == [Decimal("0.100000"), Decimal("0.050001")]


def test_a_plan_becomes_rows(plans: Callable[..., Settings]) -> None:
    tables = compile_plans(plans(small=MINIMAL))
    assert {name: table.num_rows for name, table in tables.items() if table.num_rows} == {
        "plan_version": 1,
        "assignment": 1,
        "component": 1,
        "reversal_type": 1,
        "band": 2,
        "scorecard": 1,
        "scorecard_kpi": 2,
        "grade_band": 2,
    }
    assert tables["assignment"].to_pylist() == [
        {"plan_code": "small", "version": "1", "role": "Seller", "team": None, "region": None, "employee_id": None}
        | {"valid_from": None, "valid_to": None}
    ]
    assert tables["band"].to_pylist()[1] == {
        "plan_code": "small",
        "version": "1",
        "component_code": "commission",
        "band_no": 2,
        "lower_bound": Decimal("0.800000"),
        "upper_bound": None,
        "rate": Decimal("0.050000"),
    }


def test_no_plans_are_empty_typed_tables(settings: Settings, plans: Callable[..., Settings], tmp_path: Path) -> None:
    for nothing in (plans(), dataclasses.replace(settings, plans_dir=tmp_path / "absent")):
        tables = compile_plans(nothing)
        assert {name: table.schema for name, table in tables.items()} == SCHEMAS
        assert sum(table.num_rows for table in tables.values()) == 0


def test_no_table_has_a_binary_float() -> None:
    fields = [field for schema in SCHEMAS.values() for field in schema]
    assert any(pa.types.is_decimal(field.type) for field in fields)
    assert not [field.name for field in fields if pa.types.is_floating(field.type)]


def test_the_warehouse_gets_the_tables_and_loses_the_old_ones(plans: Callable[..., Settings]) -> None:
    with duckdb.connect() as connection:
        write_plan_tables(plans(small=MINIMAL), connection)
        write_plan_tables(plans(small=MINIMAL.replace("3%", "2%")), connection)
        assert connection.sql("select rate from plan.band order by band_no").fetchall() == [
            (Decimal("0.020000"),),
            (Decimal("0.050000"),),
        ]
        types = connection.sql(
            "select column_type from (describe plan.scorecard) where column_name = 'bonus_base_amount'"
        )
        assert types.fetchall() == [("DECIMAL(18,2)",)]


def test_a_bad_plan_leaves_the_warehouse_as_it_was(plans: Callable[..., Settings]) -> None:
    with duckdb.connect() as connection:
        write_plan_tables(plans(small=MINIMAL), connection)
        with pytest.raises(BadInput, match=r"small\.yml:17"):
            write_plan_tables(plans(small=MINIMAL.replace("from: 0%", "from: 1%")), connection)
        assert connection.sql("select count(*) from plan.band where lower_bound = 0").fetchall() == [(1,)]


BAD = {
    "bands start above 0": ("from: 0%, to: 80%", "from: 1%, to: 80%", 17, "bands start at 0"),
    "gap": ("from: 80%, rate", "from: 90%, rate", 18, "leaves a gap from 0.8"),
    "overlap": ("from: 80%, rate", "from: 70%, rate", 18, "overlaps the band before it"),
    "last band closed": ("from: 80%, rate", "from: 80%, to: 200%, rate", 18, "closes the last band"),
    "open band in the middle": ("from: 0%, to: 80%, rate", "from: 0%, rate", 17, "no `to`, but a band follows"),
    "band without width": ("from: 0%, to: 80%, rate", "from: 0%, to: 0%, rate", 17, "not above from"),
    "no bands": (
        "          - {from: 0%, to: 80%, rate: 3%}\n          - {from: 80%, rate: 5%}\n",
        "          []\n",
        17,
        "empty",
    ),
    "weights": ("weight: 0.3", "weight: 0.2", 25, "add up to 0.9"),
    "grades start above 0": ("grade: B, from: 0,", "grade: B, from: 0.1,", 30, "lowest grade 'B' starts at 0.1"),
    "grades of one score": ("grade: A, from: 1,", "grade: A, from: 0,", 30, "both start at 0"),
    "grade twice": ("grade: B", "grade: A", 30, "'A' is there twice"),
    "unknown KPI": ("kpi: win_rate", "kpi: winrate", 27, "'winrate' is not known"),
    "unknown KPI of a team": ("kpi: win_rate", "kpi: team:winrate", 27, "'team:winrate' is not known"),
    "no target of a team": ("kpi: win_rate", "kpi: team:win_rate", 27, "so 'team:win_rate' is never scored; 30%"),
    "unknown quota": ("quota_kpi: collected_amount", "quota_kpi: collected", 13, "'collected' is not known"),
    "quota of another measure": ("quota_kpi: collected_amount", "quota_kpi: booked_amount", 13, "does not measure"),
    "quota missing": ("        quota_kpi: collected_amount\n", "", 10, "need a quota"),
    "deal has no quota": ("accumulate: quarter", "accumulate: deal", 15, "a deal has no quota"),
    "unknown basis": ("basis: collected", "basis: shipped", 12, "'shipped' is not known"),
    "unknown method": ("index: attainment", "index: attainment\n        band_method: stepwise", 15, "'stepwise'"),
    "unknown key": ("        index:", "        indx:", 14, "unknown key"),
    "key missing": ("        index: attainment\n", "", 10, "the key 'index' is missing"),
    "key twice": ("        index: attainment", "        index: amount\n        index: attainment", 15, "there twice"),
    "number with comma": ("rate: 3%", "rate: '3,5%'", 17, "'3,5%' is not a number"),
    "number in words": ("rate: 3%", "rate: three", 17, "'three' is not a number"),
    "not a number": ("rate: 3%", "rate: .nan", 17, "'.nan' is not a number"),
    "endless number": ("rate: 3%", "rate: " + "9" * 400, 17, "is not a number"),
    "too fine": ("rate: 3%", "rate: 0.12345678", 17, "more than 6 decimals"),
    "too large": ("rate: 3%", "rate: 1000", 17, "out of range"),
    "negative weight": ("weight: 0.7", "weight: -0.7", 26, "below 0"),
    "finer than a cent": ("bonus_base: 1000", "bonus_base: 1000.005", 24, "finer than the smallest unit of CNY"),
    "dinar": ("currency: CNY", "currency: KWD", 6, "has 3 decimals"),
    "no currency": ("currency: CNY", "currency: RMB￥", 6, "not a currency code"),
    "no such day": ("valid_from: 2024-01-01", "valid_from: 2024-02-30", 5, "'2024-02-30' is not a day"),
    "day the other way": ("valid_from: 2024-01-01", "valid_from: 01/02/2024", 5, "is not a day"),
    "ends before it starts": ("2024-01-01", "2024-01-01\n    valid_to: 2023-12-31", 6, "is before valid_from"),
    "nobody": ("      - role: Seller", "      - {}", 8, "names nobody"),
    "assigned to a list": ("      - role: Seller", "      - role: [Seller]", 8, "a list is not a text"),
    "title in one language": ("title: {en: Small, zh: 小}", "title: {en: Small}", 2, "the key 'zh' is missing"),
    "code with a blank": ("plan: small", "plan: Small Plan", 1, "is not a code"),
    "tab": ("    currency", "\tcurrency", 6, "not readable as YAML"),
}


@pytest.mark.parametrize("case", list(BAD))
def test_a_mistake_is_refused_with_file_line_and_remedy(case: str, plans: Callable[..., Settings]) -> None:
    old, new, line, message = BAD[case]
    assert MINIMAL.count(old) >= 1
    settings = plans(small=MINIMAL.replace(old, new, 1))
    found = [item for item in lint(settings) if item.line == line and message in item.message]
    assert found, [str(item) for item in lint(settings)]
    assert found[0].file == "plans/small.yml"
    assert found[0].severity == "error"
    assert found[0].remedy
    with pytest.raises(BadInput, match=f"plans/small.yml:{line}: "):
        compile_plans(settings)


def test_all_mistakes_of_a_file_are_found_at_once(plans: Callable[..., Settings]) -> None:
    text = (
        MINIMAL.replace("rate: 3%", "rate: x").replace("weight: 0.3", "weight: 0.2").replace("kpi: win_rate", "kpi: w")
    )
    assert [item.line for item in lint(plans(small=text))] == [17, 25, 27]


def test_a_yen_bonus_has_no_cents(plans: Callable[..., Settings]) -> None:
    assert lint(plans(small=MINIMAL.replace("CNY", "JPY"))) == []
    found = lint(plans(small=MINIMAL.replace("CNY", "JPY").replace("bonus_base: 1000", "bonus_base: 1000.5")))
    assert ["JPY" in item.message for item in found] == [True]


def test_overlapping_versions_are_refused(plans: Callable[..., Settings]) -> None:
    first, second = MINIMAL.split("  - version", 1)
    two = f"{first}  - version{second}  - version{second}".replace('version: "1"', 'version: "2"', 1)
    assert ["overlaps version" in item.message for item in lint(plans(small=two))] == [True]
    follows = two.replace("valid_from: 2024-01-01", "valid_from: 2024-01-01\n    valid_to: 2024-12-31", 1)
    head, last = follows.rsplit("valid_from: 2024-01-01", 1)
    assert lint(plans(small=f"{head}valid_from: 2025-01-01{last}")) == []
    assert len(lint(plans(small=f"{head}valid_from: 2024-12-31{last}"))) == 1


def test_two_files_of_one_code_are_refused(plans: Callable[..., Settings]) -> None:
    found = lint(plans(one=MINIMAL, two=MINIMAL))
    assert [(item.file, item.line, "also the code of plans/one.yml:1" in item.message) for item in found] == [
        ("plans/two.yml", 1, True)
    ]


def test_two_plans_for_one_person_are_refused(plans: Callable[..., Settings]) -> None:
    other = MINIMAL.replace("plan: small", "plan: other")
    certain = lint(plans(one=MINIMAL, two=other.replace("role: Seller", "{role: Seller, region: North}")))
    assert [(item.severity, item.line) for item in certain] == [("error", 8)]
    possible = lint(plans(one=MINIMAL, two=other.replace("role: Seller", "team: Blue")))
    assert [(item.severity, item.line) for item in possible] == [("warning", 8)]
    assert lint(plans(one=MINIMAL, two=other.replace("role: Seller", "role: Agent"))) == []
    later = other.replace("2024-01-01", "2030-01-01")
    ended = MINIMAL.replace("2024-01-01", "2024-01-01\n    valid_to: 2029-12-31")
    assert lint(plans(one=ended, two=later)) == []


@pytest.mark.parametrize("text", ["", "# nothing\n", "- a list\n", "just text\n", "a: &x [*x]\n", "{a: 1\n"])
def test_a_file_that_is_no_plan_is_refused(text: str, plans: Callable[..., Settings]) -> None:
    assert [item for item in lint(plans(odd=text)) if item.severity == "error"]


def test_a_file_in_another_encoding_or_with_another_ending_is_refused(plans: Callable[..., Settings]) -> None:
    settings = plans()
    (settings.plans_dir / "odd.yml").write_bytes(MINIMAL.encode("gb18030"))
    (settings.plans_dir / "late.yaml").write_text(MINIMAL, encoding="utf-8")
    assert [(item.file, item.line, item.severity) for item in lint(settings)] == [
        ("plans/late.yaml", 1, "error"),
        ("plans/odd.yml", 11, "error"),  # 小 in GB18030 happens to be UTF-8, 提成 is not
    ]


def test_the_editor_schema_refuses_what_it_can_see() -> None:
    for case in ("unknown KPI", "unknown basis", "unknown key", "key missing", "number in words", "nobody", "dinar"):
        old, new, _, _ = BAD[case]
        document = yaml.load(MINIMAL.replace(old, new, 1), yaml.BaseLoader)
        is_visible = case != "dinar"  # which currencies have three decimals is not for an editor to know
        assert bool(list(jsonschema.Draft202012Validator(SCHEMA).iter_errors(document))) == is_visible, case


def test_the_editor_schema_and_the_reader_know_the_same_keys() -> None:
    described = {name: entry for name, entry in SCHEMA["$defs"].items() if "properties" in entry and name in SHAPES}
    assert len(described) > 15
    for name, entry in described.items():
        assert set(entry["properties"]) == set(SHAPES[name].keys), name
        assert set(SHAPES[name].required) >= set(entry.get("required", ())), name
        assert all(key.get("description") for key in entry["properties"].values()), name


def test_what_the_reader_takes_an_editor_takes_too(tmp_path: Path) -> None:
    """More than a hundred generated plans that use every key: no errors by the reader, and none by the schema."""
    company = generator.generate(7, plans=100)
    company.write_plans(tmp_path / "plans")
    settings = dataclasses.replace(Settings.from_environment({}), plans_dir=tmp_path / "plans")
    assert len(load_plans(settings)) == len(company.plans) > 100
    for path in sorted((tmp_path / "plans").glob("*.yml")):
        document = yaml.load(path.read_text(encoding="utf-8"), yaml.BaseLoader)
        problems = [error.message for error in jsonschema.Draft202012Validator(SCHEMA).iter_errors(document)]
        assert not problems, path.name


def test_the_example_of_the_documentation_is_a_good_plan(tmp_path: Path) -> None:
    [example] = re.findall(
        r"```yaml\n(.*?)```", (PROJECT_ROOT / "docs/plans.md").read_text(encoding="utf-8"), re.DOTALL
    )
    (tmp_path / "key_accounts.yml").write_text(example, encoding="utf-8")
    assert lint(dataclasses.replace(Settings.from_environment({}), plans_dir=tmp_path)) == []
    jsonschema.validate(yaml.load(example, yaml.BaseLoader), SCHEMA)


def test_the_documentation_names_every_key() -> None:
    text = (PROJECT_ROOT / "docs/plans.md").read_text(encoding="utf-8")
    keys = {key for shape in SHAPES.values() for key in shape.keys}
    assert not {key for key in keys if not re.search(rf"\b{key}\b", text)}


EXTRA = """\
plan: push
title: {en: Push, zh: 专项}
versions:
  - version: "1"
    valid_from: 2024-01-01
    currency: CURRENCY
    assign:
      - role: Seller
    spiffs:
      - spiff: deals
        title: {en: Deals, zh: 签约奖}
        from: 2024-01-01
        to: 2024-03-31
        basis: booked
        pay: {per_deal: 500}
"""


def test_a_plan_of_spiffs_alone_may_lie_beside_another_in_its_currency(plans: Callable[..., Settings]) -> None:
    role = re.search(r"role: (.+)", MINIMAL)
    assert role is not None
    extra = EXTRA.replace("role: Seller", role[0])
    currency = re.search(r"currency: (\w+)", MINIMAL)
    assert currency is not None
    assert not lint(plans(small=MINIMAL, push=extra.replace("CURRENCY", currency[1])))
    # A plan with a draw pays; a person has one draw at a time (D1).
    drawn = extra.replace("CURRENCY", currency[1]) + "    draw: {type: guarantee, amount: 5000}\n"
    found = lint(plans(small=MINIMAL, push=drawn))
    assert any("paid by" in finding.message and finding.severity == "error" for finding in found)
    other = "USD" if currency[1] != "USD" else "CNY"
    found = lint(plans(small=MINIMAL, push=extra.replace("CURRENCY", other)))
    assert any("paid by" in finding.message and finding.severity == "error" for finding in found)


COSTLY = """\
plan: costly
title: {en: Costly, zh: 贵}
versions:
  - version: "1"
    valid_from: 2026-01-01
    currency: CNY
    assign:
      - role: Seller
    quotas:
      - {kpi: collected_amount, amount: 100000, per: month}
    components:
      - component: main
        title: {en: Main, zh: 主}
        basis: collected
        quota_kpi: collected_amount
        index: attainment
        accumulate: month
        band_method: METHOD
        bands:
          - {from: 0%, to: 100%, rate: LOW}
          - {from: 100%, rate: HIGH}
MORE
"""


@pytest.mark.parametrize(
    ("method", "low", "high", "more", "severity", "line", "said"),
    [
        ("marginal", "3%", "4%", "        cap: {amount: 2999, per: period}", "error", 22, "loses 1.00"),
        ("marginal", "3%", "4%", "        cap: {amount: 3000, per: period}", "error", 21, "never paid: 3,000.00 CNY"),
        ("marginal", "3%", "4%", "        cap: {amount: 3001, per: period}", "", 0, ""),
        ("retroactive", "3%", "4%", "", "warning", 21, "a cliff: crossing 100.00% of the quota pays 1,000.00 CNY"),
        ("retroactive", "4%", "3%", "", "warning", 21, "takes 1,000.00 CNY away"),
        ("marginal", "3%", "4%", "        threshold: {at: 50%, pays: from_first}", "warning", 22, "pays 1,500.00 CNY"),
        ("marginal", "3%", "4%", "        threshold: {at: 50%, pays: above}", "", 0, ""),
    ],
)
def test_the_worst_case_is_told_in_money(
    tmp_path: Path, method: str, low: str, high: str, more: str, severity: str, line: int, said: str
) -> None:
    text = COSTLY
    for word, value in (("METHOD", method), ("LOW", low), ("HIGH", high), ("MORE", more)):
        text = text.replace(word, value)
    (tmp_path / "costly.yml").write_text(text, encoding="utf-8")
    found = lint(dataclasses.replace(Settings.from_environment({}), plans_dir=tmp_path))
    if not severity:
        assert found == []
        return
    [finding] = found
    assert (finding.severity, finding.line) == (severity, line)
    assert said in finding.message
