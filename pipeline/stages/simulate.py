"""Stage simulate: the embedded cohort; a note where another cohort is chosen."""

from __future__ import annotations

from pipeline.settings.params import SIMULATED, Params, Paths


def run(params: Params, paths: Paths) -> None:
    """Write cohort.csv, lesions.csv and truth.parquet (each patient's true risk)."""
    paths.simulate.mkdir(parents=True, exist_ok=True)
    if params.cohort != SIMULATED:
        note = f"The cohort {params.cohort} is read from a file: nothing was simulated.\n"
        (paths.simulate / "skipped.txt").write_text(note, encoding="utf-8")
        return
    from features.simulation import simulate_cohort, write_simulated

    cohort = simulate_cohort(params.simulate.n_patients, params.seed)
    write_simulated(cohort, paths.simulate)
