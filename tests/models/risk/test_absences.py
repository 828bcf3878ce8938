from __future__ import annotations

import numpy as np
import pytest

from models.risk.absences import ABOVE, BASE, Absences

SETS = (frozenset((0, 1, 2)), frozenset((1, 2)), frozenset((4,)))
ABSENCES = Absences(SETS, np.array([[0.3, -0.3], [0.2, 0.0], [-0.1, 0.1]]), (ABOVE,) * 3)


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


# of a file of six features: 0 is demographic, 1 and 2 tell of one thing, 3 of another, 4 and 5 of
# nothing that was measured
FROM_BELOW = Absences(
    tuple(map(frozenset, ((0, 1, 2, 3, 4, 5), (1, 2, 3, 4, 5), (2, 3, 4, 5), (1, 3, 4, 5)))),
    np.array([[9.0], [-0.2], [-0.1], [-0.05]]),
    (ABOVE, BASE, 1, 1),
)
WHOLE = Absences(
    (*FROM_BELOW.sets, frozenset((1, 2, 4, 5)), frozenset((3, 4, 5))),
    np.array([*FROM_BELOW.shifts, [-0.3], [-0.08]]),
    (*FROM_BELOW.group, 2, 1),
)


@pytest.mark.parametrize(
    ("absences", "absent", "expected"),
    [
        (FROM_BELOW, (1, 2, 3, 4, 5), -0.2),  # measured
        (FROM_BELOW, (1, 3, 4, 5), -0.05),
        (WHOLE, (3, 4, 5), -0.08),
        # two of a thing that was not measured whole move no more than one of them
        (FROM_BELOW, (3, 4, 5), (1 - 0.25) * -0.05),
        # things add up: one raises by .1, the other lowers by .1
        (WHOLE, (2, 4, 5), (1 - 0.25) * -0.2),
        # the whole thing and the other one
        (WHOLE, (4, 5), (1 - 4 / 9) * (-0.2 + 0.12 - 0.1)),
    ],
)
def test_what_was_not_measured_is_told_from_what_a_file_has(
    absences: Absences, absent: tuple[int, ...], expected: float
) -> None:
    found = absences.find(absent, (1, 6))
    assert found.sum() == pytest.approx(expected)
    assert set(np.flatnonzero(found.any(axis=0))) <= set(absent)


@pytest.mark.parametrize("absences", [ABSENCES, WHOLE, Absences()])
def test_what_is_written_is_read_back(absences: Absences) -> None:
    again = Absences.from_dict(absences.to_dict())
    assert (again.sets, again.group) == (absences.sets, absences.group)
    np.testing.assert_array_equal(again.shifts, absences.shifts)
