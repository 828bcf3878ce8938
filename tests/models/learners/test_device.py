"""Where boosting runs."""

from __future__ import annotations

from typing import Any

import pytest
import xgboost

from features.errors import ConfigError
from models.learners.trees import device
from models.learners.trees.device import CPU, CUDA, require_device
from models.risk.risk_model import RiskModel
from tests.models.conftest import draw_cohort

HAS_GPU = device._device_given(CUDA) != CPU


@pytest.mark.skipif(HAS_GPU, reason="this machine has a GPU")
def test_a_gpu_that_is_not_there_is_an_error_and_no_silent_training_on_the_cpu() -> None:
    X, endpoint = draw_cohort(300, seed=1)
    with pytest.raises(ConfigError, match="finds no NVIDIA GPU"):
        RiskModel(device=CUDA).fit(X, endpoint)


@pytest.mark.skipif(HAS_GPU, reason="this machine has a GPU")
def test_without_a_boosted_part_no_gpu_is_asked_for() -> None:
    X, endpoint = draw_cohort(300, seed=1)
    RiskModel(device=CUDA, parts=("linear",), minimum_events=20).fit(X, endpoint)


def test_a_device_that_nobody_makes_is_an_error() -> None:
    with pytest.raises(ConfigError, match="'cpu' or 'cuda', got 'tpu'"):
        require_device("tpu")


def test_a_gpu_that_is_there_is_asked_for_in_every_booster(monkeypatch: pytest.MonkeyPatch) -> None:
    X, endpoint = draw_cohort(300, seed=1)
    asked: list[Any] = []

    class Asked(xgboost.Booster):  # type: ignore[misc]
        def __init__(self, params: Any = None, *further: Any, **named: Any) -> None:
            asked.append((params or {}).get("device"))
            # what stands for the device of a machine without one
            here = {**params, "device": CPU} if params else params
            super().__init__(here, *further, **named)

    monkeypatch.setattr(device, "_device_given", lambda asked_for: f"{asked_for}:0")
    monkeypatch.setattr(xgboost, "Booster", Asked)
    monkeypatch.setattr(xgboost.training, "Booster", Asked)
    RiskModel(device=CUDA, n_folds=3, minimum_events=20, max_rounds=5).fit(X, endpoint)
    trained = [one for one in asked if one is not None]
    assert trained == [CUDA] * 2 * (3 + 1)  # two causes; three folds and all patients


@pytest.mark.skipif(not HAS_GPU, reason="this machine has no GPU")
def test_a_gpu_gives_the_risks_that_a_cpu_gives() -> None:
    X, endpoint = draw_cohort(2_000, seed=1)
    here, there = (RiskModel(device=one).fit(X, endpoint) for one in (CPU, CUDA))
    gap = here.predict_risk(X, [5.0]) - there.predict_risk(X, [5.0])
    assert abs(gap).max() < 0.02
