"""What a fitted model is when it predicts: numbers and trees, no training code.

Needs numpy, pandas and xgboost alone, so that a served model starts fast and installs small.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Self

import numpy as np
import numpy.typing as npt
import pandas as pd

from features.array_types import FloatArray
from features.errors import ModelError
from models.learners.completion import Completed, Completion
from models.learners.linear import LinearPart
from models.learners.trees.boosted import BoostedPart
from models.risk.absolute_risk import CompetingRisksLink, Link, link_from_dict
from models.storage.booster_check import load_booster
from models.storage.formats import read_json, reading

FORMAT = 3
_FILE = "predictor.json"


@dataclass(frozen=True)
class CauseModel:
    """One cause's margin: ``linear_weight * linear + boosted_weight * boosted + shift``.

    A part that is absent has weight 0. ``shift`` is the recalibration of this cause's hazard on
    the log scale, 0 where none was needed.
    """

    name: str
    linear: LinearPart | None
    boosted: BoostedPart | None
    linear_weight: float
    boosted_weight: float
    shift: float = 0.0

    @property
    def term_features(self) -> tuple[int, ...]:
        """Position among the features that each of `terms` belongs to."""
        return () if self.linear is None else self.linear.term_features

    def terms(self, seen: Completed) -> FloatArray:
        """What adds to the margin term by term (n, m): all but the shift and the trees' output."""
        terms = np.zeros((len(seen), len(self.term_features)))
        if self.linear is not None:
            terms += self.linear_weight * self.linear.terms(seen)
        return terms

    def without(self, features: npt.NDArray[np.intp]) -> CauseModel:
        """The cause for a file that lacks what these features are made of."""
        if self.linear is None:
            return self
        return replace(self, linear=self.linear.without(features))

    def margin(self, seen: Completed) -> FloatArray:
        """Log hazard (n,) relative to the baseline."""
        margin = np.full(len(seen), self.shift)
        if self.linear is not None and self.linear_weight:
            margin += self.linear_weight * self.linear.margin(seen)
        if self.boosted is not None and self.boosted_weight:
            margin += self.boosted_weight * self.boosted.margin(seen)
        return margin


@dataclass(frozen=True)
class RiskPredictor:
    """A fitted risk model over named features."""

    feature_names: tuple[str, ...]
    completion: Completion
    causes: tuple[CauseModel, ...]
    link: Link

    def see(self, X: pd.DataFrame) -> Completed:
        """The features (n, p) as the model sees them, gaps completed.

        Raises ModelError where X lacks a feature that the model was trained on.
        """
        self.refuse_absent(X)
        return self.completion.complete(X[list(self.feature_names)].to_numpy(np.float64))

    def refuse_absent(self, X: pd.DataFrame) -> None:
        """Raises ModelError where X lacks a feature that the model was trained on."""
        absent = [name for name in self.feature_names if name not in X.columns]
        if absent:
            raise ModelError(
                f"{len(absent)} features of the model are absent: {', '.join(absent[:5])}. "
                "Derive them with features.derivation.catalogue.derive_features."
            )

    def without(self, absent: Collection[str]) -> Self:
        """The predictor for a file that lacks all that these features are made of.

        There a gap tells nothing of the patient who has it.
        """
        positions = self.positions_of(absent)
        return replace(self, causes=tuple(cause.without(positions) for cause in self.causes))

    def use_one_thread(self) -> None:
        """Predict with one thread: of few patients at once, more cost more than they save."""
        for cause in self.causes:
            if cause.boosted is not None:
                cause.boosted.booster.set_param({"nthread": 1})

    def positions_of(self, names: Collection[str]) -> npt.NDArray[np.intp]:
        """Where these features are among those of the model."""
        return np.array([self.feature_names.index(name) for name in names], np.intp)

    def margin(self, X: pd.DataFrame) -> FloatArray:
        """Margins (n, k), one column per cause. Raises ModelError where X lacks a feature."""
        return self.margin_of(self.see(X))

    def margin_of(self, seen: Completed) -> FloatArray:
        """Margins (n, k) of completed features."""
        return np.stack([cause.margin(seen) for cause in self.causes], axis=1)

    def risk(self, X: pd.DataFrame, horizons: Sequence[float]) -> FloatArray:
        """Risk of the event (n, h) by each horizon, competing death allowed for."""
        return self.link.risk(self.margin(X), horizons)

    def cumulative_incidence(self, X: pd.DataFrame, times: Sequence[float]) -> FloatArray:
        """Cumulative incidence (n, t, k) of each cause by each time."""
        if isinstance(self.link, CompetingRisksLink):
            return self.link.cumulative_incidence(self.margin(X), times)
        return self.risk(X, times)[:, :, None]

    def save(self, folder: Path) -> None:
        """Write ``predictor.json`` and one UBJSON file per booster; the same model, same bytes."""
        folder.mkdir(parents=True, exist_ok=True)
        causes = []
        for cause in self.causes:
            if cause.boosted is not None:
                cause.boosted.booster.save_model(folder / f"{cause.name}.ubj")
            causes.append(cause_to_dict(cause))
        stored = {
            "format": FORMAT,
            "feature_names": list(self.feature_names),
            "completion": self.completion.to_dict(),
            "causes": causes,
            "link": self.link.to_dict(),
        }
        (folder / _FILE).write_text(json.dumps(stored, indent=1, allow_nan=False) + "\n")

    @classmethod
    def load(cls, folder: Path) -> RiskPredictor:
        """Read back what `save` wrote. Raises ModelError where the folder holds no such model."""
        try:
            stored = read_json(folder / _FILE, with_fields=True)
        except (FileNotFoundError, NotADirectoryError) as error:
            raise ModelError(f"{folder} holds no model: {_FILE} is not there.") from error
        with reading(folder):
            if stored["format"] != FORMAT:
                raise ModelError(
                    f"{folder} was written in another format than {FORMAT}, which this version "
                    "reads. Train the model again or use the version that wrote it."
                )
            names = tuple(stored["feature_names"])
            completion = Completion.from_dict(stored["completion"])
            causes = tuple(
                cause_from_dict(completion, names, cause, folder) for cause in stored["causes"]
            )
            return cls(names, completion, causes, link_from_dict(stored["link"]))


def cause_to_dict(cause: CauseModel) -> dict[str, Any]:
    """Plain numbers and lists, for JSON; boosters and completion left out."""
    return {
        "name": cause.name,
        "linear": None if cause.linear is None else cause.linear.to_dict(),
        "boosted": None if cause.boosted is None else cause.boosted.to_dict(),
        "linear_weight": cause.linear_weight,
        "boosted_weight": cause.boosted_weight,
        "shift": cause.shift,
    }


def cause_from_dict(
    completion: Completion, names: Sequence[str], stored: dict[str, Any], folder: Path
) -> CauseModel:
    """Read back what `cause_to_dict` gave; its booster lies in the folder."""
    linear = boosted = None
    if stored["linear"] is not None:
        linear = LinearPart.from_dict(completion, stored["linear"])
    if stored["boosted"] is not None:
        booster = load_booster(folder / f"{stored['name']}.ubj", names)
        boosted = BoostedPart.from_dict(completion, booster, stored["boosted"])
    return CauseModel(
        stored["name"],
        linear,
        boosted,
        stored["linear_weight"],
        stored["boosted_weight"],
        stored["shift"],
    )
