"""The sections of params.yaml on the progression model, and what its trees share with others."""

from __future__ import annotations

from dataclasses import dataclass

from pipeline.settings.strict_sections import within


@dataclass(frozen=True)
class BoostingParams:
    """How trees are grown and when growing stops, under XGBoost's own names."""

    max_depth: int = within(low=1, high=12)
    learning_rate: float = within(low=1e-4, high=1)
    min_child_weight: float = within(low=0)
    subsample: float = within(low=0.05, high=1)
    colsample_bytree: float = within(low=0.05, high=1)
    reg_lambda: float = within(low=0)
    early_stopping_rounds: int = within(low=1)


@dataclass(frozen=True)
class ProgressionBoostedParams(BoostingParams):
    """The boosted part of growth and onset; rounds by cross-validation, none where none help."""

    max_rounds: int = within(low=0)


@dataclass(frozen=True)
class ProgressionParams:
    """The progression model: XGBoost's own names, and how few patients are too few."""

    boosted: ProgressionBoostedParams
    years: tuple[float, ...] = within(low=0.1, high=60)
    n_folds: int = within(low=2, high=20)
    minimum_patients: int = within(low=50)


@dataclass(frozen=True)
class ForecastParams:
    """What is measured of forecasts on held-out scans."""

    thresholds: tuple[float, ...] = within(low=0, high=10_000)
    n_bootstrap: int = within(low=0)


@dataclass(frozen=True)
class PromoteProgressionParams:
    """When a progression model may; calibration is judged as that of risks."""

    minimum_patients: int = within(low=1)
    minimum_held_out_patients: int = within(low=1)
    max_coverage_error: float = within(low=0, high=1)
    max_skill_loss: float = within(low=0, high=1)
    max_unpaired_skill_loss: float = within(low=0, high=1)
