"""The order of the main job comes from the assets."""

from __future__ import annotations

from graphlib import CycleError

import pytest

from attain.airflow.graph import Flow, in_order


def test_producers_come_first_whatever_their_names() -> None:
    flows = {
        "a_last": Flow(reads=("x://2",), writes=()),
        "z_first": Flow(reads=(), writes=("x://1",)),
        "m_middle": Flow(reads=("x://1",), writes=("x://2",)),
    }
    assert in_order(flows) == ["z_first", "m_middle", "a_last"]


def test_a_dag_without_ties_is_left_out() -> None:
    flows = {
        "producer": Flow(reads=("x://from-outside",), writes=("x://1",)),
        "consumer": Flow(reads=("x://1",), writes=("x://nobody-reads-it",)),
        "alone": Flow(reads=(), writes=()),
        "waits_for_outside": Flow(reads=("x://from-outside",), writes=()),
    }
    assert in_order(flows) == ["producer", "consumer"]


def test_a_circle_is_an_error() -> None:
    flows = {"one": Flow(("x://b",), ("x://a",)), "two": Flow(("x://a",), ("x://b",))}
    with pytest.raises(CycleError):
        in_order(flows)
