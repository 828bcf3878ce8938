"""Scores one batch of raw rows: pure, no file, no state; wherever the rows come from."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property

import numpy as np
import pandas as pd

from features.array_types import FloatArray
from features.cohort_map.cohort_map import CohortMap
from features.covariate_fingerprint import FINGERPRINT, fingerprint
from features.derivation.catalogue import CATALOGUE
from features.derivation.columns import Columns
from features.derivation.scan.burden import agatston
from features.errors import ConfigError, HorizonError, ModelError
from features.intake.cells.raw_cells import as_text
from features.intake.lesions.lesion_join import PatientLesions
from features.intake.map_check import name_by_dictionary
from features.intake.rows import RowRules, read_rows
from models.compiled.compiled_fingerprint import add_numbers
from models.reference_scores.reference_score import ReferenceScore
from models.scorer import Scorer
from pipeline.scoring.columns import (
    IDENTIFIER,
    MISSING,
    SOURCE_COLUMNS,
    Comparison,
    Wanted,
    describe_columns,
)


@dataclass(frozen=True)
class ScoringRules:
    """All that a batch is scored by; made once, used for every batch of one source."""

    scorer: Scorer
    rows: RowRules
    wanted: Wanted
    years: tuple[float, ...]
    reference: ReferenceScore | None = field(default=None, repr=False)

    @classmethod
    def make(
        cls,
        scorer: Scorer,
        cohort_map: CohortMap | None,
        columns: Sequence[str],
        wanted: Wanted | None = None,
        decimal: str = ".",
        lesions: PatientLesions | None = None,
        name: str = "",
    ) -> ScoringRules:
        """Rules for a source with these columns; ``cohort_map`` None: the dictionary's own names.

        Raises HorizonError, MapError, CohortError where no column is known, ConfigError where a
        column to be kept is not there, ModelError where the model has no reasons to give.
        """
        wanted = wanted or Wanted()
        years = scorer.about.horizons if wanted.horizons is None else wanted.horizons
        if not years:
            raise HorizonError("Give at least one horizon in years")
        scorer.predictor.link.risk(np.zeros((0, scorer.predictor.link.n_causes)), years)
        if wanted.reasons and scorer.explainer is None:
            raise ModelError("This model was kept without its explainer: ask for 0 reasons")
        absent = [name for name in wanted.keep if name not in columns]
        if absent:
            raise ConfigError(f"--keep {', '.join(absent)}: no such column in the source")
        if not wanted.intervals:
            scorer = replace(scorer, interval=None)
        chosen = cohort_map or name_by_dictionary(columns, scorer.dictionary, name)
        rules = RowRules.for_columns(columns, chosen, scorer.dictionary, decimal, lesions, name)
        reference = _find_reference(wanted.comparison, years[-1])
        return cls(scorer, rules, wanted, tuple(years), reference)

    @cached_property
    def uses_calcium(self) -> bool:
        """Whether the model was trained with calcium, so that an unknown score is filled in."""
        predictor = self.scorer.predictor
        used = {predictor.feature_names[place] for place in predictor.completion.used}
        own = {feature.name for feature in CATALOGUE if feature.variable == "cac_agatston"}
        return not used.isdisjoint(own)

    @property
    def for_first(self) -> ScoringRules:
        """The rules for the first batch, which shows what the columns are like."""
        return replace(self, rows=replace(self.rows, whole=True))

    @property
    def columns(self) -> tuple[str, ...]:
        """The columns of the source that are read, each once."""
        return tuple(dict.fromkeys((*self.rows.columns, *self.wanted.keep)))

    @property
    def output(self) -> tuple[str, ...]:
        """The columns of the scored table, but for those that name model and run."""
        told = describe_columns(self.wanted, self.years, self.scorer.interval is not None)
        return tuple(name for name in told if name not in SOURCE_COLUMNS)

    @property
    def staged(self) -> tuple[str, ...]:
        """The columns of a finished batch: those of the scored table, and `MISSING`."""
        return (*self.output, MISSING)


def score_batch(rows: pd.DataFrame, rules: ScoringRules) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Scored patients and rejects: every row (index: its number) is in exactly one of the two.

    ``rows``: raw cells, text or typed, with at least ``rules.columns``. The scored table has the
    columns ``rules.staged`` and the row number as index; rejects are ``row``, ``patient_id``,
    ``column``, ``rule``. Repeated identifiers are not looked for: that needs all batches. Raises
    CohortError where the batch is a first one (`ScoringRules.for_first`) with a column that is
    wrong as a whole.
    """
    read = read_rows(rows, rules.rows)
    columns, scorer = read.columns, rules.scorer
    scored = _score(columns, rules)
    last = scored[f"risk_{rules.years[-1]:g}y"].to_numpy()
    scored.insert(0, IDENTIFIER, read.identifiers)
    categories = rules.wanted.categories
    steps = np.full(len(scored), -1)
    if categories.horizon == rules.years[-1]:
        steps = np.searchsorted(categories.thresholds, last, side="right")
    names = pd.CategoricalDtype(list(categories.names))
    scored["risk_category"] = pd.Categorical.from_codes(steps, dtype=names)
    filled_in = np.isnan(columns.derived(agatston)) & rules.uses_calcium
    scored["imputed_cac"] = filled_in.astype(np.int64)
    if rules.wanted.comparison is not None:
        scored["reference_disagrees"] = _compare(columns, last, rules)
    scored[FINGERPRINT] = fingerprint(columns.covariates, scorer.dictionary, add_numbers)
    scored[MISSING] = scorer.ranges.name_missing(columns)
    for name in rules.wanted.keep:
        scored[name] = as_text(rows.loc[scored.index, name])
    if len(scored) + len(read.rejects) != len(rows):
        raise AssertionError(
            f"{len(rows)} rows read, {len(scored)} scored and {len(read.rejects)} rejected"
        )
    return scored[list(rules.staged)], read.rejects


def _score(columns: Columns, rules: ScoringRules) -> pd.DataFrame:
    wanted = rules.wanted
    scored, reasons = rules.scorer.score_checked(columns, rules.years, wanted.reasons)
    for rank, reason in enumerate(reasons, start=1):
        if wanted.points == "column":
            scored[f"reason_{rank}"] = reason.name()
            scored[f"reason_{rank}_points"] = np.where(reason.points == 0, np.nan, reason.points)
        else:
            scored[f"reason_{rank}"] = reason.tell()
    return scored


def _find_reference(comparison: Comparison | None, year: float) -> ReferenceScore | None:
    from models.reference_scores.registry import REFERENCE_SCORES

    if comparison is None:
        return None
    if comparison.score not in REFERENCE_SCORES:
        known = ", ".join(REFERENCE_SCORES)
        raise ConfigError(f"score.comparison: no score is called '{comparison.score}': {known}")
    score = REFERENCE_SCORES[comparison.score]
    return score if year in score.publication.horizons else None


def _compare(columns: Columns, risk: FloatArray, rules: ScoringRules) -> pd.arrays.IntegerArray:
    """1 where risk and published score are far apart, 0 where not, missing where not computable."""
    apart, unknown = np.zeros(len(risk), np.int8), np.ones(len(risk), np.bool_)
    if rules.reference is not None and rules.wanted.comparison is not None and len(risk):
        published = rules.reference.predict_risk(columns, [rules.years[-1]])[:, 0]
        with np.errstate(invalid="ignore", divide="ignore"):
            differs = np.abs(np.log(risk / published)) >= np.log(rules.wanted.comparison.ratio)
        apart, unknown = differs.astype(np.int8), np.isnan(published)
    return pd.arrays.IntegerArray(apart, unknown)
