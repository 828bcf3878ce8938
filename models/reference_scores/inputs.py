"""What the equations ask of a patient, read from covariates, and their sums."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import numpy as np
import pandas as pd

from features.array_types import BoolArray, FloatArray
from features.derivation.calcium import agatston
from features.derivation.characteristics import bmi
from features.derivation.columns import Columns, first_known
from features.derivation.laboratory import egfr
from features.derivation.therapy import takes_lipid_drug
from features.dictionary.dictionary import Dictionary

Values = Mapping[str, FloatArray]

DICTIONARY = Dictionary.load()
# Social deprivation index of the place of residence, in deciles: PREVENT alone knows it.
SDI = "sdi"


def smokes_now(columns: Columns) -> FloatArray:
    """1 where the patient smokes at present, 0 where not, NaN where unknown. (n,)."""
    return columns.is_code("smoking_status", "current")


def takes_statin(columns: Columns) -> FloatArray:
    """1 on a statin, 0 on none, (n,); any lipid-lowering drug where the statin is not recorded."""
    intensity = columns["statin_intensity"]
    statin = np.where(np.isnan(intensity), np.nan, (intensity > 0).astype(np.float64))
    return first_known(statin, columns["lipid_lowering"])


_DERIVED: Mapping[str, Callable[[Columns], FloatArray]] = {
    "bmi": bmi,
    "cac_agatston": agatston,
    "egfr": egfr,
    "lipid_lowering": takes_lipid_drug,
    "smoking_status": smokes_now,
    "statin_intensity": takes_statin,
}


class Inputs:
    """The inputs by dictionary variable, each float64 (n,), NaN where missing or absent.

    Booleans are 0 or 1; ``sex`` is 1 in men; ``smoking_status`` is 1 in current smokers;
    ``statin_intensity`` is 1 on any statin; ``ethnicity`` is the position of the code. Body mass
    index, filtration rate (CKD-EPI 2021), total Agatston score and lipid-lowering therapy are
    derived where they are not recorded. ``sdi`` is a column beside the dictionary's.
    """

    def __init__(self, covariates: pd.DataFrame | Columns) -> None:
        self._columns = Columns.of(covariates, DICTIONARY)

    def __len__(self) -> int:
        return len(self._columns)

    def __getitem__(self, name: str) -> FloatArray:
        if name == SDI:
            return self._read_beside(name)
        compute = _DERIVED.get(name)
        return self._columns[name] if compute is None else self._columns.derived(compute)

    def take(self, names: Sequence[str], rows: BoolArray) -> Values:
        """The inputs of these patients, each (m,)."""
        chosen = np.flatnonzero(rows)
        return {name: self[name].take(chosen) for name in names}

    def _read_beside(self, name: str) -> FloatArray:
        if name not in self._columns:
            return np.full(len(self), np.nan)
        return np.asarray(
            self._columns.covariates[name].to_numpy(dtype=np.float64, na_value=np.nan)
        )


def is_of(values: Values, group: str) -> FloatArray:
    """1 where the patient's ethnicity is this code, else 0. (m,)."""
    position = DICTIONARY["ethnicity"].codes.index(group)
    return np.where(values["ethnicity"] == position, 1.0, 0.0)


def add_up(terms: Values, coefficients: Mapping[str, float], *beside: str) -> FloatArray:
    """Sum of coefficient times term, (m,). A coefficient without a term is a KeyError.

    ``beside``: numbers among the coefficients that are none, such as the baseline survival.
    """
    first, *rest = (name for name in coefficients if name not in beside)
    total = coefficients[first] * terms[first]
    for name in rest:
        total = total + coefficients[name] * terms[name]
    return total
