"""How many cores there are to work on."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Executor, Future, ProcessPoolExecutor, ThreadPoolExecutor
from contextlib import contextmanager
from multiprocessing import get_context
from typing import Any, TypeVar

Made = TypeVar("Made")


def count_cores() -> int:
    """The cores that this process may use; where the system keeps no such list (macOS), all."""
    try:
        return len(os.sched_getaffinity(0))
    except AttributeError:
        return os.cpu_count() or 1


class OneProcess(Executor):
    """Does at once, here, what is submitted; of what is mapped, each when it is asked for."""

    def submit(self, fn: Callable[..., Made], /, *args: Any, **kwargs: Any) -> Future[Made]:
        """Already done."""
        done: Future[Made] = Future()
        done.set_result(fn(*args, **kwargs))
        return done

    def map(self, fn: Callable[..., Made], *iterables: Iterable[Any], **_: Any) -> Iterator[Made]:
        """One after another."""
        return map(fn, *iterables)


@contextmanager
def side_by_side(n_processes: int) -> Iterator[Executor]:
    """Processes that work side by side, each on one core; this one where one is enough.

    A process that was forked while threads ran may wait for them for ever: they are spawned.
    """
    if n_processes <= 1:
        yield OneProcess()
        return
    with ProcessPoolExecutor(n_processes, get_context("spawn"), keep_to_one_thread) as pool:
        yield pool


@contextmanager
def beside(n_processes: int) -> Iterator[Executor]:
    """A thread of this process, for it to work while it waits for others; where it is the only one,
    none: what is submitted is done at once.

    Import what two threads would import at once before: they may find packages half made.
    """
    if n_processes <= 1:
        yield OneProcess()
        return
    with ThreadPoolExecutor(1) as thread:
        yield thread


def keep_to_one_thread() -> None:
    """Of a process beside others on each core: BLAS here, which else starts a thread on every core.

    They would wait for one another, and sums in another order change last bits with the machine.
    """
    import numpy  # noqa: F401
    from threadpoolctl import threadpool_limits

    threadpool_limits(limits=1, user_api="blas")
