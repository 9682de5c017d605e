"""Which notebooks a run needs, with which parameters, and a key for each that changes with all it depends on.

No pandas, no papermill, no nbconvert: an unchanged report costs no more than reading and hashing.
"""

import os
import sys
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import cxresearch
from cxresearch.cache import digest, file_digest
from cxresearch.report.notebook import Cell, Parameter, declared_parameters, fits, headings, read_cells
from cxresearch.strict_yaml import StudyError, nearest
from cxresearch.study import Run, Study, data_key, inputs, level_key, load_study, planned, project_root, said, titled

SUMMARY = "00-summary"
INDEX = "index.html"
NEVER_REPORTED = ("11-explore",)
SHARED = ("study", "period", "compare_to", "seed", "tabs", "plan")
PACKAGE = Path(cxresearch.__file__).parent
SOURCE_ENDINGS = {".py", ".css", ".html", ".j2", ".yaml"}
LOCK = "requirements.lock"
METHODS = Path("docs") / "methods.md"


@dataclass(frozen=True)
class Page:
    """One notebook of a run.

    Parameters
    ----------
    name
        The notebook's name without its ending.
    path
        Where it lies.
    cells
        Its cells as they were hashed.
    declared
        The parameters that it declares, by name.
    given
        The values that this run hands over, by name.
    basis
        Digest of all that its outputs depend on beside the data.
    key
        Digest of all that its outputs may depend on.
    """

    name: str
    path: Path
    cells: tuple[Cell, ...]
    declared: dict[str, Parameter]
    given: dict[str, Any]
    basis: str = ""
    key: str = ""

    @property
    def title(self) -> str:
        """The first heading, or the name where there is none."""
        return next((text for cell in self.cells for _, text in headings(cell)), self.name)

    @property
    def content(self) -> str:
        """Digest of what the notebook says and does, without outputs, ids and counts."""
        return digest([[self.name], *([cell.kind, cell.source, list(cell.tags)] for cell in self.cells)])

    @property
    def file(self) -> str:
        """The name of its HTML file."""
        return INDEX if self.name == SUMMARY else f"{self.name}.html"

    @property
    def parameters(self) -> dict[str, Any]:
        """Every parameter with the value that holds in this run; the study by its folder's name, never its path."""
        values = {name: parameter.default for name, parameter in self.declared.items()} | self.given
        return values | ({"study": _folder_name(values["study"])} if "study" in self.given else {})


@dataclass(frozen=True)
class Plan:
    """What one run would do.

    Parameters
    ----------
    run, study
        The files, checked.
    root
        The project's folder.
    inputs
        Digest of each file and database table that the numbers rest on, by name.
    tables_key, data_key, sources, lock
        Digests of all that the accepted tables depend on, of these for the levels that the run is about, of the
        package's sources, and of the lock file.
    environment
        What tells the notebooks of this data, and of the levels that the run is about.
    pages
        The notebooks in the order of their names, the summary first.
    key
        Digest of all that the published folder depends on.
    """

    run: Run
    study: Study
    root: Path
    inputs: Mapping[str, str]
    tables_key: str
    data_key: str
    sources: str
    lock: str
    pages: tuple[Page, ...]
    key: str
    environment: Mapping[str, str]

    @property
    def title(self) -> str:
        """The study's title, with the levels that the run is about."""
        return titled(self.study, self.run.only)


def make_plan(run: Run) -> Plan:
    """Return what a run would do, refusing whatever would fail for a wrong parameter.

    Parameters
    ----------
    run
        A checked run file.

    Raises
    ------
    StudyError
        If a notebook or parameter that the run names does not exist or has another type, in a sentence naming the
        nearest; if a notebook cannot be read; if there is no summary.
    """
    root, study = project_root(), load_study(run.study_path)
    pages = [_page(path, run) for path in notebook_paths(run, root)]
    found, sources, lock = inputs(study), package_digest(), lock_digest(root)
    tables_key = data_key(study, found)
    key = level_key(tables_key, run.only)
    code = sources, lock, list(sys.version_info[:2])
    keyed = _keyed(pages, [said(study, found), run.only, *code], key)
    methods = root / METHODS
    shown = [
        study.title,
        run.model_dump(mode="json", exclude={"study", "for_each"}),
        run.name,
        [(page.name, page.key) for page in keyed],
        file_digest(methods) if methods.is_file() else "",
    ]
    environment = planned(study, tables_key, run.only)
    return Plan(
        run, study, root, found, tables_key, key, sources, lock, tuple(keyed), digest(*shown, *code), environment
    )


def refuse_unknown(run: Run) -> None:
    """Raise if a run file names a notebook or a parameter that is not there; nothing else is looked at.

    Raises
    ------
    StudyError
        As `make_plan` does.
    """
    for path in notebook_paths(run, project_root()) if run.notebooks or run.skip else ():
        _page(path, run)


def notebook_paths(run: Run, root: Path) -> list[Path]:
    """Return the notebooks of a run, sorted by name: the project's, then the researcher's own beside the study.

    Raises
    ------
    StudyError
        If two have one name, the summary is missing or skipped, or the run file names one that is not there.
    """
    found = sorted(root.glob("notebooks/[0-9][0-9]-*.ipynb")) + sorted(
        run.study_path.parent.glob("notebooks/[0-9][0-9]-*.ipynb")
    )
    by_name: dict[str, Path] = {}
    for path in found:
        if path.stem in by_name:
            raise StudyError(f"two notebooks are called {path.stem}; rename the one in the study's folder.")
        by_name[path.stem] = path
    for name in [*run.notebooks, *run.skip]:
        if name not in by_name:
            raise StudyError(f"{run.path.name}: there is no notebook {name!r}; {nearest(name, list(by_name))}.")
    if SUMMARY not in by_name or SUMMARY in run.skip:
        raise StudyError(f"notebooks/{SUMMARY}.ipynb is missing or skipped; it becomes the report's first page.")
    return [path for name, path in sorted(by_name.items()) if name not in (*NEVER_REPORTED, *run.skip)]


def package_digest() -> str:
    """Return the digest of the package's own sources, by path and content."""
    files = sorted(path for path in PACKAGE.rglob("*") if path.suffix in SOURCE_ENDINGS)
    return digest([(path.relative_to(PACKAGE).as_posix(), file_digest(path)) for path in files])


def lock_digest(root: Path) -> str:
    """Return the digest of the project's lock file, "" where there is none."""
    return file_digest(root / LOCK) if (root / LOCK).is_file() else ""


def _page(path: Path, run: Run) -> Page:
    """Return one notebook with the values that the run gives it; its key comes later."""
    cells = read_cells(path)
    declared = declared_parameters(cells, path.name)
    own = run.notebooks.get(path.stem, {})
    for name, value in own.items():
        _check_own(name, value, declared, path.stem, run)
    # The notebook runs in its own folder, so the study's path is told from there: no absolute path enters it.
    shared = {
        "study": os.path.relpath(run.study_path, path.resolve().parent),
        "period": run.period,
        "compare_to": run.compare_to,
        "seed": run.seed,
        "tabs": [tab.model_dump() for tab in run.tabs],
        "plan": run.plan.model_dump(exclude_unset=True),
    }
    given = {name: shared[name] for name in SHARED if name in declared} | own
    return Page(path.stem, path, cells, declared, given)


def _check_own(name: str, value: Any, declared: dict[str, Parameter], notebook: str, run: Run) -> None:
    """Refuse a notebook's own parameter that is shared, unknown or of another type."""
    where = f"{run.path.name}: {notebook}"
    if name in SHARED:
        raise StudyError(f"{where}: {name!r} is one for all pages; write it at the top of the run file.")
    # papermill runs a key as code, so nothing but a declared name, which is an identifier, may pass.
    if name not in declared:
        own = [known for known in declared if known not in SHARED]
        advice = nearest(name, own) if own else "the notebook has no parameters of its own"
        raise StudyError(f"{where}: unknown parameter {name!r}; {advice}.")
    if not fits(value, declared[name].type):
        raise StudyError(
            f"{where}: the parameter {name!r} is {type(value).__name__}; its type is {declared[name].type}."
        )


def _keyed(pages: list[Page], common: list[Any], data: str) -> list[Page]:
    """Return the pages with their keys; the summary reads the others' results, so its key covers theirs."""
    bases = {page.name: digest(page.content, page.parameters, *common) for page in pages}
    keys = {name: digest(basis, data) for name, basis in bases.items()}
    others = [keys[name] for name in sorted(keys) if name != SUMMARY]
    keys[SUMMARY] = digest(keys[SUMMARY], others)
    return [replace(page, basis=bases[page.name], key=keys[page.name]) for page in pages]


def _folder_name(study: str) -> str:
    """Return the name of a study's folder."""
    return Path(study).parent.name
