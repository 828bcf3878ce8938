from __future__ import annotations

from itertools import product

import pytest

from features.disclosure import SMALLEST_COUNT, is_small, tell_count, tell_count_and_share


def test_small_is_one_to_nine() -> None:
    assert [is_small(n) for n in (0, 1, 9, 10)] == [False, True, True, False]


@pytest.mark.parametrize(
    ("count", "told"), [(0, "0"), (1, "<10"), (9, "<10"), (10, "10"), (14, "10"), (15, "20")]
)
def test_counts_are_told_in_tens_and_small_ones_not_at_all(count: int, told: str) -> None:
    assert tell_count(count) == told


def test_a_share_tells_no_more_than_the_counts_in_tens() -> None:
    assert tell_count_and_share(103, 327) == "100 (30.3 %)"  # 100 of 330
    assert tell_count_and_share(3, 327) == "<10"
    assert tell_count_and_share(0, 327) == "0 (0.0 %)"
    assert tell_count_and_share(9, 9) == "<10"
    assert tell_count_and_share(14, 14) == "10 (100.0 %)"
    assert tell_count_and_share(0, 0) == ""


def test_no_difference_of_two_told_counts_is_exact() -> None:
    # whatever is told of all and of some, the others may be none or several
    for everyone, some in product(range(10, 60), repeat=2):
        if some > everyone:
            continue
        told = tell_count(everyone), tell_count(some)
        others = {
            a - b
            for a in range(10, 70)
            for b in range(10, a + 1)
            if (tell_count(a), tell_count(b)) == told
        }
        assert len(others) >= SMALLEST_COUNT // 2
