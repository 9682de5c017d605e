"""Van Westendorp, Kano, TURF and MaxDiff: against R, brute force and planted worlds."""

import io
import itertools

import numpy as np
import pandas as pd
import pyreadstat
import pytest
from references import assert_close, reference
from statsmodels.discrete.conditional_models import ConditionalLogit

from cxresearch.questions.kano import kano
from cxresearch.questions.maxdiff import maxdiff
from cxresearch.questions.resamples import sample_of
from cxresearch.questions.turf import turf
from cxresearch.questions.van_westendorp import PRICES, van_westendorp
from cxresearch.stats.choice import conditional_logit

POINTS = {
    "OPP": "optimal price",
    "IDP": "indifference price",
    "PMC_original": "marginal cheapness",
    "PME_original": "marginal expensiveness",
    "PMC_narrower": "marginal cheapness, narrower",
    "PME_narrower": "marginal expensiveness, narrower",
}
COLUMNS = dict(zip(PRICES, ("toocheap", "cheap", "expensive", "tooexpensive"), strict=True))


def table(text):
    """Return a table given as CSV text."""
    return pd.read_csv(io.StringIO(text))


def prices(world):
    """Return the answers of a world of the reference."""
    known = reference("vw_psm")
    inside = known["data"].get(f"{world}_csv") or known["expected"][world]["csv"]
    return table(inside)


@pytest.mark.parametrize(
    ("world", "weight"),
    [("whole", None), ("whole", "weight"), ("cents", None), ("cents", "weight"), ("hand_10_respondents", None)],
)
def test_prices_are_those_of_r(world, weight):
    expected = reference("vw_psm")["expected"][world]["weighted" if weight else "unweighted"]
    points = van_westendorp(prices(world), COLUMNS, weight=weight, n_boot=0).points.set_index("point")["estimate"]
    for short, point in POINTS.items():
        touch = expected[short]
        assert touch["linear"] - 1e-6 <= points[point] <= touch["linear_last_if_curves_touch"] + 1e-6, point


@pytest.mark.parametrize("world", ["whole", "cents"])
def test_demand_is_that_of_r(world):
    expected = reference("vw_psm")["expected"][world]["nms"]
    meter = van_westendorp(prices(world), COLUMNS, intent=("pi_cheap", "pi_expensive"), n_boot=0)
    reach = meter.reach.set_index("point")
    assert_close(
        reach.loc["most buyers", ["estimate", "reach"]], [expected["price_of_max_reach"], expected["max_reach"]], 1e-12
    )
    assert_close(
        reach.loc["most revenue", ["estimate", "revenue"]],
        [expected["price_of_max_revenue"], expected["max_revenue_per_respondent"]],
        1e-12,
    )


def test_swapped_columns_are_noticed(shared):
    given, _ = pyreadstat.read_sav(shared("data/pricing_maxdiff/vanwestendorp_example.sav"))
    named = van_westendorp(given, n_boot=0)
    told = named.checks.set_index("check")["sentence"]
    assert "bargain and getting_expensive look swapped" in told["columns swapped"]
    assert named.points["n"].eq(8).all()
    exchanged = {"bargain": "getting_expensive", "getting_expensive": "bargain"}
    right = van_westendorp(given, exchanged, n_boot=0)
    assert set(right.checks["check"]) == {"prices in order"}
    rises = given[["too_cheap", "getting_expensive", "bargain", "too_expensive"]].diff(axis=1).iloc[:, 1:].gt(0)
    assert right.points["n"].iloc[0] == rises.all(axis=1).sum()
    assert right.checks["status"].item() == "warn"


def test_intervals_of_prices_hold_the_truth_and_repeat():
    rng = np.random.default_rng(1)
    truth = np.exp(rng.normal(np.log(20), 0.3, 200_000))
    factors = np.array([0.5, 0.8, 1.25, 1.75])

    def asked(own):
        return pd.DataFrame(own[:, None] * factors, columns=list(PRICES))

    whole = van_westendorp(asked(truth[:4000]), n_boot=0).points.set_index("point")["estimate"]
    held = []
    for run in range(60):
        meter = van_westendorp(asked(rng.choice(truth, 150)), n_boot=200, seed=run).points.set_index("point")
        row = meter.loc["optimal price"]
        held.append(row["conf_low"] <= whole["optimal price"] <= row["conf_high"])
    assert np.mean(held) > 0.85
    twice = [van_westendorp(asked(truth[:80]), n_boot=50, seed=3).points for _ in range(2)]
    pd.testing.assert_frame_equal(*twice)


def test_customers_are_drawn_whole():
    one = pd.DataFrame(np.random.default_rng(0).uniform(1, 4, (60, 4)).cumsum(axis=1), columns=list(PRICES))
    five = pd.concat([one.assign(customer_id=[f"c{row}" for row in range(60)])] * 5, ignore_index=True)
    alone = van_westendorp(one, n_boot=400).points.set_index("point").loc["optimal price"]
    repeated = van_westendorp(five, n_boot=400).points.set_index("point").loc["optimal price"]
    assert repeated["n"] == 300
    assert repeated["n_customers"] == 60
    assert repeated["std_error"] == pytest.approx(alone["std_error"], rel=0.25)


@pytest.mark.parametrize(
    ("frame", "words"),
    [
        (pd.DataFrame({name: [1.0] for name in PRICES}), "none named them rising"),
        (pd.DataFrame({name: pd.Series([], dtype=float) for name in PRICES}), "none named them rising"),
    ],
)
def test_prices_that_do_not_rise_are_refused(frame, words):
    with pytest.raises(ValueError, match=words):
        van_westendorp(frame)


def test_missing_columns_are_named():
    with pytest.raises(KeyError, match="bargain"):
        van_westendorp(pd.DataFrame({"too_cheap": [1.0]}))


def pairs():
    """Return the reference's answers to Kano pairs, one row a person and feature."""
    wide = table(reference("kano")["data"]["csv"])
    features = [name.removesuffix("_f") for name in wide if name.endswith("_f")]
    parts = [
        pd.DataFrame({"feature": name, "functional": wide[f"{name}_f"], "dysfunctional": wide[f"{name}_d"]})
        for name in features
    ]
    return pd.concat(parts, ignore_index=True)


def test_kano_is_that_of_r():
    found, expected = kano(pairs()), reference("kano")["expected"]
    features, shares = found.features.set_index("feature"), found.shares
    sides = found.coefficients.pivot(index="feature", columns="coefficient", values="estimate")
    assert set(features.index) == set(expected)
    letters = {"M": "must-be", "O": "one-dimensional", "A": "attractive", "I": "indifferent"}
    for name, right in expected.items():
        row = features.loc[name]
        assert row["class"] == letters[right["category_mode"]]
        assert_close(sides.loc[name, ["better", "worse"]], [right["better"], right["worse"]], 1e-12)
        assert_close(row[["strength", "total_strength"]], [right["category_strength"], right["total_strength"]], 1e-12)
        assert_close(row[["difference", "bound"]], [right["fong"]["difference"], right["fong"]["bound"]], 1e-12)
        assert row["clear"] == right["fong_significant_90"]
        assert_close([row["statistic"], row["p_value"]], [right["chisq_equal_MOAI"][k] for k in ("stat", "p")], 1e-9)
        counted = shares[shares["feature"] == name].set_index("class")["estimate"] * 150
        assert counted["attractive"] == pytest.approx(right["counts"]["A"])
        assert counted["questionable"] == pytest.approx(right["counts"]["Q"])


def test_kano_weights_count_people_by_weight():
    asked = pd.DataFrame({"feature": "f", "functional": [2, 1], "dysfunctional": [5, 3], "w": [3.0, 1.0]})
    shares = kano(asked, weight="w").shares.set_index("class")["estimate"]
    assert shares["must-be"] == pytest.approx(0.75)
    assert shares["attractive"] == pytest.approx(0.25)


def test_kano_refuses_what_it_cannot_read():
    asked = pd.DataFrame({"feature": ["f"], "functional": [6], "dysfunctional": [5]})
    with pytest.raises(ValueError, match="1 of 1 pairs"):
        kano(asked)
    with pytest.raises(ValueError, match="none holds both"):
        kano(asked.assign(functional=np.nan))


@pytest.mark.parametrize(
    ("world", "options"), [("unweighted", {}), ("weighted", {"weight": "weight"}), ("depth2", {"depth": 2})]
)
def test_turf_is_that_of_r(world, options):
    known = reference("turf")
    wants, expected = table(known["data"]["csv"]), known["expected"]
    items = [name for name in wants if name.startswith("flavor")]
    found = turf(wants, items, n_boot=0, **options)
    for size in (2, 3, 4):
        best = found.sets[found.sets["size"] == size]
        right = expected[world][f"size_{size}_top5"]
        assert best["items"].tolist() == [" + ".join(row["items"]) for row in right]
        assert_close(best["estimate"], [row["reach"] for row in right], 1e-10)
        assert_close(best["frequency"], [row["frequency"] for row in right], 1e-10)
    if world != "depth2":
        order = expected[f"greedy_order_{world}"]
        assert found.steps["item"].tolist() == [row["add"] for row in order]
        assert_close(found.steps["estimate"], [row["reach"] for row in order], 1e-10)
    if world == "unweighted":
        shares = found.items.set_index("item")["share_of_reach"]
        right = expected["shapley_reach_unweighted"]
        assert_close(shares[list(right)], list(right.values()), 1e-12)


def test_reach_is_what_brute_force_counts():
    rng = np.random.default_rng(2)
    wants = pd.DataFrame((rng.random((40, 6)) < 0.3).astype(int), columns=list("abcdef"))
    found = turf(wants, list("abcdef"), sizes=[3], top=20, n_boot=0).sets.set_index("items")["estimate"]
    assert len(found) == 20
    for members in itertools.combinations("abcdef", 3):
        assert found[" + ".join(members)] == pytest.approx((wants[list(members)].sum(axis=1) > 0).mean())


def test_a_clear_best_set_wins_again_and_a_tie_does_not():
    n = 400
    clear = pd.DataFrame({"a": np.arange(n) % 2, "b": 1 - np.arange(n) % 2, "c": (np.arange(n) % 10 == 0).astype(int)})
    best = turf(clear, list("abc"), sizes=[2], n_boot=200).sets.iloc[0]
    assert best["items"] == "a + b"
    assert best["best"] == 1
    rng = np.random.default_rng(0)
    tie = pd.DataFrame((rng.random((n, 4)) < 0.4).astype(int), columns=list("abcd"))
    assert turf(tie, list("abcd"), sizes=[2], n_boot=200).sets.iloc[0]["best"] < 0.9


@pytest.mark.parametrize(
    ("items", "options", "words"),
    [
        (["a"], {}, "at least two"),
        (["a", "a"], {}, "each once"),
        (["a", "b"], {"sizes": [3]}, "a set of 3 does not fit 2"),
        (["a", "z"], {"sizes": [2]}, "no column 'z'"),
        (["a", "c"], {"sizes": [2]}, "something else than 0 and 1"),
        (["a", "d"], {"sizes": [2]}, "none of 2 people"),
    ],
)
def test_turf_refuses(items, options, words):
    wants = pd.DataFrame({"a": [0, 1], "b": [1, 1], "c": [2, 0], "d": [np.nan, np.nan]})
    with pytest.raises((KeyError, ValueError), match=words):
        turf(wants, items, **options)


def tasks():
    """Return the reference's tasks, one row a person, task and item shown."""
    wide = table(reference("maxdiff_counts")["data"]["csv"])
    shown = wide.melt(["resp", "task", "best", "worst"], ["i1", "i2", "i3", "i4"], value_name="item")
    answer = (shown["item"] == shown["best"]).astype(int) - (shown["item"] == shown["worst"]).astype(int)
    return shown.assign(answer=answer, response_id=shown["resp"].astype("str"))[
        ["response_id", "task", "item", "answer"]
    ]


@pytest.mark.parametrize(
    ("model", "name"), [("sequential", "sequential"), ("marginal", "marginal"), ("paired", "maxdiff_paired")]
)
def test_utilities_are_those_of_r(model, name):
    expected = reference("maxdiff_counts")["expected"]
    found = maxdiff(tasks(), model=model)
    utility = found.utilities.set_index("item")["estimate"]
    right = expected[name]
    assert_close([utility[item] - utility["sustain"] for item in right["coef"]], list(right["coef"].values()), 1e-5)
    assert_close(found.fit.loc[0, ["null_log_likelihood", "log_likelihood"]], right["loglik"], 1e-6)
    if model == "paired":
        shares = found.shares.set_index("item")["estimate"]
        wanted = expected["share_of_preference_paired"]
        assert_close(shares[list(wanted)], list(wanted.values()), 1e-6)


def test_counts_are_those_of_r():
    expected = reference("maxdiff_counts")["expected"]["counts"]
    counts = maxdiff(tasks()).counts.set_index("item").loc[expected["items"]]
    assert counts["best"].tolist() == expected["B"]
    assert counts["worst"].tolist() == expected["W"]
    assert_close(counts["estimate"], expected["stdBW"], 1e-12)
    assert counts["n"].eq(720).all()
    assert counts["n_customers"].eq(120).all()


def test_logit_is_that_of_statsmodels():
    rng = np.random.default_rng(4)
    x = rng.normal(size=(300, 3))
    sets = np.repeat(np.arange(100), 3)
    utility = x @ [1.0, -0.5, 0.0] + rng.gumbel(size=300)
    chosen = np.zeros(300, dtype=bool)
    chosen[utility.reshape(100, 3).argmax(axis=1) + 3 * np.arange(100)] = True
    ours = conditional_logit(x, sets, chosen)
    theirs = ConditionalLogit(chosen.astype(int), x, groups=sets).fit(disp=0)
    # Their BFGS stops a little before the top; ours may not lie below it.
    assert ours.log_likelihood >= theirs.llf - 1e-9
    assert_close(ours.coefficients, theirs.params, 1e-4)
    assert_close(np.sqrt(np.diag(ours.covariance)), theirs.bse, 1e-4)


def test_weights_count_as_copies():
    shown = tasks()
    few = shown[shown["response_id"].isin([str(one) for one in range(1, 31)])]
    heavy = few.assign(w=few["response_id"].astype(int).map(lambda one: 1 + one % 3))
    copies = pd.concat([few[heavy["w"] > copy].assign(task=few["task"] + 100 * copy) for copy in range(3)])
    weighted = maxdiff(heavy, weight="w").utilities.set_index("item")
    repeated = maxdiff(copies).utilities.set_index("item").loc[weighted.index]
    assert_close(weighted["estimate"], repeated["estimate"], 1e-8)
    # Copies of a person are the same person: the errors by respondent agree as well.
    assert_close(weighted["std_error"], repeated["std_error"], 1e-8)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"answer": 0}, "none holds one best and one worst"),
        ({"answer": np.nan}, "none holds one best and one worst"),
    ],
)
def test_maxdiff_refuses(change, words):
    with pytest.raises(ValueError, match=words):
        maxdiff(tasks().assign(**change))


def test_items_never_beside_each_other_are_refused():
    shown = tasks().head(0)
    for name, items in {"1": "abc", "2": "def"}.items():
        for task in range(6):
            order = list(items[task % 3 :] + items[: task % 3])
            rows = {"response_id": name, "task": task, "item": order, "answer": [1, 0, -1]}
            shown = pd.concat([shown, pd.DataFrame(rows)])
    with pytest.raises(ValueError, match="do not tell all"):
        maxdiff(shown)


def test_an_item_that_is_always_best_is_refused():
    rows = {
        "response_id": "1",
        "task": np.repeat(np.arange(9), 3),
        "item": list("abcacbabc" * 3),
        "answer": [1, 0, -1] * 9,
    }
    with pytest.raises(ValueError, match="infinity"):
        maxdiff(pd.DataFrame(rows))


def test_resamples_give_the_error_of_a_mean():
    values = np.random.default_rng(6).normal(size=200)
    sample = sample_of(pd.DataFrame({"x": values}), "x", None, None)
    drawn = sample.replicates(lambda weights: (weights.T @ values[:, None]) / weights.sum(axis=0)[:, None], 2000, 1)
    assert drawn.std() == pytest.approx(values.std(ddof=1) / np.sqrt(200), rel=0.08)
