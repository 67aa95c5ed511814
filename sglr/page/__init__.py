"""One page of everything: verdicts, tables, figures, curves, origins. Imports no torch."""
