"""The risk model: stacked margins per cause, joined to an absolute risk."""
