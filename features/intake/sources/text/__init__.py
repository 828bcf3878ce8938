"""Patients in text files."""
