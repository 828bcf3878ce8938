"""What docs/serving.md shows is run as it stands there: server, curl, command line, Spark."""

from __future__ import annotations

import json
import os
import re
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from models.scorer import Scorer
from pipeline.tracking import Tracking

pytestmark = pytest.mark.slow

DOCUMENT = Path(__file__).resolve().parents[3] / "docs" / "serving.md"
SECRET = "zq-secret-zq"


@dataclass(frozen=True)
class Server:
    """A running `mlflow models serve` and the file that it logs to."""

    port: int
    log: Path


def blocks(language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", DOCUMENT.read_text("utf-8"), flags=re.DOTALL)


@pytest.fixture(scope="module")
def environment(logged_model: str, tracking_root: Path) -> dict[str, str]:
    """Where `models:/calcirisk@challenger` is the small model."""
    tracking = Tracking(tracking_root)
    with tracking.start_run("serving-test", "documented") as run:
        version = tracking.register("calcirisk", logged_model, run, {})
    tracking.set_alias(version, "challenger")
    scripts = str(Path(sys.executable).parent)
    return {**os.environ, "PATH": f"{scripts}:{os.environ['PATH']}"}


@pytest.fixture(scope="module")
def server(
    environment: dict[str, str], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Server]:
    folder = tmp_path_factory.mktemp("server")
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    (command,) = (block for block in blocks("sh") if "models serve" in block)
    # the store of the tests in place of that of the reader
    command = re.sub(r"export MLFLOW_TRACKING_URI=.*\n", "", command).replace("5001", str(port))
    log = folder / "server.log"
    with log.open("wb") as told:
        process = subprocess.Popen(
            ["bash", "-c", command],
            cwd=folder,
            env=environment,
            stdout=told,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    try:
        wait_for(f"http://127.0.0.1:{port}/ping", process)
        yield Server(port, log)
    finally:
        os.killpg(process.pid, signal.SIGTERM)
        process.wait(30)


def wait_for(address: str, process: subprocess.Popen[bytes], seconds: float = 180) -> None:
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        assert process.poll() is None, "the server has ended"
        try:
            urllib.request.urlopen(address, timeout=5).close()
        except (urllib.error.URLError, OSError):
            time.sleep(0.5)
        else:
            return
    raise AssertionError(f"no answer within {seconds} s")


def post(server: Server, body: str) -> tuple[int, str]:
    request = urllib.request.Request(
        f"http://127.0.0.1:{server.port}/invocations",
        body.encode(),
        {"Content-Type": "application/json"},
    )
    try:
        with urllib.request.urlopen(request, timeout=120) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as refused:
        with refused:
            return refused.code, refused.read().decode()


def documented_body() -> dict[str, Any]:
    (curl,) = (block for block in blocks("sh") if "curl" in block)
    found = re.search(r"--data '(.*)'", curl, flags=re.DOTALL)
    assert found is not None
    body: dict[str, Any] = json.loads(found[1])
    return body


@pytest.fixture(scope="module")
def expected(model_folder: Path) -> pd.DataFrame:
    body = documented_body()
    patients = pd.DataFrame(**body["dataframe_split"])
    return Scorer.load(model_folder).score(patients, **body["params"])


def check(answer: str, expected: pd.DataFrame) -> None:
    got = pd.DataFrame(json.loads(answer)["predictions"])
    pd.testing.assert_frame_equal(got, expected, rtol=0, atol=1e-9, check_dtype=False)


def test_the_curl_shown_is_answered_by_the_server_shown(
    server: Server, expected: pd.DataFrame, tmp_path: Path
) -> None:
    (curl,) = (block for block in blocks("sh") if "curl" in block)
    command = curl.replace("5001", str(server.port))
    done = subprocess.run(["bash", "-c", command], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr + done.stdout
    check(done.stdout, expected)


def test_neither_answer_nor_log_of_the_server_repeats_a_value_it_refuses(server: Server) -> None:
    patients = {"columns": ["age", "smoking_status"], "data": [[61.73195, SECRET]]}
    status, answer = post(server, json.dumps({"dataframe_split": patients}))
    assert status == 400
    assert "smoking_status: must be one of" in json.loads(answer)["stack_trace"]
    for told in (answer, server.log.read_text()):
        assert SECRET not in told
        assert "61.73195" not in told


def test_the_command_shown_scores_a_file_and_refuses_without_a_value(
    environment: dict[str, str], expected: pd.DataFrame, tmp_path: Path
) -> None:
    (command,) = (block for block in blocks("sh") if "models predict" in block)
    body = documented_body()
    for value in ("female", SECRET):
        body["dataframe_split"]["data"][1][1] = value
        (tmp_path / "patients.json").write_text(json.dumps(body))
        done = subprocess.run(
            ["bash", "-c", command],
            cwd=tmp_path,
            env=environment,
            capture_output=True,
            text=True,
            check=False,
        )
        told = done.stdout + done.stderr
        if value == SECRET:
            assert done.returncode != 0
            assert "sex: must be one of" in told
            assert SECRET not in told
        else:
            assert done.returncode == 0, told
            check((tmp_path / "risks.json").read_text(), expected)


def test_the_python_shown_gives_the_scorers_numbers(
    environment: dict[str, str], model_folder: Path
) -> None:
    names: dict[str, Any] = {}
    exec(blocks("python")[0], names)
    expected = Scorer.load(model_folder).score(names["patients"], [10], n_reasons=3)
    pd.testing.assert_frame_equal(names["risks"], expected, rtol=0, atol=1e-9)


def test_the_spark_function_shown_gives_the_scorers_numbers_on_several_workers(
    spark: Any,
    environment: dict[str, str],
    model_folder: Path,
    drawn_covariates: pd.DataFrame,
    tmp_path: Path,
) -> None:
    # as hospitals have it: whole numbers where none is missing, and yes or no as such
    typed = drawn_covariates.assign(
        age=drawn_covariates["age"].astype("Int64"),
        diabetes=drawn_covariates["diabetes"].astype("boolean"),
    )
    typed.reset_index().to_parquet(tmp_path / "whole.parquet")
    whole = spark.read.parquet(str(tmp_path / "whole.parquet"))
    whole.repartition(5).write.parquet(str(tmp_path / "patients.parquet"))
    names: dict[str, Any] = {}
    shown = blocks("python")[1].replace("patients.parquet", str(tmp_path / "patients.parquet"))
    exec(shown, names)
    assert names["risks"].rdd.getNumPartitions() > 1
    got = pd.DataFrame([row.asDict() for row in names["risks"].collect()])
    expected = Scorer.load(model_folder).score(drawn_covariates, [10], n_reasons=2)
    columns = ["risk_10y", "reason_1", "reason_2"]
    pd.testing.assert_frame_equal(
        got.set_index("patient_id").loc[expected.index, columns],
        expected[columns],
        rtol=0,
        atol=1e-9,
    )
