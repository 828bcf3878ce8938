"""The terms of a linear margin, along a straight line of each feature and otherwise."""
