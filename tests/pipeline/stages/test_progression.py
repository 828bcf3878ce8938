from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import mlflow
import numpy as np
import pandas as pd
import pytest

from features.cohort import Cohort
from features.derivation.catalogue import derive_features
from features.dictionary.dictionary import Dictionary
from features.endpoint import Endpoint
from features.errors import ConfigError, ModelError
from features.simulation import SimulatedCohort, simulate_cohort
from models.progression.forecaster import Forecaster
from pipeline.commands.promote import PromoteRequest, promote
from pipeline.promotion.contest import GROWTH
from pipeline.promotion.growth.registration import register_progression
from pipeline.scoring.forecasts.forecast_request import ForecastRequest
from pipeline.scoring.forecasts.forecasting import forecast_file
from pipeline.settings.params import SIMULATED, Params, Paths
from pipeline.stages import forecast, progression, register
from pipeline.tracking import Tracking
from tests.growing import FEATURES, later_table


def _params() -> Params:
    params = Params.load()
    boosted = replace(params.progression.boosted, max_rounds=3, early_stopping_rounds=2)
    chosen = replace(params.progression, boosted=boosted, n_folds=2, minimum_patients=150)
    return replace(params, progression=chosen)


def _lay_out(folder: Path, drawn: SimulatedCohort, with_scans: bool = True) -> Paths:
    paths = Paths(folder, Path("outputs"))
    follow_up = Endpoint(drawn.endpoint["time"].to_numpy(), drawn.endpoint["event"].to_numpy())
    scans = later_table(drawn) if with_scans else None
    Cohort(SIMULATED, drawn.covariates, follow_up, later_scans=scans).write(paths.ingest)
    paths.featurize.mkdir(parents=True)
    derive_features(drawn.covariates, Dictionary.load())[FEATURES].to_parquet(paths.features)
    part = np.where(np.arange(len(drawn.covariates)) % 4 == 0, "held_out", "development")
    paths.train.mkdir(parents=True)
    table = pd.DataFrame({"part": part}, index=drawn.covariates.index).astype("str")
    table.to_parquet(paths.split)
    for name in ("source", "simulate", "progression", "forecast"):
        paths.stage(name).mkdir(parents=True)
    about = {"simulated": True, "sha256": "0" * 64}
    (paths.source / "source.json").write_text(json.dumps(about))
    drawn.truth.to_parquet(paths.simulate / "truth.parquet")
    return paths


def test_a_cohort_without_later_scans_is_no_fault(tmp_path: Path) -> None:
    paths = _lay_out(tmp_path, simulate_cohort(60, 2, with_lesions=False), with_scans=False)
    progression.run(_params(), paths)
    forecast.run(_params(), paths)
    told = json.loads((paths.progression / "training.json").read_text())
    assert told == {"skipped": "the cohort map names no later scans"}
    assert json.loads((paths.forecast / "metrics.json").read_text()) == {"skipped": True}


def test_too_few_later_scans_are_told_and_stop_nothing(tmp_path: Path) -> None:
    paths = _lay_out(tmp_path, simulate_cohort(60, 2, with_lesions=False))
    progression.run(_params(), paths)
    forecast.run(_params(), paths)
    told = json.loads((paths.progression / "training.json").read_text())
    assert "needs at least 150" in told["skipped"]
    assert not (paths.progression / "model").exists()


@pytest.mark.slow
def test_later_scans_become_a_model_its_evaluation_and_forecasts(tmp_path: Path) -> None:
    drawn = simulate_cohort(1000, 5, with_lesions=False)
    paths = _lay_out(tmp_path, drawn)
    progression.run(_params(), paths)
    forecast.run(_params(), paths)

    metrics = json.loads((paths.forecast / "metrics.json").read_text())
    assert metrics["crps"]["calcirisk"] == min(metrics["crps"].values())
    for years in ("2.5", "5", "10"):
        told = metrics["expected_crps"][years]
        assert told["oracle"] <= told["calcirisk"] < 1.1 * told["oracle"]
    coverage = pd.read_csv(paths.forecast / "tables" / "coverage.csv")
    assert {"all", "women", "men", "statin", "first score 0"} <= set(coverage["group"])
    assert (paths.forecast / "plots" / "coverage.svg").is_file()

    file = tmp_path / "new.csv"
    patients = drawn.covariates.head(300).reset_index()
    patients.loc[:9, "cac_agatston"] = np.nan
    patients.loc[10:14, "age"] = 400
    vessels = [name for name in map(str, patients) if name.startswith("cac_agatston_")]
    patients.drop(columns=vessels).to_csv(file, index=False)
    request = ForecastRequest(
        str(file), str(paths.progression / "model"), tmp_path / "forecast.csv", horizons=(5.0,)
    )
    summary = forecast_file(request, paths)
    assert (summary.n_scored, summary.n_rejected) == (295, 5)
    scored = pd.read_csv(request.out, dtype={"patient_id": str})
    assert len(scored) + len(pd.read_csv(tmp_path / "forecast.rejects.csv")) == 300
    assert scored["cac_5y"].isna().sum() == summary.n_unknown == 10
    assert scored["above_100_5y"].dropna().between(0, 1).all()
    noise = scored["change_verdict"].dropna()
    assert {"within_noise", "rise"} <= set(noise)
    with pytest.raises(ConfigError, match="exists"):
        forecast_file(request, paths)

    served = Forecaster.load(paths.progression / "model")
    alone = served.forecast(drawn.covariates.head(20).drop(columns=vessels), (5.0,))
    near = scored.set_index("patient_id").loc[alone.index[15:], "cac_5y"].to_numpy()
    assert alone["cac_5y"].to_numpy()[15:] == pytest.approx(near, rel=1e-3, abs=0.05)

    tracking = Tracking(tmp_path)
    told = register_progression(tracking, _params(), paths)
    assert told is not None
    assert (told["model"], told["alias"], told["reused"]) == (
        "calcirisk-progression", "challenger", False,
    )  # fmt: skip
    again = register_progression(tracking, _params(), paths)
    assert again == {**told, "reused": True}
    model = mlflow.pyfunc.load_model(told["uri"])
    served_table = model.predict(drawn.covariates.head(20).drop(columns=vessels))
    assert served_table["cac_5y"].to_numpy() == pytest.approx(alone["cac_5y"].to_numpy(), abs=0.02)

    decision = promote(_params(), paths, PromoteRequest(contest=GROWTH))
    assert decision.exit_code == 0, decision.describe()
    other = replace(_params(), seed=99)
    progression.run(other, paths)
    forecast.run(other, paths)
    assert register_progression(tracking, other, paths) != told
    second = promote(other, paths, PromoteRequest(contest=GROWTH))
    gate = second.gates[-1]
    assert gate.name == "CRPS skill against version 1"
    assert "paired: both scored on the" in gate.found
    assert gate.passed
    assert tracking.find_version("calcirisk", "champion") is None


@pytest.mark.slow
def test_a_cohort_without_an_endpoint_registers_its_progression_model_alone(tmp_path: Path) -> None:
    paths = _lay_out(tmp_path, simulate_cohort(1000, 5, with_lesions=False))
    paths.split.unlink()
    progression.run(_params(), paths)
    with pytest.raises(ModelError, match="is not measured: run calcirisk forecast"):
        register.run(_params(), paths)
    forecast.run(_params(), paths)
    register.run(_params(), paths)
    told = json.loads((paths.register / "registration.json").read_text())
    assert set(told) == {"progression"}
    assert told["progression"]["uri"] == "models:/calcirisk-progression@challenger"
