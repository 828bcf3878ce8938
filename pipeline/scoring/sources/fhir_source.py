"""A health record export as a source of patients to be scored."""

from __future__ import annotations

from collections.abc import Generator, Sequence
from datetime import date
from pathlib import Path
from typing import Any

import pandas as pd

from features.intake.fhir.export.export_files import list_files, name_file
from features.intake.fhir.reader import BASIS, INDEX_DATE, LOOKBACK_YEARS, FhirExport
from features.intake.sources.source import RawBatch, Witness
from features.intake.validation.findings import rejects_table

_SHOWN = 10
_OF_THE_WHOLE = ("OperationOutcome", "file")


class FhirSource:
    """A Bundle, an ndjson file or a folder of either; see `features.intake.sources.source.Source`.

    Rows are patients in the order of the export, then what belongs to nobody who can be scored.
    The export is read once, when the source is made. ``with_basis``: a column with the resources
    that the variables of a patient come from.
    """

    unit = "rows"
    decimal = "."

    def __init__(
        self,
        path: Path,
        batch_rows: int,
        index_date: date | None = None,
        with_basis: bool = True,
    ) -> None:
        self.name, self._size = path.name, batch_rows
        self._index_date = index_date
        files = list_files(path)
        self._names = [name_file(file, path) for file in files]
        self.witness = Witness(files, path.name)
        self._export = FhirExport(path, index_date)
        told = (INDEX_DATE, BASIS) if with_basis else (INDEX_DATE,)
        self.columns = ("patient_id", *self._export.dictionary, *told)
        self.total = self._export.n_rows

    @property
    def recorded(self) -> tuple[str, ...]:
        """See `features.intake.sources.source.KnowsRecorded`."""
        empty = self._export.dictionary.keys() - self._export.recorded
        return tuple(name for name in self.columns if name not in empty)

    def identity(self) -> dict[str, Any]:
        """Size and hash of each file, the index date and the size of a batch."""
        return {
            "files": dict(zip(self._names, self.witness.identity(), strict=True)),
            "index_date": "" if self._index_date is None else self._index_date.isoformat(),
            "lookback_years": LOOKBACK_YEARS,
            "batch_rows": self._size,
        }

    def batches(self, columns: Sequence[str], first: int = 0) -> Generator[RawBatch]:
        """See `features.intake.sources.source.Source`; the first patient of the export is row 1."""
        done = 0
        for number, batch in enumerate(self._export.batches(self._size, first), start=first):
            done += len(batch.frame) + len(batch.rejects)
            told = [batch.rejects[name].to_numpy() for name in batch.rejects]
            rows = batch.frame[list(columns)]
            yield RawBatch(number, rows, rejects_table(*told), done)

    def notes(self) -> list[str]:
        """Which codes have no meaning here and what was left out: codes and counts, no values."""
        lines = name_losses(self._export)
        more = len(lines) - _SHOWN
        told = [f"and {more:,} more kinds: calcirisk fhir lists them all"] if more > 0 else []
        return lines[:_SHOWN] + told


def name_losses(export: FhirExport) -> list[str]:
    """Codes without a meaning and what was left out, one sentence each with its count.

    What is said of the export as a whole comes first, then remarks on values that are used.
    """
    left_out = export.left_out
    whole = left_out["resource"].isin(_OF_THE_WHOLE)
    lines = _name_left_out(left_out[whole])
    for resource, reason, detail, count in export.remarks.itertuples(index=False):
        lines.append(f"{resource}: {' '.join(filter(None, (reason, detail)))} ({count:,})")
    for resource, system, code, count in export.unmapped.itertuples(index=False):
        named = " ".join(filter(None, (str(system), str(code)))) or "no code at all"
        lines.append(f"{resource}: {named} has no meaning here ({count:,})")
    return lines + _name_left_out(left_out[~whole])


def _name_left_out(left_out: pd.DataFrame) -> list[str]:
    return [
        f"{resource} left out: {' '.join(filter(None, (str(reason), str(detail))))} ({count:,})"
        for resource, reason, detail, count in left_out.itertuples(index=False)
    ]
