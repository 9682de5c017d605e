"""Numbers that differ from those published before are listed with the reason, and hidden ones never."""

import json

import pytest
import tiny_project
from tiny_project import RUN, Tiny, page

from cxresearch.present.disclosure import Policy, protect
from cxresearch.present.payload import Payload
from cxresearch.report.comparison import UNEXPLAINED
from cxresearch.report.manifest import recorded
from cxresearch.report.plan import make_plan
from cxresearch.report.restated import MOST_LISTED, Restated, restated
from cxresearch.report.results import RESULTS
from cxresearch.study import load_run

package, tiny = tiny_project.package, tiny_project.tiny
published_once, published = tiny_project.published_once, tiny_project.published
HEADING = "Restated since the last publication"
COLUMNS, TYPES = ["plan", "n", "n_customers", "estimate", "flag"], ["str", "int", "int", "float", "str"]


def payload(rows: list, key: str = "plans", columns=COLUMNS, types=TYPES, **more) -> Payload:
    frame = {"columns": columns, "types": types, "rows": rows}
    fields = {"version": 1, "key": key, "kind": "table", "caption": "Score & <plan>", "frame": frame, "provenance": {}}
    return Payload.from_json(fields | more).with_provenance(notebook="02-plans", cell=3)


def process(*rows: list) -> Payload:
    return payload(list(rows), columns=["table", "rows_in", "note"], types=["str", "int", "str"], about="process")


@pytest.fixture
def compare(tiny: Tiny, monkeypatch, tmp_path):
    """Return a function that says what differs between two sets of results, protected at ten customers."""
    monkeypatch.setenv("CXRESEARCH_ROOT", str(tiny.root))
    plan = make_plan(load_run(tiny.root / "params" / "tiny.yaml"))
    now = recorded(plan)

    def found(before: list[Payload], after: list[Payload], **changed) -> Restated | None:
        shown = protect(before, Policy()).payloads
        results = {"notebooks": {"02-plans": {one.key: one.to_json() for one in shown}}}
        (tmp_path / RESULTS).write_text(json.dumps(results))
        return restated(tmp_path, {**now, **changed}, now, protect(after, Policy()).payloads)

    return found


def numbers(found: Restated | None) -> list[tuple[str, str, str, str]]:
    return [(one.group, one.column, one.before, one.after) for one in found.changes] if found else []


def test_numbers_of_the_same_row_are_compared_whatever_its_place(compare):
    before = payload([["Basic", 100, 90, 1.5, ""], ["Gone", 100, 90, 2.0, ""]])
    after = payload([["New", 100, 90, 9.0, ""], ["Basic", 110, 90, 1.7, ""]])
    assert numbers(compare([before], [after])) == [
        ("Basic", "Estimate", "1.50", "1.70"),
        ("Basic", "Answers", "100", "110"),
    ]


def test_nothing_that_differs_is_nothing(compare):
    rows = [["Basic", 100, 90, 1.5, ""], ["Plus", 100, 90, None, ""]]
    assert compare([payload(rows)], [payload(rows, caption="Other words")]) is None
    almost = [["Basic", 100, 90, 1.5 * (1 + 1e-12), "small base"], ["Plus", 100, 90, 2.0, ""]]
    assert compare([payload(rows)], [payload(almost)]) is None
    assert compare([payload(rows, key="other")], [payload([["Basic", 1000, 900, 99.0, ""]])]) is None


def test_what_is_or_was_hidden_is_not_told(compare):
    shown, hidden = (
        [["A", 400, 300, 11.0, ""], ["B", 90, 80, 12.0, ""]],
        [["A", 400, 300, 11.0, ""], ["B", 9, 8, 13.0, ""]],
    )
    assert compare([payload(shown)], [payload(hidden)]) is None
    assert compare([payload(hidden)], [payload(shown)]) is None


def test_rows_of_files_and_checks_are_told_by_their_texts(compare):
    before = process(["answers", 10, "x"], ["answers", 20, "x"])
    after = process(["answers", 10, "x"], ["answers", 25, "x"])
    assert [row[2:] for row in numbers(compare([before], [after]))] == [("20", "25")]


def test_two_numbers_are_told_with_as_many_decimals_as_it_takes(compare):
    (change,) = compare([payload([["A", 400, 300, 11.00001, ""]])], [payload([["A", 400, 300, 11.00004, ""]])]).changes
    assert float(change.before) != float(change.after)


def test_another_period_or_study_is_not_restated(compare):
    rows = [payload([["A", 400, 300, value, ""]]) for value in (1.0, 2.0)]
    assert compare([rows[0]], [rows[1]], period="2026Q2") is None
    assert compare([rows[0]], [rows[1]], study="Other") is None
    assert compare([rows[0]], [rows[1]]).reasons == (UNEXPLAINED,)


@pytest.mark.parametrize(
    ("changed", "reason"),
    [
        ({"inputs": {"study.yaml": "x"}}, "data (table responses and study.yaml)"),
        ({"contents": {"02-plans": "x"}}, "method (page Summary, page Base and page Plans)"),
        ({"parameters": {"02-plans": {}}}, "parameters (factor of Plans, seed of Plans and study of Plans)"),
        ({"methods": {"nps": "x"}}, "method (text of method nps)"),
        ({"package": {}}, "method (cxresearch)"),
        ({"lock": "x"}, "method (installed packages)"),
        ({"python": "2.7"}, "method (Python)"),
    ],
)
def test_the_reason_is_what_the_manifests_record(compare, changed, reason):
    rows = [payload([["A", 400, 300, value, ""]]) for value in (1.0, 2.0)]
    assert "; ".join(compare([rows[0]], [rows[1]], **changed).reasons) == reason


def test_twenty_are_listed_and_the_rest_counted(compare):
    plans = [[f"Plan {n:02d}", 100, 90, float(n), ""] for n in range(MOST_LISTED + 3)]
    more = [[name, n, customers, value + 1, flag] for name, n, customers, value, flag in plans]
    found = compare([payload(plans)], [payload(more)])
    lines = list(found.lines())
    assert len(lines) == MOST_LISTED + 2
    assert lines[0].startswith(f"Restated: {MOST_LISTED + 3} numbers differ from what was published before.")
    assert lines[1] == "  02-plans/plans: Plan 00 · Estimate: 0.00 → 1.00"
    assert lines[-1].strip() == "And 3 more: see restated.json."
    assert len(found.to_json()["changes"]) == MOST_LISTED + 3


def test_a_report_made_again_says_what_is_restated_and_why(published: Tiny):
    first = published.latest.resolve()
    assert HEADING not in (first / "index.html").read_text()
    published.write("params/tiny.yaml", RUN.replace("factor: 3", "factor: 4"))
    published.write("data/tiny/answers.csv", "day,score\n2026-08-01,9\n2026-08-02,2\n")
    done = published.report()
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines()[1:-1] == [
        "Restated: 1 number differs from what was published before. "
        "Changed since: data (table responses); parameters (factor of Plans).",
        "  02-plans/plans: Plan 0 · Estimate: 4.50 → 6.00",
    ]
    second = published.latest.resolve()
    assert second != first
    for name in ("index.html", "team/index.html"):
        assert HEADING in (second / name).read_text()
        assert 'href="#restated"' in (second / name).read_text()
    assert HEADING not in (second / "team" / "02-plans.html").read_text()
    # By force again: the same bytes, and so the same folder.
    assert published.cli("report", "params/tiny.yaml", "--force").returncode == 0
    assert published.latest.resolve() == second
    # Other words and the same numbers: nothing is restated any more.
    cells = ("code", "show('summary', [['Plan 0', 100, 90, 4.5, '']])")
    published.notebook("00-summary", *page("How are we doing now?", cells))
    done = published.report()
    assert "Restated" not in done.stdout
    assert HEADING not in (published.latest / "index.html").read_text()
