"""What a job did, counted and said without any patient."""
