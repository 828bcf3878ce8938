"""Everything that a scoring job needs before its first row: model, source, rules, first look."""

from __future__ import annotations

from contextlib import closing
from dataclasses import asdict, dataclass, replace
from datetime import date
from hashlib import sha256
from importlib.metadata import version
from itertools import chain
from json import dumps
from pathlib import Path
from typing import Any

import pandas as pd

from features.cohort_map.cohort_map import CohortMap
from features.cohort_map.value_labels import apply_labels
from features.errors import CohortError, MapError, Problem
from features.intake.cells import as_text
from features.intake.conversion import Reading
from features.intake.ingestion import Limits, examine
from features.intake.lesion_table import read_lesion_table
from features.intake.lesions import summarise_lesions
from features.intake.reading import RawTable
from features.intake.sources.declared_codes import Declares
from features.intake.sources.dialect import Dialect
from features.intake.sources.source import RawBatch, Source
from features.intake.sources.witness import Witness
from features.intake.validation.findings import Findings
from features.intake.whole_table import read_table
from models.scorer import Scorer
from pipeline.scoring.batch import ScoringRules
from pipeline.scoring.columns import SOURCE_COLUMNS, describe_columns, refuse_clashes
from pipeline.scoring.fhir_output import carry_context
from pipeline.scoring.lesion_memory import refuse_lack_of_memory
from pipeline.scoring.open_source import open_source
from pipeline.scoring.request import ScoreRequest
from pipeline.scoring.workers import count_workers, prepare_start
from pipeline.settings.code_version import hash_code
from pipeline.settings.paths import Paths

_PROBED = 5_000
_FEW_BATCHES = 4
_BYTES_PER_ROW = 200


@dataclass(frozen=True)
class Job:
    """A scoring job ready to run. ``fingerprint``: all that its output depends on.

    ``lacks_lesions``: the map reads calcium from a table of lesions and none was given. ``unused``:
    columns of the source that nobody reads, among them any whose name is misspelt. ``absent``:
    columns that the map reads and the source lacks. ``n_rows``: about how many there are.
    """

    request: ScoreRequest
    source: Source
    rules: ScoringRules
    version: str
    fingerprint: dict[str, Any]
    told: dict[str, dict[str, Any]]
    lacks_lesions: bool
    unused: tuple[str, ...]
    absent: tuple[str, ...] = ()
    n_rows: float = 0.0
    lesions: Witness | None = None

    @property
    def witnesses(self) -> tuple[Witness, ...]:
        """All files that must stay as they are until the job is done."""
        return (self.source.witness, *((self.lesions,) if self.lesions else ()))

    @property
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
        about = self.rules.scorer.about
        values = (about.name, self.version, about.digest, self.run_id)
        return dict(zip(SOURCE_COLUMNS, values, strict=True))


def prepare(
    request: ScoreRequest, paths: Paths, source: Source | None = None, start_early: bool = False
) -> Job:
    """Open model and source and look at the first rows.

    ``start_early``: have the processes that may score get ready meanwhile.

    Raises ModelError, HorizonError, MapError, ConfigError, and CohortError where the source as a
    whole or a whole column of it is wrong.
    """
    from pipeline.tracking import locate_model

    located = locate_model(request.model, paths.root)
    source = source or open_source(request, _read_dialect(request, paths))
    source.witness.start()
    n_rows = _guess_rows(source)
    if start_early and count_workers(request.workers, n_rows, request.n_reasons) > 1:
        prepare_start()
    scorer = Scorer.load(located.folder)
    request = carry_context(request, source)
    cohort_map = _find_map(request, source, scorer, paths)
    read_lesions = None
    if request.lesions is not None:
        read_lesions = Witness([request.lesions], request.lesions.name)
        read_lesions.start().result()
    reading = Reading(cohort_map.missing, cohort_map.decimal or source.decimal)
    lesions = _sum_up_lesions(request.lesions, cohort_map, reading)
    rules = ScoringRules.make(
        scorer, cohort_map, source.columns, request.wanted, source.decimal, lesions
    )
    with closing(source.batches(rules.columns)) as batches:
        first = next(batches, None)
    if first is not None:
        refuse_hopeless(first, rules, source)
    told = dict(
        describe_columns(
            request.wanted, rules.years, scorer.interval is not None and request.intervals
        )
    )
    refuse_clashes(
        request.keep, describe_columns(replace(request.wanted, keep=()), rules.years, True)
    )
    return Job(
        request,
        source,
        rules,
        located.version,
        _fingerprint(request, source, scorer, located.version, cohort_map, read_lesions),
        told,
        cohort_map.lesions is not None and request.lesions is None,
        _unused(source, cohort_map, request),
        _absent(source, cohort_map),
        _expect_rows(source, first),
        read_lesions,
    )


def _read_dialect(request: ScoreRequest, paths: Paths) -> Dialect:
    if request.cohort is None:
        return Dialect()
    return CohortMap.load(request.cohort, paths.cohort_maps).dialect


def _find_map(request: ScoreRequest, source: Source, scorer: Scorer, paths: Paths) -> CohortMap:
    if request.cohort is not None:
        chosen = CohortMap.load(request.cohort, paths.cohort_maps)
        who, remedy = f"the map {chosen.name}", "Check the names in the map against the header"
    else:
        chosen = CohortMap.of_dictionary(source.columns, scorer.dictionary)
        who = "the data dictionary"
        remedy = (
            "Say with --cohort what its columns mean, or name them as `calcirisk variables` does"
        )
    if isinstance(source, Declares):
        chosen = apply_labels(chosen, source.declared, scorer.dictionary)
    wanted = chosen.for_scoring(source.columns)
    if not wanted.variables and not wanted.lesions:
        rule = f"none of its {len(source.columns)} columns is one of {who}"
        raise CohortError([Problem("", rule, remedy)], source.name)
    return chosen


def refuse_hopeless(first: RawBatch, rules: ScoringRules, source: Source) -> None:
    """Raises CohortError where the first rows say that a column as a whole is wrong.

    The same columns wrong in later rows are rejects, row by row.
    """
    chosen = rules.rows.cohort_map
    texts = first.rows.head(_PROBED).rename(columns=rules.rows.names)
    texts = pd.DataFrame({str(name): as_text(texts[name]).str.strip() for name in texts})
    if chosen.patient_id is not None:
        texts = texts[~texts[chosen.patient_id].duplicated()]
    if texts.empty:
        return
    raw = RawTable(source.name, texts, "", "", rules.rows.reading.decimal)
    limits = Limits(max_reject_fraction=1.0, today=date.today())
    alone = replace(chosen, lesions=None)
    if not alone.variables:
        return
    found = examine(raw, alone, rules.scorer.dictionary, limits, with_endpoint=False)
    if found.findings.problems:
        raise CohortError(found.findings.problems, source.name)


def _sum_up_lesions(
    lesions: Path | None, cohort_map: CohortMap, reading: Reading
) -> pd.DataFrame | None:
    if lesions is None:
        return None
    if cohort_map.lesions is None:
        raise MapError(f"{cohort_map.name}: the map has no 'lesions' to read {lesions} by. Add it")
    if lesions.is_file():
        refuse_lack_of_memory(lesions)
    findings, raw = Findings(), read_table(lesions)
    table = read_lesion_table(raw, cohort_map, reading, findings)
    if table is None:
        raise CohortError(findings.problems, raw.name)
    return summarise_lesions(table)


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
    scorer: Scorer,
    of_model: str,
    cohort_map: CohortMap,
    lesions: Witness | None,
) -> dict[str, Any]:
    return {
        "input": source.identity(),
        "model": [scorer.about.digest, of_model],
        "map": sha256(repr(cohort_map).encode()).hexdigest(),
        "lesions": None if lesions is None else lesions.identity(),
        "settings": {**asdict(request.wanted), "ending": request.out.suffix.lower()},
        "calcirisk": version("calcirisk"),
        "code": hash_code(),
    }
