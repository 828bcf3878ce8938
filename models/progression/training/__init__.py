"""Fits the progression model."""
