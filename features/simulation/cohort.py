"""A whole simulated cohort, from one seed to the files a data manager would deliver.

Simulated: it demonstrates the software and is not for care.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from features.simulation.calcium import draw_burden, draw_density, draw_prior_scan
from features.simulation.characteristics import (
    draw_body,
    draw_people,
    draw_untreated_pressure,
    measure_pressure,
)
from features.simulation.draws import Columns, Draws
from features.simulation.growth import TrueGrowth
from features.simulation.laboratory import draw_laboratory, draw_lipids, measure_lipids
from features.simulation.later_scans import draw_later_scans
from features.simulation.lesions import Lesions, draw_lesions, lesion_table, sum_lesions
from features.simulation.lifestyle import draw_habits, draw_minerals, draw_smoking
from features.simulation.observation import (
    draw_entry,
    hide_values,
    observe,
    without_lesion_table,
)
from features.simulation.outcomes import (
    death_margin,
    draw_event_times,
    event_margin,
    statin_margin,
    true_risk,
)
from features.simulation.therapy import (
    draw_known_disease,
    draw_other_drugs,
    treat_lipids,
    treat_pressure,
)

DEFAULT_PATIENTS = 6800
EVENT_TYPES = ("none", "cardiac_event", "other_death")


@dataclass(frozen=True)
class SimulatedCohort:
    """A simulated cohort; every part but ``lesions`` is indexed by ``patient_id``.

    ``covariates``: dictionary variables in canonical units. ``lesions``: the lesion table, None
    where it was not asked for. ``endpoint``: columns time (years) and event (0, 1, 2). ``truth``:
    true log hazards, true risk and true growth, which no training stage may read.
    ``later_scans``: what later scans showed, known only after entry.
    """

    covariates: pd.DataFrame
    lesions: pd.DataFrame | None
    endpoint: pd.DataFrame
    site: pd.Series
    entry_date: pd.Series
    truth: pd.DataFrame
    later_scans: pd.DataFrame


def simulate_cohort(
    n_patients: int = DEFAULT_PATIENTS,
    seed: int = 0,
    with_lesions: bool = True,
    n_sites: int = 6,
) -> SimulatedCohort:
    """Simulate a MESA-like cohort: the same seed gives the same bytes.

    The lesion table changes nothing else: scores are the sums of lesions with or without it.
    Raises ValueError where there is no patient or no site.
    """
    if n_patients < 1 or n_sites < 1:
        raise ValueError(f"n_patients and n_sites must be at least 1, got {n_patients}, {n_sites}")
    draws = Draws(seed, n_patients)
    width = max(6, len(str(n_patients)))
    index = pd.Index(
        np.char.zfill(np.arange(1, n_patients + 1).astype(str), width), name="patient_id"
    ).astype("str")
    patient, lesions = draw_complete(draws)
    site, entry = draw_entry(draws, n_sites)
    growth = TrueGrowth.of(patient)
    truth, endpoint = _follow(draws, patient, entry)
    truth = truth.assign(**growth.to_columns())
    later = draw_later_scans(draws, patient, growth, endpoint["time"].to_numpy())
    table = None
    if with_lesions:
        table = lesion_table(lesions, index.to_numpy())
        table = table[~without_lesion_table(draws)[lesions.patient]].reset_index(drop=True)
    return SimulatedCohort(
        covariates=_covariates(draws, patient, site, index),
        lesions=table,
        endpoint=endpoint.set_axis(index),
        site=pd.Series(site, index=index, name="site").astype("str"),
        entry_date=entry.set_axis(index).rename("entry_date"),
        truth=truth.set_axis(index),
        later_scans=later.set_axis(index),
    )


def draw_complete(draws: Draws) -> tuple[Columns, Lesions]:
    """Patients with their lesions and scans, nothing hidden and nothing missing."""
    patient = draw_patients(draws)
    lesions = draw_lesions(draws, patient)
    patient |= sum_lesions(lesions, draws.n)
    return patient | draw_prior_scan(draws, patient), lesions


def draw_patients(draws: Draws) -> Columns:
    """All that a patient is before the scan's lesions, complete, hidden quantities included."""
    patient = draw_people(draws)
    for step in (
        draw_body,
        draw_untreated_pressure,
        draw_smoking,
        draw_habits,
        draw_minerals,
        draw_lipids,
        draw_laboratory,
        draw_known_disease,
        treat_pressure,
        treat_lipids,
        draw_other_drugs,
        measure_pressure,
        measure_lipids,
        draw_burden,
        draw_density,
    ):
        patient |= step(draws, patient)
    return patient


def _follow(draws: Draws, patient: Columns, entry: pd.Series) -> tuple[pd.DataFrame, pd.DataFrame]:
    age = patient["age"].astype(float)
    event, death = event_margin(patient), death_margin(patient)
    event_years, death_years = draw_event_times(draws, event, death, age)
    truth = pd.DataFrame(
        {
            "event_margin": event,
            "death_margin": death,
            "true_risk_5y": true_risk(event, death, age, 5.0),
            "true_risk_10y": true_risk(event, death, age, 10.0),
            "untreated_ldl": patient["_untreated_ldl"],
            "statin_margin": statin_margin(patient),
            "event_years": event_years,
            "death_years": death_years,
        }
    )
    return truth, observe(draws, entry, event_years, death_years)


def _covariates(draws: Draws, patient: Columns, site: np.ndarray, index: pd.Index) -> pd.DataFrame:
    hidden = hide_values(draws, patient, site)
    columns = {}
    for name, values in patient.items():
        if name.startswith("_"):
            continue
        is_text = values.dtype == object
        column = pd.Series(values, index=index).astype("str" if is_text else "float64")
        columns[name] = column.mask(hidden[name]) if name in hidden else column
    return pd.DataFrame(columns)


def write_simulated(cohort: SimulatedCohort, folder: Path) -> None:
    """Write ``cohort.csv``, ``lesions.csv`` (where there is a table) and ``truth.parquet``.

    The first two are what a data manager would deliver, six significant digits; the third is for
    measuring models against the truth and for nothing else.
    """
    folder.mkdir(parents=True, exist_ok=True)
    table = cohort.covariates.copy()
    table.insert(0, "site", cohort.site)
    table.insert(1, "entry_date", cohort.entry_date)
    table["followup_years"] = cohort.endpoint["time"]
    table["event_type"] = np.asarray(EVENT_TYPES, dtype=object)[cohort.endpoint["event"]]
    table = table.join(cohort.later_scans)
    table.to_csv(folder / "cohort.csv", float_format="%.6g", lineterminator="\n")
    if cohort.lesions is not None:
        cohort.lesions.to_csv(
            folder / "lesions.csv", index=False, float_format="%.6g", lineterminator="\n"
        )
    cohort.truth.to_parquet(folder / "truth.parquet")
