"""Calibration of an assembled model."""

from __future__ import annotations

import numpy as np
import pytest

from features.endpoint import Endpoint
from models.risk.absolute_risk import CompetingRisksLink
from models.risk.baseline import fit_baseline
from models.risk.calibrated_stack import check_calibration


def _cohort(n_patients: int) -> tuple[np.ndarray, Endpoint]:
    draws = np.random.default_rng(0)
    margins = draws.normal(0, 0.6, size=(n_patients, 1))
    time = draws.exponential(20 * np.exp(-margins[:, 0]))
    event = (time < 10).astype(np.int8)
    return margins, Endpoint(np.minimum(time, 10.0), event)


def test_breslow_on_honest_margins_needs_no_mending() -> None:
    margins, endpoint = _cohort(4_000)
    link = CompetingRisksLink(fit_baseline(endpoint, margins, 100))
    shift, check = check_calibration(link, margins, endpoint)
    assert check is not None
    assert shift == 0.0
    assert check["observed_over_expected"] == pytest.approx(1.0, abs=0.02)


def test_a_baseline_that_is_off_by_more_than_chance_is_mended() -> None:
    margins, endpoint = _cohort(4_000)
    link = CompetingRisksLink(fit_baseline(endpoint, margins + 0.5, 100))
    shift, check = check_calibration(link, margins, endpoint)
    assert check is not None
    assert shift == pytest.approx(0.5, abs=0.03)
    mended = link.risk(margins + shift, [check["horizon"]]).mean()
    assert mended == pytest.approx(check["observed"], abs=1e-6)


def test_an_acute_cohort_is_checked_at_a_time_within_its_follow_up() -> None:
    draws = np.random.default_rng(0)
    time = draws.exponential(13 / 365.25, 3_000)
    event = (time < 60 / 365.25).astype(np.int8)
    endpoint = Endpoint(np.minimum(time, 60 / 365.25), event)
    margins = np.zeros((3_000, 1))
    link = CompetingRisksLink(fit_baseline(endpoint, margins, 100))
    assert len(link.baseline.knots) > 20
    _, check = check_calibration(link, margins, endpoint)
    assert check is not None
    assert check["horizon"] == 0.05
    assert check["observed"] == pytest.approx(1 - np.exp(-0.05 * 365.25 / 13), abs=0.02)
