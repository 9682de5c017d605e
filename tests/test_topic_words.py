"""What pages say of topics: made from protected frames, with base, interval and unit."""

from dataclasses import replace

import pandas as pd

from cxresearch.present.disclosure import Policy, protect
from cxresearch.present.payload import Grid, Payload
from cxresearch.present.words import FINDINGS, finding
from cxresearch.prove.topics import planted
from cxresearch.topics.impact import impact
from cxresearch.topics.shares import changes, shares, shares_by_segment


def told(finding: str, frame: pd.DataFrame, about: str = "people", **arguments) -> str:
    payload = Payload(key="a", kind="table", grid=Grid.of(frame), finding=finding, arguments=arguments, about=about)
    seen = protect([payload], Policy()).payloads[0]
    return FINDINGS[finding](seen.to_frame(), seen.arguments, {})


def test_shares_have_interval_and_base():
    sentence = told("topic_shares", shares(planted()), unit="share")
    assert sentence.startswith("Named most: “Price” 40% (33% to 47%), “Billing” 30%")
    assert "Of 200 comments" in sentence


def test_changes_say_what_rose_and_what_cannot_be_told():
    sentence = told("topic_changes", changes(planted()), unit="share")
    assert "Named more often: “Price” (by 20.0 percentage points, 11." in sentence
    assert "For 2 of 3 topics the data cannot tell. 200 comments now, 200 before." in sentence
    nothing = changes(planted()).iloc[1:]
    assert told("topic_changes", nothing, unit="share").startswith("No topic is known to be named more or less often")


def test_the_effect_is_called_an_association():
    sentence = told("topic_impact", impact(planted(), controls=[]), metric="nps")
    assert "“Price”" in sentence
    assert sentence.endswith("An association, not a cause.")


def test_a_hidden_frame_tells_nothing():
    frame = shares(planted()).assign(n_customers=4)
    sentence = told("topic_shares", frame, unit="share")
    assert "Price" not in sentence
    assert "too few" in sentence


def test_nothing_new_is_said_to_be_nothing():
    frame = shares(planted()).iloc[:0]
    assert told("topic_news", frame, unit="share") == "Nothing is said in this period that was not said before."
    assert told("topic_news", shares(planted()).head(1), unit="share").startswith(
        "New in this period: “Price” in 40% (33%"
    )


def test_groups_and_what_was_left_out():
    sentence = told("topic_groups", shares_by_segment(planted(), ["plan"]), unit="share")
    assert "“Price” is named by 60% of A against 20% of the rest" in sentence
    left_out = pd.DataFrame({"reason": ["stock answer", "no words"], "rows": [12, 3]})
    sentence = told("topics_left_out", left_out, about="process")
    assert sentence == "Not modelled: 12 stock answers and 3 without words. Redacted comments may still hold names."
    assert told("topics_left_out", left_out.iloc[:0], about="process") == "Every comment was modelled."


def test_each_source_names_its_own_topic_most():
    rows = [("Price", "survey", 0.2), ("Price", "chat", 0.1), ("Staff", "survey", 0.1), ("Staff", "chat", 0.6)]
    frame = pd.DataFrame(rows, columns=["topic", "source", "estimate"])
    frame.insert(2, "n", 1234)
    frame.insert(3, "n_customers", [1000, 1000, 1000, 3])
    sentence = told("topic_sources", frame.assign(flag=""), unit="share")
    # Staff in chat is three people: hidden, so that nothing is told of it.
    assert sentence.startswith("Named most, by source: Survey “Price” (20% of 1\u202f234 texts)")
    assert "Staff" not in sentence


def test_the_life_of_topics_stands_beside_what_chance_does():
    frame = pd.DataFrame({"event": ["continued", "split", "new"], "topics": [8, 0, 6], "expected": [11, 1, 5]})
    assert told("topic_lifecycle", frame, about="process") == (
        "Topics since the model before: 8 continued and 6 new. Between models that only chance keeps apart, 11 are "
        "continued and 5 new."
    )


def test_which_topics_do_not_come_out_again_is_named():
    frame = pd.DataFrame({"topic": ["Bill", "App", "Shop"], "verdict": ["unstable", "stable", "stable"]})
    sentence = told("topic_stability", frame, about="process")
    assert sentence == (
        "Of 3 topics the parts of 2 come out again, of 1 hardly: “Bill”. "
        "A topic of many parts may be steadier than they are; read what it names before you use it."
    )
    steady = frame.assign(verdict=["tentative", "stable", "stable"])
    sentence = told("topic_stability", steady, about="process")
    assert sentence == "Of 3 topics the parts of 2 come out again, of 1 with other edges; none is lost."


def test_owners_are_counted_and_their_lack_is_told():
    frame = pd.DataFrame({"owner": ["Ann", "Ann"], "topic": ["Bill", "App"]})
    assert told("topic_owners", frame, about="process") == "2 topics have an owner."
    assert "No topic has an owner yet" in told("topic_owners", frame.iloc[:0], about="process")


def test_what_cannot_be_reported_says_its_own_reason():
    frame = shares(planted()).assign(estimate=float("nan"), flag="no one to compare with")
    payload = Payload(key="a", kind="table", grid=Grid.of(frame), finding="topic_shares", arguments={})
    seen = protect([payload], Policy()).payloads[0]
    assert finding(seen) == "Nothing can be reported: no one to compare with."
    hidden = protect([replace(payload, grid=Grid.of(frame.assign(n_customers=3)))], Policy()).payloads[0]
    assert finding(hidden) == "Nothing can be reported: too few customers answered."
