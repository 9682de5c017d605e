"""A question that was asked on another scale for some days: these become `scale_changes`, the others tell the scale."""

import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pandas as pd

from cxresearch.init.dates import moments
from cxresearch.init.guess import Guess
from cxresearch.init.profile import Profile, profiles
from cxresearch.init.scales import Scale, scale_of
from cxresearch.intake.cells import cell_text, code_text
from cxresearch.intake.source import Source
from cxresearch.schema import SCORES

# A file most of whose answers lie outside the scale of the others was asked on another one.
MOST_OUTSIDE = 0.5
# Ends of shorter scales. Days on which nobody went above one are days of that scale where chance alone would leave so
# many answers at or below it less often than this.
SHORTER, BY_CHANCE = (5, 7), 1e-6


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
        if when and guess.role in SCORES and guess.taken and not guess.setting.get("codes"):
            usual, other = _changed(guess, when, files) if len(files) > 1 else (guess, [])
            usual, other = (usual, other) if other else _turned(guess, when, files)
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


def _turned(guess: Guess, when: Guess, files: Sequence[Source]) -> tuple[Guess, list[dict[str, Any]]]:
    """Return a score on the scale of its latest answers, and until when it was asked on a shorter or longer one."""
    rows = _rated(guess, when, files)
    low, high = guess.setting["scale"]
    for top in (end for end in SHORTER if low < end < high):
        above = rows.loc[rows["score"].gt(top), "moment"]
        if above.empty:
            continue
        first, last = above.min().normalize(), above.max().normalize() + pd.Timedelta(days=1)
        long = rows["moment"].between(first, last, inclusive="left")
        share = rows.loc[long, "score"].gt(top).mean()
        for short in (rows["moment"] < first, rows["moment"] >= last):
            asked = rows.loc[short, "score"]
            if asked.max() == top and share < 1 and len(asked) * math.log1p(-share) < math.log(BY_CHANCE):
                return _split(guess, rows, short, top)
    return guess, []


def _split(guess: Guess, rows: pd.DataFrame, short: pd.Series, top: int) -> tuple[Guess, list[dict[str, Any]]]:
    """Return a score on the scale of its latest answers, and until when the other one was asked."""
    longer, shorter = guess.setting["scale"], [guess.setting["scale"][0], top]
    latest = bool(short[rows["moment"].idxmax()])
    usual, other = (shorter, longer) if latest else (longer, shorter)
    before = rows.loc[short != latest, "moment"]
    change = {"until": before.max().date(), "scale": other}
    reason = f"{len(before)} answers until {change['until']} on {other[0]} to {other[1]}, by their range alone"
    reason = f"{guess.reason.split(';')[0]}; {reason}"
    return replace(guess, setting={**guess.setting, "scale": usual}, confidence=0.8, reason=reason), [change]


def _rated(guess: Guess, when: Guess, files: Sequence[Source]) -> pd.DataFrame:
    """Return `score` and `moment` of each row that has both."""
    score, date = guess.columns[0], when.columns[0]
    held = [file.frame[[score, date]] for file in files if {score, date} <= set(map(str, file.frame.columns))]
    whole = profiles([replace(file, frame=file.frame[[score, date]]) for file in files if score in file.frame])
    cells = pd.concat(held)
    told = moments(whole[date], when.setting.get("format")).set_axis(whole[date].tally.index)
    texts = cells.apply(lambda column: column.map(cell_text, na_action="ignore"))
    missing = set(map(code_text, guess.setting.get("missing", [])))
    numbers = {text: number for text, number in whole[score].numbers.items() if text not in missing}
    scores = texts[score].map(lambda text: numbers.get(code_text(text)), na_action="ignore").astype("float64")
    return pd.DataFrame({"score": scores.to_numpy(), "moment": texts[date].map(told).to_numpy()}).dropna()


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
