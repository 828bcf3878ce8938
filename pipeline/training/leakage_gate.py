"""The leakage gate of the stage train: what it finds is written; what is unexplained stops it."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

import pandas as pd

from pipeline.settings.params import LeakageParams, Params, Paths

if TYPE_CHECKING:
    from features.cohort import Cohort
    from models.leakage.gate import Verdict
    from models.leakage.limits import Limits

LEAKAGE = "leakage.json"


def require_no_leak(cohort: Cohort, split: pd.DataFrame, params: Params, paths: Paths) -> None:
    """Write leakage.json; raise CohortError with every leak that params.yaml gives no reason for.

    ``split``: column ``part`` by patient, as the stage train makes it.
    """
    verdict = examine_leakage(cohort, split, params)
    paths.train.mkdir(parents=True, exist_ok=True)
    write_verdict(verdict, paths.train / LEAKAGE)
    verdict.require_passed(cohort.name)


def examine_leakage(cohort: Cohort, split: pd.DataFrame | None, params: Params) -> Verdict:
    """The gate's verdict on the variables that features may be computed from.

    Without ``split`` (another cohort, say) twins are looked for but not told apart by part.
    """
    from features.splits import require_endpoint
    from models.leakage.gate import Verdict, find_leaks
    from models.leakage.inspected_cohort import Subject

    columns = cohort.covariates.drop(columns=list(params.featurize.exclude), errors="ignore")
    held_out = None
    if split is not None:
        held_out = split["part"].loc[columns.index].eq("held_out").to_numpy(dtype=bool)
    sources = {name: tuple(names) for name, names in cohort.about.get("columns", {}).items()}
    subject = Subject(
        columns, require_endpoint(cohort), cohort.site, cohort.entry, held_out, sources
    )
    return Verdict(find_leaks(subject, limits_of(params.leakage)), params.leakage.accepted)


def limits_of(leakage: LeakageParams) -> Limits:
    """The limits that params.yaml sets."""
    from models.leakage.limits import Limits

    given = asdict(leakage)
    del given["accepted"]
    return Limits(**given)


def write_verdict(verdict: Verdict, path: Path) -> None:
    """As JSON, for the report and the gates of promotion; no patient's value is in it."""
    text = json.dumps(verdict.to_dict(), indent=2, ensure_ascii=False) + "\n"
    path.write_text(text, encoding="utf-8")
