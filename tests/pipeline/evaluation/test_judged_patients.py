from __future__ import annotations

import numpy as np
import pandas as pd

from features.endpoint import Endpoint
from models.evaluation.performance import EvaluationResult
from pipeline.evaluation.evaluation import Evaluation
from pipeline.evaluation.judged_patients import describe_judged, say_left_out, tell_in_tens


def _endpoint(n: int) -> Endpoint:
    return Endpoint(np.full(n, 5.0), (np.arange(n) % 3).astype(np.int8))


def test_who_was_left_out_is_told_of_every_evaluation_with_the_reason() -> None:
    planned = {"held_out": 176, "cross_validation": 700}
    judged = {"held_out": _endpoint(164), "cross_validation": _endpoint(666)}
    about = describe_judged(planned, judged)
    assert about["judged"]["held_out"] == {
        "patients": "160",
        "of": 176,
        "events": "60",
        "competing_events": "50",
    }
    held_out, validated = about["not_judged"]
    assert held_out.startswith("About 10 of 176 held-out patients are not judged: from their entry")
    assert validated.startswith("About 30 of 700 cross-validated patients are not judged")


def test_where_all_are_judged_nothing_is_told_and_events_are_exact() -> None:
    about = describe_judged({"held_out": 30}, {"held_out": _endpoint(30)})
    assert about["not_judged"] == []
    assert about["judged"]["held_out"]["events"] == 10


def test_a_small_number_of_patients_left_out_is_not_told() -> None:
    (sentence,) = say_left_out("held_out", 3, 50)
    assert sentence.startswith("Fewer than 10 of 50 held-out patients are not judged")


def test_no_count_of_those_judged_gives_the_few_who_are_not() -> None:
    counted = pd.DataFrame({"n": [287], "events": [59], "estimate": [0.5]})
    result = EvaluationResult(counted, counted, counted, pd.DataFrame())
    done = {"held_out": Evaluation(pd.DataFrame(), _endpoint(287), (10.0,), {}, result=result)}
    steps = counted.assign(evaluation="cross_validation")
    tables = {"incremental": steps, "incidence": counted.drop(columns="events")}
    told, others = tell_in_tens({"held_out": 290}, done, tables)
    for table in (told["held_out"].result.metrics, told["held_out"].result.groups):
        # events are rounded down: no gate on their number is passed by rounding
        assert table[["n", "events"]].to_numpy().tolist() == [[290, 50]]
    assert others["incidence"]["n"].tolist() == [290]
    assert others["incremental"]["n"].tolist() == [287]
    same, _ = tell_in_tens({"held_out": 287}, done, tables)
    assert same["held_out"].result.metrics["n"].tolist() == [287]
