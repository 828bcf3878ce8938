"""Figures of many resamples of the same patients at once, each equal to that of one alone."""
