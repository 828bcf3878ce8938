from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from models.reference_scores.registry import REFERENCE_SCORES
from pipeline.commands import cli
from pipeline.commands.patients.reference_scores import reference_scores_table
from tests.models.reference_scores.patients import HEALTHY, frame


def test_every_score_has_a_column_per_horizon_and_its_coverage() -> None:
    covariates = frame(HEALTHY, {**HEALTHY, "age": 75}, {**HEALTHY, "systolic_bp": np.nan})
    scores, coverage = reference_scores_table(covariates)
    assert scores.index.equals(covariates.index)
    assert {"mesa_chd_cac_10y", "prevent_base_total_cvd_30y", "score2_op_10y"} <= set(scores)
    assert scores.notna().sum()["score2_10y"] == scores.notna().sum()["score2_op_10y"] == 1
    computed = coverage[coverage["finding"] == "computed"]
    named = [f"{s}_{h:g}y" for s, h in zip(computed["score"], computed["horizon"], strict=True)]
    assert dict(zip(named, computed["patients"], strict=True)) == scores.notna().sum().to_dict()
    assert set(coverage["score"]) == set(REFERENCE_SCORES)


def test_the_command_lists_every_row_as_scored_or_rejected(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file, out = tmp_path / "new.csv", tmp_path / "scores.csv"
    rows = pd.DataFrame([HEALTHY, {**HEALTHY, "systolic_bp": -5.0}]).assign(patient_id=["007", "8"])
    rows.to_csv(file, index=False)
    assert cli.main(["reference-scores", str(file), "--out", str(out)]) == 0
    assert "1 of 2 rows" in capsys.readouterr().out
    assert pd.read_csv(out, dtype={"patient_id": "str"})["patient_id"].tolist() == ["007"]
    assert pd.read_csv(tmp_path / "scores.rejects.csv")["column"].tolist() == ["systolic_bp"]
    assert set(pd.read_csv(tmp_path / "scores.coverage.csv")["score"]) == set(REFERENCE_SCORES)
    assert cli.main(["reference-scores", str(file), "--out", str(out)]) == 2
