"""How few events suffice: learning curves on cohorts whose variables the dictionary knows."""
