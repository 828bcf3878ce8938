"""The Dockerfile as a table of instructions, and what .dockerignore lets into a build."""

from __future__ import annotations

import json
import shlex
import shutil
import subprocess
from fnmatch import fnmatch
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).parents[2]


class Instruction(NamedTuple):
    """One instruction of one stage; comments and line continuations are gone."""

    stage: str
    name: str
    text: str

    @property
    def words(self) -> list[str]:
        return json.loads(self.text) if self.text.startswith("[") else shlex.split(self.text)


def read_recipe() -> list[Instruction]:
    lines = (ROOT / "Dockerfile").read_text(encoding="utf-8").splitlines()
    whole = "\n".join(line for line in lines if not line.lstrip().startswith("#"))
    stage, found = "", []
    for line in whole.replace("\\\n", " ").splitlines():
        name, _, text = line.strip().partition(" ")
        if not name:
            continue
        if name == "FROM":
            stage = text.split(" AS ")[1]
        found.append(Instruction(stage, name, " ".join(text.split())))
    return found


def is_sent(path: str) -> bool:
    """Whether a file goes to the engine that builds: the last rule that fits decides."""
    sent = True
    for line in (ROOT / ".dockerignore").read_text(encoding="utf-8").splitlines():
        rule = line.strip()
        if not rule or rule.startswith("#"):
            continue
        pattern = rule.removeprefix("!").removeprefix("**/")
        parts = path.split("/")
        anywhere = "**/" in rule
        starts = range(len(parts)) if anywhere else range(1)
        fits = any(
            fnmatch("/".join(parts[start:end]), pattern)
            for start in starts
            for end in range(start + 1, len(parts) + 1)
        )
        if fits:
            sent = rule.startswith("!")
    return sent


def tracked_files() -> list[str]:
    told = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, check=True, text=True)
    return [name for name in told.stdout.splitlines() if (ROOT / name).is_file()]


def copy_context(folder: Path) -> list[str]:
    """Put into ``folder`` what a build would be given from a clean checkout."""
    sent = [name for name in tracked_files() if is_sent(name)]
    for name in sent:
        target = folder / name
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / name, target)
    return sent
