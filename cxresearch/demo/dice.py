"""Seeded randomness: one stream a purpose, so that a change in one part leaves the others as they were."""

from collections.abc import Sequence
from typing import TypeVar
from zlib import crc32

import numpy as np

Option = TypeVar("Option")


def stream(seed: int, purpose: str) -> np.random.Generator:
    """Return the random stream of a purpose.

    Parameters
    ----------
    seed
        Seed of the whole company.
    purpose
        Name of the stream; each name has its own numbers.

    Returns
    -------
    numpy.random.Generator
        The same stream for the same seed and purpose on every machine.

    Examples
    --------
    >>> int(stream(1, "crm").integers(100)) == int(stream(1, "crm").integers(100))
    True
    """
    return np.random.default_rng([seed, crc32(purpose.encode())])


def pick(options: Sequence[Option], rng: np.random.Generator) -> Option:
    """Return one of some options, all equally likely; far quicker than `rng.choice` for a single draw.

    Examples
    --------
    >>> pick(["yes"], stream(1, "doc"))
    'yes'
    """
    return options[int(rng.random() * len(options))]
