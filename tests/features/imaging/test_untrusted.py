"""Files of other programs that hold what no program writes: found by fuzzing, refused."""

from __future__ import annotations

import struct
import warnings
import zlib
from collections.abc import Callable
from pathlib import Path

import pytest

from features.errors import ScanError
from features.imaging.measuring.rules import MeasuringRules
from features.imaging.reading.calcium_report import read_calcium_report
from features.imaging.reading.declaration import Declaration
from features.imaging.reading.masks.contours_alone import score_contours
from features.imaging.reading.masks.label_map import LabelMap
from features.imaging.reading.open_files import open_mask, open_scan
from features.imaging.reading.untrusted import refusing_nonsense
from features.imaging.scan import Scan
from tests.features.imaging.written import heart, series_of, write_series

SEEDS = Path(__file__).parents[2] / "fuzz" / "seeds"


@pytest.fixture(scope="module")
def scan(tmp_path_factory: pytest.TempPathFactory) -> Scan:
    folder = write_series(tmp_path_factory.mktemp("ct"), series_of(heart()))
    return open_scan(folder, Declaration())


def changed(folder: Path, seed: str, change: Callable[[bytes], bytes]) -> Path:
    file = folder / Path(seed).name
    data = (SEEDS / seed).read_bytes()
    file.write_bytes(change(data))
    assert file.read_bytes() != data
    return file


def test_a_length_that_is_no_multiple_of_its_kind_is_refused(tmp_path: Path) -> None:
    file = changed(
        tmp_path, "dicom/slice.dcm", lambda data: data.replace(b"US\x02\x00", b"UL\x01\x00")
    )
    with pytest.raises(ScanError):
        open_scan(file, Declaration())


def test_an_unknown_kind_of_value_in_a_report_is_refused(tmp_path: Path) -> None:
    file = changed(
        tmp_path, "report/two.dcm", lambda data: data.replace(b"\xa7SQ", b"\xa7S\x00")
        if b"\xa7SQ" in data else data.replace(b"SQ", b"S\x00", 1)
    )  # fmt: skip
    with pytest.raises(ScanError):
        read_calcium_report(file)


def test_a_report_whose_sequence_ends_within_a_tag_is_refused() -> None:
    with pytest.raises(ScanError):
        read_calcium_report(SEEDS / "report/cut_within_a_tag.dcm")


@pytest.mark.parametrize("raised", [struct.error("x"), zlib.error("x"), Exception("x")])
def test_whatever_a_library_raises_is_a_refusal(raised: Exception) -> None:
    def read() -> None:
        raise raised

    with pytest.raises(ScanError, match="Export it again"):
        refusing_nonsense(read)()


def test_a_region_without_its_number_is_refused(tmp_path: Path, scan: Scan) -> None:
    number, other = b"\x06\x30\x84\0", b"\x06\x30\x85\0"  # ReferencedROINumber
    file = changed(tmp_path, "seg/contours.dcm", lambda data: data.replace(number, other))
    with pytest.raises(ScanError):
        open_mask(file, scan, None)


def test_a_nifti_of_an_unknown_type_of_numbers_is_refused(tmp_path: Path) -> None:
    file = changed(tmp_path, "nifti/scan.nii", lambda data: data[:70] + b"\0\0" + data[72:])
    with pytest.raises(ScanError):
        open_scan(file, Declaration(kvp=120.0, no_contrast=True))


def test_contours_in_an_unknown_encoding_are_refused(tmp_path: Path, scan: Scan) -> None:
    file = changed(tmp_path, "contours/one.xml", lambda data: data.replace(b"UTF-8", b"UTF-4"))
    with pytest.raises(ScanError):
        open_mask(file, scan, None)
    with pytest.raises(ScanError):
        score_contours(file, LabelMap.load(None, "coca"), 3.0, MeasuringRules())


def test_no_warning_of_a_library_shows_a_value(tmp_path: Path) -> None:
    file = changed(
        tmp_path, "dicom/slice.dcm", lambda data: data.replace(b"1.2.826.0.1", b"1.2.SECRET.")
    )
    with warnings.catch_warnings(record=True) as shown:
        warnings.simplefilter("always")
        with pytest.raises(ScanError) as refused:
            open_scan(file, Declaration())
    assert shown == []
    assert "SECRET" not in str(refused.value)
