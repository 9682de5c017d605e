"""How survey platforms lay out their exports: which rows under the header are no answers, and what was asked."""

import re
from collections import Counter
from dataclasses import dataclass, field
from itertools import pairwise

import pandas as pd

from cxresearch.intake.notes import Note

# A layout shows in this many records under the header.
LOOKED_AT = 3
IMPORT_ID = re.compile(r"\W*ImportId\W")
TIMEZONE = re.compile(r"timeZone\W+([A-Za-z_]+(?:/[A-Za-z_+-]+)*)")
# What Qualtrics calls its own columns, and what its second header row says of them; letters and digits only.
QUALTRICS = frozenset({
    "startdate", "enddate", "status", "responsetype", "ipaddress", "progress", "durationinseconds", "finished",
    "recordeddate", "responseid", "responseset", "recipientlastname", "recipientfirstname", "recipientemail",
    "externalreference", "externaldatareference", "locationlatitude", "locationlongitude", "distributionchannel",
    "userlanguage",
})  # fmt: skip
QUALTRICS_DATES = frozenset({"startdate", "enddate", "recordeddate"})
NUMBERED = re.compile(r"V\d+")
SURVEYMONKEY_IDS = frozenset({"respondentid", "collectorid"})
SURVEYMONKEY = SURVEYMONKEY_IDS | {"startdate", "enddate", "ipaddress", "emailaddress", "firstname", "lastname"}
SURVEYMONKEY_ANSWER = frozenset({"response", "open-ended response"})
LIMESURVEY_CODES = frozenset({"id", "submitdate", "lastpage", "startlanguage"})
LIMESURVEY_TEXTS = frozenset({"responseid", "datesubmitted", "lastpage", "startlanguage"})
# `G01Q01. How likely …`, `Q05[SQ001]. How satisfied … [Price]`.
CODE_AND_TEXT = re.compile(r"([^\W\d]\w*(?:\[[^\]]*\])*)\.\s*(.*)", re.DOTALL)
# The time stamp of Google Forms, in the language of the sheet.
GOOGLE = frozenset({
    "timestamp", "zeitstempel", "horodateur", "marcatemporal", "informazionicronologiche", "tijdstempel",
    "carimbodedatahora",
})  # fmt: skip
DATE_AND_TIME = re.compile(r"\d{1,4}[/.-]\d{1,2}[/.-]\d{1,4},? +\d{1,2}[:.]\d{2}")
# Platforms with one header row: the columns that only they have, and the one that is blank until an answer is sent.
ONE_ROW = {
    "Microsoft Forms": (frozenset({"id", "starttime", "completiontime", "email", "name"}), ""),
    "Typeform": (frozenset({"startdateutc", "submitdateutc", "networkid"}), "submitdateutc"),
    "Alchemer": (frozenset({"responseid", "timestarted", "datesubmitted", "status"}), ""),
}


@dataclass(frozen=True)
class Layout:
    """How an export is laid out.

    Attributes
    ----------
    platform
        `Qualtrics`, `SurveyMonkey` …; "" for a plain table.
    names
        Name of each column.
    wordings
        Question text by column, where the file tells it.
    skipped
        How many records under the first belong to the header.
    notes
        What was found.
    headings
        By column, what stands above it in the file where that is more than its name.
    finished
        Column that is blank where an answer was never sent; "" where there is none.
    not_shown
        Text that the platform writes where a question was not shown; "" for none.
    timezone
        Of the platform's dates, where the file tells it.
    """

    platform: str
    names: list[str]
    wordings: dict[str, str] = field(default_factory=dict)
    skipped: int = 0
    notes: list[Note] = field(default_factory=list)
    headings: dict[str, str] = field(default_factory=dict)
    finished: str = ""
    not_shown: str = ""
    timezone: str = ""


def layout(header: list[str], first: list[list[str]]) -> Layout:
    """Return how an export is laid out.

    Parameters
    ----------
    header
        The first record, blanks at both ends of its cells gone.
    first
        The records right under it, at most three.

    Examples
    --------
    >>> layout(["Q1", "Q2"], [["How likely?", "Why?"], ['{"ImportId":"a"}', '{"ImportId":"b"}']]).platform
    'Qualtrics'
    >>> layout(["Respondent ID", "Devices?", ""], [["", "Phone", "TV"], ["1", "Phone", ""]]).names
    ['Respondent ID', 'Devices?: Phone', 'Devices?: TV']
    """
    rows = [[one_line(cell) for cell in cells[: len(header)]] for cells in first]
    rows = [cells + [""] * (len(header) - len(cells)) for cells in rows]
    for known in (_qualtrics, _surveymonkey, _limesurvey, _google_forms, _one_row):
        found = known(header, rows)
        if found is not None:
            return found
    return Layout("", header)


def notes_on_rows(frame: pd.DataFrame, found: Layout) -> list[Note]:
    """Return what a layout says about rows: answers never sent, questions not shown.

    Parameters
    ----------
    frame
        The cells as text.
    found
        Its layout.
    """
    notes = []
    if found.finished in frame:
        unsent = int(frame[found.finished].fillna("").str.strip().eq("").sum())
        notes += [Note(f"incomplete answers: {found.finished!r} is blank", unsent, "flag")] if unsent else []
    if found.not_shown:
        hidden = int(frame.eq(found.not_shown).any(axis=1).sum())
        notes += [Note(f"{found.not_shown} for a question not shown: missing", hidden, "normalised")] if hidden else []
    return notes


def one_line(text: str) -> str:
    r"""Return a text with every run of white space as one blank.

    Examples
    --------
    >>> one_line("How likely\n are you?")
    'How likely are you?'
    """
    return " ".join(text.split())


def _plain(name: str) -> str:
    """Return a name's letters and digits, without case."""
    return "".join(letter for letter in name.casefold() if letter.isalnum())


def _own(header: list[str], names: frozenset[str]) -> int:
    """Return how many columns of a platform a header has."""
    return len({_plain(name) for name in header} & names)


def _qualtrics(header: list[str], rows: list[list[str]]) -> Layout | None:
    """Return the layout of Qualtrics: names, question texts, ids for import; the last one or two rows may be gone."""
    ids = next((place for place, cells in enumerate(rows[:2]) if any(map(IMPORT_ID.match, cells))), None)
    texts = rows[0] if rows and ids != 0 else []
    if ids is None and not (texts and _describes_qualtrics(header, texts)):
        return _bare_qualtrics(header)
    skipped = 1 if ids is None else ids + 1
    # The oldest exports call the platform's own columns V1 to V10; their names stand in the second row.
    names = [
        text if NUMBERED.fullmatch(name) and _plain(text) in QUALTRICS else name
        for name, text in zip(header, texts or header, strict=True)
    ]
    zone = next((match[1] for cell in rows[ids] if (match := TIMEZONE.search(cell))), "") if ids is not None else ""
    notes = [Note(f"Qualtrics export with {'two' if skipped == 1 else 'three'} header rows")]
    notes += [Note(f"the platform's dates are in {zone}")] if zone else []
    wordings = {name: text for name, text in zip(names, texts, strict=False) if text}
    return Layout("Qualtrics", names, wordings, skipped, notes, timezone=zone)


def _describes_qualtrics(header: list[str], row: list[str]) -> bool:
    """Return whether a row under the header is Qualtrics' question texts: no answer has a start date without digits."""
    dates = [cell for name, cell in zip(header, row, strict=True) if _plain(name) in QUALTRICS_DATES and cell]
    words = len(dates) > 1 and not any(letter.isdigit() for cell in dates for letter in cell)
    return (words and _own(header, QUALTRICS) > 3) or _own(row, QUALTRICS) > 3


def _bare_qualtrics(header: list[str]) -> Layout | None:
    """Return the layout of a Qualtrics export whose further header rows somebody took out."""
    if _own(header, QUALTRICS) > 5 and "ResponseId" in header:
        return Layout("Qualtrics", header, notes=[Note("Qualtrics export with one header row")])
    return None


def _surveymonkey(header: list[str], rows: list[list[str]]) -> Layout | None:
    """Return the layout of SurveyMonkey: questions, and under them `Response` or the choices, one a column."""
    if not rows or not _is_second_row(header, rows):
        return None
    questions: list[str] = []
    group: list[int] = []
    for place, (name, choice) in enumerate(zip(map(one_line, header), rows[0], strict=True)):
        goes_on = place > 0 and choice and (not name or (name == questions[-1] and not _is_answer(choice)))
        questions.append(questions[-1] if goes_on else name)
        group.append(group[-1] if goes_on else place)
    size = Counter(group)
    texts = [
        question if size[number] == 1 or not choice or _is_answer(choice) else f"{question}: {choice}"
        for question, number, choice in zip(questions, group, rows[0], strict=True)
    ]
    names = _numbered(texts)
    again = sum(name != text for name, text in zip(names, texts, strict=True))
    own = _own(header, SURVEYMONKEY) > 0 or any(map(_is_answer, rows[0]))
    notes = [Note("SurveyMonkey export with two header rows" if own else "two header rows: questions and choices")]
    notes += [Note(f"{again} columns bear a text that stood before: numbered", 0, "flag")] if again else []
    wordings = {name: text for name, text, choice in zip(names, texts, rows[0], strict=True) if choice}
    return Layout("SurveyMonkey" if own else "", names, wordings, 1, notes)


def _is_second_row(header: list[str], rows: list[list[str]]) -> bool:
    """Return whether the row under the header is a second header row, as SurveyMonkey writes it."""
    row = rows[0]
    own = [cell for name, cell in zip(header, row, strict=True) if _plain(name) in SURVEYMONKEY]
    unnamed = [cell for name, cell in zip(header, row, strict=True) if not name]
    spread = any(unnamed) or any(name and name == other for name, other in pairwise(header))
    given = [cell for cell in row if cell]
    # An answer has an id, a collector and dates; the second header row has nothing in the platform's own columns.
    if not given or any(own):
        return False
    if any(map(_is_answer, given)) and (own or spread or all(map(_is_answer, row))):
        return True
    if spread and _own(header, SURVEYMONKEY_IDS):
        return True
    # The same in another language: texts under columns without a name, nothing where the answers have an id.
    words = len(unnamed) > 1 and all(cell and not cell[0].isdigit() for cell in unnamed)
    return words and bool(header[0]) and not row[0] and len(rows) > 1 and all(cells[0] for cells in rows[1:])


def _is_answer(choice: str) -> bool:
    """Return whether the second header row of SurveyMonkey names no choice, only that the answer stands below."""
    return choice.casefold() in SURVEYMONKEY_ANSWER


def _numbered(names: list[str]) -> list[str]:
    """Return names without doubles: the second of a name ends in (2)."""
    seen: Counter[str] = Counter()
    found = []
    for name in names:
        seen[name] += 1
        found.append(f"{name} ({seen[name]})" if name and seen[name] > 1 else name)
    return found


def _limesurvey(header: list[str], rows: list[list[str]]) -> Layout | None:
    """Return the layout of LimeSurvey, whose headings are codes, texts, or both: `G01Q01. How likely …`."""
    parts = [CODE_AND_TEXT.fullmatch(name) for name in header]
    names = [part[1] if part else name for name, part in zip(header, parts, strict=True)]
    if len(LIMESURVEY_CODES & set(names)) < 3:
        return _in_words("LimeSurvey", header, LIMESURVEY_TEXTS, "datesubmitted", "N/A")
    if len(set(names)) < len(names):
        names, parts = header, [None] * len(header)
    wordings = {part[1]: one_line(part[2]) for part in parts if part and part[2]}
    headings = {part[1]: heading for heading, part in zip(header, parts, strict=True) if part}
    notes = [Note("LimeSurvey export")]
    return Layout("LimeSurvey", names, wordings, 0, notes, headings, finished="submitdate", not_shown="N/A")


def _google_forms(header: list[str], rows: list[list[str]]) -> Layout | None:
    """Return the layout of Google Forms: a time stamp first, then the questions as they were asked."""
    asked = any(" " in name for name in header[1:])
    if not (asked and rows and _plain(header[0]) in GOOGLE and DATE_AND_TIME.match(rows[0][0])):
        return None
    return _in_words("Google Forms", header, frozenset({_plain(header[0])}), "", "")


def _one_row(header: list[str], rows: list[list[str]]) -> Layout | None:
    """Return the layout of a platform whose questions are the names of its columns."""
    found = (_in_words(platform, header, own, sent, "") for platform, (own, sent) in ONE_ROW.items())
    return next((one for one in found if one is not None), None)


def _in_words(platform: str, header: list[str], own: frozenset[str], sent: str, not_shown: str) -> Layout | None:
    """Return the layout of an export that has a platform's own columns; the others are named by their question."""
    if _own(header, own) < len(own):
        return None
    wordings = {name: one_line(name) for name in header if _plain(name) not in {"", *own}}
    finished = next((name for name in header if sent and _plain(name) == sent), "")
    notes = [Note(f"{platform} export")]
    return Layout(platform, header, wordings, 0, notes, finished=finished, not_shown=not_shown)
