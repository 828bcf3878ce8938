"""What a scoring job does when the operating system fails it, call by call (strace injects)."""

from __future__ import annotations

import json
import os
import random
import re
import shutil
import signal
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from dataclasses import asdict, replace
from pathlib import Path

import pytest

from pipeline.scoring.request import ScoreRequest
from tests.pipeline.scoring.conftest import written

ROOT = Path(__file__).parents[3]
FAULTS = {
    "openat": ("EMFILE", "EACCES", "EIO", "EINTR"),
    "write": ("ENOSPC", "EIO", "EINTR"),
    "read": ("EIO", "EINTR"),
    "fsync": ("EIO", "ENOSPC", "EINTR"),
    "rename": ("EIO", "ENOSPC"),
    "unlink": ("EIO",),
    "mkdir": ("ENOSPC", "EROFS"),
    "rmdir": ("EIO",),
    "ftruncate": ("EIO", "ENOSPC"),
    "flock": ("ENOLCK",),
    "lseek": ("EIO",),
    "fchmod": ("EPERM",),
}
_PLAIN = ("file", "model", "out", "n_reasons", "keep", "batch_rows", "resume", "overwrite")

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not shutil.which("strace"), reason="needs strace, to inject faults"),
]


class Faults:
    """Jobs in children of one process, traced where a fault is to be injected."""

    def __init__(self) -> None:
        command = [sys.executable, "-m", "tests.pipeline.scoring.injected"]
        self.process = subprocess.Popen(
            command,
            text=True,
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
        )

    def run(self, request: ScoreRequest, *options: str) -> tuple[int, str]:
        """The exit code and what was said; ``options`` of strace, none for no tracer."""
        assert self.process.stdin and self.process.stdout
        fields = {name: value for name, value in asdict(request).items() if name in _PLAIN}
        gate = request.out.parent.parent / "gate"
        gate.unlink(missing_ok=True)
        nothing = dict.fromkeys(("kill_at", "kill_in_batch", "largest_file", "user"), 0)
        job = {"request": {**fields, "workers": 1}, **nothing, "gate": str(gate) if options else ""}
        self.process.stdin.write(json.dumps(job, default=str) + "\n")
        self.process.stdin.flush()
        child = int(self.process.stdout.readline())
        tracer = None
        if options:
            command = ["strace", "-f", "-p", str(child), *options]
            tracer = subprocess.Popen(command, stderr=subprocess.PIPE, text=True)
            assert tracer.stderr is not None
            if "attached" not in (said := tracer.stderr.readline()):
                os.kill(child, signal.SIGKILL)
                pytest.skip(f"tracing is not allowed here: {said}")
            gate.touch()
        code, said = json.loads(self.process.stdout.readline())
        if tracer is not None:
            tracer.communicate()
        return int(code), str(said)

    def close(self) -> None:
        assert self.process.stdin and self.process.stdout
        self.process.stdin.close()
        self.process.wait()
        self.process.stdout.close()


@pytest.fixture
def faults() -> Iterator[Faults]:
    found = Faults()
    yield found
    found.close()


def count_calls(faults: Faults, request: ScoreRequest, log: Path) -> Counter[str]:
    trace = f"trace={','.join(FAULTS)}"
    assert faults.run(request, "-e", trace, "-o", str(log))[0] == 0
    names = re.findall(r"^\d+ +(\w+)\(", log.read_text(), re.MULTILINE)
    return Counter(names)


def inject(faults: Faults, request: ScoreRequest, n_faults: int, seed: int) -> Counter[str]:
    """Fail so many calls, each in a job of its own; how the jobs ended."""
    log = request.out.parent.parent / "calls"
    calls = count_calls(faults, request, log)
    expected = written(request)
    kinds = [
        (name, error, at)
        for name, errors in FAULTS.items()
        for error in errors
        for at in range(1, calls[name] + 1)
    ]
    ends: Counter[str] = Counter()
    print(len(kinds), "faults at", dict(calls), flush=True)  # noqa: T201
    for name, error, at in random.Random(seed).sample(kinds, min(n_faults, len(kinds))):
        shutil.rmtree(request.out.parent)
        fault = f"inject={name}:error={error}:when={at}"
        code, said = faults.run(request, "-e", f"trace={name}", "-e", fault, "-o", "/dev/null")
        assert code in (0, 2), (fault, code, said)
        if code == 0:
            there = written(request)
            assert {one: there.get(one) for one in expected} == expected, (fault, said)
            ends["whole"] += 1
            continue
        if request.out.exists():
            there = written(request)
            assert {one: there.get(one) for one in expected} == expected, (fault, said)
        code, again = faults.run(replace(request, resume=True))
        assert code == 0 or (request.out.exists() and "exists" in again), (fault, said, again)
        there = written(request)
        assert {one: there.get(one) for one in expected} == expected, (fault, said)
        ends[f"{name} {error}"] += 1
    print(dict(ends))  # noqa: T201
    return ends


def test_a_fault_at_any_call_leaves_the_output_whole_absent_or_resumable(
    faults: Faults, request_: ScoreRequest
) -> None:
    n_faults = int(os.environ.get("FAULTS", "150"))
    ends = inject(faults, replace(request_, batch_rows=200), n_faults, 7)
    assert ends.total() > 0
