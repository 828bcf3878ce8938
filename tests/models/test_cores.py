"""Work that is shared between processes, or done in the only one."""

from __future__ import annotations

import threading

import pytest

from models.cores import OneProcess, beside, side_by_side


def test_one_process_does_at_once_what_is_submitted() -> None:
    done: list[int] = []
    later = OneProcess().submit(done.append, 1)
    assert done == [1]
    assert later.done()


def test_one_process_maps_each_when_it_is_asked_for() -> None:
    seen: list[int] = []

    def note(number: int) -> int:
        seen.append(number)
        return 2 * number

    made = OneProcess().map(note, [1, 2])
    assert seen == []
    assert next(iter(made)) == 2
    assert seen == [1]


def test_what_goes_wrong_in_the_only_process_is_raised_there() -> None:
    with pytest.raises(ZeroDivisionError):
        OneProcess().submit(divmod, 1, 0)


@pytest.mark.parametrize(("n_processes", "is_own"), [(1, True), (2, False)])
def test_the_only_process_has_no_thread_beside_it(n_processes: int, is_own: bool) -> None:
    with beside(n_processes) as thread:
        found = thread.submit(threading.current_thread).result()
    assert (found is threading.current_thread()) is is_own


def test_one_process_is_no_pool() -> None:
    with side_by_side(1) as pool:
        assert isinstance(pool, OneProcess)
