"""A model's folder that a stranger changed and sealed again."""

from __future__ import annotations

import json
import os
import random
import shutil
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from benchmarks.robustness import mutated_models
from benchmarks.robustness.mutated_models import try_mutations
from features.errors import ModelError
from models.progression.forecaster import Forecaster
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
    "nothing for a weight": put("causes", 1, "boosted_weight", value=None),
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
    with pytest.raises(ModelError, match="something else than numbers"):
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


@pytest.mark.parametrize("parent", [-7, 1 << 20, 2**31 - 2, 3])
@pytest.mark.parametrize("position", [0, 1])
def test_a_node_of_a_tree_knows_where_it_hangs(folder: Path, position: int, parent: int) -> None:
    path, data = tree_bytes(folder)
    first = data.index(b"[$l#L", data.index(b"parents")) + 5 + 8 + 4 * position
    path.write_bytes(data[:first] + parent.to_bytes(4, "big", signed=True) + data[first + 4 :])
    reseal(folder)
    with pytest.raises(ModelError, match="holds no trees of ours"):
        Scorer.load(folder)


def require_no_finding(folder: Path, n: int, seed: int) -> None:
    """Changed and sealed again: refused, or used. No crash, no traceback, numbers in bounds."""
    tried = list(try_mutations(folder, n, seed))
    assert len(tried) == n
    assert [one for one in tried if one.end in ("crash", "finding")] == []
    assert sum(one.end == "refused" for one in tried) > n // 8


@pytest.mark.slow
def test_mutated_folders_are_refused_or_score_and_never_crash(folder: Path) -> None:
    require_no_finding(folder, 12, 1)


@pytest.mark.slow
def test_hundreds_of_mutated_folders_are_refused_or_score_and_never_crash(
    folder: Path, progression_folder: Path
) -> None:
    require_no_finding(folder, 150, 2)
    require_no_finding(progression_folder, 150, 3)


def test_a_crash_of_the_process_that_loads_is_found(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    crash = "import os, signal; os.kill(os.getpid(), signal.SIGSEGV)"
    monkeypatch.setattr(mutated_models, "child_command", lambda *_: [sys.executable, "-c", crash])
    with pytest.raises(RuntimeError, match=r"cannot be used .exit code -11"):
        list(try_mutations(folder, 3, 1))


PROGRESSION = Path("progression") / "progression.json"
NO_LAW = {
    "more weights than rates": put("law", "weights", value=[0.5, 0.3, 0.2]),
    "a power of zero": put("law", "power", value=0),
    "a list for a number": put("law", "power", value=[1.0]),
    "a text for a number": put("begun_shift", value="0"),
    "a path for a name": put("margins", 0, "name", value="../../growth"),
    "a share beyond one": put("law", "artefact", value=1.5),
    "margins beyond all": put("margins", 0, "shift", value=1e14),
}


@pytest.mark.parametrize("what", NO_LAW)
def test_what_no_law_of_growth_holds_is_refused(
    progression_folder: Path, tmp_path: Path, what: str
) -> None:
    shutil.copytree(progression_folder, tmp_path / "model")
    edit(tmp_path / "model", NO_LAW[what], PROGRESSION)
    with pytest.raises(ModelError):
        Forecaster.load(tmp_path / "model")


@pytest.mark.parametrize("kind", ["f2", "g", ">f8"])
def test_numbers_of_other_kinds_are_those_of_ours(
    folder: Path, drawn_covariates: pd.DataFrame, kind: str
) -> None:
    path, rows = folder / "explainer" / "shares.npy", drawn_covariates.head(3)
    expected = Scorer.load(folder).score(rows)
    np.save(path, np.load(path).astype(np.float16).astype(kind))
    reseal(folder)
    found = Scorer.load(folder).score(rows)
    assert found["risk_5y"].equals(expected["risk_5y"])


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
