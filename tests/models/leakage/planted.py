"""Leaks to plant: each turns the outcome, or what came after entry, into one more column."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pandas as pd

from models.leakage.inspected_cohort import Subject

Plant = Callable[[Subject, np.random.Generator], object]


def event_flag(subject: Subject, draws: np.random.Generator) -> object:
    """One in thirty copied wrongly."""
    return subject.has_event ^ (draws.random(len(subject.columns)) < 0.03)


def event_in_words(subject: Subject, draws: np.random.Generator) -> object:
    codes = np.where(subject.has_event, "infarction", "well")
    return pd.Series(np.where(draws.random(len(codes)) < 0.02, "unknown", codes)).to_numpy()


def competing_flag(subject: Subject, draws: np.random.Generator) -> object:
    return (subject.endpoint.event == 2) ^ (draws.random(len(subject.columns)) < 0.03)


def whole_years(subject: Subject, draws: np.random.Generator) -> object:
    return np.floor(subject.endpoint.time)


def days_of_event(subject: Subject, draws: np.random.Generator) -> object:
    return np.where(subject.has_event, subject.endpoint.time * 365.25, 0.0).round()


def distance_from_middle(subject: Subject, draws: np.random.Generator) -> object:
    """Neither rises nor falls with the time, and yet is a function of it."""
    return np.sin(subject.endpoint.time) + draws.normal(0, 0.05, len(subject.columns))


def age_at_end(subject: Subject, draws: np.random.Generator) -> object:
    return (subject.columns["age"].to_numpy() + subject.endpoint.time).round()


def visits(subject: Subject, draws: np.random.Generator) -> object:
    """About one every four months."""
    return draws.poisson(3 * subject.endpoint.time).astype(float)


def recorded_on_event(subject: Subject, draws: np.random.Generator) -> object:
    """A laboratory value taken because of the event, which itself says nothing."""
    taken = draws.random(len(subject.columns)) < np.where(subject.has_event, 0.7, 0.05)
    return np.where(taken, draws.normal(1, 0.2, len(taken)), np.nan)


def second_visit(subject: Subject, draws: np.random.Generator) -> object:
    """A value of a visit ten years after entry, for those still followed."""
    stayed = subject.endpoint.time > np.quantile(subject.endpoint.time, 0.4)
    return np.where(stayed, draws.normal(120, 20, len(stayed)), np.nan)


def procedure_afterwards(subject: Subject, draws: np.random.Generator) -> object:
    share = np.where(subject.has_event, 0.6, 0.02)
    return (draws.random(len(share)) < share).astype(float)


def drug_begun_later(subject: Subject, draws: np.random.Generator) -> object:
    """Begun at any time of follow-up, by one in twelve a year."""
    begun = draws.exponential(12, len(subject.columns))
    return (begun < subject.endpoint.time).astype(float)


def row_number(subject: Subject, draws: np.random.Generator) -> object:
    """Counting up with gaps, as a database does."""
    return np.cumsum(draws.integers(1, 4, len(subject.columns))).astype(float)


def random_number(subject: Subject, draws: np.random.Generator) -> object:
    return draws.permutation(np.arange(len(subject.columns)) + 100_000).astype(float)


def text_number(subject: Subject, draws: np.random.Generator) -> object:
    return [f"C{number}" for number in draws.permutation(len(subject.columns))]


def troponin_at_event(subject: Subject, draws: np.random.Generator) -> object:
    return draws.normal(np.where(subject.has_event, 3.0, 0.0), 1.0)


def good_for_one(subject: Subject, draws: np.random.Generator) -> object:
    """C of some 0.88: below the limit, far above all others."""
    return draws.normal(np.where(subject.has_event, 1.8, 0.0), 1.0)


VALUES: dict[Plant, str] = {
    event_flag: "outcome",
    event_in_words: "outcome",
    competing_flag: "outcome",
    days_of_event: "outcome",
    distance_from_middle: "outcome",
    whole_years: "after_entry",
    age_at_end: "after_entry",
    visits: "after_entry",
    second_visit: "after_entry",
    procedure_afterwards: "after_entry",
    recorded_on_event: "missingness",
    drug_begun_later: "immortal_time",
    row_number: "identifier",
    random_number: "identifier",
    text_number: "identifier",
    troponin_at_event: "too_good",
}
