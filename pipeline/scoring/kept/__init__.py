"""What is scored so far, kept until the output stands."""
