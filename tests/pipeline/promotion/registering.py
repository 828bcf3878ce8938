"""Registers and promotes in children of one process that has imported everything, and kills some.

Each line on its input is ``{"root": folder, "begin": [{"what": "register", "kill_at": n}, ...]}``:
all begin at once, each in a project of its own below the folder, on the registry that they share.
Each is killed (SIGKILL) before the nth time that it commits to the database; 0: never. Answers
with one line: ``[exit code, commits, what was told]`` of each.
"""

from __future__ import annotations

import json
import os
import signal
import sys
import traceback
from pathlib import Path
from typing import Any

import mlflow.pyfunc  # noqa: F401
from sqlalchemy import event
from sqlalchemy.engine import Engine

import models.serving.pyfunc
import models.serving.pyfunc_progression  # noqa: F401
from features.errors import CalciriskError
from pipeline.commands.promote import PromoteRequest, promote
from pipeline.settings.params import Params, Paths
from pipeline.stages import register

ROOT = Path(__file__).parents[3]


def run(what: str, root: Path, kill_at: int, report: int) -> int:
    """One command in this process; tells ``report`` how many commits it made and what it said."""
    n_commits = 0

    def count(_: Any) -> None:
        nonlocal n_commits
        n_commits += 1
        if n_commits == kill_at:
            os.kill(os.getpid(), signal.SIGKILL)

    event.listen(Engine, "commit", count)
    params, paths = Params.load(ROOT / "params.yaml"), Paths(root)
    code, told = 0, ""
    try:
        if what == "register":
            register.run(params, paths)
        else:
            code = promote(params, paths, PromoteRequest(what.partition(" ")[2] or None)).exit_code
    except CalciriskError as error:
        code, told = error.exit_code, str(error)
    os.write(report, json.dumps([n_commits, told]).encode())
    return code


def begin(root: Path, job: dict[str, Any]) -> tuple[int, int]:
    """A child that runs the command; where it tells."""
    read_end, write_end = os.pipe()
    child = os.fork()
    if child:
        os.close(write_end)
        return child, read_end
    os.close(read_end)
    code = 70
    try:
        code = run(job["what"], root / job["project"], job["kill_at"], write_end)
    except BaseException:
        os.write(write_end, json.dumps([0, traceback.format_exc()]).encode())
        raise
    finally:
        os._exit(code)


def end(child: int, told: int) -> list[Any]:
    with os.fdopen(told) as file:
        said = file.read()
    _, status = os.waitpid(child, 0)
    return [os.waitstatus_to_exitcode(status), *(json.loads(said) if said else [0, ""])]


if __name__ == "__main__":
    for line in sys.stdin:
        asked = json.loads(line)
        os.environ["MLFLOW_TRACKING_URI"] = f"sqlite:///{asked['root']}/mlflow.db"
        begun = [begin(Path(asked["root"]), job) for job in asked["begin"]]
        sys.stdout.write(json.dumps([end(*one) for one in begun]) + "\n")
        sys.stdout.flush()
