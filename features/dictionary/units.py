"""Units: values into the canonical unit, and columns whose unit cannot be the declared one."""

from __future__ import annotations

import math
import unicodedata

import numpy as np
import numpy.typing as npt

from features.dictionary.variable import Variable
from features.errors import MapError

_FEW, _NEARLY_ALL = 0.5, 0.9
# Other spellings of the same sign, UCUM's (ucum.org) among them, each cell of "a/b/c" by itself.
_SIGNS = {
    "mcg": "ug",
    "mcmol": "umol",
    "mval": "meq",
    "mm[hg]": "mmhg",
    "mmhg": "mmhg",
    "[lb_av]": "lb",
    "lbs": "lb",
    "[in_i]": "in",
    "inch": "in",
    "inches": "in",
    "[iu]": "iu",
    "a": "years",
    "yr": "years",
    "yrs": "years",
    "year": "years",
    "mo": "months",
    "month": "months",
    "d": "day",
    "days": "day",
    "wk": "week",
    "weeks": "week",
    "hours": "h",
    "hour": "h",
    "minutes": "min",
    "minute": "min",
    "percent": "%",
    "bpm": "1/min",
    "{beats}/min": "1/min",
    "beats/min": "1/min",
    "/min": "1/min",
    "cm3": "ml",
    "cc": "ml",
    "[hnsf'u]": "hu",
    "[au]": "au",
    "agatston": "au",
    "agatstonunit": "au",
    "agatstonunits": "au",
    "agatstonscore": "au",
    "agatston'u": "au",
}
# How a clinician writes the dictionary's units.
_SHOWN = {
    "mm3": "mm³",
    "1/min": "bpm",
    "ug/day": "µg/day",
    "umol/L": "µmol/L",
    "ug/L": "µg/L",
    "um": "µm",
    "kg/m2": "kg/m²",
    "mL/min/1.73m2": "mL/min/1.73 m²",
    "mL/s/1.73m2": "mL/s/1.73 m²",
}
_NOT_SPELLING = str.maketrans({**dict.fromkeys("{}_^* "), "\u03bc": "u"})


def show_unit(unit: str) -> str:
    """A unit of the dictionary as a person reads it.

    >>> show_unit("mm3"), show_unit("1/min"), show_unit("mg/dL")
    ('mm³', 'bpm', 'mg/dL')
    """
    return _SHOWN.get(unit, unit)


def find_unit(spelling: str, variable: Variable) -> str | None:
    """The accepted unit of the variable that is meant, None where it is none of them.

    Upper and lower case, blanks, the micro sign (either of two, or ``mc``), superscripts and the
    spellings of UCUM make no difference: ``MMOL/L``, ``\u00b5mol/l``, ``mm[Hg]``, ``kg/m\u00b2``.
    """
    if spelling in variable.units:
        return spelling
    folded = _fold(spelling)
    return next((unit for unit in variable.units if _fold(unit) == folded), None)


def _fold(unit: str) -> str:
    text = unicodedata.normalize("NFKC", unit).casefold().strip()
    text = _SIGNS.get(text, text).translate(_NOT_SPELLING)
    text = _SIGNS.get(text, text)
    parts = text.split("/")
    # UCUM: "/d" is once a day
    return "/".join([_SIGNS.get(parts[0], parts[0]) or "1", *(_SIGNS.get(p, p) for p in parts[1:])])


def to_canonical(
    values: npt.ArrayLike, variable: Variable, unit: str | None
) -> npt.NDArray[np.float64]:
    """Values given in ``unit``, (n,), in the canonical unit of the variable; None: they are.

    Raises MapError where the variable does not accept the unit.
    """
    numbers = np.asarray(values, dtype=np.float64)
    if unit is None:
        return numbers
    found = find_unit(unit, variable)
    if found is None:
        accepted = ", ".join(variable.units) or "none"
        raise MapError(f"{variable.name}: unit {unit!r} is not accepted (accepted: {accepted})")
    conversion = variable.units[found]
    return conversion.factor * numbers + conversion.offset


def suspect_unit(
    values: npt.ArrayLike, variable: Variable, declared_unit: str | None
) -> str | None:
    """The unit that a column, (n,), must be in where the declared one cannot be right.

    Converts the finite values from every accepted unit and takes the share within the plausible
    range. The declared unit is suspect where fewer than half of the values are possible under
    it and at least nine tenths are possible under another; of several such units, the first in
    the order of the dictionary. Values that are possible under both units (kg and lb) cannot be
    told apart: the answer is None.
    """
    numbers = np.asarray(values, dtype=np.float64)
    numbers = numbers[np.isfinite(numbers)]
    declared = variable.unit if declared_unit is None else find_unit(declared_unit, variable)
    if not len(numbers) or declared is None:
        return None
    if _share_possible(numbers, variable, declared) >= _FEW:
        return None
    return next(
        (
            unit
            for unit in variable.units
            if unit != declared and _share_possible(numbers, variable, unit) >= _NEARLY_ALL
        ),
        None,
    )


def _share_possible(numbers: npt.NDArray[np.float64], variable: Variable, unit: str) -> float:
    low = -math.inf if variable.low is None else variable.low
    high = math.inf if variable.high is None else variable.high
    canonical = to_canonical(numbers, variable, unit)
    return float(np.mean((canonical >= low) & (canonical <= high)))
