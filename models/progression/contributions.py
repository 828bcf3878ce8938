"""Why a forecast is what it is: contributions of variables, in AU or percentage points.

The method of the risk model (docs/decisions/0007): contributions to each margin, exact for linear
terms and by TreeSHAP for trees, are carried through the forecast along the straight path from the
background's margins to the patient's. The first score and the body mass that a scan's noise depends
on are the patient's own throughout: contributions say what sets this patient's growth apart from
that of others with the same first score. They sum to the forecast less that of the background. How
far each may be off follows from the posterior of the linear part's coefficients; what the trees
leave open is not in it.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from features.array_types import FloatArray
from features.derivation.catalogue import CATALOGUE, owner_of
from features.errors import ModelError
from models.contraction import contract
from models.margins import roots_by_owner, variance_of
from models.progression.law.growth_law import Patients
from models.progression.predictor import ProgressionPredictor
from models.storage.formats import read_array, read_json, reading

if TYPE_CHECKING:
    from models.learners.completion import Completed


MARGINS = ("growth", "onset")
FORMAT = 1
_FILE = "explainer.json"
_NODES, _STEP = 6, 1e-3
_CHUNK = 2_000
OWNERS = {feature.name: feature.variable for feature in CATALOGUE}


@dataclass(frozen=True)
class Background:
    """One margin of the patients trained on: means, and what its coefficients leave open.

    ``margin``: mean margin; ``terms``: (p,) mean contribution of each feature to it; ``recorded``:
    (m,) mean of the linear terms; ``factor``: (1 + m, q), F with F F' the posterior covariance of
    level and coefficients.
    """

    margin: float
    terms: FloatArray
    recorded: FloatArray
    factor: FloatArray = field(repr=False)


@dataclass(frozen=True)
class GrowthExplanation:
    """Contributions by variable (n, v), standard deviations by owner (n, o), their start (n,).

    AU of the expected score, or percentage points of the chance to pass a threshold. They mark
    growth: association, not effect.
    """

    values: pd.DataFrame
    spread: pd.DataFrame
    base: FloatArray
    forecast: FloatArray


@dataclass(frozen=True)
class GrowthExplainer:
    """A predictor with aggregates of its background; no patient's row is kept."""

    predictor: ProgressionPredictor = field(repr=False)
    backgrounds: Mapping[str, Background]

    @classmethod
    def fit(
        cls, predictor: ProgressionPredictor, X: pd.DataFrame, factors: Mapping[str, FloatArray]
    ) -> GrowthExplainer:
        """Of the features (n, p) trained on; ``factors``: of each margin's posterior."""
        seen, margins = predictor.see(X), predictor.margins(X)
        return cls(
            predictor,
            {
                name: Background(
                    float(margins[:, column].mean()),
                    margin_terms(predictor, seen, name).mean(axis=0),
                    _recorded_terms(predictor, seen, name).mean(axis=0),
                    factors[name],
                )
                for column, name in enumerate(MARGINS)
            },
        )

    def explain(
        self,
        X: pd.DataFrame,
        patients: Patients,
        years: float,
        threshold: float | None = None,
        spread_owners: Mapping[str, str] = OWNERS,
    ) -> GrowthExplanation:
        """Contributions to the expected score after ``years`` (AU), or to the chance of passing.

        ``threshold``: chance of a score above it, in percentage points; ``spread_owners``: feature
        -> what the standard deviation is asked of, by default the variable. NaN where there is no
        forecast.
        """
        owned = self._owned(spread_owners)
        pieces = [np.arange(at, min(at + _CHUNK, len(X))) for at in range(0, len(X) or 1, _CHUNK)]
        found = [
            self._explain(X.iloc[rows], patients.take(rows), years, threshold, owned)
            for rows in pieces
        ]
        if len(found) == 1:
            return found[0]
        return GrowthExplanation(
            pd.concat([one.values for one in found]),
            pd.concat([one.spread for one in found]),
            np.concatenate([one.base for one in found]),
            np.concatenate([one.forecast for one in found]),
        )

    def margin_spread(self, X: pd.DataFrame) -> FloatArray:
        """Standard deviation (n, 2) of each margin: of what coefficients and gaps leave open."""
        seen = self.predictor.see(X)
        spread = np.empty((len(X), len(MARGINS)))
        for column, name in enumerate(MARGINS):
            linear, factor = self.predictor.margin(name).linear, self.backgrounds[name].factor
            assert linear is not None
            terms = np.column_stack([np.ones(len(seen)), linear.design.terms(seen)]) @ factor
            straight = linear.split_coefficients().straight
            slopes = self.predictor.margin(name).linear_weight * straight
            heard = linear.read(seen.gaps).gaps
            gaps = self.predictor.completion.gap_terms(heard, slopes)
            open_gaps = 2.0 * gaps.sum(axis=1)[seen.gaps.pattern]
            spread[:, column] = np.sqrt((terms**2).sum(axis=1) + open_gaps)
        return spread

    def _owned(self, owners: Mapping[str, str]) -> list[str]:
        return [owners.get(name) or owner_of(name) for name in self.predictor.feature_names]

    def _explain(
        self,
        X: pd.DataFrame,
        patients: Patients,
        years: float,
        threshold: float | None,
        owners: Sequence[str],
    ) -> GrowthExplanation:
        predictor = self.predictor
        own = np.stack([patients.log_rate, patients.log_onset], axis=1)
        shift = np.where(patients.first == 0, predictor.begun_shift, 0.0)
        centre = np.array([self.backgrounds[name].margin for name in MARGINS])
        start = centre + np.stack([shift, np.zeros(len(own))], axis=1)
        slopes, base, forecast = _follow(predictor, patients, start, own, years, threshold)
        seen = predictor.see(X)
        variables = self._owned(OWNERS)
        columns, names = list(dict.fromkeys(variables)), list(dict.fromkeys(owners))
        members = np.array([[own == name for name in columns] for own in variables], np.float64)
        values, variance = np.zeros((len(X), len(columns))), np.zeros((len(X), len(names)))
        for column, name in enumerate(MARGINS):
            known = self.backgrounds[name]
            moved = margin_terms(predictor, seen, name) - known.terms
            values += slopes[:, [column]] * (moved @ members)
            linear = predictor.margin(name).linear
            assert linear is not None
            of_terms = [owners[feature] for feature in linear.term_features]
            roots = roots_by_owner(known.factor[1:], of_terms, names)
            terms = _recorded_terms(predictor, seen, name) - known.recorded
            variance += slopes[:, [column]] ** 2 * variance_of(terms, roots)
        return GrowthExplanation(
            pd.DataFrame(values, index=X.index, columns=columns),
            pd.DataFrame(np.sqrt(variance), index=X.index, columns=names),
            base,
            forecast,
        )

    def save(self, folder: Path) -> None:
        """Write ``explainer.json`` and an array for each margin; the same model, same bytes."""
        folder.mkdir(parents=True, exist_ok=True)
        stored = {
            "format": FORMAT,
            "feature_names": list(self.predictor.feature_names),
            "backgrounds": {
                name: {"margin": of.margin, "terms": of.terms.tolist(),
                       "recorded": of.recorded.tolist()}
                for name, of in self.backgrounds.items()
            },
        }  # fmt: skip
        (folder / _FILE).write_text(json.dumps(stored, indent=1, allow_nan=False) + "\n")
        for name, of in self.backgrounds.items():
            np.save(folder / f"{name}.npy", of.factor)

    @classmethod
    def load(cls, folder: Path, predictor: ProgressionPredictor) -> GrowthExplainer:
        """Read back what `save` wrote. Raises ModelError where it is of another predictor."""
        stored = read_json(folder / _FILE, with_fields=True)
        with reading(folder):
            if (stored["format"], tuple(stored["feature_names"])) != (
                FORMAT, predictor.feature_names,
            ):  # fmt: skip
                raise ModelError(f"{folder} holds an explainer of another version or model")
            backgrounds = {}
            for name in MARGINS:
                of, factor = stored["backgrounds"][name], read_array(folder / f"{name}.npy")
                terms, recorded = np.array(of["terms"], float), np.array(of["recorded"], float)
                n_terms = len(predictor.margin(name).term_features)
                shapes = (terms.shape, recorded.shape, factor.shape[:1], factor.ndim)
                if shapes != ((len(predictor.feature_names),), (n_terms,), (1 + n_terms,), 2):
                    raise ModelError(f"{folder} holds an explainer whose parts do not fit together")
                backgrounds[name] = Background(float(of["margin"]), terms, recorded, factor)
            return cls(predictor, backgrounds)


def margin_terms(predictor: ProgressionPredictor, seen: Completed, name: str) -> FloatArray:
    """What each feature (n, p) adds to a margin; with a constant they sum to it."""
    margin = predictor.margin(name)
    terms = np.zeros((len(seen), len(predictor.feature_names)))
    by_term = margin.terms(seen)
    for term, feature in enumerate(margin.term_features):
        terms[:, feature] += by_term[:, term]
    if margin.boosted is not None and margin.boosted_weight:
        import xgboost

        matrix = xgboost.DMatrix(seen.values, feature_names=margin.boosted.booster.feature_names)
        shares = margin.boosted.booster.predict(matrix, pred_contribs=True)
        terms += margin.boosted_weight * np.asarray(shares, np.float64)[:, :-1]
    return terms


def _recorded_terms(predictor: ProgressionPredictor, seen: Completed, name: str) -> FloatArray:
    linear = predictor.margin(name).linear
    assert linear is not None
    return linear.design.recorded_terms(seen)


def _follow(
    predictor: ProgressionPredictor,
    patients: Patients,
    start: FloatArray,
    end: FloatArray,
    years: float,
    threshold: float | None,
) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Mean slopes (n, 2) of the forecast in each margin along the path; both its ends (n,)."""
    place, weight = np.polynomial.legendre.leggauss(_NODES)
    moves = _STEP * np.array([[1.0, 0.0], [-1.0, 0.0], [0.0, 1.0], [0.0, -1.0]])
    stops = [start, end]
    for node in (place + 1) / 2:
        stops += [start + node * (end - start) + move for move in moves]
    margins = np.concatenate(stops)
    n, copies = len(patients), len(stops)
    everywhere = Patients(
        np.tile(patients.first, copies),
        margins[:, 0],
        margins[:, 1],
        np.tile(patients.bmi, copies),
    )
    thresholds = () if threshold is None else (threshold,)
    passed, _, mean = predictor.read(predictor.law, everywhere, thresholds, (years,), ())
    values = (mean[:, 0] if threshold is None else 100 * passed[:, 0, 0]).reshape(copies, n)
    steps = values[2:].reshape(_NODES, 2, 2, n)
    slopes = (steps[:, :, 0] - steps[:, :, 1]) / (2 * _STEP)
    return contract("q,qcn->nc", weight / 2, slopes), values[0], values[1]
