"""A small project in which every command that writes has what it needs, and what each leaves."""

from __future__ import annotations

import json
import shutil
import sqlite3
from pathlib import Path

import yaml

from features.simulation.cohort import simulate_cohort
from pipeline.commands.cli import main
from pipeline.commands.command_line import READS
from pipeline.files.stage_folder import written_whole
from pipeline.settings.params import STAGES, Paths
from tests.features.imaging.written import region, write_plist
from tests.features.intake.fhir.records import DAY, observation, patient
from tests.pipeline.commands.test_lesions import write_manifest, write_scan
from tests.pipeline.evaluation.test_external import write_elsewhere
from tests.pipeline.test_signing import write_keys

ROOT = Path(__file__).parents[2]
# few, for each takes a hundredth of a second
COLUMNS = ["patient_id", "age", "sex", "diabetes", "cac_agatston", "ldl_cholesterol", "systolic_bp"]

SCORE = "score {} --model model --reasons 0 --no-intervals --workers 1 --out out/{}"
COMMANDS = {
    "score": SCORE.format("a.csv", "patients.csv"),
    "score over it": SCORE.format("b.csv", "patients.csv --overwrite"),
    "score to Parquet": SCORE.format("b.csv", "patients.parquet"),
    "score to FHIR": SCORE.format("b.csv", "patients.ndjson"),
    "forecast": "forecast b.csv --model growth --workers 1 --out out/patients.csv",
    "fhir": "fhir record.ndjson --out out/patients.csv",
    "publish": "reference-scores a.csv --out out/patients.csv",
    "lesions": "lesions a/ct --mask a/mask.dcm --patient 7 --no-picture --out out",
    "contours": "lesions --mask contours.xml --slice-spacing 3 --patient 8 --out out",
    "manifest": "lesions --manifest scans.csv --workers 1 --no-picture --out out",
    "monitor": "monitor a.csv --model model --out out",
    "monitor over it": "monitor b.csv --model model --out out --overwrite",
    "evaluate elsewhere": "evaluate --model model --cohort elsewhere.yaml --params quick.yaml",
    "pages of a": "clinic --patients a.csv --model model",
    "pages of scores": "clinic --scores scored.csv --model model",
    "ingest elsewhere": "ingest --cohort elsewhere.yaml --params quick.yaml",
    "sign": "sign model --key key.pem",
    "forget": "forget --yes out",
    **{f"stage {stage}": f"{stage} --params quick.yaml" for stage in STAGES},
}


def write_project(folder: Path, model_folder: Path, progression_folder: Path) -> None:
    """A project in which each of the commands has what it needs, small."""
    folder.mkdir()
    shutil.copytree(model_folder, folder / "model")
    shutil.copytree(progression_folder, folder / "growth")
    shutil.copy(ROOT / "dvc.yaml", folder)
    params = yaml.safe_load((ROOT / "params.yaml").read_text())
    (folder / "params.yaml").write_text(yaml.safe_dump(params))
    params["evaluate"]["n_bootstrap"] = 2
    (folder / "quick.yaml").write_text(yaml.safe_dump(params | {"seed": 77}))
    for name, seed in (("a.csv", 1), ("b.csv", 2)):
        table = simulate_cohort(60, seed, with_lesions=False).covariates.reset_index()[COLUMNS]
        table.loc[5, "age"] = -3.0
        table.to_csv(folder / name, index=False)
    write_elsewhere(folder)
    record = [
        patient(),
        observation("2089-1", 130.0, "mg/dL"),
        observation("8480-6", 140, "mm[Hg]"),
    ]
    (folder / "record.ndjson").write_text("".join(json.dumps(one) + "\n" for one in record))
    write_scan(folder / "a")
    write_manifest(folder, [("a", "p1", str(DAY))])
    points = [(4.0, 4.0), (6.0, 4.0), (6.0, 6.0), (4.0, 6.0)]
    in_mm = [f"({x}, {y}, -12.0)" for x, y in points]
    outline = region("Right Coronary Artery", points, Point_mm=in_mm, Max=250.0)
    write_plist(folder / "contours.xml", {4: [outline]})
    write_keys(folder, "key")[0].rename(folder / "key.pem")
    scored = ["score", str(folder / "b.csv"), "--model", str(folder / "model"), "--reasons", "0"]
    assert main([*scored, "--workers", "1", "--out", str(folder / "scored.csv")]) == 0
    paths = Paths(folder)
    for stage in STAGES:
        with written_whole(stage, paths, READS[stage]) as staged:
            (staged.stage(stage) / "name.txt").write_text(f"{stage} of before")


def visible(folder: Path) -> dict[str, object]:
    """Files that are nobody's lock nor unfinished work, by path."""
    found: dict[str, object] = {}
    for path in sorted(folder.rglob("*")):
        name = path.relative_to(folder)
        if path.is_file() and not any(part.startswith(".") for part in name.parts):
            found[str(name)] = read_store(path) if path.suffix == ".sqlite" else path.read_bytes()
    return found


def read_store(path: Path) -> list[object]:
    """What a store says of patients; their keys are random."""
    with sqlite3.connect(path) as connection:
        cursor = connection.execute("SELECT * FROM patients ORDER BY row")
        rows = cursor.fetchall()
    connection.close()
    return [row[:1] + row[2:] for row in rows]
