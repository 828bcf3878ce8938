"""What is derived from all else that is known of a person."""
