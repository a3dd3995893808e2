"""The layout of an opened file, recognised by its header: which dialect, which system's list, and what its rows are.

The layouts are part of the contracts. A file that fits none is read by the contract's aliases alone.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from attain.ingest import contracts, subforms
from attain.ingest.contracts import Feed, Layout, LayoutFeed, normalise_header, sha256_of
from attain.ingest.conversion import Formats
from attain.ingest.mappings import Target
from attain.ingest.rejected import Rejected
from attain.ingest.tables import Batch, Table

if TYPE_CHECKING:
    import pyarrow


def plain(feed: Feed, formats: Formats) -> Target:
    """The target of a file that fits no layout: headers by the contract's aliases."""
    return Target(
        feed=feed,
        headers={column.name: column.headers for column in feed.columns},
        formats=formats,
        horizon=feed.horizon,
        mapping_sha256=_differs(formats),
    )


def all_targets(feed: Feed, formats: Formats) -> list[Target]:
    """Every target that a file in the feed's folder may have, in any layout; they recognise its header row."""
    found = [plain(feed, formats)]
    for layout in feed.layouts:
        found += [_target(feed, layout, part, formats) for part in layout.feeds]
    return found


def arranged(table: Table, feed: Feed, formats: Formats) -> tuple[Table, tuple[Target, ...]]:
    """The table as its layout says it is to be read, and the feeds that its rows are for.

    Args:
        table: the opened file.
        feed: feed of the folder that the file lies in.
        formats: how the source writes dates and numbers, where the layout does not say.

    Raises:
        Rejected: the columns that the layout turns into rows are not what it expects.
    """
    layout = next((layout for layout in feed.layouts if fits(layout, table)), None)
    if layout is None:
        return table, (plain(feed, formats),)
    if layout.rows_of:
        table = _with_sub_form(table, layout)
    if layout.unpivot:
        table = _unpivoted(table, layout)
    if layout.fill_down is not None:
        table = _filled_down(table, layout)
    forms = {normalise_header(header) for header in table.header}
    parts = [part for part in layout.feeds if all(normalise_header(header) in forms for header in part.needs)]
    targets = tuple(_target(feed, layout, part, formats) for part in parts)
    if not layout.feeds:
        targets = (_in_dialect(plain(feed, formats), layout),)
    return replace(table, layout=f"{layout.name}: {table.layout}"), targets


def fits(layout: Layout, table: Table) -> bool:
    """Whether the header of a table is that of the layout."""
    forms = {normalise_header(header) for header in table.header}
    if not all(normalise_header(header) in forms for header in layout.has):
        return False
    if any(normalise_header(header) in forms for header in layout.lacks):
        return False
    if layout.api_names and (any(" " in header for header in table.header) or not any("_" in h for h in table.header)):
        return False
    return not layout.rows_of or _sub_form(table, layout) is not None


def _sub_form(table: Table, layout: Layout) -> str | None:
    """The sub-form's name, as the file spells it."""
    for name in layout.rows_of:
        form = normalise_header(name)
        for header in table.header:
            spelled = normalise_header(header)
            if spelled.startswith((f"{form}.", f"{form}[")) or (
                spelled == form and table.file_format in ("json", "jsonl")
            ):
                return header[: len(name)] if header.startswith(name) else name
    return None


def _with_sub_form(table: Table, layout: Layout) -> Table:
    name = _sub_form(table, layout)
    assert name is not None
    return subforms.expanded(table, name)


def _filled_down(table: Table, layout: Layout) -> Table:
    if layout.fill_down:
        return subforms.filled_down(table, layout.fill_down)
    parts = tuple(f"{normalise_header(name)}." for name in layout.rows_of)
    chosen = [header for header in table.header if not normalise_header(header).startswith(parts)]
    return subforms.filled_down(table, chosen)


def _unpivoted(table: Table, layout: Layout) -> Table:
    """A row for each value, where the file has a column for each name; the number of the row stays the file's."""
    import pyarrow
    from pyarrow import compute

    (name,), (value,) = layout.unpivot["name"], layout.unpivot["value"]
    kept = {normalise_header(header) for header in layout.unpivot["keep"]}
    keep = [index for index, header in enumerate(table.header) if normalise_header(header) in kept]
    turned = [
        index
        for index, header in enumerate(table.header)
        if index not in keep and header != f"column {index + 1}"  # a comma at the end of the line makes no name
    ]
    blank = pyarrow.array(layout.unpivot.get("blank", ("",)), pyarrow.string())
    if any(normalise_header(table.header[index]) in table.duplicates for index in [*keep, *turned]):
        raise Rejected("a column is there more than once", "export it once")

    def batches() -> Iterator[Batch]:
        for batch in table.batches():
            parts: list[pyarrow.Table] = []
            for index in turned:
                is_blank = compute.is_in(compute.utf8_trim_whitespace(batch.rows.column(index)), blank)
                rows = batch.rows.filter(compute.invert(is_blank))
                cells = [rows.column(position) for position in keep]
                said = pyarrow.array([table.header[index]] * rows.num_rows, pyarrow.string())
                columns = [*cells, said, rows.column(index), rows.column("_row_number")]
                parts.append(pyarrow.table(columns, names=[*(f"c{n}" for n in range(len(keep) + 2)), "_row_number"]))
            ragged = subforms.under(batch, table.header).ragged
            yield Batch(pyarrow.concat_tables(parts).sort_by("_row_number"), ragged, begins_part=batch.begins_part)

    header = [*(table.header[index] for index in keep), name, value]
    return replace(
        table,
        header=header,
        duplicates=frozenset(),
        at_most_rows=table.at_most_rows * max(len(turned), 1),
        batches=batches,
    )


# --- targets


def _differs(formats: Formats) -> str | None:
    """Hash of formats that somebody has set: the same bytes read in another way are another delivery."""
    return sha256_of([formats.date_formats, formats.decimal_separator, formats.timezone]) if formats.is_set else None


def _target(folder: Feed, layout: Layout, part: LayoutFeed, formats: Formats) -> Target:
    feed = contracts.load()[folder.source].feeds[part.feed]
    formats = replace(
        formats,
        date_formats=layout.date_formats or formats.date_formats,
        decimal_separator=layout.decimal_separator if layout.decimal_separator != "." else formats.decimal_separator,
    )
    usual = plain(feed, formats)
    headers = {
        name: part.columns.get(name, known) for name, known in usual.headers.items() if name not in part.constants
    }
    # The number of the part stands for two parts that feed one feed; where it is the folder's own, the contract's
    # hash speaks for the rest.
    named = [layout.name, folder.code, folder.contract_sha256, layout.feeds.index(part), _differs(formats)]
    return _in_dialect(
        replace(
            usual,
            headers=headers,
            constants=part.constants,
            values=part.values,
            distinct=part.distinct,
            where=part.where,
            where_not=part.where_not,
            layout=layout.name,
            may_lack=frozenset(part.may_lack),
            mapping_sha256=sha256_of(named),
        ),
        layout,
    )


def _in_dialect(target: Target, layout: Layout) -> Target:
    """Where lookups hold ids, what the column `X.id` is elsewhere is the column `X` here."""
    target = replace(target, layout=layout.name)
    if not layout.lookups_are_ids:
        return target
    ids = {
        name: tuple(header.removesuffix(".id") for header in headers if header.endswith(".id"))
        for name, headers in target.headers.items()
    }
    taken = {normalise_header(header) for headers in ids.values() for header in headers}
    return replace(target, headers={name: _without(taken, ids[name], old) for name, old in target.headers.items()})


def _without(taken: set[str], ids: Sequence[str], headers: Sequence[str]) -> tuple[str, ...]:
    if ids:
        return (*headers, *ids)
    left = tuple(header for header in headers if normalise_header(header) not in taken)
    named = (header for header in headers if header not in left)
    return (*left, *(f"{header}.{header}" for header in named))  # the name, where it was asked for: Owner.Owner
