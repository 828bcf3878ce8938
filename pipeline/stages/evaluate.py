"""Stage evaluate: the trained model on held-out patients, and its recipe by cross-validation."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import partial
from importlib import import_module
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from pipeline.evaluation.design_description import (
    describe_design,
    describe_sample,
    say_of_clusters,
)
from pipeline.evaluation.evaluation import MIN_AT_RISK, MODEL, Predicted
from pipeline.evaluation.judged_patients import describe_judged, tell_in_tens
from pipeline.evaluation.recipe_validation import count_processes, share_threads, steps_over_time
from pipeline.evaluation.rivals import Builder, name_rivals
from pipeline.settings.params import SIMULATED, Params, Paths

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from concurrent.futures import Executor, Future
    from pathlib import Path

    from rich.progress import Progress

    from features.array_types import FloatArray
    from features.cohort import Cohort
    from features.dictionary.dictionary import Dictionary
    from features.endpoint import Endpoint
    from models.evaluation.comparisons.instability import Instability
    from pipeline.evaluation.evaluation import Evaluation


def run(params: Params, paths: Paths) -> None:
    """Write metrics.json, design.json, tables/ and plots/.

    Horizons beyond follow-up are left out and said. Raises HorizonError where none is left,
    CohortError where the cohort lacks what the design of the validation needs.
    """
    from threadpoolctl import threadpool_limits

    from features.cohort import Cohort
    from features.derivation.catalogue import learnable
    from features.splits import require_endpoint
    from models.cores import beside, side_by_side
    from models.metrics.horizons import usable_horizons
    from pipeline.evaluation.evaluation_output import Extras, read_conflicts, write_evaluation
    from pipeline.evaluation.evaluation_tables import (
        count_tasks,
        describe_cohort,
        measure_censoring,
        tabulate_evaluations,
    )

    cohort = Cohort.read(paths.ingest)
    endpoint = require_endpoint(cohort)
    X = learnable(pd.read_parquet(paths.features).loc[cohort.covariates.index])
    is_held_out = pd.read_parquet(paths.split)["part"].loc[X.index].eq("held_out").to_numpy()
    own = X[is_held_out], endpoint.take(is_held_out)
    horizons, left_out = usable_horizons(own[1], params.horizons, MIN_AT_RISK)
    n_processes = count_processes(params, len(X))
    # one BLAS thread: sums in another order would change the last bits with the machine
    with (
        _progress() as progress,
        threadpool_limits(limits=1, user_api="blas"),
        side_by_side(n_processes) as pool,
        beside(n_processes) as thread,
    ):
        development = X[~is_held_out], endpoint.take(~is_held_out)
        given = development, own, horizons, params, cohort.dictionary
        rivals = {
            name: pool.submit(predict_by_rival, build, *given)
            for name, build in name_rivals(endpoint).builders.items()
        }
        import_module("models.risk.risk_model")  # with scikit-learn, before there are two threads
        # held-out patients are judged, and loops compiled, while the folds are fitted
        judged = thread.submit(judge_held_out, *own, horizons, rivals, params, paths)
        recipe = validate(X, cohort, horizons, params, progress, pool)
        if recipe is not None:
            # the longest task of all begins first
            whole = pool.submit(recipe.predicted.measure, params)
            steps = pool.submit(recipe.tabulate_steps)
        predicted: dict[str, Predicted] = {"held_out": judged.result()}
        if recipe is not None:
            predicted[recipe.name] = recipe.predicted
        more = [
            pool.submit(measure, predicted, *given)
            for measure, given in (
                (measure_against_truth, (params, paths)),
                (measure_censoring, ()),
            )
        ]
        task = progress.add_task("scores, groups and decisions", total=count_tasks(predicted))
        tables = tabulate_evaluations(
            predicted,
            cohort,
            params,
            lambda: progress.advance(task),
            pool,
        )
        tables |= describe_cohort(cohort)
        done: dict[str, Evaluation] = {"held_out": judged.result()}
        if recipe is not None:
            done[recipe.name] = whole.result()
        tables["incidence"] = describe_incidence(done["held_out"])
        tables["oracle"], tables["dependent_censoring"] = (one.result() for one in more)
        if recipe is not None:
            tables |= {**recipe.tables, "incremental": steps.result()}
    about = dict(recipe.about if recipe else {})
    about |= describe_design(params, int(is_held_out.sum())) | describe_sample(endpoint)
    planned = {"held_out": int(is_held_out.sum())} | (recipe.planned if recipe else {})
    done, tables = tell_in_tens(planned, done, tables)
    about |= describe_judged(planned, {name: one.endpoint for name, one in done.items()})
    clustered = say_of_clusters(endpoint, params.evaluate.design)
    about |= {"clusters": list(clustered)} if clustered else {}
    left_out += (*about["not_judged"], *clustered, *read_conflicts(paths.train))
    unstable = None if recipe is None else recipe.instability
    _say(write_evaluation(done, Extras(tables, about, left_out, unstable), paths.evaluate))


def predict_by_rival(
    build: Builder,
    development: tuple[pd.DataFrame, Endpoint],
    held_out: tuple[pd.DataFrame, Endpoint],
    horizons: tuple[float, ...],
    params: Params,
    dictionary: Dictionary,
) -> FloatArray:
    """Risks (n, h + t) of held-out patients by a rival, fitted on those the model was fitted on."""
    from models.evaluation.cross_validation import predict_entered

    rival = build(share_threads(params, len(development[0])), dictionary).fit(*development)
    X, endpoint = held_out
    return predict_entered(rival, X, (*horizons, *steps_over_time(endpoint, horizons)), endpoint)


def judge_held_out(
    X: pd.DataFrame,
    endpoint: Endpoint,
    horizons: tuple[float, ...],
    fitted: Mapping[str, Future[FloatArray]],
    params: Params,
    paths: Paths,
) -> Evaluation:
    """The trained model, its rivals and its variants, on patients that none of them saw."""
    from models.risk.predictor import RiskPredictor
    from models.storage.model_folder import PREDICTOR

    rivals = name_rivals(endpoint)
    folders = {MODEL: paths.model / PREDICTOR, rivals.linear: paths.train / "parts" / "linear"}
    variants = {name: at / PREDICTOR for name, at in paths.variants.items()}
    asked = (*horizons, *steps_over_time(endpoint, horizons))
    start = endpoint.entered if endpoint.is_delayed else None

    def predict(folder: Path) -> FloatArray:
        return RiskPredictor.load(folder).risk(X, asked, start)

    both = {name: predict(folder) for name, folder in folders.items()}
    both |= {name: one.result() for name, one in fitted.items()}
    both |= {name: predict(folder) for name, folder in variants.items()}
    risks = {name: risk[:, : len(horizons)] for name, risk in both.items()}
    rest = {name: risk[:, len(horizons) :] for name, risk in both.items()}
    over_time = {} if endpoint.is_fixed_horizon else rest
    return Predicted(X, endpoint, horizons, risks, over_time).of_known().measure(params)


@dataclass(frozen=True)
class ValidatedRecipe:
    """``name`` of the evaluation, its ``tables`` by file name, ``about`` for design.json.

    ``planned`` {name: patients whom a fold holds out}, judged or not.
    ``instability``: how far the models of the folds agree; None where there are too few.
    ``tabulate_steps``: makes one more table, which takes a while.
    """

    name: str
    planned: dict[str, int]
    predicted: Predicted
    tables: dict[str, pd.DataFrame]
    about: dict[str, Any]
    instability: Instability | None
    tabulate_steps: Callable[[], pd.DataFrame]


def validate(
    X: pd.DataFrame,
    cohort: Cohort,
    horizons: tuple[float, ...],
    params: Params,
    progress: Progress,
    pool: Executor,
) -> ValidatedRecipe | None:
    """Patients with the risk of models fitted without them, by the design of params.yaml.

    None where params.yaml asks for no folds.
    """
    from features.splits import require_endpoint
    from models.evaluation.comparisons.instability import tabulate_instability
    from models.evaluation.cross_validation import measure_folds
    from pipeline.evaluation.evaluation_tables import tabulate_repeats, tabulate_steps
    from pipeline.evaluation.recipe_validation import plan_validation, validate_recipe

    plan = plan_validation(cohort, params)
    if plan is None:
        return None
    task = progress.add_task("validation of the recipe", total=plan.n_fits)
    validated = validate_recipe(
        X, cohort, horizons, plan, params, lambda: progress.advance(task), pool
    )
    endpoint, rows = require_endpoint(cohort), validated.held_out
    names = [MODEL, *name_rivals(endpoint).names]
    shown = {name: validated.predictions.risks[name] for name in names}
    risks = {name: risk[rows] for name, risk in shown.items()}
    over_time = {name: validated.over_time[name][rows] for name in names if validated.over_time}
    folds = measure_folds(replace(validated.predictions, risks=shown), endpoint, horizons)
    if plan.sites:
        folds.insert(2, "site", [plan.sites[number - 1] for number in folds["fold"]])
    tables = {"folds": folds, "repeats": tabulate_repeats(validated, endpoint, horizons)}
    unstable = validated.instability
    if unstable is not None:
        tables["instability"] = tabulate_instability(unstable, params.evaluate.decision.categories)
    return ValidatedRecipe(
        plan.name,
        {plan.name: plan.n_patients},
        Predicted(X[rows], endpoint.take(rows), horizons, risks, over_time),
        tables,
        plan.about,
        unstable,
        partial(tabulate_steps, plan.name, validated, endpoint, horizons, params),
    )


def describe_incidence(held_out: Evaluation) -> pd.DataFrame:
    """Observed and predicted risk over time by fifths of risk; empty for a yes/no cohort."""
    from features.disclosure import SMALLEST_COUNT
    from models.evaluation.incidence import incidence_by_group
    from models.metrics.integrated_brier import time_steps

    if MODEL not in held_out.over_time:
        return pd.DataFrame()
    return incidence_by_group(
        held_out.endpoint,
        held_out.over_time[MODEL],
        time_steps(held_out.horizons[-1]),
        least_events=SMALLEST_COUNT,
    )


def measure_against_truth(
    evaluations: Mapping[str, Predicted], params: Params, paths: Paths
) -> pd.DataFrame:
    """Beside the true risks of the embedded cohort, which no other stage may read; else empty."""
    from models.evaluation.oracle import compare_with_truth

    where = paths.simulate / "truth.parquet"
    if params.cohort != SIMULATED or not where.is_file():
        return pd.DataFrame()
    truth = pd.read_parquet(where)
    tables = []
    for name, one in evaluations.items():
        known = [h for h in one.horizons if f"true_risk_{h:g}y" in truth]
        if not known or not one.X.index.isin(truth.index).all():
            continue
        true_risk = truth.loc[one.X.index, [f"true_risk_{h:g}y" for h in known]]
        places = [one.horizons.index(h) for h in known]
        risks = {model: risk[:, places] for model, risk in one.risks.items()}
        true = true_risk.to_numpy(np.float64)
        n_bootstrap = params.evaluate.n_bootstrap
        table = compare_with_truth(one.endpoint, risks, true, known, params.seed, n_bootstrap)
        table.insert(0, "evaluation", name)
        tables.append(table)
    return pd.concat(tables, ignore_index=True) if tables else pd.DataFrame()


def _progress() -> Progress:
    from rich.console import Console
    from rich.progress import Progress

    console = Console(stderr=True)
    return Progress(console=console, transient=True, disable=not console.is_terminal)


def _say(sentences: list[str]) -> None:
    from rich.console import Console

    console = Console(highlight=False, soft_wrap=True)
    for sentence in sentences:
        console.print(sentence, markup=False)
