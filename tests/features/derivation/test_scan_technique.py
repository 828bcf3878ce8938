"""What two scans that were not made alike say of a patient: their calcium, and no change of it."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from features.derivation.calcium_change import MORPHOLOGY_CHANGE, SCORE_CHANGE
from features.derivation.catalogue import CATALOGUE, derive_features
from features.dictionary.dictionary import Dictionary
from models.absent_columns import find_absent
from models.input_ranges import InputRanges
from tests.features.derivation.one_patient import features_of
from tests.features.derivation.test_catalogue import draw_cohort

CHANGES = [one.name for one in (*SCORE_CHANGE, *MORPHOLOGY_CHANGE)]
MADE_DIFFERENTLY: list[dict[str, float | str]] = [
    {"prior_scan_comparable": 0.0},
    {"tube_voltage": 100.0, "prior_tube_voltage": 120.0},
    {"slice_thickness": 1.5, "prior_slice_thickness": 3.0},
    {"scan_technique": "multidetector", "prior_scan_technique": "electron_beam"},
    {"ecg_gating": "none", "prior_ecg_gating": "prospective"},
]


@pytest.mark.parametrize("technique", MADE_DIFFERENTLY)
def test_of_scans_that_were_made_differently_no_change_is_a_feature(
    technique: dict[str, float | str],
) -> None:
    cohort = draw_cohort(60, missing=0.0)
    features = derive_features(cohort.assign(**technique))
    assert features[CHANGES].isna().all(axis=None)
    others = derive_features(cohort).columns.difference(CHANGES)
    pd.testing.assert_frame_equal(features[others], derive_features(cohort)[others])


def test_what_is_known_of_one_scan_alone_speaks_against_no_change() -> None:
    two = {"cac_agatston": 160.0, "prior_cac_agatston": 100.0, "prior_scan_years": 3.0}
    for name in ("tube_voltage", "prior_tube_voltage", "prior_scan_comparable"):
        found = features_of(**two, **{name: 120.0 if "voltage" in name else np.nan})
        pd.testing.assert_series_equal(found, features_of(**two))


def test_a_file_that_says_how_scans_were_made_lacks_no_feature_for_it() -> None:
    dictionary = Dictionary.load()
    names = [feature.name for feature in CATALOGUE]
    of_scans = {name for change in MADE_DIFFERENTLY for name in change}
    limits = {"tube_voltage": (100.0, 100.0), "prior_tube_voltage": (120.0, 120.0)}
    ranges = InputRanges(limits, ())
    without = find_absent(set(dictionary) - of_scans, dictionary, InputRanges({}, ()), names)
    assert find_absent(set(dictionary), dictionary, ranges, names) == without
