"""The validation of the whole recipe on all patients, by the design of params.yaml."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from models.cores import count_cores
from pipeline.evaluation.evaluation import MODEL, know_risks
from pipeline.evaluation.rivals import linear_alone, name_rivals
from pipeline.settings.params import Params

if TYPE_CHECKING:
    from concurrent.futures import Executor

    from features.array_types import BoolArray, FloatArray
    from features.cohort import Cohort
    from features.dictionary.dictionary import Dictionary
    from features.endpoint import Endpoint
    from features.splits import Positions
    from models.evaluation.comparisons.instability import Instability
    from models.evaluation.cross_validation import HeldOutPredictions, RiskEstimator


_WORTH_PROCESSES = 2000
_MOST_REFITTED = 2000  # patients whose risks by the models of all folds are compared

Folds = list[tuple["Positions", "Positions"]]


@dataclass(frozen=True)
class Plan:
    """``name`` of the evaluation; ``repeats`` of its folds; ``about`` what design.json says."""

    name: str
    repeats: tuple[Folds, ...]
    about: dict[str, Any]
    sites: tuple[str, ...] = ()

    @property
    def n_patients(self) -> int:
        """Patients whom a fold holds out."""
        return sum(len(held_out) for _, held_out in self.repeats[0])

    @property
    def n_fits(self) -> int:
        """Folds in all."""
        return sum(len(folds) for folds in self.repeats)


@dataclass(frozen=True)
class Validated:
    """``predictions`` of the first repeat; ``steps``: names of nested feature sets among them.

    ``others`` are those of further repeats. ``over_time`` {model: (n, t)}: risks of the first
    repeat by the `time_steps` up to the last horizon; empty for a yes/no cohort. ``instability``:
    of the first repeat at the last horizon; None where it has too few folds.
    """

    predictions: HeldOutPredictions
    steps: tuple[str, ...]
    others: tuple[HeldOutPredictions, ...] = field(default=())
    over_time: Mapping[str, FloatArray] = field(default_factory=dict)
    instability: Instability | None = None

    @property
    def held_out(self) -> BoolArray:
        """(n,) patients whom a fold held out and every model knows the risks of."""
        return np.asarray(self.predictions.fold >= 0)


def plan_validation(cohort: Cohort, params: Params) -> Plan | None:
    """The folds by the chosen design, None where no folds are asked for.

    Raises CohortError where the cohort lacks what the design needs, such as sites.
    """
    from features.designs import CrossValidation, LastEntered, LeaveOneSiteOut

    chosen = params.evaluate
    if chosen.design == "entry":
        share = params.train.split.test_fraction
        about = {"design": "temporal: the last patients to enter", "share_held_out": share}
        return Plan("temporal", (list(LastEntered(share).splits(cohort)),), about)
    if chosen.design == "site":
        folds = list(LeaveOneSiteOut().splits(cohort))
        sites = tuple(sorted(map(str, cohort.site.unique())))  # type: ignore[union-attr]
        about = {"design": "internal-external: each site left out in turn", "sites": len(folds)}
        return Plan("sites", (folds,), about, sites)
    if chosen.n_folds < 2:
        return None
    n_folds, n_repeats = chosen.n_folds, chosen.n_repeats
    folds = list(CrossValidation(n_folds, params.seed, n_repeats).splits(cohort))
    repeats = tuple(folds[k * n_folds : (k + 1) * n_folds] for k in range(n_repeats))
    about = {"design": "nested cross-validation", "folds": n_folds, "repeats": n_repeats}
    return Plan("cross_validation", repeats, about)


def validate_recipe(
    X: pd.DataFrame,
    cohort: Cohort,
    horizons: tuple[float, ...],
    plan: Plan,
    params: Params,
    advance: Callable[[], None],
    pool: Executor | None = None,
) -> Validated:
    """Each patient's risk from models that never saw them: the recipe, its parts, its steps."""
    from features.splits import require_endpoint

    steps = _steps_of(X, cohort.dictionary) if params.evaluate.incremental else {}
    params = share_threads(params, len(X))
    # the last step has every feature: it is the recipe itself
    shorter = list(steps)[:-1]
    known_disease = _known_disease(cohort)
    of_steps = {name: partial(_build_step, steps[name], params, known_disease) for name in shorter}
    asked = (*horizons, *steps_over_time(require_endpoint(cohort), horizons))
    shown = _choose_refitted(len(X), params.seed)
    both = _predict(X, cohort, asked, plan.repeats[0], params, of_steps, advance, pool, shown)
    others = tuple(
        _predict(X, cohort, horizons, folds, params, {}, advance, pool)
        for folds in plan.repeats[1:]
    )
    last = len(horizons)
    first = replace(both, risks={name: risk[:, :last] for name, risk in both.risks.items()})
    over_time = {name: risk[:, last:] for name, risk in both.risks.items() if risk[:, last:].size}
    unstable = _compare_refits(both, horizons)
    return Validated(first, tuple(steps), others, over_time, unstable)


def _choose_refitted(n_patients: int, seed: int) -> Positions:
    draws = np.random.default_rng(seed)
    return np.sort(draws.permutation(n_patients)[:_MOST_REFITTED])


def _compare_refits(
    predictions: HeldOutPredictions, horizons: tuple[float, ...]
) -> Instability | None:
    from models.evaluation.comparisons.instability import FEWEST_REFITS, Instability

    risks = predictions.refits[:, :, len(horizons) - 1]
    known = np.isfinite(risks).all(axis=0)
    if len(risks) < FEWEST_REFITS or not known.any():
        return None
    return Instability.of_folds(risks[:, known], horizons[-1])


def steps_over_time(endpoint: Endpoint, horizons: tuple[float, ...]) -> tuple[float, ...]:
    """Times up to the last horizon that the Brier score is averaged over; none of a yes/no."""
    from models.metrics.integrated_brier import time_steps

    return () if endpoint.is_fixed_horizon else tuple(time_steps(horizons[-1]).tolist())


def _known_disease(cohort: Cohort) -> float:
    """The share of its patients, whichever features a fold or a step shows of them."""
    from features.dictionary.known_disease import share_with_known_disease
    from features.splits import require_endpoint

    return share_with_known_disease(cohort.covariates, require_endpoint(cohort).weight)


def _steps_of(X: pd.DataFrame, dictionary: Dictionary) -> dict[str, tuple[str, ...]]:
    from features.derivation.catalogue import catalogue_of
    from models.evaluation.feature_groups import nested_features

    groups = {name: variable.group for name, variable in dictionary.items()}
    recorded = [str(name) for name in X.columns if X[name].nunique() > 1]
    steps = nested_features(catalogue_of(dictionary), groups, recorded)
    return steps if len(steps) > 1 else {}


def _predict(
    X: pd.DataFrame,
    cohort: Cohort,
    horizons: tuple[float, ...],
    folds: Folds,
    params: Params,
    extra: Mapping[str, Callable[[], RiskEstimator]],
    advance: Callable[[], None],
    pool: Executor | None,
    shown: Positions | None = None,
) -> HeldOutPredictions:
    from features.splits import require_endpoint
    from models.evaluation.cross_validation import cross_validate

    endpoint = require_endpoint(cohort)
    rivals = name_rivals(endpoint)
    builders = {MODEL: build_model, **rivals.builders}
    recipes = {name: partial(build, params, cohort.dictionary) for name, build in builders.items()}
    recipes[MODEL] = partial(recipes[MODEL], known_disease=_known_disease(cohort))
    found = cross_validate(
        {**recipes, **extra},
        X,
        endpoint,
        horizons,
        folds,
        derived={rivals.linear: (MODEL, linear_alone)},
        report=lambda _: advance(),
        pool=pool,
        shown=shown,
    )
    if not endpoint.is_delayed:
        return found
    # a horizon from a late entry may lead beyond what a model of the fold knows: the same patients
    # are judged in every table
    known = know_risks(found.risks)
    return replace(found, fold=np.where(known, found.fold, -1))


def count_processes(params: Params, n_patients: int) -> int:
    """How many processes work side by side: one per core, unless params.yaml says otherwise.

    A small cohort is done before another process has started.
    """
    if n_patients < _WORTH_PROCESSES:
        return 1
    return params.evaluate.n_processes or count_cores()


def share_threads(params: Params, n_patients: int) -> Params:
    """With as many threads for each process as leave a core to each: more would only wait."""
    train = params.train
    n_threads = train.n_threads or max(1, count_cores() // count_processes(params, n_patients))
    return replace(params, train=replace(train, n_threads=n_threads))


def build_model(
    params: Params, dictionary: Dictionary | None = None, known_disease: float | None = None
) -> RiskEstimator:
    """The recipe of the stage train; enough events in all were required there, not in a fold."""
    from pipeline.training.recipe import make_model

    recipe = make_model(params.train, params.seed, dictionary, known_disease)
    model: RiskEstimator = recipe.set_params(minimum_events=1)
    return model


def _build_step(names: tuple[str, ...], params: Params, known_disease: float) -> RiskEstimator:
    from models.evaluation.feature_groups import OfFeatures

    return OfFeatures(names, partial(build_model, params, None, known_disease))
