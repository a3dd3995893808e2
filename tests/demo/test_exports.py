"""Do the files hold what the manifest says, in headers that the contracts know, with money that adds up?"""

from __future__ import annotations

import itertools
from collections import Counter, defaultdict
from collections.abc import Callable
from datetime import date
from decimal import Decimal, InvalidOperation

import pytest

from attain.demo.company import PRODUCTS
from attain.ingest import contracts
from tests.demo.conftest import Sample, Sheet, read_sheet

Records = Callable[[str], list[dict[str, str]]]


def number(text: str) -> Decimal:
    return Decimal(text.replace(",", ""))


@pytest.fixture(scope="module")
def sheets(sample: Sample) -> dict[str, Sheet]:
    return {file.path: read_sheet(sample.settings.inbox / file.path) for file in sample.report.files}


# Feeds that the sample company does not export; tests/ingest/test_feeds.py has an export of each.
NOT_EXPORTED = {
    *(f"zoho_crm.{name}" for name in ("contacts", "quotes", "invoices")),
    *(f"jiandaoyun_crm.{name}" for name in ("contacts", "quotes", "quote_lines")),
    *(f"jiandaoyun_crm.{name}" for name in ("contract_lines", "collection_plans", "invoices", "sales_targets")),
    "jiandaoyun_crm.products",
    "finance.payments",
    "finance.invoice_lines",
    *(f"hr.{name}" for name in ("leave", "ratings", "disputes", "exceptions")),
}


def test_every_other_feed_is_delivered_in_a_moderate_number_of_files(sample: Sample) -> None:
    delivered = {f"{file.source}.{file.feed}" for file in sample.report.files}
    assert delivered == set(contracts.feeds()) - NOT_EXPORTED
    assert len(sample.report.files) <= 54
    assert 36_000 <= sample.report.rows <= 42_000


def test_every_header_is_one_that_the_contract_knows(sample: Sample, sheets: dict[str, Sheet]) -> None:
    for file in sample.report.files:
        feed = contracts.feed(f"{file.source}.{file.feed}")
        known = {
            contracts.normalise_header(header): column.name for column in feed.columns for header in column.headers
        }
        found = Counter(
            known[form] for header in sheets[file.path].header if (form := contracts.normalise_header(header)) in known
        )
        assert {column.name for column in feed.columns if column.required} <= set(found), file.path
        assert max(found.values()) == 1, file.path
        assert not {contracts.normalise_header(header) for header in sheets[file.path].header} & {
            contracts.normalise_header(header) for header in feed.foreign_headers
        }


def test_rows_are_those_of_the_manifest(sample: Sample, sheets: dict[str, Sheet]) -> None:
    for file in sample.report.files:
        sheet = sheets[file.path]
        totals = [row for row in sheet.rows if row[0] == "合计"]
        assert len(totals) == file.totals_rows, file.path
        assert len(sheet.rows) - len(totals) == file.rows, file.path
        assert len(file.dirty) == file.dirty_rows, file.path
        for dirty in file.dirty:
            cells = sheet.rows[dirty.row_number - sheet.first_row]
            assert cells[sheet.header.index(dirty.column)] == dirty.value, (file.path, dirty)
    assert sample.report.rows == sum(file.rows for file in sample.report.files)


def test_dirt_is_a_small_share_of_many_kinds(sample: Sample) -> None:
    share = sample.report.dirty_rows / sample.report.rows
    assert 0.002 < share < 0.01
    assert len({row.reason for file in sample.report.files for row in file.dirty}) >= 7
    assert len({(file.feed, row.column) for file in sample.report.files for row in file.dirty}) >= 15


def test_rows_that_are_not_dirty_can_be_read(sample: Sample, sheets: dict[str, Sheet]) -> None:
    amounts = {"Amount", "收款金额", "价税合计", "合同金额", "回款金额", "核销金额", "Total", "目标值", "Rate"}
    for file in sample.report.files:
        sheet, dirty = sheets[file.path], {row.row_number for row in file.dirty}
        columns = [place for place, title in enumerate(sheet.header) if title in amounts]
        for row_number, cells in enumerate(sheet.rows, start=sheet.first_row):
            if row_number in dirty:
                continue
            assert cells[0], (file.path, row_number)
            for place in columns:
                try:
                    value = number(cells[place])
                except InvalidOperation:
                    pytest.fail(f"{file.path} row {row_number}: {cells[place]!r}")
                assert value == round(value, 4)


def test_totals_rows_are_right(sheets: dict[str, Sheet]) -> None:
    seen = 0
    for path, sheet in sheets.items():
        for total in (row for row in sheet.rows if row[0] == "合计"):
            place = next(index for index, cell in enumerate(total) if index and cell)
            assert number(total[place]) == sum(number(row[place]) for row in sheet.rows if row[0] != "合计"), path
            seen += 1
    assert seen == 3


def test_what_was_received_is_never_more_than_what_was_invoiced(records: Records) -> None:
    invoices = {record["发票号码"]: record for record in records("finance/invoices")}
    received: defaultdict[str, Decimal] = defaultdict(Decimal)
    unmatched = 0
    for receipt in records("finance/receipts"):
        invoice = invoices.get(receipt["发票号码"])
        if invoice is None:
            unmatched += 1
            continue
        assert invoice["发票状态"] != "作废"
        assert (number(receipt["收款金额"]) < 0) == (receipt["单据类型"] == "收款退款单")
        assert receipt["币别"] == invoice["币别"]
        received[receipt["发票号码"]] += number(receipt["收款金额"])
    assert unmatched == 3
    for invoice_no, total in received.items():
        assert 0 <= total <= number(invoices[invoice_no]["价税合计"])
    documents: defaultdict[str, Decimal] = defaultdict(Decimal)
    for invoice in invoices.values():
        if invoice["发票状态"] != "作废":
            documents[invoice["来源单号"]] += number(invoice["价税合计"])
    amounts = {record["合同编号"]: number(record["合同金额"]) for record in records("jiandaoyun_crm/contracts")}
    amounts |= {
        record["Record Id"].removeprefix("zcrm_"): number(record["Amount"]) for record in records("zoho_crm/deals")
    }
    for document_no, total in documents.items():
        assert total <= amounts[document_no]


def test_money_that_two_systems_tell_of_is_the_same_money(records: Records) -> None:
    receipts: defaultdict[str, Decimal] = defaultdict(Decimal)
    for receipt in records("finance/receipts"):
        receipts[receipt["单据编号"]] += number(receipt["收款金额"])
    collections = records("jiandaoyun_crm/collections")
    twice = [record for record in collections if record["财务收款单号"]]
    once = [record for record in collections if not record["财务收款单号"]]
    assert len(twice) > 1_000
    assert len(once) > 100
    for record in twice:
        assert receipts[record["财务收款单号"]] == number(record["回款金额"]), record["回款编号"]
    contracts_known = {record["合同编号"] for record in records("jiandaoyun_crm/contracts")}
    assert {record["关联合同"] for record in collections} <= contracts_known


def test_corrections_replace_what_was_mistyped(sample: Sample, sheets: dict[str, Sheet], records: Records) -> None:
    def amounts(path: str) -> dict[tuple[str, str], Decimal]:
        return {
            (record["单据编号"], record["发票号码"]): number(record["收款金额"])
            for record in sheets[path].records()
            if record["业务日期"].startswith("2026-01")
        }

    first = amounts("finance/receipts/收款单_20260331.csv")
    corrected = amounts("finance/receipts/收款单_202601_更正_20260415.csv")
    late = amounts("finance/receipts/收款单_202601_补录_20260320.csv")
    changed = {key for key in first if key in corrected and first[key] != corrected[key]}
    assert len(changed) == sample.report.oddities["receipts corrected"] > 5
    assert len(late) == sample.report.oddities["receipts late"] > 5
    assert not set(late) & set(first)
    latest = {(r["单据编号"], r["发票号码"]): number(r["收款金额"]) for r in records("finance/receipts")}
    assert all(latest[key] == corrected[key] for key in corrected)


def test_deliveries_overlap_repeat_and_speak_two_dialects(sample: Sample, sheets: dict[str, Sheet]) -> None:
    twins = [file for file in sample.report.files if file.duplicate_of]
    by_path = {file.path: file for file in sample.report.files}
    assert len(twins) == 2
    for file in twins:
        assert by_path[str(file.duplicate_of)].sha256 == file.sha256
    ids = {
        path: {record["Record Id"] for record in sheet.records()}
        for path, sheet in sheets.items()
        if path.startswith("zoho_crm/deals/")
    }
    assert ids["zoho_crm/deals/Deals_2025_12_31.csv"] & ids["zoho_crm/deals/Deals_2026_06_30.csv"]
    assert "Deal Owner" not in sheets["zoho_crm/deals/Deals_001.csv"].header
    assert "Deal Owner.id" in sheets["zoho_crm/deals/Deals_2026_10_31.csv"].header


def test_oddities_are_as_many_as_the_manifest_says(sample: Sample, records: Records) -> None:
    deals, contracts_made = records("zoho_crm/deals"), records("jiandaoyun_crm/contracts")
    told, known = sample.report.oddities, {product.name for product in PRODUCTS}
    # The backup has no names of owners and accounts: only ids.
    assert told["deals without account"] == sum(
        not (deal.get("Account Name.id") or deal.get("Account Id")) for deal in deals
    )
    assert (
        told["contracts of an unknown signer"] == sum(record["签约人"] == "渠道代签" for record in contracts_made) > 0
    )
    assert told["products not in the catalogue"] == sum(deal["Product Name"] not in known for deal in deals) + sum(
        record["产品名称"] not in known for record in contracts_made
    )
    won = [deal for deal in deals if deal["Stage"] == "Closed Won" and deal["Split Owner 1"]]
    won += [
        {f"Split % {place}": record[f"业绩比例{place}"] for place in (1, 2, 3)}
        for record in contracts_made
        if record["流程状态"] == "流转完成" and record["业绩归属人1"]
    ]
    wrong = sum(sum(Decimal(row[f"Split % {place}"] or 0) for place in (1, 2, 3)) != 100 for row in won)
    assert wrong == told["won documents whose splits don't add up"] > 1
    assert told["refunds"] == len(
        {r["单据编号"] for r in records("finance/receipts") if number(r["收款金额"]) < 0}
        | {
            r["回款编号"]
            for r in records("jiandaoyun_crm/collections")
            if number(r["回款金额"]) < 0 and not r["财务收款单号"]
        }
    )


def test_ids_keep_all_their_digits(records: Records) -> None:
    for deal in records("zoho_crm/deals"):
        digits = deal["Record Id"].removeprefix("zcrm_")
        assert len(digits) == 18 and digits.isdigit() and not digits.endswith("000")
    domestic = [r["发票号码"] for r in records("finance/invoices") if not r["发票号码"].startswith("INV-")]
    assert all(len(invoice_no) == 20 and invoice_no.isdigit() for invoice_no in domestic)
    assert len(domestic) > 1_000


def test_encodings_are_those_of_the_real_systems(sample: Sample) -> None:
    inbox = sample.settings.inbox
    invoices = (inbox / "finance/invoices/销项发票_20261031.csv").read_bytes()
    with pytest.raises(UnicodeDecodeError):
        invoices.decode("utf-8")
    assert "价税合计" in invoices.decode("gb18030").splitlines()[0]
    assert (inbox / "finance/fx_rates/FX_Rates_20261031.csv").read_bytes().startswith(b"\xef\xbb\xbf")
    deals = (inbox / "zoho_crm/deals/Deals_2026_10_31.csv").read_text(encoding="utf-8")
    assert (
        len(deals.splitlines())
        > sum(file.rows for file in sample.report.files if file.path.endswith("Deals_2026_10_31.csv")) + 1
    ), "descriptions hold line breaks"


def test_people_can_be_matched_by_id_or_address(records: Records) -> None:
    employees = records("hr/employees")
    users = {record["Record Id"].removeprefix("zcrm_"): record for record in records("zoho_crm/users")}
    members = {record["成员编号"]: record for record in records("jiandaoyun_crm/members")}
    by_address = {record["邮箱"] for record in employees}
    assert all(record["Email"].lower() in by_address for record in users.values())
    assert all(record["邮箱"] in by_address for record in members.values())
    assert any(record["Email"] != record["Email"].lower() for record in users.values())
    for record in employees:
        assert record["CRM账号"] in {"", *users}
        assert record["简道云成员编号"] in {"", *members}
    assert len([r for r in users.values() if r["User Status"] == "DISABLED"]) >= 2


def test_what_people_do_is_about_records_that_are_there(records: Records) -> None:
    deals = {record["Record Id"]: record for record in records("zoho_crm/deals")}
    owners = {record["Record Id"] for record in records("zoho_crm/users")}
    calls, meetings = records("zoho_crm/calls"), records("zoho_crm/events")
    assert {record["Related To.id"] for record in (*calls, *meetings)} <= set(deals)
    assert {record["Call Owner.id"] for record in calls} | {record["Host.id"] for record in meetings} <= owners
    missed = [record for record in calls if record["Call Type"] == "Missed"]
    assert 0 < len(missed) < len(calls) / 8
    assert all(record["Call Duration (in seconds)"] == "0" for record in missed)
    customers = {record["客户编号"] for record in records("jiandaoyun_crm/customers")}
    follow_ups = records("jiandaoyun_crm/follow_ups")
    assert {record["客户编号"] for record in follow_ups} <= customers
    assert len(follow_ups) > 800
    answers = records("hr/surveys")
    for kind, scores in (("满意度", range(1, 6)), ("NPS", range(11))):
        given = [int(float(record["评分"])) for record in answers if record["调查类型"] == kind]
        assert len(given) > 60
        assert set(given) <= set(scores)


def test_discounts_costs_and_orders_are_believable(records: Records) -> None:
    """A quoted price is never above the list, nor 40 % below it; some values nobody wrote down."""
    deals = {record["Record Id"]: record for record in records("zoho_crm/deals")}
    won = [record for record in deals.values() if record["Stage"] == "Closed Won"]
    contracts = records("jiandaoyun_crm/contracts")
    sold = [(record["List Amount"], record["Amount"], record["Cost Amount"]) for record in won]
    sold += [(record["折前金额"], record["合同金额"], record["成本金额"]) for record in contracts]
    for listed, amount, cost in sold:
        assert listed == "" or number(listed) * Decimal("0.6") < number(amount) <= number(listed)
        assert cost == "" or 0 < number(cost) < number(amount)
    assert len(sold) / 20 < len([1 for listed, _, _ in sold if listed == ""]) < len(sold) / 8
    assert 0 < len([1 for _, _, cost in sold if cost == ""]) < len(sold) / 5
    orders = records("zoho_crm/sales_orders")
    assert len(won) * 0.75 < len(orders) < len(won)
    for order in orders:
        if order["Deal Name.id"]:
            deal = deals[order["Deal Name.id"]]
            assert (deal["Stage"], deal["Amount"], deal["Currency"]) == (
                "Closed Won",
                order["Grand Total"],
                order["Currency"],
            )
        assert number(order["Sub Total"]) - number(order["Discount"]) == number(order["Grand Total"])
    assert 0 < len([1 for order in orders if order["Deal Name.id"] == ""]) < len(orders) / 15
    assert 0 < len([1 for order in orders if order["Status"] == "Cancelled"]) < len(orders) / 15


def test_tasks_and_opportunities_are_about_records_that_are_there(records: Records) -> None:
    deals = {record["Record Id"] for record in records("zoho_crm/deals")}
    tasks = records("zoho_crm/tasks")
    assert {task["Related To.id"] for task in tasks} <= deals
    assert all((task["Status"] == "Completed") == bool(task["Closed Time"]) for task in tasks)
    assert len(tasks) / 2 < len([1 for task in tasks if task["Closed Time"]]) < len(tasks)
    customers = {record["客户编号"] for record in records("jiandaoyun_crm/customers")}
    members = {record["姓名"] for record in records("jiandaoyun_crm/members")}
    opportunities = records("jiandaoyun_crm/opportunities")
    assert {record["客户编号"] for record in opportunities} <= customers
    assert {record["负责人"] for record in opportunities} <= members
    stages = Counter(record["商机阶段"] for record in opportunities)
    assert set(stages) == {"初步沟通", "需求确认", "方案报价", "商务谈判", "赢单", "输单"}
    assert stages["赢单"] > 300 and stages["输单"] > 300
    assert 30 < stages.total() - stages["赢单"] - stages["输单"] < 200
    assert all(record["提交时间"] <= record["更新时间"] < "2026-11-01" for record in opportunities)


def test_stage_history_ends_where_its_deal_stands(records: Records) -> None:
    """An entry says what comes next and how long it took, and the last one is the stage of the deal."""
    deals = {record["Record Id"]: record for record in records("zoho_crm/deals")}
    by_deal: dict[str, list[dict[str, str]]] = defaultdict(list)
    for entry in records("zoho_crm/stage_history"):
        by_deal[entry["Deal Name.id"]].append(entry)
    assert len(by_deal) > 1_000
    for deal_id, entries in by_deal.items():
        entries.sort(key=lambda entry: entry["Modified Time"])
        for entry, following in itertools.pairwise(entries):
            assert entry["Moved To"] == following["Stage"]
            days = date.fromisoformat(following["Modified Time"][:10]) - date.fromisoformat(entry["Modified Time"][:10])
            assert int(entry["Stage Duration (Calendar Days)"]) == days.days
        assert entries[-1]["Moved To"] == entries[-1]["Stage Duration (Calendar Days)"] == ""
        assert entries[-1]["Stage"] == deals[deal_id]["Stage"], deal_id
        assert min(entry["Modified Time"] for entry in entries) >= "2026-01-01"
