"""What is published does not depend on what is hidden: where hidden groups alone differ, every byte is the same."""

import io
import json
import re
import shutil
import zipfile

import pytest
import tiny_project
from PIL import Image
from tiny_project import STUDY, Tiny, page, tree, write_project

package, tiny = tiny_project.package, tiny_project.tiny
TIERS = ("analyst", "team", "public")
LEVELS = ("Basic", "Plus", "Gold", "Zyxwv")
# Six people, hidden at the minimum of seven, and forty more who would give them away; both are told otherwise below.
BASES, OTHER_BASES = (300, 200, 40, 6), (300, 200, 41, 5)
MARKED = {"estimate": (-63.4567, -47.1357), "conf_low": (-88.2345, -79.2468), "conf_high": (-31.9876, -24.6813)}
OTHERS = {"estimate": (58.1928, 33.7465), "conf_low": (31.4142, 19.2837), "conf_high": (77.6543, 65.9182)}
SHOWN = {"estimate": (41.5, 26.25), "conf_low": (31.5, 16.25), "conf_high": (51.5, 36.25)}
MIN_BASE = 7
# Payloads as cx.show leaves them, from a file that no key of the cache knows.
SHOW = """
def show(key, kind, columns, rows, finding=None, **arguments):
    from IPython.display import display
    types = {name: "float" if name in FLOATS else "int" if name.startswith("n") else "str" for name in columns}
    frame = {"columns": columns, "types": [types[name] for name in columns], "rows": rows}
    payload = {"version": 1, "key": key, "kind": kind, "caption": f"Caption of {key}", "finding": finding}
    payload |= {"method": None, "about": "people", "labels": {}, "arguments": arguments, "frame": frame}
    provenance = {"study": "Tiny", "period": "2026Q3"}
    payload |= {"provenance": provenance}
    display({"application/vnd.cxresearch.result+json": payload, "text/plain": ""}, raw=True)

import json, os
FLOATS = ["estimate", "std_error", "conf_low", "conf_high", "n_eff", "weighted_base", "previous", "current"]
NUMBERS = json.load(open(os.path.join(os.environ["CXRESEARCH_ROOT"], "numbers.json")))
def measures(of):
    limits = ("estimate", "conf_low", "conf_high")
    return [NUMBERS["n"][of], NUMBERS["n"][of], *(NUMBERS[name][of] for name in limits), ""]
MEASURES = ["n", "n_customers", "estimate", "conf_low", "conf_high", "flag"]
LEVELS = ["Basic", "Plus", "Gold", "Zyxwv"]
ALL = ["all", sum(NUMBERS["n"]), sum(NUMBERS["n"]), 30.5, 25.5, 35.5, ""]
"""
PLANS = """
rows = [[level, *measures(place)] for place, level in enumerate(LEVELS)]
show("plans", "table", ["plan", *MEASURES], [ALL, *rows], "estimates", metric="nps")
show("drawn", "estimates", ["plan", *MEASURES], [ALL, *rows], "estimates", metric="nps")
show("barred", "bars", ["plan", *MEASURES], rows, metric="nps")
show("kept", "record", ["plan", *MEASURES], rows)
trend = [[period, *row] for period in ("2026Q2", "2026Q3") for row in rows]
show("trend", "trend", ["period", "plan", *MEASURES], trend, "trend", metric="nps")
"""
TAB = """
banners = [("plan", "all", [546, 546, 546.0, 546.0, 0.4])]
banners += [("plan", level, [n, n, float(n), float(n), abs(NUMBERS["estimate"][place]) / 100])
            for place, (level, n) in enumerate(zip(LEVELS, NUMBERS["n"]))]
rows = [["nps", answer, banner, level, *values, "", "share", ""]
        for answer in ("promoters", "others") for banner, level, values in banners]
bases = ["n", "n_customers", "n_eff", "weighted_base"]
columns = ["row", "row_level", "banner", "banner_level", *bases, "estimate", "letters", "unit", "flag"]
show("tab", "crosstab", columns, rows)
"""
FINDINGS = """
columns = ["metric", "segment", "level", "n", "n_customers", "n_previous", "n_customers_previous", "previous"]
columns += ["current", "estimate", "conf_low", "conf_high", "verdict", "flag", "owner", "page", "key"]
rows = [["nps", "plan", level, *measures(place)[:2] * 2, 12.5, NUMBERS["estimate"][place] + 12.5,
         *measures(place)[2:5], "rose", "", "Olga Owner", "01-base", "plans"] for place, level in enumerate(LEVELS)]
show("findings", "findings", columns, rows)
"""


def write(project: Tiny, bases, hidden) -> None:
    """Write a project whose numbers of the hidden groups are these."""
    write_project(project)
    project.write("data/tiny/study.yaml", f"{STUDY}disclosure: {{min_base: {MIN_BASE}}}\n")
    project.write("params/tiny.yaml", f"study: tiny\nperiod: 2026Q3\ntiers: [{', '.join(TIERS)}]\n")
    numbers = {name: [*SHOWN[name], *hidden[name]] for name in SHOWN}
    project.write("numbers.json", json.dumps({"n": bases, **numbers}))
    write_pages(project, "## How many?")
    (project.root / "notebooks/02-plans.ipynb").unlink()


def write_pages(project: Tiny, question: str) -> None:
    """Write the notebooks, which read the numbers beside them."""
    ask = ("markdown", question)
    project.notebook("01-base", *page("Who answered?", ("code", SHOW), ask, ("code", PLANS), ("code", TAB)))
    project.notebook("00-summary", *page("How are we doing?", ("code", SHOW), ask, ("code", FINDINGS)))


@pytest.fixture(scope="module")
def reports(tmp_path_factory, package):
    """Two published reports whose hidden groups differ in every number."""
    found = []
    for bases, hidden in ((BASES, MARKED), (OTHER_BASES, OTHERS)):
        project = Tiny(tmp_path_factory.mktemp("hidden"), package)
        write(project, bases, hidden)
        done = project.report()
        assert done.returncode == 0, done.stderr
        found.append(project)
    return found


def texts(data: bytes, name: str) -> str:
    """Return all that a published file says, the parts of a workbook and the words of a picture too."""
    if name.endswith(".xlsx"):
        with zipfile.ZipFile(io.BytesIO(data)) as parts:
            return "\n".join(parts.read(part).decode() for part in parts.namelist())
    if name.endswith(".png"):
        return str(Image.open(io.BytesIO(data)).info)
    return data.decode()


def published(project: Tiny) -> dict[str, bytes]:
    return tree(project.latest.resolve())


def test_every_published_byte_is_the_same_whatever_the_hidden_groups_are(reports):
    first, second = map(published, reports)
    assert first.keys() == second.keys()
    assert [name for name in first if first[name] != second[name]] == []
    assert {path.suffix for path in reports[0].latest.resolve().rglob("*.*")} >= {
        ".html",
        ".json",
        ".png",
        ".svg",
        ".xlsx",
    }


def test_no_number_of_a_hidden_group_stands_in_any_tier(reports):
    words = {name: texts(data, name) for name, data in published(reports[0]).items()}
    marks = [str(abs(value)) for values in MARKED.values() for value in values]
    marks += [mark[:4] for mark in marks] + [f"0.{round(abs(MARKED['estimate'][1]) * 100)}"]
    assert [(name, mark) for name, text in words.items() for mark in marks if mark in _without_paths(text)] == []
    # The groups that are shown stand there, so that something was looked at.
    for tier in TIERS:
        assert "41.5" in words[f"{tier}/results.json"]
        assert "41.5" in words[f"{tier}/tables.xlsx"]
        assert "Zyxwv" in words[f"{tier}/01-base.html"]


def _without_paths(text: str) -> str:
    """Return a text without pictures' bytes and coordinates, in which any digits may follow one another."""
    text = re.sub(r"data:[a-z+/]+;base64,[A-Za-z0-9+/=]+", "", text)
    return re.sub(r'\b(?:d|points|x|y|x1|x2|y1|y2|cx|cy|r|transform|viewBox|style|width|height)="[^"]*"', "", text)


def test_a_low_minimum_is_told_at_the_head_of_every_page_and_of_the_tables(reports):
    words = {name: texts(data, name) for name, data in published(reports[0]).items()}
    pages = {name for name in words if name.endswith(".html")}
    assert pages >= {"index.html"} | {f"{tier}/{name}" for tier in TIERS for name in ("index.html", "01-base.html")}
    assert {name for name in pages if "owner-" in name} == {f"{tier}/owner-olga-owner.html" for tier in TIERS[:2]}
    tables = {f"{tier}/tables.xlsx" for tier in TIERS}
    for name in pages | tables:
        assert f"Groups of {MIN_BASE} customers and more are shown" in words[name], name


def test_no_notebook_runs_twice_for_several_tiers(reports):
    seconds = json.loads((reports[0].root / ".cache/logs/tiny/run.json").read_bytes())["seconds"]
    assert sorted(seconds) == ["00-summary", "01-base"]
    executed = [path for path in (reports[0].root / ".cache/executed").iterdir()]
    assert len(executed) == 2
    hidden = []
    for tier in TIERS:
        record = json.loads((reports[0].latest / tier / "disclosure.json").read_bytes())
        assert (record["tier"], record["policy"]["min_base"]) == (tier, MIN_BASE)
        hidden.append([table["hidden"] for table in record["tables"]])
    assert hidden[0] == hidden[1] == hidden[2]
    assert "owner" not in (reports[0].latest / "public/results.json").read_text()


def test_the_record_lists_every_table_with_each_check(reports):
    record = json.loads((reports[0].latest / "team/disclosure.json").read_bytes())
    results = json.loads((reports[0].latest / "team/results.json").read_bytes())["notebooks"]
    named = {f"{page}/{key}" for page, outputs in results.items() for key in outputs}
    assert {table["source"] for table in record["tables"]} == named
    wanted = {"minimum base", "subtraction", "linked tables", "dominance", "all answered alike", "same group elsewhere"}
    for table in record["tables"]:
        assert wanted <= {check["check"] for check in table["checks"]}
        assert {
            cell["group"].get("plan", cell["group"].get("level", cell["group"].get("banner_level")))
            for cell in table["hidden"]
        } == {"Gold", "Zyxwv"}


@pytest.fixture(scope="module")
def again(reports, tmp_path_factory):
    """The second report published once more with three more answers of Plus."""
    project = Tiny(tmp_path_factory.mktemp("again"), reports[1].package)
    shutil.copytree(reports[1].root, project.root, symlinks=True, dirs_exist_ok=True)
    numbers = json.loads((project.root / "numbers.json").read_bytes())
    numbers["n"][1] += 3
    project.write("numbers.json", json.dumps(numbers))
    # Another plan: a run of the same plan is no second publication.
    write_pages(project, "## How many now?")
    done = project.report()
    assert done.returncode == 0, done.stderr
    return project, done


def test_rows_that_differ_by_a_few_people_from_the_last_publication_are_up_for_review(again):
    project, done = again
    record = json.loads((project.latest / "public/disclosure.json").read_bytes())
    table = next(table for table in record["tables"] if table["source"] == "01-base/plans")
    assert [row["group"]["plan"] for row in table["republished"]] == ["all", "Plus"]
    assert {"check": "published before", "result": "review", "rows": 2} in table["checks"]
    assert "rows tell, beside what was published before, of fewer than 7 customers" in done.stdout + done.stderr


@pytest.mark.parametrize("least", ["4", "true"])
def test_a_minimum_that_protects_nobody_is_refused_before_anything_runs(tiny, least):
    tiny.write("data/tiny/study.yaml", f"{STUDY}disclosure: {{min_base: {least}}}\n")
    for command in (("check", "params/tiny.yaml"), ("report", "params/tiny.yaml")):
        done = tiny.cli(*command)
        said = done.stderr + done.stdout
        assert done.returncode != 0
        assert "disclosure.min_base" in said
        assert "Traceback" not in said
    assert not tiny.reports.exists()
