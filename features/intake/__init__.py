"""How a patient's row comes in: sources, cells, rows, cohorts."""
