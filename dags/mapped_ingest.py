"""Sources read through a mapping file: files become deliveries.

**What** For each file in `mappings/`, takes every settled file below the inbox folder of the mapping's name into the
lake, read the way the mapping says. The rest is the same as for the sources with a contract.

**When** As soon as files have come to rest in one of the folders, and at 06:30 Shanghai time in any case.

**Inputs** Exports of systems that attain has no contract for, and `mappings/*.yml`.

**Outputs** `attain://deliveries/mapped`, only when the register has changed; otherwise the tasks end skipped.

**If it fails** One task a mapping: read the log of the failed one, it names the file and what to do. Running it again
is always safe.
"""

from airflow.sdk import dag, task

from attain.airflow.conventions import BEFORE_BUILDS, START_DATE, Owner, Tag, defaults, tags
from attain.airflow.schedules import deliveries, when_files_arrive
from attain.assets import MAPPED


@dag(
    schedule=when_files_arrive(MAPPED, cron="30 6 * * *"),
    start_date=START_DATE,
    catchup=False,
    max_active_runs=1,
    default_args=defaults(Owner.DATA_ENGINEERING, BEFORE_BUILDS),
    tags=tags(Tag.INGEST, Tag.CRM),
    doc_md=__doc__,
)
def mapped_ingest():
    @task
    def mappings():
        from attain.airflow import steps

        return steps.mapped_source_systems()

    @task(outlets=[deliveries(MAPPED)], map_index_template="{{ source_system }}")
    def ingest(source_system):
        from attain.airflow import steps

        steps.ingest(source_system)

    ingest.expand(source_system=mappings())


mapped_ingest()
