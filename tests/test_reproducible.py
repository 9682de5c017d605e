"""What runs again after a change, and the same bytes wherever and by whomever a report is made."""

import json
import subprocess
import sys

import pytest
import tiny_project
from test_plots import frame_for
from tiny_project import Tiny, page, tree, write_project

from cxresearch.cache import Store
from cxresearch.present.payload import MIME_TYPE, Grid, Payload
from cxresearch.report import plan
from cxresearch.report.run import Options, _task, write_results
from cxresearch.strict_yaml import StudyError
from cxresearch.study import load_run
from cxresearch.study_data import load, results

package, tiny = tiny_project.package, tiny_project.tiny

# ---- what depends on what

NOTEBOOKS = {"00-summary", "01-base", "02-plans"}
CHANGED = {
    "the code of a notebook": ("notebooks/02-plans.ipynb", "1.5 * factor", "2.5 * factor", {"02-plans", "00-summary"}),
    "the text of a notebook": (
        "notebooks/02-plans.ipynb",
        "Which plan is best",
        "Which is best",
        {"02-plans", "00-summary"},
    ),
    "the summary": ("notebooks/00-summary.ipynb", "4.5", "4.25", {"00-summary"}),
    "a parameter of a notebook": ("params/tiny.yaml", "factor: 3", "factor: 4", {"02-plans", "00-summary"}),
    "one byte of an export": ("data/tiny/answers.csv", "2026-08-01,9", "2026-08-01,8", NOTEBOOKS),
    # One key for all tables: what is read from one may stand in another, so pages wait for none of them apart.
    "one byte of another export": ("data/tiny/crm.csv", "Ann", "Ada", NOTEBOOKS),
    "what the study file says": ("data/tiny/study.yaml", "Tiny & Sons", "Tiny & Daughters", NOTEBOOKS),
    "the lock": ("requirements.lock", "1.0", "1.1", NOTEBOOKS),
    "the notes on methods": ("docs/methods.md", "score", "Score", set()),
    "the tiers": ("params/tiny.yaml", "[team]", "[public]", set()),
}
UNCHANGED = {
    "how the study file is written": ("data/tiny/study.yaml", "# as asked", "# as it was asked"),
    "ids and counts of cells": ("notebooks/02-plans.ipynb", '"id": "cell-3"', '"id": "another"'),
    "a file that nothing reads": ("data/tiny/notes.txt", "a", "b"),
    "nothing but its time": ("data/tiny/answers.csv", "day", "day"),
}


@pytest.fixture
def planned(tiny: Tiny, monkeypatch: pytest.MonkeyPatch) -> Tiny:
    """Return a tiny project with all that a plan rests on."""
    monkeypatch.setenv("CXRESEARCH_ROOT", str(tiny.root))
    monkeypatch.setattr(plan, "package_digest", lambda: "the sources of the package")
    customers = "  customers: {source: crm.csv, columns: {customer_id: {from: name}}}\n"
    tiny.write("data/tiny/study.yaml", tiny_project.STUDY + customers + "# as asked\n")
    tiny.write("data/tiny/crm.csv", "name\nAnn\n")
    tiny.write("data/tiny/notes.txt", "a")
    tiny.write("requirements.lock", "one==1.0\n")
    tiny.write("params/tiny.yaml", f"{tiny_project.RUN}tiers: [team]\n")
    tiny.write("docs/methods.md", "## nps\n\nThe score.\n")
    return tiny


def keys(project: Tiny) -> tuple[dict[str, str], str]:
    """Return the key of each page, and that of all that is published."""
    found = plan.make_plan(load_run(project.root / "params" / "tiny.yaml"))
    return {page.name: page.key for page in found.pages}, found.key


def change(project: Tiny, name: str, old: str, new: str) -> None:
    """Replace something in a file."""
    text = (project.root / name).read_text()
    assert text.count(old) == 1
    project.write(name, text.replace(old, new))


@pytest.mark.parametrize("what", CHANGED)
def test_a_change_runs_again_what_depends_on_it_and_no_more(planned, what):
    name, old, new, again = CHANGED[what]
    before, published = keys(planned)
    change(planned, name, old, new)
    after, publishing = keys(planned)
    assert {page for page in before if before[page] != after[page]} == again
    assert published != publishing


@pytest.mark.parametrize("what", UNCHANGED)
def test_what_changes_no_page_runs_nothing(planned, what):
    before = keys(planned)
    change(planned, *UNCHANGED[what])
    assert keys(planned) == before


def test_answers_that_change_before_they_are_read_are_kept_under_no_key(planned, monkeypatch):
    one = plan.make_plan(load_run(planned.root / "params" / "tiny.yaml"))
    for variable, value in one.environment.items():
        monkeypatch.setenv(variable, value)
    change(planned, "data/tiny/answers.csv", "2026-08-01,9", "2026-08-01,8")
    with pytest.raises(StudyError, match="the data changed while they were read; run it again"):
        load(one.study, "2026Q3")
    assert not list((planned.root / ".cache" / "tables").glob("*"))


def test_two_runs_of_one_study_and_period_take_each_its_own_results(planned, monkeypatch):
    store, factors = Store(planned.root / ".cache"), {"tiny": 3, "other": 4}
    planned.write("params/other.yaml", tiny_project.RUN.replace("3}", "4}"))
    plans = {name: plan.make_plan(load_run(planned.root / "params" / f"{name}.yaml")) for name in factors}
    for name, one in plans.items():
        for found in one.pages[1:]:
            frame = {"columns": ["n"], "types": ["int"], "rows": [[factors[name]]]}
            told = {"version": 1, "key": "a", "kind": "record", "caption": "A", "about": "process", "frame": frame}
            store.write_json("payloads", found.key, [{**told, "provenance": {"notebook": found.name, "cell": 1}}])
        write_results(one, store)
    for name, one in plans.items():
        task = _task(one.pages[0], one, store, Options())
        for variable, value in task.environment.items():
            monkeypatch.setenv(variable, value)
        assert results(one.study, "2026Q3")["02-plans/a"]["n"].tolist() == [factors[name]]


# ---- the same bytes

# Each takes a second to draw, twice.
KINDS = ("trend", "distribution", "flow", "curves", "matrix", "estimates")
ELSEWHERE = {
    "USER": "somebody",
    "TZ": "Pacific/Auckland",
    "PYTHONHASHSEED": "7",
    "COLUMNS": "40",
    # Files are then read and written as ASCII, unless somebody says otherwise.
    "LC_ALL": "C",
    "PYTHONUTF8": "0",
    "PYTHONCOERCECLOCALE": "0",
}


def report_elsewhere(project: Tiny) -> subprocess.CompletedProcess:
    """Make a report as another person, in another country, on a machine with other habits."""
    startup = project.root / "home" / ".ipython" / "profile_default" / "startup" / "0.py"
    startup.parent.mkdir(parents=True)
    # Were it read, no result would be shown.
    startup.write_text("import IPython.display; IPython.display.display = print")
    command = 'umask 077 && exec "$0" -m cxresearch.cli report params/tiny.yaml --jobs 1'
    return subprocess.run(
        ["sh", "-c", command, sys.executable],
        cwd=project.root,
        env=project.environment(HOME=str(project.root / "home"), **ELSEWHERE),
        capture_output=True,
        text=True,
        encoding="utf-8",
    )


def write_kinds(project: Tiny) -> None:
    """Let one notebook show figures that are made in different ways, with words that are not ASCII."""
    cells = []
    for kind in KINDS:
        arguments = {"x": "importance"} if kind == "matrix" else {"x": "price"} if kind == "curves" else {}
        grid = Grid.of(frame_for(kind).replace("Shop", "Fußgängerzone"))
        shown = Payload(key=kind, kind=kind, grid=grid, caption=f"Kind {kind} – für alle", arguments=arguments)
        cells.append(("code", f"import json; put(json.loads({json.dumps(shown.to_json())!r}))"))
    put = f"def put(shown):\n    from IPython.display import display\n    display({{{MIME_TYPE!r}: shown}}, raw=True)"
    project.notebook("01-base", *page("Which kinds?", ("code", put), *cells))


def test_two_clean_runs_in_two_places_publish_the_same_bytes(tmp_path, package):
    here, there = (Tiny(tmp_path / name, package) for name in ("here", "there/a much longer path"))
    for project in (here, there):
        project.root.mkdir(parents=True)
        write_project(project)
        write_kinds(project)
    done = [here.report(), report_elsewhere(there)]
    assert [one.returncode for one in done] == [0, 0], [one.stderr for one in done]
    first, second = tree(here.latest), tree(there.latest)
    assert [name for name in first | second if first.get(name) != second.get(name)] == []
    assert here.latest.resolve().name == there.latest.resolve().name
