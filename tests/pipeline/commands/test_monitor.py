from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from features.errors import CohortError
from pipeline.commands import cli
from pipeline.commands.patients.monitor import monitor
from pipeline.monitoring.batch import MonitorRequest
from pipeline.settings.params import Paths

MAP = """name: mine
title: Mine
description: A batch
file: batch.csv
patient_id: patient_id
variables:
  age: age
  sex: sex
  diabetes: diabetes
  cac_agatston: cac_agatston
  ldl_cholesterol: ldl_cholesterol
  systolic_bp: systolic_bp
endpoint:
  title: Event
  unit: years
  time: years
  event: event
"""


@pytest.fixture
def request_(drawn_covariates: pd.DataFrame, model_folder: Path, tmp_path: Path) -> MonitorRequest:
    drawn_covariates.sample(300, random_state=1).to_csv(tmp_path / "batch.csv")
    return MonitorRequest(tmp_path / "batch.csv", str(model_folder), tmp_path / "out")


def _change(request: MonitorRequest, **columns: float | np.ndarray) -> MonitorRequest:
    pd.read_csv(request.file).assign(**columns).to_csv(request.file, index=False)
    return request


def test_patients_like_those_trained_on_show_no_drift(
    request_: MonitorRequest, tmp_path: Path
) -> None:
    report = monitor(request_, Paths(tmp_path))
    assert report.exit_code == 0
    told = json.loads((request_.out / "monitor.json").read_text())
    assert told["drifted"] is False
    assert told["patients"] == 300
    assert "no drift in" in (request_.out / "monitor.md").read_text()


def test_other_patients_show_it_in_inputs_and_in_risk(
    request_: MonitorRequest, tmp_path: Path
) -> None:
    _change(request_, cac_agatston=900.0, ldl_cholesterol=np.nan)
    drifted = {(one.kind, one.name) for one in monitor(request_, Paths(tmp_path)).drifted}
    assert ("distribution", "cac_agatston") in drifted
    assert ("missing", "ldl_cholesterol") in drifted
    assert ("output", "risk by 10 years") in drifted
    assert not {name for _, name in drifted} & {"age", "sex", "systolic_bp"}


def test_matured_outcomes_are_judged_where_map_and_file_have_them(
    request_: MonitorRequest, tmp_path: Path
) -> None:
    (tmp_path / "mine.yaml").write_text(MAP)
    _change(request_, years=10.5, event=(np.arange(300) % 50 == 0).astype(int))
    mapped = replace(request_, cohort=str(tmp_path / "mine.yaml"))
    report = monitor(mapped, Paths(tmp_path))
    (first, *_) = report.drifted
    assert (first.kind, report.exit_code) == ("calibration", 1)
    assert any(note.startswith("Outcomes by 10 years: observed over") for note in report.notes)


def test_a_batch_with_weights_is_compared_by_them_where_its_endpoint_is_there(
    request_: MonitorRequest, tmp_path: Path
) -> None:
    (tmp_path / "mine.yaml").write_text(MAP + "survey: {weight: weight}\n")
    mapped = replace(request_, cohort=str(tmp_path / "mine.yaml"), overwrite=True)
    # of every third patient the calcium is missing, and they stand for nearly nobody
    third = np.arange(300) % 3 == 0
    calcium = pd.read_csv(request_.file)["cac_agatston"].mask(third)
    _change(request_, cac_agatston=calcium.to_numpy(), weight=np.where(third, 0.01, 1.0))
    missing = ("missing", "cac_agatston")
    report = monitor(mapped, Paths(tmp_path))
    assert missing in {(one.kind, one.name) for one in report.drifted}
    assert any(note.startswith("Weights: read together with the endpoint") for note in report.notes)
    _change(request_, years=10.5, event=(np.arange(300) % 50 == 0).astype(int))
    report = monitor(mapped, Paths(tmp_path))
    assert report.exit_code == 0
    assert report.notes[0] == (
        "The patients of the batch are weighted to the population that they stand for, and worth "
        "202 drawn from it at random"
    )


def test_without_outcomes_the_report_says_that_calibration_is_open(
    request_: MonitorRequest, tmp_path: Path
) -> None:
    assert "calibration is not judged" in monitor(request_, Paths(tmp_path)).notes[-1]


def test_a_batch_of_nineteen_is_refused(request_: MonitorRequest, tmp_path: Path) -> None:
    pd.read_csv(request_.file).head(19).to_csv(request_.file, index=False)
    with pytest.raises(CohortError, match="holds 19 patients"):
        monitor(request_, Paths(tmp_path))


def test_a_batch_with_half_its_values_in_another_unit_is_a_drift(
    request_: MonitorRequest, tmp_path: Path
) -> None:
    batch = pd.read_csv(request_.file)
    # mmol/L in every other row: impossible as mg/dL, so those rows are left aside
    batch.loc[::2, "ldl_cholesterol"] = (batch.loc[::2, "ldl_cholesterol"] / 38.67).round(1)
    batch.to_csv(request_.file, index=False)
    report = monitor(request_, Paths(tmp_path))
    assert ("rejected", "rows") in {(one.kind, one.name) for one in report.drifted}
    assert report.exit_code == 1


def test_no_identifier_reaches_the_report(request_: MonitorRequest, tmp_path: Path) -> None:
    ids = set(pd.read_csv(request_.file)["patient_id"])
    monitor(request_, Paths(tmp_path))
    text = "".join(path.read_text() for path in request_.out.iterdir())
    assert not any(one in text for one in ids)


def test_the_exit_code_tells_drift_from_its_absence_and_from_failure(
    request_: MonitorRequest, capsys: pytest.CaptureFixture[str]
) -> None:
    command = ["monitor", str(request_.file), "--model", request_.model, "--out", str(request_.out)]
    assert cli.main(command) == 0
    _change(request_, systolic_bp=190.0)
    assert cli.main(command) == 2, "nobody asked for the report to be replaced"
    assert cli.main([*command, "--overwrite"]) == 1
    assert "systolic_bp" in capsys.readouterr().out
    assert cli.main([*command[:1], "nowhere.csv", *command[2:]]) == 2


def test_the_columns_that_an_endpoint_lacks_are_named(
    request_: MonitorRequest, tmp_path: Path
) -> None:
    (tmp_path / "mine.yaml").write_text(MAP)
    asked = replace(_change(request_, years=5.0), cohort=str(tmp_path / "mine.yaml"))
    notes = monitor(asked, Paths(tmp_path)).notes
    assert "What became of the patients: left aside (the file lacks event)" in notes
    assert "Outcomes: none that can be used, so calibration is not judged" in notes


def test_patients_whose_outcome_is_not_known_yet_count_among_the_inputs(
    request_: MonitorRequest, tmp_path: Path
) -> None:
    (tmp_path / "mine.yaml").write_text(MAP)
    # the outcomes of the older half are still to come
    pending = pd.read_csv(request_.file)["age"].rank(method="first", na_option="bottom") > 150
    event = np.where(pending, np.nan, np.arange(300) % 10 == 0)
    _change(request_, years=np.where(pending, np.nan, 10.5), event=event)
    report = monitor(replace(request_, cohort=str(tmp_path / "mine.yaml")), Paths(tmp_path))
    assert report.n_patients == 300
    assert "age" not in {one.name for one in report.drifted}
    assert any("of 150 nothing that can be used" in note for note in report.notes)


def test_a_batch_without_any_event_is_judged_where_events_were_due(
    request_: MonitorRequest, tmp_path: Path
) -> None:
    (tmp_path / "mine.yaml").write_text(MAP)
    mapped = replace(request_, cohort=str(tmp_path / "mine.yaml"), overwrite=True)
    _change(request_, years=10.5, event=0)
    report = monitor(mapped, Paths(tmp_path))
    assert "calibration" in {one.kind for one in report.drifted}
    assert any("observed over expected 0.00" in note for note in report.notes)
    # and where it is too early for any, that is what is said
    _change(request_, years=0.4)
    assert "Outcomes: too early" in monitor(mapped, Paths(tmp_path)).notes[-1]
