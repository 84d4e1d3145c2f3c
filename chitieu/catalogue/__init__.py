"""The catalogue: metrics, indicators and plans as dated, cited data.

YAML in (`source`), frozen models out (`model`, `catalogue`), every fault with its place (`check`).
"""
