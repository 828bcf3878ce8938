"""What hostile input, faults of the system and hours of work do to the program, in numbers."""
