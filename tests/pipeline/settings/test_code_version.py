from __future__ import annotations

import subprocess
from importlib.metadata import version
from pathlib import Path

from pipeline.settings.code_version import describe_code


def git(folder: Path, *arguments: str) -> str:
    identity = ["-c", "user.name=a", "-c", "user.email=a@b", "-c", "commit.gpgsign=false"]
    done = subprocess.run(
        ["git", *identity, *arguments], cwd=folder, check=True, capture_output=True, text=True
    )
    return done.stdout.strip()


def test_the_commit_is_named_and_an_edit_shows(tmp_path: Path) -> None:
    git(tmp_path, "init", "--quiet")
    (tmp_path / "a.txt").write_text("1")
    git(tmp_path, "add", "a.txt")
    git(tmp_path, "commit", "--quiet", "-m", "first")
    commit = git(tmp_path, "rev-parse", "HEAD")
    assert describe_code(tmp_path) == commit
    (tmp_path / "untracked.txt").write_text("1")
    assert describe_code(tmp_path) == commit
    (tmp_path / "a.txt").write_text("2")
    assert describe_code(tmp_path) == f"{commit}+dirty"


def test_without_git_the_installed_version_stands_in(tmp_path: Path) -> None:
    assert describe_code(tmp_path) == version("calcirisk")
