"""How survey platforms lay out their exports: which rows under the header are no answers, and what was asked."""

from dataclasses import dataclass, field

from cxresearch.intake.notes import Note

IMPORT_ID = '{"ImportId"'
# A layout shows in this many records under the header.
LOOKED_AT = 3


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
    """

    platform: str
    names: list[str]
    wordings: dict[str, str] = field(default_factory=dict)
    skipped: int = 0
    notes: list[Note] = field(default_factory=list)


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
    """
    if len(first) > 1 and first[1] and first[1][0].startswith(IMPORT_ID):
        wordings = dict(zip(header, (one_line(text) for text in first[0]), strict=False))
        return Layout("Qualtrics", header, wordings, 2, [Note("Qualtrics export with three header rows")])
    return Layout("", header)


def one_line(text: str) -> str:
    r"""Return a text with every run of white space as one blank.

    Examples
    --------
    >>> one_line("How likely\n are you?")
    'How likely are you?'
    """
    return " ".join(text.split())
