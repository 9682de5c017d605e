"""Sentences about money: each holds what its protected frame shows, and nothing that it hides."""

import numpy as np
import pandas as pd
import pytest

from cxresearch.present.disclosure import Policy, protect
from cxresearch.present.payload import Grid, Payload
from cxresearch.present.words import finding


def said(name: str, frame: pd.DataFrame, **arguments: object) -> str:
    """Return the sentence of a frame as a reader of the report sees it."""
    payload = Payload(key="k", kind="table", grid=Grid.of(frame), finding=name, arguments=dict(arguments))
    return finding(protect([payload], Policy()).payloads[0]).replace("\N{NARROW NO-BREAK SPACE}", " ")


def link(**changed: object) -> pd.DataFrame:
    row = {"term": "vote", "months": 3, "status": "adjusted association", "verdict": "rises", "reason": "", "n": 900,
           "n_customers": 700, "n_eff": 650.0, "minimum_detectable": 1.9, "flag": ""}  # fmt: skip
    return pd.DataFrame([row | logs(7.9, 6.5, 9.3) | changed])


def logs(*percent: float) -> dict[str, float]:
    """Return an estimate and its limits, logs of revenue, from per cent."""
    return dict(zip(("estimate", "conf_low", "conf_high"), np.log1p(np.array(percent) / 100), strict=True))


def test_an_effect_is_told_with_interval_base_horizon_and_status():
    text = said("revenue_link", link())
    assert "7.9% (6.5% to 9.3%) more revenue over the next 3 months" in text
    assert "adjusted association" in text
    assert "900 answers from 700 customers" in text


def test_unrelated_satisfaction_and_money_are_said_first():
    text = said("revenue_link", link(verdict="cannot tell", **logs(0.4, -1.1, 1.9)))
    assert text.startswith("Loyalty and revenue are not shown to go together in these data")
    assert "+0.40% (−1.1% to +1.9%)" in text
    assert "1.9% or more would probably have been found" in text


def test_a_lower_revenue_is_told_without_a_double_negative():
    text = said("revenue_link", link(verdict="falls", **logs(-5.0, -8.0, -2.0)))
    assert "5.0% (8.0% to 2.0%) less revenue" in text
    assert "−" not in text.split("revenue")[0]


def test_a_refused_link_says_why_and_tells_no_number():
    nothing = logs(np.nan, np.nan, np.nan)
    text = said("revenue_link", link(status="refused", verdict="", reason="scores hardly move", **nothing))
    assert text == "What loyalty is worth in revenue cannot be told from these data: scores hardly move."


def test_a_hidden_link_tells_nothing():
    assert "7.9" not in said("revenue_link", link(n=9, n_customers=9))


def claim(**changed: object) -> pd.DataFrame:
    ours = {"claim": "this study", "basis": "customers", "n": 900, "n_customers": 700, "estimate": 13.1,
            "conf_low": 11.2, "conf_high": 15.9, "ray_below": np.nan, "ray_above": np.nan,
            "set": "interval"}  # fmt: skip
    return pd.DataFrame([ours | changed]).assign(flag="")


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        ({}, "13.1 points of NPS go with 1% more revenue (11.2 to 15.9)"),
        ({"set": "above", "conf_high": np.nan}, "(11.2 or more)"),
        ({"set": "two rays", "ray_above": 20.0, "ray_below": -40.0}, "20.0 or more, or −40.0 or fewer: no effect"),
        ({"set": "any number"}, "any number is possible"),
        ({"estimate": np.nan}, "is not known"),
    ],
)
def test_points_for_one_per_cent_tell_their_set_and_the_other_claim(changed, words):
    text = said("points_per_percent", claim(**changed))
    assert words in text
    assert "7 in circulation are points between brands" in text


def groups(**columns: list[object]) -> pd.DataFrame:
    frame = pd.DataFrame({"segment": "nps_group", "level": ["all", "detractors", "promoters"], "n": [500, 100, 400],
                          "n_customers": [450, 90, 380], "months": 12, "flag": ""})  # fmt: skip
    return frame.assign(**columns)


def test_who_stays_is_told_by_group():
    frame = groups(estimate=[0.87, 0.8, 0.91], conf_low=[0.85, 0.77, 0.89], conf_high=[0.89, 0.83, 0.93])
    text = said("staying", frame, unit="share")
    assert "12 months after an answer 80% (77% to 83%) of detractors and 91% (89% to 93%) of promoters" in text
    assert "500 answers from 450 customers." in text
    assert "Nobody was followed" in said("staying", frame.assign(estimate=np.nan), unit="share")


def test_a_ratio_that_changes_is_said_to_change():
    frame = pd.DataFrame(
        {"segment": ["nps_group"], "level": ["detractors"], "against": ["promoters"], "n": [100], "n_customers": [90],
         "estimate": [2.32], "conf_low": [1.89], "conf_high": [2.84], "early": [5.05], "late": [1.07],
         "flag": ["the ratio changes over time"]}
    )  # fmt: skip
    text = said("hazard_ratio", frame)
    assert (
        "Beside promoters, who count as 1, customers leave at another rate: detractors 2.32 times (1.89 to 2.84)"
        in text
    )
    assert "in the first half of all leavings it is detractors 5.05 times and then 1.07" in text
    assert "first half" not in said("hazard_ratio", frame.assign(flag=""))


def test_values_say_whether_they_are_revenue_or_margin():
    frame = groups(estimate=[371.0, 317.0, 401.0], conf_low=[362.0, 304.0, 389.0], conf_high=[381.0, 329.0, 413.0])
    bare = said("lifetime_value", frame.assign(flag="revenue, not margin"), currency="EUR")
    assert bare.startswith("Revenue of one customer in 12 months: €317 (304 to 329) from detractors")
    assert said("lifetime_value", frame, currency="EUR").startswith("Margin of one customer")
    assert "Shorten the horizon".lower() in said("lifetime_value", frame.assign(estimate=np.nan)).lower()


def test_revenue_at_risk_tells_the_total_and_what_is_beyond():
    frame = groups(
        estimate=[2e5, 6e4, 7e4], conf_low=[1.8e5, 5e4, 6e4], conf_high=[2.2e5, 7e4, 8e4], revenue=[1.5e6, 3e5, 8e5],
        beyond=[np.nan, 3e4, np.nan], beyond_low=[np.nan, 2e4, np.nan], beyond_high=[np.nan, 4e4, np.nan],
    )  # fmt: skip
    text = said("at_risk", frame, currency="EUR")
    assert "of a year's €1 500 000 are expected to leave within 12 months" in text
    assert "€30 000" in text
    assert "with detractors" in text
    unclear = frame.assign(beyond_low=-1.0)
    assert "No group is shown to lose more" in said("at_risk", unclear, currency="EUR")


def test_costs_and_values_name_the_ends():
    frame = pd.DataFrame({"channel": ["all", "shop", "web"], "n": [60, 20, 40], "n_customers": [60, 20, 40],
                          "estimate": [90.0, 150.0, 60.0], "months": 24, "flag": ""})  # fmt: skip
    assert "from €60 by Web to €150 by Shop" in said("acquisition_cost", frame, currency="EUR")
    ratio = frame.assign(estimate=[5.0, 3.0, 9.0], conf_low=[4.0, 2.0, 8.0], conf_high=[6.0, 4.0, 10.0])
    assert "from 3.00 (2.00 to 4.00) for Shop to 9.00 (8.00 to 10.00) for Web" in said("unit_economics", ratio)


def test_a_placebo_that_finds_something_says_association_only():
    frame = pd.DataFrame({"term": ["vote"], "n": [500], "n_customers": [400], "estimate": [0.03], "conf_low": [0.01],
                          "conf_high": [0.05], "flag": [""]})  # fmt: skip
    assert "association only" in said("placebo", frame)
    assert "finds nothing" in said("placebo", frame.assign(conf_low=-0.01))


def test_only_ratings_whose_interval_excludes_nothing_are_named():
    frame = pd.DataFrame(
        {"driver": ["network", "app"], "n": [300, 300], "n_customers": [250, 250], "estimate": [0.2, 0.05],
         "conf_low": [0.1, -0.1], "conf_high": [0.3, 0.2], "money": [5000.0, 900.0], "money_low": [2000.0, -2000.0],
         "money_high": [8000.0, 4000.0], "months": [3, 3], "flag": ""}
    )  # fmt: skip
    text = said("what_if", frame, currency="EUR")
    assert "more revenue in 3 months: Network €5 000 (2 000 to 8 000)" in text
    assert "app" not in text.lower().replace("happ", "")
    assert "For no rating" in said("what_if", frame.assign(conf_low=-0.1), currency="EUR")


@pytest.mark.parametrize("verdict", ["rises", "cannot tell"])
def test_a_score_that_tells_the_outcome_is_warned_of_first(verdict):
    leak = "satisfaction was recorded after or from the outcome: leaving"
    text = said("revenue_link", link(status="association", verdict=verdict, reason=leak))
    assert text.startswith("Satisfaction was recorded after or from the outcome: leaving. ")
    assert text.count("Satisfaction was recorded") == 1


def test_a_link_of_segments_says_how_much_later():
    text = said("revenue_link", link(by="region", lag=1, **logs(0.07, 0.03, 0.15)).drop(columns=["term", "months"]))
    assert "more revenue of all its customers 1 period later" in text


def test_lost_answers_are_said_to_differ_only_beyond_chance():
    frame = pd.DataFrame(
        {"segment": "tenure", "level": ["0–1", "1–3"], "n": [500, 900], "n_customers": [400, 800],
         "value": [0.08, 0.5], "value_against": [0.17, 0.51], "estimate": [-0.09, -0.01], "conf_low": [-0.11, -0.03],
         "conf_high": [-0.07, 0.01], "p_adjusted": [0.001, 0.4], "flag": ""}
    )  # fmt: skip
    text = said("lost", frame, unit="share")
    assert text.startswith("Lost answers differ from linked ones in 1 of 2 groups")
    assert "Tenure: 0–1, 17% of the lost and 8% of the linked." in text
    assert "not shown to differ" in said("lost", frame.assign(p_adjusted=0.4), unit="share")


def test_specifications_are_told_by_how_many_are_clear_and_what_moves_them():
    frame = pd.DataFrame(
        {"choice": ["all", "months", "months", "controls", "controls"], "option": ["all", "3", "6", "none", "mode"],
         "specifications": [8, 4, 4, 4, 4], "above": [7, 4, 3, 4, 3], "below": [0, 0, 0, 0, 0],
         "percent_median": [6.0, 7.0, 5.0, 6.5, 5.5], "percent_smallest": 1.0, "percent_largest": 9.0}
    )  # fmt: skip
    payload = Payload(key="k", kind="table", grid=Grid.of(frame), finding="specifications", about="process")
    text = finding(protect([payload], Policy()).payloads[0])
    assert "In 7 of 8 specifications a vote goes clearly with more revenue, in 0 with less" in text
    assert "from 1.0% to 9.0%" in text
    assert "the choice of months ahead: median 5.0% (6 months) to 7.0% (3 months)" in text


def test_only_leads_are_tested_and_no_lag_is_a_finding():
    frame = pd.DataFrame(
        {"lag": [-2, -1, 1, 2], "n": 900, "n_customers": 800, "estimate": 0.001, "conf_low": 0.0005, "conf_high": 0.002,
         "p_value": [0.5, 0.03, 0.01, 0.001], "p_adjusted": [0.5, 0.06, np.nan, np.nan], "flag": ""}
    )  # fmt: skip
    text = said("panel_lags", frame)
    assert text.startswith("In none of 2 leads did revenue move before the score beyond chance (Holm).")
    assert "no other is a finding of its own" in text
    clear = frame.assign(p_adjusted=[0.5, 0.04, np.nan, np.nan])
    assert said("panel_lags", clear).startswith("Revenue moved before the score in 1 of 2 leads")
