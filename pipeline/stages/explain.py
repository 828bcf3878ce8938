"""Stage explain: what marks risk in the held-out patients, and in single ones.

What may leave the machine and what may not is decided here, by folder. ``tables/`` and ``plots/``
hold aggregates, a beeswarm from which no value can be read, and the waterfall of an invented
patient. ``local/`` holds contributions, waterfalls and dependence plots of real patients, without
identifiers; no later stage reads it or sends it anywhere.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
import pandas as pd

from pipeline.settings.params import Params, Paths

if TYPE_CHECKING:
    from features.dictionary.dictionary import Dictionary
    from models.explanation.explainer import Explainer
    from models.explanation.explanation import Explanation

ASSOCIATION = (
    "Contributions are associations, not effects, in patients like those of the training cohort: a "
    "statin with a positive contribution indicates treated disease and does not raise risk, and "
    "changing a value would not change the risk by its contribution. They are in percentage points "
    "of absolute risk and sum to the patient's risk minus the base risk: the mean over strata of "
    "training patients with similar risk, each at its average linear predictor."
)
SIMULATED = "The model was trained on a simulated cohort: for demonstration, not for clinical use."

_DEPENDENCE_PLOTS = 6
_BROKEN_DOWN = 500  # patients whose other causes of death are broken down
_SAMPLED_PATIENTS = 24  # a tenth of a second each


@dataclass(frozen=True)
class ExplainedPatients:
    """Patients with their explanation: covariates, contributions by variable, risks."""

    covariates: pd.DataFrame
    explanation: Explanation
    by_variable: pd.DataFrame
    by_group: pd.DataFrame


def run(params: Params, paths: Paths) -> None:
    """Write tables/, plots/, local/, explanation.json and README.txt for the last horizon."""
    from features.cohort import Cohort
    from models.compiled.compiled_scorer import FEWEST_EXPLAINED, compile_explainer
    from models.explanation.explainer import Explainer
    from models.scorer import Scorer
    from models.storage.model_dictionary import read_dictionary
    from models.storage.model_folder import EXPLAINER, read_about
    from pipeline.evaluation.invented_patient import invent_patient
    from pipeline.stages.featurize import featurize

    about = read_about(paths.model)
    explainer = Explainer.load(paths.model / EXPLAINER)
    dictionary = read_dictionary(paths.model, about, explainer.predictor.feature_names)
    held_out = pd.read_parquet(paths.split)["part"] == "held_out"
    covariates = Cohort.read(paths.ingest).covariates
    covariates = covariates[held_out.loc[covariates.index].to_numpy()]
    if len(covariates) >= FEWEST_EXPLAINED:
        explainer = compile_explainer(explainer)
    features = pd.read_parquet(paths.features).loc[covariates.index]
    horizon = about.horizons[-1]
    told = np.flatnonzero(explainer.predictor.knows(features, horizon))
    covariates, features = covariates.iloc[told], features.iloc[told]

    population = explain_patients(explainer, covariates, features, horizon)
    write_population(population, dictionary, paths.explain)
    write_other_causes(population, explainer, features, dictionary, paths.explain)
    write_published(dictionary, paths)
    invented = invent_patient()
    of_invented = featurize(invented, params.featurize.exclude, dictionary)
    # of whom nobody has asked more: a gap of his tells nothing, as of a file without the column
    asked = Scorer.load(paths.model).for_columns(invented.columns).explainer or explainer
    example = explain_patients(asked, invented, of_invented, horizon)
    draw_patient(
        example, 0, dictionary, "An invented patient", paths.explain / "plots" / "example.svg"
    )
    write_patients(population, params.explain.n_patients, dictionary, paths.explain / "local")
    write_dependence(population, explainer, features, dictionary, paths.explain / "local")
    write_notes(population, about.simulated, paths.explain)


def explain_patients(
    explainer: Explainer, covariates: pd.DataFrame, features: pd.DataFrame, horizon: float
) -> ExplainedPatients:
    """Contributions to the risk by ``horizon`` (years), summed to variables and to groups."""
    from features.derivation.catalogue import CATALOGUE

    explanation = explainer.explain(features, horizon)
    return ExplainedPatients(
        covariates,
        explanation,
        explanation.by_variable(CATALOGUE),
        explanation.by_group(CATALOGUE),
    )


def write_population(population: ExplainedPatients, dictionary: Dictionary, folder: Path) -> None:
    """Tables by variable and group, beeswarm, bars by group, and population.csv under local/."""
    from models.explanation.population import rank_levels, summarise_groups, summarise_variables
    from models.plots.explanation_beeswarm import plot_beeswarm
    from models.plots.explanation_groups import plot_groups
    from models.plots.style import write_svg

    horizon = population.explanation.horizon
    levels = rank_levels(population.covariates, dictionary)
    labels = {name: variable.label for name, variable in dictionary.items()}
    variables = summarise_variables(population.by_variable, levels, dictionary)
    for name in ("tables", "plots", "local"):
        (folder / name).mkdir(parents=True, exist_ok=True)
    tables = folder / "tables"
    variables.to_csv(tables / "variables.csv", index=False, float_format="%.4f")
    groups = summarise_groups(population.by_group)
    groups.to_csv(tables / "groups.csv", index=False, float_format="%.4f")
    beeswarm = plot_beeswarm(population.by_variable, levels, labels, horizon)
    write_svg(beeswarm, folder / "plots" / "beeswarm.svg", "Contributions by variable")
    bars = plot_groups(population.by_group, horizon)
    write_svg(bars, folder / "plots" / "groups.svg", "Contributions by group of variables")
    points = (100 * population.by_variable).add_suffix("_points")
    points["other_causes_points"] = 100 * population.explanation.other
    points.insert(0, "risk_percent", 100 * population.explanation.risk)
    # Sorted by risk: the order of the rows must not lead back to the cohort file either.
    points = points.sort_values("risk_percent", kind="stable")
    points.to_csv(folder / "local" / "population.csv", index=False, float_format="%.4f")


def write_other_causes(
    population: ExplainedPatients,
    explainer: Explainer,
    features: pd.DataFrame,
    dictionary: Dictionary,
    folder: Path,
) -> None:
    """What runs through other causes of death, by variable, of patients spread over risk."""
    from features.derivation.catalogue import CATALOGUE
    from models.explanation.explanation import sum_by_variable
    from models.explanation.population import summarise_variables

    explanation = population.explanation
    if not explanation.other.any():
        return
    order = np.argsort(explanation.risk, kind="stable")
    rows = order[np.unique(np.linspace(0, len(order) - 1, _BROKEN_DOWN).astype(np.intp))]
    values = explainer.explain_other(features.iloc[rows], explanation.horizon)
    by_variable = sum_by_variable(values, CATALOGUE)
    table = summarise_variables(by_variable, pd.DataFrame(index=by_variable.index), dictionary)
    table = table.drop(columns=["direction", "caution"])
    table.insert(0, "patients", len(rows))
    table.to_csv(folder / "tables" / "other_causes.csv", index=False, float_format="%.4f")


def write_published(dictionary: Dictionary, paths: Paths) -> None:
    """Published effects beside those learnt and used, as table and forest plot."""
    from models.evaluation.published_effects import label_steps
    from models.plots.published_effects import plot_published_effects
    from models.plots.style import write_svg

    source = paths.train / "published_effects.csv"
    if not source.is_file():
        return
    table = pd.read_csv(source)
    table.to_csv(paths.explain / "tables" / "published_effects.csv", index=False)
    labels = label_steps(table, dictionary)
    figure = plot_published_effects(table, labels, f"{table['ratio'].iloc[0].title()} ratio")
    title = "Effects: published, estimated from this cohort, used in the model"
    write_svg(figure, paths.explain / "plots" / "published_effects.svg", title)


def write_patients(
    population: ExplainedPatients, n_patients: int, dictionary: Dictionary, folder: Path
) -> None:
    """Waterfalls of held-out patients spread over risk, the last at the 95th percentile."""
    for percentile, row in choose_patients(population.explanation.risk, n_patients).items():
        title = f"A held-out patient at percentile {percentile} of risk"
        path = folder / f"percentile_{percentile:02d}.svg"
        draw_patient(population, row, dictionary, title, path)


def write_dependence(
    population: ExplainedPatients,
    explainer: Explainer,
    features: pd.DataFrame,
    dictionary: Dictionary,
    folder: Path,
) -> None:
    """The largest variables' contributions over their values, coloured by their strongest partner.

    Partners are found by exact interactions of some patients, spread over risk.
    """
    from features.derivation.catalogue import CATALOGUE
    from models.explanation.interactions import find_partners
    from models.explanation.population import place_values
    from models.plots.explanation_dependence import plot_dependence, show
    from models.plots.style import write_svg

    explanation = population.explanation
    rows = list(choose_patients(explanation.risk, _SAMPLED_PATIENTS).values())
    partners = find_partners(explainer, features.iloc[rows], explanation.horizon, CATALOGUE)
    sizes = population.by_variable.abs().mean().sort_values(ascending=False, kind="stable")
    distinct = population.covariates.nunique()
    recorded = [str(name) for name in sizes.index if distinct.get(name, 0) > 1]
    for name in recorded[:_DEPENDENCE_PLOTS]:
        variable, other = dictionary[name], dictionary[partners.get(name, name)]
        figure = plot_dependence(
            population.by_variable[name],
            place_values(population.covariates, variable),
            place_values(population.covariates, other),
            (show(variable), show(other)),
            explanation.horizon,
        )
        title = f"{variable.label}: contribution by value, coloured by {other.label}"
        write_svg(figure, folder / f"dependence_{name}.svg", title)


def choose_patients(risk: npt.NDArray[np.float64], n_patients: int) -> dict[int, int]:
    """Percentile of risk -> row of the patient there; the highest percentile is the 95th."""
    order = np.argsort(risk, kind="stable")
    percentiles = np.linspace(95, 5, max(n_patients, 1))[:n_patients].round().astype(int)
    if not len(risk):
        return {}
    return {int(p): int(order[round(p / 100 * (len(risk) - 1))]) for p in percentiles[::-1]}


def draw_patient(
    patients: ExplainedPatients, row: int, dictionary: Dictionary, title: str, path: Path
) -> None:
    """The waterfall of one patient, rows named by variable and value in its canonical unit."""
    from models.explanation.explanation import OTHER_CAUSES_LABEL
    from models.explanation.population import describe_value
    from models.plots.explanation_waterfall import plot_waterfall
    from models.plots.style import write_svg

    contributions = patients.by_variable.iloc[row]
    values = patients.covariates.iloc[row]
    named = pd.Series(
        contributions.to_numpy(),
        index=[describe_value(values.get(name), dictionary[name]) for name in contributions.index],
    )
    explanation = patients.explanation
    last = (OTHER_CAUSES_LABEL, float(explanation.other[row]))
    figure = plot_waterfall(
        named, explanation.base_risk, explanation.horizon, title, last=last if last[1] else None
    )
    write_svg(figure, path, title)


def write_notes(population: ExplainedPatients, simulated: bool, folder: Path) -> None:
    """explanation.json for programs, README.txt for people."""
    explanation = population.explanation
    explained = explanation.base_risk + explanation.values.sum(axis=1) + explanation.other
    residual = explanation.risk - explained
    stored = {
        "horizon": explanation.horizon,
        "patients": len(explanation),
        "base_risk": explanation.base_risk,
        "mean_risk": float(explanation.risk.mean()),
        "largest_residual": float(np.abs(residual).max()),
        "reading": ASSOCIATION,
    }
    (folder / "explanation.json").write_text(json.dumps(stored, indent=2) + "\n")
    lines = [ASSOCIATION, *([SIMULATED] if simulated else []), ""]
    lines += [
        "tables/, plots/  aggregates and an invented patient: may be shown and logged",
        "local/           contributions of real patients: stay on this machine",
    ]
    (folder / "README.txt").write_text("\n".join(lines) + "\n", encoding="utf-8")
