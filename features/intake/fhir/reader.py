"""Reads a health record export: patients as rows of the dictionary's variables on an index date."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import pandas as pd

from features.dictionary.dictionary import Dictionary
from features.dictionary.variable import Variable
from features.intake.fhir.assembly import Row, UnreadableError, assemble
from features.intake.fhir.codes import CodeTable
from features.intake.fhir.conditions import beginning, is_listed, read_condition, read_procedure
from features.intake.fhir.elements import Json, identity_of, reference, text
from features.intake.fhir.facts import Fact, Tally
from features.intake.fhir.files import Broken, Resource, read_resources
from features.intake.fhir.medications import Use, read_use
from features.intake.fhir.observations import read_observation
from features.intake.fhir.patients import read_patient
from features.intake.fhir.rules import IndexRules
from features.intake.fhir.store import FactStore

LOOKBACK_YEARS = 5.0
INDEX_DATE, BASIS = "index_date", "fhir_basis"
_BATCH = 5_000
_READ = (
    "Patient",
    "Observation",
    "Condition",
    "Procedure",
    "Medication",
    "MedicationStatement",
    "MedicationRequest",
)


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
    meaning; ``left_out``: ``resource``, ``reason``, ``detail``, ``count``; ``rejects`` as above.
    """

    frame: pd.DataFrame
    index_date: pd.Series
    unmapped: pd.DataFrame
    left_out: pd.DataFrame
    rejects: pd.DataFrame


class FhirExport:
    """An export read once, by patient; its memory does not grow with it."""

    def __init__(
        self,
        path: Path,
        index_date: date | None = None,
        lookback_years: float = LOOKBACK_YEARS,
        dictionary: Mapping[str, Variable] | None = None,
    ) -> None:
        """Read everything. Raises CohortError where a file as a whole cannot be read, MapError."""
        self.dictionary = dictionary or Dictionary.load()
        self._table = CodeTable.load(self.dictionary)
        day = None if index_date is None else index_date.toordinal()
        self._rules = IndexRules(day, lookback_years)
        self._read, self._assembled = Tally(), Tally()
        self._store = FactStore()
        for found in read_resources(path):
            self._take(found)
        for patient, kind, body, medicine in self._store.waiting_uses():
            use = read_use(body, kind, self._read)
            if use is not None:
                self._keep_use(patient, use, medicine)
        self._store.close_intake()

    def batches(self, size: int = _BATCH, first: int = 0) -> Iterator[FhirBatch]:
        """Patients in the order of the export, then what belongs to nobody who can be scored.

        ``first``: number of the first batch to give. The same batches each time.
        """
        self._assembled = Tally()
        n_patients = self._store.n_patients
        numbers = range(0, max(n_patients, 1), size)
        for number, after in enumerate(numbers):
            batch = self._assemble(after, after + size)
            if after + size >= n_patients:
                batch = FhirBatch(batch.frame, pd.concat([batch.rejects, self._others(n_patients)]))
            if number >= first:
                yield batch

    @property
    def unmapped(self) -> pd.DataFrame:
        """``resource``, ``system``, ``code``, ``count``, most frequent first."""
        return _table(self._read.unmapped, ("resource", "system", "code"))

    @property
    def left_out(self) -> pd.DataFrame:
        """``resource``, ``reason``, ``detail``, ``count`` of what was not used, after `batches`."""
        both = self._read.left_out + self._assembled.left_out
        return _table(both, ("resource", "reason", "detail"))

    @property
    def n_rows(self) -> int:
        """Patients, and what belongs to nobody who can be scored."""
        return self._store.n_patients + sum(1 for _ in self._store.unreadable())

    def _take(self, found: Resource | Broken) -> None:
        if isinstance(found, Broken):
            self._store.add_unreadable("", found.where, found.rule)
            return
        kind = text(found.body.get("resourceType"))
        if kind == "Patient":
            self._take_patient(found)
        elif kind == "Medication":
            self._store.add_medicine(text(found.body.get("id")), found.body)
            self._store.add_medicine(identity_of(found.full_url), found.body)
        elif kind in _READ:
            self._take_of_patient(kind, found.body)
        else:
            self._read.leave_out(kind, "resource of a type that is not read")

    def _take_patient(self, found: Resource) -> None:
        patient = read_patient(found.body, found.where, self._table, self._read)
        if not self._store.add_patient(patient):
            self._store.add_unreadable(patient.identity, found.where, "a Patient of the same id")
        alias = identity_of(found.full_url)
        if patient.identity and alias and alias != patient.identity:
            self._store.add_alias(alias, patient.identity)

    def _take_of_patient(self, kind: str, body: Json) -> None:
        patient = reference(body.get("subject"), "Patient")
        if not patient:
            self._read.leave_out(kind, "refers to no Patient")
            return
        if kind in ("MedicationStatement", "MedicationRequest"):
            self._take_use(patient, kind, body)
            return
        facts: Iterator[Fact]
        if kind == "Observation":
            facts = read_observation(body, self._table, self.dictionary, self._read)
        elif kind == "Condition":
            if is_listed(body):
                self._store.add_listed(patient, "condition", beginning(body))
            facts = read_condition(body, self._table, self._read)
        else:
            facts = read_procedure(body, self._table, self._read)
        for fact in facts:
            self._store.add_fact(patient, fact)

    def _take_use(self, patient: str, kind: str, body: Json) -> None:
        """A use whose medicine lies elsewhere waits until every Medication has been read."""
        use = read_use(body, kind, self._read)
        if use is None:
            return
        if use.elsewhere:
            self._store.add_use(patient, kind, body, use.elsewhere)
        else:
            self._keep_use(patient, use, use.medicine)

    def _keep_use(self, patient: str, use: Use, medicine: Json) -> None:
        self._store.add_listed(patient, "medication", use.first)
        for fact in use.facts(medicine, self._table, self._read):
            self._store.add_fact(patient, fact)

    def _assemble(self, after: int, up_to: int) -> FhirBatch:
        rows: dict[int, Row] = {}
        names: dict[int, str] = {}
        rejects: list[tuple[int, str, str, str]] = []
        for record in self._store.records(after, up_to):
            identity = record.patient.identity
            try:
                rows[record.row] = assemble(record, self._rules, self.dictionary, self._assembled)
                names[record.row] = identity
            except UnreadableError as error:
                rejects.append((record.row, identity, record.patient.where, str(error)))
        return FhirBatch(self._frame(rows, names), _rejects(rejects))

    def _frame(self, rows: dict[int, Row], names: dict[int, str]) -> pd.DataFrame:
        index = pd.Index(list(rows), dtype="int64")
        columns = {"patient_id": pd.Series(list(names.values()), index=index, dtype="str")}
        days = [date.fromordinal(row.index_day).isoformat() for row in rows.values()]
        columns[INDEX_DATE] = pd.Series(days, index=index, dtype="str")
        basis = [" ".join(row.basis) for row in rows.values()]
        columns[BASIS] = pd.Series(basis, index=index, dtype="str")
        for name, variable in self.dictionary.items():
            found = [row.values.get(name) for row in rows.values()]
            dtype = "str" if variable.kind == "category" else "float64"
            columns[name] = pd.Series(found, index=index, dtype=dtype)
        return pd.DataFrame(columns, index=index)

    def _others(self, n_patients: int) -> pd.DataFrame:
        found = enumerate(self._store.unreadable(), start=n_patients + 1)
        return _rejects([(row, *one) for row, one in found])


def read_fhir(
    path: Path, index_date: date | None = None, lookback_years: float = LOOKBACK_YEARS
) -> FhirPatients:
    """All patients of a Bundle, an ndjson file or a folder of either, on an index date.

    ``index_date`` None: for each patient the day of the last measurement. Raises CohortError,
    MapError.
    """
    export = FhirExport(path, index_date, lookback_years)
    parts = list(export.batches())
    frame = pd.concat([part.frame for part in parts]).set_index("patient_id")
    rejects = pd.concat([part.rejects for part in parts], ignore_index=True)
    index_date_of = frame[INDEX_DATE]
    variables = frame[list(export.dictionary)].dropna(axis="columns", how="all")
    return FhirPatients(variables, index_date_of, export.unmapped, export.left_out, rejects)


def _rejects(rows: list[tuple[int, str, str, str]]) -> pd.DataFrame:
    table = pd.DataFrame(rows, columns=["row", "patient_id", "column", "rule"])
    return table.astype({"row": "int64", "patient_id": "str", "column": "str", "rule": "str"})


def _table(counts: Counter[tuple[str, str, str]], names: tuple[str, str, str]) -> pd.DataFrame:
    rows = [(*key, count) for key, count in sorted(counts.items(), key=lambda one: (-one[1], one))]
    table = pd.DataFrame(rows, columns=[*names, "count"])
    return table.astype({**dict.fromkeys(names, "str"), "count": "int64"})
