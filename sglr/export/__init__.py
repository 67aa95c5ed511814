"""What is taken away from a finished training: weights, a card, event files."""
