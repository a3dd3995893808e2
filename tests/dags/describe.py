"""Parse a folder of DAG files with Airflow and print what they say as JSON.

Run as a program, in a process of its own: python describe.py HOME DAGS_FOLDER
"""

from __future__ import annotations

import json
import logging
import sys
from pathlib import Path

from attain.airflow import environment
from attain.settings import Settings

HEAVY = ("duckdb", "pandas", "pyarrow", "great_expectations", "dbt")


def main(home: str, folder: str) -> None:
    environment.apply(Settings.from_environment({"ATTAIN_HOME": home}))
    logging.disable(logging.CRITICAL)
    from airflow.dag_processing.dagbag import DagBag

    from attain.airflow import graph

    before = set(sys.modules)
    bag = DagBag(dag_folder=folder)
    flows = {dag_id: graph.flow(dag) for dag_id, dag in bag.dags.items()}
    dags = {
        dag_id: {
            "file": Path(dag.fileloc).name,
            "doc": dag.doc_md or "",
            "tags": sorted(dag.tags),
            "catchup": dag.catchup,
            "max_active_runs": dag.max_active_runs,
            "cron": getattr(dag.timetable, "expression", None)
            or getattr(getattr(dag.timetable, "timetable", None), "expression", None),
            "reads": flows[dag_id].reads,
            "writes": flows[dag_id].writes,
            "tasks": {
                task.task_id: {
                    "owner": task.owner,
                    "pool": task.pool,
                    "priority": task.priority_weight,
                    "retries": task.retries,
                    "timeout": task.execution_timeout.total_seconds() if task.execution_timeout else None,
                    "upstream": sorted(task.upstream_task_ids),
                    "rule": str(getattr(task.trigger_rule, "value", task.trigger_rule)),
                    "writes": sorted(outlet.uri for outlet in task.outlets),
                }
                for task in dag.tasks
            },
        }
        for dag_id, dag in bag.dags.items()
    }
    loaded = {name.split(".")[0] for name in set(sys.modules) - before} & set(HEAVY)
    found = {
        "dags": dags,
        "import_errors": {Path(name).name: text for name, text in bag.import_errors.items()},
        "heavy": sorted(loaded),
        "order": graph.in_order(flows),
    }
    sys.stdout.write(json.dumps(found) + "\n")


if __name__ == "__main__":
    main(*sys.argv[1:])
