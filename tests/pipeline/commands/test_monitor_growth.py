"""The progression model is watched as the risk model is, and by the scans that come later."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import yaml

from models.progression.forecaster import Forecaster
from models.saving.progression_writer import write_progression_folder
from pipeline.commands.patients.monitor import monitor
from pipeline.monitoring.batch import MonitorRequest
from pipeline.settings.params import Paths
from tests.growing import Trained, later_table

N = 600


@pytest.fixture
def request_(trained: Trained, progression_folder: Path, tmp_path: Path) -> MonitorRequest:
    """Patients like those trained on, with their scores some years later."""
    people = trained.cohort.covariates.sample(N, random_state=1)
    later = later_table(trained.cohort).groupby(level=0).first()
    table = people.join(later.set_axis(["YEARS", "CAC2"], axis=1))
    table.to_csv(tmp_path / "batch.csv")
    named = {
        "name": "mine",
        "title": "Mine",
        "file": "batch.csv",
        "patient_id": "patient_id",
        "variables": {str(name): str(name) for name in people},
        "later_scans": [{"years": "YEARS", "variables": {"cac_agatston": "CAC2"}}],
    }
    (tmp_path / "mine.yaml").write_text(yaml.safe_dump(named, sort_keys=False))
    return MonitorRequest(
        tmp_path / "batch.csv",
        str(progression_folder),
        tmp_path / "out",
        str(tmp_path / "mine.yaml"),
    )


def _change(request: MonitorRequest, name: str, factor: float, shift: float = 0.0) -> None:
    table = pd.read_csv(request.file, dtype={"patient_id": str})
    for column in table.filter(like=name):
        table[column] = factor * table[column] + shift
    table.to_csv(request.file, index=False)


def test_patients_who_grow_as_those_trained_on_show_no_drift(
    request_: MonitorRequest, tmp_path: Path
) -> None:
    report = monitor(request_, Paths(tmp_path))
    assert report.exit_code == 0, report.to_markdown()
    told = json.loads((request_.out / "monitor.json").read_text())
    looked_at = {one["name"] for one in told["comparisons"]}
    assert {"score after 5 years", "any calcium after 10 years"} <= looked_at
    assert {"later scans inside their 90 % interval", "scores above 0"} <= looked_at
    assert any("lie above the median of their forecast, 50% expected" in n for n in report.notes)


def test_calcium_that_grows_faster_than_forecast_is_a_drift(
    request_: MonitorRequest, tmp_path: Path
) -> None:
    _change(request_, "CAC2", 2.0, 30.0)
    report = monitor(request_, Paths(tmp_path))
    drifted = {(one.kind, one.name) for one in report.drifted}
    assert ("calibration", "later scans above the median of their forecast") in drifted
    assert {kind for kind, _ in drifted} == {"calibration"}


def test_other_scores_now_are_a_drift_of_inputs_and_of_forecasts(
    request_: MonitorRequest, tmp_path: Path
) -> None:
    _change(request_, "cac_agatston", 3.0)  # of every vessel as well
    drifted = {(one.kind, one.name) for one in monitor(request_, Paths(tmp_path)).drifted}
    assert ("output", "score after 5 years") in drifted
    assert ("scale", "cac_agatston") in drifted


def test_without_later_scans_the_report_says_that_forecasts_are_not_judged(
    request_: MonitorRequest, tmp_path: Path
) -> None:
    report = monitor(replace(request_, cohort=None), Paths(tmp_path))
    assert "forecasts are not judged" in report.notes[-1]


def test_an_endpoint_that_is_still_open_keeps_no_scan_from_being_judged(
    request_: MonitorRequest, tmp_path: Path
) -> None:
    path = tmp_path / "mine.yaml"
    endpoint = {"title": "Event", "unit": "years", "time": "FOLLOWED", "event": "EVENT"}
    named = {**yaml.safe_load(path.read_text()), "endpoint": endpoint}
    path.write_text(yaml.safe_dump(named, sort_keys=False))
    judged = monitor(request_, Paths(tmp_path)).notes
    table = pd.read_csv(request_.file, dtype={"patient_id": str})
    table.assign(FOLLOWED=np.nan, EVENT=np.nan).to_csv(request_.file, index=False)
    report = monitor(replace(request_, overwrite=True), Paths(tmp_path))
    assert report.notes == judged
    assert any("lie above the median" in note for note in judged)


def test_later_scans_made_otherwise_than_the_first_are_told(
    request_: MonitorRequest, tmp_path: Path
) -> None:
    path = tmp_path / "mine.yaml"
    named = yaml.safe_load(path.read_text())
    named["first_scan"] = {"scanner": "CT1"}
    named["later_scans"][0]["scanner"] = "CT2"
    path.write_text(yaml.safe_dump(named, sort_keys=False))
    table = pd.read_csv(request_.file, dtype={"patient_id": str}).assign(CT1="old", CT2="old")
    table["CT2"] = table["CT2"].where(table.index % 3 > 0, "new")
    table.to_csv(request_.file, index=False)
    unlike = table[table["CAC2"].notna() & table["cac_agatston"].notna() & (table["CT2"] == "new")]
    told = [note for note in monitor(request_, Paths(tmp_path)).notes if "otherwise" in note]
    assert len(told) == 1
    assert told[0].startswith(f"Later scans: {len(unlike)} of ")
    table.assign(CT2="old").to_csv(request_.file, index=False)
    report = monitor(replace(request_, overwrite=True), Paths(tmp_path))
    assert not any("otherwise" in note for note in report.notes)


@pytest.mark.slow
def test_a_population_is_no_drift_from_the_weighted_sample_that_growth_was_learnt_from(
    request_: MonitorRequest, trained: Trained, tmp_path: Path
) -> None:
    everyone, about = trained.cohort.covariates, Forecaster.load(Path(request_.model)).about
    chance = np.asarray(np.interp(everyone["age"], [50, 75], [0.2, 1.0]))
    rows = np.flatnonzero(np.random.default_rng(3).random(len(everyone)) < chance)
    drifted = []
    for weight in (1 / chance[rows], None):
        write_progression_folder(
            tmp_path / "model",
            trained.model.explainer_,
            everyone.iloc[rows],
            trained.patients.take(rows),
            about,
            weight=weight,
        )
        asked = replace(request_, model=str(tmp_path / "model"), overwrite=True)
        drifted.append({one.name for one in monitor(asked, Paths(tmp_path)).drifted})
    assert drifted[0] == set()
    assert "age" in drifted[1]
