from __future__ import annotations

import json
import os
from dataclasses import replace

import pandas as pd
import pytest

from features.errors import CohortError, ConfigError
from features.intake.rows import REPEATED
from pipeline.scoring import batch as part
from pipeline.scoring.account.job_summary import ScoreSummary
from pipeline.scoring.batch import score_batch
from pipeline.scoring.columns import ONLY_CERTAIN
from pipeline.scoring.job import score_stream
from pipeline.scoring.kept.work_folder import WorkFolder
from pipeline.scoring.request import ScoreRequest
from pipeline.scoring.risk_rules import ScoringRules
from pipeline.settings.params import Paths
from tests.pipeline.scoring.conftest import BATCH_ROWS, written


def fail_at(monkeypatch: pytest.MonkeyPatch, batch: int, error: Exception) -> None:
    """Whoever scores this batch dies of the error."""
    honest = score_batch

    def fail(rows: pd.DataFrame, rules: ScoringRules) -> tuple[pd.DataFrame, pd.DataFrame]:
        if rows.index[0] == 1 + BATCH_ROWS * batch:
            raise error
        return honest(rows, rules)

    monkeypatch.setattr(part, "score_batch", fail)


def test_every_row_is_in_exactly_one_of_scores_and_rejects(
    request_: ScoreRequest, paths: Paths, patients: pd.DataFrame
) -> None:
    summary = score_stream(request_, paths)
    scored, rejects = pd.read_csv(request_.out), pd.read_csv(request_.rejects)
    assert (summary.n_rows, summary.n_scored, summary.n_rejected) == (400, 393, 7)
    broken = [4, 8, 12, 21, 22, 351, 391]
    assert rejects["row"].tolist() == broken
    kept = patients.drop([row - 1 for row in broken])
    assert scored["patient_id"].tolist() == kept["patient_id"].tolist()
    assert scored["ward"].tolist() == kept["ward"].tolist()


def test_all_rows_of_a_repeated_identifier_are_rejected_across_batches(
    request_: ScoreRequest, paths: Paths
) -> None:
    score_stream(request_, paths)
    rejects = pd.read_csv(request_.rejects).set_index("row")
    assert rejects.loc[[12, 351], "patient_id"].tolist() == ["twice", "twice"]
    assert set(rejects.loc[[12, 21, 22, 351], "rule"]) == {REPEATED}
    assert rejects.loc[391, "rule"] == f"age outside 18 to 110 years; {REPEATED}"


def test_a_patient_is_found_again_among_identifiers_of_another_length(
    request_: ScoreRequest, paths: Paths
) -> None:
    table = pd.read_parquet(request_.file)
    identifiers = table["patient_id"].tolist()
    longer = [f"{identifier}-of-a-much-longer-name" for identifier in identifiers[100:]]
    table["patient_id"] = [*identifiers[:100], *longer]
    table.loc[200, "patient_id"] = identifiers[50]
    table.to_parquet(request_.file, index=False)
    score_stream(request_, paths)
    rejects = pd.read_csv(request_.rejects).set_index("row")
    assert rejects.loc[[51, 201], "rule"].tolist() == [REPEATED, REPEATED]


@pytest.mark.parametrize("ending", [".csv", ".parquet"])
def test_a_job_that_breaks_off_goes_on_to_the_same_bytes(
    request_: ScoreRequest, paths: Paths, monkeypatch: pytest.MonkeyPatch, ending: str
) -> None:
    asked = replace(request_, out=request_.out.with_suffix(ending))
    score_stream(asked, paths)
    expected = written(asked)
    with monkeypatch.context() as patch:
        fail_at(patch, 4, MemoryError("no room"))
        with pytest.raises(MemoryError):
            score_stream(replace(asked, overwrite=True), paths)
    assert set(written_names(asked)) > set(expected)
    score_stream(replace(asked, resume=True, overwrite=False), paths)
    assert written(asked) == expected


def written_names(request: ScoreRequest) -> list[str]:
    return [path.name for path in request.out.parent.iterdir()]


def test_going_on_does_not_score_again_what_is_finished(
    request_: ScoreRequest, paths: Paths, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patch:
        fail_at(patch, 4, MemoryError())
        with pytest.raises(MemoryError):
            score_stream(request_, paths)
    fail_at(monkeypatch, 2, AssertionError("scored again"))
    score_stream(replace(request_, resume=True), paths)


def test_an_unfinished_job_is_neither_lost_nor_mixed_with_another(
    request_: ScoreRequest, paths: Paths, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patch:
        fail_at(patch, 4, MemoryError())
        with pytest.raises(MemoryError):
            score_stream(request_, paths)
    with pytest.raises(ConfigError, match="was begun and not finished"):
        score_stream(request_, paths)
    with pytest.raises(ConfigError, match="settings changed since"):
        score_stream(replace(request_, resume=True, intervals=False), paths)
    table = pd.read_parquet(request_.file)
    table.loc[0, "age"] = 50.0
    table.to_parquet(request_.file, index=False)
    with pytest.raises(ConfigError, match="input changed since"):
        score_stream(replace(request_, resume=True), paths)
    score_stream(replace(request_, overwrite=True), paths)
    assert len(pd.read_csv(request_.out)) == 393


def test_to_resume_where_nothing_was_begun_is_to_begin(
    request_: ScoreRequest, paths: Paths
) -> None:
    score_stream(replace(request_, resume=True), paths)
    assert request_.out.is_file()
    with pytest.raises(ConfigError, match="exists"):
        score_stream(replace(request_, resume=True), paths)


def test_a_second_job_to_the_same_output_is_refused_and_disturbs_nothing(
    request_: ScoreRequest, paths: Paths
) -> None:
    first = WorkFolder.acquire(request_.out)
    first.begin({"fingerprint": "another"})
    before = {path: path.read_bytes() for path in first.path.iterdir()}
    with pytest.raises(ConfigError, match=f"another job .process {os.getpid()}"):
        score_stream(replace(request_, overwrite=True), paths)
    assert {path: path.read_bytes() for path in first.path.iterdir()} == before
    first.close()
    score_stream(replace(request_, overwrite=True), paths)
    assert request_.out.is_file()


def test_the_schema_names_every_column_in_its_order(request_: ScoreRequest, paths: Paths) -> None:
    asked = replace(request_, n_reasons=2, points="column")
    score_stream(asked, paths)
    schema = json.loads(asked.schema.read_text())
    columns = list(pd.read_csv(asked.out))
    assert [column["name"] for column in schema["columns"]] == columns
    assert all(column["meaning"] for column in schema["columns"])
    assert columns[-4:] == ["model", "version", "digest", "run_id"]


def test_schema_and_summary_say_when_a_row_has_no_reason(
    request_: ScoreRequest, paths: Paths
) -> None:
    asked = replace(request_, n_reasons=1)
    summary = score_stream(asked, paths)
    schema = json.loads(asked.schema.read_text())
    (reason,) = (one for one in schema["columns"] if one["name"] == "reason_1")
    assert f"only {ONLY_CERTAIN}; empty where there is none" in reason["meaning"]
    unreasoned = pd.read_csv(asked.out, keep_default_na=False)["reason_1"].eq("").sum()
    assert isinstance(summary, ScoreSummary)
    assert summary.n_unreasoned == unreasoned
    many = replace(summary, n_unreasoned=summary.n_scored)
    assert f"393 of 393 rows have no reason: only {ONLY_CERTAIN}" in many.describe()
    assert "no reason" not in replace(summary, n_unreasoned=0).describe()


def test_the_same_job_has_the_same_run_and_another_has_another(
    request_: ScoreRequest, paths: Paths
) -> None:
    def run_id(asked: ScoreRequest) -> str:
        score_stream(replace(asked, overwrite=True), paths)
        return str(pd.read_csv(asked.out, dtype="str")["run_id"].unique().item())

    first = run_id(request_)
    assert run_id(request_) == first
    assert run_id(replace(request_, horizons=(7.0,))) != first
    assert run_id(replace(request_, run_id="night-7")) == "night-7"


def test_parquet_and_csv_hold_the_same(request_: ScoreRequest, paths: Paths) -> None:
    binary = replace(request_, out=request_.out.with_name("binary.parquet"), run_id="one")
    score_stream(binary, paths)
    score_stream(replace(request_, run_id="one"), paths)
    stored = pd.read_parquet(binary.out)
    text = pd.read_csv(request_.out, keep_default_na=False)
    assert stored["risk_10y"].tolist() == text["risk_10y"].tolist()
    for name in ("patient_id", "risk_category", "ward", "outside_training"):
        assert stored[name].tolist() == text[name].tolist()


def test_a_hopeless_source_is_refused_before_anything_is_written(
    request_: ScoreRequest, paths: Paths
) -> None:
    pd.read_parquet(request_.file).assign(sex="7").to_parquet(request_.file, index=False)
    with pytest.raises(CohortError, match="that the map does not know"):
        score_stream(request_, paths)
    assert not request_.out.parent.exists()


def test_the_summary_tells_how_risk_is_spread_but_of_no_small_group(
    request_: ScoreRequest, paths: Paths
) -> None:
    told = score_stream(request_, paths).describe()
    assert "393 of 400 rows scored" in told
    assert "7 rejected" in told
    assert "half below" in told
    assert "rows/s" in told
    few = pd.read_parquet(request_.file).head(19)
    few.to_parquet(request_.file, index=False)
    told = score_stream(replace(request_, overwrite=True), paths).describe()
    assert "categories" not in told
    assert "mean" not in told


def test_where_no_terminal_is_a_line_is_told_now_and_then(
    request_: ScoreRequest,
    paths: Paths,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    seconds = iter(range(0, 10_000, 7))
    monkeypatch.setattr(
        "pipeline.scoring.account.progress.time.monotonic", lambda: float(next(seconds))
    )
    score_stream(replace(request_, batch_rows=30), paths)
    lines = capsys.readouterr().err.splitlines()
    assert lines[0] == f"60 rows, 15 %, {60 / 14:.1f} rows/s"
    assert 1 < len(lines) < 5


def test_an_output_of_unknown_kind_is_refused_before_any_work(
    request_: ScoreRequest, paths: Paths
) -> None:
    asked = replace(request_, out=request_.out.with_suffix(".xlsx"), model="nowhere")
    with pytest.raises(ConfigError, match=r"one of .csv, .parquet, .pq, .ndjson, .json, by its"):
        score_stream(asked, paths)


def test_a_source_without_a_known_column_is_named_with_what_to_do(
    request_: ScoreRequest, paths: Paths
) -> None:
    pd.DataFrame({"Alter": [50], "Nr": ["a"]}).to_parquet(request_.file)
    asked = replace(request_, keep=())
    with pytest.raises(CohortError, match=r"new.parquet(.|\n)*none of its 2 columns.*--cohort"):
        score_stream(asked, paths)


def test_what_the_map_reads_and_the_source_lacks_is_told(
    request_: ScoreRequest, paths: Paths
) -> None:
    cohort_map = paths.root / "clinic.yaml"
    cohort_map.write_text(
        "name: clinic\nfile: new.parquet\npatient_id: PID\n"
        "variables: {age: age, bmi: {first_of: [bmi_1, bmi_2]}, ldl_cholesterol: ldl_cholesterol}\n"
        "endpoint: {title: x, unit: years, event: {column: e, time: t}, followup: f}\n"
    )
    told = score_stream(replace(request_, cohort=str(cohort_map)), paths).describe()
    assert "Columns of the map that are not there: PID, bmi_1, bmi_2" in told
    assert "No column names the patients: the output numbers their rows" in told
