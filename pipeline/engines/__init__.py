"""Engines that score where one machine is too small."""
