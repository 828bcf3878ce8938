from __future__ import annotations

import pickle

from features.errors import CohortError, Problem


def test_what_is_wrong_with_a_cohort_is_told_whole_from_another_process() -> None:
    problems = [Problem("age", "is text", "Give numbers", 3), Problem("", "is empty", "Fill it")]
    error = CohortError(problems, "clinic.csv")
    received = pickle.loads(pickle.dumps(error))
    assert str(received) == str(error)
    assert received.problems == error.problems


def test_a_question_is_not_followed_by_a_full_stop() -> None:
    asked = Problem("NT-y", "is not a column of c.csv; did you mean 'NT-x'?", "Correct the name")
    assert str(asked).endswith("'NT-x'? Correct the name")
    assert str(Problem("NT-x", "is text", "Correct it", 2)) == "NT-x: is text (2 rows). Correct it"
