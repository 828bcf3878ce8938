"""The features of a patient: what each is called, made of, credited to; and how to derive them."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd

from features.derivation.columns import Columns
from features.derivation.derivation import Derivation
from features.derivation.own_features import derive_own
from features.derivation.person.body import FEATURES as BODY
from features.derivation.person.demographic import FEATURES as DEMOGRAPHIC
from features.derivation.person.kidney import FEATURES as KIDNEY
from features.derivation.person.lifestyle import FEATURES as LIFESTYLE
from features.derivation.person.lipids import FEATURES as LIPIDS
from features.derivation.person.metabolic import FEATURES as METABOLIC
from features.derivation.person.minerals import FEATURES as MINERALS
from features.derivation.person.therapy import FEATURES as THERAPY
from features.derivation.scan.calcium import FEATURES as CALCIUM
from features.derivation.scan.morphology import FEATURES as MORPHOLOGY
from features.derivation.scan.morphology_change import FEATURES as MORPHOLOGY_CHANGE
from features.derivation.scan.progression import FEATURES as PROGRESSION
from features.dictionary.dictionary import Dictionary
from features.dictionary.variable import Variable

DERIVATIONS: tuple[Derivation, ...] = (
    *DEMOGRAPHIC,
    *CALCIUM,
    *PROGRESSION,
    *MORPHOLOGY,
    *MORPHOLOGY_CHANGE,
    *LIPIDS,
    *BODY,
    *METABOLIC,
    *KIDNEY,
    *THERAPY,
    *LIFESTYLE,
    *MINERALS,
)


@dataclass(frozen=True)
class Feature:
    """One column that models are trained on.

    ``variable`` is the dictionary variable a clinician is shown for it, ``group`` that
    variable's group, ``inputs`` every variable it is computed from, in the dictionary's order.
    ``monotone``: +1 or -1 where risk may only rise or fall with the feature, else 0. ``learnt``:
    whether models see it. ``meaning`` says on which scale it is, ``source`` where it was published.
    """

    name: str
    variable: str
    group: str
    monotone: int
    inputs: tuple[str, ...]
    learnt: bool = True
    meaning: str = ""
    source: str = ""


def derive_features(
    covariates: pd.DataFrame | Columns,
    dictionary: Mapping[str, Variable] | None = None,
    wanted: Collection[str] | None = None,
) -> pd.DataFrame:
    """Every feature of the catalogue, float64, for each patient; NaN where not computable.

    ``covariates``: one row per patient, columns named and scaled as in the dictionary, in any
    order; absent ones count as missing, others are ignored. Same index, columns in the order of
    ``CATALOGUE``, then those of the dictionary's own variables. ``wanted``: names of the only ones
    to derive, None for all. Row by row: nothing is fitted and no patient bears on another.
    """
    known = dictionary or Dictionary.load()
    columns = Columns.of(covariates, known)
    derivations = [
        derivation
        for derivation in (*DERIVATIONS, *derive_own(known))
        if wanted is None or derivation.name in wanted
    ]
    values = np.empty((len(derivations), len(columns)))
    with np.errstate(invalid="ignore", divide="ignore", over="ignore"):
        for row, derivation in enumerate(derivations):
            values[row] = derivation.compute(columns)
    names = [derivation.name for derivation in derivations]
    return pd.DataFrame(values.T, index=columns.covariates.index, columns=names, copy=False)


def learnable(features: pd.DataFrame) -> pd.DataFrame:
    """The features that models learn from; those that are only shown are left out."""
    shown = {derivation.name for derivation in DERIVATIONS if derivation.shown_only}
    return features[[name for name in features.columns if name not in shown]]


def catalogue_of(dictionary: Mapping[str, Variable]) -> tuple[Feature, ...]:
    """The catalogue with the features of the dictionary's own variables."""
    return (*CATALOGUE, *(_feature(one, dictionary) for one in derive_own(dictionary)))


def _feature(derivation: Derivation, dictionary: Mapping[str, Variable]) -> Feature:
    variable = dictionary[derivation.variable]
    columns = Columns(pd.DataFrame(), dictionary)
    derivation.compute(columns)
    return Feature(
        name=derivation.name,
        variable=variable.name,
        group=variable.group,
        monotone=variable.monotone if derivation.monotone is None else derivation.monotone,
        inputs=tuple(name for name in dictionary if name in columns.read),
        learnt=not derivation.shown_only,
        meaning=derivation.meaning,
        source=derivation.source or variable.source,
    )


CATALOGUE: tuple[Feature, ...] = tuple(
    _feature(derivation, Dictionary.load()) for derivation in DERIVATIONS
)
