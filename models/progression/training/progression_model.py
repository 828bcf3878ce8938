"""The progression model: from a scan and covariates to the distribution of a later score."""

from __future__ import annotations

import os
from collections.abc import Sequence
from concurrent.futures import Executor, ThreadPoolExecutor
from dataclasses import dataclass, replace
from typing import Any, Self

import numpy as np
import numpy.typing as npt
import pandas as pd
from sklearn.base import BaseEstimator
from sklearn.model_selection import StratifiedKFold
from sklearn.utils.validation import check_is_fitted
from threadpoolctl import threadpool_limits

from features.array_types import FloatArray
from features.derivation.calcium import agatston
from features.derivation.characteristics import bmi
from features.derivation.columns import Columns
from features.dictionary.dictionary import Dictionary
from features.dictionary.published_priors import load_priors
from features.errors import TooFewEventsError
from models.learners.trust_path import Fold, list_trusts
from models.learners.views import Views
from models.progression.contributions import GrowthExplainer
from models.progression.law.growth_law import GrowthLaw
from models.progression.law.law_fitting import choose_growth, choose_onset
from models.progression.law.likelihood import Observations
from models.progression.predictor import ProgressionPredictor
from models.progression.training.margin_fitting import (
    BOOSTED,
    LINEAR,
    Beliefs,
    Budget,
    FittedMargin,
    ScanRows,
    fit_margin,
)
from models.progression.training.margins import GrowthMargin, OnsetMargin
from models.progression.training.priors import GROWTH, ONSET, list_known, list_signs


@dataclass(frozen=True)
class LaterScans:
    """Later scans (s,) of patients who are rows of a table of features.

    ``patient``: position there; ``score`` in AU ``years`` after the first; ``first`` (n,) and
    ``bmi`` (n,) of the patients, as forecasts have them.
    """

    patient: npt.NDArray[np.intp]
    years: FloatArray
    score: FloatArray
    first: FloatArray
    bmi: FloatArray

    @classmethod
    def of_table(cls, scans: pd.DataFrame, covariates: pd.DataFrame) -> LaterScans:
        """Of a cohort's later scans and covariates; scans of patients without a first score go."""
        position = pd.Series(np.arange(len(covariates)), index=covariates.index)
        columns = Columns(covariates, Dictionary.load())
        first = columns.derived(agatston)
        known = scans[scans.index.isin(covariates.index)]
        patient = position.loc[known.index].to_numpy(np.intp)
        usable = ~np.isnan(first[patient])
        return cls(
            patient[usable],
            known["years"].to_numpy(np.float64)[usable],
            known["cac_agatston"].to_numpy(np.float64)[usable],
            first,
            columns.derived(bmi),
        )

    def observations(self) -> Observations:
        """As the likelihood sees them."""
        return Observations(
            self.first[self.patient], self.score, self.years, self.bmi[self.patient]
        )

    @property
    def n_patients(self) -> int:
        """Patients with at least one later scan."""
        return len(np.unique(self.patient))


class ProgressionModel(BaseEstimator):  # type: ignore[misc]
    """Distribution of the score of a later scan, from features and the first score.

    The growth law (`law.growth_law`) has two margins: how fast calcium grows where
    there is some, and when it begins where there is none. Each is a linear part, penalised towards
    what is published, and monotone XGBoost on the law's own likelihood over it. The law's shape is
    found on held-out margins, so that its spread holds what the margins do not know.

    Parameters
    ----------
    parts : which of "linear" and "boosted" to use; none of them is the law alone.
    dictionary : what is known of each variable's effect on calcium; None: the shipped one.
    means, widths, penalties : how far that is trusted, as in `models.risk.risk_model.RiskModel`.
    n_folds : folds of patients, for penalties, rounds and weights.
    minimum_patients : fewer patients with a later scan are refused; a third as many with calcium.
    max_depth ... reg_lambda : XGBoost's own settings.
    max_rounds, early_stopping_rounds : limits of boosting.
    n_threads : threads, 0 for all; results do not depend on it.
    seed : of folds and subsampling.

    Attributes
    ----------
    predictor_ : ProgressionPredictor; explainer_ : GrowthExplainer; feature_names_in_ : (p,);
    report_ : what was chosen and why.
    """

    def __init__(
        self,
        *,
        parts: Sequence[str] = (LINEAR, BOOSTED),
        dictionary: Dictionary | None = None,
        means: Sequence[float] = (1.0, 0.5, 0.0),
        widths: Sequence[float] = (0.25, 0.5, 1.0, 2.0, 4.0),
        penalties: Sequence[float] = (1.0, 0.3, 0.1, 0.03),
        n_folds: int = 5,
        minimum_patients: int = 200,
        max_depth: int = 2,
        learning_rate: float = 0.08,
        min_child_weight: float = 10.0,
        subsample: float = 0.7,
        colsample_bytree: float = 0.5,
        reg_lambda: float = 10.0,
        max_rounds: int = 200,
        early_stopping_rounds: int = 15,
        n_threads: int = 0,
        seed: int = 0,
    ) -> None:
        self.parts = parts
        self.dictionary = dictionary
        self.means = means
        self.widths = widths
        self.penalties = penalties
        self.n_folds = n_folds
        self.minimum_patients = minimum_patients
        self.max_depth = max_depth
        self.learning_rate = learning_rate
        self.min_child_weight = min_child_weight
        self.subsample = subsample
        self.colsample_bytree = colsample_bytree
        self.reg_lambda = reg_lambda
        self.max_rounds = max_rounds
        self.early_stopping_rounds = early_stopping_rounds
        self.n_threads = n_threads
        self.seed = seed

    def fit(self, X: pd.DataFrame, scans: LaterScans) -> Self:
        """Fit on features (n, p), missing values allowed, and the later scans of these patients.

        Raises TooFewEventsError below ``minimum_patients``; ValueError where lengths differ.
        """
        X = self._checked(X, scans)
        self.feature_names_in_ = np.array(X.columns, dtype=object)
        with threadpool_limits(limits=1, user_api="blas"), self._pool() as pool:
            views = Views.learn(X, self._folds(scans), pool)
            law, growth, onset, begun_shift = self._fit_margins(views, scans, pool)
        self.predictor_ = ProgressionPredictor(
            tuple(map(str, X.columns)),
            views.everyone.completion,
            growth.model,
            onset.model,
            law,
            begun_shift,
            float(np.ceil(np.quantile(scans.years, 0.99) * 10) / 10),
        )
        factors = {GROWTH: growth.factor, ONSET: onset.factor}
        self.explainer_ = GrowthExplainer.fit(self.predictor_, X, factors)
        self.report_: dict[str, Any] = {
            "patients": scans.n_patients,
            "scans": len(scans.patient),
            "without_calcium_at_first": int((scans.first[scans.patient] == 0).sum()),
            "longest_years": self.predictor_.longest,
            "power": law.power,
            "onset_shape": law.onset_shape,
            "artefact": law.artefact,
            GROWTH: growth.report,
            ONSET: onset.report,
        }
        return self

    def predict_exceedance(
        self, X: pd.DataFrame, first: FloatArray, bmi: FloatArray,
        thresholds: Sequence[float], years: Sequence[float],
    ) -> FloatArray:  # fmt: skip
        """(n, y, t) probability of a score above each threshold after each of the years."""
        check_is_fitted(self, "predictor_")
        return self.predictor_.exceedance(
            self.predictor_.patients(X, first, bmi), thresholds, years
        )

    def predict_quantiles(
        self, X: pd.DataFrame, first: FloatArray, bmi: FloatArray, years: Sequence[float]
    ) -> FloatArray:
        """(n, y, q) quantiles of the score after each of the years, at `predictor.QUANTILES`."""
        check_is_fitted(self, "predictor_")
        return self.predictor_.quantiles(self.predictor_.patients(X, first, bmi), years)

    def _fit_margins(
        self, views: Views, scans: LaterScans, pool: Executor
    ) -> tuple[GrowthLaw, FittedMargin, FittedMargin, float]:
        of, rows, known = scans.observations(), ScanRows(scans.patient), self._known()
        signs = list_signs(known, views.feature_names)
        trusts = list_trusts(self.means, self.widths, self.penalties)
        beliefs, budget = Beliefs(load_priors(known), signs, trusts), self._budget()
        grows, zero = of.first > 0, of.first == 0
        law, level = choose_growth(of.take(grows))
        law, log_onset, shift = choose_onset(law, of.take(zero), np.full(zero.sum(), level))
        everyone = GrowthMargin(law, of, np.full(len(of), log_onset))
        growth = fit_margin(GROWTH, views, rows, everyone, beliefs, self.parts, budget, pool)
        law, moved = choose_growth(of.take(grows), growth.held_out[grows], law.power)
        law, log_onset, shift = choose_onset(law, of.take(zero), growth.held_out[zero] + moved)
        after_zero = ScanRows(scans.patient[zero])
        task = OnsetMargin.of(law, of.take(zero), growth.held_out[zero] + moved + shift)
        onset = fit_margin(ONSET, views, after_zero, task, beliefs, self.parts, budget, pool)
        model = replace(growth.model, shift=growth.model.shift + moved)
        return law, replace(growth, model=model), onset, shift

    def _folds(self, scans: LaterScans) -> list[Fold]:
        split = StratifiedKFold(self.n_folds, shuffle=True, random_state=self.seed)
        calcified = np.nan_to_num(scans.first, nan=0.0) > 0
        return [(fit, left_out) for fit, left_out in split.split(calcified, calcified)]

    def _checked(self, X: pd.DataFrame, scans: LaterScans) -> pd.DataFrame:
        if len(X) != len(scans.first):
            raise ValueError(f"X has {len(X)} patients, the scans {len(scans.first)}")
        if scans.n_patients < self.minimum_patients:
            raise TooFewEventsError(
                f"{scans.n_patients} patients have a first score and a later scan; learning growth "
                f"needs at least {self.minimum_patients} (minimum_patients). Add later scans to "
                "the cohort map, or use the published law."
            )
        for group, count in (("with", (scans.first[scans.patient] > 0).sum()),
                             ("without", (scans.first[scans.patient] == 0).sum())):  # fmt: skip
            if count < self.minimum_patients / 3:
                raise TooFewEventsError(
                    f"Only {count} later scans are of patients {group} calcium at first; each "
                    f"group needs a third of minimum_patients ({self.minimum_patients})."
                )
        known = [name for name in list_known(self._known()) if name in X.columns]
        varying = [name for name in known if X[name].nunique() > 1]
        return X[varying]

    def _known(self) -> Dictionary:
        return self.dictionary or Dictionary.load()

    def _budget(self) -> Budget:
        names = ("max_depth", "learning_rate", "min_child_weight", "subsample",
                 "colsample_bytree", "reg_lambda")  # fmt: skip
        settings = {name: getattr(self, name) for name in names}
        return Budget(settings, self.max_rounds, self.early_stopping_rounds, self.seed)

    def _pool(self) -> ThreadPoolExecutor:
        return ThreadPoolExecutor(self.n_threads or len(os.sched_getaffinity(0)))
