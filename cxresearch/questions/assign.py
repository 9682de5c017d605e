"""Who gets which module: a keyed hash of the customer decides, so that anyone with the key can compute it again."""

import hashlib
from collections.abc import Iterator, Sequence
from functools import partial
from multiprocessing import get_context

import numpy as np
import numpy.typing as npt
import pandas as pd

from cxresearch.schema.questions import HOLDOUT, Assignment
from cxresearch.stats.design import Floats

__all__ = ["assign", "uniform"]

SEPARATOR = "\x1f"
BLOCK = 64
# Under the first number of units a second process costs more than it saves.
ALONE_TO, AT_ONCE = 200_000, 100_000


def assign(units: Sequence[str], wave: str, assignment: Assignment, key: bytes, *, jobs: int = 2) -> pd.DataFrame:
    """Return the arm of each unit in a wave.

    Parameters
    ----------
    units
        Ids of accounts or customers that are eligible, each once.
    wave
        Period of the wave; it must be one of those planned.
    assignment
        Holdout and arms, in the plan's order.
    key
        The secret key.
    jobs
        Processes.

    Returns
    -------
    pandas.DataFrame
        One row a unit in the order given: `unit`, `wave`, `arm` (`holdout` or an arm's name) and `probability`, with
        which an eligible unit comes into that arm.

    Raises
    ------
    ValueError
        If a unit is blank or stands twice, nobody is eligible, the wave was not planned or the key is empty.

    Notes
    -----
    HMAC-SHA256 of the UTF-8 parts joined by the byte 0x1F: "holdout" and the unit (so that it is permanent), "arm",
    the wave and the unit; the first eight bytes, big-endian, over 2⁶⁴ are a uniform number. Who lies under the
    holdout's share is held out; the others fall into the arms by their cumulative probabilities.

    Examples
    --------
    >>> plan = Assignment.model_validate({"key": {"public": "only-for-show"}, "holdout": 0.2, "waves": ["2026Q1"],
    ...     "arms": {"pricing": 0.5, "none": 0.5}})
    >>> assign(["a", "b", "c", "d"], "2026Q1", plan, b"only-for-show")["probability"].tolist()
    [0.2, 0.4, 0.2, 0.4]
    """
    column = pd.Series(units, dtype="str")
    _refuse(column, wave, assignment, key)
    shares = np.array([arm.probability for arm in assignment.arms.values()])
    work = partial(_places, wave=wave, holdout=assignment.holdout, limits=np.cumsum(shares), key=key)
    if len(column) <= ALONE_TO or jobs < 2:
        found = [work(column.tolist())]
    else:
        with get_context("forkserver").Pool(jobs) as pool:
            found = list(pool.imap(work, _portions(column)))
    place = np.concatenate(found)
    chances = np.array([assignment.holdout, *(1 - assignment.holdout) * shares])
    arm = pd.Categorical.from_codes(place, [HOLDOUT, *assignment.arms])
    return pd.DataFrame({"unit": column, "wave": wave, "arm": arm, "probability": chances[place]})


def uniform(units: Sequence[str], parts: tuple[str, ...], key: bytes) -> Floats:
    r"""Return the keyed hash of some parts and each unit as a number in [0, 1).

    Parameters
    ----------
    units
        The last part of each message.
    parts
        The parts before it, the same for all.
    key
        The secret key.

    Notes
    -----
    The two keyed blocks are hashed once and copied (RFC 2104), which takes a third of the time of `hmac.digest`.

    Examples
    --------
    >>> import hmac
    >>> digest = hmac.digest(b"key", "arm\x1f2026Q1\x1f7".encode(), "sha256")
    >>> float(uniform(["7"], ("arm", "2026Q1"), b"key")[0]) == int.from_bytes(digest[:8], "big") / 2**64
    True
    """
    block = (hashlib.sha256(key).digest() if len(key) > BLOCK else key).ljust(BLOCK, b"\0")
    inner = hashlib.sha256(bytes(byte ^ 0x36 for byte in block) + SEPARATOR.join([*parts, ""]).encode())
    outer = hashlib.sha256(bytes(byte ^ 0x5C for byte in block))
    digests = bytearray()
    for unit in units:
        first, second = inner.copy(), outer.copy()
        first.update(unit.encode())
        second.update(first.digest())
        digests += second.digest()[:8]
    # Scaling by a power of two is exact, so this is what Python's own int / int gives.
    return np.frombuffer(bytes(digests), dtype=">u8").astype(float) * 2.0**-64


def _refuse(units: pd.Series, wave: str, assignment: Assignment, key: bytes) -> None:
    """Refuse what cannot be assigned."""
    if not key:
        raise ValueError("assign: the key is empty; keep one in the environment or a file.")
    if wave not in assignment.waves:
        raise ValueError(f"assign: the wave {wave} was not planned; planned are {', '.join(assignment.waves)}.")
    if units.empty:
        raise ValueError("assign: nobody is eligible, so there is nobody to assign.")
    blank = int((units.isna() | units.eq("")).sum())
    if blank:
        raise ValueError(f"assign: {blank:,} of {len(units):,} units have no id.")
    double = int(units.duplicated().sum())
    if double:
        raise ValueError(f"assign: {double:,} of {len(units):,} units stand twice; each is assigned once.")


def _portions(units: pd.Series) -> Iterator[list[str]]:
    """Yield the units, some at a time."""
    for start in range(0, len(units), AT_ONCE):
        yield units.iloc[start : start + AT_ONCE].tolist()


def _places(units: list[str], *, wave: str, holdout: float, limits: Floats, key: bytes) -> npt.NDArray[np.int8]:
    """Return 0 for the holdout, else the place of the arm, counted from 1."""
    place = np.zeros(len(units), dtype=np.int8)
    asked = np.flatnonzero(uniform(units, (HOLDOUT,), key) >= holdout)
    numbers = uniform([units[one] for one in asked], ("arm", wave), key)
    # The last limit may be a rounding error under one.
    place[asked] = 1 + np.minimum(np.searchsorted(limits, numbers, side="right"), len(limits) - 1)
    return place
