"""Stage forecast: later scores of held-out patients, beside what is used today."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from pipeline.settings.params import SIMULATED, Params, Paths
from pipeline.training.growth_split import DEVELOPMENT, HELD_OUT, part_of

if TYPE_CHECKING:
    from features.cohort import Cohort
    from models.progression.forecaster import Forecaster
    from models.progression.training.progression_model import LaterScans


def run(params: Params, paths: Paths) -> None:
    """Write metrics.json, tables/ and plots/; a note where there is no progression model."""
    from features.cohort import Cohort
    from models.plots.progression import plot_coverage
    from models.plots.style import write_svg
    from models.progression.evaluation import groups_of, tabulate_coverage, tabulate_crps
    from models.progression.forecaster import WORTH_COMPILING, Forecaster
    from models.progression.performance import Held, measure_leads, measure_performance
    from models.progression.training.progression_model import LaterScans

    out = paths.forecast
    for name in ("tables", "plots"):
        (out / name).mkdir(parents=True, exist_ok=True)
    if not (paths.progression / "model").is_dir():
        note = "no progression model: progression/training.json says why\n"
        (out / "tables" / "none.txt").write_text(note, encoding="utf-8")
        (out / "plots" / "none.txt").write_text(note, encoding="utf-8")
        _write(out, {"skipped": True})
        return
    forecaster = Forecaster.load(paths.progression / "model")
    cohort = Cohort.read(paths.ingest)
    part = part_of(cohort, params, paths)
    parts = {name: cohort.take(part.eq(name).to_numpy(bool)) for name in (HELD_OUT, DEVELOPMENT)}
    held_out, development = parts[HELD_OUT], parts[DEVELOPMENT]
    if len(held_out) >= WORTH_COMPILING:
        from models.progression.compiled_progression import compile_forecaster

        forecaster = compile_forecaster(forecaster)
    X = pd.read_parquet(paths.features)
    scans = {
        name: LaterScans.of_table(own.later_scans, own.covariates)
        for name, own in parts.items()
        if own.later_scans is not None
    }
    held = scans["held_out"]
    of = held.observations()
    forecasts, below, up_to = _forecast(
        forecaster, held_out, X, held, scans["development"].observations()
    )
    people = held_out.covariates.iloc[held.patient]
    extra = {name: people["sex"].eq(code).to_numpy() for name, code in
             (("women", "female"), ("men", "male"))}  # fmt: skip
    if "statin_intensity" in people:
        statin = people["statin_intensity"]
        extra |= {"statin": (statin.notna() & statin.ne("none")).to_numpy(),
                  "no statin": statin.eq("none").to_numpy()}  # fmt: skip
    groups = groups_of(of, extra)
    crps_table = tabulate_crps(forecasts, of.seen, groups)
    coverage_table = tabulate_coverage(below, up_to, groups)
    crps_table.to_csv(out / "tables" / "crps.csv", float_format="%.4f")
    coverage_table.to_csv(out / "tables" / "coverage.csv", index=False, float_format="%.4f")
    changes = _judge_changes(forecaster, held_out, X, held)
    changes.to_csv(out / "tables" / "changes.csv", index=False, float_format="%.1f")
    judged, n_bootstrap = Held(of, held.patient, forecasts), params.forecast.n_bootstrap
    performance = measure_performance(judged, params.forecast.thresholds, n_bootstrap, params.seed)
    performance.to_csv(out / "tables" / "performance.csv", index=False, float_format="%.6f")
    leads = measure_leads(judged, n_bootstrap, params.seed)
    leads.to_csv(out / "tables" / "differences.csv", index=False, float_format="%.6f")
    title = "Coverage of prediction intervals, held-out scans"
    write_svg(plot_coverage(coverage_table), out / "plots" / "coverage.svg", title)
    metrics: dict[str, Any] = {
        "patients": held.n_patients,
        "scans": len(of),
        "crps": {name: float(crps_table.loc[name, "all"]) for name in crps_table.index},
        "thresholds": _judge_thresholds(params, forecasts, of),
    }
    if cohort.name == SIMULATED and (paths.simulate / "truth.parquet").is_file():
        table = _against_truth(forecaster, held_out, X, development, scans, paths)
        table.to_csv(out / "tables" / "truth.csv", float_format="%.4f")
        metrics["expected_crps"] = table.to_dict()
    _write(out, metrics)


def _forecast(
    forecaster: Forecaster, held_out: Cohort, X: pd.DataFrame, held: LaterScans, fitted: Any
) -> tuple[dict[str, np.ndarray], np.ndarray, np.ndarray]:
    """Distribution functions of every forecast, and the model's at just below and at the seen."""
    from models.progression import rivals
    from models.progression.evaluation import GRID
    from models.progression.performance import MODEL

    of, covariates = held.observations(), held_out.covariates
    model = forecaster.predictor
    patients = model.patients(X.loc[covariates.index], held.first, held.bmi).take(held.patient)
    grid = np.broadcast_to(GRID, (len(of), len(GRID)))
    years = np.minimum(of.years, model.longest)
    people = covariates.iloc[held.patient]
    age, male = people["age"].to_numpy(np.float64), people["sex"].eq("male").to_numpy()
    forecasts = {
        MODEL: model.law.cdf(patients, grid, years),
        "published law": rivals.published_law(of, age, male, GRID),
        "carry forward": rivals.carry_forward(of, GRID),
        "constant absolute": rivals.constant_absolute(fitted, of, GRID),
        "constant relative": rivals.constant_relative(fitted, of, GRID),
    }
    up_to = model.law.cdf(patients, of.seen[:, None], years)[:, 0]
    return forecasts, np.where(of.seen == 0, 0.0, up_to), up_to


def _judge_changes(
    forecaster: Forecaster, held_out: Cohort, X: pd.DataFrame, held: LaterScans
) -> pd.DataFrame:
    """Verdicts on the change from the first to each later scan, and its pace by whom."""
    from models.progression.law.published_law import classify
    from models.progression.two_scans.change import classify_by_model, judge_change
    from models.progression.two_scans.tabulation import made_alike, tabulate_verdicts

    of, scans = held.observations(), held_out.later_scans
    assert scans is not None
    first = pd.Series(held.first, held_out.covariates.index)
    scored = first.reindex(scans.index).notna().to_numpy()
    people = held_out.covariates.iloc[held.patient]
    male = people["sex"].eq("male").to_numpy()
    features = X.loc[people.index]
    pace = classify(of.first, of.seen, people["age"].to_numpy(np.float64), male, of.years)
    by_model = classify_by_model(
        forecaster.predictor, features, of.first, of.seen, of.years, of.bmi
    )
    alike = made_alike(scans[scored])
    pace[~alike] = by_model[~alike] = ""
    change = judge_change(of.first, of.seen, of.bmi, alike)
    return tabulate_verdicts(
        {"change": change, "pace by the published law": pace, "pace by the model": by_model}
    )


def _judge_thresholds(
    params: Params, forecasts: Mapping[str, np.ndarray], of: Any
) -> dict[str, dict[str, dict[str, float]]]:
    from models.progression.evaluation import GRID, judge_threshold
    from models.progression.performance import MODEL

    judged: dict[str, dict[str, dict[str, float]]] = {}
    for threshold in params.forecast.thresholds:
        free = of.first <= threshold
        judged[f"{threshold:g}"] = {
            name: judge_threshold(
                1 - np.array([np.interp(threshold, GRID, row) for row in forecasts[name][free]]),
                of.seen[free] > threshold,
            )
            for name in (MODEL, "published law")
        }
    return judged


def _against_truth(
    forecaster: Forecaster,
    held_out: Cohort,
    X: pd.DataFrame,
    development: Cohort,
    scans: Mapping[str, LaterScans],
    paths: Paths,
) -> pd.DataFrame:
    """Expected CRPS of forecasts for every held-out patient, beside that of the truth itself."""
    from features.simulation.growth import TrueGrowth
    from models.progression import rivals
    from models.progression.evaluation import GRID, summarise_truth
    from models.progression.law.likelihood import Observations
    from models.progression.performance import MODEL

    covariates, held = held_out.covariates, scans["held_out"]
    truth = pd.read_parquet(paths.simulate / "truth.parquet").loc[covariates.index]
    growth, model = TrueGrowth.from_truth(truth), forecaster.predictor
    patients = model.patients(X.loc[covariates.index], held.first, held.bmi)
    fitted = scans["development"].observations()
    age, male = covariates["age"].to_numpy(np.float64), covariates["sex"].eq("male").to_numpy()
    n, years = len(covariates), forecaster.about.horizons
    forecasts: dict[str, list[np.ndarray]] = {}
    true = []
    for after in years:
        at = np.full(n, after)
        of = Observations(held.first, held.first, at, held.bmi)
        true.append(growth.cdf(GRID, after))
        grid = np.broadcast_to(GRID, (n, len(GRID)))
        for name, cdf in (
            (MODEL, model.law.cdf(patients, grid, at)),
            ("published law", rivals.published_law(of, age, male, GRID)),
            ("carry forward", rivals.carry_forward(of, GRID)),
            ("constant absolute", rivals.constant_absolute(fitted, of, GRID)),
            ("constant relative", rivals.constant_relative(fitted, of, GRID)),
        ):
            forecasts.setdefault(name, []).append(cdf)
    return summarise_truth(forecasts, true, years)


def _write(out: Path, metrics: Mapping[str, Any]) -> None:
    text = json.dumps(metrics, indent=2, default=float) + "\n"
    (out / "metrics.json").write_text(text, encoding="utf-8")
