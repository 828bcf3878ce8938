"""What a scoring job does when the operating system fails it, call by call.

Errors are injected by strace, short reads and writes by a library that is loaded before C's.
All of them, half an hour and more:
FAULTS=9999 pytest -m slow -n0 -s -o faulthandler_timeout=0 with the path of this file.
"""

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
from typing import Any, NamedTuple

import pytest

from pipeline.scoring.request import ScoreRequest
from tests.pipeline.scoring.conftest import written

ROOT = Path(__file__).parents[3]
FAULTS = {
    "openat": ("ENOSPC", "EMFILE", "EACCES", "EIO", "EINTR"),
    "write": ("ENOSPC", "EIO", "EINTR"),
    "read": ("EIO", "EINTR"),
    "fsync": ("EIO", "ENOSPC", "EINTR"),
    "rename": ("EIO", "ENOSPC"),
    "unlink": ("EIO",),
    "mkdir": ("ENOSPC", "EROFS"),
    "rmdir": ("EIO",),
    "pread64": ("EIO", "EINTR"),
    "pwrite64": ("ENOSPC", "EIO", "EINTR"),
    "unlinkat": ("EIO",),
    "getdents64": ("EIO",),
    "close": ("EIO",),
    "ftruncate": ("EIO", "ENOSPC"),
    "flock": ("ENOLCK",),
    "lseek": ("EIO",),
    "fchmod": ("EPERM",),
}
SHORT = "short"
# in the order of `short_calls.c`
SHORTENED = ("read", "write", "pread64", "pwrite64")
_PLAIN = ("file", "model", "out", "n_reasons", "keep", "batch_rows", "resume", "overwrite")

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not shutil.which("strace"), reason="needs strace, to inject faults"),
]


class Fault(NamedTuple):
    """The call that is to fail, how (an error, or `SHORT`), and which one of its kind."""

    call: str
    error: str
    at: int


class Faults:
    """Jobs in children of one process, traced where a fault is to be injected."""

    def __init__(self, folder: Path) -> None:
        self.can_shorten = shutil.which("cc") is not None
        library = folder / "short_calls.so"
        if self.can_shorten:
            source = Path(__file__).with_name("short_calls.c")
            subprocess.run(["cc", "-O1", "-shared", "-fPIC", "-o", library, source], check=True)
        self.process = subprocess.Popen(
            [sys.executable, "-m", "tests.pipeline.scoring.injected"],
            text=True,
            cwd=ROOT,
            env={**os.environ, "LD_PRELOAD": str(library) if self.can_shorten else ""},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
        )

    def run(self, request: ScoreRequest, fault: Fault | None = None) -> tuple[int, str]:
        """The exit code and what was said."""
        if fault is None:
            return self._run(request)
        if fault.error == SHORT:
            return self._run(request, short=(SHORTENED.index(fault.call), fault.at))
        injected = f"inject={fault.call}:error={fault.error}:when={fault.at}"
        options = ("-e", f"trace={fault.call}", "-e", injected, "-o", "/dev/null")
        return self._run(request, *options)

    def count_calls(self, request: ScoreRequest, log: Path) -> Counter[str]:
        """How many calls of each kind the job makes, all of its threads together."""
        trace = ("-e", f"trace={','.join(FAULTS)}", "-o", str(log))
        assert self._run(request, *trace)[0] == 0
        return Counter(re.findall(r"^\d+ +(\w+)\(", log.read_text(), re.MULTILINE))

    def _run(
        self, request: ScoreRequest, *options: str, short: tuple[int, int] | None = None
    ) -> tuple[int, str]:
        """``options`` of strace, none for no tracer; ``short``: see `injected`."""
        assert self.process.stdin and self.process.stdout
        fields = {name: value for name, value in asdict(request).items() if name in _PLAIN}
        gate = request.out.parent.parent / "gate"
        gate.unlink(missing_ok=True)
        job: dict[str, Any] = dict.fromkeys(("kill_at", "kill_in_batch", "largest_file", "user"), 0)
        job |= {"request": {**fields, "workers": 1}, "gate": str(gate) if options else ""}
        self.process.stdin.write(json.dumps({**job, "short": short}, default=str) + "\n")
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
def faults(tmp_path: Path) -> Iterator[Faults]:
    found = Faults(tmp_path)
    yield found
    found.close()


def name_faults(calls: Counter[str], can_shorten: bool) -> list[Fault]:
    """Every fault that can be injected into a job that makes these calls."""
    kinds = [(name, error) for name, errors in FAULTS.items() for error in errors]
    kinds += [(name, SHORT) for name in SHORTENED if can_shorten]
    return [Fault(name, error, at + 1) for name, error in kinds for at in range(calls[name])]


def require_same(request: ScoreRequest, expected: dict[str, bytes], *told: object) -> None:
    there = written(request)
    assert {one: there.get(one) for one in expected} == expected, told


def inject(
    faults: Faults, request: ScoreRequest, chosen: list[Fault], expected: dict[str, bytes]
) -> Counter[tuple[str, str, str]]:
    """Fail each of these calls in a job of its own; how the jobs ended, by call and error."""
    ends: Counter[tuple[str, str, str]] = Counter()
    for fault in chosen:
        shutil.rmtree(request.out.parent)
        code, said = faults.run(request, fault)
        assert code in (0, 2), (fault, code, said)
        if code == 0 or request.out.exists():
            require_same(request, expected, fault, said)
        if code:
            again, told = faults.run(replace(request, resume=True))
            assert again == 0 or (request.out.exists() and "exists" in told), (fault, said, told)
            require_same(request, expected, fault, said)
        ends[fault.call, fault.error, "reported" if code else "whole"] += 1
    return ends


def test_a_fault_at_any_call_leaves_the_output_whole_absent_or_resumable(
    faults: Faults, request_: ScoreRequest, tmp_path: Path
) -> None:
    request = replace(request_, batch_rows=200)
    calls = faults.count_calls(request, tmp_path / "calls")
    expected, every = written(request), name_faults(calls, faults.can_shorten)
    n_faults = min(int(os.environ.get("FAULTS", "150")), len(every))
    ends = inject(faults, request, random.Random(7).sample(every, n_faults), expected)
    print(f"{len(every)} faults at {calls.total()} calls: {dict(calls)}")  # noqa: T201
    for (call, error, end), count in sorted(ends.items()):
        print(f"{call:12} {error:8} {end:10} {count:6,}")  # noqa: T201
    assert ends.total() == n_faults
    assert {end for _, _, end in ends} == {"whole", "reported"}
