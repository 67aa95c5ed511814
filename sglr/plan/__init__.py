"""The plan: methods, scales, runs, and what they cost. Imports no torch."""
