"""Stage train: the risk model and its explainer, fitted on the development patients."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from models.storage.installed_version import version_of
from pipeline.settings.params import Params, Paths, SplitParams

if TYPE_CHECKING:
    from features.cohort import Cohort
    from features.designs import Design
    from features.dictionary.dictionary import Dictionary
    from features.endpoint import Endpoint
    from models.explanation.explainer import Explainer
    from models.risk.predictor import RiskPredictor
    from models.risk.risk_model import RiskModel
    from models.storage.model_folder import About

DEVELOPMENT, HELD_OUT = "development", "held_out"
PUBLISHED = "published_effects.csv"


def run(params: Params, paths: Paths) -> None:
    """Write model/, parts/, variants/, split.parquet, leakage.json and training.json.

    Horizons that follow-up cannot answer are left out with a warning. Raises CohortError where a
    variable leaks, TooFewEventsError, HorizonError where no horizon is left.
    """
    from features.cohort import Cohort
    from features.derivation.catalogue import learnable
    from features.dictionary.known_disease import share_with_known_disease
    from features.splits import require_endpoint
    from models.metrics.horizons import usable_horizons
    from models.saving.model_writer import write_model_folder
    from models.uncertainty.fitting import fit_uncertainty
    from pipeline.training.leakage_gate import require_no_leak
    from pipeline.training.recipe import MINIMUM_AT_RISK, make_model, require_clock

    cohort = Cohort.read(paths.ingest)
    features = pd.read_parquet(paths.features)
    split = split_cohort(cohort, params.train.split, params.seed)
    require_no_leak(cohort, split, params, paths)
    development = cohort.take((split["part"] == DEVELOPMENT).to_numpy())
    endpoint = require_endpoint(development)
    horizons, left_out = usable_horizons(endpoint, params.horizons, MINIMUM_AT_RISK)
    X = learnable(features.loc[development.covariates.index])
    require_clock(X, endpoint)
    known_disease = share_with_known_disease(development.covariates, endpoint.weight)
    build = partial(make_model, params.train, params.seed, cohort.dictionary, known_disease)
    model = build().fit(X, endpoint)
    explainer = fit_explainer(model.predictor_, X, endpoint, horizons, params)

    about = describe_model(model, cohort.name, horizons, paths)
    paths.train.mkdir(parents=True, exist_ok=True)
    split.to_parquet(paths.split)
    covariates = development.covariates
    interval = fit_uncertainty(model)
    fitted, known, weight = model.predictor_, cohort.dictionary, endpoint.weight
    write_model_folder(
        paths.model, fitted, explainer, covariates, X, about, interval, known, weight
    )
    write_parts(model, paths)
    write_variants(model, build, development, X, horizons, params, paths)
    conflicts = write_published(model, known, paths)
    write_training(model, split, left_out, conflicts, paths)


def split_cohort(cohort: Cohort, split: SplitParams, seed: int) -> pd.DataFrame:
    """Column ``part`` by patient: "development" or "held_out"."""
    from features.designs import HeldOutSites, LastEntered, RandomSplit

    designs: dict[str, Design] = {
        "random": RandomSplit(split.test_fraction, seed),
        "site": HeldOutSites(split.test_fraction, seed),
        "entry": LastEntered(split.test_fraction),
    }
    _, held_out = next(iter(designs[split.design].splits(cohort)))
    part = pd.Series(DEVELOPMENT, index=cohort.covariates.index, name="part", dtype="str")
    part.iloc[held_out] = HELD_OUT
    return part.to_frame()


def fit_explainer(
    predictor: RiskPredictor,
    X: pd.DataFrame,
    endpoint: Endpoint,
    horizons: tuple[float, ...],
    params: Params,
) -> Explainer:
    """The explainer, its background drawn from the development patients, by their weights."""
    from features.sample.survey import draw_by_weight
    from models.explanation.explainer import Explainer

    n_background = min(params.explain.n_background, len(X))
    background = X.sample(n_background, random_state=params.seed).sort_index()
    if np.ptp(endpoint.weight):
        background = X.iloc[draw_by_weight(endpoint.weight, n_background)]
    return Explainer.fit(predictor, background, horizons, n_strata=params.explain.n_strata)


def describe_model(
    model: RiskModel, cohort: str, horizons: tuple[float, ...], paths: Paths
) -> About:
    """What the model folder says of the model: cohort, counts, hash of the raw file."""
    from models.storage.model_folder import About

    source = json.loads((paths.source / "source.json").read_text(encoding="utf-8"))
    return About(
        name="calcirisk",
        cohort=cohort,
        simulated=source["simulated"],
        horizons=horizons,
        n_patients=model.report_["patients"],
        n_events=model.report_["events"],
        n_competing=model.report_["competing_events"],
        data_sha256=source["sha256"],
        # the version, not the commit: the same model keeps the same bytes
        code_version=version_of("calcirisk"),
        any_death=model.endpoint_.any_death,
    )


def write_parts(model: RiskModel, paths: Paths) -> None:
    """The linear part alone, for the evaluation to set beside the stack; same folds."""
    from models.risk.cause_fitting import LINEAR

    model.alone(LINEAR).predictor_.save(paths.train / "parts" / LINEAR)


def write_variants(
    main: RiskModel,
    build: Callable[[], RiskModel],
    development: Cohort,
    X: pd.DataFrame,
    horizons: tuple[float, ...],
    params: Params,
    paths: Paths,
) -> None:
    """The model folder of each variant of params.yaml, to be scored and registered like any."""
    from features.splits import require_endpoint
    from models.risk.cause_fitting import LINEAR
    from models.saving.model_writer import write_model_folder
    from models.uncertainty.fitting import fit_uncertainty
    from pipeline.training.recipe import require_clock
    from pipeline.training.variants import features_without, find_left_out, fit_variant

    known, endpoint = development.dictionary, require_endpoint(development)
    for name, variant in params.train.variants.items():
        left_out = find_left_out(name, variant.without, known)
        seen = features_without(X, left_out, known)
        require_clock(seen, endpoint)
        model = fit_variant(name, variant, main, build, seen, endpoint)
        fitted = model.predictor_
        explainer = fit_explainer(fitted, seen, endpoint, horizons, params)
        interval = fit_uncertainty(model) if LINEAR in variant.parts else None
        covariates = development.covariates.drop(columns=list(left_out), errors="ignore")
        about = describe_model(model, development.name, horizons, paths)
        folder = paths.train / "variants" / name
        write_model_folder(
            folder, fitted, explainer, covariates, seen, about, interval, known, endpoint.weight
        )


def write_published(model: RiskModel, known: Dictionary, paths: Paths) -> list[str]:
    """published_effects.csv: published, learnt from this cohort alone, used; return conflicts."""
    from models.evaluation.published_effects import compare_with_published, describe_conflicts
    from models.risk.cause_fitting import LINEAR, FittedLinear
    from models.uncertainty.risk_interval import OWNERS

    linear = model.causes_[0].parts.get(LINEAR)
    if not isinstance(linear, FittedLinear):
        return []
    names = model.predictor_.feature_names
    table = compare_with_published(linear, names, OWNERS, model.priors_)
    ratio = "odds" if model.endpoint_.is_fixed_horizon else "hazard"
    table["ratio"] = ratio
    table.to_csv(paths.train / PUBLISHED, index=False, float_format="%.6g")
    return describe_conflicts(table, known, ratio)


def judge_sample_size(model: RiskModel) -> tuple[dict[str, float], list[str]]:
    """Riley's least sample size for the parameters of the event, and what to say of it.

    Weighted patients count for as many as they are worth, at the rate of the population.
    """
    from features.endpoint import EVENT
    from models.evaluation.sample_size import least_sample_size, least_sample_size_of_yes_or_no
    from models.risk.cause_fitting import LINEAR, FittedLinear

    linear, endpoint = model.causes_[0].parts.get(LINEAR), model.endpoint_
    if not isinstance(linear, FittedLinear):
        return {}, []
    candidates = len(linear.path.coefficients)
    free = linear.believed.effective_parameters(linear.path.trust, linear.path.coefficients)
    worth = endpoint.worth
    patients = round(worth)
    share = worth * endpoint.weight / endpoint.weight.sum()
    n_events, years = float(share[endpoint.event == EVENT].sum()), float(share @ endpoint.time)
    ask, under = (
        least_sample_size_of_yes_or_no(parameters, n_events / worth)
        if endpoint.is_fixed_horizon
        else least_sample_size(parameters, worth, n_events, years, float(endpoint.time.max()))
        for parameters in (candidates, free)
    )
    size = {
        "patients": patients,
        "candidate_parameters": candidates,
        "effective_parameters": round(free, 1),
        "needed_for_candidates": ask.needed,
        "needed_for_effective": under.needed,
    }
    if patients >= ask.needed:
        return size, []
    enough = "has enough for" if patients >= under.needed else "has too few even for"
    counted = f"{patients:,} patients with {endpoint.n_events} events"
    if endpoint.is_weighted:
        kind = "sampled" if endpoint.case_cohort else "weighted"
        counted = (
            f"{len(endpoint):,} {kind} patients, worth {patients:,} with {n_events:.0f} events"
        )
    said = (
        f"{counted}: {candidates} candidate parameters "
        f"alone would need {ask.needed:,} (Riley et al., BMJ 2020;368:m441). Under penalisation "
        f"the data choose some {free:.0f} parameters, which need {under.needed:,}: the cohort "
        f"{enough} these. See how far the prior is trusted, and the interval of each effect."
    )
    return size, [said]


def warn_of_clusters(endpoint: Endpoint) -> list[str]:
    """That intervals of a patient's risk do not know of clusters; nothing where there are none."""
    survey = endpoint.survey
    if survey is None or survey.cluster is None:
        return []
    known = (
        "allow for the weights of the sample but not for its" if survey.is_weighted else "ignore"
    )
    return [
        f"The intervals of a patient's risk {known} clusters: where patients of one cluster "
        "resemble each other, they are too narrow. The intervals of the evaluation draw whole "
        "clusters."
    ]


def write_training(
    model: RiskModel,
    split: pd.DataFrame,
    left_out: Sequence[str],
    conflicts: Sequence[str],
    paths: Paths,
) -> None:
    """What was chosen and why, and what a person should be warned of."""
    size, told = judge_sample_size(model)
    told = [*conflicts, *told, *warn_of_clusters(model.endpoint_)]
    report: dict[str, Any] = {
        **model.report_,
        "sample_size": size,
        "parts": {name: int(count) for name, count in split["part"].value_counts().items()},
        "conflicts": list(conflicts),
        "warnings": [*(f"Horizon {one}." for one in left_out), *model.warnings_, *told],
    }
    text = json.dumps(report, indent=2, default=float) + "\n"
    (paths.train / "training.json").write_text(text, encoding="utf-8")
