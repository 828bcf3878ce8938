"""The rule on small counts: one constant for every table, profile and model that leaves the site.

A number of patients from 1 to 9 may point at single persons; so may one that can be had by taking
shown numbers from one another (docs/decisions/0027).
"""

from __future__ import annotations

SMALLEST_COUNT = 10
"""The smallest number of patients, above zero, that is told."""
