"""What the DAGs' tasks call: one function of attain each, its result as JSON for XCom, its errors in Airflow's terms.

Everything heavy is imported inside the functions, so that a DAG file that names this module is parsed in no time.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import Any

from airflow.sdk import get_current_context
from airflow.sdk.exceptions import AirflowException, AirflowFailException, AirflowSkipException

from attain import progress
from attain.errors import AttainError, Busy
from attain.settings import Settings

# Keys under which results lie in XCom, also those of tasks that end skipped or failed.
REPORT = "report"
CANDIDATE = "candidate"
VERDICT = "verdict"
RELEASE = "release"
