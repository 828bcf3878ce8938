"""How the patients of a cohort were drawn."""
