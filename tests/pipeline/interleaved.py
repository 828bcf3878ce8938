"""Runs one command of calcirisk, stopped at its nth step on the file system while others run.

Each line on its input is ``{"first": argv, "others": [argv, ...], "step": n, "full": false,
"folder": path}``. The others run one after the other until one of them is not refused. Where
``full``, the first is not stopped; from that step on the disk is full, for one file or folder that
it makes. Each answer is ``[stopped, first, others, steps]``: whether the first was still running
at its nth step, ``[code, said]`` of each, and what the first did below the folder as ``[event,
path, number of the step]``, null where it read.

Commands run in children of a process that has imported all of it and computed nothing, so that it
may be forked; steps are what Python's audit hooks see of files below the folder: opened, made,
renamed, removed, locked.

The bodies of stages are replaced: a stage writes what it is called, its seed and the hashes of all
folders that it reads. How a stage takes and leaves its folders is the same for each, and what it
writes in between takes minutes; pages are made ready and not served, plots are not drawn.
"""

from __future__ import annotations

import errno
import importlib
import json
import os
import signal
import sys
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import Any

from pipeline.commands.cli import main
from pipeline.commands.command_line import READS
from pipeline.files.stage_folder import hash_folder
from pipeline.settings.params import STAGES, Params, Paths

_CHANGES = ("os.mkdir", "os.rename", "os.remove", "os.rmdir", "os.link", "fcntl.flock")
_WRITES = os.O_WRONLY | os.O_RDWR | os.O_CREAT
_IMPORTED = (
    *("pipeline.stages.ingest", "pipeline.commands.patients.own_files", "pipeline.scoring.job"),
    *("pipeline.scoring.workers.warm_start", "pipeline.scoring.forecasts.forecasting"),
    *(
        "pipeline.scoring.outputs.fhir_output",
        "pipeline.files.stage_folder",
        "pipeline.files.tables",
    ),
    *("pipeline.scoring.shown_patients", "pipeline.commands.patients.monitor", "pipeline.signing"),
    *("pipeline.commands.patients.external", "pipeline.evaluation.evaluation_output"),
    *("pipeline.measuring.many_scans", "features.intake.fhir.reader", "models.drift.comparison"),
    *("models.reference_scores.registry", "models.progression.forecaster", "scipy.stats"),
    *("rich.console", "rich.table", "models.drift.report", "models.drift.matured"),
    *("models.evaluation.performance", "features.description", "fhir.resources"),
    *("features.imaging.reading.open_files", "pydicom", "highdicom", "pyarrow.parquet"),
)


class Watch:
    """The steps of this process below a folder; it stops itself at the nth of those that change.

    ``full``: in place of that there is no room, once, from then on.
    """

    def __init__(self, folder: Path, step: int, log: Path, full: bool) -> None:
        self.root, self.left, self.log = str(folder), step, os.open(log, os.O_CREAT | os.O_WRONLY)
        self.n_steps, self.full = 0, full
        sys.addaudithook(self.see)

    def see(self, event: str, arguments: tuple[Any, ...]) -> None:
        if event not in _CHANGES and event not in ("open", "sqlite3.connect"):
            return
        # where a name is relative to a folder that is open, its descriptor comes last
        within = arguments[-1] if event in ("os.remove", "os.rmdir", "os.mkdir") else -1
        names = arguments[: 2 if event in ("os.rename", "os.link") else 1]
        paths = [place_of(name, within) for name in names]
        if not any(path.startswith(self.root) for path in paths):
            return
        writes = event in _CHANGES or (event == "open" and bool((arguments[2] or 0) & _WRITES))
        for path in paths:
            line = [event, path, self.n_steps if writes else None]
            os.write(self.log, json.dumps(line).encode() + b"\n")
        if writes:
            self.n_steps += 1
            self.left -= 1
            if self.left == -1 and not self.full:
                os.kill(os.getpid(), signal.SIGSTOP)
            if self.left < 0 and self.full and event in ("open", "os.mkdir", "os.rename"):
                self.full = False
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), paths[0])


def place_of(name: Any, within: int) -> str:
    """The whole path of what an audit hook sees: a descriptor, a URL or a name."""
    if isinstance(name, int):
        return str(Path(f"/proc/self/fd/{name}").readlink())
    path = os.fsdecode(str(name)).removeprefix("file://").partition("?")[0]
    base = Path(f"/proc/self/fd/{within}").readlink() if within >= 0 else Path.cwd()
    return str(base / path)


def begin(
    argv: list[str], folder: Path, step: int | None = None, full: bool = False
) -> tuple[int, Path]:
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
            Watch(folder, step, folder.parent / "steps", full)
        code = main(argv)
    except BaseException:
        traceback.print_exc()
        raise
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)


def end(child: int, said: Path) -> tuple[int, str]:
    """The exit code of a child, and what it said."""
    _, status = os.waitpid(child, 0)
    return os.waitstatus_to_exitcode(status), said.read_text()


def interleave(job: dict[str, Any]) -> list[Any]:
    """Runs the first with others while it is stopped; they run anyhow where it has ended before."""
    folder = Path(job["folder"])
    steps = folder.parent / "steps"
    steps.unlink(missing_ok=True)
    first, said = begin(job["first"], folder, job["step"], job["full"])
    _, status = os.waitpid(first, os.WUNTRACED)
    stopped = os.WIFSTOPPED(status)
    ended = None if stopped else (os.waitstatus_to_exitcode(status), said.read_text())
    others: list[tuple[int, str]] = []
    for argv in job["others"]:
        others.append(end(*begin(argv, folder)))
        if others[-1][0] != 2:
            break
    if ended is None:
        os.kill(first, signal.SIGCONT)
        ended = end(first, said)
    log = [json.loads(line) for line in steps.read_text().splitlines()] if steps.exists() else []
    return [stopped, ended, others, log]


def body_of(name: str) -> Callable[[Params, Paths], None]:
    """What is run in place of a stage."""

    def run(params: Params, paths: Paths) -> None:
        folder = paths.stage(name)
        (folder / "name.txt").write_text(f"{name} {params.seed}")
        read = [stage for stage in READS[name] if paths.stage(stage).is_dir()]
        hashes = {stage: hash_folder(paths.stage(stage)) for stage in read}
        (folder / "read.json").write_text(json.dumps(hashes))

    return run


def replace_bodies() -> None:
    for name in STAGES:
        vars(importlib.import_module(f"pipeline.stages.{name}"))["run"] = body_of(name)
    vars(importlib.import_module("pipeline.evaluation.evaluation_output"))["draw_plots"] = (
        lambda *_: None
    )
    vars(importlib.import_module("clinic.server"))["serve"] = lambda *_: None


if __name__ == "__main__":
    for module in _IMPORTED:
        importlib.import_module(module)
    replace_bodies()
    for line in sys.stdin:
        sys.stdout.write(json.dumps(interleave(json.loads(line))) + "\n")
        sys.stdout.flush()
