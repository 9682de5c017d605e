"""YAML files read strictly: YAML 1.2, no tags, no duplicate keys, and every complaint one sentence. No pandas."""

import difflib
import re
from pathlib import Path
from typing import Any, TypeVar, get_args

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails
from ruamel.yaml import YAML
from ruamel.yaml.constructor import ConstructorError, DuplicateKeyError
from ruamel.yaml.error import MarkedYAMLError, YAMLError

Model = TypeVar("Model", bound=BaseModel)
# Far more keys and values than anyone writes by hand; anchors within anchors reach it in ten lines.
MOST_PARTS = 100_000
MOST_BYTES = 10_000_000
HALF_A_SIGN = re.compile("[\ud800-\udfff]")
# More names than this are no help in a sentence.
MOST_NAMED = 12


class StudyError(ValueError):
    """What is wrong in a study or run file, or in the data it points to, in one sentence."""


def read_yaml(path: Path) -> dict[str, Any]:
    """Return the mapping that a YAML 1.2 file holds (`NO` is Norway, `off` is a word).

    Parameters
    ----------
    path
        A UTF-8 file whose top level is a mapping with text keys.

    Raises
    ------
    StudyError
        If the file is missing, is no YAML, repeats a key, uses a tag, or is not a mapping with text keys.
    """
    try:
        # A device or a pipe would be read without end.
        if path.exists() and (not path.is_file() or path.stat().st_size > MOST_BYTES):
            raise StudyError(f"{shown(path)}: this is no file of settings; name one below {MOST_BYTES:,} bytes.")
        text = path.read_text(encoding="utf-8-sig")
    except FileNotFoundError:
        raise StudyError(f"{shown(path)}: there is no such file; check the path.") from None
    except (OSError, UnicodeDecodeError) as error:
        raise StudyError(f"{shown(path)}: cannot be read as a UTF-8 text file ({type(error).__name__}).") from None
    if text.lstrip().startswith("%"):
        raise StudyError(f"{shown(path)}: a line with % before the content changes how YAML is read; take it out.")
    try:
        content = YAML(typ="safe", pure=True).load(text)
    except DuplicateKeyError as error:
        raise StudyError(f"{shown(path)}: {_duplicate(error)}; keep one of the two.") from None
    except ConstructorError as error:
        raise StudyError(f"{shown(path)}: {_where(error)}: tags and special values are not allowed.") from None
    except YAMLError as error:
        problem = getattr(error, "problem", None) or "not valid YAML"
        raise StudyError(f"{shown(path)}: {_where(error)}: {problem}.") from None
    except (ValueError, RecursionError) as error:
        what = "is nested too deeply" if isinstance(error, RecursionError) else "holds a date or number that is none"
        raise StudyError(f"{shown(path)}: the file {what}; mend it, or put such a value in quotes.") from None
    if not isinstance(content, dict):
        raise StudyError(f"{shown(path)}: the file holds no `key: value` pairs at its top level.")
    _refuse_odd_parts(content, path)
    return content


def validate(model: type[Model], content: dict[str, Any], path: Path) -> Model:
    """Return the model made from a file's content.

    Raises
    ------
    StudyError
        If a key is unknown (the nearest known one is named), is missing, or has a wrong value.
    """
    try:
        return model.model_validate(content)
    except ValidationError as error:
        # A misspelt key is also a missing one: the misspelling is what the writer wants to hear of.
        problems = sorted(error.errors(include_url=False), key=lambda problem: problem["type"] != "extra_forbidden")
        more = f" ({len(problems) - 1} more after this one.)" if len(problems) > 1 else ""
        raise StudyError(f"{shown(path)}: {_sentence(problems[0], model)}{more}") from None


def nearest(name: str, known: list[str]) -> str:
    """Return a clause that names the nearest known word, or all of them.

    Examples
    --------
    >>> nearest("segmnets", ["segments", "tables"])
    "the nearest known one is 'segments'"
    """
    close = difflib.get_close_matches(name, known, n=1, cutoff=0.6)
    if close:
        return f"the nearest known one is {close[0]!r}"
    named = sorted(known)[:MOST_NAMED] or ["none"]
    return f"known are {', '.join(named)}" + (f" and {len(known) - MOST_NAMED} more" if len(known) > MOST_NAMED else "")


def shown(path: Path) -> str:
    """Return a path as people say it: its last two parts, so that no message tells where a machine keeps things."""
    # What a terminal would obey is not printed.
    return "".join(sign if sign.isprintable() else "?" for sign in "/".join(path.parts[-2:]))


def _refuse_odd_parts(content: Any, path: Path) -> None:
    """Raise if a mapping at any depth has a key that is no text, a text cannot be, or anchors make the file endless."""
    waiting, seen = [content], 0
    while waiting:
        part = waiting.pop()
        seen += 1
        if seen > MOST_PARTS:
            raise StudyError(f"{shown(path)}: anchors (&, *) make the file endless; write the values out.")
        if isinstance(part, str) and not part.isascii() and HALF_A_SIGN.search(part):
            raise StudyError(
                f"{shown(path)}: a text holds half a sign, written as \\ud800 or so; write the whole sign."
            )
        for key in part if isinstance(part, dict) else ():
            if not isinstance(key, str) or not key.isprintable():
                raise StudyError(f"{shown(path)}: the key {key!r} is not text; put it in quotes.")
        waiting.extend(part.values() if isinstance(part, dict) else part if isinstance(part, list) else ())


def _duplicate(error: DuplicateKeyError) -> str:
    """Return which key stands twice, and where."""
    line = f" (line {error.problem_mark.line + 1})" if error.problem_mark else ""
    words = str(error.problem or "").split('"')
    return f"the key {words[1] if len(words) > 1 else '?'!r} stands twice{line}"


def _where(error: YAMLError) -> str:
    """Return the line of a YAML error."""
    mark = error.problem_mark if isinstance(error, MarkedYAMLError) else None
    return f"line {mark.line + 1}" if mark else "the file"


def _sentence(problem: ErrorDetails, model: type[BaseModel]) -> str:
    """Return one sentence for the first thing that is wrong."""
    # Branches of a union stand in the location by their class or type; a reader of the file never wrote those.
    place = [str(part) for part in problem["loc"] if not _is_branch(part)]
    within = f" under {'.'.join(place[:-1])!r}" if len(place) > 1 else ""
    if problem["type"] == "extra_forbidden":
        return f"unknown key {place[-1]!r}{within}; {nearest(place[-1], _known_keys(model, place[:-1]))}."
    if problem["type"] == "missing":
        return f"the key {place[-1]!r} is missing{within}; add it."
    message = problem["msg"].removeprefix("Value error, ").rstrip(".")
    if not place:
        return f"{message}."
    found = "" if problem["type"] == "value_error" else f" found {problem['input']!r};"
    return f"{'.'.join(place)!r}:{found} {message[0].lower() + message[1:]}."


def _is_branch(part: Any) -> bool:
    """Return whether a part of an error's location names a branch of a union rather than a key of the file."""
    return isinstance(part, str) and (part[:1].isupper() or "[" in part or part in ("str", "int", "float", "bool"))


def _known_keys(model: type[BaseModel], place: list[str]) -> list[str]:
    """Return the keys allowed at a place of the file."""
    models = [model]
    for part in place:
        models = [inner for one in models for inner in _models_of(one, part)] or models
    return [field.alias or name for one in models for name, field in one.model_fields.items() if not field.exclude]


def _models_of(model: type[BaseModel], key: str) -> list[type[BaseModel]]:
    """Return the models that may stand under a key of a model."""
    fields = {field.alias or name: field for name, field in model.model_fields.items()}
    return _models_in(fields[key].annotation) if key in fields else []


def _models_in(annotation: Any) -> list[type[BaseModel]]:
    """Return the models named anywhere in an annotation."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return [annotation]
    return [model for part in get_args(annotation) for model in _models_in(part)]
