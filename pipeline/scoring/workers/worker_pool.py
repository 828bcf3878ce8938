"""Processes that score the batches of a job side by side.

Processes, for in one process pandas lets one thread work at a time. They come from a server process
that has imported what they need and never started a thread; none outlives the job.
"""

from __future__ import annotations

import gc
import os
import signal
import sys
import threading
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache, partial
from multiprocessing import forkserver, get_context, parent_process
from multiprocessing.connection import wait
from typing import Any, NamedTuple, TypeVar

import pandas as pd
from threadpoolctl import threadpool_limits

from features.errors import ConfigError
from features.intake.sources.source import RawBatch
from models.cores import count_cores
from pipeline.scoring.batch import BatchRules, Part, score_part
from pipeline.scoring.workers.handover import Handover, Sizes
from pipeline.scoring.workers.kept_memory import keep_freed_memory

# One process reads for all, 70 ms a batch: more than these would wait for it.
_MOST, _MOST_EXPLAINED = 6, 16
# Rows that repay starting processes, which takes about as long as scoring these alone.
_FEWEST, _FEWEST_EXPLAINED = 250_000, 100_000
# Batches that wait for a process, so that none waits for a batch.
_QUEUED = 1
_WARM_START = "pipeline.scoring.workers.warm_start"
L = TypeVar("L")


def count_workers(asked: int, n_rows: float, n_reasons: int) -> int:
    """How many processes repay their start for about so many rows; 1: this one alone.

    ``asked``: what a person wants, 0 where they leave it open.
    """
    if asked:
        return asked
    fewest, most = (_FEWEST_EXPLAINED, _MOST_EXPLAINED) if n_reasons else (_FEWEST, _MOST)
    return 1 if n_rows < fewest else min(count_cores(), most)


def prepare_start() -> None:
    """Have the server process import, while this one has other things to do.

    Raises ConfigError where the system lets it start none.
    """
    forkserver.set_forkserver_preload([_WARM_START])
    with _telling_of_refusal():
        forkserver.ensure_running()


@contextmanager
def _telling_of_refusal() -> Iterator[None]:
    """What the system refuses of several processes is no fault of the disk."""
    try:
        yield
    except (OSError, RuntimeError, EOFError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise ConfigError(
            f"No process can be started to score beside this one ({reason or 'refused'}). "
            "Go on with --workers 1"
        ) from error


@contextmanager
def start_workers(rules: BatchRules, n_workers: int, n_rows: float) -> Iterator[SideBySide]:
    """Two or more who score about ``n_rows`` rows by these rules, ended whatever happens.

    Raises ConfigError, when a result is asked for, where a process was ended from outside.
    """
    prepare_start()
    with _telling_of_refusal():
        whole, *places = (Handover() for _ in range(1 + n_workers + _QUEUED))
        threads = max(1, count_cores() // n_workers)
        given = _Given(whole, whole.put((rules, n_rows, threads)), places)
        # its locks lie in /dev/shm, which may be there to be read only
        pool = ProcessPoolExecutor(n_workers, get_context("forkserver"), _begin, (given,))
    try:
        with _nothing_to_import(), _telling_of_refusal():
            for _ in range(n_workers):
                pool.submit(_make_ready)
        yield SideBySide(pool, places)
    finally:
        pool.shutdown(wait=True, cancel_futures=True)
        for one in (whole, *places):
            one.close()


@contextmanager
def _nothing_to_import() -> Iterator[None]:
    """Have processes that start begin without the main module, of which they need nothing.

    Else each would run it again: a script without ``if __name__ == "__main__"`` as a whole.
    """
    main = sys.modules["__main__"]
    names = ("__file__", "__spec__")
    before: dict[str, Any] = {name: vars(main)[name] for name in names if name in vars(main)}
    vars(main).pop("__file__", None)
    main.__spec__ = None
    try:
        yield
    finally:
        vars(main).update(before)


class SideBySide:
    """Hands batches over to processes, each in a place of its own."""

    def __init__(self, pool: ProcessPoolExecutor, places: Sequence[Handover]) -> None:
        self._pool, self._places = pool, places
        self._free = deque(range(len(places)))

    def score(self, batches: Iterable[tuple[L, RawBatch]]) -> Iterator[tuple[L, Part]]:
        """What came of each batch beside what stood beside it, in order.

        A part is true until the next one is asked for. Raises what the scoring raised.
        """
        waiting: deque[tuple[L, InOther]] = deque()
        for line, batch in batches:
            waiting.append((line, self.submit(batch)))
            if not self._free:
                first, scored = waiting.popleft()
                yield first, scored.result()
        for line, scored in waiting:
            yield line, scored.result()

    def submit(self, batch: RawBatch) -> InOther:
        """Have the batch scored."""
        place = self._free.popleft()
        rows = self._places[place].put(batch.rows)
        # where those before were ready early, this is what starts the next one
        with _nothing_to_import(), _telling_of_refusal(), _telling_of_death():
            future = self._pool.submit(_score, place, rows, batch.unreadable, batch.number == 0)
        return InOther(future, self._places[place], partial(self._free.append, place))


@dataclass(frozen=True)
class InOther:
    """A batch that is scored in another process."""

    future: Future[Sizes]
    place: Handover
    let_go: Callable[[], None]

    def result(self) -> Part:
        """What came of it, once it is finished; true until the next batch is submitted."""
        with _telling_of_death():
            part: Part = self.place.take(self.future.result())
        self.let_go()
        return part


@contextmanager
def _telling_of_death() -> Iterator[None]:
    try:
        yield
    except BrokenProcessPool as error:
        raise ConfigError(
            "A process that scored was ended from outside, perhaps for want of memory. What is "
            "scored so far is kept: go on with --resume, with fewer --workers"
        ) from error


class _Given(NamedTuple):
    """What a process of `SideBySide` is given when it begins."""

    whole: Handover
    sizes: Sizes
    places: list[Handover]


_given: _Given


def _begin(given: _Given) -> None:
    global _given  # noqa: PLW0603
    _given = given
    # Whoever breaks the job off speaks to the process that leads it.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=_end_with_leader, daemon=True).start()
    keep_freed_memory()
    threadpool_limits(1, user_api="blas")


def _end_with_leader() -> None:
    leader = parent_process()
    assert leader is not None
    wait([leader.sentinel])
    # At once: nobody is left who would take what this process has still to give.
    os._exit(1)


@cache
def _rules() -> BatchRules:
    rules: BatchRules
    rules, n_rows, threads = _given.whole.take(_given.sizes)
    rules.set_threads(threads)
    rules = rules.quicken(n_rows)
    gc.freeze()
    return rules


def _make_ready() -> None:
    _rules()


def _score(number: int, sizes: Sizes, unreadable: pd.DataFrame, first: bool) -> Sizes:
    place, rules = _given.places[number], _rules()
    return place.put(score_part(place.take(sizes), unreadable, rules.for_first if first else rules))
