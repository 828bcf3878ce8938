"""Everything that a scoring job needs before its first row: model, source, rules, first look."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from hashlib import sha256
from itertools import chain
from json import dumps
from pathlib import Path
from typing import Any, Protocol

from features.cohort_map.cohort_map import CohortMap
from features.cohort_map.dialect import Dialect
from features.dictionary.dictionary import Dictionary
from features.errors import CohortError, MapError, Problem
from features.intake.cells.conversion import Reading
from features.intake.cells.declared_codes import Declares
from features.intake.cells.value_labels import apply_labels
from features.intake.lesions.lesion_join import PatientLesions
from features.intake.map_check import name_by_dictionary
from features.intake.sources.source import RawBatch, Source, Witness
from features.intake.whole_table import read_table
from models.scorer import Scorer
from models.storage.installed_version import version_of
from models.storage.model_folder import About
from pipeline.scoring.batch import BatchRules
from pipeline.scoring.columns import SOURCE_COLUMNS, refuse_clashes
from pipeline.scoring.outputs.fhir_output import carry_context
from pipeline.scoring.request import ScoreRequest
from pipeline.scoring.risk_rules import ScoringRules
from pipeline.scoring.sources.lesion_memory import refuse_lack_of_memory
from pipeline.scoring.sources.open_source import BegunSource, open_source
from pipeline.scoring.workers.worker_pool import count_workers, prepare_start
from pipeline.settings.code_version import hash_code
from pipeline.settings.paths import Paths

_FEW_BATCHES = 4
_BYTES_PER_ROW = 200


@dataclass(frozen=True)
class Job:
    """A scoring job ready to run. ``fingerprint``: all that its output depends on.

    ``begun``: its batches, to be closed by whoever has the job.

    ``lacks_lesions``: the map reads calcium from a table of lesions and none was given. ``unused``:
    columns of the source that nobody reads, among them any whose name is misspelt. ``absent``:
    columns that the map reads and the source lacks. ``n_rows``: about how many there are.
    ``notes``: what a person should know of the join.
    """

    request: ScoreRequest
    source: Source
    begun: BegunSource
    rules: BatchRules
    version: str
    fingerprint: dict[str, Any]
    told: dict[str, dict[str, Any]]
    lacks_lesions: bool
    unused: tuple[str, ...]
    absent: tuple[str, ...] = ()
    n_rows: float = 0.0
    lesions: Witness | None = None
    notes: tuple[str, ...] = ()

    @cached_property
    def witnesses(self) -> tuple[Witness, ...]:
        """All files that must stay as they are until the job is done."""
        return (self.source.witness, *((self.lesions,) if self.lesions else ()))

    @cached_property
    def sealed(self) -> bool:
        """Whether only the rows themselves can tell if the source has changed."""
        return self.request.query is not None

    @property
    def run_id(self) -> str:
        """The same for the same input, model and settings, so that a run can be told by it."""
        named = {name: one for name, one in self.fingerprint.items() if name != "code"}
        return self.request.run_id or sha256(dumps(named).encode()).hexdigest()[:16]

    @property
    def constants(self) -> dict[str, str]:
        """The columns that are the same in every row."""
        about = self.rules.about
        values = (about.name, self.version, about.digest, self.run_id)
        return dict(zip(SOURCE_COLUMNS, values, strict=True))


class Opened(Protocol):
    """A model that was read from its folder."""

    @property
    def about(self) -> About:
        """Its own description."""

    @property
    def dictionary(self) -> Dictionary:
        """The data dictionary that it was trained with."""


class Task(Protocol):
    """What is worked out of a source: risks, or later scores."""

    def open_model(self, folder: Path) -> Opened:
        """Read the model. Raises ModelError."""

    def make_rules(
        self, model: Any, cohort_map: CohortMap, request: Any, source: Source,
        lesions: PatientLesions | None,
    ) -> BatchRules:  # fmt: skip
        """The rules for a source; see `ScoringRules.make`."""


class Risks:
    """The task of `calcirisk score`."""

    def open_model(self, folder: Path) -> Scorer:
        """Read the model. Raises ModelError."""
        return Scorer.load(folder)

    def make_rules(
        self, model: Scorer, cohort_map: CohortMap, request: ScoreRequest, source: Source,
        lesions: PatientLesions | None,
    ) -> ScoringRules:  # fmt: skip
        """The rules for a source; see `ScoringRules.make`."""
        return ScoringRules.make(
            model, cohort_map, source.columns, request.wanted, source.decimal, lesions, source.name
        )


RISKS = Risks()


def prepare(
    request: ScoreRequest,
    paths: Paths,
    source: Source | None = None,
    start_early: bool = False,
    task: Task = RISKS,
) -> Job:
    """Open model and source, and read the first batch.

    ``start_early``: have the processes that may score get ready meanwhile.

    Raises ModelError, HorizonError, MapError, ConfigError, and CohortError where the source as a
    whole is wrong; a column that is wrong as a whole shows when the first batch is scored.
    """
    from pipeline.locating import locate_model

    located = locate_model(request.model, paths.root)
    source = source or open_source(request, _read_dialect(request, paths))
    source.witness.start()
    n_rows = _guess_rows(source)
    if start_early and count_workers(request.workers, n_rows, request.n_reasons) > 1:
        prepare_start()
    model = task.open_model(located.folder)
    request = carry_context(request, source)
    cohort_map = _find_map(request, source, model, paths)
    read_lesions = None
    if request.lesions is not None:
        read_lesions = Witness([request.lesions], request.lesions.name)
        read_lesions.start().result()
    reading = Reading.by(cohort_map, source.decimal)
    lesions = _sum_up_lesions(request.lesions, cohort_map, reading)
    rules = task.make_rules(model, cohort_map, request, source, lesions)
    refuse_clashes(request.keep, rules.named)
    begun = BegunSource(source, rules.columns)
    return Job(
        request,
        source,
        begun,
        rules,
        located.version,
        _fingerprint(request, source, model, located.version, cohort_map, read_lesions),
        dict(rules.told),
        cohort_map.lesions is not None and request.lesions is None,
        _unused(source, cohort_map, request),
        _absent(source, cohort_map),
        _expect_rows(source, begun.first),
        read_lesions,
    )


def _read_dialect(request: ScoreRequest, paths: Paths) -> Dialect:
    if request.cohort is None:
        return Dialect()
    return CohortMap.load(request.cohort, paths.cohort_maps).dialect


def _find_map(request: ScoreRequest, source: Source, model: Opened, paths: Paths) -> CohortMap:
    if request.cohort is not None:
        chosen = CohortMap.load(request.cohort, paths.cohort_maps)
        who, remedy = f"the map {chosen.name}", "Check the names in the map against the header"
    else:
        chosen = name_by_dictionary(source.columns, model.dictionary, source.name)
        who = "the data dictionary"
        remedy = (
            "Say with --cohort what its columns mean, or name them as `calcirisk variables` does"
        )
    if request.dialect.decimal and not chosen.decimal:
        dialect = replace(chosen.dialect, decimal=request.dialect.decimal)
        chosen = replace(chosen, dialect=dialect)
    if isinstance(source, Declares):
        chosen = apply_labels(chosen, source.declared, chosen.extend(model.dictionary))
    wanted = chosen.for_scoring(source.columns)
    if not wanted.variables and not wanted.lesions:
        rule = f"none of its {len(source.columns)} columns is one of {who}"
        raise CohortError([Problem("", rule, remedy)], source.name)
    return chosen


def _sum_up_lesions(
    lesions: Path | None, cohort_map: CohortMap, reading: Reading
) -> PatientLesions | None:
    if lesions is None:
        return None
    if cohort_map.lesions is None:
        raise MapError(f"{cohort_map.name}: the map has no 'lesions' to read {lesions} by. Add it")
    if lesions.is_file():
        refuse_lack_of_memory(lesions)
    return PatientLesions.require(read_table(lesions), cohort_map, reading)


def _guess_rows(source: Source) -> float:
    """How many rows there may be, told before any is read; 0 where nobody knows."""
    return (source.total or 0.0) / (1 if source.unit == "rows" else _BYTES_PER_ROW)


def _expect_rows(source: Source, first: RawBatch | None) -> float:
    """About how many rows there are; a few batches where nobody knows before the end."""
    if first is None or not first.done:
        return 0.0
    n_batches = _FEW_BATCHES if source.total is None else source.total / first.done
    return first.n_rows * n_batches


def _absent(source: Source, cohort_map: CohortMap) -> tuple[str, ...]:
    there = {name.casefold() for name in source.columns}
    read = chain.from_iterable(value.columns for value in cohort_map.variables.values())
    wanted = dict.fromkeys((*filter(None, [cohort_map.patient_id]), *read))
    return tuple(name for name in wanted if name.casefold() not in there)


def _unused(source: Source, cohort_map: CohortMap, request: ScoreRequest) -> tuple[str, ...]:
    read = chain(cohort_map.source_columns, cohort_map.outcomes, request.keep)
    known = {name.casefold() for name in read}
    return tuple(name for name in source.columns if name.casefold() not in known)


def _fingerprint(
    request: ScoreRequest,
    source: Source,
    model: Opened,
    of_model: str,
    cohort_map: CohortMap,
    lesions: Witness | None,
) -> dict[str, Any]:
    return {
        "input": source.identity(),
        "model": [model.about.digest, of_model],
        "map": sha256(repr(cohort_map).encode()).hexdigest(),
        "lesions": None if lesions is None else lesions.identity(),
        "settings": {**request.settings, "ending": request.out.suffix.lower()},
        "calcirisk": version_of("calcirisk"),
        "code": hash_code(),
    }
