from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pandas as pd
import pytest

from features.errors import CohortError, ConfigError, HorizonError, ModelError
from models.scorer import Scorer
from pipeline.scoring.job import score_stream
from pipeline.scoring.request import ScoreRequest
from pipeline.settings.params import Paths


@pytest.fixture
def request_(drawn_covariates: pd.DataFrame, model_folder: Path, tmp_path: Path) -> ScoreRequest:
    drawn_covariates.head(50).to_csv(tmp_path / "new.csv")
    return ScoreRequest(tmp_path / "new.csv", str(model_folder), tmp_path / "out" / "risks.csv")


@pytest.fixture
def paths(tmp_path: Path) -> Paths:
    return Paths(tmp_path)


def test_a_file_of_dictionary_names_needs_no_map_and_gets_the_scorers_numbers(
    request_: ScoreRequest, paths: Paths, drawn_covariates: pd.DataFrame
) -> None:
    score_stream(request_, paths)
    written = pd.read_csv(request_.out, index_col="patient_id")
    scorer = Scorer.load(Path(request_.model))
    expected = scorer.score(drawn_covariates.head(50))
    assert list(written.index) == list(expected.index)
    assert written["risk_10y"].tolist() == expected["risk_10y"].tolist()
    assert written["reason_1"].fillna("").tolist() == expected["reason_1"].tolist()
    assert set(written["digest"]) == {scorer.about.digest}


def test_every_row_is_scored_or_rejected_exactly_once(request_: ScoreRequest, paths: Paths) -> None:
    table = pd.read_csv(request_.file, dtype="str")
    table.loc[3, "age"] = "-4"
    table.loc[3, "sex"] = "sekret"
    table.loc[7, "ldl_cholesterol"] = "many"
    table.to_csv(request_.file, index=False)
    summary = score_stream(request_, paths)
    assert (summary.n_rows, summary.n_scored, summary.n_rejected) == (50, 48, 2)
    rejects = pd.read_csv(summary.rejects)
    # Row 1 is the header, so position 3 is row 5.
    assert rejects["row"].tolist() == [5, 9]
    assert rejects["column"].tolist() == ["age; sex", "ldl_cholesterol"]
    assert "sekret" not in summary.rejects.read_text()
    scored = pd.read_csv(summary.out)["patient_id"].tolist()
    assert scored == table["patient_id"].drop([3, 7]).tolist()


def test_rows_that_a_map_leaves_out_are_listed(request_: ScoreRequest, paths: Paths) -> None:
    cohort_map = Path(request_.file).with_name("mine.yaml")
    cohort_map.write_text(
        "name: mine\nfile: new.csv\npatient_id: patient_id\n"
        "include:\n  - {column: age, at_least: 60, reason: 60 years or older}\n"
        "variables:\n  age: {column: age, unit: years}\n  sex: sex\n"
    )
    summary = score_stream(replace(request_, cohort=str(cohort_map)), paths)
    assert summary.n_rejected > 0
    assert summary.n_scored + summary.n_rejected == 50
    assert pd.read_csv(summary.rejects)["rule"].str.contains("rules of inclusion").all()


def test_calcium_is_read_from_a_table_of_lesions_where_the_map_says_how(
    request_: ScoreRequest, paths: Paths
) -> None:
    Path(request_.file).write_text("patient_id,age,sex\na,60,male\nb,60,male\n")
    lesions = Path(request_.file).with_name("lesions.csv")
    lesions.write_text("patient_id,lesion,vessel,agatston,volume\na,1,lad,300,250\n")
    cohort_map = Path(request_.file).with_name("mine.yaml")
    cohort_map.write_text(
        "name: mine\nfile: new.csv\npatient_id: patient_id\n"
        "variables:\n  age: {column: age, unit: years}\n  sex: sex\n"
        "lesions:\n  file: lesions.csv\n"
    )
    asked = replace(request_, cohort=str(cohort_map), overwrite=True)
    blind = score_stream(asked, paths)
    assert "table of lesions; none was given" in blind.describe()
    assert pd.read_csv(blind.out)["risk_10y"].nunique() == 1
    seeing = score_stream(replace(asked, lesions=lesions), paths)
    assert "lesions" not in seeing.describe()
    first, second = pd.read_csv(seeing.out)["risk_10y"]
    assert first > second


def test_a_file_in_which_every_row_is_bad_gives_an_empty_table_and_all_rejects(
    request_: ScoreRequest, paths: Paths
) -> None:
    Path(request_.file).write_text("patient_id,age,sex\na,-1,male\nb,70,king\n")
    summary = score_stream(request_, paths)
    assert (summary.n_scored, summary.n_rejected) == (0, 2)
    assert list(pd.read_csv(summary.out))[:3] == ["patient_id", "risk_5y", "risk_5y_low"]


def test_one_patient_is_scored_and_the_summary_does_not_tell_the_risk(
    request_: ScoreRequest, paths: Paths
) -> None:
    Path(request_.file).write_text("patient_id,age,sex,cac_agatston\n007,61,male,120\n")
    summary = score_stream(request_, paths)
    assert pd.read_csv(summary.out, dtype="str")["patient_id"].tolist() == ["007"]
    assert "mean" not in summary.describe()
    assert "1 of 1 rows scored" in summary.describe()


def test_an_existing_output_is_replaced_only_when_asked(
    request_: ScoreRequest, paths: Paths
) -> None:
    score_stream(request_, paths)
    first = request_.out.read_bytes()
    with pytest.raises(ConfigError, match="--overwrite"):
        score_stream(request_, paths)
    score_stream(replace(request_, overwrite=True), paths)
    assert request_.out.read_bytes() == first
    assert sorted(path.name for path in request_.out.parent.iterdir()) == [
        "risks.csv",
        "risks.rejects.csv",
        "risks.schema.json",
    ]


def test_what_cannot_be_scored_leaves_no_output(request_: ScoreRequest, paths: Paths) -> None:
    with pytest.raises(HorizonError):
        score_stream(replace(request_, horizons=(99.0,)), paths)
    with pytest.raises(ModelError):
        score_stream(replace(request_, model=str(request_.file)), paths)
    Path(request_.file).write_text("nothing,known\n1,2\n")
    with pytest.raises(CohortError):
        score_stream(request_, paths)
    assert not request_.out.parent.exists()


def test_columns_that_play_no_part_are_named(request_: ScoreRequest, paths: Paths) -> None:
    table = pd.read_csv(request_.file, dtype="str").rename(columns={"cac_agatston": "CAC"})
    table.to_csv(request_.file, index=False)
    assert "Columns not used: CAC" in score_stream(request_, paths).describe()


def test_a_column_whose_only_value_is_of_a_reject_is_not_said_to_have_none(
    request_: ScoreRequest, paths: Paths
) -> None:
    table = pd.read_csv(request_.file, dtype="str").assign(ldl_cholesterol=None)
    table.loc[5, ["age", "ldl_cholesterol"]] = ["-4", "130"]
    table.to_csv(request_.file, index=False)
    (said,) = [one for one in score_stream(request_, paths).describe().splitlines() if "gap" in one]
    assert said.startswith("Columns without a single value in the rows scored: ")
    assert "LDL cholesterol" in said


def test_what_is_read_and_not_learnt_is_named(request_: ScoreRequest, paths: Paths) -> None:
    table = pd.read_csv(request_.file, dtype="str")
    table.assign(hiv="1", tube_voltage="120", statin_drug="").to_csv(request_.file, index=False)
    summary = score_stream(request_, paths)
    assert {"HIV infection", "Tube voltage"} <= set(summary.unlearnt)
    assert "Age" not in summary.unlearnt
    (said,) = [line for line in summary.describe().splitlines() if "no risk depends" in line]
    assert "HIV infection" in said and "Tube voltage" in said


def test_names_of_the_dictionary_may_be_in_capitals(request_: ScoreRequest, paths: Paths) -> None:
    request_ = replace(request_, run_id="night")
    score_stream(request_, paths)
    expected = request_.out.read_bytes()
    file = Path(request_.file)
    pd.read_csv(file, dtype="str").rename(columns=str.upper).to_csv(file, index=False)
    summary = score_stream(replace(request_, overwrite=True), paths)
    assert summary.unused == ()
    assert request_.out.read_bytes() == expected


def test_where_nothing_can_be_written_nothing_is_left(request_: ScoreRequest, paths: Paths) -> None:
    request_.out.mkdir(parents=True)
    with pytest.raises(ConfigError, match="is a folder"):
        score_stream(replace(request_, overwrite=True), paths)
    with pytest.raises(ConfigError, match="cannot be written"):
        score_stream(replace(request_, out=Path(request_.file) / "risks.csv"), paths)
    assert list(request_.out.parent.rglob("*")) == [request_.out]
