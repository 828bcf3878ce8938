"""Variables of one's own from the map to the report, as docs/maps.md says."""

from __future__ import annotations

import json
import re
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import yaml
from typer.testing import CliRunner

from features.simulation import simulate_cohort
from models.scorer import Scorer
from pipeline.commands.cli import app
from pipeline.evaluation.invented_patient import invent_patient

MAP = """
name: mine
title: Clinic with fat, plaque and gout
file: mine.csv
patient_id: ID
own_variables:
  epicardial_fat:
    label: Epicardial fat
    unit: mL
    range: [5, 400]
    direction: up
    prior: {log_hazard_ratio: 0.003, width: 0.003}
  soft_plaque: {label: Plaque on ultrasound, kind: category, codes: [none, soft]}
  gout: {label: Gout, kind: boolean}
variables:
  age: age
  sex: sex
  cac_agatston: cac_agatston
  epicardial_fat: FAT
  soft_plaque: PLAQUE
  gout: GOUT
endpoint:
  title: Cardiac event
  unit: years
  time: TIME
  event: {column: EVENT, is: 1, not: [0, 2]}
  competing: {column: EVENT, is: 2, not: [0, 1]}
"""


def _write_clinic(folder: Path) -> None:
    cohort, rng = simulate_cohort(1_500, 7, with_lesions=False), np.random.default_rng(3)
    table = cohort.covariates[["age", "sex", "cac_agatston"]].rename_axis("ID").reset_index()
    event = cohort.endpoint["event"].to_numpy()
    table["TIME"], table["EVENT"] = cohort.endpoint["time"].to_numpy(), event
    table["FAT"] = rng.normal(110, 30, len(table)).clip(8, 390).round(1) + 60 * (event == 1)
    table["PLAQUE"] = np.where(rng.random(len(table)) < 0.3, "soft", "none")
    table["GOUT"] = np.where(rng.random(len(table)) < 0.1, "y", "n")
    table.to_csv(folder / "mine.csv", index=False)
    (folder / "mine.yaml").write_text(MAP)


@pytest.mark.slow
def test_variables_of_ones_own_reach_reasons_tables_and_report(tmp_path: Path) -> None:
    _write_clinic(tmp_path)
    params = tmp_path / "params.yaml"
    shown = yaml.safe_load((Path(__file__).parents[2] / "params.yaml").read_text())
    shown["evaluate"]["n_bootstrap"] = 20
    params.write_text(yaml.safe_dump(shown))
    out, mine = tmp_path / "mine", tmp_path / "mine.yaml"

    def run(*words: object) -> None:
        done = CliRunner().invoke(app, [str(word) for word in words])
        assert done.exit_code == 0, done.output

    run("ingest", "--cohort", mine, "--out", out)
    run("featurize", "--out", out)
    for stage in ("train", "evaluate", "explain", "report"):
        run(stage, "--params", params, "--out", out)
    risks = tmp_path / "risks.csv"
    model = out / "train" / "model"
    run("score", tmp_path / "mine.csv", "--cohort", mine, "--model", model, "--out", risks)

    reasons = pd.read_csv(risks).filter(like="reason_").stack().astype(str)
    assert reasons.str.startswith("Epicardial fat").sum() > 300
    variables = pd.read_csv(out / "explain" / "tables" / "variables.csv")
    assert {"epicardial_fat", "soft_plaque", "gout"} <= set(variables["variable"])
    page = (out / "report" / "report.html").read_text(encoding="utf-8")
    assert "Epicardial fat" in page and "Plaque on ultrasound" in page
    assert re.search(r"Epicardial fat, per [0-9]+ mL", page)  # beside what the map says of it

    scored = pd.read_csv(risks, dtype={"patient_id": str}).set_index("patient_id")["risk_10y"]
    held_out = pd.read_parquet(out / "train" / "split.parquet")["part"].eq("held_out")
    metrics = json.loads((out / "evaluate" / "metrics.json").read_text())
    assert scored[held_out[held_out].index].mean() == pytest.approx(metrics["mean_risk_10y"])
    invented = Scorer.load(model).score(invent_patient(), n_reasons=0)["risk_10y"].iloc[0]
    assert f"{100 * invented:.1f} %" in (out / "explain" / "plots" / "example.svg").read_text()
