"""Study and run files on disk: found, read, checked, and hashed with the data they point to. No pandas.

A study file says what the data mean and is edited rarely; a run file names a study and a period. Both are YAML 1.2,
read strictly: an unknown key is an error that names the nearest known one.
"""

import json
import os
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from cxresearch.cache import digest, file_digest
from cxresearch.database import ADDRESSES, DUCKDB, DatabaseTable, fingerprint
from cxresearch.schema import Run, Study
from cxresearch.strict_yaml import StudyError, nearest, read_yaml, shown, validate

__all__ = [
    "Run",
    "Sources",
    "Study",
    "StudyError",
    "data_key",
    "inputs",
    "inside",
    "level_key",
    "load_run",
    "load_study",
    "own_results",
    "pages_of_results",
    "planned",
    "planned_only",
    "project_root",
    "said",
    "settings",
    "source_files",
    "sources_of",
    "study_file",
    "titled",
]

READERS = ("study.py", "study_data.py", "accepted_tables.py", "periods.py", "database.py")
# Names, in the environment of a report's notebooks, a study, its data key and the levels that the report is about.
PLANNED = "CXRESEARCH_PLANNED_DATA"
# Names, in the same place, the pages of this run: another of the same study and period may run beside it.
OWN_RESULTS = "CXRESEARCH_OWN_RESULTS"
# Where the rows of a table come from.
Sources = list[Path] | DatabaseTable
# Fields of a run that its file does not hold.
SET_BY_US = {name for name, field in Run.model_fields.items() if field.exclude}
# The name of a run is one folder below reports/, whatever the alphabet: no path, no hidden folder, no option.
RUN_NAME = re.compile(r"\w[\w .-]{0,99}")
NOTEBOOK_NAME = re.compile(r"\d{2}-[a-z0-9-]+")


def project_root() -> Path:
    """Return the project: $CXRESEARCH_ROOT, or the nearest folder from here up that has `notebooks/` and `params/`.

    Raises
    ------
    StudyError
        If there is none.
    """
    if declared := os.environ.get("CXRESEARCH_ROOT"):
        return Path(declared).resolve()
    for folder in (Path.cwd(), *Path.cwd().parents):
        if (folder / "notebooks").is_dir() and (folder / "params").is_dir():
            return folder.resolve()
    installed = Path(__file__).resolve().parent.parent
    if (installed / "notebooks").is_dir():
        return installed
    raise StudyError("no project here: run inside a folder that has notebooks/ and params/, or set CXRESEARCH_ROOT.")


def study_file(name: str | Path, relative_to: Path | None = None) -> Path:
    """Return the study file that a name under `data/`, or a path, means.

    Parameters
    ----------
    name
        `demo` for `data/demo/study.yaml`, or a path to a study.yaml.
    relative_to
        Folder from which a relative path counts; the current one by default.

    Raises
    ------
    StudyError
        If no such file is there.
    """
    text = str(name)
    if re.fullmatch(r"[A-Za-z0-9_-]+", text):
        path = project_root() / "data" / text / "study.yaml"
        known = sorted(found.parent.name for found in (project_root() / "data").glob("*/study.yaml"))
        missing = f"study: there is no data/{text}/study.yaml; {nearest(text, known)}."
    else:
        path = (relative_to or Path.cwd()) / text
        missing = f"study: there is no file {shown(path)}; give a name under data/ or the path of a study.yaml."
    try:
        there = path.is_file() and path.suffix in (".yaml", ".yml")
    except OSError:
        # A name that is longer than any file's.
        there = False
    if not there:
        raise StudyError(missing)
    return path.resolve()


def load_study(name: str | Path, relative_to: Path | None = None) -> Study:
    """Return a study file, checked.

    Parameters
    ----------
    name
        `demo` for `data/demo/study.yaml`, or a path to a study.yaml.
    relative_to
        Folder from which a relative path counts; the current one by default.

    Raises
    ------
    StudyError
        If the file is missing or wrong, in a sentence that names the place.
    """
    path = study_file(name, relative_to)
    study = validate(Study, read_yaml(path), path)
    return study.model_copy(update={"path": path})


def load_run(path: Path) -> Run:
    """Return a run file, with what it extends, checked; `study_path` is the study file it means.

    Raises
    ------
    StudyError
        If a file is missing or wrong, in a sentence that names the place.
    """
    path = Path(path)
    if not RUN_NAME.fullmatch(path.stem):
        raise StudyError(
            f"{shown(path)}: the file's name becomes a folder of the report; begin it with a letter or a digit,"
            " and write it with letters, digits, spaces and . _ -."
        )
    content = _extended(path, ())
    own = {key: content.pop(key) for key in list(content) if NOTEBOOK_NAME.fullmatch(key)}
    for name, parameters in own.items():
        if not isinstance(parameters, dict):
            raise StudyError(f"{shown(path)}: {name!r} holds {parameters!r}; write `parameter: value` pairs under it.")
    if found := sorted(SET_BY_US & content.keys()):
        raise StudyError(
            f"{shown(path)}: unknown key {found[0]!r}; a notebook's parameters stand under its name, as 02-scorecard."
        )
    run = validate(Run, content, path)
    if Path(run.study).is_absolute():
        raise StudyError(f"{shown(path)}: 'study' is an absolute path; give a name under data/ or a relative path.")
    where = study_file(run.study, path.parent)
    return run.model_copy(update={"path": path.resolve(), "notebooks": own, "study_path": where})


def source_files(study: Study) -> dict[str, Sources]:
    """Return where the rows of each table come from: its files, sorted by name, or a table of a database.

    Raises
    ------
    StudyError
        If a source leaves the study's folder or matches no file.
    """
    return {name: sources_of(study, name) for name in study.tables}


def sources_of(study: Study, name: str) -> Sources:
    """Return where the rows of one table come from.

    Raises
    ------
    StudyError
        If a source leaves the study's folder or matches no file.
    """
    table = study.tables[name]
    if not table.source.startswith(ADDRESSES):
        return _files(study, name, table.source)
    file = None
    if table.source.startswith(DUCKDB):
        path = table.source.removeprefix(DUCKDB).removeprefix("/")
        file = inside(study.folder, path)
        if not file.is_file():
            raise StudyError(f"tables.{name}: there is no file {path!r} in {study.folder.name}/; mend the address.")
    return DatabaseTable(f"tables.{name}", table.source, table.table or "", table.query or "", file)


def inputs(study: Study) -> dict[str, str]:
    """Return the digest of each file below a study's folder that its numbers rest on, and of each database table.

    Raises
    ------
    StudyError
        If a source is not there, or a database cannot be read.
    """
    found = source_files(study)
    files = {*study.folder.glob("*.yaml"), *(file for one in found.values() if isinstance(one, list) for file in one)}
    rows = {f"tables.{name}": fingerprint(one) for name, one in found.items() if isinstance(one, DatabaseTable)}
    return {file.relative_to(study.folder).as_posix(): file_digest(file) for file in files} | rows


def data_key(study: Study, found: Mapping[str, str] | None = None) -> str:
    """Return the digest of all that the accepted tables depend on: the study's inputs and the code that reads them.

    Parameters
    ----------
    study
        The study file.
    found
        What `inputs` returns, where it is at hand. Where it is not, a notebook of a report gets the key that its report
        was planned with: tables of a database may change under it, and all pages shall stand on the same rows.
    """
    if found is None:
        if key := _plan_of(study)[0]:
            return key
        found = inputs(study)
    rows = {name: content for name, content in found.items() if name not in settings(found)}
    here = Path(__file__).parent
    readers = [here / name for name in READERS] + [
        path for room in ("schema", "intake") for path in sorted((here / room).rglob("*.py"))
    ]
    code = {str(file.relative_to(here)): file_digest(file) for file in readers}
    return digest(said(study, found), rows, code)


def said(study: Study, found: Mapping[str, str]) -> str:
    """Return the digest of what people wrote about a study's data: the study file and the YAML files beside it.

    Parameters
    ----------
    study
        The study file.
    found
        What `inputs` returns.
    """
    # Of the study file counts what it says, not how it is written.
    others = {name: content for name, content in settings(found).items() if name != study.path.name}
    return digest(study.model_dump(mode="json"), others)


def settings(found: Mapping[str, str]) -> dict[str, str]:
    """Return those of a study's inputs that people wrote: the YAML files in its folder, and no export."""
    return {name: content for name, content in found.items() if name.endswith(".yaml") and "/" not in name}


def planned(study: Study, key: str, only: Mapping[str, str]) -> dict[str, str]:
    """Return the environment in which `data_key` and `planned_only` of a study are given ones."""
    return {PLANNED: json.dumps([_identity(study), key, dict(only)])}


def own_results(key: str, period: str, pages: Sequence[str]) -> dict[str, str]:
    """Return the environment in which the results of a study and period are those of some pages, by their keys."""
    return {OWN_RESULTS: json.dumps([digest(key, period), list(pages)])}


def pages_of_results(key: str, period: str) -> list[str] | None:
    """Return the keys of the pages whose results those of a study and period are in the run at hand; None in no run."""
    told, pages = json.loads(os.environ.get(OWN_RESULTS) or '["", []]')
    return list(pages) if told == digest(key, period) else None


def planned_only(study: Study) -> dict[str, str]:
    """Return the levels that the report which runs here is about, by segment; empty where it is about all customers."""
    return _plan_of(study)[1]


def level_key(key: str, only: Mapping[str, str]) -> str:
    """Return the digest of the accepted tables of some levels, from that of all: the same where no level is chosen."""
    return digest(key, dict(only)) if only else key


def titled(study: Study, only: Mapping[str, str]) -> str:
    """Return a study's title with the levels that are looked at.

    Examples
    --------
    >>> titled(load_study("demo"), {"region": "Nordheide"})
    'Halden Telecom, relationship and touchpoint survey, Region: Nordheide'
    """
    return ", ".join([study.title, *(f"{study.labels.get(name, name)}: {level}" for name, level in only.items())])


def inside(folder: Path, text: str) -> Path:
    """Return a path below a folder.

    Raises
    ------
    StudyError
        If it is absolute, holds `..` or NUL, is a URL, or is a link that leads out.
    """
    where = f"source: {text!r} in {shown(folder / 'study.yaml')}"
    if "\0" in text or "://" in text or Path(text).is_absolute() or ".." in Path(text).parts:
        raise StudyError(f"{where} leaves the study's folder; copy the export into it and name it from there.")
    path = folder / text
    if path.exists() and not path.resolve().is_relative_to(folder.resolve()):
        raise StudyError(f"{where} is a link that leaves the study's folder; copy the export into it.")
    return path


def _identity(study: Study) -> str:
    """Return which study this is, as it stands in its file."""
    return digest(str(study.path), study.model_dump(mode="json"))


def _plan_of(study: Study) -> tuple[str, dict[str, str]]:
    """Return the data key and levels that a report was planned with; "" and none where no report of the study runs."""
    identity, key, only = json.loads(os.environ.get(PLANNED) or '["", "", {}]')
    return (key, only) if identity == _identity(study) else ("", {})


def _files(study: Study, table: str, source: str) -> list[Path]:
    """Return the files that one source matches."""
    inside(study.folder, source)
    try:
        matching = [path for path in study.folder.glob(source) if path.is_file()]
    except (ValueError, IndexError):
        raise StudyError(
            f"tables.{table}: 'source' is {source!r}; name a file, such as answers.csv or exports/*.csv."
        ) from None
    # Lock files of open workbooks and the hidden companions that some systems leave beside a file.
    found = sorted(path for path in matching if not path.name.startswith((".", "~$")))
    if not found:
        raise StudyError(
            f"tables.{table}: no file matches {source!r} in {study.folder.name}/; put the export there or mend it."
        )
    return [inside(study.folder, str(path.relative_to(study.folder))) for path in found]


def _extended(path: Path, seen: tuple[Path, ...]) -> dict[str, Any]:
    """Return a run file's content laid over that of the file it extends."""
    content = read_yaml(path)
    parent = content.pop("extends", None)
    if parent is None:
        return content
    if (
        not isinstance(parent, str)
        or not parent.isprintable()
        or not (path.parent / parent).resolve().is_relative_to(project_root())
        or (path.parent / parent).resolve() in (*seen, path.resolve())
    ):
        raise StudyError(
            f"{shown(path)}: 'extends' must name another run file of the project and not come back to itself."
        )
    return _merged(_extended(path.parent / parent, (*seen, path.resolve())), content)


def _merged(under: dict[str, Any], over: dict[str, Any]) -> dict[str, Any]:
    """Return two mappings as one, deep; the second wins."""
    both = {
        key: _merged(under[key], over[key])
        for key in over
        if isinstance(under.get(key), dict) and isinstance(over[key], dict)
    }
    return {**under, **over, **both}
