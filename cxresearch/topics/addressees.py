"""Whom a text addresses is no topic: the shift that frequent @handles give to points is taken out of them.

A complaint to one company lies nearer to praise of that company than to the same complaint to another. So each frequent
handle gets a shift, by least squares over all texts, which is taken off every text that names it; the middle of all
points is taken off, too.
"""

import re
from collections import Counter
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

HANDLE = re.compile(r"@\w+")
# A handle in fewer texts than one in 200 says too little to learn a shift from.
LEAST_SHARE = 0.005
Points = NDArray[np.float32]


def learn(texts: Sequence[str], points: Points) -> tuple[tuple[str, ...], Points]:
    """Return the frequent handles of texts, and the middle of their points with each handle's shift below it."""
    counts = Counter(handle for text in texts for handle in _named(text))
    handles = tuple(sorted(name for name, n in counts.items() if n >= max(10, LEAST_SHARE * len(texts))))
    design = _design(texts, handles)
    # By the normal equations, with a trace of ridge: a handle may be in every text.
    inner = design.T @ design + 1e-6 * len(texts) * np.eye(design.shape[1])
    return handles, np.linalg.solve(inner, design.T @ points).astype(np.float32)


def take_out(texts: Sequence[str], points: Points, handles: Sequence[str], shifts: Points) -> Points:
    """Return points without the middle and the shifts of the handles that their texts name, at unit length."""
    moved = points - _design(texts, handles).astype(np.float32) @ shifts
    moved[~points.any(axis=1)] = 0
    length = np.linalg.norm(moved, axis=1, keepdims=True)
    return np.divide(moved, length, out=np.zeros_like(moved), where=length > 0).astype(np.float32)


def _design(texts: Sequence[str], handles: Sequence[str]) -> NDArray[np.float64]:
    """Return a column of ones, and one for each handle: whether the text names it."""
    design = np.zeros((len(texts), 1 + len(handles)))
    design[:, 0] = 1
    column = {handle: number + 1 for number, handle in enumerate(handles)}
    for row, text in enumerate(texts):
        for handle in _named(text) & column.keys():
            design[row, column[handle]] = 1
    return design


def _named(text: str) -> set[str]:
    """Return the handles that a text names."""
    return set(HANDLE.findall(text.casefold())) if "@" in text else set()
