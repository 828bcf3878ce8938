"""The gates of a risk model."""
