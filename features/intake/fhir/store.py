"""Facts of all patients, by patient: kept in memory while few, on disk while many.

The database has no name: SQLite keeps it in memory up to its cache and spills the rest into a
temporary file that is gone when the process is, even if it is killed.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator
from typing import NamedTuple

from features.intake.fhir.elements import Json
from features.intake.fhir.facts import Fact
from features.intake.fhir.patients import Patient

_CACHE_KIB = 64 * 1024
_SCHEMA = """
CREATE TABLE patients (
    row INTEGER PRIMARY KEY, identity TEXT UNIQUE, place TEXT, born REAL, sex TEXT,
    ethnicity TEXT, died INTEGER, problem TEXT);
CREATE TABLE unreadable (identity TEXT, place TEXT, rule TEXT);
CREATE TABLE aliases (alias TEXT PRIMARY KEY, identity TEXT);
CREATE TABLE facts (
    patient TEXT, kind TEXT, variable TEXT, first INTEGER, last INTEGER, moment REAL,
    number REAL, value TEXT, source TEXT);
CREATE TABLE lists (patient TEXT, list TEXT, day INTEGER, PRIMARY KEY (patient, list));
CREATE TABLE medicines (identity TEXT PRIMARY KEY, body TEXT);
CREATE TABLE uses (patient TEXT, resource TEXT, body TEXT, medicine TEXT);
"""


class Record(NamedTuple):
    """All that is kept of one patient. ``lists``: list -> the day from which it has an entry."""

    row: int
    patient: Patient
    facts: list[Fact]
    lists: dict[str, int]


class FactStore:
    """Takes facts in any order, gives them back patient by patient."""

    def __init__(self) -> None:
        # one thread writes and another may read, never both at a time
        self._database = sqlite3.connect("", isolation_level=None, check_same_thread=False)
        self._database.execute(f"PRAGMA cache_size=-{_CACHE_KIB}")
        self._database.execute("PRAGMA journal_mode=OFF")
        self._database.execute("PRAGMA synchronous=OFF")
        self._database.executescript(_SCHEMA)
        self._database.execute("BEGIN")

    def add_patient(self, patient: Patient) -> bool:
        """Keep a patient; False where one of that identity is there already."""
        if patient.problem == "no id":
            self.add_unreadable("", patient.where, patient.problem)
            return True
        try:
            self._database.execute(
                "INSERT INTO patients (identity, place, born, sex, ethnicity, died, problem) "
                "VALUES (?, ?, ?, ?, ?, ?, ?)",
                patient,
            )
        except sqlite3.IntegrityError:
            return False
        return True

    def add_unreadable(self, identity: str, place: str, rule: str) -> None:
        """Keep what stands in the export and belongs to nobody who can be scored."""
        self._database.execute("INSERT INTO unreadable VALUES (?, ?, ?)", (identity, place, rule))

    def add_alias(self, alias: str, identity: str) -> None:
        """References to ``alias`` mean this patient."""
        self._database.execute("INSERT OR IGNORE INTO aliases VALUES (?, ?)", (alias, identity))

    def add_fact(self, patient: str, fact: Fact) -> None:
        """Keep one fact."""
        self._database.execute("INSERT INTO facts VALUES (?,?,?,?,?,?,?,?,?)", (patient, *fact))

    def add_listed(self, patient: str, name: str, day: int) -> None:
        """The patient's list of this name has an entry from this day."""
        self._database.execute(
            "INSERT INTO lists VALUES (?, ?, ?) "
            "ON CONFLICT (patient, list) DO UPDATE SET day = min(day, excluded.day)",
            (patient, name, day),
        )

    def add_medicine(self, identity: str, body: Json) -> None:
        """Keep a Medication that uses may refer to."""
        kept = json.dumps({"code": body.get("code"), "ingredient": body.get("ingredient")})
        self._database.execute("INSERT OR IGNORE INTO medicines VALUES (?, ?)", (identity, kept))

    def add_use(self, patient: str, resource: str, body: Json, medicine: str) -> None:
        """Keep a use whose medicine may still come."""
        kept = json.dumps(body)
        self._database.execute(
            "INSERT INTO uses VALUES (?,?,?,?)", (patient, resource, kept, medicine)
        )

    def waiting_uses(self) -> Iterator[tuple[str, str, Json, Json]]:
        """Patient, resource name, resource and its medicine, empty where it is not there."""
        found = self._database.execute(
            "SELECT u.patient, u.resource, u.body, m.body FROM uses u "
            "LEFT JOIN medicines m ON m.identity = u.medicine ORDER BY u.rowid"
        )
        for patient, resource, body, medicine in found:
            yield patient, resource, json.loads(body), json.loads(medicine or "{}")

    def close_intake(self) -> None:
        """Bring every fact to its patient. Nothing may be added afterwards."""
        run = self._database.execute
        for table in ("facts", "lists"):
            run(
                f"UPDATE OR REPLACE {table} SET patient = a.identity FROM aliases a "
                f"WHERE a.alias = {table}.patient "
                f"AND NOT EXISTS (SELECT 1 FROM patients p WHERE p.identity = {table}.patient)"
            )
        run("CREATE INDEX facts_by_patient ON facts (patient)")
        run(
            "INSERT INTO unreadable SELECT patient, '', 'no Patient resource' FROM "
            "(SELECT patient FROM facts UNION SELECT patient FROM lists) "
            "WHERE patient NOT IN (SELECT identity FROM patients) ORDER BY patient"
        )
        run("COMMIT")

    @property
    def n_patients(self) -> int:
        """Patients with an identity of their own."""
        return int(self._database.execute("SELECT count(*) FROM patients").fetchone()[0])

    def unreadable(self) -> Iterator[tuple[str, str, str]]:
        """Identity, place and rule of what belongs to nobody who can be scored."""
        yield from self._database.execute(
            "SELECT identity, place, rule FROM unreadable ORDER BY rowid"
        )

    def records(self, after: int, up_to: int) -> list[Record]:
        """The patients with row number ``after`` < row <= ``up_to``, in order."""
        run, span = self._database.execute, (after, up_to)
        rows = run("SELECT * FROM patients WHERE row > ? AND row <= ? ORDER BY row", span)
        records = {row[1]: Record(row[0], Patient(*row[1:]), [], {}) for row in rows}
        join = "JOIN patients p ON t.patient = p.identity WHERE p.row > ? AND p.row <= ?"
        for patient, *fact in run(f"SELECT t.* FROM facts t {join}", span):
            records[patient].facts.append(Fact(*fact))
        for patient, name, day in run(f"SELECT t.* FROM lists t {join}", span):
            records[patient].lists[name] = day
        return list(records.values())
