"""How a patient's calcium grows: what the scans say, what is expected, and what would slow it."""
