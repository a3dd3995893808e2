"""KPI, incentive and appraisal tables: from all deliveries to a release that the quality gate has passed.

**What** Prepares a candidate nobody can see, builds it with dbt layer by layer, asks the gate about it and publishes
it, all or nothing: `releases/current` moves last. When nothing has changed since the current release, `prepare` ends
skipped, and everything after it.

**When** After every ingest that changed the register of deliveries. Deliveries that arrive during a run start another
run after it. There is no time of day; after a change of a plan file trigger it by hand.

**Inputs** All committed deliveries, `plans/`, `dbt_project/`, `expectations/`.

**Outputs** `attain://release/current`: `releases/<id>/` with Parquet, a read-only DuckDB file, a payout workbook and
the receipt.

**If it fails** At `gate`: the candidate was refused; the log says which check, which rows, which payees and what to do,
and the release before it stays current. Elsewhere: nothing was published either; read the log of the failed task and
trigger the DAG again once its cause is mended.
"""

from datetime import datetime

from airflow.sdk import chain, dag, task, task_group

from attain.airflow.conventions import LAYERS, Owner, Tag, defaults, tags
from attain.airflow.schedules import release, when_anything_was_delivered


@dag(
    schedule=when_anything_was_delivered(),
    start_date=datetime(2026, 1, 1),
    catchup=False,
    max_active_runs=1,
    default_args=defaults(Owner.SALES_OPERATIONS),
    tags=tags(Tag.MARTS, Tag.PUBLISHED),
    doc_md=__doc__,
)
def marts_build():
    @task
    def prepare():
        from attain.airflow import steps

        return steps.prepare()

    @task
    def build(layer, run_id):
        from attain.airflow import steps

        steps.build_layer(layer, run_id)

    @task_group
    def dbt_layers(run_id):
        chain(*(build.override(task_id=layer)(layer, run_id) for layer in LAYERS))

    @task
    def gate(run_id):
        from attain.airflow import steps

        steps.check(run_id)

    @task(outlets=[release()])
    def publish(run_id):
        from attain.airflow import steps

        steps.publish(run_id)

    run_id = prepare()
    chain(dbt_layers(run_id), gate(run_id), publish(run_id))


marts_build()
