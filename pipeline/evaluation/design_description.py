"""How patients were held out, weighted and drawn again: what design.json says of an evaluation."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from features.endpoint import Endpoint
    from pipeline.settings.params import Params


def describe_design(params: Params, n_held_out: int) -> dict[str, Any]:
    """How the held-out patients were chosen, for design.json."""
    return {"held_out_by": params.train.split.design, "held_out_patients": n_held_out}


_SPLIT = (
    "Held-out patients and folds are dealt by patient: those of one cluster stand on both sides, "
    "so that performance in clusters that the model has not seen may be lower. Name the clusters "
    "as 'site' and validate by site (evaluate.design: site) to see it."
)


def say_of_clusters(endpoint: Endpoint, design: str) -> tuple[str, ...]:
    """What clusters take from the figures of an evaluation of this ``design`` of params.yaml."""
    survey = endpoint.survey
    if survey is None or survey.n_clusters in (None, len(endpoint)):
        return ()
    few = survey.find_few_clusters()
    return (*((few,) if few else ()), *((_SPLIT,) if design == "random" else ()))


def describe_sample(endpoint: Endpoint) -> dict[str, Any]:
    """What weights and delayed entry make of the figures, for design.json; empty without them."""
    about: dict[str, Any] = {}
    if endpoint.survey is not None:
        survey = endpoint.survey
        drawn = "patients" if survey.cluster is None else "clusters"
        if survey.is_weighted:
            about["weighted_to"] = float(endpoint.weight.sum())
        if few := survey.find_few_clusters():
            about["few_clusters"] = few
        about["resampled"] = drawn if survey.stratum is None else f"{drawn} within strata"
    if endpoint.is_delayed:
        about["time_scale"] = endpoint.time_scale
        about["given_event_free_at_entry"] = endpoint.time_scale != "age"
    return about
