"""From a file with two score columns and a date each to forecasts, as docs/progression.md says."""

from __future__ import annotations

import json
import re
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from typer.testing import CliRunner

from features.simulation import simulate_cohort
from pipeline.commands.cli import app

PAGE = Path(__file__).parents[3] / "docs" / "progression.md"


def _map_of_the_page() -> str:
    found = re.search(r"```yaml\n(.*?)```", PAGE.read_text(encoding="utf-8"), flags=re.DOTALL)
    assert found is not None
    return found[1]


def _write_clinic(folder: Path) -> None:
    cohort = simulate_cohort(900, 77, with_lesions=False)
    people, rng = cohort.covariates, np.random.default_rng(0)
    first = pd.Timestamp("2008-01-01") + pd.to_timedelta(rng.integers(0, 800, 900), unit="D")
    years = cohort.later_scans["scan2_years"].to_numpy()
    days = pd.to_timedelta(np.nan_to_num(365.25 * years).round(), unit="D")
    second = np.where(np.isnan(years), "", (first + days).strftime("%d.%m.%Y"))
    pd.DataFrame(
        {
            "ID": people.index,
            "AGE": people["age"].to_numpy(),
            "SEX": people["sex"].map({"male": "M", "female": "F"}).to_numpy(),
            "SBP": people["systolic_bp"].to_numpy(),
            "BMI": people["bmi"].to_numpy(),
            "DM": people["diabetes"].to_numpy(),
            "CAC1": people["cac_agatston"].to_numpy(),
            "SCAN1_DATE": first.strftime("%d.%m.%Y"),
            "CAC2": cohort.later_scans["scan2_agatston"].to_numpy(),
            "SCAN2_DATE": second,
        }
    ).to_csv(folder / "mine.csv", index=False)
    (folder / "mine.yaml").write_text(_map_of_the_page())


def _run(*words: object) -> str:
    done = CliRunner().invoke(app, [str(word) for word in words])
    assert done.exit_code == 0, done.output
    return done.output


@pytest.mark.slow
def test_two_scores_and_a_date_each_are_enough_to_learn_and_forecast_growth(
    tmp_path: Path,
) -> None:
    _write_clinic(tmp_path)
    out, file, cohort = tmp_path / "mine", tmp_path / "mine.csv", tmp_path / "mine.yaml"
    checked = _run("ingest", "--cohort", cohort, "--file", file, "--check")
    assert "growth can be learnt from this cohort, risk cannot" in checked
    _run("ingest", "--out", out, "--cohort", cohort, "--file", file)
    for stage in ("featurize", "progression", "forecast"):
        _run(stage, "--out", out)
    metrics = json.loads((out / "forecast" / "metrics.json").read_text())
    assert metrics["crps"]["calcirisk"] < metrics["crps"]["carry forward"]
    forecast = tmp_path / "forecast.csv"
    model = out / "progression" / "model"
    _run("forecast", file, "--cohort", cohort, "--model", model, "--years", 3, "--out", forecast)
    table = pd.read_csv(forecast)
    assert len(table) == 900
    assert (table["cac_3y_q05"] <= table["cac_3y_q95"]).all()
