"""Which code ran: the commit, and whether anything was edited since."""

from __future__ import annotations

import hashlib
import platform
import subprocess
from functools import cache
from pathlib import Path

from models.storage.installed_version import version_of

_PACKAGES = ("features", "models", "pipeline")
# What computes or writes the numbers of an output; another version may give other bytes.
_LIBRARIES = ("numpy", "pandas", "pyarrow", "xgboost")


@cache
def hash_code() -> str:
    """SHA-256 of all that an output is computed with: our modules, the libraries' versions."""
    total = hashlib.sha256(platform.python_version().encode())
    for library in _LIBRARIES:
        total.update(f"\n{library} {version_of(library)}".encode())
    root = Path(__file__).parents[2]
    for package in _PACKAGES:
        for path in sorted((root / package).rglob("*.py")):
            digest = hashlib.sha256(path.read_bytes()).hexdigest()
            total.update(f"\n{path.relative_to(root).as_posix()}\0{digest}".encode())
    return total.hexdigest()


def describe_code(root: Path) -> str:
    """The commit at ``root``, "+dirty" where tracked files were edited.

    Where there is no git or no repository of ours, the version of the installed package.
    """
    commit = _git(root, "rev-parse", "HEAD")
    if commit is None:
        return version_of("calcirisk")
    edited = _git(root, "status", "--porcelain", "--untracked-files=no")
    return commit + ("+dirty" if edited else "")


def _git(root: Path, *arguments: str) -> str | None:
    try:
        done = subprocess.run(
            ["git", "-C", str(root), *arguments], capture_output=True, text=True, check=True
        )
    except (OSError, subprocess.CalledProcessError):
        return None
    return done.stdout.strip()
