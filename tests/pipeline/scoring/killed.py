"""Runs scoring jobs in children of one process that has imported everything, and kills some.

Each line on its input is a job as JSON: the fields of its request, ``kill_at`` (the number of the
call to the disk, of fsync, replace, unlink or rmdir, at which the child gets SIGKILL; 0 for none),
``kill_in_batch`` (the number of the batch in the midst of which it gets it; 0 for none),
``largest_file`` (bytes that a file may have; 0 for any) and ``user`` (a number to run as; 0 for
this one). Answers each with one line: the exit code (-9 where killed), the names of the calls made,
what was told.
"""

from __future__ import annotations

import json
import os
import resource
import signal
import sys
import traceback
from collections.abc import Callable
from importlib.metadata import version
from itertools import count
from pathlib import Path
from typing import Any

import pyarrow.parquet  # noqa: F401
import xgboost  # noqa: F401

import models.reference_scores.registry
import models.scorer  # noqa: F401
import pipeline.scoring.batch
import pipeline.tracking
from features.errors import CalciriskError
from pipeline.scoring.batch import score_batch
from pipeline.scoring.job import score_stream
from pipeline.scoring.request import ScoreRequest
from pipeline.settings.code_version import hash_code
from pipeline.settings.params import Paths

# Whoever else the job runs as may not be allowed to read the modules of Python.
version("calcirisk")
hash_code()


def run(job: dict[str, Any], report: int) -> int:
    """Runs a job in this process; writes calls and message to ``report``."""
    calls: list[str] = []

    def counted(call: Callable[..., Any]) -> Callable[..., Any]:
        def wrapped(*args: Any, **kwargs: Any) -> Any:
            calls.append(call.__name__)
            if len(calls) == job["kill_at"]:
                os.kill(os.getpid(), signal.SIGKILL)
            return call(*args, **kwargs)

        return wrapped

    for name in ("fsync", "replace", "unlink", "rmdir"):
        setattr(os, name, counted(getattr(os, name)))
    if job["kill_in_batch"]:
        vars(pipeline.scoring.batch)["score_batch"] = die_in(job["kill_in_batch"])
    if job["largest_file"]:
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (job["largest_file"], job["largest_file"]))
    if job["user"]:
        os.setuid(job["user"])
    fields = {**job["request"], "keep": tuple(job["request"]["keep"])}
    request = ScoreRequest(**{**fields, "out": Path(fields["out"])})
    code, told = 0, ""
    try:
        told = score_stream(request, Paths(Path(request.out).parent.parent)).describe()
    except CalciriskError as error:
        code, told = error.exit_code, str(error)
    # by a call that no fault is injected into
    os.writev(report, [json.dumps([calls, told]).encode()])
    return code


def die_in(last: int) -> Callable[..., Any]:
    """Scores batches until the one of this number, and dies in the midst of it."""
    honest, started = score_batch, count(1)

    def score(*args: Any) -> Any:
        number = next(started)
        result = honest(*args)
        if number == last:
            os.kill(os.getpid(), signal.SIGKILL)
        return result

    return score


def main() -> None:
    """Answers jobs until the input ends."""
    for line in sys.stdin:
        read_end, write_end = os.pipe()
        child = os.fork()
        if child == 0:
            os.close(read_end)
            code = 70
            try:
                code = run(json.loads(line), write_end)
            except BaseException:
                traceback.print_exc()
                raise
            finally:
                os._exit(code)
        os.close(write_end)
        with os.fdopen(read_end) as file:
            told = file.read()
        _, status = os.waitpid(child, 0)
        calls, message = json.loads(told) if told else ([], "")
        answer = [os.waitstatus_to_exitcode(status), calls, message]
        sys.stdout.write(json.dumps(answer) + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
