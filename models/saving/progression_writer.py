"""Writes a progression model into its folder, sealed like that of a risk model."""

from __future__ import annotations

import shutil
from pathlib import Path

import pandas as pd

from features.array_types import FloatArray
from features.dictionary.dictionary import Dictionary
from models.drift.profile import PROFILE, Profile
from models.input_ranges import InputRanges
from models.progression.contributions import GrowthExplainer
from models.progression.forecaster import PREDICTOR
from models.progression.law.growth_law import Patients
from models.progression.outputs import name_outputs
from models.saving.reference_files import write_reference_files
from models.serving.vendor import FORECASTER_MODULES
from models.storage.model_folder import EXPLAINER, RANGES, About, seal_model_folder


def write_progression_folder(
    folder: Path,
    explainer: GrowthExplainer,
    covariates: pd.DataFrame,
    patients: Patients,
    about: About,
    dictionary: Dictionary | None = None,
    weight: FloatArray | None = None,
) -> About:
    """Write everything that forecasting needs into a new or emptied folder, and seal it.

    ``covariates`` and ``patients``, as the law sees them: those trained on, of whom only aggregates
    are kept. ``about.n_patients`` are those with a later scan, ``n_events`` the scans that showed
    calcium where there was none. ``dictionary``: with the variables that the cohort's map adds.
    ``weight``: (n,) how many each patient stands for, None where each stands for one. The same
    model gives the same bytes. Returns ``about`` with its digest.
    """
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    explainer.predictor.save(folder / PREDICTOR)
    explainer.save(folder / EXPLAINER)
    InputRanges.fit(covariates).save(folder / RANGES)
    predicted = name_outputs(explainer.predictor, patients, about.horizons)
    Profile.fit(covariates, predicted, weight).save(folder / PROFILE)
    write_reference_files(folder, FORECASTER_MODULES, dictionary)
    return seal_model_folder(folder, about)
