"""How a score may look after some years: the law of growth, its likelihood, what is published."""
