"""Cohort maps: how the columns of a file become variables."""
