"""Stage source: which raw files the cohort comes from, and their hash, for DVC to follow."""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pipeline.settings.params import SIMULATED, Params, Paths

if TYPE_CHECKING:
    from features.cohort_map.cohort_map import CohortMap


def run(params: Params, paths: Paths) -> None:
    """Write source.json: name, bytes and SHA-256 of each raw file, or of the simulation's settings.

    Raises MapError where there is no such map, CohortError where its file is not found.
    """
    if params.cohort == SIMULATED:
        write_source(describe_simulation(params), paths)
        return
    from features.cohort_map.cohort_map import CohortMap

    cohort_map = CohortMap.load(params.cohort, paths.cohort_maps)
    write_source(describe_files(cohort_map, paths.root), paths)


def write_source(about: dict[str, Any], paths: Paths) -> None:
    """Write source.json."""
    paths.source.mkdir(parents=True, exist_ok=True)
    text = json.dumps(about, indent=2, sort_keys=True) + "\n"
    (paths.source / "source.json").write_text(text, encoding="utf-8")


def describe_simulation(params: Params) -> dict[str, Any]:
    """The settings that the simulated cohort follows from, and their hash."""
    settings = {"seed": params.seed, **asdict(params.simulate)}
    digest = hashlib.sha256(json.dumps(settings, sort_keys=True).encode()).hexdigest()
    return {"cohort": SIMULATED, "simulated": True, "settings": settings, "sha256": digest}


def describe_files(cohort_map: CohortMap, root: Path) -> dict[str, Any]:
    """The files that a cohort's map names: no path, so that another machine finds the same."""
    from features.intake.files.cohort_file import locate_source, source_folders

    names = [cohort_map.file, *([cohort_map.lesions.file] if cohort_map.lesions else [])]
    found = [locate_source(name, source_folders(root)) for name in names]
    files = [
        {"name": path.name, "bytes": path.stat().st_size, "sha256": _hash_file(path)}
        for path in found
    ]
    digest = hashlib.sha256("".join(str(file["sha256"]) for file in files).encode()).hexdigest()
    return {
        "cohort": cohort_map.name,
        "simulated": False,
        "files": files,
        "sha256": files[0]["sha256"] if len(files) == 1 else digest,
    }


def _hash_file(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
