"""The trail of managers' ratings, from files as HR drops them to the published rows."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal

import duckdb

from attain.settings import Settings
from attain.transform import candidate, dbt
from tests.transform.landing import land
from tests.transform.test_published import same


def test_what_calibration_moved_and_what_was_taken_back(delivered: Settings) -> None:
    """Two objectives in four files, the second to last of which arrives last and counts where its export was made."""
    launch = {"employee_id": "E1", "period": "2026-Q1", "objective_code": "launch"}
    hiring = launch | {"objective_code": "hiring"}
    for day, arrived, rows in [
        (1, 1, [launch | {"rating": Decimal("1.2"), "rated_by": "Boss"}, hiring | {"rating": Decimal("0.8")}]),
        (2, 2, [launch | {"rating": Decimal("1.05"), "rated_by": "Panel", "rated_date": date(2026, 4, 2)}]),
        (4, 3, [hiring | {"_is_deleted": True}]),
        (3, 4, [launch | {"rating": Decimal("1.05"), "rated_by": "Panel"}, hiring | {"rating": Decimal("0.9")}]),
    ]:
        land(
            delivered,
            "hr",
            "ratings",
            rows,
            extracted_at=datetime(2026, 4, day, 8, 0, tzinfo=UTC),
            received_at=datetime(2026, 4, 10 + arrived, 8, 0, tzinfo=UTC),
            file_name=f"ratings-{day}.csv",
        )
    prepared = candidate.prepare(delivered)
    dbt.build_selected(delivered, "+fct_rating_change +int_rating", prepared.run_id)
    with duckdb.connect(str(delivered.warehouse_file), read_only=True) as connection:
        trail = connection.execute(
            "select objective_code, revision_no, rating, rating_before, rating_change, rated_by, is_deleted,"
            " is_current, file_name, row_number from appraisal.fct_rating_change where employee_id = 'E1'"
        ).fetchall()
        read = connection.execute("select objective_code, rating from intermediate.int_rating").fetchall()
    same(
        trail,
        [
            ("launch", 1, "1.2", None, None, "Boss", False, False, "ratings/ratings-1.csv", 2),
            ("launch", 2, "1.05", "1.2", "-0.15", "Panel", False, False, "ratings/ratings-2.csv", 2),
            ("launch", 3, "1.05", "1.05", "0", "Panel", False, True, "ratings/ratings-3.csv", 2),
            ("hiring", 1, "0.8", None, None, None, True, False, "ratings/ratings-1.csv", 3),
            ("hiring", 2, "0.9", "0.8", "0.1", None, True, False, "ratings/ratings-3.csv", 3),
            ("hiring", 3, None, "0.9", None, None, True, False, "ratings/ratings-4.csv", 2),
        ],
    )
    same(read, [("launch", "1.05")])
