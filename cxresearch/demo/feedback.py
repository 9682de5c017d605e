"""Reviews, chats and complaints outside the survey."""

import pandas as pd


def feedback(customers, billing, felt, seed):
    """Return feedback."""
    return pd.DataFrame(
        {
            "feedback_id": ["F1"],
            "customer": [0],
            "at": [pd.Timestamp("2026-01-01")],
            "source": ["review"],
            "rating": [3],
            "text": ["ok"],
        }
    )
