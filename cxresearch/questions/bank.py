"""The question bank of a study: `questions.yaml` beside its study file, read strictly."""

from pathlib import Path

from cxresearch.schema.questions import Bank
from cxresearch.schema.studies import Study
from cxresearch.strict_yaml import StudyError, read_yaml, shown, validate
from cxresearch.study import load_study
from cxresearch.study_data import StudyData

__all__ = ["FILE", "bank"]

FILE = "questions.yaml"


def bank(source: str | Path | Study | StudyData) -> Bank:
    """Return the question bank of a study, checked.

    Parameters
    ----------
    source
        A study, its loaded tables, its name under `data/`, or the path of a YAML file.

    Returns
    -------
    Bank
        What may be asked, in which modules, and who gets which.

    Raises
    ------
    StudyError
        If the file is missing, is broken YAML or says something that is not allowed: one sentence that names the place.

    Examples
    --------
    >>> questions = bank("demo")
    >>> list(questions.modules), questions.question("priority").type
    (['pricing', 'maxdiff', 'features'], 'maxdiff')
    """
    path = _path(source)
    if not path.is_file():
        raise StudyError(f"{shown(path)}: there is no such file; write the questions that may be inserted into it.")
    return validate(Bank, read_yaml(path), path).model_copy(update={"path": path.resolve()})


def _path(source: str | Path | Study | StudyData) -> Path:
    """Return where a bank lies."""
    if isinstance(source, StudyData):
        source = source.definition
    if isinstance(source, str) and not source.endswith((".yaml", ".yml")):
        source = load_study(source)
    return source.folder / FILE if isinstance(source, Study) else Path(source)
