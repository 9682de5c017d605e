"""truth.yaml."""


def truth_text(world):
    """Return the truth."""
    return "seed: 2026\n"
