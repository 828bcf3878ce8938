"""What the risk model and the progression model share: additive margins of completed features."""
