"""Who scores the batches: this process, or several side by side."""
