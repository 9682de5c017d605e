"""Export: the questions of a bank as files that survey platforms, archives and tabulation packages read.

- `export` writes a format, with a note of what a person does and what the format cannot carry.
- `instrument` is what all formats are written from: questions in parts, MaxDiff tasks, arms.
- `limesurvey`, `surveyjs`, `qualtrics` write surveys; `ddi` and `triple_s` what the columns of answers mean.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

import pandas as pd

from cxresearch.questions.export.ddi import ddi
from cxresearch.questions.export.instrument import Instrument, instrument
from cxresearch.questions.export.limesurvey import limesurvey
from cxresearch.questions.export.lost import Lost, Written, note
from cxresearch.questions.export.qualtrics import qualtrics
from cxresearch.questions.export.surveyjs import surveyjs
from cxresearch.questions.export.triple_s import triple_s
from cxresearch.schema.questions import Bank
from cxresearch.strict_yaml import StudyError, nearest

__all__ = ["FORMATS", "Export", "Format", "export", "instrument"]

Format = Literal["limesurvey", "surveyjs", "qualtrics", "ddi", "triple-s"]
FORMATS: dict[str, Callable[[Instrument], Written]] = {
    **{"limesurvey": limesurvey, "surveyjs": surveyjs, "qualtrics": qualtrics, "ddi": ddi, "triple-s": triple_s}
}


@dataclass(frozen=True)
class Export:
    """Files of an instrument in one format.

    Attributes
    ----------
    files
        Their paths, the hand-over note last.
    lost
        `question`, `what`: what the format cannot carry, and what was left out on the way.
    note
        The hand-over note.
    """

    files: tuple[Path, ...]
    lost: pd.DataFrame = field(repr=False)
    note: str = field(repr=False)

    def __str__(self) -> str:
        """Return the hand-over note."""
        return self.note


def export(
    bank: Bank,
    format: Format,
    folder: str | Path,
    *,
    arm: str | None = None,
    title: str = "Questions",
    seed: int = 0,
) -> Export:
    """Write a bank's questions as files of a survey platform, an archive or a tabulation package.

    Parameters
    ----------
    bank
        The questions, in the bank's languages, the first of which is the base; where they are assigned, each arm is
        asked its modules, by the variable `cx_arm`.
    format
        `limesurvey` (tab-separated structure), `surveyjs` (JSON), `qualtrics` (advanced TXT); `ddi` (DDI-Codebook 2.5)
        and `triple-s` (Triple-S 3.0) describe the columns of the answers.
    folder
        Where the files go; made if it is not there. Files of the same name are replaced.
    arm
        Write one arm's questions, without conditions.
    title
        Of the survey.
    seed
        Of the MaxDiff tasks, which are also written to `maxdiff-tasks.csv`.

    Returns
    -------
    Export
        Paths, what was lost, and the hand-over note (`print` shows it).

    Raises
    ------
    StudyError
        If the format or arm is unknown or a MaxDiff cannot be made; then nothing is written.

    Examples
    --------
    >>> import tempfile
    >>> questions = {"modules": {"m": {"seconds": 9}}, "questions": [{"id": "why", "module": "m", "type": "open",
    ...     "text": "Why?"}]}
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     written = export(Bank.model_validate(questions), "surveyjs", folder)
    >>> [path.name for path in written.files], written.lost["question"].tolist()
    (['surveyjs.json', 'surveyjs-handover.md'], ['all questions'])
    """
    if format not in FORMATS:
        raise StudyError(f"export: {format!r} is no format; {nearest(str(format), list(FORMATS))}.")
    asked = _instrument(bank, arm, title, seed)
    written = FORMATS[format](asked)
    files = written.files | _designs(asked)
    lost = list(dict.fromkeys([*asked.lost, *written.lost]))
    told = note(format, asked.title, list(files), Written(files, lost, written.steps))
    paths = _write({**files, f"{format}-handover.md": told}, Path(folder))
    return Export(paths, pd.DataFrame(lost, columns=list(Lost._fields)), told)


def _instrument(bank: Bank, arm: str | None, title: str, seed: int) -> Instrument:
    """Return the instrument; a design that cannot be made is a fault of the bank."""
    try:
        return instrument(bank, arm=arm, title=title, seed=seed)
    except StudyError:
        raise
    except ValueError as error:
        raise StudyError(f"export: {error}") from None


def _designs(asked: Instrument) -> dict[str, str]:
    """Return the file of all MaxDiff tasks."""
    if not asked.designs:
        return {}
    tasks = pd.concat([design.tasks.assign(question=name) for name, design in asked.designs.items()])
    return {
        "maxdiff-tasks.csv": tasks[["question", "task", "position", "item"]].to_csv(index=False, lineterminator="\n")
    }


def _write(files: dict[str, str], folder: Path) -> tuple[Path, ...]:
    """Write all files."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for name, content in files.items():
            (folder / name).write_bytes(content.encode("utf-8"))
    except OSError as error:
        raise StudyError(f"export: the folder cannot be written to ({type(error).__name__}); choose another.") from None
    return tuple(folder / name for name in files)
