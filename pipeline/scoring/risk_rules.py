"""How the risks of a batch are worked out."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

import numpy as np
import pandas as pd

from features.array_types import BoolArray, FloatArray
from features.cohort_map.cohort_map import CohortMap
from features.covariate_fingerprint import FINGERPRINT, Adder, fingerprint
from features.derivation.calcium import agatston
from features.derivation.catalogue import CATALOGUE
from features.derivation.columns import Columns
from features.errors import ConfigError, HorizonError, ModelError
from features.intake.lesions.lesion_join import PatientLesions
from features.intake.map_check import name_by_dictionary
from features.intake.rows import RowRules
from models.compiled.compiled_scorer import FEWEST, FEWEST_EXPLAINED, compile_adder, compile_scorer
from models.progression.two_scans.change import VANISHED, judge_change_alone
from models.reference_scores.reference_score import ReferenceScore
from models.scorer import Scorer, find_impossible
from models.storage.model_folder import About
from pipeline.scoring.batch import BatchRules, add_reasons, refuse_absent
from pipeline.scoring.columns import (
    MISSING,
    Comparison,
    Wanted,
    describe_columns,
)


@dataclass(frozen=True)
class ScoringRules(BatchRules):
    """How risks are worked out."""

    scorer: Scorer
    wanted: Wanted
    years: tuple[float, ...]
    reference: ReferenceScore | None = field(default=None, repr=False)
    add_numbers: Adder | None = field(default=None, repr=False)

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
        if scorer.about.any_death:
            # no published score is of death from any cause
            wanted = replace(wanted, comparison=None, categories=wanted.categories.of_death())
        years = scorer.about.horizons if wanted.horizons is None else wanted.horizons
        if not years:
            raise HorizonError("Give at least one horizon in years")
        scorer.refuse_horizons(years)
        if wanted.reasons and scorer.explainer is None:
            raise ModelError("This model was kept without its explainer: ask for 0 reasons")
        refuse_absent(wanted.keep, columns)
        if not wanted.intervals:
            scorer = replace(scorer, interval=None)
        chosen = cohort_map or name_by_dictionary(columns, scorer.dictionary, name)
        rules = RowRules.for_columns(columns, chosen, scorer.dictionary, decimal, lesions, name)
        reference = _find_reference(wanted.comparison, years[-1])
        return cls(rules, scorer, wanted, tuple(years), reference)

    @cached_property
    def uses_calcium(self) -> bool:
        """Whether the model was trained with calcium, so that an unknown score is filled in."""
        predictor = self.scorer.predictor
        used = {predictor.feature_names[place] for place in predictor.completion.used}
        own = {feature.name for feature in CATALOGUE if feature.variable == "cac_agatston"}
        return not used.isdisjoint(own)

    @property
    def about(self) -> About:
        """The model's own description."""
        return self.scorer.about

    @property
    def keep(self) -> tuple[str, ...]:
        """The columns of the source that are carried through."""
        return self.wanted.keep

    @cached_property
    def told(self) -> Mapping[str, dict[str, Any]]:
        """See `pipeline.scoring.columns.describe_columns`."""
        with_intervals = self.scorer.interval is not None
        return describe_columns(self.wanted, self.years, with_intervals, self.has_earlier_scans)

    @property
    def named(self) -> Collection[str]:
        """The columns that the output has, or may have, but for what is carried through."""
        return describe_columns(replace(self.wanted, keep=()), self.years, True, True)

    @property
    def counted(self) -> tuple[str, ...]:
        """The columns of the output that the tally counts."""
        risks = [f"risk_{year:g}y" for year in self.years]
        flags = (
            "risk_category",
            "outside_training",
            "imputed_cac",
            "reference_disagrees",
            VANISHED,
        )
        return tuple(name for name in (*risks, *flags, "reason_1") if name in self.told)

    def name_unlearnt(self, filled: Collection[str]) -> tuple[str, ...]:
        """Labels of variables of these columns that the model has learnt nothing of."""
        given = self.scorer.find_unlearnt(self.rows.variables_of(filled))
        return tuple(self.scorer.dictionary[name].label for name in given)

    def quicken(self, n_rows: float) -> ScoringRules:
        """The rules with compiled loops, where there are rows enough to repay loading them."""
        if n_rows < (FEWEST_EXPLAINED if self.wanted.reasons else FEWEST):
            return self
        scorer = compile_scorer(self.scorer, n_threads=1)
        return replace(self, scorer=scorer, add_numbers=compile_adder())

    def set_threads(self, n_threads: int) -> None:
        """Have the trees of the model take so many threads."""
        for cause in self.scorer.predictor.causes:
            cause.set_threads(n_threads)

    def fill(self, columns: Columns) -> pd.DataFrame:
        """Risks, reasons and flags; where the source tells of earlier scans, the change since."""
        scored, categories = self._score(columns), self.wanted.categories
        last = scored[f"risk_{self.years[-1]:g}y"].to_numpy()
        steps = np.full(len(scored), -1)
        if categories.horizon == self.years[-1] and not categories.withheld:
            steps = np.searchsorted(categories.thresholds, last, side="right")
        names = pd.CategoricalDtype(list(categories.names))
        scored["risk_category"] = pd.Categorical.from_codes(steps, dtype=names)
        filled_in = np.isnan(columns.derived(agatston)) & self.uses_calcium
        scored["imputed_cac"] = filled_in.astype(np.int64)
        if self.wanted.comparison is not None:
            scored["reference_disagrees"] = _compare(columns, last, self)
        if self.has_earlier_scans:
            scored = scored.assign(**judge_change_alone(columns))
        scored[FINGERPRINT] = fingerprint(columns, self.scorer.dictionary, self.add_numbers)
        scored[MISSING] = self.scorer.ranges.name_missing(columns)
        return scored

    def find_untold(self, scored: pd.DataFrame, columns: Columns) -> BoolArray:
        """Rows (n,) without a risk, or with one that is none; `score_batch` rejects them."""
        return find_impossible(scored, self.years)

    def _score(self, columns: Columns) -> pd.DataFrame:
        wanted = self.wanted
        scored, reasons = self.scorer.score_checked(columns, self.years, wanted.reasons)
        return add_reasons(scored, reasons, wanted.points)


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
