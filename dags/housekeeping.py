"""Housekeeping: makes room in the home without touching anything that can't be rebuilt or may still be read.

**What** Removes the leftovers of builds that died, old releases (never the current one, never the newest ones, never
one that `current` pointed at lately) and old task logs. Raw deliveries, the quarantine and the control database are
never touched.

**When** Every day at 03:30 Shanghai time, when nobody works on anything.

**Inputs** The home's folders `warehouse/`, `releases/` and `logs/`, and the register of releases.

**Outputs** Room on the disk; each task logs what it removed.

**If it fails** Nothing depends on it: read the log, mend the cause (most often a file that belongs to another user) and
let it run again the next day.
"""

from airflow.sdk import dag, task

from attain.airflow.conventions import START_DATE, Owner, Tag, defaults, tags
from attain.airflow.schedules import daily


@dag(
    schedule=daily("30 3 * * *"),
    start_date=START_DATE,
    catchup=False,
    max_active_runs=1,
    default_args=defaults(Owner.DATA_ENGINEERING),
    tags=tags(Tag.UPKEEP),
    params={"keep_releases": 12, "keep_days": 35, "keep_log_days": 35},
    doc_md=__doc__,
)
def housekeeping():
    @task
    def remove_dead_builds():
        from attain.airflow import steps

        return steps.remove_dead_builds()

    @task
    def remove_old_releases(params, dag_run):
        from attain.airflow import steps

        return steps.remove_old_releases(dag_run.run_after, params["keep_releases"], params["keep_days"])

    @task
    def remove_old_task_logs(params, dag_run):
        from attain.airflow import steps

        return steps.remove_old_task_logs(dag_run.run_after, params["keep_log_days"])

    remove_dead_builds() >> [remove_old_releases(), remove_old_task_logs()]


housekeeping()
