"""Facts of all patients, by patient: kept in memory while few, on disk while many.

The database has no name: SQLite keeps it in memory up to its cache and spills the rest into a
temporary file that is gone when the process is, even if it is killed.
"""

from __future__ import annotations

import json
import sqlite3
from collections import Counter
from collections.abc import Iterable, Iterator
from typing import Literal, NamedTuple

from features.intake.fhir.elements.facts import Fact
from features.intake.fhir.elements.json_elements import Json
from features.intake.fhir.elements.losses import Loss
from features.intake.fhir.elements.versions import Version, compare
from features.intake.fhir.resources.patients import Patient
from features.intake.fhir.store.settling import SCHEMA, delete, settle

_CACHE_KIB = 64 * 1024
Admission = Literal["new", "later", "earlier", "same", "unclear"]


class Record(NamedTuple):
    """All that is kept of one patient."""

    row: int
    patient: Patient
    facts: list[Fact]


class FactStore:
    """Takes resources in any order, gives back what the last version of each says, by patient."""

    def __init__(self) -> None:
        # one thread writes and another may read, never both at a time
        self._database = sqlite3.connect("", isolation_level=None, check_same_thread=False)
        self._database.execute(f"PRAGMA cache_size=-{_CACHE_KIB}")
        self._database.execute("PRAGMA journal_mode=OFF")
        self._database.execute("PRAGMA synchronous=OFF")
        self._database.executescript(SCHEMA)
        self._database.execute("BEGIN")
        self._serial = 0
        self._loss_numbers: dict[Loss, int] = {}

    def admit(
        self, key: bytes, address: str, patient: str, version: Version, digest: bytes
    ) -> tuple[Admission, int]:
        """Whether this version of a resource counts, and the number its facts are kept under.

        ``key``: of what is one resource. What was kept of an earlier version does not count any
        more. Of two of which neither is known to be the later, neither does.
        """
        run = self._database.execute
        self._serial += 1
        row = (self._serial, key, address, patient, version.updated, version.number, *version[2:])
        insert = "INSERT INTO resources VALUES (?,?,?,?,?,?,?,?,?,?,0) ON CONFLICT (key) DO NOTHING"
        if run(insert, (*row, digest)).rowcount:
            return "new", self._serial
        found = run(
            "SELECT updated, number, history, place, stage, digest FROM resources WHERE key = ?",
            (key,),
        ).fetchone()
        order = compare(version, Version(*found[:5]))
        if order == 1:
            run("DELETE FROM resources WHERE key = ?", (key,))
            run(insert, (*row, digest))
            return "later", self._serial
        if order == -1:
            return "earlier", 0
        if found[5] == digest:
            return "same", 0
        run("UPDATE resources SET unclear = 1 WHERE key = ?", (key,))
        return "unclear", 0

    def stand_in(self, patient: str) -> int:
        """A number for what is known of a patient and stands in no resource."""
        self._serial += 1
        self._database.execute(
            "INSERT INTO resources (serial, address, patient, unclear) VALUES (?, '', ?, 0)",
            (self._serial, patient),
        )
        return self._serial

    def add_patient(self, patient: Patient, links: Iterable[tuple[str, str]] = ()) -> None:
        """Keep a patient, in place of an earlier version. ``links``: who replaces whom."""
        run = self._database.execute
        run("DELETE FROM links WHERE said_by = ?", (patient.address,))
        run(
            "INSERT INTO patients (address, server, identity, place, born, sex, ethnicity, died, "
            "problem) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (address) DO UPDATE SET "
            "born = excluded.born, sex = excluded.sex, ethnicity = excluded.ethnicity, "
            "died = excluded.died, problem = excluded.problem",
            patient,
        )
        for old, new in links:
            run("INSERT INTO links VALUES (?, ?, ?)", (patient.address, old, new))

    def spoil_patient(self, address: str, problem: str) -> None:
        """The patient of this address cannot be read."""
        self._database.execute(
            "UPDATE patients SET problem = ? WHERE address = ?", (problem, address)
        )

    def find_patient(self, address: str) -> tuple[float | None, str] | None:
        """Birth and sex of a patient who is kept already."""
        row = self._database.execute(
            "SELECT born, sex FROM patients WHERE address = ?", (address,)
        ).fetchone()
        return None if row is None else (row[0], row[1])

    def add_unreadable(self, identity: str, place: str, rule: str) -> None:
        """Keep what stands in the export and belongs to nobody who can be scored."""
        self._database.execute("INSERT INTO unreadable VALUES (?, ?, ?)", (identity, place, rule))

    def add_alias(self, alias: str, address: str) -> None:
        """References to ``alias`` mean this address; two addresses for one alias mean nothing."""
        self._database.execute(
            "INSERT INTO aliases VALUES (?, ?) ON CONFLICT (alias) DO UPDATE SET "
            "address = CASE WHEN address = excluded.address THEN address ELSE '' END",
            (alias, address),
        )

    def add_facts(self, serial: int, facts: Iterable[Fact]) -> int:
        """Keep what a resource says; gives how many facts."""
        rows = [(serial, *fact[:7]) for fact in facts]
        self._database.executemany("INSERT INTO facts VALUES (?,?,?,?,?,?,?,?)", rows)
        return len(rows)

    def add_losses(self, serial: int, losses: Iterable[Loss]) -> None:
        """Keep what was not used of a resource."""
        numbers = self._loss_numbers
        rows = [(serial, numbers.setdefault(loss, len(numbers))) for loss in losses]
        self._database.executemany("INSERT INTO losses VALUES (?, ?)", rows)

    def add_deletion(self, address: str, version: Version) -> None:
        """The resource of this address was deleted."""
        self._database.execute("INSERT INTO deletions VALUES (?,?,?,?,?,?)", (address, *version))

    def add_medicine(self, serial: int, body: Json) -> None:
        """Keep a Medication that uses may refer to."""
        names = ("code", "ingredient", "form")
        kept = json.dumps({name: body[name] for name in names if name in body})
        self._database.execute("INSERT INTO medicines VALUES (?, ?)", (serial, kept))

    def add_use(self, serial: int, resource: str, base: str, body: Json, medicine: str) -> None:
        """Keep a use whose medicine may still come."""
        self._database.execute(
            "INSERT INTO uses VALUES (?,?,?,?,?)",
            (serial, resource, base, json.dumps(body), medicine),
        )

    def waiting_uses(self) -> Iterator[tuple[int, str, str, Json, Json]]:
        """Serial, resource name, server, resource and its medicine, empty where it is not there."""
        found = self._database.execute(
            "SELECT u.serial, u.resource, u.base, u.body, m.body FROM uses u "
            "LEFT JOIN aliases a ON a.alias = u.medicine "
            "LEFT JOIN resources r "
            "ON r.key = CAST('Medication ' || coalesce(a.address, u.medicine) AS BLOB) "
            "AND r.unclear = 0 LEFT JOIN medicines m ON m.serial = r.serial ORDER BY u.rowid"
        )
        for serial, resource, base, body, medicine in found.fetchall():
            yield serial, resource, base, json.loads(body), json.loads(medicine or "{}")

    def apply_deletions(self) -> Counter[Loss]:
        """Drop what was deleted; gives how many of which type."""
        return delete(self._database)

    def close_intake(self) -> Counter[Loss]:
        """Bring every fact to its patient. Nothing may be added afterwards.

        Gives what was not used of the last versions, and the versions that do not count.
        """
        counts = settle(self._database, self.add_facts)
        by_number = {number: loss for loss, number in self._loss_numbers.items()}
        found = self._database.execute(
            "SELECT loss, count(*) FROM losses WHERE serial = 0 "
            "OR serial IN (SELECT serial FROM resources WHERE unclear = 0) GROUP BY loss"
        )
        for number, count in found:
            counts[by_number[number]] += count
        self._database.execute("COMMIT")
        return counts

    @property
    def n_patients(self) -> int:
        """Patients with an identity of their own."""
        return int(self._database.execute("SELECT count(*) FROM patients").fetchone()[0])

    @property
    def servers(self) -> list[str]:
        """Base URLs of all patients, "" for those of a server not known."""
        found = self._database.execute("SELECT DISTINCT server FROM patients ORDER BY server")
        return [server for (server,) in found]

    def unreadable(self) -> Iterator[tuple[str, str, str]]:
        """Identity, place and rule of what belongs to nobody who can be scored."""
        yield from self._database.execute(
            "SELECT identity, place, rule FROM unreadable ORDER BY rowid"
        )

    def records(self, after: int, up_to: int) -> list[Record]:
        """The patients with row number ``after`` < row <= ``up_to``, in order."""
        run, span = self._database.execute, (after, up_to)
        rows = run("SELECT * FROM patients WHERE row > ? AND row <= ? ORDER BY row", span)
        records = {row[1]: Record(row[0], Patient(row[1], *row[2:]), []) for row in rows}
        found = run(
            "SELECT r.patient, f.kind, f.variable, f.first, f.last, f.moment, f.number, f.value, "
            "r.address FROM patients p JOIN resources r ON r.patient = p.address "
            "JOIN facts f ON f.serial = r.serial "
            "WHERE p.row > ? AND p.row <= ? AND r.unclear = 0 ORDER BY f.rowid",
            span,
        )
        for patient, *fact in found:
            records[patient].facts.append(Fact(*fact))
        return list(records.values())
