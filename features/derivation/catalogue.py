"""The features of a patient: what each is called, made of, credited to; and how to derive them."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd

from features.array_types import FloatArray
from features.derivation.calcium import CALCIUM, agatston
from features.derivation.calcium_change import MORPHOLOGY_CHANGE, SCORE_CHANGE
from features.derivation.characteristics import BODY, DEMOGRAPHIC, LIFESTYLE, bmi
from features.derivation.columns import Columns, Derivation, coded, recorded
from features.derivation.laboratory import KIDNEY, METABOLIC, MINERALS, egfr
from features.derivation.lipids import LIPIDS, ldl
from features.derivation.morphology import MORPHOLOGY
from features.derivation.therapy import THERAPY
from features.dictionary.dictionary import Dictionary
from features.dictionary.variable import OWN_GROUP, Variable

_SIGN = ":"

WORKED_OUT: Mapping[str, Callable[[Columns], FloatArray]] = {
    "cac_agatston": agatston,
    "ldl_cholesterol": ldl,
    "egfr": egfr,
    "bmi": bmi,
}
"""Variables that are worked out from others where they are not recorded: known, not lacking."""

DERIVATIONS: tuple[Derivation, ...] = (
    *DEMOGRAPHIC,
    *CALCIUM,
    *SCORE_CHANGE,
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


def derive_own(dictionary: Mapping[str, Variable]) -> tuple[Derivation, ...]:
    """Numbers and yes/no as recorded; of a category, each code but the first, yes or no."""
    own = (variable for variable in dictionary.values() if variable.own)
    return tuple(derivation for one in own for derivation in _derive_own(one))


def owner_of(feature: str) -> str:
    """The variable of one's own that a feature outside the catalogue is credited to."""
    return feature.partition(_SIGN)[0]


def group_of(feature: str) -> str:
    """The group of such a feature."""
    return OWN_GROUP


def _derive_own(variable: Variable) -> tuple[Derivation, ...]:
    if variable.kind != "category":
        return recorded(variable.name)
    return coded(variable.name, *variable.codes[1:], sign=_SIGN)


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
