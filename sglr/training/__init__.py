"""One training: the loop, its learning curve, its saved state, its signals."""
