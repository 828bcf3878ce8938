"""What is known of a feature's log hazard ratio before any patient of a cohort is seen."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, NamedTuple

ON_CALCIUM = ("growth", "onset")
_OTHER_DEATHS = 0.5  # of events, where any death is one


class Belief(NamedTuple):
    """A normal distribution of a log hazard ratio per unit of a feature."""

    mean: float
    width: float


@dataclass(frozen=True)
class Prior:
    """What is published of one feature, per unit of it; None where nothing is.

    ``event``: its log hazard ratio for the event; ``given_calcium``: the same among patients whose
    calcium score the model knows, ``event`` where None; ``recurrent``: among patients with known
    disease, as among others where None; ``death``: for death from another cause.
    ``growth`` and ``onset``: its effect on the log of how fast calcium grows, and on the log hazard
    of first calcium. ``fixed``: no effect on events is established, so that the width of ``event``
    holds whatever a cohort seems to say. ``source``: where the means were published. ``spread``:
    standard deviation of the feature among those whom it is unknown of, where no patient of a
    cohort can say; 0 where nothing is published.
    """

    event: Belief | None = None
    given_calcium: Belief | None = None
    recurrent: Belief | None = None
    death: Belief | None = None
    growth: Belief | None = None
    onset: Belief | None = None
    fixed: bool = False
    source: str = ""
    spread: float = 0.0

    def of(
        self, cause: str, knows_calcium: bool, known_disease: float = 0.0, any_death: bool = False
    ) -> Belief | None:
        """The belief about ``cause``: "event", "competing", or of calcium "growth" or "onset".

        ``known_disease``: share of the patients with it. One effect of all lies between those of
        either group: mean and variance are those of the mixture. So it is between the event and
        other deaths where any death is an event: a third of all deaths are cardiovascular (Roth GA
        et al. J Am Coll Cardiol 2020;76:2982-3021), more where the arteries are ill.
        """
        if cause in ON_CALCIUM:
            return self.growth if cause == "growth" else self.onset
        if self.fixed:
            return self.event
        if cause != "event":
            return self.death
        first = self.given_calcium or self.event if knows_calcium else self.event
        event = _mix(first, self.recurrent, known_disease)
        return _mix(event, self.death, _OTHER_DEATHS) if any_death else event


def _mix(first: Belief | None, second: Belief | None, share: float) -> Belief | None:
    """Mean and standard deviation of either belief, the second in this share; of one, that."""
    if first is None or second is None or not share:
        return first or (second if share else None)
    mean = (1.0 - share) * first.mean + share * second.mean
    within = (1.0 - share) * first.width**2 + share * second.width**2
    return Belief(mean, (within + share * (1.0 - share) * (first.mean - second.mean) ** 2) ** 0.5)


@dataclass(frozen=True)
class Sum:
    """Features that describe one thing: of the sum of their effects more is known than of each.

    ``features``: name -> by how much the feature rises where the thing rises by one unit.
    """

    features: Mapping[str, float]
    prior: Prior


@dataclass(frozen=True)
class Modifier:
    """A feature on which the effect of another depends.

    ``prior``: by how much the log hazard ratio of ``feature`` changes per unit of ``by``.
    """

    feature: str
    by: str
    prior: Prior


@dataclass(frozen=True)
class Priors:
    """What is known of all features, by name, of sums of them, and of what modifies effects.

    ``known_disease``: share of the patients with it, whose next event is not their first; None
    where nobody has said, so that the features of the patients have to tell.
    ``any_death``: whether dying of anything is an event.
    """

    by_feature: Mapping[str, Prior] = field(default_factory=dict)
    sums: tuple[Sum, ...] = ()
    modifiers: tuple[Modifier, ...] = ()
    known_disease: float | None = None
    any_death: bool = False

    def among(self, known_disease: float, any_death: bool = False) -> Priors:
        """The same of patients of whom this share has known disease, and of such an event."""
        return replace(self, known_disease=known_disease, any_death=any_death)

    def of(self, feature: str, cause: str, knows_calcium: bool) -> Belief | None:
        """The belief about one feature's effect on ``cause``; None where there is none."""
        prior = self.by_feature.get(feature)
        return None if prior is None else self._about(prior, cause, knows_calcium)

    def change_of(self, feature: str, by: str, cause: str, knows_calcium: bool) -> Belief | None:
        """By how much one feature's effect on ``cause`` changes per unit of another."""
        for one in self.modifiers:
            if (one.feature, one.by) == (feature, by):
                return self._about(one.prior, cause, knows_calcium)
        return None

    def of_sum(self, group: Sum, cause: str, knows_calcium: bool) -> Belief | None:
        """The belief about the sum of several features' effects on ``cause``."""
        return self._about(group.prior, cause, knows_calcium)

    def _about(self, prior: Prior, cause: str, knows_calcium: bool) -> Belief | None:
        return prior.of(cause, knows_calcium, self.known_disease or 0.0, self.any_death)

    def open_variance(self, feature: str, knows_calcium: bool) -> float:
        """Variance of the event's log hazard where the feature is unknown of all patients."""
        prior, belief = self.by_feature.get(feature), self.of(feature, "event", knows_calcium)
        if prior is None or belief is None:
            return 0.0
        return prior.spread**2 * (belief.mean**2 + belief.width**2)

    def is_published(self, feature: str) -> bool:
        """Whether an effect of the feature on the event, other than none, is published."""
        prior = self.by_feature.get(feature, Prior())
        beliefs = [prior.event, prior.given_calcium, prior.recurrent]
        beliefs += [prior.death] if self.any_death else []
        return any(one is not None and one.mean != 0 for one in beliefs)

    def is_of_recurrence(self, feature: str, cause: str) -> bool:
        """Whether the belief holds what is published of recurrent events, none included."""
        prior = self.by_feature.get(feature, Prior())
        return cause == "event" and bool(self.known_disease) and prior.recurrent is not None

    def is_fixed(self, feature: str, cause: str = "event") -> bool:
        """Whether no effect of the feature on events is established; growth is another cause."""
        prior = self.by_feature.get(feature)
        return prior is not None and prior.fixed and cause not in ON_CALCIUM


_BELIEFS = ("event", "given_calcium", "recurrent", "death")
_OTHERS = ("none", "source", "spread", "growth_source")


def read_prior(entry: Any) -> Prior:
    """A prior from its piece of YAML; ValueError says in a few words what is wrong with it."""
    if not isinstance(entry, Mapping) or not entry:
        raise ValueError(
            "must map 'event', 'given_calcium', 'recurrent', 'death' or 'none' to numbers"
        )
    for key in entry:
        if key not in (*_BELIEFS, *ON_CALCIUM, *_OTHERS):
            raise ValueError(f"does not know {key!r}")
    growth, onset = (_belief(entry[key]) if key in entry else None for key in ON_CALCIUM)
    if any(one and one.mean for one in (growth, onset)) and not _source(entry, "growth_source"):
        raise ValueError("needs a 'growth_source' where a mean is not 0")
    if "none" in entry:
        if set(entry) - {"none", *ON_CALCIUM, "source", "growth_source"}:
            raise ValueError("holds 'none' beside what would be an effect")
        nothing = Belief(0.0, _width(entry["none"]))
        return Prior(nothing, growth=growth, onset=onset, fixed=True, source=_source(entry))
    told = {key: _belief(entry[key]) for key in _BELIEFS if key in entry}
    source = _source(entry)
    if not source and any(belief.mean for belief in told.values()):
        raise ValueError("needs a 'source' where a mean is not 0")
    spread = _width(entry["spread"]) if "spread" in entry else 0.0
    event, given, recurrent, death = (told.get(key) for key in _BELIEFS)
    return Prior(event, given, recurrent, death, growth, onset, source=source, spread=spread)


def _belief(value: Any) -> Belief:
    if not isinstance(value, list | tuple) or len(value) != 2:
        raise ValueError("must give [mean, width]")
    return Belief(_number(value[0]), _width(value[1]))


def _width(value: Any) -> float:
    if _number(value) <= 0:
        raise ValueError("must have a width above 0")
    return float(value)


def _number(value: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise ValueError("must hold numbers")
    return float(value)


def _source(entry: Mapping[str, Any], key: str = "source") -> str:
    source = entry.get(key, "")
    if not isinstance(source, str):
        raise ValueError(f"must give its {key!r} as a text")
    return source
