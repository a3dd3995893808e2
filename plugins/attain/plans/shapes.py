"""The keys of a plan file: what each entry must have and may have; `plan.schema.json` tells editors the same."""

from __future__ import annotations

from typing import NamedTuple


class Shape(NamedTuple):
    """Keys of one kind of entry."""

    required: tuple[str, ...]
    optional: tuple[str, ...] = ()

    @property
    def keys(self) -> tuple[str, ...]:
        return self.required + self.optional


SHAPES = {
    "plan": Shape(("plan", "title", "versions")),
    "title": Shape(("en", "zh")),
    "version": Shape(
        ("version", "valid_from", "currency", "assign"),
        (
            "valid_to",
            "payout_currency",
            "ramp",
            "leave_limit_days",
            "tail_days",
            "eligibility",
            "quotas",
            "components",
            "spiffs",
            "contests",
            "scorecards",
            "rewards",
            "draw",
            "penalties",
            "floor",
            "holds",
            "clawback",
            "legal_limit",
        ),
    ),
    "assignment": Shape((), ("role", "team", "region", "employee_id", "valid_from", "valid_to")),
    "selection": Shape((), ("role", "team", "region", "employee_id")),
    "ramp": Shape(("shares",), ("from",)),
    "eligibility": Shape((), ("after_confirmation", "min_tenure_months")),
    "quota": Shape(("kpi", "amount", "per"), ("seasonality", "periods", "assign")),
    "component": Shape(
        ("component", "title", "basis", "index", "accumulate"),
        (
            "measure",
            "credit",
            "credit_share",
            "only",
            "quota_kpi",
            "band_method",
            "bands",
            "curve",
            "target_amount",
            "prorate",
            "extend",
            "factors",
            "threshold",
            "cap",
            "clawback",
            "reversed_by",
        ),
    ),
    "index": Shape(("as",), ("basis", "measure", "offset")),
    "band": Shape(("from", "rate"), ("to",)),
    "curve_point": Shape(("at", "pay")),
    "only": Shape((), ("product_family", "customer_type", "segment", "channel", "region")),
    "factor": Shape(("factor", "title"), ("applies_to", "by", "bands", "values", "rows", "columns", "matrix")),
    "factor_band": Shape(("from", "factor"), ("to",)),
    "factor_axis": Shape(("by",), ("bands", "values")),
    "axis_band": Shape(("from",), ("to",)),
    "threshold": Shape(("at", "pays")),
    "cap": Shape(("amount", "per"), ("excess",)),
    "clawback": Shape((), ("method", "schedule", "linear_months", "window_months", "unpaid_days")),
    "spiff": Shape(("spiff", "title", "from", "to", "basis", "pay"), ("measure", "credit", "only", "factors", "cap")),
    "spiff_pay": Shape((), ("rate", "per_deal", "per_unit")),
    "contest": Shape(("contest", "title", "from", "to", "basis", "prizes"), ("measure", "only", "minimum")),
    "prize": Shape(("rank", "amount")),
    "reward": Shape(("reward", "title", "kind", "quantity", "unit", "when")),
    "reward_condition": Shape((), ("scorecard", "grade", "component", "attainment_from")),
    "draw": Shape(
        ("type", "amount"),
        ("minimum", "recovery_rate", "from_month", "to_month", "recovery_from", "recovery_from_month"),
    ),
    "penalty": Shape(("penalty", "title", "kpi", "limit"), ("below", "above", "amount", "rate")),
    "hold": Shape(("hold", "title"), ("document_amount_above", "collected_share_below", "discount_above")),
    "legal_limit": Shape(("share", "keep"), ("region",)),
    "scorecard": Shape(
        ("scorecard", "title", "frequency", "missing_data", "bonus_base", "kpis", "grades"),
        ("grading", "distribution", "group", "employed_on_last_day"),
    ),
    "scorecard_kpi": Shape(("kpi", "weight", "cap"), ("direction", "low", "high", "curve")),
    "score_point": Shape(("at", "score")),
    "grade": Shape(("grade", "from", "coefficient")),
    "seat": Shape(("grade", "share")),
}
"""Keys by kind of entry, as the reader and the schema name it."""
