"""One archive of a scale: data, tables, figures, ledger, code, environment and provenance, as an RO-Crate."""
