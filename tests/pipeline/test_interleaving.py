"""Two commands at once: one is stopped at its steps while the other runs through.

The law: what both leave, and what they say they did, is what they would have left one after the
other in one of the two orders, or one of them refused and the other's is there whole. It is asked
of every pair of commands that write, in both orders, a command beside itself included. Pairs whose
commands touch no file in common, as an audit of each shows, cannot tell one another apart.
"""

from __future__ import annotations

import json
import shlex
import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Iterator, Sequence
from functools import cached_property
from itertools import product
from pathlib import Path
from typing import NamedTuple

import pytest
import yaml

from features.simulation.cohort import simulate_cohort
from pipeline.commands.cli import main
from pipeline.commands.command_line import READS
from pipeline.files.stage_folder import written_whole
from pipeline.settings.params import STAGES, Paths
from tests.features.imaging.written import region, write_plist
from tests.features.intake.fhir.records import DAY, observation, patient
from tests.pipeline.commands.test_lesions import write_manifest, write_scan
from tests.pipeline.evaluation.test_external import write_elsewhere
from tests.pipeline.test_signing import write_keys

ROOT = Path(__file__).parents[2]
REFUSED, NEVER = 2, 1_000_000
# of its steps, at which the first is stopped: before its locks, under them, as its files appear
SHARES = (0.0, 0.3, 0.6, 0.95)
# few, for each takes a hundredth of a second
COLUMNS = ["patient_id", "age", "sex", "diabetes", "cac_agatston", "ldl_cholesterol", "systolic_bp"]

pytestmark = pytest.mark.slow

SCORE = "score {} --model model --reasons 0 --no-intervals --workers 1 --out out/{}"
COMMANDS = {
    "score": SCORE.format("a.csv", "patients.csv"),
    "score over it": SCORE.format("b.csv", "patients.csv --overwrite"),
    "score to Parquet": SCORE.format("b.csv", "patients.parquet"),
    "score to FHIR": SCORE.format("b.csv", "patients.ndjson"),
    "forecast": "forecast b.csv --model growth --workers 1 --out out/patients.csv",
    "fhir": "fhir record.ndjson --out out/patients.csv",
    "publish": "reference-scores a.csv --out out/patients.csv",
    "lesions": "lesions a/ct --mask a/mask.dcm --patient 7 --no-picture --out out",
    "contours": "lesions --mask contours.xml --slice-spacing 3 --patient 8 --out out",
    "manifest": "lesions --manifest scans.csv --workers 1 --no-picture --out out",
    "monitor": "monitor a.csv --model model --out out",
    "monitor over it": "monitor b.csv --model model --out out --overwrite",
    "evaluate elsewhere": "evaluate --model model --cohort elsewhere.yaml --params quick.yaml",
    "pages of a": "clinic --patients a.csv --model model",
    "pages of scores": "clinic --scores scored.csv --model model",
    "sign": "sign model --key key.pem",
    "forget": "forget --yes out",
    **{f"stage {stage}": f"{stage} --params quick.yaml" for stage in STAGES},
}


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
        self.process = subprocess.Popen(
            [sys.executable, "-m", "tests.pipeline.interleaved"],
            text=True,
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        )

    def run(self, first: str, others: Sequence[str], step: int) -> Run:
        """The first and, while it is stopped at the step, others until one is not refused."""
        assert self.process.stdin and self.process.stdout
        folder = self.place / "here"
        shutil.rmtree(folder, ignore_errors=True)
        shutil.copytree(self.template, folder)
        job = {
            "first": shlex.split(COMMANDS[first]),
            "others": [shlex.split(COMMANDS[other]) for other in others],
            "step": step,
            "folder": str(folder),
        }
        self.process.stdin.write(json.dumps(job) + "\n")
        self.process.stdin.flush()
        stopped, own, ran, log = json.loads(self.process.stdout.readline())
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

    def close(self) -> None:
        assert self.process.stdin and self.process.stdout
        self.process.stdin.close()
        self.process.wait()
        self.process.stdout.close()


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


def visible(folder: Path) -> dict[str, object]:
    """Files that are nobody's lock nor unfinished work, by path."""
    found: dict[str, object] = {}
    for path in sorted(folder.rglob("*")):
        name = path.relative_to(folder)
        if path.is_file() and not any(part.startswith(".") for part in name.parts):
            found[str(name)] = read_store(path) if path.suffix == ".sqlite" else path.read_bytes()
    return found


def read_store(path: Path) -> list[object]:
    """What a store says of patients; their keys are random."""
    with sqlite3.connect(path) as connection:
        cursor = connection.execute("SELECT * FROM patients ORDER BY row")
        rows = cursor.fetchall()
    connection.close()
    return [row[:1] + row[2:] for row in rows]


@pytest.fixture(scope="module")
def template(
    tmp_path_factory: pytest.TempPathFactory, model_folder: Path, progression_folder: Path
) -> Path:
    """A project in which each of the commands has what it needs, small."""
    folder = tmp_path_factory.mktemp("template") / "here"
    folder.mkdir()
    shutil.copytree(model_folder, folder / "model")
    shutil.copytree(progression_folder, folder / "growth")
    shutil.copy(ROOT / "dvc.yaml", folder)
    params = yaml.safe_load((ROOT / "params.yaml").read_text())
    (folder / "params.yaml").write_text(yaml.safe_dump(params))
    params["evaluate"]["n_bootstrap"] = 2
    (folder / "quick.yaml").write_text(yaml.safe_dump(params | {"seed": 77}))
    for name, seed in (("a.csv", 1), ("b.csv", 2)):
        table = simulate_cohort(60, seed, with_lesions=False).covariates.reset_index()[COLUMNS]
        table.loc[5, "age"] = -3.0
        table.to_csv(folder / name, index=False)
    write_elsewhere(folder)
    record = [
        patient(),
        observation("2089-1", 130.0, "mg/dL"),
        observation("8480-6", 140, "mm[Hg]"),
    ]
    (folder / "record.ndjson").write_text("".join(json.dumps(one) + "\n" for one in record))
    write_scan(folder / "a")
    write_manifest(folder, [("a", "p1", str(DAY))])
    points = [(4.0, 4.0), (6.0, 4.0), (6.0, 6.0), (4.0, 6.0)]
    in_mm = [f"({x}, {y}, -12.0)" for x, y in points]
    outline = region("Right Coronary Artery", points, Point_mm=in_mm, Max=250.0)
    write_plist(folder / "contours.xml", {4: [outline]})
    write_keys(folder, "key")[0].rename(folder / "key.pem")
    scored = ["score", str(folder / "b.csv"), "--model", str(folder / "model"), "--reasons", "0"]
    assert main([*scored, "--workers", "1", "--out", str(folder / "scored.csv")]) == 0
    paths = Paths(folder)
    for stage in STAGES:
        with written_whole(stage, paths, READS[stage]) as staged:
            (staged.stage(stage) / "name.txt").write_text(f"{stage} of before")
    return folder


@pytest.fixture(scope="module")
def pairs(template: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Pairs]:
    found = Pairs(template, tmp_path_factory.mktemp("pairs"))
    yield found
    found.close()


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


def test_commands_that_write_the_same_file_meet(pairs: Pairs) -> None:
    named = [name for name in COMMANDS if "--out out/patients.csv" in COMMANDS[name]]
    for one, two in product([*named, "lesions", "contours", "manifest"], repeat=2):
        assert two in pairs.meeting[one]
    for one, two in product(STAGES, repeat=2):
        assert (f"stage {two}" in pairs.meeting[f"stage {one}"]) >= (one in READS[two])
    assert "score" in pairs.meeting["sign"]
    assert "fhir" not in pairs.meeting["monitor"]
