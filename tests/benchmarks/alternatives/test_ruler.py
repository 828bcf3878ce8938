from __future__ import annotations

import pytest

from benchmarks.alternatives import ruler as module
from benchmarks.alternatives.ruler import ruler


@pytest.mark.parametrize(
    ("what", "other"),
    [
        ("score_risks", lambda *_, **__: {"uno_c": 0.7}),
        ("cross_validation_folds", lambda *_: []),
    ],
)
def test_cells_become_invalid_when_risks_are_scored_or_folds_dealt_in_another_way(
    what: str, other: object, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = ruler.__wrapped__()
    assert now == ruler.__wrapped__() == ruler()
    monkeypatch.setattr(module, what, other)
    assert ruler.__wrapped__() != now
