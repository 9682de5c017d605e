"""What figures say where no finding is named: read off protected rows, nothing hidden or shaky at an end."""

import pandas as pd
import pytest

from cxresearch.present import html, words
from cxresearch.present.disclosure import Policy, protect
from cxresearch.present.figure_words import reading
from cxresearch.present.payload import Grid, Payload

SHARES = [0.2, 0.5, 0.9, 0.05]


def protected(kind: str, frame: pd.DataFrame, **arguments):
    payload = Payload(key="x", kind=kind, grid=Grid.of(frame), caption="Shares", arguments=arguments)
    return protect([payload], Policy(min_base=10)).payloads[0]


def shares(**columns) -> pd.DataFrame:
    frame = pd.DataFrame({"item": ["a", "b", "c", "d"], "n": 200, "n_customers": 200, "estimate": SHARES, "flag": ""})
    return frame.assign(**columns)


def test_rows_are_told_by_their_ends():
    assert reading(protected("estimates", shares(), unit="share")) == "Lowest: D, 5%. Highest: C, 90%."


def test_a_small_base_is_at_no_end():
    frame = shares(flag=["", "", "small base", "very small base"])
    assert reading(protected("bars", frame, unit="share")) == "Lowest: A, 20%. Highest: B, 50%."


def test_a_hidden_row_is_never_told():
    frame = shares(n=[200, 200, 4, 5], n_customers=[200, 200, 4, 5])
    assert reading(protected("estimates", frame, unit="share")) == "Lowest: A, 20%. Highest: B, 50%."


def test_intervals_stand_behind_the_numbers():
    frame = shares(conf_low=[0.1, 0.4, 0.8, 0.01], conf_high=[0.3, 0.6, 0.95, 0.1])
    assert (
        reading(protected("estimates", frame, unit="share")) == "Lowest: D, 5% [1%, 10%]. Highest: C, 90% [80%, 95%]."
    )


@pytest.mark.parametrize("frame", [shares(estimate=0.3), shares(item=["a", "b", "a", "b"], plan=["x", "x", "y", "y"])])
def test_nothing_is_said_where_it_would_say_nothing(frame):
    columns = ["plan", *frame.columns.drop("plan")] if "plan" in frame.columns else list(frame.columns)
    assert reading(protected("estimates", frame[columns], unit="share")) == ""


def test_a_flow_is_told_from_first_to_last():
    frame = pd.DataFrame({"stage": ["invited", "answered"], "n": [400, 100], "n_customers": [400, 100]})
    assert reading(protected("flow", frame)) == "Invited: 400. Answered: 100, 25% of them."


def test_a_trend_is_told_by_where_its_lines_end():
    lines = [("2026Q1", "a", 10.0), ("2026Q2", "a", 20.0), ("2026Q1", "b", 40.0), ("2026Q2", "b", 30.0)]
    frame = pd.DataFrame(lines, columns=["period", "plan", "estimate"]).assign(n=200, n_customers=200, flag="")
    found = protected("trend", frame[["period", "plan", "n", "n_customers", "estimate", "flag"]], metric="nps")
    assert reading(found) == "In Q2 2026: b 30 and a 20."


def test_a_page_and_a_description_say_it():
    found = protected("estimates", shares(), unit="share")
    assert '<p class="cx-reading">Lowest: D, 5%. Highest: C, 90%.</p>' in html.fragment(found)
    assert "Highest: C, 90%." in words.alt(found)


def test_only_what_is_protected_is_read():
    with pytest.raises(TypeError, match="protect"):
        reading("a payload")
