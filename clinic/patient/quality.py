"""What is missing from a patient's data, and what lies beyond what the model knows."""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd

from clinic.wording import ValueWriter, number
from models.explanation.reasons import find_unknown
from models.input_ranges import InputRanges


@dataclass(frozen=True)
class Quality:
    """``missing``: labels of important inputs; ``outside``: label, value, range of training."""

    n_recorded: int
    n_variables: int
    missing: tuple[str, ...]
    outside: tuple[tuple[str, str, str], ...]


def judge_quality(
    covariates: pd.DataFrame,
    features: pd.DataFrame,
    ranges: InputRanges,
    writer: ValueWriter,
) -> Quality:
    """The quality of one patient's data (1, variables) and the features derived from them."""
    patient, dictionary, texts = covariates.iloc[0], writer.dictionary, writer.texts
    recorded = {str(name) for name in covariates.columns[patient.notna().to_numpy()]}
    missing = [
        dictionary[name].label
        for name, unknown in find_unknown(ranges.important, covariates, features).items()
        if unknown[0]
    ]
    named = ranges.name_outside(covariates, {name: name for name in ranges.limits}).iloc[0]
    outside = []
    for name in str(named).split("; ") if named else ():
        low, high = ranges.limits[name]
        variable = dictionary[name]
        span = texts("quality.range", low=number(low), high=number(high), unit=variable.unit or "")
        outside.append((variable.label, writer.say(name, patient[name]), span.strip()))
    return Quality(len(recorded), len(dictionary), tuple(missing), tuple(outside))
