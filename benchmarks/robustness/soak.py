"""The pages and the served model under hours of mixed requests: what grows, and what stays.

    python -m benchmarks.robustness.soak MODEL [--seconds 600] [--clients 4] [--only pages]

MODEL is the folder of a risk model. `calcirisk clinic` shows simulated patients, and `mlflow models
serve` serves the model, one after the other, each in processes of their own. Clients send sound and
bad requests in turn, drop connections, stop halfway, read slowly or not at all. Memory (RSS), open
descriptors and threads of all processes are looked at each second. It fails (exit code 1) where

- a sound request is not answered with 200, a bad one with something else than its refusal;
- memory rises faster than `LARGEST_SLOPE` after the warm-up (the slope by Theil and Sen);
- descriptors or threads are left when everybody has gone, beside those after the warm-up.
"""

from __future__ import annotations

import argparse
import os
import random
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

import numpy as np

from benchmarks.robustness.server import Looked, free_port, look, started
from benchmarks.robustness.soak_requests import Asked, ask, draw_model, draw_pages, find_shown

LARGEST_SLOPE = 1.0
"""MiB a minute, of all processes of a server together."""
_SETTLES = 8.0
"""MiB that memory may still settle by after the warm-up: a short run cannot tell growth from it."""
# what a pool of threads or a cache may still come to have after the warm-up
_SPARE = 4
_WARM_UP = 0.2
_GOING = 20.0
"""Seconds after which nobody is connected any more, and idle threads have ended."""


@dataclass
class Soaked:
    """``answers``: by kind of request and status (0: none). ``wrong``: those not expected."""

    name: str
    looked: list[Looked] = field(default_factory=list)
    answers: Counter[tuple[str, int]] = field(default_factory=Counter)
    wrong: Counter[tuple[str, int]] = field(default_factory=Counter)
    milliseconds: list[tuple[float, float]] = field(default_factory=list)
    before: Looked | None = None
    after: Looked | None = None

    @property
    def slope(self) -> float:
        """MiB a minute after the warm-up: the median of the slopes between any two looks."""
        looked = np.array([(one.seconds, one.memory) for one in self.looked])
        first, second = np.triu_indices(len(looked), 1)
        run = looked[second] - looked[first]
        return float(np.median(run[:, 1] / run[:, 0]) * 60)

    @property
    def largest_slope(self) -> float:
        """What is allowed after so long."""
        return max(LARGEST_SLOPE, _SETTLES / (self.looked[-1].seconds / 60))

    def findings(self) -> list[str]:
        """What is not as it should be."""
        assert self.before and self.after
        found = [
            f"{n} times {status} to {kind}" for (kind, status), n in sorted(self.wrong.items())
        ]
        if self.slope > self.largest_slope:
            found.append(f"memory grows by {self.slope:.2f} MiB a minute")
        for what in ("descriptors", "threads"):
            more = getattr(self.after, what) - getattr(self.before, what)
            if more > _SPARE:
                found.append(f"{more} {what} more than before, and nobody is there")
        return found


def soak(
    name: str,
    command: list[str],
    port: int,
    draw: Callable[[random.Random], Asked],
    seconds: float,
    n_clients: int,
    environment: dict[str, str],
) -> Soaked:
    """Start the server, ask it for so long, look at it, and stop it."""
    done = Soaked(name)
    with started(command, port, environment) as server:
        ask_for(_WARM_UP * seconds, n_clients, port, draw, Soaked(name))
        time.sleep(_GOING)
        done.before = look(server.pid, 0.0)
        begun, stop = time.monotonic(), threading.Event()

        def look_each_second() -> None:
            while not stop.wait(1.0):
                done.looked.append(look(server.pid, time.monotonic() - begun))

        looker = threading.Thread(target=look_each_second)
        looker.start()
        ask_for((1 - _WARM_UP) * seconds, n_clients, port, draw, done)
        stop.set()
        looker.join()
        time.sleep(_GOING)
        done.after = look(server.pid, time.monotonic() - begun)
    return done


def ask_for(
    seconds: float,
    n_clients: int,
    port: int,
    draw: Callable[[random.Random], Asked],
    done: Soaked,
) -> None:
    """Clients that ask one thing after the other until the time is over."""
    begun, lock = time.monotonic(), threading.Lock()

    def be_a_client(number: int) -> None:
        drawn = random.Random(f"{number}")
        while (at := time.monotonic() - begun) < seconds:
            asked = draw(drawn)
            status = ask(port, asked, drawn)
            taken = 1000 * (time.monotonic() - begun - at)
            with lock:
                done.answers[asked.kind, status] += 1
                if status not in asked.expected:
                    done.wrong[asked.kind, status] += 1
                if asked.expected == (200,) and asked.manner == "whole":
                    done.milliseconds.append((at, taken))

    with ThreadPoolExecutor(n_clients) as clients:
        for one in [clients.submit(be_a_client, number) for number in range(n_clients)]:
            one.result()


def soak_pages(model: Path, here: Path, seconds: float, n_clients: int) -> Soaked:
    """`calcirisk clinic`, behind a pretended proxy, so that each client is many people."""
    from features.simulation.cohort import simulate_cohort

    simulate_cohort(300, 3, with_lesions=False).covariates.to_csv(here / "new.csv")
    port = free_port()
    start = "import sys; from pipeline.commands.cli import main; sys.exit(main())"
    command = [sys.executable, "-c", start, "clinic", "--behind-proxy", "--port", str(port)]
    command += ["--patients", str(here / "new.csv"), "--model", str(model.resolve())]
    know = cache(lambda: find_shown(port))

    def draw(drawn: random.Random) -> Asked:
        return draw_pages(drawn, know())

    return soak("pages", command, port, draw, seconds, n_clients, {"HERE": str(here)})


def soak_model(model: Path, here: Path, seconds: float, n_clients: int) -> Soaked:
    """`mlflow models serve`, of the model logged as `register` logs one."""
    import mlflow

    from features.simulation.cohort import simulate_cohort
    from models.serving.pyfunc import log_model

    database = f"sqlite:///{here / 'mlflow.db'}"
    mlflow.set_tracking_uri(database)
    number = mlflow.create_experiment("soak", (here / "mlruns").as_uri())
    with mlflow.start_run(experiment_id=number):
        uri = log_model(model)
    patients = simulate_cohort(300, 3, with_lesions=False).covariates
    port = free_port()
    command = [sys.executable, "-m", "mlflow", "models", "serve", "--model-uri", uri]
    command += ["--env-manager", "local", "--host", "127.0.0.1", "--port", str(port)]
    environment = {"MLFLOW_TRACKING_URI": database, "MLFLOW_DISABLE_TELEMETRY": "true"}
    # it starts its server by the name of that alone
    environment["PATH"] = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"

    def draw(drawn: random.Random) -> Asked:
        return draw_model(drawn, patients)

    return soak("served model", command, port, draw, seconds, n_clients, environment)


def report(done: Soaked) -> list[str]:
    """Print the figures; what is not as it should be."""
    assert done.before and done.after and done.looked
    print(f"\n{done.name}: {done.answers.total():,} requests in {done.looked[-1].seconds:.0f} s")  # noqa: T201
    taken = np.array(done.milliseconds)
    for title, half in (("first half", taken[:, 0] <= np.median(taken[:, 0])), ("second", None)):
        chosen = taken[:, 1][half if half is not None else taken[:, 0] > np.median(taken[:, 0])]
        _say(f"sound request, {title}", f"{_spread(chosen)} ms ({len(chosen):,})")
    memory = [one.memory for one in done.looked]
    _say(
        "memory, MiB", f"{memory[0]:.0f} at first, {max(memory):.0f} at most, {memory[-1]:.0f} last"
    )
    _say("  slope, MiB a minute", f"{done.slope:+.2f} (allowed: {done.largest_slope:.2f})")
    for what in ("descriptors", "threads"):
        most = max(getattr(one, what) for one in done.looked)
        quiet = f"{getattr(done.before, what)} before, {getattr(done.after, what)} after"
        _say(what, f"{most} at most; with nobody there {quiet}")
    for (kind, status), n in sorted(done.answers.items()):
        _say(f"  {kind}", f"{status or 'no answer'}: {n:,}")
    found = done.findings()
    for one in found:
        _say("FOUND", one)
    return found


def _spread(taken: np.ndarray) -> str:
    median, high, most = np.percentile(taken, [50, 95, 100])
    return f"median {median:.0f}, 95th percentile {high:.0f}, longest {most:.0f}"


def _say(what: str, figure: str) -> None:
    print(f"{what:32} {figure}", flush=True)  # noqa: T201


def main() -> None:
    """Soak both, or one; print the figures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("model", type=Path)
    parser.add_argument("--seconds", type=float, default=600.0)
    parser.add_argument("--clients", type=int, default=4)
    parser.add_argument("--only", choices=("pages", "model"))
    options = parser.parse_args()
    found: list[str] = []
    for name, soaked in (("pages", soak_pages), ("model", soak_model)):
        if options.only in (None, name):
            with tempfile.TemporaryDirectory() as here:
                done = soaked(options.model, Path(here), options.seconds, options.clients)
                found += report(done)
    sys.exit(1 if found else 0)


if __name__ == "__main__":
    main()
