from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import yaml

from pipeline.commands import cli
from pipeline.settings.params import STAGES
from tests.pictures import open_page, share_drawn

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parents[1]
COPIED = (
    *("data", "features", "models", "pipeline", ".dvc"),
    *(".dvcignore", "dvc.yaml", "requirements.lock"),
)
SMALL = {
    "simulate": {"n_patients": 900},
    "train": {"n_folds": 3, "minimum_events": 20},
    "train.boosted": {"max_rounds": 20, "learning_rate": 0.2},
    "train.linear": {"means": [1.0], "widths": [0.5], "penalties": []},
    "evaluate": {"n_folds": 0, "n_bootstrap": 10, "n_groups": 4},
    "explain": {"n_strata": 2, "n_background": 200, "n_patients": 2},
}


def _write_small_params(folder: Path) -> Path:
    content = yaml.safe_load((ROOT / "params.yaml").read_text(encoding="utf-8"))
    for section, values in SMALL.items():
        part = content
        for key in section.split("."):
            part = part[key]
        part.update(values)
    path = folder / "params.yaml"
    path.write_text(yaml.safe_dump(content), encoding="utf-8")
    return path


@pytest.fixture(scope="module")
def outputs(tmp_path_factory: pytest.TempPathFactory, tracking_root: Path) -> Iterator[Path]:
    """Every stage, one after the other, on a small simulated cohort."""
    folder = tmp_path_factory.mktemp("whole_path")
    params = _write_small_params(folder)
    for stage in STAGES:
        assert cli.main([stage, "--params", str(params), "--out", str(folder)]) == 0, stage
    yield folder


def test_every_stage_writes_into_its_own_folder(outputs: Path) -> None:
    for stage in STAGES:
        assert any((outputs / stage).iterdir()), stage


def test_every_held_out_patient_is_scored_and_nobody_else(outputs: Path) -> None:
    part = pd.read_parquet(outputs / "train" / "split.parquet")["part"]
    risks = pd.read_csv(outputs / "score" / "risks.csv", dtype={"patient_id": str})
    assert set(risks["patient_id"]) == set(part.index[part == "held_out"])


def test_risk_is_a_probability_that_grows_with_the_horizon(outputs: Path) -> None:
    risks = pd.read_csv(outputs / "score" / "risks.csv")
    assert risks["risk_5y"].between(0, 1).all()
    assert (risks["risk_10y"] >= risks["risk_5y"]).all()
    assert risks["risk_10y"].nunique() > len(risks) / 2


def test_risk_follows_the_truth_that_no_training_stage_has_read(outputs: Path) -> None:
    risks = pd.read_csv(outputs / "score" / "risks.csv", dtype={"patient_id": str})
    truth = pd.read_parquet(outputs / "simulate" / "truth.parquet")["true_risk_10y"]
    ranks = risks.set_index("patient_id")["risk_10y"].corr(truth, method="spearman")
    # 45 events among 675 development patients; patients in random order would give 0 +- 0.07
    assert ranks > 0.5


def test_the_registered_model_scores_a_file_as_the_stage_did(
    outputs: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    risks = pd.read_csv(outputs / "score" / "risks.csv", dtype={"patient_id": str})
    held_out = set(risks["patient_id"])
    cohort = pd.read_parquet(outputs / "ingest" / "cohort.parquet")
    new = cohort[cohort.index.isin(held_out)].drop(columns=["time", "event", "site", "entry"])
    new.to_csv(outputs / "new.csv")
    model, out = "models:/calcirisk@challenger", str(outputs / "risks.csv")
    assert cli.main(["score", str(outputs / "new.csv"), "--model", model, "--out", out]) == 0
    again = pd.read_csv(out, dtype={"patient_id": str}).set_index("patient_id")
    before = risks.set_index("patient_id")
    np.testing.assert_allclose(
        again.loc[before.index, "risk_10y"], before["risk_10y"], atol=1e-6, rtol=0
    )


def test_the_summary_names_the_figures_the_files_and_the_caution(
    outputs: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    params = str(outputs / "params.yaml")
    assert cli.main(["summary", "--params", params, "--out", str(outputs)]) == 0
    told = capsys.readouterr().out
    for word in ("C-index", "Calibration", "XGBoost Cox", "NOT FOR CARE", "mlflow ui", "risks.csv"):
        assert word in told


def test_every_figure_of_the_report_shows_in_the_page_all_that_it_shows_alone(
    outputs: Path, tmp_path: Path
) -> None:
    alone = {
        path.stem: path
        for stage in ("evaluate", "explain")
        for path in (outputs / stage / "plots").glob("*.svg")
    }
    shown = {}
    with open_page(outputs / "report" / "report.html") as page:
        page.evaluate("document.querySelectorAll('details').forEach(one => { one.open = true })")
        for figure in page.query_selector_all("svg[id^=figure-]"):
            name = figure.get_attribute("id").removeprefix("figure-")
            width = figure.bounding_box()["width"]
            shown[name] = (width, share_drawn(figure.screenshot()))
    assert len(shown) > 5
    for name, (width, share) in shown.items():
        page_alone = tmp_path / f"{name}.html"
        svg = alone[name].as_uri()
        page_alone.write_text(f'<img src="{svg}" style="width: {width}px; display: block">')
        with open_page(page_alone) as page:
            whole = share_drawn(page.query_selector("img").screenshot())
        assert share > 0.01, name
        assert share > 0.9 * whole, name


def test_a_second_run_finds_nothing_to_do_and_one_seed_gives_the_same_bytes(tmp_path: Path) -> None:
    first, second = _run_copy(tmp_path / "a"), _run_copy(tmp_path / "b")
    assert "Nothing to do" not in first
    assert "Nothing to do" in _run(tmp_path / "a")
    for name in ("train/model", "train/parts", "score"):
        assert _bytes(tmp_path / "a" / "outputs" / name) == _bytes(
            tmp_path / "b" / "outputs" / name
        )
    assert "Nothing to do" not in second


def test_a_typo_in_params_stops_the_run_before_it_starts(tmp_path: Path) -> None:
    copy = _copy(tmp_path / "copy")
    text = (copy / "params.yaml").read_text().replace("n_folds", "n_fold")
    (copy / "params.yaml").write_text(text)
    done = _calcirisk(copy)
    assert (done.returncode, done.stdout) == (2, "")
    assert "train.n_fold is not a known key. Did you mean train.n_folds?" in done.stderr


def _copy(folder: Path) -> Path:
    folder.mkdir()
    for name in COPIED:
        source = ROOT / name
        if source.is_dir():
            ignored = shutil.ignore_patterns("__pycache__", "cache", "tmp", "config.local", "raw")
            shutil.copytree(source, folder / name, ignore=ignored)
        else:
            shutil.copyfile(source, folder / name)
    _write_small_params(folder)
    return folder


def _calcirisk(folder: Path) -> subprocess.CompletedProcess[str]:
    hidden = ("MLFLOW_TRACKING_URI", "MLFLOW_REGISTRY_URI")
    environment = {k: v for k, v in os.environ.items() if k not in hidden}
    return subprocess.run(
        [
            sys.executable,
            "-c",
            "import sys; from pipeline.commands.cli import main; sys.exit(main(['run']))",
        ],
        cwd=folder,
        env={**environment, "PYTHONPATH": str(folder), "OMP_NUM_THREADS": "1"},
        capture_output=True,
        text=True,
        check=False,
    )


def _run(folder: Path) -> str:
    done = _calcirisk(folder)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def _run_copy(folder: Path) -> str:
    return _run(_copy(folder))


def _bytes(folder: Path) -> dict[str, bytes]:
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }
