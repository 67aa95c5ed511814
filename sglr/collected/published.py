"""The paper's and other published numbers, config/published.csv. Imports no torch."""

from functools import cache

import pandas as pd

from sglr.plan.scales import CONFIG


@cache
def published_rows() -> pd.DataFrame:
    """Every row of config/published.csv; not to be written to."""
    return pd.read_csv(CONFIG / "published.csv")
