"""What is derived from a calcium scan, and from two."""
