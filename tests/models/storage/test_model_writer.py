from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd

from features.derivation.catalogue import derive_features
from models.saving.model_writer import write_model_folder
from models.scorer import Scorer


def read_all(folder: Path) -> dict[str, bytes]:
    files = (path for path in folder.rglob("*") if path.is_file())
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in files}


def test_the_same_model_gives_the_same_bytes_and_replaces_what_was_there(
    model_folder: Path, drawn_covariates: pd.DataFrame, tmp_path: Path
) -> None:
    scorer = Scorer.load(model_folder)
    (tmp_path / "again").mkdir()
    (tmp_path / "again" / "old.txt").write_text("of an earlier model")
    features = derive_features(drawn_covariates)
    about = write_model_folder(
        tmp_path / "again",
        scorer.predictor,
        scorer.explainer,
        drawn_covariates,
        features,
        scorer.about,
        scorer.interval,
    )
    assert about == scorer.about
    assert read_all(tmp_path / "again") == read_all(model_folder)


def test_the_folder_holds_native_files_and_the_tables_features_are_derived_from(
    model_folder: Path,
) -> None:
    names = set(read_all(model_folder))
    assert {"about.json", "ranges.json", "variables.yaml", "predictor/predictor.json"} <= names
    assert "reference/mesa_cac_percentile_cutoffs.csv" in names
    assert {Path(name).suffix for name in names} <= {".json", ".ubj", ".npy", ".yaml", ".csv"}


def test_important_inputs_are_those_that_move_the_risk(model_folder: Path) -> None:
    important = Scorer.load(model_folder).ranges.important
    assert important[0] == "cac_agatston"
    assert "waist" not in important


def test_no_arrays_need_pickle(model_folder: Path) -> None:
    for path in model_folder.rglob("*.npy"):
        np.load(path, allow_pickle=False)
