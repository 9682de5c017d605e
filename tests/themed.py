"""Comments of five themes, in words that only each of them has, among chatter that all of them share."""

import numpy as np

THEMES = ("router light red", "invoice sum wrong", "shop staff friendly", "signal gone upstairs", "parcel late again")
CHATTER = ("monday", "tuesday", "morning", "evening", "cousin", "garden",
           "kitchen", "winter", "summer", "street", "bridge", "doctor")  # fmt: skip


def comments(rows: int) -> list[str]:
    """Return comments, the themes dealt at random."""
    rng = np.random.default_rng(5)
    theme = rng.integers(0, len(THEMES), rows)
    return [f"{THEMES[one]} {' '.join(rng.choice(CHATTER, 2, replace=False))}" for one in theme]
