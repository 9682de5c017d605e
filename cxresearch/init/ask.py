"""The questions that only a person can answer, asked on a terminal; what is sure is not asked about."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from cxresearch.init.dates import date_format
from cxresearch.init.draft import Draft, Drafts
from cxresearch.init.grids import named
from cxresearch.init.guess import SURE, Guess
from cxresearch.init.profile import Profile, shapes
from cxresearch.init.ratings import quoted
from cxresearch.init.scales import scale_of
from cxresearch.schema import SCORES
from cxresearch.strict_yaml import StudyError, nearest

SKIP = "-"
HELP = (
    "Enter: accept · a column's name: take that one · a format such as %d/%m/%Y · role=csat: it is that · "
    "-: leave it out"
)
Ask = Callable[[str], str]


def asked(drafts: Drafts, ask: Ask, tell: Callable[[str], None]) -> Drafts:
    """Return the tables after a person has answered what is not sure.

    Parameters
    ----------
    drafts
        The tables as guessed.
    ask
        Shows a prompt and returns a line.
    tell
        Shows a line.

    Raises
    ------
    StudyError
        If the input ends before all is answered.
    """
    if any(_is_open(guess) for draft in drafts.tables for guess in draft.guesses):
        tell(HELP)
    tables = []
    for draft in drafts.tables:
        # What nothing runs without comes first.
        open_ = sorted(filter(_is_open, draft.guesses), key=lambda guess: not guess.needed)
        answers = {id(guess): _answered(guess, draft, ask, tell) for guess in open_}
        guesses = [one for guess in draft.guesses for one in answers.get(id(guess), [guess])]
        tables.append(replace(draft, guesses=_single(guesses)))
    return replace(drafts, tables=tables)


def _is_open(guess: Guess) -> bool:
    """Return whether a guess is worth a question."""
    return bool(guess.question) or guess.confidence < SURE


def _answered(guess: Guess, draft: Draft, ask: Ask, tell: Callable[[str], None]) -> list[Guess]:
    """Return what a person makes of a guess: one entry or none."""
    tell(_shown(guess, draft))
    for number, other in enumerate((guess, *guess.others) if guess.others else (), start=1):
        tell(f"    {number}: {other.columns[0]} {other.setting.get('format', '')}")
    while True:
        try:
            answer = ask(f"  {guess.role} [{guess.columns[0]}] ").strip()
        except EOFError:
            raise StudyError("init was stopped before all was answered; nothing was written.") from None
        if answer == SKIP:
            return []
        try:
            return [_changed(guess, answer, draft)]
        except StudyError as error:
            tell(f"  {error}")


def _shown(guess: Guess, draft: Draft) -> str:
    """Return a guess for a person to judge: what is asked, how sure, why, and what cells look like."""
    profile = draft.profiles.get(guess.columns[0])
    look = f"; cells look like {shapes(profile)}" if profile and guess.place != "sets" else ""
    asks = f"\n    {guess.question}" if guess.question else ""
    where = f"{draft.name}: {guess.role} from {', '.join(guess.columns[:8])}"
    return f"\n{where} ({guess.confidence:.0%}: {guess.reason}{look}){asks}"


def _changed(guess: Guess, answer: str, draft: Draft) -> Guess:
    """Return a guess as a person's answer makes it.

    Raises
    ------
    StudyError
        If the answer is no column, format, role or number of a choice.
    """
    if not answer:
        return replace(guess, confidence=1.0, question="", others=())
    if answer.isdigit() and 1 <= int(answer) <= len(guess.others) + 1:
        return replace((guess, *guess.others)[int(answer) - 1], confidence=1.0, question="", others=())
    if len(guess.columns) > 1 or guess.place == "sets":
        raise StudyError(
            "these columns go together; Enter takes them, - leaves them out, the study file can change them."
        )
    if "%" in answer:
        return replace(
            guess,
            setting={**guess.setting, "format": answer},
            confidence=1.0,
            reason="a format given by hand",
            question="",
            others=(),
        )
    if answer.startswith("role="):
        return _of_column(answer.removeprefix("role=").strip(), draft.profiles[guess.columns[0]])
    open_ = [name for name in draft.profiles if name not in draft.personal]
    column = next((name for name in open_ if answer.casefold() in (name.casefold(), repr(name).casefold())), None)
    if column is None:
        raise StudyError(f"there is no such column to take; {nearest(answer, open_)}.")
    if guess.place in ("columns", "survey"):
        return _of_column(guess.role, draft.profiles[column])
    # A part of the design, a group, a number to estimate: the column changes, not what it is for.
    role = named(column) if guess.place == "measures" else guess.role
    kept = guess.setting if guess.place == "measures" else {}
    return Guess(role, (column,), 1.0, "chosen by hand", kept, guess.place)


def _of_column(role: str, profile: Profile) -> Guess:
    """Return a column in a role that a person gave it, with the setting that its cells suggest."""
    setting: dict[str, Any] = {}
    if role in SCORES:
        scale = scale_of(profile)
        setting = scale.setting if scale else {"scale": [0, 10] if role == "nps" else [1, 5]}
    elif form := date_format(profile):
        setting = {"format": form.form} if form.form else {}
    reason = "chosen by hand" + (f", asked {quoted(profile)}" if profile.wording else "")
    return Guess(role, (profile.name,), 1.0, reason, setting)


def _single(guesses: list[Guess]) -> list[Guess]:
    """Return entries without those that a later answer by hand has taken the role or the column from."""
    sure = [guess for guess in guesses if guess.confidence == 1.0]
    roles, columns = {guess.role for guess in sure}, {column for guess in sure for column in guess.columns}
    return [
        guess for guess in guesses if guess in sure or (guess.role not in roles and not columns & set(guess.columns))
    ]
