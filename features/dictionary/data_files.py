"""Where the files of data/ lie: beside the packages, or inside one where a wheel was installed."""

from __future__ import annotations

from pathlib import Path

from features.errors import MapError


def data_folder() -> Path:
    """The folder ``data`` of a checkout and of a served model; of a wheel, ``features/_data``.

    A folder called ``data`` among installed packages may be anybody's.
    """
    here = Path(__file__).resolve()
    inside = here.parents[1] / "_data"
    return inside if inside.is_dir() else here.parents[2] / "data"


def data_file(name: str) -> Path:
    """Path of a file below ``data/``, such as ``reference/hoff2001_cac_percentile_cutoffs.csv``.

    Raises MapError where it is not there.
    """
    path = data_folder() / name
    if not path.is_file():
        raise MapError(f"{name} is not in the folder data. Restore it from the repository")
    return path
