"""Two commands at once: one is stopped at its steps while the other runs through.

The law: what both leave, and what they say they did, is what they would have left one after the
other in one of the two orders, or one of them refused and the other's is there whole. It is asked
of every pair of commands that write, in both orders, a command beside itself included. Pairs whose
commands touch no file in common, as an audit of each shows, cannot tell one another apart.
"""

from __future__ import annotations

import shlex
import shutil
from collections.abc import Iterator, Sequence
from functools import cached_property
from itertools import product
from pathlib import Path
from typing import NamedTuple

import pytest

from pipeline.commands.command_line import READS
from pipeline.settings.params import STAGES
from tests.asked_process import AskedProcess
from tests.pipeline.small_project import COMMANDS, visible

ROOT = Path(__file__).parents[2]
REFUSED, NEVER = 2, 1_000_000
# of its steps, at which the first is stopped: before its locks, under them, as its files appear
SHARES = (0.0, 0.3, 0.6, 0.95)
# commands that may replace what another one wrote, and that one
OVER = {"score over it": "score", "monitor over it": "monitor"}
# what is gone by design where a command fails: no later stage may take a cohort for the refused one
FORGOTTEN = {
    "stage ingest": "outputs/ingest/",
    "ingest elsewhere": "outputs/ingest/",
    "forget": "",
}

# where the work of a command lies that `--resume` goes on with
GOES_ON = {"manifest": "out/scans/"}
FAULTS = 12

pytestmark = pytest.mark.slow


class Outcome(NamedTuple):
    codes: tuple[int, int]
    files: dict[str, object]


class Run(NamedTuple):
    """``stopped``: whether the first was still running at its step; others ran while it was."""

    stopped: bool
    codes: list[int]
    said: str
    files: dict[str, object]
    log: list[tuple[str, int | None]]

    @property
    def n_steps(self) -> int:
        return 1 + max(at for _, at in self.log if at is not None)


class Pairs:
    """Pairs of commands in fresh copies of one folder."""

    def __init__(self, template: Path, place: Path) -> None:
        self.template, self.place = template, place
        self.alone: dict[str, Run] = {}
        self.serial: dict[tuple[str, str], Outcome] = {}
        self.process = AskedProcess("tests.pipeline.interleaved")

    def run(
        self,
        first: str,
        others: Sequence[str],
        step: int,
        full: bool = False,
        template: Path | None = None,
    ) -> Run:
        """The first and, while it is stopped at the step, others until one is not refused.

        ``full``: it is not stopped, but the disk is full from then on, for one file or folder.
        """
        folder = self.place / "here"
        shutil.rmtree(folder, ignore_errors=True)
        shutil.copytree(template or self.template, folder)
        job = {
            "first": shlex.split(COMMANDS[first]),
            "others": [shlex.split(COMMANDS[other]) for other in others],
            "step": step,
            "full": full,
            "folder": str(folder),
        }
        stopped, own, ran, log = self.process.ask(job)
        said = f"{first}: {own}\n{list(zip(others, ran, strict=False))}"
        assert "Traceback" not in said, said
        log = [(str(Path(path).relative_to(folder)), at) for _, path, at in log]
        return Run(stopped, [own[0], *(code for code, _ in ran)], said, visible(folder), log)

    def run_alone(self, name: str) -> Run:
        """The command by itself, with all that it touches."""
        if name not in self.alone:
            self.alone[name] = self.run(name, (), NEVER)
        return self.alone[name]

    def run_in_turn(self, one: str, two: str) -> Outcome:
        """One after the other."""
        if (one, two) not in self.serial:
            run = self.run(one, [two], NEVER)
            self.serial[one, two] = Outcome((run.codes[0], run.codes[1]), run.files)
        return self.serial[one, two]

    def allowed(self, one: str, two: str) -> Iterator[Outcome]:
        """What both may leave."""
        yield Outcome((self.run_alone(one).codes[0], REFUSED), self.run_alone(one).files)
        yield Outcome((REFUSED, self.run_alone(two).codes[0]), self.run_alone(two).files)
        behind = self.run_in_turn(two, one)
        yield Outcome((behind.codes[1], behind.codes[0]), behind.files)
        yield self.run_in_turn(one, two)

    @cached_property
    def meeting(self) -> dict[str, list[str]]:
        """By command, those that write what it touches, or touch what it writes."""
        touched = {name: touches(self.run_alone(name), COMMANDS[name]) for name in COMMANDS}
        return {
            one: [two for two in COMMANDS if meet(touched[one], touched[two])] for one in COMMANDS
        }


class Touched(NamedTuple):
    written: set[Path]
    read: set[Path]


def touches(run: Run, command: str) -> Touched:
    """Paths below the folder; what compiled code reads is seen by no audit and named here."""
    written = {Path(path) for path, step in run.log if step is not None}
    read = {Path(path) for path, step in run.log if step is None}
    read |= {Path(word) for word in shlex.split(command)[1:]} - written
    return Touched(written, read - {Path("out")})


def meet(one: Touched, two: Touched) -> bool:
    return overlap(one.written, two.written | two.read) or overlap(two.written, one.read)


def overlap(some: set[Path], others: set[Path]) -> bool:
    """Whether a path of one is that of another, or a folder above it that both know of."""
    folders = {Path(), Path("out"), Path("outputs")}
    inside = {up for path in others for up in (path, *path.parents)} - folders
    return bool(some & inside) or bool(
        {up for path in some for up in (path, *path.parents)} - folders & others
    )


@pytest.fixture(scope="module")
def pairs(template: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Pairs]:
    found = Pairs(template, tmp_path_factory.mktemp("pairs"))
    yield found
    found.process.close()


@pytest.mark.parametrize("first", COMMANDS)
def test_two_commands_at_once_are_as_one_after_the_other(pairs: Pairs, first: str) -> None:
    assert first in pairs.meeting[first]
    n_steps = pairs.run_alone(first).n_steps
    # what is forgotten goes folder after folder: until the first is gone, it is all there
    shares = SHARES[:2] if first == "forget" else SHARES
    for step in sorted({int(share * n_steps) for share in shares}):
        left = pairs.meeting[first]
        while left:
            run = pairs.run(first, left, step)
            assert run.stopped
            second, left = left[len(run.codes) - 2], left[len(run.codes) - 1 :]
            found = Outcome((run.codes[0], run.codes[-1]), run.files)
            assert any(found == one for one in pairs.allowed(first, second)), (step, run.said)


@pytest.mark.parametrize("name", COMMANDS)
def test_a_command_that_fails_midway_leaves_none_of_its_outputs_new(
    pairs: Pairs, tmp_path: Path, name: str
) -> None:
    """What was there before, or all that it writes; a cohort that was refused is forgotten."""
    # where it is allowed to replace what it wrote, what another one of its kind wrote lies there
    before = tmp_path / "here"
    shutil.copytree(pairs.template, before)
    if name in OVER:
        pairs.run(OVER[name], (), NEVER)
        shutil.copytree(pairs.place / "here", before, dirs_exist_ok=True)
    done, there, failed = pairs.run(name, (), NEVER, template=before), visible(before), 0
    last = range(max(done.n_steps - 6, 0), done.n_steps)  # as its files take their places
    for step in sorted({i * done.n_steps // FAULTS for i in range(FAULTS)} | {*last}):
        run = pairs.run(name, (), step, full=True, template=before)
        if run.codes == done.codes:
            assert run.files == done.files, (step, run.said)
            continue
        failed += 1
        assert run.codes == [REFUSED], (step, run.said)
        if "go on with --resume" in run.said:  # its own law: tests/pipeline/scoring/test_faults.py
            continue
        new = {path for path, content in run.files.items() if there.get(path) != content}
        assert not new or all(path.startswith(GOES_ON.get(name, "/")) for path in new), (step, new)
        lost = there.keys() - run.files.keys()
        assert not lost or all(FORGOTTEN.get(name, "/") in path for path in lost), (step, lost)
    assert failed


def test_commands_that_write_the_same_file_meet(pairs: Pairs) -> None:
    named = [name for name in COMMANDS if "--out out/patients.csv" in COMMANDS[name]]
    for one, two in product([*named, "lesions", "contours", "manifest"], repeat=2):
        assert two in pairs.meeting[one]
    for one, two in product(STAGES, repeat=2):
        assert (f"stage {two}" in pairs.meeting[f"stage {one}"]) >= (one in READS[two])
    assert "score" in pairs.meeting["sign"]
    assert "fhir" not in pairs.meeting["monitor"]
