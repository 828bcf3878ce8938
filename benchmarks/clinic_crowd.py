"""The clinician's server as others meet it: its start, a crowd, and clients that say nothing.

Run after `calcirisk run`: python -m benchmarks.clinic_crowd [--clients 200] [--outputs outputs]

The server is a process of its own behind a pretended proxy, so that every client is somebody else
and the limit of requests of one client does not hide what the server can do.
"""

from __future__ import annotations

import argparse
import os
import re
import socket
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from http.client import HTTPConnection
from pathlib import Path

import numpy as np

_START = "import sys; from pipeline.commands.cli import main; sys.exit(main())"
_LONGEST_START = 120.0
_SILENT = 64


def main() -> None:
    """Measure and print a table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--outputs", default="outputs")
    parser.add_argument("--clients", type=int, default=200)
    options = parser.parse_args()
    outputs, port = Path(options.outputs), _free_port()
    command = [
        *(sys.executable, "-c", _START, "clinic", "--behind-proxy", "--port", str(port)),
        *("--model", str(outputs / "train" / "model")),
        *("--scores", str(outputs / "score" / "risks.csv")),
        *("--cohort-folder", str(outputs / "ingest")),
    ]
    _say("load of the machine", f"{os.getloadavg()[0]:.1f} on {os.cpu_count()} cores")
    for which in ("start, store made", "start, store there"):
        server, taken = _start(command, port)
        _say(which, f"{taken:.1f} s to the first answer")
        if which == "start, store made":
            _stop(server)
    try:
        _measure(port, options.clients)
    finally:
        _stop(server)


def _measure(port: int, n_clients: int) -> None:
    keys = re.findall(rb'href="/patients/([0-9a-f]{24})"', _get(port, "/patients", "first")[1])
    pages = [f"/patients/{key.decode()}" for key in keys]
    for page in pages[:5]:
        _get(port, page, "first")
    alone = _time(lambda i: _get(port, pages[i % len(pages)], f"one{i}"), 60)
    _report("patient's page, alone", alone)
    _say("  its size", f"{len(_get(port, pages[0], 'size')[1]) / 1000:.0f} kB")
    silent = [socket.create_connection(("127.0.0.1", port)) for _ in range(_SILENT)]
    for half in silent[::2]:
        half.sendall(b"GET /patients HTTP/1.1\r\nHost: 127.0")
    beside = _time(lambda i: _get(port, pages[i % len(pages)], f"two{i}"), 60)
    _report(f"beside {_SILENT} half-open connections", beside)
    for half in silent:
        half.close()
    with ThreadPoolExecutor(n_clients) as crowd:
        asked = [crowd.submit(_ask, port, pages[i % len(pages)], i) for i in range(n_clients)]
        answers = [one.result() for one in asked]
    statuses = Counter(status for status, _ in answers)
    _report(f"{n_clients} clients at once", np.array([taken for _, taken in answers]))
    _say("  answers", ", ".join(f"{n} times {status}" for status, n in sorted(statuses.items())))


def _ask(port: int, page: str, who: int) -> tuple[int, float]:
    start = time.perf_counter()
    status, _ = _get(port, page, f"crowd{who}")
    return status, 1000 * (time.perf_counter() - start)


def _get(port: int, path: str, user: str) -> tuple[int, bytes]:
    connection = HTTPConnection("127.0.0.1", port, timeout=120)
    connection.request("GET", path, headers={"X-Forwarded-User": user})
    answer = connection.getresponse()
    body = answer.read()
    connection.close()
    return answer.status, body


def _start(command: list[str], port: int) -> tuple[subprocess.Popen[bytes], float]:
    start = time.perf_counter()
    server = subprocess.Popen(command, stdout=subprocess.DEVNULL)
    while time.perf_counter() - start < _LONGEST_START:
        try:
            if _get(port, "/patients", "start")[0] == 200:
                return server, time.perf_counter() - start
        except OSError:
            time.sleep(0.02)
    _stop(server)
    raise RuntimeError(f"no answer within {_LONGEST_START:.0f} s")


def _stop(server: subprocess.Popen[bytes]) -> None:
    server.terminate()
    server.wait(30)


def _free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])


def _time(act: Callable[[int], object], times: int) -> np.ndarray:
    taken = []
    for i in range(times):
        start = time.perf_counter()
        act(i)
        taken.append(1000 * (time.perf_counter() - start))
    return np.array(taken)


def _report(what: str, taken: np.ndarray) -> None:
    median, high = np.percentile(taken, [50, 95])
    _say(what, f"median {median:.0f} ms, 95th percentile {high:.0f} ms ({len(taken)} times)")


def _say(what: str, figure: str) -> None:
    print(f"{what:36} {figure}")  # noqa: T201


if __name__ == "__main__":
    main()
