"""The run file of the next period, made from this one's: the same study and choices, one period on."""

import re
from dataclasses import dataclass
from pathlib import Path

from ruamel.yaml import YAML

from cxresearch import periods
from cxresearch.strict_yaml import StudyError, shown
from cxresearch.study import Run, load_run, load_study


@dataclass(frozen=True)
class NextRun:
    """A run file that was written.

    Attributes
    ----------
    path
        Where it lies.
    run
        What it says.
    """

    path: Path
    run: Run


def write_next(run_file: Path) -> NextRun:
    """Write the run file of the next period beside a run file, its comments and order kept.

    Parameters
    ----------
    run_file
        A run file with a period. A `compare_to:` that names a period moves on with it; `previous` stays.

    Raises
    ------
    StudyError
        If the run file is wrong, its period is `all`, or the next file is there already.
    """
    run = load_run(run_file)
    period = periods.parse(run.period)
    if period is None:
        raise StudyError(f"{shown(run.path)}: its period is all, which has no next one; write a period such as 2026Q4.")
    path = run.path.with_name(f"{_next_name(run.name, period)}{run.path.suffix}")
    text = _advanced(run.path.read_bytes().decode("utf-8-sig"), run, period)
    try:
        with path.open("x", encoding="utf-8", newline="") as file:
            file.write(text)
    except FileExistsError:
        raise StudyError(f"{shown(path)} is there already and stays as it is; use it, or move it away.") from None
    return NextRun(path, load_run(path))


def answers_in(run: Run) -> int:
    """Return how many answers a study has in the period of a run; reads the exports if they are not in the cache.

    Raises
    ------
    StudyError
        If the study file or its data are wrong.
    """
    from cxresearch import study_data

    study = load_study(run.study_path)
    period = periods.parse(run.period, study.fiscal_year_start)
    responses = study_data.load(study).responses
    if period is None or "responded_at" not in responses:
        return len(responses)
    days = responses["responded_at"].dt.date
    return int(((days >= period.start()) & (days <= period.end())).sum())


def _advanced(text: str, run: Run, period: periods.Period) -> str:
    """Return the text of a run file with its periods one on, and all else as it was written."""
    text = _replaced(text, "period", str(period.next()))
    other = periods.parse(run.compare_to) if run.compare_to not in (None, "previous") else None
    return _replaced(text, "compare_to", str(other.next())) if other else text


def _replaced(text: str, key: str, new: str) -> str:
    """Return the text of a YAML file with another value of a key; a key that stands in the extended file is added."""
    content = YAML(typ="rt", pure=True).load(text)
    if key not in content:
        return f"{text.rstrip()}\n{key}: {new}\n"
    line, column = content.lc.value(key)
    lines = text.splitlines(keepends=True)
    lines[line] = lines[line][:column] + lines[line][column:].replace(str(content[key]), new, 1)
    return "".join(lines)


def _next_name(name: str, period: periods.Period) -> str:
    """Return a run's name with the next period in the place and spelling of this one, else appended.

    Examples
    --------
    >>> [_next_name(name, periods.parse("2026Q4")) for name in ("demo-2026q4", "Demo_2026-Q4_board", "demo")]
    ['demo-2027q1', 'Demo_2027-Q1_board', 'demo-2027q1']
    """
    now, then = (re.findall(r"\d+|[A-Z]", str(one)) for one in (period, period.next()))
    found = re.search(r"(?<!\d)" + r"([-_ ]?)".join(f"({part})" for part in now) + r"(?!\d)", name, re.IGNORECASE)
    if found is None:
        return f"{name}-{str(period.next()).lower()}"
    written, marks = found.groups()[::2], (*found.groups()[1::2], "")
    parts = [new.lower() if old.islower() else new for old, new in zip(written, then, strict=True)]
    put = "".join(part + mark for part, mark in zip(parts, marks, strict=True))
    return name[: found.start()] + put + name[found.end() :]
