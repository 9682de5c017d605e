"""Numbers of R and other independent programs, and how ours are compared with them."""

import json
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

FOLDER = Path(__file__).parent / "reference"


@cache
def reference(name: str) -> Any:
    """Return a file of reference numbers."""
    return json.loads((FOLDER / f"{name}.json").read_text())


def assert_close(found, expected, absolute=0.0, relative=0.0):
    """Compare numbers one by one; a missing one agrees with nothing, and neither do arrays of different shapes."""
    found, expected = np.asarray(found, dtype=float), np.asarray(expected, dtype=float)
    assert found.shape == expected.shape
    assert not np.isnan(found).any()
    assert (np.abs(found - expected) <= absolute + relative * np.abs(expected)).all(), (found, expected)
