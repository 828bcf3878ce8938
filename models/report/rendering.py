"""Material through templates: report.html and model_card.md."""

from __future__ import annotations

from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from models.evaluation.comparisons.findings import COMMON
from models.evaluation.comparisons.standing import IS_ITS_LINEAR_PART
from models.plain_language.writing import as_sentence
from models.report.checklist import answer_items, items_by_section, read_flags, state_facts
from models.report.comparison import (
    compare,
    find_linear_evaluations,
    main_evaluation,
    without_itself,
)
from models.report.figures import caption_figures, pick_first
from models.report.flow_diagram import draw_flow
from models.report.material import Material
from models.report.opening import summarise_performance
from models.report.table import (
    count,
    format_number,
    format_signed,
    join_names,
    plain_table,
    quote_code,
    write_markdown,
)
from models.report.tables import (
    censoring_tables,
    decision_tables,
    fold_tables,
    growth_tables,
    model_tables,
    patient_tables,
    performance_tables,
    prior_tables,
    subgroup_tables,
)
from models.report.words import TEMPLATES, Words


def render_report(material: Material) -> str:
    """The report as one HTML page that asks the network for nothing."""
    linear, material = find_linear_evaluations(material), without_itself(material)
    return _render("report.html.j2", {**_shared(material, linear), **_tables(material)})


def render_card(material: Material) -> str:
    """The model card as Markdown."""
    linear, material = find_linear_evaluations(material), without_itself(material)
    return _render("model_card.md.j2", _shared(material, linear))


def _render(template: str, context: dict[str, Any]) -> str:
    environment = Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=lambda name: name is not None and ".html" in name,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {
        "as_sentence": as_sentence,
        "count": count,
        "number": format_number,
        "signed": format_signed,
        "join_names": join_names,
        "quote_code": quote_code,
    }
    return environment.get_template(template).render(context).rstrip() + "\n"


def _shared(material: Material, linear: set[str]) -> dict[str, Any]:
    items = answer_items(material)
    words, facts = Words.load(), state_facts(material)
    sections = words.content["sections"]
    titles = {section["id"]: section["title"] for section in sections} | words.content["places"]
    titles |= {f"fact-{fact.name}": fact.label for fact in facts.values()}
    return {
        "m": material,
        "words": words,
        "sections": sections,
        "titles": titles,
        "horizon_list": join_names([f"{horizon:g}" for horizon in material.model["horizons"]]),
        "horizon_years": join_names([f"{h:g}-" for h in material.model["horizons"]]) + "year",
        "items": items,
        "items_of": {**dict.fromkeys(titles, ()), **items_by_section(items)},
        "facts": facts,
        "flags": read_flags(material),
        "comparisons": compare(material),
        "linear_in": sorted(linear),
        "is_its_linear_part": IS_ITS_LINEAR_PART,
        "main_evaluation": main_evaluation(material),
        "performance": summarise_performance(material),
        "findings": subgroup_tables.finding_texts(material),
        "n_gaps_tested": subgroup_tables.count_tests(material),
        "common": COMMON,
        "untested_groups": subgroup_tables.untested_groups(material),
        "standings": performance_tables.standings_table(material),
        "differences": performance_tables.difference_table(material),
        "unlearnt": model_tables.name_unlearnt(material),
        "stack": model_tables.stack_table(material),
        "shrunk_towards": prior_tables.name_direction_of_shrinking(material),
        "markdown": write_markdown,
    }


def _tables(material: Material) -> dict[str, Any]:
    words = Words.load()
    outside = {
        name: plain_table(frame, words.headings(kind))
        for name, frame in material.external.items()
        if (kind := "recalibration" if name == "recalibration" else "external")
        and set(words.headings(kind)) & set(frame.columns)
    }
    drawn, first = pick_first(
        caption_figures(material.figures), main_evaluation(material), material.last_horizon
    )
    return {
        "flow": draw_flow(material),
        "drawn": drawn,
        "drawn_first": first,
        "characteristics": patient_tables.characteristics_table(material),
        "folds": fold_tables.fold_table(material),
        "sites": fold_tables.site_table(material),
        "repeats": fold_tables.repeat_table(material),
        "instability": fold_tables.instability_table(material),
        "growth_errors": growth_tables.growth_error_table(material),
        "growth_coverage": growth_tables.growth_coverage_table(material),
        "growth_changes": growth_tables.growth_change_table(material),
        "missing": patient_tables.missing_table(material),
        "complete": patient_tables.complete_variables(material),
        "analyses": patient_tables.analysis_table(material),
        "performances": performance_tables.performance_tables(material),
        "all_metrics": performance_tables.all_metrics_table(material),
        "coverage": performance_tables.coverage_table(material),
        "reference_scores": performance_tables.reference_score_table(material),
        "censoring": censoring_tables.censoring_table(material),
        "censoring_told": censoring_tables.describe_censoring(material),
        "no_scores": performance_tables.explain_no_scores(material),
        "subgroups": subgroup_tables.subgroup_tables(material),
        "reclassification": decision_tables.reclassification_table(material),
        "reclassification_caveats": decision_tables.reclassification_caveats(material),
        "incremental": performance_tables.incremental_table(material),
        "net_benefit": decision_tables.net_benefit_table(material),
        "settings": model_tables.settings_table(material),
        "terms": model_tables.terms_table(material),
        "bends": model_tables.bends_table(material),
        "variables": model_tables.variables_table(material),
        "group_sizes": model_tables.group_table(material),
        "markers": model_tables.marker_table(material),
        "published_effects": prior_tables.published_table(material),
        "prior_told": prior_tables.describe_prior(material),
        "other_causes": model_tables.other_causes_table(material),
        "outside": outside,
    }
