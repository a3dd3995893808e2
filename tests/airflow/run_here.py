"""Run the DAGs of another folder as a local run, the rest as it is. Run as a program: python run_here.py HOME PROJECT

Prints what the run says of itself, or the error and its exit code, as `attain airflow run` would.
"""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path

from attain.airflow import local_run
from attain.errors import AttainError
from attain.settings import Settings


def main(home: str, project: str) -> int:
    settings = replace(Settings.from_environment({"ATTAIN_HOME": home}), project=Path(project))
    try:
        report = local_run.run(settings)
    except AttainError as error:
        sys.stderr.write(f"attain: {error}\n")
        return error.exit_code
    sys.stdout.write(f"{report}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
