"""The whole path with patients nobody can mistake, who must not be found in what leaves."""

from __future__ import annotations

import csv
from dataclasses import replace
from importlib import import_module
from pathlib import Path

import pytest

from pipeline.settings.params import Params, Paths

REPOSITORY = Path(__file__).resolve().parents[2]
PLANTED = {"patient_id": "PLANTED-4711", "ldl_cholesterol": "187.6543", "systolic_bp": "151.2345"}
PLANTED_TIME = "7.654321"
STAGES = (
    "source",
    "simulate",
    "ingest",
    "featurize",
    "train",
    "evaluate",
    "explain",
    "score",
    "report",
)
# Of an event time the first digits would be enough.
TRACES = {**PLANTED, "followup_years": PLANTED_TIME[:6]}


def plant(cohort: Path, lesions: Path) -> None:
    """Give ten patients identifiers and values that occur nowhere else, and one an event."""
    with cohort.open(newline="") as file:
        rows = list(csv.DictReader(file))
    renamed = {}
    for i, row in enumerate(rows[:10]):
        renamed[row["patient_id"]] = f"{PLANTED['patient_id']}-{i}"
        row.update({**PLANTED, "patient_id": renamed[row["patient_id"]]})
    rows[0].update(followup_years=PLANTED_TIME, event_type="cardiac_event")
    write(cohort, rows)
    with lesions.open(newline="") as file:
        table = list(csv.DictReader(file))
    for row in table:
        row["patient_id"] = renamed.get(row["patient_id"], row["patient_id"])
    write(lesions, table)


def write(path: Path, rows: list[dict[str, str]]) -> None:
    with path.open("w", newline="") as file:
        writer = csv.DictWriter(file, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)


@pytest.mark.slow
def test_no_patient_is_found_in_what_leaves_the_site(
    tmp_path: Path, tracking_root: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    params = Params.load(REPOSITORY / "params.yaml")
    params = replace(
        params,
        simulate=replace(params.simulate, n_patients=1500),
        train=replace(params.train, n_folds=2, minimum_events=20),
        evaluate=replace(params.evaluate, n_bootstrap=5),
        register=replace(params.register, model_name="private"),
    )
    paths = Paths(REPOSITORY, tmp_path)
    for stage in STAGES:
        import_module(f"pipeline.stages.{stage}").run(params, paths)
        if stage == "simulate":
            plant(paths.simulate / "cohort.csv", paths.simulate / "lesions.csv")
    assert PLANTED["patient_id"].encode() in (paths.ingest / "cohort.parquet").read_bytes()
    import_module("pipeline.stages.register").run(params, paths)
    leaving = (tracking_root, paths.model, paths.evaluate, paths.report, paths.explain / "tables")
    searched = [path for folder in leaving for path in folder.rglob("*") if path.is_file()]
    assert any(path.name == "metrics.json" for path in searched)
    assert any(path.name == "report.html" for path in searched)
    for path in searched:
        content = path.read_bytes()
        found = [name for name, text in TRACES.items() if text.encode() in content]
        assert not found, (path, found)
    said = "".join(capfd.readouterr())
    assert not [name for name, text in TRACES.items() if text in said]
