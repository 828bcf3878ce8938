"""What the stage evaluate is made of."""
