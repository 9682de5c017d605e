"""What if: the chain from a rating to money, the raise that the scale allows, drivers that do nothing."""

from dataclasses import replace

import numpy as np
import pytest

import cxresearch as cx
from cxresearch.revenue.customer import customer_link
from cxresearch.revenue.what_if import what_if
from cxresearch.strict_yaml import StudyError


@pytest.fixture(scope="module")
def demo():
    return cx.load("demo", period="2026Q3")


@pytest.fixture(scope="module")
def table(demo):
    return what_if(demo, controls=["renewal_window"], n_boot=100).set_index("driver")


def test_every_driver_is_there_and_the_null_one_straddles_0(demo, table):
    assert list(table.index) == demo.definition.drivers
    assert table.loc["app", "conf_low"] < 0 < table.loc["app", "conf_high"]
    assert table.loc["app", "points_low"] < 0 < table.loc["app", "points_high"]
    assert table.drop("app")["conf_low"].gt(0).all()
    assert table["status"].eq("association").all()


def test_points_are_planted_slope_times_the_raise_that_the_scale_allows(table):
    # truth.yaml: NPS points for a rating point, over all customers; those who answer are a little above.
    planted = {"network": 8.53, "value": 9.56, "staff": 6.88}
    for driver, slope in planted.items():
        row = table.loc[driver]
        assert row["points"] / row["raised"] == pytest.approx(slope, rel=0.2)


def test_revenue_is_votes_gained_times_the_slope_of_the_customer_link(demo, table):
    theta = customer_link(demo, controls=["renewal_window"]).effect.loc[0, "estimate"]
    expected = 100 * np.expm1(theta * table["points"] / 100)
    assert table["estimate"].to_numpy() == pytest.approx(expected.to_numpy())


def test_the_raise_stops_at_the_end_of_the_scale(demo, table):
    rows = demo.answers("relationship", "all")
    rows = rows[rows["nps"].notna() & rows["renewal_window"].notna()]
    ratings, weight = rows["network"], rows["weight"]
    raised = np.minimum(ratings + 0.3, 10) - ratings
    assert table.loc["network", "raised"] == pytest.approx((weight * raised.fillna(0)).sum() / weight.sum())
    assert table.loc["network", "capped"] > 0


def test_money_is_the_percentage_of_what_all_customers_paid(demo, table):
    bills = demo.revenue[demo.revenue["month"].between("2026-07-01", "2026-09-30")]
    base = table["money"] / table["estimate"] * 100
    assert base.iloc[0] == pytest.approx(bills["revenue"].sum(), rel=1e-6)


def test_one_driver_is_its_row_of_all_and_the_seed_decides(demo, table):
    one = what_if(demo, "value", controls=["renewal_window"], n_boot=100).iloc[0]
    assert one["conf_low"] == pytest.approx(table.loc["value", "conf_low"])


def test_what_cannot_be_asked_is_refused(demo):
    with pytest.raises(StudyError, match=r"no driver 'netwrok'.*network"):
        what_if(demo, "netwrok")
    with pytest.raises(StudyError, match="raise_by: found 0"):
        what_if(demo, raise_by=0)
    with pytest.raises(StudyError, match="no table `revenue`"):
        what_if(replace(demo, tables={"responses": demo.responses, "customers": demo.customers}))
