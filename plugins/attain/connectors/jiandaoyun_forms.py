"""Which forms of 简道云 are which feeds: `connectors/jiandaoyun_crm.yml`, written by people, checked line by line."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from difflib import get_close_matches
from pathlib import Path
from typing import Any, NoReturn

import yaml

from attain.connectors import jiandaoyun_records
from attain.errors import BadInput
from attain.settings import Settings

SOURCE = "jiandaoyun_crm"
MEMBERS = "members"

# Every scalar stays text: an id of digits only must not become a number.
_TEXT_LOADER = getattr(yaml, "CBaseLoader", yaml.BaseLoader)
_ID = re.compile(r"[0-9A-Za-z_-]{8,64}")
_FEED = re.compile(r"[a-z][a-z0-9_]{0,62}")


@dataclass(frozen=True)
class Form:
    """The form that is one feed.

    Attributes:
        feed: name of the feed, its folder in the inbox.
        app_id: the application the form belongs to.
        entry_id: the form.
        key: headers by which the feed's contract knows a record.
        fields: field (its id, alias or label) → the header it is written under.
        links: header of a field that points at a record (关联数据, 选择数据) → the feed of that record.
        finished: what a finished flow means, `approved` or `refused`; None: nobody has said, so it is left as it is.
    """

    feed: str
    app_id: str
    entry_id: str
    key: tuple[str, ...]
    fields: Mapping[str, str] = field(default_factory=dict)
    links: Mapping[str, str] = field(default_factory=dict)
    finished: str | None = None


@dataclass(frozen=True)
class Forms:
    """The whole file.

    Attributes:
        path: where it lies, for messages.
        forms: feed → its form, in the order of the file.
        department: members of this one and those below it are the feed `members`; None: they are not asked for.
        sweep: how often everything is read, to find deletions.
    """

    path: Path
    forms: Mapping[str, Form]
    department: int | None
    sweep: timedelta

    @property
    def feeds(self) -> list[str]:
        """All feeds, members last."""
        return [*self.forms, *([MEMBERS] if self.department is not None else [])]

    def of(self, app_id: str, entry_id: str) -> Form | None:
        """The form with these ids, if it is a feed."""
        return next((form for form in self.forms.values() if (form.app_id, form.entry_id) == (app_id, entry_id)), None)


def load(settings: Settings) -> Forms:
    """Read and check the file.

    Raises:
        BadInput: it is not there or can't be used; the message names the file, the key, the fault and the remedy.
    """
    return _Reader(settings.connectors_dir / f"{SOURCE}.yml").read()


class _Reader:
    def __init__(self, path: Path) -> None:
        self.path = path

    def fail(self, where: str, fault: str, remedy: str = "") -> NoReturn:
        raise BadInput(
            f"{self.path.name}: {where}: {fault}", remedy or f"correct {self.path}; the example beside it says how"
        )

    def read(self) -> Forms:
        try:
            document = yaml.load(self.path.read_text(encoding="utf-8"), Loader=_TEXT_LOADER)  # noqa: S506 (makes text only)
        except FileNotFoundError:
            raise BadInput(
                f"there is no {self.path.name} in the folder {self.path.parent.name}/",
                f"copy {SOURCE}.example.yml to {self.path.name} there and fill in the ids of your forms",
            ) from None
        except (yaml.YAMLError, UnicodeDecodeError) as error:
            self.fail("the file", f"is not YAML: {error}")
        document = self.mapping(document, "the file", {"app_id", "sweep_hours", "feeds"}, {"feeds"})
        feeds = self.mapping(document["feeds"], "feeds")
        if not feeds:
            self.fail("feeds", "names no feed")
        app_id = document.get("app_id", "")
        forms: dict[str, Form] = {}
        department: int | None = None
        for name, entry in feeds.items():
            if not _FEED.fullmatch(name):
                self.fail(f"feeds.{name}", "should be small letters, digits and _, as the feed's folder in the inbox")
            if name == MEMBERS:
                department = self.department(entry)
            else:
                forms[name] = self.form(name, entry, app_id)
        for form in forms.values():
            self.check_links(form, list(forms))
        seen: dict[tuple[str, str], str] = {}
        for form in forms.values():
            other = seen.setdefault((form.app_id, form.entry_id), form.feed)
            if other != form.feed:
                self.fail(f"feeds.{form.feed}.entry_id", f"is the form of {other} already; a form is one feed")
        return Forms(self.path, forms, department, timedelta(hours=self.number(document, "sweep_hours", 24)))

    def form(self, name: str, entry: Any, app_id: str) -> Form:
        where = f"feeds.{name}"
        known = {"app_id", "entry_id", "key", "fields", "links", "finished"}
        entry = self.mapping(entry, where, known, {"entry_id", "key"})
        key = entry["key"] if isinstance(entry["key"], list) else [entry["key"]]
        if not key or not all(isinstance(header, str) and header.strip() for header in key):
            self.fail(f"{where}.key", "names no header; write it like [客户编号]")
        fields = self.mapping(entry.get("fields") or {}, f"{where}.fields")
        for said, header in fields.items():
            if not isinstance(header, str) or not header.strip():
                self.fail(f"{where}.fields.{said}", "names no header")
        headers = list(fields.values())
        for header in headers:
            if headers.count(header) > 1:
                self.fail(f"{where}.fields", f"two fields are to be written under {header!r}; give each its own header")
        finished = entry.get("finished")
        if finished not in (None, *jiandaoyun_records.FINISHED):
            self.fail(f"{where}.finished", f"is {finished!r}", f"write {' or '.join(jiandaoyun_records.FINISHED)}")
        return Form(
            feed=name,
            finished=finished,
            app_id=self.id(entry.get("app_id", app_id), f"{where}.app_id" if "app_id" in entry else "app_id"),
            entry_id=self.id(entry["entry_id"], f"{where}.entry_id"),
            key=tuple(key),
            fields=fields,
            links={
                header: str(feed) for header, feed in self.mapping(entry.get("links") or {}, f"{where}.links").items()
            },
        )

    def check_links(self, form: Form, feeds: list[str]) -> None:
        for header, feed in form.links.items():
            if feed not in feeds[: feeds.index(form.feed)]:
                self.fail(
                    f"feeds.{form.feed}.links.{header}",
                    f"{feed!r} is no feed above it",
                    f"name one of {', '.join(feeds)}, and write it above {form.feed}, so that it is pulled first",
                )

    def department(self, entry: Any) -> int:
        entry = self.mapping(entry or {}, f"feeds.{MEMBERS}", {"department"})
        return int(self.number(entry, "department", 1, f"feeds.{MEMBERS}.department"))

    def id(self, value: Any, where: str) -> str:
        if not isinstance(value, str) or not _ID.fullmatch(value):
            self.fail(
                where,
                f"{value!r} is no id",
                f"take it from the address of the open form, …/app/<app_id>/entry/<entry_id>, for {self.path}",
            )
        if not value.strip("0"):
            self.fail(
                where, "is still the example's", f"fill in the id from the address of the open form in {self.path}"
            )
        return value

    def number(self, entry: Mapping[str, Any], name: str, default: int, where: str = "") -> int:
        text = entry.get(name, str(default))
        if not isinstance(text, str) or not re.fullmatch(r"[1-9]\d{0,8}", text):
            self.fail(where or name, f"{text!r} is no whole number above 0", f"write one, e.g. {default}")
        return int(text)

    def mapping(
        self, value: Any, where: str, known: set[str] | None = None, needed: set[str] | None = None
    ) -> dict[str, Any]:
        if not isinstance(value, dict):
            self.fail(where, f"should hold `name: value` pairs, is {value!r}")
        for name in value:
            if known is not None and name not in known:
                near = get_close_matches(str(name), sorted(known), n=1)
                self.fail(
                    where,
                    f"does not know {str(name)!r}" + (f"; did you mean {near[0]!r}?" if near else ""),
                    f"it knows {', '.join(sorted(known))}",
                )
        for name in sorted((needed or set()) - set(value)):
            self.fail(where, f"lacks {name!r}")
        return {str(name): item for name, item in value.items()}
