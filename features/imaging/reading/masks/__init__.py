"""Masks and contours of calcium, from every format."""
