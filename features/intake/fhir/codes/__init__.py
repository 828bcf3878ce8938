"""What the codes of health records mean."""
