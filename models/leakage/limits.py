"""How much is too much: the limits of the leakage gate, each with its reason.

"Shipped" are the cohorts that maps are shipped for and that no leak is known in: synthetic, smart,
framingham at exams 1 and 3. Every figure of theirs below was measured by these very checks.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Limits:
    """The defaults lie well above what any shipped cohort shows and below what leaks show.

    ``max_c_index``: of one column alone. Shipped: at most 0.78 (calcium); whole published models
    of incident cardiac events stay below 0.85 (Damen 2016, BMJ 353:i2416).
    ``max_c_index_gap``: by which the best column may lead the next that is not its near copy,
    where its C is above 0.8. Calcium leads age by about 0.1 in MESA-like cohorts.
    ``max_missing_c_index``: of whether a value is missing, lower 99 % limit. Shipped: 0.52, but for
    what is missing because there is no calcium, which another column tells as well.
    ``max_follow_up_correlation``: rank correlation with follow-up among patients with the same
    outcome. Shipped: 0.42 (smart, where the cholesterol assay changed with the calendar).
    ``max_rate_ratio``: event rate of patients with a level over that of the others, lower 99 %
    limit. Shipped: 3.3 (earlier coronary intervention).
    ``min_early_ratio``: events seen early over those expected, if beyond chance: who had to live to
    be given the value has few. Shipped: 0.42, within chance; a drug begun at any time: 0.2 to 0.4.
    """

    max_c_index: float = 0.9
    max_c_index_gap: float = 0.15
    max_missing_c_index: float = 0.65
    max_follow_up_correlation: float = 0.6
    max_rate_ratio: float = 8.0
    min_early_ratio: float = 0.5


FEWEST_EVENTS = 20
"""Fewer patients with or without the event, and the checks of outcomes say nothing."""
