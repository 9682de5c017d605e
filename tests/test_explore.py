"""Looking around: what can be picked, what is shown, what stays hidden. No browser; that is browser/test_lab.py."""

import asyncio
import re
import subprocess
import sys

import pytest
from conftest import ROOT

from cxresearch import explore
from cxresearch.explore import Choice, Explorer, explorer

STUDY = """
title: Small & Sons
tables:
  responses:
    source: answers.csv
    columns:
      customer_id: who
      responded_at: {{from: day, format: "%Y-%m-%d"}}
      nps: {{from: score}}
      csat: {{from: happy, scale: [1, 5]}}
      plan: plan
      region: region
{segments}
"""
SEGMENTS = "segments: {plan: plan, region: region}"
# Customers by plan: one too small to be shown, and the next smallest, without which it could be found by subtraction.
PLANS = {"Big": 90, "Middle": 60, "Next": 14, "Tiny": 4}
DAYS = ("2026-05-10", "2026-08-10")


def answers() -> str:
    """Return answers of two quarters: everybody of a plan answers alike but for every third customer."""
    lines = ["who,day,score,happy,plan,region"]
    for day in DAYS:
        for place, (plan, size) in enumerate(PLANS.items()):
            for number in range(size):
                score, region = (3, "North") if number % 3 == place % 3 else (10, "South")
                lines.append(f"{plan}{number},{day},{score},{1 + number % 5},{plan},{region}")
    return "\n".join(lines) + "\n"


@pytest.fixture
def small(project):
    """Return a project with a study of two quarters."""
    folder = project / "data" / "small"
    folder.mkdir()
    (folder / "answers.csv").write_text(answers())
    (folder / "study.yaml").write_text(STUDY.format(segments=SEGMENTS))
    return project


def said(seen: Explorer) -> str:
    """Return what is shown, as text."""
    return "".join(output["text"] for output in seen.output.outputs)


def names(control) -> list[str]:
    return [name for name, _ in control.options]


def row(text: str, period: str, group: str) -> str:
    return next(line for line in text.splitlines() if {period, group} <= set(line.split()))


def test_the_lists_offer_what_the_study_has(small):
    (small / "data" / "other").mkdir()
    (small / "data" / "other" / "study.yaml").write_text("title: Other\n")
    seen = Explorer("small")
    assert names(seen.study) == ["small", "other"]
    assert names(seen.period) == ["Q3 2026", "Q2 2026"]
    assert names(seen.metric)[:2] == ["NPS", "Satisfaction (CSAT)"]
    assert names(seen.segment) == ["Plan", "Region"]
    assert names(seen.group) == ["All groups", *PLANS]
    assert all(control.description for control in seen.lists)
    assert seen.choice == Choice("small", "2026Q3", "nps", "plan", "all", "trend")


def test_what_is_chosen_is_shown_and_kept_where_it_still_stands(small):
    seen = Explorer("small", "2026Q2")
    assert seen.period.value == "2026Q2"
    seen.metric.value, seen.segment.value = "csat", "region"
    assert "Satisfaction (CSAT) by period: all groups of Region" in said(seen)
    seen.view.value = "groups"
    assert re.search(r"Q2 2026.*\n.*\n.*all .*\n.*North.*\n.*South", said(seen))
    seen.period.value = "2026Q3"
    assert (seen.metric.value, seen.segment.value, seen.view.value) == ("csat", "region", "groups")
    assert "Q3 2026" in said(seen)


@pytest.mark.parametrize("group", ["all", "Next"])
def test_small_groups_and_those_that_give_them_away_are_hidden_alone_too(small, group):
    for view in ("trend", "groups", "changes"):
        seen = said_of(Choice("small", "2026Q3", "nps", "plan", group, view))
        line = row(seen, "2026Q3" if view == "trend" else "plan", "Next")
        assert line.split()[-1] == "hidden", view
        assert not re.search(r"\d", line.replace("2026Q3", "")), view


def said_of(choice: Choice) -> str:
    """Return what a choice shows in a plain program."""
    return "".join(output["text"] for output in explorer._outputs(choice, explorer.load(choice.study, choice.period)))


def test_one_group_stands_beside_all_customers(small):
    seen = said_of(Choice("small", "2026Q3", "nps", "plan", "Big", "groups"))
    assert "Plan, Big beside all customers" in seen
    assert "Middle" not in seen
    assert row(seen, "all", "168")
    # 30 of 90 are detractors: (60 - 30) / 90.
    assert float(row(seen, "plan", "Big").split()[5]) == pytest.approx(100 / 3)


def test_one_group_is_judged_among_all_that_were_tested(small, monkeypatch):
    told = {}
    monkeypatch.setattr("cxresearch.explore.views.present.show", lambda frame, *_, **named: told.update(named))
    explore.show(Choice("small", "2026Q3", "nps", "plan", "Big", "changes"))
    # Next and Tiny have fewer than 30 answers and are not tested.
    assert told["family"] == 2


def test_the_bridge_is_of_all_customers(small):
    seen = Explorer("small")
    seen.view.value = "bridge"
    assert seen.group.disabled
    assert "by Plan" in said(seen)
    seen.view.value = "trend"
    assert not seen.group.disabled


@pytest.mark.parametrize(
    ("choice", "sentence"),
    [
        (Choice("small", "2026Q2", segment="plan", view="bridge"), "2026Q2 has no earlier period"),
        (Choice("small", "2026Q3", "ces", "plan"), "the study has no column 'ces'"),
        (Choice("small", "2026Q3", segment="plan", group="Gold"), "nobody of the chosen group answered"),
        (Choice("small", "2026Q3", segment="plan", view="circle"), "it is one of trend, groups, changes, bridge"),
        (Choice("small", "2019Q1", segment="plan"), "period 2019Q1: the study has no answers in it"),
        (Choice("lost", "2026Q3"), "there is no data/lost/study.yaml"),
    ],
)
def test_what_cannot_be_shown_is_said_in_a_sentence(small, capsys, choice, sentence):
    explore.show(choice)
    seen = capsys.readouterr().out
    assert seen.count("Not reported: ") == 1
    assert sentence in seen


def test_a_study_without_segments_or_dates_has_its_trend_or_says_why(small):
    folder = small / "data" / "small"
    (folder / "study.yaml").write_text(STUDY.format(segments=""))
    seen = Explorer("small")
    assert (seen.segment.disabled, seen.group.disabled) == (True, True)
    assert "NPS by period, all customers" in said(seen)
    seen.view.value = "groups"
    assert "add `segments:`" in said(seen)
    lines = [line for line in STUDY.format(segments=SEGMENTS).splitlines() if "responded_at" not in line]
    (folder / "study.yaml").write_text("\n".join(lines))
    assert names(Explorer("small").period) == ["all periods"]


def test_a_broken_study_is_a_sentence_and_leaves_nothing_to_choose(small):
    (small / "data" / "broken").mkdir()
    (small / "data" / "broken" / "study.yaml").write_text("title: Broken\ntabels: {}\n")
    seen = Explorer("small")
    seen.study.value = "broken"
    assert "unknown key 'tabels'" in said(seen)
    assert all(control.disabled for control in (seen.period, seen.metric, seen.segment, seen.group))
    seen.study.value = "small"
    assert not seen.period.disabled
    assert "NPS by period" in said(seen)


def test_choices_passed_through_are_not_drawn(small, monkeypatch):
    drawn = []
    monkeypatch.setattr(explorer, "REST_S", 0.05)
    seen = Explorer("small")
    monkeypatch.setattr(explorer, "_outputs", lambda choice, study: drawn.append(choice.view) or ())

    async def walk() -> None:
        for view in ("groups", "changes", "bridge", "groups"):
            seen.view.value = view
        assert drawn == []
        await asyncio.sleep(0.2)

    asyncio.run(walk())
    assert drawn == ["groups"]


def test_a_study_made_of_a_stranger_s_export_can_be_explored(project):
    export = answers().replace("who,day,score,happy", "CustomerId,EndDate,How likely are you to recommend us?,Happy")
    (project / "survey.csv").write_text(export)
    command = [sys.executable, "-m", "cxresearch.cli", "init", "survey.csv", "--out", "data/mine", "--yes"]
    done = subprocess.run(command, cwd=project, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    seen = Explorer("mine")
    assert "by period" in said(seen)
    assert len(names(seen.period)) == len(DAYS)


def test_the_notebook_is_in_no_report_and_keeps_no_state():
    text = (ROOT / "notebooks" / "11-explore.ipynb").read_text()
    assert "widget-state" not in text
    assert '"outputs": []' in text
    assert '"data":' not in text


def test_each_room_says_what_it_is_for():
    import cxresearch as cx

    for name in cx._NAMESPACES:
        room = getattr(cx, name)
        assert room.__all__, name
        assert all(hasattr(room, one) for one in room.__all__), name
