"""From all that is known of a patient to one row."""
