"""Several runs in one command, and a report for each level: each speaks for its own customers, and exposes nobody."""

import asyncio
import importlib
import json
import random
import re
import subprocess
from contextlib import suppress
from pathlib import Path

import pandas as pd
import pytest
import tiny_project
from tiny_project import Tiny, page, rows, tree, write_project

import cxresearch as cx
from cxresearch import study_data
from cxresearch.cache import Store
from cxresearch.present.payload import MIME_TYPE, Payload
from cxresearch.progress import QUIET
from cxresearch.report.levels import folders, levels_of, refuse_exposed
from cxresearch.report.manifest import verify
from cxresearch.report.plan import make_plan
from cxresearch.report.siblings import found_by_subtraction
from cxresearch.report.turns import FIRST, Turns, keep_seconds, urgencies
from cxresearch.strict_yaml import StudyError
from cxresearch.study import data_key, load_run, load_study, planned

package, tiny = tiny_project.package, tiny_project.tiny
published_once = tiny_project.published_once

LEAST = 10
HOSTILE = "../../<b>evil</b>"
# Coast has too few customers; were the next smallest reported on, a report about all would give Coast away.
CUSTOMERS = {"North": 14, HOSTILE: 12, "Islands": 11, "Coast": 3}
STUDY = """
title: Tiny & Sons
tables:
  responses:
    source: answers.csv
    columns:
      responded_at: {from: day, format: "%Y-%m-%d"}
      nps: {from: score}
      customer_id: who
      area: region
segments: {region: {from: area, label: Region}}
"""
# Shows how many answers there are of each region, and plans of which one has few customers outside the North.
COUNT = """
import cxresearch as cx
found = cx.load(study, period=period).responses["region"].value_counts()
show("base", [[level, 100, 90, float(n), ""] for level, n in found.items()])
show("small", [["Basic", 100, 90 if "North" in found else 3, 1.0, ""], ["Plus", 100, 90, 1.0, ""]])
"""
# Fails in the report about all, and kills its worker once where a file asks for it.
FRAGILE = """
import os, signal
from pathlib import Path
done = Path("ran").write_text("again") if Path("ran").exists() else Path("ran").write_text("once")
done = Path("ran").read_text() == "once" and os.kill(os.getppid(), signal.SIGKILL)
"""


def write_answers(project: Tiny, customers: dict[str, int]) -> None:
    """Write a study of customers in regions, one answer each."""
    people = [region for region, count in customers.items() for _ in range(count)]
    lines = [f"2026-08-{1 + n % 28:02d},{n % 11},c{n},{region}" for n, region in enumerate(people)]
    project.write("data/tiny/answers.csv", "\n".join(["day,score,who,region", *lines, ""]))
    project.write("data/tiny/study.yaml", STUDY)


def found_in(report: Path) -> dict[str, float]:
    """Return what the first page of a report of levels shows, by group."""
    results = json.loads((report / "results.json").read_text())["notebooks"]["01-base"]["base"]["frame"]["rows"]
    return {row[0]: row[3] for row in results}


# ---- several runs in one command


@pytest.fixture(scope="module")
def command(tmp_path_factory: pytest.TempPathFactory, package: Path) -> tuple[Tiny, subprocess.CompletedProcess]:
    """Return a project of three run files, one for each region and one that fails, and how one command ended."""
    project = Tiny(tmp_path_factory.mktemp("many"), package)
    write_project(project)
    write_answers(project, CUSTOMERS)
    project.notebook("01-base", *page("Who answered?", ("code", COUNT)))
    fragile = page("Which plans?", ("code", FRAGILE), ("code", f"show('plans', {rows(1.5)})"))
    project.notebook("02-plans", *fragile)
    project.write("params/tiny.yaml", "study: tiny\nperiod: 2026Q3\n")
    project.write("params/regions.yaml", "study: tiny\nperiod: 2026Q3\nfor_each: region\n")
    project.write("params/early.yaml", "study: tiny\nperiod: 2025Q3\n")
    files = ["params/early.yaml", "params/regions.yaml", "params/tiny.yaml"]
    return project, project.cli("report", *files, "--jobs", "2")


def test_a_run_that_fails_stops_no_other_and_the_end_tells_of_each(command):
    project, done = command
    told = done.stdout.split("\n\n")
    assert done.returncode == 2
    assert [block.split("\n")[0] for block in told[:-1]] == [
        "early", "regions/b-evil-b", "regions/north", "regions", "tiny",
    ]  # fmt: skip
    assert told[0].startswith("early\nperiod 2025Q3: the study has no answers in it")
    assert told[4].endswith("Open reports/tiny/latest/index.html")
    assert told[-1] == "3 reports are made, 1 failed.\n"
    for name in ("regions", "regions/north", "regions/b-evil-b", "tiny"):
        assert verify(project.root / "reports" / name / "latest") == []
    assert not (project.root / "reports" / "early" / "latest").exists()
    assert "Traceback" not in done.stderr


def test_progress_names_run_and_page(command):
    _, done = command
    assert re.search(r"^  regions/north  02-plans +[\d.]+ s$", done.stderr, re.MULTILINE)
    assert re.search(r"^  tiny  00-summary +[\d.]+ s$", done.stderr, re.MULTILINE)
    assert re.search(r"^  early  data +failed$", done.stderr, re.MULTILINE)


def test_a_worker_that_was_killed_is_replaced_and_its_notebook_run_again(command):
    project, done = command
    assert (project.root / "notebooks" / "ran").read_text() == "again"
    assert "killed" not in done.stdout + done.stderr


def test_a_run_among_others_gives_the_bytes_that_it_gives_alone(command, tmp_path, package):
    project, _ = command
    alone = Tiny(tmp_path, package)
    for folder in ("notebooks", "data", "params"):
        for file in (project.root / folder).rglob("*"):
            if file.is_file():
                alone.write(str(file.relative_to(project.root)), file.read_text())
    done = alone.report()
    assert "3 of 3 notebooks ran" in done.stdout, done.stderr
    assert tree(alone.latest) == tree(project.latest)


def test_each_level_has_a_report_about_its_customers_alone(command):
    project, _ = command
    reports = project.root / "reports"
    assert found_in(reports / "regions" / "north" / "latest") == {"North": 14.0}
    assert found_in(reports / "regions" / "b-evil-b" / "latest") == {HOSTILE: 12.0}
    assert found_in(reports / "tiny" / "latest") == CUSTOMERS
    html = (reports / "regions" / "north" / "latest" / "index.html").read_text()
    assert "Tiny &amp; Sons, Region: North" in html
    manifest = json.loads((reports / "regions" / "north" / "latest" / "manifest.json").read_text())
    assert manifest["only"] == {"region": "North"}


def test_small_levels_and_what_would_give_them_away_have_no_report_and_are_counted(command):
    project, done = command
    assert sorted(path.name for path in (project.root / "reports" / "regions").glob("[a-z]*-*[a-z]")) == ["b-evil-b"]
    assert "2 of 4 levels have a report; the others have too few customers, or would give away one" in done.stdout
    published = b"".join(tree(project.root / "reports" / "regions").values())
    assert b"Coast" not in published
    assert b"Islands" not in published


def test_the_page_above_the_levels_links_them_with_their_names_as_text(command):
    project, _ = command
    html = (project.root / "reports" / "regions" / "latest" / "index.html").read_text()
    links = re.findall(r'<li><a href="([^"]*)">([^<]*)</a>', html)
    assert links == [
        ("../b-evil-b/latest/index.html", "../../&lt;b&gt;evil&lt;/b&gt;"),
        ("../north/latest/index.html", "North"),
    ]
    for address, _ in links:
        # As a browser does: `..` is taken from the address, not from where `latest` leads.
        assert (project.root / "reports" / "regions" / address.removeprefix("../")).is_file()


def test_what_the_reports_of_levels_give_away_together_is_told(command):
    project, done = command
    # Basic has three customers, and Plus, which would give it away, is hidden with it: in one report of two.
    warning = "2 groups of customers are hidden in one report alone"
    assert warning in (project.root / "reports" / "regions" / "latest" / "index.html").read_text()
    assert warning in done.stdout
    assert warning in project.cli("report", "params/regions.yaml").stdout


def test_groups_that_two_reports_hide_stay_hidden():
    def report(flag: str) -> dict:
        frame = {"columns": ["plan", "n", "flag"], "rows": [["Basic", None if flag else 80, flag]]}
        return {"02-a": {"nps": {"about": "people", "frame": frame}}}

    shown, hidden = report(""), report("hidden")
    assert found_by_subtraction({"a": shown, "b": hidden}) == 1
    assert found_by_subtraction({"a": shown, "b": hidden, "c": hidden}) == 0
    assert found_by_subtraction({"a": hidden}) == 0
    assert found_by_subtraction({"a": shown, "b": shown}) == 0


def test_unchanged_runs_run_nothing_and_load_nothing_heavy(command):
    project, _ = command
    before = {path: path.stat().st_mtime_ns for path in (project.root / "reports").rglob("*.html")}
    done = project.cli("report", "params/regions.yaml", "params/tiny.yaml", PYTHONPROFILEIMPORTTIME="1")
    assert done.returncode == 0
    assert done.stdout.count("Nothing changed: 3 pages are as they were.") == 3
    assert not re.search(r"\| +(pandas|papermill|nbconvert|distributed)$", done.stderr, re.MULTILINE)
    after = {path: path.stat().st_mtime_ns for path in (project.root / "reports").rglob("*.html")}
    assert after.items() >= before.items()


def test_files_of_one_name_are_refused(tiny):
    tiny.write("other/tiny.yaml", tiny_project.RUN)
    done = tiny.cli("report", "params/tiny.yaml", "other/tiny.yaml")
    assert done.returncode == 2
    assert done.stderr.strip().endswith("have one name, so one folder of reports; rename one.")


# ---- turns


def order_of(urgencies: list[float], places: int) -> list[int]:
    """Return the order in which those that wait for a place get one."""
    served: list[int] = []

    async def work(turns: Turns, number: int) -> None:
        async with turns.turn(urgencies[number]):
            served.append(number)
            await asyncio.sleep(0)

    async def all_of_them() -> None:
        turns = Turns(places)
        await asyncio.gather(*(work(turns, number) for number in range(len(urgencies))))

    asyncio.run(all_of_them())
    return served


def test_the_most_urgent_comes_next_and_of_equals_the_first():
    assert order_of([1, 3, 2, 3, FIRST], places=1) == [4, 1, 3, 2, 0]


def test_no_more_work_at_a_time_than_there_are_places():
    most, now = 0, 0

    async def work(turns: Turns) -> None:
        nonlocal most, now
        async with turns.turn(1):
            now += 1
            most = max(most, now)
            await asyncio.sleep(0.001)
            now -= 1

    async def all_of_them() -> None:
        turns = Turns(3)
        await asyncio.gather(*(work(turns) for _ in range(20)))

    asyncio.run(all_of_them())
    assert most == 3


@pytest.mark.parametrize("pauses", range(4))
def test_who_stops_waiting_takes_no_place_along_and_gives_none(pauses):
    now: list[int] = []

    async def work(turns: Turns) -> None:
        async with turns.turn(1):
            now.append(1)
            assert len(now) == 1
            try:
                await asyncio.sleep(0.001)
            finally:
                now.pop()

    async def some_stopped() -> None:
        turns = Turns(1)
        waiting = [asyncio.create_task(work(turns)) for _ in range(6)]
        for _ in range(pauses):
            await asyncio.sleep(0)
        for task in waiting[::2]:
            task.cancel()
        ended = await asyncio.gather(*waiting, return_exceptions=True)
        assert {type(one) for one in ended} <= {type(None), asyncio.CancelledError}
        await asyncio.wait_for(work(turns), 1)

    asyncio.run(some_stopped())


def test_pages_are_begun_longest_first_as_they_took_last_time(tiny, monkeypatch, tmp_path):
    monkeypatch.setenv("CXRESEARCH_ROOT", str(tiny.root))
    tiny.notebook("05-topics", *page("Topics?"))
    plan, store = make_plan(load_run(tiny.root / "params" / "tiny.yaml")), Store(tmp_path)

    def order() -> list[str]:
        found = urgencies(plan, store)
        return sorted(found, key=lambda name: -found[name])

    assert order()[:2] == ["00-summary", "05-topics"]
    keep_seconds(store, {"01-base": 3.0, "05-topics": 1.0})
    keep_seconds(store, {"02-plans": 2.0, "00-summary": 0.1})
    assert order() == ["00-summary", "01-base", "02-plans", "05-topics"]


# ---- one level


@pytest.fixture(scope="module")
def whole() -> study_data.StudyData:
    return study_data.load("demo", period="2026Q3")


def test_an_estimate_about_a_level_is_that_of_its_row_in_a_table_about_all(whole):
    by_region = cx.metrics.nps(whole.answers(), by=["region"], weight="weight").set_index("region")
    for region in by_region.index[:3]:
        part = study_data.load("demo", period="2026Q3", only={"region": region})
        alone, row = cx.metrics.nps(part.answers(), weight="weight").iloc[0], by_region.loc[region]
        assert alone[["n", "n_customers", "estimate"]].tolist() == row[["n", "n_customers", "estimate"]].tolist()
        # A part of a sample has the whole sample's factor n / (n - 1), a sample of its own its own.
        people = [
            rows["account_id"].fillna(rows["customer_id"]).nunique() for rows in (part.answers(), whole.answers())
        ]
        own, all_of = (count / (count - 1) for count in people)
        assert alone["std_error"] == pytest.approx(row["std_error"] * (own / all_of) ** 0.5, rel=1e-9)


def test_the_levels_of_a_segment_share_all_customers_among_them(whole):
    regions = sorted(whole.responses["region"].dropna().unique())
    parts = [study_data.load("demo", period="2026Q3", only={"region": region}) for region in regions]
    for table in ("responses", "customers", "revenue", "contacts", "invitations", "answers"):
        lost = whole.table(table)
        assert sum(len(part.table(table)) for part in parts) == len(lost), table
    customers = pd.concat([part.customers["customer_id"] for part in parts])
    assert sorted(customers) == sorted(whole.customers["customer_id"])
    merged = next(part for part in parts if part.only == {"region": "Küste & Inseln"})
    assert set(merged.customers["region"]) == {"Küste", "Inseln"}


@pytest.mark.parametrize(
    ("only", "lacking"),
    [
        ({"region": "Nordheide"}, {"employees", "costs", "benchmarks"}),
        # Who has been a customer for a year today was new when the bill was written.
        ({"tenure": "1–3"}, {"customers", "revenue", "employees", "costs", "benchmarks", "feedback"}),
        ({"team": "Innerste"}, {"customers", "revenue", "invitations", "costs", "benchmarks", "feedback"}),
    ],
)
def test_tables_that_do_not_tell_the_level_are_left_out_and_listed(whole, only, lacking):
    part = study_data.load("demo", period="2026Q3", only=only)
    assert set(whole.tables) - set(part.tables) == lacking
    notes = part.quality.notes
    assert set(notes[notes["note"].str.startswith("left out here: ")]["table"]) == lacking
    rest = notes[notes["note"].str.contains("of other levels")]["rows"].sum()
    assert rest == len(whole.responses) - len(part.responses) > 0


@pytest.mark.parametrize(
    ("only", "words"),
    [
        ({"region": "Nordheid"}, "only: no answer of 2026Q3 is of region 'Nordheid'; the nearest known one is 'Nordh"),
        ({"region": "Moon"}, "only: no answer of 2026Q3 is of region 'Moon'; none of the 8 levels is near it."),
        ({"regio": "x"}, "only: the answers have no segment or column 'regio'; the nearest known one is 'region'."),
        ({"nps": "9"}, "only: 'nps' holds no words; make a segment of it in the study file, with `bands:`."),
    ],
)
def test_a_level_that_is_not_there_is_one_sentence(only, words):
    with pytest.raises(StudyError) as caught:
        study_data.load("demo", period="2026Q3", only=only)
    assert str(caught.value).startswith(words)


def test_in_a_report_about_a_level_no_notebook_sees_another(monkeypatch):
    study = load_study("demo")
    key = data_key(study)
    for name, value in planned(study, key, {"region": "Haldenau"}).items():
        monkeypatch.setenv(name, value)
    part = study_data.load("demo", period="2026Q3", only={"region": "Nordheide", "plan": "Classic"})
    assert (part.only, set(part.responses["region"])) == ({"region": "Haldenau", "plan": "Classic"}, {"Haldenau"})
    assert part.key not in ("", key)


# ---- which levels


@pytest.fixture
def asked(tiny, monkeypatch):
    """Return a function that gives the levels of a run of the tiny study, or raises."""
    monkeypatch.setenv("CXRESEARCH_ROOT", str(tiny.root))

    def found(customers: dict[str, int], more: str = "for_each: region"):
        write_answers(tiny, customers)
        run = load_run(tiny.write("params/regions.yaml", f"study: tiny\nperiod: 2026Q3\n{more}\n"))
        study = load_study(run.study_path)
        return levels_of(run, study, Store(tiny.root / ".cache")) if run.for_each else refuse_exposed(run, study)

    return found


def test_what_a_report_about_all_tells_beyond_those_of_levels_is_nobody_or_enough(asked):
    deal = random.Random(9)
    for _ in range(40):
        # A blank region is a group that nobody reports on.
        customers = {name: deal.choice([1, 4, 9, 10, 11, 15, 30]) for name in ["A", "B", "C", "D", "E", "F", ""]}
        customers = {name: count for name, count in customers.items() if name in ("A", "B") or deal.random() < 0.4}
        made = set()
        with suppress(StudyError):
            made = set(asked(customers).folders.values())
        left = sum(count for name, count in customers.items() if name not in made)
        assert all(customers[name] >= LEAST for name in made)
        assert left == 0 or left >= LEAST
        # No more is withheld than must be: with the largest of the withheld large ones, too few would be left.
        withheld = [count for name, count in customers.items() if name and name not in made and count >= LEAST]
        assert not withheld or 0 < left - max(withheld) < LEAST


def test_the_next_smallest_is_withheld_where_one_alone_would_be_found_by_subtraction(asked):
    found = asked({"A": 30, "B": 20, "C": 12, "D": 4})
    assert (sorted(found.folders.values()), found.withheld) == (["A", "B"], 2)


def test_levels_may_be_named_and_the_others_count_as_left_out(asked):
    customers = {"A": 20, "B": 12, "C": 30, "D": 4}
    found = asked(customers, "for_each: {segment: region, levels: [A, B, D]}")
    assert (found.folders, found.withheld) == ({"a": "A", "b": "B"}, 1)
    assert [(run.name, run.only) for run in found.runs] == [
        ("regions/a", {"region": "A"}),
        ("regions/b", {"region": "B"}),
    ]


@pytest.mark.parametrize(
    ("more", "words"),
    [
        ("for_each: regoin", "for_each: the answers have no segment 'regoin'; the nearest known one is 'region'."),
        ("for_each: nps", "for_each: the answers have no segment 'nps'"),
        ("for_each: {segment: region, levels: [A, Bb]}", "for_each: no answer of 2026Q3 is of region 'Bb'; none of"),
        ("for_each: customer_id", "for_each: customer_id has 103 levels; 100 reports are the most: name `levels:`."),
        ("for_each: {region: A}", "regions.yaml: unknown key 'region' under 'for_each'; known are levels, segment."),
        ("for_each: region\nonly: {region: A}", "for_each and only both name 'region'; keep one of them"),
        ("level: ../../x", "unknown key 'level'"),
        ("only: {region: D}", "only: fewer than 10 customers of it answered one of the surveys in 2026Q3"),
        ("only: {region: A}", "only: fewer than 10 customers do not belong to it, and beside a report about all"),
    ],
)
def test_levels_that_cannot_be_are_one_sentence(asked, more, words):
    with pytest.raises(StudyError) as caught:
        asked({"A": 95, "D": 8}, more)
    assert words in str(caught.value)


def test_folders_of_levels_are_safe_and_never_shared():
    digits = "0123456789abcdef"
    levels = ["North", "north", "latest", "Latest!", digits, "..", "/etc", "🌍", "", "a" * 300, "a" * 299, ".staging-1"]
    found = folders(levels)
    assert len(set(found.values())) == len(levels)
    assert all(re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", name) and len(name) <= 70 for name in found.values())
    assert not {"latest", digits} & set(found.values())
    assert folders(["Küste & Inseln", "Harz"]) == {"Küste & Inseln": "kuste-inseln", "Harz": "harz"}


# ---- speed


def test_in_a_report_a_result_is_left_whole_and_not_drawn(monkeypatch):
    shown, show_room = [], importlib.import_module("cxresearch.present.show")
    monkeypatch.setattr(show_room, "_display", shown.append)
    monkeypatch.setattr(show_room, "fragment", lambda _: pytest.fail("drawn by the notebook, and again by the report"))
    monkeypatch.setenv(QUIET, "1")
    frame = pd.DataFrame({"plan": ["A", "B"], "n": [90, 6], "n_customers": [90, 6], "estimate": [1.0, 2.0], "flag": ""})
    cx.show(frame, "estimates", caption="By plan")
    (bundle,) = shown
    assert set(bundle) == {MIME_TYPE, "text/plain"}
    assert Payload.from_json(bundle[MIME_TYPE]).to_frame()["n"].tolist() == [90, 6]
    assert bundle["text/plain"] == ""
