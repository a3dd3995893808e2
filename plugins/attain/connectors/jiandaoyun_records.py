"""Records of 简道云 under the headers that a workbook export has, whichever way they came.

The open API and the pushes name a field by its alias or by its id (`_widget_…`, which never changes), and describe
members and departments differently. Both are brought to one shape here:

| in 简道云 | in the file |
|---|---|
| a field | its label; what `fields` of the forms file says comes first |
| `creator`, `updater` | 提交人, 更新人 |
| `createTime`, `updateTime`, `flowState` | 提交时间, 更新时间, 流程状态; the values as they are |
| a member, several members | `{"name": …, "username": …}`, with lists for several |
| a department, several | `{"name": …, "dept_no": …}`, likewise |
| a sub-form | a list of objects under its label, each with its `_id` |
| an address | its parts, and `name`: all of them in one |
| 关联数据, 选择数据 | `{"id": …}`: it is a data id, which must not be taken for a number or a name |
| a file, a picture | its name; the address dies after 15 days |
| a number | the digits that 简道云 sent, never a float |
"""

from __future__ import annotations

import hashlib
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from attain.connectors import exact_json
from attain.errors import BadInput

RECORD_ID = "_id"
DELETED = "_deleted"
SUBMITTER, SUBMITTED_AT, UPDATED_AT, FLOW_STATE, UPDATER = "提交人", "提交时间", "更新时间", "流程状态", "更新人"
SYSTEM_HEADERS = {
    "creator": SUBMITTER,
    "createTime": SUBMITTED_AT,
    "updateTime": UPDATED_AT,
    "flowState": FLOW_STATE,
    "updater": UPDATER,
}
# What 简道云 says of a record beside its fields; an alias of that name would hide it.
RESERVED = frozenset({RECORD_ID, *SYSTEM_HEADERS, "appId", "entryId", "formName", "deleter", "deleteTime"})
# What a finished flow is written as, where the forms file says what it means; the words of an export.
FINISHED = {"approved": "已通过", "refused": "已拒绝"}
_IS_FINISHED = "1"
_LEFT_OUT = frozenset({"appId", "entryId", "formName", "deleter", "deleteTime", "ext"})


def loads(text: str | bytes) -> Any:
    """JSON with its numbers as they are written.

    Raises:
        ValueError: it is no JSON in UTF-8.
    """
    try:
        return exact_json.loads(text.decode() if isinstance(text, bytes) else text)
    except RecursionError:
        raise ValueError("it is nested too deep") from None


@dataclass(frozen=True)
class Widget:
    """A field of a form: `name` is its alias, or its id when it has none; `items` are the fields of a sub-form."""

    id: str
    name: str
    label: str
    type: str
    items: tuple[Widget, ...] = ()

    def plain(self) -> dict[str, Any]:
        """As 简道云 describes it, for a connector's memory."""
        found: dict[str, Any] = {"widgetName": self.id, "name": self.name, "label": self.label, "type": self.type}
        return found | ({"items": [item.plain() for item in self.items]} if self.items else {})


def widgets(described: Any) -> tuple[Widget, ...]:
    """The fields that a list of `{widgetName, name, label, type, items}` describes; it may say more."""
    found = []
    for entry in described if isinstance(described, list) else []:
        if not isinstance(entry, dict):
            continue
        name = entry.get("name") or entry.get("widgetName")
        if not isinstance(name, str):
            continue
        own = entry.get("widgetName")
        own = own if isinstance(own, str) and own else name
        label = entry.get("label")
        label = label.strip() if isinstance(label, str) and label.strip() else name
        found.append(Widget(own, name, label, str(entry.get("type") or ""), widgets(entry.get("items"))))
    return tuple(found)


@dataclass(frozen=True)
class Fields:
    """The fields of a form, each with the header it is written under.

    Attributes:
        widgets: the fields in the form's order.
        headers: id of a field → its header.
        inner: id of a sub-form → the fields in it.
        notes: what somebody should know about the headers.
    """

    widgets: tuple[Widget, ...]
    headers: Mapping[str, str]
    inner: Mapping[str, Fields]
    notes: tuple[str, ...] = ()
    by_name: Mapping[str, Widget] = field(default_factory=dict)

    @property
    def labels(self) -> dict[str, str]:
        """Id of each field → its label; of a field in a sub-form `<id of the sub-form>.<id>`."""
        found = {}
        for widget in self.widgets:
            found[widget.id] = widget.label
            found |= {f"{widget.id}.{item.id}": item.label for item in widget.items}
        return found

    @cached_property
    def unnamed(self) -> Fields:
        """The same fields, each under its id, which never changes."""
        inner = {name: part.unnamed for name, part in self.inner.items()}
        return Fields(self.widgets, {widget.id: widget.id for widget in self.widgets}, inner, (), self.by_name)


def fields_of(found: Sequence[Widget], chosen: Mapping[str, str], where: str, reserved: bool = True) -> Fields:
    """Give every field a header of its own.

    A label that two fields share belongs to neither, because nobody can say which one is meant: both are written as
    `label (_widget_…)`, until `chosen` tells them apart. The same holds for a label that is a system field's.

    Args:
        found: the fields of a form or sub-form.
        chosen: field (id, alias or label) → header, from the forms file.
        where: the place in the forms file, for messages.
        reserved: whether the system's fields are beside them; not so in a sub-form.

    Raises:
        BadInput: `chosen` names no field or several, or an alias hides a system field or another field.
    """
    by_name: dict[str, Widget] = {}
    for widget in found:
        if reserved and widget.name in RESERVED:
            raise BadInput(
                f"{where}: the field {widget.label!r} ({widget.id}) has the alias {widget.name!r}, the name of "
                "a system field; what stands under it can't be told apart",
                "give the field another alias in the form's settings (扩展功能 > 数据推送 > 设置字段别名)",
            )
        for name in {widget.name, widget.id}:
            if by_name.setdefault(name, widget) is not widget:
                raise BadInput(
                    f"{where}: {by_name[name].label!r} ({by_name[name].id}) and {widget.label!r} ({widget.id}) "
                    f"are both called {name!r}",
                    "give one of them another alias in the form's settings",
                )
    wanted = {_chosen(said, found, where).id: header for said, header in chosen.items()}
    taken = {_form(header) for header in wanted.values()}
    shared: dict[str, list[Widget]] = {}
    for widget in found:
        if widget.id not in wanted:
            shared.setdefault(_form(widget.label), []).append(widget)
    system = {_form(header) for header in (*SYSTEM_HEADERS.values(), DELETED)} if reserved else set()
    system.add(RECORD_ID)
    headers: dict[str, str] = {}
    notes = []
    for widget in found:
        form = _form(widget.label)
        if widget.id in wanted:
            headers[widget.id] = wanted[widget.id]
        elif len(shared[form]) == 1 and form not in taken | system:
            headers[widget.id] = widget.label
        else:
            headers[widget.id] = f"{widget.label} ({widget.id})"
            whose = "a system field" if form in system else "another field"
            notes.append(
                f"{where}: the label {widget.label!r} of {widget.id} is {whose}'s too; the field is written as "
                f"{headers[widget.id]!r}; `fields: {{{widget.id}: <header>}}` gives it a header of its own"
            )
    inner = {
        widget.id: fields_of(widget.items, {}, f"{where}.{widget.label}", reserved=False)
        for widget in found
        if widget.type == "subform" or widget.items
    }
    for part in inner.values():
        notes += part.notes
    return Fields(tuple(found), headers, inner, tuple(notes), by_name)


def _chosen(said: str, found: Sequence[Widget], where: str) -> Widget:
    meant = [widget for widget in found if said in (widget.id, widget.name)]
    meant = meant or [widget for widget in found if _form(widget.label) == _form(said)]
    if len(meant) == 1:
        return meant[0]
    if meant:
        raise BadInput(
            f"{where}: {said!r} is the label of {len(meant)} fields, {' and '.join(widget.id for widget in meant)}",
            "name the field by its id",
        )
    shown = ", ".join(f"{widget.label} ({widget.name})" for widget in found)
    raise BadInput(f"{where}: the form has no field {said!r}", f"its fields are {shown}")


def _form(header: str) -> str:
    """A header as ingest compares it: without case, blanks and width."""
    return "".join(unicodedata.normalize("NFKC", header).casefold().split())


def renamed(before: Mapping[str, str], fields: Fields) -> list[str]:
    """What to say about fields whose label is another one than it was."""
    now = fields.labels
    return [
        f"the field {name} was called {before[name]!r} and is called {label!r} now; it is written under the "
        f"new label; add it to the contract's aliases, or keep the old header with `fields: {{{name}: {before[name]}}}`"
        for name, label in now.items()
        if name in before and before[name] != label and fields.headers.get(name, label) == label
    ]


def shaped(record: Mapping[str, Any], fields: Fields, finished: str | None = None) -> dict[str, Any]:
    """A record of the API or of a push under the headers of an export. A key that nobody knows is kept as it is.

    `finished` is what the forms file says that a finished flow means.
    """
    found: dict[str, Any] = {RECORD_ID: record.get(RECORD_ID)}
    found |= _own(record, fields)
    for name, header in SYSTEM_HEADERS.items():
        if name in record:
            value = record[name]
            found[header] = _member(value) if name in ("creator", "updater") else value
            if name == "flowState" and finished is not None and str(value) == _IS_FINISHED:
                found[header] = FINISHED[finished]
    for name, value in record.items():
        known = name in fields.by_name or name in RESERVED or name in _LEFT_OUT or name.startswith("wx_")
        if not known and name not in found:
            found[name] = value
    return found


def _own(record: Mapping[str, Any], fields: Fields) -> dict[str, Any]:
    found = {}
    for widget in fields.widgets:
        name = next((name for name in (widget.id, widget.name) if name in record), None)
        if name is not None:
            found[fields.headers[widget.id]] = _value(widget, record[name], fields.inner.get(widget.id))
    return found


def fingerprint(record: Mapping[str, Any], fields: Fields) -> str:
    """What a record holds, whatever its fields are called just now: the same for the API and for a push."""
    return hashlib.sha256(exact_json.dumps(shaped(record, fields.unnamed)).encode()).hexdigest()[:16]


def _value(widget: Widget, value: Any, inner: Fields | None) -> Any:
    if inner is not None and isinstance(value, list):
        return [_line(line, inner) if isinstance(line, dict) else line for line in value]
    if isinstance(value, dict):
        if widget.type == "user":
            return _member(value)
        if widget.type == "dept":
            return _parts(value, ("name", "dept_no"))
        if widget.type in ("address", "location"):
            parts = [value.get(part) for part in ("province", "city", "district", "detail")]
            return {"name": "".join(part for part in parts if isinstance(part, str))} | value
        if widget.type == "phone":
            return {"name": value.get("phone"), "verified": value.get("verified")}
        if widget.type == "linkdata":
            return {"name": value.get("key"), "id": value.get("id")} if value.get("key") else {"id": value.get("id")}
        if widget.type == "signature":
            return value.get("name")
        return value
    if isinstance(value, list):
        if widget.type == "usergroup":
            return _columns(value, ("name", "username"))
        if widget.type == "deptgroup":
            return _columns(value, ("name", "dept_no"))
        if widget.type in ("image", "upload"):
            return [file.get("name") if isinstance(file, dict) else file for file in value]
        return value
    if widget.type == "lookup" and isinstance(value, str):
        return {"id": value}
    return value


def _line(line: Mapping[str, Any], inner: Fields) -> dict[str, Any]:
    found = {RECORD_ID: line[RECORD_ID]} if RECORD_ID in line else {}
    found |= _own(line, inner)
    return found | {name: value for name, value in line.items() if name not in inner.by_name and name not in found}


def _member(value: Any) -> Any:
    return _parts(value, ("name", "username")) if isinstance(value, dict) else value


def _parts(value: Mapping[str, Any], names: Iterable[str]) -> dict[str, Any]:
    return {name: value.get(name) for name in names}


def _columns(values: Iterable[Any], names: Sequence[str]) -> Any:
    objects = [value for value in values if isinstance(value, dict)]
    return {name: [value.get(name) for value in objects] for name in names}
