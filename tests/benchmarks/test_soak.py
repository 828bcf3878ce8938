"""The soak of benchmarks/robustness, in short: what is asked is answered, what is seen is told."""

from __future__ import annotations

import random
from pathlib import Path

import pytest

from benchmarks.robustness.server import Looked
from benchmarks.robustness.soak import Soaked, soak_model, soak_pages


def watched(memory: list[float], descriptors: int = 10) -> Soaked:
    """A soak of which these were seen, ten seconds apart."""
    looked = [Looked(10.0 * i, one, 10, 5) for i, one in enumerate(memory)]
    return Soaked("a", looked, before=looked[0], after=Looked(0.0, 0.0, descriptors, 5))


def test_memory_that_grows_steadily_is_found_and_what_swings_is_not() -> None:
    draw = random.Random(1)
    swings = [400 + draw.uniform(-30, 30) for _ in range(60)]
    assert not watched(swings).findings()
    leaking = [one + 0.5 * i for i, one in enumerate(swings)]
    assert watched(leaking).slope == pytest.approx(0.5 * 6, abs=1)
    assert "memory grows" in watched(leaking).findings()[0]


def test_a_descriptor_that_stays_with_each_of_many_requests_is_found() -> None:
    assert watched([400.0] * 60, descriptors=60).findings() == [
        "50 descriptors more than before, and nobody is there"
    ]


@pytest.mark.slow
@pytest.mark.parametrize("soak", [soak_pages, soak_model])
def test_servers_under_mixed_requests_keep_what_they_hold(
    soak: object, model_folder: Path, tmp_path: Path
) -> None:
    assert callable(soak)
    done: Soaked = soak(model_folder, tmp_path, 25.0, 2)
    assert not done.findings()
    kinds = {kind for kind, _ in done.answers}
    assert len(kinds) > 10
