from __future__ import annotations

import json
import warnings
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from models.scorer import Scorer
from models.serving.pyfunc import pin_requirements


@pytest.fixture(scope="session")
def loaded(logged_model: str) -> Any:
    import mlflow

    return mlflow.pyfunc.load_model(logged_model)


def test_the_served_model_gives_the_scorers_numbers(
    loaded: Any, model_folder: Path, drawn_covariates: pd.DataFrame
) -> None:
    expected = Scorer.load(model_folder).score(drawn_covariates, [3, 10], n_reasons=2)
    served = loaded.predict(drawn_covariates, params={"horizons": [3, 10], "n_reasons": 2})
    pd.testing.assert_frame_equal(served, expected, rtol=0, atol=1e-12)


def test_without_params_it_gives_the_horizons_trained_for_and_no_reasons(
    loaded: Any, drawn_covariates: pd.DataFrame
) -> None:
    served = loaded.predict(drawn_covariates.iloc[:2])
    risks = [f"risk_{h}y{end}" for h in (5, 10) for end in ("", "_low", "_high")]
    assert list(served) == [*risks, "missing_inputs", "outside_training"]
    assert list(loaded.metadata.get_output_schema().input_names()) == list(served)


def test_an_absent_column_says_nothing_of_the_patients_and_gives_the_scorers_numbers(
    loaded: Any, drawn_covariates: pd.DataFrame, model_folder: Path
) -> None:
    frame = drawn_covariates.iloc[:20].drop(columns="ldl_cholesterol")
    expected = Scorer.load(model_folder).score(frame, n_reasons=0)
    pd.testing.assert_frame_equal(loaded.predict(frame)[["risk_10y"]], expected[["risk_10y"]])


AGES = [50, 70]
DIABETES = [False, True]


@pytest.mark.parametrize(
    ("age", "diabetes"),
    [
        (pd.Series(AGES, dtype="int64"), pd.Series(DIABETES)),
        (pd.Series(AGES, dtype="int8"), pd.Series(DIABETES, dtype="uint8")),
        (pd.Series(AGES, dtype="float32"), pd.Series(DIABETES, dtype="float32")),
        (pd.Series(AGES, dtype="Int64"), pd.Series(DIABETES, dtype="boolean")),
        (pd.Series(AGES, dtype="int64[pyarrow]"), pd.Series(DIABETES, dtype="bool[pyarrow]")),
        (pd.Series(AGES, dtype=object), pd.Series(DIABETES, dtype=object)),
        (pd.Series([Decimal(age) for age in AGES]), pd.Series(["no", "yes"])),
        (pd.Series([str(age) for age in AGES]), pd.Series(["false", "true"])),
    ],
    ids=lambda column: str(column.dtype),
)
def test_every_type_of_column_is_taken(loaded: Any, age: pd.Series, diabetes: pd.Series) -> None:
    sex = pd.Series(["male", "female"])
    plain = pd.DataFrame({"age": [50.0, 70.0], "diabetes": [0.0, 1.0], "sex": sex})
    typed = pd.DataFrame({"age": age, "diabetes": diabetes, "sex": sex.astype("category")})
    pd.testing.assert_frame_equal(loaded.predict(typed), loaded.predict(plain))


@pytest.mark.parametrize("dtype", ["float64", "object", "Int64", "boolean", "str", "bool[pyarrow]"])
def test_a_column_all_missing_is_taken_in_every_type(loaded: Any, dtype: str) -> None:
    for name in ("diabetes", "age", "sex"):
        known = pd.DataFrame({"cac_agatston": [0.0, 300.0]})
        missing = known.assign(**{name: pd.Series([None, None], dtype=dtype)})
        plain = known.assign(**{name: np.nan})
        pd.testing.assert_frame_equal(loaded.predict(missing), loaded.predict(plain))


def test_mlflow_checks_no_input_and_the_metadata_describe_every_one(
    loaded: Any, model_folder: Path
) -> None:
    dictionary = Scorer.load(model_folder).dictionary
    assert loaded.metadata.get_input_schema() is None
    described = loaded.metadata.metadata["inputs"]
    assert sorted(described) == sorted(dictionary)
    assert described["sex"] == "female or male"
    assert described["diabetes"] == "0 or 1"
    age = dictionary["age"]
    assert described["age"] == f"{age.low:g} to {age.high:g} years"


def test_columns_that_are_not_variables_are_ignored_and_named_once(
    loaded: Any, caplog: pytest.LogCaptureFixture
) -> None:
    patients = pd.DataFrame({"age": [50.0], "ward": ["B"], "Bed": [51.0]})
    with caplog.at_level("WARNING"):
        scored = [loaded.predict(patients) for _ in range(2)]
    pd.testing.assert_frame_equal(scored[0], loaded.predict(patients[["age"]]))
    told = [record.getMessage() for record in caplog.records if "ignored" in record.getMessage()]
    assert told == ["Columns ignored, not in the dictionary: Bed, ward"]


def test_a_client_that_invents_columns_for_ever_fills_neither_memory_nor_log(
    model_folder: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # MLflow would rather have types than look at them itself
        from models.serving.served_model import ServedModel

    served = ServedModel()
    served._scorer = Scorer.load(model_folder)
    context: Any = None
    with caplog.at_level("WARNING"):
        for first in range(0, 1000, 100):
            foreign = {f"{number}{'x' * 100_000}": [1.0] for number in range(first, first + 100)}
            served.predict(context, pd.DataFrame({"age": [50.0], **foreign}))
    said = "".join(record.getMessage() for record in caplog.records)
    assert said.count("x,") + len(caplog.records) == 200
    assert sum(len(name) for name in served._foreign.named) + len(said) < 50_000


def test_nobody_is_scored_from_columns_of_which_none_is_known(loaded: Any) -> None:
    with pytest.raises(Exception, match="none of the columns is a variable"):
        loaded.predict(pd.DataFrame({"0": [50.0], "1": ["male"]}))


def test_nothing_logged_is_pickled_and_requirements_are_pinned(served_folder: Path) -> None:
    names = [path.name for path in served_folder.rglob("*") if path.is_file()]
    assert not [name for name in names if name.endswith((".pkl", ".pickle", ".joblib"))]
    required = (served_folder / "requirements.txt").read_text().split()
    assert required == pin_requirements()
    assert all("==" in line for line in required)


def test_the_input_example_can_be_scored(served_folder: Path, loaded: Any) -> None:
    example = json.loads((served_folder / "serving_input_example.json").read_text())
    frame = pd.DataFrame(**example["dataframe_split"])
    assert len(loaded.predict(frame)) == 1
