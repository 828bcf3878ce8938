"""A simulated cohort measured beside the published figures."""
