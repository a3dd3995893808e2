"""The page of a release: complete, self-contained, and safe whatever the data hold."""

from __future__ import annotations

import re
from decimal import Decimal
from html.parser import HTMLParser
from pathlib import Path

import pytest

from attain.publish import release
from attain.publish.report import money


class Page(HTMLParser):
    """Tags with their attributes, and the text, of a page; tags must nest."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.open: list[str] = []
        self.text = ""
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag not in {"meta", "br", "line", "rect"}:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if not self.open or self.open[-1] != "style":
            self.text += data


@pytest.fixture(scope="module")
def page(folder: Path) -> Page:
    return Page((folder / "report.html").read_text(encoding="utf-8"))


def test_it_is_well_formed_and_needs_nothing_else(page: Page) -> None:
    assert page.open == []
    assert not {"script", "img", "link", "iframe", "object", "base"} & {tag for tag, _ in page.tags}
    attributes = {name for _, found in page.tags for name in found}
    assert not {"src", "href", "srcset", "action", "background"} & attributes
    assert not {name for name in attributes if name.startswith("on")}


def test_data_are_escaped(page: Page) -> None:
    assert '=HYPERLINK("http://example.invalid","pay me")' in page.text
    assert "=1+1" in page.text


def test_it_tells_what_was_published(page: Page) -> None:
    text = re.sub(r"\s+", " ", page.text)
    assert "As of 截至 2026-03-31" in text
    assert "2 of 4 checks passed" in text
    for amount in ("300.30 CNY", "12,000 JPY", "0.00 USD", "12,345.67"):
        assert amount in text, amount
    # Earned, draw less penalty, held, carried, payable: 11,000 + 1,000 − 0 + 0 = 12,000.
    assert "".join(("11,000", "1,000", "0", "0", "12,000")) in text.replace(" ", "")
    for section in (
        "What came in 输入",
        "Quarantined rows 隔离的行",
        "Held 暂缓",
        "Quality gate 质量关",
        "Tables 数据表",
    ):
        assert section in text, section
    for word in ("broken.csv", "no column 'amount'", "not a number", "owner unknown", "map the owner", "no customer"):
        assert word in text, word
    assert "Attainment 达成率 2026-Q1" in text
    assert "1 of 2 reached it" in text
    assert "incentive.fct_payout7" in text.replace(" ", "")


def test_it_tells_where_to_act(page: Page) -> None:
    """Teams first, then people by how much of their target they lack; other quarters and comparisons are not told."""
    told = re.findall(r"what (\w+) does next", page.text)
    assert told == ["North", "E3", "E2"]
    assert "Where to act 从何着手 2026-Q1" in re.sub(r"\s+", " ", page.text)
    for word in ("story of North target 2026-Q1", "North 的原因", "E2 的下一步", "−50.00"):
        assert word in page.text, word


def test_charts_show_each_currency_that_is_paid(page: Page) -> None:
    bars = [found for tag, found in page.tags if tag == "rect"]
    assert len(bars) == 4  # two months of CNY and of JPY; nothing is paid in USD
    heights = [float(bar["height"] or 0) for bar in bars]
    assert heights[0] == 150
    assert heights[1] == pytest.approx(150 * 300.30 / 12345.67, abs=0.01)
    assert heights[2:] == [0, 150]


def test_a_release_without_payouts_says_so(settings, make_candidate) -> None:
    make_candidate(settings, payouts=[])
    page = Page((Path(release.publish(settings).path) / "report.html").read_text(encoding="utf-8"))
    assert "there is nothing to pay" in page.text
    assert not [tag for tag, _ in page.tags if tag == "svg"]


@pytest.mark.parametrize(
    ("amount", "currency", "shown"),
    [("1234.5", "CNY", "1,234.50"), ("-7", "JPY", "−7"), ("0", "USD", "0.00"), ("1.234", "KWD", "1.234")],
)
def test_money_is_shown_with_the_decimals_of_its_currency(amount: str, currency: str, shown: str) -> None:
    assert money(Decimal(amount), currency) == shown
