"""The gate of subgroups: gaps that the evaluation calls findings need a written reason."""

from __future__ import annotations

from collections.abc import Mapping

import pandas as pd

from models.evaluation.comparisons.findings import count_tested, list_findings, list_too_small
from pipeline.promotion.evidence import Evidence
from pipeline.promotion.gate import MEASURE_AGAIN, Gate, not_measured
from pipeline.promotion.reasons import require_reasons
from pipeline.promotion.risk.comparators import PATIENTS

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
    found = list_findings(table)
    if not found and table["lower"].isna().all():
        remedy = f"set evaluate.n_bootstrap above 0, {MEASURE_AGAIN}"
        return (not_measured("subgroups", _REQUIRED, remedy),)
    if not found:
        return (_judge_none(table),)
    said: dict[str, list[str]] = {}
    for one in found:
        patients = PATIENTS.get(one.evaluation, one.evaluation)
        said.setdefault(one.group, []).append(f"{patients}: {one.text}" if patients else one.text)
    return tuple(_judge_one(key, texts, accepted.get(key)) for key, texts in said.items())


def _judge_none(table: pd.DataFrame) -> Gate:
    n_tested, small = count_tested(table), [" ".join(one) for one in list_too_small(table)]
    untested = f"; not tested, too few events: {', '.join(small)}" if small else ""
    if not n_tested:
        remedy = "no group has enough events for a test: validate on more patients"
        return not_measured("subgroups", _REQUIRED, remedy)
    return Gate("subgroups", _REQUIRED, f"none found in {n_tested} tested{untested}", True)


def _judge_one(key: str, found: list[str], reason: str | None) -> Gate:
    told = "; ".join(dict.fromkeys(one.rstrip(".") for one in found))
    if reason is not None:
        return Gate(f"subgroup {key}", _REQUIRED, f"{told}; accepted: {reason}", True)
    remedy = f"mend the model, or explain the gap in params.yaml: promote.accepted_gaps: {key}"
    return Gate(f"subgroup {key}", _REQUIRED, told, False, remedy)
