"""Cronbach's alpha beside R psych, and by hand."""

import io

import numpy as np
import pandas as pd
import pytest
from references import reference

from cxresearch.metrics import alpha

R = reference("alpha")
NAMES = {"attitude": "attitude_csv", "cx": "cx_items_csv", "kr20": "kr20_csv"}
WITHIN = R["tolerance"]["alpha"]["abs"]


@pytest.mark.parametrize("name", NAMES)
def test_alpha_equals_r_psych(name):
    frame, expected = pd.read_csv(io.StringIO(R["data"][NAMES[name]])), R["expected"][name]
    found = alpha(frame, list(frame))
    row = found.scale.iloc[0]
    assert row["estimate"] == pytest.approx(expected["raw"], abs=WITHIN)
    assert row["std_error"] == pytest.approx(expected["ase"], abs=WITHIN)
    assert row["standardised"] == pytest.approx(expected["std"], abs=WITHIN)
    assert row["mean_correlation"] == pytest.approx(expected["average_r"], abs=WITHIN)
    assert row["conf_low"] == pytest.approx(expected["feldt"]["lower"], abs=WITHIN)
    assert row["conf_high"] == pytest.approx(expected["feldt"]["upper"], abs=WITHIN)
    assert found.items["estimate"].to_numpy() == pytest.approx(expected["drop"]["raw"], abs=WITHIN)
    assert found.items["correlation"].to_numpy() == pytest.approx(expected["item"]["r_drop"], abs=WITHIN)


def test_equal_items_measure_the_same_thing_without_error():
    frame = pd.DataFrame({"a": [1, 2, 3], "b": [1, 2, 3]})
    assert alpha(frame, ["a", "b"]).scale["estimate"].item() == pytest.approx(1)


def test_answers_that_lack_an_item_are_left_out_and_customers_counted():
    frame = pd.DataFrame({"a": [1, 2, 3, 5], "b": [1, 3, 3, np.nan], "customer_id": ["x", "x", "y", "z"]})
    row = alpha(frame, ["a", "b"]).scale.iloc[0]
    assert (row["n"], row["n_customers"]) == (3, 2)


def test_a_reversed_item_is_named():
    frame = pd.DataFrame({"a": [1, 2, 3, 4, 5], "b": [1, 2, 3, 4, 4], "c": [5, 4, 3, 2, 1]})
    items = alpha(frame, ["a", "b", "c"]).items.set_index("item")
    assert "reversed" in items.loc["c", "flag"]
    assert items.loc["c", "correlation"] < 0


def test_an_item_that_all_answered_alike_goes_with_no_other():
    frame = pd.DataFrame({"a": [1, 2, 3, 4], "b": [1, 2, 4, 4], "c": [3, 3, 3, 3]})
    found = alpha(frame, ["a", "b", "c"])
    assert np.isfinite(found.scale["standardised"].item())
    assert np.isnan(found.items.set_index("item").loc["c", "correlation"])


@pytest.mark.parametrize(
    ("frame", "items", "message"),
    [
        (pd.DataFrame({"a": [1, 2]}), ["a"], "at least two"),
        (pd.DataFrame({"a": [1, 1], "b": [2, 2]}), ["a", "b"], "do not differ"),
        (pd.DataFrame({"a": [1, np.nan], "b": [np.nan, 2]}), ["a", "b"], "0 answers hold all 2"),
    ],
)
def test_what_has_no_alpha_is_refused(frame, items, message):
    with pytest.raises(ValueError, match=message):
        alpha(frame, items)


def test_an_unknown_item_is_named():
    with pytest.raises(KeyError, match="'ease'"):
        alpha(pd.DataFrame({"a": [1, 2]}), ["a", "ease"])
