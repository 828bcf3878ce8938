"""The engine spark beside the local one: the same rows, numbers, reasons, rejects and counts."""

from __future__ import annotations

import sys
from contextlib import nullcontext
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from features.errors import ConfigError
from models.compiled.compiled_predictor import CompiledPredictor
from pipeline.engines import spark_scoring
from pipeline.engines.spark_scoring import score_with_spark
from pipeline.engines.spark_session import spark_session
from pipeline.scoring import risk_rules
from pipeline.scoring.batch import make_part
from pipeline.scoring.job import score_stream
from pipeline.scoring.job_setup import Job
from pipeline.scoring.kept.work_folder import Finished, WorkFolder
from pipeline.scoring.request import ScoreRequest
from pipeline.scoring.workers import worker_pool as workers
from pipeline.settings.params import Paths


@pytest.fixture(scope="module")
def patients(drawn_covariates: pd.DataFrame) -> pd.DataFrame:
    """As hospitals deliver them: whole numbers, yes and no, gaps, impossible cells, repeats."""
    table = drawn_covariates.reset_index()
    table["ward"] = np.resize(["north", "south", "west"], len(table))
    table.loc[[5, 600], "ldl_cholesterol"] = -9183.25
    table.loc[5, "sex"] = "sekret"
    names = table["patient_id"].to_numpy(dtype=object).copy()
    names[700], names[701], names[20:22] = names[10], names[600], None
    table["patient_id"] = pd.Series(names, dtype="str")
    table["age"] = table["age"].astype("Int64")
    table["diabetes"] = table["diabetes"].astype("boolean")
    return table


@pytest.fixture(scope="module")
def source(patients: pd.DataFrame, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of eight files, partitioned by a column, with names that need escaping."""
    folder = tmp_path_factory.mktemp("source of patients") / "export 2026%"
    halves = np.array_split(np.arange(len(patients)), 8)
    for number, rows in enumerate(halves):
        part = folder / f"site=0{number % 2}" / f"part {number}.parquet"
        part.parent.mkdir(parents=True, exist_ok=True)
        patients.iloc[rows].to_parquet(part, row_group_size=30, index=False)
    return folder


@pytest.fixture
def wanted(source: Path, model_folder: Path, tmp_path: Path) -> ScoreRequest:
    return ScoreRequest(
        source, str(model_folder), tmp_path / "out" / "spark.parquet", keep=("ward", "site")
    )


def test_many_patients_are_scored_by_compiled_loops_and_no_process_here(
    wanted: ScoreRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    class StagedError(Exception):
        pass

    def stage(spark: Any, job: Job, folder: Path) -> None:
        assert isinstance(job.rules, risk_rules.ScoringRules)
        assert isinstance(job.rules.scorer.predictor, CompiledPredictor)
        raise StagedError

    for fewest in ("_FEWEST", "_FEWEST_EXPLAINED"):
        monkeypatch.setattr(workers, fewest, 0)
    for fewest in ("FEWEST", "FEWEST_EXPLAINED"):
        monkeypatch.setattr(risk_rules, fewest, 0)
    started = "multiprocessing.forkserver.ensure_running"
    monkeypatch.setattr(started, lambda: pytest.fail("none is needed"))
    monkeypatch.setattr(spark_scoring, "_stage", stage)
    monkeypatch.setattr(spark_scoring, "spark_session", lambda _: nullcontext())
    with pytest.raises(StagedError):
        score_with_spark(wanted, Paths(tmp_path))


@pytest.mark.slow
def test_both_engines_write_the_same_row_by_row(
    spark: Any, wanted: ScoreRequest, tmp_path: Path
) -> None:
    local = replace(wanted, out=tmp_path / "local" / "local.parquet")
    told = score_stream(local, Paths(tmp_path))
    summary = score_with_spark(wanted, Paths(tmp_path))
    expected = pd.read_parquet(local.out)
    scored = pd.read_parquet(wanted.out)
    # matrix products of batches cut elsewhere may differ in the last bit
    pd.testing.assert_frame_equal(scored, expected, rtol=0, atol=1e-12, check_dtype=False)
    assert wanted.rejects.read_bytes() == local.rejects.read_bytes()
    assert len(expected) == 800 - 1 - 1 - 2 - 1 - 2
    assert "sekret" not in wanted.rejects.read_text()
    counted = (
        "n_rows",
        "n_scored",
        "n_rejected",
        "missing",
        "why_rejected",
        "n_outside",
        "n_imputed",
    )
    for name in (*counted, "n_disagreeing", "distribution"):
        assert getattr(summary, name) == getattr(told, name), name
    assert sorted(path.name for path in wanted.out.parent.iterdir()) == [
        "spark.parquet",
        "spark.rejects.csv",
        "spark.schema.json",
    ]


@pytest.mark.slow
def test_rows_that_a_map_leaves_out_or_that_name_nobody_are_the_same_too(
    spark: Any, wanted: ScoreRequest, source: Path, tmp_path: Path
) -> None:
    cohort_map = tmp_path / "mine.yaml"
    cohort_map.write_text(
        "name: mine\nfile: x.parquet\n"
        "include:\n  - {column: age, at_least: 60, reason: 60 years or older}\n"
        "variables:\n  age: age\n  sex: sex\n  cac_agatston: cac_agatston\n"
    )
    by_map = replace(wanted, cohort=str(cohort_map), n_reasons=0, intervals=False, keep=())
    local = replace(by_map, out=tmp_path / "local.parquet")
    score_stream(local, Paths(tmp_path))
    score_with_spark(by_map, Paths(tmp_path))
    expected = pd.read_parquet(local.out)
    pd.testing.assert_frame_equal(
        pd.read_parquet(by_map.out), expected, rtol=0, atol=1e-12, check_dtype=False
    )
    assert by_map.rejects.read_bytes() == local.rejects.read_bytes()


@pytest.mark.slow
def test_a_job_that_fails_leaves_nothing_and_what_was_there_stays(
    spark: Any, wanted: ScoreRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    summary = score_with_spark(replace(wanted, n_reasons=0), Paths(tmp_path))
    before = pd.read_parquet(wanted.out)
    with pytest.raises(ConfigError, match="exists"):
        score_with_spark(wanted, Paths(tmp_path))

    def lose_a_row(*_: object) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr("pipeline.engines.spark_scoring._count", lose_a_row)
        with pytest.raises(ConfigError, match="No space left on device"):
            score_with_spark(replace(wanted, overwrite=True), Paths(tmp_path))
    pd.testing.assert_frame_equal(pd.read_parquet(wanted.out), before)
    assert len(list(wanted.out.parent.iterdir())) == 3
    again = score_with_spark(replace(wanted, n_reasons=0, overwrite=True), Paths(tmp_path))
    assert again.n_scored == summary.n_scored
    pd.testing.assert_frame_equal(pd.read_parquet(wanted.out), before)


def test_only_parquet_is_written_and_nothing_resumed(wanted: ScoreRequest, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"must end in \.parquet"):
        score_with_spark(replace(wanted, out=tmp_path / "risks.csv"), Paths(tmp_path))
    with pytest.raises(ConfigError, match="keeps nothing unfinished"):
        score_with_spark(replace(wanted, resume=True), Paths(tmp_path))


def test_a_job_begun_without_spark_is_not_thrown_away(wanted: ScoreRequest, tmp_path: Path) -> None:
    work = WorkFolder.acquire(wanted.out)
    work.begin({"fingerprint": {}})
    nobody = pd.DataFrame(index=pd.RangeIndex(0))
    work.add(Finished(0, 0, 0, 0, 0), make_part(nobody, nobody))
    with pytest.raises(ConfigError, match="is in use by another job"):
        score_with_spark(wanted, Paths(tmp_path))
    work.close()
    before = sorted(work.path.iterdir())
    with pytest.raises(ConfigError, match="begun without Spark and not finished"):
        score_with_spark(wanted, Paths(tmp_path))
    assert sorted(work.path.iterdir()) == before


def test_text_files_are_refused_before_spark_starts(
    wanted: ScoreRequest, drawn_covariates: pd.DataFrame, tmp_path: Path
) -> None:
    drawn_covariates.to_csv(tmp_path / "new.csv")
    with pytest.raises(ConfigError, match="reads Parquet"):
        score_with_spark(replace(wanted, file=tmp_path / "new.csv", keep=()), Paths(tmp_path))


def test_without_spark_a_person_is_told_how_to_get_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pyspark.sql", None)
    with pytest.raises(ConfigError, match="make spark"), spark_session(1000):
        pass


def test_without_java_a_person_is_told_how_to_get_it(monkeypatch: pytest.MonkeyPatch) -> None:
    sql = pytest.importorskip("pyspark.sql", reason="no Spark here: make spark")
    monkeypatch.setattr(sql.SparkSession, "getActiveSession", lambda: None)
    monkeypatch.setenv("PATH", "")
    monkeypatch.delenv("JAVA_HOME", raising=False)
    with pytest.raises(ConfigError, match="needs Java 17"), spark_session(1000):
        pass
