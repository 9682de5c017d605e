"""The rules of docs/design.md that a program can hold: who imports whom, what a notebook looks like."""

import ast
import json
import subprocess
import sys
from functools import cache

import pytest
from conftest import ROOT

PACKAGE = ROOT / "cxresearch"
NOTEBOOKS = sorted((ROOT / "notebooks").glob("*.ipynb"))
EXPLORE = "11-explore"
# A room may import from the rooms to its left, and from itself.
ROOMS = [
    ["strict_yaml", "periods", "progress", "reads"],
    ["notebook_errors"],
    ["cache"],
    ["database"],
    ["schema"],
    ["study"],
    ["stats"],
    ["demo"],
    ["intake"],
    ["comparability"],
    ["accepted_tables"],
    ["study_data"],
    ["init"],
    ["check"],
    ["metrics"],
    ["weights"],
    ["selection"],
    ["next_run"],
    ["quality"],
    ["segments"],
    ["drivers"],
    ["topics"],
    ["panels"],
    ["revenue"],
    ["economics"],
    ["journey"],
    ["employees"],
    ["questions"],
    ["closed_loop"],
    ["refusal"],
    ["prove"],
    ["present"],
    ["summary"],
    ["explore"],
    ["report"],
    ["topic_commands"],
    ["question_commands"],
    ["action_commands"],
    ["cli"],
]
# study_data.results reads payloads back, study_data.load weights and cuts what it read; cache finds the project through
# study; comparability names a type only.
ALLOWED = {
    ("study_data", "present"),
    ("cache", "study"),
    ("comparability", "study_data"),
    ("study_data", "weights"),
    ("study_data", "selection"),
}
HEAVY = {
    "pandas",
    "numpy",
    "scipy",
    "statsmodels",
    "matplotlib",
    "seaborn",
    "papermill",
    "nbconvert",
    "nbformat",
    "great_tables",
}
LIGHT = ["cxresearch", "cxresearch.cli", "cxresearch.study", "cxresearch.cache", "cxresearch.report.plan"]
FORBIDDEN_NAMES = {"eval", "exec", "pickle", "joblib", "shelve", "marshal"}


@cache
def modules() -> dict[str, ast.Module]:
    """Return every module of the package by its dotted path below cxresearch."""
    paths = {".".join(path.relative_to(PACKAGE).with_suffix("").parts): path for path in PACKAGE.rglob("*.py")}
    return {
        name.removesuffix(".__init__"): ast.parse(path.read_text())
        for name, path in paths.items()
        if name != "__init__"
    }


def imported(tree: ast.Module) -> set[str]:
    """Return the full names of what a module imports, at any depth."""
    names: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        if isinstance(node, ast.ImportFrom) and node.module:
            names |= {f"{node.module}.{alias.name}" for alias in node.names}
    return names


def room_of(name: str) -> str:
    return name.split(".")[0]


@pytest.mark.parametrize("name", sorted(modules()))
def test_imports_go_one_way(name):
    order = {room: place for place, rooms in enumerate(ROOMS) for room in rooms}
    mine = room_of(name)
    assert mine in order, f"{mine} has no place in ROOMS"
    for target in imported(modules()[name]):
        if target.startswith("cxresearch."):
            other = room_of(target.removeprefix("cxresearch."))
            if other in order and other != mine and (mine, other) not in ALLOWED:
                assert order[other] < order[mine], f"{name} imports {target}"


def test_only_the_command_line_imports_the_report():
    importers = {
        room_of(name) for name, tree in modules().items() if any("cxresearch.report" in one for one in imported(tree))
    }
    assert importers <= {"cli", "report"}


def test_nothing_in_the_package_runs_text_as_code_or_reads_pickles():
    for name, tree in modules().items():
        for node in ast.walk(tree):
            word = node.id if isinstance(node, ast.Name) else None
            assert word not in FORBIDDEN_NAMES, name
            if isinstance(node, ast.keyword) and node.arg in ("shell", "allow_pickle"):
                assert isinstance(node.value, ast.Constant), name
                assert node.value.value is False, name
        assert not {target.split(".")[0] for target in imported(tree)} & FORBIDDEN_NAMES, name


def test_tables_are_joined_in_one_place():
    for name, tree in modules().items():
        calls = [
            node.func.attr
            for node in ast.walk(tree)
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute)
        ]
        if name not in ("intake.join",) and not name.startswith("demo"):
            assert "merge" not in calls, f"{name} joins tables by itself; use intake.join"


@pytest.mark.parametrize("module", LIGHT)
def test_light_modules_import_nothing_heavy(module):
    code = f"import sys, {module}; print(','.join(sys.modules))"
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert not HEAVY & set(loaded.strip().split(","))


def test_no_module_is_too_long_to_find_ones_way():
    long = [path.name for path in PACKAGE.rglob("*.py") if path.stat().st_size > 20_000]
    assert long == []


def cells(path):
    return json.loads(path.read_text())["cells"]


def source(cell) -> str:
    return "".join(cell["source"])


def code_cells(path):
    return [cell for cell in cells(path) if cell["cell_type"] == "code"]


def tags(cell) -> set[str]:
    return set(cell["metadata"].get("tags", []))


@pytest.fixture(params=[path for path in NOTEBOOKS if path.stem != EXPLORE], ids=lambda path: path.stem)
def notebook(request):
    return request.param


def test_a_notebook_begins_with_a_question_and_its_parameters(notebook):
    first = cells(notebook)[0]
    assert first["cell_type"] == "markdown"
    assert source(first).splitlines()[0].startswith("# ")
    assert source(first).splitlines()[0].endswith("?")
    assert tags(code_cells(notebook)[0]) == {"parameters"}
    assert source(code_cells(notebook)[1]).strip() == "import cxresearch as cx"


def test_a_notebook_holds_no_logic(notebook):
    for cell in code_cells(notebook):
        tree = ast.parse(source(cell))
        banned = (ast.FunctionDef, ast.ClassDef, ast.For, ast.While, ast.Try, ast.Lambda, ast.If, ast.With)
        assert not [node for node in ast.walk(tree) if isinstance(node, banned)], source(cell)
        assert len(source(cell).splitlines()) <= 10, source(cell)
        assert not source(cell).rstrip().endswith(";")


def test_parameters_are_typed_and_point_at_the_demo(notebook):
    lines = source(code_cells(notebook)[0]).splitlines()
    declared = ast.parse("\n".join(lines)).body
    assert all(
        isinstance(node, ast.AnnAssign) and isinstance(ast.literal_eval(node.value), object) for node in declared
    )
    assert all("  # " in line for line in lines)
    values = {node.target.id: ast.literal_eval(node.value) for node in declared}
    assert values["study"] == "demo"


def test_an_output_is_in_git_if_and_only_if_nbval_checks_it(notebook):
    for cell in code_cells(notebook):
        checked = {"keep_output", "nbval-check-output"} & tags(cell)
        assert len(checked) in (0, 2)
        assert bool(checked) == bool(cell["outputs"]), source(cell)
        if checked:
            assert "remove-cell" in tags(cell)


def test_counts_are_in_order_and_cells_have_names(notebook):
    counts = [cell["execution_count"] for cell in code_cells(notebook)]
    assert counts == list(range(1, len(counts) + 1))
    assert all(cell.get("id") for cell in cells(notebook))


def test_a_notebook_reads_like_prose(notebook):
    all_cells = cells(notebook)
    assert 8 <= len(all_cells) <= 50
    if notebook.stem == "00-summary":  # a page of results, whose sentences are made by its cells
        return
    text = sum(len(source(cell)) for cell in all_cells if cell["cell_type"] == "markdown")
    code = sum(len(source(cell)) for cell in all_cells if cell["cell_type"] == "code")
    assert text >= 0.7 * code
    assert "/home/" not in notebook.read_text()
