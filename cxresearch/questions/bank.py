"""The question bank of a study: `questions.yaml` beside its study file, read strictly."""

import json
from pathlib import Path

from cxresearch.questions.blocks import blocks
from cxresearch.schema.questions import Assignment, Bank
from cxresearch.schema.studies import Study
from cxresearch.strict_yaml import StudyError, read_yaml, shown, validate
from cxresearch.study import load_study
from cxresearch.study_data import StudyData

__all__ = ["FILE", "bank", "schema"]

FILE = "questions.yaml"
DIALECT = "https://json-schema.org/draft/2020-12/schema"


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
    read = validate(Bank, read_yaml(path), path)
    return read.model_copy(update={"path": path.resolve(), "assignment": _with_arms(read)})


def schema() -> str:
    """Return the JSON Schema of the file, as docs/questions.schema.json holds it."""
    told = Bank.model_json_schema()
    told["properties"].pop("path")
    return json.dumps({"$schema": DIALECT, **told}, indent=1, ensure_ascii=False) + "\n"


def _with_arms(read: Bank) -> Assignment | None:
    """Return the assignment, with an arm for each block where it asks for blocks."""
    rules = read.assignment
    if rules is None or rules.blocks is None:
        return rules
    names = rules.blocks.modules or list(read.modules)
    try:
        arms = blocks(names, rules.blocks.size).arms(rules.blocks.none)
    except ValueError as error:
        raise StudyError(f"assignment.{error}") from None
    return rules.model_copy(update={"arms": arms})


def _path(source: str | Path | Study | StudyData) -> Path:
    """Return where a bank lies."""
    if isinstance(source, StudyData):
        source = source.definition
    if isinstance(source, str) and not source.endswith((".yaml", ".yml")):
        source = load_study(source)
    return source.folder / FILE if isinstance(source, Study) else Path(source)
