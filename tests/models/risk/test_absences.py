from __future__ import annotations

import numpy as np
import pytest

from models.risk.absences import Absences

SETS = (frozenset((0, 1, 2)), frozenset((1, 2)), frozenset((4,)))
ABSENCES = Absences(SETS, np.array([[0.3, -0.3], [0.2, 0.0], [-0.1, 0.1]]))


@pytest.mark.parametrize(
    ("absent", "event"),
    [
        ((), 0.0),
        ((3,), 0.0),
        ((1,), 0.0),
        ((1, 2), 0.2),
        ((0, 1, 2), 0.3),
        ((1, 2, 4), 0.1),
        ((0, 1, 2, 3, 4), 0.2),
    ],
)
def test_the_largest_sets_among_the_absent_features_count_once(
    absent: tuple[int, ...], event: float
) -> None:
    found = ABSENCES.find(absent, (2, 6))
    assert found[0].sum() == pytest.approx(event)
    assert set(np.flatnonzero(found.any(axis=0))) <= set(absent)


@pytest.mark.parametrize("absences", [ABSENCES, Absences()])
def test_what_is_written_is_read_back(absences: Absences) -> None:
    again = Absences.from_dict(absences.to_dict())
    assert again.sets == absences.sets
    np.testing.assert_array_equal(again.find((0, 1, 2), (2, 6)), absences.find((0, 1, 2), (2, 6)))
