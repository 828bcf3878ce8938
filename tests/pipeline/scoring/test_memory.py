from __future__ import annotations

import gc
import resource

import numpy as np
import pytest

from pipeline.scoring.workers.kept_memory import keep_freed_memory, spared_from_collection


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


def test_what_was_loaded_is_collected_again_after_the_job_also_when_it_fails() -> None:
    before = gc.get_freeze_count()
    with pytest.raises(ValueError, match="broken"), spared_from_collection():
        assert gc.get_freeze_count() > before
        raise ValueError("broken")
    assert gc.get_freeze_count() == 0
