"""Which code ran: the commit, and whether anything was edited since."""

from __future__ import annotations

import subprocess
from importlib.metadata import version
from pathlib import Path


def describe_code(root: Path) -> str:
    """The commit at ``root``, "+dirty" where tracked files were edited.

    Where there is no git or no repository of ours, the version of the installed package.
    """
    commit = _git(root, "rev-parse", "HEAD")
    if commit is None:
        return version("calcirisk")
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
