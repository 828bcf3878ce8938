"""Later scores of a file, by the same job as its risks."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from features.derivation.calcium import OF_CALCIUM
from features.errors import ConfigError, HorizonError
from models.progression.forecaster import Forecaster
from models.progression.two_scans.change import SEEN_BEFORE
from pipeline.scoring.batch import UNTOLD
from pipeline.scoring.forecasts.forecast_request import ForecastRequest
from pipeline.scoring.forecasts.forecasting import FORECASTING, forecast_file
from pipeline.scoring.job import run_job
from pipeline.scoring.kept.work_folder import WorkFolder
from pipeline.settings.params import Paths
from tests.growing import Trained


@pytest.fixture(scope="module")
def patients(trained: Trained, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """400 simulated patients as a file; five break a rule, ten have no score."""
    table = trained.cohort.covariates.head(400).reset_index()
    vessels = [name for name in map(str, table) if name.startswith("cac_agatston_")]
    table = table.drop(columns=vessels)
    measured = [name for name in ("cac_agatston", *OF_CALCIUM) if name in table]
    table.loc[:9, measured] = float("nan")
    table.loc[10:14, "age"] = 400
    file = tmp_path_factory.mktemp("patients") / "new.csv"
    table.to_csv(file, index=False)
    return file


@pytest.fixture
def request_(patients: Path, progression_folder: Path, tmp_path: Path) -> ForecastRequest:
    return ForecastRequest(
        patients,
        str(progression_folder),
        tmp_path / "forecast.csv",
        horizons=(5.0,),
        n_reasons=2,
        workers=1,
        batch_rows=100,
    )


def test_every_row_is_forecast_or_rejected_and_every_column_explained(
    request_: ForecastRequest, tmp_path: Path
) -> None:
    summary = forecast_file(request_, Paths.default())
    assert (summary.n_rows, summary.n_scored, summary.n_rejected) == (400, 395, 5)
    assert summary.n_unknown == 10
    table = pd.read_csv(request_.out, dtype={"patient_id": str})
    told = json.loads(request_.schema.read_text())["columns"]
    assert [one["name"] for one in told] == list(table)
    assert all(one["meaning"] for one in told)
    assert table["cac_5y"].isna().sum() == 10
    assert "change since the earlier scan" in summary.describe()


def test_numbers_are_those_of_the_forecaster(
    request_: ForecastRequest, progression_folder: Path, trained: Trained
) -> None:
    forecast_file(request_, Paths.default())
    table = pd.read_csv(request_.out, dtype={"patient_id": str}).set_index("patient_id")
    forecaster = Forecaster.load(progression_folder)
    own = trained.cohort.covariates.iloc[20:60]
    vessels = [name for name in map(str, own) if name.startswith("cac_agatston_")]
    alone = forecaster.forecast(own.drop(columns=vessels), (5.0,), n_reasons=2)
    for name in ("cac_5y", "cac_5y_q95", "above_100_5y", "change_per_year"):
        assert table.loc[alone.index, name].to_numpy() == pytest.approx(
            alone[name].to_numpy(), nan_ok=True
        )
    for name in ("change_verdict", "growth_published", "growth_model", "reason_1"):
        assert table.loc[alone.index, name].fillna("").tolist() == alone[name].tolist()


@pytest.mark.parametrize("value", [np.nan, np.inf, -1.0])
def test_a_known_score_without_a_forecast_rejects_its_row(
    request_: ForecastRequest, monkeypatch: pytest.MonkeyPatch, value: float
) -> None:
    find = Forecaster.forecast_checked

    def fail_at_three(self: Forecaster, *given: Any) -> tuple[pd.DataFrame, Any]:
        table, reasons = find(self, *given)
        table.loc[table.index.isin([50, 150, 250]), ["cac_5y", "cac_5y_q05"]] = value
        return table, reasons

    monkeypatch.setattr(Forecaster, "forecast_checked", fail_at_three)
    summary = forecast_file(request_, Paths.default())
    assert (summary.n_scored, summary.n_rejected, summary.n_unknown) == (392, 8, 10)
    rejects = pd.read_csv(request_.rejects)
    assert (rejects["rule"] == UNTOLD).sum() == 3
    assert pd.read_csv(request_.out)["cac_5y"].between(0, 10**5).sum() == 382


def test_a_broken_job_goes_on_where_it_stopped_and_gives_the_same_bytes(
    request_: ForecastRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = replace(request_, out=tmp_path / "whole.csv")
    forecast_file(whole, Paths.default())
    seen = []
    own = WorkFolder.add

    def fail_at_third(self: WorkFolder, *given: object) -> None:
        seen.append(1)
        if len(seen) == 3:
            raise OSError(28, "No space left on device")
        own(self, *given)  # type: ignore[arg-type]

    with monkeypatch.context() as patch:
        patch.setattr(WorkFolder, "add", fail_at_third)
        with pytest.raises(ConfigError, match="No space left"):
            forecast_file(request_, Paths.default())
    assert not request_.out.exists()
    with pytest.raises(ConfigError, match="--resume"):
        forecast_file(request_, Paths.default())
    forecast_file(replace(request_, resume=True, run_id=None), Paths.default())
    ours, theirs = (pd.read_csv(one.out) for one in (request_, whole))
    pd.testing.assert_frame_equal(ours, theirs)
    assert request_.out.read_bytes() == whole.out.read_bytes()


def test_a_job_of_other_settings_does_not_go_on(
    request_: ForecastRequest, monkeypatch: pytest.MonkeyPatch
) -> None:
    own = WorkFolder.add

    def keep_one(self: WorkFolder, *given: object) -> None:
        if self.journal:
            raise OSError(28, "No space left on device")
        own(self, *given)  # type: ignore[arg-type]

    with monkeypatch.context() as patch:
        patch.setattr(WorkFolder, "add", keep_one)
        with pytest.raises(ConfigError):
            forecast_file(request_, Paths.default())
    with pytest.raises(ConfigError, match="settings changed"):
        forecast_file(replace(request_, thresholds=(50.0,), resume=True), Paths.default())


def test_years_beyond_the_scans_are_refused_before_anything_is_written(
    request_: ForecastRequest,
) -> None:
    with pytest.raises(HorizonError, match="lie outside"):
        forecast_file(replace(request_, horizons=(30.0,)), Paths.default())
    assert not list(request_.out.parent.iterdir())


def test_forecasts_become_risk_assessments(request_: ForecastRequest) -> None:
    pytest.importorskip("fhir.resources", reason="the extra fhir is not installed")
    request = replace(request_, out=request_.out.with_suffix(".ndjson"))
    run_job(request, Paths.default(), FORECASTING)
    lines = [json.loads(line) for line in request.out.read_text().splitlines()]
    assert len(lines) == 395
    told = lines[50]
    assert "later scan" in told["code"]["text"]
    outcomes = [one["outcome"]["text"] for one in told["prediction"]]
    assert any("above 100 at a scan after 5 years" in one for one in outcomes)
    notes = " ".join(note["text"] for line in lines for note in line["note"])
    assert "neither growth nor regression" in notes


def test_whose_calcium_is_gone_is_said_in_the_output_the_summary_and_the_notes(
    request_: ForecastRequest, tmp_path: Path
) -> None:
    pytest.importorskip("fhir.resources", reason="the extra fhir is not installed")
    position = np.arange(400)
    table = pd.read_csv(request_.file, dtype={"patient_id": str})[["patient_id", "sex"]].assign(
        age=60.0,
        cac_agatston=position % 4 * 10.0,
        prior_cac_agatston=np.where(position < 200, 50.0, 0.0),
        prior_scan_years=4.0,
    )
    file = tmp_path / "two.csv"
    table.to_csv(file, index=False)
    request = replace(request_, file=file, out=tmp_path / "two_out.csv")
    summary = forecast_file(request, Paths.default())
    told = pd.read_csv(request.out)["calcium_seen_before"]
    assert told.sum() == 50 and told.iloc[:200:4].all()
    assert f"50 rows (column calcium_seen_before): {SEEN_BEFORE}" in summary.describe()
    assessed = replace(request, out=tmp_path / "assessed.ndjson")
    run_job(assessed, Paths.default(), FORECASTING)
    notes = [json.loads(line)["note"] for line in assessed.out.read_text().splitlines()]
    assert sum(SEEN_BEFORE in str(one) for one in notes) == 50
