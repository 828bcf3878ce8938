"""A server in processes of its own, and what they hold: memory, descriptors, threads."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

_LONGEST_START = 180.0
_ROOT = Path(__file__).parents[2]


@dataclass(frozen=True)
class Looked:
    """What all processes of a server hold at one time; memory in MiB."""

    seconds: float
    memory: float
    descriptors: int
    threads: int


def look(pid: int, seconds: float) -> Looked:
    """What the process and those below it hold now, by /proc."""
    memory = descriptors = threads = 0
    for one in family(pid):
        with suppress(FileNotFoundError, ProcessLookupError):
            place = Path(f"/proc/{one}")
            status = dict(
                line.split(":", 1) for line in (place / "status").read_text().splitlines()
            )
            memory += int(status["VmRSS"].split()[0])
            threads += int(status["Threads"])
            descriptors += sum(1 for _ in (place / "fd").iterdir())
    return Looked(seconds, memory / 1024, descriptors, threads)


def family(pid: int) -> Iterator[int]:
    """The process, and all that it has begun."""
    yield pid
    with suppress(FileNotFoundError, ProcessLookupError):
        for task in Path(f"/proc/{pid}/task").iterdir():
            for child in (task / "children").read_text().split():
                yield from family(int(child))


@contextmanager
def started(
    command: list[str], port: int, environment: dict[str, str]
) -> Iterator[subprocess.Popen[bytes]]:
    """The server, once it answers; in a group of its own, which is ended with the block."""
    with tempfile.TemporaryFile() as said:
        server = subprocess.Popen(
            command,
            stdout=said,
            stderr=said,
            env={**os.environ, **environment, "PYTHONPATH": str(_ROOT)},
            cwd=environment.get("HERE", "."),
            start_new_session=True,
        )
        try:
            begun = time.monotonic()
            while time.monotonic() - begun < _LONGEST_START and server.poll() is None:
                with suppress(OSError), socket.create_connection(("127.0.0.1", port), 5):
                    break
                time.sleep(0.2)
            else:
                said.seek(0)
                raise RuntimeError(f"no server: {said.read()[-3000:].decode(errors='replace')}")
            yield server
        finally:
            with suppress(ProcessLookupError):
                os.killpg(server.pid, signal.SIGTERM)
            try:
                server.wait(30)
            except subprocess.TimeoutExpired:
                os.killpg(server.pid, signal.SIGKILL)
                server.wait()


def free_port() -> int:
    """A port that nobody listens at now."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])
