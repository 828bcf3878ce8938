"""A cohort: covariates of patients in canonical units, with or without their endpoint."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from features.dictionary.dictionary import Dictionary
from features.endpoint import SINCE_ENTRY, Endpoint
from features.sample.case_cohort import CaseCohort
from features.sample.survey import Survey

_TABLE, _SCANS, _ABOUT = "cohort.parquet", "scans.parquet", "cohort.json"
_SURVEY = {"weight": "sample_weight", "stratum": "sample_stratum", "cluster": "sample_cluster"}
_SUBCOHORT, _FRACTION = "sample_subcohort", "sample_fraction"
_START = "clock_at_entry"
_OWN_COLUMNS = (
    *("site", "entry", "time", "event", _START, *_SURVEY.values()),
    *(_SUBCOHORT, _FRACTION),
)


@dataclass(frozen=True)
class Cohort:
    """Patients by row. ``covariates`` is indexed by ``patient_id`` and holds dictionary variables.

    ``site`` and ``entry`` (date or year of entry) serve validation designs; they are never
    covariates. ``about`` is what the map says of the cohort: title, endpoint, caveats.
    ``later_scans``: one row per scan, indexed by ``patient_id``: ``years`` since the first, what it
    showed, how it was made; known only after entry.
    """

    name: str
    covariates: pd.DataFrame
    endpoint: Endpoint | None = None
    site: pd.Series | None = None
    entry: pd.Series | None = None
    about: dict[str, Any] = field(default_factory=dict)
    later_scans: pd.DataFrame | None = None

    @property
    def dictionary(self) -> Dictionary:
        """The data dictionary with the variables that the cohort's map adds."""
        return Dictionary.load().extended(self.about.get("own_variables", {}))

    def __len__(self) -> int:
        return len(self.covariates)

    def take(self, positions: npt.ArrayLike) -> Cohort:
        """The patients at these positions (integers or a boolean mask)."""
        rows = np.asarray(positions)
        covariates, scans = self.covariates.iloc[rows], self.later_scans
        return Cohort(
            self.name,
            covariates,
            None if self.endpoint is None else self.endpoint.take(rows),
            None if self.site is None else self.site.iloc[rows],
            None if self.entry is None else self.entry.iloc[rows],
            self.about,
            None if scans is None else scans[scans.index.isin(covariates.index)],
        )

    def write(self, folder: Path) -> None:
        """Write ``cohort.parquet``, ``cohort.json`` and, of later scans, ``scans.parquet``."""
        folder.mkdir(parents=True, exist_ok=True)
        table = self.covariates.copy()
        if self.site is not None:
            table["site"] = self.site
        if self.entry is not None:
            table["entry"] = self.entry
        if self.endpoint is not None:
            table["time"], table["event"] = self.endpoint.time, self.endpoint.event
            table = table.assign(**_columns_of(self.endpoint))
        about = {
            "name": self.name,
            "fixed_horizon": None if self.endpoint is None else self.endpoint.horizon,
            "about": self.about,
        }
        if self.endpoint is not None and self.endpoint.is_delayed:
            about["time_scale"] = self.endpoint.time_scale
        if self.endpoint is not None and self.endpoint.any_death:
            about["any_death"] = True
        design = None if self.endpoint is None else self.endpoint.case_cohort
        if design is not None:
            about["case_cohort"] = {"method": design.method, "cases": design.cases}
        table.to_parquet(folder / _TABLE)
        if self.later_scans is not None:
            self.later_scans.to_parquet(folder / _SCANS)
        (folder / _ABOUT).write_text(json.dumps(about, indent=2, sort_keys=True) + "\n")

    @classmethod
    def read(cls, folder: Path) -> Cohort:
        """Read back what `write` wrote."""
        table = pd.read_parquet(folder / _TABLE)
        about = json.loads((folder / _ABOUT).read_text())
        endpoint = None
        if "time" in table:
            endpoint = Endpoint(
                table["time"].to_numpy(),
                table["event"].to_numpy(),
                about["fixed_horizon"],
                table[_START].to_numpy() if _START in table else None,
                about.get("time_scale", SINCE_ENTRY),
                _survey_of(table, about.get("case_cohort")),
                about.get("any_death", False),
            )
        return cls(
            about["name"],
            table.drop(columns=[c for c in _OWN_COLUMNS if c in table]),
            endpoint,
            table.get("site"),
            table.get("entry"),
            about["about"],
            pd.read_parquet(folder / _SCANS) if (folder / _SCANS).is_file() else None,
        )


def _columns_of(endpoint: Endpoint) -> dict[str, npt.NDArray[Any]]:
    """What the endpoint says of delayed entry and of the sample, for the table of the cohort."""
    columns: dict[str, npt.NDArray[Any]] = {}
    if endpoint.start is not None:
        columns[_START] = endpoint.start
    if endpoint.survey is not None:
        given = {name: getattr(endpoint.survey, name) for name in _SURVEY}
        columns |= {_SURVEY[n]: np.asarray(part) for n, part in given.items() if part is not None}
    if design := endpoint.case_cohort:
        columns |= {_SUBCOHORT: design.subcohort, _FRACTION: design.fraction}
    return columns


def _survey_of(table: pd.DataFrame, case_cohort: dict[str, str] | None) -> Survey | None:
    if _SURVEY["weight"] not in table:
        return None
    labels = [_SURVEY["stratum"], _SURVEY["cluster"]]
    stratum, cluster = (table[one].to_numpy() if one in table else None for one in labels)
    design = None
    if case_cohort is not None:
        drawn = table[_SUBCOHORT].to_numpy(), table[_FRACTION].to_numpy()
        design = CaseCohort(*drawn, case_cohort["method"], case_cohort["cases"])
    return Survey(table[_SURVEY["weight"]].to_numpy(), stratum, cluster, design)
