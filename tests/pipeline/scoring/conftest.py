from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from pipeline.scoring.request import ScoreRequest
from pipeline.settings.params import Paths

BATCH_ROWS = 60


def written(request: ScoreRequest) -> dict[str, bytes]:
    """Every file in the folder of the output, by name."""
    files = (path for path in sorted(request.out.parent.iterdir()) if path.is_file())
    return {path.name: path.read_bytes() for path in files}


@pytest.fixture
def paths(tmp_path: Path) -> Paths:
    return Paths(tmp_path)


@pytest.fixture
def patients(drawn_covariates: pd.DataFrame) -> pd.DataFrame:
    """400 patients with everything that may go wrong in a row, patient_id a column."""
    table = drawn_covariates.head(400).reset_index()
    table.loc[3, "age"] = -4.0
    table.loc[7, "sex"] = "king"
    table.loc[[11, 350], "patient_id"] = "twice"
    table.loc[[20, 21, 390], "patient_id"] = ["again", "again", "again"]
    table.loc[390, "age"] = 300.0
    table["ward"] = [f'no. {i % 7}, "east"' for i in range(400)]
    return table


@pytest.fixture
def request_(patients: pd.DataFrame, model_folder: Path, tmp_path: Path) -> ScoreRequest:
    """400 patients as Parquet, in seven batches."""
    file = tmp_path / "new.parquet"
    patients.to_parquet(file, index=False)
    return ScoreRequest(
        file,
        str(model_folder),
        tmp_path / "out" / "risks.csv",
        n_reasons=0,
        keep=("ward",),
        batch_rows=BATCH_ROWS,
    )
