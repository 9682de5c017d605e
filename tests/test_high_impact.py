"""Customers who pay most: every metric beside the rest, the gap over the periods, what detractors of them hold."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from scipy import stats

import cxresearch as cx
from cxresearch import segments
from cxresearch.present import words
from cxresearch.present.disclosure import Policy, protect
from cxresearch.present.payload import Grid, Payload
from cxresearch.schema import Study
from cxresearch.study_data import Quality, StudyData

QUARTERS = ["2025Q3", "2025Q4", "2026Q1", "2026Q2", "2026Q3"]
CUSTOMERS = 400


@pytest.fixture(scope="module")
def demo():
    return cx.load("demo", period="2026Q3")


def bills(top=range(40), first="2024-07-01"):
    """Return monthly bills of everyone; customers of `top` pay a hundred times as much."""
    months = pd.date_range(first, "2026-09-01", freq="MS")
    people = np.arange(CUSTOMERS)
    paid = np.where(np.isin(people, list(top)), 1000.0, 10.0) + people / CUSTOMERS
    frame = pd.DataFrame({"customer_id": np.tile(people, len(months)), "month": np.repeat(months, CUSTOMERS)})
    return frame.assign(revenue=np.tile(paid, len(months)))


def answers(fall=0.0, seed=0, same=False):
    """Return one answer a customer and quarter; those of the top tenth lose `fall` of their promoters every quarter."""
    rng = np.random.default_rng(seed)
    frames = []
    draw = rng.random(CUSTOMERS)
    for number, quarter in enumerate(QUARTERS):
        draw = draw if same else rng.random(CUSTOMERS)
        happy = 0.7 - fall * number * (np.arange(CUSTOMERS) < 40)
        score = np.select([draw < happy, draw < happy + 0.1], [10, 8], 3)
        frames.append(pd.DataFrame({"customer_id": range(CUSTOMERS), "nps": score, "period": quarter}))
    return pd.concat(frames, ignore_index=True)


def as_study(responses, revenue, *, rule=True, **tables):
    """Return tables as a loaded study of five quarters."""
    columns = {"nps": {"from": "Q1"}, "customer_id": {"from": "id"}}
    bill = {"customer_id": "id", "month": {"from": "m", "format": "%Y-%m-%d"}, "revenue": "r"}
    text = {"title": "Made up", "smallest_difference": {"nps": 20}}
    text["tables"] = {"responses": {"source": "a.csv", "columns": columns}}
    text["tables"]["revenue"] = {"source": "b.csv", "columns": bill}
    text |= {"high_impact": {"by": "revenue", "months_before": 12, "top": 0.1}} if rule else {}
    quality = Quality()
    frames = {"responses": responses.assign(survey="relationship"), "revenue": revenue} | tables
    return StudyData(Study.model_validate(text), "2026Q3", "2026Q2", QUARTERS, quality, frames)


def made(**arguments):
    return as_study(answers(**arguments), bills())


def told(frame, finding, **arguments):
    """Return the sentence of a frame after disclosure, and the frame."""
    payload = Payload(key="k", kind="table", grid=Grid.of(frame), finding=finding, arguments=arguments)
    done = protect([payload], Policy()).payloads[0]
    return words.finding(done), done.to_frame()


def test_every_metric_is_the_comparison_of_one_and_judged_among_all(demo):
    found = segments.high_impact_metrics(demo, n_permutations=199)
    one = segments.high_impact_against_rest(demo, "nps", n_permutations=199).iloc[0]
    row = found.set_index("metric").loc["nps"]
    shared = ["n", "n_customers", "n_against", "value", "value_against", "estimate", "conf_low", "p_value"]
    assert row[shared].tolist() == one[shared].tolist()
    assert found["p_adjusted"].to_numpy() == pytest.approx(
        stats.false_discovery_control(found["p_value"].astype(float))
    )
    assert "answers without a bill" in row["flag"]


def test_the_gap_of_a_period_is_the_comparison_of_that_period(demo):
    gap = segments.high_impact_gap(demo, n_permutations=99)
    rows = gap.periods.set_index("period")
    for name in ("2025Q1", "2026Q3"):
        one = segments.high_impact_against_rest(replace(demo, period=name), n_permutations=99).iloc[0]
        assert rows.loc[name, ["n", "estimate", "std_error"]].tolist() == one[["n", "estimate", "std_error"]].tolist()
    levels = gap.levels.pivot_table(index="period", columns="level", values="estimate")
    assert (levels["high impact"] - levels["the rest"]).to_numpy() == pytest.approx(rows["estimate"].to_numpy())


def test_the_trend_is_the_least_squares_line_through_the_gaps():
    gap = segments.high_impact_gap(made(fall=0.05), n_permutations=0)
    slope = np.polyfit(range(5), gap.periods["estimate"].astype(float), 1)[0]
    assert gap.trend["estimate"].item() == pytest.approx(4 * slope)
    assert gap.trend["per_period"].item() == pytest.approx(slope)


def test_the_error_of_the_trend_is_that_of_a_jackknife_over_customers():
    # From 2026 on others pay most, so that the same customers stand first on one side and then on the other.
    revenue = bills().where(bills()["month"].lt("2025-07-01"), bills(top=range(40, 80)))
    study = as_study(answers(fall=0.05, same=True), revenue)

    def rise(frame):
        top = np.where(frame["period"].lt("2026"), frame["customer_id"].lt(40), frame["customer_id"].between(40, 79))
        votes = (frame["nps"] > 8) * 100.0 - (frame["nps"] < 7) * 100.0
        gaps = votes[top].groupby(frame["period"]).mean() - votes[~top].groupby(frame["period"]).mean()
        return 4 * np.polyfit(range(5), gaps, 1)[0]

    rows = study.responses
    left = np.array([rise(rows[rows["customer_id"].ne(one)]) for one in range(CUSTOMERS)])
    jackknife = np.sqrt((CUSTOMERS - 1) / CUSTOMERS * np.square(left - left.mean()).sum())
    trend = segments.high_impact_gap(study, n_permutations=0).trend
    assert trend["estimate"].item() == pytest.approx(rise(rows))
    assert trend["std_error"].item() == pytest.approx(jackknife, rel=0.03)


def test_customers_who_stay_as_they_are_make_the_trend_sure():
    moving, same = (segments.high_impact_gap(made(same=one), n_permutations=0).trend for one in (False, True))
    assert same["std_error"].item() < 1e-9 < moving["std_error"].item()


@pytest.mark.parametrize(("fall", "verdict"), [(0.12, "fell"), (-0.07, "rose")])
def test_a_planted_move_is_found_and_told(fall, verdict):
    trend = segments.high_impact_gap(made(fall=fall, seed=4), n_permutations=0).trend
    assert trend["verdict"].item() == verdict
    side = {"fell": "against them", "rose": "in their favour"}[verdict]
    text, _ = told(trend, "high_impact_gap")
    assert side in text
    assert "200 answers from 40 customers" in text


def test_a_move_is_rarely_claimed_where_there_is_none():
    trends = [segments.high_impact_gap(made(seed=seed), n_permutations=0).trend for seed in range(20)]
    # At 5 % false claims, more than 3 of 20 happen in under 2 of 100 cases.
    assert sum(trend["verdict"].item() in ("rose", "fell") for trend in trends) <= 3


def test_a_gap_without_any_scatter_is_not_tested():
    found = segments.high_impact_gap(as_study(answers().assign(nps=10), bills()), n_permutations=0)
    assert found.trend["estimate"].item() == 0
    assert found.trend[["p_value", "statistic"]].isna().all(axis=None)
    assert found.trend["verdict"].item() == "cannot tell"


def test_who_counts_is_fixed_before_each_period():
    # Other customers pay most from January 2026 on: they count in the third quarter only after 12 months of both.
    later = bills(top=range(200, 240))
    revenue = bills().where(bills()["month"].lt("2026-07-01"), later)
    found = segments.high_impact_gap(as_study(answers(), revenue), n_permutations=0)
    pd.testing.assert_frame_equal(found.levels, segments.high_impact_gap(made(), n_permutations=0).levels)
    early = bills().where(bills()["month"].lt("2025-07-01"), later)
    other = segments.high_impact_gap(as_study(answers(fall=0.1), early), n_permutations=0).levels
    rows = answers(fall=0.1).query("period == '2026Q3' and 200 <= customer_id < 240")["nps"]
    last = other.query("period == '2026Q3' and level == 'high impact'")["estimate"].item()
    assert last == pytest.approx(100 * ((rows > 8).mean() - (rows < 7).mean()))


def test_periods_that_cannot_be_compared_are_counted(demo):
    short = segments.high_impact_gap(as_study(answers(), bills(first="2025-01-01")), n_permutations=0)
    assert short.periods["period"].tolist() == QUARTERS[2:]
    assert short.trend["flag"].item() == "2 periods without bills of 12 months before left out"
    asked = segments.high_impact_gap(demo, "csat", n_permutations=0)
    assert asked.periods["period"].iloc[0] == demo.breaks["csat"][-1]
    assert "3 periods before the metric was asked in another way" in asked.trend["flag"].item()


def test_under_three_periods_there_is_no_trend():
    found = segments.high_impact_gap(as_study(answers(), bills(first="2025-04-01")), n_permutations=0)
    assert found.trend[["verdict", "periods"]].iloc[0].tolist() == ["", 2]
    assert "Under three periods" in told(found.trend, "high_impact_gap")[0]


def test_few_are_left_out_of_the_trend():
    few = answers()
    few = few[~(few["period"].eq("2025Q4") & few["customer_id"].between(10, 39))]
    found = segments.high_impact_gap(as_study(few, bills()), n_permutations=0)
    assert found.trend["periods"].item() == 4
    assert "1 period with under 30 answers" in found.trend["flag"].item()
    assert found.periods["n"].tolist() == [40, 10, 40, 40, 40]


def test_what_detractors_hold_is_a_share_of_the_bills():
    study = made()
    found = segments.high_impact_revenue(study).set_index("level")
    paid = study.revenue[study.revenue["month"].between("2025-07-01", "2026-06-01")]
    high = paid[paid["customer_id"].lt(40)].groupby("customer_id")["revenue"].sum()
    votes = study.responses[study.responses["period"].eq("2026Q3")].set_index("customer_id")["nps"].loc[range(40)]
    assert found["estimate"].sum() == pytest.approx(high.sum())
    assert found.loc["detractors", "estimate"] == pytest.approx(high[votes.lt(7)].sum())
    assert found.loc["detractors", "n_customers"] == votes.lt(7).sum()
    detractors = high[votes.lt(7)].nlargest(2).sum() / high[votes.lt(7)].sum()
    assert found["top_two_share"].min() >= detractors


def test_customers_who_had_left_hold_nothing():
    gone = pd.DataFrame({"customer_id": range(CUSTOMERS), "churned_at": pd.NaT})
    gone.loc[gone["customer_id"].lt(20), "churned_at"] = pd.Timestamp("2026-05-01")
    study = as_study(answers(), bills(), customers=gone)
    total = segments.high_impact_revenue(study)["estimate"].sum()
    everyone = segments.high_impact_revenue(made())["estimate"].sum()
    assert 0.4 * everyone < total < 0.6 * everyone


def test_a_sum_that_two_accounts_make_up_is_hidden_with_its_complement():
    rows = answers()
    rows.loc[rows["customer_id"].lt(40), "nps"] = 10
    rows.loc[rows["customer_id"].lt(22), "nps"] = 3
    # Twelve of the detractors are contacts of two accounts, which pay a hundred times as much as the other ten.
    rows["account_id"] = [f"a{one % 2}" if one < 12 else f"c{one}" for one in rows["customer_id"]]
    large = bills().assign(revenue=lambda paid: paid["revenue"] * np.where(paid["customer_id"].lt(12), 100, 1))
    found = segments.high_impact_revenue(as_study(rows, large))
    assert found.set_index("level").loc["detractors", "n_customers"] == 12
    assert found["top_two_share"].between(0.9, 1.0, inclusive="neither").all()
    text, shown = told(found, "high_impact_revenue", currency="EUR")
    assert shown["estimate"].isna().all()
    assert "not shown" in text


def test_accounts_are_what_is_counted():
    rows = answers()
    firms = rows.assign(account_id=rows["customer_id"].map(lambda one: f"f{one // 4}"))
    by_firm, by_person = (
        segments.high_impact_gap(as_study(one, bills()), n_permutations=0).periods for one in (firms, rows)
    )
    assert by_firm["n_customers"].tolist() == [10] * 5
    assert by_person["n_customers"].tolist() == [40] * 5


@pytest.mark.parametrize(
    "function", [segments.high_impact_metrics, segments.high_impact_gap, segments.high_impact_revenue]
)
def test_what_is_missing_is_said_in_a_sentence(function):
    whole = made()
    without_bills = replace(whole, tables={"responses": whole.responses})
    undated = replace(whole, period="all")
    unknown = as_study(answers().assign(customer_id=lambda f: f["customer_id"] + 9_000), bills())
    for study, sentence in [
        (without_bills, "in a table `revenue`"),
        (as_study(answers(), bills(), rule=False), "declares no `high_impact:`"),
        (undated, "report a period"),
        (unknown, "answered"),
    ]:
        refusal = cx.attempt(function, study)
        assert sentence in refusal.sentence


def test_inputs_are_left_alone():
    study = made()
    before = {name: study.table(name).copy() for name in study.tables}
    segments.high_impact_gap(study, n_permutations=0)
    segments.high_impact_revenue(study)
    for name, frame in before.items():
        pd.testing.assert_frame_equal(study.table(name), frame)
