"""What a person calls: one module per command."""
