from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from features.simulation import SimulatedCohort
from features.simulation.measured.measures import percentile_gap
from features.simulation.measured.targets import (
    BEGIN,
    DOCUMENT,
    END,
    ROOT,
    compare,
    load_targets,
    render,
    rewrite,
)

CUTOFFS = ROOT / "data" / "reference" / "mesa_cac_percentile_cutoffs.csv"


@pytest.fixture(scope="module")
def compared(default_cohort: SimulatedCohort) -> pd.DataFrame:
    return compare(default_cohort, load_targets())


def test_every_target_is_met_within_its_tolerance_by_the_default_cohort(
    compared: pd.DataFrame,
) -> None:
    assert compared.loc[~compared["within"], ["target", "stratum", "simulated"]].empty


def test_every_target_names_its_source_and_a_tolerance() -> None:
    targets = load_targets()
    assert targets["source"].ne("").all()
    assert targets["tolerance"].ne("").all()
    assert not targets.duplicated(["target", "stratum"]).any()


def test_the_document_shows_every_target_and_none_outside_its_tolerance() -> None:
    table = DOCUMENT.read_text(encoding="utf-8").split(BEGIN)[1].split(END)[0]
    lines = [line for line in table.splitlines() if line.startswith("| ")]
    assert len(lines) == 1 + len(load_targets())
    assert "**outside**" not in table


def test_the_table_in_the_document_is_what_the_code_gives(compared: pd.DataFrame) -> None:
    table = render(compared)
    shown = DOCUMENT.read_text(encoding="utf-8").split(BEGIN)[1].split(END)[0]
    assert shown.strip() == table.strip()


@pytest.mark.slow
def test_rewriting_leaves_the_text_around_the_table_alone(tmp_path: Path) -> None:
    document = tmp_path / "page.md"
    document.write_text(f"before\n{BEGIN}\nold\n{END}\nafter\n", encoding="utf-8")
    rewrite(document)
    text = document.read_text(encoding="utf-8")
    assert text.startswith(f"before\n{BEGIN}\n")
    assert text.endswith(f"{END}\nafter\n")
    assert "\nold\n" not in text


def test_calcium_percentiles_by_age_sex_and_ethnicity_are_the_published_ones(
    large_cohort: SimulatedCohort,
) -> None:
    gaps = percentile_gap(large_cohort, pd.read_csv(CUTOFFS))
    published = gaps[["p50", "p75", "p90"]].to_numpy()
    differences = gaps[["gap_p50", "gap_p75", "gap_p90"]].to_numpy()
    # Near the detection limit a fourth root jumps from 0 to 1: there the score itself is compared.
    clear = published >= 10
    assert np.sqrt(np.mean(differences[clear] ** 2)) < 0.2
    assert np.abs(differences[clear]).max() < 0.6
    simulated = (differences + published**0.25) ** 4
    assert np.abs(simulated - published)[~clear].max() < 12
