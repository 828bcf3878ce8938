"""Command evaluate --model --cohort: a trained model on the patients of another cohort."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from features.disclosure import round_count
from features.errors import CohortError, ConfigError, HorizonError, Problem
from models.risk.absolute_risk import FixedHorizonLink, Link
from pipeline.evaluation.evaluation import MIN_AT_RISK, MODEL, Predicted, know_risks
from pipeline.evaluation.judged_patients import say_left_out, tell_in_tens
from pipeline.evaluation.recipe_validation import steps_over_time
from pipeline.evaluation.rivals import RECALIBRATED
from pipeline.files.destinations import existing, map_of
from pipeline.files.stage_folder import written_whole
from pipeline.settings.params import Params, Paths

if TYPE_CHECKING:
    from features.array_types import BoolArray, FloatArray
    from features.cohort import Cohort
    from features.dictionary.dictionary import Dictionary
    from features.endpoint import Endpoint
    from features.intake.ingestion import Ingested
    from models.evaluation.recalibration import Recalibration
    from models.scorer import Scorer
    from models.storage.model_folder import About
    from pipeline.evaluation.evaluation import Evaluation

EXTERNAL = "external"


@dataclass(frozen=True)
class ExternalRequest:
    """What to judge where. ``cohort``: map name or file; ``file``, ``lesions``: if not the map's.

    ``recalibrate``: share of the patients that local recalibration is fitted on; the rest judge.
    ``allow_absent``: go on although variables that the model was trained with are not recorded.
    """

    model: str
    cohort: str
    file: Path | None = None
    lesions: Path | None = None
    recalibrate: float | None = None
    allow_absent: bool = False


def evaluate_external(request: ExternalRequest, params: Params, paths: Paths) -> list[str]:
    """Write external/ (tables, plots, metrics.json, rejects.csv) whole; return the verdict.

    Raises CohortError where the cohort has no endpoint or lacks variables, HorizonError where its
    follow-up ends before every horizon, TooFewEventsError where there is too little to judge.
    """
    from pipeline.locating import locate_model

    if request.recalibrate is not None and not 0 < request.recalibrate < 1:
        raise ConfigError(f"--recalibrate must lie between 0 and 1, got {request.recalibrate:g}")
    sources = existing(request.file, request.lesions, request.model, map_of(request.cohort))
    with written_whole(EXTERNAL, paths, sources=sources) as staged:
        folder = locate_model(request.model, paths.root).folder
        said = _judge_and_write(request, folder, params, staged)
    return said


def _judge_and_write(
    request: ExternalRequest, folder: Path, params: Params, paths: Paths
) -> list[str]:
    from models.scorer import Scorer

    scorer = Scorer.load(folder)
    ingested = read_cohort(request, scorer.dictionary, params, paths)
    cohort = ingested.cohort
    leant_on = name_leant_on(scorer, folder)
    notes = [
        *describe_dropped(ingested),
        *check_variables(cohort, leant_on, request.allow_absent),
        *check_event(cohort, scorer.about),
    ]
    judged = judge_external(cohort, scorer, request.recalibrate, params)
    about = {
        "model_cohort": scorer.about.cohort,
        "model_digest": scorer.about.digest,
        "cohort": cohort.name,
        "patients": len(cohort),
        "judged": judged.n_judged,
    }
    said = write_external(judged, cohort, about, notes, params, paths.stage(EXTERNAL))
    ingested.rejects.to_csv(paths.stage(EXTERNAL) / "rejects.csv", index=False)
    return said


def read_cohort(
    request: ExternalRequest, dictionary: Dictionary, params: Params, paths: Paths
) -> Ingested:
    """The cohort through its map, checked as the stage ingest checks one; nothing is written."""
    from features.cohort_map.cohort_map import CohortMap
    from features.intake.ingestion import ingest
    from pipeline.commands.patients.own_files import name_files
    from pipeline.stages.ingest import limits_of, read_sources, source_folders_of

    cohort_map = CohortMap.load(request.cohort, paths.cohort_maps)
    cohort_map = name_files(cohort_map, request.file, request.lesions)
    raw, lesions = read_sources(cohort_map, source_folders_of(paths))
    return ingest(raw, cohort_map, dictionary, limits_of(params), lesions)


def describe_dropped(ingested: Ingested) -> list[str]:
    """Which rows of the file are not judged, and why: a sentence where there are any.

    ``rejects.csv`` beside the tables lists those that break a rule, one by one.
    """
    steps = [f"{step.patients:,} {step.step}" for step in ingested.flow]
    named = ingested.rejects["column"] + ": " + ingested.rejects["rule"]
    broken = [f"{rule} ({count:,})" for rule, count in named.value_counts(sort=False).items()]
    if len(ingested.cohort) == ingested.flow[0].patients:
        return []
    because = f" Left out for {'; '.join(broken)} (rejects.csv)." if broken else ""
    return [f"Rows judged: {'; '.join(steps)}.{because}"]


def name_leant_on(scorer: Scorer, folder: Path) -> list[str]:
    """The variables that matter most to the model, of those recorded when it was trained."""
    from models.drift.profile import PROFILE, Profile

    important = scorer.ranges.important
    if not (folder / PROFILE).is_file():
        return list(important)
    recorded = Profile.load(folder / PROFILE).variables
    return [name for name in important if name in recorded]


def check_event(cohort: Cohort, about: About) -> list[str]:
    """A sentence where the model predicts death from any cause and the cohort's event is another,
    or the other way round; none where they agree.
    """
    said = cohort.endpoint and about.find_other_event(cohort.endpoint.any_death)
    return [f"Another event: {said}."] if said else []


def check_variables(cohort: Cohort, leant_on: list[str], allow_absent: bool) -> list[str]:
    """A sentence on variables that the model leans on and the cohort has not; none if complete.

    Raises CohortError naming each, unless they are allowed to be absent.
    """
    known = cohort.covariates
    absent = [name for name in leant_on if name not in known or known[name].isna().all()]
    if not absent:
        return []
    if not allow_absent:
        remedy = "Map it, or judge the model without it by --allow-absent"
        rule = "matters to the model and is not recorded here"
        raise CohortError([Problem(name, rule, remedy) for name in absent], cohort.name)
    return [f"These variables matter to the model and are not recorded here: {', '.join(absent)}."]


@dataclass(frozen=True)
class Judged:
    """``evaluation`` of the patients judged; ``recalibration`` where one was fitted on others.

    ``planned``: patients who were to be judged, whether a risk of theirs is known or not.
    """

    evaluation: Evaluation
    recalibration: Recalibration | None
    left_out: tuple[str, ...]
    planned: int

    @property
    def n_judged(self) -> int:
        """Patients judged, in tens where others are not."""
        n_judged = len(self.evaluation.endpoint)
        return n_judged if n_judged == self.planned else round_count(n_judged)


def judge_external(
    cohort: Cohort, scorer: Scorer, recalibrate: float | None, params: Params
) -> Judged:
    """The model, and it recalibrated, on the patients that the recalibration has not seen."""
    from features.derivation.columns import Columns
    from features.splits import require_endpoint
    from models.evaluation.recalibration import fit_recalibration
    from models.metrics.horizons import usable_horizons

    endpoint, known = require_endpoint(cohort).from_entry(), cohort.covariates
    fit = scorer.for_columns(known.columns)
    X = fit.derive(Columns(known, scorer.dictionary), frozenset(fit.predictor.feature_names))
    margins, link = fit.predictor.margin(X), fit.predictor.link
    to_fit = choose_part(cohort, recalibrate, params.seed)
    rest = ~to_fit
    within, unanswered = split_horizons(params.horizons, link)
    horizons, left_out = usable_horizons(endpoint.take(rest), within, MIN_AT_RISK)
    asked = (*horizons, *steps_over_time(endpoint, horizons))
    judged = endpoint.take(rest)
    start = judged.entered if judged.is_delayed else None
    risks = {MODEL: link.risk(margins[rest], asked, start)}
    fitted = None
    if to_fit.any():
        fitted = fit_recalibration(margins[to_fit], link, endpoint.take(to_fit))
        risks[RECALIBRATED] = fitted.risk(margins[rest], link, asked)
    answered, planned = know_risks(risks), len(judged)
    if not answered.all():
        left_out += say_left_out(EXTERNAL, planned - int(answered.sum()), planned)
        rest[rest] = answered
        risks = {name: risk[answered] for name, risk in risks.items()}
        judged = judged.take(answered)
    evaluation = measure_external(X[rest], judged, horizons, risks, params)
    if judged.survey is not None and (few := judged.survey.find_few_clusters()):
        left_out += (few,)
    return Judged(evaluation, fitted, (*unanswered, *left_out), planned)


def split_horizons(
    asked: tuple[float, ...], link: Link
) -> tuple[tuple[float, ...], tuple[str, ...]]:
    """The horizons of params.yaml that the model can answer, and a sentence on each other one.

    Raises HorizonError where it can answer none.
    """
    if isinstance(link, FixedHorizonLink):
        limit = f"the model was trained on yes or no at {link.max_horizon:g} years"
        within = tuple(h for h in asked if h == link.max_horizon)
    else:
        limit = f"the model's own follow-up ends at {link.max_horizon:.4g} years"
        within = tuple(h for h in asked if h <= link.max_horizon)
    if not within:
        wanted = ", ".join(f"{horizon:g}" for horizon in asked)
        raise HorizonError(f"no usable horizon among {wanted} years (params.yaml): {limit}")
    beyond = (h for h in asked if h not in within)
    return within, tuple(f"{horizon:g} years is left out: {limit}" for horizon in beyond)


def choose_part(cohort: Cohort, share: float | None, seed: int) -> BoolArray:
    """(n,) patients to recalibrate on: none, or a share stratified by event code."""
    from features.splits import split_held_out

    part = np.zeros(len(cohort), dtype=np.bool_)
    if share is not None:
        _, chosen = split_held_out(cohort, share, seed)
        part[chosen] = True
    return part


def measure_external(
    X: pd.DataFrame,
    endpoint: Endpoint,
    horizons: tuple[float, ...],
    risks: Mapping[str, FloatArray],
    params: Params,
) -> Evaluation:
    """As the stage evaluate measures held-out patients; risks by horizons, then by time steps."""
    last = len(horizons)
    by_horizon = {name: risk[:, :last] for name, risk in risks.items()}
    over_time = {name: risk[:, last:] for name, risk in risks.items() if risk[:, last:].size}
    return Predicted(X, endpoint, horizons, by_horizon, over_time).measure(params)


def write_external(
    judged: Judged,
    cohort: Cohort,
    about: Mapping[str, Any],
    notes: list[str],
    params: Params,
    folder: Path,
) -> list[str]:
    """The tables and plots of the stage evaluate, for this cohort; return the verdict."""
    from pipeline.evaluation.evaluation_output import (
        Extras,
        collect_tables,
        draw_plots,
        judge,
        write_tables,
    )
    from pipeline.evaluation.evaluation_tables import describe_cohort, tabulate_evaluations

    done = {EXTERNAL: judged.evaluation}
    tables = tabulate_evaluations(done, cohort, params)
    tables |= describe_cohort(cohort)
    if judged.recalibration is not None:
        tables["recalibration"] = judged.recalibration.to_frame()
    done, tables = tell_in_tens({EXTERNAL: judged.planned}, done, tables)
    extras = Extras(tables, about, (*judged.left_out, *notes))
    said = [*extras.left_out, *judge(done, extras)]
    write_tables(collect_tables(done, extras), folder)
    draw_plots(done, extras, folder / "plots")
    (folder / "verdict.txt").write_text("\n".join(said) + "\n", encoding="utf-8")
    text = json.dumps(dict(about), indent=2) + "\n"
    (folder / "about.json").write_text(text, encoding="utf-8")
    return said
