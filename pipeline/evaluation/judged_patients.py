"""Who was judged and who was not: one account for console, design.json, report and summary."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from features.disclosure import is_small, tell_count

if TYPE_CHECKING:
    from features.endpoint import Endpoint


def describe_judged(planned: Mapping[str, int], judged: Mapping[str, Endpoint]) -> dict[str, Any]:
    """For design.json: ``judged`` {evaluation: patients, of, events} and ``not_judged``, sentences.

    ``planned``: how many patients each evaluation was to judge. Where some are left out, events
    are told in tens, so that nothing of those few is had by subtraction.
    """
    sentences: list[str] = []
    accounts: dict[str, dict[str, Any]] = {}
    for name, endpoint in judged.items():
        left_out = planned[name] - len(endpoint)
        sentences += say_left_out(name, left_out, planned[name])
        events, competing = endpoint.n_events, endpoint.n_competing
        accounts[name] = {
            "patients": len(endpoint),
            "of": planned[name],
            "events": tell_count(events) if left_out else events,
            "competing_events": tell_count(competing) if left_out else competing,
        }
    return {"judged": accounts, "not_judged": sentences}


def say_left_out(evaluation: str, left_out: int, planned: int) -> tuple[str, ...]:
    """The sentence on patients from whose entry a horizon leads beyond what the model knows."""
    from pipeline.evaluation.evaluation_output import title_of

    if not left_out:
        return ()
    told = "Fewer than 10" if is_small(left_out) else f"About {tell_count(left_out)}"
    return (
        f"{told} of {planned:,} {title_of(evaluation)} are not judged: from their entry on, a "
        "horizon leads beyond the years, or ages, that the model knows.",
    )
