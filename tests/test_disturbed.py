"""What is spoilt, lost or changed while a run is not looking, and whose data are in no message."""

import json
import os
import shutil
import time

import numpy as np
import pytest
import tiny_project
from tiny_project import Tiny, draw_anew, is_clean, let_plans, page, rows, said, tree

from cxresearch.report.manifest import read_manifest
from cxresearch.topics.vectors import cached

package, tiny = tiny_project.package, tiny_project.tiny
published_once, published = tiny_project.published_once, tiny_project.published

# ---- what lies in the project

# What a disk makes of a file when the power goes, and later.
SPOILT = (
    lambda data: b"",
    lambda data: data[: len(data) // 2],
    lambda data: data[: len(data) // 2] + bytes([data[len(data) // 2] ^ 1]) + data[len(data) // 2 + 1 :],
    lambda data: b"\0" * len(data),
)


def test_a_cache_that_a_disk_has_spoilt_is_made_again(published):
    good = tree(published.latest)
    shutil.rmtree(published.reports)
    kept = [path for path in sorted((published.root / ".cache").rglob("*")) if path.is_file() and path.stat().st_size]
    assert {"payloads", "drawn", "tables", "results"} <= {path.parent.name for path in kept}
    for number, path in enumerate(kept):
        path.write_bytes(SPOILT[number % len(SPOILT)](path.read_bytes()))
    done = published.report()
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("3 of 3 notebooks ran")
    assert tree(published.latest) == good


def test_spoilt_tables_are_read_again_though_no_notebook_asks_for_them(published):
    draw_anew(published, "New.")
    tables = published.root / ".cache" / "tables"
    good = tree(tables)
    for number, path in enumerate(sorted(tables.glob("*.parquet"))):
        path.write_bytes(SPOILT[number % len(SPOILT)](path.read_bytes()))
    done = published.report()
    assert done.stdout.startswith("0 of 3 notebooks ran"), done.stderr
    assert tree(tables) == good


@pytest.mark.parametrize("spoil", SPOILT)
def test_points_of_texts_that_are_spoilt_are_computed_again(project, spoil):
    computed = []

    def compute(texts):
        computed.append(list(texts))
        return np.ones((len(texts), 3), np.float32)

    for _ in range(2):
        cached(["a", "b"], "model", compute)
        path = next((project / ".cache" / "embeddings" / "model").glob("*.npz"))
        path.write_bytes(spoil(path.read_bytes()))
    assert cached(["a", "b"], "model", compute).shape == (2, 3)
    assert cached(["a", "b"], "model", compute).shape == (2, 3)
    assert computed == [["a", "b"]] * 3


def test_latest_is_found_again_however_it_went_missing(published):
    target, before = published.latest.resolve(), tree(published.reports)
    for lose in (
        published.latest.unlink,
        lambda: (published.latest.unlink(), published.latest.symlink_to("gone")),
        # As a system without links unpacks one.
        lambda: (published.latest.unlink(), published.latest.write_text(target.name)),
    ):
        lose()
        done = published.report()
        assert done.stdout.startswith("Nothing changed"), done.stderr
        assert published.latest.resolve() == target
    assert tree(published.reports) == before


def test_a_folder_in_the_place_of_latest_is_said_before_any_work(published):
    published.latest.unlink()
    shutil.copytree(next(published.reports.iterdir()), published.latest)
    before = tree(published.reports)
    let_plans(published, "open('ran', 'w')")
    done = published.report()
    assert said(done) == "tiny/latest is a folder where a link belongs; move it away and run again."
    assert tree(published.reports) == before
    assert not (published.root / "notebooks" / "ran").exists()


def test_a_clock_that_is_set_back_changes_nothing(published):
    future = time.time() + 10**7
    for path in [*published.root.rglob("*"), *published.reports.iterdir()]:
        if not path.is_symlink():
            os.utime(path, (future, future))
    assert published.report().stdout.startswith("Nothing changed")
    old = published.latest.resolve()
    draw_anew(published, "New.")
    done = published.report()
    assert done.stdout.startswith("0 of 3 notebooks ran"), done.stderr
    assert published.latest.resolve() != old
    assert is_clean(published)
    assert published.report().stdout.startswith("Nothing changed")


# ---- what changes meanwhile

LOG = ".cache/logs/tiny/02-plans.log tells more."
LOAD = "import cxresearch as cx; n = len(cx.load(study, period, compare_to=None).responses)"
COUNT = "show('plans', [['All', 100 * n, 90 * n, float(n), '']])"


def test_answers_that_come_meanwhile_are_in_no_part_of_this_report(published):
    more = "n = open('../data/tiny/answers.csv', 'a').write('2026-08-03,10\\n')"
    let_plans(published, more, LOAD, COUNT)
    old = read_manifest(published.latest)["inputs"]
    done = published.report()
    assert done.returncode == 0, done.stderr
    results = json.loads((published.latest / "results.json").read_text())["notebooks"]
    assert results["02-plans"]["plans"]["frame"]["rows"][0][3] == 2
    assert read_manifest(published.latest)["inputs"] == old


def test_a_study_file_that_changes_meanwhile_stops_the_run(published):
    cache = published.root / ".cache"
    before = tree(published.reports), tree(cache / "payloads")
    edit = "n = open('../data/tiny/study.yaml', 'a').write('currency: CHF\\n')"
    let_plans(published, edit, f"show('plans', {rows(1)})")
    done = published.report()
    assert done.returncode == 1
    assert said(done) == "02-plans.ipynb: study.yaml was changed while it ran; run the report again; " + LOG
    assert (tree(published.reports), tree(cache / "payloads")) == before


def test_a_package_that_changes_meanwhile_stops_the_run(published, tmp_path_factory):
    before, own = tree(published.reports), Tiny(published.root, tmp_path_factory.mktemp("package"))
    shutil.copytree(published.package, own.package, dirs_exist_ok=True)
    edit = "import cxresearch; n = open(cxresearch.__file__, 'a').write('# edited')"
    let_plans(own, edit, f"show('plans', {rows(1)})")
    done = own.report()
    assert done.returncode == 1
    assert said(done) == "02-plans.ipynb: cxresearch itself was changed while it ran; run the report again; " + LOG
    assert tree(own.reports) == before


# ---- whose data are in a message

MARK = "Quenlitharn"
STUDY = """
title: Marked
tables:
  responses:
    source: answers.csv
    columns:
      response_id: {from: id}
      customer_id: {from: customer}
      responded_at: {from: day, format: "%Y-%m-%d"}
      nps: {from: score}
      verbatim: {from: comment}
"""
MARKED = f"id,customer,day,score,comment\n{MARK}1,{MARK}2,2026-08-01,9,{MARK} called\n3,4,2026-08-02,3,\n"
LOADED = "import cxresearch as cx; rows = cx.load(study, period, compare_to=None).responses"
DIED = "import os; os.write(1, repr(rows).encode()); os._exit(1)"


def test_no_message_and_no_page_tells_whose_data_they_are(tiny):
    tiny.write("data/tiny/study.yaml", STUDY)
    tiny.write("data/tiny/answers.csv", MARKED)
    tiny.write("params/tiny.yaml", "study: tiny\nperiod: 2026Q3\nskip: [02-plans]\n")
    tiny.notebook("01-base", *page("Who?", ("markdown", "## How many?"), ("code", LOADED), ("code", DIED)))
    died = tiny.report()
    assert died.returncode == 1
    assert said(died).startswith('01-base.ipynb, cell 4 under "How many?": the kernel died')
    log = tiny.root / ".cache" / "logs" / "tiny" / "01-base.log"
    assert MARK in log.read_text(), "what was not said is kept"
    assert log.stat().st_mode & 0o077 == 0
    tiny.notebook("01-base", *page("Who?", ("code", LOADED), ("code", f"show('base', {rows(1)})")))
    done = tiny.report()
    assert done.returncode == 0, done.stderr
    tiny.write("data/tiny/answers.csv", MARKED.replace(",9,", f",{MARK},").replace(",3,", f",{MARK},"))
    refused = tiny.report()
    assert refused.returncode == 2
    assert not any(MARK in one.stdout + one.stderr for one in (died, done, refused))
    private = [path for path in tiny.root.rglob("*") if path.is_file() and MARK.encode() in path.read_bytes()]
    known = (tiny.root / ".cache", tiny.root / "data")
    assert [path for path in private if not any(path.is_relative_to(folder) for folder in known)] == []
    assert (tiny.root / ".cache").stat().st_mode & 0o077 == 0
