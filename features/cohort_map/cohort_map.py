"""A cohort map: how the columns of one cohort file become the variables of the dictionary.

A map is a short YAML file in ``data/cohorts``; see ``smart.yaml`` (a plain file),
``framingham.yaml`` (visits, competing death) and ``framingham_exam3.yaml`` (a variation of another
map). Nothing is computed here: a map is read, checked and held.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from features.cohort_map.dialect import Dialect
from features.cohort_map.dialect_keys import read_dialect
from features.cohort_map.entries import EndpointMap, Inclusion, LesionMap, ValueSource, Visit
from features.cohort_map.later_scans import LaterScan, ScanSettings, columns_of
from features.cohort_map.map_files import MAPS_FOLDER, find_beside, find_map, read_with_base
from features.cohort_map.own_variables import read_own_variables
from features.cohort_map.section import Section
from features.cohort_map.survey_map import SurveyMap
from features.dictionary.dictionary import Dictionary
from features.errors import MapError

MAP_KEYS = (
    "name",
    "title",
    "description",
    "caveats",
    "study",
    "file",
    "patient_id",
    "encoding",
    "decimal",
    "sheet",
    "header_row",
    "first_row",
    "date_format",
    "missing",
    "variables",
    "own_variables",
    "include",
    "visit",
    "site",
    "entry",
    "survey",
    "endpoint",
    "outcomes",
    "lesions",
    "first_scan",
    "later_scans",
)

STUDY_KEYS = (
    "setting",
    "dates",
    "representation",
    "sample_size",
    "outcome_assessment",
    "outcome_blinding",
    "predictor_assessment",
    "ethics",
    "data_sharing",
)
"""What a report must say of a study and only its holders know, in whole sentences."""


@dataclass(frozen=True)
class CohortMap:
    """All that is said of a cohort file.

    ``patient_id`` None: the row number stands for the patient. ``missing``: codes that mean
    missing in every column. ``dialect``: how the file is written, where that is said.
    ``outcomes``: columns known only after entry, never covariates. ``endpoint`` None: patients to
    be scored.
    """

    name: str
    title: str = ""
    description: str = ""
    caveats: tuple[str, ...] = ()
    study: Mapping[str, str] = field(default_factory=dict)
    file: str = ""
    patient_id: str | None = None
    dialect: Dialect = field(default_factory=Dialect)
    date_format: str = "%Y-%m-%d"
    missing: tuple[str, ...] = ()
    variables: Mapping[str, ValueSource] = field(default_factory=dict)
    own_variables: Mapping[str, Any] = field(default_factory=dict)
    include: tuple[Inclusion, ...] = ()
    visit: Visit | None = None
    site: str | None = None
    entry: str | None = None
    survey: SurveyMap | None = None
    endpoint: EndpointMap | None = None
    outcomes: tuple[str, ...] = ()
    lesions: LesionMap | None = None
    first_scan: ScanSettings = field(default_factory=ScanSettings)
    later_scans: tuple[LaterScan, ...] = ()

    @classmethod
    def load(cls, name: str | Path, folder: Path = MAPS_FOLDER) -> CohortMap:
        """The map of that name in the folder, or in the file of that path (``mine.yaml``).

        Files that lie beside a map given by its path are taken from there.

        Raises MapError that names the key, its place and the nearest known one, or that lists the
        known maps where there is none of that name.
        """
        path = find_map(name, folder)
        cohort_map = cls.read(path.name, read_with_base(path, (), folder))
        if cohort_map.name != path.stem:
            raise MapError(f"{path.name}: 'name' must be '{path.stem}', as the file is called")
        return cohort_map if path.parent == folder else cohort_map._taken_from(path.parent)

    def _taken_from(self, folder: Path) -> CohortMap:
        """The map with the absolute paths of those of its files that lie in the folder."""
        lesions = self.lesions
        if lesions is not None:
            lesions = replace(lesions, file=find_beside(lesions.file, folder))
        return replace(self, file=find_beside(self.file, folder), lesions=lesions)

    @classmethod
    def read(cls, where: str, content: Any) -> CohortMap:
        """The map in this mapping; ``where`` begins every message. Raises MapError."""
        part = Section(where, content, MAP_KEYS)
        variables = part.mapping("variables")
        cohort_map = cls(
            name=part.required("name"),
            title=part.text("title"),
            description=part.text("description"),
            caveats=part.texts("caveats"),
            study=_read_study(where, part.mapping("study")),
            file=part.required("file"),
            patient_id=part.text("patient_id") or None,
            dialect=read_dialect(part),
            date_format=part.text("date_format", "%Y-%m-%d"),
            missing=part.texts("missing"),
            variables={
                variable: ValueSource.read(f"{where}: variables.{variable}", source)
                for variable, source in variables.items()
            },
            own_variables=read_own_variables(
                f"{where}: own_variables", part.mapping("own_variables")
            ),
            include=part.each("include", Inclusion.read),
            visit=next(iter(part.each("visit", Visit.read)), None),
            site=part.text("site") or None,
            entry=part.text("entry") or None,
            survey=next(iter(part.each("survey", SurveyMap.read)), None),
            endpoint=next(iter(part.each("endpoint", EndpointMap.read)), None),
            outcomes=part.texts("outcomes"),
            lesions=next(iter(part.each("lesions", LesionMap.read)), None),
            first_scan=next(iter(part.each("first_scan", ScanSettings.read)), ScanSettings()),
            later_scans=part.each("later_scans", LaterScan.read),
        )
        cohort_map._check(part)
        return cohort_map

    @classmethod
    def of_dictionary(cls, columns: Iterable[str], variables: Iterable[str]) -> CohortMap:
        """The map of a file whose columns already bear the names and units of the dictionary.

        ``variables`` are the dictionary's names, in upper or lower case. Columns of other names are
        left aside; a column ``patient_id`` identifies the patients where there is one.
        """
        present = {str(column).casefold() for column in columns}
        known = {name: ValueSource("column", (name,)) for name in variables if name in present}
        return cls(
            name="dictionary",
            title="Columns named as in the data dictionary",
            patient_id="patient_id" if "patient_id" in present else None,
            variables=known,
        )

    def for_scoring(self, columns: Iterable[str]) -> CohortMap:
        """The map for patients to be scored: only what a file with these columns can fill."""
        present = {str(column).casefold() for column in columns}

        def there(column: str | None) -> bool:
            return column is None or column.casefold() in present

        return replace(
            self,
            patient_id=self.patient_id if there(self.patient_id) else None,
            variables={
                name: source
                for name, source in self.variables.items()
                if all(map(there, source.columns))
            },
            include=tuple(rule for rule in self.include if there(rule.column)),
            visit=self.visit if self.visit and there(self.visit.column) else None,
            lesions=self.lesions if there(self.patient_id) else None,
            site=None,
            entry=None,
            survey=None,
            endpoint=None,
            outcomes=(),
            first_scan=ScanSettings(),
            later_scans=(),
        )

    @property
    def decimal(self) -> str:
        """The decimal sign; empty: told by the file."""
        return self.dialect.decimal

    @property
    def about(self) -> dict[str, Any]:
        """What reports say of the cohort: title, description, caveats, endpoint, its columns."""
        endpoint = self.endpoint
        return {
            "title": self.title,
            "description": self.description,
            "caveats": list(self.caveats),
            "study": dict(self.study),
            "endpoint": endpoint.title if endpoint else None,
            "competing": bool(endpoint and endpoint.competing),
            "any_death": bool(endpoint and endpoint.any_death),
            "unconfirmed": list(self.unconfirmed),
            "columns": {name: list(source.columns) for name, source in self.variables.items()},
        }

    def extend(self, dictionary: Dictionary) -> Dictionary:
        """The dictionary with the variables that the map adds, as far as they are not in it.

        Raises MapError where a model's dictionary describes one otherwise.
        """
        for name, entry in self.own_variables.items():
            known = dictionary.own_entries.get(name, {})
            if name in dictionary and known != entry:
                keys = sorted(key for key in {*known, *entry} if known.get(key) != entry.get(key))
                raise MapError(
                    f"{self.name}.yaml: own_variables.{name} is described otherwise in the model "
                    f"({', '.join(keys)}). Leave it out: the model carries its description"
                )
        own = self.own_variables.items()
        return dictionary.extended({n: entry for n, entry in own if n not in dictionary})

    @property
    def outcome_columns(self) -> tuple[str, ...]:
        """Columns known only after entry: the endpoint's, later scans', those of outcomes."""
        own = (*(self.endpoint.columns if self.endpoint else ()), *columns_of(self.later_scans))
        own += self.survey.outcome_columns if self.survey else ()
        start = self.endpoint.start if self.endpoint else None
        entry = (self.entry, self.visit.time if self.visit else None, start)
        return tuple(
            dict.fromkeys(column for column in (*own, *self.outcomes) if column not in entry)
        )

    @property
    def source_columns(self) -> tuple[str, ...]:
        """Every column of the main file that the map uses for anything, each once."""
        used: list[str | None] = [self.patient_id, self.site, self.entry]
        if self.visit:
            used += [self.visit.column, self.visit.time]
        used += [rule.column for rule in self.include]
        used += [column for source in self.variables.values() for column in source.columns]
        used += self.endpoint.columns if self.endpoint else ()
        used += self.survey.columns if self.survey else ()
        used += (*self.first_scan.columns.values(), *columns_of(self.later_scans))
        return tuple(dict.fromkeys(column for column in used if column))

    @property
    def unconfirmed(self) -> tuple[str, ...]:
        """What the map marks ``confirmed: false``: variables, columns of scans and endpoint."""
        endpoint = (*self.endpoint.events, *self.endpoint.competing) if self.endpoint else ()
        names = [name for name, source in self.variables.items() if not source.confirmed]
        for scan in self.later_scans:
            sources = [source for source in scan.variables.values() if not source.confirmed]
            names += [column for source in sources for column in source.columns]
        return (*names, *(one.column for one in endpoint if not one.confirmed))

    def _check(self, part: Section) -> None:
        if not self.variables and not self.lesions:
            part.fail("'variables' is missing")
        if self.endpoint and self.endpoint.unit == "date" and not self.entry:
            part.fail("an endpoint in dates needs 'entry', the column with the date of entry")
        if self.endpoint and self.endpoint.starts_at_age and "age" not in self.variables:
            part.fail("age as time scale needs the variable 'age', or 'start', the age at entry")
        if self.survey and self.endpoint:
            self.survey.check(part, self.endpoint.horizon)
        if any(scan.unit == "date" for scan in self.later_scans) and not self.entry:
            part.fail("later scans by date need 'entry', the column with the date of the first")
        if self.visit and not self.patient_id:
            part.fail("'visit' needs 'patient_id'")
        if self.lesions and not self.patient_id:
            part.fail("'lesions' needs 'patient_id'")
        for variable, source in self.variables.items():
            for column in set(source.columns) & set(self.outcome_columns):
                part.fail(
                    f"variables.{variable}: column '{column}' is known only after entry "
                    "(endpoint, outcomes, subcohort). It would leak the outcome: leave it out"
                )


def _read_study(where: str, content: Any) -> dict[str, str]:
    part = Section(f"{where}: study", content, STUDY_KEYS)
    return {key: " ".join(part.text(key).split()) for key in STUDY_KEYS if key in part}
