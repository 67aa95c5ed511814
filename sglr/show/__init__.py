"""From runs to tidy CSVs, tables and figures. Imports no torch."""
