"""What is wrong with a cohort: each kind of check in its own file, all writing into `Findings`."""
