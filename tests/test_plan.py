import json
import os
import subprocess
import sys

import pytest
from tiny_project import SHARED, Tiny, page, write_project

from cxresearch.report import plan as planning
from cxresearch.report.notebook import Cell, declared_parameters, fits, heading_above, read_cells
from cxresearch.report.plan import Plan, make_plan
from cxresearch.study import StudyError, load_run


@pytest.fixture
def project(tmp_path, monkeypatch) -> Tiny:
    """Return a tiny project, which the package takes for the current one."""
    made = Tiny(tmp_path, tmp_path)
    write_project(made)
    monkeypatch.setenv("CXRESEARCH_ROOT", str(tmp_path))
    return made


def plan_of(project: Tiny) -> Plan:
    return make_plan(load_run(project.root / "params" / "tiny.yaml"))


def keys_of(project: Tiny) -> dict[str, str]:
    made = plan_of(project)
    return {page.name: page.key for page in made.pages} | {"plan": made.key}


def changed(before: dict[str, str], after: dict[str, str]) -> set[str]:
    return {name for name in before if before[name] != after[name]}


def parameters_of(*sources: str) -> dict:
    cells = tuple(Cell("code", source, ("parameters",), number) for number, source in enumerate(sources, 1))
    return declared_parameters(cells, "09-x.ipynb")


def test_parameters_are_read_with_type_default_and_help():
    found = parameters_of('a: str = "x # y"  # what a is\nb: float = 1\nc: list[str] | None = None\nd = True  # flag')
    assert [(one.name, one.type, one.default, one.help) for one in found.values()] == [
        ("a", "str", "x # y", "what a is"),
        ("b", "float", 1, ""),
        ("c", "list[str] | None", None, ""),
        ("d", "bool", True, "flag"),
    ]


@pytest.mark.parametrize(
    ("source", "words"),
    [
        ("a: int = 1 + b", "line 1 of the parameters cell is not of the form"),
        ("import os", "line 1 of the parameters cell is not of the form"),
        ("x: int = 1\nprint(x)", "line 2 of the parameters cell is not of the form"),
        ("a: set = {1}", "line 1 of the parameters cell"),
        ("a: Path = 'x'", "has the type 'Path'; allowed are str, int"),
        ("a: int = 'x'", "the default of the parameter 'a' is not of its type 'int'"),
        ("a: int = 1 +", "not valid Python"),
    ],
)
def test_parameters_cells_hold_nothing_but_typed_literals(source, words):
    with pytest.raises(StudyError, match=words):
        parameters_of(source)


def test_two_parameters_cells_are_refused():
    with pytest.raises(StudyError, match="2 cells are tagged 'parameters'; keep one"):
        parameters_of("a: int = 1", "b: int = 2")


@pytest.mark.parametrize(
    ("value", "type_text", "expected"),
    [
        (1, "int", True),
        (True, "int", False),
        (1, "float", True),
        (1.5, "int", False),
        ("1", "int", False),
        (None, "int", False),
        (None, "int | None", True),
        (["NO", "SE"], "list[str]", True),
        (["NO", False], "list[str]", False),
        ({"a": 1}, "dict[str, int]", True),
        ({"a": "x"}, "dict[str, int]", False),
        ([[1], [2.5]], "list[list[float]]", True),
    ],
)
def test_values_fit_their_declared_type(value, type_text, expected):
    assert fits(value, type_text) is expected


def test_cells_are_numbered_as_jupyterlab_shows_them_and_found_by_heading(project):
    cells = read_cells(project.root / "notebooks" / "02-plans.ipynb")
    assert [cell.number for cell in cells] == [0, 1, 2, 0, 3, 4]
    assert [cell.shown for cell in cells] == [True, True, True, True, True, False]
    assert heading_above(cells, 3) == "Which plan is best?"
    assert heading_above(cells, 1) == "Which plans?"


@pytest.mark.parametrize("text", ["", "{", "[]", '{"cells": 3}', '{"cells": [{"cell_type": "code"}]}'])
def test_a_file_that_is_no_notebook_is_refused_in_a_sentence(project, text):
    project.write("notebooks/03-broken.ipynb", text)
    with pytest.raises(StudyError, match=r"03-broken.ipynb: cannot be read as a notebook of format 4"):
        plan_of(project)


def test_shared_values_go_to_those_that_declare_them_and_own_values_to_one(project):
    project.notebook("03-bare", ("markdown", "# Bare"), ("code", "x: int = 1  # ex", "parameters"))
    given = {page.name: page.given for page in plan_of(project).pages}
    assert given["02-plans"] == {"study": "../data/tiny/study.yaml", "period": "2026Q3", "seed": 0, "factor": 3}
    assert given["01-base"] == {"study": "../data/tiny/study.yaml", "period": "2026Q3", "seed": 0}
    assert given["03-bare"] == {}


def test_the_plan_of_a_run_goes_to_every_page_that_declares_it(project):
    project.notebook("03-planned", ("markdown", "# Planned"), ("code", "plan: dict = {}", "parameters"))
    project.write("params/tiny.yaml", "study: tiny\nperiod: 2026Q3\nplan: {horizon: 6, segment: region}\n")
    given = {page.name: page.given for page in plan_of(project).pages}
    assert given["03-planned"] == {"plan": {"horizon": 6, "segment": "region"}}
    assert "plan" not in given["01-base"]


def test_parameters_on_the_page_name_the_study_and_no_path(project):
    page = plan_of(project).pages[1]
    assert page.parameters == {"study": "tiny", "period": "2026Q3", "seed": 0}
    assert str(project.root) not in json.dumps([page.given, page.parameters])


@pytest.mark.parametrize(
    ("run", "words"),
    [
        ("02-plans: {facter: 3}", "unknown parameter 'facter'; the nearest known one is 'factor'"),
        ("01-base: {factor: 3}", "unknown parameter 'factor'; the notebook has no parameters of its own"),
        ("02-plans: {factor: three}", "the parameter 'factor' is str; its type is int"),
        ("02-plans: {factor: true}", "the parameter 'factor' is bool; its type is int"),
        ("02-plans: {period: 2026Q2}", "'period' is one for all pages"),
        ("02-plots: {factor: 3}", "no notebook '02-plots'; the nearest known one is '02-plans'"),
        ("skip: [02-plots]", "no notebook '02-plots'; the nearest known one is '02-plans'"),
        ("skip: [00-summary]", "00-summary.ipynb is missing or skipped"),
        ("02-plans: {\"x=1;open('ran','w');y\": 1}", "unknown parameter"),
        ("02-plans: {print: 1}", "unknown parameter 'print'"),
    ],
)
def test_what_a_run_file_asks_wrongly_is_refused_before_anything_runs(project, run, words):
    project.write("params/tiny.yaml", f"study: tiny\nperiod: 2026Q3\n{run}\n")
    with pytest.raises(StudyError, match=words):
        plan_of(project)
    assert not (project.root / "ran").exists()


def test_skipped_and_exploring_notebooks_have_no_page_and_a_researchers_own_has(project):
    project.notebook("11-explore", *page("What else?"))
    project.notebook("20-mine", *page("What did I find?"), folder="data/tiny/notebooks")
    project.write("params/tiny.yaml", "study: tiny\nperiod: 2026Q3\nskip: [01-base]\n")
    assert [page.name for page in plan_of(project).pages] == ["00-summary", "02-plans", "20-mine"]


def test_two_notebooks_of_one_name_are_refused(project):
    project.notebook("02-plans", *page("Mine"), folder="data/tiny/notebooks")
    with pytest.raises(StudyError, match="two notebooks are called 02-plans"):
        plan_of(project)


def test_touching_files_and_running_notebooks_by_hand_change_no_key(project):
    before = keys_of(project)
    for path in [*project.root.rglob("*.ipynb"), *project.root.rglob("*.csv"), *project.root.rglob("*.yaml")]:
        os.utime(path)
    path = project.root / "notebooks" / "01-base.ipynb"
    content = json.loads(path.read_text())
    for number, cell in enumerate(content["cells"]):
        cell["id"] = f"other-{number}"
        if cell["cell_type"] == "code":
            cell |= {"execution_count": number, "outputs": [{"output_type": "stream", "name": "stdout", "text": "x"}]}
    path.write_text(json.dumps(content))
    assert changed(before, keys_of(project)) == set()


EVERYTHING = {"00-summary", "01-base", "02-plans", "plan"}


@pytest.mark.parametrize(
    ("file", "old", "new", "expected"),
    [
        ("notebooks/01-base.ipynb", "How many?", "How many??", {"00-summary", "01-base", "plan"}),
        ("notebooks/02-plans.ipynb", "remove-cell", "removed-cell", {"00-summary", "02-plans", "plan"}),
        ("notebooks/00-summary.ipynb", "4.5", "4.6", {"00-summary", "plan"}),
        ("params/tiny.yaml", "factor: 3", "factor: 4", {"00-summary", "02-plans", "plan"}),
        ("params/tiny.yaml", "2026Q3", "2026Q2", EVERYTHING),
        ("params/tiny.yaml", "study: tiny", "study: tiny\nseed: 1", EVERYTHING),
        ("params/tiny.yaml", "study: tiny", "study: tiny\ntiers: [public]", {"plan"}),
        ("data/tiny/answers.csv", "02,3", "02,4", EVERYTHING),
        ("data/tiny/study.yaml", "Tiny", "Teeny", EVERYTHING),
    ],
)
def test_a_change_changes_the_keys_of_what_depends_on_it_and_no_other(project, file, old, new, expected):
    before = keys_of(project)
    path = project.root / file
    assert old in path.read_text()
    path.write_text(path.read_text().replace(old, new))
    assert changed(before, keys_of(project)) == expected


def test_lock_method_notes_and_package_are_part_of_the_keys(project, tmp_path, monkeypatch):
    before = keys_of(project)
    project.write("docs/methods.md", "## nps\n\nThe score.\n")
    with_notes = keys_of(project)
    assert changed(before, with_notes) == {"plan"}
    project.write("requirements.lock", "pandas==3.1.1\n")
    with_lock = keys_of(project)
    assert changed(with_notes, with_lock) == EVERYTHING
    other = tmp_path / "other"
    (other / "sub").mkdir(parents=True)
    (other / "sub" / "style.css").write_text("p {}")
    monkeypatch.setattr(planning, "PACKAGE", other)
    with_package = keys_of(project)
    assert changed(with_lock, with_package) == EVERYTHING
    (other / "sub" / "style.css").write_text("p { }")
    assert changed(with_package, keys_of(project)) == EVERYTHING


def test_a_notebook_added_or_removed_changes_the_summary(project):
    before = keys_of(project)
    project.notebook("03-more", *page("More?", parameters=SHARED))
    assert changed(before, keys_of(project)) == {"00-summary", "plan"}


def test_planning_loads_neither_pandas_nor_papermill_nor_nbconvert(project):
    code = (
        "import sys; from pathlib import Path; from cxresearch import cli, study; from cxresearch.report import plan;"
        "plan.make_plan(study.load_run(Path('params/tiny.yaml')));"
        "print([name for name in ('pandas', 'numpy', 'papermill', 'nbconvert', 'nbformat') if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=project.root, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_tabs_of_a_run_file_reach_the_notebook_that_declares_them(project):
    project.notebook("03-tabs", *page("Tabs?", parameters=SHARED + "\ntabs: list = []"))
    path = project.root / "params" / "tiny.yaml"
    path.write_text(path.read_text() + "tabs:\n  - {rows: [nps], banner: [plan]}\n")
    found = {made.name: made.given.get("tabs") for made in plan_of(project).pages}
    assert [tab["rows"] for tab in found["03-tabs"]] == [["nps"]]
    assert found["01-base"] is None
    path.write_text(path.read_text().replace("banner:", "baner:"))
    with pytest.raises(StudyError, match="banner"):
        plan_of(project)
