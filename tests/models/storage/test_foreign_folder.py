"""A model's folder that a stranger changed and sealed again."""

from __future__ import annotations

import json
import os
import random
import shutil
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from features.errors import CalciriskError, ModelError
from models.scorer import Scorer
from models.storage.model_folder import read_about, seal_model_folder

PREDICTOR = Path("predictor") / "predictor.json"


@pytest.fixture
def folder(model_folder: Path, tmp_path: Path) -> Path:
    shutil.copytree(model_folder, tmp_path / "model")
    return tmp_path / "model"


def reseal(folder: Path) -> None:
    seal_model_folder(folder, replace(read_about(folder), digest=""))


def edit(folder: Path, change: Callable[[Any], object], name: Path = PREDICTOR) -> None:
    stored = json.loads((folder / name).read_text())
    change(stored)
    (folder / name).write_text(json.dumps(stored))
    reseal(folder)


def put(*keys: str | int, value: Any) -> Callable[[Any], None]:
    """Sets what stands at the end of these keys."""

    def change(stored: Any) -> None:
        for key in keys[:-1]:
            stored = stored[key]
        stored[keys[-1]] = value

    return change


LINEAR = ("causes", 0, "linear")
BROKEN = {
    "a negative position": put("completion", "used", 0, value=-1),
    "a position too far": put(*LINEAR, "indicated", value=[10_000]),
    "a position that is none": put("completion", "used", 0, value=0.5),
    "knots that fall": put("link", "knots", 1, value=-3.0),
    "hazards that fall": put("link", "cumulative", 0, 1, value=9e9),
    "a number that is none": put(*LINEAR, "coefficients", 0, value=float("nan")),
    "a number beyond all": put("causes", 0, "shift", value=1e300),
    "another kind of number": put("causes", 0, "shift", value="0"),
    "a shape that does not fit": put(*LINEAR, "coefficients", value=[1.0]),
    "a path for a name": put("causes", 0, "name", value="../../x"),
    "a name twice": put("feature_names", 1, value="age"),
    "no cause": put("causes", value=[]),
    "no format": lambda stored: stored.pop("format"),
    "no link": lambda stored: stored.pop("link"),
    "a list for an object": put("completion", value=[]),
    "nothing": put("causes", value=None),
}


@pytest.mark.parametrize("what", BROKEN)
def test_what_no_model_of_ours_holds_is_refused(folder: Path, what: str) -> None:
    edit(folder, BROKEN[what])
    with pytest.raises(ModelError):
        Scorer.load(folder)


def test_deep_json_huge_files_and_links_are_refused(folder: Path) -> None:
    text = (folder / PREDICTOR).read_text()
    for foreign in ("[" * 100_000, '{"a":' * 100 + "1" + "}" * 100, "{}", "", "[]"):
        (folder / PREDICTOR).write_text(foreign)
        with pytest.raises(ModelError):
            reseal(folder)
            Scorer.load(folder)
    (folder / PREDICTOR).write_text(text)
    reseal(folder)
    (folder / "zero").symlink_to("/dev/zero")
    with pytest.raises(ModelError, match="holds a link, a pipe or a device"):
        Scorer.load(folder)
    (folder / "zero").unlink()
    os.truncate(folder / "explainer" / "shares.npy", 1 << 40)
    with pytest.raises(ModelError, match="larger than any file"):
        Scorer.load(folder)


def test_an_array_that_claims_more_than_it_holds_costs_no_memory(folder: Path) -> None:
    path = folder / "explainer" / "centres.npy"
    data = path.read_bytes()
    header = data.index(b"'shape': (")
    end = data.index(b"\n", header)
    claim = b"'shape': (99999999999, 9), }"
    path.write_bytes(data[:header] + claim.ljust(end - header) + data[end:])
    reseal(folder)
    with pytest.raises(ModelError):
        Scorer.load(folder)
    np.save(path, np.array([["x"]]))
    reseal(folder)
    with pytest.raises(ModelError, match="something else than finite numbers"):
        Scorer.load(folder)


def tree_bytes(folder: Path) -> tuple[Path, bytes]:
    path = folder / "predictor" / "event.ubj"
    return path, path.read_bytes()


@pytest.mark.parametrize("child", [-7, 1 << 20, 2**31 - 1, 0])
@pytest.mark.parametrize("side", [b"left_children", b"right_children"])
def test_a_tree_never_leads_out_of_itself_nor_in_circles(
    folder: Path, side: bytes, child: int
) -> None:
    path, data = tree_bytes(folder)
    start = data.index(side) + len(side)
    first = data.index(b"[$l#L", start) + 5 + 8
    path.write_bytes(data[:first] + child.to_bytes(4, "big", signed=True) + data[first + 4 :])
    reseal(folder)
    with pytest.raises(ModelError, match="holds no trees of ours"):
        Scorer.load(folder)


LOADER = """
import sys, resource
from pathlib import Path
import numpy as np, pandas as pd
from features.errors import CalciriskError
from models.scorer import Scorer
rows = pd.read_pickle(sys.argv[2])
for line in sys.stdin:
    try:
        risk = Scorer.load(Path(line.strip())).score(rows, n_reasons=1).to_csv()
    except CalciriskError as error:
        risk = "refused " + type(error).__name__
    print(repr(risk), flush=True)
"""


class Loader:
    """Loads folders in a process of its own, which a crash would end."""

    def __init__(self, rows: Path) -> None:
        command = [sys.executable, "-c", LOADER, "-", str(rows)]
        self.process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )

    def load(self, folder: Path) -> str:
        assert self.process.stdin and self.process.stdout
        self.process.stdin.write(f"{folder}\n")
        self.process.stdin.flush()
        told = self.process.stdout.readline()
        assert told, f"the process ended with {self.process.wait()}"
        return told.strip()

    def close(self) -> None:
        assert self.process.stdin and self.process.stdout
        self.process.stdin.close()
        self.process.wait()
        self.process.stdout.close()


def mutate(path: Path, draw: random.Random) -> None:
    """One of the ways in which a file may be another one."""
    data = path.read_bytes()
    at = draw.randrange(len(data))
    kind = draw.randrange(5)
    if kind == 0:
        changed = data[:at] + bytes([data[at] ^ 1 << draw.randrange(8)]) + data[at + 1 :]
    elif kind == 1:
        changed = data[:at] + draw.randbytes(draw.randrange(1, 9)) + data[at + 4 :]
    elif kind == 2:
        changed = data[:at]
    elif kind == 3:
        changed = data[: at // 2] + data[at:]
    else:
        numbers = (b"-1", b"1e308", b"NaN", b"null", b"[]", b"99999999999", b"{}", b'"x"')
        changed = data[:at] + draw.choice(numbers) + data[at + draw.randrange(9) :]
    path.write_bytes(changed)


def try_mutations(folder: Path, rows: pd.DataFrame, n: int, seed: int) -> tuple[int, int]:
    """Mutate, seal again, score: (refused, scored) of ``n``; none crashes, none gives no risk."""
    rows.to_pickle(folder.parent / "rows.pkl")
    loader = Loader(folder.parent / "rows.pkl")
    draw, refused, scored = random.Random(seed), 0, 0
    files = [path for path in sorted(folder.rglob("*")) if path.is_file()]
    files = [path for path in files if path.name != "about.json"]
    try:
        for _ in range(n):
            path = draw.choice(files)
            before = path.read_bytes()
            mutate(path, draw)
            try:
                reseal(folder)
                told = loader.load(folder)
            except CalciriskError:
                told = "'refused'"
            refused += told.startswith(("'refused", '"refused'))
            scored += not told.startswith(("'refused", '"refused'))
            path.write_bytes(before)
    finally:
        loader.close()
    return refused, scored


def test_mutated_folders_are_refused_or_score_and_never_crash(
    folder: Path, drawn_covariates: pd.DataFrame
) -> None:
    refused, scored = try_mutations(folder, drawn_covariates.head(3), 40, 1)
    assert refused + scored == 40
    assert refused > 5


@pytest.mark.slow
def test_hundreds_of_mutated_folders_are_refused_or_score_and_never_crash(
    folder: Path, drawn_covariates: pd.DataFrame
) -> None:
    refused, scored = try_mutations(folder, drawn_covariates.head(3), 150, 2)
    assert refused + scored == 150
    assert refused > 45


def test_a_folder_that_was_not_sealed_again_is_damaged(folder: Path) -> None:
    draw = random.Random(3)
    files = [path for path in sorted(folder.rglob("*")) if path.is_file()]
    for _ in range(30):
        path = draw.choice(files)
        before = path.read_bytes()
        path.write_bytes(before[:-1] + bytes([before[-1] ^ 1]) if before else b"x")
        with pytest.raises(ModelError):
            Scorer.load(folder)
        path.write_bytes(before)
    Scorer.load(folder)
