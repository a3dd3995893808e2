"""What stands around a table about its amounts: that they are in 万元 or thousands, or in which currency they are.

Such a title changes every amount below it, and a note below the table every amount above. Nothing is multiplied on
its word; the file is refused with what it says.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

from attain.ingest.contracts import Feed
from attain.ingest.conversion import Reading, currency_of
from attain.ingest.rejected import Rejected

_LARGE = r"(?:(?:[十百千]?万|亿)(?:\s*[元圆]|\s*(?:美|欧|港|日)元|\s*人民币)?|[百千](?:元|圆|美元))"
_WHOSE = r"(?:人民币|美元|RMB|CNY|USD)?\s*"
_SCALES = re.compile(
    rf"单位\s*[:：为是]?\s*{_WHOSE}{_LARGE}(?![\w])"
    rf"|[(（\[【]\s*{_WHOSE}{_LARGE}\s*[)）\]】]"
    rf"|^{_WHOSE}(?:[十百千]?万|[百千]|亿)元$"
    r"|\bin\s+(?:rmb|cny|usd|us\$|[$¥€£])?\s*(?:thousands|millions|billions)\b"
    r"|(?:rmb|cny|usd|eur|hkd|gbp|[$¥￥€£])\s*['’]?000s?\b",
    re.IGNORECASE,
)
_CURRENCIES = re.compile(
    r"(?:币种|币别|货币|单位|currency)\s*[:：]\s*([A-Za-z]{3}|人民币元?|[^\W\d_]{1,4}[元镑币])", re.IGNORECASE
)


def scale_in(texts: Iterable[str]) -> str | None:
    """The words that say amounts are in 万元, thousands or the like; None if there are none."""
    return next((found.group().strip() for text in texts if (found := _SCALES.search(text.strip()))), None)


def refuse_scale(texts: Iterable[str], readings: Mapping[str, Reading]) -> None:
    """Refuse amounts that the texts around the table say are not in whole units of a currency.

    Args:
        texts: cells above or below the table, the name of its sheet.
        readings: the columns that are read, by canonical name.

    Raises:
        Rejected: they say so, and a column of money is read.
    """
    if any(reading.column.type == "money" and reading.index is not None for reading in readings.values()):
        said = scale_in(texts)
        if said is not None:
            raise Rejected(
                f"it says {said!r}, so its amounts are not what the cells say",
                "export the amounts in full, in 元 (or the currency's own unit), and without that title",
            )


def refuse_currency(texts: Iterable[str], feed: Feed, readings: Mapping[str, Reading]) -> None:
    """Refuse a file without a column of currencies whose title names another than the contract takes for granted.

    Raises:
        Rejected: it names another.
    """
    for column in feed.columns:
        reading = readings.get(column.name)
        if column.type != "currency" or column.default is None or (reading is not None and reading.index is not None):
            continue
        for text in texts:
            found = _CURRENCIES.search(text)
            said = None if found is None else currency_of(found.group(1))
            if found is not None and said is not None and said != column.default:
                raise Rejected(
                    f"it says {found.group().strip()!r}, but has no column of currencies, and without one amounts are "
                    f"in {column.default}",
                    f"export it with a column {column.zh} ({said})",
                )
