from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from features.derivation.calcium_change import USUAL_BMI, rescan_spread
from models.progression.two_scans.change import (
    FALL,
    FROM_ZERO,
    NOT_COMPARABLE,
    RISE,
    SENTENCES,
    UNKNOWN,
    WITHIN_NOISE,
    detectable_rise,
    is_densified,
    judge_change,
)
from models.progression.two_scans.tabulation import made_alike


def verdict(first: float, later: float, measure: str = "agatston") -> str:
    pair = np.array([first]), np.array([later])
    return str(judge_change(*pair, np.array([27.0]), measure=measure)[0])  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("first", "later", "expected"),
    [
        (150, 180, WITHIN_NOISE),
        (90, 180, RISE),
        (0, 8, WITHIN_NOISE),
        (0, 15, RISE),
        (180, 120, WITHIN_NOISE),
        (0, 0, WITHIN_NOISE),
        (400, 100, FALL),
        (np.nan, 10, UNKNOWN),
    ],
)
def test_a_change_is_real_or_noise_by_the_published_limits(
    first: float, later: float, expected: str
) -> None:
    assert verdict(first, later) == expected


def test_the_limit_is_the_published_formula() -> None:
    found = detectable_rise(np.array([100.0, 0.0]), np.array([27.0, 27.0]))
    assert found == pytest.approx([0.17 * 100 + 4.89 * 10 + 0.44 * 27 - 10.84, FROM_ZERO])
    volume = detectable_rise(np.array([100.0]), np.array([27.0]), "volume")
    assert volume == pytest.approx([0.16 * 100 + 4.30 * 10 + 0.23 * 27 - 5.00])


def test_the_limit_never_falls_as_the_first_score_rises_from_zero() -> None:
    scores = np.concatenate([np.linspace(0, 30, 301), np.linspace(31, 3000, 300)])
    for body in (13.0, 16.0, USUAL_BMI, np.nan, 60.0):
        limit = detectable_rise(scores, np.full(len(scores), body))
        assert limit[0] == FROM_ZERO and (np.diff(limit) >= 0).all()


def test_what_is_noise_from_zero_is_noise_from_a_few_units_whatever_the_body() -> None:
    for first in (0.0, 1.0, 2.0, 3.0):
        for body in (13.0, 16.0, 27.0):
            found = judge_change(np.array([first]), np.array([11.0]), np.array([body]))
            assert found[0] == WITHIN_NOISE


def test_a_missing_body_mass_index_is_taken_as_the_studys_mean() -> None:
    unknown = detectable_rise(np.array([100.0]), np.array([np.nan]))
    assert unknown == detectable_rise(np.array([100.0]), np.array([USUAL_BMI]))


def test_no_limit_is_published_for_a_volume_that_begins_at_zero() -> None:
    assert verdict(0, 100, "volume") == UNKNOWN


@pytest.mark.parametrize(
    ("other", "alike"),
    [
        (("A", 3.0, 120.0), True),
        ((None, np.nan, np.nan), True),
        (("B", 3.0, 120.0), False),
        (("A", 2.5, 120.0), False),
        (("A", 3.0, 100.0), False),
    ],
)
def test_another_scanner_slice_or_voltage_forbids_comparison(
    other: tuple[str | None, float, float], alike: bool
) -> None:
    names = ("scanner", "slice_mm", "kilovolts")
    first = dict(zip((f"first_{name}" for name in names), ("A", 3.0, 120.0), strict=True))
    scans = pd.DataFrame([{**first, **dict(zip(names, other, strict=True))}])
    comparable = made_alike(scans)
    assert comparable.tolist() == [alike]
    found = judge_change(np.array([90.0]), np.array([500.0]), np.array([27.0]), comparable)
    assert found[0] == (RISE if alike else NOT_COMPARABLE)


def test_no_verdict_promises_regression() -> None:
    assert set(SENTENCES) == {RISE, WITHIN_NOISE, FALL, NOT_COMPARABLE, UNKNOWN}
    assert "no therapy has been shown to reverse" in SENTENCES[FALL]
    assert all("regress" not in s or "neither growth nor regression" in s
               for s in SENTENCES.values())  # fmt: skip


def test_the_chance_of_passing_a_score_never_falls_as_the_true_score_rises() -> None:
    true = np.linspace(1, 3000, 3000)
    for body in (18.0, 28.0, 50.0):
        spread = rescan_spread(true, np.full(3000, body))
        for passed in (10, 100, 400, 1000):
            assert (np.diff((true - passed) / spread) > -1e-12).all()


def test_a_rise_on_a_statin_is_densification_only_where_volumes_say_so() -> None:
    verdict = np.array([RISE, RISE, RISE, WITHIN_NOISE, RISE], dtype=object)
    statin = np.array([True, True, True, True, False])
    before = np.array([50.0, 50.0, np.nan, 50.0, 50.0])
    now = np.array([40.0, 60.0, 40.0, 40.0, 40.0])
    assert is_densified(verdict, statin, before, now).tolist() == [True, False, False, False, False]
