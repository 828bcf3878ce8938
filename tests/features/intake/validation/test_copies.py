from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from features.cohort_map.own_variables import read_own_variables
from features.dictionary.dictionary import Dictionary
from features.intake.validation.copies import FEWEST, check_copies
from features.intake.validation.findings import Findings

NUMBER = {"unit": "1", "range": ["-1000", "1000"]}
OWN = {
    "pressure_kpa": {"label": "Pressure (kPa)", **NUMBER},
    "protein": {"label": "Protein", **NUMBER},
    "protein_again": {"label": "Protein, second kit", **NUMBER},
    "still": {"label": "Always the same", **NUMBER},
}


def _told(covariates: pd.DataFrame) -> list[str]:
    findings = Findings()
    known = Dictionary.load().extended(read_own_variables("clinic.yaml", OWN))
    check_copies(covariates, known, findings)
    return [f"{one.column} {one.rule} ({one.rows})" for one in findings.warnings]


@pytest.fixture
def covariates() -> pd.DataFrame:
    draws = np.random.default_rng(3)
    pressure, protein = draws.normal(135, 17, 300), draws.normal(size=300)
    return pd.DataFrame(
        {
            "protein_again": np.where(draws.random(300) < 0.2, np.nan, -3.0 * protein),
            "pressure_kpa": (pressure * 0.133322).round(2),
            "systolic_bp": pressure,
            "diastolic_bp": pressure * 0.6,  # the dictionary's own are not compared
            "protein": protein,
            "still": 7.0,
            "hscrp": np.nan,
        }
    )


def test_a_copy_is_told_whatever_its_unit_and_sign(covariates: pd.DataFrame) -> None:
    n = covariates["protein_again"].notna().sum()
    assert _told(covariates) == [
        "pressure_kpa tells what systolic_bp tells (300)",
        f"protein tells what protein_again tells ({n})",
    ]


def test_two_measurements_of_one_thing_are_no_copies(covariates: pd.DataFrame) -> None:
    noise = np.random.default_rng(4).normal(0, 0.2, (2, 300))  # a reliability of .96
    once, twice = (covariates["protein"] + one for one in noise)
    assert not _told(pd.DataFrame({"protein": once, "protein_again": twice}))


def test_of_few_patients_nothing_is_told(covariates: pd.DataFrame) -> None:
    assert not _told(covariates[["pressure_kpa", "systolic_bp"]].head(FEWEST - 1))
