"""What exists on Linux alone has something in its place, or is said to be wanting at once."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from models.cores import count_cores
from pipeline.scoring.workers.handover import Handover

ROOT = Path(__file__).parents[1]


def test_without_a_list_of_cores_all_of_the_machine_are_counted(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    assert count_cores() == len(os.sched_getaffinity(0))
    monkeypatch.delattr(os, "sched_getaffinity")
    assert count_cores() == os.cpu_count()


def test_without_nameless_memory_a_nameless_file_hands_objects_over(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.delattr(os, "memfd_create")
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    place = Handover()
    try:
        numbers = np.arange(100_000.0)
        found = place.take(place.put({"numbers": numbers}))
        np.testing.assert_array_equal(found["numbers"], numbers)
        assert list(tmp_path.iterdir()) == []
    finally:
        place.close()


@pytest.mark.slow
def test_where_files_cannot_be_locked_it_is_said_at_once(tmp_path: Path) -> None:
    out = ["--out", str(tmp_path)]
    commands = [["score", "new.csv"], ["promote"], ["train", *out], ["ingest", *out]]
    script = (
        "import sys; sys.modules['fcntl'] = None\n"
        "from pipeline.commands.cli import main\n"
        f"sys.exit(sum(main(words) == 2 for words in {commands!r}))"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == len(commands), done.stderr
    assert done.stderr.count("On Windows run it in WSL") == len(commands)
    assert "Traceback" not in done.stderr
