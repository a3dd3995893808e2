"""KPI, incentive and appraisal tables: from all deliveries to a release that the quality gate has passed.

**What** Prepares a candidate nobody can see, builds it with dbt layer by layer, asks the gate about it and publishes
it, all or nothing: `releases/current` moves last. When nothing has changed since the current release, everything
after `prepare` is skipped.

**When** After every ingest that changed the register of deliveries. Deliveries that arrive during a run start another
run after it. There is no time of day; after a change of a plan file trigger it by hand.

**Inputs** All committed deliveries, `plans/`, `dbt_project/`, `expectations/`.

**Outputs** `attain://release/current`: `releases/<id>/` with Parquet, a read-only DuckDB file, a payout workbook and
the receipt.

**If it fails** At `gate`: the candidate was refused; the log says which check, which rows, which payees and what to do,
and the release before it stays current. Elsewhere: nothing was published either; read the log of the failed task and
trigger the DAG again once its cause is mended.
"""

from airflow.sdk import chain, dag, task, task_group

from attain.airflow.conventions import LAYERS, START_DATE, Owner, Tag, defaults, tags
from attain.airflow.schedules import release, when_anything_was_delivered


@dag(
    schedule=when_anything_was_delivered(),
    start_date=START_DATE,
    catchup=False,
    max_active_runs=1,
    default_args=defaults(Owner.SALES_OPERATIONS),
    tags=tags(Tag.MARTS, Tag.PUBLISHED),
    doc_md=__doc__,
)
def marts_build():
    @task.short_circuit
    def prepare():
        from attain.airflow import steps

        return steps.prepare()

    @task
    def build(layer, candidate):
        from attain.airflow import steps

        steps.build_layer(layer, candidate)

    @task_group
    def dbt_layers(candidate):
        chain(*(build.override(task_id=layer)(layer, candidate) for layer in LAYERS))

    @task
    def gate(candidate):
        from attain.airflow import steps

        steps.check(candidate)

    @task(outlets=[release()])
    def publish(candidate):
        from attain.airflow import steps

        steps.publish(candidate)

    candidate = prepare()
    chain(dbt_layers(candidate), gate(candidate), publish(candidate))


marts_build()
