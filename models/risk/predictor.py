"""What a fitted model is when it predicts: numbers and trees, no training code.

Needs numpy, pandas and xgboost alone, so that a served model starts fast and installs small.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Self

import numpy as np
import pandas as pd

from features.array_types import BoolArray, FloatArray
from models.learners.completion import Completed, Completion
from models.margins import (
    CauseModel,
    FeaturePredictor,
    cause_from_dict,
    cause_to_dict,
    read_predictor,
    write_predictor,
)
from models.risk.absences import Absences
from models.risk.absolute_risk import CompetingRisksLink, Link, counts_age, link_from_dict
from models.storage.formats import reading

CLOCK = "age"
"""The feature, and the variable, by which hazards of ages are read."""
FORMAT = 6
_FILE = "predictor.json"


@dataclass(frozen=True)
class RiskPredictor(FeaturePredictor):
    """A fitted risk model over named features.

    ``clock``: the feature that is the age at which a patient is event-free, where the time scale is
    age; no cause looks at it, the link does. Margins (n, k) are then followed by the age, once for
    each cause: (n, 2k).
    """

    causes: tuple[CauseModel, ...]
    link: Link
    clock: str | None = field(default=None, kw_only=True)
    absences: Absences = field(default_factory=Absences, repr=False, kw_only=True)

    def without(self, absent: Collection[str]) -> Self:
        """The predictor for a file that lacks all that these features are made of.

        There a gap tells nothing of the patient who has it, and mean risk is that of a whole file.
        """
        positions = self.positions_of(absent)
        moved = self.absences.find(positions, (len(self.causes), len(self.feature_names)))
        pairs = zip(self.causes, moved[:, self.completion.used], strict=True)
        return replace(self, causes=tuple(cause.without(positions, by) for cause, by in pairs))

    def use_one_thread(self) -> None:
        """Predict with one thread: of few patients at once, more cost more than they save."""
        for cause in self.causes:
            cause.set_threads(1)

    @property
    def n_margins(self) -> int:
        """The number of columns that margins have."""
        return len(self.causes) * (1 if self.clock is None else 2)

    def see(self, X: pd.DataFrame) -> Completed:
        """See `FeaturePredictor.see`."""
        return replace(super().see(X), clock=self.read_clock(X))

    def read_clock(self, X: pd.DataFrame) -> FloatArray | None:
        """The age (n,) at which each patient is event-free; None where time counts from entry."""
        return None if self.clock is None else X[self.clock].to_numpy(np.float64)

    def known_ages(self, horizon: float) -> tuple[float, float] | None:
        """The ages from and up to which a risk by the horizon (years) is known; None if all are."""
        if self.clock is None or not isinstance(self.link, CompetingRisksLink):
            return None
        return self.link.baseline.begin, self.link.baseline.end - horizon

    def knows(self, X: pd.DataFrame, horizon: float) -> BoolArray:
        """Of whom (n,) a risk by the horizon (years) is known: hazards of ages begin and end."""
        ages = self.known_ages(horizon)
        return np.ones(len(X), bool) if ages is None else X[CLOCK].between(*ages).to_numpy()

    def refuse_horizons(self, horizons: Sequence[float]) -> None:
        """Raise HorizonError where a horizon (years) is none, or beyond the follow-up."""
        self.link.risk(np.zeros((0, self.n_margins)), horizons)

    def extremes(self) -> pd.DataFrame:
        """See `FeaturePredictor.extremes`; all of an age from which hazards are known."""
        features = super().extremes()
        if (ages := self.known_ages(0.0)) is not None:
            features[self.clock] = ages[0]
        return features

    def margin(self, X: pd.DataFrame) -> FloatArray:
        """Margins (n, k), one column per cause. Raises ModelError where X lacks a feature."""
        return self.margin_of(self.see(X))

    def margin_of(self, seen: Completed) -> FloatArray:
        """Margins (n, k) of completed features."""
        return self.with_clock([cause.margin(seen) for cause in self.causes], seen.clock)

    def with_clock(self, margins: Sequence[FloatArray], clock: FloatArray | None) -> FloatArray:
        """The k margins (n,), each a column, and the age (n,) behind them, if any."""
        ages = [] if clock is None else [clock] * len(self.causes)
        return np.stack([*margins, *ages], axis=1)

    def risk(
        self, X: pd.DataFrame, horizons: Sequence[float], start: FloatArray | None = None
    ) -> FloatArray:
        """Risk of the event (n, h) by each horizon, competing death allowed for.

        ``start``: (n,) years on the clock of the endpoint at which each patient is event-free, from
        which horizons count; NaN where they lead beyond what is known.
        """
        return self.link.risk(self.margin(X), horizons, start)

    def cumulative_incidence(
        self, X: pd.DataFrame, times: Sequence[float], start: FloatArray | None = None
    ) -> FloatArray:
        """Cumulative incidence (n, t, k) of each cause by each time, from ``start`` on."""
        return self.incidence_of(self.margin(X), times, start)

    def incidence_of(
        self, margins: FloatArray, times: Sequence[float], start: FloatArray | None = None
    ) -> FloatArray:
        """Cumulative incidence (n, t, k) of each cause from margins (n, k)."""
        if isinstance(self.link, CompetingRisksLink):
            return self.link.cumulative_incidence(margins, times, start)
        return self.link.risk(margins, times, start)[:, :, None]

    def save(self, folder: Path) -> None:
        """Write ``predictor.json`` and one UBJSON file per booster; the same model, same bytes."""
        causes = [cause_to_dict(cause) for cause in self.causes]
        more = {
            "causes": causes,
            "link": self.link.to_dict(),
            "absences": self.absences.to_dict(),
            **({} if self.clock is None else {"clock": self.clock}),
        }
        write_predictor(folder / _FILE, FORMAT, self, self.causes, more)

    @classmethod
    def load(cls, folder: Path) -> RiskPredictor:
        """Read back what `save` wrote. Raises ModelError where the folder holds no such model."""
        stored = read_predictor(folder / _FILE, FORMAT, "model")
        with reading(folder):
            names = tuple(stored["feature_names"])
            completion = Completion.from_dict(stored["completion"])
            causes = tuple(
                cause_from_dict(completion, names, cause, folder) for cause in stored["causes"]
            )
            absences = Absences.from_dict(stored["absences"])
            link, clock = link_from_dict(stored["link"]), stored.get("clock")
            if clock is not None and (clock != CLOCK or CLOCK not in names or not counts_age(link)):
                raise ValueError("no such clock")
            return cls(names, completion, causes, link, clock=clock, absences=absences)
