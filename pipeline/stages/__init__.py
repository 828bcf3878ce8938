"""What DVC runs: one module per stage."""
