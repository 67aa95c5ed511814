"""The ledger of the committed runs, a claim a row."""

import pandas as pd
from tools import ROOT

MINI = ROOT / "results/mini"
LEDGER = pd.read_csv(MINI / "claims.csv", dtype=str, keep_default_na=False).set_index(
    "id"
)
