"""The names of pages: safe on every file system, and never the same for two people."""

from __future__ import annotations

import re

from attain.statement import page


def test_names_are_safe_and_never_the_same() -> None:
    ids = [
        "E1",
        "e1",
        "../../etc/passwd",
        "a/b",
        "a\\b",
        "CON",
        "INDEX",
        "index",
        "张三",
        "李四",
        "E 1",
        "x" * 300,
        ".",
        "E1.html",
    ]
    names = [page.file_name(employee_id) for employee_id in ids]
    assert names[0] == "E1.html"
    assert all(re.fullmatch(r"[A-Za-z0-9_-]{1,80}\.html", name) for name in names)
    assert len({name.lower() for name in [*names, page.INDEX]}) == len(ids) + 1
