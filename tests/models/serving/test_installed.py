from __future__ import annotations

import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pandas as pd
import pytest

ROOT = Path(__file__).parents[3]

PACK = """
import sys
from pathlib import Path
from models.serving import vendor
assert Path(vendor.__file__).is_relative_to(sys.argv[1]), vendor.__file__
print(vendor.vendor_package(Path(sys.argv[2]), vendor.find_data_files()).name)
"""
SCORE = """
import sys
from importlib import import_module
from pathlib import Path
import pandas as pd
scorer = import_module(sys.argv[1] + ".models.scorer").Scorer.load(Path(sys.argv[2]))
print(scorer.score(pd.read_csv(sys.argv[3], index_col=0), n_reasons=0).to_csv())
assert not {"models", "features"} & set(sys.modules)
"""


def run(code: str, *arguments: object, folder: Path) -> str:
    """What the code prints; its modules come from the folder, none from this checkout."""
    command = [sys.executable, "-P", "-c", code, *map(str, arguments)]
    told = subprocess.run(
        command,
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(folder)},
        check=False,
        capture_output=True,
        text=True,
    )
    assert told.returncode == 0, told.stderr[-2000:]
    return told.stdout.strip()


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with what the wheel of this checkout installs."""
    folder = tmp_path_factory.mktemp("wheel")
    code = f"from hatchling.build import build_wheel; print(build_wheel({str(folder)!r}))"
    told = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, check=True, capture_output=True, text=True
    )
    with zipfile.ZipFile(folder / told.stdout.split()[-1]) as wheel:
        wheel.extractall(folder / "site")
    return folder / "site"


@pytest.mark.slow
def test_an_installed_wheel_packs_the_same_model_code_as_the_checkout(
    installed: Path, model_folder: Path, drawn_covariates: pd.DataFrame, tmp_path: Path
) -> None:
    drawn_covariates.head(20).to_csv(tmp_path / "patients.csv")
    of_wheel, of_checkout = (
        run(PACK, source, tmp_path / place, folder=source)
        for source, place in ((installed, "wheel"), (ROOT, "checkout"))
    )
    # The name is a digest of every file.
    assert of_wheel == of_checkout
    patients = tmp_path / "patients.csv"
    scored = run(SCORE, of_wheel, model_folder, patients, folder=tmp_path / "wheel")
    assert len(scored.splitlines()) == 1 + 20
