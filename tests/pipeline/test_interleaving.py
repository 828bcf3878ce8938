"""Two commands at once: one is stopped at each of its steps while the other runs through.

The law: what both leave, and what they say they did, is what they would have left one after the
other in one of the two orders, or one of them refused and the other's is there whole.
"""

from __future__ import annotations

import json
import random
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

from features.simulation.cohort import simulate_cohort

ROOT = Path(__file__).parents[2]
REFUSED = 2

pytestmark = pytest.mark.slow


class Outcome(NamedTuple):
    codes: tuple[int, int]
    files: dict[str, bytes]


class Pairs:
    """Pairs of commands in fresh copies of one folder."""

    def __init__(self, template: Path, place: Path) -> None:
        self.template, self.place, self.said = template, place, ""
        self.process = subprocess.Popen(
            [sys.executable, "-m", "tests.pipeline.interleaved"],
            text=True,
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        )

    def run(self, first: str, second: str | None, step: int) -> tuple[Outcome, bool]:
        """What both leave; and whether the first was still running at its nth step."""
        assert self.process.stdin and self.process.stdout
        folder = self.place / "here"
        shutil.rmtree(folder, ignore_errors=True)
        shutil.copytree(self.template, folder)
        job = {
            "first": first.split(),
            "second": second.split() if second else None,
            "step": step,
            "folder": str(folder),
        }
        self.process.stdin.write(json.dumps(job) + "\n")
        self.process.stdin.flush()
        one, said_one, two, said_two, stopped = json.loads(self.process.stdout.readline())
        self.said = f"{first}: {one}\n{said_one}\n{second}: {two}\n{said_two}"
        assert "Traceback" not in self.said, self.said
        return Outcome((one, two), visible(folder)), bool(stopped)

    def serial(self, first: str, second: str) -> Outcome:
        """One after the other."""
        return self.run(first, second, 1_000_000)[0]

    def close(self) -> None:
        assert self.process.stdin and self.process.stdout
        self.process.stdin.close()
        self.process.wait()
        self.process.stdout.close()


def visible(folder: Path) -> dict[str, bytes]:
    """Files that are nobody's lock nor unfinished work, by path."""
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file() and not any(p.startswith(".") for p in path.relative_to(folder).parts)
    }


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory, model_folder: Path) -> Path:
    """Two files of patients and a model."""
    folder = tmp_path_factory.mktemp("template") / "here"
    folder.mkdir()
    shutil.copytree(model_folder, folder / "model")
    for name, seed in (("a.csv", 1), ("b.csv", 2)):
        table = simulate_cohort(60, seed).covariates.reset_index()
        table.loc[5, "age"] = -3.0
        table.to_csv(folder / name, index=False)
    return folder


@pytest.fixture(scope="module")
def pairs(template: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Pairs]:
    found = Pairs(template, tmp_path_factory.mktemp("pairs"))
    yield found
    found.close()


SCORE = "score {file} --model model --reasons 0 --no-intervals --workers 1 --out {out}"
COMMANDS = {
    "score a to CSV": SCORE.format(file="a.csv", out="risks.csv"),
    "score b to CSV": SCORE.format(file="b.csv", out="risks.csv"),
    "score b to Parquet": SCORE.format(file="b.csv", out="risks.parquet"),
    "score b over it": SCORE.format(file="b.csv", out="risks.csv") + " --overwrite",
    "publish a": "reference-scores a.csv --out risks.csv",
    "simulate 1": "simulate --patients 60 --seed 1 --out outputs",
    "simulate 2": "simulate --patients 60 --seed 2 --out outputs",
}
MEETING = [
    ("score a to CSV", "score b to CSV"),
    ("score a to CSV", "score b to Parquet"),
    ("score a to CSV", "score b over it"),
    ("score b over it", "score a to CSV"),
    ("score b to Parquet", "publish a"),
    ("publish a", "score b over it"),
    ("simulate 1", "simulate 2"),
]


@pytest.mark.parametrize(("first", "second"), MEETING)
def test_two_commands_at_once_are_as_one_after_the_other(
    pairs: Pairs, first: str, second: str
) -> None:
    one, two = COMMANDS[first], COMMANDS[second]
    ahead, behind = pairs.serial(one, two), pairs.serial(two, one)
    alone_one, alone_two = pairs.run(one, None, 1_000_000)[0], pairs.run(two, None, 1_000_000)[0]
    allowed = [
        ahead,
        Outcome((behind.codes[1], behind.codes[0]), behind.files),
        Outcome((alone_one.codes[0], REFUSED), alone_one.files),
        Outcome((REFUSED, alone_two.codes[0]), alone_two.files),
    ]
    draw, tried = random.Random(f"{first} {second}"), 0
    for step in range(200):
        if tried >= 8 and draw.random() < 0.8:
            continue
        found, stopped = pairs.run(one, two, step)
        if not stopped:
            break
        tried += 1
        names = [sorted(outcome.files) for outcome in allowed]
        assert found in allowed, (step, found.codes, sorted(found.files), names, pairs.said)
    assert tried >= 5
