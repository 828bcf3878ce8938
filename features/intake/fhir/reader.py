"""Reads a health record export: patients as rows of the dictionary's variables on an index date."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path

import pandas as pd

from features.dictionary.dictionary import Dictionary
from features.dictionary.variable import Variable
from features.errors import ConfigError
from features.intake.fhir.elements.losses import Loss, Losses
from features.intake.fhir.export.export_files import read_resources
from features.intake.fhir.intake import ResourceIntake
from features.intake.fhir.patient.index_rules import IndexRules
from features.intake.fhir.patient.outdated import drop_outdated
from features.intake.fhir.patient.patient_row import Row, UnreadableError, make_row
from features.intake.fhir.store.fact_store import FactStore

LOOKBACK_YEARS = 5.0
INDEX_DATE, BASIS = "index_date", "fhir_basis"
_BATCH = 5_000


@dataclass(frozen=True)
class FhirBatch:
    """``frame``: one row per patient (index: row number in the export, from 1), with

    ``patient_id``, ``index_date`` (ISO), ``fhir_basis`` (the resources used, blanks between) and
    every variable of the dictionary in canonical units, NaN where missing. ``rejects``: ``row``,
    ``patient_id``, ``column``, ``rule`` of each who cannot be read.
    """

    frame: pd.DataFrame
    rejects: pd.DataFrame


@dataclass(frozen=True)
class FhirPatients:
    """All patients of an export.

    ``frame``: index ``patient_id``, the variables that at least one patient has. ``index_date``:
    by patient. ``unmapped``: ``resource``, ``system``, ``code``, ``count`` of codes without a
    meaning; ``left_out``: ``resource``, ``reason``, ``detail``, ``count``; ``remarks``: the same of
    values that are used; ``rejects`` as above.
    """

    frame: pd.DataFrame
    index_date: pd.Series
    unmapped: pd.DataFrame
    left_out: pd.DataFrame
    remarks: pd.DataFrame
    rejects: pd.DataFrame


class FhirExport:
    """An export read once, by patient; its memory does not grow with it.

    ``recorded``: the variables that a patient of the batches had that were read.
    ``accounts``: how many resources and lines were read as patients, used, medicines, left out,
    not the last version, deletions or rejects: every one is counted once.
    """

    def __init__(
        self,
        path: Path,
        index_date: date | None = None,
        lookback_years: float = LOOKBACK_YEARS,
        dictionary: Mapping[str, Variable] | None = None,
        today: date | None = None,
    ) -> None:
        """Read everything. ``today``: nothing can have been measured after it; None: by the clock.

        Raises CohortError where a file as a whole cannot be read, ConfigError for an index date
        in the future, MapError.
        """
        self.dictionary = dictionary or Dictionary.load()
        now = today or date.today()
        if index_date is not None and index_date > now:
            raise ConfigError("The index date lies in the future. Give a day that has been")
        day = None if index_date is None else index_date.toordinal()
        self._store, self._assembled, self.recorded = FactStore(), Counter[Loss](), set[str]()
        intake = ResourceIntake(self._store, self.dictionary)
        for found in read_resources(path):
            intake.take(found)
        self._read = intake.finish()
        self.accounts = intake.accounts
        self._rules = IndexRules(day, lookback_years, now.toordinal(), intake.complete)
        self._servers = self._store.servers

    def batches(self, size: int = _BATCH, first: int = 0) -> Iterator[FhirBatch]:
        """Patients in the order of the export, then what belongs to nobody who can be scored.

        ``first``: number of the first batch to give. The same batches each time.
        """
        self._assembled, self.recorded = Counter[Loss](), set()
        n_patients = self._store.n_patients
        numbers = range(0, max(n_patients, 1), size)
        for number, after in enumerate(numbers):
            batch = self._assemble(after, after + size)
            if after + size >= n_patients:
                batch = replace(batch, rejects=pd.concat([batch.rejects, self._others(n_patients)]))
            if number >= first:
                yield batch

    @property
    def unmapped(self) -> pd.DataFrame:
        """``resource``, ``system``, ``code``, ``count``, most frequent first."""
        return self._table("unmapped", ("resource", "system", "code"))

    @property
    def left_out(self) -> pd.DataFrame:
        """``resource``, ``reason``, ``detail``, ``count`` of what was not used, after `batches`."""
        return self._table("left_out", ("resource", "reason", "detail"))

    @property
    def remarks(self) -> pd.DataFrame:
        """The same of values that are used though they may not be what they seem."""
        return self._table("remarks", ("resource", "reason", "detail"))

    @property
    def n_rows(self) -> int:
        """Patients, and what belongs to nobody who can be scored."""
        return self._store.n_patients + sum(1 for _ in self._store.unreadable())

    def _assemble(self, after: int, up_to: int) -> FhirBatch:
        rows: dict[int, Row] = {}
        names: dict[int, str] = {}
        rejects: list[tuple[int, str, str, str]] = []
        losses = Losses()
        for record in self._store.records(after, up_to):
            name = self._name(record.patient.address)
            try:
                rows[record.row] = make_row(record, self._rules, self.dictionary, losses)
                self.recorded |= rows[record.row].values.keys()
                names[record.row] = name
            except UnreadableError as error:
                rejects.append((record.row, name, record.patient.where, str(error)))
        frame = drop_outdated(self._frame(rows, names), rows, self.dictionary, losses)
        self._assembled.update(losses.drain())
        return FhirBatch(frame, _rejects(rejects))

    def _name(self, address: str) -> str:
        """The identifier of a patient: the id, or the whole address where two servers meet."""
        if len(self._servers) > 1:
            return address.removeprefix("Patient/")
        return address.rpartition("/")[2] if "/" in address else address.rpartition(":")[2]

    def _refer(self, address: str) -> str:
        """A resource as the basis of a row names it."""
        server = self._servers[0] if len(self._servers) == 1 else ""
        return address.removeprefix(f"{server}/") if server else address

    def _frame(self, rows: dict[int, Row], names: dict[int, str]) -> pd.DataFrame:
        index = pd.Index(list(rows), dtype="int64")
        columns = {"patient_id": pd.Series(list(names.values()), index=index, dtype="str")}
        days = [date.fromordinal(row.index_day).isoformat() for row in rows.values()]
        columns[INDEX_DATE] = pd.Series(days, index=index, dtype="str")
        basis = [" ".join(map(self._refer, row.basis)) for row in rows.values()]
        columns[BASIS] = pd.Series(basis, index=index, dtype="str")
        for name, variable in self.dictionary.items():
            found = [row.values.get(name) for row in rows.values()]
            dtype = "str" if variable.kind == "category" else "float64"
            columns[name] = pd.Series(found, index=index, dtype=dtype)
        return pd.DataFrame(columns, index=index)

    def _others(self, n_patients: int) -> pd.DataFrame:
        found = enumerate(self._store.unreadable(), start=n_patients + 1)
        return _rejects(
            [
                (row, address.removeprefix("Patient/"), place, rule)
                for row, (address, place, rule) in found
            ]
        )

    def _table(self, table: str, names: tuple[str, str, str]) -> pd.DataFrame:
        counts = {loss[1:]: n for loss, n in self._all_losses().items() if loss.table == table}
        ordered = sorted(counts.items(), key=lambda one: (-one[1], one))
        rows = [(*key, count) for key, count in ordered]
        made = pd.DataFrame(rows, columns=[*names, "count"])
        return made.astype({**dict.fromkeys(names, "str"), "count": "int64"})

    def _all_losses(self) -> Counter[Loss]:
        return self._read + self._assembled


def read_fhir(
    path: Path, index_date: date | None = None, lookback_years: float = LOOKBACK_YEARS
) -> FhirPatients:
    """All patients of a Bundle, an ndjson file or a folder of either, on an index date.

    ``index_date`` None: for each patient the day of the last measurement. Raises CohortError,
    ConfigError, MapError.
    """
    export = FhirExport(path, index_date, lookback_years)
    parts = list(export.batches())
    frame = pd.concat([part.frame for part in parts]).set_index("patient_id")
    rejects = pd.concat([part.rejects for part in parts], ignore_index=True)
    index_date_of = frame[INDEX_DATE]
    variables = frame[[name for name in export.dictionary if name in export.recorded]]
    lost = export.unmapped, export.left_out, export.remarks
    return FhirPatients(variables, index_date_of, *lost, rejects)


def _rejects(rows: list[tuple[int, str, str, str]]) -> pd.DataFrame:
    table = pd.DataFrame(rows, columns=["row", "patient_id", "column", "rule"])
    return table.astype({"row": "int64", "patient_id": "str", "column": "str", "rule": "str"})
