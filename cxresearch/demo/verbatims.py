"""Comments: thin first stock, to be replaced."""

import pandas as pd

from cxresearch.demo.dice import stream


def comments(answers, customers, felt, contacts, seed):
    """Return a comment for each answer."""
    rng = stream(seed, "comments")
    words = ["network", "price", "billing", "the app", "staff", "repair", "waiting", "router"]
    text = []
    for score in answers["score"]:
        if rng.random() < 0.2:
            text.append("")
            continue
        mood = "great" if score > 8 else "ok" if score > 6 else "poor"
        text.append(
            f"{mood} {words[rng.integers(len(words))]} and {words[rng.integers(len(words))]}, {rng.integers(2, 60)} minutes"
        )
    return pd.DataFrame({"text": text, "topics": [()] * len(text), "text_kind": "comment"}, index=answers.index)
