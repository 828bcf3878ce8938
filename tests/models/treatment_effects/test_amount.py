from __future__ import annotations

import pytest

from features.derivation.lipids import STATIN_LOWERING
from features.errors import ModelError
from models.treatment_effects.amount import STATIN_SHARES, Amount
from models.treatment_effects.effects import TreatmentEffects

EFFECTS = TreatmentEffects.load()
STATIN = EFFECTS["statin_high"].amount
PRESSURE = EFFECTS["bp_lowering"].amount


def test_a_first_statin_takes_half_of_the_ldl() -> None:
    patient = {"ldl_cholesterol": 160.0, "statin_intensity": "none"}
    assert STATIN.change(patient) == pytest.approx(160 * 0.5)
    assert STATIN.units(patient) == pytest.approx(160 * 0.5 / 38.67)


def test_a_stronger_statin_takes_only_what_the_present_one_left() -> None:
    patient = {"ldl_cholesterol": 112.0, "statin_intensity": "moderate"}
    untreated = 112 / (1 - 0.40)
    assert STATIN.change(patient) == pytest.approx(112 - untreated * (1 - 0.50))
    # a sixth, as the features have it
    assert STATIN.change(patient) == pytest.approx(112 / 6)


def test_what_a_statin_takes_is_the_table_of_the_features() -> None:
    for intensity, share in zip(("none", "low", "moderate", "high"), STATIN_LOWERING, strict=True):
        assert STATIN_SHARES[intensity] == share


def test_pressure_falls_by_10_unless_asked_otherwise_and_not_below_120() -> None:
    assert PRESSURE.change({"systolic_bp": 150.0}) == 10
    assert PRESSURE.change({"systolic_bp": 150.0}, 15) == 15
    assert PRESSURE.change({"systolic_bp": 190.0}, 60) == 20
    assert PRESSURE.change({"systolic_bp": 134.0}, 20) == 134 - 120
    assert PRESSURE.change({"systolic_bp": 110.0}) == 0


def test_activity_rises_to_the_guideline() -> None:
    activity = EFFECTS["physical_activity"].amount
    assert activity.units({"activity_minutes": 60.0}) == pytest.approx((150 - 60) / 150)
    assert activity.units({"activity_minutes": 60.0}, 45) == pytest.approx(45 / 150)
    assert activity.units({"activity_minutes": 300.0}) == 0


def test_without_the_variable_there_is_no_amount() -> None:
    assert STATIN.units({"ldl_cholesterol": float("nan"), "statin_intensity": "none"}) is None
    assert STATIN.units({"ldl_cholesterol": 150.0}) is None  # it may be treated LDL
    assert Amount().units({}) == 1


@pytest.mark.parametrize(("amount", "asked"), [(Amount(), 1.0), (PRESSURE, 0.0), (PRESSURE, -5.0)])
def test_a_senseless_amount_is_refused(amount: Amount, asked: float) -> None:
    with pytest.raises(ModelError, match="amount"):
        amount.change({"systolic_bp": 150.0}, asked)
