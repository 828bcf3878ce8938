"""Every copy of patients that the program keeps in a project's folder, found and removed."""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Sequence
from pathlib import Path

from pipeline.settings.paths import Paths

_HOLD_PATIENTS = (
    "simulate",
    "ingest",
    "featurize",
    "train",
    "explain",
    "score",
    "external",
    "clinic",
    "monitor",
)
_UNFINISHED = (".*.unfinished", ".*.staged", ".*.tables", ".*.replaced", ".*.finished")


def find_leftovers(paths: Paths, folders: Sequence[Path] = ()) -> list[Path]:
    """What holds patients: outputs of stages that do, DVC's cache, and unfinished work.

    ``folders``: where else outputs were written; there only what was left unfinished is named, not
    the outputs themselves.
    """
    found = [paths.stage(name) for name in _HOLD_PATIENTS]
    # Its files bear hashes for names: which of them hold patients, nobody can tell.
    found += [paths.root / ".dvc" / name for name in ("cache", "tmp")]
    for folder in (paths.root, paths.root / paths.outputs, *folders):
        found += _unfinished_in(folder)
    return sorted({path for path in found if path.exists() or path.is_symlink()})


def written_by(left: Path) -> Path:
    """What the unfinished work beside it was to become; what is no unfinished work, itself."""
    for pattern in _UNFINISHED:
        ending = pattern.removeprefix(".*")
        if left.name.startswith(".") and left.name.endswith(ending):
            return left.with_name(left.name[1 : -len(ending)] or left.name)
    return left


def remove(path: Path) -> None:
    """Remove a file, a link or a folder with all that is in it. Raises OSError."""
    if path.is_symlink() or not path.is_dir():
        path.unlink()
    else:
        shutil.rmtree(path)


def _unfinished_in(folder: Path) -> Iterator[Path]:
    if folder.is_dir():
        for pattern in _UNFINISHED:
            yield from folder.glob(pattern)
