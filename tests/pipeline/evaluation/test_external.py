from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from features.cohort import Cohort
from features.endpoint import Endpoint
from features.errors import CohortError, ConfigError, HorizonError
from models.scorer import Scorer
from models.storage.model_folder import read_about
from pipeline.commands.patients.external import (
    EXTERNAL,
    ExternalRequest,
    check_event,
    evaluate_external,
)
from pipeline.monitoring.risks import WatchedRisks
from pipeline.settings.params import Params, Paths, find_root

TWO = Endpoint(np.array([3.0, 4.0]), np.array([0, 1], np.int8))
MAP = """
name: elsewhere
title: Patients of another hospital
file: elsewhere.csv
patient_id: id
variables:
  age: AGE
  sex: SEX
  diabetes: DM
  cac_agatston: CAC
  ldl_cholesterol: LDL
  systolic_bp: SBP
endpoint:
  title: Any event
  unit: years
  event: {column: EVENT, time: TIME}
  competing: {column: DIED, time: TIME}
  followup: TIME
outcomes: [EVENT, DIED, TIME]
"""


@pytest.fixture
def params() -> Params:
    params = Params.load()
    return replace(params, evaluate=replace(params.evaluate, n_bootstrap=2))


@pytest.fixture
def undrawn(monkeypatch: pytest.MonkeyPatch) -> None:
    """Plots take longer than everything else."""
    monkeypatch.setattr("pipeline.evaluation.evaluation_output.draw_plots", lambda *_: None)


@pytest.fixture
def elsewhere(tmp_path: Path) -> Path:
    """The map of a cohort whose risk is twice that of the model's, written beside its file."""
    return write_elsewhere(tmp_path)


def write_elsewhere(folder: Path) -> Path:
    rng = np.random.default_rng(8)
    n = 400
    cac = np.where(rng.random(n) < 0.4, 0.0, rng.lognormal(4, 1.5, n).round())
    event = rng.exponential(20 * np.exp(-0.35 * np.log1p(cac))) + 0.01
    other = rng.exponential(80, n)
    time = np.minimum(np.minimum(event, other), 12)
    frame = pd.DataFrame(
        {
            "id": [f"x{i}" for i in range(n)],
            "AGE": rng.uniform(45, 80, n).round(),
            "SEX": rng.choice(["female", "male"], n),
            "DM": rng.integers(0, 2, n),
            "CAC": cac,
            "LDL": rng.normal(125, 25, n).round(1),
            "SBP": rng.normal(130, 15, n).round(),
            "EVENT": ((event <= other) & (event < 12)).astype(int),
            "DIED": ((other < event) & (other < 12)).astype(int),
            "TIME": time.round(4).clip(min=0.01),
        }
    )
    frame.to_csv(folder / "elsewhere.csv", index=False)
    path = folder / "elsewhere.yaml"
    path.write_text(MAP)
    return path


def _request(model_folder: Path, elsewhere: Path, **others: object) -> ExternalRequest:
    file = elsewhere.with_suffix(".csv")
    return ExternalRequest(str(model_folder), str(elsewhere), file, **others)  # type: ignore[arg-type]


def test_a_model_is_judged_on_another_cohort_through_its_map(
    model_folder: Path, elsewhere: Path, params: Params, tmp_path: Path
) -> None:
    paths = Paths(find_root(), tmp_path)
    said = evaluate_external(_request(model_folder, elsewhere), params, paths)
    folder = paths.stage(EXTERNAL)
    metrics = pd.read_csv(folder / "metrics.csv")
    assert set(metrics["evaluation"]) == {"external"}
    assert (metrics["n"] == 400).all()
    assert (folder / "plots" / "decision_curve_external_10y.svg").is_file()
    names = {path.stem for path in folder.glob("*.csv")}
    assert {"table_one", "missingness", "subgroups", "decision_curve", "metrics"} <= names
    assert "recalibration" not in names
    assert any("Predicted risks are too low" in line for line in said)
    assert json.loads((folder / "about.json").read_text())["cohort"] == "elsewhere"


@pytest.mark.usefixtures("undrawn")
def test_recalibration_is_fitted_on_a_part_and_judged_on_the_rest(
    model_folder: Path, elsewhere: Path, params: Params, tmp_path: Path
) -> None:
    paths = Paths(find_root(), tmp_path)
    request = _request(model_folder, elsewhere, recalibrate=0.4)
    said = evaluate_external(request, params, paths)
    folder = paths.stage(EXTERNAL)
    parameters = pd.read_csv(folder / "recalibration.csv")
    assert parameters["parameter"][0] == "intercept"
    metrics = pd.read_csv(folder / "metrics.csv")
    assert parameters["n"][0] + metrics["n"][0] == 400
    assert parameters["lower"][0] > 0  # risks were too low
    ratio = metrics[(metrics["metric"] == "observed_over_expected") & (metrics["horizon"] == 10)]
    before, after = ratio.set_index("model")["estimate"][["calcirisk", "calcirisk_recalibrated"]]
    assert abs(np.log(after)) < abs(np.log(before))
    assert said[-1].startswith("In patients of another cohort: After local recalibration: ")
    assert not any("beat" in one and "recalibrated" in one for one in said)


@pytest.mark.usefixtures("undrawn")
def test_the_horizons_of_params_are_judged_and_not_those_of_the_training(
    model_folder: Path, elsewhere: Path, params: Params, tmp_path: Path
) -> None:
    paths = Paths(find_root(), tmp_path)
    params = replace(params, horizons=(3.0, 80.0))
    said = evaluate_external(_request(model_folder, elsewhere), params, paths)
    metrics = pd.read_csv(paths.stage(EXTERNAL) / "metrics.csv")
    assert set(metrics["horizon"].dropna()) == {3.0}
    assert any("80 years is left out: the model's own follow-up ends at" in one for one in said)
    with pytest.raises(HorizonError, match=r"among 80 years \(params.yaml\): the model's own"):
        beyond = replace(params, horizons=(80.0,))
        evaluate_external(_request(model_folder, elsewhere), beyond, paths)


@pytest.mark.usefixtures("undrawn")
def test_a_variable_that_matters_and_is_absent_is_named(
    model_folder: Path, elsewhere: Path, params: Params, tmp_path: Path
) -> None:
    elsewhere.write_text(MAP.replace("  cac_agatston: CAC\n", ""))
    paths = Paths(find_root(), tmp_path)
    with pytest.raises(CohortError, match=r"cac_agatston: matters to the model.*--allow-absent"):
        evaluate_external(_request(model_folder, elsewhere), params, paths)
    said = evaluate_external(_request(model_folder, elsewhere, allow_absent=True), params, paths)
    assert "are not recorded here: cac_agatston" in said[0]


def test_a_cohort_followed_too_briefly_is_refused(
    model_folder: Path, elsewhere: Path, params: Params, tmp_path: Path
) -> None:
    frame = pd.read_csv(elsewhere.with_suffix(".csv"))
    frame["EVENT"] = frame["EVENT"].where(frame["TIME"] <= 2, 0)
    frame["DIED"] = frame["DIED"].where(frame["TIME"] <= 2, 0)
    frame["TIME"] = frame["TIME"].clip(upper=2)
    frame.to_csv(elsewhere.with_suffix(".csv"), index=False)
    with pytest.raises(HorizonError, match="no usable horizon among 5, 10 years"):
        evaluate_external(_request(model_folder, elsewhere), params, Paths(find_root(), tmp_path))


def test_an_impossible_share_is_refused(
    model_folder: Path, elsewhere: Path, params: Params, tmp_path: Path
) -> None:
    request = _request(model_folder, elsewhere, recalibrate=1.0)
    with pytest.raises(ConfigError, match="--recalibrate must lie between 0 and 1"):
        evaluate_external(request, params, Paths(find_root(), tmp_path))


@pytest.mark.parametrize("predicted", [False, True])
@pytest.mark.parametrize("happened", [False, True])
def test_death_from_any_cause_is_not_judged_as_another_event_in_silence(
    model_folder: Path, predicted: bool, happened: bool
) -> None:
    about = replace(read_about(model_folder), any_death=predicted)
    followed = Cohort("c", pd.DataFrame(index=range(2)), replace(TWO, any_death=happened))
    assert bool(check_event(followed, about)) is (predicted != happened)
    scorer = Scorer.load(model_folder)
    watched = WatchedRisks(replace(scorer, about=about))
    if predicted != happened:
        shifts, (note,) = watched.judge(followed)
        assert shifts == [] and "calibration is not judged" in note
