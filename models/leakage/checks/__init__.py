"""The checks of the leakage gate, one kind of leak per file."""
