"""Points for one per cent: reciprocals of slopes, sets that are no interval, and the claim in circulation."""

from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

from cxresearch.revenue.claim import points_per_percent, reciprocal_set
from cxresearch.strict_yaml import StudyError


def panel(estimate, low, high):
    row = {"outcome": "per customer", "lag": 1, "n": 900, "n_customers": 400}
    row |= {"estimate": estimate, "conf_low": low, "conf_high": high}
    status = pd.DataFrame({"reason": [""]})
    return SimpleNamespace(effect=pd.DataFrame([row, row]), gate=pd.DataFrame(), status=status)


def customers(estimate, low, high, term="vote"):
    row = {"term": term, "months": 3, "n": 900, "n_customers": 400}
    row |= {"estimate": estimate, "conf_low": low, "conf_high": high}
    return SimpleNamespace(effect=pd.DataFrame([row]), status=pd.DataFrame({"reason": [""]}))


def test_points_are_the_logarithm_of_one_per_cent_over_the_slope():
    found = points_per_percent(panel(0.0008, 0.0004, 0.0016)).iloc[0]
    assert np.exp(0.0008 * found["estimate"]) == pytest.approx(1.01)
    assert [np.exp(0.0004 * found["conf_high"]), np.exp(0.0016 * found["conf_low"])] == pytest.approx([1.01, 1.01])
    assert found["set"] == "interval"


def test_a_vote_of_everybody_is_a_hundred_points():
    found = points_per_percent(customers(0.08, 0.04, 0.12)).iloc[0]
    assert np.exp(0.08 * found["estimate"] / 100) == pytest.approx(1.01)


def test_a_slope_whose_interval_spans_0_gives_two_rays_and_says_so():
    found = points_per_percent(panel(0.0008, -0.0002, 0.0016)).iloc[0]
    assert found["set"] == "two rays"
    assert np.isnan(found["conf_low"])
    assert found["ray_below"] < 0 < found["ray_above"]
    assert "either sign" in found["flag"]


@pytest.mark.parametrize(
    ("low", "high", "expected"),
    [
        (-0.002, -0.001, "interval"),
        (0.0, 0.001, "above"),
        (-np.inf, np.inf, "any number"),
        (np.nan, np.nan, ""),
        (-0.001, 0.001, "two rays"),
    ],
)
def test_the_set_holds_the_reciprocals_of_all_slopes_in_the_interval(low, high, expected):
    found = reciprocal_set(low, high)
    assert found["set"] == expected
    if expected in ("interval", "two rays"):
        slopes = np.linspace(low, high, 50)
        points = np.log(1.01) / slopes[slopes != 0]
        inside = points.min() >= found["conf_low"] - 1e-9 if expected == "interval" else True
        outside = (points <= found["ray_below"] + 1e-9) | (points >= found["ray_above"] - 1e-9)
        assert inside if expected == "interval" else outside.all()


def test_a_refused_link_has_no_points():
    found = points_per_percent(panel(np.nan, np.nan, np.nan)).iloc[0]
    assert np.isnan(found["estimate"])
    assert found["set"] == ""


def test_the_circulated_claim_stands_beside_with_its_difference():
    found = points_per_percent(panel(0.0008, 0.0004, 0.0016)).set_index("claim").loc["in circulation"]
    assert found["estimate"] == 7
    for word in ("points of NPS", "growth", "before the survey", "0.48"):
        assert word in found["flag"]
    assert "2005" in found["source"]


def test_links_of_other_scores_are_refused():
    with pytest.raises(StudyError, match="outcome='nps'"):
        points_per_percent(customers(0.08, 0.04, 0.12, term="csat"))
