from __future__ import annotations

import numpy as np

from features.endpoint import Endpoint
from pipeline.evaluation.judged_patients import describe_judged, say_left_out


def _endpoint(n: int) -> Endpoint:
    return Endpoint(np.full(n, 5.0), (np.arange(n) % 3).astype(np.int8))


def test_who_was_left_out_is_told_of_every_evaluation_with_the_reason() -> None:
    planned = {"held_out": 176, "cross_validation": 700}
    judged = {"held_out": _endpoint(164), "cross_validation": _endpoint(666)}
    about = describe_judged(planned, judged)
    assert about["judged"]["held_out"] == {
        "patients": 164,
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
