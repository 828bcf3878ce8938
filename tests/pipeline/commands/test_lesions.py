from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from pydicom.dataset import FileDataset

from pipeline.commands.cli import main
from tests.features.imaging.written import (
    heart,
    region,
    series_of,
    write_plist,
    write_seg,
    write_series,
)

Hu = np.ndarray


def lad_of(hu: Hu) -> Hu:
    return (hu >= 130).astype(np.uint8)


def write_scan(folder: Path, hu: Hu | None = None, **attributes: Any) -> tuple[Path, Path]:
    """A scan and the SEG of its calcium, all of it in the LAD."""
    hu = heart() if hu is None else hu

    def change(one: FileDataset, at: int) -> None:
        for keyword, value in attributes.items():
            setattr(one, keyword, value)

    ct = write_series(folder / "ct", series_of(hu), change)
    lad = lad_of(hu) if lad_of(hu).any() else np.ones(hu.shape, dtype=np.uint8)
    return ct, write_seg(folder / "mask.dcm", series_of(hu), {"LAD": lad})


def measure(folder: Path, *options: str, out: str = "out", **attributes: Any) -> Path:
    ct, mask = write_scan(folder, **attributes)
    assert (
        main(["lesions", str(ct), "--mask", str(mask), "--out", str(folder / out), *options]) == 0
    )
    return folder / out


def test_a_scan_and_its_mask_become_the_lesion_table(tmp_path: Path) -> None:
    out = measure(tmp_path, "--patient", "7", "--no-picture")
    lesions = pd.read_csv(out / "lesions.csv", dtype={"patient_id": str})
    assert lesions[
        ["patient_id", "lesion", "vessel", "agatston", "volume"]
    ].to_numpy().tolist() == [["7", 1, "lad", 4 * 2 + 4 * 4, 8 * 3]]
    totals = pd.read_csv(out / "patients.csv").iloc[0]
    assert (totals["cac_agatston"], totals["cac_agatston_rca"], totals["lesion_count"]) == (
        24,
        0,
        1,
    )
    assert totals["cac_density_score"] == (4 * 2 + 4 * 4) / 8


def test_a_scan_without_calcium_is_an_explicit_zero(tmp_path: Path) -> None:
    hu = np.where(heart() > 130, 40, heart())
    ct, mask = write_scan(tmp_path, hu)
    out = tmp_path / "out"
    assert main(["lesions", str(ct), "--mask", str(mask), "--out", str(out), "--patient", "7"]) == 0
    totals = pd.read_csv(out / "patients.csv").iloc[0]
    zeros = ["cac_agatston", "cac_agatston_lad", "cac_volume", "lesion_count", "vessel_count"]
    assert (totals[zeros] == 0).all()
    assert np.isnan(totals["cac_density_score"])
    assert pd.read_csv(out / "lesions.csv").empty


def test_the_record_holds_every_choice_and_hashes_the_series(tmp_path: Path) -> None:
    out = measure(tmp_path, "--no-picture", "--ruler", "edges", SliceThickness=2.5)
    about = json.loads((out / "scan.json").read_text())
    assert about["rules"]["ruler"] == "edges"
    assert about["rules"]["threshold_hu"] == 130
    assert len(about["scan"]["series_sha256"]) == 64
    assert any("2.5 mm thick" in warning for warning in about["warnings"])
    assert about["mask"] == {"kind": "seg"}


def test_no_name_or_identifier_leaves_the_dicom_unless_asked_for(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = measure(tmp_path)
    told = capsys.readouterr()
    written = b"".join(file.read_bytes() for file in out.iterdir())
    for secret in (b"SECRET", b"Secret", b"1950", b"20260114", b"1.2.826"):
        assert secret not in written
    assert "SECRET" not in (told.out + told.err).upper()
    assert pd.read_csv(out / "lesions.csv")["patient_id"].str.startswith("scan-").all()
    asked = measure(tmp_path, "--patient-from-dicom", "--no-picture", out="asked")
    assert pd.read_csv(asked / "lesions.csv")["patient_id"].to_list() == ["SECRET-7"]


def test_picture_and_page_stand_beside_the_tables(tmp_path: Path) -> None:
    out = measure(tmp_path)
    assert (out / "contact_sheet.png").read_bytes().startswith(b"\x89PNG")
    page = (out / "scan.html").read_text()
    assert "<td>LAD</td><td>1</td><td>24.0</td><td>24.0</td>" in page
    assert "http" not in page.replace("http-equiv", "")


def test_the_mass_needs_a_factor_and_says_where_it_came_from(tmp_path: Path) -> None:
    out = measure(
        tmp_path,
        "--patient-size",
        "large",
        "--no-picture",
        CalciumScoringMassFactorDevice=[0.7, 0.75, 0.8],
    )
    lesion = pd.read_csv(out / "lesions.csv").iloc[0]
    assert lesion["mass"] == pytest.approx(0.8 * lesion["mean_hu"] * lesion["volume"] / 1000)
    about = json.loads((out / "scan.json").read_text())
    assert "large patient" in about["mass_factor_mg_per_cm3_hu"]["from"]
    bare = measure(tmp_path / "bare", "--no-picture")
    assert pd.read_csv(bare / "lesions.csv")["mass"].isna().all()


def test_a_scan_that_cannot_be_scored_is_refused_and_nothing_is_written(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    ct, mask = write_scan(tmp_path, KVP=100)
    assert main(["lesions", str(ct), "--mask", str(mask), "--out", str(tmp_path / "out")]) == 2
    assert "100 kVp" in capsys.readouterr().err
    assert not (tmp_path / "out").exists()


def test_options_that_do_not_go_together_are_refused(tmp_path: Path) -> None:
    out = str(tmp_path / "out")
    assert main(["lesions", "--out", out]) == 2
    assert main(["lesions", "x", "--mask", "y", "--manifest", "z", "--out", out]) == 2
    assert main(["lesions", "x", "--mask", "y", "--ruler", "thumb", "--out", out]) == 2


def test_what_was_written_is_replaced_only_if_asked(tmp_path: Path) -> None:
    measure(tmp_path, "--no-picture")
    ct, mask = write_scan(tmp_path)
    again = [
        "lesions",
        str(ct),
        "--mask",
        str(mask),
        "--out",
        str(tmp_path / "out"),
        "--no-picture",
    ]
    assert main(again) == 2
    assert main([*again, "--overwrite"]) == 0


def test_totals_are_joined_to_what_else_is_known_of_the_patient(tmp_path: Path) -> None:
    (tmp_path / "known.csv").write_text("patient_id,age,sex\n007,61,male\n")
    known = ["--covariates", str(tmp_path / "known.csv"), "--no-picture"]
    out = measure(tmp_path, "--patient", "007", *known)
    row = pd.read_csv(out / "patients.csv", dtype={"patient_id": str}).iloc[0]
    assert (row["patient_id"], row["age"], row["sex"], row["cac_agatston"]) == (
        "007",
        61,
        "male",
        24,
    )
    ct, mask = write_scan(tmp_path)
    other = [
        "lesions",
        str(ct),
        "--mask",
        str(mask),
        "--out",
        str(tmp_path / "b"),
        "--patient",
        "7",
    ]
    assert main([*other, *known]) == 2


def test_contours_alone_become_a_patient_that_can_be_scored(tmp_path: Path) -> None:
    points = [(4.0, 4.0), (6.0, 4.0), (6.0, 6.0), (4.0, 6.0)]
    in_mm = [f"({x}, {y}, -12.0)" for x, y in points]
    outline = region("Right Coronary Artery", points, Point_mm=in_mm, Max=250.0)
    contours = write_plist(tmp_path / "a.xml", {4: [outline]})
    out = tmp_path / "out"
    command = ["lesions", "--mask", str(contours), "--slice-spacing", "3", "--out", str(out)]
    assert main(command) == 2
    assert main([*command, "--patient", "7"]) == 0
    row = pd.read_csv(out / "patients.csv").iloc[0]
    assert (row["cac_agatston"], row["cac_agatston_rca"], row["cac_agatston_lad"]) == (8, 8, 0)


# Many scans


def write_manifest(folder: Path, rows: list[tuple[str, str, str]]) -> Path:
    """Scans by sub-folder, patient and date."""
    file = folder / "scans.csv"
    lines = [f"{name}/ct,{name}/mask.dcm,{patient},{date}" for name, patient, date in rows]
    file.write_text("\n".join(["scan,mask,patient,date", *lines]) + "\n")
    return file


def run_manifest(file: Path, *options: str) -> Path:
    out = file.parent / "out"
    command = ["lesions", "--manifest", str(file), "--out", str(out), "--no-picture"]
    assert main([*command, "--workers", "1", *options]) == 0
    return out


@pytest.fixture
def three_scans(tmp_path: Path) -> Path:
    grown = heart()
    grown[5, 4:6, 4:6] = 250
    write_scan(tmp_path / "a")
    write_scan(tmp_path / "b", grown)
    write_scan(tmp_path / "c", KVP=100)
    rows = [("b", "p1", "2026-01-14"), ("a", "p1", "2024-01-15"), ("c", "p2", "2026-01-14")]
    return write_manifest(tmp_path, rows)


def test_two_scans_of_a_patient_are_joined_and_a_failed_one_is_a_reject(three_scans: Path) -> None:
    out = run_manifest(three_scans)
    patients = pd.read_csv(out / "patients.csv").set_index("patient_id")
    assert patients.index.to_list() == ["p1"]
    row = patients.loc["p1"]
    assert (row["cac_agatston"], row["prior_cac_agatston"]) == (24 + 8, 24)
    assert row["prior_scan_years"] == pytest.approx(730 / 365.25)
    assert pd.read_csv(out / "lesions.csv")["agatston"].sum() == 32
    assert pd.read_csv(out / "earlier_lesions.csv")["agatston"].sum() == 24
    compared = pd.read_csv(out / "progression.csv").iloc[0]
    assert compared["prior_scan_comparable"] == row["prior_scan_comparable"] == 1
    rejects = pd.read_csv(out / "rejects.csv")
    assert rejects[["line", "patient_id"]].to_numpy().tolist() == [[4, "p2"]]
    assert "100 kVp" in rejects["reason"][0]


def test_a_last_scan_that_cannot_be_measured_is_told(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write_scan(tmp_path / "a")
    rows = [("a", "p1", "2024-01-15"), ("gone", "p1", "2026-01-14"), ("gone", "p1", "2022-01-14")]
    out = run_manifest(write_manifest(tmp_path, rows))
    last, earlier = pd.read_csv(out / "rejects.csv")["reason"]
    assert last.endswith("patients.csv holds an earlier scan of this patient")
    assert "earlier scan" not in earlier
    assert "1 rejects are the last scan of a patient" in capsys.readouterr().out


def test_scans_of_different_machines_are_joined_and_said_to_differ(tmp_path: Path) -> None:
    write_scan(tmp_path / "a")
    write_scan(tmp_path / "b", ManufacturerModelName="Other", SliceThickness=2.5)
    rows = [("a", "p1", "2024-01-15"), ("b", "p1", "2026-01-14")]
    out = run_manifest(write_manifest(tmp_path, rows))
    compared = pd.read_csv(out / "progression.csv").iloc[0]
    assert compared["prior_scan_comparable"] == 0
    assert compared["prior_differs"] == "scanner differs; slice thickness differs"


def test_a_manifest_is_resumed_where_it_stopped_to_the_same_bytes(
    three_scans: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = run_manifest(three_scans)
    first = {name: (out / name).read_bytes() for name in ("lesions.csv", "patients.csv")}
    command = ["lesions", "--manifest", str(three_scans), "--out", str(out), "--no-picture"]
    assert main(command) == 2
    capsys.readouterr()
    run_manifest(three_scans, "--resume")
    assert "0 scans measured, 2 kept, 1 rejects, 1 patients" in capsys.readouterr().out
    assert first == {name: (out / name).read_bytes() for name in first}
    run_manifest(three_scans, "--resume", "--threshold", "200")
    assert "2 scans measured, 0 kept" in capsys.readouterr().out


def test_a_line_without_patient_or_with_a_date_in_another_format_is_a_reject(
    tmp_path: Path,
) -> None:
    write_scan(tmp_path / "a")
    rows = [("a", "", "2024-01-15"), ("a", "p1", "15.01.2024"), ("gone", "p2", "2024-01-15")]
    out = run_manifest(write_manifest(tmp_path, rows))
    reasons = pd.read_csv(out / "rejects.csv")["reason"].to_list()
    assert [reason[:20] for reason in reasons[:2]] == [
        "the line names no pa",
        "the date is not writ",
    ]
    assert "not there" in reasons[2]


@pytest.mark.slow
def test_processes_side_by_side_write_the_same(three_scans: Path) -> None:
    alone = (run_manifest(three_scans) / "lesions.csv").read_bytes()
    for file in (three_scans.parent / "out" / "scans").glob("*.json"):
        file.unlink()
    out = run_manifest(three_scans, "--resume", "--workers", "2")
    assert (out / "lesions.csv").read_bytes() == alone


def test_a_manifest_without_its_columns_is_refused(tmp_path: Path) -> None:
    (tmp_path / "scans.csv").write_text("scan,patient\na,p1\n")
    command = ["lesions", "--manifest", str(tmp_path / "scans.csv"), "--out", str(tmp_path / "o")]
    assert main(command) == 2
