"""params.yaml, read once into frozen dataclasses."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from features.errors import ConfigError
from pipeline.settings.paths import Paths, default_params, find_root
from pipeline.settings.progression_params import (
    BoostingParams,
    ForecastParams,
    ProgressionParams,
    PromoteProgressionParams,
)
from pipeline.settings.strict_sections import build, within
from pipeline.settings.variant_params import VariantParams

__all__ = ["SIMULATED", "STAGES", "Params", "Paths", "VariantParams", "find_root"]

SIMULATED = "synthetic"
STAGES = (
    "source",
    "simulate",
    "ingest",
    "featurize",
    "train",
    "evaluate",
    "explain",
    "progression",
    "forecast",
    "score",
    "report",
    "register",
)


@dataclass(frozen=True)
class SimulateParams:
    """The embedded cohort."""

    n_patients: int = within(low=100, high=5_000_000)


@dataclass(frozen=True)
class IngestParams:
    """How strict a cohort file is taken."""

    max_reject_fraction: float = within(low=0, high=1)


@dataclass(frozen=True)
class FeaturizeParams:
    """Dictionary variables that no feature may be computed from."""

    exclude: tuple[str, ...]


@dataclass(frozen=True)
class LeakageParams:
    """What the stage train takes for a leak (models.leakage.limits says why), and what not."""

    accepted: dict[str, str]
    max_c_index: float = within(low=0.5, high=1)
    max_c_index_gap: float = within(low=0, high=0.5)
    max_missing_c_index: float = within(low=0.5, high=1)
    max_follow_up_correlation: float = within(low=0, high=1)
    max_rate_ratio: float = within(low=1)
    min_early_ratio: float = within(low=0, high=1)


@dataclass(frozen=True)
class SplitParams:
    """Which patients are held out until the evaluation."""

    design: Literal["random", "site", "entry"]
    test_fraction: float = within(low=0.05, high=0.9)


@dataclass(frozen=True)
class LinearParams:
    """The ridge-penalised half of the risk model: what cross-validation tries."""

    means: tuple[float, ...] = within(low=0, high=2)
    widths: tuple[float, ...] = within(low=0)
    penalties: tuple[float, ...] = within(low=0)


@dataclass(frozen=True)
class BoostedParams(BoostingParams):
    """The boosted half of the risk model: XGBoost's own names, rounds by cross-validation."""

    max_rounds: int = within(low=1)
    n_trials: int = within(low=0)


@dataclass(frozen=True)
class TrainParams:
    """Split, folds, the two learners, and the variants of the model."""

    split: SplitParams
    linear: LinearParams
    boosted: BoostedParams
    variants: dict[str, VariantParams]
    device: Literal["cpu", "cuda"]
    n_folds: int = within(low=2, high=20)
    minimum_events: int = within(low=10)
    n_threads: int = within(low=0)

    def __post_init__(self) -> None:
        for name, variant in self.variants.items():
            variant.require_valid(name)


@dataclass(frozen=True)
class SubgroupParams:
    """When a subgroup is small, and when its gap from all patients is a finding."""

    min_events: int = within(low=1)
    max_c_index_gap: float = within(low=0, high=0.5)
    max_calibration_gap: float = within(low=0)


@dataclass(frozen=True)
class DecisionParams:
    """At which risks something would be done, and the categories that guidelines draw."""

    thresholds: tuple[float, ...] = within(low=0.001, high=0.99)
    categories: tuple[float, ...] = within(low=0.001, high=0.99)
    min_coverage: float = within(low=0, high=1)


@dataclass(frozen=True)
class EvaluateParams:
    """How the recipe is validated on all patients, and what is measured."""

    design: Literal["random", "site", "entry"]
    incremental: bool
    subgroups: SubgroupParams
    decision: DecisionParams
    n_folds: int = within(low=0, high=100)
    n_repeats: int = within(low=1, high=100)
    n_processes: int = within(low=0, high=256)
    n_bootstrap: int = within(low=0, high=10_000)
    n_groups: int = within(low=2, high=100)


@dataclass(frozen=True)
class ExplainParams:
    """Contributions to risk."""

    n_strata: int = within(low=1, high=64)
    n_background: int = within(low=10)
    n_patients: int = within(low=0, high=100)


@dataclass(frozen=True)
class CategoryParams:
    """Categories of the risk by one horizon (years): one name more than thresholds."""

    names: tuple[str, ...]
    thresholds: tuple[float, ...] = within(low=0.0001, high=0.9999)
    horizon: float = within(low=0.1, high=100)


@dataclass(frozen=True)
class ComparisonParams:
    """The published score that risks are held against; None for none."""

    score: str | None
    ratio: float = within(low=1.01)


@dataclass(frozen=True)
class ScoreParams:
    """Whom to score and how many reasons to give; no file means the held-out patients."""

    file: str | None
    categories: CategoryParams
    comparison: ComparisonParams
    n_reasons: int = within(low=0, high=50)


@dataclass(frozen=True)
class ReportParams:
    """What only people can say of the analysis; None: the report says that nobody has said it."""

    funding: str | None
    conflicts: str | None
    protocol: str | None
    registration: str | None
    involvement: str | None


@dataclass(frozen=True)
class RegisterParams:
    """Names in the MLflow tracking server and registry."""

    experiment: str
    model_name: str
    alias: str
    experiments: bool


@dataclass(frozen=True)
class PromoteParams:
    """When a challenger may become the champion."""

    alias: str
    accepted_gaps: dict[str, str]
    progression: PromoteProgressionParams
    minimum_events: int = within(low=1)
    minimum_held_out_events: int = within(low=1)
    max_calibration_error: float = within(low=0, high=1)
    max_slope_error: float = within(low=0, high=1)
    max_c_index_loss: float = within(low=0, high=1)
    max_unpaired_c_index_loss: float = within(low=0, high=1)
    max_comparator_lead: float = within(low=0, high=1)


@dataclass(frozen=True)
class Params:
    """The whole of params.yaml. ``horizons`` are years, ascending."""

    cohort: str
    simulate: SimulateParams
    ingest: IngestParams
    featurize: FeaturizeParams
    leakage: LeakageParams
    train: TrainParams
    evaluate: EvaluateParams
    explain: ExplainParams
    progression: ProgressionParams
    forecast: ForecastParams
    score: ScoreParams
    report: ReportParams
    register: RegisterParams
    promote: PromoteParams
    seed: int = within(low=0, high=2**31 - 1)
    horizons: tuple[float, ...] = within(low=0.01, high=100)

    def __post_init__(self) -> None:
        if not self.horizons or list(self.horizons) != sorted(set(self.horizons)):
            raise ConfigError("horizons must be a list of years in ascending order, each once")

    @classmethod
    def load(cls, path: Path | None = None) -> Params:
        """Read params.yaml (by default the project's). Raises ConfigError naming the key."""
        import yaml

        from features.yaml_file import describe_fault, read_yaml

        path = path or default_params()
        if not path.is_file():
            raise ConfigError(f"{path} does not exist. Run inside the calcirisk folder")
        try:
            given = read_yaml(path)
        except (yaml.YAMLError, UnicodeDecodeError) as error:
            why = "is not UTF-8 text"
            if isinstance(error, yaml.YAMLError):
                why = describe_fault(error)
            raise ConfigError(f"{path.name}: {why}") from None
        return build(cls, given, source=path.name)
