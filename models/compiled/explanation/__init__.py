"""The explainer compiled by numba: the same numbers to rounding, many times faster."""
