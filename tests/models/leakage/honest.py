"""Honest cohorts of many shapes: every column is known at entry, drawn before any outcome."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pandas as pd

from features.array_types import FloatArray
from features.endpoint import Endpoint
from models.leakage.inspected_cohort import Subject

Shape = Callable[[np.random.Generator], Subject]

# Deaths double every eight years of age (Gompertz 1825; Vaupel 2010, Nature 464:536).
GOMPERTZ = np.log(2) / 8


def draw_columns(draws: np.random.Generator, n: int) -> pd.DataFrame:
    """What a clinic records of everyone: finely measured, with 3 % gaps in some."""
    age = draws.uniform(35, 85, n)
    columns = pd.DataFrame(
        {
            "age": age,
            "sex": draws.choice(["female", "male"], n),
            "systolic_bp": draws.normal(110 + age / 3, 15),
            "ldl_cholesterol": draws.normal(130, 30, n),
            "bmi": draws.normal(27, 4, n),
            "diabetes": (draws.random(n) < 0.1).astype(float),
            "smoking_status": draws.choice(["never", "former", "current"], n),
            "cac_agatston": np.where(
                draws.random(n) < 0.5, 0.0, draws.lognormal(3 + age / 40, 1.3)
            ),
        }
    )
    for name in ("ldl_cholesterol", "bmi"):
        columns.loc[draws.random(n) < 0.03, name] = np.nan
    return columns


def log_hazard(columns: pd.DataFrame) -> FloatArray:
    """Of the event, from the columns as they are recorded."""
    hazard: FloatArray = (
        0.05 * (columns["age"] - 60)
        + 0.4 * (columns["sex"] == "male")
        + 0.3 * np.log1p(columns["cac_agatston"])
        + 0.5 * columns["diabetes"]
    ).to_numpy(dtype=np.float64)
    return hazard


def follow(
    draws: np.random.Generator,
    columns: pd.DataFrame,
    event: FloatArray,
    death: FloatArray | None = None,
    leaving: FloatArray | float = 15.0,
) -> Subject:
    """The cohort, given the rates a year of the event and of death; all leave at ``leaving``."""
    n = len(columns)
    times = [draws.exponential(1 / event), np.broadcast_to(leaving, n)]
    codes = [1, 0]
    if death is not None:
        times.append(draws.exponential(1 / death))
        codes.append(2)
    table = np.stack(times)
    first = table.argmin(axis=0)
    time = np.maximum(table.min(axis=0), 1 / 365.25)
    index = pd.Index([f"p{i}" for i in range(n)])
    columns = columns.set_axis(index)
    return Subject(columns, Endpoint(time, np.array(codes, dtype=np.int8)[first]))


def draw_clinic(draws: np.random.Generator, n: int = 800, rate: float = 0.01) -> Subject:
    """Staggered entry, drop-out, competing death."""
    columns = draw_columns(draws, n)
    hazard = log_hazard(columns)
    event = rate * np.exp(hazard - hazard.mean())
    death = 0.01 * np.exp(GOMPERTZ * (columns["age"].to_numpy() - 60))
    leaving = np.minimum(draws.uniform(5, 15, n), draws.exponential(40, n))
    return follow(draws, columns, event, death, leaving)


def whole_months(draws: np.random.Generator) -> Subject:
    """A survey: follow-up in whole months, from the first one on, covariates in whole numbers."""
    columns = draw_columns(draws, 8000).round()[["age", "sex", "systolic_bp", "bmi"]]
    rate = 0.01 * np.exp(0.04 * (columns["age"].to_numpy() - 60))
    subject = follow(draws, columns, rate, None, draws.uniform(0, 12.5, 8000))
    time = np.maximum(np.ceil(subject.endpoint.time * 12), 1) / 12
    return replace(subject, endpoint=replace(subject.endpoint, time=time))


def pure_noise(draws: np.random.Generator) -> Subject:
    """Thirty columns in whole numbers that nothing depends on, follow-up in whole months."""
    n = 1000
    columns = pd.DataFrame(
        {f"noise{i}": draws.integers(0, 10 ** draws.integers(1, 4), n) for i in range(30)}
    ).astype(float)
    subject = follow(draws, columns, np.full(n, 0.02), None, draws.uniform(1, 10, n))
    time = np.maximum(np.ceil(subject.endpoint.time * 12), 1) / 12
    return replace(subject, endpoint=replace(subject.endpoint, time=time))


def many_ties(draws: np.random.Generator) -> Subject:
    """Everything in a few classes, follow-up in whole years."""
    subject = draw_clinic(draws)
    columns = subject.columns.copy()
    for name in ("age", "systolic_bp", "ldl_cholesterol", "bmi", "cac_agatston"):
        columns[name] = pd.qcut(columns[name], 4, labels=False, duplicates="drop").astype(float)
    time = np.maximum(np.ceil(subject.endpoint.time), 1)
    return replace(subject, columns=columns, endpoint=replace(subject.endpoint, time=time))


def small(draws: np.random.Generator) -> Subject:
    """Of 120 patients some thirty with the event."""
    return draw_clinic(draws, 120, 0.05)


def small_in_whole_numbers(draws: np.random.Generator) -> Subject:
    """Of 80 patients half with the event; laboratory values in whole numbers over a wide range."""
    subject = draw_clinic(draws, 80, 0.1)
    n = len(subject.columns)
    wide = {
        "creatinine": draws.normal(900, 200, n).round(),
        "urine_acr": draws.lognormal(5, 2, n).round(),
        "ferritin": draws.lognormal(6, 1.2, n).round(),
    }
    return replace(subject, columns=subject.columns.round(1).assign(**wide))


def rare_event(draws: np.random.Generator) -> Subject:
    """Some forty events among 4,000."""
    return draw_clinic(draws, 4000, 0.001)


def frequent_event(draws: np.random.Generator) -> Subject:
    """Nine in ten have the event."""
    columns = draw_columns(draws, 600)
    hazard = log_hazard(columns)
    return follow(draws, columns, 0.4 * np.exp(hazard - hazard.mean()), None, 20.0)


def all_cause(draws: np.random.Generator) -> Subject:
    """Death from any cause of adults of all ages, as in a survey linked to a death index."""
    n = 2500
    columns = draw_columns(draws, n).assign(age=np.round(draws.uniform(20, 85, n)))
    death = 0.01 * np.exp(GOMPERTZ * (columns["age"].to_numpy() - 65))
    months = draws.integers(60, 145, n) / 12
    subject = follow(draws, columns, death * np.exp(0.4 * columns["diabetes"]), None, months)
    time = np.maximum(np.ceil(subject.endpoint.time * 12), 1) / 12
    return replace(subject, endpoint=replace(subject.endpoint, time=time))


def followed_until_death(draws: np.random.Generator) -> Subject:
    """Nearly all die during 40 years."""
    n = 800
    columns = draw_columns(draws, n)
    age = columns["age"].to_numpy()
    # residual life by inversion of the Gompertz survival
    rate = 0.01 * np.exp(GOMPERTZ * (age - 65))
    death = np.log1p(draws.exponential(1, n) * GOMPERTZ / rate) / GOMPERTZ
    time = np.minimum(np.maximum(death, 0.01), 40.0)
    index = pd.Index([f"p{i}" for i in range(n)])
    return Subject(columns.set_axis(index), Endpoint(time, (death < 40).astype(np.int8)))


def deaths_not_recorded(draws: np.random.Generator) -> Subject:
    """Death ends follow-up and is recorded as censoring, for 25 years."""
    n = 1200
    columns = draw_columns(draws, n)
    hazard = log_hazard(columns)
    rate = 0.01 * np.exp(GOMPERTZ * (columns["age"].to_numpy() - 65))
    death = np.log1p(draws.exponential(1, n) * GOMPERTZ / rate) / GOMPERTZ
    event = 0.01 * np.exp(hazard - hazard.mean())
    return follow(draws, columns, event, None, np.minimum(death, 25.0))


def yes_or_no(draws: np.random.Generator) -> Subject:
    """Only whether it happened within ten years."""
    columns = draw_columns(draws, 700)
    hazard = log_hazard(columns) - 2.5
    happened = draws.random(700) < 1 / (1 + np.exp(-(hazard - hazard.mean() - 1.5)))
    endpoint = Endpoint(np.full(700, 10.0), happened.astype(np.int8), horizon=10.0)
    return Subject(columns.set_axis(pd.Index([f"p{i}" for i in range(700)])), endpoint)


def many_levels(draws: np.random.Generator) -> Subject:
    """Sixty yes-or-no columns and ten of six categories."""
    subject = draw_clinic(draws, 800, 0.03)
    n = len(subject.columns)
    flags = {f"flag{i}": draws.random(n) < draws.uniform(0.02, 0.5) for i in range(60)}
    kinds = {f"kind{i}": draws.choice(list("abcdef"), n) for i in range(10)}
    more = pd.DataFrame({**flags, **kinds}, index=subject.columns.index)
    return replace(subject, columns=pd.concat([subject.columns, more], axis=1))


def gaps_mark_the_frail(draws: np.random.Generator) -> Subject:
    """Who has no waist has four times the rate."""
    columns = draw_columns(draws, 1500)
    frail = draws.random(1500) < 0.15
    columns["waist"] = np.where(frail, np.nan, draws.normal(95, 12, 1500).round())
    hazard = log_hazard(columns) + 1.4 * frail
    return follow(
        draws, columns, 0.01 * np.exp(hazard - hazard.mean()), None, draws.uniform(2, 12, 1500)
    )


def sorted_by_age(draws: np.random.Generator) -> Subject:
    """The file lies in the order of age, and so are the patients numbered."""
    subject = draw_clinic(draws)
    columns = subject.columns.sort_values("age")
    order = subject.columns.index.get_indexer(columns.index)
    numbered = columns.set_axis(pd.Index([str(i) for i in range(len(columns))]))
    return replace(subject, columns=numbered, endpoint=subject.endpoint.take(order))


def several_sites(draws: np.random.Generator) -> Subject:
    """Three sites of one event rate, each with a scanner of its own."""
    subject = draw_clinic(draws, 900, 0.03)
    site = draws.choice(["A", "B", "C"], 900)
    scanner = pd.Series(site, index=subject.columns.index).map({"A": 1.0, "B": 2.0, "C": 3.0})
    columns = subject.columns.assign(scanner=scanner)
    return replace(subject, columns=columns, site=pd.Series(site, index=columns.index))


def by_calendar(draws: np.random.Generator) -> Subject:
    """All leave on one day; an assay that drifts tells when a patient entered, the date too."""
    n = 1000
    columns = draw_columns(draws, n)
    entered = draws.uniform(0, 10, n)
    columns["hba1c"] = draws.normal(5.5 + entered / 10, 0.2)
    hazard = log_hazard(columns)
    subject = follow(draws, columns, 0.01 * np.exp(hazard - hazard.mean()), None, 12 - entered)
    dates = pd.Timestamp("2005-01-01") + pd.to_timedelta((entered * 365.25).round(), unit="D")
    return replace(subject, entry=pd.Series(dates, index=subject.columns.index))


SHAPES: tuple[Shape, ...] = (
    draw_clinic,
    whole_months,
    pure_noise,
    many_ties,
    small,
    small_in_whole_numbers,
    rare_event,
    frequent_event,
    all_cause,
    followed_until_death,
    deaths_not_recorded,
    yes_or_no,
    many_levels,
    gaps_mark_the_frail,
    sorted_by_age,
    several_sites,
    by_calendar,
)
