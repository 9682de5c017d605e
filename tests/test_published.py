"""What lies in a published folder for other programs and for slides: results by their schema, the crate, figures."""

import json
import os
import re
import shutil
import warnings
from dataclasses import dataclass, replace
from hashlib import sha256
from pathlib import Path
from urllib.parse import unquote
from xml.etree import ElementTree

import jsonschema
import pytest
import tiny_project
from conftest import ROOT
from matplotlib.text import Text
from PIL import Image
from pydantic import ValidationError
from tiny_project import RUN, SHARED, Tiny, page, write_project

from cxresearch.present import plots
from cxresearch.present.canvas import SCALE, WIDTHS
from cxresearch.present.disclosure import Policy, protect
from cxresearch.present.payload import Payload
from cxresearch.report.crate import CRATE, PROFILE, crate
from cxresearch.report.diff import diff
from cxresearch.report.figures import described
from cxresearch.report.manifest import MANIFEST, recorded, verify, write_manifest
from cxresearch.report.plan import make_plan
from cxresearch.report.results import Results, schema, weights_in_words
from cxresearch.schema import Study
from cxresearch.strict_yaml import StudyError
from cxresearch.study import load_run

package, tiny = tiny_project.package, tiny_project.tiny
TIERS = ("team", "public")
# One plan has too few customers, another one the second time, and the smallest of the rest is hidden with it.
FIRST = [["Basic", 100, 90, 1.5, ""], ["Plus", 80, 70, 2.5, ""], ["Gold", 9, 9, 7.25, ""]]
FIRST += [["Tiny", 20, 20, 4.5, ""], ["Pro", 60, 50, 3.5, ""]]
SECOND = [["Basic", 100, 90, 1.75, ""], ["Plus", 8, 8, 8.75, ""], ["Gold", 90, 90, 7.5, ""]]
SECOND += [["Tiny", 20, 20, 6.5, ""], ["New", 60, 50, 3.5, ""]]


@dataclass(frozen=True)
class Twice:
    """A project whose report was published twice, with other data, parameters and methods."""

    project: Tiny
    first: Path
    second: Path


def plans(rows: list) -> list[tuple]:
    """Return a notebook with a figure of five plans; the numbers that get hidden stand nowhere in its code."""
    told = [[name, n, customers, f"{estimate * 8:.0f} / 8", flag] for name, n, customers, estimate, flag in rows]
    source = re.sub(r"'(\d+ / 8)'", r"\1", f"show('plans', {told!r}, kind='estimates')")
    parameters = f"{SHARED}\nfactor: int = 2  # times the estimate"
    return page("Which plans?", ("markdown", "## Which is best?"), ("code", source), parameters=parameters)


@pytest.fixture(scope="session")
def twice(tmp_path_factory: pytest.TempPathFactory, package: Path) -> Twice:
    """Return the project; tests that change something take a copy."""
    project = Tiny(tmp_path_factory.mktemp("twice"), package)
    write_project(project)
    run = f"{RUN}tiers: [public, team]\n"
    project.write("params/tiny.yaml", run)
    project.write("docs/methods.md", "# Methods\n\n## nps\n\nThe score.\n\n## csat\n\nA mean.\n")
    project.write("requirements.lock", "numpy==2.4.0 \\\n    --hash=sha256:00\npandas==3.1.0\n")
    project.notebook("02-plans", *plans(FIRST))
    folders = [_published(project)]
    project.write("params/tiny.yaml", run.replace("factor: 3", "factor: 4"))
    project.write("data/tiny/answers.csv", "day,score\n2026-08-01,9\n2026-08-02,2\n")
    project.write("docs/methods.md", "# Methods\n\n## nps\n\nThe score, weighted.\n\n## csat\n\nA mean.\n")
    project.write("requirements.lock", "numpy==2.4.1\npandas==3.1.0\n")
    project.notebook("02-plans", *plans(SECOND))
    return Twice(project, *folders, _published(project))


def _published(project: Tiny) -> Path:
    """Return what a run publishes."""
    done = project.report()
    assert done.returncode == 0, done.stderr
    return project.latest.resolve()


def read(folder: Path, name: str) -> dict:
    return json.loads((folder / name).read_bytes())


# ---- results.json


def test_the_published_schema_is_the_writers_own():
    published = (ROOT / "docs" / "results.schema.json").read_text()
    assert published == schema(), "write docs/results.schema.json again from cxresearch.report.results.schema()"
    jsonschema.Draft202012Validator.check_schema(json.loads(published))


def validator() -> jsonschema.Draft202012Validator:
    return jsonschema.Draft202012Validator(json.loads((ROOT / "docs" / "results.schema.json").read_text()))


@pytest.mark.parametrize("tier", TIERS)
def test_what_is_written_is_what_the_schema_says(twice: Twice, tier):
    content = read(twice.first, f"{tier}/results.json")
    validator().validate(content)
    assert content["tier"] == tier
    assert {page: list(found) for page, found in content["notebooks"].items()} == {
        "00-summary": ["summary"],
        "01-base": ["base"],
        "02-plans": ["plans"],
    }


def broken(content: dict, path: str, value: object) -> dict:
    """Return a file with another value at a path, or without it where the value is ...; `*` is the first key."""
    copy = json.loads(json.dumps(content))
    *way, last = path.split("/")
    at = copy
    for name in way:
        at = at[next(iter(at)) if name == "*" else int(name) if isinstance(at, list) else name]
    if value is ...:
        del at[last]
    else:
        at[int(last) if isinstance(at, list) else last] = value
    return copy


PLANS = "notebooks/02-plans/plans"


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("version", 2),
        ("tier", "everyone"),
        ("data", "abc"),
        ("lock", 7),
        ("package/sources", ...),
        ("more", "x"),
        ("notebooks/plans", {}),
        (f"{PLANS}/kind", "pie"),
        (f"{PLANS}/about", "persons"),
        (f"{PLANS}/key", "A key"),
        (f"{PLANS}/more", 1),
        (f"{PLANS}/frame/types/0", "text"),
        (f"{PLANS}/frame/rows/0/0", {"name": "x"}),
        (f"{PLANS}/frame", ...),
        (f"{PLANS}/provenance/cell", 0),
        (f"{PLANS}/provenance/weights", ...),
        (f"{PLANS}/provenance/notebook_digest", "0"),
        (f"{PLANS}/provenance/notebook", ...),
    ],
)
def test_what_the_schema_does_not_say_is_refused_by_it_and_by_the_writer(twice: Twice, path, value):
    wrong = broken(read(twice.first, "results.json"), path, value)
    assert not validator().is_valid(wrong)
    with pytest.raises(ValidationError):
        Results.model_validate(wrong)


@pytest.mark.parametrize(
    ("path", "value"),
    [
        (f"{PLANS}/frame/rows/0", ["Basic", 100]),
        (f"{PLANS}/frame/rows/0/1", "many"),
        (f"{PLANS}/frame/rows/0/1", True),
        (f"{PLANS}/frame/rows/0/3", "infinite"),
        (f"{PLANS}/frame/columns/1", "plan"),
        (f"{PLANS}/key", "other"),
        (f"{PLANS}/provenance/notebook", "01-base"),
    ],
)
def test_what_no_schema_can_say_is_refused_by_the_writer(twice: Twice, path, value):
    good = read(twice.first, "results.json")
    Results.model_validate(good)
    with pytest.raises(ValidationError):
        Results.model_validate(broken(good, path, value))


def test_every_number_has_its_way_back(twice: Twice):
    content, manifest = read(twice.first, "results.json"), read(twice.first, MANIFEST)
    for name, found in content["notebooks"].items():
        for one in found.values():
            told = one["provenance"]
            assert (told["notebook"], told["notebook_digest"]) == (name, manifest["contents"][name])
            assert (told["seed"], told["weights"]) == (0, "none: every answer counts once")
            assert "n" in one["frame"]["columns"]
            assert "method" in one
    assert content["notebooks"]["02-plans"]["plans"]["provenance"]["cell"] == 3
    assert content["parameters"]["02-plans"]["factor"] == 3
    assert all(content[name] == manifest[name] for name in ("run", "study", "period", "data", "package", "lock"))


@pytest.mark.parametrize(
    ("design", "weights", "words"),
    [
        ({}, None, "none: every answer counts once"),
        ({"weight": "w"}, None, "column w"),
        ({}, {"margins": {"plan": {"A": 0.5, "B": 0.5}}}, "raked to plan"),
        ({"weight": "w"}, {"margins": {"plan": {"A": 0.5, "B": 0.5}}}, "column w"),
        (
            {"weight": "w", "rake": True},
            {"margins": {"plan": {"A": 0.5, "B": 0.5}}, "cap": [0.3, 3]},
            "column w; raked to plan; kept within 0.3 to 3",
        ),
    ],
)
def test_weights_are_told_as_they_are_used(design, weights, words):
    columns = {"responded_at": "day", "nps": "score", "plan": "plan"}
    tables = {"responses": {"source": "a.csv", "columns": columns, "design": design}}
    study = Study.model_validate({"title": "T", "tables": tables, "segments": {"plan": "plan"}, "weights": weights})
    assert weights_in_words(study) == words


# ---- the crate


def test_the_crate_reads_back_and_lists_every_file_with_its_digest(twice: Twice):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from rocrate.rocrate import ROCrate

        found = ROCrate(str(twice.first))
    manifest = read(twice.first, MANIFEST)
    files = {unquote(one.id): one for one in found.data_entities if one.type == "File"}
    assert all((twice.first / name).is_file() for name in files)
    # The manifest has the crate's own digest, so the crate cannot have the manifest's.
    digests = {name: one["sha256"] for name, one in files.items() if name != MANIFEST}
    assert digests == {name: told for name, told in manifest["files"].items() if name != CRATE}
    assert {name: int(one["contentSize"]) for name, one in files.items() if name != MANIFEST} == {
        name: (twice.first / name).stat().st_size for name in digests
    }
    assert found.name == "Tiny & Sons: Q3 2026"
    assert found.root_dataset["conformsTo"].id == PROFILE
    assert str(found.root_dataset["datePublished"]).startswith("2026-09-30")
    runs = {one.id: one for one in found.root_dataset["mentions"]}
    assert set(runs) == {"#run/00-summary", "#run/01-base", "#run/02-plans", "#run/report"}
    assert all(one.type == "CreateAction" for one in runs.values())
    plans = runs["#run/02-plans"]
    assert (plans["instrument"]["alternateName"], plans["instrument"]["version"]) == (
        "02-plans.ipynb",
        manifest["contents"]["02-plans"],
    )
    figures = {f"figures/{dark}02-plans--plans.{ending}" for dark in ("", "dark/") for ending in ("png", "svg")}
    own = {f"{tier}/{name}" for tier in TIERS for name in {"02-plans.html", *figures}}
    assert {unquote(one.id) for one in plans["result"]} == own


def test_the_crate_tells_inputs_parameters_and_software_and_no_data_clock_or_person(twice: Twice):
    content, manifest = read(twice.first, CRATE), read(twice.first, MANIFEST)
    graph = {one["@id"]: one for one in content["@graph"]}
    assert len(graph) == len(content["@graph"])
    inputs = {one["name"]: one["sha256"] for name, one in graph.items() if name.startswith("#input/")}
    assert inputs == manifest["inputs"]
    assert graph["#parameter/02-plans/factor"]["value"] == 3
    software = {one["name"]: one["softwareVersion"] for one in graph.values() if one["@type"] == "SoftwareApplication"}
    assert software.items() >= {("numpy", "2.4.0"), ("pandas", "3.1.0"), ("cxresearch", "0.1.0")}
    told = {name for one in graph.values() for name in one}
    assert not told & {"startTime", "endTime", "agent", "dateCreated", "dateModified", "author", "creator"}
    referred = {one["@id"] for one in _references(content["@graph"])}
    outside = {
        name for name in referred - set(graph) if not name.startswith(("https://w3id.org/", "http://schema.org/"))
    }
    assert outside == set()
    # Nothing is made that nothing refers to.
    assert set(graph) - referred - {"./", CRATE} == set()


def _references(value: object) -> list[dict]:
    """Return all references in JSON-LD below the entities."""
    found = []
    for inner in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
        found += [inner] if isinstance(inner, dict) and set(inner) == {"@id"} else _references(inner)
    return found


def test_a_report_of_all_periods_has_no_date(tiny: Tiny, monkeypatch):
    monkeypatch.setenv("CXRESEARCH_ROOT", str(tiny.root))
    dates = []
    for period in ("2026Q3", "all"):
        tiny.write("params/tiny.yaml", RUN.replace("2026Q3", period))
        plan = make_plan(load_run(tiny.root / "params" / "tiny.yaml"))
        dates.append(crate(plan, recorded(plan), {})["@graph"][1].get("datePublished"))
    assert dates == ["2026-09-30", None]


# ---- figures


def test_figures_have_names_that_stay_and_say_what_they_show(twice: Twice):
    names = {f"02-plans--plans.{ending}" for ending in ("png", "svg")}
    for folder in (twice.first, twice.second):
        for place in ("team/figures", "public/figures", "team/figures/dark"):
            assert {path.name for path in (folder / place).iterdir() if path.is_file()} == names
    root = ElementTree.fromstring((twice.first / "team/figures/02-plans--plans.svg").read_bytes())
    assert root.get("role") == "img"
    assert [child.tag.rpartition("}")[2] for child in root][:2] == ["title", "desc"]
    assert root[0].text == "Caption of plans"
    assert "Basic" in root[1].text


HOSTILE = ["A < B & C", "</title><script>1</script>", "]]>\x00\u202e$x^{", '"', "--> <image href='x'/>"]


def test_the_description_of_a_figure_is_text_whatever_it_says():
    frame = {
        "columns": ["plan", "n", "n_customers", "estimate", "flag"],
        "types": ["str", "int", "int", "float", "str"],
    }
    frame["rows"] = [[text, 100, 90, 1.5, ""] for text in HOSTILE]
    told = {"version": 1, "key": "a", "kind": "estimates", "frame": frame, "provenance": {}}
    shown = protect([Payload.from_json({**told, "caption": "c"})], Policy()).payloads[0]
    picture = plots.files(shown)["a.svg"]
    for caption in HOSTILE:
        root = ElementTree.fromstring(described(picture, replace(shown, caption=caption)))
        assert root[0].text == re.sub(r"[\x00\u202e]", "", caption)
        names = {node.tag.rpartition("}")[2] for node in root.iter()}
        assert not names & {"script", "a", "image", "foreignObject"}


def test_a_figure_is_twice_its_size_and_tells_nothing_of_when_and_where(twice: Twice):
    folder = twice.first / "team" / "figures"
    with Image.open(folder / "02-plans--plans.png") as picture:
        picture.load()
        assert picture.width == WIDTHS["wide"] * SCALE
        assert not {name for name in picture.info if name != "dpi"}
        # On a slide it is as large as on the page, not twice.
        assert [round(one) for one in picture.info["dpi"]] == [96 * SCALE] * 2
    svg = (folder / "02-plans--plans.svg").read_text()
    assert not re.search(r"20\d\d-\d\d|dc:date|dc:creator|file:", svg)


@pytest.mark.parametrize(("folder", "plan", "number"), [("first", "Gold", "7.25"), ("second", "Plus", "8.75")])
def test_a_hidden_group_is_named_in_a_figure_and_not_told(twice: Twice, folder, plan, number):
    for path in getattr(twice, folder).rglob("*.svg"):
        # What is written in the picture stands in comments beside its outlines.
        told = " ".join(re.findall(r"<!-- .*? -->|<title>.*?</title>|<desc>.*?</desc>", path.read_text()))
        assert "1.5" in told or "1.75" in told
        assert number not in told
        assert f"Not shown, to protect small groups: {plan} and Tiny." in told


def test_texts_of_a_figure_can_be_read_on_a_slide():
    frame = {"columns": ["plan", "n", "n_customers", "estimate", "conf_low", "conf_high", "flag"]}
    frame["types"] = ["str", "int", "int", *["float"] * 3, "str"]
    frame["rows"] = [[f"Plan {at}", 40 + at, 40 + at, at, at - 1, at + 1, "indicative"] for at in range(12)]
    told = {"version": 1, "key": "a", "kind": "estimates", "caption": "c", "frame": frame, "provenance": {}}
    figure = plots.draw(protect([Payload.from_json(told)], Policy()).payloads[0])
    sizes = [text.get_fontsize() for text in figure.findobj(Text) if text.get_text() and text.get_visible()]
    # Drawn across a slide of 960 points.
    assert min(sizes) * 960 / (figure.get_size_inches()[0] * 72) >= 12


# ---- verify


@pytest.fixture
def folder(twice: Twice, tmp_path: Path) -> Path:
    """Return a copy of a published folder under its own name."""
    return Path(shutil.copytree(twice.first, tmp_path / twice.first.name))


def test_a_published_folder_is_whole(folder: Path):
    assert verify(folder) == []


def _flip(folder: Path) -> None:
    path = folder / "team" / "tables.xlsx"
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(data)


def _swap(folder: Path) -> None:
    for name, other in (("team", "held"), ("public", "team"), ("held", "public")):
        (folder / name).rename(folder / other)


def _linked(folder: Path) -> None:
    (folder / "index.html").rename(folder.parent / "index.html")
    (folder / "index.html").symlink_to(folder.parent / "index.html")


def _folder_linked(folder: Path) -> None:
    (folder / "team").rename(folder.parent / "elsewhere")
    (folder / "team").symlink_to(folder.parent / "elsewhere")


def _one_changed(folder: Path) -> None:
    manifest = read(folder, MANIFEST)
    manifest["seed"] = 1
    (folder / MANIFEST).write_text(json.dumps(manifest))


def _written_again(folder: Path) -> None:
    (folder / "index.html").write_text("Other")
    manifest = read(folder, MANIFEST)
    (folder / MANIFEST).unlink()
    write_manifest(folder, {name: value for name, value in manifest.items() if name != "files"})


def _manifest_linked(folder: Path) -> None:
    (folder / MANIFEST).rename(folder.parent / MANIFEST)
    (folder / MANIFEST).symlink_to(folder.parent / MANIFEST)


def _piped(folder: Path) -> None:
    (folder / "results.json").unlink()
    os.mkfifo(folder / "results.json")


@pytest.mark.parametrize(
    ("change", "problems"),
    [
        (_flip, ["team/tables.xlsx was changed"]),
        (lambda folder: (folder / "index.html").unlink(), ["index.html is missing"]),
        (lambda folder: (folder / "team" / ".x").write_text(""), ["team/.x is not in the manifest"]),
        (lambda folder: (folder / "up").symlink_to(".."), ["up is not in the manifest"]),
        (_linked, ["index.html was changed"]),
        (_piped, ["results.json was changed"]),
        (lambda folder: (folder / MANIFEST).rename(folder / "m.json"), ["manifest.json is missing or cannot be read"]),
        (lambda folder: (folder / MANIFEST).write_text("[]"), ["manifest.json is missing or cannot be read"]),
        (_one_changed, ["manifest.json was changed"]),
        (_written_again, ["manifest.json was changed"]),
        (_manifest_linked, ["manifest.json was changed"]),
    ],
)
def test_verify_finds_what_was_done_to_a_folder(folder: Path, change, problems):
    change(folder)
    assert verify(folder) == problems


def test_verify_finds_tiers_that_changed_places(folder: Path):
    _swap(folder)
    found = verify(folder)
    assert "team/results.json was changed: it is what was published as public/results.json" in found
    assert "public/results.json was changed: it is what was published as results.json" in found


def test_verify_finds_a_tier_that_lies_elsewhere(folder: Path):
    _folder_linked(folder)
    found = verify(folder)
    assert "team is not in the manifest" in found
    assert "team/index.html is missing" in found


def test_a_folder_written_anew_with_its_name_is_found_by_the_id_alone(twice: Twice, folder: Path):
    known = folder.name
    _written_again(folder)
    manifest = (folder / MANIFEST).read_bytes()
    forged = folder.rename(folder.with_name(id_of(manifest)))
    # Nothing is signed, and docs/exports.md says so.
    assert verify(forged) == []
    assert verify(forged, known) == ["manifest.json was changed"]
    command = ("verify", str(forged), "--id", known)
    done = twice.project.cli(*command)
    assert (done.returncode, done.stdout) == (1, "manifest.json was changed\n")
    assert done.stderr.endswith(" is not what was published: 1 difference.\n")


def id_of(manifest: bytes) -> str:
    """Return the name of a folder with this manifest, as its maker works it out."""
    return sha256(manifest).hexdigest()[:16]


def test_verify_says_the_id_and_what_it_takes_at_its_word(twice: Twice, tmp_path: Path):
    name = twice.second.name
    done = twice.project.cli("verify", "reports/tiny/latest", "--id", name)
    assert (done.returncode, done.stdout) == (0, f"tiny/latest is what was published: content id {name}.\n")
    shutil.copytree(twice.second, tmp_path / "board")
    told = twice.project.cli("verify", str(tmp_path / "board")).stdout.splitlines()
    assert told[0].endswith(f"is what was published: content id {name}.")
    assert told[1] == "The folder has a name of its own, so its manifest is taken at its word: give the id with --id."
    wrong = twice.project.cli("verify", "reports/tiny/latest", "--id", "latest")
    assert (wrong.returncode, wrong.stderr) == (
        2,
        "--id: a content id is 16 to 64 letters and digits from 0-9 and a-f; give such.\n",
    )


# ---- diff


def test_diff_says_which_numbers_moved_and_why(twice: Twice):
    found = diff(twice.first, twice.second).to_json()
    assert [(one["part"], one["what"], one["before"], one["now"]) for one in found["reasons"]] == [
        ("Data", "table responses", "1 file", "1 file: 1 changed"),
        ("Parameters", "factor of Plans", "3", "4"),
        ("Method", "page Plans", "there", "changed"),
        ("Method", "text of method nps", "there", "changed"),
        ("Method", "installed packages", "numpy 2.4.0", "numpy 2.4.1"),
    ]
    numbers = [one for one in found["numbers"] if one["column"] == "Estimate"]
    assert [(one["kind"], one["group"], one["before"], one["after"]) for one in numbers] == [
        ("moved", "Basic", "1.50", "1.75"),
        ("appeared", "New", "", "3.50"),
        ("vanished", "Pro", "3.50", ""),
        ("hidden now", "Plus", "", ""),
        ("hidden before", "Gold", "", ""),
    ]
    assert numbers[0]["values"] == (1.5, 1.75)
    table = found["tables"][0]
    assert (table["page"], table["table"], table["moved"], table["hidden now"]) == ("02-plans", "plans", 1, 3)
    assert (found["tier"], found["notes"]) == ("team", ())
    # What a report hides is not told by what it is compared with.
    assert not {"2.5", "7.25", "8.75", "7.5"} & set(re.findall(r"[\d.]+", json.dumps(found["numbers"])))


def test_diff_of_a_report_with_itself_is_nothing(twice: Twice):
    found = diff(twice.first, twice.first)
    assert (found.sentence, found.to_json()["numbers"], found.to_json()["reasons"]) == (
        "Every number is the same.",
        [],
        [],
    )


def test_the_command_prints_tables_or_json_and_ends_well(twice: Twice):
    sides = f"reports/tiny/{twice.first.name}", "reports/tiny/latest"
    done = twice.project.cli("diff", *sides, "--top", "1", COLUMNS="120")
    assert (done.returncode, done.stderr) == (0, "")
    lines = done.stdout.splitlines()
    assert lines[0].split() == ["Before", "tiny,", "Q3", "2026,", twice.first.name]
    assert any(re.fullmatch(r" +02-plans/plans +Basic · Estimate +1\.50 +1\.75 *", line) for line in lines)
    assert "Numbers: 1 moved, 3 appeared, 3 vanished, 3 hidden now, 3 hidden before." in lines
    assert any("table responses" in line for line in lines)
    told = json.loads(twice.project.cli("diff", *sides, "--json", "--tier", "public").stdout)
    assert (told["tier"], len(told["numbers"])) == ("public", 13)


def test_diff_refuses_what_cannot_be_compared(twice: Twice, folder: Path, tmp_path: Path):
    with pytest.raises(StudyError, match="there is no such folder"):
        diff(tmp_path / "none", folder)
    with pytest.raises(StudyError, match=r"holds no manifest\.json"):
        diff(tmp_path, folder)
    with pytest.raises(StudyError, match="--tier analyst: not both reports hold results of this tier; in both: public"):
        diff(twice.first, folder, "analyst")
    (folder / "index.html").unlink()
    (folder / "team" / "index.html").write_text("x")
    with pytest.raises(StudyError, match=r"is not what was published: index\.html is missing and 1 more; publish it"):
        diff(twice.first, folder)
    assert diff(twice.first, folder, unverified=True).comparison.differences == ()
    shutil.rmtree(folder / "team")
    shutil.rmtree(folder / "public")
    with pytest.raises(StudyError, match=r"results of no tier in common \(public and team and none\)"):
        diff(twice.first, folder, unverified=True)


def test_two_studies_and_two_periods_are_compared_with_a_sentence(folder: Path, twice: Twice):
    manifest = read(folder, MANIFEST) | {"study": "Other", "period": "2026Q2"}
    (folder / MANIFEST).write_text(json.dumps(manifest))
    first, second = diff(twice.first, folder, unverified=True).notes
    assert first.startswith("These are two studies")
    assert second.startswith("The periods differ")
