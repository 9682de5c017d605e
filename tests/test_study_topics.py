"""Topics of a study: one scorer for all of it, the codebook, what became of topics since the model before."""

import importlib
import inspect
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from themed import comments

import cxresearch as cx
from cxresearch import topics
from cxresearch.prove.worlds import as_study
from cxresearch.topics import study_mentions

HOW = {"embedding": "tfidf", "mode": "portable"}
PERIODS = ["2026Q1", "2026Q2", "2026Q3"]


def world(rows: int = 1_800):
    """Return a study of three periods in which each comment is of one of five themes, alike in each of them."""
    answers = pd.DataFrame({"verbatim": comments(rows), "nps": 9, "customer_id": [f"c{one}" for one in range(rows)]})
    answers["period"] = np.repeat(PERIODS, rows // 3)
    return replace(as_study(answers), periods=PERIODS)


@pytest.fixture
def study(project):
    """Return the study in a project of its own, whose folder holds codebook and cache."""
    found = world()
    return replace(found, definition=found.definition.model_copy(update={"path": project / "study.yaml"}))


def no_fit(*_, **__):
    raise AssertionError("another model was fitted")


def test_the_model_is_chosen_once_and_no_analysis_asks_for_it_again():
    for name in topics.__all__:
        parts = inspect.signature(getattr(topics, name)).parameters if callable(getattr(topics, name)) else {}
        if "mentions" in parts:
            assert not {"embedding", "mode", "model"} & set(parts), name


def test_every_analysis_uses_the_model_of_the_mentions(study, monkeypatch):
    said = topics.mentions(study, seed=3, **HOW)
    monkeypatch.setattr(study_mentions, "fit", no_fit)
    assert len(topics.topic_map(said)) == len(said.topics)
    assert topics.new_topics(said, seed=8).empty
    assert topics.study_stability(said, fits=2, seed=8).topics["n"].tolist() == said.model.topics["n"].tolist()[:-1]
    rows = said.rows()
    outside = pd.DataFrame({"verbatim": rows["verbatim"], "source": "reviews"})
    beside = replace(said, study=replace(study, tables={**study.tables, "feedback": outside}))
    found = topics.feedback_shares(beside).pivot(index="topic", columns="source", values="estimate")
    assert found["reviews"].tolist() == found["survey"].tolist()
    assert found["survey"].sum() > 0.9


def test_a_reported_topic_is_as_steady_as_its_parts(study):
    said = topics.mentions(study, seed=3, **HOW)
    one, other = said.model.topics["topic"][:2]
    merged = said.model.topics.assign(parent=[0, 0, *range(1, len(said.model.topics) - 1)])
    parts = pd.DataFrame({"topic": [one, other], "n": [30, 10], "jaccard": [0.9, 0.4]})
    both = replace(said, model=replace(said.model, topics=merged))
    found = topics.steadiness(both, topics.Stability(parts, pd.DataFrame()))
    assert found[["parts", "jaccard", "lowest", "verdict"]].values.tolist() == [[2, 0.775, 0.4, "stable"]]


def test_what_a_codebook_merges_is_one_topic_whatever_the_model_calls_it(study, project):
    plain = topics.mentions(study, seed=3, **HOW).topics
    words = plain["words"].to_list()
    book = [f"{{id: topic 90, name: Both, words: '{words[0]}'}}"]
    book += [f"{{id: topic 91, name: b, words: '{words[1]}', into: topic 90}}"]
    book += [f"{{id: topic {90 + place}, name: N{place}, words: '{words[place]}'}}" for place in range(2, len(words))]
    (project / "codebook.yaml").write_text(f"topics: [{', '.join(book)}]")
    said = topics.mentions(study, seed=3, **HOW)
    found = topics.steadiness(said, topics.study_stability(said, fits=2, seed=8)).set_index("topic")
    assert sorted(found.index) == sorted(said.names.values())
    assert found["parts"].sum() == len(said.model.topics) - 1
    assert found.loc["Both", "parts"] >= 2


def test_the_translation_of_feedback_is_what_is_scored(study):
    said = topics.mentions(study, seed=3, **HOW)
    outside = pd.DataFrame({"verbatim": ["zzz qqq"] * 20, "translation": [said.rows()["verbatim"].iloc[0]] * 20})
    beside = replace(said, study=replace(study, tables={**study.tables, "feedback": outside}))
    found = topics.feedback_shares(beside)
    assert found[found["source"].eq("feedback")]["estimate"].max() == 1


def test_the_codebook_needs_no_other_model_and_names_what_is_reported(study, project, monkeypatch):
    plain = topics.mentions(study, seed=3, **HOW)
    monkeypatch.setattr(study_mentions, "fit", no_fit)
    one, other = plain.topics["id"][:2]
    (project / "codebook.yaml").write_text(
        f"topics: [{{id: {one}, name: Both}}, {{id: {other}, name: Other, into: {one}}}]"
    )
    said = topics.mentions(study, seed=3, **HOW)
    assert said.names[one] == "Both"
    assert (said.answers[one] == plain.answers[[one, other]].max(axis=1)).all()
    assert said.plain["topic"].tolist() == plain.topics["topic"].tolist()
    assert said.model.centroids.tolist() == plain.model.centroids.tolist()


def test_topics_that_are_said_alike_continue(study, monkeypatch):
    said = topics.mentions(study, seed=3, **HOW)
    life = topics.lifecycle(said, seed=1)
    counts = life.counts.set_index("event")
    assert counts.loc["continued"].tolist() == [len(said.topics)] * 2
    assert counts.drop("continued").to_numpy().sum() == 0
    named = said.answers[said.ids].sum().set_axis(list(said.names.values()))[life.topics["topic"]].to_numpy()
    assert (life.topics["n"] <= named).all()
    assert (life.topics["n"] / named >= life.topics["estimate"]).all()
    assert (life.topics["estimate"] >= 0.5).all()
    assert life.topics["n_customers"].tolist() == life.topics["n"].tolist()
    monkeypatch.setattr(importlib.import_module("cxresearch.topics.lifecycle"), "ENOUGH", 601)
    with pytest.raises(ValueError, match="600 comments stand before 2026Q2; a model of that time needs 601"):
        topics.lifecycle(said)


def test_without_an_earlier_period_no_topic_has_a_life(study):
    said = topics.mentions(study, seed=3, **HOW)
    with pytest.raises(ValueError, match="no earlier period"):
        topics.lifecycle(replace(said, study=replace(study, compare_to=None)))


def test_the_planted_topic_of_the_demo_is_found_and_nothing_else():
    study = cx.load("demo", period="2026Q3")
    rows = study.responses[study.responses["verbatim"].notna()]
    now, before = rows[rows["period"].eq("2026Q3")], rows[rows["period"].eq("2026Q2")].head(600)
    part = replace(study, tables={"responses": pd.concat([before, now])})
    found = topics.new_topics(topics.mentions(part, mode="portable", seed=1))
    assert len(found) == 1
    assert "mailbox" in found["topic"].iloc[0] or "voicemail" in found["topic"].iloc[0]
