"""What study and run files, their names and the folders around them could do to whoever runs them: nothing is done."""

import ast
import json
import math
import os
import pickle
from pathlib import Path

import pytest
import tiny_project
from hypothesis import given, settings
from hypothesis import strategies as st
from papermill.translators import PythonTranslator
from tiny_project import Tiny, page, write_project

from cxresearch import cli
from cxresearch.report.plan import make_plan
from cxresearch.strict_yaml import StudyError, read_yaml
from cxresearch.study import load_run, load_study, source_files
from cxresearch.topics import embed, topic_model

package, tiny = tiny_project.package, tiny_project.tiny
SECRET = "s3cr3t-of-another-file"


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Tiny:
    """Return a tiny project below a folder with a file that is none of its business."""
    made = Tiny(tmp_path / "in" / "project", tmp_path)
    write_project(made)
    (tmp_path / "secret.txt").write_text(f"{SECRET}: {SECRET}\nother: [{SECRET}\n")
    (tmp_path / "secret.yaml").write_text(f"{SECRET}: {SECRET}\n")
    monkeypatch.setenv("CXRESEARCH_ROOT", str(made.root))
    return made


def refusal(project: Tiny, run: str, name: str = "tiny.yaml") -> str:
    """Return the sentence with which a run file is refused before anything runs."""
    path = project.root / "params" / name
    path.write_text(run)
    with pytest.raises(StudyError) as error:
        make_plan(load_run(path))
    assert not list(project.root.parent.rglob("ran*"))
    assert SECRET not in str(error.value)
    return str(error.value)


BOMB = "a: &a [x, x, x, x, x, x, x, x, x]\n" + "".join(
    f"{after}: &{after} [{', '.join([f'*{before}'] * 9)}]\n"
    for before, after in zip("abcdefgh", "bcdefghi", strict=True)
)


@pytest.mark.parametrize(
    ("run", "said"),
    [
        (BOMB, "anchors (&, *) make the file endless"),
        ("study: &a [*a]\n", "anchors (&, *) make the file endless"),
        ("study: !!python/object/apply:os.system ['touch ran']\n", "tags and special values are not allowed"),
        ("study: tiny\n02-plans: {factor: !!python/name:os.system }\n", "tags and special values are not allowed"),
        ("study: tiny\n02-plans: !ruby/object:X {factor: 1}\n", "tags and special values are not allowed"),
        ("%TAG ! tag:python,2002:\n---\nstudy: tiny\n", "changes how YAML is read"),
        ("study: tiny\n02-plans: {\"factor=open('ran', 'w'); factor\": 1}\n", "unknown parameter"),
        ("study: tiny\n02-plans: {\"factor\\nopen('ran', 'w')\": 1}\n", "is not text; put it in quotes"),
        ("study: tiny\n02-plans: {__builtins__: {}}\n", "unknown parameter '__builtins__'"),
        ("study: tiny\n02-plans: {print: 1}\n", "unknown parameter 'print'"),
        ("study: tiny\n02-plans: {\uff46actor: 1}\n", "unknown parameter"),
        ("study: tiny\n02-plans: {factor: .inf}\n", "its type is int"),
        (f"study: tiny\nseed: {'9' * 10_000}\n", "a date or number that is none"),
        ('study: "\\ud800"\n', "half a sign"),
        ('study: tiny\n"\\u202enur": 1\n', "is not text; put it in quotes"),
        ("extends: /dev/zero\n", "'extends' must name another run file of the project"),
        ("extends: ../../../secret.yaml\n", "'extends' must name another run file of the project"),
        ("extends: [a]\n", "'extends' must name another run file of the project"),
        ("study: ../../../secret.txt\n", "there is no file"),
        ("study: /dev/zero\n", "absolute path"),
        ("study: ..\n", "there is no file"),
        ("study: https://example.org/study.yaml\n", "there is no file"),
        ('study: "data\\0/study.yaml"\n', "there is no file"),
    ],
)
def test_a_run_file_that_would_do_something_is_refused(project, run, said):
    assert said in refusal(project, run)


PATHS = ["...yaml", "..yaml", ".hidden.yaml", "-rf.yaml", "a\\b.yaml", "%2e%2e.yaml", "$(id).yaml", "<b>.yaml"]
SIGNS = ["a\nb.yaml", "a\x1b[31m.yaml", "\u202egpj.yaml", f"{'x' * 101}.yaml"]


@pytest.mark.parametrize("name", PATHS + SIGNS)
def test_a_run_that_is_called_like_a_path_or_an_option_is_refused(project, name):
    assert "becomes a folder of the report" in refusal(project, tiny_project.RUN, name)


@pytest.mark.parametrize("name", ["Größe-2026.yaml", "北部.yaml", "q3 north_v1.2.yaml", "ABC.yaml"])
def test_the_alphabets_of_the_world_make_good_names(project, name):
    path = project.write(f"params/{name}", tiny_project.RUN)
    assert make_plan(load_run(path)).run.name == Path(name).stem


def test_devices_pipes_and_heaps_are_no_settings(tmp_path):
    os.mkfifo(tmp_path / "pipe.yaml")
    with (tmp_path / "heap.yaml").open("wb") as file:
        file.truncate(20_000_000)
    (tmp_path / "zero.yaml").symlink_to("/dev/zero")
    for name in ("pipe.yaml", "heap.yaml", "zero.yaml"):
        with pytest.raises(StudyError, match=f"{name}: this is no file of settings"):
            read_yaml(tmp_path / name)


def tempt(project: Tiny, source: str) -> None:
    text = tiny_project.STUDY.replace("source: answers.csv", f"source: {json.dumps(source)}")
    project.write("data/tiny/study.yaml", text)


@pytest.mark.parametrize(
    ("source", "said"),
    [
        ("../../../../secret.txt", "leaves the study's folder"),
        ("../tiny/answers.csv", "leaves the study's folder"),
        ("exports/../../x.csv", "leaves the study's folder"),
        ("/etc/passwd", "leaves the study's folder"),
        ("file:///etc/passwd", "leaves the study's folder"),
        ("https://example.org/a.csv", "leaves the study's folder"),
        ("s3://bucket/a.csv", "leaves the study's folder"),
        ("a\0.csv", "leaves the study's folder"),
        ("link.csv", "is a link that leaves the study's folder"),
        ("folder/answers.csv", "is a link that leaves the study's folder"),
        ("fold*/*.csv", "is a link that leaves the study's folder"),
        ("twin/answers.csv", "is a link that leaves the study's folder"),
        ("chain.csv", "is a link that leaves the study's folder"),
        ("round.csv", "no file matches"),
        ("pipe.csv", "no file matches"),
        ("zero.csv", "is a link that leaves the study's folder"),
    ],
)
def test_a_source_outside_the_studys_folder_is_refused_unread(project, source, said):
    folder, outside = project.root / "data" / "tiny", project.root.parent.parent
    # A sibling whose path begins as the study's does.
    project.write("data/tiny-secret/answers.csv", SECRET)
    (folder / "link.csv").symlink_to(outside / "secret.txt")
    (folder / "chain.csv").symlink_to(folder / "link.csv")
    (folder / "round.csv").symlink_to(folder / "round.csv")
    (folder / "folder").symlink_to(project.root / "data" / "tiny-secret")
    (folder / "twin").symlink_to("../tiny-secret")
    (folder / "zero.csv").symlink_to("/dev/zero")
    os.mkfifo(folder / "pipe.csv")
    tempt(project, source)
    with pytest.raises(StudyError) as error:
        source_files(load_study("tiny"))
    assert said in str(error.value)
    assert SECRET not in str(error.value)


def test_names_that_differ_in_case_or_in_how_they_are_composed_are_files_of_their_own(project):
    folder = project.root / "data" / "tiny"
    names = ["A.csv", "a.csv", "Caf\u00e9.csv", "Cafe\u0301.csv", "\u202egpj.csv", "-rf.csv", "$(id).csv"]
    for name in names:
        (folder / name).write_text(tiny_project.ANSWERS)
    (folder / "answers.csv").unlink()
    tempt(project, "*.csv")
    assert sorted(path.name for path in source_files(load_study("tiny"))["responses"]) == sorted(names)


PLAIN = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)


@settings(max_examples=300, deadline=None)
@given(value=PLAIN)
def test_a_value_reaches_the_notebook_as_it_is_and_runs_nothing(value):
    # Each line that papermill writes must be one assignment of a literal; float('nan') is its only call.
    source = PythonTranslator.codify({"given": value})
    statement = ast.parse(source).body
    assert [type(node) for node in statement] == [ast.Assign]
    calls = [node for node in ast.walk(statement[0]) if isinstance(node, ast.Call)]
    assert {ast.unparse(call) for call in calls} <= {"float('nan')", "float('inf')", "float('-inf')"}
    names: dict = {}
    exec(source, {"__builtins__": {"float": float}}, names)
    assert same(names["given"], value)


def same(one, other) -> bool:
    """Return whether two values are equal, a nan to itself."""
    if isinstance(one, dict) and isinstance(other, dict):
        return one.keys() == other.keys() and all(same(one[key], other[key]) for key in one)
    if isinstance(one, list) and isinstance(other, list):
        return len(one) == len(other) and all(map(same, one, other))
    return type(one) is type(other) and (
        one == other or (isinstance(one, float) and math.isnan(one) and math.isnan(other))
    )


VALUES = ["'; open('ran', 'w'); '", '"""', "a\nb\\n", "{x} %s {{7*7}}", "\\", "nan", "None", "\u202e\u00e9\U0001f600"]


def test_texts_of_a_run_file_arrive_in_the_notebook_unchanged(tiny):
    # A key of a mapping is one line of printable text; a value may be anything.
    places = [word for word in VALUES if word.isprintable()]
    parameters = f"{tiny_project.SHARED}\nwords: list[str] = []\nplace: dict[str, str] = {{}}"
    check = f"assert words == {VALUES!r}\nassert place == {{word: word for word in {places!r}}}"
    tiny.notebook("02-plans", *page("Which?", ("markdown", "## Which?"), ("code", check), parameters=parameters))
    own = json.dumps({"words": VALUES, "place": {word: word for word in places}}, ensure_ascii=False)
    tiny.write("params/tiny.yaml", f"study: tiny\nperiod: 2026Q3\n02-plans: {own}\n")
    done = tiny.report()
    assert done.returncode == 0, done.stderr
    assert not list(tiny.root.rglob("ran"))


class Pickled:
    """What runs a command when it is loaded."""

    def __init__(self, marker: Path) -> None:
        self.marker = marker

    def __reduce__(self):
        return os.mkdir, (str(self.marker),)


def test_a_model_that_is_a_pickle_is_refused_and_not_run(tmp_path):
    folder, marker = tmp_path / "model", tmp_path / "ran"
    folder.mkdir()
    bomb = pickle.dumps(Pickled(marker))
    (folder / "model.json").write_text(json.dumps({"format": topic_model.FORMAT, "embedding": {}, "settings": {}}))
    for name in ("arrays.safetensors", "topics.parquet", "assignments.parquet"):
        (folder / name).write_bytes(bomb)
    with pytest.raises(StudyError, match="no saved topic model"):
        topic_model.load(folder)
    with pytest.raises(StudyError, match="no saved topic model"):
        topic_model.load(folder / "arrays.safetensors")
    (folder / "modules.json").write_text('[{"type": "sentence_transformers.models.Transformer"}]')
    for name in ("pytorch_model.bin", "model.pkl", "model.joblib", "model.pt", "modeling_x.py", "arrays.npy"):
        (folder / "topics.parquet").unlink(missing_ok=True)
        (folder / "assignments.parquet").unlink(missing_ok=True)
        (folder / name).write_bytes(bomb)
        with pytest.raises(StudyError, match=f"{name} may hold code"):
            embed.open_embedding(str(folder))
        (folder / name).unlink()
    (folder / "modules.json").write_text('[{"type": "os.system"}]')
    with pytest.raises(StudyError, match=r"names 'os\.system', which is no part"):
        embed.open_embedding(str(folder))
    assert not marker.exists()
    pickle.loads(bomb)
    assert marker.exists()


def test_a_sentence_about_a_file_holds_nothing_that_a_terminal_would_obey(capsys):
    with pytest.raises(cli.typer.Exit):
        cli._end("the level '\x1b[2J\x07\u202egpj' is unknown", 2)
    assert capsys.readouterr().err == "the level '?[2J??gpj' is unknown\n"
