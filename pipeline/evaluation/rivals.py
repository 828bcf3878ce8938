"""What the model is set beside: its linear part alone, a plain ridge regression, and XGBoost."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from models.evaluation.comparisons.standing import LINEAR_NAME
from pipeline.evaluation.evaluation import MODEL
from pipeline.settings.params import Params

if TYPE_CHECKING:
    from features.dictionary.dictionary import Dictionary
    from features.endpoint import Endpoint
    from models.evaluation.cross_validation import RiskEstimator

Builder = Callable[["Params", "Dictionary | None"], "RiskEstimator"]
RECALIBRATED = "calcirisk_recalibrated"
LABELS = {
    MODEL: MODEL,
    "ridge_cox": LINEAR_NAME,
    "plain_cox": "plain ridge Cox",
    "boosted_cox": "XGBoost Cox",
    "ridge_logistic": LINEAR_NAME,
    "plain_logistic": "plain ridge logistic",
    "boosted_logistic": "XGBoost logistic",
}


@dataclass(frozen=True)
class Rivals:
    """Names of the models that the model is set beside."""

    linear: str
    plain: str
    boosted: str

    @property
    def names(self) -> tuple[str, str, str]:
        """All."""
        return self.linear, self.plain, self.boosted

    @property
    def builders(self) -> dict[str, Builder]:
        """Of those that are fitted by themselves, by name, the longest to fit first."""
        return {self.boosted: build_boosted, self.plain: build_plain}


_COX = Rivals("ridge_cox", "plain_cox", "boosted_cox")
_LOGISTIC = Rivals("ridge_logistic", "plain_logistic", "boosted_logistic")


def name_rivals(endpoint: Endpoint) -> Rivals:
    """What they are called: of a yes/no cohort there is no Cox model."""
    return _LOGISTIC if endpoint.is_fixed_horizon else _COX


def build_plain(params: Params, dictionary: Dictionary | None = None) -> RiskEstimator:
    """A ridge regression that knows nothing: no published effects, no directions, no trees.

    Gaps are completed and indicated, and hazards bend, as in the model.
    """
    from models.risk.risk_model import RiskModel
    from pipeline.training.recipe import make_model

    recipe = make_model(params.train, params.seed, dictionary)
    knows_nothing = {"priors": None, "monotone": None, "means": (), "widths": ()}
    penalties = recipe.penalties or RiskModel().penalties
    plain: RiskEstimator = recipe.set_params(
        parts=("linear",), penalties=penalties, minimum_events=1, **knows_nothing
    )
    return plain


def build_boosted(params: Params, dictionary: Dictionary | None = None) -> RiskEstimator:
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
