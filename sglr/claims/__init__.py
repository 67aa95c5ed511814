"""Every checkable claim of the paper, judged on collected results. Imports no torch."""
