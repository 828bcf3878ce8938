"""What guidelines say of a patient, apart from what the model says."""
