"""Files and folders for their owner alone, made and opened without following a symbolic link."""

from __future__ import annotations

import hashlib
import os
import stat
from contextlib import suppress
from pathlib import Path
from typing import IO, Any

from features.errors import ConfigError

_FILE, _FOLDER = 0o600, 0o700
_OTHERS = 0o077
_OTHERS_WRITE = 0o022
_DIGEST = 12


def open_private(path: Path, mode: str = "wb", **options: Any) -> IO[Any]:
    """`open` for writing: a new file is 0600, and what is a symbolic link raises OSError."""

    def opener(name: str, flags: int) -> int:
        return os.open(name, flags | os.O_NOFOLLOW | os.O_CLOEXEC, _FILE)

    return open(path, mode, opener=opener, **options)


def open_folder(path: Path) -> int:
    """A descriptor of the folder, made (0700) where it is not there.

    Raises ConfigError where it is a link, belongs to somebody else or may be written by others.
    """
    with suppress(FileExistsError):
        path.mkdir(mode=_FOLDER)
    try:
        folder = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC)
    except OSError as error:
        if path.is_symlink() or not path.is_dir():
            raise ConfigError(
                f"{path} is no folder of ours: a link or a file. Look where it comes from, and "
                "remove it"
            ) from error
        raise
    try:
        _require_own(os.fstat(folder), path)
        os.fchmod(folder, _FOLDER)
    except BaseException:
        os.close(folder)
        raise
    return folder


def open_lock(path: Path) -> int:
    """A descriptor of a lock file, made (0600) where it is not there; as `open_folder` refuses."""
    flags = os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
    try:
        lock = os.open(path, flags, _FILE)
    except PermissionError as error:
        if os.path.lexists(path):
            raise ConfigError(f"{path} belongs to somebody else, who may be writing") from error
        raise
    except OSError as error:
        if path.is_symlink() or path.is_dir():
            raise ConfigError(
                f"{path} is no lock of ours: a link or a folder. Remove it"
            ) from error
        raise
    found = os.fstat(lock)
    if not stat.S_ISREG(found.st_mode):
        os.close(lock)
        raise ConfigError(f"{path} is no lock of ours: not a file. Remove it")
    return lock


def _require_own(found: os.stat_result, path: Path) -> None:
    if found.st_uid != os.geteuid():
        raise ConfigError(f"{path} belongs to somebody else. Take another name for the output")
    if found.st_mode & _OTHERS_WRITE:
        raise ConfigError(
            f"{path} may be written by others: what it holds cannot be trusted. Remove it"
        )


def is_private(path: Path) -> bool:
    """Whether nobody but its owner may do anything with the file or folder."""
    return not path.lstat().st_mode & _OTHERS


def hidden_beside(path: Path, ending: str) -> Path:
    """``.NAME.ending`` beside a file; where that is too long a name, one of its hash."""
    name = f".{path.name}.{ending}"
    if len(os.fsencode(name)) > _longest_name(path.parent):
        name = f".{hashlib.sha256(os.fsencode(path.name)).hexdigest()[:_DIGEST]}.{ending}"
    return path.with_name(name)


def require_writable_name(path: Path) -> None:
    """Raises ConfigError where no file can have this name here, or no message can repeat it."""
    try:
        path.name.encode()
        length = len(os.fsencode(path.name))
    except UnicodeEncodeError as error:
        raise ConfigError(
            "The name of the output cannot be written in UTF-8. Take another name"
        ) from error
    if "\0" in str(path):
        raise ConfigError("The name of the output holds a NUL. Take another name")
    if length > _longest_name(path.parent):
        raise ConfigError(
            f"The name {path.name[:40]}... is longer ({length} bytes) than the file system allows "
            f"({_longest_name(path.parent)}). Take a shorter one"
        )


def _longest_name(folder: Path) -> int:
    for place in (folder.absolute(), *folder.absolute().parents):
        try:
            return os.pathconf(place, "PC_NAME_MAX")
        except (FileNotFoundError, NotADirectoryError):
            continue
        except (OSError, ValueError):
            break
    return 255
