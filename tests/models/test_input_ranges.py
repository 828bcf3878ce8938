from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from features.derivation.columns import Columns
from features.dictionary.dictionary import Dictionary
from models.input_ranges import MINIMUM_RECORDED, InputRanges


def test_limits_are_outer_quantiles_rounded_outwards() -> None:
    ranges = InputRanges.fit(pd.DataFrame({"ldl_cholesterol": np.arange(1001) + 0.3}))
    # The 0.5 % quantile of 1001 equally spaced values lies 0.005 * 1000 steps from the first.
    low, high = 0.005 * 1000 + 0.3, 0.995 * 1000 + 0.3
    assert ranges.limits["ldl_cholesterol"] == (5.3, 996.0)
    assert low >= 5.3 and high <= 996.0


def test_too_few_recorded_values_leave_no_limits() -> None:
    few = pd.DataFrame({"age": np.linspace(40, 80, MINIMUM_RECORDED - 1)})
    assert InputRanges.fit(few).limits == {}


@pytest.mark.parametrize("shared", [0.0, 1.0])
def test_who_differs_from_what_all_share_is_outside(shared: float) -> None:
    """A registry of patients with a disease knows nothing of people without it."""
    frame = pd.DataFrame({"prior_cad": [shared] * 60, "age": [61.0] * 60})
    frame["hiv"] = [shared] * 29 + [np.nan] * 31  # of most nobody knows
    ranges = InputRanges.fit(frame)
    assert set(ranges.limits) == {"prior_cad"}
    new = pd.DataFrame({"prior_cad": [1.0 - shared, shared, np.nan], "hiv": [1.0 - shared] * 3})
    named = ranges.name_outside(new, {"prior_cad": "Known coronary disease"})
    assert named.tolist() == ["Known coronary disease", "", ""]
    assert InputRanges.fit(frame.head(9)).limits == {}


def test_what_too_few_had_to_be_learnt_is_outside() -> None:
    """Nothing tells their risk from that of the usual level: it must not pass in silence."""
    nyha = ["I"] * 51 + ["II"] * 30 + ["III"] * 10 + ["IV"] * 9 + [None] * 20
    frame = pd.DataFrame({"nyha": nyha, "gout": [1.0] * 9 + [0.0] * 111, "hdl": 50.0})
    frame["asthma"] = [1.0] * 10 + [0.0] * 110
    ranges = InputRanges.fit(frame)
    new = pd.DataFrame({"nyha": ["III", "IV", "V", None], "gout": [0.0, 1.0, np.nan, 0.0]})
    new["asthma"] = 1.0
    known = Dictionary.load()
    own = [replace(known["hiv"], name=name) for name in ("gout", "asthma")]
    own.append(replace(known["ckd_stage"], name="nyha", codes=("I", "II", "III", "IV")))
    dictionary = {**known, **{one.name: one for one in own}}
    labels = {"nyha": "NYHA", "gout": "Gout", "asthma": "Asthma"}
    for patients in (new, Columns(new, dictionary)):
        assert ranges.name_outside(patients, labels).tolist() == ["", "Gout; NYHA", "NYHA", ""]


def test_important_inputs_count_as_missing_when_absent_or_nan() -> None:
    ranges = InputRanges({}, ("age", "cac_agatston", "sex"))
    frame = pd.DataFrame({"age": [50, np.nan], "sex": ["male", None]})
    assert ranges.count_missing(frame).tolist() == [0 + 1, 2 + 1]


def test_an_input_that_is_worked_out_from_others_is_not_missing() -> None:
    ranges = InputRanges({}, ("cac_agatston", "ldl_cholesterol", "bmi"))
    vessels = {f"cac_agatston_{name}": [10.0, np.nan] for name in ("lm", "lad", "lcx", "rca")}
    frame = pd.DataFrame({**vessels, "height": [180.0, np.nan], "weight": [80.0, 80.0]})
    columns = Columns(frame, Dictionary.load())
    assert ranges.count_missing(columns).tolist() == [1, 3]
    assert ranges.name_missing(columns).tolist() == [
        "ldl_cholesterol",
        "cac_agatston; ldl_cholesterol; bmi",
    ]


def test_inputs_outside_are_named_by_label_without_their_values() -> None:
    ranges = InputRanges({"age": (40, 80), "bmi": (18, 40)}, ())
    frame = pd.DataFrame({"age": [39, 50, np.nan], "bmi": [41, 20, 17]})
    named = ranges.name_outside(frame, {"age": "Age", "bmi": "Body mass index"})
    assert named.tolist() == ["Age; Body mass index", "", "Body mass index"]


def test_ranges_survive_saving(tmp_path: Path) -> None:
    ranges = InputRanges({"age": (40, 80.5)}, ("age",), {"nyha": ("I", "II")}, ("age", "nyha"))
    ranges.save(tmp_path / "ranges.json")
    assert InputRanges.load(tmp_path / "ranges.json") == ranges


def test_an_input_that_most_training_patients_lack_is_not_missed() -> None:
    frame = pd.DataFrame({"age": [50.0] * 10, "apob": [90.0] * 4 + [np.nan] * 6})
    assert InputRanges.fit(frame, ["age", "apob"]).important == ("age",)
    assert InputRanges.fit(frame, ["age", "sex"]).important == ("age",)


def test_what_all_lack_is_told_apart_from_what_some_lack() -> None:
    ranges = InputRanges({}, ("age", "bmi", "apob", "lpa"))
    tally = ranges.tally_missing()
    nan = np.nan
    tally.add(pd.DataFrame({"age": [50.0, 60.0, nan], "bmi": [nan, 25.0, nan], "lpa": [nan] * 3}))
    tally.add(pd.DataFrame({"age": [50.0], "bmi": [nan], "apob": [nan]}))
    # three lack the body mass index, of whom one lacks the age too; nobody has apob or lpa
    labels = {"age": "Age", "bmi": "BMI", "apob": "ApoB", "lpa": "Lp(a)"}
    assert tally.describe(labels) == (
        "all lack ApoB; Lp(a), and 3 of 4 lack others, most often BMI (3); Age (1)"
    )


def test_where_nothing_is_missing_that_is_said() -> None:
    tally = InputRanges({}, ("age",)).tally_missing()
    assert tally.describe({"age": "Age"}) == "none is missing"
    tally.add(pd.DataFrame({"age": [50.0]}))
    assert tally.describe({"age": "Age"}) == "none is missing"


def test_of_many_inputs_only_the_three_missed_most_are_named() -> None:
    ranges = InputRanges({}, ("a", "b", "c", "d"))
    tally = ranges.tally_missing()
    frame = pd.DataFrame(1.0, index=range(10), columns=list("abcd"))
    for position, name in enumerate("abcd"):
        frame.loc[: position + 1, name] = np.nan
    tally.add(frame)
    told = tally.describe({name: name.upper() for name in "abcd"})
    assert told == "5 of 10 lack some, most often D (5); C (4); B (3)"


def test_each_patient_is_told_what_is_missing_among_any_number_of_inputs() -> None:
    inputs = [f"v{number}" for number in range(150)]
    ranges = InputRanges({}, tuple(inputs))
    rng = np.random.default_rng(0)
    rows = rng.random((40, 150)) < 0.3
    rows[[3, 17]] = False
    rows[20] = rows[5]
    frame = pd.DataFrame(np.where(rows, np.nan, 1.0), columns=inputs)
    named = ranges.name_missing(frame)
    assert named.tolist() == ["; ".join(np.array(inputs)[row]) for row in rows]
    assert len(named.categories) == 38
    assert ranges.name_missing(frame[:0]).tolist() == []
    tally = ranges.tally_missing()
    tally.add(frame[:9])
    tally.add(frame[9:])
    assert tally.by_input == dict(zip(inputs, rows.sum(axis=0).tolist(), strict=True))


def test_where_no_input_is_important_none_is_missing() -> None:
    frame = pd.DataFrame({"age": [np.nan, 50.0]})
    assert InputRanges({}, ()).name_missing(frame).tolist() == ["", ""]
