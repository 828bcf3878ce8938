"""What is known of a registered version: aggregates from its run, never a patient."""

from __future__ import annotations

import io
import json
import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd

if TYPE_CHECKING:
    from pipeline.tracking import Tracking, Version

LEAKAGE = "train/leakage.json"
HELD_OUT_TAG = "held_out_sha256"
ENDPOINT_TAG = "endpoint"


@dataclass(frozen=True)
class Figure:
    """An estimate with its 95 % interval; NaN where not measured."""

    estimate: float
    lower: float
    upper: float

    @property
    def is_measured(self) -> bool:
        """Whether estimate and interval are there."""
        return math.isfinite(self.estimate + self.lower + self.upper)

    def show(self, form: str = ".2f") -> str:
        """``1.02 (0.91 to 1.13)``."""
        interval = f" ({self.lower:{form}} to {self.upper:{form}})"
        return f"{self.estimate:{form}}{interval}"


@dataclass(frozen=True)
class Evidence:
    """``metrics``: those of the run. ``tables``: those of the evaluation by name, as logged.

    ``held_out_sha256``: hash of the held-out patients and their outcomes, "" where unknown.
    ``leakage``: what the leakage gate wrote, None where it was not logged. ``endpoint``: its title,
    "" where the run does not say it; ``any_death``: whether dying of anything is its event.
    """

    name: str
    number: int
    cohort: str
    simulated: bool
    data_sha256: str
    digest: str
    n_patients: int
    n_events: int
    horizons: tuple[float, ...]
    metrics: Mapping[str, float]
    held_out_sha256: str = ""
    tables: Mapping[str, pd.DataFrame] = field(default_factory=dict)
    leakage: Mapping[str, Any] | None = None
    endpoint: str = ""
    any_death: bool = False

    def figure(self, metric: str, horizon: float) -> Figure:
        """A held-out figure of its own cohort."""
        key = f"{self.cohort}.{metric}_{horizon:g}y"
        return Figure(*(self.metrics.get(key + limit, math.nan) for limit in _LIMITS))


_LIMITS = ("", "_lower", "_upper")


def read_evidence(
    version: Version, model_folder: Path, tracking: Tracking, folder: str, names: Iterable[str]
) -> Evidence:
    """All that the run of a version tells. Raises ModelError where the model is damaged.

    ``names``: of the tables of its evaluation, in ``folder`` of the run.
    """
    from models.storage.model_folder import verify_model_folder

    about = verify_model_folder(model_folder)
    tables = {name: _read_table(tracking, version.run_id, f"{folder}/{name}.csv") for name in names}
    leakage = tracking.read_run_file(version.run_id, LEAKAGE)
    tags = tracking.read_run_tags(version.run_id)
    return Evidence(
        f"version {version.number}",
        version.number,
        about.cohort,
        about.simulated,
        about.data_sha256,
        about.digest,
        about.n_patients,
        about.n_events,
        about.horizons,
        tracking.read_run_metrics(version.run_id),
        tags.get(HELD_OUT_TAG, ""),
        {name: table for name, table in tables.items() if table is not None},
        None if leakage is None else json.loads(leakage),
        tags.get(ENDPOINT_TAG, ""),
        about.any_death,
    )


def _read_table(tracking: Tracking, run_id: str, file: str) -> pd.DataFrame | None:
    text = tracking.read_run_file(run_id, file)
    if text is None:
        return None
    # "none" and "NA" are words here, as in albuminuria none
    return pd.read_csv(io.StringIO(text), keep_default_na=False, na_values=[""])
