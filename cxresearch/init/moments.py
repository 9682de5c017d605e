"""Which columns are dates, and in which format; which period a run reports."""

from collections.abc import Mapping, Sequence

import pandas as pd

from cxresearch import periods
from cxresearch.init.dates import DateFormat, date_format, is_quarterly, moments
from cxresearch.init.guess import Guess
from cxresearch.init.profile import Profile, shapes
from cxresearch.init.words import plain, says

# A period of fewer answers than this is no period to report; one whose last answer lies so many days before its end
# is not complete.
ENOUGH_ANSWERS, DAYS_LEFT = 30, 14
# Words of the end of an interview, of any moment, and of what happens to an answer later.
ENDED = (
    "end",
    "submit",
    "complet",
    "abgeschickt",
    "abgeschlossen",
    "beendet",
    "fin",
    "einddatum",
    "voltooid",
    "ingevuld",
    "termine",
)
LATER = ("recorded", "modified", "updated", "changed", "exported")


def dated(profiles: Mapping[str, Profile]) -> dict[str, DateFormat]:
    """Return the date format of each column that holds dates.

    Where a column's own cells cannot tell day from month, another column of the same file and look may.
    """
    found = {name: date_format(profile) for name, profile in profiles.items()}
    known = {name: form for name, form in found.items() if form}
    decided = {form.form: name for name, form in known.items() if form.form and not form.other}
    for name, form in known.items():
        told = (
            next((other for other in (form.form, form.other) if other in decided), None)
            if form.other and _may_differ(form)
            else None
        )
        if told:
            known[name] = DateFormat(told, f"as {decided[told]!r} is written")
    return known


def _may_differ(form: DateFormat) -> bool:
    """Return whether a format is open because every cell reads both ways, not because cells contradict each other."""
    return "alike" in form.reason


def response_dates(profiles: Mapping[str, Profile], forms: Mapping[str, DateFormat]) -> list[Guess]:
    """Return when people answered and when they began, among the dated columns."""
    names = [name for name in forms if name in profiles]
    begun = [name for name in names if _begun(name)]
    ended = [name for name in names if name not in begun and says(name, "responded_at")]
    plainly = [name for name in names if plain(name) in ("date", "datum", "fecha", "created", "created at", "response")]
    rest = [name for name in names if name not in begun and not says(name, "invited_at") and not _of_something(name)]
    guesses = (
        [_moment("started_at", begun[0], profiles, forms, 0.92, "when the interview began")]
        if begun and len(names) > 1
        else []
    )
    if ended:
        best = min(ended, key=_rank)
        return [*guesses, _moment("responded_at", best, profiles, forms, 0.97, "when the answer was complete")]
    if plainly:
        return [*guesses, _moment("responded_at", plainly[0], profiles, forms, 0.9, "the date of the row")]
    if len(rest) == 1 or len(names) == 1:
        return [_moment("responded_at", (rest or names)[0], profiles, forms, 0.8, "the only date that can be it")]
    if len(rest) > 1:
        others = tuple(_moment("responded_at", name, profiles, forms, 0.5, "a date") for name in rest[1:4])
        question = f"which date is that of the answer: {' or '.join(repr(name) for name in rest[:4])}?"
        return [_moment("responded_at", rest[0], profiles, forms, 0.5, "one of several dates", question, others)]
    return guesses


def moment(
    role: str, name: str, profiles: Mapping[str, Profile], forms: Mapping[str, DateFormat], sure: float, why: str
) -> Guess:
    """Return a dated column as an entry of the study file, with its format."""
    return _moment(role, name, profiles, forms, sure, why)


def quarters(profiles: Mapping[str, Profile]) -> list[str]:
    """Return the columns that hold quarters, which intake does not read as dates."""
    return [name for name, profile in profiles.items() if is_quarterly(profile)]


def reporting_period(profile: Profile, form: str | None) -> tuple[str, str]:
    """Return the period to report and why: the latest complete quarter of enough answers.

    Parameters
    ----------
    profile, form
        The column of response dates and its format.
    """
    found = moments(profile, form)
    rows = pd.Series(profile.tally.to_numpy(), index=found.to_numpy())[found.notna().to_numpy()]
    if rows.empty:
        return periods.ALL, "no date could be read"
    names = [str(periods.containing(day, "quarter")) for day in rows.index.date]
    counts = rows.groupby(names).sum()
    enough = sorted(counts.index[counts >= ENOUGH_ANSWERS])
    if not enough:
        return periods.ALL, f"no quarter has {ENOUGH_ANSWERS} answers"
    latest = periods.parse(enough[-1])
    last = rows.index.max().date()
    if len(enough) > 1 and latest and (latest.end() - last).days > DAYS_LEFT:
        return enough[
            -2
        ], f"the latest complete quarter, {counts[enough[-2]]} answers; {enough[-1]} is not over in the data"
    return enough[-1], f"the latest quarter, {counts[enough[-1]]} answers"


def _begun(name: str) -> bool:
    """Return whether a name says that something began, rather than ended."""
    return says(name, "started_at") and not (says(name, "responded_at") and _rank(name) == 0)


def _rank(name: str) -> int:
    """Return 0 for the end of an interview, 1 for a moment of any kind, 2 for what happened to the answer later."""
    text = plain(name)
    return 2 if any(word in text for word in LATER) else 0 if any(word in text for word in ENDED) else 1


def _of_something(name: str) -> bool:
    """Return whether a date is one of the customer's life rather than of the answer."""
    words = set(plain(name).split())
    return bool(
        words
        & {
            "visit",
            "flown",
            "purchase",
            "order",
            "birth",
            "signup",
            "contract",
            "joined",
            "delivery",
            "since",
            "invoice",
        }
    )


def _moment(
    role: str, name: str, profiles: Mapping[str, Profile], forms: Mapping[str, DateFormat], sure: float, why: str,
    question: str = "", others: Sequence[Guess] = (),
) -> Guess:  # fmt: skip
    """Return a dated column; a question where its cells read two ways."""
    form = forms[name]
    setting = {"format": form.form} if form.form else {}
    if form.other:
        question = f"is it {form.form} or {form.other}? {form.reason}; write the one that is right"
        others = (Guess(role, (name,), 0.5, form.reason, {"format": form.other}),)
        sure = 0.5
    needed = bool(question) and role in ("responded_at", "month")
    reason = f"{why}; {form.reason}" + ("" if form.form is None else f"; cells look like {shapes(profiles[name], 1)}")
    return Guess(role, (name,), sure, reason, setting, question=question, needed=needed, others=tuple(others))
