"""Zoho CRM: files become deliveries.

**What** Takes every settled file below `inbox/zoho_crm/` into the lake: typed Parquet, bad rows in quarantine with
their reason, the file in the register of deliveries. The same bytes a second time change nothing.

**When** As soon as files have come to rest in the inbox, and at 06:10 Shanghai time in any case.

**Inputs** Exports of Zoho CRM, one folder a feed: deals, accounts, users, products, …

**Outputs** `attain://deliveries/zoho_crm`, only when the register has changed; otherwise the task ends skipped.

**If it fails** The files are still in the inbox, or in the register with the reason. Read the task's log: it names the
file and what to do. Running it again is always safe.
"""

from airflow.sdk import dag, task

from attain.airflow.conventions import BEFORE_BUILDS, START_DATE, Owner, Tag, defaults, tags
from attain.airflow.schedules import deliveries, when_files_arrive

SOURCE = "zoho_crm"


@dag(
    schedule=when_files_arrive(SOURCE, cron="10 6 * * *"),
    start_date=START_DATE,
    catchup=False,
    max_active_runs=1,
    default_args=defaults(Owner.DATA_ENGINEERING, BEFORE_BUILDS),
    tags=tags(Tag.INGEST, Tag.CRM),
    doc_md=__doc__,
)
def zoho_crm_ingest():
    @task(outlets=[deliveries(SOURCE)])
    def ingest():
        from attain.airflow import steps

        steps.ingest(SOURCE)

    ingest()


zoho_crm_ingest()
