"""The second file of a cohort: one row per lesion."""
