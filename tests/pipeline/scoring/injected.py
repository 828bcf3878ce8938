"""Runs scoring jobs in children that a tracer may lie to about what the system did.

Each line on its input is a job as `tests.pipeline.scoring.killed` has it, with ``gate``: a file
that the child waits for, until the tracer is there; empty for none; and ``short``: a kind of call
by its number in short_calls.c, and which one of them does half of its bytes; null for none. Answers
with its number, and when it has ended with its exit code and what it said.
"""

from __future__ import annotations

import ctypes
import json
import os
import sys
import time
import traceback
from pathlib import Path

from tests.pipeline.scoring.killed import run


def main() -> None:
    """Answers jobs until the input ends."""
    for line in sys.stdin:
        job = json.loads(line)
        read_end, write_end = os.pipe()
        child = os.fork()
        if child == 0:
            os.close(read_end)
            code = 70
            try:
                while job["gate"] and not Path(job["gate"]).exists():
                    time.sleep(0.01)
                if job["short"]:
                    ctypes.CDLL(None).shorten(*job["short"])
                code = run(job, write_end)
            except BaseException:
                os.write(write_end, json.dumps([[], traceback.format_exc()]).encode())
                raise
            finally:
                os._exit(code)
        os.close(write_end)
        sys.stdout.write(f"{child}\n")
        sys.stdout.flush()
        with os.fdopen(read_end) as file:
            said = file.read()
        _, status = os.waitpid(child, 0)
        answer = [os.waitstatus_to_exitcode(status), json.loads(said)[1] if said else ""]
        sys.stdout.write(json.dumps(answer) + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
