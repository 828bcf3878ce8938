"""Stage report: one HTML file that answers every item of TRIPOD+AI, and a model card."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from models.storage.installed_version import version_if_installed
from pipeline.settings.code_version import describe_code
from pipeline.settings.params import Params, Paths

if TYPE_CHECKING:
    import pandas as pd

    from models.report.material import Material

PACKAGES = ("numpy", "pandas", "scikit-learn", "xgboost", "lifelines", "shap")


def run(params: Params, paths: Paths) -> None:
    """Write report.html and model_card.md from what the earlier stages wrote."""
    from models.report.rendering import render_card, render_report

    material = read_material(params, paths)
    paths.report.mkdir(parents=True, exist_ok=True)
    for name, text in (
        ("report.html", render_report(material)),
        ("model_card.md", render_card(material)),
    ):
        (paths.report / name).write_text(text, encoding="utf-8")


def read_material(params: Params, paths: Paths) -> Material:
    """The outputs of the earlier stages; tables and figures that are not there are left out."""
    from features.dictionary.dictionary import Dictionary
    from models.reference_scores.registry import REFERENCE_SCORES
    from models.report.material import Material
    from models.storage.model_folder import ABOUT, DICTIONARY, PREDICTOR

    model = _read_json(paths.model / ABOUT)
    evaluation, explanation = paths.evaluate / "tables", paths.explain / "tables"
    return Material(
        model=model,
        cohort=_read_json(paths.ingest / "cohort.json").get("about", {}),
        ingest=_read_json(paths.ingest / "report.json"),
        training=_read_json(paths.train / "training.json"),
        predictor=_read_json(paths.model / PREDICTOR / "predictor.json"),
        variables=Dictionary.load(paths.model / DICTIONARY),
        leakage=_read_json(paths.train / "leakage.json"),
        design=_read_json(paths.evaluate / "design.json"),
        explanation=_read_json(paths.explain / "explanation.json"),
        tables={**_read_tables(evaluation), **_read_tables(explanation), **_read_growth(paths)},
        external=_read_tables(evaluation / "external"),
        figures={**_read_figures(paths.evaluate), **_read_figures(paths.explain)},
        settings=dict(flatten_settings(params)),
        statements={name: text for name, text in asdict(params.report).items() if text},
        hashes=_hash(model, paths),
        versions=dict(_list_versions()),
        titles={name: score.title for name, score in REFERENCE_SCORES.items()},
    )


def flatten_settings(params: Params) -> Iterator[tuple[str, Any]]:
    """What decides the numbers, by dotted name: all but where things are scored and registered."""
    written = asdict(params)
    for name in ("seed", "horizons", "featurize", "leakage", "train", "evaluate", "explain"):
        yield from _flatten(name, written[name])


def _flatten(name: str, value: Any) -> Iterator[tuple[str, Any]]:
    if isinstance(value, Mapping) and value:
        for key, inner in value.items():
            yield from _flatten(f"{name}.{key}", inner)
    else:
        yield name, value


def _read_json(path: Path) -> dict[str, Any]:
    if not path.is_file():
        return {}
    content: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return content


def _read_tables(folder: Path) -> dict[str, pd.DataFrame]:
    import pandas as pd

    files = sorted(folder.glob("*.csv"))
    return {path.stem: pd.read_csv(path) for path in files if path.stat().st_size > 1}


def _read_growth(paths: Paths) -> dict[str, pd.DataFrame]:
    """The tables of the forecasts of later scores, under names of their own."""
    tables = _read_tables(paths.forecast / "tables")
    return {f"growth_{name}": table for name, table in tables.items()}


def _read_figures(folder: Path) -> dict[str, str]:
    files = sorted((folder / "plots").glob("*.svg"))
    return {path.stem: path.read_text(encoding="utf-8") for path in files}


def _hash(model: Mapping[str, Any], paths: Paths) -> dict[str, str]:
    hashes = {
        "data": model["data_sha256"],
        "model": model["digest"],
        "code": describe_code(paths.root),
    }
    lock = paths.root / "requirements.lock"
    if lock.is_file():
        hashes["lock"] = hashlib.sha256(lock.read_bytes()).hexdigest()
    return hashes


def _list_versions() -> Iterator[tuple[str, str]]:
    for name in PACKAGES:
        found = version_if_installed(name)
        if found is not None:
            yield name, found
