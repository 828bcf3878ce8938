"""The gate against the champion: paired on the same held-out patients, else with both intervals."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from pipeline.promotion.evidence import Evidence, Figure
from pipeline.promotion.gate import MEASURE_AGAIN, Gate, not_measured


@dataclass(frozen=True)
class Rematch:
    """A figure of the challenger minus that of the champion, both measured on the same patients.

    ``difference`` is None where that was not possible; ``why`` then says why not. ``horizon``: NaN
    where the figure has none; ``events``: what the figure is counted by, events or scans.
    """

    difference: Figure | None
    horizon: float = math.nan
    n: int = 0
    events: int = 0
    why: str = ""


@dataclass(frozen=True)
class Compared:
    """The figures of challenger and champion, each on patients of its own; higher is better.

    ``remedy``: how to measure what is not measured.
    """

    horizon: float
    challenger: Figure
    champion: Figure
    remedy: str = MEASURE_AGAIN


@dataclass(frozen=True)
class Terms:
    """What is compared with the champion. ``loss``: how much worse it may be where paired.

    ``unpaired_loss``: where not; ``counted``: what `Rematch.events` are; ``read``: the figures
    that were logged, None where the two were measured at no horizon in common.
    """

    label: str
    loss: float
    unpaired_loss: float
    counted: str
    read: Callable[[Evidence, Evidence], Compared | None]


def judge_champion(
    challenger: Evidence, champion: Evidence | None, rematch: Rematch, terms: Terms
) -> tuple[Gate, ...]:
    """No worse than the champion, and no other thing; a demonstration never replaces patients.

    The last of the gates compares their figures. Those before it are there only where they fail.
    """
    if champion is None:
        return (Gate("champion", "any model may be the first", "there is none yet", True),)
    if champion.number == challenger.number:
        return (Gate("champion", "any", "it is the champion already", True),)
    if champion.simulated and not challenger.simulated:
        return (Gate("champion", "any", f"{champion.name} is a demonstration", True),)
    required = f"the cohort of {champion.name}: {champion.cohort}"
    if champion.cohort != challenger.cohort:
        # A simulated cohort never replaces patients, whoever asks for it.
        forceable = not challenger.simulated or champion.simulated
        remedy = "register models of another cohort under another register.model_name"
        found = challenger.cohort
        return (Gate("champion", required, found, False, remedy, may_be_forced=forceable),)
    if rematch.difference is not None:
        compared = _judge_paired(rematch, rematch.difference, champion, terms)
    else:
        compared = _judge_unpaired(challenger, champion, rematch.why, terms)
    return (*_judge_use(challenger, champion), compared)


def _judge_use(challenger: Evidence, champion: Evidence) -> Iterator[Gate]:
    """Gates that fail where whoever uses the champion would get another thing, or less, in place.

    Another endpoint, which no comparison of figures can see, and risks or forecasts that end before
    those of the champion.
    """
    one, other = challenger.endpoint, champion.endpoint
    if not (one and other) and challenger.any_death != champion.any_death:
        # no title tells them apart
        kinds = {True: "death from any cause", False: "another event"}
        one, other = kinds[challenger.any_death], kinds[champion.any_death]
    if one and other and one != other:
        remedy = "register models of another endpoint under another register.model_name"
        yield Gate(f"endpoint of {champion.name}", other, one, False, remedy)
    longest, before = max(challenger.horizons), max(champion.horizons)
    if longest < before:
        remedy = f"train for {before:g} years as well (horizons in params.yaml)"
        name, required = f"years ahead of {champion.name}", f"{before:g} or more"
        yield Gate(name, required, f"up to {longest:g}", False, remedy)


def _judge_paired(rematch: Rematch, difference: Figure, champion: Evidence, terms: Terms) -> Gate:
    found = (
        f"{difference.show('+.4f')}, paired: both scored on the {rematch.n} patients held out "
        f"from both, {rematch.events} {terms.counted}"
    )
    name = _name(terms, champion, rematch.horizon)
    passed = difference.estimate >= -terms.loss - 1e-12
    return Gate(name, f"at least -{terms.loss:g}", found, passed)


def _judge_unpaired(challenger: Evidence, champion: Evidence, why: str, terms: Terms) -> Gate:
    most, loss = terms.unpaired_loss, terms.loss
    required = f"at least -{most:g}, interval reaching -{loss:g}"
    compared = terms.read(challenger, champion)
    if compared is None:
        remedy = f"train for a horizon of {champion.name}"
        name = f"{terms.label} against champion"
        return Gate(name, required, "no horizon shared", False, remedy)
    name = _name(terms, champion, compared.horizon)
    figures = compared.challenger, compared.champion
    for one, figure in zip((challenger, champion), figures, strict=True):
        if not figure.is_measured:
            remedy = f"{one.name} has no {terms.label} with interval; {compared.remedy}"
            return not_measured(name, required, remedy)
    difference = subtract(*figures)
    passed = difference.estimate >= -most - 1e-12 and difference.upper >= -loss
    return Gate(name, required, f"{difference.show('+.4f')}, UNPAIRED: {why}", passed)


def _name(terms: Terms, champion: Evidence, horizon: float) -> str:
    at = "" if math.isnan(horizon) else f", {horizon:g} years"
    return f"{terms.label} against {champion.name}{at}"


def subtract(one: Figure, other: Figure) -> Figure:
    """The difference of two independent figures, its interval from both by normal theory."""
    spread = math.hypot(*(f.upper - f.lower for f in (one, other))) / 2
    difference = one.estimate - other.estimate
    return Figure(difference, difference - spread, difference + spread)
