"""Several risks of the same patients beside one another."""
