"""Target-like names, of the columns and of the file's columns they are read from."""

from __future__ import annotations

import re
from collections.abc import Iterator

from models.leakage.inspected_cohort import Subject
from models.leakage.leak import Leak
from models.leakage.limits import Limits

# Anywhere in the name; "prevent" and "eventually" name no event.
_ANYWHERE = re.compile(
    r"(?<!pr)event(?!ual)|outcome|endpoint|mortal|surviv|death|deceas|censor|"
    r"follow[\W_]*up|time[\W_]*to[\W_]|last[\W_]*(contact|visit|seen)|after[\W_]*(entry|baseline)|"
    r"post[\W_]*baseline|discharg|time(cvd|chd|mi|dth|ap|stroke|strk)|(cvd|chd|dth)t(ime|t)$"
)
# As a word of its own.
_WORDS = {
    *("dead", "died", "dod", "dth", "dx", "fu", "futime", "mace", "target", "label"),
    *("relapse", "incident", "exit", "exitus", "alive"),
}
# The past is known at entry.
_PAST = {"prior", "previous", "prev", "history", "hx", "family", "parent", "parental", "before"}
_REMEDY = "It is named like an outcome: list it under outcomes, or give the reason why it is none"


def check_names(subject: Subject, limits: Limits) -> Iterator[Leak]:
    """Columns named like outcomes, or read from a column of the file that is."""
    del limits
    for name in map(str, subject.columns):
        if sounds_like_outcome(name):
            yield Leak("name", name, "is named like an outcome", _REMEDY)
            continue
        for source in filter(sounds_like_outcome, subject.sources.get(name, ())):
            measured = f"is read from {source}, which is named like an outcome"
            yield Leak("name", name, measured, _REMEDY)


def sounds_like_outcome(name: str) -> bool:
    """Whether the name is one that outcomes have; not so if it speaks of the past."""
    apart = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name).casefold()
    words = set(re.split(r"[^a-z]+", apart))
    if words & _PAST:
        return False
    return bool(_ANYWHERE.search(apart) or _ANYWHERE.search(name.casefold()) or words & _WORDS)
