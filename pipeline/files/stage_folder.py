"""A stage's folder: there whole or not at all, and known to be made from what lies beside it.

``made_from.json`` holds the hash of what the stage wrote, and of each folder that it read as it was
then. A stage reads nothing that is not what was written, or that was made from something else.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

from features.errors import CalciriskError, ConfigError
from pipeline.files.destinations import take
from pipeline.files.exchange import exchange
from pipeline.files.faults import describe_fault
from pipeline.files.private import hidden_beside, open_folder
from pipeline.settings.paths import Paths

RECEIPT = "made_from.json"


@contextmanager
def written_whole(
    name: str,
    paths: Paths,
    reads: Sequence[str] = (),
    forget: bool = False,
    sources: Sequence[Path] = (),
    along: Sequence[str] = (),
) -> Iterator[Paths]:
    """Paths whose folder of this stage takes its place at the end of the block.

    ``reads``: stages whose folders are read, those that there are. ``forget``: where the stage
    refuses its input, what it wrote before is removed, so that nobody takes it for this one's.
    ``sources``: what else is read; it may not lie in the folder. ``along``: stages that read
    nothing, are written in the same block and read by this one: where it fails, they stay as they
    were.
    Raises ConfigError where a folder that is read is not what its stage wrote, was made from
    another one, or changes meanwhile; where another process writes here; where the disk fails.
    """
    place, names = paths.stage(name), (name, *along)
    there = [stage for stage in reads if _is_there(paths.stage(stage))]
    places = {one: paths.stage(one) for one in names}
    unfinished = {one: hidden_beside(at, "unfinished") for one, at in places.items()}
    replaced = hidden_beside(place, "replaced")
    left_over = (*unfinished.values(), replaced)
    try:
        read_here = [*(paths.stage(stage) for stage in there), *sources]
        with take([*places.values()], read_here, n_folders=len(places)):
            for at in places.values():
                _refuse_foreign(at)
            read = {stage: _verify(stage, paths) for stage in there}
            for left in left_over:
                _remove(left)
            try:
                for folder in unfinished.values():
                    os.close(open_folder(folder))
                try:
                    yield replace(paths, unfinished={**paths.unfinished, **unfinished})
                except CalciriskError:
                    if forget:
                        _remove(place)
                    raise
                _require_same({stage: read.get(stage) for stage in reads}, paths)
                wrote = {one: _write_receipt(one, unfinished[one], {}) for one in along}
                _write_receipt(name, unfinished[name], {**wrote, **read})
                os.close(open_folder(replaced))
                exchange({at: unfinished[one] for one, at in places.items()}, replaced)
            finally:
                for left in left_over:
                    _remove(left)
    except OSError as error:
        reason, remedy = describe_fault(error)
        where = error.filename or place
        raise ConfigError(f"{where} cannot be read or written ({reason}): {remedy}") from error


def _refuse_foreign(place: Path) -> None:
    """Raises ConfigError where a folder holds what no stage wrote: nobody asked to replace it."""
    if place.is_symlink() or (place.exists() and not place.is_dir()):
        raise ConfigError(f"{place} is a link or a file where a folder is to be. Remove it")
    if place.is_dir() and any(place.iterdir()) and _read_receipt(place) is None:
        raise ConfigError(
            f"{place} holds files that calcirisk did not write whole. Remove it, or take another "
            "--out"
        )


def hash_folder(folder: Path) -> str:
    """SHA-256 over the names and bytes of all files, the receipt left out."""
    total = hashlib.sha256()
    for path in sorted(folder.rglob("*")):
        name = path.relative_to(folder).as_posix()
        if path.is_file() and name != RECEIPT:
            with path.open("rb") as file:
                digest = hashlib.file_digest(file, "sha256").hexdigest()
            total.update(f"{name}\0{digest}\n".encode())
    return total.hexdigest()


def _verify(stage: str, paths: Paths) -> str:
    """The hash of a stage's folder. Raises ConfigError where it is not to be believed."""
    folder, receipt = paths.stage(stage), _read_receipt(paths.stage(stage))
    again = f"Run `calcirisk {stage}` again"
    if receipt is None:
        raise ConfigError(f"{folder} was not written whole by this version. {again}")
    found = hash_folder(folder)
    if found != receipt["wrote"]:
        raise ConfigError(f"{folder} is not what `calcirisk {stage}` wrote. {again}")
    for earlier, digest in receipt["read"].items():
        now = _read_receipt(paths.stage(earlier))
        if now is not None and now["wrote"] != digest:
            raise ConfigError(
                f"{folder} was made from another {paths.stage(earlier).name} than lies beside it. "
                f"{again}"
            )
    return found


def _require_same(read: dict[str, str | None], paths: Paths) -> None:
    """``read``: the hash of each folder, None of one that was not there."""
    for stage, digest in read.items():
        place = paths.stage(stage)
        if (hash_folder(place) if place.is_dir() else None) != digest:
            raise ConfigError(f"{place} was changed while it was read. Begin again")


def _is_there(place: Path) -> bool:
    """Raises ConfigError where it is only out of its place, since another process replaces it."""
    if not place.is_dir():
        with take([place], n_folders=1):
            pass
    return place.is_dir()


def _write_receipt(name: str, folder: Path, read: dict[str, str]) -> str:
    """The hash of what the stage wrote, kept with those of what it read."""
    wrote = hash_folder(folder)
    receipt = {"stage": name, "read": read, "wrote": wrote}
    text = json.dumps(receipt, indent=1, sort_keys=True) + "\n"
    (folder / RECEIPT).write_text(text, encoding="utf-8")
    return wrote


def _read_receipt(folder: Path) -> dict[str, Any] | None:
    try:
        receipt = json.loads((folder / RECEIPT).read_text(encoding="utf-8"))
        assert isinstance(receipt["wrote"], str) and isinstance(receipt["read"], dict)
    except (OSError, ValueError, KeyError, TypeError, AssertionError):
        return None
    return dict(receipt)


def _remove(folder: Path) -> None:
    if folder.is_symlink() or folder.is_file():
        folder.unlink()
    elif folder.is_dir():
        shutil.rmtree(folder)
