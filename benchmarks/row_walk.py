"""The files that a patient's row is led through by `calcirisk score`, folder by folder.

    python -m benchmarks.row_walk MODEL FILE [--names]

MODEL is a model's folder, FILE a CSV whose columns have the dictionary's names, such as cohort.csv
of stage simulate. Its first thousand rows are scored in this process by the command as a person
gives it (three reasons, intervals), in batches of a few rows. A file of ours counts once a function
of it is entered:

- request: from the start of the command until the first batch is kept;
- batch: from asking for the second batch until its risks are kept.

So few rows are scored by the plain arithmetic; many take the compiled form of the same. ``--names``
shows which functions were entered as well.
"""

from __future__ import annotations

import sys
import tempfile
import threading
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from inspect import CO_OPTIMIZED
from itertools import islice
from pathlib import Path
from types import FrameType
from typing import Any

import pipeline.commands.patients.score_command  # noqa: F401
from pipeline.commands.cli import main as run_command
from pipeline.scoring import job
from pipeline.scoring.account.progress import Progress

ROOT = Path(__file__).parents[1]
ROOMS = tuple(str(ROOT / room) + "/" for room in ("features", "models", "pipeline"))
_ROWS, _BATCH_ROWS = 1_000, 50

Walk = dict[str, set[str]]


def walk(model: Path, file: Path, out: Path) -> tuple[Walk, Walk]:
    """Files with the functions entered, for the request and for its second batch."""
    request, batch = defaultdict[str, set[str]](set), defaultdict[str, set[str]](set)
    walks = [request, batch, defaultdict[str, set[str]](set)]
    advance, prepare = Progress.advance, job.prepare
    kept = 0

    def count(progress: Progress, rows: int, done: int) -> None:
        nonlocal kept
        advance(progress, rows, done)
        kept += 1

    def in_small_batches(asked: Any, *others: Any, **named: Any) -> Any:
        return prepare(replace(asked, batch_rows=_BATCH_ROWS), *others, **named)

    def enter(frame: FrameType, event: str, _: Any) -> None:
        code = frame.f_code
        if event == "call" and code.co_filename.startswith(ROOMS) and code.co_flags & CO_OPTIMIZED:
            walks[min(kept, 2)][code.co_filename].add(code.co_qualname)

    Progress.advance, job.prepare = count, in_small_batches
    arguments = ["score", str(file), "--model", str(model), "--out", str(out), "--workers", "1"]
    try:
        with _watched(enter):
            code = run_command(arguments)
    finally:
        Progress.advance, job.prepare = advance, prepare
    if code or kept < 2:
        raise SystemExit(f"exit code {code} after {kept} batches")
    return request, batch


@contextmanager
def _watched(enter: Any) -> Iterator[None]:
    threading.setprofile(enter)
    sys.setprofile(enter)
    try:
        yield
    finally:
        sys.setprofile(None)
        threading.setprofile(None)


def describe(name: str, walked: Walk, with_names: bool) -> str:
    """The files of a walk under their folders."""
    folders = defaultdict[Path, list[str]](list)
    for path, names in sorted(walked.items()):
        file = Path(path).relative_to(ROOT)
        told = f" ({', '.join(sorted(names))})" if with_names else ""
        folders[file.parent].append(file.stem + told)
    lines = [f"{name}: {len(walked)} files, {sum(map(len, walked.values()))} functions"]
    for folder, files in folders.items():
        lines.append(f"  {folder}: {len(files)}")
        lines += [f"    {one}" for one in files]
    return "\n".join(lines)


def main() -> None:
    """Walk and print."""
    model, file, *options = sys.argv[1:]
    with tempfile.TemporaryDirectory() as folder:
        few = Path(folder) / "patients.csv"
        with Path(file).open("rb") as patients:
            few.write_bytes(b"".join(islice(patients, 1 + _ROWS)))
        request, batch = walk(Path(model), few, Path(folder) / "risks.csv")
    for name, walked in (("request", request), ("batch", batch)):
        print(describe(name, walked, "--names" in options))  # noqa: T201


if __name__ == "__main__":
    main()
