"""A batch of raw rows under a cohort map: covariates of the sound ones, a reason for each other.

The one door for a patient's row, whether it comes from a file, a query, a health record, a form, a
request to a served model or a table in memory.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt
import pandas as pd

from features.cohort_map.cohort_map import CohortMap
from features.derivation.columns import Columns
from features.derivation.filling import fill_in
from features.dictionary.dictionary import Dictionary
from features.errors import CohortError, Problem
from features.intake.cells.canonical_values import Known, read_values
from features.intake.cells.conversion import Reading, as_text
from features.intake.cells.read_values import report_broken, warn_of_possible_codes
from features.intake.lesions.lesion_join import PatientLesions
from features.intake.map_check import check_map, fold_names
from features.intake.selection import Step, select_rows
from features.intake.validation.combinations import check_combinations
from features.intake.validation.findings import Findings, join_rejects, no_rejects, rejects_table
from features.intake.validation.needed import check_needed, require_needed

_EXPORT = "Export the file again with this column as text, not through a spreadsheet"
NO_IDENTIFIER, REPEATED = "no patient identifier", "names the same patient more than once"
_ONE_ROW = "Keep one row per patient, or give 'visit' in the map"
_MONTH = "jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec"
_MANGLED = (
    (r"\d(?:[.,]\d+)?E\+?\d+", "was turned into scientific notation by a spreadsheet"),
    (
        rf"(?i:\d{{1,2}}-(?:{_MONTH})|(?:{_MONTH})-\d{{1,4}})",
        "was turned into dates by a spreadsheet",
    ),
    (r"#(?:N/A|REF!|VALUE!|DIV/0!|NAME\?|NUM!|NULL!)|#+", "holds spreadsheet errors"),
)
_TOTALS = (
    r"(?i:(?:grand )?total|sum|mean|average|median|summe|gesamt(?:summe)?|mittelwert|durchschnitt|"
    r"moyenne|somme|promedio|gemiddelde|totaal):?"
)
_ANY_MANGLED = f"(?:{'|'.join(pattern for pattern, _ in _MANGLED)})"
NOT_SELECTED = "left out by the visit or the rules of inclusion of the map"


@dataclass(frozen=True)
class RowRules:
    """How raw rows of one source are read; made by `for_columns`.

    ``cohort_map`` asks only for columns that are there. ``names``: column of the source -> as the
    map writes it. ``lesions``: those of all patients of the table of lesions. ``known``: what texts
    of categories meant in earlier batches. ``name``: what messages call the source.
    ``whole``: the rows show what the columns are like, so that a fault in most cells of one is a
    problem of the column; else every fault is a reject of its row.
    """

    cohort_map: CohortMap
    dictionary: Dictionary
    reading: Reading
    names: Mapping[str, str] = field(default_factory=dict)
    lesions: PatientLesions | None = None
    known: Known = field(default_factory=dict, repr=False, compare=False)
    name: str = ""
    whole: bool = False

    @classmethod
    def for_columns(
        cls,
        columns: Sequence[str],
        cohort_map: CohortMap,
        dictionary: Dictionary,
        decimal: str = ".",
        lesions: PatientLesions | None = None,
        name: str = "",
    ) -> RowRules:
        """The rules for a source with these columns; ``decimal``: the sign that it shows.

        Raises MapError where the map does not fit the dictionary, CohortError where the source has
        no column of the map, none of what the model needs, or two for the same.
        """
        dictionary = cohort_map.extend(dictionary)
        check_map(cohort_map, dictionary)
        name = name or cohort_map.name
        names = fold_names(columns, cohort_map.source_columns, name)
        wanted = cohort_map.for_scoring(columns)
        if not wanted.variables and not wanted.lesions:
            nothing = Problem("", "has no column of the map", "Check the names in its header")
            raise CohortError([nothing], name)
        require_needed(wanted.variables, dictionary, name)
        reading = Reading.by(cohort_map, decimal)
        return cls(wanted, dictionary, reading, names, lesions, name=name)

    def variables_of(self, columns: Collection[str]) -> list[str]:
        """The variables that are read from any of these columns, or from none: constants."""
        there = {column.casefold() for column in columns}
        return [
            name
            for name, value in self.cohort_map.variables.items()
            if not value.columns
            or not there.isdisjoint(column.casefold() for column in value.columns)
        ]

    @property
    def columns(self) -> tuple[str, ...]:
        """The columns of the source, as it writes them, that are read."""
        original = {ours: theirs for theirs, ours in self.names.items()}
        return tuple(original.get(name, name) for name in self.cohort_map.source_columns)


@dataclass(frozen=True)
class ExaminedRows:
    """A batch that was read, with all that was found; what was broken is missing in ``columns``.

    ``cells``: the rows that the map wants, columns named as it names them; ``left_out``: the
    numbers of the others, and ``flow`` how many were left after each of its rules. The covariates
    behind ``columns`` are in the order of the dictionary, categories categorical with its codes.
    """

    cells: pd.DataFrame
    left_out: pd.Index
    flow: list[Step]
    columns: Columns
    identifiers: pd.Series
    findings: Findings


@dataclass(frozen=True)
class ReadRows:
    """``columns`` and ``identifiers`` of the sound rows, by row number; ``rejects``: the others."""

    columns: Columns
    identifiers: pd.Series
    rejects: pd.DataFrame


def examine_rows(rows: pd.DataFrame, rules: RowRules) -> ExaminedRows:
    """Everything that the map and the dictionary say of these rows (index: row numbers)."""
    findings = Findings()
    cells = _rename(rows, rules)
    kept, flow = cells, [Step("rows in the file", len(cells))]
    if rules.cohort_map.visit or rules.cohort_map.include:
        kept = select_rows(cells, rules.cohort_map, rules.dictionary, rules.reading, findings, flow)
    identifiers = name_patients(kept, rules.cohort_map.patient_id)
    if rules.cohort_map.patient_id is not None:
        check_identifiers(identifiers, findings, whole=rules.whole)
    covariates = _read_covariates(kept, rules, findings)
    if rules.lesions is not None:
        covariates = rules.lesions.join(covariates, identifiers, findings)
        covariates = covariates[[name for name in rules.dictionary if name in covariates]]
    columns = Columns(fill_in(covariates, rules.dictionary), rules.dictionary)
    check_combinations(columns, findings)
    check_needed(columns, rules.dictionary, findings, rules.cohort_map.variables)
    left_out = cells.index[:0] if kept is cells else cells.index.difference(kept.index)
    return ExaminedRows(kept, left_out, flow, columns, identifiers, findings)


def read_rows(rows: pd.DataFrame, rules: RowRules) -> ReadRows:
    """Every row is either sound or one reject with all that is wrong with it.

    Raises CohortError where, for rows that stand for the whole, a column as a whole is wrong.
    """
    found = examine_rows(rows, rules)
    if rules.whole and found.findings.problems:
        raise CohortError(found.findings.problems, rules.name)
    rejects = broken = list_rejects(found)
    if len(found.left_out):
        left_out = name_patients(
            _rename(rows, rules).loc[found.left_out], rules.cohort_map.patient_id
        )
        others = rejects_table(left_out.index, left_out.to_numpy(), "", NOT_SELECTED)
        rejects = join_rejects(broken, others)
    columns, identifiers = found.columns, found.identifiers
    if broken.empty:
        return ReadRows(columns, identifiers, rejects)
    sound = ~identifiers.index.isin(broken["row"])
    covariates = columns.covariates[sound]
    return ReadRows(Columns(covariates, rules.dictionary), identifiers[sound], rejects)


def list_rejects(found: ExaminedRows, findings: Findings | None = None) -> pd.DataFrame:
    """One line per broken row, with everything that is wrong with it.

    ``findings``: the rows' own where None.
    """
    findings = findings or found.findings
    if not findings.rejects:
        return no_rejects()
    table = findings.rejects_table()
    table = table[table["row"].isin(found.cells.index)]
    together = table.groupby("row", sort=True)[["column", "rule"]].agg("; ".join).reset_index()
    rows = together["row"].to_numpy(dtype=np.int64)
    named: npt.NDArray[np.object_] = found.identifiers.loc[rows].to_numpy(dtype=object)
    return rejects_table(rows, named, together["column"], together["rule"])


def name_patients(cells: pd.DataFrame, column: str | None) -> pd.Series:
    """The identifier of each row, its number where no column holds one."""
    if column is None:
        return pd.Series(cells.index.astype("str"), index=cells.index, dtype="str")
    return as_text(cells[column]).str.strip()


def find_mangled(identifiers: pd.Series) -> list[tuple[str, npt.NDArray[np.bool_]]]:
    """Each rule that identifiers (text, (n,)) break because of a spreadsheet, and which rows do."""
    if not identifiers.str.fullmatch(_ANY_MANGLED).any():
        return []
    found = [(rule, identifiers.str.fullmatch(pattern)) for pattern, rule in _MANGLED]
    return [(rule, rows.to_numpy(dtype=bool)) for rule, rows in found if rows.any()]


def check_identifiers(identifiers: pd.Series, findings: Findings, *, whole: bool = True) -> None:
    """Check the text of the identifier column; repeated ones are another matter.

    ``whole``: what a spreadsheet did to a column is a problem of the file, else of single rows.
    """
    column = str(identifiers.name)
    # "NA" may be somebody's identifier; only an empty cell is none.
    empty = identifiers == ""
    if whole and len(empty) and empty.all():
        findings.problem(column, "is empty in every row", "Map the column with the identifiers")
        return
    findings.reject(column, NO_IDENTIFIER, "Fill it in", empty)
    totals = identifiers.str.fullmatch(_TOTALS)
    findings.reject(column, "a line of totals, not a patient", "Delete the line", totals)
    for rule, mangled in find_mangled(identifiers):
        if whole:
            findings.problem(column, rule, _EXPORT, int(mangled.sum()))
        else:
            findings.reject(column, rule, _EXPORT, pd.Series(mangled, identifiers.index))


def check_repeats(identifiers: pd.Series, findings: Findings, *, whole: bool = True) -> None:
    """A patient in more than one row: a problem of the file or, not ``whole``, of those rows."""
    twice = identifiers.duplicated(keep=False) & (identifiers != "")
    if twice.any() and whole:
        findings.problem(str(identifiers.name), REPEATED, _ONE_ROW, int(twice.sum()))
    elif twice.any():
        findings.reject(str(identifiers.name), REPEATED, _ONE_ROW, twice)


def _rename(rows: pd.DataFrame, rules: RowRules) -> pd.DataFrame:
    return rows.rename(columns=dict(rules.names)) if rules.names else rows


def _read_covariates(cells: pd.DataFrame, rules: RowRules, findings: Findings) -> pd.DataFrame:
    values, sources = {}, rules.cohort_map.variables
    for name, variable in rules.dictionary.items():
        if name not in sources:
            continue
        source = sources[name]
        read = read_values(cells, source, variable, rules.reading, rules.known)
        values[name] = read.values
        if rules.whole:
            report_broken(read, source, variable, cells.index, findings)
            warn_of_possible_codes(cells, source, variable, rules.reading, findings)
            continue
        for one in read.broken:
            findings.reject(one.column, one.rule, one.remedy, pd.Series(one.rows, cells.index))
    return pd.DataFrame(values, index=cells.index, copy=False)
