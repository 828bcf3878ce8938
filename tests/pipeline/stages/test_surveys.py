"""A survey, and a cohort whose patients came late, from file to report."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import yaml

from pipeline.commands import cli

ROOT = Path(__file__).parents[3]
N = 4_000
VARIABLES = {
    "age": "AGE",
    "sex": {"column": "SEX", "codes": {"m": "male", "f": "female"}},
    "systolic_bp": "SBP",
    "diabetes": "DM",
}


def _draw() -> tuple[pd.DataFrame, np.ndarray, np.ndarray]:
    """Covariates, and years to event and to other death."""
    draws = np.random.default_rng(5)
    table = pd.DataFrame(
        {
            "PID": [f"p{i}" for i in range(N)],
            "AGE": draws.uniform(45, 75, N).round(),
            "SEX": draws.choice(["m", "f"], N),
            "SBP": draws.normal(130, 15, N).round(),
            "DM": (draws.random(N) < 0.2).astype(int),
        }
    )
    margin = 0.05 * (table["AGE"] - 60) + 0.02 * (table["SBP"] - 130) + 0.6 * table["DM"]
    event = draws.exponential(1 / (0.03 * np.exp(margin)))
    return table, event, draws.exponential(60, N)


def _run(folder: Path, table: pd.DataFrame, content: dict[str, Any], *stages: str) -> list[int]:
    params = yaml.safe_load((ROOT / "params.yaml").read_text(encoding="utf-8"))
    params["horizons"] = [3, 5]
    params["train"].update(n_folds=3, minimum_events=20)
    params["train"]["boosted"].update(max_rounds=15, learning_rate=0.2)
    params["train"]["linear"].update(means=[1.0], widths=[1.0], penalties=[])
    params["evaluate"].update(n_folds=2, n_bootstrap=10, n_groups=4)
    params["explain"].update(n_strata=2, n_background=100, n_patients=2)
    (folder / "params.yaml").write_text(yaml.safe_dump(params), encoding="utf-8")
    table.to_csv(folder / "mine.csv", index=False)
    given = {"name": "mine", "file": "mine.csv", "patient_id": "PID", "variables": VARIABLES}
    (folder / "mine.yaml").write_text(yaml.safe_dump({**given, **content}), encoding="utf-8")
    out = ["--params", str(folder / "params.yaml"), "--out", str(folder)]
    named = ["--cohort", str(folder / "mine.yaml"), "--file", str(folder / "mine.csv")]
    codes = [cli.main(["ingest", *named, "--check"]), cli.main(["ingest", *named, *out])]
    return codes + [cli.main([stage, *out]) for stage in stages]


def _figure(folder: Path, metric: str, horizon: float = 5.0) -> float:
    table = pd.read_csv(folder / "evaluate" / "tables" / "metrics.csv")
    chosen = (table["metric"] == metric) & (table["horizon"] == horizon)
    chosen &= (table["model"] == "calcirisk") & (table["evaluation"] == "cross_validation")
    return float(table.loc[chosen, "estimate"].iloc[0])


@pytest.mark.slow
def test_a_survey_is_weighted_to_its_population_from_file_to_report(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    table, event, other = _draw()
    last = np.random.default_rng(6).uniform(5, 10, N)
    time = np.minimum(np.minimum(event, other), last)
    table = table.assign(T=time, MI=(time == event) * 1, DEAD=(time == other) * 1)
    table["PSU"], table["W"] = np.arange(N) % 40, np.where(table["DM"] == 1, 50.0, 400.0)
    table["STRATUM"] = table["PSU"] // 4
    sample = table[np.random.default_rng(7).random(N) < np.where(table["DM"] == 1, 0.8, 0.1)]
    survey = {"weight": "W", "stratum": "STRATUM", "cluster": "PSU"}
    endpoint = {"unit": "years", "time": "T", "event": "MI", "competing": "DEAD"}
    stages = ("featurize", "train", "evaluate", "explain", "report")
    content = {"survey": survey, "endpoint": endpoint}
    assert set(_run(tmp_path, sample, content, *stages)) == {0}
    assert "people whom the weights stand for" in capsys.readouterr().out
    reached = (sample["MI"] == 1) & (sample["T"] <= 5)
    # nobody is censored before five years
    expected = np.average(reached, weights=sample["W"])
    assert _figure(tmp_path, "observed_risk") == pytest.approx(expected, abs=1e-6)
    assert _figure(tmp_path, "observed_over_expected") == pytest.approx(1.0, abs=0.15)
    assert np.average(reached) > 1.2 * expected
    # reasons count from the population too
    reasons = json.loads((tmp_path / "explain" / "explanation.json").read_text(encoding="utf-8"))
    assert reasons["base_risk"] == pytest.approx(expected, rel=0.1)
    page = (tmp_path / "report" / "report.html").read_text(encoding="utf-8")
    assert "Weighted to the population" in page
    assert "bootstrap samples of clusters within strata" in page
    card = (tmp_path / "report" / "model_card.md").read_text(encoding="utf-8")
    assert "Weighted to the population" in card

    # the model watches the population: neither all of it nor its weighted sample has drifted
    people, told = table[["PID", "AGE", "SEX", "SBP", "DM"]], ("sample", "unweighted", "people")
    capsys.readouterr()
    for name, batch in zip(told, (sample, people.loc[sample.index], people), strict=True):
        batch.to_csv(tmp_path / f"{name}.csv", index=False)
    named = ["--cohort", str(tmp_path / "mine.yaml"), "--model", str(tmp_path / "train" / "model")]
    codes = {
        name: cli.main(
            ["monitor", str(tmp_path / f"{name}.csv"), *named, "--out", str(tmp_path / name)]
        )
        for name in told
    }
    assert codes == {"sample": 0, "unweighted": 1, "people": 0}
    assert "patients trained on are weighted to the population" in capsys.readouterr().out


@pytest.mark.slow
def test_a_case_cohort_sample_stands_for_its_cohort_from_file_to_report(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    table, event, other = _draw()
    last = np.random.default_rng(6).uniform(5, 10, N)
    time = np.minimum(np.minimum(event, other), last)
    table = table.assign(T=time, MI=(time == event) * 1, DEAD=(time == other) * 1)
    table["SUB"] = (np.random.default_rng(7).random(N) < 0.3) * 1
    sample = table[(table["SUB"] == 1) | (table["MI"] == 1)]
    design = {"subcohort": "SUB", "fraction": 0.3, "method": "barlow"}
    endpoint = {"unit": "years", "time": "T", "event": "MI", "competing": "DEAD"}
    content = {"survey": {"case_cohort": design}, "endpoint": endpoint}
    stages = ("featurize", "train", "evaluate", "explain", "report")
    assert set(_run(tmp_path, sample, content, *stages)) == {0}
    assert "in the subcohort of a case-cohort sample" in capsys.readouterr().out
    reached = (table["MI"] == 1) & (table["T"] <= 5)
    assert _figure(tmp_path, "observed_risk") == pytest.approx(reached.mean(), rel=0.05)
    assert _figure(tmp_path, "observed_over_expected") == pytest.approx(1.0, abs=0.1)
    told = json.loads((tmp_path / "train" / "training.json").read_text(encoding="utf-8"))
    assert told["case_cohort"]["method"] == "barlow"
    assert told["case_cohort"]["effective_events"] < told["events"]
    page = (tmp_path / "report" / "report.html").read_text(encoding="utf-8")
    assert "0.3 of the cohort, drawn whatever became of them" in page
    assert "pseudo-likelihood of Barlow (1994)" in page
    assert "estimated in the subcohort alone" in page
    card = (tmp_path / "report" / "model_card.md").read_text(encoding="utf-8")
    assert "A case-cohort sample" in card
    table[["PID", "AGE", "SEX", "SBP", "DM"]].to_csv(tmp_path / "cohort.csv", index=False)
    named = ["--cohort", str(tmp_path / "mine.yaml"), "--model", str(tmp_path / "train" / "model")]
    watched = [*named, "--out", str(tmp_path / "watched")]
    assert cli.main(["monitor", str(tmp_path / "cohort.csv"), *watched]) == 0
    assert set(_run(tmp_path, table, content)) == {2}
    assert "SUB: neither in the subcohort nor a case by MI" in " ".join(
        capsys.readouterr().err.split()
    )


@pytest.mark.slow
def test_patients_who_came_late_are_judged_from_their_entry_on(tmp_path: Path) -> None:
    table, event, other = _draw()
    draws = np.random.default_rng(6)
    enrolled = np.where(draws.random(N) < 0.2, 0.0, draws.uniform(0, 4, N))
    last = enrolled + draws.uniform(5, 10, N)
    stop = np.minimum(np.minimum(event, other), last)
    seen = stop > enrolled
    table = table.assign(T0=enrolled, T=stop, MI=(stop == event) * 1, DEAD=(stop == other) * 1)
    endpoint = {"unit": "years", "time": "T", "start": "T0", "event": "MI", "competing": "DEAD"}
    stages = ("featurize", "train", "evaluate", "explain", "report")
    assert set(_run(tmp_path, table[seen], {"endpoint": endpoint}, *stages)) == {0}
    reached = (table["MI"] == 1) & (stop - enrolled <= 5)
    assert _figure(tmp_path, "observed_risk") == pytest.approx(reached[seen].mean(), abs=0.02)
    assert _figure(tmp_path, "observed_over_expected") == pytest.approx(1.0, abs=0.1)
    page = (tmp_path / "report" / "report.html").read_text(encoding="utf-8")
    assert "conditional on being event-free at entry" in page
    told = json.loads((tmp_path / "train" / "training.json").read_text(encoding="utf-8"))
    assert told["time_scale"] == "entry"
    assert told["hazards_known_from"] == 0.0
    model = str(tmp_path / "train" / "model")
    risks = tmp_path / "risks.csv"
    asked = ["--cohort", str(tmp_path / "mine.yaml"), "--model", model, "--out", str(risks)]
    assert cli.main(["score", str(tmp_path / "mine.csv"), *asked]) == 0
    # from the origin of the clock, of patients who are older than those at it
    true = (np.minimum(event, other) == event) & (event <= 5)
    assert pd.read_csv(risks)["risk_5y"].mean() == pytest.approx(true.mean(), abs=0.03)


@pytest.mark.slow
def test_hazards_of_ages_are_learnt_judged_explained_and_scored(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    table, event, other = _draw()
    last = np.random.default_rng(6).uniform(6, 12, N)
    stop = np.minimum(np.minimum(event, other), last)
    table = table.assign(T=stop, MI=(stop == event) * 1, DEAD=(stop == other) * 1)
    names = {"event": "MI", "competing": "DEAD", "time_scale": "age"}
    content = {"endpoint": {"unit": "years", "time": "T", **names}}
    stages = ("featurize", "train", "evaluate", "explain", "report")
    assert set(_run(tmp_path, table, content, *stages)) == {0}
    assert "years on the clock at the latest entry" in capsys.readouterr().out
    told = json.loads((tmp_path / "train" / "training.json").read_text(encoding="utf-8"))
    assert told["time_scale"] == "age"
    assert _figure(tmp_path, "observed_over_expected") == pytest.approx(1.0, abs=0.1)
    assert _figure(tmp_path, "calibration_slope") == pytest.approx(1.0, abs=0.2)
    page = (tmp_path / "report" / "report.html").read_text(encoding="utf-8")
    assert "Time scale: age." in page
    assert "Delayed entry" not in page
    reasons = pd.read_csv(tmp_path / "explain" / "tables" / "variables.csv")
    assert reasons["variable"].iloc[0] == "age"

    model, risks = str(tmp_path / "train" / "model"), tmp_path / "risks.csv"
    new = table.drop(columns=["T", "MI", "DEAD"])
    new.loc[:2, "AGE"] = [np.nan, 20, 109]
    new.to_csv(tmp_path / "new.csv", index=False)
    mapped = ["--cohort", str(tmp_path / "mine.yaml"), "--model", model]
    assert cli.main(["score", str(tmp_path / "new.csv"), *mapped, "--out", str(risks)]) == 0
    rejected = pd.read_csv(tmp_path / "risks.rejects.csv")
    assert rejected["patient_id"].tolist() == ["p0", "p1", "p2"]
    assert rejected["rule"].str.contains("knows the hazards of no other ages").all()
    scored = pd.read_csv(risks).set_index("patient_id")
    true = ((stop == event) & (event <= 5))[scored.index.str[1:].astype(int)]
    assert scored["risk_5y"].mean() == pytest.approx(true.mean(), rel=0.1)
    new.drop(columns="AGE").to_csv(tmp_path / "without.csv", index=False)
    asked = ["score", str(tmp_path / "without.csv"), *mapped, "--out", str(tmp_path / "none.csv")]
    assert cli.main(asked) != 0
    assert "age: must be given" in " ".join(capsys.readouterr().err.split())

    capsys.readouterr()
    again, out = str(tmp_path / "mine.csv"), ["--out", str(tmp_path / "judged")]
    assert cli.main(["evaluate", *mapped, "--file", again, "--recalibrate", "0.5", *out]) == 0
    watched = ["--out", str(tmp_path / "watched")]
    assert cli.main(["monitor", again, *mapped, *watched]) == 0
    assert "Outcomes by 5 years" in capsys.readouterr().out


@pytest.mark.slow
def test_hazards_of_ages_need_the_age(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    table, event, _ = _draw()
    table = table.assign(T=np.minimum(event, 8.0), MI=(event <= 8) * 1)[:800]
    endpoint = {"unit": "years", "time": "T", "event": "MI", "time_scale": "age"}
    assert _run(tmp_path, table, {"endpoint": endpoint}) == [0, 0]
    params = tmp_path / "params.yaml"
    content = yaml.safe_load(params.read_text(encoding="utf-8"))
    content["featurize"]["exclude"] = ["age"]
    params.write_text(yaml.safe_dump(content), encoding="utf-8")
    out = ["--params", str(params), "--out", str(tmp_path)]
    assert cli.main(["featurize", *out]) == 0
    assert cli.main(["train", *out]) != 0
    assert "without the variable 'age' cannot tell a risk" in " ".join(
        capsys.readouterr().err.split()
    )
