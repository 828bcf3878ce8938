"""Whole files to tables of text."""
