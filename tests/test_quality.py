"""Data quality by hand: studies so small that every number can be counted on paper."""

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from cxresearch import quality
from cxresearch.intake.quarantine import CONFLICT, COPY, FILTERED, NO_ANSWER
from cxresearch.schema import Study
from cxresearch.study_data import Quality, StudyData

FUNCTIONS = [
    quality.flow,
    quality.intake,
    quality.set_aside,
    quality.duplicates,
    quality.notes,
    quality.completeness,
    quality.speeders,
    quality.straight_liners,
    quality.sensitivity,
    quality.coverage,
    quality.response_bias,
]
JULY, APRIL = pd.Timestamp("2026-07-15"), pd.Timestamp("2026-04-15")


def definition() -> Study:
    drivers = {"from": ["a", "b", "c", "d"], "scale": [1, 5]}
    columns = {"nps": "q1", "csat": {"from": "q2", "scale": [1, 5]}, "drivers": drivers, "plan": "plan"}
    columns |= {
        name: name for name in ("response_id", "customer_id", "responded_at", "duration_s", "finished", "verbatim")
    }
    revenue = {"source": "c.csv", "columns": {"customer_id": "id", "month": "month", "revenue": "eur"}}
    tables = {
        "responses": {"source": "a.csv", "columns": columns},
        "customers": {"source": "b.csv", "columns": {"customer_id": "id", "plan": "plan"}},
        "revenue": revenue,
        "invitations": {"source": "d.csv", "columns": {"customer_id": "id", "invited_at": "day"}},
    }
    return Study.model_validate({"title": "By hand", "tables": tables, "segments": {"plan": "plan"}})


def responses() -> pd.DataFrame:
    """Twelve answers of the quarter, C0 twice, two anonymous, C9 unknown to the list; and one of the quarter before."""
    customers = ["C0", "C0", "C1", "C2", "C3", "C4", "C5", "C6", "C7", None, None, "C9", "C8"]
    frame = pd.DataFrame({"customer_id": pd.Series(customers, dtype="str")})
    frame["response_id"] = [f"secret-{number}" for number in range(13)]
    frame["invitation_id"] = [f"I{number}" for number in range(13)]
    frame["responded_at"] = [JULY + pd.Timedelta(days=number) for number in range(12)] + [APRIL]
    frame["period"] = ["2026Q3"] * 12 + ["2026Q2"]
    frame["survey"] = "relationship"
    frame["nps"] = [10, 10, 10, 9, 9, 9, 0, 0, 5, 7, 8, np.nan, 10]
    frame["csat"] = [5, 5, 5, 4, 4, np.nan, 1, 1, 2, np.nan, 3, 3, 5]
    # The median of the quarter is 90: a third of it is 30, which is not less than 30.
    frame["duration_s"] = [29, 30, 90, 90, 90, 90, 100, 10, 20, 100, 100, np.nan, 1]
    frame["a"] = [3, 3, 5, 1, 2, 3, 4, 5, np.nan, 1, 1, 1, 3]
    frame["b"] = [3, 3, 5, 2, 2, 3, 4, 5, 4, 2, 1, 1, 3]
    frame["c"] = [3, 4, 5, 3, 2, 3, np.nan, 5, 4, 3, 1, 1, 3]
    frame["d"] = [3, 3, 5, 4, 2, 4, 4, 5, 4, 4, 1, 1, 3]
    frame["plan"] = pd.Series(["S", "S", "S", "S", "S", "M", "M", "M", "M", None, None, None, "M"], dtype="str")
    frame["has_comment"] = [True] * 3 + [False] * 10
    frame["finished"] = [1.0] * 10 + [0.0, np.nan, 1.0]
    return frame


def invitations() -> pd.DataFrame:
    """Forty invitations of the quarter, 20 a plan: 9 of S and 3 of M were answered; and one of the quarter before."""
    ids = [f"I{number}" for number in range(9)] + [f"none{number}" for number in range(11)]
    ids += [f"I{number}" for number in range(9, 12)] + [f"nothing{number}" for number in range(17)] + ["I12"]
    frame = pd.DataFrame({"invitation_id": ids, "customer_id": pd.Series([f"C{n}" for n in range(41)], dtype="str")})
    return frame.assign(plan=["S"] * 20 + ["M"] * 20 + ["M"], survey="relationship", invited_at=[JULY] * 40 + [APRIL])


def counted() -> Quality:
    rows = [
        ("responses", "a.csv", 2, "response_id", COPY, JULY, "relationship"),
        ("responses", "a.csv", 3, "response_id", COPY, JULY, "relationship"),
        ("responses", "a.csv", 4, "response_id", CONFLICT, JULY, "relationship"),
        ("responses", "a.csv", 5, "nps", "outside 0–10", JULY, "relationship"),
        ("responses", "a.csv", 6, "nps", "outside 0–10", APRIL, "relationship"),
        ("responses", "a.csv", 7, "nps", "outside 0–10", JULY, "transactional"),
        ("responses", "a.csv", 8, "status", NO_ANSWER, JULY, "relationship"),
        ("responses", "a.csv", 9, "filter", FILTERED, JULY, "relationship"),
        ("responses", "a.csv", 10, "responded_at", "no responded_at", pd.NaT, "relationship"),
        ("customers", "b.csv", 2, "customer_id", CONFLICT, pd.NaT, None),
    ]
    quarantine = pd.DataFrame(rows, columns=["table", "file", "row", "column", "rule", "moment", "survey"])
    tables = [("responses", "a.csv", 15, 10, 5), ("responses", "b.csv", 7, 3, 4), ("customers", "b.csv", 9, 8, 1)]
    notes = [("responses", "a.csv", "nps", "labels cut", 3), ("responses", "b.csv", "nps", "labels cut", 4)]
    return Quality(
        {
            "tables": pd.DataFrame(tables, columns=["table", "file", "rows_in", "accepted", "quarantined"]),
            "quarantine": quarantine.astype({"survey": "str", "moment": "datetime64[us]"}),
            "notes": pd.DataFrame(notes, columns=["table", "file", "column", "note", "rows"]),
        }
    )


def study(**tables: pd.DataFrame | None) -> StudyData:
    months = pd.DataFrame({"customer_id": ["C0", "C1", "C1", "C2"], "month": [JULY, JULY, JULY, APRIL], "revenue": 1.0})
    every = {"responses": responses(), "customers": pd.DataFrame({"customer_id": [f"C{n}" for n in range(9)]})}
    every |= {"revenue": months.assign(month=months["month"].dt.to_period("M").dt.to_timestamp())}
    every |= {"invitations": invitations(), **tables}
    given = {name: frame for name, frame in every.items() if frame is not None}
    return StudyData(definition(), "2026Q3", "2026Q2", ["2026Q2", "2026Q3"], counted(), given)


def test_the_flow_counts_rows_and_people_at_each_stage():
    flow = quality.flow(study()).set_index("stage")
    assert flow["n"].to_dict() == {
        "invited": 40,
        "answered": 14,  # 12 accepted, one conflicting and one out of range; copies, previews and the filtered are none
        "accepted": 12,
        "counted": 11,  # C0 once
        "with a customer record": 8,  # C0-C7, not C9 and the anonymous
        "with a bill in the period": 2,  # C0 and C1; C2's bill is of the quarter before
    }
    assert flow["n_customers"].to_dict() == {
        "invited": 40,
        "answered": 11,
        "accepted": 11,
        "counted": 11,
        "with a customer record": 8,
        "with a bill in the period": 2,
    }
    assert np.isnan(flow["estimate"].iloc[0])
    assert flow.loc["counted", "estimate"] == 11 / 12
    assert flow.loc["with a bill in the period", "estimate"] == 2 / 8


def test_a_study_of_responses_alone_has_a_short_flow():
    alone = study(invitations=None, customers=None, revenue=None)
    assert quality.flow(alone)["stage"].tolist() == ["answered", "accepted", "counted"]
    assert quality.coverage(alone).empty
    assert quality.response_bias(alone).empty


def test_intake_sums_the_files_of_each_table():
    frame = quality.intake(study()).set_index("table")
    assert frame.loc["responses"].tolist() == [2, 22, 13, 9]
    assert frame.loc["customers"].tolist() == [1, 9, 8, 1]


def test_rules_and_doubles_are_counted_by_table():
    frame = quality.set_aside(study())
    assert frame[frame["rule"].eq("outside 0–10")]["rows"].tolist() == [3]
    assert frame.groupby("table")["rows"].sum().to_dict() == {"customers": 1, "responses": 9}
    doubles = quality.duplicates(study())
    assert sorted(doubles.itertuples(index=False, name=None)) == [
        ("customers", CONFLICT, 1),
        ("responses", COPY, 2),
        ("responses", CONFLICT, 1),
    ]
    assert quality.notes(study()).iloc[0].tolist() == ["responses", "nps", "labels cut", 2, 7]


def test_completeness_is_by_item_and_drops_nothing_listwise():
    frame = quality.completeness(study()).set_index("item")
    assert set(frame["n"]) == {12}
    assert frame["answered"].to_dict() == {
        "nps": 11,
        "csat": 10,
        "a": 11,
        "b": 12,
        "c": 11,
        "d": 12,
        "has_comment": 3,
        "finished": 10,
    }
    assert frame.loc["csat", "estimate"] == 10 / 12


def test_speeders_are_under_a_third_of_the_median_and_not_at_it():
    row = quality.speeders(study()).iloc[0]
    assert (row["n"], row["n_customers"], row["flagged"]) == (11, 10, 3)
    assert (row["median_s"], row["limit_s"]) == (90, 30)
    assert row["estimate"] == 3 / 11


def test_without_times_speeding_is_not_assessable():
    row = quality.speeders(study(responses=responses().drop(columns="duration_s"))).iloc[0]
    assert (row["n"], row["flagged"], row["flag"]) == (0, 0, "not assessable: no times")
    assert np.isnan(row["estimate"])


def test_straight_liners_rate_four_items_alike():
    # Of the 12, rows 0, 2, 4, 7, 10 and 11 give four equal ratings; rows 6 and 8 rate only three items.
    row = quality.straight_liners(study()).iloc[0]
    assert (row["n"], row["n_customers"], row["flagged"]) == (10, 9, 6)
    assert row["estimate"] == 6 / 10


def test_with_three_items_straight_lining_is_not_assessable():
    row = quality.straight_liners(study(responses=responses().drop(columns="d"))).iloc[0]
    assert (row["n"], row["flagged"], row["flag"]) == (0, 0, "not assessable: fewer than 4 rated items")


def test_sensitivity_shows_the_score_with_and_without_the_careless():
    frame = quality.sensitivity(study()).set_index("answers")
    # Counted: without C0's first answer, and C9 gave no score. Promoters C0-C4 (10, 10, 9, 9, 9), detractors 0, 0, 5.
    assert frame.loc["all", "n"] == 10
    assert frame.loc["all", "estimate"] == pytest.approx(100 * (5 - 3) / 10)
    # The median of the counted is 90: C6 (10 s) and C7 (20 s) are under a third of it; C0 (30 s) is not.
    assert frame.loc["without speeders", "estimate"] == pytest.approx(100 * (5 - 1) / 8)
    # Straight: C1, C3, C6 and an anonymous 8.
    assert frame.loc["without straight-liners", "estimate"] == pytest.approx(100 * (3 - 2) / 6)
    assert frame.loc["without both", "estimate"] == pytest.approx(100 * (3 - 1) / 5)


def test_coverage_is_the_share_linked_in_total_and_by_segment():
    frame = quality.coverage(study()).set_index(["link", "segment", "level"])
    total = frame.loc[("customer record", "all", "all")]
    assert (total["n"], total["estimate"]) == (11, 8 / 11)
    wilson = stats.binomtest(8, 11).proportion_ci(method="wilson")
    assert (total["conf_low"], total["conf_high"]) == pytest.approx((wilson.low, wilson.high), abs=1e-9)
    assert frame.loc[("bill in the period", "plan", "S"), "estimate"] == 2 / 4
    assert frame.loc[("bill in the period", "plan", "M"), "estimate"] == 0


def test_response_bias_compares_rates_with_wilson_limits_and_one_test_a_segment():
    frame = quality.response_bias(study()).set_index("level")
    assert frame["n"].to_dict() == {"S": 20, "M": 20}
    assert frame["estimate"].to_dict() == {"S": 9 / 20, "M": 3 / 20}
    for level, answered in {"S": 9, "M": 3}.items():
        wilson = stats.binomtest(answered, 20).proportion_ci(method="wilson")
        found = tuple(frame.loc[level, ["conf_low", "conf_high"]])
        assert found == pytest.approx((wilson.low, wilson.high), abs=1e-9)
    assert frame["share_invited"].to_dict() == {"S": 0.5, "M": 0.5}
    assert frame["share_answered"].to_dict() == {"S": 0.75, "M": 0.25}
    assert frame["gap"].to_dict() == {"S": 0.25, "M": -0.25}
    expected = stats.chi2_contingency([[9, 11], [3, 17]], correction=False)
    assert frame["statistic"].tolist() == pytest.approx([expected.statistic] * 2)
    assert frame["p_value"].tolist() == pytest.approx([expected.pvalue] * 2)
    assert frame["p_adjusted"].tolist() == pytest.approx([expected.pvalue] * 2)


def test_an_invitation_answered_in_the_next_period_was_answered():
    spring = study()
    spring = StudyData(spring.definition, "2026Q2", None, ["2026Q2", "2026Q3"], spring.quality, spring.tables)
    late = invitations().assign(invited_at=APRIL)
    frame = quality.response_bias(
        StudyData(
            spring.definition, "2026Q2", None, spring.periods, spring.quality, {**spring.tables, "invitations": late}
        )
    )
    assert frame.set_index("level")["estimate"].to_dict() == {"S": 9 / 20, "M": 4 / 21}


@pytest.mark.parametrize("function", FUNCTIONS, ids=lambda function: function.__name__)
def test_inputs_stay_as_they_were_and_nothing_tells_who(function):
    given = study()
    before = {name: frame.copy() for name, frame in given.tables.items()}
    frame = function(given)
    for name, table in before.items():
        pd.testing.assert_frame_equal(given.tables[name], table)
    assert not {"response_id", "customer_id", "invitation_id", "row"} & set(frame)
    people = {f"C{number}" for number in range(41)}
    told = {str(cell) for name in frame for cell in frame[name]}
    assert not told & people
    assert not any("secret" in cell for cell in told)
