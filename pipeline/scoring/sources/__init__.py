"""Where the patients of a job come from."""
