"""Groups compared: against R, against domains computed one by one, by hand, and what must be refused."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from references import assert_close, reference
from scipy import stats

from cxresearch import metrics, segments
from cxresearch.segments.comparison import REST
from cxresearch.stats.deals import Split, dealt_p
from cxresearch.stats.design import sample_design
from cxresearch.stats.differences import NPS_ADDED, Moments, permutation_p, studentised
from cxresearch.stats.groups import Members, Sample, against_rest, between, members_of
from cxresearch.stats.multiplicity import ADJUSTMENTS, adjusted_p
from cxresearch.stats.shrinkage import paule_mandel, posterior, rank_intervals
from cxresearch.stats.survey import covariance, domain_means, mean_influence

R_NAMES = {"bh": "BH", "by": "BY"}


def shares(case):
    """Return the answers of groups of which x out of n say yes."""
    rows = [
        pd.DataFrame({"yes": np.arange(n) < x, "group": str(number + 1)})
        for number, (x, n) in enumerate(zip(case["x"], case["n"], strict=True))
    ]
    return pd.concat(rows, ignore_index=True).astype({"yes": "float64"})


# --- against R --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("place", range(4))
@pytest.mark.parametrize("adjust", ADJUSTMENTS)
def test_adjusted_p_values_equal_p_adjust(adjust, place):
    case = reference("crosstab_tests")["expected"]["p_adjust"][place]
    p = np.array(case["p"], dtype=float)
    known = ~np.isnan(p)
    expected = p if adjust == "none" else np.array(case[R_NAMES.get(adjust, adjust)], dtype=float)
    found = adjusted_p(p, adjust)
    assert np.isnan(found[~known]).all()
    tolerance = reference("crosstab_tests")["tolerance"]
    assert_close(
        found[known], expected[known], tolerance["hommel_tukey"]["abs"] if adjust == "hommel" else tolerance["abs"]
    )


@pytest.mark.parametrize("adjust", ADJUSTMENTS)
@pytest.mark.parametrize("name", ["smokers", "seg"])
def test_pairwise_shares_equal_pairwise_prop_test(name, adjust):
    case = reference("crosstab_tests")["expected"][name]
    expected = case["pairwise"][R_NAMES.get(adjust, adjust)]
    found = segments.compare(shares(case), "yes", "group", against="pairwise", adjust=adjust, n_permutations=0)
    by_pair = {
        frozenset(pair): p for *pair, p in zip(found["level"], found["against"], found["p_adjusted"], strict=True)
    }
    pairs = [frozenset(pair) for pair in zip(expected["a"], expected["b"], strict=True)]
    tolerance = reference("crosstab_tests")["tolerance"]["hommel_tukey" if adjust == "hommel" else "abs"]
    assert_close(
        [by_pair[pair] for pair in pairs], expected["p"], tolerance["abs"] if adjust == "hommel" else tolerance
    )


@pytest.mark.parametrize("adjust", ["none", "bh"])
def test_pairwise_means_equal_pairwise_t_test(adjust):
    data, expected = (
        reference("crosstab_tests")["data"],
        reference("crosstab_tests")["expected"]["means"][f"{R_NAMES.get(adjust, adjust)}_welch"],
    )
    frame = pd.concat([pd.DataFrame({"score": data[f"ltr_{name}"], "group": name}) for name in "ABCD"])
    found = segments.compare(
        frame.reset_index(drop=True), "score", "group", against="pairwise", adjust=adjust, n_permutations=0
    )
    by_pair = {
        frozenset(pair): p for *pair, p in zip(found["level"], found["against"], found["p_adjusted"], strict=True)
    }
    pairs = [frozenset(pair) for pair in zip(expected["a"], expected["b"], strict=True)]
    assert_close([by_pair[pair] for pair in pairs], expected["p"], reference("crosstab_tests")["tolerance"]["abs"])


@pytest.mark.parametrize("name", ["strat_fpc", "weights_only"])
def test_difference_of_domains_equals_svycontrast(name):
    frame = pd.DataFrame(reference("crosstab_tests")["data"]["apistrat"]).rename(columns={"ltr": "nps"})
    design = {"weight": "pw"} | ({"strata": "stype", "fpc": "fpc"} if name == "strat_fpc" else {})
    expected = reference("crosstab_tests")["expected"]["difference_yes_minus_no"][name]
    row = segments.compare(frame, "nps", "sch.wide", n_permutations=0, **design).set_index("level").loc["Yes"]
    assert_close([row["estimate"], row["std_error"]], [expected["est"], expected["se"]], 1e-6)
    assert row["statistic"] != pytest.approx(expected["svyttest"]["t"])  # that of adjusted counts
    mean = segments.compare(frame, "npsv", "sch.wide", n_permutations=0, **design).set_index("level").loc["Yes"]
    assert mean["statistic"] == pytest.approx(expected["svyttest"]["t"], abs=1e-6)


# --- against domains computed one by one ------------------------------------------------------------------------------


def drawn(seed, *, clustered, stratified, weighted, n=300):
    rng = np.random.default_rng(seed)
    customer = rng.integers(0, n // 2, n)
    design = sample_design(
        n,
        weight=np.exp(rng.normal(0, 0.4, n)) if weighted else None,
        cluster=customer if clustered else None,
        strata=customer % 3 if stratified else None,
    )
    y = rng.normal(50, 2, n)
    y[rng.random(n) < 0.1] = np.nan
    return y, rng.integers(-1, 4, n), Sample(design, customer, customer), rng


def two_domains(y, sample, domain):
    """Return the estimates of domains 0 and 1 and their covariance, the slow way."""
    found = domain_means(y, sample.design, domain, 2, customer=sample.customer)
    u = mean_influence(y, sample.design, domain, 2)
    return found, covariance(np.where(domain == 0, u, 0.0), np.where(domain == 1, u, 0.0), sample.design)[0]


@pytest.mark.parametrize("clustered", [False, True])
@pytest.mark.parametrize("stratified", [False, True])
@pytest.mark.parametrize("weighted", [False, True])
def test_all_groups_at_once_equal_each_group_alone(clustered, stratified, weighted):
    y, code, sample, _ = drawn(3, clustered=clustered, stratified=stratified, weighted=weighted)
    pairs = against_rest(y, members_of(code, 4), code >= 0, sample)
    for group in range(4):
        expected, shared = two_domains(y, sample, np.where(code < 0, -1, (code != group) * 1))
        for name in ("n", "estimate", "variance", "spread", "df", "n_units", "kish", "n_eff"):
            own = [getattr(side.found, name)[group] for side in (pairs.first, pairs.second)]
            assert own == pytest.approx(getattr(expected, name), rel=1e-9), name
        assert pairs.covariance[group] == pytest.approx(shared, abs=1e-12)


def test_overlapping_groups_share_their_respondents():
    y, _, sample, rng = drawn(4, clustered=True, stratified=False, weighted=True)
    ticked = (rng.random((len(y), 2)) < 0.5).astype(float)
    found = between(y, Members(ticked), np.array([[0, 1]]), sample)
    influence = [mean_influence(y, sample.design, np.where(ticked[:, k] > 0, 0, -1)) for k in (0, 1)]
    assert found.covariance[0] == pytest.approx(covariance(*influence, sample.design)[0], rel=1e-9)
    assert found.covariance[0] > 0
    single = between(y, Members(np.c_[ticked[:, 0], ticked[:, 0]]), np.array([[0, 1]]), sample)
    assert single.covariance[0] == pytest.approx(single.first.found.variance[0], rel=1e-9)


@given(st.integers(0, 2**32 - 1))
@settings(max_examples=25, deadline=None)
def test_two_groups_are_each_others_rest(seed):
    rng = np.random.default_rng(seed)
    frame = pd.DataFrame(
        {"nps": rng.integers(0, 11, 240), "plan": rng.choice(["A", "B"], 240), "customer_id": rng.integers(0, 150, 240)}
    )
    rest = segments.compare(frame, "nps", "plan", n_permutations=0).set_index("level")
    pair = segments.compare(frame, "nps", "plan", against="B", n_permutations=0).set_index("level")
    columns = ["estimate", "std_error", "conf_low", "conf_high", "statistic", "p_value"]
    np.testing.assert_allclose(
        rest.loc["A", columns].astype(float), pair.loc["A", columns].astype(float), rtol=1e-9, atol=1e-12
    )
    flipped = -rest.loc["B", ["estimate", "conf_high", "conf_low", "statistic"]].astype(float)
    np.testing.assert_allclose(
        rest.loc["A", ["estimate", "conf_low", "conf_high", "statistic"]].astype(float), flipped, atol=1e-9
    )


def test_two_groups_of_a_mean_are_welchs_t_test():
    rng = np.random.default_rng(1)
    a, b = rng.normal(5, 1, 150), rng.normal(5.3, 2, 120)
    frame = pd.DataFrame({"minutes": np.r_[a, b], "plan": ["A"] * 150 + ["B"] * 120})
    row = segments.compare(frame, "minutes", "plan").iloc[0]
    expected = stats.ttest_ind(a, b, equal_var=False)
    interval = expected.confidence_interval()
    assert [row["statistic"], row["p_value"], row["conf_low"], row["conf_high"]] == pytest.approx(
        [expected.statistic, expected.pvalue, interval.low, interval.high], rel=1e-9
    )


# --- permutation ------------------------------------------------------------------------------------------------------


def test_one_set_of_deals_gives_each_group_the_p_value_of_its_own():
    rng = np.random.default_rng(2)
    units = np.ones((300, 3))
    units[:, 1] = rng.choice([-1.0, 0.0, 1.0], 300, p=[0.2, 0.3, 0.5])
    units[:, 2] = units[:, 1] ** 2
    low = np.argsort(units[:, 1], kind="stable")
    # The third lies on both sides in ten of its units.
    shares = [
        np.isin(np.arange(300), rng.choice(300, 40, replace=False)) * 1.0,
        np.isin(np.arange(300), np.r_[low[:20], low[-30:]]) * 1.0,
    ]
    shares.append(shares[1] - 0.9 * np.isin(np.arange(300), np.flatnonzero(shares[1])[:10]))
    splits = [Split(units * part[:, None], 40.0, 260.0) for part in shares]
    found = dealt_p(units, splits, NPS_ADDED, n_permutations=19_999, seed=1)

    def statistic(one, other):
        sides = [Moments(s[..., 1] / s[..., 0], s[..., 2] / s[..., 0], n) for s, n in ((one, 40.0), (other, 260.0))]
        return studentised(sides[0], sides[1], NPS_ADDED)

    for split, p in zip(splits, found, strict=True):
        alone = permutation_p(split.inside, units - split.inside, statistic, n_permutations=19_999, seed=9)
        assert p == pytest.approx(alone, abs=4 * np.sqrt(2 * alone * (1 - alone) / 20_000) + 1e-4)


def test_small_bases_are_permuted_and_very_small_ones_are_not_tested():
    rng = np.random.default_rng(3)
    frame = pd.DataFrame({"nps": rng.choice([3, 8, 10], 500), "plan": ["tiny"] * 29 + ["small"] * 60 + ["large"] * 411})
    found = segments.compare(frame, "nps", "plan").set_index("level")
    plain = segments.compare(frame, "nps", "plan", n_permutations=0).set_index("level")
    assert found["p_value"].isna().to_dict() == {"large": False, "small": False, "tiny": True}
    assert found.loc["tiny", "verdict"] == "cannot tell"
    assert found.loc["tiny", "flag"] == "very small base"
    assert found.loc["small", "p_value"] != plain.loc["small", "p_value"]
    # One permutation p-value is a whole number of 1,000 or 5,000 deals; the large-sample one is not.
    deals = [frame.loc["small", "p_value"] * 5_000 for frame in (found, plain)]
    assert [abs(number - round(number)) < 1e-6 for number in deals] == [True, False]


# --- verdicts ---------------------------------------------------------------------------------------------------------


def votes(promoters, passives, detractors):
    return [10] * promoters + [8] * passives + [3] * detractors


def plans(**answers):
    rows = [pd.DataFrame({"nps": votes(*counts), "plan": name}) for name, counts in answers.items()]
    return pd.concat(rows, ignore_index=True)


def test_verdicts_of_a_clear_an_equal_and_an_unclear_difference():
    found = segments.compare(
        plans(A=(9000, 0, 1000), B=(5000, 2000, 3000), C=(5000, 2000, 3000)),
        "nps",
        "plan",
        against="pairwise",
        smallest_difference=5,
    )
    words = found.set_index(["level", "against"])["verdict"].to_dict()
    assert words == {("A", "B"): "higher", ("A", "C"): "higher", ("B", "C"): "no difference beyond 5"}
    unclear = segments.compare(plans(A=(60, 20, 40), B=(50, 30, 40)), "nps", "plan", smallest_difference=5)
    assert set(unclear["verdict"]) == {"cannot tell"}
    assert (unclear["minimum_detectable"] > 5).all()
    assert set(segments.compare(plans(A=(5000, 0, 5000), B=(5000, 0, 5000)), "nps", "plan")["verdict"]) == {
        "cannot tell"
    }


def test_the_family_is_printed_and_counts_what_was_tested():
    found = segments.compare(plans(A=(60, 20, 40), B=(50, 30, 40), C=(5, 3, 2)), "nps", "plan")
    assert set(found["family"]) == {"2 comparisons of plan"}
    assert set(found["against"]) == {REST}


def test_values_are_those_of_the_metric():
    frame = plans(A=(60, 20, 40), B=(50, 30, 40))
    found = segments.compare(frame, "nps", "plan").set_index("level")
    expected = metrics.nps(frame, "plan").set_index("plan")
    for name, column in (("value", "estimate"), ("n", "n"), ("n_eff", "n_eff"), ("n_customers", "n_customers")):
        assert found[name].tolist() == pytest.approx(expected[column].tolist())


def test_a_customer_in_both_groups_counts_as_one():
    frame = plans(A=(60, 20, 40), B=(60, 20, 40)).assign(id=np.tile(np.arange(120), 2).astype(str))
    alone = segments.compare(frame, "nps", "plan", n_permutations=0)
    paired = segments.compare(frame, "nps", "plan", customer="id", n_permutations=0)
    assert (alone["std_error"] > 5).all()
    # Each gave the same answer in both groups: the difference is 0 without error, and nothing can be tested.
    assert paired["std_error"].tolist() == pytest.approx([0.0, 0.0], abs=1e-6)


# --- the screen -------------------------------------------------------------------------------------------------------


def grouped(n=1200, seed=5):
    rng = np.random.default_rng(seed)
    frame = pd.DataFrame({name: rng.choice(list("abc"), n) for name in ("plan", "region")})
    planted = frame["plan"].eq("b") & frame["region"].eq("c")
    frame["nps"] = np.where(planted & (rng.random(n) < 0.8), 2, rng.choice([3, 8, 10], n, p=[0.2, 0.3, 0.5]))
    return frame


def test_the_screen_finds_the_planted_cell_first():
    found = segments.screen(grouped(), "nps", ["plan", "region"])
    assert found.loc[0, ["segment", "level", "verdict"]].tolist() == ["plan × region", "b × c", "lower"]
    assert len(found) == 3 + 3 + 9
    assert found["family"].unique().tolist() == ["15 cells of 2 segments and their pairs"]
    differs = found["verdict"].isin(["higher", "lower"])
    sizes = found.loc[differs, "at_least"].abs()
    assert sizes.is_monotonic_decreasing


def test_cells_of_the_screen_equal_a_comparison_of_each():
    frame = grouped()
    found = segments.screen(frame, "nps", ["plan", "region"], n_permutations=0).set_index("level")
    cell = frame.assign(cell=frame["plan"] + " × " + frame["region"])
    alone = segments.compare(cell, "nps", "cell", n_permutations=0).set_index("level")
    columns = ["n", "estimate", "std_error", "conf_low", "p_value"]
    np.testing.assert_allclose(found.loc[alone.index, columns].astype(float), alone[columns].astype(float), rtol=1e-9)


# --- many units -------------------------------------------------------------------------------------------------------


def test_paule_mandel_solves_its_equation_and_finds_no_spread_where_there_is_none():
    rng = np.random.default_rng(6)
    variance = rng.uniform(1, 4, 30)
    y = rng.normal(10, 3, 30) + rng.normal(0, np.sqrt(variance))
    mean, between_units = paule_mandel(y, variance)
    weight = 1 / (variance + between_units)
    assert (weight * (y - np.average(y, weights=weight)) ** 2).sum() == pytest.approx(29, rel=1e-8)
    assert mean == pytest.approx(np.average(y, weights=weight))
    assert paule_mandel(np.array([1.0, 1.1, 0.9]), np.ones(3))[1] == 0.0


@pytest.mark.parametrize("units", [6, 40])
def test_shrunken_estimates_are_nearer_to_the_truth_and_their_intervals_hold(units):
    rng = np.random.default_rng(7)
    truth = rng.normal(0, 1, (300, units))
    y = truth + rng.normal(0, 1, truth.shape)
    found = [posterior(one, np.ones(units)) for one in y]
    away = np.stack([one[0] for one in found]) - truth
    assert (away**2).mean() < 0.85 * ((y - truth) ** 2).mean()
    assert 0.93 <= np.mean(np.abs(away) < 1.96 * np.stack([one[1] for one in found])) <= 0.97


def test_rank_intervals_hold_for_one_unit_and_together_for_all():
    rng = np.random.default_rng(8)
    single, every = [], []
    for seed in range(60):
        truth = rng.normal(0, 1, 12)
        y = truth + rng.normal(0, 0.5, 12)
        centre, error, _ = posterior(y, np.full(12, 0.25))
        rank = stats.rankdata(-truth)
        for simultaneous, kept in ((False, single), (True, every)):
            low, high = rank_intervals(
                centre, error, conf_level=0.95, simultaneous=simultaneous, n_draws=1000, seed=seed
            )
            kept.append((low <= rank) & (rank <= high))
    assert np.mean(single) >= 0.93
    assert np.mean([one.all() for one in every]) >= 0.88 > np.mean([one.all() for one in single])


def test_units_that_cannot_be_ranked_are_told():
    units = pd.DataFrame(
        {
            "team": list("abcd"),
            "n": [200, 200, 200, 20],
            "estimate": [30.0, 31.0, 29.0, 90.0],
            "std_error": [8.0, 8.0, 0.0, 9.0],
        }
    )
    found = segments.shrink(units).set_index("team")
    assert found.loc["d", ["rank", "rank_low"]].isna().all()
    assert "rank cannot be told" in found.loc["a", "flag"]
    assert found.loc["c", "std_error"] > 0
    assert found.loc["d", "estimate"] < 90


# --- bad input --------------------------------------------------------------------------------------------------------

FEW = {"nps": [10, 3, 8, 9] * 10, "plan": ["A", "B"] * 20, "w": [1.0] * 40, "tv": [0.0] * 40}


@pytest.mark.parametrize(
    ("change", "arguments", "message"),
    [
        ({"plan": [None] * 40}, {}, "plan: all 40 rows are missing"),
        ({"w": [-1.0] + [1.0] * 39}, {"weight": "w"}, "missing, negative or infinite"),
        ({"w": [np.nan] + [1.0] * 39}, {"weight": "w"}, "missing, negative or infinite"),
        ({"nps": [99] * 40}, {}, "not whole numbers 0–10|not whole numbers 0-10"),
        ({"tv": [2.0] * 40}, {"by": {"devices": ["tv"]}}, "neither 0 nor 1"),
        ({}, {"by": {"devices": []}}, "names no columns"),
        ({}, {"by": ["plan", "plan"]}, "twice"),
        ({}, {"by": "nothing"}, "no column"),
        ({}, {"against": "C"}, "no such level"),
        ({}, {"adjust": "tukey"}, "one of none"),
        ({}, {"smallest_difference": 0}, "above 0"),
        ({}, {"conf_level": 1.5}, "between 0 and 1"),
        ({}, {"customer": "who"}, "no column"),
    ],
)
def test_what_cannot_be_compared_is_refused_in_a_sentence(change, arguments, message):
    frame = pd.DataFrame(FEW | change)
    with pytest.raises((ValueError, KeyError), match=message) as error:
        segments.compare(frame, "nps", **{"by": "plan"} | arguments)
    assert "\n" not in str(error.value)


def test_all_pairs_of_2000_groups_are_refused_but_each_against_the_rest_is_not():
    frame = pd.DataFrame({"nps": [10, 3] * 2000, "plan": np.repeat(np.arange(2000), 2).astype(str)})
    with pytest.raises(ValueError, match="1999000 pairs"):
        segments.compare(frame, "nps", "plan", against="pairwise")
    found = segments.compare(frame, "nps", "plan")
    assert len(found) == 2000
    assert found["p_value"].isna().all()


@pytest.mark.parametrize(
    ("change", "flag"),
    [
        ({"plan": ["A"] * 40}, "no one to compare with"),
        ({"nps": [np.nan] * 40}, "no answers"),
        ({"w": [0.0] * 40}, "no answers"),
    ],
)
def test_nothing_to_compare_is_a_flag(change, flag):
    found = segments.compare(pd.DataFrame(FEW | change), "nps", "plan", weight="w")
    assert found["flag"].str.contains(flag).all()
    assert found["estimate"].isna().all()
    assert set(found["verdict"]) == {""}


def test_a_set_that_nobody_ticked_has_groups_of_no_one():
    found = segments.compare(pd.DataFrame(FEW), "nps", {"devices": ["tv"]})
    assert found[["level", "n", "flag"]].to_numpy().tolist() == [["tv", 0, "no answers"]]


def test_inputs_are_not_changed():
    frame = grouped()
    before = frame.copy()
    segments.screen(frame, "nps", ["plan", "region"], n_permutations=50)
    segments.compare(frame, "nps", "plan")
    pd.testing.assert_frame_equal(frame, before)


def test_groups_that_are_strata_are_compared_all_the_same():
    # Dealt within strata nobody would move; the school types of the sample survey are its strata.
    rng = np.random.default_rng(8)
    frame = pd.DataFrame({"type": np.repeat(["E", "H"], [60, 50]), "w": np.repeat([2.0, 1.0], [60, 50])})
    frame["score"] = np.where(frame["type"].eq("H"), 600.0, 680.0) + rng.normal(0, 80, 110)
    apart = segments.compare(frame, "score", "type", weight="w", strata="type", against="E", seed=1).iloc[0]
    plain = segments.compare(frame, "score", "type", weight="w", strata="type", against="E", n_permutations=0).iloc[0]
    assert apart["verdict"] == "lower"
    assert apart["p_value"] == pytest.approx(plain["p_value"], abs=0.002)
