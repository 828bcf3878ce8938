"""A model's folder: written whole, read back checked."""
