"""What decisions by a risk would gain."""
