"""The patients that a file of scores holds: checked, stored, listed."""
