"""Coverage-guided fuzzing of every reader, by atheris: `make fuzz`, or

    python -m tests.fuzz TARGET [SECONDS]

What a reader may raise is a CalciriskError, or what its docstring names; all else ends the run and
leaves the input in the folder ``outputs/fuzz``. Findings become tests.
"""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Callable
from contextlib import suppress
from functools import cache
from pathlib import Path
from typing import Any

import atheris
import numpy as np

with atheris.instrument_imports(include=["features", "models", "pipeline"]):
    from features.cohort_map.cohort_map import CohortMap
    from features.cohort_map.dialect import Dialect
    from features.errors import CalciriskError
    from features.imaging.measuring.measurement import measure_lesions
    from features.imaging.measuring.rules import MeasuringRules
    from features.imaging.reading.calcium_report import read_calcium_report
    from features.imaging.reading.declaration import Declaration
    from features.imaging.reading.masks.contours_alone import score_contours
    from features.imaging.reading.masks.label_map import LabelMap
    from features.imaging.reading.open_files import open_mask, open_scan
    from features.imaging.scan import Scan
    from features.intake.sources.parquet_source import ParquetSource
    from features.intake.sources.source import Source
    from features.intake.sources.text.csv_source import CsvSource
    from models.storage.booster_check import check_booster
    from models.storage.formats import read_json
    from models.storage.ubjson import read_ubjson
    from pipeline.scoring.kept.journal import DamagedError, read_lines, write_lines
    from pipeline.scoring.sources.fhir_source import FhirSource
    from pipeline.settings.params import Params

SEEDS = Path(__file__).parent / "seeds"
_FOLDER = Path(tempfile.mkdtemp(prefix="fuzz-"))


def _file(data: bytes, name: str) -> Path:
    path = _FOLDER / name
    path.write_bytes(data)
    return path


def _read_all(source: Source) -> None:
    rows = sum(batch.n_rows for batch in source.batches(source.columns))
    again = sum(batch.n_rows for batch in source.batches(source.columns))
    assert rows == again, "another number of rows the second time"


def fuzz_csv(data: bytes) -> None:
    """Text of any kind: an error, or rows that are the same each time."""
    with suppress(CalciriskError):
        _read_all(CsvSource(_file(data, "a.csv"), Dialect(), 100))


def fuzz_parquet(data: bytes) -> None:
    """Parquet of any kind."""
    with suppress(CalciriskError):
        _read_all(ParquetSource(_file(data, "a.parquet"), 100))


def fuzz_fhir(data: bytes) -> None:
    """A Bundle or lines of resources."""
    with suppress(CalciriskError):
        _read_all(FhirSource(_file(data, "a.ndjson"), 100))


def fuzz_map(data: bytes) -> None:
    """A cohort map."""
    with suppress(CalciriskError):
        CohortMap.load(str(_file(data, "map.yaml")), _FOLDER)


def fuzz_params(data: bytes) -> None:
    """params.yaml."""
    with suppress(CalciriskError):
        Params.load(_file(data, "params.yaml"))


def fuzz_journal(data: bytes) -> None:
    """A journal: damaged, or the very lines that its entries make."""
    with suppress(DamagedError):
        entries, _ = read_lines(data)
        assert write_lines(entries)[0].splitlines() == data.splitlines()


def fuzz_model(data: bytes) -> None:
    """The JSON of a model's parts."""
    with suppress(CalciriskError):
        read_json(_file(data, "predictor.json"), with_fields=True)


def fuzz_trees(data: bytes) -> None:
    """The trees of a model."""
    with suppress(ValueError, KeyError, TypeError, IndexError, RecursionError):
        check_booster(read_ubjson(data), ["age"])


def fuzz_dicom(data: bytes) -> None:
    """A slice of a CT series, among four that are sound."""
    folder = _sound_series()
    (folder / "slice.dcm").write_bytes(data)
    with suppress(CalciriskError):
        assert np.isfinite(open_scan(folder, Declaration()).hu).all()


def fuzz_nifti(data: bytes) -> None:
    """A NIfTI file as a scan, and as the mask of a sound one."""
    file, said = _file(data, "scan.nii"), Declaration(kvp=120.0, no_contrast=True)
    with suppress(CalciriskError):
        assert np.isfinite(open_scan(file, said).hu).all()
    _read_mask(file)


def fuzz_seg(data: bytes) -> None:
    """A DICOM SEG, or an RTSTRUCT, on a sound scan."""
    _read_mask(_file(data, "mask.dcm"))


def fuzz_contours(data: bytes) -> None:
    """XML contours on a sound scan, and scored alone."""
    file = _file(data, "contours.xml")
    _read_mask(file)
    with suppress(CalciriskError):
        score_contours(file, LabelMap.load(None, "coca"), 3.0, MeasuringRules())


def fuzz_report(data: bytes) -> None:
    """A DICOM structured report."""
    with suppress(CalciriskError):
        read_calcium_report(_file(data, "report.dcm"))


def _read_mask(file: Path) -> None:
    scan = _sound_scan()
    with suppress(CalciriskError):
        mask, _ = open_mask(file, scan, _file(b"labels: {1: lad}\n", "labels.yaml"))
        assert mask.labels.shape == scan.hu.shape
        measure_lesions(scan, mask, MeasuringRules(), None)


@cache
def _sound_series() -> Path:
    from tests.features.imaging.written import heart, series_of, write_series

    slices = series_of(heart(5))
    return write_series(_FOLDER / "ct", slices[:2] + slices[3:])


@cache
def _sound_scan() -> Scan:
    from tests.features.imaging.written import heart, series_of, write_series

    return open_scan(write_series(_FOLDER / "sound", series_of(heart())), Declaration())


TARGETS: dict[str, Callable[[bytes], None]] = {
    name.removeprefix("fuzz_"): one for name, one in globals().items() if name.startswith("fuzz_")
}


def main() -> None:
    """Fuzz one target; ends with another code than 0 where something was found."""
    name, seconds = sys.argv[1], int(sys.argv[2]) if len(sys.argv) > 2 else 60
    found = Path("outputs") / "fuzz" / name
    found.mkdir(parents=True, exist_ok=True)
    folders = [str(folder) for folder in (found, SEEDS / name) if folder.is_dir()]
    options: list[Any] = [
        f"-max_total_time={seconds}",
        "-seed=1",  # the same inputs in the same order, as far as the time allows
        "-max_len=65536",
        "-rss_limit_mb=4096",
        f"-artifact_prefix={found}/",
        *folders,
    ]
    atheris.Setup([sys.argv[0], *options], TARGETS[name])
    atheris.Fuzz()


if __name__ == "__main__":
    main()
