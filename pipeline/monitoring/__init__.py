"""Whether patients and predictions are still those of training, for models of any kind."""
