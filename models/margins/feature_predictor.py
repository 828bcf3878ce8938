"""What a fitted model knows of features, whatever it predicts: their names, how gaps are filled.

Needs numpy, pandas and xgboost alone, so that a served model starts fast and installs small.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from features.errors import ModelError
from models.learners.completion import Completed, Completion
from models.margins.cause_model import CauseModel
from models.storage.formats import read_json


@dataclass(frozen=True)
class FeaturePredictor:
    """A fitted model over named features."""

    feature_names: tuple[str, ...]
    completion: Completion

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

    def extremes(self) -> pd.DataFrame:
        """Features (5, p): all missing, 0 and 1, and 3 standard deviations either way.

        What a model is tried on before it is believed.
        """
        values = np.array([np.nan, 0.0, 1.0, 0.0, 0.0])[:, None].repeat(len(self.feature_names), 1)
        known = self.completion
        for row, side in ((3, -3.0), (4, 3.0)):
            values[row, known.used] = known.mean + side * known.scale
        return pd.DataFrame(values, columns=list(self.feature_names))

    def positions_of(self, names: Collection[str]) -> npt.NDArray[np.intp]:
        """Where these features are among those of the model."""
        return np.array([self.feature_names.index(name) for name in names], np.intp)


def write_predictor(
    file: Path,
    model_format: int,
    predictor: FeaturePredictor,
    margins: Collection[CauseModel],
    more: Mapping[str, Any],
) -> None:
    """Write a predictor as JSON, the trees of its margins beside it; the same model, same bytes."""
    file.parent.mkdir(parents=True, exist_ok=True)
    for margin in margins:
        margin.save_booster(file.parent)
    stored = {
        "format": model_format,
        "feature_names": list(predictor.feature_names),
        "completion": predictor.completion.to_dict(),
        **more,
    }
    file.write_text(json.dumps(stored, indent=1, allow_nan=False) + "\n")


def read_predictor(file: Path, model_format: int, kind: str) -> dict[str, Any]:
    """What `write_predictor` wrote. Raises ModelError where it is none of this format.

    ``kind``: what the folder is to hold, for messages.
    """
    try:
        stored = read_json(file, with_fields=True)
    except (FileNotFoundError, NotADirectoryError) as error:
        raise ModelError(f"{file.parent} holds no {kind}: {file.name} is not there.") from error
    if stored.get("format") != model_format:
        raise ModelError(
            f"{file.parent} was written in another format than {model_format}, which this version "
            "reads. Train the model again or use the version that wrote it."
        )
    return stored
