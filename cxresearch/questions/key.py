"""The key of an assignment: read from the environment or a file, never from the repository."""

import os
from pathlib import Path

from cxresearch.questions.assign import uniform
from cxresearch.schema.questions import Assignment, Key
from cxresearch.strict_yaml import StudyError, shown
from cxresearch.study import project_root

__all__ = ["fingerprint", "read_key"]

LEAST_LENGTH = 16


def read_key(assignment: Assignment) -> bytes:
    """Return the key of an assignment.

    Raises
    ------
    StudyError
        If it is not there, is shorter than 16 characters, or its file lies inside the project.

    Examples
    --------
    >>> read_key(Assignment.model_validate({"key": {"public": "only-for-show"}, "waves": ["2026Q1"], "arms": {"a": 1}}))
    b'only-for-show'
    """
    key = assignment.key
    if key.public is not None:
        return key.public.encode()
    text = os.environ.get(key.env, "") if key.env else _of_file(key)
    where = f"the environment variable {key.env}" if key.env else f"the file {shown(Path(str(key.file)))}"
    if not text:
        raise StudyError(f"assignment.key: {where} holds no key; put one there, such as `openssl rand -hex 32` gives.")
    if len(text) < LEAST_LENGTH:
        raise StudyError(f"assignment.key: the key in {where} has under {LEAST_LENGTH} characters; take a longer one.")
    return text.encode()


def fingerprint(key: bytes) -> str:
    """Return by what a key is known again; it does not give the key away.

    Examples
    --------
    >>> fingerprint(b"only-for-show") == fingerprint(b"another-for-show")
    False
    """
    return f"{int(uniform(['fingerprint'], ('key',), key)[0] * 2**48):012x}"


def _of_file(key: Key) -> str:
    """Return the text of the key's file."""
    path = Path(str(key.file)).expanduser()
    if path.resolve().is_relative_to(project_root()):
        raise StudyError(
            f"assignment.key: the file {shown(path)} lies inside the project and could be shared with it; move it out."
        )
    try:
        return path.read_text(encoding="utf-8").strip()
    except FileNotFoundError:
        return ""
    except (OSError, UnicodeDecodeError) as error:
        raise StudyError(f"assignment.key: {shown(path)} cannot be read ({type(error).__name__}).") from None
