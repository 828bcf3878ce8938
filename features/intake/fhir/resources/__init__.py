"""What one resource says."""
