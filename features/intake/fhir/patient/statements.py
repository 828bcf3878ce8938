"""What the record says of each yes-or-no variable: yes, no, or nothing that decides."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from features.intake.fhir.elements.facts import Fact, FactKind
from features.intake.fhir.patient.index_rules import IndexRules
from features.intake.fhir.store.fact_store import Record


@dataclass(frozen=True)
class Statements:
    """Of one list (conditions or medicines) of a patient on the index date.

    ``yes``: the facts that hold. ``begun``: those that had begun. ``doubted``: variables, or whole
    lists, that something leaves open. ``denied``: variables or lists of which the record says that
    there are none. ``listed``: the patient has such a list, and it is whole.
    """

    yes: tuple[Fact, ...]
    begun: tuple[Fact, ...]
    doubted: frozenset[str]
    denied: frozenset[str]
    listed: bool

    def deny(self, variable: str, lists: Iterable[str], doubting: Iterable[str]) -> bool:
        """Whether the variable is surely no.

        Either one of ``lists`` is whole and everything on it is understood, or the record says
        that there is none. ``doubting``: the lists whose unknown entries may be this variable.
        """
        if variable in self.doubted or self.doubted & set(doubting):
            return False
        return self.listed or bool(self.denied & {variable, *lists})


def read_statements(
    record: Record, kind: FactKind, whole: str, rules: IndexRules, day: int
) -> Statements:
    """What holds on ``day``; ``kind``: history or drug; ``whole``: the list it stands on."""
    begun = [one for one in record.facts if one.kind == kind and rules.had_begun(one.first, day)]
    # what is dated too vaguely to be a yes is no evidence of a no either
    vague = [one for one in record.facts if one.kind == kind and one not in begun]
    doubts = vague + [one for one in record.facts if one.kind == "doubt"]
    denials = [one for one in record.facts if one.kind == "denial" and one.last >= day]
    entries = [one for one in record.facts if one.kind == "listed" and one.variable == whole]
    return Statements(
        tuple(one for one in begun if one.last >= day),
        tuple(begun),
        frozenset(
            one.variable for one in doubts if rules.may_have_begun(one, day) and one.last >= day
        ),
        frozenset(one.variable for one in denials if rules.had_begun(one.first, day)),
        rules.complete and any(rules.had_begun(one.first, day) for one in entries),
    )
