"""What is known of the progression model's terms before a cohort is seen."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np
import numpy.typing as npt
import yaml

from features.array_types import FloatArray
from features.derivation.catalogue import CATALOGUE
from features.dictionary.data_files import data_file
from models.learners.linear import LinearDesign

GROWTH, ONSET = "growth", "onset"


@dataclass(frozen=True)
class Priors:
    """``terms``: feature -> margin -> (mean, width) per natural unit. ``excluded``: by variable.

    ``default``: width per standard deviation of what is not named; ``gap``: of missing indicators.
    ``directions``: variables that the parts may not point against.
    """

    terms: Mapping[str, Mapping[str, tuple[float, float]]]
    excluded: Mapping[str, str]
    directions: frozenset[str]
    default: float
    gap: float

    def features(self) -> tuple[str, ...]:
        """The features that the model may see: none of an excluded variable."""
        return tuple(f.name for f in CATALOGUE if f.variable not in self.excluded)

    def signs(self, features: Sequence[str]) -> npt.NDArray[np.int8]:
        """Monotone direction (p,) of each feature, 0 where none is established for growth."""
        known = {f.name: f.monotone for f in CATALOGUE if f.variable in self.directions}
        return np.array([known.get(name, 0) for name in features], np.int8)

    def of_design(
        self, design: LinearDesign, features: Sequence[str], margin: str
    ) -> tuple[FloatArray, FloatArray]:
        """Mean and width (m,) of the coefficient of each of the design's terms."""
        used, n_terms = design.completion.used, len(design.term_features)
        mean, width = np.zeros(n_terms), np.full(n_terms, self.default)
        width[len(used) + len(design.bends.columns) :] = self.gap
        for position, column in enumerate(used):
            own = self.terms.get(features[column])
            if own is not None:
                scale = design.completion.scale[position]
                mean[position], width[position] = np.array(own[margin]) * scale
        return mean, width


@cache
def load_priors() -> Priors:
    """The priors in data/reference/progression_priors.yaml."""
    path = data_file("reference/progression_priors.yaml")
    stored: dict[str, Any] = yaml.safe_load(path.read_text(encoding="utf-8"))
    terms = {
        name: {margin: (float(entry[margin][0]), float(entry[margin][1]))
               for margin in (GROWTH, ONSET)}
        for name, entry in stored["terms"].items()
    }  # fmt: skip
    return Priors(
        terms,
        stored["excluded"],
        frozenset(stored["directions"]),
        float(stored["default"]),
        float(stored["gap"]),
    )
