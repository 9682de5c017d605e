"""Gaps, checks and corrections of a driver model: planted, by hand, and what must be refused."""

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from cxresearch.drivers import checks, importance, importance_of, prepare, reliability
from cxresearch.drivers.imputation import completed
from cxresearch.drivers.pooling import pooled_frames
from cxresearch.schema import Column
from cxresearch.strict_yaml import StudyError

N = 1_500


@pytest.fixture(scope="module")
def answers():
    """Two drivers that travel together, one of them without effect, and a third alone."""
    rng = np.random.default_rng(1)
    common = rng.normal(size=N)
    frame = pd.DataFrame({"real": common + rng.normal(0, 0.8, N), "idle": common + rng.normal(0, 0.8, N)})
    frame["alone"] = rng.normal(size=N)
    return frame.assign(score=2 * frame["real"] + frame["alone"] + rng.normal(0, 2, N))


NAMES = ["real", "idle", "alone"]


# --- gaps -------------------------------------------------------------------------------------------------------------


class Study:
    """As much of a loaded study as `prepare` reads."""

    def __init__(self, frame, groups=None):
        column = Column(source=NAMES, names=NAMES, groups=groups or {})
        self.responses, self.period, self.periods, self.primary = frame, "all", ["all"], "score"
        table = type("Table", (), {"columns": {"drivers": column}})
        self.definition = type("Definition", (), {"drivers": NAMES, "responses": table, "owners": {"real": "Sales"}})
        self.definition.design = None

    def answers(self, survey, period):
        return self.responses.reset_index(drop=True)


@pytest.fixture(scope="module")
def gaps(answers):
    rng = np.random.default_rng(2)
    frame = answers.assign(survey="relationship", period="all", arm=np.where(np.arange(N) % 3 == 0, "a", "b"))
    nothing = rng.random(N) < 0.3
    frame["real_not_applicable"] = nothing
    # What does not apply to somebody does nothing to the score.
    frame["score"] = frame["score"] - 2 * frame["real"].where(nothing, 0.0)
    frame["real"] = frame["real"].mask(nothing)
    frame["alone"] = frame["alone"].mask(frame["arm"].eq("a"))
    frame["idle"] = frame["idle"].mask(rng.random(N) < 0.1)
    return frame


def test_the_three_kinds_of_gaps_are_told_apart_and_add_up(gaps):
    counts = prepare(Study(gaps), copies=2).missing.set_index("driver")
    assert counts.loc["real", "not_applicable"] == gaps["real_not_applicable"].sum()
    assert counts.loc["alone", "not_shown"] == gaps["arm"].eq("a").sum()
    assert counts.loc["idle", "refused"] == gaps["idle"].isna().sum()
    parts = counts[["rated", "not_applicable", "not_shown", "refused"]].sum(axis=1)
    assert (parts == counts["answers"]).all()


def test_no_answer_is_lost_for_one_gap_and_slopes_are_those_of_complete_answers(gaps, answers):
    prepared = prepare(Study(gaps), copies=5)
    assert len(prepared.frame) >= 0.97 * N
    slopes = importance_of(prepared, n_boot=0).coefficients.set_index("driver")
    for name, truth in {"real": 2.0, "idle": 0.0, "alone": 1.0}.items():
        assert slopes.loc[name, "conf_low"] < truth < slopes.loc[name, "conf_high"]


def test_what_is_filled_in_where_nothing_applies_changes_nothing(gaps):
    prepared = prepare(Study(gaps), copies=2)
    frame = prepared.frame
    moved = frame.assign(real=frame["real"] + 7 * frame["real_not_applicable"])
    here, there = (importance(one, **prepared.arguments, n_boot=0) for one in (frame, moved))
    assert here.shares["estimate"].to_numpy() == pytest.approx(there.shares["estimate"].to_numpy())
    assert here.coefficients["estimate"].to_numpy() == pytest.approx(there.coefficients["estimate"].to_numpy())


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (lambda frame: frame.assign(idle=5.0), "everybody gave the same rating"),
        (lambda frame: frame.assign(idle=3 * frame["real"] + 1), "the same ratings as real"),
        (lambda frame: frame.assign(idle=np.nan), "fewer than 30 ratings"),
        (lambda frame: frame.assign(idle=frame["idle"].where(np.arange(N) % 20 == 0)), "over 50% of its ratings"),
    ],
)
def test_a_driver_that_no_model_can_hold_is_left_out_and_listed(answers, change, reason):
    frame = change(answers).assign(survey="relationship", period="all")
    prepared = prepare(Study(frame), copies=2)
    assert prepared.drivers == ["real", "alone"]
    assert prepared.left_out.set_index("what").loc["idle", "reason"].startswith(reason)


def test_fewer_than_two_drivers_are_refused(answers):
    frame = answers.assign(survey="relationship", period="all", idle=1.0, alone=1.0)
    with pytest.raises(StudyError, match="1 of 3 can be used"):
        prepare(Study(frame))


def test_gaps_are_filled_by_ratings_that_somebody_gave_and_the_same_again_with_a_seed(answers):
    ratings = answers[NAMES].round().to_numpy()
    gap = np.random.default_rng(0).random(ratings.shape) < 0.1
    holes = np.where(gap, np.nan, ratings)
    one, two = (completed(holes, gap, answers[["score"]].to_numpy(), 2, seed=5) for _ in range(2))
    assert np.array_equal(one[0], two[0])
    assert not np.array_equal(one[0], one[1])
    assert set(one[0][gap]) <= set(ratings.ravel())
    assert np.array_equal(one[0][~gap], ratings[~gap])


def test_pooling_is_rubins(answers):
    values, errors = np.array([1.0, 1.4, 0.9]), np.array([0.5, 0.6, 0.4])
    empty = {"driver": ["a"], "n": 5}
    copies = [
        pd.DataFrame({**empty, "estimate": v, "std_error": e, "conf_low": v - e, "conf_high": v + e})
        for v, e in zip(values, errors, strict=True)
    ]
    total = (errors**2).mean() + (1 + 1 / 3) * values.var(ddof=1)
    assert pooled_frames(copies)["std_error"].iloc[0] == pytest.approx(np.sqrt(total))
    assert pooled_frames(copies)["estimate"].iloc[0] == pytest.approx(values.mean())


def test_what_no_resample_of_a_copy_leaves_is_spread_by_the_copies_alone():
    limits = {"share_low": [0.0, 0.5], "share_high": [0.0, 0.5]}
    copies = [pd.DataFrame({"driver": ["a", "b"], "n": 9, "share": [0.0, 0.5], **limits}) for _ in range(3)]
    assert pooled_frames(copies)["share_high"].tolist() == [0.0, 0.5]
    copies[0]["share"] = copies[0]["share_low"] = copies[0]["share_high"] = [0.0, 0.8]
    between = (1 + 1 / 3) * np.var([0.8, 0.5, 0.5], ddof=1)
    assert pooled_frames(copies)["share_high"].tolist() == [0.0, pytest.approx(0.6 + 1.959964 * np.sqrt(between))]


# --- checks -----------------------------------------------------------------------------------------------------------


def test_overlap_and_halo_are_those_of_the_correlations(answers):
    found = checks(answers, "score", NAMES)
    correlation = answers[NAMES].corr().to_numpy()
    assert found.drivers["vif"].to_numpy() == pytest.approx(np.diag(np.linalg.inv(correlation)))
    roots = np.linalg.eigvalsh(correlation)
    summary = found.summary.set_index("check")["estimate"]
    assert summary["halo"] == pytest.approx(roots[-1] / 3)
    assert summary["condition"] == pytest.approx(np.sqrt(roots[-1] / roots[0]))


def test_one_customer_who_makes_an_effect_is_found(answers):
    frame = answers.head(60).assign(score=np.random.default_rng(3).normal(size=60))
    frame.loc[0, ["alone", "score"]] = [30.0, 60.0]
    found = checks(frame, "score", NAMES)
    without = checks(frame.drop(index=0), "score", NAMES).drivers.set_index("driver")["estimate"]
    told = found.drivers.set_index("driver")
    assert told.loc["alone", "own_effect"]
    if np.sign(without["alone"]) != np.sign(told.loc["alone", "estimate"]):
        assert told.loc["alone", "without"] == 1
    x = np.column_stack([np.ones(60), frame[NAMES]])
    flips = [np.sign(np.linalg.lstsq(np.delete(x, i, 0), frame["score"].drop(i), rcond=None)[0][1:]) for i in range(60)]
    changed = (np.array(flips) != np.sign(told["estimate"].to_numpy())).sum(axis=0)
    assert told["alone"].tolist() == changed.tolist()


def test_r2_falls_for_customers_not_seen_where_drivers_are_noise():
    rng = np.random.default_rng(0)
    noise = pd.DataFrame(rng.normal(size=(130, 12)), columns=[f"d{i}" for i in range(12)]).assign(
        score=rng.normal(size=130)
    )
    found = checks(noise, "score", list(noise.columns[:12]))
    assert found.fit["estimate"].iloc[1] < 0 < found.fit["estimate"].iloc[0]
    assert found.summary.set_index("check").loc["prediction", "verdict"] == "warn"


# --- reliability ------------------------------------------------------------------------------------------------------


def test_taking_known_errors_off_gives_the_slopes_of_the_true_ratings():
    rng = np.random.default_rng(7)
    true = rng.multivariate_normal([0, 0], [[1, 0.6], [0.6, 1]], 20_000)
    seen = true + rng.normal(0, 0.5, true.shape)
    frame = pd.DataFrame(seen, columns=["real", "idle"]).assign(score=true[:, 0] + rng.normal(0, 0.5, 20_000))
    found = reliability(frame, "score", ["real", "idle"], levels=(1.0, 0.8), n_boot=50).slopes
    naive, corrected = (found[found["reliability"].eq(level)]["estimate"].to_numpy() for level in (1.0, 0.8))
    assert naive[1] > 0.05
    assert corrected == pytest.approx([1.0, 0.0], abs=0.03)


def test_an_error_larger_than_what_is_left_of_a_driver_is_refused(answers):
    twin = answers["real"] + np.random.default_rng(0).normal(0, 0.05, N)
    found = reliability(answers.assign(twin=twin), "score", ["real", "twin"], levels=(1.0, 0.9), n_boot=50)
    assert found.slopes.loc[found.slopes["reliability"].eq(0.9), "estimate"].isna().all()
    assert found.slopes["flag"].str.startswith("refused").sum() == 2
    assert (found.limits["refused_from"] == 0.9).all()


@pytest.mark.parametrize("levels", [(0.0,), (1.2,), ()])
def test_what_is_no_reliability_is_refused(answers, levels):
    with pytest.raises(StudyError, match="levels"):
        reliability(answers, "score", NAMES, levels=levels)


def test_at_reliability_one_nothing_is_corrected(answers):
    found = reliability(answers, "score", NAMES, levels=(1.0,), n_boot=200).slopes
    x = np.column_stack([np.ones(N), answers[NAMES]])
    assert found["estimate"].to_numpy() == pytest.approx(np.linalg.lstsq(x, answers["score"], rcond=None)[0][1:])
    error = (found["conf_high"] - found["conf_low"]) / (2 * stats.norm.ppf(0.975))
    assert error.to_numpy() == pytest.approx(found["std_error"].to_numpy(), rel=0.2)
