"""Sentences that depend on the run: said where they are true, and not elsewhere."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Any

import pandas as pd
import pytest

from models.report.material import Material
from models.report.rendering import render_card, render_report
from tests.models.report.conftest import difference


def _with(material: Material, *rows: dict[str, Any]) -> Material:
    return replace(material, tables={**material.tables, "differences": pd.DataFrame(rows)})


def test_whoever_ranks_better_by_enough_is_to_be_used_instead(material: Material) -> None:
    card = render_card(_with(material, difference("ridge_cox", -0.03, 0.01)))
    assert "Prefer its linear part alone" in card


def test_nobody_is_sent_to_a_model_that_is_ahead_by_too_little_to_matter(
    material: Material,
) -> None:
    card = render_card(_with(material, difference("ridge_cox", -0.0006, 0.0004)))
    assert "worse than its linear part alone" in card
    assert "too small to matter" in card
    assert "Prefer" not in card


def test_nobody_is_sent_to_a_model_whose_risks_are_farther_from_the_truth(
    material: Material,
) -> None:
    # the comparator's Brier score less the model's: higher, the whole interval long
    brier = {**difference("ridge_cox", -0.002, 0.001), "metric": "brier"}
    card = render_card(_with(material, difference("ridge_cox", -0.03, 0.01), brier))
    assert "Predicted risks are more accurate than those of its linear part alone" in card
    assert "Prefer" not in card


def test_where_no_score_has_the_horizon_the_report_says_so(material: Material) -> None:
    table = material.tables["metrics"].assign(horizon=7.5)
    page = render_report(replace(material, tables={"metrics": table}))
    assert "no such horizon was asked for" in page
    assert "no such horizon was asked for" not in render_report(material)
    # it was, and the follow-up is too short for it
    asked = {**material.settings, "horizons": [7.5, 10]}
    page = render_report(replace(material, tables={"metrics": table}, settings=asked))
    assert "no such horizon was asked for" not in page
    assert "years, which this cohort cannot answer" in page


def test_the_page_speaks_of_no_folder_that_this_run_may_not_have(material: Material) -> None:
    page = render_report(material)
    assert "outputs/train" not in page
    assert "what the scores in use predict" not in page


def test_a_model_that_is_its_linear_part_is_nowhere_compared_with_itself(
    material: Material,
) -> None:
    own = material.tables["metrics"]
    both = pd.concat([own, own.assign(model="ridge_cox")])
    rows = [{**difference("ridge_cox", 0.0, 0.0), "metric": name} for name in ("c_index", "brier")]
    tables = {"metrics": both, "differences": pd.DataFrame(rows)}
    same = replace(material, tables={**material.tables, **tables})
    for told in (render_report(same), render_card(same)):
        assert "Boosted trees earned no weight here: the model is its linear part." in told
        assert "its linear part alone" not in told
        assert "No comparator was evaluated" not in told


def test_a_model_with_trees_is_compared_with_its_linear_part(compared: Material) -> None:
    page = render_report(compared)
    assert "better discrimination than its linear part alone" in page
    assert "earned no weight" not in page


@pytest.mark.parametrize("fixed", [False, True])
def test_where_any_death_is_an_event_nothing_competes_and_nobody_died_of_something_else(
    material: Material, yes_or_no: Material, fixed: bool
) -> None:
    base = yes_or_no if fixed else material
    deaths = {**base.cohort, "competing": False, "any_death": True}
    training = {**base.training, "any_death": True}
    page = render_report(replace(base, cohort=deaths, training=training))
    for untrue in ("overestimated where", "died of other causes", "deaths from other causes count"):
        assert untrue not in page
    assert "are presented separately" not in page
    assert "are presented separately" in render_report(base)
    if not fixed:
        assert "nothing competes with it" in page


@pytest.fixture
def yes_or_no(material: Material) -> Material:
    """The same run of a cohort that knows nothing but a yes or no by ten years."""
    link = {"kind": "fixed_horizon", "horizon": 10.0, "intercept": -1.8}
    cause = material.training["causes"]["event"]
    causes = {"event": {**cause, "boosted": {**cause["boosted"], "out_of_fold_loss": 0.42}}}
    table = pd.DataFrame(
        {"variable": ["age"], "overall": ["60"], "event": ["65"], "competing": [""]}
    ).assign(censored="59")
    return replace(
        material,
        cohort={**material.cohort, "competing": False},
        ingest={**material.ingest, "competing_events": 0, "follow_up_years": 10.0},
        training={**material.training, "competing_events": 0, "causes": causes},
        predictor={
            **material.predictor,
            "link": link,
            "causes": material.predictor["causes"][:1],
        },
        tables={**material.tables, "table_one": table},
    )


@pytest.mark.parametrize(
    "untrue",
    [
        "censor",
        "baseline hazard",
        "cumulative hazard",
        "overestimated where death",
        "ompeting",
        "Follow-up was",
        "followed for up to",
        "over all follow-up",
        "the earlier event",
        "time to event",
        "partial likelihood",
        "Cox regression",
    ],
)
def test_a_yes_or_no_by_a_horizon_knows_no_times_and_no_other_deaths(
    yes_or_no: Material, untrue: str
) -> None:
    page, card = render_report(yes_or_no), render_card(yes_or_no)
    assert untrue not in re.sub(r"<style>.*?</style>", "", page, flags=re.DOTALL)
    assert untrue not in card


def test_who_died_of_something_else_counts_as_event_free_in_a_yes_or_no(
    yes_or_no: Material,
) -> None:
    page = render_report(yes_or_no)
    assert "count as event-free, so that risk is the cumulative incidence" in page
    assert "By 10 years 60 patients had the event, and 340 had not" in page
    assert "No event" in page


def test_only_an_unweighted_run_says_that_nothing_was_weighted(material: Material) -> None:
    assert "without resampling or weighting" in render_report(material)
    weighted = replace(material, design={"weighted_to": 8e4, "resampled": "patients"})
    training = {**weighted.training, "effective_patients": 250.0}
    page = render_report(replace(weighted, training=training))
    assert "or weighting" not in page
    assert "weighted by how they were sampled, not against imbalance" in page
    assert "years; figures are weighted by how patients were sampled) calcirisk" in page
    assert "figures are weighted" not in render_report(material)


def test_a_cohort_without_groups_is_not_told_that_nothing_was_evaluated(
    material: Material,
) -> None:
    tables = {k: t for k, t in material.tables.items() if not k.startswith("subgroup")}
    page = render_report(replace(material, tables=tables))
    assert "until then subgroup performance is unknown" not in page
    assert "nothing tells enough of them apart" in page
    assert "until then subgroup performance is unknown" in render_report(
        replace(material, tables={})
    )


def test_warnings_do_not_run_into_each_other(material: Material) -> None:
    warnings = ["hdl: is missing. Remove it", "ldl: is the same for everyone."]
    page = render_report(replace(material, ingest={**material.ingest, "warnings": warnings}))
    assert "Remove it. ldl: is the same for everyone.</p>" in page


def test_few_clusters_stand_beside_what_is_said_to_be_beyond_chance(material: Material) -> None:
    few = "Intervals draw whole clusters, and there are 5 in 1 stratum: too few."
    shared = "Those of one cluster stand on both sides."
    about = {"resampled": "clusters", "few_clusters": few, "clusters": [few, shared]}
    told = replace(material, design=about)
    assert f"<p>{shared}</p>" in render_report(told)
    assert f"**{few}" in render_card(told)
    assert few in render_report(told)
    assert "Weighted to the population" not in render_report(told)


@pytest.mark.parametrize(
    ("patients", "said"),
    [(3_000, "enough for all"), (900, "enough under penalisation"), (300, "either")],
)
def test_what_is_said_of_the_sample_size_is_what_its_criteria_ask(
    material: Material, patients: int, said: str
) -> None:
    asked = {"candidate_parameters": 34, "effective_parameters": 9.9}
    needed = {"needed_for_candidates": 2782, "needed_for_effective": 814}
    size = {"patients": patients, **asked, **needed}
    page = render_report(replace(material, training={**material.training, "sample_size": size}))
    assert said in page
    assert "sufficient for penalised models" not in page


def test_a_variable_of_the_cohort_map_is_not_said_to_come_from_the_literature(
    material: Material,
) -> None:
    known, shares = material.variables, material.ingest["missing_share"]
    whole = f"candidates: {len(shares)} of {len(known)}, prespecified from the literature and none"
    assert whole in render_report(material)
    fat = replace(known["bmi"], name="fat", label="Epicardial fat", own=True)
    ingest = {**material.ingest, "missing_share": {**shares, "fat": 0.0}}
    page = render_report(replace(material, variables={**known, "fat": fat}, ingest=ingest))
    assert f"candidates: {len(shares)} of {len(known)}, prespecified" in page
    assert "those described in the cohort map were, too (Epicardial fat); and none" in page


def test_characteristics_of_a_sample_are_not_taken_for_those_of_its_cohort(
    material: Material,
) -> None:
    ages = pd.DataFrame({"variable": ["age"], "level_or_unit": ["years"], "overall": ["60 (9)"]})
    described = replace(material, tables={**material.tables, "table_one": ages})
    said = "unweighted, of the case-cohort sample, in which cases are over-represented"
    assert said not in render_report(described)
    sample = {"subcohort": 200, "drawn": "0.1", "cases": "event", "method": "borgan"}
    sample |= {"effective_events": 30.0}
    training = {**material.training, "case_cohort": sample, "weighted_to": 4e3}
    assert said in render_report(replace(described, training=training))


def test_a_competing_event_that_nothing_was_learnt_of_is_told(material: Material) -> None:
    said = "every patient has the same hazard of death from other causes"
    assert said not in render_report(material)
    causes = {**material.training["causes"], "competing": {"events": 13}}
    assert said in render_report(
        replace(material, training={**material.training, "causes": causes})
    )


@pytest.mark.parametrize(
    ("ratio", "said"),
    [
        (1.02, "an error of less than a tenth, as at 5 years."),
        (1.4, "At 5 years risk is underestimated (observed/expected 1.40, 95 % interval 1.38 to"),
        (0.6, "At 5 years risk is overestimated (observed/expected 0.60, 95 % interval 0.58 to"),
    ],
)
def test_calibration_is_judged_at_every_horizon_that_is_reported(
    material: Material, ratio: float, said: str
) -> None:
    last = material.tables["metrics"]
    row = last[last["metric"] == "observed_over_expected"]
    earlier = row.assign(horizon=5.0, estimate=ratio, lower=ratio - 0.02, upper=ratio + 0.02)
    both = replace(material, tables={"metrics": pd.concat([earlier, last])})
    for told in (render_report(both), render_card(both)):
        assert said in told
        assert "Mean predicted 10-year risk was 10.0 %" in told
    wanted = "Recalibration would be required before any use."
    assert (wanted in render_report(both)) == (abs(ratio - 1) > 0.1)
    assert "5 years risk" not in render_card(material) and "as at" not in render_card(material)


@pytest.mark.parametrize(
    ("trusted", "said"),
    [
        ({"prior_mean": 1.0, "prior_width": 1.0}, "towards the published effects, not towards no"),
        ({"prior_mean": 0.5, "prior_width": 1.0}, "towards a share of the published effects"),
        ({"ridge_penalty": 0.3}, "towards no effect"),
    ],
)
def test_report_and_card_name_what_coefficients_of_this_run_are_shrunk_towards(
    material: Material, trusted: dict[str, float], said: str
) -> None:
    event = {**material.training["causes"]["event"], "linear": {"weight": 1.0, **trusted}}
    causes = {**material.training["causes"], "event": event}
    run = replace(material, training={**material.training, "causes": causes})
    for page in (render_report(run), render_card(run)):
        assert f"(coefficients shrunk {said}" in page
