"""Finding the header: titles above it, groups of columns over two or three rows, with merged ranges and without."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from attain.ingest.contracts import normalise_header
from attain.ingest.header_search import Merged, find_header

KNOWN = {"合同编号", "客户名称", "合同金额", "签订日期", "产品明细.产品名称"}


def score(cells: Sequence[str]) -> int:
    return len({normalise_header(cell) for cell in cells} & KNOWN)


GROUPED = [
    ["合同编号", "客户名称", "产品明细", "", "", "合同金额"],
    ["", "", "产品名称", "数量", "单价", ""],
    ["HT-1", "晨光", "A", "1", "2", "2"],
]
JOINED = ["合同编号", "客户名称", "产品明细.产品名称", "产品明细.数量", "产品明细.单价", "合同金额"]
ACROSS = Merged(0, 2, 0, 4)
DOWN = [Merged(0, column, 1, column) for column in (0, 1, 5)]


@pytest.mark.parametrize(
    ("rows", "merged", "expected"),
    [
        pytest.param(GROUPED, [ACROSS, *DOWN], (1, 2, JOINED), id="merged across and down"),
        pytest.param(GROUPED, [ACROSS], (1, 2, JOINED), id="merged across only"),
        pytest.param(GROUPED, [], (1, 2, JOINED), id="by its shape"),
        pytest.param(
            [["", "", "产品明细", "", "", ""], ["合同编号", "客户名称", "产品名称", "数量", "单价", "合同金额"]],
            [Merged(0, 2, 0, 4)],
            (1, 2, JOINED),
            id="plain labels in the lower row",
        ),
        pytest.param(
            [["", "", "产品明细", "", ""], ["合同编号", "客户名称", "产品名称", "合同金额", "签订日期"]],
            [],
            (2, 2, ["合同编号", "客户名称", "产品名称", "合同金额", "签订日期"]),
            id="where a group ends is not guessed",
        ),
        pytest.param(
            [["合同编号", "产品明细", "合同金额"], ["", "产品名称", ""]],
            [Merged(0, 0, 1, 0), Merged(0, 2, 1, 2)],
            (1, 2, ["合同编号", "产品明细.产品名称", "合同金额"]),
            id="a group of one column",
        ),
        pytest.param(
            [["回款表"], [], *GROUPED], [Merged(0, 0, 0, 5), Merged(2, 2, 2, 4)], (3, 4, JOINED), id="below a title"
        ),
        pytest.param(
            [
                ["合同编号", "产品明细", "", "", "客户名称"],
                ["", "产品名称", "规格", "", ""],
                ["", "", "颜色", "尺寸", ""],
            ],
            [
                *(Merged(0, column, 2, column) for column in (0, 4)),
                Merged(0, 1, 0, 3),
                Merged(1, 1, 2, 1),
                Merged(1, 2, 1, 3),
            ],
            (1, 3, ["合同编号", "产品明细.产品名称", "产品明细.规格.颜色", "产品明细.规格.尺寸", "客户名称"]),
            id="three rows",
        ),
        pytest.param(
            [["", "合同台账", "", ""], ["合同编号", "客户名称", "合同金额", "签订日期"]],
            [Merged(0, 1, 0, 3)],
            (2, 2, ["合同编号", "客户名称", "合同金额", "签订日期"]),
            id="a title is no group",
        ),
        pytest.param(
            [["基本信息", "", "金额", ""], ["合同编号", "客户名称", "合同金额", "签订日期"]],
            [Merged(0, 0, 0, 1), Merged(0, 2, 0, 3)],
            (2, 2, ["合同编号", "客户名称", "合同金额", "签订日期"]),
            id="bands over all columns are no groups",
        ),
        pytest.param(
            [["合同编号", "客户名称", "合同金额", ""], ["HT-1", "晨光", "5", "x"]],
            [],
            (1, 1, ["合同编号", "客户名称", "合同金额", ""]),
            id="a column without a header is no group",
        ),
        pytest.param(
            [["合同编号", "客户名称", "合同金额", "", ""], ["", "", "5", "6", "7"]],
            [],
            (1, 1, ["合同编号", "客户名称", "合同金额", "", ""]),
            id="numbers are no labels",
        ),
        pytest.param(
            [["合同编号", "明细", ""], ["", "合同金额", "签订日期"], ["HT-1", "1", "2"], ["", "3", "4"]],
            [Merged(0, 1, 0, 2), Merged(0, 0, 1, 0), Merged(2, 0, 3, 0)],
            (1, 2, ["合同编号", "明细.合同金额", "明细.签订日期"]),
            id="labels of a sub-form are not the record's, whatever they are called",
        ),
        pytest.param([["a"], ["x", "y"], ["z"]], [], (2, 2, ["x", "y"]), id="nothing known"),
    ],
)
def test_headers(rows: list[list[str]], merged: Sequence[Merged], expected: tuple[int, int, list[str]]) -> None:
    found = find_header(rows, score, merged)
    assert found is not None
    assert (found.first, found.last, found.cells) == expected


def test_no_row_has_no_header() -> None:
    assert find_header([], score) is None
