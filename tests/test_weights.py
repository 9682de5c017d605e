"""Weights: what is refused, margins from the customer list, response propensity, the weights of a study."""

import numpy as np
import pandas as pd
import pytest

from cxresearch import weights
from cxresearch.schema import Study
from cxresearch.stats import representativity
from cxresearch.strict_yaml import StudyError, validate
from cxresearch.study_data import Quality, StudyData

PLAN = {"plan": {"Basic": 0.7, "Pro": 0.3}}


def people(**columns):
    return pd.DataFrame({"plan": ["Basic"] * 60 + ["Pro"] * 40, "w": 1.0} | columns)


# --- bad input: one sentence each -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("margins", "sentence"),
    [
        ({}, "margins: found none"),
        ({"plan": {}}, "shares are positive numbers"),
        ({"plan": {"Basic": 0.7, "Pro": 0.2}}, "the shares sum to 0.9; they must sum to 1, or be counts"),
        ({"plan": {"Basic": 0.7, "Pro": 0.300002}}, "the shares sum to 1; they"),
        ({"plan": {"Basic": 1.2, "Pro": -0.2}}, "found missing or negative ones"),
        ({"plan": {"Basic": 0.5, "Pro": np.nan}}, "found missing or negative ones"),
        ({"plan": {"Basic": "most", "Pro": "few"}}, "shares are numbers"),
        ({"plan": {"Basic": 1.0}}, r"40 of 100 rows hold 1 level\(s\) without a share above 0 \(it has Basic\)"),
        ({"plan": {"Basic": 1.0, "Pro": 0.0}}, r"40 of 100 rows hold 1 level\(s\) without a share"),
        (
            {"plan": {"Basic": 0.7, "Pro": 0.2, "Max": 0.1}},
            r"no row has the level 'Max' \(10.0% of the population\).* merge it with a neighbouring level",
        ),
        ({"plan": pd.Series([0.5, 0.5], ["Basic", "Basic"])}, "a level stands twice"),
    ],
)
def test_margins_that_cannot_be_are_refused_in_a_sentence(margins, sentence):
    with pytest.raises(StudyError, match=sentence):
        weights.rake(people(), margins)


@pytest.mark.parametrize("wrong", [0.0, -1.0, np.nan, np.inf])
def test_base_weights_that_cannot_be_are_refused(wrong):
    frame = people()
    frame.loc[3, "w"] = wrong
    with pytest.raises(StudyError, match="base 'w': 1 of 100 weights are missing, zero, negative or infinite"):
        weights.rake(frame, PLAN, base="w")


@pytest.mark.parametrize(
    ("frame", "arguments", "error", "sentence"),
    [
        (people().iloc[:0], {}, StudyError, "holds no rows"),
        (people().drop(columns="plan"), {}, KeyError, "the frame has no column 'plan'"),
        (people(), {"base": "wieght"}, KeyError, "the frame has no column 'wieght'"),
        (people(w="heavy"), {"base": "w"}, TypeError, "holds no numbers"),
        (people(), {"cap": (1.2, 3.0)}, StudyError, r"cap: found \[1.2, 3.0\]"),
        (people(), {"cap": (0.3, 0.9)}, StudyError, r"cap: found \[0.3, 0.9\]"),
    ],
)
def test_frames_and_arguments_that_cannot_be_are_refused(frame, arguments, error, sentence):
    with pytest.raises(error, match=sentence):
        weights.rake(frame, PLAN, **arguments)


def test_no_message_tells_what_stands_in_a_cell():
    frame = people(plan=["Basic"] * 60 + ["Anna Schmidt"] * 40)
    with pytest.raises(StudyError) as caught:
        weights.rake(frame, PLAN)
    assert "Anna" not in str(caught.value)


def test_uneven_weights_are_flagged_and_very_uneven_ones_refused():
    frame = pd.DataFrame({"plan": ["A"] * 95 + ["B"] * 5})
    # Kish: (Σw)²/Σw² over n = 1 / (.7²/.95 + .3²/.05) = .43, and with shares of .5 it is .19.
    assert weights.rake(frame, {"plan": {"A": 0.7, "B": 0.3}}).diagnostics["flag"].item() == ""
    flagged = weights.rake(frame, {"plan": {"A": 0.65, "B": 0.35}}).diagnostics.iloc[0]
    assert flagged["flag"] == "uneven weights"
    assert flagged["n_eff"] == pytest.approx(100 / (0.65**2 / 0.95 + 0.35**2 / 0.05))
    assert flagged["design_effect"] == pytest.approx(100 / flagged["n_eff"])
    with pytest.raises(StudyError, match=r"19 answers' worth of information of 100 answers, under a quarter"):
        weights.rake(frame, {"plan": {"A": 0.5, "B": 0.5}})


# --- margins ----------------------------------------------------------------------------------------------------------


def test_counts_shares_and_categories_say_the_same():
    frame = people(index=range(100)).set_index("index")
    by_share = weights.rake(frame, PLAN).weights
    assert by_share.index.equals(frame.index)
    assert by_share.equals(weights.rake(frame, {"plan": {"Pro": 300, "Basic": 700}}).weights)
    as_category = frame.assign(plan=pd.Categorical(frame["plan"], ["Max", "Pro", "Basic"]))
    assert by_share.equals(weights.rake(as_category, PLAN).weights)


def test_the_table_of_margins_is_in_the_order_as_written_and_counts_people():
    frame = people(customer_id=["c1"] * 10 + [f"c{i}" for i in range(1, 90)] + [None])
    table = weights.rake(frame, {"plan": {"Pro": 0.3, "Basic": 0.7}}).margins
    assert table["level"].tolist() == ["Pro", "Basic"]
    # The ten answers of c1 and 50 others (c1 among them); 39 more, and one without an id.
    assert table["n_customers"].tolist() == [40, 50]
    assert table["share"].tolist() == [0.4, 0.6]
    assert list(table)[:4] == ["variable", "level", "n", "n_customers"]


def test_rows_without_a_level_keep_the_share_of_their_base_weight():
    frame = people(w=[2.0] * 50 + [1.0] * 50)
    frame.loc[[0, 1], "plan"] = None
    found = weights.rake(frame, PLAN, base="w")
    unknown = frame["plan"].isna()
    assert found.weights[unknown].sum() / 100 == pytest.approx(4 / 150)
    shares = found.weights[~unknown].groupby(frame["plan"]).sum() / found.weights[~unknown].sum()
    assert shares.to_dict() == pytest.approx({"Basic": 0.7, "Pro": 0.3})
    assert found.margins["achieved"].tolist() == pytest.approx([0.7, 0.3])
    assert found.margins["n"].tolist() == [58, 40]


def test_interlocked_margins_are_post_stratification():
    rng = np.random.default_rng(0)
    frame = pd.DataFrame({"plan": rng.choice(["A", "B"], 200), "region": rng.choice(["N", "S"], 200)})
    cells = {("A", "N"): 0.4, ("A", "S"): 0.1, ("B", "N"): 0.2, ("B", "S"): 0.3}
    found = weights.post_stratify(frame, cells, ("plan", "region"))
    raked = weights.rake(frame, {("plan", "region"): pd.Series(cells)})
    counts = frame.groupby(["plan", "region"]).size()
    by_hand = [200 * cells[cell] / counts[cell] for cell in zip(frame["plan"], frame["region"], strict=True)]
    assert np.allclose(found.weights, by_hand)
    assert np.allclose(raked.weights, by_hand)
    assert found.margins["level"].tolist() == ["A × N", "A × S", "B × N", "B × S"]
    assert found.margins["variable"].unique().tolist() == ["plan × region"]


def test_margins_of_a_period_count_who_was_a_customer_then():
    customers = pd.DataFrame(
        {
            "plan": ["A", "A", "B", "B", "B", None],
            "since": pd.to_datetime(
                ["2020-01-01", "2026-09-30", "2020-01-01", "2026-10-01", "2020-01-01", "2020-01-01"]
            ),
            "churned_at": pd.to_datetime([None, None, "2026-07-01", None, "2026-06-30", None]),
        }
    )
    quarter = (pd.Timestamp("2026-07-01"), pd.Timestamp("2026-10-01"))
    assert weights.margins_from(customers, ["plan"])["plan"].to_dict() == {"A": 0.4, "B": 0.6}
    found = weights.margins_from(customers, ["plan"], period=quarter)["plan"]
    assert found.to_dict() == {"A": pytest.approx(2 / 3), "B": pytest.approx(1 / 3)}
    with pytest.raises(StudyError, match="nobody on the list was a customer"):
        weights.margins_from(customers, ["plan"], period=(pd.Timestamp("2010-01-01"), pd.Timestamp("2010-04-01")))


# --- replicates and calibration refuse --------------------------------------------------------------------------------


def test_replicates_that_say_nothing_are_refused():
    frame = people(strata=["a"] * 99 + ["b"])
    with pytest.raises(StudyError, match="1 of 2 strata hold one sampling unit"):
        weights.replicate_weights(frame, PLAN, strata="strata")
    with pytest.raises(ValueError, match="jackknife"):
        weights.replicate_weights(frame, PLAN, kind="jacknife")
    with pytest.raises(ValueError, match="found 3 of them for 100 rows"):
        weights.replicate_estimate(np.sum, np.ones(3), weights.replicate_weights(frame, PLAN, n=2))
    big = pd.DataFrame({"plan": ["A", "B"] * 10_000})
    with pytest.raises(StudyError, match="too many to hold"):
        weights.replicate_weights(big, None, kind="jackknife")


def test_replicates_without_a_level_are_counted():
    frame = pd.DataFrame({"plan": ["A"] * 30 + ["B"] * 2})
    found = weights.replicate_weights(frame, {"plan": {"A": 0.9, "B": 0.1}}, n=60)
    missing = int((found.weights[30:].sum(axis=0) == 0).sum())
    assert 0 < missing == found.incomplete
    row = weights.replicate_estimate(lambda w: w[30:].sum() / w.sum(), np.ones(32), found)
    assert f"{missing} replicates miss a margin" in row["flag"].item()


@pytest.mark.parametrize(
    ("totals", "arguments", "sentence"),
    [
        ({"w": 30.0}, {}, "no weights within the bounds meet all totals"),
        ({"plan": {"Basic": 0.99, "Pro": 0.01}, "x": 2.6}, {}, "weights would be negative"),
        ({"plan": {"Basic": 0.7, "Pro": 0.3}}, {"distance": "logit"}, "needs them"),
        ({"gap": 1.0}, {}, "gap: 1 of 100 rows have no number"),
    ],
)
def test_calibration_that_cannot_be_is_refused(totals, arguments, sentence):
    frame = people(x=[0.0] * 59 + [9.0] + [1.0] * 20 + [2.0] * 20, gap=[np.nan] + [1.0] * 99)
    with pytest.raises(ValueError, match=sentence):
        weights.calibrate(frame, totals, **arguments)


# --- response propensity ----------------------------------------------------------------------------------------------


def invited(n=4000, seed=0, rates=(0.2, 0.5)):
    """Return invitations whose chance of an answer depends on the plan and, a little, on the years."""
    rng = np.random.default_rng(seed)
    frame = pd.DataFrame({"invitation_id": [f"I{i}" for i in range(n)], "plan": rng.choice(["Basic", "Pro"], n)})
    frame["tenure"] = rng.exponential(3, n)
    chance = np.where(frame["plan"] == "Pro", rates[1], rates[0]) + 0.02 * np.clip(frame["tenure"] - 3, -3, 5)
    answers = frame.loc[rng.random(n) < chance, ["invitation_id"]].reset_index(drop=True)
    return frame, answers, chance


def test_propensity_weights_restore_the_balance_of_the_invited():
    frame, answers, _ = invited()
    found = weights.response_propensity(frame, answers, ["plan", "tenure"])
    balance = found.balance.set_index(["variable", "level"])
    assert balance["difference_before"].abs().max() > 0.2
    assert balance["difference_after"].abs().max() < 0.06
    basic = balance.loc[("plan", "Basic")]
    share = frame["plan"].eq("Basic").mean()
    assert basic["share_invited"] == pytest.approx(share)
    assert basic["difference_before"] == pytest.approx((basic["share_answered"] - share) / np.sqrt(share * (1 - share)))
    assert found.weights.mean() == pytest.approx(1)
    assert found.weights.index.equals(answers.index)
    assert found.diagnostics["untraced"].item() == 0


def test_one_variable_of_two_levels_by_hand():
    frame, answers, _ = invited()
    answered = frame["invitation_id"].isin(answers["invitation_id"])
    rate = answered.groupby(frame["plan"]).mean()
    n = frame["plan"].value_counts()
    found = weights.response_propensity(frame, answers, ["plan"], classes=None, cap=None)
    assert np.allclose(found.propensity, frame["plan"].map(rate))
    plan = answers["invitation_id"].map(frame.set_index("invitation_id")["plan"])
    direct = 1 / plan.map(rate)
    assert np.allclose(found.weights, direct / direct.mean())
    between = np.sqrt((n / n.sum() * (rate - answered.mean()) ** 2).sum())
    assert found.partial["estimate"].item() == pytest.approx(between)
    # One variable: nothing else has cells, so all of the spread is its own.
    assert found.partial["conditional"].item() == pytest.approx(between)
    plain = 1 - 2 * frame["plan"].map(rate).std()
    row = found.r_indicator.iloc[0]
    # The rates of two halves vary by p(1 - p)/n, of which S² sees the part that is not common to both.
    assert plain < row["estimate"] < plain + 0.01
    assert row["conf_low"] < row["estimate"] < row["conf_high"]


def test_the_r_indicator_is_without_bias_and_its_interval_covers():
    rng = np.random.default_rng(1)
    x = np.column_stack([np.ones(1500), rng.integers(0, 2, 1500), rng.normal(size=(1500, 4))])
    logit = x @ np.array([-1.0, 0.6, 0.3, 0.0, 0.0, 0.0])
    chance = 1 / (1 + np.exp(-logit))
    truth, covered, estimates, plain = 1 - 2 * chance.std(), [], [], []
    for _ in range(150):
        response = representativity.fit_response(x, rng.random(1500) < chance)
        estimate, _, low, high = representativity.r_indicator(response)
        estimates.append(estimate)
        plain.append(1 - 2 * response.propensity.std(ddof=1))
        covered.append(low <= truth <= high)
    error = np.std(estimates) / np.sqrt(150)
    assert abs(np.mean(estimates) - truth) < 3 * error
    assert np.mean(plain) < truth - 3 * error
    # 95 % within three standard errors of 150 runs.
    assert np.mean(covered) > 0.95 - 3 * np.sqrt(0.95 * 0.05 / 150)
    spread = np.mean(
        [
            representativity.r_indicator(representativity.fit_response(x, rng.random(1500) < chance))[1]
            for _ in range(10)
        ]
    )
    assert spread == pytest.approx(np.std(estimates), rel=0.25)


def test_tiny_levels_count_as_the_largest_and_are_told():
    frame, answers, _ = invited()
    frame.loc[:9, "plan"] = "Trial"
    found = weights.response_propensity(frame, answers, ["plan"])
    assert "plan: 1 level(s) with under 30 invited" in found.notes[0]
    assert "(10 invited)" in found.notes[0]
    largest = frame["plan"].value_counts().index[0]
    assert found.propensity[0] == pytest.approx(found.propensity[frame["plan"].eq(largest)].iloc[0])
    assert found.balance.set_index("level").loc["Trial", "flag"] == "very small base"


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        (lambda frame, answers: (frame, answers.iloc[:0]), "0 of 4000 invited answered"),
        (lambda frame, answers: (frame, frame[["invitation_id"]]), "4000 of 4000 invited answered"),
        (lambda frame, answers: (frame, answers.rename(columns={"invitation_id": "id"})), "cannot be traced"),
        (
            lambda frame, answers: (
                frame.assign(plan=frame["invitation_id"].isin(answers["invitation_id"]).astype(float)),
                answers,
            ),
            "plan tell for certain who answers",
        ),
    ],
)
def test_propensities_that_mean_nothing_are_refused(change, sentence):
    frame, answers, _ = invited()
    with pytest.raises(StudyError, match=sentence):
        weights.response_propensity(*change(frame, answers), ["plan"])


def test_answers_without_an_invitation_weigh_one_and_are_counted():
    frame, answers, _ = invited()
    more = pd.concat([answers, pd.DataFrame({"invitation_id": ["forwarded", None]})], ignore_index=True)
    found = weights.response_propensity(frame, more, ["plan"])
    assert found.weights.iloc[-2:].tolist() == [1.0, 1.0]
    assert found.diagnostics["untraced"].item() == 2
    assert found.weights.mean() == pytest.approx(1)


def test_the_range_of_the_silent_by_hand():
    answers = pd.DataFrame({"nps": [10] * 60 + [8] * 30 + [3] * 30})
    found = weights.nonresponse_range(answers, 0.4, shifts=[-20, 0]).set_index("assumption")
    assert found.loc["like those who answered", "estimate"] == 25
    assert found.loc["20 points lower", "estimate"] == pytest.approx(0.4 * 25 + 0.6 * 5)
    assert found.loc["all are detractors", "estimate"] == pytest.approx(0.4 * 25 - 60)
    assert found.loc["all are promoters", "estimate"] == pytest.approx(0.4 * 25 + 60)
    plain = found.loc["like those who answered", "std_error"]
    assert found.loc["all are promoters", "std_error"] == pytest.approx(0.4 * plain)
    assert found["estimate"].is_monotonic_increasing
    with pytest.raises(StudyError, match="response_rate: found 40"):
        weights.nonresponse_range(answers, 40)


# --- the weights of a study -------------------------------------------------------------------------------------------

FILE = {
    "title": "Tiny",
    "tables": {
        "responses": {
            "source": "r.csv",
            "columns": {"response_id": "id", "customer_id": "c", "responded_at": "d", "nps": "q"},
        },
        "customers": {"source": "c.csv", "columns": {"customer_id": "c", "plan": "plan", "since": "since"}},
        "invitations": {"source": "i.csv", "columns": {"customer_id": "c", "invited_at": "d"}},
    },
    "segments": {"plan": {"from": "plan", "merge": {"Pro": ["Pro", "Max"]}}},
}


def study(rules=None, design=None, **change):
    """Return a study of two quarters; in the second Pro customers answer twice as often as Basic ones."""
    tables = dict(FILE["tables"])
    if design:
        tables["responses"] = tables["responses"] | {"design": design}
    definition = Study.model_validate(FILE | {"tables": tables} | ({"weights": rules} if rules else {}))
    days = pd.to_datetime(["2026-05-01"] * 100 + ["2026-08-01"] * 100 + ["2026-08-02"])
    plan = ["Basic"] * 60 + ["Pro"] * 40 + ["Basic"] * 40 + ["Pro"] * 60 + ["Pro"]
    responses = pd.DataFrame({"response_id": [f"R{i:03d}" for i in range(201)], "responded_at": days, "plan": plan})
    # The last row is the second answer of the customer of the row before.
    responses["customer_id"] = [f"C{i:03d}" for i in range(100)] + [f"C{i:03d}" for i in range(20, 120)] + ["C119"]
    responses = responses.assign(survey="relationship", period=["2026Q2"] * 100 + ["2026Q3"] * 101, nps=8.0, **change)
    customers = pd.DataFrame({"customer_id": [f"C{i:03d}" for i in range(400)], "since": pd.Timestamp("2020-01-01")})
    customers["plan"] = ["Basic"] * 200 + ["Pro"] * 100 + ["Max"] * 100
    customers.loc[390:, "since"] = pd.Timestamp("2026-09-01")
    # Of 150 invited Basic customers 40 answer in the second quarter, of 150 Pro ones 60.
    invitations = pd.DataFrame({"customer_id": [f"C{i:03d}" for i in range(20, 320)]})
    invitations["plan"] = ["Basic"] * 40 + ["Pro"] * 60 + ["Basic"] * 110 + ["Pro"] * 90
    invitations["invited_at"] = pd.Timestamp("2026-08-01")
    quality = Quality()
    tables = {"responses": responses, "customers": customers, "invitations": invitations}
    return StudyData(definition, "2026Q3", "2026Q2", ["2026Q2", "2026Q3"], quality, tables)


def shares(data, found, period):
    rows = data.responses["period"].eq(period)
    return (found.weights[rows].groupby(data.responses["plan"]).sum() / found.weights[rows].sum()).to_dict()


def test_a_study_without_weights_has_ones():
    found = weights.study_weights(study())
    assert found.weights.eq(1).all()
    assert found.diagnostics.empty


def test_each_period_is_raked_to_the_customers_of_its_time():
    data = study({"margins": {"from": "customers", "by": ["plan"]}, "cap": [0.3, 3.0]})
    found = weights.study_weights(data)
    # Merged as the segment says; ten Pro customers came in September.
    assert shares(data, found, "2026Q2") == pytest.approx({"Basic": 200 / 390, "Pro": 190 / 390})
    assert shares(data, found, "2026Q3") == pytest.approx({"Basic": 0.5, "Pro": 0.5})
    assert found.diagnostics["period"].tolist() == ["2026Q2", "2026Q3"]
    assert found.diagnostics["n"].tolist() == [100, 100]
    # The customer's first answer of the quarter is not what the headline counts.
    assert found.weights.iloc[199] == 0
    assert found.weights.iloc[200] > 0
    assert found.weights.iloc[:100].mean() == pytest.approx(1)


def test_margins_may_be_written_and_only_one_period_weighted():
    data = study({"margins": {"plan": {"Basic": 0.8, "Pro": 0.2}}})
    found = weights.study_weights(data, "2026Q3")
    assert shares(data, found, "2026Q3") == pytest.approx({"Basic": 0.8, "Pro": 0.2})
    assert found.weights.iloc[:100].eq(1).all()


def test_agency_weights_are_taken_as_they_are_unless_the_design_says_rake():
    rules = {"margins": {"plan": {"Basic": 0.5, "Pro": 0.5}}}
    agency = [3.0] * 10 + [1.0] * 191
    kept = weights.study_weights(study(rules, {"weight": "w"}, weight=agency))
    assert kept.weights.tolist() == agency
    assert kept.diagnostics["n_eff"].iloc[0] == pytest.approx((10 * 3 + 90) ** 2 / (10 * 9 + 90))
    uneven = weights.study_weights(study(None, {"weight": "w"}, weight=[400.0] + [1.0] * 200))
    assert uneven.diagnostics["flag"].str.startswith("refused").tolist() == [True, False]
    data = study(rules, {"weight": "w", "rake": True}, weight=agency)
    raked = weights.study_weights(data)
    assert shares(data, raked, "2026Q2") == pytest.approx({"Basic": 0.5, "Pro": 0.5})
    assert raked.weights.iloc[0] == pytest.approx(3 * raked.weights.iloc[10])


def test_response_weights_are_the_base_of_the_raking():
    data = study({"propensity": ["plan"]})
    found = weights.study_weights(data)
    basic, pro = found.weights.iloc[100], found.weights.iloc[150]
    assert basic / pro == pytest.approx((150 / 40) / (150 / 60))
    assert found.representativity[["period", "n", "answered"]].to_numpy().tolist() == [["2026Q3", 300, 100]]
    assert found.balance.set_index("level")["share_weighted"].to_dict() == pytest.approx({"Basic": 0.5, "Pro": 0.5})
    assert found.weights.iloc[:100].eq(1).all()
    assert found.notes == ("2026Q2: no invitations in the period, so no response weights.",)
    both = weights.study_weights(study({"propensity": ["plan"], "margins": {"plan": {"Basic": 0.7, "Pro": 0.3}}}))
    assert shares(data, both, "2026Q3") == pytest.approx({"Basic": 0.7, "Pro": 0.3})


def test_what_goes_wrong_is_told_with_its_period():
    data = study({"margins": {"plan": {"Basic": 0.5, "Pro": 0.4, "Max": 0.1}}})
    with pytest.raises(StudyError, match=r"weights, period 2026Q2: margin 'plan': no row has the level 'Max'"):
        weights.study_weights(data)
    with pytest.raises(StudyError, match=r"weights, period 2026Q3: the frame has no column 'tenure'"):
        weights.study_weights(study({"propensity": ["tenure"]}))


@pytest.mark.parametrize(
    ("rules", "sentence"),
    [
        ({"margins": {"from": "customers", "by": ["plan", "regoin"]}}, "'regoin' is no segment; the study has plan"),
        ({"margins": {"age": {"young": 1}}}, "'age' is no segment"),
        ({"margins": {"from": "crm", "by": ["plan"]}}, "'weights.margins.from'"),
        ({"margins": {"from": "customers", "by": []}}, "'weights.margins.by'"),
        ({"margins": {"from": "customers", "buy": ["plan"]}}, "unknown key 'buy'"),
        ({"margins": {"plan": {"Basic": "half"}}}, "'weights.margins.plan': found 'half'"),
        ({"margins": {"plan": {"Basic": 1}}, "cap": [0.3, 0.9]}, r"the cap \[0.3, 0.9\]"),
        ({"cap": [0.3, 3.0]}, "weights need `margins:`, `propensity:` or both"),
        ({"margins": {"plan": {"Basic": 1}}, "caps": [0.3, 3]}, "unknown key 'caps'"),
    ],
)
def test_a_study_file_that_weights_wrongly_is_refused(tmp_path, rules, sentence):
    with pytest.raises(StudyError, match=sentence):
        validate(Study, FILE | {"weights": rules}, tmp_path / "study.yaml")


def test_weights_by_tables_that_are_not_there_are_refused(tmp_path):
    tables = {"responses": FILE["tables"]["responses"] | {"columns": {"nps": "q", "plan": "p"}}}
    for rules, needed in (
        ({"margins": {"from": "customers", "by": ["plan"]}}, "customers"),
        ({"propensity": ["plan"]}, "invitations"),
    ):
        with pytest.raises(StudyError, match=f"weights need the table '{needed}'"):
            validate(Study, FILE | {"tables": tables, "weights": rules}, tmp_path / "study.yaml")
