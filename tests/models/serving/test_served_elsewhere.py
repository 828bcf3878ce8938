"""The served model in other processes: alone, under another Python, beside strangers and twins."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from models.scorer import Scorer
from models.serving.pyfunc import log_model
from models.storage.model_folder import read_about, seal_model_folder
from pipeline.locating import load_model_folder
from pipeline.tracking import Tracking

pytestmark = pytest.mark.slow

ROOT = Path(__file__).resolve().parents[3]
PATIENTS = {
    "age": [45.0 + 3 * i for i in range(10)],
    "sex": ["male", "female"] * 5,
    "cac_agatston": [0.0, 10.0, 100.0, 400.0, 1000.0] * 2,
    "diabetes": [0.0, 1.0] * 5,
}


@pytest.fixture(scope="module")
def expected(model_folder: Path) -> pd.DataFrame:
    return Scorer.load(model_folder).score(pd.DataFrame(PATIENTS), n_reasons=2)


def run_python(python: str | Path, code: str, folder: Path) -> list[str]:
    """The lines that the code prints, run where nothing of this repository can be imported."""
    environment = {k: v for k, v in os.environ.items() if not k.startswith(("PYTHON", "VIRTUAL"))}
    done = subprocess.run(
        [str(python), "-W", "ignore", "-c", code],
        check=False,
        capture_output=True,
        text=True,
        cwd=folder,
        env=environment,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    return done.stdout.splitlines()


def score_with(python: str | Path, served: Path, before: str = "", after: str = "") -> pd.DataFrame:
    """PATIENTS scored by the served model in a process of its own."""
    code = f"""
import sys
{before}
import pandas as pd
import mlflow
model = mlflow.pyfunc.load_model({str(served)!r})
scored = model.predict(pd.DataFrame({PATIENTS!r}), params={{"n_reasons": 2}})
{after}
print(scored.to_json(orient="split", double_precision=15))
"""
    return pd.DataFrame(**json.loads(run_python(python, code, served.parent)[-1]))


def test_it_lives_beside_unrelated_packages_of_our_names(
    served_folder: Path, expected: pd.DataFrame, tmp_path: Path
) -> None:
    for name in ("models", "features"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "__init__.py").write_text("stranger = True\n")
    before = f"sys.path.insert(0, {str(tmp_path)!r})\nimport models, features"
    after = "assert models.stranger and features.stranger and not hasattr(models, 'scorer')"
    scored = score_with(sys.executable, served_folder, before, after)
    pd.testing.assert_frame_equal(scored, expected, rtol=0, atol=1e-6)


def test_it_lives_beside_another_version_of_itself(
    served_folder: Path, model_folder: Path, tracking_root: Path, tmp_path: Path
) -> None:
    other_folder = tmp_path / "model"
    shutil.copytree(model_folder, other_folder)
    stored = json.loads((other_folder / "predictor" / "predictor.json").read_text())
    stored["causes"][0]["shift"] += 0.5
    (other_folder / "predictor" / "predictor.json").write_text(json.dumps(stored))
    centres = np.load(other_folder / "explainer" / "centres.npy")
    centres[:, 0] += 0.5  # the background moves with the patients
    np.save(other_folder / "explainer" / "centres.npy", centres)
    seal_model_folder(other_folder, replace(read_about(model_folder), name="other"))
    tracking = Tracking(tracking_root)
    with tracking.start_run("serving-test", "other"):
        other = load_model_folder(log_model(other_folder), tracking_root).parent.parent
    code = (other / "code").glob("calcirisk_*/models/scorer.py")
    text = next(iter(code))
    text.write_text(text.read_text().replace('f"risk_{horizon:g}y"', 'f"chance_{horizon:g}y"'))
    renamed = rename_package(other)
    after = f"""
two = mlflow.pyfunc.load_model({str(other)!r})
again = two.predict(pd.DataFrame({PATIENTS!r}))
assert [name for name in again if name.endswith("y")] == ["chance_5y", "chance_10y"]
scored = model.predict(pd.DataFrame({PATIENTS!r}), params={{"n_reasons": 2}})
scored["other"] = again["chance_10y"]
assert {renamed!r} in sys.modules
"""
    scored = score_with(sys.executable, served_folder, after=after)
    first, second = (
        Scorer.load(folder).score(pd.DataFrame(PATIENTS), n_reasons=0)["risk_10y"]
        for folder in (model_folder, other_folder)
    )
    assert scored["risk_10y"].tolist() == pytest.approx(first.tolist(), abs=1e-6)
    assert scored["other"].tolist() == pytest.approx(second.tolist(), abs=1e-6)
    assert (second > first).all()


def rename_package(served: Path) -> str:
    """Give edited code the other name that it would have had if logged so."""
    (package,) = (served / "code").glob("calcirisk_*/")
    name = "calcirisk_0123456789ab"
    (script,) = served.glob("*.py")
    script.write_text(script.read_text().replace(package.name, name))
    package.rename(package.with_name(name))
    for bytecode in served.rglob("__pycache__"):
        shutil.rmtree(bytecode)  # of the same size and second as what was edited, it would be used
    return name


def find_python(version: str) -> str | None:
    """An interpreter of this minor version: on the path, or among those that pyenv holds."""
    held = Path.home() / ".pyenv" / "versions"
    found = sorted(held.glob(f"{version}*/bin/python"))
    return str(found[-1]) if found else shutil.which(f"python{version}")


@pytest.mark.parametrize("version", ["3.11", "3.12", "3.13"])
def test_it_gives_the_same_numbers_with_nothing_but_its_own_requirements(
    version: str, served_folder: Path, expected: pd.DataFrame, tmp_path: Path
) -> None:
    python = find_python(version)
    if python is None:
        pytest.skip(f"no Python {version} here")
    environment = tmp_path / "environment"
    uv = [sys.executable, "-m", "uv"]
    install = ["--quiet", "--override", str(ROOT / "overrides.txt"), "--python", str(environment)]
    requirements = str(served_folder / "requirements.txt")
    subprocess.run([*uv, "venv", "--quiet", "--python", python, str(environment)], check=True)
    subprocess.run([*uv, "pip", "install", *install, "-r", requirements], check=True)
    moved = tmp_path / "moved"
    shutil.copytree(served_folder, moved)
    after = f"assert sys.version.startswith('{version}.')"
    scored = score_with(environment / "bin" / "python", moved, after=after)
    pd.testing.assert_frame_equal(scored, expected, rtol=0, atol=1e-6)


def test_mlflow_serves_it_from_the_command_line(
    served_folder: Path, expected: pd.DataFrame, tmp_path: Path
) -> None:
    given, answered = tmp_path / "patients.json", tmp_path / "risks.json"
    whole_years = pd.DataFrame(PATIENTS).astype({"age": "int64"})
    split = whole_years.to_dict(orient="split", index=False)
    given.write_text(json.dumps({"dataframe_split": split, "params": {"horizons": [10]}}))
    options = ["--env-manager", "local", "--content-type", "json", "-m", str(served_folder)]
    files = ["-i", str(given), "-o", str(answered)]
    subprocess.run(
        [sys.executable, "-m", "mlflow", "models", "predict", *options, *files],
        check=True,
        cwd=tmp_path,
        env={**os.environ, "MLFLOW_DISABLE_TELEMETRY": "true"},
    )
    answers = json.loads(answered.read_text())["predictions"]
    assert [answer["risk_10y"] for answer in answers] == pytest.approx(
        expected["risk_10y"].tolist(), abs=1e-6
    )
