"""简道云 (Jiandaoyun) CRM: records are pulled, and files become deliveries.

**What** Where there is a connection `jiandaoyun_crm`, asks 简道云 for what was changed or deleted since the last pull
and puts it into the inbox, a file a feed. Then takes every settled file below `inbox/jiandaoyun_crm/`, and the pushes
that wait, into the lake: typed Parquet, bad rows in quarantine with their reason, the file in the register of
deliveries. The same bytes a second time change nothing.

**When** As soon as files have come to rest in the inbox, and at 06:15 Shanghai time in any case. 简道云 is asked at
06:15 and when the DAG is triggered by hand, with `{"mode": "full"}` for everything.

**Inputs** Workbooks exported from 简道云, one folder a feed: opportunities, contracts, collections, …; the connection
`jiandaoyun_crm` and the forms file `connectors/jiandaoyun_crm.yml` (docs/connectors.md).

**Outputs** `attain://deliveries/jiandaoyun_crm`, only when the register has changed; otherwise the task ends skipped.

**If it fails** At `pull`: the log says what 简道云 answered and what to do; files of the inbox were taken in all the
same, and the next pull goes on where the last good one ended. At `ingest`: the files are still in the inbox, or in the
register with the reason; the log names the file and what to do. Running it again is always safe.
"""

from airflow.sdk import dag, task

from attain.airflow.conventions import BEFORE_BUILDS, NETWORK_POOL, START_DATE, Owner, Tag, defaults, tags
from attain.airflow.schedules import deliveries, when_files_arrive

SOURCE = "jiandaoyun_crm"


@dag(
    schedule=when_files_arrive(SOURCE, cron="15 6 * * *"),
    start_date=START_DATE,
    catchup=False,
    max_active_runs=1,
    default_args=defaults(Owner.DATA_ENGINEERING, BEFORE_BUILDS),
    tags=tags(Tag.INGEST, Tag.CRM),
    params={"mode": "changes"},
    doc_md=__doc__,
)
def jiandaoyun_crm_ingest():
    @task(pool=NETWORK_POOL)
    def pull(params):
        from attain.airflow import steps

        steps.pull(SOURCE, params["mode"])

    @task(outlets=[deliveries(SOURCE)], trigger_rule="all_done")
    def ingest():
        from attain.airflow import steps

        steps.ingest(SOURCE)

    @task(trigger_rule="one_failed")
    def tell_of_failed_pull():
        from attain.airflow import steps

        steps.tell_of_failed_pull()

    pull() >> [ingest(), tell_of_failed_pull()]


jiandaoyun_crm_ingest()
