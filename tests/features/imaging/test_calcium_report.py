from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest
from pydicom.dataset import Dataset, FileDataset, FileMetaDataset
from pydicom.sequence import Sequence as DicomSequence
from pydicom.uid import ComprehensiveSRStorage, ExplicitVRLittleEndian

from features.errors import ScanError
from features.imaging.reading.calcium_report import read_calcium_report
from pipeline.commands.cli import main

SCORE, AGATSTON, VOLUME, MASS = "SCT 450360000", "DCM 112055", "DCM 112056", "DCM 112057"
LAD, RCA, ALL = "SCT 59438005", "SCT 13647002", "SCT 41801008"


def code(text: str) -> DicomSequence:
    one = Dataset()
    one.CodingSchemeDesignator, one.CodeValue = text.split(" ", 1)
    one.CodeMeaning = "calcium score"  # texts say the same of everything: they are not read
    return DicomSequence([one])


def coded(name: str, value: str) -> Dataset:
    one = Dataset()
    one.ValueType = "CODE"
    one.ConceptNameCodeSequence, one.ConceptCodeSequence = code(name), code(value)
    return one


def number(
    value: float, unit: str, method: str | None, site: str | None = None, concept: str = SCORE
) -> Dataset:
    one, measured = Dataset(), Dataset()
    one.ValueType, one.ConceptNameCodeSequence = "NUM", code(concept)
    measured.NumericValue, measured.MeasurementUnitsCodeSequence = value, code(f"UCUM {unit}")
    one.MeasuredValueSequence = DicomSequence([measured])
    children = [coded("SCT 370129005", method)] if method else []
    children += [coded("SCT 363698007", site)] if site else []
    if children:
        one.ContentSequence = DicomSequence(children)
    return one


def container(*children: Dataset) -> Dataset:
    one = Dataset()
    one.ValueType, one.ContentSequence = "CONTAINER", DicomSequence(children)
    return one


def write_report(folder: Path, items: Sequence[Dataset]) -> Path:
    meta = FileMetaDataset()
    meta.MediaStorageSOPClassUID, meta.MediaStorageSOPInstanceUID = ComprehensiveSRStorage, "1.2.3"
    meta.TransferSyntaxUID = ExplicitVRLittleEndian
    whole = FileDataset("", {}, file_meta=meta, preamble=b"\0" * 128)
    whole.SOPClassUID, whole.SOPInstanceUID, whole.Modality = ComprehensiveSRStorage, "1.2.3", "SR"
    whole.ValueType, whole.ContentSequence = "CONTAINER", DicomSequence(items)
    whole.save_as(folder / "sr.dcm", enforce_file_format=True)
    return folder / "sr.dcm"


def test_scores_are_read_by_code_method_and_unit(tmp_path: Path) -> None:
    items = [
        number(120, "1", AGATSTON, ALL),
        number(80, "1", AGATSTON, LAD),
        container(coded("SCT 363698007", RCA), number(40, "1", AGATSTON)),
        number(0.1, "cm3", VOLUME),
        number(22.5, "mg", MASS),
    ]
    report = read_calcium_report(write_report(tmp_path, items))
    assert report.values == {
        "cac_agatston": 120,
        "cac_agatston_lad": 80,
        "cac_agatston_rca": 40,
        "cac_volume": 0.1 * 1000,
        "cac_mass": 22.5,
    }
    assert report.not_understood == ()


def test_a_volume_called_calcium_score_is_a_volume_and_a_bare_number_is_nothing(
    tmp_path: Path,
) -> None:
    items = [number(95, "mm3", None), number(120, "1", None)]
    report = read_calcium_report(write_report(tmp_path, items))
    assert report.values == {"cac_volume": 95}
    assert report.not_understood == ("calcium score of unit 1 without one method of calculation",)


@pytest.mark.parametrize(
    ("item", "why"),
    [
        (number(7, "mm3", AGATSTON), "cac_agatston in unit mm3"),
        (number(7, "1", AGATSTON, "SCT 15825003"), "cac_agatston at finding site SCT 15825003"),
        (number(7, "mm3", VOLUME, LAD), "cac_volume of one vessel"),
        (number(7, "1", AGATSTON, concept="99VENDOR 1"), "number of concept 99VENDOR 1"),
    ],
)
def test_what_is_not_understood_is_listed(tmp_path: Path, item: Dataset, why: str) -> None:
    report = read_calcium_report(write_report(tmp_path, [item]))
    assert report.values == {}
    assert report.not_understood[0].startswith(why)


def test_two_values_of_one_score_are_refused(tmp_path: Path) -> None:
    items = [number(120, "1", AGATSTON), number(130, "1", AGATSTON)]
    with pytest.raises(ScanError, match="two values of cac_agatston"):
        read_calcium_report(write_report(tmp_path, items))


def test_what_is_no_report_is_refused(tmp_path: Path) -> None:
    (tmp_path / "sr.dcm").write_bytes(b"no report")
    with pytest.raises(ScanError, match="no DICOM structured report"):
        read_calcium_report(tmp_path / "sr.dcm")


def test_a_report_becomes_a_patient_that_can_be_scored(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    items = [number(120, "1", AGATSTON), number(120, "1", None)]
    report = write_report(tmp_path, items)
    out = tmp_path / "out"
    command = ["lesions", "--report", str(report), "--patient", "7", "--out", str(out)]
    assert main(command) == 0
    assert (out / "patients.csv").read_text() == "patient_id,cac_agatston\n7,120.0\n"
    assert "not understood" in capsys.readouterr().err
