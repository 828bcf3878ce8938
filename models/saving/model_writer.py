"""Writes a trained model into its folder (layout: `models.storage.model_folder`)."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd

from features.array_types import FloatArray
from features.derivation.catalogue import CATALOGUE
from features.dictionary.dictionary import Dictionary
from models.drift.profile import PROFILE, Profile
from models.explanation.explainer import Explainer
from models.explanation.explanation import Explanation
from models.explanation.population import relative_weights, write_weights
from models.input_ranges import InputRanges
from models.risk.outputs import name_risks
from models.risk.predictor import RiskPredictor
from models.saving.absence_fitting import fit_absences
from models.saving.average_fitting import fit_averages
from models.saving.reference_files import write_reference_files
from models.serving.vendor import SCORER_MODULES
from models.storage.model_folder import (
    AVERAGES,
    EXPLAINER,
    PREDICTOR,
    RANGES,
    UNCERTAINTY,
    WEIGHTS,
    About,
    seal_model_folder,
)
from models.uncertainty.risk_interval import RiskInterval

# Enough to rank variables; more changes the order of the last ones only.
_EXPLAINED = 500
_IMPORTANT_SHARE = 0.02


def write_model_folder(
    folder: Path,
    predictor: RiskPredictor,
    explainer: Explainer | None,
    covariates: pd.DataFrame,
    features: pd.DataFrame,
    about: About,
    interval: RiskInterval | None = None,
    dictionary: Dictionary | None = None,
    weight: FloatArray | None = None,
) -> About:
    """Write everything that scoring needs into a new or emptied folder, and seal it.

    ``covariates`` and ``features``: the patients trained on, of whom only aggregates are kept.
    ``dictionary``: with the variables that the cohort's map adds, None where it adds none.
    ``weight``: (n,) how many each patient stands for, None where each stands for one. The same
    model gives the same bytes. Returns ``about`` with its digest.
    """
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    told = np.flatnonzero(predictor.knows(features, about.horizons[-1]))
    if len(told) < len(features):
        covariates, features = covariates.iloc[told], features.iloc[told]
        weight = None if weight is None else weight[told]
    risks = predictor.risk(features, about.horizons)
    important: Sequence[str] = ()
    if explainer is not None:
        explainer.save(folder / EXPLAINER)
        rows = np.linspace(0, len(features) - 1, min(_EXPLAINED, len(features))).astype(int)
        explanation = explainer.explain(features.iloc[rows], about.horizons[-1])
        important = find_important(explanation)
        write_weights(relative_weights(explanation, covariates.iloc[rows]), folder / WEIGHTS)
    if interval is not None:
        interval.save(folder / UNCERTAINTY)
    ranges = InputRanges.fit(covariates, important)
    ranges.save(folder / RANGES)
    known = dictionary or Dictionary.load()
    of_last = risks[:, -1], known, ranges, about.horizons[-1]
    absences = fit_absences(predictor, features, *of_last, weight)
    replace(predictor, absences=absences).save(folder / PREDICTOR)
    Profile.fit(covariates, name_risks(about.horizons, risks), weight).save(folder / PROFILE)
    fit_averages(covariates, risks, about.horizons, weight).save(folder / AVERAGES)
    write_reference_files(folder, SCORER_MODULES, dictionary)
    return seal_model_folder(folder, about)


def find_important(explanation: Explanation) -> list[str]:
    """Variables with at least 2 % of the mean absolute contribution to risk, largest first."""
    size = explanation.by_variable(CATALOGUE).abs().mean()
    size = size.sort_values(ascending=False, kind="stable")
    return [str(name) for name in size.index[size >= _IMPORTANT_SHARE * size.sum()]]
