"""How much of a medicine is taken in a day."""

from __future__ import annotations

from features.intake.fhir.elements.json_elements import (
    Json,
    entries,
    mapping,
    number,
    status_codes,
    text,
)

_DAYS = {"h": 1 / 24, "d": 1.0, "wk": 7.0, "mo": 30.4375}
# HL7 v3 GTSAbbreviation: times a day.
_TIMES = {"QD": 1.0, "AM": 1.0, "PM": 1.0, "BED": 1.0, "BID": 2.0, "TID": 3.0, "QID": 4.0}
_TIMES |= {"QOD": 0.5, "Q4H": 6.0, "Q6H": 4.0, "Q8H": 3.0}
_TO_MG = {"mg": 1.0, "g": 1000.0, "ug": 0.001, "mcg": 0.001}


class Dosage:
    """The dosages of a statement or request: ``mg`` or ``units`` a day, None where not told.

    Several, such as one in the morning and one in the evening, add up; of those that follow one
    another (``sequence``) it is not known which holds. Where no amount is told, one unit is meant.
    """

    def __init__(self, resource: Json) -> None:
        listed = entries(resource.get("dosage")) or entries(resource.get("dosageInstruction"))
        by_mg, by_units = zip(*map(_read_one, listed or [{}]), strict=True)
        self.mg: float | None = None
        self.units: float | None = None
        if len({number(one.get("sequence")) for one in listed}) > 1:
            return
        if None not in by_mg:
            self.mg = sum(by_mg)
        elif None not in by_units:
            self.units = sum(by_units)

    def daily_mg(self, strength: float | None, alone: bool) -> float | None:
        """Milligrams of a statin a day; ``alone``: the medicine holds nothing else."""
        if self.mg is not None:
            return self.mg if alone else strength
        return None if strength is None or self.units is None else strength * self.units


def _read_one(dosage: Json) -> tuple[float | None, float | None]:
    """Milligrams or units a day."""
    rates = entries(dosage.get("doseAndRate"))
    # STU3 has no doseAndRate
    dose = mapping((rates[0] if rates else dosage).get("doseQuantity"))
    amount, times = number(dose.get("value")), _times_a_day(mapping(dosage.get("timing")))
    unit = (text(dose.get("code")) or text(dose.get("unit"))).lower()
    if amount is None or amount <= 0:
        return None, times
    return (amount * _TO_MG[unit] * times, None) if unit in _TO_MG else (None, amount * times)


def _times_a_day(timing: Json) -> float:
    repeat = mapping(timing.get("repeat"))
    frequency, period = number(repeat.get("frequency")), number(repeat.get("period"))
    days = _DAYS.get(text(repeat.get("periodUnit")))
    if period is not None and period > 0 and days is not None:
        return (frequency if frequency is not None and frequency > 0 else 1.0) / (period * days)
    known = [_TIMES[code] for code in status_codes(timing.get("code")) if code in _TIMES]
    return known[0] if known else 1.0
