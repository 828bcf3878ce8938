"""What the model is set beside: its linear part alone, and XGBoost as it is usually run."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from models.evaluation.comparisons.standing import LINEAR_NAME
from pipeline.evaluation.evaluation import MODEL
from pipeline.settings.params import Params

if TYPE_CHECKING:
    from features.dictionary.dictionary import Dictionary
    from features.endpoint import Endpoint
    from models.evaluation.cross_validation import RiskEstimator

RECALIBRATED = "calcirisk_recalibrated"
LABELS = {
    MODEL: MODEL,
    "ridge_cox": LINEAR_NAME,
    "boosted_cox": "XGBoost Cox",
    "ridge_logistic": LINEAR_NAME,
    "boosted_logistic": "XGBoost logistic",
}


@dataclass(frozen=True)
class Rivals:
    """Names of the models that the model is set beside: its linear part alone, and XGBoost."""

    linear: str
    boosted: str

    @property
    def names(self) -> tuple[str, str]:
        """Both."""
        return self.linear, self.boosted


_COX = Rivals("ridge_cox", "boosted_cox")
_LOGISTIC = Rivals("ridge_logistic", "boosted_logistic")


def name_rivals(endpoint: Endpoint) -> Rivals:
    """What they are called: of a yes/no cohort there is no Cox model."""
    return _LOGISTIC if endpoint.is_fixed_horizon else _COX


def build_rival(params: Params, dictionary: Dictionary | None = None) -> RiskEstimator:
    """XGBoost with the settings and directions of the model's trees, as it is usually run."""
    from models.evaluation.comparisons.xgboost_rival import XGBoostRival
    from pipeline.training.recipe import make_model

    train, boosted = params.train, params.train.boosted
    settings = asdict(boosted)
    for limit in ("max_rounds", "early_stopping_rounds", "n_trials"):
        del settings[limit]
    directions = make_model(train, params.seed, dictionary).monotone or {}
    return XGBoostRival(
        settings,
        directions,
        boosted.max_rounds,
        boosted.early_stopping_rounds,
        train.n_folds,
        train.n_threads or 1,
        params.seed,
    )


def linear_alone(model: Any) -> RiskEstimator:
    """The linear part of a fitted model, as a model."""
    alone: RiskEstimator = model.alone("linear")
    return alone
