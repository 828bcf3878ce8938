"""Commands that read files of patients."""
