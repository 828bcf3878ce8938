from __future__ import annotations

import json
import math
from pathlib import Path

import pytest

from features.errors import ModelError
from models.storage.model_folder import read_about
from pipeline.promotion.contest import RISK
from pipeline.promotion.evidence import Figure, read_evidence
from pipeline.tracking import Tracking, Version
from tests.pipeline.promotion.passing import make_passing


@pytest.fixture
def version(tracking_root: Path, tmp_path: Path) -> Version:
    tracking = Tracking(tracking_root)
    (tmp_path / "subgroup_gaps.csv").write_text(
        "subgroup,level,lower,finding\nalbuminuria,none,-0.1,\nsex,female,,too low\n"
    )
    (tmp_path / "leakage.json").write_text(json.dumps({"passed": True, "leaks": []}))
    with tracking.start_run("evidence-test", "one") as run_id:
        tracking.log_metrics({"drawn.c_index_10y": 0.7, "drawn.c_index_10y_lower": 0.6})
        tracking.log_tags({"held_out_sha256": "hh"})
        tracking.log_file(tmp_path / "subgroup_gaps.csv", "evaluate/tables")
        tracking.log_file(tmp_path / "leakage.json", "train")
    return Version("calcirisk", 3, run_id, "", {})


def test_evidence_comes_from_the_model_and_its_run(
    version: Version, model_folder: Path, tracking_root: Path
) -> None:
    found = read_evidence(version, model_folder, Tracking(tracking_root), RISK.folder, RISK.tables)
    about = read_about(model_folder)
    assert (found.cohort, found.n_events, found.number) == ("drawn", about.n_events, 3)
    assert (found.held_out_sha256, found.leakage) == ("hh", {"passed": True, "leaks": []})
    assert set(found.tables) == {"subgroup_gaps"}
    figure = found.figure("c_index", 10.0)
    assert (figure.estimate, figure.lower, figure.is_measured) == (0.7, 0.6, False)


def test_words_like_none_are_levels_and_an_empty_finding_is_missing(
    version: Version, model_folder: Path, tracking_root: Path
) -> None:
    gaps = read_evidence(
        version, model_folder, Tracking(tracking_root), RISK.folder, RISK.tables
    ).tables["subgroup_gaps"]
    assert gaps["level"].tolist() == ["none", "female"]
    assert gaps["finding"].isna().tolist() == [True, False]


def test_a_damaged_model_is_no_evidence(
    version: Version, tracking_root: Path, tmp_path: Path
) -> None:
    with pytest.raises(ModelError):
        read_evidence(version, tmp_path, Tracking(tracking_root), RISK.folder, RISK.tables)


def test_a_figure_that_was_not_logged_is_not_measured() -> None:
    assert math.isnan(make_passing().figure("auc", 5.0).estimate)
    assert Figure(1.0, 0.9, 1.1).show() == "1.00 (0.90 to 1.10)"
