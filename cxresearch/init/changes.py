"""A question that single files asked on another scale: their days become `scale_changes`, the others tell the scale."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from cxresearch.init.dates import moments
from cxresearch.init.guess import Guess
from cxresearch.init.profile import Profile, profiles
from cxresearch.init.scales import Scale, scale_of
from cxresearch.intake.source import Source
from cxresearch.schema import SCORES

# A file most of whose answers lie outside the scale of the others was asked on another one.
MOST_OUTSIDE = 0.5


def with_scale_changes(
    guesses: list[Guess], files: Sequence[Source]
) -> tuple[list[Guess], dict[str, list[dict[str, Any]]]]:
    """Return the entries of a table, each score on its usual scale, and on which days it was asked on another.

    Parameters
    ----------
    guesses
        Entries of the answers.
    files
        The table's files.
    """
    when = next((guess for guess in guesses if guess.role == "responded_at" and guess.taken), None)
    changes: dict[str, list[dict[str, Any]]] = {}
    found = []
    for guess in guesses:
        usual = guess
        if when and len(files) > 1 and guess.role in SCORES and guess.taken:
            usual, other = _changed(guess, when, files)
            changes |= {guess.role: other} if other else {}
        found.append(usual)
    return found, changes


def _changed(guess: Guess, when: Guess, files: Sequence[Source]) -> tuple[Guess, list[dict[str, Any]]]:
    """Return a score on its usual scale, and the days of the files that asked it on another."""
    wanted = [guess.columns[0], when.columns[0]]
    held = [file for file in files if set(wanted) <= set(map(str, file.frame.columns))]
    single = [profiles([replace(file, frame=file.frame[wanted])]) for file in held]
    scales = [scale_of(one[wanted[0]]) for one in single]
    ends = Counter((scale.low, scale.high) for scale in scales if scale).most_common(1)
    odd = [bool(ends) and _outside(one[wanted[0]], ends[0][0]) > MOST_OUTSIDE for one in single]
    usual = [file for file, other in zip(held, odd, strict=True) if not other]
    if not any(odd) or not usual:
        return guess, []
    scale = scale_of(profiles(usual)[wanted[0]])
    days = [_days(one[wanted[1]], when, its) for one, its, other in zip(single, scales, odd, strict=True) if other]
    if scale is None or None in days:
        return guess, []
    reason = guess.reason.split(";")[0] + f"; {sum(odd)} of {len(held)} files on another scale"
    return replace(guess, setting=scale.setting, reason=reason), [day for day in days if day]


def _outside(profile: Profile, scale: Sequence[float]) -> float:
    """Return the share of a file's answers that lie outside a scale."""
    rows = {text: profile.levels[text] for text in profile.numbers}
    outside = sum(n for text, n in rows.items() if not scale[0] <= profile.numbers[text] <= scale[1])
    return outside / max(1, sum(rows.values()))


def _days(dates: Profile, when: Guess, scale: Scale | None) -> dict[str, Any] | None:
    """Return the first and last day of a file and its scale; None where one of them is not known."""
    told = moments(dates, when.setting.get("format")).dropna()
    if scale is None or told.empty:
        return None
    return {"since": told.min().date(), "until": told.max().date(), "scale": [scale.low, scale.high]}
