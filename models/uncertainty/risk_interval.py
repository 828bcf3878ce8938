"""How far each risk and its contributions may be off, from numbers kept at training.

Imports, through everything it reaches, nothing beyond numpy, pandas and xgboost.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from statistics import NormalDist
from types import MappingProxyType

import numpy as np
import pandas as pd

from features.array_types import FloatArray
from features.derivation.catalogue import CATALOGUE, owner_of
from features.errors import ModelError
from models.contraction import contract
from models.explanation.explainer import Explainer
from models.learners.completion import Completed
from models.learners.linear import LinearPart
from models.margins import LEVEL, Roots, roots_by_owner, variance_of
from models.risk.predictor import RiskPredictor
from models.storage.formats import read_array, read_json

FORMAT = 6
OWNERS = {feature.name: feature.variable for feature in CATALOGUE}
_FILE = "uncertainty.json"
_CHUNK = 16_384
# Mean distance of a normal variable from its middle, in standard deviations.
_MEAN_DEVIATION = float(np.sqrt(2.0 / np.pi))


@dataclass(frozen=True)
class RiskInterval:
    """How far the event's margin may be off, per patient, and the interval that follows.

    The variance of the margin is the sum of three:

    - what the coefficients leave open: ``terms' V terms``, V the posterior covariance of the linear
      part's coefficients under its prior (`Believed.covariance`), kept as a factor
      ``coefficients`` (m, m) with V = F F';
    - what missing values leave open, given the others (`Completion.gap_terms`), by the slopes of
      the linear part; the interval is laid around the expected margin, to which the prediction adds
      half this variance. A feature that was recorded of none of the patients fitted on, and whose
      effect is published, leaves its variance in ``unrecorded`` open where it is missing;
    - the baseline hazard: one over the number of events by the horizon (``years``, ``events``); of
      hazards of ages, one over the number of events at the ages from the patient's own to there.

    The competing event's margin is taken as it is: at the risks met here its share is small.
    """

    predictor: RiskPredictor
    coefficients: FloatArray = field(repr=False)
    unrecorded: Mapping[str, float]
    years: FloatArray
    events: FloatArray

    def __post_init__(self) -> None:
        """Raises ModelError where the event's margin has no linear part."""
        if self.predictor.causes[0].linear is None:
            raise ModelError("Intervals come from the linear part, which this model does not have")

    @property
    def part(self) -> LinearPart:
        """The linear part of the event's margin."""
        linear = self.predictor.causes[0].linear
        assert linear is not None
        return linear

    def interval(
        self,
        X: pd.DataFrame,
        horizons: Sequence[float],
        level: float = LEVEL,
        margins: FloatArray | None = None,
    ) -> FloatArray:
        """Low and high (n, h, 2) of the true risk by each horizon, in years.

        Of patients like these, a share of ``level`` has its true risk within. ``margins``: (n, k)
        of the predictor where they are known already. Raises HorizonError, ModelError.
        """
        if not 0 < level < 1:
            raise ModelError(f"The level of an interval lies between 0 and 1, not {level:g}")
        seen = self.predictor.see(X)
        if margins is None:
            margins = self.predictor.margin_of(seen)
        reach = NormalDist().inv_cdf(0.5 + level / 2)
        open_gaps = self.gap_variance(seen) + self.unrecorded_variance(X)
        variance = self.coefficient_variance(seen) + open_gaps
        limits = np.empty((len(X), len(horizons), 2))
        for position, horizon in enumerate(horizons):
            spread = reach * np.sqrt(variance + self._level_variance(horizon, seen.clock))
            for side, sign in enumerate((-1.0, 1.0)):
                moved = margins.copy()
                moved[:, 0] += sign * spread - 0.5 * open_gaps
                limits[:, position, side] = self.predictor.link.risk(moved, [horizon])[:, 0]
        return limits

    def gap_move(
        self, X: pd.DataFrame, horizon: float, margins: FloatArray | None = None
    ) -> FloatArray:
        """How far each risk by ``horizon`` (n,) would typically move if nothing were missing.

        Half the distance between the risks one mean deviation above and below, as a fraction.
        Raises HorizonError.
        """
        seen = self.predictor.see(X)
        if margins is None:
            margins = self.predictor.margin_of(seen)
        open_gaps = self.gap_variance(seen) + self.unrecorded_variance(X)
        ends = []
        for sign in (-1.0, 1.0):
            moved = margins.copy()
            moved[:, 0] += sign * _MEAN_DEVIATION * np.sqrt(open_gaps) - 0.5 * open_gaps
            ends.append(self.predictor.link.risk(moved, [horizon])[:, 0])
        return np.asarray(0.5 * (ends[1] - ends[0]))

    def variance(self, X: pd.DataFrame) -> FloatArray:
        """Variance (n,) of the event's margin, but for the baseline hazard."""
        seen = self.predictor.see(X)
        open_gaps = self.gap_variance(seen) + self.unrecorded_variance(X)
        return self.coefficient_variance(seen) + open_gaps

    def unrecorded_variance(self, X: pd.DataFrame) -> FloatArray:
        """Variance (n,) of the event's margin from what was recorded of nobody fitted on."""
        variance = np.zeros(len(X))
        for name, of_feature in self.unrecorded.items():
            if name in X.columns:
                variance += of_feature * X[name].isna().to_numpy()
        return variance

    def gap_variance(self, seen: Completed) -> FloatArray:
        """Variance (n,) of the event's margin that missing values leave open."""
        by_pattern = self.part.read(seen.gaps).open_terms
        return np.asarray(2.0 * by_pattern.sum(axis=1)[seen.gaps.pattern])

    def coefficient_variance(self, seen: Completed) -> FloatArray:
        """Variance (n,) of the event's margin that the coefficients leave open."""
        variance = np.empty(len(seen))
        for start in range(0, len(seen), _CHUNK):
            rows = np.arange(start, min(start + _CHUNK, len(seen)))
            terms = self.part.design.terms(seen.take(rows)) @ self.coefficients
            variance[rows] = contract("ij,ij->i", terms, terms)
        return variance

    def _level_variance(self, horizon: float, clock: FloatArray | None) -> FloatArray:
        if clock is None:
            counted = np.array(np.interp(horizon, self.years, self.events))
        else:
            by_end = np.interp(clock + horizon, self.years, self.events)
            counted = by_end - np.interp(clock, self.years, self.events)
        return np.asarray(1.0 / np.maximum(counted, 1.0))

    def save(self, folder: Path) -> None:
        """Write ``uncertainty.json`` and ``coefficients.npy``; the same interval, same bytes."""
        folder.mkdir(parents=True, exist_ok=True)
        np.save(folder / "coefficients.npy", self.coefficients)
        stored = {
            "format": FORMAT,
            "feature_names": list(self.predictor.feature_names),
            "unrecorded": dict(self.unrecorded),
            "years": self.years.tolist(),
            "events": self.events.tolist(),
        }
        (folder / _FILE).write_text(json.dumps(stored, indent=1, allow_nan=False) + "\n")

    @classmethod
    def load(cls, folder: Path, predictor: RiskPredictor) -> RiskInterval:
        """Read back what `save` wrote, for this predictor.

        Raises ModelError where the folder holds none, or one of another format or model.
        """
        try:
            completion = predictor.completion
            lengths = {"p": completion.n_features, "u": len(completion.used)}
            stored = read_json(folder / _FILE, True, lengths)
            coefficients = read_array(folder / "coefficients.npy")
        except (FileNotFoundError, NotADirectoryError) as error:
            raise ModelError(f"{folder} holds no intervals: {error.filename}") from None
        names = tuple(stored["feature_names"])
        if stored["format"] != FORMAT or names != predictor.feature_names:
            raise ModelError(f"{folder} holds intervals of another version or model")
        unrecorded = {str(name): float(each) for name, each in stored["unrecorded"].items()}
        if min(unrecorded.values(), default=0.0) < 0:
            raise ModelError(f"{folder} holds a variance below 0")
        years, events = np.array(stored["years"]), np.array(stored["events"])
        return cls(predictor, coefficients, unrecorded, years, events)


def contribution_spread(
    interval: RiskInterval,
    explainer: Explainer,
    X: pd.DataFrame,
    worth: FloatArray,
    owners: Mapping[str, str],
    things: Mapping[str, str] = MappingProxyType({}),
) -> pd.DataFrame:
    """Standard deviation (n, variables) of what each variable contributes, as a fraction of risk.

    A contribution is ``sum over strata s of worth_s (terms - mean terms of s)' beta``: linear in
    the coefficients, whose covariance is known; of what is missing, its value is open as well.
    ``worth``: (n, strata) of `Explanation`; ``owners``: feature -> variable, of the catalogue. What
    the trees leave open is not in it.
    ``things``: feature -> a thing that several describe, of whose sum there is a column as well.
    """
    predictor, part = explainer.predictor, interval.part
    of_feature = [owners.get(name) or owner_of(name) for name in predictor.feature_names]
    of_thing = [things.get(name, "") for name in predictor.feature_names]
    kinds = ((of_feature, dict.fromkeys(of_feature)), (of_thing, dict.fromkeys(things.values())))
    names: list[str] = []
    roots: Roots = ()
    inside = []
    for owner, own in kinds:
        names += own
        of_terms = [owner[place] for place in part.term_features]
        roots += roots_by_owner(interval.coefficients, of_terms, list(own))
        of_used = np.array([owner[place] for place in part.design.completion.used])
        inside += [np.flatnonzero(of_used == name) for name in own]
    means = explainer.causes[0].mean_recorded
    seen = predictor.see(X)
    heard, completion = part.read(seen.gaps).gaps, part.design.completion
    open_gaps = [completion.gap_variance(heard, part.slopes, features) for features in inside]
    by_pattern = np.stack(open_gaps, axis=1)
    spread = np.zeros((len(X), len(names)))
    for start in range(0, len(X), _CHUNK):
        rows = np.arange(start, min(start + _CHUNK, len(X)))
        recorded, weight = part.design.recorded_terms(seen.take(rows)), worth[rows].sum(axis=1)
        moved = recorded * weight[:, None] - worth[rows] @ means
        variance = variance_of(moved, roots)
        variance += np.square(weight)[:, None] * by_pattern[seen.gaps.pattern[rows]]
        spread[rows] = np.sqrt(variance)
    return pd.DataFrame(spread, index=X.index, columns=names)
