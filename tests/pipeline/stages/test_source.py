from __future__ import annotations

import hashlib
import json
from dataclasses import replace
from pathlib import Path

import pytest

from features.cohort_map.cohort_map import CohortMap
from features.errors import CohortError, MapError
from pipeline.settings.params import Params, Paths
from pipeline.stages.source import describe_files, run

MAP = """\
name: mine
file: mine.csv
variables:
  age: AGE
"""


@pytest.fixture
def paths(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Paths:
    paths = Paths(tmp_path)
    (tmp_path / "data" / "cohorts").mkdir(parents=True)
    paths.raw.mkdir()
    (paths.cohort_maps / "mine.yaml").write_text(MAP)
    monkeypatch.setenv("CALCIRISK_COHORTS", str(tmp_path / "elsewhere"))
    return paths


def _read(paths: Paths) -> dict[str, object]:
    content: dict[str, object] = json.loads((paths.source / "source.json").read_text())
    return content


def test_a_file_is_described_by_its_hash_and_not_by_where_it_lies(paths: Paths) -> None:
    params = replace(Params.load(), cohort="mine")
    (paths.raw / "mine.csv").write_text("AGE\n50\n")
    run(params, paths)
    before = _read(paths)
    assert before["sha256"] == hashlib.sha256(b"AGE\n50\n").hexdigest()
    (paths.root / "elsewhere").mkdir()
    (paths.raw / "mine.csv").rename(paths.root / "elsewhere" / "mine.csv")
    run(params, paths)
    assert _read(paths) == before


def _describe(paths: Paths) -> dict[str, object]:
    return describe_files(CohortMap.load("mine", paths.cohort_maps), paths.root)


def test_the_lesion_table_counts_too(paths: Paths) -> None:
    text = MAP + "patient_id: ID\nlesions: lesions.csv\n"
    (paths.cohort_maps / "mine.yaml").write_text(text)
    (paths.raw / "mine.csv").write_text("ID,AGE\n1,50\n")
    (paths.raw / "lesions.csv").write_text("patient_id\n1\n")
    before = _describe(paths)["sha256"]
    (paths.raw / "lesions.csv").write_text("patient_id\n2\n")
    assert _describe(paths)["sha256"] != before


def test_the_simulated_cohort_is_described_by_its_settings(paths: Paths) -> None:
    params = Params.load()
    run(params, paths)
    before = _read(paths)
    run(replace(params, seed=params.seed + 1), paths)
    assert before["simulated"] is True
    assert _read(paths)["sha256"] != before["sha256"]


def test_a_missing_file_or_map_is_told_at_once(paths: Paths) -> None:
    with pytest.raises(CohortError, match=r"mine\.csv"):
        _describe(paths)
    with pytest.raises(MapError, match="did you mean 'mine'"):
        run(replace(Params.load(), cohort="mime"), paths)
