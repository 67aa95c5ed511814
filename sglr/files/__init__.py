"""Errors and small text files: what everything else stands on. Imports no torch."""
