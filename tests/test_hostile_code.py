"""Ways in which our own code could let data run or load something: none is taken, in the package or in a notebook."""

import ast
import json
import re
import tomllib
from pathlib import Path

import nbconvert
import pytest
from conftest import ROOT
from packaging.requirements import Requirement

SOURCES = [*sorted((ROOT / "cxresearch").rglob("*.py")), *sorted((ROOT / "notebooks").glob("*.ipynb"))]
# Functions of the language that make code of text.
BUILTINS = {"eval", "exec", "compile", "__import__"}
# Functions by the end of their name: what runs a shell, makes objects of bytes, shows whatever it is given, or fetches.
CALLS = {"os.system", "os.popen", "read_pickle", "to_pickle", "torch.load", "joblib.load", "BERTopic.load"}
CALLS |= {"HTML", "Markdown", "Javascript", "read_html", "urlopen", "requests.get", "tempfile.mktemp"}
# Arguments that open a door when they have this value.
ARGUMENTS = {
    ("escape", False),
    ("shell", True),
    ("allow_pickle", True),
    ("render_links", True),
    ("allow_html", True),
    ("embed_images", True),
    ("verify", False),
}
# A widget's line of state: what stands in it is a constant of ours.
LOOKED_AT = {("cxresearch/explore/explorer.py", "widgets.HTML")}


def code_of(path: Path) -> list[str]:
    if path.suffix == ".py":
        return [path.read_text(encoding="utf-8")]
    cells = json.loads(path.read_text(encoding="utf-8"))["cells"]
    return ["".join(cell["source"]) for cell in cells if cell["cell_type"] == "code"]


def doors(source: str) -> list[str]:
    """Return each way in a source that lets data run or load something."""
    found = []
    for node in ast.walk(ast.parse(source)):
        if not isinstance(node, ast.Call):
            continue
        name = ast.unparse(node.func)
        found += [name] if name.removeprefix("builtins.") in BUILTINS else []
        found += [name for end in CALLS if name == end or name.endswith(f".{end}")]
        # pandas' Styler escapes nothing by itself.
        found += [name] if re.search(r"\.style\.\w+$", name) else []
        for given in node.keywords:
            value = given.value.value if isinstance(given.value, ast.Constant) else None
            found += [f"{given.arg}={value}"] if (given.arg, value) in ARGUMENTS else []
    return found


def test_no_door_is_open():
    found = {
        (path.relative_to(ROOT).as_posix(), door) for path in SOURCES for one in code_of(path) for door in doors(one)
    }
    assert found == LOOKED_AT


RUN = ["eval(x)", "builtins.exec(x)", "os.system(x)", "subprocess.run(x, shell=True)", "YAML(typ=a).x(eval(b))"]
READ = ["pd.read_pickle(f)", "np.load(f, allow_pickle=True)", "pd.read_html(x)"]
SHOW = ["IPython.display.HTML(x)", "Markdown(text)", "df.to_html(escape=False)", "df.to_html(render_links=True)"]
SHOW += ["df.style.format(x)", "show(df, allow_html=True)", "HTMLExporter(embed_images=True)"]


@pytest.mark.parametrize("source", RUN + READ + SHOW)
def test_an_open_door_is_found(source):
    assert doors(source)


def test_yaml_makes_no_objects():
    # ruamel's round-trip and safe loaders know no Python; PyYAML's load, and the unsafe one, would.
    code = "\n".join(source for path in SOURCES for source in code_of(path))
    assert 'YAML(typ="safe", pure=True)' in code
    assert not re.search(r"(?m)^\s*(import|from) yaml\b|typ=.unsafe", code)


def test_nbconvert_is_new_enough_that_no_notebook_names_files_to_read():
    declared = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["dependencies"]
    bound = next(Requirement(text).specifier for text in declared if text.startswith("nbconvert"))
    assert "7.17.0" not in bound
    assert nbconvert.__version__ in bound


def test_nothing_in_git_tells_whose_machine_it_was_written_on():
    for path in (ROOT / "notebooks").glob("*.ipynb"):
        text = path.read_text(encoding="utf-8")
        assert not [
            place for place in ("/home/", "/root/", "/Users/", "/work/", "C:\\\\Users", str(ROOT)) if place in text
        ]


def test_the_page_on_security_names_tests_that_there_are():
    named = re.findall(r"`(tests/\w+\.py)(?:::(\w+))?`", (ROOT / "docs" / "security.md").read_text(encoding="utf-8"))
    assert len(named) > 25
    for file, test in named:
        assert (ROOT / file).is_file(), file
        assert f"def {test}" in (ROOT / file).read_text(encoding="utf-8"), test
