"""A scan and a mask from whatever kind of file they come in."""

from __future__ import annotations

from pathlib import Path

from features.errors import ScanError
from features.imaging.mask import Mask
from features.imaging.reading.ct_series import read_ct_series
from features.imaging.reading.declaration import Declaration
from features.imaging.reading.dicom_files import open_dicom
from features.imaging.reading.masks.coca import read_coca
from features.imaging.reading.masks.label_map import LabelMap
from features.imaging.reading.masks.rtstruct import read_rtstruct
from features.imaging.reading.masks.seg import read_seg
from features.imaging.reading.nifti import is_nifti, read_nifti_mask, read_nifti_scan
from features.imaging.reading.untrusted import refusing_nonsense
from features.imaging.scan import Scan


@refusing_nonsense
def open_scan(path: Path, said: Declaration) -> Scan:
    """A NIfTI file, or a CT series of a folder or file. Raises ScanError."""
    return read_nifti_scan(path, said) if is_nifti(path) else read_ct_series(path, said)


@refusing_nonsense
def open_mask(path: Path, scan: Scan, labels_file: Path | None) -> tuple[Mask, str]:
    """The mask of a scan, and the kind of its file: nifti, plist, seg or rtstruct.

    Raises ScanError where the kind is unknown or the mask does not fit the scan.
    """
    if not path.is_file():
        raise ScanError(f"{path} is not there, or no file")
    if is_nifti(path):
        return read_nifti_mask(path, scan, LabelMap.load(labels_file)), "nifti"
    if path.suffix.lower() in (".xml", ".plist"):
        return read_coca(path, scan, LabelMap.load(labels_file, "coca")), "plist"
    dataset = open_dicom(path, pixels=False)
    modality = None if dataset is None else dataset.get("Modality")
    if modality == "SEG":
        return read_seg(path, scan, LabelMap.load(labels_file)), "seg"
    if modality == "RTSTRUCT":
        return read_rtstruct(path, scan, LabelMap.load(labels_file)), "rtstruct"
    raise ScanError("the file is no mask: give DICOM SEG or RTSTRUCT, NIfTI labels or an XML plist")
