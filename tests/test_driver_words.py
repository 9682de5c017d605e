"""Sentences about drivers: what each rule says, and that a hidden row says nothing."""

import pandas as pd
import pytest

from cxresearch.present.driver_words import (
    agreement,
    checked,
    driver_of_row,
    drivers,
    gaps,
    models,
    moments,
    pairs,
    ranks,
    reliability,
    steady,
)

ROW = {
    "driver": "app", "n": 900, "n_customers": 900, "n_rated": 800, "estimate": 0.6, "conf_low": -1.0, "conf_high": 2.2,
    "share": 0.12, "share_low": 0.10, "share_high": 0.14, "travels_with": "staff", "n_drivers": 7, "r2": 0.5,
    "halo": 0.4, "flag": "",
}  # fmt: skip


def told(**changes):
    return driver_of_row(ROW | changes, {"metric": "nps"}, {})


def test_a_driver_that_matters_by_its_company_is_said_to():
    beginning = "App: important because it travels with Staff; no effect of its own found (0.6 points of NPS"
    assert told().startswith(beginning)
    assert "[−1.0, 2.2]" in told()
    assert "12% [10%, 14%]" in told()
    assert told().endswith("Base: 800 ratings.")


def test_a_small_share_or_no_company_is_not_called_important():
    assert "important" not in told(share=0.01)
    assert "important" not in told(travels_with="")
    assert "no effect of its own found" in told(travels_with="")


def test_an_effect_of_its_own_needs_an_interval_above_zero():
    assert told(conf_low=0.1).startswith("App: 0.6 points of NPS per rating point [0.1, 2.2] when all others")
    assert "against its correlation" in told(estimate=-3.0, conf_low=-5.0, conf_high=-1.0)
    assert "no effect of its own" not in told(conf_low=0.1)


def test_a_driver_named_like_a_column_keeps_its_name():
    assert told(driver="value").startswith("Value: ")


def test_the_first_sentence_says_association_and_where_there_is_one_the_halo():
    frame = pd.DataFrame([ROW, ROW | {"driver": "staff", "conf_low": 0.2}])
    text = drivers(frame, {"metric": "nps"}, {})
    assert text.startswith("The ratings go with 50% of the differences in NPS: association, not proof of cause.")
    assert "strongest first: Staff." in text
    assert "halo" not in text
    assert "60% of what the ratings say is one overall impression" in drivers(frame.assign(halo=0.6), {}, {})
    none = drivers(frame.assign(conf_low=-1.0), {}, {})
    assert "None has an effect of its own" in none


def test_what_is_hidden_is_not_told():
    hidden = pd.DataFrame([ROW | {"flag": "hidden", "estimate": None, "r2": None, "halo": None}])
    assert "NPS" not in drivers(hidden, {"metric": "nps"}, {})
    assert "too few" in drivers(hidden, {"metric": "nps"}, {})


@pytest.mark.parametrize(("kinds", "words"), [
    (["basic", "cannot tell"], "App (basic: cost more when low than they gain when high). For 1 of 2"),
    (["cannot tell", "cannot tell"], "No driver's kind can be told. For 2 of 2"),
])  # fmt: skip
def test_moments_name_only_what_intervals_allow(kinds, words):
    frame = pd.DataFrame({"driver": ["app", "staff"], "kind": kinds, "flag": ""})
    assert moments(frame, {}, {}).startswith(words)


def test_checks_that_warn_are_told_in_full():
    frame = pd.DataFrame({"check": ["halo", "signs"], "estimate": [0.6, 0.0], "verdict": ["warn", "pass"],
                          "meaning": ["One impression.", "Fine."], "flag": ""})  # fmt: skip
    assert checked(frame, {}, {}) == "1 of 2 checks passed. One impression."


def test_reliability_tells_what_is_kept_lost_and_never_there():
    frame = pd.DataFrame({"driver": ["app", "staff", "value"], "own_until": [None, 0.7, 0.85], "flag": ""})
    assert reliability(frame, {}, {}) == (
        "Down to a reliability of 0.70 these keep an effect of their own: Staff; sooner lost: Value; "
        "without one at any: App."
    )


def test_ranks_tell_who_is_first_and_how_sure():
    frame = pd.DataFrame({"driver": ["app", "staff"], "estimate": [0.2, 0.1], "rank_1": [0.6, 0.4],
                          "top_3": [1.0, 0.9], "flag": ""})  # fmt: skip
    expected = "App ranks first in 60% of the resamples. Among the first three in 95% and more: App."
    assert ranks(frame, {}, {}) == expected


def test_pairs_count_the_intervals_without_zero():
    frame = pd.DataFrame({"estimate": [0.2, 0.1], "conf_low": [0.1, -0.1], "conf_high": [0.3, 0.3], "flag": ""})
    assert pairs(frame, {}, {}) == "1 of 2 pairs of drivers can be told apart by their shares."


@pytest.mark.parametrize(("correlation", "words"), [(0.95, "almost alike"), (0.5, "otherwise")])
def test_agreement_is_that_of_the_cross_check(correlation, words):
    frame = pd.DataFrame({"method": ["last", "relative-weights"], "estimate": [0.1, correlation],
                          "largest_difference": [0.3, 0.02], "driver": "app", "flag": ""})  # fmt: skip
    assert words in agreement(frame, {}, {})


def test_models_name_the_drivers_on_which_they_differ():
    frame = pd.DataFrame({"driver": ["app", "app", "staff", "staff"], "model": ["a", "b"] * 2, "estimate": 1.0,
                          "own_effect": [True, False, True, True], "flag": ""})  # fmt: skip
    assert models(frame, {}, {}) == "The 2 models do not agree on App; on the others they do."
    assert models(frame.iloc[2:], {}, {}) == "All 2 models agree on which drivers have an effect of their own."


def test_steady_names_the_drivers_that_changed():
    frame = pd.DataFrame(
        {"driver": ["app", "staff"], "estimate": 1.0, "verdict": ["no change shown", "changes"], "flag": ""}
    )
    assert steady(frame, {}, {}) == "The effect of Staff changed between periods by more than chance."
    assert "No driver's effect" in steady(frame.iloc[:1], {}, {})


def test_gaps_name_the_driver_that_most_left_out():
    frame = pd.DataFrame({"driver": ["app", "staff"], "answers": [100, 100], "rated": [90, 60]})
    assert gaps(frame, {}, {}).startswith("Staff was not rated in 40% of the answers.")
