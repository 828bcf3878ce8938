"""What is shown of one patient, part by part."""
