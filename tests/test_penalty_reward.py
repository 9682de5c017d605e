"""Moments of truth: planted asymmetries, against least squares by hand, and what must be refused."""

import numpy as np
import pandas as pd
import pytest

from cxresearch.drivers import penalty_reward
from cxresearch.strict_yaml import StudyError

RNG = np.random.default_rng(4)
N = 3_000


@pytest.fixture(scope="module")
def answers():
    """Ratings that travel together, of which each has another kind of effect."""
    common = RNG.normal(size=N)
    rated = {
        name: np.clip(np.rint(5.5 + 1.5 * common + RNG.normal(0, 1.8, N)), 1, 10)
        for name in ("basic", "exciting", "performing", "nothing")
    }
    frame = pd.DataFrame(rated)
    score = -20.0 * (frame["basic"] <= 5) + 20.0 * (frame["exciting"] >= 9)
    score += 15.0 * ((frame["performing"] >= 9).astype(float) - (frame["performing"] <= 5))
    return frame.assign(score=score + RNG.normal(0, 15, N))


def test_planted_kinds_are_found_and_nothing_is_claimed_of_a_driver_without_effect(answers):
    found = penalty_reward(answers, "score", list(answers.columns[:4])).set_index("driver")
    assert found["kind"].to_dict() == {
        "basic": "basic",
        "exciting": "excitement",
        "performing": "performance",
        "nothing": "cannot tell",
    }
    assert found.loc["basic", "penalty_low"] < 20 < found.loc["basic", "penalty_high"]
    assert found.loc["exciting", "reward_low"] < 20 < found.loc["exciting", "reward_high"]
    assert found.loc["performing", "conf_low"] < 0 < found.loc["performing", "conf_high"]


def test_the_classical_form_is_one_regression_on_all_indicators(answers):
    names = list(answers.columns[:4])
    found = penalty_reward(answers, "score", names, others="indicators").set_index("driver")
    columns = [np.ones(N)] + [side(answers[n]) for n in names for side in (lambda x: x <= 5, lambda x: x >= 9)]
    slopes = np.linalg.lstsq(np.column_stack(columns).astype(float), answers["score"], rcond=None)[0]
    assert found["penalty"].to_numpy() == pytest.approx(-slopes[1::2])
    assert found["reward"].to_numpy() == pytest.approx(slopes[2::2])
    assert found["estimate"].to_numpy() == pytest.approx(slopes[1::2] + slopes[2::2])


def test_a_driver_without_effect_seems_to_have_one_where_the_others_are_held_coarsely():
    common = RNG.normal(size=N)
    real, idle = (common + RNG.normal(0, 0.7, N) for _ in range(2))
    frame = pd.DataFrame({"real": real, "idle": idle, "score": 10 * real + RNG.normal(0, 5, N)})
    limits = {"low": -0.5, "high": 0.5}
    coarse = penalty_reward(frame, "score", ["real", "idle"], **limits, others="indicators").set_index("driver")
    fine = penalty_reward(frame, "score", ["real", "idle"], **limits).set_index("driver")
    assert coarse.loc["idle", "penalty_low"] > 0
    assert fine.loc["idle", "penalty_low"] < 0 < fine.loc["idle", "penalty_high"]


def test_bases_of_low_and_high_are_counted_and_small_ones_hidden_with_their_effects(answers):
    few = answers["basic"].where(answers["basic"].gt(5) | (np.arange(N) < 20), 7.0)
    frame = answers.assign(basic=few)
    found = penalty_reward(frame, "score", ["basic", "exciting"], scale=(1, 10)).set_index("driver")
    assert int((few <= 5).sum()) < 30
    assert found.loc["basic", ["n_low", "penalty", "estimate", "std_error"]].isna().all()
    assert found.loc["basic", "n_high"] == (few >= 9).sum()
    assert np.isfinite(found.loc["basic", "reward"])
    assert found.loc["basic", "kind"] == "cannot tell"
    assert found.loc["basic", "flag"] == "under 30 low ratings"
    assert found.loc["exciting", "n_low"] == (answers["exciting"] <= 5).sum()


@pytest.mark.parametrize(
    ("scale", "limits"), [((1, 5), (2, 5)), ((1, 7), (3, 6)), ((1, 10), (5, 9)), ((0, 10), (4, 8))]
)
def test_by_default_low_lies_below_the_middle_and_high_in_the_upper_fifth(scale, limits):
    ratings = np.tile(np.arange(scale[0], scale[1] + 1), 60)
    frame = pd.DataFrame({"staff": RNG.permutation(ratings), "app": ratings, "score": RNG.normal(size=len(ratings))})
    found = penalty_reward(frame.astype(float), "score", ["staff", "app"])
    assert found[["low", "high"]].to_numpy().tolist() == [list(limits)] * 2


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({"low": 8, "high": 8}, "low must lie below high"),
        ({"fewest": 5}, "take 10 or more"),
        ({"others": "none"}, "ratings or indicators"),
    ],
)
def test_what_means_nothing_is_refused_in_a_sentence(answers, arguments, words):
    with pytest.raises(StudyError, match=words):
        penalty_reward(answers, "score", ["basic", "exciting"], **arguments)


def test_answers_are_not_changed(answers):
    before = answers.copy()
    penalty_reward(answers, "score", ["basic", "exciting"])
    pd.testing.assert_frame_equal(answers, before)
