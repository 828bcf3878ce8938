"""What is missing from a patient's data, and what lies beyond what the model knows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import pandas as pd

from clinic.words.values import ValueWriter
from models.explanation.explanation import find_unknown
from models.scorer import Scorer


@dataclass(frozen=True)
class Quality:
    """What is known of a patient, among what the model learnt from.

    ``missing``: labels of important inputs; ``outside``: label, value, what training had of it;
    ``unlearnt``: labels of what is recorded and the model does not know.
    """

    n_recorded: int
    n_variables: int
    missing: tuple[str, ...]
    outside: tuple[tuple[str, str, str], ...]
    unlearnt: tuple[str, ...] = ()


def _says_something(value: object) -> bool:
    """Whether a value is there and neither no nor none: that somebody has nothing is no loss."""
    return value is not None and not pd.isna(value) and value not in (0, "none")  # type: ignore[call-overload]


def judge_quality(
    covariates: pd.DataFrame,
    features: pd.DataFrame,
    scorer: Scorer,
    writer: ValueWriter,
    beyond: Sequence[str],
) -> Quality:
    """The quality of one patient's data (1, variables) and the features derived from them.

    ``beyond``: the variables outside the range of training.
    """
    patient, dictionary, texts = covariates.iloc[0], writer.dictionary, writer.texts
    ranges, unlearnt = scorer.ranges, scorer.find_unlearnt(scorer.dictionary)
    recorded = {str(name) for name in covariates.columns[patient.notna().to_numpy()]}
    missing = [
        texts.label(dictionary[name])
        for name, unknown in find_unknown(ranges.important, covariates, features).items()
        if unknown[0]
    ]
    outside = []
    for name in beyond:
        low, high = ranges.limits[name]
        variable = dictionary[name]
        if low == high:
            span = texts("quality.shared", value=writer.say(name, low))
        else:
            unit, (start, end) = (
                texts.unit(variable.unit or ""),
                map(texts.write.number, (low, high)),
            )
            limits = texts("quality.range", low=start, high=end, unit=unit).strip()
            span = texts("quality.training", span=limits)
        outside.append((texts.label(variable), writer.say(name, patient[name]), span))
    return Quality(
        len(recorded.difference(unlearnt)),
        len(dictionary) - len(unlearnt),
        tuple(missing),
        tuple(outside),
        tuple(
            texts.label(dictionary[name]) for name in unlearnt if _says_something(patient.get(name))
        ),
    )
