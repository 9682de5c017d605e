"""Sums of money tell how much of them the largest customers are, and are hidden where these are nearly all."""

from types import SimpleNamespace

import pandas as pd
import pytest
from test_value import bills, responses, study

from cxresearch import metrics, topics
from cxresearch.present.disclosure import HIDDEN, Policy, protect
from cxresearch.present.payload import Grid, Payload

NAMED = [f"c{number}" for number in range(40)]


def paying(large: dict[str, float]):
    """Return a study of forty customers who pay 10 each, but for some; half are detractors."""
    paid = dict.fromkeys(NAMED, 10.0) | large
    return study({"responses": responses([0] * 20 + [10] * 20, NAMED), "revenue": bills(paid)})


def shown(frame: pd.DataFrame) -> pd.DataFrame:
    """Return a result as it is published."""
    return protect([Payload(key="t", kind="table", grid=Grid.of(frame))], Policy()).payloads[0].to_frame()


def test_a_score_by_revenue_that_two_customers_decide_is_hidden():
    even, uneven = (metrics.by_value(paying(large)) for large in ({}, {"c0": 9_000.0, "c1": 900.0}))
    told = uneven.set_index("weighting")
    assert told.loc["revenue", "top_two_share"] == pytest.approx(9_900 / 10_280)
    assert told.loc["gap", "rest_to_largest"] == pytest.approx(380 / 9_000)
    assert told.loc[["answers", "customers"], ["top_two_share", "rest_to_largest"]].isna().all(axis=None)
    assert (shown(even)["flag"] != HIDDEN).all()
    hidden = shown(uneven).set_index("weighting")["flag"].eq(HIDDEN)
    assert hidden.to_dict() == {"answers": False, "customers": False, "revenue": True, "gap": True}


def at_risk(large: dict[str, float], named: range) -> pd.DataFrame:
    """Return the revenue of those who name a topic."""
    data = paying(large)
    rows = data.answers().assign(t0=[float(number in named) for number in range(40)])
    mentions = SimpleNamespace(study=data, names={"t0": "Bills"}, rows=lambda survey: rows)
    return topics.revenue_at_risk(mentions)


def test_what_detractors_who_name_a_topic_pay_is_left_out_where_they_or_the_others_are_few():
    # Customers 0 to 19 are detractors.
    both, few, few_others = (at_risk({}, named) for named in (range(8, 32), range(12, 32), range(5, 25)))
    assert both["revenue_detractors"].tolist() == [120.0]
    assert both["revenue"].tolist() == [240.0]
    assert few["revenue_detractors"].isna().all()
    assert few_others["revenue_detractors"].isna().all()


def test_a_topic_of_two_customers_money_is_hidden_for_the_worst_of_its_sums():
    # Of all who name it two pay 4,000 of 5,110, which is safe; of the detractors 4,000 of 4,100.
    found = at_risk({"c8": 2_000.0, "c9": 2_000.0, "c30": 900.0}, range(8, 32))
    assert found["top_two_share"].item() == pytest.approx(4_000 / 4_100)
    assert shown(found)["flag"].tolist() == [HIDDEN]
    assert not {"top_two_share", "rest_to_largest"} & set(shown(found))
