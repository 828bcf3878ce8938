from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from clinic.scored_patients.scored_file import read_scores
from clinic.scored_patients.store import PatientStore
from clinic.scored_patients.store_writing import write_store
from features.errors import ConfigError
from models.scorer import Scorer


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "no table that `score` wrote"),
        (b"\x00\xff\xfe\x9c binary", "is not what `score` writes|no table"),
        (b'{"patient_id": "a"}\n{"patient_id": "b"}\n', "is not what `score` writes"),
        (b"PAR1 nothing", "is not what `score` writes"),
    ],
)
def test_what_is_no_scored_file_is_refused_in_a_sentence(
    content: bytes, message: str, scorer: Scorer, tmp_path: Path
) -> None:
    for name in ("scores.csv", "scores.parquet"):
        file = tmp_path / name
        file.write_bytes(content)
        with pytest.raises(ConfigError, match=message if name == "scores.csv" else "no table|not"):
            list(read_scores(file, scorer.about.digest))


@pytest.mark.parametrize("wrong", ["", "inf", "-0.1", "1.5", "high"])
def test_a_blank_or_impossible_risk_is_refused(
    wrong: str, scores: Path, scorer: Scorer, tmp_path: Path
) -> None:
    table = pd.read_csv(scores, dtype="str", keep_default_na=False)
    table.loc[3, "risk_10y"] = wrong
    file = tmp_path / "scores.csv"
    table.to_csv(file, index=False)
    with pytest.raises(ConfigError, match="risk_10y is blank or no risk from 0 to 1 in 1 rows"):
        list(read_scores(file, scorer.about.digest))


def test_a_parquet_file_of_scores_makes_the_same_list(
    scores: Path, covariates: pd.DataFrame, scorer: Scorer, tmp_path: Path
) -> None:
    texts = dict.fromkeys(("patient_id", "reason_1", "outside_training", "digest"), "str")
    table = pd.read_csv(scores, dtype=texts, keep_default_na=False)
    file = tmp_path / "scores.parquet"
    table.to_parquet(file)
    write_store(tmp_path / "store.sqlite", file, covariates, scorer)
    made = PatientStore.open(tmp_path / "store.sqlite", scorer.dictionary)
    assert made.n_patients == len(table)
    listed = made.list_patients("risk_10y", True, 1).patients[0]
    assert listed.risks[-1] == pytest.approx(table["risk_10y"].astype(float).max())
