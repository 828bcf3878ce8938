"""How many cores there are to work on."""

from __future__ import annotations

import os


def count_cores() -> int:
    """The cores that this process may use; where the system keeps no such list (macOS), all."""
    try:
        return len(os.sched_getaffinity(0))
    except AttributeError:
        return os.cpu_count() or 1


def keep_to_one_thread() -> None:
    """Of a process beside others on each core: BLAS here, which else starts a thread on every core.

    They would wait for one another, and sums in another order change last bits with the machine.
    """
    import numpy  # noqa: F401
    from threadpoolctl import threadpool_limits

    threadpool_limits(limits=1, user_api="blas")
