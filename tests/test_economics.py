"""Who stays and what it is worth: curves held to R's survival package, values to worlds that can be counted."""

import io
import json

import numpy as np
import pandas as pd
import pytest
from scipy.optimize import minimize_scalar

from cxresearch import economics
from cxresearch.economics.spells import spells_after_answers, spells_from_signup
from cxresearch.schema import Study
from cxresearch.stats.survival import kaplan_meier, log_rank
from cxresearch.strict_yaml import StudyError
from cxresearch.study_data import Quality, StudyData

FIRST, LAST = pd.Timestamp("2024-07-01"), pd.Timestamp("2026-06-30")
MONTH_DAYS = 365.25 / 12


def study_of(tables: dict[str, pd.DataFrame], period: str = "2026Q2", **declared: object) -> StudyData:
    """Return a study with these tables."""
    tables = {"responses": answers_of([], []), **tables}
    sources = {
        name: {"source": f"{name}.csv", "columns": {str(column): str(column) for column in frame if column != "survey"}}
        for name, frame in tables.items()
    }
    sources["responses"] = {"source": "r.csv", "columns": {"response_id": "id", "nps": "q"}}
    definition = Study.model_validate({"title": "Money", "tables": sources, **declared})
    quality = Quality()
    return StudyData(definition, period, None, [period], quality, tables)


def answers_of(scores: list[float], customers: list[str], day: object = "2025-05-15") -> pd.DataFrame:
    """Return relationship answers."""
    frame = pd.DataFrame({"nps": np.array(scores, dtype=float), "customer_id": pd.Series(customers, dtype="str")})
    moments = pd.Series(pd.to_datetime(day), index=frame.index) if isinstance(day, str) else pd.Series(day)
    frame = frame.assign(responded_at=moments.astype("datetime64[us]"), survey="relationship")
    quarter = frame["responded_at"].dt.to_period("Q").astype("str") if len(frame) else pd.Series(dtype="str")
    return frame.assign(period=quarter, response_id=[f"R{number}" for number in range(len(frame))])


def customers_of(left: dict[str, str | None], since: str = "2023-01-15", **columns: object) -> pd.DataFrame:
    frame = pd.DataFrame({"customer_id": pd.Series(list(left), dtype="str"), "since": pd.Timestamp(since)})
    return frame.assign(churned_at=pd.to_datetime(pd.Series(list(left.values()))), **columns)


def world(n: int = 1200, seed: int = 5, channel: bool = False) -> StudyData:
    """Return customers who answer once in the first year; of detractors 6 % leave a month, of promoters 2 %."""
    rng = np.random.default_rng(seed)
    ids = [f"c{number}" for number in range(n)]
    score = rng.choice([3, 10], n)
    begun = FIRST + pd.to_timedelta(rng.integers(0, 365, n), unit="D")
    months = rng.geometric(np.where(score == 10, 0.02, 0.06), n)
    end = (pd.Series(begun) + pd.to_timedelta(months * MONTH_DAYS, unit="D")).dt.normalize()
    end = end.where(end <= LAST)
    customers = pd.DataFrame({"customer_id": pd.Series(ids, dtype="str"), "since": begun - pd.Timedelta(days=1)})
    customers = customers.assign(churned_at=end, channel=rng.choice(["web", "shop"], n))
    # One more, who came on the last day: it is the last day that the list knows.
    last = pd.DataFrame({"customer_id": ["last"], "since": [LAST], "churned_at": [pd.NaT], "channel": ["web"]})
    return study_of(
        {
            "responses": answers_of(list(score), ids, begun),
            "customers": pd.concat([customers, last.astype(customers.dtypes)], ignore_index=True),
            "revenue": bills_of(customers, 10.0),
            "costs": pd.DataFrame(
                {
                    "period": "2025Q1",
                    "channel": ["web", "shop"],
                    "cost": [3000.0, 9000.0],
                    "new_customers": [100.0, 100.0],
                }
            ),
        }
    )


def bills_of(customers: pd.DataFrame, amount: float) -> pd.DataFrame:
    """Return a bill for each month from the first of a customer to the last of all."""
    every = pd.date_range(FIRST, LAST, freq="MS")
    pairs = customers.assign(key=1)[["customer_id", "since", "churned_at"]]
    rows = [pairs.assign(month=month) for month in every]
    bills = pd.concat(rows, ignore_index=True)
    here = bills["month"].ge(bills["since"].dt.to_period("M").dt.to_timestamp())
    here &= bills["churned_at"].isna() | bills["month"].le(bills["churned_at"])
    return bills[here].assign(revenue=amount)[["customer_id", "month", "revenue"]].reset_index(drop=True)


@pytest.fixture(scope="module")
def money() -> StudyData:
    return world()


@pytest.fixture
def survival_reference(shared):
    reference = json.loads(shared("reference/km_cox.json").read_text())
    lung = pd.read_csv(io.StringIO(reference["data"]["lung_csv"]))
    return lung, reference["expected"]["lung"], reference["expected"]["rossi"], reference["data"]


def test_curves_are_those_of_survfit(survival_reference):
    lung, expected, *_ = survival_reference
    curve = kaplan_meier(lung["time"].to_numpy(float), lung["status"].eq(2).to_numpy(float))
    wanted = expected["km"]["log-log"]
    at = np.array(wanted["time"], dtype=float)
    low, high = curve.limits(at)
    assert curve.share(at) == pytest.approx(wanted["surv"], abs=1e-8)
    assert curve.share(at) * curve.error_of_log(at) == pytest.approx(wanted["se"], abs=1e-8)
    assert low == pytest.approx(wanted["lower"], abs=1e-8)
    assert high == pytest.approx(wanted["upper"], abs=1e-8)
    assert curve.rows_at_risk(at).tolist() == wanted["n_risk"]
    mean = expected["rmst500_all"]
    assert curve.restricted_mean(500) == pytest.approx((mean["rmean"], mean["se(rmean)"]), abs=1e-8)


def test_a_row_of_weight_two_is_two_rows_of_one_customer(survival_reference):
    lung, *_ = survival_reference
    time, event = lung["time"].to_numpy(float), lung["status"].eq(2).to_numpy(float)
    copies = 1 + np.arange(len(time)) % 3
    row = np.repeat(np.arange(len(time)), copies)
    weighted = kaplan_meier(time, event, weight=copies.astype(float))
    copied = kaplan_meier(time[row], event[row], cluster=row)
    at = np.array([90.0, 365.0, 700.0])
    assert weighted.share(at) == pytest.approx(copied.share(at))
    assert weighted.error_of_log(at) == pytest.approx(copied.error_of_log(at))
    assert weighted.restricted_mean(400) == pytest.approx(copied.restricted_mean(400))


def test_while_nobody_has_left_the_lower_limit_is_the_exact_one():
    low, high = kaplan_meier(np.full(40, 5.0), np.zeros(40)).limits(np.array([5.0]))
    assert low[0] == pytest.approx(0.025 ** (1 / 40))
    assert high[0] == 1


def test_the_log_rank_test_is_the_robust_score_test_of_cox(survival_reference):
    from statsmodels.duration.hazard_regression import PHReg

    lung, expected, *_ = survival_reference
    time, event = lung["time"].to_numpy(float), lung["status"].eq(2).to_numpy(float)
    sex = lung["sex"].to_numpy(int) - 1
    found = log_rank(time, event, sex)
    residuals = PHReg(time, sex[:, None].astype(float), event).score_residuals(np.zeros(1))
    assert found.statistic == pytest.approx(residuals.sum() ** 2 / (residuals**2).sum())
    # The textbook's variance differs, but not by much.
    assert found.statistic == pytest.approx(expected["logrank"]["chisq"], rel=0.05)


def test_log_rank_holds_its_level_when_customers_answer_often():
    rng, found = np.random.default_rng(0), []
    for _ in range(400):
        time = np.repeat(rng.exponential(10.0, 60), 4) + 1e-6 * rng.random(240)
        group = np.repeat(rng.integers(0, 2, 60), 4)
        event = (time < 15).astype(float)
        found.append(log_rank(np.minimum(time, 15), event, group, cluster=np.repeat(np.arange(60), 4)).p_value)
    assert np.mean(np.array(found) < 0.05) < 0.09


def test_retention_finds_the_planted_rates(money):
    found = economics.retention(money).set_index("level")
    for level, rate in (("promoters", 0.02), ("detractors", 0.06)):
        assert found.loc[level, "conf_low"] < (1 - rate) ** 12 < found.loc[level, "conf_high"]
    assert found.loc["promoters", "conf_low"] > found.loc["detractors", "conf_high"]
    assert found.loc["all", "n"] == found.loc[["promoters", "detractors"], "n"].sum()
    assert economics.group_test(money)["p_value"].iloc[0] < 1e-6


def test_the_mean_stay_is_the_area_under_the_curve(money):
    curve = kaplan_meier(*(spells_after_answers(money, None).frame[name].to_numpy() for name in ("months", "left")))
    grid = np.arange(0, 12, 0.001) + 0.0005
    kept = economics.months_kept(money, None)
    assert kept["estimate"].iloc[0] == pytest.approx(curve.share(grid).mean() * 12, abs=1e-3)


def test_a_curve_ends_where_too_few_are_followed(money):
    found = economics.survival(money, months=60)
    assert (found["n_customers"] >= 30).all()
    assert found["month"].max() < 24
    assert found.groupby("level")["estimate"].apply(lambda curve: curve.is_monotonic_decreasing).all()
    late = economics.retention(money, months=40)
    assert late["estimate"].isna().all()
    assert late["flag"].str.contains("not seen that long").all()


def test_the_clock_starts_with_the_answer_and_nobody_counts_before_or_after():
    customers = customers_of({"stays": None, "left": "2025-08-15", "gone": "2025-01-31", "wrong": "2020-01-01"})
    customers.loc[len(customers)] = ["new", pd.Timestamp("2026-05-15"), pd.NaT]
    ids = ["stays", "left", "gone", "wrong", "stranger", "stays"]
    frame = answers_of([10, 2, 5, 5, 5, 8], ids)
    frame.loc[5, ["responded_at", "period"]] = [pd.Timestamp("2026-05-20"), "2026Q2"]
    found = spells_after_answers(study_of({"responses": frame, "customers": customers}))
    assert found.frame["customer_id"].tolist() == ["stays", "left"]
    assert found.frame["left"].tolist() == [0, 1]
    assert found.frame["months"].tolist() == pytest.approx([365 / MONTH_DAYS, 92 / MONTH_DAYS])
    counts = [count for count in found.set_aside.values() if count]
    assert counts == [1, 2, 1, 1]  # left before it came; not in the list, twice; after leaving; after the list ends


def test_signup_spells_leave_out_who_came_before_the_bills(money):
    since = pd.Timestamp("2025-01-01")
    found = spells_from_signup(money, "channel", since)
    assert (found.frame["start"] >= since).all()
    assert found.set_aside["customers who came earlier"] == money.customers["since"].lt(since).sum()


def test_a_hazard_ratio_is_where_efrons_likelihood_is_highest(survival_reference):
    from cxresearch.economics.hazards import cox

    lung, *_ = survival_reference
    rows = lung.assign(months=lung["time"].astype(float), left=lung["status"].eq(2).astype(float))
    rows = rows.assign(start=pd.Timestamp("2025-01-01"), unit=np.arange(len(rows)), sex=lung["sex"].astype(str))
    fit = cox(rows, "sex", ["2"])
    highest = minimize_scalar(lambda beta: -efron(rows, beta), bounds=(-1.2, 0.2), options={"xatol": 1e-5})
    assert fit.log[0] == pytest.approx(highest.x, abs=1e-4)


def efron(rows: pd.DataFrame, beta: float) -> float:
    """Return Efron's partial log-likelihood by its definition."""
    risk, found = np.exp(beta * rows["sex"].eq("2")), 0.0
    for time in rows.loc[rows["left"] > 0, "months"].unique():
        dead = rows["months"].eq(time) & rows["left"].gt(0)
        ties = np.arange(dead.sum()) / dead.sum()
        found += np.log(risk[dead]).sum() - np.log(risk[rows["months"] >= time].sum() - ties * risk[dead].sum()).sum()
    return found


def test_hazard_ratios_find_the_planted_one(money):
    found = economics.hazard_ratios(money).set_index("level").loc["detractors"]
    truth = np.log(0.94) / np.log(0.98)
    assert found["conf_low"] < truth < found["conf_high"]
    assert found["against"] == "promoters"
    assert found["p_proportional"] > 0.01


def test_a_ratio_that_changes_over_time_is_told():
    rng, n = np.random.default_rng(2), 1500
    score = rng.choice([3, 10], n)
    # Detractors leave three times as fast for six months and then as promoters do.
    quick = rng.exponential(np.where(score == 3, 10.0, 30.0))
    months = np.where(quick < 6, quick, 6 + rng.exponential(30.0, n))
    begun = pd.Timestamp("2024-07-01") + pd.to_timedelta(rng.integers(0, 200, n), unit="D")
    ids = [f"c{number}" for number in range(n)]
    end = pd.Series(begun) + pd.to_timedelta(np.ceil(months * MONTH_DAYS), unit="D")
    customers = pd.DataFrame({"customer_id": pd.Series(ids, dtype="str"), "churned_at": end.where(end <= LAST)})
    found = economics.hazard_ratios(
        study_of({"responses": answers_of(list(score), ids, begun), "customers": customers})
    )
    assert "changes over time" in found["flag"].iloc[0]
    assert found["early"].iloc[0] > 2 > 1.5 > found["late"].iloc[0]


def test_a_lifetime_value_is_that_of_the_planted_world(money):
    found = economics.lifetime_value(money, months=12, discount=0.1, margin=0.5, n_boot=200).set_index("level")
    month = np.arange(1, 13)
    for level, rate in (("promoters", 0.02), ("detractors", 0.06)):
        # Leaving falls within months, so a bill comes for about half of those who leave in it.
        bounds = [(5 * (1 - rate) ** (month - shift) * 1.1 ** (-month / 12)).sum() for shift in (0, 1)]
        assert found.loc[level, "conf_low"] < bounds[1]
        assert found.loc[level, "conf_high"] > bounds[0]
    assert found.loc["promoters", "conf_low"] > found.loc["detractors", "conf_high"]


def test_a_lifetime_value_counts_what_was_billed_to_the_cent():
    ids = [f"c{number}" for number in range(40)]
    left = {name: "2025-07-20" if number < 10 else None for number, name in enumerate(ids)}
    customers = customers_of(left)
    customers.loc[len(customers)] = ["new", LAST, pd.NaT]
    study = study_of(
        {"responses": answers_of([10] * 40, ids), "customers": customers, "revenue": bills_of(customers[:40], 12.0)}
    )
    found = economics.lifetime_value(study, None, months=4, discount=0.0, n_boot=20).iloc[0]
    # June and July: all 40 are billed; August and September: the 30 who stay.
    assert found["estimate"] == pytest.approx(12 * (1 + 1 + 0.75 + 0.75))
    assert found["kept_share"] == 0.75
    assert found["monthly"] == 12


def test_months_not_seen_are_missing_or_said_to_be_extrapolated(money):
    bare = economics.lifetime_value(money, months=36, n_boot=10)
    assert bare["estimate"].isna().all()
    assert bare["flag"].str.contains("not seen that long").all()
    filled = economics.lifetime_value(money, months=36, extrapolate=True, n_boot=10)
    assert filled["flag"].str.contains("extrapolated").all()
    one, two = (economics.lifetime_value(money, months=at, n_boot=10)["estimate"].iloc[0] for at in (6, 12))
    assert one < two < filled["estimate"].iloc[0]


def test_the_same_seed_gives_the_same_interval(money):
    first, again = (economics.lifetime_value(money, months=6, n_boot=30, seed=4) for _ in range(2))
    pd.testing.assert_frame_equal(first, again)
    other = economics.lifetime_value(money, months=6, n_boot=30, seed=5)
    assert not np.allclose(first["conf_low"], other["conf_low"])


def test_costs_are_divided_by_the_customers_won():
    costs = pd.DataFrame(
        {"period": ["2026Q1", "2026Q1", "2026Q2", "2026Q2", "2026Q3"], "channel": ["web", "shop", "web", "shop", "web"],
         "cost": [100.0, 300.0, 50.0, 70.0, 999.0], "new_customers": [10.0, 15.0, 5.0, 0.0, 1.0]}
    )  # fmt: skip
    found = economics.acquisition_cost(study_of({"costs": costs})).set_index(["period", "channel"])
    assert found.loc[("2026Q1", "all"), "estimate"] == 400 / 25
    assert found.loc[("2026Q2", "web"), "estimate"] == 10
    assert np.isnan(found.loc[("2026Q2", "shop"), "estimate"])
    assert found.loc[("2026Q2", "shop"), "flag"] == "cost without new customers"
    assert "2026Q3" not in found.index.get_level_values("period")  # after the report's period
    overall = economics.acquisition_cost(study_of({"costs": costs}), by_period=False).set_index("channel")
    assert overall.loc["all", "estimate"] == pytest.approx(520 / 30)


def test_value_stands_beside_cost_and_is_paid_back_in_whole_months(money):
    found = economics.unit_economics(money, months=12, discount=0.0, n_boot=50).set_index("channel")
    assert found.loc["web", "cost"] == 30
    assert found.loc["shop", "cost"] == 90
    assert found["estimate"].to_numpy() == pytest.approx((found["value"] / found["cost"]).to_numpy())
    # Ten a month less those who left: three months are just not enough for 30, ten to fourteen for 90.
    assert found.loc["web", "payback"] == 4
    dear = economics.unit_economics(money, months=6, n_boot=50).set_index("channel")
    assert np.isnan(dear.loc["shop", "payback"])
    assert "not earned back" in dear.loc["shop", "flag"]


def test_revenue_at_risk_is_revenue_times_leaving(money):
    found = economics.revenue_at_risk(money_in(money, "2025Q2"), n_boot=100).set_index("level")
    kept = 1 - economics.retention(money).set_index("level")["estimate"]
    assert found.loc["detractors", "leaving_share"] == pytest.approx(kept["detractors"], abs=0.03)
    assert found["estimate"].to_numpy() == pytest.approx((found["revenue"] * found["leaving_share"]).to_numpy())
    groups = found.loc[["detractors", "promoters"]]
    assert groups["estimate"].sum() == pytest.approx(found.loc["all", "estimate"])
    assert found.loc["detractors", "beyond_low"] > 0
    assert np.isnan(found.loc["promoters", "beyond"])


def money_in(study: StudyData, period: str) -> StudyData:
    """Return a study that reports another period, with a year of bills before it."""
    revenue = study.revenue
    earlier = revenue.assign(month=revenue["month"] - pd.DateOffset(years=2)).drop_duplicates(["customer_id", "month"])
    tables = dict(study.tables) | {"revenue": pd.concat([earlier, revenue], ignore_index=True)}
    return StudyData(study.definition, period, None, [period], study.quality, tables)


def test_high_impact_is_fixed_before():
    ids = [f"c{number}" for number in range(200)]
    # The twenty who pay 50 a month until June 2025 leave, but for ten; of the others nobody does.
    left = {name: "2025-09-10" if number < 10 else None for number, name in enumerate(ids)}
    customers = customers_of(left)
    bills = bills_of(customers, 5.0)
    rich = bills["customer_id"].isin(ids[:20])
    bills["revenue"] = np.where(rich & (bills["month"] < "2026-04-01"), 50.0, 5.0)
    earlier = bills.assign(month=bills["month"] - pd.DateOffset(years=1))
    bills = pd.concat([earlier, bills]).drop_duplicates(["customer_id", "month"])
    rule = {"by": "revenue", "months_before": 12, "top": 0.1}
    study = study_of({"customers": customers, "revenue": bills}, high_impact=rule)
    found = economics.high_impact_at_risk(study, n_boot=20).set_index("level")
    assert found.loc["the rest", "leaving_share"] == 0
    assert np.isnan(found.loc["high impact", "leaving_share"])  # twenty customers are too few to say
    assert "not seen" in found.loc["high impact", "flag"]


def bad(**changed: object) -> StudyData:
    """Return a small study with some tables changed or, where None, taken out."""
    ids = [f"c{number}" for number in range(60)]
    customers = customers_of({name: "2025-08-20" if number < 6 else None for number, name in enumerate(ids)})
    customers.loc[len(customers)] = ["new", LAST, pd.NaT]
    tables = {"responses": answers_of([10] * 30 + [3] * 30, ids), "customers": customers,
              "revenue": bills_of(customers[:60], 10.0)}  # fmt: skip
    declared = changed.pop("declared", {})
    tables |= changed
    return study_of({name: table for name, table in tables.items() if table is not None}, **declared)


def everybody(left: str | None) -> pd.DataFrame:
    return customers_of({f"c{number}": left for number in range(60)})


@pytest.mark.parametrize(
    ("study", "words"),
    [
        (bad(customers=everybody(None)), "no customer has a day of leaving"),
        (bad(customers=everybody("2025-08-01")), "all customers of the list have left"),
        (bad(customers=everybody(None).drop(columns="churned_at")), "nothing tells who left"),
        (bad(customers=None), "nothing tells who left"),
        (bad(declared={"business": "transactional"}), "customers do not sign off"),
        (bad(responses=answers_of([9.0], ["stranger"])), "nobody can be followed"),
        (bad(responses=answers_of([9.0], ["c1"]).drop(columns="customer_id")), "need customer_id"),
    ],
)
def test_what_cannot_tell_who_stays_is_refused_in_a_sentence(study, words):
    for function in (economics.retention, economics.survival, economics.lifetime_value, economics.hazard_ratios):
        with pytest.raises(StudyError, match=words) as refused:
            function(study)
        assert "\n" not in str(refused.value)


def test_ends_before_starts_are_set_aside_and_counted():
    customers = bad().customers.copy()
    customers.loc[:4, "churned_at"] = pd.Timestamp("2020-01-01")
    assert "5 customers who left before they came" in economics.group_test(bad(customers=customers))["flag"].iloc[0]


@pytest.mark.parametrize(
    ("study", "words"),
    [
        (bad(revenue=None), "no table `revenue`"),
        (bad(revenue=bad().revenue.assign(revenue=-1.0)), "sum to nothing or less"),
        (bad(revenue=bad().revenue.assign(customer_id="other")), "0 of the customers have bills"),
        (bad(revenue=bad().revenue.query("customer_id == 'c9'")), "1 of the customers have bills"),
    ],
)
def test_revenue_that_gives_no_value_is_refused_in_a_sentence(study, words):
    with pytest.raises(StudyError, match=words):
        economics.lifetime_value(study, months=3, n_boot=5)


@pytest.mark.parametrize(
    ("terms", "words"),
    [
        ({"margin": 0.0}, "margin: found 0"),
        ({"margin": 1.2}, "margin: found 1.2"),
        ({"discount": -0.1}, "discount: found -0.1"),
        ({"months": 0}, "months: found 0"),
        ({"start": "birth"}, "start: found 'birth'"),
        ({"n_boot": 1}, "n_boot: found 1"),
    ],
)
def test_terms_that_cannot_be_are_refused(terms, words):
    with pytest.raises(ValueError, match=words):
        economics.lifetime_value(bad(), **terms)


def test_groups_that_are_not_there_are_refused():
    with pytest.raises(KeyError, match="there is no column 'plann'"):
        economics.retention(bad(), by="plann")
    with pytest.raises(ValueError, match="against: found 'fans'"):
        economics.hazard_ratios(bad(), against="fans")
    alike = bad(responses=answers_of([10.0] * 60, [f"c{number}" for number in range(60)]))
    with pytest.raises(ValueError, match="one group only"):
        economics.group_test(alike)


@pytest.mark.parametrize(
    ("costs", "words"),
    [
        (None, "no table `costs`"),
        (pd.DataFrame({"period": ["2026Q1"], "cost": [5.0]}), "no 'new_customers'"),
        (pd.DataFrame({"cost": [5.0], "new_customers": [0.0], "period": ["2026Q1"]}), "no row of `costs` has new"),
        (pd.DataFrame({"cost": [-5.0], "new_customers": [2.0], "period": ["2026Q1"]}), "1 rows of `costs` are below 0"),
        (pd.DataFrame({"cost": [5.0], "new_customers": [2.0]}), "has no `period`"),
    ],
)
def test_costs_that_tell_nothing_are_refused(costs, words):
    with pytest.raises(StudyError, match=words):
        economics.acquisition_cost(bad(costs=costs))


def test_channels_of_costs_that_no_customer_has_are_refused():
    costs = pd.DataFrame({"cost": [5.0], "new_customers": [2.0], "period": ["2026Q1"], "channel": ["radio"]})
    customers = bad().customers.assign(since=pd.Timestamp("2025-06-10"), channel="web")
    customers["churned_at"] = customers["churned_at"].where(customers["churned_at"].isna(), pd.Timestamp("2025-08-20"))
    with pytest.raises(StudyError, match="no channel of `costs` is a level"):
        economics.unit_economics(bad(costs=costs, customers=customers), months=3, n_boot=5)


def test_revenue_at_risk_needs_a_period_and_a_year_of_bills():
    study = bad()
    undated = StudyData(study.definition, "all", None, ["all"], study.quality, dict(study.tables))
    with pytest.raises(StudyError, match="covers all time"):
        economics.high_impact_at_risk(undated)
    early = StudyData(study.definition, "2025Q1", None, ["2025Q1"], study.quality, dict(study.tables))
    with pytest.raises(StudyError, match="are not all there"):
        economics.high_impact_at_risk(early)
