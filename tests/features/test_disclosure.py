from __future__ import annotations

import math
import re
from collections import defaultdict
from itertools import product

import numpy as np
import pytest

from features.disclosure import (
    FEWEST_FOR_A_SHARE,
    SMALLEST_COUNT,
    is_small,
    tell_count,
    tell_levels,
    tell_missing,
    tell_risk,
)


def test_small_is_one_to_nine() -> None:
    assert [is_small(n) for n in (0, 1, 9, 10)] == [False, True, True, False]


@pytest.mark.parametrize(
    ("count", "told"), [(0, "0"), (1, "<10"), (9, "<10"), (10, "10"), (14, "10"), (15, "20")]
)
def test_counts_are_told_in_tens_and_small_ones_not_at_all(count: int, told: str) -> None:
    assert tell_count(count) == told


def test_missing_values_are_told_in_tens_of_all_patients() -> None:
    assert tell_missing(250, 466) == "250 (53.6 %)"
    assert tell_missing(3, 327) == "<10"
    assert tell_missing(0, 327) == "0 (0.0 %)"
    assert tell_missing(491, 491) == "491 (100.0 %)"  # in tens nobody could tell it from 485
    assert tell_missing(996, 1000) == "all but <10"
    assert tell_missing(4, 4) == "<10"
    assert tell_missing(0, 0) == "0"


def test_levels_are_told_in_tens_that_add_up_with_shares_where_these_are_near() -> None:
    assert tell_levels((103, 224)) == ["100 (30 %)", "230 (70 %)"]
    assert tell_levels((470, 537)) == ["470 (46.5 %)", "540 (53.5 %)"]
    assert tell_levels((45, 55)) == ["40", "60"]
    assert tell_levels((15, 15, 15, 15)) == ["10", "10", "20", "20"]
    assert tell_levels((3, 324)) == ["<10", "320 (98 %)"]
    assert tell_levels((0, 327)) == ["0 (0 %)", "330 (100 %)"]
    assert tell_levels((9, 9)) == ["<30", "<30"]
    assert tell_levels((0, 0)) == ["", ""]


def _share(told: str) -> float | None:
    found = re.search(r"\(([\d.]+) %\)", told)
    return float(found[1]) / 100 if found else None


@pytest.mark.parametrize("seed", range(20))
def test_shares_add_up_and_lie_near_the_truth(seed: int) -> None:
    draws = np.random.default_rng(seed)
    for _ in range(200):
        n, n_levels = int(draws.integers(10, 600)), int(draws.integers(2, 6))
        counts = draws.multinomial(n, draws.dirichlet(np.ones(n_levels))).tolist()
        missing = int(draws.integers(0, 40))
        shares = [_share(told) for told in tell_levels(counts, missing)]
        if set(shares) == {None}:
            assert n < FEWEST_FOR_A_SHARE + 5 + 5 * n_levels
            continue
        assert [one is None for one in shares] == [is_small(count) for count in counts]
        n_small = sum(map(is_small, counts))
        told = sum(one for one in shares if one is not None)
        assert told == pytest.approx(1.0, abs=0.005 * n_levels + 5 * n_small / n + 0.01)
        for one, count in zip(shares, counts, strict=True):
            if one is not None:
                assert abs(one - count / n) <= 15 / n + 0.005


@pytest.mark.parametrize("n_levels", [2, 3])
@pytest.mark.parametrize("missing", [0, 4])
def test_no_small_level_is_had_from_the_others_and_the_size_of_the_group(
    n_levels: int, missing: int
) -> None:
    # readers know the size of the group and every level told, and may know the rule, too
    for of in range(SMALLEST_COUNT, 70):
        seen: dict[tuple[str, ...], set[tuple[int, ...]]] = defaultdict(set)
        for some in product(range(of + 1), repeat=n_levels - 1):
            if sum(some) <= of:
                counts = (*some, of - sum(some))
                seen[tuple(tell_levels(counts, missing))].add(counts)
        for alike in seen.values():
            for level in zip(*alike, strict=True):
                assert not any(map(is_small, level)) or len(set(level)) >= SMALLEST_COUNT // 2


@pytest.mark.parametrize("missing", range(1, SMALLEST_COUNT))
def test_levels_tell_nothing_of_how_few_have_no_value(missing: int) -> None:
    # 120 patients, of whom all but these are women
    assert tell_levels((120 - missing, 0), missing) == ["120", "0"]


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


@pytest.mark.parametrize("of", [40, 250, 390, 1000, 6800])
def test_a_risk_times_its_patients_leaves_the_number_of_events_in_tens(of: int) -> None:
    for events in range(12, of // 2, 7):
        told = tell_risk(events / of, of)
        alike = [k for k in range(of) if tell_risk(k / of, of) == told]
        assert len(alike) >= 9, "an exact risk is a fraction of whole numbers"
        assert abs(told - events / of) <= 25 / of
    assert math.isnan(tell_risk(float("nan"), of))
