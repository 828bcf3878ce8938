"""Scored patients in SQLite: listed, sorted, paged and found fast, however many there are.

A page of the list begins after the last patient of the page before (keyset paging), so that the
thousandth page costs what the first does. Patients are named by random keys that say nothing.
"""

from __future__ import annotations

import json
import sqlite3
import threading
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from features.dictionary.dictionary import Dictionary
from features.errors import ConfigError

IDENTIFIER = "patient_id"
# Beside the risks, -1 or "" where not known; "cac" is the Agatston score as recorded.
WORK_COLUMNS = ("category", "low", "high", "disagrees", "age", "sex", "cac")
FLAGS = {
    "no_calcium": "cac < 0 AND inputs IS NOT NULL",
    "disagrees": "disagrees = 1",
    "outside": "outside <> ''",
}
_LAST = "\U0010ffff"


@dataclass(frozen=True)
class Listed:
    """A patient in the list. ``risks``: fractions by horizon, in the order of the store's.

    ``differs``: the covariates under this identifier do not give these risks and are not shown;
    ``is_known``: whether there are covariates of this patient.
    """

    key: str
    patient_id: str
    risks: tuple[float, ...]
    reason: str
    missing: int
    outside: str
    differs: bool = False
    category: str = ""
    low: float = -1.0
    high: float = -1.0
    disagrees: bool = False
    age: float = -1.0
    sex: str = ""
    cac: float = -1.0
    is_known: bool = False

    @property
    def has_no_calcium_score(self) -> bool:
        """Whether it is known that none is recorded."""
        return self.is_known and self.cac < 0


@dataclass(frozen=True)
class ListPage:
    """Some patients in order; whether there are more on either side."""

    patients: tuple[Listed, ...]
    before: bool
    after: bool


@dataclass(frozen=True)
class PatientStore:
    """Reads the store that `store_writing.write_store` made; any number of threads may."""

    path: Path
    dictionary: Dictionary
    horizons: tuple[str, ...]
    columns: tuple[str, ...]
    n_patients: int
    facts: dict[str, str]
    _local: threading.local = field(default_factory=threading.local, repr=False)

    @classmethod
    def open(cls, path: Path, dictionary: Dictionary) -> PatientStore:
        """Raises ConfigError where the file is no store of this version."""
        try:
            connection = sqlite3.connect(f"{path.resolve().as_uri()}?mode=ro", uri=True)
            rows = connection.execute("SELECT name, value FROM facts").fetchall()
            connection.close()
        except sqlite3.Error:
            raise ConfigError(f"{path} is not a store of scored patients. Remove it") from None
        facts = {str(name): str(value) for name, value in rows}
        return cls(
            path,
            dictionary,
            tuple(json.loads(facts["horizons"])),
            tuple(json.loads(facts["columns"])),
            int(facts["n_patients"]),
            facts,
        )

    @property
    def _risks(self) -> tuple[str, ...]:
        return tuple(f'"{name}"' for name in self.horizons)

    @property
    def sortable(self) -> tuple[str, ...]:
        """Columns that the list can be sorted by."""
        return (IDENTIFIER, *self.horizons, "missing", "age", "cac")

    @cached_property
    def categories(self) -> tuple[str, ...]:
        """Names of the categories of risk, the highest risk first."""
        last = self._risks[-1]
        found = self._connection.execute(
            f"SELECT category FROM patients WHERE category <> '' GROUP BY category "
            f"ORDER BY max({last}) DESC"
        )
        return tuple(str(row[0]) for row in found)

    def list_patients(
        self,
        sort: str,
        descending: bool,
        size: int,
        after: str = "",
        before: str = "",
        category: str = "",
        flag: str = "",
    ) -> ListPage:
        """One page: the first, or what follows or precedes the patient with a key.

        ``category``, ``flag``: only patients of this category, or with this of `FLAGS`. Raises
        KeyError where ``sort`` is no column of the list or a key or flag is not known.
        """
        if sort not in self.sortable:
            raise KeyError("sort")
        chosen = [FLAGS[flag]] if flag else []
        values: list[Any] = []
        if category:
            chosen.append("category = ?")
            values.append(category)
        sort = f'"{sort}"'
        backwards = bool(before)
        falls = descending != backwards
        if after or before:
            chosen.append(f"({sort}, row) {'<' if falls else '>'} (?, ?)")
            values += self._place(sort, before or after)
        condition = f"WHERE {' AND '.join(chosen)}" if chosen else ""
        order = "DESC" if falls else "ASC"
        rows = self._select(
            f"{condition} ORDER BY {sort} {order}, row {order} LIMIT ?", [*values, size + 1]
        )
        more, shown = len(rows) > size, rows[:size]
        if backwards:
            return ListPage(tuple(shown[::-1]), more, True)
        return ListPage(tuple(shown), bool(after), more)

    def find_patients(self, beginning: str, size: int) -> ListPage:
        """Patients whose identifier begins so, in order of identifiers; case is ignored."""
        if not beginning:
            return ListPage((), False, False)
        condition = f"WHERE {IDENTIFIER} >= ? AND {IDENTIFIER} < ? ORDER BY {IDENTIFIER}, row"
        rows = self._select(f"{condition} LIMIT ?", [beginning, beginning + _LAST, size + 1])
        return ListPage(tuple(rows[:size]), False, len(rows) > size)

    def find(self, key: str) -> Listed | None:
        """The patient with this key."""
        rows = self._select("WHERE key = ?", [key])
        return rows[0] if rows else None

    def read_covariates(self, key: str) -> pd.DataFrame | None:
        """Canonical covariates (1, variables) of one patient; None where there are none."""
        found = self._connection.execute("SELECT inputs FROM patients WHERE key = ?", [key])
        row = found.fetchone()
        return None if row is None or row[0] is None else self._to_frame([row[0]])

    def sample_covariates(self, size: int) -> pd.DataFrame:
        """Covariates of ``size`` patients, or all, at equal steps through the store."""
        step = max(self.n_patients // size, 1)
        found = self._connection.execute(
            "SELECT inputs FROM patients WHERE row % ? = 0 AND inputs IS NOT NULL LIMIT ?",
            [step, size],
        )
        return self._to_frame([row[0] for row in found])

    def _place(self, sort: str, key: str) -> tuple[Any, int]:
        found = self._connection.execute(f"SELECT {sort}, row FROM patients WHERE key = ?", [key])
        row = found.fetchone()
        if row is None:
            raise KeyError("key")
        return row[0], int(row[1])

    def _select(self, rest: str, values: Sequence[Any]) -> list[Listed]:
        first = ("key", IDENTIFIER, "reason", "missing", "outside", "differs")
        columns = (*first, *WORK_COLUMNS, "inputs IS NOT NULL", *self.horizons)
        found = self._connection.execute(
            f"SELECT {', '.join(columns)} FROM patients {rest}", values
        )
        return [self._listed(row) for row in found]

    @staticmethod
    def _listed(row: Sequence[Any]) -> Listed:
        category, low, high, disagrees, age, sex, cac, is_known = row[6:14]
        work = (category, float(low), float(high), bool(disagrees), float(age), sex, float(cac))
        patient = Listed(
            row[0], row[1], tuple(row[14:]), row[2], int(row[3]), row[4], bool(row[5]), *work
        )
        return replace(patient, is_known=bool(is_known))

    def _to_frame(self, blobs: Sequence[bytes]) -> pd.DataFrame:
        values = np.frombuffer(b"".join(blobs)).reshape(len(blobs), len(self.columns))
        columns: dict[str, Any] = {}
        for i, name in enumerate(self.columns):
            variable = self.dictionary[name]
            if variable.kind != "category":
                columns[name] = values[:, i]
                continue
            codes = [np.nan if np.isnan(v) else variable.codes[int(v)] for v in values[:, i]]
            columns[name] = pd.Series(codes, dtype="str")
        return pd.DataFrame(columns)

    @property
    def _connection(self) -> sqlite3.Connection:
        connection: sqlite3.Connection | None = getattr(self._local, "connection", None)
        if connection is None:
            uri = f"{self.path.resolve().as_uri()}?mode=ro&immutable=1"
            connection = sqlite3.connect(uri, uri=True, check_same_thread=False)
            self._local.connection = connection
        return connection


def count_differing(store: Path) -> int:
    """Patients whose covariates do not give their risk again."""
    connection = sqlite3.connect(f"{store.resolve().as_uri()}?mode=ro", uri=True)
    (row,) = connection.execute("SELECT value FROM facts WHERE name = 'n_differing'").fetchall()
    connection.close()
    return int(row[0])
