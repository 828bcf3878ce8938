"""Writes a progression model into its folder, sealed like that of a risk model."""

from __future__ import annotations

import shutil
from pathlib import Path

from models.progression.contributions import GrowthExplainer
from models.progression.forecaster import PREDICTOR
from models.serving.vendor import FORECASTER_MODULES, find_data_files
from models.storage.model_folder import DICTIONARY, EXPLAINER, REFERENCE, About, seal_model_folder


def write_progression_folder(folder: Path, explainer: GrowthExplainer, about: About) -> About:
    """Write everything that forecasting needs into a new or emptied folder, and seal it.

    ``about.n_patients`` are those with a later scan, ``n_events`` the scans that showed calcium
    where there was none. The same model gives the same bytes. Returns ``about`` with its digest.
    """
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    explainer.predictor.save(folder / PREDICTOR)
    explainer.save(folder / EXPLAINER)
    for name, file in find_data_files(modules=FORECASTER_MODULES).items():
        inside = DICTIONARY if name.endswith(f"/{DICTIONARY}") else f"{REFERENCE}/{Path(name).name}"
        (folder / inside).parent.mkdir(exist_ok=True)
        shutil.copyfile(file, folder / inside)
    return seal_model_folder(folder, about)
