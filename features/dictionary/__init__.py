"""The data dictionary: what the system knows of each variable."""
