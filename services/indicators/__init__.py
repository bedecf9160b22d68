"""指标 indicators: the live, bitemporal ledger of every figure and the answers drawn from it."""
