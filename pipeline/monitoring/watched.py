"""What a kind of model adds to monitoring: its predictions, and how they are held against later."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, Protocol

import pandas as pd

if TYPE_CHECKING:
    from features.cohort import Cohort
    from features.dictionary.dictionary import Dictionary
    from models.drift.profile import Predicted
    from models.drift.shift import Shift
    from models.storage.model_folder import About

Judged = tuple[list["Shift"], list[str]]
JudgedBy = Literal["endpoint", "later_scans"]


class Watched(Protocol):
    """A trained model whose patients are watched."""

    @property
    def about(self) -> About:
        """The model's own description."""

    @property
    def dictionary(self) -> Dictionary:
        """The data dictionary it was trained with."""

    @property
    def judged_by(self) -> JudgedBy:
        """What predictions are held against."""

    def predict(self, covariates: pd.DataFrame) -> dict[str, Predicted]:
        """What it says of these patients, by name."""

    def judge(self, followed: Cohort | None) -> Judged:
        """Predictions beside what came; notes on what cannot be judged, and why."""
