"""What two rows would say of a change, if both are scans of one patient."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

from clinic.patient.growth.change import describe_change, first_screen_line
from clinic.words.values import ValueWriter
from features.derivation.calcium import agatston
from features.derivation.columns import Columns
from models.treatment_effects.conditions import recorded

_OF_THE_PERSON = ("sex", "ethnicity")
_OF_THE_SCAN = (
    *("cac_volume", "cac_volume_130_199"),
    *("scan_technique", "slice_thickness", "tube_voltage", "ecg_gating"),
)


def judge_two_dates(first: pd.DataFrame, second: pd.DataFrame, writer: ValueWriter) -> str:
    """The verdict in a sentence or two; ``first``, ``second``: covariates (1, variables).

    The scan at the lower age is the earlier one. "" where a score is not known, or sex or ethnicity
    say that they are two people.
    """
    texts, rows = writer.texts, [_known(one) for one in (first, second)]
    scores = [
        float(Columns.of(one, writer.dictionary).derived(agatston)[0]) for one in (first, second)
    ]
    if np.isnan(scores).any() or _are_two_people(*rows):
        return ""
    ages = [recorded(row, "age") for row in rows]
    if None in ages or ages[0] == ages[1]:
        return texts("comparison.no_order")
    before, after = sorted((0, 1), key=lambda place: float(ages[place]))
    earlier = {f"prior_{name}": rows[before].get(name) for name in _OF_THE_SCAN}
    patient = {
        **{name: value for name, value in rows[after].items() if not name.startswith("prior_")},
        **{name: value for name, value in earlier.items() if value is not None},
        "cac_agatston": scores[after],
        "prior_cac_agatston": scores[before],
    }
    change = describe_change(patient, pd.DataFrame([patient]), writer.dictionary, texts)
    return texts(
        "comparison.change",
        before=texts.write.whole(np.floor(float(ages[before]))),
        after=texts.write.whole(np.floor(float(ages[after]))),
        line=first_screen_line(change, patient, texts),
    )


def _known(covariates: pd.DataFrame) -> dict[str, Any]:
    row = {str(name): value for name, value in covariates.iloc[0].items()}
    return {name: value for name in row if (value := recorded(row, name)) is not None}


def _are_two_people(one: Mapping[str, Any], other: Mapping[str, Any]) -> bool:
    return any(
        name in one and name in other and one[name] != other[name] for name in _OF_THE_PERSON
    )
