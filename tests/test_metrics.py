"""Metrics of answers and of studies: by hand, against R, and what must hold for every one of them."""

import math
from dataclasses import dataclass, field
from functools import partial
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
from references import reference
from scipy import stats

from cxresearch import metrics

RESULT = ["n", "n_customers", "n_eff", "estimate", "std_error", "conf_low", "conf_high", "flag"]
NUMBERS = RESULT[:-1]
CHANGE = [
    *("n", "n_customers", "n_previous", "n_customers_previous", "n_eff", "previous", "current"),
    *("estimate", "std_error", "conf_low", "conf_high", "statistic", "p_value", "p_adjusted"),
    *("minimum_detectable", "verdict", "flag"),
]


def answers(n=400, seed=0):
    """Return answers of every kind, some missing, of customers who answer more than once."""
    rng = np.random.default_rng(seed)
    frame = pd.DataFrame(
        {
            "nps": rng.integers(0, 11, n).astype(float),
            "csat": rng.integers(1, 6, n),
            "ces": rng.integers(1, 8, n),
            "fcr": rng.integers(0, 2, n),
            "minutes": rng.gamma(2.0, 5.0, n),
            "weight": rng.uniform(0.5, 2.0, n),
            "plan": rng.choice(["Basic", "Plus", "Business"], n),
            "customer_id": pd.Series(rng.integers(0, n // 2, n)).astype("str"),
        }
    )
    frame.loc[rng.random(n) < 0.1, ["nps", "csat", "ces", "fcr", "minutes"]] = np.nan
    return frame


METRICS = {
    "nps": (metrics.nps, "nps"),
    "csat": (metrics.csat, "csat"),
    "ces": (metrics.ces, "ces"),
    "fcr": (metrics.fcr, "fcr"),
    "top_box": (metrics.top_box, "csat"),
    "top_2_box": (metrics.top_2_box, "csat"),
    "low_effort": (metrics.low_effort, "ces"),
    "conversion": (partial(metrics.conversion, column="fcr"), "fcr"),
    "negative_word_of_mouth": (partial(metrics.negative_word_of_mouth, column="fcr"), "fcr"),
    "expectation_met": (partial(metrics.expectation_met, column="csat"), "csat"),
    "mean": (partial(metrics.mean, column="minutes"), "minutes"),
    "total": (partial(metrics.total, column="minutes"), "minutes"),
    "proportion": (partial(metrics.proportion, column="fcr"), "fcr"),
}
METHODS = {
    "nps": ("adjusted-wald", "score", "wald"),
    **dict.fromkeys(("fcr", "top_box", "top_2_box", "low_effort", "proportion"), ("wilson", "wald")),
    **dict.fromkeys(("conversion", "negative_word_of_mouth", "expectation_met"), ("wilson", "wald")),
    **dict.fromkeys(("csat", "ces", "mean", "total"), ("t", "wald")),
}
EVERY = pytest.mark.parametrize("name", METRICS)
SHARES_AND_MEANS = pytest.mark.parametrize("name", [name for name in METRICS if name != "total"])


def numbers(frame):
    return frame[NUMBERS].to_numpy(dtype=float)


# --- what holds for every metric --------------------------------------------------------------------------------------


@EVERY
@pytest.mark.parametrize("by", [None, "plan", ["plan", "csat"]])
def test_a_result_has_the_same_columns_whatever_the_arguments(name, by):
    keys = [] if by is None else [by] if isinstance(by, str) else by
    for method in METHODS[name]:
        found = METRICS[name][0](answers(), by=by, weight="weight", conf_level=0.9, method=method)
        assert found.columns.tolist() == [*keys, *RESULT]
        assert found["n"].dtype.kind == found["n_customers"].dtype.kind == "i"
        shown = found[found["n"] > 1]
        assert (shown["conf_low"] <= shown["estimate"] + 1e-9).all()
        assert (shown["conf_high"] >= shown["estimate"] - 1e-9).all()


@EVERY
def test_no_weight_is_all_ones(name):
    metric = METRICS[name][0]
    ones = answers().assign(one=1.0)
    assert numbers(metric(ones, "plan")) == pytest.approx(numbers(metric(ones, "plan", weight="one")))


@SHARES_AND_MEANS
def test_only_ratios_of_weights_matter(name):
    metric = METRICS[name][0]
    frame = answers()
    for factor in (7, 1e-200, 1e200):
        scaled = frame.assign(weight=frame["weight"] * factor)
        assert numbers(metric(frame, weight="weight")) == pytest.approx(numbers(metric(scaled, weight="weight")))
    plain, weighted = metric(frame)["estimate"].item(), metric(frame, weight="weight")["estimate"].item()
    assert abs(plain - weighted) > 1e-6


@EVERY
def test_order_and_index_do_not_matter(name):
    metric, frame = METRICS[name][0], answers()
    shuffled = frame.sample(frac=1, random_state=3)
    assert numbers(metric(shuffled, "plan")) == pytest.approx(numbers(metric(frame, "plan")))
    assert numbers(metric(frame.set_index(frame.index * 0), "plan")) == pytest.approx(numbers(metric(frame, "plan")))


@EVERY
def test_inputs_are_not_changed(name):
    frame = answers()
    before = frame.copy(deep=True)
    METRICS[name][0](frame, ["plan"], weight="weight", strata="plan")
    pd.testing.assert_frame_equal(frame, before)


@SHARES_AND_MEANS
def test_doubled_rows_and_doubled_weights_estimate_the_same(name):
    metric = METRICS[name][0]
    frame = answers().drop(columns="customer_id").assign(two=2.0)
    doubled = pd.concat([frame, frame], ignore_index=True)
    one, heavy, twice = metric(frame), metric(frame, weight="two"), metric(doubled)
    assert twice["estimate"].item() == pytest.approx(heavy["estimate"].item()) == pytest.approx(one["estimate"].item())
    # Weights are no more answers; twice as many answers are.
    assert heavy["std_error"].item() == pytest.approx(one["std_error"].item())
    n = one["n"].item()
    assert twice["n"].item() == 2 * n
    if name != "nps":  # of an NPS only the standard error shrinks by this, the interval is adjusted
        assert twice["std_error"].item() == pytest.approx(one["std_error"].item() * math.sqrt(1 / 2), rel=2 / n)


@EVERY
def test_a_copied_answer_of_the_same_customer_is_no_second_observation(name):
    metric = METRICS[name][0]
    frame = answers().assign(customer_id=lambda rows: rows.index.astype("str"))
    doubled = pd.concat([frame, frame], ignore_index=True)
    one, twice = metric(frame), metric(doubled)
    factor = 2 if name == "total" else 1
    assert twice["std_error"].item() == pytest.approx(factor * one["std_error"].item())
    # The spread of the answers divides by rows less one, their variance by customers less one.
    assert twice["n_eff"].item() == pytest.approx(one["n_eff"].item(), rel=1 / one["n"].item())
    assert twice["n_customers"].item() == one["n"].item()
    apart = metric(doubled.assign(row=range(len(doubled))), cluster="row")
    assert apart["std_error"].item() < 0.75 * twice["std_error"].item()


@EVERY
def test_a_column_without_answers_gives_a_row_that_says_so(name):
    metric, column = METRICS[name]
    for empty in (np.nan, None, pd.NA):
        found = metric(answers().assign(**{column: empty}))
        assert (found["n"].item(), found["n_customers"].item(), found["flag"].item()) == (0, 0, "no answers")
        assert found[["estimate", "std_error", "conf_low", "conf_high"]].isna().all(axis=None)


@EVERY
def test_an_empty_frame(name):
    frame = answers().iloc[:0]
    assert METRICS[name][0](frame)["flag"].tolist() == ["no answers"]
    by_plan = METRICS[name][0](frame, "plan")
    assert by_plan.columns.tolist() == ["plan", *RESULT]
    assert by_plan.empty


@EVERY
def test_a_group_without_answers_keeps_its_row(name):
    metric, column = METRICS[name]
    frame = answers()
    frame.loc[frame["plan"] == "Plus", column] = np.nan
    found = metric(frame, "plan").set_index("plan")
    assert found.loc["Plus", "flag"] == "no answers"
    assert found.loc["Plus", "n"] == 0
    assert found.loc["Basic", "n"] > 0


@EVERY
def test_one_answer_is_not_reported(name):
    metric, column = METRICS[name]
    frame = answers()
    one = frame[frame[column].notna()].head(1)
    found = metric(one)
    assert (found["n"].item(), found["flag"].item()) == (1, "not reported")
    assert found[["estimate", "std_error", "conf_low", "conf_high"]].isna().all(axis=None)


@EVERY
def test_rows_without_a_group_are_left_out_of_the_groups(name):
    frame = answers()
    frame.loc[frame.index[:50], "plan"] = np.nan
    metric, column = METRICS[name]
    assert metric(frame, "plan")["n"].sum() == frame.loc[frame.index[50:], column].notna().sum()
    assert metric(frame, "plan")["plan"].tolist() == ["Basic", "Business", "Plus"]


@EVERY
@pytest.mark.parametrize("bad", [-1.0, np.nan, np.inf])
def test_bad_weights_are_refused_in_a_sentence(name, bad):
    metric, column = METRICS[name]
    frame = answers()
    place = frame.index[frame[column].notna()][:3]
    frame.loc[place, "weight"] = bad
    with pytest.raises(ValueError, match=r"weight 'weight': 3 of \d+ answers have a missing, negative or infinite"):
        metric(frame, weight="weight")


@EVERY
def test_weights_of_rows_without_an_answer_do_not_matter(name):
    metric, column = METRICS[name]
    frame = answers()
    odd = frame.assign(weight=frame["weight"].where(frame[column].notna(), np.nan))
    assert numbers(metric(odd, weight="weight")) == pytest.approx(numbers(metric(frame, weight="weight")))


@EVERY
def test_weight_zero_leaves_an_answer_out(name):
    metric, column = METRICS[name]
    frame = answers()
    none = metric(frame.assign(weight=0.0), weight="weight")
    assert (none["n"].item(), none["flag"].item()) == (0, "no answers")
    used = frame[column].notna()
    without = metric(frame.assign(weight=np.where(frame.index < 100, 0.0, 1.0)), weight="weight")
    assert without["n"].item() == used[100:].sum()
    kept = metric(frame.assign(**{column: frame[column].where(frame.index >= 100)}))
    assert numbers(without) == pytest.approx(numbers(kept))


@EVERY
def test_an_unknown_column_is_named(name):
    metric, column = METRICS[name]
    with pytest.raises(KeyError, match=f"no column '{column}'"):
        metric(answers().drop(columns=column))
    for argument in ("by", "weight", "strata", "cluster", "fpc"):
        with pytest.raises(KeyError, match="no column 'nowhere'"):
            metric(answers(), **{argument: "nowhere"})


@EVERY
def test_text_in_place_of_numbers_is_refused_without_quoting_it(name):
    metric, column = METRICS[name]
    with pytest.raises(TypeError, match=f"{column}: the column holds") as error:
        metric(answers().assign(**{column: "secret"}))
    assert "secret" not in str(error.value)


@pytest.mark.parametrize(
    ("name", "bad", "message"),
    [
        ("nps", 99, "nps: 2 of .* answers are not whole numbers 0–10"),
        ("nps", 8.5, "whole numbers"),
        ("nps", -1, "whole numbers"),
        ("csat", 6, "csat: 2 of .* answers are not on 1–5"),
        ("ces", 0, "on 1–7"),
        ("fcr", 2, "whole numbers 0–1"),
        ("top_2_box", 99, "on 1–5"),
        ("mean", np.inf, "finite"),
    ],
)
def test_answers_off_the_scale_are_refused(name, bad, message):
    metric, column = METRICS[name]
    frame = answers().astype({column: "float64"})
    frame.loc[[0, 1], column] = bad
    with pytest.raises(ValueError, match=message):
        metric(frame)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"conf_level": 95}, "conf_level: found 95; it lies between 0 and 1"),
        ({"method": "bootstrap"}, "method: found 'bootstrap'; for nps it is one of adjusted-wald, score, wald"),
        ({"by": ["plan", "plan"]}, "each column may be named once"),
        ({"by": "n"}, "the name of a result column"),
    ],
)
def test_wrong_arguments_are_refused(arguments, message):
    with pytest.raises(ValueError, match=message):
        metrics.nps(answers().assign(n=1), **arguments)


def test_what_is_no_frame_is_refused():
    with pytest.raises(TypeError, match="responses: found a list"):
        metrics.nps([9, 10])
    with pytest.raises(ValueError, match="several columns named 'nps'"):
        metrics.nps(pd.concat([answers(), answers()[["nps"]]], axis=1))


@pytest.mark.parametrize("dtype", ["int64", "float32", "Int64", "Float64", "object", "int64[pyarrow]"])
def test_any_kind_of_numbers_will_do(dtype):
    frame = pd.DataFrame({"nps": pd.Series([10, 9, 8, 3, 0, 10] * 20).astype(dtype)})
    assert metrics.nps(frame)["estimate"].item() == pytest.approx(100 / 6)
    yes = pd.DataFrame({"fcr": pd.Series([True, False, None] * 40, dtype="boolean")})
    assert metrics.fcr(yes)[["n", "estimate"]].iloc[0].tolist() == [80, 0.5]


# --- by hand ----------------------------------------------------------------------------------------------------------


def test_nps_by_hand():
    frame = pd.DataFrame({"nps": [10, 9, 8, 7, 6, 0], "weight": [1, 1, 1, 1, 2, 4]})
    assert metrics.nps(frame)["estimate"].item() == 0
    assert metrics.nps(frame, weight="weight")["estimate"].item() == pytest.approx(100 * (2 - 6) / 10)
    z = np.array([1, 1, 0, 0, -1, -1])
    error = 100 * math.sqrt(6 / 5 * (z**2).sum() / 36)
    assert metrics.nps(frame)["std_error"].item() == pytest.approx(error)


@pytest.mark.parametrize(("score", "end"), [(10, 100.0), (0, -100.0)])
def test_all_alike_has_an_interval_inside_the_scale(score, end):
    for method in METHODS["nps"][:2]:
        row = metrics.nps(pd.DataFrame({"nps": [score] * 12}), method=method).iloc[0]
        assert (row["estimate"], row["std_error"], row["n_eff"]) == (end, 0, 12)
        assert -100 <= row["conf_low"] < row["conf_high"] <= 100
        assert end in (row["conf_low"], row["conf_high"])


def test_csat_ces_and_shares_by_hand():
    frame = pd.DataFrame({"csat": [5, 4, 3, 1] * 25, "ces": [7, 5, 4, 1] * 25})
    assert metrics.csat(frame)["estimate"].item() == 3.25
    assert metrics.top_box(frame)["estimate"].item() == 0.25
    assert metrics.top_2_box(frame)["estimate"].item() == 0.5
    assert metrics.ces(frame)["estimate"].item() == 4.25
    assert metrics.low_effort(frame)["estimate"].item() == 0.5
    assert metrics.top_2_box(frame, column="ces", scale=(1, 7))["estimate"].item() == 0.25
    half = stats.t.ppf(0.975, 99) * frame["csat"].std() / 10
    assert metrics.csat(frame)["conf_high"].item() == pytest.approx(3.25 + half)


def test_expectations_are_met_from_the_middle_on():
    frame = pd.DataFrame({"expectation": [1, 2, 3, 4, 5] * 20})
    assert metrics.expectation_met(frame)["estimate"].item() == pytest.approx(0.6)
    wide = pd.DataFrame({"expectation": [3, 4, 7, 5] * 20})
    assert metrics.expectation_met(wide, scale=(1, 7))["estimate"].item() == pytest.approx(0.75)


def test_limits_are_clipped_to_the_scale():
    few = pd.DataFrame({"csat": [5, 5, 5, 4], "nps": [10, 10, 10, 0], "fcr": [1, 1, 1, 0]})
    assert metrics.csat(few)["conf_high"].item() == 5
    assert metrics.nps(few, method="wald")["conf_high"].item() == 100
    assert metrics.fcr(few, method="wald")["conf_high"].item() == 1
    assert metrics.mean(few, column="csat")["conf_high"].item() > 5


def test_total_and_mean_in_the_unit_of_the_column():
    frame = pd.DataFrame({"orders": [1.0, 2.0, 6.0], "w": [10.0, 10.0, 20.0]})
    assert metrics.total(frame, column="orders", weight="w")["estimate"].item() == 150
    assert metrics.mean(frame, column="orders", weight="w")["estimate"].item() == 3.75


def test_ids_and_groups_may_be_categories():
    frame = answers()
    coded = frame.astype({"plan": "category", "customer_id": "category"})
    text, category = metrics.nps(frame, "plan"), metrics.nps(coded, "plan")
    assert numbers(category) == pytest.approx(numbers(text))
    assert category["plan"].astype("str").tolist() == text["plan"].tolist()
    some = coded[coded["plan"] == "Plus"]
    assert numbers(metrics.nps(some)) == pytest.approx(numbers(metrics.nps(frame[frame["plan"] == "Plus"])))


def test_groups_stand_in_their_natural_order():
    bands = ["10+", "0–1", "3–10", "1–3"]
    frame = pd.DataFrame({"nps": 10, "band": bands * 3, "period": ["2026Q2", "2025Q4", "2026Q1"] * 4})
    assert metrics.nps(frame, "band")["band"].tolist() == ["0–1", "1–3", "3–10", "10+"]
    assert metrics.nps(frame, "period")["period"].tolist() == ["2025Q4", "2026Q1", "2026Q2"]
    order = pd.CategoricalDtype(["3–10", "10+", "0–1", "1–3", "never"], ordered=True)
    by_category = metrics.nps(frame.astype({"band": order}), "band")["band"]
    assert by_category.tolist() == ["3–10", "10+", "0–1", "1–3"]
    both = metrics.nps(frame, ["period", "band"])
    assert both["period"].is_monotonic_increasing
    assert both.loc[both["period"] == "2025Q4", "band"].tolist() == ["0–1", "1–3", "3–10", "10+"]
    mixed = pd.DataFrame({"nps": 10, "group": pd.Series([3, 12, 3, 12], dtype="int64")})
    assert metrics.nps(mixed, "group")["group"].tolist() == [3, 12]


@pytest.mark.parametrize(
    ("columns", "expected"),
    [
        ({}, 6),
        ({"customer_id": ["a", "a", "b", "b", "c", "d"]}, 4),
        ({"customer_id": ["a", "a", None, None, "", ""]}, 5),
        ({"customer_id": ["a", "b", "c", "d", "e", "e"], "account_id": ["x", "x", "x", None, None, None]}, 3),
        ({"customer_id": ["x", "x", "x", "x", "x", "x"], "account_id": ["x", None, None, None, "y", "y"]}, 3),
        ({"account_id": ["x", "x", "x", None, None, None]}, 4),
    ],
)
def test_customers_are_accounts_or_customers_or_rows(columns, expected):
    frame = pd.DataFrame({"nps": [10, 9, 8, 7, 3, 2], **columns})
    assert metrics.nps(frame)["n_customers"].item() == expected
    assert metrics.nps(frame.assign(by="one"), "by")["n_customers"].item() == expected
    strata = frame.assign(stratum=[0, 1, 0, 1, 0, 1], row=range(6))
    assert metrics.nps(strata, strata="stratum")["n_customers"].item() == expected
    assert metrics.nps(strata, cluster="row")["n_customers"].item() == expected


def test_only_those_who_answered_are_customers_of_a_row():
    frame = pd.DataFrame({"nps": [10, None, 8, 7], "customer_id": ["a", "b", "c", "c"]})
    assert metrics.nps(frame)[["n", "n_customers"]].iloc[0].tolist() == [3, 2]


def test_a_single_customer_has_no_interval():
    frame = pd.DataFrame({"nps": [10, 9, 8, 0] * 10, "customer_id": "one"})
    row = metrics.nps(frame).iloc[0]
    assert row["n_customers"] == 1
    assert row[["std_error", "conf_low", "conf_high"]].isna().all()
    assert "too few sampling units" in row["flag"]


def test_uneven_weights_are_said_and_then_refused():
    frame = pd.DataFrame({"nps": [10, 0] * 100})

    def flag(heavy, times):
        weights = np.where(np.arange(200) < heavy, times, 1.0)
        found = metrics.nps(frame.assign(w=weights), weight="w").iloc[0]
        kish = weights.sum() ** 2 / (weights**2).sum() / 200
        return kish, found

    kish, even = flag(100, 2.0)
    assert kish > 0.4
    assert "weights" not in even["flag"]
    kish, uneven = flag(20, 12.0)
    assert 0.25 < kish < 0.4
    assert "uneven weights" in uneven["flag"]
    assert not math.isnan(uneven["estimate"])
    kish, refused = flag(4, 100.0)
    assert kish < 0.25
    assert "refused" in refused["flag"]
    assert math.isnan(refused["estimate"])


def test_clusters_alone_never_refuse():
    frame = pd.DataFrame({"nps": np.repeat([10, 0, 10, 0], 100), "shop": np.repeat([1, 2, 3, 4], 100)})
    row = metrics.nps(frame, cluster="shop").iloc[0]
    assert row["n_eff"] < 0.25 * row["n"]
    assert row["estimate"] == 0
    assert row["flag"] == "very small base"


def test_a_finite_population_narrows_the_plain_interval():
    frame = pd.DataFrame({"nps": [10, 9, 3, 8] * 25, "size": 125})
    whole, part = metrics.nps(frame, method="wald"), metrics.nps(frame, fpc="size", method="wald")
    assert part["std_error"].item() == pytest.approx(whole["std_error"].item() * math.sqrt(0.2))
    assert part["n_eff"].item() == 100


@pytest.mark.parametrize(
    ("columns", "message"),
    [
        ({"strata": [None, "a", "a", "b"]}, "strata 'strata': 1 of 4 rows have no stratum"),
        ({"fpc": [3, 3, 3, 3]}, "more sampled units than their population"),
    ],
)
def test_a_design_that_cannot_be_is_refused(columns, message):
    frame = pd.DataFrame({"nps": [10, 9, 8, 7], **columns})
    with pytest.raises(ValueError, match=message):
        metrics.nps(frame, **{name: name for name in columns})


# --- against R --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["weights_only", "strat", "strat_fpc", "clus1", "clus1_fpc", "clus2_fpc"])
def test_frames_give_the_numbers_of_r_survey(name):
    file = reference("weighted_nps")
    r, tolerance = file["expected"]["designs"][name], file["tolerance"]["estimates_and_se"]["abs"]
    frame = pd.DataFrame(file["data"]["apiclus2" if "2" in name else "apiclus1" if "clus" in name else "apistrat"])
    design = {"weight": "pw"}
    design |= {"strata": "stype"} if name.startswith("strat") else {}
    design |= {"cluster": ["dnum", "snum"] if "2" in name else "dnum"} if "clus" in name else {}
    design |= {"fpc": ["fpc1", "fpc2"] if "2" in name else "fpc"} if "fpc" in name else {}
    nps = metrics.nps(frame, column="ltr", method="wald", **design).iloc[0]
    expected = [r["nps"], r["se"], *r["ci_z"]]
    assert nps[["estimate", "std_error", "conf_low", "conf_high"]].tolist() == pytest.approx(
        expected, abs=tolerance, rel=0
    )
    mean = metrics.mean(frame, column="ltr", **design).iloc[0]
    half = stats.t.ppf(0.975, r["df"]) * r["ltr_se"]
    expected = [r["ltr"], r["ltr_se"], r["ltr"] - half, r["ltr"] + half]
    assert mean[["estimate", "std_error", "conf_low", "conf_high"]].tolist() == pytest.approx(
        expected, abs=tolerance, rel=0
    )


@pytest.mark.parametrize("name", sorted(reference("nps_ci")["expected"]["one_sample"]))
def test_frames_give_the_intervals_of_r(name):
    r = reference("nps_ci")["expected"]["one_sample"][name]
    frame = pd.DataFrame({"nps": np.repeat(np.arange(11), r["counts_0_to_10"])})
    for method, key, tolerance in (("adjusted-wald", "adjusted_wald_95_rocks", 1e-7), ("score", "score_95", 2e-5)):
        limits = metrics.nps(frame, method=method).iloc[0][["conf_low", "conf_high"]].tolist()
        assert limits == pytest.approx(100 * np.clip(r[key], -1, 1), abs=tolerance, rel=0)


@pytest.mark.parametrize("name", ["A", "B", "small", "neg", "nodetr", "big"])
def test_one_sample_tests_give_the_p_values_of_r(name):
    r = reference("nps_ci")["expected"]["one_sample"][name]
    frame = pd.DataFrame({"nps": np.repeat(np.arange(11), r["counts_0_to_10"])})
    row = metrics.nps_test(frame, method="wald").iloc[0]
    assert row["statistic"] == pytest.approx(r["nps"] / r["se"], rel=1e-9)
    if r["p_value_H0_nps_0"] == "<1e-12":
        assert row["p_value"] < 1e-12
    else:
        assert row["p_value"] == pytest.approx(r["p_value_H0_nps_0"], abs=1e-9)


@pytest.mark.parametrize("method", ["adjusted-wald", "score"])
@pytest.mark.parametrize("name", ["A", "B", "small", "neg", "nodetr", "allprom"])
def test_a_test_refuses_what_lies_outside_the_interval(name, method):
    # The interval's own limits are those values that are just refused: p is .05 there, by the duality of the two.
    r = reference("nps_ci")["expected"]["one_sample"][name]
    frame = pd.DataFrame({"nps": np.repeat(np.arange(11), r["counts_0_to_10"])})
    for limit in metrics.nps(frame, method=method).iloc[0][["conf_low", "conf_high"]]:
        if abs(limit) < 100:
            assert metrics.nps_test(frame, null=limit, method=method)["p_value"].item() == pytest.approx(0.05, abs=1e-4)


def test_a_test_of_one_answer_says_nothing():
    row = metrics.nps_test(pd.DataFrame({"nps": [10]}), null=50).iloc[0]
    assert math.isnan(row["statistic"])
    assert math.isnan(row["p_value"])
    with pytest.raises(ValueError, match="null: found 200"):
        metrics.nps_test(pd.DataFrame({"nps": [10]}), null=200)


# --- power ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("place", range(3))
def test_detectable_change_of_a_proportion_equals_power_prop_test(place):
    case = reference("power")["expected"]["mde"][place]
    found = metrics.minimum_detectable_change(case["n"], shares=case["p1"])
    # R's root stops 2e-5 short of it (see the file's `agreement`).
    assert found == pytest.approx(case["p2"] - case["p1"], abs=3e-5)


@pytest.mark.parametrize("place", range(24))
def test_sample_size_of_a_proportion_comes_back_as_the_detectable_change(place):
    case = reference("power")["expected"]["two_prop"][place]
    found = metrics.minimum_detectable_change(
        case["n_per_group"], shares=case["p1"], power=case["power"], conf_level=1 - case["alpha"]
    )
    if case["p2"] > case["p1"]:
        assert found == pytest.approx(case["p2"] - case["p1"], rel=reference("power")["tolerance"]["n"]["rel"])


@pytest.mark.parametrize("place", range(3))
def test_detectable_change_of_a_mean_equals_power_t_test(place):
    case = reference("power")["expected"]["t"][place]
    found = metrics.minimum_detectable_change(case["n"], sd=case["sd"], power=case["power"])
    assert found == pytest.approx(case["delta"], rel=reference("power")["tolerance"]["n"]["rel"])


@pytest.mark.parametrize("place", range(3))
def test_detectable_change_of_an_nps(place):
    case = reference("power")["expected"]["nps_difference"][place]
    variances = [p + d - (p - d) ** 2 for p, d in (case["group1"], case["group2"])]
    # One group's variance for both: the change that the file's n finds scales with the mean variance.
    found = metrics.minimum_detectable_change(case["n_per_group"], shares=tuple(case["group1"]))
    expected = 100 * abs(case["difference"]) * math.sqrt(2 * variances[0] / sum(variances))
    assert found == pytest.approx(expected, rel=1e-9)


def test_detectable_changes_by_hand():
    quarter = metrics.minimum_detectable_change([100, 200, 400, 1000], shares=(0.5, 0.2))
    assert quarter.round().tolist() == [31, 22, 15, 10]
    plain = metrics.minimum_detectable_change(200, shares=(0.4, 0.2))
    assert metrics.minimum_detectable_change(200, shares=(0.4, 0.2), deff=2.0) == pytest.approx(plain * math.sqrt(2))
    assert metrics.minimum_detectable_change(200, shares=(0.4, 0.2), correlation=0.5) == pytest.approx(
        plain / math.sqrt(2)
    )
    assert metrics.minimum_detectable_change(200, 1e12, shares=(0.4, 0.2)) == pytest.approx(plain / math.sqrt(2))
    assert metrics.minimum_detectable_change(300, shares=0.9) == pytest.approx(
        metrics.minimum_detectable_change(300, shares=0.1)
    )
    assert math.isnan(metrics.minimum_detectable_change(2, shares=0.5))


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({}, "give sd= for a mean, or shares="),
        ({"sd": 1.0, "shares": 0.5}, "give sd= for a mean, or shares="),
        ({"sd": 1.0, "power": 80}, "power: found 80; it lies between 0 and 1"),
        ({"shares": (0.8, 0.4)}, "shares: found shares below 0 or above 1"),
        ({"sd": 1.0, "correlation": 2.0}, "correlation: found a value outside"),
    ],
)
def test_power_refuses_what_contradicts_itself(arguments, message):
    with pytest.raises(ValueError, match=message):
        metrics.minimum_detectable_change(100, **arguments)
    with pytest.raises(ValueError, match="a base of zero or less"):
        metrics.minimum_detectable_change(0, sd=1.0)


# --- studies ----------------------------------------------------------------------------------------------------------


@dataclass
class Study:
    """A stand-in with the interface of `cx.load`'s result."""

    responses: pd.DataFrame
    period: str = "2026Q3"
    compare_to: str | None = "2026Q2"
    breaks: dict = field(default_factory=dict)
    tables: dict = field(default_factory=dict)
    declared: dict = field(default_factory=dict)

    @property
    def definition(self):
        usual = {
            "smallest_difference": {},
            "targets": {},
            "measures": {},
            "segments": {"plan": None},
            "scales": {"nps": (0, 10), "csat": (1, 5), "ces": (1, 7)},
            "design": SimpleNamespace(weight=None, strata=None, cluster=None, fpc=None),
            "fiscal_year_start": 1,
        }
        return SimpleNamespace(**{**usual, **self.declared})

    @property
    def periods(self):
        return sorted(set(self.responses["period"]))

    def has(self, name):
        return name in self.tables

    def table(self, name):
        return self.tables[name]

    def answers(self, survey="relationship", period=None):
        rows = self.responses[self.responses["survey"] == survey]
        wanted = period or self.period
        return rows if wanted == "all" else rows[rows["period"] == wanted]


def wave(period, counts, survey="relationship", **columns):
    """Return one wave's answers: (promoters, passives, detractors)."""
    scores = np.repeat([10, 8, 2], counts)
    return pd.DataFrame({"nps": scores, "period": period, "survey": survey, **columns})


def study(previous, current, **arguments):
    return Study(pd.concat([previous, current], ignore_index=True), **arguments)


def test_change_by_hand():
    before, after = (100, 100, 100), (160, 100, 40)
    data = study(wave("2026Q2", before), wave("2026Q3", after))
    frame = metrics.change(data, "nps")
    assert frame.columns.tolist() == CHANGE
    row = frame.iloc[0]
    assert row[["n", "n_previous", "previous", "current", "estimate"]].tolist() == pytest.approx([300, 300, 0, 40, 40])
    v = [(p + d - (p - d) ** 2) / 299 for p, d in ((1 / 3, 1 / 3), (160 / 300, 40 / 300))]
    assert row["std_error"] == pytest.approx(100 * math.sqrt(sum(v)))
    adjusted = []
    for p, _, d in (before, after):
        a, b = (p + 0.75) / 303, (d + 0.75) / 303
        adjusted.append((a - b, (a + b - (a - b) ** 2) / 303))
    difference, error = adjusted[1][0] - adjusted[0][0], math.sqrt(adjusted[0][1] + adjusted[1][1])
    assert row["statistic"] == pytest.approx(difference / error)
    t = stats.t(sum(v) ** 2 / sum(one**2 / 299 for one in v))
    assert row["conf_high"] == pytest.approx(100 * (difference + t.ppf(0.975) * error))
    assert row["p_value"] == row["p_adjusted"] == pytest.approx(2 * t.sf(difference / error))
    assert row["minimum_detectable"] == pytest.approx(100 * (t.ppf(0.975) + t.ppf(0.8)) * error)
    assert (row["verdict"], row["flag"]) == ("rose", "")


def test_fell_and_cannot_tell():
    fell = metrics.change(study(wave("2026Q2", (160, 100, 40)), wave("2026Q3", (100, 100, 100))), "nps").iloc[0]
    assert (fell["verdict"], fell["estimate"]) == ("fell", pytest.approx(-40))
    still = metrics.change(study(wave("2026Q2", (100, 100, 100)), wave("2026Q3", (105, 100, 100))), "nps").iloc[0]
    assert still["verdict"] == "cannot tell"


def test_no_difference_needs_a_declared_margin():
    many = (40_000, 30_000, 30_000)
    same = study(wave("2026Q2", many), wave("2026Q3", many))
    assert metrics.change(same, "nps")["verdict"].item() == "cannot tell"
    same.declared["smallest_difference"] = {"nps": 5}
    assert metrics.change(same, "nps")["verdict"].item() == "no difference beyond 5"
    same.declared["smallest_difference"] = {"nps": 0.3}
    assert metrics.change(same, "nps")["verdict"].item() == "cannot tell"
    few = study(
        wave("2026Q2", (40, 30, 30)), wave("2026Q3", (40, 30, 30)), declared={"smallest_difference": {"nps": 5}}
    )
    assert metrics.change(few, "nps")["verdict"].item() == "cannot tell"
    clear = study(wave("2026Q2", many), wave("2026Q3", (43_000, 30_000, 27_000)))
    clear.declared["smallest_difference"] = {"nps": 50}
    assert metrics.change(clear, "nps")["verdict"].item() == "rose"


def test_repeat_customers_make_a_panel_as_precise_as_its_pairs():
    rng = np.random.default_rng(5)
    n = 400
    csat = rng.integers(1, 6, n)
    later = np.clip(csat + rng.choice([0, 0, 0, 1], n), 1, 5)
    ids = pd.Series(range(n)).astype("str")
    first = pd.DataFrame({"csat": csat, "period": "2026Q2", "survey": "relationship", "customer_id": ids})
    second = first.assign(csat=later, period="2026Q3")
    panel = metrics.change(study(first, second), "csat").iloc[0]
    paired = stats.ttest_rel(later, csat)
    # The pooled design divides by (n - 1) as the waves do: the panel equals the paired t test.
    assert panel["std_error"] == pytest.approx(np.std(later - csat, ddof=1) / math.sqrt(n))
    assert panel["statistic"] == pytest.approx(paired.statistic)
    assert panel["p_value"] == pytest.approx(paired.pvalue)
    strangers = second.assign(customer_id=ids + "-other")
    apart = metrics.change(study(first, strangers), "csat").iloc[0]
    assert apart["std_error"] > 2 * panel["std_error"]
    welch = stats.ttest_ind(later, csat, equal_var=False)
    assert [apart["statistic"], apart["p_value"]] == pytest.approx([welch.statistic, welch.pvalue])


def test_a_change_of_means_equals_r_t_test():
    file = reference("crosstab_tests")
    r = file["expected"]["welch_t_A_D"]
    first, second = (
        pd.DataFrame({"score": file["data"][key], "period": period, "survey": "relationship"})
        for key, period in (("ltr_D", "2026Q2"), ("ltr_A", "2026Q3"))
    )
    data = study(first, second, declared={"measures": {"score": "mean"}})
    row = metrics.change(data, "score").iloc[0]
    assert row["statistic"] == pytest.approx(r["t"], abs=1e-9)
    assert row[["conf_low", "conf_high"]].tolist() == pytest.approx(r["ci"], abs=1e-9)
    # The smaller wave has 49 answers: the p-value is a permutation's, near the one of the t test.
    assert row["p_value"] == pytest.approx(r["p"], abs=0.015)
    plain = metrics.change(data, "score", method="wald").iloc[0]
    assert plain["p_value"] == pytest.approx(2 * stats.norm.sf(r["t"]), abs=1e-9)


@pytest.mark.parametrize("place", range(3))
def test_a_plain_change_of_proportions_equals_prop_test(place):
    case = reference("crosstab_tests")["expected"]["two"][place]
    (x2, x1), (n2, n1) = case["x"], case["n"]
    first, second = (
        pd.DataFrame({"fcr": np.repeat([1, 0], [x, n - x]), "period": period, "survey": "relationship"})
        for x, n, period in ((x1, n1, "2026Q2"), (x2, n2, "2026Q3"))
    )
    row = metrics.change(study(first, second), "fcr", method="wald").iloc[0]
    # prop.test divides by n, svymean by n - 1: the limits are rescaled wave by wave.
    variance = [x / n * (1 - x / n) / (n - 1) for x, n in ((x1, n1), (x2, n2))]
    assert row["std_error"] == pytest.approx(math.sqrt(sum(variance)))
    shrunk = math.sqrt(sum(v * (n - 1) / n for v, n in zip(variance, (n1, n2), strict=True)) / sum(variance))
    half = (row["conf_high"] - row["conf_low"]) / 2 * shrunk
    assert [row["estimate"] - half, row["estimate"] + half] == pytest.approx(case["ci"], abs=1e-9)


def test_mcnemars_table_as_a_panel_of_shares():
    (both, lost), (won, neither) = reference("crosstab_tests")["expected"]["mcnemar"]["table"]
    n = both + lost + won + neither
    before = np.repeat([1, 1, 0, 0], [both, lost, won, neither])
    after = np.repeat([1, 0, 1, 0], [both, lost, won, neither])
    ids = pd.Series(range(n)).astype("str")
    frames = [
        pd.DataFrame({"fcr": values, "period": period, "survey": "relationship", "customer_id": ids})
        for values, period in ((before, "2026Q2"), (after, "2026Q3"))
    ]
    row = metrics.change(study(*frames), "fcr", method="wald").iloc[0]
    assert row["std_error"] == pytest.approx(math.sqrt(((lost + won) - (won - lost) ** 2 / n) / n / (n - 1)))
    # McNemar's statistic takes the variance under no change.
    mcnemar = reference("crosstab_tests")["expected"]["mcnemar"]["nocorr"]["chisq"]
    null = row["estimate"] ** 2 / ((lost + won) / n**2)
    assert null == pytest.approx(mcnemar, abs=1e-9)


def test_p_values_are_adjusted_over_the_rows():
    rng = np.random.default_rng(0)
    plans = np.repeat([f"plan {place}" for place in range(8)], 200)
    before, after = (
        pd.DataFrame({"nps": rng.integers(0, 11, 1600), "period": period, "survey": "relationship", "plan": plans})
        for period in ("2026Q2", "2026Q3")
    )
    rows = metrics.change(study(before, after), "nps", "plan")
    assert rows["plan"].tolist() == [f"plan {place}" for place in range(8)]
    assert rows["p_adjusted"].tolist() == pytest.approx(stats.false_discovery_control(rows["p_value"]).tolist())
    assert (rows["p_adjusted"] >= rows["p_value"]).all()
    segments = metrics.change_by_segment(study(before, after), "nps")
    assert segments.columns[:2].tolist() == ["segment", "level"]
    assert segments["p_adjusted"].tolist() == pytest.approx(rows["p_adjusted"].tolist())


def test_groups_under_thirty_are_not_tested():
    data = study(
        pd.concat([wave("2026Q2", (29, 0, 0), plan="small"), wave("2026Q2", (200, 0, 100), plan="large")]),
        pd.concat([wave("2026Q3", (0, 0, 29), plan="small"), wave("2026Q3", (200, 0, 100), plan="large")]),
        declared={"smallest_difference": {"nps": 150}},
    )
    rows = metrics.change(data, "nps", "plan").set_index("plan")
    assert math.isnan(rows.loc["small", "p_value"])
    assert rows.loc["small", ["verdict", "flag"]].tolist() == ["cannot tell", "very small base"]
    # The family is the tested rows.
    assert rows.loc["large", "p_adjusted"] == rows.loc["large", "p_value"]


def test_small_bases_get_a_seeded_permutation_p():
    data = study(wave("2026Q2", (20, 10, 10)), wave("2026Q3", (30, 10, 40)))
    first, again = (metrics.change(data, "nps", seed=3).iloc[0] for _ in range(2))
    other = metrics.change(data, "nps", seed=4).iloc[0]
    assert first["p_value"] == again["p_value"] != other["p_value"]
    assert first["p_value"] == pytest.approx(2 * stats.norm.sf(abs(first["statistic"])), abs=0.02)
    assert (first["p_value"] * 5000) % 1 == pytest.approx(0, abs=1e-6)
    assert first["flag"] == "indicative"
    assert metrics.change(data, "nps", method="wald").iloc[0]["p_value"] not in (first["p_value"], other["p_value"])


def test_a_small_base_all_of_one_kind_is_not_trusted_blindly():
    # Plain Wald has no variance in the small wave and calls this certain.
    data = study(wave("2026Q2", (450, 25, 25)), wave("2026Q3", (30, 0, 0)))
    plain, row = (metrics.change(data, "nps", method=method).iloc[0] for method in ("wald", "adjusted"))
    assert plain["p_value"] < 1e-6
    assert row["p_value"] > 0.1
    assert row["verdict"] == "cannot tell"


def test_a_permutation_keeps_both_answers_of_a_customer_together():
    ids = pd.Series(range(60)).astype("str")
    before = wave("2026Q2", (30, 0, 30), customer_id=ids)
    after = before.assign(period="2026Q3", nps=np.where(np.arange(60) < 42, 10, 2))  # twelve detractors turn promoters
    row = metrics.change(study(before, after), "nps", n_permutations=9_999).iloc[0]
    assert row["p_value"] < 0.005
    apart = metrics.change(study(before, after.assign(customer_id=ids + "x")), "nps").iloc[0]
    assert apart["p_value"] > 0.01
    assert row["std_error"] < apart["std_error"]


def test_a_break_between_the_periods_is_not_compared():
    data = study(wave("2026Q2", (100, 100, 100)), wave("2026Q3", (200, 50, 50)), breaks={"nps": ["2026Q3"]})
    row = metrics.change(data, "nps").iloc[0]
    assert (row["verdict"], row["flag"]) == ("not comparable", "the way of asking changed in 2026Q3")
    assert row[["estimate", "std_error", "conf_low", "conf_high", "statistic", "p_value", "p_adjusted"]].isna().all()
    assert row[["previous", "current"]].notna().all()
    data.breaks = {"nps": ["2026Q2", "2026Q4"], "csat": ["2026Q3"]}
    assert metrics.change(data, "nps").iloc[0]["verdict"] == "rose"
    assert metrics.breaks(data, "nps") == ["2026Q2", "2026Q4"]


def test_a_first_period_has_nothing_to_compare_with():
    data = Study(wave("2026Q3", (100, 50, 50)), compare_to=None)
    row = metrics.change(data, "nps").iloc[0]
    assert (row["n_previous"], row["current"], row["verdict"], row["flag"]) == (
        0,
        25,
        "",
        "no earlier period",
    )
    card = metrics.scorecard(data).iloc[0]
    assert (card["estimate"], card["verdict"], card["flag"]) == (25, "", "no earlier period")


def test_a_group_of_one_wave_only():
    data = study(
        wave("2026Q2", (100, 50, 50), plan="old"),
        pd.concat([wave("2026Q3", (100, 50, 50), plan="old"), wave("2026Q3", (60, 30, 30), plan="new")]),
    )
    rows = metrics.change(data, "nps", "plan").set_index("plan")
    assert rows.loc["new", ["n_previous", "verdict", "flag"]].tolist() == [0, "", "no answers before"]
    assert math.isnan(rows.loc["new", "estimate"])
    assert rows.loc["old", "estimate"] == 0


def test_weights_and_strata_of_the_study_are_used():
    rng = np.random.default_rng(2)
    frames = [
        wave(period, (150, 100, 50), weight=rng.uniform(0.5, 2, 300), strata=np.tile(["a", "b"], 150))
        for period in ("2026Q2", "2026Q3")
    ]
    declared = {"design": SimpleNamespace(weight="weight", strata="strata", cluster=None, fpc=None)}
    data = study(*frames, declared=declared)
    row = metrics.change(data, "nps").iloc[0]
    before, after = (metrics.nps(frame, weight="weight", strata="strata").iloc[0] for frame in frames)
    assert row["estimate"] == pytest.approx(after["estimate"] - before["estimate"])
    assert row["std_error"] == pytest.approx(math.hypot(before["std_error"], after["std_error"]))
    assert row["n_eff"] == after["n_eff"] < 300
    with pytest.raises(KeyError, match="no column 'weight'"):
        metrics.change(study(*(frame.drop(columns="weight") for frame in frames), declared=declared), "nps")


def test_a_census_of_both_periods_leaves_nothing_to_chance():
    ids = pd.Series(range(100)).astype("str")
    frames = [
        wave(period, counts, customer_id=ids, fpc=100)
        for period, counts in (("2026Q2", (40, 30, 30)), ("2026Q3", (50, 30, 20)))
    ]
    declared = {"design": SimpleNamespace(weight=None, strata=None, cluster=None, fpc="fpc")}
    row = metrics.change(study(*frames, declared=declared), "nps").iloc[0]
    assert row["std_error"] == 0
    assert row["estimate"] == pytest.approx(20)


def test_a_finite_population_narrows_the_change_of_a_panel():
    rng = np.random.default_rng(8)
    ids = pd.Series(range(100)).astype("str")
    first = pd.DataFrame({"csat": rng.integers(1, 6, 100), "period": "2026Q2", "survey": "relationship", "fpc": 200})
    second = first.assign(csat=np.clip(first["csat"] + rng.choice([0, 0, 1], 100), 1, 5), period="2026Q3")
    panel = [first.assign(customer_id=ids), second.assign(customer_id=ids)]
    declared = {"design": SimpleNamespace(weight=None, strata=None, cluster=None, fpc="fpc")}
    endless = metrics.change(study(*(frame.drop(columns="fpc") for frame in panel)), "csat").iloc[0]
    finite = metrics.change(study(*panel, declared=declared), "csat").iloc[0]
    assert finite["std_error"] == pytest.approx(endless["std_error"] * math.sqrt(1 - 100 / 200))
    # Half of each draw was to be expected in the other: the overlap of independent draws says nothing.
    half = [panel[0], panel[1].assign(customer_id=pd.Series(range(50, 150)).astype("str"))]
    drawn = metrics.change(study(*half, declared=declared), "csat").iloc[0]
    alone = [metrics.csat(frame, fpc="fpc")["std_error"].item() for frame in half]
    assert drawn["std_error"] == pytest.approx(math.hypot(*alone))


# --- scorecard, trend, segments, touchpoints, distribution ------------------------------------------------------------


def full_study(**declared):
    rng = np.random.default_rng(11)
    frames = []
    for period, lift in (("2026Q1", 0), ("2026Q2", 0), ("2026Q3", 1)):
        for survey in ("relationship", "transactional"):
            n = 300
            frames.append(
                pd.DataFrame(
                    {
                        "nps": np.clip(rng.integers(0, 11, n) + lift, 0, 10),
                        "csat": rng.integers(1, 6, n),
                        "ces": np.nan if survey == "relationship" else rng.integers(1, 8, n),
                        "orders": rng.poisson(3, n),
                        "plan": rng.choice(["Basic", "Plus"], n),
                        "touchpoint": rng.choice(["shop", "app"], n) if survey == "transactional" else None,
                        "period": period,
                        "survey": survey,
                        "customer_id": pd.Series(rng.integers(0, 5000, n)).astype("str"),
                    }
                )
            )
    contacts = pd.DataFrame(
        {
            "contacted_at": pd.to_datetime(
                ["2026-05-01 00:00", "2026-06-30 23:59", "2026-07-01 00:00", "2026-09-30 23:59"] * 40
            ),
            "fcr": [1, 0, 1, 1] * 40,
            "customer_id": pd.Series(range(160)).astype("str"),
        }
    )
    declared.setdefault("measures", {"orders": "total"})
    return Study(pd.concat(frames, ignore_index=True), tables={"contacts": contacts}, declared=declared)


def test_scorecard_has_a_row_for_every_metric_of_the_study():
    data = full_study(targets={"nps": -100, "csat": 5, "orders": 900})
    card = metrics.scorecard(data)
    assert card["metric"].tolist() == ["nps", "csat", "ces", "fcr", "orders"]
    assert card["survey"].tolist() == ["relationship", "relationship", "transactional", "contacts", "relationship"]
    assert card["unit"].tolist() == ["points", "1–5", "1–7", "share", "total"]
    assert card["target_verdict"].tolist() == ["met", "missed", "", "", "cannot tell"]
    assert card.columns.is_unique
    assert card.columns[:2].tolist() == ["metric", "n"]
    assert card.columns[-1] == "flag"
    assert not {"current", "previous"} <= set(card)  # that pair marks a frame whose estimate is a difference


@pytest.mark.parametrize(("away", "verdict"), [(-8, "met"), (-1, "cannot tell"), (1, "cannot tell"), (8, "missed")])
def test_a_target_is_met_where_the_whole_interval_reaches_it(away, verdict):
    data = Study(wave("2026Q3", (400, 300, 300)), compare_to=None, declared={"targets": {"nps": 10 + away}})
    assert metrics.scorecard(data)["target_verdict"].item() == verdict


def test_scorecard_agrees_with_the_metrics_and_the_changes():
    data = full_study()
    card = metrics.scorecard(data).set_index("metric")
    now = metrics.nps(data.answers()).iloc[0]
    before = metrics.nps(data.answers(period="2026Q2")).iloc[0]
    assert card.loc["nps", NUMBERS].tolist() == pytest.approx(now[NUMBERS].tolist())
    previous = card.loc["nps", ["previous", "previous_low", "previous_high"]].tolist()
    assert previous == pytest.approx(before[["estimate", "conf_low", "conf_high"]].tolist())
    change = metrics.change(data, "nps").iloc[0]
    found = card.loc["nps", ["change", "change_low", "change_high", "p_value", "minimum_detectable"]].tolist()
    assert found == pytest.approx(
        change[["estimate", "conf_low", "conf_high", "p_value", "minimum_detectable"]].tolist()
    )
    assert card["p_adjusted"].tolist() == pytest.approx(stats.false_discovery_control(card["p_value"]).tolist())
    assert card.loc["fcr", ["n", "n_previous", "estimate", "previous"]].tolist() == [80, 80, 1.0, 0.5]


def test_a_few_answers_before_do_not_make_the_level_a_small_base():
    data = study(wave("2026Q2", (10, 5, 5)), wave("2026Q3", (100, 50, 50)))
    assert metrics.scorecard(data)["flag"].item() == "few answers before"
    assert metrics.change(data, "nps")["flag"].item() == "very small base"


def test_a_study_without_metrics_says_so():
    bare = Study(pd.DataFrame({"period": ["2026Q3"], "survey": ["relationship"]}), compare_to=None)
    with pytest.raises(KeyError, match="the study has no metric"):
        metrics.scorecard(bare)
    with pytest.raises(KeyError, match="ces: the study has no column 'ces' in its answers"):
        metrics.change(bare, "ces")
    with pytest.raises(KeyError, match="no metric 'loyalty'; it has nps, csat"):
        metrics.trend(bare, "loyalty")
    with pytest.raises(ValueError, match="survey: found 'panel'"):
        metrics.change(bare, "nps", survey="panel")


def test_trend_is_each_period_by_itself_and_says_where_it_breaks():
    data = full_study()
    data.breaks = {"nps": ["2026Q2"]}
    trend = metrics.trend(data, "nps")
    assert trend.columns.tolist() == ["period", *RESULT]
    assert trend["period"].tolist() == ["2026Q1", "2026Q2", "2026Q3"]
    for row in trend.to_dict("records"):
        alone = metrics.nps(data.answers(period=row["period"])).iloc[0]
        assert [row[name] for name in NUMBERS] == pytest.approx(alone[NUMBERS].tolist())
    assert ["changed" in flag for flag in trend["flag"]] == [False, True, False]
    by_plan = metrics.trend(data, "csat", "plan")
    assert by_plan.columns[:2].tolist() == ["period", "plan"]
    assert len(by_plan) == 6


def test_segments_and_touchpoints():
    data = full_study()
    segments = metrics.by_segment(data, "nps")
    assert segments[["segment", "level"]].to_numpy().tolist() == [["all", "all"], ["plan", "Basic"], ["plan", "Plus"]]
    assert segments.columns.tolist() == ["segment", "level", *RESULT]
    assert segments["n"].tolist()[0] == sum(segments["n"].tolist()[1:])
    encounters = metrics.touchpoints(data)
    assert encounters["touchpoint"].tolist() == ["app", "shop"]
    assert encounters["n"].sum() == 300
    assert metrics.change(data, "nps", "touchpoint", survey="transactional")["n"].sum() == 300
    none = Study(wave("2026Q3", (10, 10, 10)), compare_to=None)
    assert metrics.touchpoints(none).columns.tolist() == ["touchpoint", *RESULT]
    assert metrics.touchpoints(none).empty


def test_of_study_takes_any_rows():
    data = full_study()
    some = data.answers().iloc[:100]
    assert numbers(metrics.of_study(data, "nps", some)) == pytest.approx(numbers(metrics.nps(some)))
    assert numbers(metrics.of_study(data, "nps")) == pytest.approx(numbers(metrics.nps(data.answers())))
    assert metrics.of_study(data, "top_2_box", some)["estimate"].item() == (some["csat"] >= 4).mean()


def test_distribution_counts_every_point_of_the_scale():
    data = study(wave("2026Q2", (5, 5, 5)), wave("2026Q3", (60, 30, 10)))
    found = metrics.distribution(data, "nps")
    assert found.columns.tolist() == ["score", *RESULT]
    assert found["score"].tolist() == list(range(11))
    assert found.set_index("score").loc[[10, 8, 2, 5], "n"].tolist() == [60, 30, 10, 0]
    assert found["estimate"].sum() == pytest.approx(1)
    assert found["n_customers"].tolist() == found["n"].tolist()
    assert found["n_eff"].tolist() == pytest.approx([100] * 11)


def test_distribution_of_many_values_uses_round_classes():
    spend = pd.DataFrame({"spend": np.linspace(103, 987, 200), "period": "2026Q3", "survey": "relationship"})
    data = Study(spend, compare_to=None, declared={"measures": {"spend": "mean"}})
    found = metrics.distribution(data, "spend")
    assert found["score"].tolist() == [f"{low}–{low + 100}" for low in range(100, 1000, 100)]
    assert found["n"].sum() == 200
    empty = metrics.distribution(Study(spend.assign(spend=np.nan), compare_to=None, declared=data.declared), "spend")
    assert empty.columns.tolist() == ["score", *RESULT]
    few = Study(spend.assign(spend=[0, 2.5] * 100), compare_to=None, declared=data.declared)
    assert metrics.distribution(few, "spend")["score"].tolist() == [0, 2.5]


@pytest.mark.parametrize("metric", ["nps", "csat", "top_box", "top_2_box", "ces", "low_effort", "fcr", "orders"])
@pytest.mark.parametrize("by", [None, "plan"])
def test_change_has_the_same_columns_for_every_metric(metric, by):
    if metric == "fcr" and by:
        by = "customer_id"
    data = full_study()
    before = data.responses.copy(deep=True)
    frame = metrics.change(data, metric, by, n_permutations=49)
    assert frame.columns.tolist() == ([by] if by else []) + CHANGE
    pd.testing.assert_frame_equal(data.responses, before)
