"""Where the training values lay, kept as quantiles so that no patient's value is kept."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pandas as pd

from features.derivation.catalogue import WORKED_OUT
from features.derivation.columns import Columns
from features.disclosure import SMALLEST_COUNT
from features.errors import ModelError
from models.storage.formats import read_json

Codes = npt.NDArray[np.int64]
Words = npt.NDArray[np.uint64]

LOW_QUANTILE, HIGH_QUANTILE = 0.005, 0.995
# With fewer recorded values the outer 0.5 % would be a single patient.
MINIMUM_RECORDED = 400
# An input that most training patients lack is none that a patient must have.
_PRESENT = 0.5
_NAMED = 3


@dataclass(frozen=True)
class InputRanges:
    """``limits``: variable -> its 0.5 and 99.5 % quantiles, or twice the yes or no that all share
    but fewer than ten; ``important``: inputs to be missed; ``levels``: of a category, those that
    ten or more have. Nothing is learnt of the others: they count as the usual one. ``variables``:
    those of the training file; None of a model of an earlier version.
    """

    limits: Mapping[str, tuple[float, float]]
    important: tuple[str, ...]
    levels: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    variables: tuple[str, ...] | None = None

    @classmethod
    def fit(cls, covariates: pd.DataFrame, important: Sequence[str] = ()) -> InputRanges:
        """Quantiles of every number with at least 400 recorded values, to 3 significant digits.

        Of a yes or no and of categories what is too rare to be learnt, where half of the patients
        or more have the variable recorded. ``important``: those to be missed where they are absent;
        by default every variable. Of them remain the ones that at least half of the patients have.
        """
        numbers, fewest = covariates.select_dtypes("number"), _PRESENT * len(covariates)
        limits, levels = {}, {}
        for name in numbers:
            recorded = numbers[name].dropna().to_numpy()
            if len(recorded) >= MINIMUM_RECORDED and len(np.unique(recorded)) > 2:
                low, high = np.quantile(recorded, [LOW_QUANTILE, HIGH_QUANTILE])
                limits[str(name)] = (_round_outwards(low, -1), _round_outwards(high, 1))
            elif len(recorded) >= max(SMALLEST_COUNT, fewest):
                # what nobody had, or all, such as the disease of a registry
                shared = max((0.0, 1.0), key=lambda one: int((recorded == one).sum()))
                if (recorded != shared).sum() < SMALLEST_COUNT:
                    limits[str(name)] = (shared, shared)
        for name in covariates.columns.difference(numbers.columns, sort=False):
            counts = covariates[name].value_counts()
            if counts.sum() >= fewest:
                known = counts.index[counts >= SMALLEST_COUNT]
                levels[str(name)] = tuple(sorted(map(str, known)))
        wanted = important or [str(name) for name in covariates]
        present = covariates.notna().mean()
        missed = tuple(name for name in wanted if present.get(name, 0.0) >= _PRESENT)
        variables = tuple(str(name) for name, share in present.items() if share > 0.0)
        return cls(limits, missed, levels, variables)

    @property
    def names(self) -> tuple[str, ...]:
        """The variables of which it is known where their training values lay."""
        return *self.limits, *self.levels

    def count_missing(self, covariates: pd.DataFrame | Columns) -> Codes:
        """How many important inputs each patient lacks (n,)."""
        lacking = np.zeros(len(covariates), np.int64)
        for name in self.important:
            lacking += _find_missing(covariates, name)
        return lacking

    def name_missing(self, covariates: pd.DataFrame | Columns) -> pd.Categorical[str]:
        """Names of the important inputs that each patient lacks (n,), "; " between them."""
        flags = [_find_missing(covariates, name) for name in self.important]
        codes, named = _name_all(_pack(flags, len(covariates)), self.important)
        return pd.Categorical.from_codes(codes, categories=pd.Index(named, dtype="str"))

    def tally_missing(self) -> MissingTally:
        """A count, batch after batch, of who lacks which important input."""
        return MissingTally(self)

    def name_outside(
        self, covariates: pd.DataFrame | Columns, labels: Mapping[str, str]
    ) -> pd.Series:
        """Labels of the inputs outside the training range, "; " between them, "" where none."""
        there = [name for name in self.names if name in covariates]
        flags = (self._find_outside(covariates, name) for name in there)
        words = _pack(flags, len(covariates))
        outside = np.flatnonzero(words.any(axis=0))
        codes, named = _name_all(words[:, outside], [labels[name] for name in there])
        which = np.full(len(covariates), len(named))
        which[outside] = codes
        index = covariates.covariates.index if isinstance(covariates, Columns) else covariates.index
        return pd.Series(pd.array([*named, ""], dtype="str").take(which), index=index)

    def _find_outside(self, covariates: pd.DataFrame | Columns, name: str) -> npt.NDArray[np.bool_]:
        if name in self.limits:
            (low, high), values = self.limits[name], np.asarray(covariates[name])
            return (values < low) | (values > high)
        frame = covariates.covariates if isinstance(covariates, Columns) else covariates
        column = frame[name]
        return (column.notna() & ~column.isin(self.levels[name])).to_numpy(np.bool_)

    def save(self, path: Path) -> None:
        """Write as JSON."""
        stored = {
            kind: {name: list(values) for name, values in each.items()}
            for kind, each in (("limits", self.limits), ("levels", self.levels))
        }
        names = {"important": self.important, "variables": self.variables}
        path.write_text(json.dumps({**stored, **names}, indent=1) + "\n", encoding="utf-8")

    @classmethod
    def load(cls, path: Path) -> InputRanges:
        """Read back what `save` wrote."""
        stored = read_json(path)
        limits = {name: (float(low), float(high)) for name, (low, high) in stored["limits"].items()}
        levels = {name: tuple(known) for name, known in stored.get("levels", {}).items()}
        important, variables = tuple(stored["important"]), stored.get("variables")
        told = [
            *important,
            *(variables or ()),
            *(one for known in levels.values() for one in known),
        ]
        if not all(isinstance(text, str) for text in told):
            raise ModelError(f"{path} names inputs or levels by something else than text")
        return cls(limits, important, levels, None if variables is None else tuple(variables))


@dataclass
class MissingTally:
    """Patients by which of the important inputs they lack, and by how many of them."""

    ranges: InputRanges
    by_input: Counter[str] = field(default_factory=Counter)
    by_number: Counter[int] = field(default_factory=Counter)

    def add(self, covariates: pd.DataFrame) -> None:
        """Count the patients of one batch."""
        named = self.ranges.name_missing(covariates)
        counts = np.bincount(named.codes, minlength=len(named.categories))
        self.add_named(dict(zip(named.categories, counts.tolist(), strict=True)))

    def add_named(self, counts: Mapping[str, int]) -> None:
        """Count patients by what `InputRanges.name_missing` says of them."""
        for named, count in counts.items():
            lacking = named.split("; ") if named else []
            self.by_number[len(lacking)] += count
            self.by_input.update(dict.fromkeys(lacking, count))

    def name_empty(self, given: Collection[str]) -> tuple[str, ...]:
        """Those of the variables ``given`` by the file, of the important ones, that all lack."""
        n = self.by_number.total()
        return tuple(
            name for name in self.ranges.important if name in given and self.by_input[name] == n > 0
        )

    def describe(self, labels: Mapping[str, str]) -> str:
        """In a sentence: what all lack, how many lack more than that, and most often what."""
        n = self.by_number.total()
        counts = {name: self.by_input[name] for name in self.ranges.important}
        absent = self.name_empty(counts)
        extra = {name: count for name, count in counts.items() if 0 < count < n}
        told = []
        if absent:
            told.append(f"all lack {'; '.join(labels[name] for name in absent)}")
        if extra:
            most = sorted(extra, key=lambda name: -extra[name])[:_NAMED]
            # Labels hold commas.
            named = "; ".join(f"{labels[name]} ({extra[name]:,})" for name in most)
            more = sum(count for number, count in self.by_number.items() if number > len(absent))
            others = "others" if absent else "some"
            told.append(f"{more:,} of {n:,} lack {others}, most often {named}")
        return ", and ".join(told) if told else "none is missing"


def _find_missing(covariates: pd.DataFrame | Columns, name: str) -> npt.NDArray[np.bool_]:
    if isinstance(covariates, Columns) and name in WORKED_OUT:
        return np.isnan(covariates.derived(WORKED_OUT[name]))
    if name not in covariates:
        return np.ones(len(covariates), np.bool_)
    if isinstance(covariates, Columns):
        return np.isnan(covariates[name])
    return covariates[name].isna().to_numpy(np.bool_)


def _pack(flags: Iterable[npt.NDArray[np.bool_]], n: int) -> Words:
    """Words (w, n) whose bits are the flags, each (n,), the first of them the lowest."""
    words = [np.zeros(n, np.uint64)]
    for position, flag in enumerate(flags):
        if position // 64 == len(words):
            words.append(np.zeros(n, np.uint64))
        words[-1][np.flatnonzero(flag)] |= np.uint64(1 << position % 64)
    return np.array(words)


def _name_all(words: Words, names: Sequence[str]) -> tuple[Codes, list[str]]:
    """The names of the bits set in each of the words (w, n), "; " between them: codes, texts."""
    codes = np.zeros(words.shape[1], np.int64)
    for word in words:
        # Each pass tells apart what the words before could not.
        part, distinct = pd.factorize(word)
        codes, _ = pd.factorize(codes * len(distinct) + part)
    _, first = np.unique(codes, return_index=True)
    bits = np.unpackbits(words[:, first].T.copy().view(np.uint8), axis=1, bitorder="little")
    of_text, places = np.nonzero(bits)
    ends = np.searchsorted(of_text, np.arange(len(first) + 1)).tolist()
    told = [names[place] for place in places.tolist()]
    return codes, ["; ".join(told[a:b]) for a, b in pairwise(ends)]


def _round_outwards(value: float, direction: int) -> float:
    """To 3 significant digits, away from the middle: down for direction -1, up for +1."""
    if value == 0:
        return 0.0
    step = 10.0 ** (np.floor(np.log10(abs(value))) - 2)
    towards = np.floor if direction < 0 else np.ceil
    return float(f"{towards(value / step) * step:.6g}")
