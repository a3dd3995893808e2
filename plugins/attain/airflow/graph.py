"""What the DAGs' schedules and outlets say about their order. Needs no Airflow: it looks at DAG objects only."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from graphlib import TopologicalSorter
from typing import Any


@dataclass(frozen=True)
class Flow:
    """The assets of one DAG, as sorted addresses.

    Attributes:
        reads: assets whose change starts the DAG.
        writes: assets that its tasks change.
    """

    reads: tuple[str, ...]
    writes: tuple[str, ...]


def flow(dag: Any) -> Flow:
    """The assets of an Airflow DAG object."""
    reads = set(_addresses(dag.timetable.asset_condition))
    writes = {outlet.uri for task in dag.tasks for outlet in task.outlets}
    return Flow(tuple(sorted(reads)), tuple(sorted(writes)))


def _addresses(condition: Any) -> Iterator[str]:
    """Addresses in an asset condition, however nested; none for a schedule without assets."""
    if hasattr(condition, "uri"):
        yield condition.uri
    for part in getattr(condition, "objects", ()):
        yield from _addresses(part)


def in_order(flows: Mapping[str, Flow]) -> list[str]:
    """Ids of the DAGs that are tied together by assets, producers before consumers; the others are left out.

    Raises:
        graphlib.CycleError: the assets run in a circle.
    """
    producers: dict[str, set[str]] = {}
    for dag_id, its in flows.items():
        for uri in its.writes:
            producers.setdefault(uri, set()).add(dag_id)
    sorter: TopologicalSorter[str] = TopologicalSorter()
    for dag_id in _tied(flows, producers):
        sorter.add(dag_id, *sorted({one for uri in flows[dag_id].reads for one in producers.get(uri, ())}))
    return list(sorter.static_order())


def _tied(flows: Mapping[str, Flow], producers: Mapping[str, Iterable[str]]) -> list[str]:
    tied: set[str] = set()
    for dag_id, its in flows.items():
        for uri in its.reads:
            for producer in producers.get(uri, ()):
                tied |= {dag_id, producer}
    return sorted(tied)
