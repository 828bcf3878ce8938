"""The files that a command is going to write: taken before any work, by one command at a time.

Each has a lock beside it, ``.NAME.lock``, which the operating system drops with its process; only
under all locks is looked at what is there. A lock file that is left behind names the job that has
not finished, so that nobody else writes what that job has still to write.
"""

from __future__ import annotations

import fcntl
import os
import socket
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

from features.errors import ConfigError
from pipeline.files.private import hidden_beside, open_lock, require_writable_name

_TEXT = 4096


class TakenError(ConfigError):
    """Another process has the file."""


@dataclass
class Taken:
    """Files that are ours to write. ``keep``: leave the locks' files, for a job to be resumed."""

    files: tuple[Path, ...]
    keep: bool = field(default=False)


@contextmanager
def take(
    files: Sequence[Path],
    sources: Sequence[Path] = (),
    unfinished: Path | None = None,
    n_folders: int = 0,
) -> Iterator[Taken]:
    """The files under their locks; the first is what a person calls the output.

    ``sources``: files and folders that are read meanwhile. ``unfinished``: where the work of a job
    that may be resumed is kept; while it is there, no other job takes these files. ``n_folders``:
    so many, the first, may be folders that are to be replaced. Raises ConfigError where a file is
    one of the sources or of the others, or is taken; OSError.
    """
    for file in files:
        require_writable_name(file)
    _refuse_places(files, sources, n_folders)
    made = [folder for folder in files[0].absolute().parents if not folder.exists()]
    taken = Taken(tuple(files))
    with _removing_if_it_fails(made), ExitStack() as stack:
        files[0].absolute().parent.mkdir(parents=True, exist_ok=True)
        for file in sorted(files):
            stack.enter_context(_locked(file, files[0], unfinished, taken))
        _refuse_places(files, sources, n_folders)
        yield taken


def existing(*places: str | Path | None) -> tuple[Path, ...]:
    """Those that are files or folders here: what is read may also be a name, a URL or nothing."""
    return tuple(Path(one) for one in places if one is not None and Path(one).exists())


def map_of(cohort: str | None) -> str | None:
    """The file of a cohort map, where it is given as one and not by name."""
    return cohort if cohort is not None and cohort.endswith((".yaml", ".yml")) else None


def _refuse_places(files: Sequence[Path], sources: Sequence[Path], n_folders: int) -> None:
    """Raises ConfigError where a file to be written is read, or is another one to be written."""
    named = {_resolved(source): source for source in sources}
    same = {_inode(source): source for source in sources}
    read_whole = {source.resolve(): source for source in sources if source.is_dir()}
    for position, file in enumerate(files):
        if any(_same(file, other) for other in files[:position]):
            raise ConfigError(f"{file} would be written twice. Take another name")
        if file.is_dir() and position >= n_folders:
            raise ConfigError(f"{file} is a folder. Give the name of a file in it")
        place = _resolved(file)
        found = [named.get(place), same.get(_inode(file)) if file.exists() else None]
        found += [read_whole.get(folder) for folder in (place, *place.parents)]
        if file.is_dir():
            own = file.resolve()
            found += [source for at, source in named.items() if at.is_relative_to(own)]
        for source in found:
            if source is not None:
                raise ConfigError(
                    f"{file} would replace what is read ({source}). Take another name or folder"
                )


def refuse_existing(*files: Path) -> None:
    """Raises ConfigError where one of the files is there already."""
    for file in files:
        if os.path.lexists(file):
            raise ConfigError(f"{file} exists. Take another name, or replace it with --overwrite")


def _same(one: Path, other: Path) -> bool:
    return _resolved(one) == _resolved(other) or None is not _inode(one) == _inode(other)


def _inode(file: Path) -> tuple[int, int] | None:
    """Which file it is, under whatever name; None where there is none."""
    try:
        found = file.stat()
    except OSError:
        return None
    return found.st_dev, found.st_ino


def _resolved(file: Path) -> Path:
    return file.absolute().parent.resolve() / file.name


@contextmanager
def _locked(file: Path, out: Path, unfinished: Path | None, taken: Taken) -> Iterator[None]:
    path = hidden_beside(file, "lock")
    lock = _acquire(path, out)
    try:
        _refuse_unfinished_of_another(lock, file, unfinished)
        who = f"process {os.getpid()} on {socket.gethostname()}\n"
        who += "" if unfinished is None else unfinished.name
        os.ftruncate(lock, 0)
        os.pwrite(lock, os.fsencode(who), 0)
    except BaseException:
        os.close(lock)
        raise
    try:
        yield
    finally:
        if not taken.keep:
            with suppress(OSError):
                path.unlink()
        os.close(lock)


@contextmanager
def alone_with(place: Path) -> Iterator[None]:
    """While nobody writes this file or folder, nor anything in the folder.

    Raises ConfigError where somebody does.
    """
    locks = [hidden_beside(place, "lock"), *(place.rglob(".*.lock") if place.is_dir() else ())]
    with ExitStack() as stack:
        for path in locks:
            lock = _acquire(path, place, "Wait for it")
            stack.callback(os.close, lock)
            stack.callback(path.unlink, missing_ok=True)
        yield


def _acquire(path: Path, out: Path, remedy: str = "Wait for it or take another name") -> int:
    while True:
        lock = open_lock(path)
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            who = os.fsdecode(os.pread(lock, _TEXT, 0)).partition("\n")[0] or "running"
            os.close(lock)
            raise TakenError(f"{out} is in use by another job ({who}). {remedy}") from None
        except OSError:
            os.close(lock)
            raise
        with suppress(FileNotFoundError):
            if os.fstat(lock).st_ino == path.lstat().st_ino:
                return lock
        os.close(lock)  # the job before removed the file in between


def _refuse_unfinished_of_another(lock: int, file: Path, unfinished: Path | None) -> None:
    left = os.fsdecode(os.pread(lock, _TEXT, 0)).partition("\n")[2]
    if not left or "/" in left or (unfinished is not None and unfinished.name == left):
        return
    if file.with_name(left).is_dir():
        raise ConfigError(
            f"{file} is to be written by a job that was begun and not finished ({left}). "
            "Go on there with --resume, remove that folder, or take another name"
        )


@contextmanager
def _removing_if_it_fails(folders: Sequence[Path]) -> Iterator[None]:
    try:
        yield
    except BaseException:
        for folder in folders:
            with suppress(OSError):
                folder.rmdir()
        raise
