"""One module per library; each method as its authors recommend it, tuned by the same search."""
