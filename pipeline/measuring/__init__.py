"""From scans and masks to lesion tables: one scan, or all of a manifest."""
