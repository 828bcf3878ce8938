"""Runs one command of calcirisk, stopped at its nth step on the file system while another runs.

Each line on its input is ``{"first": argv, "second": argv or null, "step": n, "folder": path}``;
each answer ``[code, said, code, said, stopped]``. Commands run in children of a process that has
imported all of it and computed nothing, so that it may be forked; steps are what Python's audit
hooks see of files below the folder: opened to write, made, renamed, removed, locked.
"""

from __future__ import annotations

import importlib
import json
import os
import signal
import sys
from pathlib import Path
from typing import Any

from pipeline.commands.cli import main

_STEPS = ("open", "os.mkdir", "os.rename", "os.remove", "os.rmdir", "os.link", "fcntl.flock")
_WRITES = os.O_WRONLY | os.O_RDWR | os.O_CREAT
_IMPORTED = (
    *("pipeline.stages.simulate", "pipeline.stages.ingest", "pipeline.stages.featurize"),
    *("pipeline.scoring.job", "pipeline.scoring.workers.warm_start", "pipeline.stages.score"),
    *("pipeline.scoring.outputs.fhir_output", "pipeline.files.stage_folder"),
    *("models.reference_scores.registry", "pipeline.commands.patients.forget"),
)


def stop_at(step: int, folder: Path) -> None:
    """Has this process stop itself at its nth step below the folder."""
    left, root = step, str(folder)

    def hook(event: str, arguments: tuple[Any, ...]) -> None:
        nonlocal left
        if event not in _STEPS or left < 0:
            return
        if event == "open" and not (arguments[2] or 0) & _WRITES:
            return
        name = arguments[0]
        if event != "fcntl.flock" and root not in str(Path(os.fsdecode(str(name))).absolute()):
            return
        left -= 1
        if left < 0:
            os.kill(os.getpid(), signal.SIGSTOP)

    sys.addaudithook(hook)


def begin(argv: list[str], folder: Path, step: int | None) -> tuple[int, Path]:
    """A child that runs the command; and where it writes what it says."""
    said = folder.parent / f"said{'' if step is None else '-stopped'}"
    child = os.fork()
    if child:
        return child, said
    code = 70
    try:
        file = os.open(said, os.O_CREAT | os.O_TRUNC | os.O_WRONLY, 0o600)
        os.dup2(file, 1)
        os.dup2(file, 2)
        os.chdir(folder)
        if step is not None:
            stop_at(step, folder)
        code = main(argv)
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)


def end(child: int, said: Path) -> tuple[int, str]:
    """The exit code of a child, and what it said."""
    _, status = os.waitpid(child, 0)
    return os.waitstatus_to_exitcode(status), said.read_text()


def interleave(job: dict[str, Any]) -> list[Any]:
    """Runs the pair; the second alone where the first ended before its nth step."""
    folder = Path(job["folder"])
    first, said = begin(job["first"], folder, job["step"])
    _, status = os.waitpid(first, os.WUNTRACED)
    stopped = os.WIFSTOPPED(status)
    ended = None if stopped else (os.waitstatus_to_exitcode(status), said.read_text())
    second = end(*begin(job["second"], folder, None)) if job["second"] else (0, "")
    if ended is None:
        os.kill(first, signal.SIGCONT)
        ended = end(first, said)
    return [*ended, *second, stopped]


if __name__ == "__main__":
    for module in _IMPORTED:
        importlib.import_module(module)
    for line in sys.stdin:
        sys.stdout.write(json.dumps(interleave(json.loads(line))) + "\n")
        sys.stdout.flush()
