"""Writes models into their folders."""
