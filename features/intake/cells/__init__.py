"""Cells of a file to canonical values."""
