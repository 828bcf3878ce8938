"""How a hazard depends on features other than along a straight line of each."""
