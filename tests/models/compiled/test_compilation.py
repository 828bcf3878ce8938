from __future__ import annotations

from pathlib import Path

import pytest

from models import compilation
from models.learners.compiled_completion import standardise_block


def test_machine_code_is_kept_apart_for_each_state_of_all_sources(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def folder() -> Path:
        return compilation.cache_folder.__wrapped__()

    for room in ("compiled", "learners"):
        (tmp_path / room).mkdir()
    called, own = tmp_path / "learners" / "called.py", tmp_path / "compiled" / "compilation.py"
    for path in (called, own):
        path.write_text("x = 1\n")
    monkeypatch.setattr(compilation, "__file__", str(own))
    first = folder()
    assert first == folder()
    assert first.parent == tmp_path / "__pycache__"
    called.write_text("x = 2\n")
    assert folder() != first
    monkeypatch.setattr("numba.config.CACHE_DIR", str(tmp_path / "elsewhere"))
    assert folder().parent == tmp_path / "elsewhere"


def test_loops_are_kept_there() -> None:
    kept = Path(standardise_block._cache.cache_path)  # type: ignore[attr-defined]
    assert kept.is_relative_to(compilation.cache_folder())
