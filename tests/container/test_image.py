"""The image's steps by hand: built in a clean folder, run without rights and without writing."""

from __future__ import annotations

import json
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

import pandas as pd
import pytest

from features.cohort import Cohort
from tests.container.recipe import copy_context, read_recipe

pytestmark = pytest.mark.slow
TOKEN = "a-token-of-thirty-two-characters"
NOBODY = ["unshare", "--user", "--map-user=10001", "--map-group=10001"]


@dataclass(frozen=True)
class Image:
    """``environment`` stands for /opt/calcirisk; ``run`` for `docker run --read-only`."""

    environment: Path
    wheel: Path
    temporary: Path
    sent: tuple[str, ...]

    def command(self, *arguments: str) -> list[str]:
        return [*_without_rights(), str(self.environment / "bin" / "calcirisk"), *arguments]

    @property
    def variables(self) -> dict[str, str]:
        set_here = dict(
            pair.split("=", 1)
            for one in read_recipe()
            if (one.stage, one.name) == ("base", "ENV")
            for pair in one.words
        )
        path = f"{self.environment}/bin:/usr/bin:/bin"
        home = {"HOME": str(self.temporary), "NUMBA_CACHE_DIR": str(self.temporary / "numba")}
        return set_here | home | {"PATH": path, "TMPDIR": str(self.temporary)}

    def run(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            self.command(*arguments),
            cwd=self.temporary,
            env=self.variables,
            check=False,
            capture_output=True,
            text=True,
            timeout=300,
        )


def _without_rights() -> list[str]:
    """Root may write what is read-only; a namespace takes that away, as USER does in the image."""
    if os.getuid() != 0:
        return []
    tried = subprocess.run([*NOBODY, "true"], check=False, capture_output=True)
    if tried.returncode:
        pytest.skip("runs as root, and user namespaces are not allowed here")
    return NOBODY


def _forbid_writing(folder: Path, forbid: bool = True) -> None:
    for path in [folder, *folder.rglob("*")]:
        if not path.is_symlink():
            mode = path.stat().st_mode
            path.chmod(mode & ~0o222 if forbid else mode | 0o200)


@pytest.fixture(scope="module")
def image() -> Iterator[Image]:
    if find_spec("ensurepip") is None:
        pytest.skip("this Python cannot make an environment with pip")
    root = Path(tempfile.mkdtemp(prefix="calcirisk-image-"))
    context, environment, python = root / "build", root / "opt", root / "python"
    context.mkdir()
    sent = copy_context(context)
    subprocess.run([sys.executable, "-m", "venv", python], check=True)
    variables = {"PATH": f"{python}/bin:/usr/bin:/bin", "HOME": str(root), "TMPDIR": str(root)}
    kept = ("PIP_INDEX_URL", "PIP_CONFIG_FILE", "PIP_CERT", "SSL_CERT_FILE", "REQUESTS_CA_BUNDLE")
    variables |= {name: os.environ[name] for name in kept if name in os.environ}
    for one in read_recipe():
        if (one.stage, one.name) == ("build", "RUN"):
            step = one.text.replace("/opt/calcirisk", str(environment))
            step = step.replace("/build/", f"{context}/")
            told = subprocess.run(
                ["/bin/sh", "-ec", step],
                cwd=context,
                env=variables,
                check=False,
                capture_output=True,
                text=True,
            )
            assert told.returncode == 0, told.stdout[-2000:] + told.stderr[-2000:]
    (wheel,) = (context / "dist").glob("*.whl")
    temporary = root / "tmp"
    temporary.mkdir()
    _forbid_writing(environment)
    yield Image(environment, wheel, temporary, tuple(sent))
    _forbid_writing(environment, forbid=False)
    shutil.rmtree(root)


@pytest.fixture(scope="module")
def patients(drawn_covariates: pd.DataFrame, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("in")
    ten = drawn_covariates.iloc[:10]
    ten.to_csv(folder / "patients.csv")
    Cohort("ten", ten).write(folder / "cohort")
    return folder


def test_the_wheel_holds_all_that_runs_and_no_patient(image: Image) -> None:
    with zipfile.ZipFile(image.wheel) as wheel:
        names = {name for name in wheel.namelist() if ".dist-info/" not in name}
    rooms = ("clinic/", "features/", "models/", "pipeline/")
    code = {name for name in image.sent if name.startswith(rooms)}
    shipped = ("data/reference/", "data/cohorts/", "data/variables.yaml")
    data = {f"features/_{name}" for name in image.sent if name.startswith(shipped)}
    assert names == code | data | {"pipeline/_params.yaml"}


def test_the_command_starts_from_a_read_only_environment(image: Image) -> None:
    told = image.run("--help")
    assert told.returncode == 0, told.stderr
    assert "risk and reasons of patients" in told.stdout


def test_ten_patients_are_scored_without_rights_and_only_the_output_is_written(
    image: Image, model_folder: Path, patients: Path, tmp_path: Path
) -> None:
    out = tmp_path / "risks.csv"
    told = image.run(
        "score", str(patients / "patients.csv"), "--model", str(model_folder), "--out", str(out)
    )
    assert told.returncode == 0, told.stderr
    scored = pd.read_csv(out)
    assert len(scored) == 10
    assert scored["risk_10y"].between(0, 1).all()
    assert scored["reason_1"].notna().any()
    assert {path.name for path in tmp_path.iterdir()} == {
        "risks.csv",
        "risks.rejects.csv",
        "risks.schema.json",
    }


def test_a_map_that_comes_with_the_wheel_is_found(image: Image, tmp_path: Path) -> None:
    told = image.run("variables", "--group", "calcium")
    assert told.returncode == 0, told.stderr
    assert "cac_agatston" in told.stdout
    told = image.run("cohorts")
    assert told.returncode == 0, told.stderr
    assert "smart" in told.stdout


def test_health_records_become_risk_assessments_in_the_image(
    image: Image, model_folder: Path, tmp_path: Path
) -> None:
    born = {"resourceType": "Patient", "id": "p1", "gender": "male", "birthDate": "1950-01-01"}
    (tmp_path / "export.ndjson").write_text(json.dumps(born) + "\n")
    told = image.run(
        *("score", str(tmp_path / "export.ndjson"), "--model", str(model_folder)),
        *("--index-date", "2020-01-01", "--out", str(tmp_path / "risks.ndjson")),
    )
    assert told.returncode == 0, told.stderr
    assert json.loads((tmp_path / "risks.ndjson").read_text())["resourceType"] == "RiskAssessment"


def test_a_model_of_the_registry_is_refused_without_a_traceback(
    image: Image, patients: Path, tmp_path: Path
) -> None:
    told = image.run(
        *("score", str(patients / "patients.csv"), "--model", "models:/calcirisk@champion"),
        *("--out", str(tmp_path / "risks.csv")),
    )
    assert told.returncode == 2
    assert "Traceback" not in told.stderr


def test_the_pages_are_well_by_their_own_check(
    image: Image, model_folder: Path, patients: Path, tmp_path: Path
) -> None:
    scores = tmp_path / "risks.csv"
    image.run(
        "score", str(patients / "patients.csv"), "--model", str(model_folder), "--out", str(scores)
    )
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = str(probe.getsockname()[1])
    arguments = ["clinic", "--model", str(model_folder), "--scores", str(scores)]
    arguments += ["--cohort-folder", str(patients / "cohort"), "--host", "0.0.0.0", "--port", port]
    (healthcheck,) = (
        one.text for one in read_recipe() if (one.stage, one.name) == ("clinic", "HEALTHCHECK")
    )
    check = json.loads(healthcheck.partition(" CMD ")[2].replace("8400", port))
    served = subprocess.Popen(
        image.command(*arguments),
        cwd=image.temporary,
        env=image.variables | {"CALCIRISK_CLINIC_TOKEN": TOKEN},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    try:
        well = False
        for _ in range(60):
            if served.poll() is not None:
                break
            tried = subprocess.run(check, env=image.variables, check=False, capture_output=True)
            well = tried.returncode == 0
            if well:
                break
            time.sleep(1)
        if not well:
            served.terminate()
            pytest.fail(served.communicate(timeout=10)[0][-2000:])
    finally:
        served.terminate()
        served.wait(timeout=20)
        if served.stdout:
            served.stdout.close()
    assert (
        subprocess.run(check, env=image.variables, check=False, capture_output=True).returncode != 0
    )
