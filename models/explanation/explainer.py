"""Explains a predictor's risk against the patients it was developed on.

Contributions are interventional: a feature that is not yet known takes its value from a
background patient. The background is split into strata by predicted risk, because risk is a
curved function of the margins; within a stratum each feature's part of the difference in margins
counts as much risk as the path from stratum to patient is steep on average (`path_average`).
Averaged over strata, contributions sum to the patient's risk less the base risk.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pandas as pd

from features.array_types import FloatArray
from features.errors import ModelError
from models.contraction import contract
from models.explanation.carried import Carried, CauseBackground
from models.explanation.explanation import Explanation
from models.explanation.path_average import average_gradients
from models.explanation.tree_attribution import TreeAttribution
from models.learners.completion import Completed
from models.margins import CauseModel
from models.risk.predictor import RiskPredictor
from models.storage.formats import read_array, read_json

FORMAT = 3
_FILE = "explainer.json"
_SIBLING_PREDICTOR = "predictor"
KINDS = ("terms", "recorded")
_CHUNK = 100_000  # tabulating the gradient costs the same for any number of rows


def worth_of(averages: FloatArray, explainer: Explainer, cause: int) -> FloatArray:
    """What one unit of a cause's margin is worth (n, strata), by path averages (n, strata, k)."""
    return np.asarray(averages[:, :, cause] * explainer.shares)


def other_causes(averages: FloatArray, margins: FloatArray, explainer: Explainer) -> FloatArray:
    """What runs through the hazards of all causes but the event (n,)."""
    of_event = len(explainer.causes)
    others = [side for side in range(margins.shape[1]) if side % of_event]
    moves = (margins[:, None, others] - explainer.centres[:, others]) * averages[:, :, others]
    return contract("nsk,s->n", moves, explainer.shares)


def add_ages(
    averages: FloatArray, margins: FloatArray, explainer: Explainer, cause: int, total: FloatArray
) -> None:
    """Add to ``total`` (n, p) what ages add through the hazards of ``cause``, if those are of ages.

    A hazard rises from the background's age to the patient's without any margin.
    """
    clock = explainer.predictor.clock
    if clock is not None:
        side = len(explainer.causes) + cause
        moves = (margins[:, None, side] - explainer.centres[:, side]) * averages[:, :, side]
        total[:, explainer.predictor.feature_names.index(clock)] += moves @ explainer.shares


def carry_risk(explainer: Explainer, X: pd.DataFrame, horizon: float) -> Carried:
    """Risk and contributions of patients; the reference kernel, numpy only."""
    predictor = explainer.predictor
    seen = predictor.see(X)
    margins = predictor.margin_of(seen)
    risk = predictor.link.risk(margins, [horizon])[:, 0]
    averages = average_gradients(predictor.link, margins, explainer.centres, horizon, risk=risk)
    worth = worth_of(averages, explainer, 0)
    values = explainer.attribute(0, seen, worth)
    add_ages(averages, margins, explainer, 0, values)
    return Carried(risk, values, other_causes(averages, margins, explainer), worth)


Kernel = Callable[["Explainer", pd.DataFrame, float], Carried]


@dataclass(frozen=True)
class Explainer:
    """A predictor with aggregates of its background; no patient's row is kept.

    ``shares`` (strata,): each stratum's share of the background. ``centres`` (strata, k): its mean
    margins, and ages where margins hold any. ``kernel`` works out risk and contributions; a faster
    one may be handed in.
    """

    predictor: RiskPredictor
    shares: FloatArray
    centres: FloatArray
    causes: tuple[CauseBackground, ...] = field(repr=False)
    kernel: Kernel = field(default=carry_risk, repr=False)

    @classmethod
    def fit(
        cls,
        predictor: RiskPredictor,
        X_background: pd.DataFrame,
        horizons: Sequence[float],
        n_strata: int = 8,
    ) -> Explainer:
        """Split the background by risk at the last horizon and keep each stratum's aggregates.

        Raises ModelError for an empty background or a booster that cannot be explained exactly.
        """
        if not len(X_background) or n_strata < 1:
            raise ModelError("Explaining needs background patients and at least one stratum")
        X = _select(X_background, predictor)
        X = X.iloc[np.flatnonzero(predictor.knows(X, max(horizons)))]
        if not len(X):
            raise ModelError("Explaining needs background patients whose risk is known")
        seen = predictor.see(X)
        margins = predictor.margin_of(seen)
        stratum = _stratify(predictor.link.risk(margins, [max(horizons)])[:, 0], n_strata)
        sizes = np.bincount(stratum)
        centres = _stratum_means(margins, stratum)
        causes = tuple(
            _summarise(cause, predictor.feature_names, seen, stratum) for cause in predictor.causes
        )
        return cls(predictor, sizes / sizes.sum(), centres, causes)

    def attribute(self, k: int, seen: Completed, worth: FloatArray) -> FloatArray:
        """What each feature adds (n, p) through the hazard of cause ``k``, worth (n, strata)."""
        cause, background = self.predictor.causes[k], self.causes[k]
        moved = cause.terms(seen) * worth.sum(axis=1)[:, None] - worth @ background.mean_terms
        total = moved @ _membership(cause.term_features, len(self.predictor.feature_names))
        if background.trees is not None:
            total += cause.boosted_weight * background.trees.attribute(seen.values, worth)
        return np.asarray(total)

    def base_risk(self, horizon: float) -> float:
        """Risk at the strata's mean margins, averaged: what contributions are counted from."""
        return float(self.predictor.link.risk(self.centres, [horizon])[:, 0] @ self.shares)

    def explain(self, X: pd.DataFrame, horizon: float) -> Explanation:
        """Contributions of every feature to the risk by ``horizon`` (years), additive to 1e-6.

        Features are credited with what they add through the hazard of the event; what runs through
        dying of something else first is one sum of its own, so that no cause of the event seems to
        protect from it. `explain_other` breaks that sum down.

        Raises HorizonError outside the follow-up, ModelError where features are absent, a risk is
        not known or contributions do not add up.
        """
        X = _select(X, self.predictor)
        if unknown := int((~self.predictor.knows(X, horizon)).sum()):
            raise ModelError(
                f"{unknown} patients are of an age whose hazards the model does not know"
            )
        risk, other, values = np.empty(len(X)), np.empty(len(X)), np.empty(X.shape)
        worth = np.empty((len(X), len(self.shares)))
        for start in range(0, len(X), _CHUNK):
            rows = slice(start, start + _CHUNK)
            carried = self.kernel(self, X.iloc[rows], horizon)
            risk[rows], values[rows] = carried.risk, carried.values
            other[rows], worth[rows] = carried.other, carried.worth
        names = self.predictor.feature_names
        return Explanation.checked(
            values, other, self.base_risk(horizon), risk, names, horizon, X.index, worth
        )

    def explain_other(self, X: pd.DataFrame, horizon: float) -> pd.DataFrame:
        """What each feature (n, p) adds through the hazards of causes other than the event.

        The rows sum to `Explanation.other`. For single patients: not made for speed.
        """
        X = _select(X, self.predictor)
        seen = self.predictor.see(X)
        margins = self.predictor.margin_of(seen)
        averages = average_gradients(self.predictor.link, margins, self.centres, horizon)
        total = np.zeros(X.shape)
        for k in range(1, len(self.causes)):
            total += self.attribute(k, seen, worth_of(averages, self, k))
            add_ages(averages, margins, self, k, total)
        return pd.DataFrame(total, index=X.index, columns=X.columns)

    def save(self, folder: Path) -> None:
        """Write ``explainer.json`` and .npy arrays; the same explainer, the same bytes."""
        folder.mkdir(parents=True, exist_ok=True)
        np.save(folder / "shares.npy", self.shares)
        np.save(folder / "centres.npy", self.centres)
        fingerprints = []
        for cause, background in zip(self.predictor.causes, self.causes, strict=True):
            np.save(folder / f"{cause.name}_mean_terms.npy", background.mean_terms)
            np.save(folder / f"{cause.name}_mean_recorded.npy", background.mean_recorded)
            if background.trees is not None:
                counts = background.trees.counts.astype(np.int32)
                np.save(folder / f"{cause.name}_decision_counts.npy", counts)
            fingerprints.append(background.trees.fingerprint if background.trees else None)
        stored = {"format": FORMAT, "boosters": fingerprints}
        (folder / _FILE).write_text(json.dumps(stored, indent=1) + "\n")

    @classmethod
    def load(cls, folder: Path, predictor: RiskPredictor | None = None) -> Explainer:
        """Read back what `save` wrote, for this predictor or the one in ``../predictor``.

        Raises ModelError where the folder holds no explainer or one of another predictor.
        """
        predictor = predictor or RiskPredictor.load(folder.parent / _SIBLING_PREDICTOR)
        try:
            stored = read_json(folder / _FILE)
            if stored["format"] != FORMAT or len(stored["boosters"]) != len(predictor.causes):
                raise ModelError(f"{folder} holds an explainer of another version or model")
            causes = tuple(
                _restore(folder, cause, predictor, booster)
                for cause, booster in zip(predictor.causes, stored["boosters"], strict=True)
            )
            shares, centres = _read(folder / "shares.npy"), _read(folder / "centres.npy")
        except (FileNotFoundError, NotADirectoryError) as error:
            raise ModelError(f"{folder} holds no complete explainer: {error.filename}") from None
        _refuse_shapes(folder, predictor, shares, centres, causes)
        return cls(predictor, shares, centres, causes)


def _select(X: pd.DataFrame, predictor: RiskPredictor) -> pd.DataFrame:
    absent = [name for name in predictor.feature_names if name not in X.columns]
    if absent:
        raise ModelError(f"{len(absent)} features are absent, among them {', '.join(absent[:5])}")
    return X[list(predictor.feature_names)]


def _stratify(risk: FloatArray, n_strata: int) -> npt.NDArray[np.intp]:
    """Strata 0..s-1 of as near equal size as can be, by ascending risk."""
    n_strata = min(n_strata, len(risk))
    stratum = np.empty(len(risk), np.intp)
    stratum[np.argsort(risk, kind="stable")] = np.arange(len(risk)) * n_strata // len(risk)
    return stratum


def _stratum_means(values: FloatArray, stratum: npt.NDArray[np.intp]) -> FloatArray:
    return np.stack([values[stratum == s].mean(axis=0) for s in range(stratum.max() + 1)])


def _summarise(
    cause: CauseModel,
    feature_names: tuple[str, ...],
    seen: Completed,
    stratum: npt.NDArray[np.intp],
) -> CauseBackground:
    trees = None
    if cause.boosted is not None and cause.boosted_weight:
        raw = bytes(cause.boosted.booster.save_raw("json"))
        trees = TreeAttribution.fit(raw, feature_names, seen.values, stratum)
    recorded = np.zeros((len(seen), 0))
    if cause.linear is not None:
        recorded = cause.linear.design.recorded_terms(seen)
    terms, recorded = (_stratum_means(each, stratum) for each in (cause.terms(seen), recorded))
    return CauseBackground(terms, recorded, trees)


def _restore(
    folder: Path, cause: CauseModel, predictor: RiskPredictor, fingerprint: str | None
) -> CauseBackground:
    trees = None
    if cause.boosted is not None and cause.boosted_weight:
        raw = bytes(cause.boosted.booster.save_raw("json"))
        counts = _read(folder / f"{cause.name}_decision_counts.npy").astype(np.int64)
        names = predictor.feature_names
        trees = TreeAttribution.restore(raw, names, counts, fingerprint or "")
    terms, recorded = (_read(folder / f"{cause.name}_mean_{kind}.npy") for kind in KINDS)
    return CauseBackground(terms, recorded, trees)


def _membership(term_features: Sequence[int], n_features: int) -> FloatArray:
    """(terms, features): 1 where the term belongs to the feature."""
    return np.eye(n_features)[np.array(term_features, np.intp)]


def _read(path: Path) -> npt.NDArray[np.float64]:
    return read_array(path)


def _refuse_shapes(
    folder: Path,
    predictor: RiskPredictor,
    shares: FloatArray,
    centres: FloatArray,
    causes: Sequence[CauseBackground],
) -> None:
    """Raises ModelError where the strata of a stored explainer are not those of one background."""
    strata = len(shares) if shares.ndim == 1 else 0
    fits = strata > 0 and (shares >= 0).all() and abs(shares.sum() - 1.0) < 1e-6
    fits = fits and centres.shape == (strata, predictor.n_margins)
    for cause, background in zip(predictor.causes, causes, strict=True):
        shape = (strata, len(cause.term_features))
        fits = fits and background.mean_terms.shape == background.mean_recorded.shape == shape
        counts = None if background.trees is None else background.trees.counts
        fits = fits and (
            counts is None or (counts.shape[1:] == (strata,) and bool((counts >= 0).all()))
        )
    if not fits:
        raise ModelError(f"{folder} holds an explainer whose parts do not fit together")
