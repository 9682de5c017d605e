"""What a customer's loyalty is worth: the estimator by a reference, the demo's truth, worlds by hand, refusals."""

import warnings
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
import statsmodels.api as sm
from scipy.stats import norm

import cxresearch as cx
from cxresearch.prove import revenue as proof
from cxresearch.refusal import Refusal
from cxresearch.revenue.controls import refuse_controls
from cxresearch.revenue.customer import customer_link, effect_of, resampled_slopes
from cxresearch.revenue.dose import dose_response
from cxresearch.revenue.leak import separating
from cxresearch.revenue.linked import Answers, linked_answers
from cxresearch.revenue.placebo import FLAG, lags, placebo
from cxresearch.revenue.plan import plan_against_done, plan_hash
from cxresearch.revenue.sensitivity import e_value, robustness, robustness_value
from cxresearch.revenue.specification import specification_choices, specification_curve
from cxresearch.revenue.two_part import two_part
from cxresearch.schema import Run, Study
from cxresearch.stats.poisson import poisson_fit, poisson_slopes, within_poisson_fit
from cxresearch.strict_yaml import StudyError
from cxresearch.study_data import Quality, StudyData


@pytest.fixture(scope="module")
def demo():
    return cx.load("demo", period="2026Q3")


@pytest.fixture(scope="module")
def link(demo):
    return customer_link(demo, controls=["renewal_window"], n_boot=100)


def made(n=60, months=9, score=None, bill=None, customers=None, **more) -> StudyData:
    """Return a study of n customers who answer in March and June 2026 and are billed from January on."""
    ids = np.array([f"c{number:03d}" for number in range(n)])
    rng = np.random.default_rng(5)
    answers = pd.DataFrame(
        {
            "response_id": [f"r{number}" for number in range(2 * n)],
            "customer_id": np.tile(ids, 2),
            "responded_at": pd.to_datetime(np.repeat(["2026-03-10", "2026-06-10"], n)),
            "nps": rng.integers(0, 11, 2 * n).astype(float) if score is None else score,
            "survey": "relationship",
            "period": "all",
        }
    ).assign(**more)
    month = pd.date_range("2026-01-01", periods=months, freq="MS")
    bills = pd.DataFrame({"customer_id": np.repeat(ids, months), "month": np.tile(month, n)})
    bills["revenue"] = rng.uniform(5, 15, len(bills)) if bill is None else bill
    tables = {"responses": answers, "revenue": bills}
    columns = {"nps": "Q1", "customer_id": "id", "responded_at": "at"}
    listed = {"responses": {"source": "a.csv", "columns": columns}}
    if customers is not None:
        tables["customers"] = customers(ids)
        listed["customers"] = {"source": "b.csv", "columns": {"customer_id": "id", "plan": "plan"}}
    definition = Study.model_validate({"title": "Made", "tables": listed})
    return StudyData(definition, "all", None, ["all"], Quality(), tables)


def without(study: StudyData, name: str, column: str | None = None) -> StudyData:
    """Return a study without a table, or without a column of it."""
    tables = dict(study.tables)
    tables[name] = tables[name].drop(columns=column) if column else tables.pop(name)
    return replace(study, tables=tables if column else {key: one for key, one in tables.items() if key != name})


# The estimator


def sample(n=400, seed=3):
    rng = np.random.default_rng(seed)
    x = np.column_stack([np.ones(n), rng.integers(-1, 2, n), rng.normal(size=n)])
    y = np.exp(x @ [1.0, 0.1, 0.5]) * rng.gamma(1.0, 1.0, n) * (rng.random(n) > 0.1)
    return y, x, rng.uniform(0.5, 2.0, n), rng.integers(0, 90, n)


def test_poisson_fit_equals_statsmodels():
    y, x, weight, cluster = sample()
    fit = poisson_fit(y, x, weight, pd.factorize(cluster)[0])
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        glm = sm.GLM(y, x, family=sm.families.Poisson(), var_weights=weight)
        reference = glm.fit(cov_type="cluster", cov_kwds={"groups": cluster}, tol=1e-12)
    np.testing.assert_allclose(fit.slopes, reference.params, rtol=1e-7)
    np.testing.assert_allclose(np.sqrt(np.diag(fit.covariance)), reference.bse, rtol=1e-6)


def test_refunds_below_zero_keep_the_mean_that_is_explained():
    y, x, weight, cluster = sample()
    y[:5] = -1.0
    fit = poisson_fit(y, x, weight, pd.factorize(cluster)[0])
    np.testing.assert_allclose(x.T @ (weight * (y - fit.fitted)), 0, atol=1e-6)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda y, x: (y, np.column_stack([x, x[:, 1] * 2])), "sum of others"),
        (lambda y, x: (y * 0, x), "adds up to nothing"),
        (lambda y, x: (y * (x[:, 1] < 1), np.column_stack([x[:, :1], x[:, 1] == 1])), "does not settle|Singular"),
    ],
)
def test_what_cannot_be_fitted_is_said(change, message):
    y, x, weight, cluster = sample()
    with pytest.raises((ValueError, np.linalg.LinAlgError), match=message):
        poisson_fit(*change(y, x), weight, pd.factorize(cluster)[0])


def test_replicates_with_the_weights_of_the_sample_give_its_estimate():
    y, x, weight, cluster = sample()
    fit = poisson_fit(y, x, weight, pd.factorize(cluster)[0])
    again = poisson_slopes(y, x, np.column_stack([weight, 3 * weight]), np.zeros(3))
    np.testing.assert_allclose(again, [fit.slopes, fit.slopes], rtol=1e-6)


# The demo and its planted truth


def test_the_planted_worth_of_a_vote_is_held(link):
    row = link.effect.iloc[0]
    assert row["conf_low"] < 0.08 < row["conf_high"]
    assert row["conf_high"] < 0.108
    assert link.status.loc[0, "status"] == "adjusted association"
    assert link.status.loc[0, "verdict"] == "rises"


def test_without_the_confounder_the_link_is_as_wrong_as_the_truth_says(demo):
    row = customer_link(demo).effect.iloc[0]
    assert row["conf_low"] < 0.108 < row["conf_high"]
    assert row["conf_low"] > 0.08


def test_nothing_is_lost_uncounted(link, demo):
    flow = link.flow.groupby("step")["n"].sum()
    assert flow["eligible"] == flow["lost"] + flow["linked"]
    assert flow["linked"] == len(link.linked.rows)
    levels = link.lost[link.lost["characteristic"].eq("plan")]
    assert levels["value"].sum() == pytest.approx(1)
    assert levels["n"].sum() + levels["n_against"].sum() <= flow["eligible"]
    assert levels["estimate"].to_numpy() == pytest.approx((levels["value"] - levels["value_against"]).to_numpy())
    z = link.lost["estimate"] / link.lost["std_error"]
    assert link.lost["p_value"].to_numpy() == pytest.approx(2 * norm.sf(z.abs()))
    assert (link.lost["p_adjusted"] >= link.lost["p_value"]).all()


def test_the_flow_ends_with_the_answers_of_the_headline(link):
    flow = link.flow.groupby("step")["n"].sum()
    assert flow["linked"] == flow["not in the headline"] + flow["in the headline"]
    assert flow["in the headline"] == link.effect.loc[0, "n"] < link.effect.loc[1, "n"]
    last = link.flow.iloc[-1]
    assert last["n_customers"] == link.effect.loc[0, "n_customers"]
    assert last["share"] == pytest.approx(last["n"] / flow["eligible"])


def test_windows_are_told_as_months(link, demo):
    found = lags(demo, link.linked, most=1)
    assert found["months"].tolist() == ["months 1–3 before", "months 1–3 after"]


def test_the_steps_of_a_vote_average_to_its_slope(link):
    steps = link.contrasts["estimate"]
    assert link.contrasts["contrast"].tolist() == ["detractor to passive", "passive to promoter"]
    assert steps.min() <= link.effect.loc[0, "estimate"] <= steps.max()


def test_resamples_spread_as_the_sandwich_says(link):
    assert len(link.draws) == 100
    assert link.draws.std(ddof=1) == pytest.approx(link.effect.loc[0, "std_error"], rel=0.3)
    rows = link.linked.rows[link.linked.rows["previous_known"]]
    assert np.array_equal(link.draws, resampled_slopes(link.linked, rows, 100, 0))


def test_lags_have_the_headline_as_their_first_and_the_placebo_as_minus_one(link, demo):
    found = lags(demo, link.linked, most=1).set_index("window")
    assert found.loc[1, "estimate"] == pytest.approx(link.effect.loc[0, "estimate"])
    assert found.loc[-1, "estimate"] == pytest.approx(link.placebo.loc[0, "estimate"])


def test_both_parts_add_up_to_the_link(link):
    parts = two_part(link.linked).set_index("part")
    assert parts.loc["together", "estimate"] == pytest.approx(
        parts.loc[["staying", "spending"], "estimate"].sum(), abs=1e-12
    )
    assert abs(parts.loc["together", "estimate"] - parts.loc["link", "estimate"]) < parts.loc["link", "std_error"]


def test_bands_of_the_score_rise(link):
    found = dose_response(link.linked)
    assert found["score"].tolist() == ["0–3", "4–6", "7–8", "9", "10"]
    assert found["n"].sum() == link.effect.loc[0, "n"]
    assert found.set_index("score").loc[["4–6", "7–8", "10"], "estimate"].is_monotonic_increasing
    assert set(found["verdict"]) <= {"rises throughout", "no fall beyond chance"}


def test_the_planned_specification_is_the_headline(link, demo):
    found = specification_curve(demo, Answers(3, ("renewal_window",)), horizons=(), surveys=())
    planned = found[found["status"].eq("planned")]
    assert len(planned) == 1
    assert planned["estimate"].iloc[0] == pytest.approx(link.effect.loc[0, "estimate"])
    assert len(found) == 16 + 2
    assert found["estimate"].is_monotonic_increasing
    assert found.groupby("outcome")["place"].apply(sorted).tolist() == [list(range(1, 10))] * 2


def test_change_within_customers_tells_the_planted_worth_too(demo):
    found = specification_curve(demo, Answers(3, ("renewal_window",)), horizons=(), surveys=())
    within = found[found["basis"].eq("change within customers") & found["outcome"].eq("nps")].iloc[0]
    assert within["conf_low"] < 0.08 < within["conf_high"]
    assert within["n"] >= 2 * within["n_customers"]


@pytest.mark.filterwarnings("ignore:cov_type not fully supported with var_weights")
def test_customer_effects_are_those_of_a_model_with_an_indicator_each():
    rng = np.random.default_rng(4)
    cluster = np.repeat(np.arange(40), 3)
    x, own = rng.normal(size=(120, 2)), rng.normal(size=40)[cluster]
    y, weight = rng.gamma(2.0, np.exp(own + x @ [0.5, -0.2])), rng.uniform(0.5, 2.0, 120)
    fit = within_poisson_fit(y, x, weight, cluster)
    full = np.column_stack([x, pd.get_dummies(cluster).to_numpy(dtype=float)])
    same = sm.GLM(y, full, family=sm.families.Poisson(), var_weights=weight).fit(
        cov_type="cluster", cov_kwds={"groups": cluster, "use_correction": False}, tol=1e-12
    )
    assert fit.slopes == pytest.approx(same.params[:2], abs=1e-7)
    factor = 40 / 39 * 119 / 118
    assert fit.covariance == pytest.approx(factor * same.cov_params()[:2, :2], rel=1e-6)


def test_where_all_weigh_the_same_no_specification_stands_twice(link, demo):
    found = specification_curve(demo, Answers(3, (), survey="transactional"), horizons=(), surveys=())
    assert found["weights"].nunique() == 1
    assert not found.duplicated(["outcome", "basis", "estimate"]).any()


def test_choices_are_summed_up_over_specifications_of_the_planned_outcome():
    curve = pd.DataFrame(
        {"survey": "relationship", "outcome": ["nps", "nps", "nps", "score"], "months": [3, 3, 6, 3],
         "controls": "none", "weights": "study", "basis": ["a", "b", "a", "a"],
         "status": ["planned", *["exploratory"] * 3],
         "percent": [8.0, 6.0, 1.0, 99.0], "conf_low": [0.06, 0.02, -0.01, 0.9], "conf_high": [0.1, 0.1, 0.05, 1.0]}
    )  # fmt: skip
    found = specification_choices(curve).set_index(["choice", "option"])
    assert found.index.tolist() == [("all", "all"), ("months", "3"), ("months", "6"), ("basis", "a"), ("basis", "b")]
    assert found["specifications"].tolist() == [3, 2, 1, 2, 1]
    assert found["above"].tolist() == [2, 2, 0, 1, 1]
    assert found.loc[("months", "3"), ["percent_median", "percent_smallest", "percent_largest"]].tolist() == [7, 6, 8]


def test_robustness_rests_on_the_t_of_least_squares(link):
    row = robustness(link.linked).iloc[0]
    f = row["statistic"] ** 2 * (1 - row["partial_r2"]) / row["partial_r2"]
    assert robustness_value(row["statistic"], f) == pytest.approx(row["robustness_value"])
    assert 0 < row["robustness_value_limit"] < row["robustness_value"] < 1


# Worlds by hand


def test_a_hidden_cause_is_flagged_and_no_effect_is_no_claim():
    rng = np.random.default_rng(8)
    confounded = proof.World(cause=0.08).linked(rng)
    assert placebo(confounded).loc[0, "flag"] == FLAG
    quiet = effect_of(proof.World().linked(rng)).iloc[0]
    assert quiet["conf_low"] < 0 < quiet["conf_high"]


@pytest.mark.parametrize(
    ("estimate", "low", "high", "expected"),
    [
        (np.log(2.0), np.log(1.5), np.log(2.6), (2 + 2**0.5, 1.5 + 0.75**0.5)),
        (np.log(0.5), np.log(0.4), np.log(0.8), (2 + 2**0.5, 1.25 + (1.25 * 0.25) ** 0.5)),
        (0.1, -0.1, 0.3, (None, 1.0)),
    ],
)
def test_e_values_by_their_formula(estimate, low, high, expected):
    found = e_value(estimate, low, high)
    assert expected[0] is None or found[0] == pytest.approx(expected[0])
    assert found[1] == pytest.approx(expected[1])


def test_a_vote_before_counts_only_from_the_horizons_around_the_baseline():
    rows = linked_answers(made(months=12), Answers(2)).rows
    assert rows.groupby("quarter")["previous_known"].mean().tolist() == [0.0, 1.0]
    rows = linked_answers(made(months=12), Answers(1)).rows
    assert not rows["previous_known"].any()


def test_revenue_before_and_after_share_no_month():
    study = made()
    study.tables["revenue"]["revenue"] = 10.0 ** (study.revenue["month"].dt.month - 1)
    row = linked_answers(study, Answers(2)).rows.query("quarter == '2026Q2'").iloc[0]
    assert row["before"] == pytest.approx((1e4 + 1e5) / 2)
    assert row["after"] == pytest.approx(1e6 + 1e7)
    assert row["earlier"] == pytest.approx((1e2 + 1e3) / 2)


def test_weights_and_clusters_are_used():
    study = made(weight=np.where(np.arange(120) % 2, 1.0, 3.0), account_id=[f"f{n // 2}" for n in range(60)] * 2)
    weighted, plain = (effect_of(linked_answers(study, Answers(2, weight=name))) for name in ("study", None))
    assert weighted.loc[0, "estimate"] != pytest.approx(plain.loc[0, "estimate"])
    assert weighted.loc[0, "n_customers"] == 30


# Leaks


def test_scores_recorded_from_the_outcome_are_told():
    score = np.tile(np.repeat([1.0, 9.0], 30), 2)

    def all_who_were_unhappy(ids):
        return pd.DataFrame({"customer_id": ids, "gone": np.repeat([1.0, 0.0], 30)})

    with pytest.raises(StudyError, match=r"^Satisfaction was recorded after or from the outcome: 'gone'"):
        customer_link(made(score=score, customers=all_who_were_unhappy), horizon=2)
    score = np.tile(np.repeat([1.0, 7.0, 9.0], 20), 2)

    def half_of_the_passives_too(ids):
        gone = np.r_[np.ones(20), np.tile([0.0, 1.0], 10), np.zeros(20)]
        return pd.DataFrame({"customer_id": ids, "gone": gone})

    status = customer_link(made(score=score, customers=half_of_the_passives_too), horizon=2).status.iloc[0]
    assert status["status"] == "association"
    assert status["reason"] == "satisfaction was recorded after or from the outcome: gone"


def test_an_ordinary_relation_is_no_leak():
    rng = np.random.default_rng(2)
    score = pd.Series(rng.integers(0, 11, 2000).astype(float))
    assert separating(score, pd.Series(rng.random(2000) < 0.3 - 0.02 * score)) == ""


def test_ibm_telco_is_refused_with_the_leak_first(shared):
    raw = pd.read_csv(shared("data/ibm_telco/telco_merged.csv.gz"))
    study = made(1)
    answers = pd.DataFrame({"customer_id": raw["Customer ID"].astype("str"), "nps": raw["Satisfaction Score"] * 1.0})
    answers = answers.assign(responded_at=pd.Timestamp("2026-03-01"), survey="relationship", period="all")
    people = pd.DataFrame({"customer_id": answers["customer_id"], "status": raw["Churn Label"].astype("str")})
    bare = replace(study, tables={"responses": answers, "customers": people})
    found = cx.attempt(customer_link, bare)
    assert isinstance(found, Refusal)
    assert found.sentence.startswith("Satisfaction was recorded after or from the outcome: 'status'")
    assert "no table `revenue`" in found.sentence


# Refusals


@pytest.mark.parametrize(
    ("study", "options", "message"),
    [
        (without(made(), "revenue"), {}, "no table `revenue`"),
        (without(made(), "responses", "customer_id"), {}, "no `customer_id`"),
        (without(made(), "responses", "responded_at"), {}, "no `responded_at`"),
        (made(months=3), {}, "later months not billed yet"),
        (made(bill=-1.0), {"horizon": 2}, "paid nothing before"),
        (made(n=20), {"horizon": 2}, "20 customers"),
        (made(months=6), {"horizon": 2}, "one quarter"),
        (made(account_id="one"), {"horizon": 2}, "1 customers"),
        (made(score=8.0), {"horizon": 2}, "vote is the same"),
        (made(), {"horizon": 0}, "1 or more"),
        (made(), {"outcome": "npss"}, "no 'npss'"),
        (made(), {"weight": "wt"}, "no column 'wt'"),
        (made(), {"controls": ["age"]}, "no 'age'"),
        (made(plan="A"), {"controls": ["plan"]}, "tells the future"),
    ],
)
def test_bad_input_is_one_sentence(study, options, message):
    found = cx.attempt(customer_link, study, **options)
    assert isinstance(found, Refusal)
    assert message in found.sentence
    assert "c0" not in found.sentence
    assert found.effect.to_frame()["sentence"].iloc[0].startswith("Not reported: ")


def test_strangers_to_the_bills_are_lost_by_reason():
    study = made()
    study.tables["responses"]["customer_id"] = "x" + study.responses["customer_id"]
    with pytest.raises(StudyError, match="no bill at all"):
        customer_link(study, horizon=2)


def test_refunds_as_high_as_bills_are_refused():
    study = made(months=9)
    later = study.revenue["month"].dt.month.isin([4, 5, 7, 8])
    study.tables["revenue"]["revenue"] = np.where(later, -5.0, 10.0)
    with pytest.raises(StudyError, match="refunds"):
        customer_link(study, horizon=2)


def test_years_since_a_first_day_are_no_leak(demo):
    refuse_controls(demo, ("tenure", "renewal_window", "network"))
    with pytest.raises(StudyError, match="tells the future"):
        refuse_controls(demo, ("region",))


# The plan


def test_a_plan_is_typed_and_hashed():
    run = Run.model_validate({"study": "demo", "plan": {"horizon": 3, "controls": ["renewal_window"]}})
    plan = run.plan.model_dump(exclude_unset=True)
    assert plan == {"horizon": 3, "controls": ["renewal_window"]}
    assert plan_hash(plan) == plan_hash(dict(reversed(plan.items()))) != plan_hash({**plan, "horizon": 6})
    for wrong in ({"horizon": 0}, {"horizons": 3}, {"controls": ["a", "a"]}, {"lag": "one"}):
        with pytest.raises(ValueError, match="plan"):
            Run.model_validate({"study": "demo", "plan": wrong})


def test_what_was_done_otherwise_is_said():
    done = {"horizon": 6, "controls": ["b", "a"], "survey": "relationship"}
    found = plan_against_done({"horizon": 3, "controls": ["a", "b"], "lag": 1, "exploratory": ["x"]}, done)
    assert dict(zip(found["choice"], found["same"], strict=True)) == {
        "horizon": "no",
        "controls": "yes",
        "lag": "not done",
        "survey": "not planned",
    }
