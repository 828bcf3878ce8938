"""Command lesions: from scans and the masks of their calcium to the lesion table."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from features.errors import ConfigError, ScanError

if TYPE_CHECKING:
    from pipeline.measuring.request import MeasuringRequest, ScanFiles

EXAMPLES = (
    "lesions ct/ --mask seg.dcm --patient 7 --out scan",
    "lesions ct.nii.gz --mask mask.nii.gz --labels labels.yaml --kvp 120 --no-contrast --out scan",
    "lesions --report sr.dcm --patient 7 --out scan",
    "lesions --manifest scans.csv --workers 4 --resume --out scans",
)


def lesions(
    out: Annotated[Path, typer.Option(help="Folder to write.")],
    scan: Annotated[
        Path | None, typer.Argument(help="Folder or file of one CT series, or a NIfTI file.")
    ] = None,
    mask: Annotated[
        Path | None, typer.Option(help="DICOM SEG or RTSTRUCT, NIfTI labels, or XML contours.")
    ] = None,
    manifest: Annotated[
        Path | None, typer.Option(help="CSV of many scans: scan, mask, patient, date.")
    ] = None,
    report: Annotated[
        Path | None, typer.Option(help="DICOM SR with scores that others measured; no scan.")
    ] = None,
    slice_spacing: Annotated[
        float | None, typer.Option(help="Score XML contours alone: no scan, this spacing in mm.")
    ] = None,
    patient: Annotated[str | None, typer.Option(help="The patient's identifier to write.")] = None,
    patient_from_dicom: Annotated[
        bool, typer.Option("--patient-from-dicom", help="Write the PatientID of the scan.")
    ] = False,
    covariates: Annotated[
        Path | None, typer.Option(help="CSV by patient_id to join, ready to be scored.")
    ] = None,
    labels: Annotated[
        Path | None, typer.Option(help="YAML: which vessel each label of the mask is.")
    ] = None,
    series: Annotated[
        int | None, typer.Option(help="SeriesNumber, where a folder has many.")
    ] = None,
    kvp: Annotated[float | None, typer.Option(help="Tube voltage, where not recorded.")] = None,
    no_contrast: Annotated[
        bool, typer.Option("--no-contrast", help="Declare that no contrast was given.")
    ] = False,
    hu_factor: Annotated[
        float | None, typer.Option(help="Turns Hounsfield units into those of 120 kVp.")
    ] = None,
    mass_factor: Annotated[
        float | None, typer.Option(help="Calibration, mg per cm3 and HU, for the mass.")
    ] = None,
    patient_size: Annotated[
        str | None, typer.Option(help="small, medium or large: chooses the device's factor.")
    ] = None,
    threshold: Annotated[float, typer.Option(help="Calcified from here, HU.")] = 130.0,
    min_area: Annotated[float, typer.Option(help="Smallest area of a slice, mm2.")] = 1.0,
    reference_spacing: Annotated[float, typer.Option(help="Spacing of the score, mm.")] = 3.0,
    slice_neighbours: Annotated[int, typer.Option(help="4 or 8, within a slice.")] = 8,
    lesion_neighbours: Annotated[int, typer.Option(help="6, 18 or 26, of a lesion.")] = 26,
    ruler: Annotated[
        str, typer.Option(help="Length between voxels' centres or edges.")
    ] = "centres",
    picture: Annotated[bool, typer.Option(help="Draw the contact sheet.")] = True,
    workers: Annotated[int, typer.Option(min=1, help="Processes, for a manifest.")] = 2,
    resume: Annotated[bool, typer.Option("--resume", help="Keep what is measured.")] = False,
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace the files.")] = False,
) -> None:
    """Measure calcified lesions: Agatston score, volume, mass, density and shape of each.

    The mask says where the coronary arteries are calcified and comes from a reader or a tool;
    nothing is segmented here.
    """
    from features.imaging.measuring.rules import MeasuringRules
    from features.imaging.reading.declaration import Declaration
    from pipeline.measuring.request import MeasuringRequest, ScanFiles

    request = MeasuringRequest(
        MeasuringRules(
            threshold, min_area, reference_spacing, slice_neighbours, lesion_neighbours, ruler
        ),
        Declaration(kvp, no_contrast, hu_factor, mass_factor, patient_size, series),
        labels,
        picture,
        covariates,
    )
    if manifest is not None:
        if any(one is not None for one in (scan, mask, patient)) or patient_from_dicom:
            raise ConfigError("--manifest names scans, masks and patients itself")
        _measure_manifest(manifest, request, out, workers, resume, overwrite)
        return
    alone = slice_spacing is not None
    if report is not None or alone:
        if patient is None or scan is not None or (mask is None) == alone:
            raise ConfigError("--report and --slice-spacing (with --mask) need --patient, no scan")
        _write_scores(report, mask, slice_spacing, patient, request, out, overwrite)
        return
    if scan is None or mask is None:
        raise ConfigError("name a scan and its --mask, a --manifest of many, or a --report")
    if patient is not None and patient_from_dicom:
        raise ConfigError("--patient and --patient-from-dicom exclude each other")
    _measure_one(ScanFiles(scan, mask, patient, patient_from_dicom), request, out, overwrite)


def _measure_one(files: ScanFiles, request: MeasuringRequest, out: Path, overwrite: bool) -> None:
    from pipeline.files.tables import written_whole
    from pipeline.measuring.one_scan import measure_scan
    from pipeline.measuring.output import (
        LESIONS,
        OF_A_SCAN,
        PATIENTS,
        join_covariates,
        rounded,
        write_scan,
    )

    targets = [out / name for name in OF_A_SCAN]
    with written_whole(targets, request.reads(files.scan, files.mask), overwrite) as tables:
        measured = measure_scan(files, request)
        totals = join_covariates(measured.totals, request.covariates)
        tables.append(rounded(measured.lesions), out / LESIONS)
        tables.append(rounded(totals), out / PATIENTS)
        write_scan(measured, tables.folder, request.picture)
    score, volume = measured.totals["cac_agatston"].iloc[0], measured.totals["cac_volume"].iloc[0]
    typer.echo(
        f"{len(measured.lesions)} lesions, Agatston score {score:.1f}, volume {volume:.1f} mm3"
    )
    for warning in measured.about["warnings"]:
        typer.echo(f"warning: {warning}", err=True)
    typer.echo("\n".join(str(file) for file in targets if file.is_file()))


def _report_scores(report: Path) -> dict[str, float]:
    from features.imaging.reading.calcium_report import read_calcium_report

    read = read_calcium_report(report)
    for reason in read.not_understood:
        typer.echo(f"not understood: {reason}", err=True)
    if not read.values:
        raise ScanError("the report holds no calcium score that is understood by its codes")
    return read.values


def _contour_scores(
    contours: Path | None, request: MeasuringRequest, spacing: float | None
) -> dict[str, float]:
    from features.imaging.reading.masks.contours_alone import score_contours
    from features.imaging.reading.masks.label_map import LabelMap

    if contours is None or spacing is None or not spacing > 0:
        raise ConfigError("--slice-spacing: must be above 0, with --mask")
    return score_contours(contours, LabelMap.load(request.labels, "coca"), spacing, request.rules)


def _write_scores(
    report: Path | None,
    contours: Path | None,
    spacing: float | None,
    patient: str,
    request: MeasuringRequest,
    out: Path,
    overwrite: bool,
) -> None:
    import pandas as pd

    from pipeline.files.tables import written_whole
    from pipeline.measuring.output import PATIENTS, join_covariates, rounded

    with written_whole([out / PATIENTS], request.reads(report, contours), overwrite) as tables:
        scores = _report_scores(report) if report else _contour_scores(contours, request, spacing)
        row = pd.DataFrame(scores, index=pd.Index([patient], name="patient_id"))
        tables.append(rounded(join_covariates(row, request.covariates)), out / PATIENTS)
    typer.echo(f"{', '.join(scores)}\n{out / PATIENTS}")


def _measure_manifest(
    manifest: Path,
    request: MeasuringRequest,
    out: Path,
    workers: int,
    resume: bool,
    overwrite: bool,
) -> None:
    from pipeline.measuring.many_scans import REJECTS, SCANS, measure_manifest
    from pipeline.measuring.output import LESIONS, PATIENTS

    result = measure_manifest(manifest, request, out, workers, resume, overwrite)
    typer.echo(
        f"{result.measured} scans measured, {result.kept} kept, {result.rejected} rejects, "
        f"{result.patients} patients"
    )
    if result.outdated:
        typer.echo(f"{result.outdated} rejects are the last scan of a patient: see {REJECTS}")
    files = (out / name for name in (LESIONS, PATIENTS, SCANS, REJECTS))
    typer.echo("\n".join(str(file) for file in files if file.is_file()))
