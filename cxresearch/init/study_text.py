"""The study and run files as text: each guess with its confidence and reason."""

import io
import re
from collections.abc import Iterable
from typing import Any

from ruamel.yaml import YAML

from cxresearch.init.draft import Draft, Drafts
from cxresearch.init.guess import Guess

# The order of data/demo/study.yaml; groups of people come before the drivers.
ORDER = (
    "response_id",
    "invitation_id",
    "customer_id",
    "account_id",
    "responded_at",
    "started_at",
    "invited_at",
    "bill_id",
    "month",
    "revenue",
    "currency",
    "duration_s",
    "status",
    "finished",
    "language",
    "since",
    "churned_at",
    "nps",
    "csat",
    "ces",
    "fcr",
    "verbatim",
    "touchpoint",
    "mode",
)
LONGEST_COMMENT, MOST_LISTED = 170, 40
OPEN = "# ? "
HEAD = """\
# Written by `cxresearch init`. The comment beside an entry says how sure it is, and why.
# Lines that begin with "# ?" are questions: answer by taking the mark away, or leave them.
"""


def study_text(title: str, drafts: Drafts, sources: dict[str, str]) -> str:
    """Return a study file.

    Parameters
    ----------
    title
        The study's title.
    drafts
        Its tables.
    sources
        What `source:` says, by table.
    """
    lines = [HEAD + f"title: {flow(title)}"]
    lines += [f"currency: {flow(drafts.currency)}"] if drafts.currency else []
    told = "told by the survey platform" if drafts.timezone else "not told by the exports"
    lines += [f"timezone: {flow(drafts.timezone or 'UTC')}   # {told}; write the one in which your days are counted"]
    lines += ["", "tables:"]
    for draft in drafts.tables:
        sheet = [f"    sheet: {flow(draft.sheet)}"] if draft.sheet else []
        lines += [
            f"  {draft.name}:",
            f"    source: {flow(sources[draft.name])}",
            *sheet,
            *_survey(draft),
            "    columns:",
        ]
        lines += [
            *(_columns(draft) or ["      {}"]),
            *_changes(draft),
            *_sets(draft),
            *_measures(draft),
            *_design(draft),
            *_left(draft),
            "",
        ]
    lines += _segments(drafts)
    lines += [f"# {one_line(name)} was left out: it {why}." for name, why in drafts.left_out.items()]
    return "\n".join(lines).rstrip() + "\n"


def run_text(study: str, period: str, reason: str) -> str:
    """Return a run file.

    Parameters
    ----------
    study
        The study's name under `data/`, or the path of its file.
    period, reason
        The period to report, and why that one.
    """
    return (
        f"study: {flow(study)}\nperiod: {period}   # {one_line(reason)}\ncompare_to: previous\nseed: 0\ntiers: [team]\n"
    )


def flow(value: Any) -> str:
    """Return a value as YAML on one line.

    Examples
    --------
    >>> flow({"from": "Q1: score", "scale": [0, 10], "missing": ["99", 99]})
    "{from: 'Q1: score', scale: [0, 10], missing: ['99', 99]}"
    """
    writer = YAML(typ="safe", pure=True)
    writer.width, writer.allow_unicode = 10**9, True
    writer.default_flow_style = True
    writer.sort_base_mapping_type_on_output = False  # type: ignore[assignment]
    text = io.StringIO()
    # Within a mapping, so that a text alone gets its quotes and a mapping of one pair its brackets.
    writer.dump({"x": value}, text)
    return text.getvalue().strip().removeprefix("{x: ").removesuffix("}")


def one_line(text: str, most: int = LONGEST_COMMENT) -> str:
    """Return a text fit for a comment: one line, nothing that does not print, not too long."""
    line = "".join(sign for sign in " ".join(text.split()) if sign.isprintable())
    return line if len(line) <= most else f"{line[:most].rsplit(' ', 1)[0]} …"


def entry(guess: Guess) -> str:
    """Return what stands behind a guess's name in the study file."""
    setting = {key: value for key, value in guess.setting.items() if key != "bands"}
    source = list(guess.columns) if guess.role == "drivers" else guess.columns[0]
    return flow({"from": source, **setting}) if setting or guess.role == "drivers" else flow(source)


def _columns(draft: Draft) -> list[str]:
    """Return the entries under `columns:`."""
    order = {role: place for place, role in enumerate(ORDER)}
    own = [guess for guess in draft.guesses if guess.place in ("columns", "groups", "measures")]
    own.sort(key=lambda guess: order.get(guess.role, len(order) + (guess.role == "drivers")))
    lines = [line for guess in own for line in _written(guess, "      ", f"{flow(guess.role)}: {entry(guess)}")]
    return (
        lines
        if any(guess.taken for guess in own)
        else ["      {}" if not lines else "      # nothing is sure yet", *lines][: 1 + len(lines)]
    )


def _written(guess: Guess, indent: str, text: str) -> list[str]:
    """Return the lines of an entry: as it is where it is taken, else as a question."""
    reason = re.sub(r"(\d)%", r"\1 %", one_line(f"{guess.confidence:.0%}: {guess.reason}"))
    if guess.taken:
        return [f"{indent}{text}   # {reason}"]
    return [
        f"{indent}{OPEN}{one_line(guess.question or 'is this so?')}",
        *(f"{indent}{OPEN}{line}" for line in _choices(guess, text, reason)),
    ]


def _choices(guess: Guess, text: str, reason: str) -> Iterable[str]:
    """Return the lines of a question's answers."""
    yield f"{text}   # {reason}"
    for other in guess.others:
        yield f"{flow(other.role)}: {entry(other)}   # {one_line(other.reason)}"


def _survey(draft: Draft) -> list[str]:
    """Return the line that tells relationship from transactional answers, and the notes of a table."""
    lines = [f"    # {one_line(note)}." for note in draft.notes]
    for guess in (guess for guess in draft.guesses if guess.place == "survey"):
        lines += _written(guess, "    ", f"survey: {flow({'from': guess.columns[0], **guess.setting})}")
    return [*lines, f"    survey: {draft.survey}"] if draft.survey else lines


def _sets(draft: Draft) -> list[str]:
    """Return the multi-select sets."""
    found = [guess for guess in draft.guesses if guess.place == "sets"]
    lines = [line for guess in found for line in _written(guess, "      ", f"{flow(guess.role)}: {_choices_of(guess)}")]
    return ["    sets:", *lines] if any(guess.taken for guess in found) else []


def _measures(draft: Draft) -> list[str]:
    """Return the numbers to be estimated."""
    return [
        f"    {'' if guess.taken else OPEN}measures: {flow({guess.role: 'mean'})}   # or total"
        for guess in draft.guesses
        if guess.place == "measures"
    ]


def _changes(draft: Draft) -> list[str]:
    """Return the days on which a score was asked on another scale."""
    return [f"    scale_changes: {flow(draft.scale_changes)}"] if draft.scale_changes else []


def _choices_of(guess: Guess) -> str:
    """Return what makes a set: a column whose cells list choices, or columns of one choice each."""
    return flow({"from": guess.columns[0], **guess.setting}) if guess.setting else flow(list(guess.columns))


def _design(draft: Draft) -> list[str]:
    """Return the sampling design."""
    found = [guess for guess in draft.guesses if guess.place == "design"]
    lines = [line for guess in found for line in _written(guess, "      ", f"{guess.role}: {flow(guess.columns[0])}")]
    head = "    design:" if any(guess.taken for guess in found) else f"    {OPEN}design:"
    return [head, *lines] if lines else []


def _left(draft: Draft) -> list[str]:
    """Return which columns were left out, by name, and why."""
    lines = (
        [f"    # Never taken in, since they tell who somebody is: {_listed(draft.personal)}"] if draft.personal else []
    )
    return [*lines, f"    # Not used: {_listed(draft.unused)}"] if draft.unused else lines


def _segments(drafts: Drafts) -> list[str]:
    """Return the segments: groups of the answers, then those of the customers that are no doubles."""
    lines: dict[str, str] = {}
    for draft in drafts.tables if drafts.table("responses") else []:
        for guess in draft.guesses if draft.name in ("responses", "customers") else []:
            if guess.place == "groups" and guess.taken and guess.role not in lines:
                value = (
                    {"from": guess.role, "bands": guess.setting["bands"]} if "bands" in guess.setting else guess.role
                )
                lines[guess.role] = f"  {flow(guess.role)}: {flow(value)}"
    since = next(
        (draft for draft in drafts.tables if draft.name == "customers" and (one := draft.guess("since")) and one.taken),
        None,
    )
    responses = drafts.table("responses")
    dated = responses and (when := responses.guess("responded_at")) and when.taken and responses.guess("customer_id")
    if since and dated and not any("tenure" in name for name in lines):
        lines["tenure"] = (
            "  tenure: {from: since, bands: [0, 1, 3, 10]}   # years as a customer at the time of the answer"
        )
    return ["segments:", *lines.values(), ""] if lines else []


def _listed(names: list[str]) -> str:
    """Return column names for a comment, in quotes."""
    shown = ", ".join(f'"{one_line(name, 60)}"' for name in names[:MOST_LISTED])
    return shown + (f" and {len(names) - MOST_LISTED} more" if len(names) > MOST_LISTED else "")
