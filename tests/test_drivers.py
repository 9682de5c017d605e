"""cx.drivers.importance: the demo's planted truth, frames, controls, factors, groups, and all that it refuses."""

import io

import numpy as np
import pandas as pd
import pytest
import statsmodels.api as sm
from references import assert_close, reference

import cxresearch as cx
from cxresearch.drivers.importance import METHODS
from cxresearch.stats import importance as shapley_values
from cxresearch.stats.pseudo_r2 import PSEUDO_R2
from cxresearch.strict_yaml import StudyError

RATINGS = ["network", "speed", "value", "billing", "app", "staff", "repair"]
NAMES = ["network", "value", "app"]


def answers(n=400, seed=0, drivers=NAMES):
    """Return ratings that travel together, of which the last moves nothing."""
    rng = np.random.default_rng(seed)
    mood = rng.normal(0, 1.2, n)
    frame = pd.DataFrame({name: np.clip(np.rint(6 + mood + rng.normal(0, 1.2, n)), 1, 10) for name in drivers})
    score = 1 + 0.6 * frame[drivers[0]] + 0.4 * frame[drivers[1]] + rng.normal(0, 1, n)
    frame["nps"] = np.clip(np.rint(score), 0, 10)
    frame["customer_id"] = [f"c{number // 2}" for number in range(n)]
    frame["w"] = rng.uniform(0.5, 2, n)
    frame["plan"] = pd.Series(rng.choice(["Alpha", "Beta", "Gamma"], n), dtype="str")
    return frame


def swiss():
    held = reference("lmg_swiss")["data"]
    return pd.read_csv(io.StringIO(held["csv"])), held["predictors"], held["outcome"]


def by_driver(frame):
    return frame.set_index("driver")


@pytest.fixture(scope="module")
def demo():
    return cx.load("demo", period="2026Q3").answers(period="all")


def test_the_null_driver_of_the_demo_has_importance_and_no_effect(demo):
    found = cx.drivers.importance(demo, "nps", RATINGS, weight="weight", n_boot=200)
    slopes, shares = by_driver(found.coefficients), by_driver(found.shares)
    assert shares.loc["app", "share_low"] > 0.05
    assert shares.loc["app", "rank"] == len(RATINGS)
    assert not slopes.loc["app", "own_effect"]
    assert slopes.drop(index="app")["own_effect"].all()
    planted = {"network": 8.53, "speed": 4.44, "value": 9.56, "billing": 6.7, "staff": 6.88, "repair": 4.07}
    for name, truth in planted.items():  # of data/demo/truth.yaml
        assert slopes.loc[name, "conf_low"] < truth < slopes.loc[name, "conf_high"], name
    assert found.agreement.set_index("method").loc["relative-weights", "estimate"] > 0.9


def test_parts_sum_to_what_the_drivers_explain_beside_the_controls():
    found = cx.drivers.importance(answers(), "nps", NAMES, controls=["plan"], weight="w", n_boot=0)
    fit = found.fit.set_index("measure")["estimate"]
    assert 0 < fit["R² of the controls"] < fit["R²"]
    assert found.shares["estimate"].sum() == pytest.approx(fit["R²"] - fit["R² of the controls"], abs=1e-12)
    assert found.shares["share"].sum() == pytest.approx(1)
    frame = answers()
    x = pd.concat([pd.get_dummies(frame["plan"], drop_first=True).astype(float), frame[NAMES]], axis=1)
    votes = 100 * ((frame["nps"] > 8).astype(float) - (frame["nps"] < 7))
    peer = sm.WLS(votes, sm.add_constant(x), weights=frame["w"]).fit()
    assert fit["R²"] == pytest.approx(peer.rsquared, abs=1e-10)
    assert fit["adjusted R²"] == pytest.approx(peer.rsquared_adj, abs=1e-10)
    assert_close(found.coefficients["estimate"], peer.params[NAMES], 1e-9)


def test_the_interval_of_beta_sums_a_customers_answers():
    frame = answers()
    twice = pd.concat([frame, frame], ignore_index=True)
    once, doubled = (cx.drivers.importance(one, "nps", NAMES, n_boot=0).coefficients for one in (frame, twice))
    assert_close(doubled["std_error"], once["std_error"], 1e-9)
    rows = cx.drivers.importance(twice.drop(columns="customer_id"), "nps", NAMES, n_boot=0).coefficients
    assert (rows["std_error"] < 0.8 * doubled["std_error"]).all()
    assert doubled["n"].eq(800).all()
    assert doubled["n_customers"].eq(200).all()


def test_resamples_are_of_customers():
    frame = answers()
    twice = pd.concat([frame, frame], ignore_index=True)
    once, doubled = (cx.drivers.importance(one, "nps", NAMES, seed=1).shares for one in (frame, twice))
    assert_close(doubled["std_error"], once["std_error"], 1e-9)


def test_intervals_are_those_of_relaimpo():
    frame, drivers, outcome = swiss()
    found = by_driver(cx.drivers.importance(frame, outcome, drivers, n_boot=4_000).shares).loc[drivers]
    expected = reference("lmg_swiss")["expected"]
    assert_close(found["estimate"], [expected["raw"]["lmg"][name] for name in drivers], 1e-9)
    assert_close(found["conf_low"], expected["bootstrap"]["level95"]["lower"], 0.02)
    assert_close(found["conf_high"], expected["bootstrap"]["level95"]["upper"], 0.02)
    assert_close(found["std_error"], expected["bootstrap"]["bootstrap_se_lmg"], 0.01)


@pytest.mark.parametrize("method", METHODS)
def test_every_method_ranks_by_its_own_parts(method):
    frame, drivers, outcome = swiss()
    found = cx.drivers.importance(frame, outcome, drivers, method=method, n_boot=0)
    expected = reference("lmg_swiss")["expected"]["raw"]
    named = expected[{"dominance": "lmg", "relative-weights": "genizi"}.get(method, method)]
    assert_close(by_driver(found.shares).loc[drivers, "estimate"], [named[name] for name in drivers], 1e-9)
    assert found.shares["estimate"].is_monotonic_decreasing
    assert found.shares["rank"].tolist() == [1, 2, 3, 4, 5]


def test_dominance_names_the_strictest_kind():
    frame, drivers, outcome = swiss()
    found = cx.drivers.importance(frame, outcome, drivers, n_boot=0).dominance.set_index(["driver", "against"])
    share = reference("dominance_lm")["expected"]["swiss"]["complete_proportion_row_over_col"]
    for driver, against in found.index:
        assert found.loc[(driver, against), "estimate"] == share[driver][against]
    assert found.loc[("Education", "Agriculture"), "verdict"] == "complete"
    assert found.loc[("Examination", "Agriculture"), "verdict"] == "general"


def test_shares_know_neither_the_order_of_rows_nor_of_columns_nor_scales():
    frame = answers()
    found = by_driver(cx.drivers.importance(frame, "nps", NAMES, n_boot=0).shares)["share"]
    turned = frame.sample(frac=1, random_state=3).assign(value=lambda rows: 100 - 7 * rows["value"])
    again = by_driver(cx.drivers.importance(turned, "nps", NAMES[::-1], n_boot=0).shares)["share"]
    assert_close(again[found.index], found, 1e-10)


def test_a_seed_gives_the_same_numbers_and_the_answers_stay_as_they_are():
    frame = answers()
    before = frame.copy(deep=True)
    first, second, other = (cx.drivers.importance(frame, "nps", NAMES, n_boot=100, seed=seed) for seed in (5, 5, 6))
    pd.testing.assert_frame_equal(first.shares, second.shares)
    assert not first.shares["conf_low"].equals(other.shares["conf_low"])
    pd.testing.assert_frame_equal(frame, before)


def test_without_resamples_intervals_are_missing():
    found = cx.drivers.importance(answers(), "nps", NAMES, n_boot=0)
    columns = ["std_error", "conf_low", "conf_high", "share_low", "share_high", "mean_rank", "rank_1", "top_3"]
    assert found.shares[columns].isna().all(axis=None)
    assert found.differences[["conf_low", "probability"]].isna().all(axis=None)
    assert found.coefficients["conf_low"].notna().all()


def test_frames_have_their_bases_after_the_grouping_columns():
    found = cx.drivers.importance(answers(60), "nps", NAMES, n_boot=100)
    for name, frame in vars(found).items():
        keys = list(frame.columns[: list(frame.columns).index("n")])
        assert list(frame.columns)[len(keys) : len(keys) + 4] == ["n", "n_customers", "n_eff", "estimate"], name
        assert frame.columns[-1] == "flag"
        assert not frame.duplicated(keys).any(), name
        assert frame["flag"].isin(["indicative", "small base", "very small base"]).all(), name
        assert not frame.columns.str.startswith("p_").any(), name


def test_ranks_are_told_as_probabilities():
    found = cx.drivers.importance(answers(), "nps", NAMES, n_boot=400)
    assert found.shares["rank_1"].sum() == pytest.approx(1)
    assert found.shares["top_3"].eq(1).all()
    assert by_driver(found.shares).loc["app", "rank_1"] < 0.05
    pair = found.differences.iloc[0]
    assert pair["conf_low"] < pair["estimate"] < pair["conf_high"]
    assert pair["estimate"] == pytest.approx(found.shares["share"].iloc[0] - found.shares["share"].iloc[1])


def test_a_factor_enters_as_a_whole():
    frame = answers()
    frame["nps"] = np.where(frame["plan"] == "Gamma", 10, frame["nps"])
    found = cx.drivers.importance(frame, "nps", [*NAMES, "plan"], n_boot=100)
    terms = found.coefficients[found.coefficients["driver"] == "plan"]
    assert len(terms) == 2
    assert terms["n"].lt(200).all()
    assert found.shares["driver"].tolist().count("plan") == 1
    assert "betasq" not in set(found.methods["method"])
    with pytest.raises(StudyError, match="'betasq' is not defined"):
        cx.drivers.importance(frame, "nps", [*NAMES, "plan"], method="betasq", n_boot=0)


def test_groups_enter_as_a_whole_beside_the_drivers():
    frame = answers(drivers=["network", "value", "app", "speed"])
    groups = {"product": ["network", "speed"], "ease": ["app"]}
    found = cx.drivers.importance(frame, "nps", ["network", "value", "app", "speed"], groups=groups, n_boot=100)
    assert set(found.groups["group"]) == {"product", "ease", "value"}
    assert found.groups["estimate"].sum() == pytest.approx(found.shares["estimate"].sum())


def test_more_than_eighteen_drivers_are_shared_within_their_groups():
    names = [f"d{number:02d}" for number in range(20)]
    frame = answers(600, drivers=names)
    groups = {"first": names[:7], "second": names[7:14], "third": names[14:]}
    found = cx.drivers.importance(frame, "nps", names, groups=groups, n_boot=50)
    within = {name: group for group, members in groups.items() for name in members}
    summed = found.shares.groupby(found.shares["driver"].map(within))["estimate"].sum()
    assert_close(summed[found.groups["group"]], found.groups["estimate"], 1e-12)
    assert found.dominance.empty
    with pytest.raises(StudyError, match="found 20 in 20 groups"):
        cx.drivers.importance(frame, "nps", names, n_boot=0)


@pytest.mark.parametrize("pseudo", PSEUDO_R2)
def test_logit_shares_are_those_of_refitted_models(pseudo):
    frame = answers(300).assign(promoter=lambda rows: (rows["nps"] > 8).astype(float))
    found = cx.drivers.importance(frame, "promoter", NAMES, model="logit", pseudo=pseudo, n_boot=0)
    subsets = [[name for place, name in enumerate(NAMES) if subset >> place & 1] for subset in range(8)]
    models = [sm.Logit(frame["promoter"], sm.add_constant(frame[one])).fit(disp=0) for one in subsets[1:]]
    null = models[0].llnull
    likelihoods = np.array([null, *(model.llf for model in models)])
    expected = shapley_values.shapley(PSEUDO_R2[pseudo](likelihoods, null, len(frame)))
    assert_close(by_driver(found.shares).loc[NAMES, "estimate"], expected, 1e-8)
    assert_close(found.coefficients["estimate"], models[-1].params[NAMES], 1e-6)
    assert len(found.fit) == 4


def test_the_ordered_model_agrees_with_the_votes():
    votes = cx.drivers.importance(answers(), "nps", NAMES, n_boot=0).shares
    ordered = cx.drivers.importance(answers(), "nps", NAMES, model="ordered", controls=["plan"], n_boot=60)
    assert ordered.shares["driver"].tolist() == votes["driver"].tolist()
    assert (ordered.shares["conf_low"] < ordered.shares["estimate"]).all()
    assert by_driver(ordered.coefficients)["own_effect"].tolist() == [True, True, False]


def test_answers_that_miss_a_driver_are_counted():
    frame = answers()
    frame.loc[:99, "app"] = np.nan
    fit = cx.drivers.importance(frame, "nps", NAMES, n_boot=0).fit
    assert fit["n"].eq(300).all()
    assert fit["n_left_out"].eq(100).all()


def test_a_weight_of_zero_leaves_an_answer_out():
    frame = answers()
    weighted = frame.assign(w=np.where(np.arange(400) < 100, 0.0, frame["w"]))
    parts = [cx.drivers.importance(one, "nps", NAMES, weight="w", n_boot=0) for one in (weighted, frame[100:])]
    pd.testing.assert_frame_equal(parts[0].shares, parts[1].shares)


REFUSED = {
    "constant": ({"app": 5.0}, {}, "app: constant"),
    "empty": ({"app": np.nan}, {}, "app: no answer to nps has a value there"),
    "copy": ({"app": lambda rows: 3 * rows["value"] - 1}, {}, "value and app: the two hold the same values"),
    "nearly a copy": (
        {"app": lambda rows: rows["value"] * (1 + 1e-9 * np.random.default_rng(0).normal(size=len(rows)))},
        {},
        "value and app: the two hold the same values",
    ),
    "sum": (
        {"app": lambda rows: rows["value"] + rows["network"] + 1e-9 * np.random.default_rng(0).normal(size=len(rows))},
        {},
        "network, value and app: one of them is the sum",
    ),
    "outcome": ({"nps": 9.0}, {}, "nps: all 400 complete answers are the same"),
    "one customer": ({"customer_id": "c"}, {}, "all 400 answers come from one customer"),
    "few clusters": ({"c": lambda rows: np.arange(len(rows)) % 5}, {"cluster": "c"}, "5 customers or clusters"),
    "negative": ({"w": -1.0}, {"weight": "w"}, "missing, negative or infinite weight"),
    "no weight": ({"w": 0.0}, {"weight": "w"}, "no answer with a positive weight"),
    "infinite": ({"app": np.inf}, {}, "app: 400 values are infinite"),
    "texts": ({"app": lambda rows: rows["customer_id"]}, {}, "app: the column holds 200 different texts"),
    "never together": (
        {
            "app": lambda rows: np.where(rows.index < 100, 1.0 * rows.index, np.nan),
            "value": lambda rows: np.where(rows.index < 100, np.nan, rows["value"]),
        },
        {},
        "no answer has all of them; app is the rarest",
    ),
    "control": ({}, {"controls": ["app"]}, "'app' is a control as well"),
    "control of all": ({"plan": "Alpha"}, {"controls": ["plan"]}, "controls: a column is constant"),
    "method": ({}, {"method": "shap"}, "method: found 'shap'; it is one of lmg"),
    "model": ({}, {"model": "probit"}, "model: found 'probit'"),
    "pseudo": ({}, {"pseudo": "tjur"}, "pseudo: found 'tjur'"),
    "logit": ({}, {"model": "logit"}, "a logit model needs an outcome of 0 and 1"),
    "resamples": ({}, {"n_boot": 5}, "n_boot: found 5; it is 0"),
    "unknown in group": ({}, {"groups": {"ease": ["ap"]}}, "nearest known one is 'app'"),
    "in two groups": ({}, {"groups": {"a": ["app"], "b": ["app"]}}, "'app' stands in a and in b"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_what_cannot_carry_a_model_is_named_and_refused_in_a_sentence(case):
    columns, arguments, sentence = REFUSED[case]
    with pytest.raises(ValueError, match=sentence) as refused:
        cx.drivers.importance(answers().assign(**columns), "nps", NAMES, **arguments)
    assert str(refused.value).count(". ") == 0
    assert "c17" not in str(refused.value)


def test_too_few_responses_say_how_many_are_needed():
    with pytest.raises(
        StudyError, match="10 customers or clusters have a value in all 3 columns of the model; it needs 30"
    ):
        cx.drivers.importance(answers(20), "nps", NAMES)
    many = [f"d{number}" for number in range(17)]
    with pytest.raises(StudyError, match=r"40 customers or clusters .* it needs 85"):
        cx.drivers.importance(answers(80, drivers=many), "nps", many)


def test_a_driver_that_tells_the_answer_is_named():
    frame = answers().assign(promoter=lambda rows: (rows["app"] > 6).astype(float))
    with pytest.raises(StudyError, match="app predicts the outcome without error"):
        cx.drivers.importance(frame, "promoter", NAMES, model="logit", n_boot=0)


def test_unknown_columns_are_named():
    with pytest.raises(KeyError, match="the responses have no column 'netwrk'; the nearest known one is 'network'"):
        cx.drivers.importance(answers(), "nps", ["netwrk"])
    with pytest.raises(StudyError, match="'app' is named twice"):
        cx.drivers.importance(answers(), "nps", ["app", "app"])
    with pytest.raises(StudyError, match="drivers: found none"):
        cx.drivers.importance(answers(), "nps", [])


def test_a_single_driver_has_all():
    found = cx.drivers.importance(answers(), "nps", ["network"], n_boot=50)
    assert found.shares["share"].tolist() == [1.0]
    assert found.differences.empty
    assert found.dominance.empty
