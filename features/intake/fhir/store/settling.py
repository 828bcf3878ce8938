"""Who a resource belongs to and which of them count, once all of an export has been read."""

from __future__ import annotations

import sqlite3
from collections import Counter
from collections.abc import Callable, Iterable

from features.intake.fhir.elements.facts import (
    CONDITIONS,
    MEDICINES,
    OPEN,
    PROCEDURES,
    UNDATED,
    Fact,
)
from features.intake.fhir.elements.losses import Loss
from features.intake.fhir.elements.versions import Version, compare

SCHEMA = """
CREATE TABLE patients (
    row INTEGER PRIMARY KEY, address TEXT UNIQUE, server TEXT, identity TEXT, place TEXT,
    born REAL, sex TEXT, ethnicity TEXT, died INTEGER, problem TEXT);
CREATE TABLE unreadable (identity TEXT, place TEXT, rule TEXT);
CREATE TABLE aliases (alias TEXT PRIMARY KEY, address TEXT);
CREATE TABLE links (said_by TEXT, old TEXT, new TEXT);
CREATE TABLE resources (
    serial INTEGER PRIMARY KEY, key BLOB UNIQUE, address TEXT, patient TEXT, updated REAL,
    number INTEGER, history INTEGER, place INTEGER, stage INTEGER, digest BLOB, unclear INTEGER);
CREATE TABLE deletions (
    address TEXT, updated REAL, number INTEGER, history INTEGER, place INTEGER, stage INTEGER);
CREATE TABLE facts (
    serial INTEGER, kind TEXT, variable TEXT, first INTEGER, last INTEGER, moment REAL,
    number REAL, value TEXT);
CREATE TABLE losses (serial INTEGER, loss INTEGER);
CREATE TABLE medicines (serial INTEGER PRIMARY KEY, body TEXT);
CREATE TABLE uses (serial INTEGER, resource TEXT, base TEXT, body TEXT, medicine TEXT);
"""
_LISTS = {
    "Condition": CONDITIONS,
    "Procedure": PROCEDURES,
    "MedicationStatement": MEDICINES,
    "MedicationRequest": MEDICINES,
    "MedicationDispense": MEDICINES,
    "MedicationAdministration": MEDICINES,
}
_AddFacts = Callable[[int, Iterable[Fact]], int]


def doubt_list(kind: str) -> list[Fact]:
    """What a resource of this type leaves open that cannot be used: anything on its list."""
    return [Fact("doubt", _LISTS[kind], UNDATED, OPEN)] if kind in _LISTS else []


def doubt_lists() -> list[Fact]:
    """Any list may have one entry more."""
    return [Fact("doubt", whole, UNDATED, OPEN) for whole in dict.fromkeys(_LISTS.values())]


def settle(database: sqlite3.Connection, add_facts: _AddFacts) -> Counter[Loss]:
    """Resolve references, unclear versions and replaced patients.

    Gives the resources that do not count, by reason.
    """
    run = database.execute
    run(
        "UPDATE resources SET patient = a.address FROM aliases a "
        "WHERE a.alias = resources.patient AND a.address != ''"
    )
    counts = _leave_out_unclear(database, add_facts)
    run("CREATE INDEX resources_by_patient ON resources (patient)")
    run("CREATE INDEX facts_by_resource ON facts (serial)")
    _follow_links(database)
    run(
        "INSERT INTO unreadable SELECT patient, '', CASE WHEN patient LIKE 'http%' "
        "THEN 'no Patient resource of this server' ELSE 'no Patient resource' END "
        "FROM resources WHERE patient != '' AND patient NOT IN (SELECT address FROM patients) "
        "GROUP BY patient ORDER BY patient"
    )
    return counts


def delete(database: sqlite3.Connection) -> Counter[Loss]:
    """Drop what was deleted, unless a version of it is known to be later than the deletion."""
    counts: Counter[Loss] = Counter()
    deletions = database.execute("SELECT * FROM deletions").fetchall()
    if deletions:
        database.execute("CREATE INDEX resources_by_address ON resources (address)")
    for address, *said in deletions:
        versions = "serial, updated, number, history, place, stage"
        found = database.execute(f"SELECT {versions} FROM resources WHERE address = ?", (address,))
        for serial, *version in found.fetchall():
            if compare(Version(*version), Version(*said)) == 1:
                continue
            database.execute("DELETE FROM resources WHERE serial = ?", (serial,))
            counts[Loss("left_out", kind_of(address), "deleted", "")] += 1
            database.execute(
                "UPDATE patients SET problem = 'deleted' WHERE address = ?", (address,)
            )
    return counts


def _leave_out_unclear(database: sqlite3.Connection, add_facts: _AddFacts) -> Counter[Loss]:
    """Two of one id, and nothing tells which is later: neither counts, and its list is open."""
    counts: Counter[Loss] = Counter()
    found = database.execute("SELECT serial, address, patient FROM resources WHERE unclear = 1")
    for serial, address, patient in found.fetchall():
        kind = kind_of(address)
        reason = "two that differ under one id, and no version tells which is later"
        counts[Loss("left_out", kind, reason, "")] += 1
        if doubt_list(kind):
            database.execute(
                "INSERT INTO resources (serial, address, patient, unclear) VALUES (?, ?, ?, 0)",
                (-serial, address, patient),
            )
            add_facts(-serial, doubt_list(kind))
    return counts


def kind_of(address: str) -> str:
    """The resource type in an address; "" of a urn."""
    parts = address.rsplit("/", 2)
    return parts[-2] if len(parts) > 1 else ""


def _follow_links(database: sqlite3.Connection) -> None:
    """Give what is known of a replaced patient to the one who is used in place of it."""
    run = database.execute
    aliases = dict(run("SELECT a.alias, a.address FROM aliases a, links l WHERE a.alias = l.new"))
    known = {one for (one,) in run("SELECT p.address FROM patients p, links l WHERE address = new")}
    known |= {one for one in aliases.values() if one}
    after: dict[str, set[str]] = {}
    for old, new in run("SELECT old, new FROM links"):
        after.setdefault(aliases.get(old, old), set()).add(aliases.get(new, new))
    for old in after:
        last, seen = old, {old}
        problem = "replaced by another Patient"
        while last in after and not problem.endswith(("export", "one", "circle")):
            if len(after[last]) > 1:
                problem = "replaced by more than one"
            last = min(after[last])
            if last not in known:
                problem = "replaced by a Patient who is not in the export"
            if last in seen:
                problem = "replaced in a circle"
            seen.add(last)
        run("UPDATE patients SET problem = ? WHERE address = ?", (problem, old))
        if problem == "replaced by another Patient":
            run("UPDATE resources SET patient = ? WHERE patient = ?", (last, old))
