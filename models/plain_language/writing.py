"""Turns a patient's numbers into a short text that needs no training to read."""

from __future__ import annotations

from dataclasses import dataclass
from math import floor

from features.derivation.calcium import read_score
from models.explanation.population import show_quantity
from models.plain_language.summary import Missing, PatientSummary, Reason
from models.plain_language.texts import Texts

_SHOWN_MISSING = 3
_NEAR = 0.15
_LARGE_COMPETING = 0.1
_HIGHEST_AGE = 100.0
_WORTH_SAYING = 0.5
_SMALLEST_POINTS = 0.05
SMALL_RISK = 0.01
"""Below it a risk is told of a thousand people."""


@dataclass(frozen=True)
class PlainText:
    """Paragraphs by topic: risk, comparison, reasons, competing, missing, outside, simulated."""

    paragraphs: tuple[tuple[str, str], ...]

    def __str__(self) -> str:
        return "\n\n".join(text for _, text in self.paragraphs)


def as_sentence(text: str) -> str:
    """The text with a full stop at its end, where it has none."""
    return text if text.endswith((".", "!", "?")) else f"{text}."


def write_plain_text(patient: PatientSummary, texts: Texts) -> PlainText:
    """The text of one patient; what is not known or not the case is left out."""
    paragraphs = [
        ("risk", _risk(patient, texts)),
        ("comparison", _comparison(patient, texts)),
        ("reasons", _reasons(patient, texts)),
        ("missing", _missing(patient, texts)),
    ]
    if patient.competing is not None and patient.competing >= _LARGE_COMPETING:
        years = texts.count("years", texts.numerals.general(patient.horizon))
        said = texts.say("competing", n=f"{100 * patient.competing:.0f}", years=years)
        paragraphs.insert(3, ("competing", said))
    if patient.outside:
        named = texts.join([texts.name(name) for name in patient.outside])
        paragraphs.append(("outside", texts.say("outside", list=named)))
    if patient.simulated:
        paragraphs.append(("simulated", texts.say("simulated")))
    return PlainText(tuple(paragraphs))


def percent(risk: float, texts: Texts) -> str:
    """A risk as percent: one decimal below 10 %, none above; never none where there is some."""
    value = 100 * risk
    shown = texts.numerals.fixed(value, 1 if value < 9.95 else 0)
    if 0 < value < _SMALLEST_POINTS:
        shown = f"<{texts.numerals.fixed(0.1, 1)}"
    return texts.say("risk.tenth", n=shown)


def _risk(patient: PatientSummary, texts: Texts) -> str:
    years = texts.count("years", texts.numerals.general(patient.horizon))
    risk = patient.risk
    values = {"years": years, "percent": percent(risk, texts)}
    event = "death" if patient.any_death else "risk"
    if risk < 0.0005:
        sentences = [texts.say(f"{event}.rare", years=years)]
    elif risk < SMALL_RISK:
        sentences = [texts.say(f"{event}.per_thousand", n=f"{1000 * risk:.0f}", **values)]
    elif risk < 0.995:
        sentences = [texts.say(f"{event}.per_hundred", n=f"{100 * risk:.0f}", **values)]
    else:
        sentences = [texts.say(f"{event}.nearly_all", years=years)]
    if patient.interval is not None:
        low, high = (percent(limit, texts) for limit in patient.interval)
        sentences.append(texts.say("interval", low=low, high=high))
    ratio = risk / max(patient.base_risk, 1e-12)
    where = "above" if ratio > 1 + _NEAR else "below" if ratio < 1 - _NEAR else "near"
    sentences.append(texts.say(f"average.{where}", base=percent(patient.base_risk, texts)))
    return " ".join(sentences)


def _comparison(patient: PatientSummary, texts: Texts) -> str:
    score, part = patient.calcium_score, patient.calcium_part
    if part is not None and part.earlier:
        return texts.say("calcium.earlier", score=f"{floor(part.least)}")
    if part is not None:
        return texts.say("calcium.part", score=f"{floor(part.least)}", known=str(part.known))
    if score is None:
        return texts.say("calcium.unknown")
    score = read_score(score)
    if score == 0:
        return texts.say("calcium.zero_but_seen" if patient.calcium_seen else "calcium.none")
    sentences = [texts.say("calcium.score", score=texts.numerals.score(score))]
    if patient.percentile is not None:
        below = floor(patient.percentile)
        key = "percentile_ethnicity" if patient.by_ethnicity else "percentile"
        if below < 1:
            sentences.append(texts.say("calcium.lowest"))
        else:
            sentences.append(texts.say(f"calcium.{key}", n=str(min(below, 99))))
    if patient.arterial_age is not None:
        age = patient.arterial_age
        if age > _HIGHEST_AGE:
            sentences.append(texts.say("calcium.arterial_age_highest"))
        else:
            sentences.append(texts.say("calcium.arterial_age", age=f"{age:.0f}"))
    return " ".join(sentences)


def _reasons(patient: PatientSummary, texts: Texts) -> str:
    if not patient.raises and not patient.lowers and not patient.unsure:
        return texts.say("reasons.none")
    sentences = []
    for key, reasons in (("raises", patient.raises), ("lowers", patient.lowers)):
        if reasons:
            named = texts.join([_reason(reason, texts) for reason in reasons])
            sentences.append(texts.say(f"reasons.{key}", list=named))
    if patient.unsure:
        named = texts.join([_reason(reason, texts) for reason in patient.unsure])
        sentences.append(texts.say("reasons.unsure", list=named))
    sentences += [texts.say("reasons.unit"), texts.say("association")]
    if patient.treated:
        named = texts.join([texts.name(name) for name in patient.treated])
        sentences.append(texts.say("treated", list=named))
    return " ".join(sentences)


def _reason(reason: Reason, texts: Texts) -> str:
    sign = "+" if reason.points > 0 else "−"
    points = texts.count("reasons.points", texts.numerals.fixed(abs(reason.points), 1), sign=sign)
    name, value = texts.name(reason.variable), _value(reason, texts)
    if reason.value == 0 and texts.variables[reason.variable].kind == "boolean":
        name = texts.say("reasons.without", name=name)
    if not value:
        return texts.say("reasons.reason", name=name, points=points)
    return texts.say("reasons.reason_of", name=name, value=value, points=points)


def _value(reason: Reason, texts: Texts) -> str:
    """The value in words; "" where the name says it all."""
    variable = texts.variables[reason.variable]
    if reason.value is None:
        return ""
    if isinstance(reason.value, str):
        return texts.texts[f"codes.{reason.value}"]
    if variable.unit == "years":
        years = variable.as_reported(reason.value)
        return texts.count("years", texts.numerals.number(years))
    if variable.kind == "boolean":
        return ""
    if variable.unit == "AU":
        return texts.numerals.localise(f"{floor(read_score(reason.value)):,}")
    number, _, unit = show_quantity(reason.value, variable).partition(" ")
    shown = texts.unit(variable.unit or "") if unit else ""
    return f"{texts.numerals.localise(number)} {shown}".rstrip()


def _missing(patient: PatientSummary, texts: Texts) -> str:
    missing = patient.missing
    if not missing.variables:
        known = texts.say("missing.all_known")
        return (
            _counted(missing, texts, "less_important")
            if abs(missing.counted) >= _WORTH_SAYING
            else known
        )
    names = list(dict.fromkeys(texts.name(name) for name in missing.variables))
    named = texts.join(names[:_SHOWN_MISSING])
    rest = len(names) - _SHOWN_MISSING
    if rest > 0:
        shown = texts.texts["join.between"].join(names[:_SHOWN_MISSING])
        named = texts.count("missing.more", str(rest), list=shown)
    sentences = [texts.say("missing.list", list=named)]
    if abs(missing.counted) >= _SMALLEST_POINTS:
        sentences.append(_counted(missing, texts))
    if missing.points is not None and missing.points < _SMALLEST_POINTS:
        sentences.append(texts.say("missing.matters_little"))
    elif missing.points is not None:
        points = texts.count("reasons.points", texts.numerals.fixed(missing.points, 1), sign="")
        sentences.append(texts.say("missing.matters", points=points))
    return " ".join(sentences)


def _counted(missing: Missing, texts: Texts, key: str = "counted") -> str:
    sign = "+" if missing.counted > 0 else "−"
    points = texts.count("reasons.points", texts.numerals.fixed(abs(missing.counted), 1), sign=sign)
    return texts.say(f"missing.{key}", points=points)
