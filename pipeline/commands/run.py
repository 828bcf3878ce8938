"""The main job: `dvc repro` with a line per stage, then the summary."""

from __future__ import annotations

import configparser
import json
import os
import re
import subprocess
import sys
import time
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import TextIO

from features.errors import CalciriskError
from pipeline.settings.params import Params, Paths

_STARTED = re.compile(r"^Running stage '(?P<stage>[\w:/.]+)':")
_SKIPPED = re.compile(r"^Stage '(?P<stage>[\w:/.]+)' (didn't change|is cached)")
_EXITED = re.compile(r"exited with (?P<code>\d+)")
_DVC_TALK = re.compile(
    r"^(> |Generating lock file|Updating lock file|Use `dvc push`|To track|To enable|\tgit add"
    r"|\tdvc config|Verifying data|\s*$)"
)


class StageError(CalciriskError):
    """A stage failed; the text is what the stage itself said."""

    def __init__(self, text: str, exit_code: int) -> None:
        super().__init__(text)
        self.exit_code = exit_code


@dataclass
class Progress:
    """Prints one line for each stage that runs and keeps what the running stage says."""

    out: TextIO
    ran: list[str] = field(default_factory=list)
    said: list[str] = field(default_factory=list)
    _started: float = 0.0
    _open: bool = False

    def follow(self, lines: Iterable[str]) -> None:
        """Read DVC's output to its end."""
        for line in lines:
            if match := _STARTED.match(line):
                self._close()
                self._begin(match["stage"])
            elif match := _SKIPPED.match(line):
                self._close()
            elif not _DVC_TALK.match(line):
                self.said.append(line.rstrip())
        self._close()

    def _begin(self, stage: str) -> None:
        self.ran.append(stage)
        self.said.clear()
        self._started, self._open = time.monotonic(), True
        self.out.write(f"  {stage:<10} ")
        self.out.flush()

    def _close(self) -> None:
        if self._open:
            self.out.write(f"{time.monotonic() - self._started:6.1f} s\n")
            self.out.flush()
            self._open = False


def run(params: Params, paths: Paths, out: TextIO | None = None) -> list[str]:
    """Bring every output up to date and print the summary; the stages that had to run.

    Raises StageError with the words and the exit code of the stage that failed.
    """
    from pipeline.commands.summary import summarise

    out = out or sys.stdout
    out.write(f"calcirisk: cohort {params.cohort}\n")
    _forget_lost_registration(paths)
    progress = Progress(out)
    code = _reproduce(paths.root, progress)
    if code:
        raise _failure(progress.said, code)
    if not set(progress.ran) - {"source"}:
        out.write("\nNothing to do: everything is up to date.\n")
    out.write("\n" + summarise(params, paths) + "\n")
    return progress.ran


def _reproduce(root: Path, progress: Progress) -> int:
    _allow_missing_git(root)
    with subprocess.Popen(
        [sys.executable, "-m", "dvc", "repro"],
        cwd=root,
        env=_environment(),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        encoding="utf-8",
        errors="replace",
    ) as process:
        assert process.stdout is not None
        progress.follow(process.stdout)
        return process.wait()


def _environment() -> dict[str, str]:
    """The stages find `calcirisk` beside this Python, and nobody is called home."""
    folder = str(Path(sys.executable).parent)
    return {
        **os.environ,
        "PATH": os.pathsep.join([folder, os.environ.get("PATH", "")]),
        "PYTHONUNBUFFERED": "1",
        "MLFLOW_DISABLE_TELEMETRY": "true",
        "DVC_NO_ANALYTICS": "true",
    }


def _allow_missing_git(root: Path) -> None:
    """DVC wants a git repository; an unpacked archive of the project has none."""
    if any((folder / ".git").exists() for folder in (root, *root.parents)):
        return
    local = root / ".dvc" / "config.local"
    settings = configparser.ConfigParser()
    settings.read(local)
    if not settings.has_section("core"):
        settings.add_section("core")
    settings.set("core", "no_scm", "true")
    with local.open("w", encoding="utf-8") as file:
        settings.write(file)


def _forget_lost_registration(paths: Paths) -> None:
    """A registration must not outlive the default database that it speaks of.

    Nor may an experiment, which registers nothing, stand in the way of registering its model.
    """
    kept = paths.register / "registration.json"
    if kept.is_file() and json.loads(kept.read_text(encoding="utf-8")).get("registered") is False:
        kept.unlink()
    if "MLFLOW_TRACKING_URI" not in os.environ and not (paths.root / "mlflow.db").exists():
        kept.unlink(missing_ok=True)


def _failure(said: list[str], code: int) -> StageError:
    text = "\n".join(line.removeprefix("ERROR: ") for line in said)
    exited = _EXITED.search(text)
    return StageError(text or f"dvc repro failed with {code}", int(exited["code"]) if exited else 1)
