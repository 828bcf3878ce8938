"""What two scans of one patient say: noise or growth, and how fast."""
