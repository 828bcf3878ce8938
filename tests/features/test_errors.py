from __future__ import annotations

import pickle

from features.errors import CohortError, Problem


def test_what_is_wrong_with_a_cohort_is_told_whole_from_another_process() -> None:
    problems = [Problem("age", "is text", "Give numbers", 3), Problem("", "is empty", "Fill it")]
    error = CohortError(problems, "clinic.csv")
    received = pickle.loads(pickle.dumps(error))
    assert str(received) == str(error)
    assert received.problems == error.problems
