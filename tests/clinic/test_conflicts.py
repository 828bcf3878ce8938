"""What of a patient's entries does not fit together is pointed out, and not refused."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from clinic.patient.quality import find_conflicts
from clinic.site import Site
from clinic.words.texts import load_texts
from features.derivation.laboratory import ckd_epi_2021
from tests.clinic.test_calcium import _assess as assess

STAGES = {"g1": 95.0, "g2": 75.0, "g3a": 50.0, "g3b": 35.0, "g4": 20.0, "g5": 8.0}


@pytest.mark.parametrize("stage", STAGES)
def test_a_stage_may_be_the_neighbour_of_the_filtration_rate_and_no_further(stage: str) -> None:
    for other, rate in STAGES.items():
        apart = abs(list(STAGES).index(stage) - list(STAGES).index(other)) > 1
        assert ("checks.kidney" in find_conflicts({"ckd_stage": stage, "egfr": rate})) == apart


@pytest.mark.parametrize("stage", STAGES)
def test_dialysis_is_of_the_last_stages(stage: str) -> None:
    held = "checks.kidney" in find_conflicts({"ckd_stage": stage, "dialysis": 1.0})
    assert held == (stage not in ("g4", "g5"))
    assert ("checks.kidney" in find_conflicts({"egfr": STAGES[stage], "dialysis": 1.0})) == held
    assert not find_conflicts({"ckd_stage": stage, "dialysis": 0.0})


@pytest.mark.parametrize("sex", ["male", "female"])
@pytest.mark.parametrize("creatinine", [0.5, 0.9, 2.5, 8.0])
def test_a_filtration_rate_is_held_against_creatinine(sex: str, creatinine: float) -> None:
    of = {"age": 60.0, "sex": sex, "creatinine": creatinine}
    male = np.array([float(sex == "male")])
    rate = float(ckd_epi_2021(np.array([creatinine]), np.array([60.0]), male)[0])
    for times, held in ((0.45, True), (0.6, False), (1.0, False), (1.9, False), (2.1, True)):
        assert ("checks.creatinine" in find_conflicts({**of, "egfr": times * rate})) == held
    assert not find_conflicts({**of, "sex": None, "egfr": 3 * rate})


@pytest.mark.parametrize(
    ("values", "name"),
    [
        ({"albuminuria": "none", "uacr": 400.0}, "albuminuria"),
        ({"albuminuria": "macro", "uacr": 10.0}, "albuminuria"),
        (
            {"hdl_cholesterol": 190.0, "ldl_cholesterol": 100.0, "total_cholesterol": 200.0},
            "lipids",
        ),
    ],
)
def test_what_cannot_both_be_so_is_a_check_until_one_of_them_is_unknown(
    site: Site, values: dict[str, Any], name: str
) -> None:
    assert find_conflicts(values) == (f"checks.{name}",)
    for gap in values:
        assert find_conflicts({**values, gap: None}) == ()
        assert find_conflicts({**values, gap: float("nan")}) == ()
    for language in ("en", "de"):
        said = load_texts(language)(f"checks.{name}")
        assert said in assess(site.speaking(language), **values).overview.checks


def test_values_of_two_days_that_are_nearly_alike_are_no_conflict() -> None:
    for near in (
        {"albuminuria": "none", "uacr": 35.0},
        {"albuminuria": "micro", "uacr": 25.0},
        {"albuminuria": "macro", "uacr": 280.0},
        {"hdl_cholesterol": 60.0, "ldl_cholesterol": 95.0, "total_cholesterol": 150.0},
    ):
        assert find_conflicts(near) == ()
