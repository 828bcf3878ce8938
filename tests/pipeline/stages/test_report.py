from __future__ import annotations

import json
import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from pipeline.settings.params import Params
from pipeline.settings.paths import Paths
from pipeline.stages.report import flatten_settings, read_material, run
from tests.models.report.conftest import SVG, difference, material, metrics

__all__ = ["material"]  # the fixture of the report's own tests


def write(path: Path, content: Any) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(content))


@pytest.fixture
def paths(tmp_path: Path, material: Any) -> Paths:
    """What the earlier stages leave behind, as little of it as a run may have."""
    paths = Paths(tmp_path)
    write(paths.model / "about.json", {**material.model, "data_sha256": "cd" * 32})
    write(paths.model / "predictor" / "predictor.json", material.predictor)
    dictionary = Path(__file__).parents[3] / "data" / "variables.yaml"
    shutil.copy(dictionary, paths.model / "variables.yaml")
    write(paths.ingest / "cohort.json", {"name": "drawn", "about": material.cohort})
    write(paths.ingest / "report.json", material.ingest)
    write(paths.train / "training.json", material.training)
    tables = paths.evaluate / "tables"
    tables.mkdir(parents=True)
    pd.DataFrame(metrics()).to_csv(tables / "metrics.csv", index=False)
    rows = pd.DataFrame([difference("ridge_cox", 0.0, 0.01)])
    rows.to_csv(tables / "differences.csv", index=False)
    (paths.evaluate / "plots").mkdir()
    (paths.evaluate / "plots" / "calibration_held_out_10y.svg").write_text(SVG)
    return paths


def test_report_and_card_are_written_from_what_is_there(paths: Paths) -> None:
    run(Params.load(), paths)
    page = (paths.report / "report.html").read_text(encoding="utf-8")
    assert "not demonstrably better than its linear part alone" in page
    assert "Calibration of the 10-year risk in held-out patients" in page
    card = (paths.report / "model_card.md").read_text(encoding="utf-8")
    assert card.startswith("# Model card") and "cd" * 32 in card


def test_the_same_run_gives_the_same_bytes(paths: Paths) -> None:
    run(Params.load(), paths)
    first = (paths.report / "report.html").read_bytes()
    run(Params.load(), paths)
    assert (paths.report / "report.html").read_bytes() == first


def test_what_people_state_in_params_is_handed_on(paths: Paths) -> None:
    params = Params.load()
    params = replace(params, report=replace(params.report, funding="Nobody paid."))
    assert read_material(params, paths).statements == {"funding": "Nobody paid."}


def test_every_setting_that_decides_a_number_is_shown() -> None:
    settings = dict(flatten_settings(Params.load()))
    assert settings["seed"] == Params.load().seed
    assert settings["train.boosted.max_depth"] == Params.load().train.boosted.max_depth
    assert settings["featurize.exclude"] == Params.load().featurize.exclude


def test_tables_of_another_cohort_stand_apart(paths: Paths) -> None:
    outside = paths.evaluate / "tables" / "external"
    outside.mkdir()
    pd.DataFrame(metrics()).to_csv(outside / "metrics.csv", index=False)
    read = read_material(Params.load(), paths)
    assert set(read.external) == {"metrics"}
