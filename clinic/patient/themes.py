"""Contributions folded to what a clinician thinks of as one thing, parts and all."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

import pandas as pd

from clinic.words.texts import PageTexts
from features.derivation.catalogue import CATALOGUE, catalogue_of
from features.dictionary.dictionary import Dictionary
from models.explanation.explanation import OTHER_CAUSES_LABEL, Explanation, find_unknown
from models.margins import REACH
from models.scorer import Scorer
from models.treatment_effects.conditions import Condition, Rule, Several
from models.uncertainty.risk_interval import contribution_spread

OTHER, COMPETING = "other", "competing"
OWN = "own "  # before the name of a variable of the cohort's own: no theme is called so
_BY_GROUP = {
    "demographic": "age_sex",
    "calcium": "calcium",
    "morphology": "calcium",
    "history": "history",
    "lipids": "lipids",
}
_BY_VARIABLE = {
    **dict.fromkeys(("diabetes", "glucose", "hba1c", "insulin"), "diabetes"),
    **dict.fromkeys(("sglt2_inhibitor", "glp1_agonist"), "diabetes"),
    **dict.fromkeys(("albuminuria", "creatinine", "egfr", "uacr", "phosphate"), "kidney"),
    **dict.fromkeys(("ckd_stage", "dialysis", "phosphate_binder"), "kidney"),
    **dict.fromkeys(("systolic_bp", "diastolic_bp", "bp_treated"), "pressure"),
    **dict.fromkeys(("ras_inhibitor", "heart_rate"), "pressure"),
    **dict.fromkeys(("height", "weight", "bmi", "waist"), "weight"),
    **dict.fromkeys(("smoking_status", "pack_years"), "smoking"),
    **dict.fromkeys(("cigarettes_per_day", "years_since_quitting"), "smoking"),
    **dict.fromkeys(("statin_intensity", "statin_years", "lipid_lowering"), "lipids"),
    **dict.fromkeys(("ezetimibe", "pcsk9_inhibitor"), "lipids"),
    **dict.fromkeys(("bempedoic_acid", "icosapent_ethyl", "statin_adherence"), "lipids"),
    **dict.fromkeys(("prior_pci", "antiplatelet"), "history"),
    **dict.fromkeys(("ejection_fraction", "ntprobnp"), "pump"),
}


def _yes(name: str) -> Rule:
    return Rule(name, values=(1.0,))


# What is known to raise risk: a theme that lowers it here shares its credit with something else.
_RAISING: Mapping[str, Condition] = {
    "smoking": Rule("smoking_status", values=("current",)),
    "diabetes": Several("any", (_yes("diabetes"), Rule("hba1c", at_least=6.5))),
    "lipids": Several(
        "all",
        (Rule("ldl_cholesterol", at_least=160.0), Rule("statin_intensity", values=("none",))),
    ),
    "kidney": Several("any", (Rule("uacr", at_least=30.0), Rule("egfr", below=60.0))),
    "pressure": Rule("systolic_bp", at_least=140.0),
    "history": Several(
        "any",
        tuple(map(_yes, ("prior_cad", "heart_failure", "atrial_fibrillation", "family_history"))),
    ),
    "pump": Rule("ejection_fraction", below=40.0),
}


@dataclass(frozen=True)
class Theme:
    """What one thing contributes, percentage points.

    ``estimated``: most of it comes from values that were filled in. ``contrary``: it lowers the
    risk though it is known to raise it. ``limits``: 90 % interval of the contribution, where known.
    ``known``: what of the points comes from values that are known.
    """

    name: str
    label: str
    points: float
    estimated: bool = False
    contrary: bool = False
    limits: tuple[float, float] | None = None
    known: float = 0.0

    @property
    def is_reason(self) -> bool:
        """Whether it may be named in words: something of this patient that is mostly known.

        And of which it is known whether it raises or lowers the risk.
        """
        return self.name != COMPETING and not self.estimated and self.is_certain

    @property
    def is_certain(self) -> bool:
        """Whether its interval, where there is one, does not hold 0."""
        return self.limits is None or not self.limits[0] <= 0 <= self.limits[1]


def theme_of(variable: str, dictionary: Dictionary) -> str:
    """The theme of a variable; what is none of the dictionary is the competing event.

    What a cohort alone records is a thing of its own, of which only its label says what it is.
    """
    if variable not in dictionary:
        return COMPETING
    if dictionary[variable].own:
        return f"{OWN}{variable}"
    if variable in _BY_VARIABLE:
        return _BY_VARIABLE[variable]
    return _BY_GROUP.get(dictionary[variable].group, OTHER)


def explain_themes(
    scorer: Scorer,
    explanation: Explanation,
    covariates: pd.DataFrame,
    features: pd.DataFrame,
    patient: Mapping[str, Any],
    texts: PageTexts,
) -> tuple[Theme, ...]:
    """The themes of one patient's risk (1, variables), and what dying of something else takes."""
    dictionary = scorer.dictionary
    points = 100 * explanation.by_variable(CATALOGUE).iloc[0]
    names = [str(name) for name in points.index if name in dictionary]
    found = find_unknown(names, covariates, features)
    reach: dict[str, float] = {}
    if scorer.interval is not None and scorer.explainer is not None:
        owners = {one.name: theme_of(one.variable, dictionary) for one in catalogue_of(dictionary)}
        spread = contribution_spread(
            scorer.interval, scorer.explainer, features, explanation.worth, owners
        )
        reach = {str(name): 100 * REACH * float(each) for name, each in spread.iloc[0].items()}
    if abs(other := 100 * float(explanation.other[0])) > 0:
        points[OTHER_CAUSES_LABEL] = other
    unknown = {name: bool(flags[0]) for name, flags in found.items()}
    return fold_themes(points, unknown, patient, dictionary, texts, reach)


def fold_themes(
    points: pd.Series,
    unknown: Mapping[str, bool],
    patient: Mapping[str, Any],
    dictionary: Dictionary,
    texts: PageTexts,
    reach: Mapping[str, float] = MappingProxyType({}),
) -> tuple[Theme, ...]:
    """Themes by size, the competing event last; they sum to what the variables sum to.

    ``points``: contribution by variable; ``unknown``: which were filled in; ``reach``: by theme,
    how far the 90 % interval of its sum reaches to either side.
    """
    sums: dict[str, float] = {}
    filled: dict[str, float] = {}
    whole: dict[str, float] = {}
    known: dict[str, float] = {}
    for variable, value in points.items():
        theme = theme_of(str(variable), dictionary)
        sums[theme] = sums.get(theme, 0.0) + float(value)
        whole[theme] = whole.get(theme, 0.0) + abs(float(value))
        if unknown.get(str(variable), False):
            filled[theme] = filled.get(theme, 0.0) + abs(float(value))
        else:
            known[theme] = known.get(theme, 0.0) + float(value)
    themes = [
        Theme(
            name,
            texts.label(dictionary[name.removeprefix(OWN)])
            if name.startswith(OWN)
            else texts(f"themes.{name}"),
            value,
            filled.get(name, 0.0) > 0.5 * whole[name],
            _is_contrary(name, value, patient),
            (value - reach[name], value + reach[name]) if name in reach else None,
            known.get(name, 0.0),
        )
        for name, value in sums.items()
    ]
    return tuple(sorted(themes, key=lambda t: (t.name == COMPETING, -abs(t.points))))


def _is_contrary(name: str, points: float, patient: Mapping[str, Any]) -> bool:
    rule = _RAISING.get(name)
    return points < -0.05 and rule is not None and rule.holds(patient) is True
