"""The command, from the line that is typed to the page that is shown."""

from __future__ import annotations

import inspect
import re
import shutil
import socket
import subprocess
import sys
import time
from pathlib import Path
from urllib.error import URLError
from urllib.request import urlopen

import pandas as pd
import pytest

pytest.importorskip("fastapi", reason="the extra web is not installed")

from features.errors import ConfigError
from pipeline.commands.cli import main
from pipeline.commands.clinic import clinic, own_store
from pipeline.files.destinations import alone_with, take

ROOT = Path(__file__).parents[3]
_START = "import sys; from pipeline.commands.cli import main; sys.exit(main())"


def test_no_folder_is_joined_that_was_not_named() -> None:
    defaults = {name: p.default for name, p in inspect.signature(clinic).parameters.items()}
    assert defaults["cohort_folder"] is None
    assert defaults["scores"] is None and defaults["patients"] is None


def test_each_of_two_servers_of_the_same_files_has_a_store_that_nobody_touches(
    tmp_path: Path,
) -> None:
    folder = tmp_path / "clinic"
    with own_store(folder, "a", ()) as first:
        first.write_text("of the first")
        with own_store(folder, "a", ()) as second, own_store(folder, "b", ()) as other:
            assert len({first, second, other}) == 3
            second.write_text("of the second")
            with (
                pytest.raises(ConfigError, match=f"{first} is in use by another job"),
                take([first]),
            ):
                pass
        assert not second.exists()
        with pytest.raises(ConfigError, match="is in use by another job"), alone_with(folder):
            pass
    assert first.read_text() == "of the first"
    with own_store(folder, "a", ()) as again:
        assert again == first


@pytest.mark.parametrize("wrong", ["--language xx", "--progression none.yaml"])
def test_a_server_that_is_refused_leaves_no_copy_of_its_patients(
    model_folder: Path,
    drawn_covariates: pd.DataFrame,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    wrong: str,
) -> None:
    for name in ("params.yaml", "dvc.yaml"):
        shutil.copy(ROOT / name, tmp_path)
    monkeypatch.chdir(tmp_path)
    drawn_covariates.head(20).rename_axis("patient_id").to_csv(tmp_path / "new.csv")
    asked = ["clinic", "--patients", "new.csv", "--model", str(model_folder), *wrong.split()]
    assert main(asked) == 2
    assert not [path for path in (tmp_path / "outputs").rglob("*") if path.is_file()]


def test_rows_that_are_not_shown_are_counted_and_kept_with_their_reasons(
    model_folder: Path,
    drawn_covariates: pd.DataFrame,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    for name in ("params.yaml", "dvc.yaml"):
        shutil.copy(ROOT / name, tmp_path)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("clinic.server.serve", lambda *_: None)
    patients = drawn_covariates.head(20).rename_axis("patient_id")
    patients.loc[patients.index[3], "age"] = -3.0
    asked = ["clinic", "--patients", "new.csv", "--model", str(model_folder)]
    for table, n_rejected in ((patients, 1), (patients.drop(index=patients.index[3]), 0)):
        table.to_csv("new.csv")
        assert main(asked) == 0
        said = capsys.readouterr().out
        rejects = list((tmp_path / "outputs" / "clinic").glob("*.rejects.csv"))
        assert ("1 of 20 rows are not shown" in said) == (len(rejects) == 1) == bool(n_rejected)
        names = {path.suffix for path in (tmp_path / "outputs" / "clinic").iterdir()}
        assert names == ({".sqlite", ".csv"} if n_rejected else {".sqlite"})


@pytest.mark.slow
def test_a_file_of_patients_is_scored_and_shown_by_one_command(
    model_folder: Path, drawn_covariates: pd.DataFrame, tmp_path: Path
) -> None:
    drawn_covariates.head(20).rename_axis("patient_id").to_csv(tmp_path / "new.csv")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    asked = ["clinic", "--patients", "new.csv", "--model", str(model_folder), "--port", str(port)]
    # a project of its own, so that its outputs are not ours
    for name in ("params.yaml", "dvc.yaml"):
        shutil.copy(ROOT / name, tmp_path)
    with (tmp_path / "log").open("w") as log:
        server = subprocess.Popen(
            [sys.executable, "-c", _START, *asked],
            cwd=tmp_path,
            env={"PYTHONPATH": str(ROOT), "PATH": "/usr/bin:/bin", "HOME": str(tmp_path)},
            stdout=log,
            stderr=log,
        )
    try:
        address = f"http://127.0.0.1:{port}"
        page = _wait_for(f"{address}/patients", server, tmp_path / "log")
        keys = re.findall(r'href="/patients/([0-9a-f]{24})"', page)
        assert len(keys) == 20
        with urlopen(f"{address}/patients/{keys[0]}", timeout=60) as answer:
            assert b"10-year risk" in answer.read()
        (trail,) = (tmp_path / "outputs" / "audit").iterdir()
        assert trail.stat().st_mode & 0o777 == 0o600
        assert len(trail.read_text().splitlines()) == 2
    finally:
        server.terminate()
        server.wait(30)


def _wait_for(url: str, server: subprocess.Popen[bytes], log: Path) -> str:
    for _ in range(600):
        assert server.poll() is None, log.read_text()
        try:
            with urlopen(url, timeout=60) as answer:
                return str(answer.read().decode())
        except URLError:
            time.sleep(0.2)
    raise AssertionError(log.read_text())
