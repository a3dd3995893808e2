"""YAML nodes read exactly: every scalar from its text, so that no number passes through binary floating point.

Reading never stops at the first mistake; all of a file's mistakes are found at once.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from datetime import date
from decimal import Decimal
from difflib import get_close_matches
from typing import TypeVar

import yaml

from attain import money
from attain.periods import month_of, span_of
from attain.plans.model import Finding, Severity, Title
from attain.plans.shapes import SHAPES

Item = TypeVar("Item")

PUBLISHED_DECIMALS = 2
"""Decimals of a published amount; a currency with a finer unit could not be paid exactly."""

ZERO = Decimal(0)


class Entry:
    """A YAML mapping under its path in the file, e.g. `versions[0].components[1]`."""

    def __init__(self, path: str, node: yaml.Node) -> None:
        self.path = path
        self.node = node
        self.line: int = node.start_mark.line + 1
        self.values: dict[str, yaml.Node] = {}
        self.lines: dict[str, int] = {}

    def __contains__(self, key: str) -> bool:
        return key in self.values

    def name(self, key: str) -> str:
        return f"{self.path}.{key}" if self.path else key

    def line_of(self, key: str) -> int:
        return self.lines.get(key, self.line)


class NodeReader:
    """Reads nodes and collects findings. After an error it goes on with a placeholder; the plan is then dropped."""

    def __init__(self, file: str) -> None:
        self.file = file
        self.findings: list[Finding] = []
        self.unread_lines: set[int] = set()
        """Lines with a number that could not be read; a placeholder stands for it, so sums there mean nothing."""

    def error(self, line: int, message: str, remedy: str) -> None:
        self.report(line, "error", message, remedy)

    def report(self, line: int, severity: Severity, message: str, remedy: str) -> None:
        self.findings.append(Finding(self.file, line, severity, message, remedy))

    def has_numbers(self, node: yaml.Node | None) -> bool:
        """Whether all numbers of a node could be read."""
        return node is not None and not any(line in self.unread_lines for line in _lines_of(node))

    def is_clean(self, node: yaml.Node) -> bool:
        """Whether a node has no error so far."""
        lines = _lines_of(node)
        return not any(finding.severity == "error" and finding.line in lines for finding in self.findings)

    # -- entries ----------------------------------------------------------------------------------------------------

    def mapping(self, node: yaml.Node, path: str, shape_name: str) -> Entry:
        """The keys of an entry of a shape; unknown, double and missing ones are reported."""
        entry = Entry(path, node)
        shape = SHAPES[shape_name]
        where = path or "the file"
        if not isinstance(node, yaml.MappingNode):
            known = ", ".join(shape.keys)
            self.error(entry.line, f"{where}: {shown(node)} is not a set of keys", f"write `key: value` pairs: {known}")
            return entry
        for key_node, value_node in node.value:
            key = key_node.value if isinstance(key_node, yaml.ScalarNode) else shown(key_node)
            key_line = key_node.start_mark.line + 1
            if key in entry.values:
                self.error(key_line, f"{entry.name(key)}: the key is there twice", "keep one of them")
            elif key not in shape.keys:
                self.error(key_line, f"{entry.name(key)}: unknown key", likely(key, shape.keys, "known here"))
            else:
                entry.values[key] = value_node
                entry.lines[key] = key_line
        for key in shape.required:
            if key not in entry.values:
                self.error(entry.line, f"{where}: the key {key!r} is missing", f"add `{key}:`")
        return entry

    def items(self, parent: Entry, key: str, read: Callable[[yaml.Node, str], Item]) -> list[Item]:
        node = parent.values.get(key)
        if node is None:
            return []
        if not isinstance(node, yaml.SequenceNode):
            self.error(
                node.start_mark.line + 1,
                f"{parent.name(key)}: {shown(node)} is not a list",
                "write its entries one a line, each after `- `",
            )
            return []
        if not node.value:
            self.error(node.start_mark.line + 1, f"{parent.name(key)}: the list is empty", "add an entry")
        return [read(item, f"{parent.name(key)}[{number}]") for number, item in enumerate(node.value)]

    def check_unique(self, parent: Entry, key: str, named: Iterable[tuple[str, int]]) -> None:
        seen: set[str] = set()
        for name, line in named:
            if name and name in seen:
                self.error(line, f"{parent.name(key)}: {name!r} is there twice", "rename or remove one of them")
            seen.add(name)

    # -- texts ------------------------------------------------------------------------------------------------------

    def text_of(self, node: yaml.Node, path: str) -> str:
        if not isinstance(node, yaml.ScalarNode) or not node.value.strip():
            self.error(node.start_mark.line + 1, f"{path}: {shown(node)} is not a text", "write a text")
            return ""
        return str(node.value).strip()

    def optional_text(self, parent: Entry, key: str) -> str | None:
        return self.text(parent, key) if key in parent else None

    def text(self, parent: Entry, key: str) -> str:
        node = parent.values.get(key)
        return "" if node is None else self.text_of(node, parent.name(key))  # a missing key is reported as missing

    def code(self, parent: Entry, key: str) -> str:
        text = self.text(parent, key)
        if text and not re.fullmatch(r"[a-z][a-z0-9_]{0,62}", text):
            self.error(
                parent.line_of(key),
                f"{parent.name(key)}: {text!r} is not a code",
                "use small letters, digits and _, starting with a letter: it becomes part of keys and file names",
            )
        return text

    def title(self, parent: Entry) -> Title:
        node = parent.values.get("title")
        if node is None:
            return Title("", "")
        entry = self.mapping(node, parent.name("title"), "title")
        return Title(en=self.text(entry, "en"), zh=self.text(entry, "zh"))

    def known(self, text: str, path: str, line: int, known: Iterable[str]) -> str:
        """A text that must be one of the known ones."""
        names = sorted(known)
        if text and text not in names:
            self.error(line, f"{path}: {text!r} is not known", likely(text, names, "known"))
        return text

    def choice(self, parent: Entry, key: str, known: Iterable[str], default: str = "") -> str:
        if key not in parent:
            return default
        return self.known(self.text(parent, key), parent.name(key), parent.line_of(key), known)

    def yes_no(self, parent: Entry, key: str, default: bool) -> bool:
        text = self.optional_text(parent, key)
        if text is None or text == "":
            return default
        if text.lower() not in ("true", "false"):
            self.error(
                parent.line_of(key), f"{parent.name(key)}: {text!r} is neither true nor false", "write true or false"
            )
        return text.lower() == "true"

    def currency(self, parent: Entry, key: str) -> str:
        """A currency whose smallest unit a published amount can hold; an empty text after an error."""
        text = self.text(parent, key)
        if not text:
            return ""
        try:
            decimals = money.minor_unit(text)
        except ValueError as error:
            self.error(parent.line_of(key), f"{parent.name(key)}: {error}", "write e.g. CNY")
            return ""
        if decimals > PUBLISHED_DECIMALS:
            self.error(
                parent.line_of(key),
                f"{parent.name(key)}: {text} has {decimals} decimals, pay has at most {PUBLISHED_DECIMALS} (M1)",
                "pay in a currency of at most two decimals",
            )
            return ""
        return text

    # -- days and months --------------------------------------------------------------------------------------------

    def day(self, parent: Entry, key: str) -> date | None:
        text = self.optional_text(parent, key)
        if not text:
            return None
        if re.fullmatch(r"\d{4}-\d{2}-\d{2}", text):
            try:
                return date.fromisoformat(text)
            except ValueError:
                pass
        self.error(parent.line_of(key), f"{parent.name(key)}: {text!r} is not a day", "write it as YYYY-MM-DD")
        return None

    def month(self, parent: Entry, key: str) -> str | None:
        text = self.optional_text(parent, key)
        if not text:
            return None
        try:
            if re.fullmatch(r"\d{4}-\d{2}", text):
                return month_of(span_of(text).start)
        except ValueError:
            pass
        self.error(parent.line_of(key), f"{parent.name(key)}: {text!r} is not a month", "write it as YYYY-MM")
        return None

    # -- numbers ----------------------------------------------------------------------------------------------------

    def number_at(
        self, parent: Entry, key: str, whole_digits: int, lowest: Decimal | None = None, default: Decimal = ZERO
    ) -> Decimal:
        node = parent.values.get(key)
        return default if node is None else self.number(node, parent.name(key), whole_digits, lowest)

    def optional_number(
        self, parent: Entry, key: str, whole_digits: int, lowest: Decimal | None = None
    ) -> Decimal | None:
        return self.number_at(parent, key, whole_digits, lowest) if key in parent else None

    def share(self, node: yaml.Node, path: str) -> Decimal:
        """A share or factor: 0 or more, below 1,000."""
        return self.number(node, path, whole_digits=3, lowest=ZERO)

    def amount_at(self, parent: Entry, key: str, currency: str) -> Decimal:
        """An amount of money of 0 or more, no finer than the currency's smallest unit (M1). A missing key gives 0."""
        amount = self.number_at(parent, key, whole_digits=16, lowest=ZERO)
        if currency and money.round_money(amount, currency) != amount:
            self.error(
                parent.line_of(key),
                f"{parent.name(key)}: {amount} is finer than the smallest unit of {currency} (M1)",
                f"write {money.round_money(amount, currency)}",
            )
        return amount

    def optional_amount(self, parent: Entry, key: str, currency: str) -> Decimal | None:
        return self.amount_at(parent, key, currency) if key in parent else None

    def whole(self, parent: Entry, key: str, lowest: int, highest: int) -> int | None:
        """A whole number between two bounds, both allowed; None when the key is not there."""
        text = self.optional_text(parent, key)
        if not text:
            return None
        number = int(text) if re.fullmatch(r"[+-]?\d{1,9}", text, flags=re.ASCII) else None
        if number is None or not lowest <= number <= highest:
            self.unread_lines.add(parent.line_of(key))
            self.error(
                parent.line_of(key),
                f"{parent.name(key)}: {text!r} is not a whole number from {lowest} to {highest}",
                f"write a whole number from {lowest} to {highest}",
            )
            return None
        return number

    def number(self, node: yaml.Node, path: str, whole_digits: int, lowest: Decimal | None = None) -> Decimal:
        """An exact number with at most 6 decimals and `whole_digits` digits before them; `4%` is 0.04."""
        line = node.start_mark.line + 1
        text = str(node.value).strip() if isinstance(node, yaml.ScalarNode) else ""
        written = re.fullmatch(r"([+-]?\d{1,24}(?:\.\d{1,24})?)\s*(%?)", text, flags=re.ASCII)
        if not written:
            self.unread_lines.add(line)
            self.error(
                line,
                f"{path}: {shown(node)} is not a number",
                "write digits with a point for decimals and no thousands separators, e.g. 1200.5, 0.045 or 4.5%",
            )
            return ZERO
        value = money.EXACT.scaleb(Decimal(written[1]), -2 if written[2] else 0)
        if money.quantise6(value) != value:
            self.error(line, f"{path}: {text} has more than {money.SCALE} decimals", f"write {money.quantise6(value)}")
        if abs(value) >= Decimal(10) ** whole_digits:
            self.error(line, f"{path}: {text} is out of range", f"stay below 10 to the power of {whole_digits}")
        if lowest is not None and value < lowest:
            self.error(line, f"{path}: {text} is below {lowest}", f"write {lowest} or more")
        return value


def shown(node: yaml.Node) -> str:
    """A node as a person would recognise it in a message."""
    if isinstance(node, yaml.ScalarNode):
        return repr(node.value)
    return "a list" if isinstance(node, yaml.SequenceNode) else "a set of keys"


def likely(text: str, known: Iterable[str], label: str) -> str:
    """What was probably meant, and all that would be accepted."""
    names = list(known)
    close = get_close_matches(text.lower(), names, n=1, cutoff=0.6)
    listed = f"{label}: {', '.join(names)}"
    return f"did you mean {close[0]!r}? {listed}" if close else listed


def _lines_of(node: yaml.Node) -> range:
    """Lines of a node. A block ends where the next one starts, at the beginning of that line."""
    end = node.end_mark.line + (1 if node.end_mark.column > 0 else 0)
    return range(node.start_mark.line + 1, max(end, node.start_mark.line + 1) + 1)
