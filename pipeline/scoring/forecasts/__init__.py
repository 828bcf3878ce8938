"""Later scores of the patients of a source, by the same job as their risks."""
