"""What a risk model and a progression model share once they are trained: how they read patients.

Imports, through everything it reaches, nothing beyond numpy, pandas, xgboost and pyyaml.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Generic, Self, TypeVar

import pandas as pd

from features.derivation.columns import Columns
from features.dictionary.dictionary import Dictionary
from features.intake.frame import Unknown, make_frame_rules, read_frame
from features.intake.rows import RowRules
from features.intake.validation.needed import require_needed
from models.absent_columns import find_absent
from models.input_ranges import InputRanges
from models.margins import FeaturePredictor
from models.storage.model_folder import About

# Sets of columns whose reading is remembered; a caller has one or two.
_KINDS_OF_TABLES = 32
Predictor = TypeVar("Predictor", bound=FeaturePredictor)


@dataclass(frozen=True)
class TrainedModel(ABC, Generic[Predictor]):
    """A predictor with its dictionary and the ranges of what it was trained on."""

    about: About
    predictor: Predictor = field(repr=False)
    dictionary: Dictionary = field(repr=False)
    ranges: InputRanges
    _rules: dict[tuple[Unknown, tuple[str, ...]], RowRules | None] = field(
        default_factory=dict, init=False, repr=False, compare=False
    )
    _fits: dict[frozenset[str], Self] = field(
        default_factory=dict, init=False, repr=False, compare=False
    )

    def for_columns(self, present: Iterable[str]) -> Self:
        """The model for a table with these columns: where one is absent, a gap tells nothing.

        What a model learnt of patients who lack a value holds where others have one.
        """
        names = frozenset(map(str, present))
        if names not in self._fits:
            if len(self._fits) >= _KINDS_OF_TABLES:
                self._fits.clear()
            wanted = self.predictor.feature_names
            absent = find_absent(names, self.dictionary, self.ranges, wanted)
            self._fits[names] = self._without(absent)
        return self._fits[names]

    @abstractmethod
    def _without(self, absent: Sequence[str]) -> Self:
        """The model for a file that lacks all that these features are made of."""

    @property
    def labels(self) -> dict[str, str]:
        """What a person calls each variable."""
        return {name: variable.label for name, variable in self.dictionary.items()}

    def _read_patients(self, covariates: pd.DataFrame, unknown: Unknown) -> Columns:
        names = tuple(map(str, covariates))
        if (unknown, names) not in self._rules:
            if len(self._rules) >= _KINDS_OF_TABLES:
                self._rules.clear()
            self._rules[unknown, names] = make_frame_rules(names, self.dictionary, unknown)
        rules = self._rules[unknown, names]
        if rules is None:
            if len(covariates):
                require_needed((), self.dictionary, "covariates")
            return Columns(pd.DataFrame(index=pd.RangeIndex(len(covariates))), self.dictionary)
        return read_frame(covariates, rules)
