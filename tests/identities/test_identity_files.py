"""The files that say who is who: what is read, in which encodings, and what each fault says.

A line that was read wrongly, or silently left out, would credit one person's revenue to another.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest
from click.testing import CliRunner

from attain.cli import main
from attain.errors import BadInput
from attain.identities import files
from attain.settings import PROJECT_ROOT, Settings

PEOPLE = "source_system,reference,employee_id,valid_from,note\n"
CUSTOMERS = "source_system,reference,customer,note\n"


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    folder = tmp_path / "identities"
    folder.mkdir()
    return replace(Settings.from_environment({"ATTAIN_HOME": str(tmp_path / "home")}), identities_dir=folder)


def write(settings: Settings, name: str, text: str, encoding: str = "utf-8") -> None:
    (settings.identities_dir / name).write_bytes(text.encode(encoding))


def faults(settings: Settings) -> list[str]:
    return [str(finding) for finding in files.read_all(settings)[1]]


def test_the_shipped_files_are_good_and_say_nothing() -> None:
    settings = replace(Settings.from_environment({}), identities_dir=PROJECT_ROOT / "identities")
    assert files.read_all(settings) == (files.Identities(), [])
    assert [path.name for path in files.input_files(settings)] == ["customers.csv", "people.csv"]


def test_no_folder_says_nothing(tmp_path: Path) -> None:
    settings = replace(Settings.from_environment({}), identities_dir=tmp_path / "absent")
    assert files.load_identities(settings) == files.Identities()


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030", "utf-16"])
@pytest.mark.parametrize("separator", [",", "\t", ";"])
def test_a_file_is_read_as_excel_saves_it(settings: Settings, encoding: str, separator: str) -> None:
    text = "来源系统,原值,工号,生效日期,备注\r\njiandaoyun_crm, 李安　,E1,2025/1/6,改名前\r\n*,公海,HOUSE,,\r\n,,,,\r\n"
    write(settings, "people.csv", text.replace(",", separator), encoding)
    assert files.load_identities(settings).people == (
        files.Person("jiandaoyun_crm", "李安", "E1", date(2025, 1, 6), 2),
        files.Person("*", "公海", "HOUSE", None, 3),
    )


def test_numbers_stay_as_they_are_written(settings: Settings) -> None:
    write(settings, "people.csv", PEOPLE + "zoho_crm,zcrm_4876876000000123456,00017,,\n")
    write(settings, "customers.csv", CUSTOMERS + "finance,007,zoho_crm:zcrm_4876876000000999001,\n")
    found = files.load_identities(settings)
    assert (found.people[0].reference, found.people[0].employee_id) == ("zcrm_4876876000000123456", "00017")
    assert found.customers[0] == files.Customer("finance", "007", "zoho_crm:4876876000000999001", 2)


@pytest.mark.parametrize(
    ("name", "text", "said"),
    [
        ("people.csv", PEOPLE + "zoho_crm,,E1,,\n", "people.csv:2: reference is blank"),
        ("people.csv", PEOPLE + "zoho_crm,u1,,,\n", "people.csv:2: employee_id is blank"),
        (
            "people.csv",
            PEOPLE + "zoho_crm,4.87688E+18,E1,,\n",
            "people.csv:2: reference '4.87688E+18' was a long",
        ),
        ("people.csv", PEOPLE + "zoho_crm,u1,E1,6.1.25,\n", "people.csv:2: valid_from '6.1.25' is not a day"),
        ("people.csv", PEOPLE + "zoho_crm,u1,E1,2025-02-30,\n", "people.csv:2: valid_from '2025-02-30' is not a day"),
        (
            "people.csv",
            PEOPLE + "zoho_crm,u1,E1,,\nzoho_crm,U1,E2,,\n",
            "people.csv:3: zoho_crm 'U1' is E2 here and E1 in line 2",
        ),
        ("people.csv", "source_system,reference,employe_id\nzoho_crm,u1,E1\n", "nobody knows the column 'employe_id'"),
        ("people.csv", "source_system,reference,note\nzoho_crm,u1,x\n", "there is no column employee_id"),
        ("people.csv", PEOPLE + "zoho_crm,u1\n", "people.csv:2: the row has more or fewer cells"),
        ("people.csv", PEOPLE + "zoho_crm,Li, An,E1,,x\n", "people.csv:2: the row has more or fewer cells"),
        ("people.csv", "", "people.csv:1: the file is empty"),
        ("customers.csv", CUSTOMERS + "finance,甲,a1,\n", "customers.csv:2: customer 'a1' names no record"),
        (
            "customers.csv",
            CUSTOMERS + "finance,甲,zoho_crm:a1,\nfinance,甲,zoho_crm:a2,\n",
            "customers.csv:3: finance '甲' is zoho_crm:a2 here and zoho_crm:a1 in line 2",
        ),
        (
            "customers.csv",
            CUSTOMERS + "finance,甲,zoho_crm:a1,\nzoho_crm,a1,jiandaoyun_crm:C1,\n",
            "customers.csv:2: customer zoho_crm:a1 is itself jiandaoyun_crm:C1 by line 3",
        ),
        ("persons.csv", PEOPLE, "persons.csv:1: no file of this name is read"),
        ("people.xlsx", "", "people.xlsx:1: no file of this name is read"),
    ],
)
def test_a_fault_says_file_line_value_and_remedy(settings: Settings, name: str, text: str, said: str) -> None:
    write(settings, name, text)
    found = faults(settings)
    assert len(found) >= 1
    assert any(f"identities/{name}:" in fault and said in fault and fault.split("\n  ")[1] for fault in found), found
    with pytest.raises(BadInput, match="identity files can't be used"):
        files.load_identities(settings)


def test_a_record_may_stand_for_itself(settings: Settings) -> None:
    write(settings, "customers.csv", CUSTOMERS + "zoho_crm,a1,zoho_crm:a1,not the one in 简道云\n")
    assert not faults(settings)


def test_the_command_says_faults_and_exits_with_2(settings: Settings) -> None:
    runner = CliRunner(env={"ATTAIN_HOME": str(settings.home), "ATTAIN_IDENTITIES": str(settings.identities_dir)})
    write(settings, "people.csv", PEOPLE + "zoho_crm,u1,E1,,\n")
    good = runner.invoke(main, ["identities", "check"])
    assert (good.exit_code, good.output.strip()) == (0, "the identity files are good: 1 of people, 0 of customers")
    write(settings, "people.csv", PEOPLE + "zoho_crm,u1,,,\n")
    bad = runner.invoke(main, ["identities", "check"])
    assert bad.exit_code == 2
    assert "identities/people.csv:2: employee_id is blank" in bad.output
    empty = runner.invoke(main, ["identities", "list"])
    assert empty.exit_code == 2
    assert "attain run" in empty.output
