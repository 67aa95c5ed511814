"""From the runs' small files to tidy CSVs, and how they are read. Imports neither torch nor matplotlib."""
