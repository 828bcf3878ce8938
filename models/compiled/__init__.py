"""Compiled loops of scoring, each beside its numpy reference."""
