"""The gate of subgroups: gaps that the evaluation calls findings need a written reason."""

from __future__ import annotations

from collections.abc import Mapping

from pipeline.promotion.evidence import Evidence
from pipeline.promotion.gate import MEASURE_AGAIN, Gate, not_measured
from pipeline.promotion.reasons import require_reasons

_REQUIRED = "no gap beyond chance and limit"


def judge_subgroups(challenger: Evidence, accepted: Mapping[str, str]) -> tuple[Gate, ...]:
    """One gate per subgroup with a finding, else one that says there is none.

    ``accepted``: reasons by subgroup and level ("sex female"). Raises ConfigError where a reason
    is too short to be one.
    """
    require_reasons(accepted)
    table = challenger.tables.get("subgroup_gaps")
    if table is None:
        return (not_measured("subgroups", _REQUIRED),)
    if table["lower"].isna().all():
        remedy = f"set evaluate.n_bootstrap above 0, {MEASURE_AGAIN}"
        return (not_measured("subgroups", _REQUIRED, remedy),)
    rows = table[table["finding"].notna()]
    if rows.empty:
        return (Gate("subgroups", _REQUIRED, "none found", True),)
    said: dict[str, list[str]] = {}
    for row in rows.to_dict("records"):
        said.setdefault(f"{row['subgroup']} {row['level']}", []).append(str(row["finding"]))
    return tuple(_judge_one(key, found, accepted.get(key)) for key, found in said.items())


def _judge_one(key: str, found: list[str], reason: str | None) -> Gate:
    told = "; ".join(dict.fromkeys(one.rstrip(".") for one in found))
    if reason is not None:
        return Gate(f"subgroup {key}", _REQUIRED, f"{told}; accepted: {reason}", True)
    remedy = f"mend the model, or explain the gap in params.yaml: promote.accepted_gaps: {key}"
    return Gate(f"subgroup {key}", _REQUIRED, told, False, remedy)
