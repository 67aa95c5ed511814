"""Tables and figures. Imports no torch."""
