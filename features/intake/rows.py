"""A batch of raw rows under a cohort map: covariates of the sound ones, a reason for each other."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
import numpy.typing as npt
import pandas as pd

from features.cohort_map.cohort_map import CohortMap
from features.cohort_map.column_check import check_map, match_columns
from features.derivation.columns import Columns
from features.dictionary.variable import Variable
from features.errors import CohortError, Problem
from features.intake.cells import Known, as_text, read_values
from features.intake.conversion import Reading
from features.intake.lesion_table import join_lesions
from features.intake.reading import RawTable
from features.intake.selection import select_rows
from features.intake.sources.source import no_rejects, rejects_table
from features.intake.validation.combinations import check_combinations
from features.intake.validation.findings import Findings
from features.intake.validation.patients import find_mangled

NOT_SELECTED = "left out by the visit or the rules of inclusion of the map"
NO_IDENTIFIER = "no patient identifier"


@dataclass(frozen=True)
class RowRules:
    """How raw rows of one source are read; made by `for_columns`.

    ``cohort_map`` asks only for columns that are there. ``names``: column of the source -> as the
    map writes it. ``lesions``: what `summarise_lesions` gives for all patients with a lesion.
    ``known``: what texts of categories meant in earlier batches.
    """

    cohort_map: CohortMap
    dictionary: Mapping[str, Variable]
    reading: Reading
    names: Mapping[str, str] = field(default_factory=dict)
    lesions: pd.DataFrame | None = None
    known: Known = field(default_factory=dict, repr=False, compare=False)

    @classmethod
    def for_columns(
        cls,
        columns: Sequence[str],
        cohort_map: CohortMap,
        dictionary: Mapping[str, Variable],
        decimal: str = ".",
        lesions: pd.DataFrame | None = None,
    ) -> RowRules:
        """The rules for a source with these columns.

        Raises MapError where the map does not fit the dictionary, CohortError where the source has
        no column of the map.
        """
        check_map(cohort_map, dictionary)  # type: ignore[arg-type]
        wanted = cohort_map.for_scoring(columns)
        if not wanted.variables and not wanted.lesions:
            nothing = Problem("", "has no column of the map", "Check the names in its header")
            raise CohortError([nothing], cohort_map.name)
        folded = {str(name).casefold(): str(name) for name in columns}
        there = set(map(str, columns))
        names = {
            folded[name.casefold()]: name for name in wanted.source_columns if name not in there
        }
        reading = Reading(wanted.missing, wanted.decimal or decimal, wanted.date_format)
        return cls(wanted, dictionary, reading, names, lesions)

    @property
    def columns(self) -> tuple[str, ...]:
        """The columns of the source, as it writes them, that are read."""
        original = {ours: theirs for theirs, ours in self.names.items()}
        return tuple(original.get(name, name) for name in self.cohort_map.source_columns)


@dataclass(frozen=True)
class ReadRows:
    """``columns`` and ``identifiers`` of the sound rows, by row number; ``rejects``: the others.

    The covariates behind the columns are in the order of the dictionary, categories categorical
    with its codes.
    """

    columns: Columns
    identifiers: pd.Series
    rejects: pd.DataFrame


def read_rows(rows: pd.DataFrame, rules: RowRules) -> ReadRows:
    """Every row (index: row numbers) is either sound or one reject with all that is wrong."""
    cells = rows.rename(columns=rules.names) if rules.names else rows
    kept, findings = _select(cells, rules)
    identifiers = _identify(kept, rules, findings)
    covariates = _read_covariates(kept, rules, findings)
    if rules.lesions is not None:
        covariates = join_lesions(rules.lesions, covariates, identifiers, findings)
        covariates = covariates[[name for name in rules.dictionary if name in covariates]]
    columns = Columns(covariates, rules.dictionary)
    check_combinations(columns, findings)
    broken = _gather(findings, kept.index, identifiers) if findings.rejects else no_rejects()
    rejects = broken
    if len(kept) < len(cells):
        left_out = cells.loc[cells.index.difference(kept.index)]
        named = _texts_of(left_out, rules.cohort_map.patient_id)
        others = rejects_table(left_out.index, named.to_numpy(), "", NOT_SELECTED)
        rejects = pd.concat([broken, others]).sort_values("row", ignore_index=True)
    if broken.empty:
        return ReadRows(columns, identifiers, rejects)
    sound = ~kept.index.isin(broken["row"])
    return ReadRows(Columns(covariates[sound], rules.dictionary), identifiers[sound], rejects)


def _select(cells: pd.DataFrame, rules: RowRules) -> tuple[pd.DataFrame, Findings]:
    chosen, findings = rules.cohort_map, Findings()
    deciding = [rule.column for rule in chosen.include]
    deciding += [chosen.visit.column] if chosen.visit else []
    if not deciding:
        return cells, findings
    texts = pd.DataFrame({name: as_text(cells[name]).str.strip() for name in deciding})
    raw = RawTable(chosen.name, texts, "", "", rules.reading.decimal)
    matched = match_columns(raw, replace(chosen, patient_id=None, variables={}), Findings())
    kept, _ = select_rows(matched, chosen, rules.reading, findings)
    return cells.loc[kept.index], findings


def _identify(cells: pd.DataFrame, rules: RowRules, findings: Findings) -> pd.Series:
    column = rules.cohort_map.patient_id
    identifiers = _texts_of(cells, column)
    if column is None:
        return identifiers
    findings.reject(column, NO_IDENTIFIER, "Fill it in", identifiers == "")
    for rule, rows in find_mangled(identifiers):
        findings.reject(column, rule, "Export it as text", pd.Series(rows, cells.index))
    return identifiers


def _texts_of(cells: pd.DataFrame, column: str | None) -> pd.Series:
    if column is None:
        return pd.Series(cells.index.astype("str"), index=cells.index, dtype="str")
    return as_text(cells[column]).str.strip()


def _read_covariates(cells: pd.DataFrame, rules: RowRules, findings: Findings) -> pd.DataFrame:
    values, sources = {}, rules.cohort_map.variables
    for name, variable in rules.dictionary.items():
        if name not in sources:
            continue
        values[name], broken = read_values(
            cells, sources[name], variable, rules.reading, rules.known
        )
        for one in broken:
            findings.reject(one.column, one.rule, "", pd.Series(one.rows, index=cells.index))
    return pd.DataFrame(values, index=cells.index, copy=False)


def _gather(findings: Findings, kept: pd.Index, identifiers: pd.Series) -> pd.DataFrame:
    """One line per broken row, with everything that is wrong with it."""
    table = findings.rejects_table()
    table = table[table["row"].isin(kept)]
    together = table.groupby("row", sort=True)[["column", "rule"]].agg("; ".join).reset_index()
    rows = together["row"].to_numpy(dtype=np.int64)
    named: npt.NDArray[np.object_] = identifiers.loc[rows].to_numpy(dtype=object)
    return rejects_table(rows, named, together["column"], together["rule"])
