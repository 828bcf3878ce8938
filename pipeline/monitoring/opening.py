"""Opens a model to be watched, of whatever kind it is."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pipeline.monitoring.watched import Watched


def open_watched(folder: Path) -> Watched:
    """The model in a folder, of whatever kind. Raises ModelError."""
    from models.progression.forecaster import PREDICTOR

    if (folder / PREDICTOR).is_dir():
        from pipeline.monitoring.forecasts import WatchedForecasts

        return WatchedForecasts.open(folder)
    from pipeline.monitoring.risks import WatchedRisks

    return WatchedRisks.open(folder)
