"""The gates of a progression model, and its registration."""
