"""No refusal of the served model repeats what a patient's cells hold."""

from __future__ import annotations

import importlib
import json
import traceback
from typing import Any

import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

# Values so odd that they can come from nowhere but the patient's own row.
AGE, SECRET = 61.73195, "zq-secret-zq"
SOUND = {"age": [AGE, 70.0], "sex": ["male", "female"]}
REFUSED: dict[str, pd.DataFrame] = {
    "a number out of range": pd.DataFrame({**SOUND, "cac_agatston": [-9183.25, 1.0]}),
    "text where a number should be": pd.DataFrame({**SOUND, "ldl_cholesterol": [SECRET, "2"]}),
    "an unknown code": pd.DataFrame({**SOUND, "smoking_status": [SECRET, "never"]}),
    "a boolean of 9183.25": pd.DataFrame({**SOUND, "diabetes": [9183.25, 1.0]}),
    "a list in a cell": pd.DataFrame({**SOUND, "diabetes": [[9183.25], 1.0]}),
    "a dict in a cell": pd.DataFrame({**SOUND, "diabetes": [{SECRET: 9183.25}, 1.0]}),
    "a column twice": pd.DataFrame(
        [[AGE, 50.0, SECRET], [70.0, 51.0, "x"]], columns=["age", "age", "sex"]
    ),
    "no known column": pd.DataFrame({"jahre": [AGE, 70.0], "name": [SECRET, "x"]}),
}


@pytest.fixture(scope="module")
def loaded(logged_model: str) -> Any:
    import mlflow

    return mlflow.pyfunc.load_model(logged_model)


@pytest.fixture(scope="module")
def refusal(loaded: Any) -> type[Exception]:
    """CohortError of the code that the model carries: not the one of this process."""
    package = loaded.metadata.metadata["package"]
    error: type[Exception] = importlib.import_module(f"{package}.features.errors").CohortError
    return error


def assert_silent(told: str) -> None:
    for value in (str(AGE), SECRET, "9183.25"):
        assert value not in told, told


@pytest.mark.parametrize("case", REFUSED)
def test_predict_refuses_without_a_value(loaded: Any, refusal: type[Exception], case: str) -> None:
    with pytest.raises(refusal) as caught:
        loaded.predict(REFUSED[case])
    assert_silent("".join(traceback.format_exception(caught.value)))


@pytest.mark.parametrize("case", REFUSED)
def test_the_server_refuses_without_a_value(loaded: Any, case: str) -> None:
    frame = REFUSED[case]
    split = {"columns": list(frame), "data": frame.to_numpy(dtype=object).tolist()}
    status, answer = ask({"dataframe_split": split}, loaded)
    assert status == 400
    assert "CohortError" in answer
    assert_silent(answer)


@pytest.mark.parametrize("form", ["instances", "inputs"])
def test_the_server_refuses_loose_columns_whose_rows_could_be_mixed_up(
    loaded: Any, form: str
) -> None:
    # read as columns these two would become one patient: age of the first, sex of the second
    patients = [{"age": AGE}, {"sex": "male"}]
    status, answer = ask({form: patients}, loaded)
    assert status == 400
    assert "dataframe_split or dataframe_records" in answer
    assert_silent(answer)


def test_the_server_takes_both_forms_of_a_table(loaded: Any) -> None:
    frame = pd.DataFrame({"age": [50, 70], "sex": ["male", None], "diabetes": [True, None]})
    split = {"dataframe_split": frame.to_dict(orient="split", index=False)}
    records = {"dataframe_records": frame.to_dict(orient="records")}
    expected = loaded.predict(frame)["risk_10y"].tolist()
    for patients in (split, records):
        status, answer = ask({**patients, "params": {"horizons": [10]}}, loaded)
        assert status == 200, answer
        assert [one["risk_10y"] for one in json.loads(answer)["predictions"]] == expected


cells = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(),
    st.text(max_size=5),
    st.lists(st.integers(), max_size=2),
)


sent = st.lists(
    st.fixed_dictionaries(
        {}, optional=dict.fromkeys(("age", "sex", "diabetes", "cac_agatston", "x"), cells)
    ),
    max_size=4,
)
LONG = settings(
    max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)


@settings(LONG, max_examples=25)
@given(sent)
def test_whatever_is_sent_each_patient_is_scored_or_all_are_refused(
    loaded: Any, refusal: type[Exception], patients: list[dict[str, object]]
) -> None:
    score_or_refuse(loaded, refusal, patients)


@pytest.mark.slow
@LONG
@given(sent)
def test_whatever_a_hundred_clients_send_is_scored_or_refused(
    loaded: Any, refusal: type[Exception], patients: list[dict[str, object]]
) -> None:
    score_or_refuse(loaded, refusal, patients)


def score_or_refuse(
    loaded: Any, refusal: type[Exception], patients: list[dict[str, object]]
) -> None:
    frame = pd.DataFrame(patients)
    try:
        scored = loaded.predict(frame)
    except refusal as error:
        assert str(error)
    else:
        assert len(scored) == len(frame)
        assert scored["risk_10y"].between(0, 1).all()


def ask(payload: dict[str, object], model: Any) -> tuple[int, str]:
    """Status and answer of MLflow's scoring server, by the function that its route calls."""
    from mlflow.exceptions import MlflowException
    from mlflow.pyfunc.scoring_server import invocations

    try:
        answer = invocations(json.dumps(payload).encode(), "application/json", model, None)
    except MlflowException as error:
        return error.get_http_status_code(), error.serialize_as_json()
    return answer.status, answer.response
