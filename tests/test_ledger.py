"""What customers paid in each month with us: from bills by hand to sums around a date."""

import numpy as np
import pandas as pd
import pytest

import cxresearch as cx
from cxresearch.revenue.ledger import covered_months, ledger, month_number, revenue_between
from cxresearch.schema import Study
from cxresearch.strict_yaml import StudyError
from cxresearch.study_data import Quality, StudyData


def study_of(bills, customers=None) -> StudyData:
    """Return a study of bills, (customer, month, amount) each, and perhaps of customers with since and churned_at."""
    rows = pd.DataFrame(bills, columns=["customer_id", "month", "revenue"])
    tables = {"revenue": rows.assign(month=pd.to_datetime(rows["month"])), "responses": pd.DataFrame()}
    if customers is not None:
        given = pd.DataFrame(customers, columns=["customer_id", "since", "churned_at"])
        tables["customers"] = given.assign(**{name: pd.to_datetime(given[name]) for name in ("since", "churned_at")})
    definition = Study.model_validate(
        {"title": "Bills", "tables": {"responses": {"source": "a.csv", "columns": {"nps": "Q1"}}}}
    )
    return StudyData(definition, "all", None, ["all"], Quality(), tables)


BILLS = [
    ("a", "2026-01-01", 10.0),
    ("a", "2026-02-01", -4.0),
    ("a", "2026-04-01", 8.0),
    ("b", "2026-02-01", 5.0),
    ("b", "2026-03-01", 5.0),
    ("b", "2026-04-01", 5.0),
]


def by_customer(found) -> dict[str, list[float]]:
    return {str(name): rows["revenue"].tolist() for name, rows in found.groupby("customer_id")}


def test_a_month_without_a_bill_is_zero_and_refunds_are_taken_off():
    found = ledger(study_of(BILLS))
    assert by_customer(found) == {"a": [10.0, -4.0, 0.0, 8.0], "b": [5.0, 5.0, 5.0]}
    assert found["revenue"].sum() == 29.0
    assert not found.duplicated(["customer_id", "month"]).any()


def test_who_left_has_no_months_any_more_or_zeros_where_asked():
    customers = [("a", "2025-06-01", None), ("b", "2026-01-20", "2026-03-31")]
    bills = [*BILLS[:5]]
    study = study_of(bills, customers)
    assert by_customer(ledger(study))["b"] == [0.0, 5.0, 5.0]
    assert by_customer(ledger(study, after_leaving=True))["b"] == [0.0, 5.0, 5.0, 0.0]


def test_a_bill_after_the_date_of_leaving_shows_that_the_customer_was_there():
    study = study_of(BILLS, [("b", "2026-03-01", "2026-02-28")])
    assert by_customer(ledger(study))["b"] == [5.0, 5.0, 5.0]


def test_a_month_without_anyones_bill_is_not_covered_and_an_unfinished_last_month_neither():
    month = [f"2026-0{number}-01" for number in (1, 2, 3, 5, 6, 7)]
    full = [(name, day, 1.0) for day in month for name in "abcd"]
    study = study_of([*full, ("a", "2026-08-01", 1.0)])
    assert covered_months(study).strftime("%m").tolist() == ["01", "02", "03", "05", "06", "07"]
    assert set(ledger(study)["month"].dt.month) == {1, 2, 3, 5, 6, 7}


def test_bills_that_come_quarterly_have_no_gaps():
    study = study_of([(name, f"2026-{month}-01", 3.0) for month in ("01", "04", "07", "10") for name in "ab"])
    assert len(covered_months(study)) == 10
    assert ledger(study)["revenue"].sum() == 24.0


def around(study, customers, day, months):
    starts = pd.Series([pd.Timestamp(day)] * len(customers))
    return revenue_between(study, pd.Series(customers), starts, months)


def test_sums_before_and_after_a_month():
    study = study_of(BILLS)
    after = around(study, ["a", "b", "a"], "2026-02-15", 2)
    assert after["revenue"].tolist() == [-4.0, 10.0, -4.0]
    before = around(study, ["a", "b"], "2026-04-30", -3)
    assert before["revenue"].tolist() == [6.0, 10.0]
    assert before["months_with_us"].tolist() == [3.0, 2.0]
    assert before["complete"].all()


def test_a_horizon_beyond_the_bills_is_incomplete_on_either_side():
    study = study_of(BILLS)
    assert around(study, ["a"], "2026-04-01", 2)["complete"].tolist() == [False]
    assert around(study, ["a"], "2026-02-01", -2)["complete"].tolist() == [False]
    assert around(study, ["a"], "2026-03-01", 2)["complete"].tolist() == [True]


def test_who_has_no_bill_is_missing_and_who_left_has_not_stayed():
    study = study_of(BILLS[:5], [("b", None, "2026-02-28")])
    found = around(study, ["b", "nobody"], "2026-02-01", 1)
    assert found["revenue"].tolist()[0] == 5.0
    assert np.isnan(found["revenue"].tolist()[1])
    study = study_of(BILLS[:4], [("b", None, "2026-02-28")])
    assert around(study, ["a", "b"], "2026-02-01", 3)["stayed"].tolist() == [1.0, 0.0]


def test_sums_equal_those_of_the_ledger_on_the_demo():
    study = cx.load("demo", period="2026Q3")
    chosen = ledger(study).sample(50, random_state=1)
    found = revenue_between(study, chosen["customer_id"], chosen["month"], -6)
    rows = study.revenue
    for (_, one), sum_ in zip(chosen.iterrows(), found["revenue"], strict=True):
        mine = rows["customer_id"].eq(one["customer_id"])
        inside = rows["month"].lt(one["month"]) & rows["month"].ge(one["month"] - pd.DateOffset(months=6))
        assert sum_ == pytest.approx(rows.loc[mine & inside, "revenue"].sum(), abs=1e-6)


def test_the_ledger_of_the_demo_loses_no_cent():
    study = cx.load("demo", period="2026Q3")
    assert ledger(study)["revenue"].sum() == pytest.approx(study.revenue["revenue"].sum())


def test_refusals_are_one_sentence():
    study = study_of(BILLS)
    with pytest.raises(ValueError, match="months is 0"):
        around(study, ["a"], "2026-02-01", 0)
    with pytest.raises(StudyError, match="no accepted row"):
        ledger(study_of([]))
    tables = {"responses": pd.DataFrame()}
    bare = StudyData(study.definition, "all", None, ["all"], study.quality, tables)
    with pytest.raises(StudyError, match="no table `revenue`"):
        ledger(bare)


def test_months_are_numbered_without_a_gap():
    numbers = month_number(pd.date_range("2025-11-01", periods=4, freq="MS"))
    assert np.diff(numbers).tolist() == [1, 1, 1]
