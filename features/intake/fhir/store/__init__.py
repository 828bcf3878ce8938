"""The facts of all patients, by patient."""
