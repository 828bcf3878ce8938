"""A paired comparison of progression models: both forecast the scans held out from both here."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from features.errors import ModelError
from pipeline.promotion.champion import Rematch
from pipeline.promotion.evidence import Evidence, Figure
from pipeline.promotion.pairing import ENOUGH_SAMPLES, find_held_out
from pipeline.settings.params import Params, Paths

if TYPE_CHECKING:
    from features.array_types import FloatArray
    from features.cohort import Cohort
    from models.progression.training.progression_model import LaterScans


def compare_forecasts_here(
    challenger: Evidence,
    champion: Evidence,
    folders: tuple[Path, Path],
    params: Params,
    paths: Paths,
) -> Rematch:
    """Forecast the held-out scans with both model folders, or say why they cannot be paired."""
    from features.fingerprint import fingerprint_scans
    from pipeline.training.growth_split import part_of

    if challenger.digest == champion.digest:
        return Rematch(Figure(0.0, 0.0, 0.0))
    held_out = find_held_out(
        challenger,
        champion,
        paths,
        lambda cohort: part_of(cohort, params, paths),
        fingerprint_scans,
    )
    if isinstance(held_out, str):
        return Rematch(None, why=held_out)
    return _forecast_both(held_out, folders, params)


def _forecast_both(held_out: Cohort, folders: tuple[Path, Path], params: Params) -> Rematch:
    from models.progression.evaluation import GRID
    from models.progression.performance import CARRIED, Held, compare_forecasts
    from models.progression.rivals import carry_forward
    from models.progression.training.progression_model import LaterScans

    assert held_out.later_scans is not None  # their hash was logged
    scans = LaterScans.of_table(held_out.later_scans, held_out.covariates)
    try:
        one, other = (_forecast(folder, held_out, scans) for folder in folders)
    except ModelError:
        return Rematch(None, why="this version of calcirisk cannot forecast with both models")
    of = scans.observations()
    held = Held(of, scans.patient, {CARRIED: carry_forward(of, GRID)})
    samples = max(params.forecast.n_bootstrap, ENOUGH_SAMPLES)
    difference = compare_forecasts(held, one, other, samples, params.seed)
    return Rematch(Figure(*difference), n=scans.n_patients, events=len(of))


def _forecast(folder: Path, held_out: Cohort, scans: LaterScans) -> FloatArray:
    from models.progression.evaluation import GRID
    from models.progression.forecaster import Forecaster

    fit, everyone = Forecaster.load(folder).see_patients(held_out.covariates)
    patients, of = everyone.take(scans.patient), scans.observations()
    grid = np.broadcast_to(GRID, (len(of), len(GRID)))
    years = np.minimum(of.years, fit.predictor.longest)
    return fit.predictor.law.cdf(patients, grid, years)
