"""Survey estimates, intervals and differences against R, by hand, and by enumeration."""

import itertools
import math

import numpy as np
import pandas as pd
import pytest
from references import assert_close, reference
from scipy import stats

from cxresearch.stats import differences, intervals, survey
from cxresearch.stats.design import sample_design, subset


@pytest.mark.parametrize("wrong", [[1.0, 2.0 + 2e-6], [1.0, np.nan], [1.0], [[1.0, 2.0]]])
def test_the_comparer_fails_on_a_perturbed_reference(wrong):
    assert_close([1.0, 2.0], [1.0, 2.0], absolute=1e-6)
    with pytest.raises(AssertionError):
        assert_close(wrong, [1.0, 2.0], absolute=1e-6)


# --- designs against R survey -----------------------------------------------------------------------------------------

DESIGNS = ["weights_only", "strat", "strat_fpc", "clus1", "clus1_fpc", "clus2_fpc"]


def sample(name):
    """Return the columns of a design's sample and the design."""
    data = reference("weighted_nps")["data"]
    strat, clus1, clus2 = (
        {k: np.array(v) for k, v in data[key].items()} for key in ("apistrat", "apiclus1", "apiclus2")
    )
    made = {
        "weights_only": (strat, {}),
        "strat": (strat, {"strata": strat["stype"]}),
        "strat_fpc": (strat, {"strata": strat["stype"], "fpc": strat["fpc"]}),
        "clus1": (clus1, {"cluster": clus1["dnum"]}),
        "clus1_fpc": (clus1, {"cluster": clus1["dnum"], "fpc": clus1["fpc"]}),
        "clus2_fpc": (
            clus2,
            {"cluster": [clus2["dnum"], clus2["snum"]], "fpc": [clus2["fpc1"], clus2["fpc2"]]},
        ),
    }
    columns, design = made[name]
    return columns, sample_design(len(columns["pw"]), weight=columns["pw"], **design)


def tolerance(name="estimates_and_se"):
    return {"absolute": reference("weighted_nps")["tolerance"][name]["abs"]}


@pytest.mark.parametrize("name", DESIGNS)
def test_nps_of_a_design_equals_svymean(name):
    columns, design = sample(name)
    r = reference("weighted_nps")["expected"]["designs"][name]
    found = survey.domain_means(columns["npsv"], design)
    assert found.n[0] == r["n"]
    assert found.df[0] == r["df"]
    assert_close(found.estimate, [r["nps"]], **tolerance())
    assert_close(found.std_error, [r["se"]], **tolerance())
    assert_close(found.design_effect, [r["deff_vs_srs_with_replacement"]], **tolerance())
    assert_close(found.kish, [r["kish_neff"]], **tolerance())
    assert_close(np.ravel(intervals.wald(found.estimate, found.std_error)), r["ci_z"], **tolerance())
    assert_close(np.ravel(intervals.t_interval(found.estimate, found.std_error, found.df)), r["ci_t"], **tolerance())


@pytest.mark.parametrize("name", DESIGNS)
def test_means_and_shares_of_a_design_equal_r(name):
    columns, design = sample(name)
    r = reference("weighted_nps")["expected"]["designs"][name]
    score = survey.domain_means(columns["ltr"], design)
    assert_close([score.estimate[0], score.std_error[0]], [r["ltr"], r["ltr_se"]], **tolerance())
    assert_close(score.design_effect, [r["ltr_deff_replace"]], **tolerance())
    promoters, detractors = columns["ltr"] >= 9, columns["ltr"] <= 6
    share = survey.domain_means(promoters, design)
    assert_close([share.estimate[0], share.std_error[0]], [r["prom"], r["prom_se"]], **tolerance())
    assert_close(
        np.ravel(intervals.t_interval(share.estimate, share.std_error, share.df)), r["ci_prom_mean"], **tolerance()
    )
    u, v = (survey.mean_influence(votes, design) for votes in (promoters, detractors))
    found = [[survey.covariance(a, b, design)[0] for b in (u, v)] for a in (u, v)]
    assert_close(found, r["vcov_prom_det"], **tolerance())


@pytest.mark.parametrize(
    ("name", "column", "key"),
    [
        ("strat_fpc", "stype", "by_stype_strat_fpc"),
        ("strat_fpc", "sch.wide", "by_schwide_strat_fpc"),
        ("weights_only", "sch.wide", "by_schwide_weights_only"),
    ],
)
def test_subgroups_are_domains_as_in_svyby(name, column, key):
    columns, design = sample(name)
    r = reference("weighted_nps")["expected"][key]
    levels, domain = np.unique(columns[column], return_inverse=True)
    found = survey.domain_means(columns["npsv"], design, domain, len(levels))
    assert levels.tolist() == r["level"]
    assert_close(found.estimate, r["nps"], **tolerance())
    assert_close(found.std_error, r["se"], **tolerance())


@pytest.mark.parametrize("name", ["strat_fpc", "weights_only"])
def test_difference_of_two_domains_equals_svycontrast(name):
    columns, design = sample(name)
    r = reference("weighted_nps")["expected"][f"difference_yes_minus_no_{name}"]
    yes = (columns["sch.wide"] == "Yes").astype(int)
    found = survey.domain_means(columns["npsv"], design, yes, 2)
    influence = survey.mean_influence(columns["npsv"], design, yes, 2)
    shared = survey.covariance(influence * (1 - yes), influence * yes, design)[0]
    assert_close(found.estimate[1] - found.estimate[0], r["est"], **tolerance())
    assert_close(math.sqrt(found.variance.sum() - 2 * shared), r["se"], **tolerance())


def test_known_answers_of_the_school_samples(shared):
    files = {name: pd.read_csv(shared(f"data/survey_api/{name}.csv.gz")) for name in ("apisrs", "apistrat", "apiclus1")}
    srs, strat, clus = files["apisrs"], files["apistrat"], files["apiclus1"]
    designs = {
        "apisrs": sample_design(len(srs), weight=srs["pw"], fpc=srs["fpc"]),
        "apistrat": sample_design(len(strat), weight=strat["pw"], strata=strat["stype"], fpc=strat["fpc"]),
        "apiclus1": sample_design(len(clus), weight=clus["pw"], cluster=clus["dnum"], fpc=clus["fpc"]),
    }
    known = {"apisrs": (656.58, 9.25), "apistrat": (662.29, 9.409), "apiclus1": (644.17, 23.54)}
    for name, (mean, error) in known.items():
        found = survey.domain_means(files[name]["api00"], designs[name])
        assert (round(found.estimate[0], 2), round(found.std_error[0], len(str(error).split(".")[1]))) == (mean, error)
    enrolled = survey.domain_totals(strat["enroll"], designs["apistrat"])
    assert (round(enrolled.estimate[0]), round(enrolled.std_error[0])) == (3_687_178, 114_642)


def test_total_of_a_two_stage_sample(shared):
    # R survey 4.1: svymean(~api00, dclus2) 670.81 (30.099), of svydesign(id = ~dnum + snum, fpc = ~fpc1 + fpc2).
    clus = pd.read_csv(shared("data/survey_api/apiclus2.csv.gz"))
    design = sample_design(
        len(clus), weight=clus["pw"], cluster=[clus["dnum"], clus["snum"]], fpc=[clus["fpc1"], clus["fpc2"]]
    )
    found = survey.domain_means(clus["api00"], design)
    assert (round(found.estimate[0], 2), round(found.std_error[0], 3)) == (670.81, 30.099)
    one_stage = sample_design(len(clus), weight=clus["pw"], cluster=clus["dnum"], fpc=clus["fpc1"])
    assert survey.domain_means(clus["api00"], one_stage).variance[0] < found.variance[0]


# --- designs by hand --------------------------------------------------------------------------------------------------


def test_a_sampled_fraction_says_the_same_as_a_population():
    strata = ["a"] * 4 + ["b"] * 2
    y = [1.0, 4.0, 2.0, 2.0, 5.0, 9.0]
    sizes = sample_design(6, strata=strata, fpc=[40] * 4 + [4] * 2)
    fractions = sample_design(6, strata=strata, fpc=[0.1] * 4 + [0.5] * 2)
    assert survey.domain_means(y, sizes).variance == survey.domain_means(y, fractions).variance
    census = sample_design(6, fpc=[6] * 6)
    assert survey.domain_means(y, census).variance == 0


@pytest.mark.parametrize(
    ("fpc", "message"),
    [
        ([3, 3, 3, 3], "more sampled units than their population"),
        ([10, 10, 10, 11], "constant"),
        ([0.5, 0.5, 10, 10], "above and below 1"),
        ([10, 10, 10, np.nan], "missing, zero or negative"),
        ([[9, 9, 9, 9], [9, 9, 9, 9]], "2 columns for 1 stage"),
    ],
)
def test_a_finite_population_that_cannot_be_is_refused(fpc, message):
    with pytest.raises(ValueError, match=message):
        sample_design(4, fpc=fpc)


def test_a_lonely_unit_is_adjusted_removed_or_refused():
    y, strata = np.array([1.0, 3.0, 8.0]), ["a", "a", "b"]
    influence = (y - 4) / 3
    pair = 2 * ((influence[0] - influence[:2].mean()) ** 2 + (influence[1] - influence[:2].mean()) ** 2)
    adjusted, removed = (sample_design(3, strata=strata, lonely=rule) for rule in ("adjust", "remove"))
    assert survey.domain_means(y, adjusted).variance == pytest.approx([pair + influence[2] ** 2])
    assert survey.domain_means(y, removed).variance == pytest.approx([pair])
    with pytest.raises(ValueError, match="1 of 2 hold one sampling unit"):
        sample_design(3, strata=strata, lonely="fail")
    whole = sample_design(3, strata=strata, fpc=[9, 9, 1], lonely="fail")
    assert whole.stages[0].fraction.tolist() == [2 / 9, 1]


def test_units_of_one_label_in_two_strata_are_two_units():
    y, strata, cluster = [1.0, 2.0, 5.0, 9.0], [0, 0, 1, 1], [7, 8, 7, 8]
    nested, apart = (
        sample_design(4, strata=strata, cluster=cluster),
        sample_design(4, strata=strata, cluster=[0, 1, 2, 3]),
    )
    assert survey.domain_means(y, nested).variance == survey.domain_means(y, apart).variance
    assert nested.stages[0].size.tolist() == [2, 2]


def test_answers_of_one_customer_are_summed_before_they_are_squared():
    y, customer = np.array([1.0, 1.0, -1.0, -1.0, 1.0, 0.0]), np.array([0, 0, 1, 1, 2, 2])
    influence = (y - y.mean()) / 6
    by_hand = 3 / 2 * sum(influence[customer == c].sum() ** 2 for c in range(3))
    found = survey.domain_means(y, sample_design(6, cluster=customer), customer=customer)
    assert found.variance == pytest.approx([by_hand])
    assert found.n_units == [3]
    assert found.n_eff == pytest.approx([min(found.spread[0] / by_hand, 3.0)])


def test_a_subset_keeps_the_units_of_the_whole_sample():
    y, domain = np.array([2.0, 4.0, 9.0, 9.0]), np.array([0, 0, -1, -1])
    found = survey.domain_means(y, sample_design(4), domain, 1)
    influence = (y[:2] - 3) / 2
    assert found.variance == pytest.approx([4 / 3 * (influence**2).sum()])
    assert found.df == [1]
    half = subset(sample_design(4), domain == 0)
    assert survey.domain_means(y[:2], half).variance == found.variance


def test_one_unit_has_no_variance():
    y, shop = np.array([1.0, 5.0, 2.0, 4.0]), np.array([0, 0, 1, 2])
    found = survey.domain_means(y, sample_design(4, cluster=shop), np.array([0, 0, 1, 1]), 2)
    assert np.isnan(found.variance).tolist() == [True, False]
    assert found.n_units.tolist() == [1, 2]
    assert found.n_eff[0] == 2  # Kish's: the variance says nothing
    assert np.isnan(survey.domain_totals(y, sample_design(4, cluster=[0, 0, 0, 0])).variance).all()


def test_effective_base_is_capped_at_kish_of_customer_totals():
    alternating = np.tile([1.0, -1.0], 50)
    pairs = np.repeat(np.arange(50), 2)
    found = survey.domain_means(alternating, sample_design(100, cluster=pairs), customer=pairs)
    assert found.variance[0] == 0  # every customer gave one of each, so the variance says nothing
    assert found.n_eff == [50]
    weights = np.tile([1.0, 3.0], 50)
    same = survey.domain_means(np.ones(100), sample_design(100, weight=weights))
    assert same.variance[0] == 0
    assert same.n_eff == pytest.approx([200**2 / (50 * 10)])


@pytest.mark.parametrize("seed", range(5))
def test_estimates_do_not_depend_on_order_or_scale_of_weights(seed):
    rng = np.random.default_rng(seed)
    y, w = rng.normal(size=60), rng.uniform(0.5, 4, 60)
    strata, cluster, domain = rng.integers(0, 3, 60), rng.integers(0, 20, 60), rng.integers(0, 4, 60)
    order = rng.permutation(60)

    def found(rows, factor):
        design = sample_design(60, weight=w[rows] * factor, strata=strata[rows], cluster=cluster[rows])
        return survey.domain_means(y[rows], design, domain[rows], 4)

    first, second = found(np.arange(60), 1.0), found(order, 7.0)
    for name in ("estimate", "variance", "n_eff", "kish"):
        assert getattr(second, name) == pytest.approx(getattr(first, name), nan_ok=True)
    assert second.df.tolist() == first.df.tolist()


def test_total_and_mean_agree_where_the_size_is_known():
    y, w = np.array([3.0, 5.0, 10.0]), np.array([2.0, 2.0, 2.0])
    total, mean = (
        survey.domain_totals(y, sample_design(3, weight=w)),
        survey.domain_means(y, sample_design(3, weight=w)),
    )
    assert total.estimate == 6 * mean.estimate
    assert total.std_error == pytest.approx(6 * mean.std_error)


@pytest.mark.parametrize("high", [50, 2**61])
def test_distinct_keys_are_found_as_by_numpy(high):
    key = np.random.default_rng(1).integers(0, high, 500)
    key = np.concatenate([key, key[:100]])
    for mine, numpys in zip(survey._distinct(key), np.unique(key, return_inverse=True), strict=True):
        assert mine.tolist() == numpys.tolist()


WORDS = {0: "no answers", 1: "not reported", 2: "very small base", 29: "very small base", 30: "indicative"}
WORDS |= {49: "indicative", 50: "small base", 99: "small base", 100: "", 5000: ""}


@pytest.mark.parametrize(("n", "word"), WORDS.items())
def test_words_for_bases(n, word):
    assert survey.base_flag(n, n).item() == word
    if n >= 2:
        assert survey.base_flag(5000, n).item() == word  # the smaller of both decides
        assert survey.base_flag(n, 5000).item() == word


# --- intervals --------------------------------------------------------------------------------------------------------

SAMPLES = sorted(reference("nps_ci")["expected"]["one_sample"])


@pytest.mark.parametrize("name", SAMPLES)
def test_nps_intervals_equal_r(name):
    r = reference("nps_ci")["expected"]["one_sample"][name]
    closed, score = (reference("nps_ci")["tolerance"][kind]["abs"] for kind in ("closed_form", "score"))
    p, d, n = r["promoters"] / r["n"], r["detractors"] / r["n"], r["n"]
    adjusted = np.clip(r["adjusted_wald_95_rocks"], -1, 1)
    assert_close(np.ravel(intervals.adjusted_wald_nps([p], [d], [n])), adjusted, absolute=closed)
    for level in (90, 95):
        found = intervals.score_nps([p], [d], [n], level / 100)
        assert_close(np.ravel(found), r[f"score_{level}"], absolute=score)
        plain = intervals.wald([p - d], [math.sqrt(r["variance"] / n)], level / 100)
        assert_close(np.ravel(plain), r[f"wald_{level}"], absolute=closed)


@pytest.mark.parametrize("name", SAMPLES)
def test_nps_and_its_standard_error_equal_r(name):
    r = reference("nps_ci")["expected"]["one_sample"][name]
    closed = reference("nps_ci")["tolerance"]["closed_form"]["abs"]
    scores = np.repeat(np.arange(11), r["counts_0_to_10"])
    found = survey.domain_means((scores >= 9).astype(float) - (scores <= 6), sample_design(len(scores)))
    assert_close(found.estimate, [r["nps"]], absolute=closed)
    # The package NPS divides by n, svymean by n - 1.
    n = r["n"]
    assert_close(found.std_error, [r["se"] * math.sqrt(n / (n - 1))], absolute=closed)


@pytest.mark.parametrize("place", range(6))
def test_wilson_equals_binom_confint(place):
    r = reference("nps_ci")["expected"]["binomial_ci_95"][place]
    closed = reference("nps_ci")["tolerance"]["closed_form"]["abs"]
    assert_close(np.ravel(intervals.wilson([r["x"] / r["n"]], [r["n"]])), r["wilson"], absolute=closed)


def test_t_interval_needs_a_degree_of_freedom():
    low, high = intervals.t_interval([1.0, 1.0], [1.0, 1.0], [0, 3])
    assert np.isnan([low[0], high[0]]).all()
    assert high[1] == pytest.approx(1 + stats.t.ppf(0.975, 3))


# --- differences ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("place", range(4))
def test_adjusted_difference_of_two_nps_equals_r(place):
    samples, pair = (reference("nps_ci")["expected"][key] for key in ("one_sample", "two_sample"))
    case = pair[place]
    sides = []
    for name in (case["y"], case["x"]):
        r = samples[name]
        p, d = r["promoters"] / r["n"], r["detractors"] / r["n"]
        sides.append(differences.Moments(np.array(p - d), np.array(p + d), np.array(float(r["n"]))))
    (mean_1, variance_1), (mean_2, variance_2) = (differences.adjusted(side, differences.NPS_ADDED) for side in sides)
    expected = case["adjusted_wald_abs_difference"]
    assert_close(abs(mean_2 - mean_1), expected["delta.hat"], absolute=1e-9)
    assert_close(math.sqrt(variance_1 + variance_2), expected["se.hat"], absolute=1e-9)
    statistic = differences.studentised(*sides, differences.NPS_ADDED)
    assert abs(statistic) == pytest.approx(expected["delta.hat"] / expected["se.hat"])
    assert_close(differences.two_sided_p(statistic), expected["p.value"], absolute=1e-12, relative=1e-6)


@pytest.mark.parametrize("place", range(4))
def test_benjamini_hochberg_equals_p_adjust(place):
    case = reference("crosstab_tests")["expected"]["p_adjust"][place]
    p, expected = (np.array(case[key], dtype=float) for key in ("p", "BH"))
    found = differences.benjamini_hochberg(p)
    assert np.isnan(found).tolist() == np.isnan(expected).tolist()
    known = ~np.isnan(expected)
    assert_close(found[known], expected[known], absolute=reference("crosstab_tests")["tolerance"]["abs"])


def test_welch_equals_t_test():
    file = reference("crosstab_tests")
    expected = file["expected"]["welch_t_A_D"]
    first, second = (
        survey.domain_means(file["data"][key], sample_design(len(file["data"][key]))) for key in ("ltr_D", "ltr_A")
    )
    df = differences.welch_df(first.variance, first.df, second.variance, second.df)
    t = (second.estimate - first.estimate) / np.sqrt(first.variance + second.variance)
    assert_close([t[0], df[0]], [expected["t"], expected["df"]], absolute=1e-9)
    assert_close(differences.two_sided_p(t, df), [expected["p"]], absolute=1e-9)


def test_permutation_p_equals_full_enumeration():
    first, second = np.array([1.0, 0.0, 2.0, 1.0]), np.array([3.0, 4.0, 2.0])
    answers = np.concatenate([first, second])
    units = np.column_stack([np.ones(7), answers])
    blank = np.zeros_like(units)
    in_first = np.arange(7) < 4

    def statistic(one, other):
        return other[..., 1] / other[..., 0] - one[..., 1] / one[..., 0]

    observed = second.mean() - first.mean()
    every = [answers[list(k)].mean() for k in itertools.combinations(range(7), 4)]
    exact = np.mean([abs((answers.sum() - 4 * m) / 3 - m) >= observed - 1e-9 for m in every])
    waves = (np.where(in_first[:, None], units, blank), np.where(in_first[:, None], blank, units))
    found = differences.permutation_p(*waves, statistic, n_permutations=20_000, seed=1)
    assert found == pytest.approx(exact, abs=3 * math.sqrt(exact * (1 - exact) / 20_000))


def test_permutation_p_of_repeat_customers_equals_the_sign_test():
    rises, falls = 12, 3
    change = np.repeat([1.0, -1.0], [rises, falls])
    first, second = (np.column_stack([np.ones(15), values]) for values in (np.zeros(15), change))

    def statistic(one, other):
        return other[..., 1] - one[..., 1]

    exact = stats.binomtest(falls, 15).pvalue
    found = differences.permutation_p(first, second, statistic, n_permutations=20_000, seed=1)
    assert found == pytest.approx(exact, abs=3 * math.sqrt(exact / 20_000))


def test_permutation_deals_within_strata():
    # Two strata of levels far apart; in each, either wave holds two of four units.
    answers, stratum = np.array([0.0, 1, 2, 3, 50, 51, 53, 52]), np.repeat([0, 1], 4)
    in_first = np.array([True, True, False, False] * 2)
    units = np.column_stack([np.ones(8), answers])

    def statistic(one, other):
        return other[..., 1] - one[..., 1]

    pairs = [list(pair) for pair in itertools.combinations(range(4), 2)]
    dealt = [answers[low].sum() + answers[4:][high].sum() for low in pairs for high in pairs]
    observed = abs(answers.sum() - 2 * answers[in_first].sum())
    exact = np.mean([abs(answers.sum() - 2 * total) >= observed - 1e-9 for total in dealt])
    waves = (units * in_first[:, None], units * ~in_first[:, None])
    found = differences.permutation_p(*waves, statistic, stratum=stratum, n_permutations=20_000, seed=1)
    assert found == pytest.approx(exact, abs=3 * math.sqrt(exact / 20_000))
    anywhere = differences.permutation_p(*waves, statistic, n_permutations=999, seed=1)
    assert anywhere > 2 * exact


@pytest.mark.parametrize("size", [40, 460])
def test_large_pools_are_drawn_from_as_small_ones_are_shuffled(size, monkeypatch):
    pool, times = np.random.default_rng(0).normal(size=(490, 1)), 4_000
    shuffled = differences._drawn(pool, size, times, np.random.default_rng(1))
    monkeypatch.setattr(differences, "SMALL_POOL", 0)
    drawn = differences._drawn(pool, size, times, np.random.default_rng(1))
    spread = math.sqrt(size * (490 - size) / 489 * pool.var())
    for sums in (shuffled, drawn):
        assert sums.shape == (times, 1)
        assert sums.mean() == pytest.approx(size * pool.mean(), abs=4 * spread / math.sqrt(times))
        assert sums.std() == pytest.approx(spread, rel=0.05)


def test_equivalence_is_two_one_sided_tests():
    edge = stats.norm.ppf(0.95)
    inside, outside = (
        differences.equivalent([0.0], [4.99 / edge], np.inf, 5.0),
        differences.equivalent([0.0], [5.01 / edge], np.inf, 5.0),
    )
    assert (inside.item(), outside.item()) == (True, False)
    assert not differences.equivalent([np.nan], [1.0], np.inf, 5.0).item()
    assert not differences.equivalent([0.0], [np.nan], np.inf, 5.0).item()


def two_waves(n1, n2, both, n_population, y1, y2):
    """Return the pooled design of two waves, of which `both` units are in each, and the influences on either."""
    units = np.concatenate([np.arange(n1), np.arange(n1 - both, n1 - both + n2)])
    first = np.arange(n1 + n2) < n1
    design = sample_design(n1 + n2, cluster=units)
    u, v = np.zeros(n1 + n2), np.zeros(n1 + n2)
    u[first], v[~first] = (y1 - y1.mean()) / n1, (y2 - y2.mean()) / n2
    one = np.zeros(n1 + n2, dtype=int)
    population = None if n_population is None else np.full(n1 + n2, float(n_population))
    return survey.overlap_covariance(u, v, design, one, 1, first=first, population=population)[0]


def test_covariance_of_a_panel_is_that_of_its_pairs():
    rng = np.random.default_rng(3)
    y1, y2 = rng.normal(size=(2, 40))
    assert two_waves(40, 40, 40, None, y1, y2) == pytest.approx(np.cov(y1, y2)[0, 1] / 40)
    assert two_waves(40, 40, 40, 40, y1, y2) == 0  # both waves a census: nothing is left to vary
    assert two_waves(40, 40, 40, 80, y1, y2) == pytest.approx(np.cov(y1, y2)[0, 1] / 40 / 2)
    assert two_waves(40, 40, 0, None, y1, y2) == 0


def test_covariance_of_two_waves_is_taken_within_strata():
    # Strata of different means say nothing about how a customer's two answers move together.
    rng = np.random.default_rng(6)
    strata, level = np.tile([0, 1], 100), np.tile([0.0, 50.0], 100)
    y1, y2 = level + rng.normal(size=200), level + rng.normal(size=200)
    first, both = np.repeat([True, False], 200), np.tile(np.arange(200), 2)
    votes, wave = np.concatenate([y1, y2]), np.repeat([0, 1], 200)

    def found(units):
        design = sample_design(400, cluster=units, strata=np.tile(strata, 2))
        influence = survey.mean_influence(votes, design, wave, 2)
        u, v = np.where(first, influence, 0.0), np.where(first, 0.0, influence)
        return survey.overlap_covariance(u, v, design, np.zeros(400, dtype=int), 1, first=first)[0]

    assert found(np.arange(400)) == pytest.approx(0, abs=1e-15)
    by_hand = sum(np.cov(y1[strata == h], y2[strata == h])[0, 1] / 100 / 4 for h in (0, 1))
    assert found(both) == pytest.approx(by_hand)


def test_chance_overlap_of_independent_draws_has_no_covariance():
    # n1·n2/N units are expected in both of two independent draws.
    y = np.random.default_rng(4).normal(size=40)
    assert two_waves(40, 40, 16, 100, y, y) == 0
    assert abs(two_waves(40, 40, 16, None, y, y)) > 0
