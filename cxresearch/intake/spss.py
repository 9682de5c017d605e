"""SPSS files: codes, labels, wordings, declared missing values and multiple-response sets."""

from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pandas as pd

from cxresearch.intake.notes import Note
from cxresearch.intake.platforms import one_line
from cxresearch.intake.source import Source, refuse_empty
from cxresearch.strict_yaml import StudyError

NOT_CONVERTED = "convert string"
REPLACED = "\ufffd"


def read_sav(path: Path, encoding: str | None = None) -> Source:
    """Return an SPSS file: codes as they are, with labels, wordings and declared missing values beside them.

    Parameters
    ----------
    path
        The file.
    encoding
        Of its texts; by default the one that the file declares, or UTF-8 where that is plainly wrong.

    Raises
    ------
    StudyError
        If it cannot be read, or its texts are not in the encoding.
    """
    frame, meta = _read(path, encoding)
    refuse_empty(frame, path)
    notes = []
    broken = _is_garbled(_texts(frame, meta))
    if broken and encoding is None and (again := _as_utf8(path)) is not None:
        notes = [
            Note(f"texts read as utf-8, not as {meta.file_encoding.lower()} as the file declares", 0, "normalised")
        ]
        frame, meta = again
    elif broken:
        notes = [Note(f"broken characters in {meta.file_encoding.lower()}; try another `encoding:`", 0, "flag")]
    dichotomies = {name: one for name, one in (meta.mr_sets or {}).items() if one["is_dichotomy"]}
    return Source(
        path.name,
        frame.set_axis(range(1, len(frame) + 1)),
        {name: one_line(text) for name, text in meta.column_names_to_labels.items() if text},
        labels=meta.variable_value_labels,
        missing={name: _declared(frame[name], ranges) for name, ranges in meta.missing_ranges.items()},
        notes=notes + _notes(frame, meta),
        sets={name: list(one["variable_list"]) for name, one in dichotomies.items()},
        counted={column: one["counted_value"] for one in dichotomies.values() for column in one["variable_list"]},
    )


def _read(path: Path, encoding: str | None) -> tuple[pd.DataFrame, Any]:
    """Return cells and metadata of a file."""
    import pyreadstat

    try:
        return pyreadstat.read_sav(path, user_missing=True, dates_as_pandas_datetime=True, encoding=encoding)
    except OverflowError:
        raise StudyError(
            f"{path.name}: holds a date beyond the year 9999; correct it in SPSS, save it again."
        ) from None
    except (pyreadstat.ReadstatError, pyreadstat.PyreadstatError, OSError, ValueError) as error:
        if NOT_CONVERTED in str(error):
            said = encoding or "the encoding that it declares"
            raise StudyError(
                f"{path.name}: its texts are not in {said}; name the right one under `encoding:`, such as cp1252."
            ) from None
        raise StudyError(
            f"{path.name}: is no readable SPSS file ({type(error).__name__}); save it again as .sav."
        ) from None


def _as_utf8(path: Path) -> tuple[pd.DataFrame, Any] | None:
    """Return a file read as UTF-8, which texts in another encoding hardly ever are by chance; None if they are not."""
    try:
        frame, meta = _read(path, "utf-8")
    except StudyError:
        return None
    return None if _is_garbled(_texts(frame, meta)) else (frame, meta)


def _texts(frame: pd.DataFrame, meta: Any) -> Iterable[str]:
    """Return every text of a file that is not plain ASCII: names, wordings, labels, cells."""
    labels = (label for labels in meta.variable_value_labels.values() for label in labels.values())
    wordings = (text for text in meta.column_labels if text)
    cells = (cell for name in frame.select_dtypes("str") for cell in frame[name].dropna().unique())
    return (text for part in (meta.column_names, labels, wordings, cells) for text in part if not text.isascii())


def _is_garbled(texts: Iterable[str]) -> bool:
    """Return whether texts were read in a wrong encoding: no language writes `GrÃ¶ÃŸe`, or control characters."""
    return any(
        any("\x80" <= letter <= "\x9f" or letter == REPLACED for letter in text) or _is_utf8(text) for text in texts
    )


def _is_utf8(text: str) -> bool:
    """Return whether a text is UTF-8 that was read as Windows-1252."""
    try:
        return text.encode("cp1252").decode("utf-8") != text
    except UnicodeError:
        return False


def _notes(frame: pd.DataFrame, meta: Any) -> list[Note]:
    """Return what is to be said of columns without a value, and of sets that are no choice a column."""
    blank = sum(bool(frame[name].isna().all() or frame[name].eq("").all()) for name in frame)
    others = [name for name, one in (meta.mr_sets or {}).items() if not one["is_dichotomy"]]
    said = f"the sets {', '.join(others)} hold one mention a column, not one choice: not taken as `sets:`"
    notes = [Note(f"columns without any value: {blank}", 0, "flag")] if blank else []
    return notes + ([Note(said, 0, "flag")] if others else [])


def _declared(cells: pd.Series, ranges: list[Any]) -> list[Any]:
    """Return the values of a column that lie in its ranges of missing ones."""
    limits = [(part["lo"], part["hi"]) if isinstance(part, dict) else (part, part) for part in ranges]
    given = cells.dropna().unique()
    # A date may have ranges of plain numbers; none of its values can lie in them.
    return [
        value
        for value in given
        if any(isinstance(value, str) == isinstance(low, str) and _within(value, low, high) for low, high in limits)
    ]


def _within(value: Any, low: Any, high: Any) -> bool:
    """Return whether a value lies in a range; values of another kind never do."""
    if isinstance(value, str):
        return low.strip() <= value.strip() <= high.strip()
    return isinstance(value, int | float) and low <= value <= high
