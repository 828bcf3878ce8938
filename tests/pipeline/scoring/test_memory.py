from __future__ import annotations

import resource

import numpy as np
import pytest

from pipeline.scoring.memory import keep_freed_memory


@pytest.mark.skipif(not hasattr(resource, "RUSAGE_THREAD"), reason="needs Linux")
def test_memory_freed_is_used_again_without_fresh_pages() -> None:
    def count_faults() -> int:
        before = resource.getrusage(resource.RUSAGE_THREAD).ru_minflt
        for _ in range(10):
            np.ones(8_000_000)
        return resource.getrusage(resource.RUSAGE_THREAD).ru_minflt - before

    keep_freed_memory()
    count_faults()
    # ten arrays of 64 MB anew would be at least 300 faults of 2 MB, or 150,000 of 4 kB
    assert count_faults() < 200
