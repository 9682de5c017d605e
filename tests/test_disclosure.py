"""Nothing hidden can be seen, computed or guessed from what is shown."""

import json
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
from scipy.optimize import linprog

from cxresearch.present.disclosure import ALIKE, HIDDEN, NO_ANSWERS, Policy, protect
from cxresearch.present.payload import Grid, Payload
from cxresearch.schema import Disclosure

POLICY = Policy()
RANDOM_RUNS = 200
TOLERANCE = 1e-8


def payload(frame, key="table", **fields):
    return Payload(key=key, kind="table", grid=Grid.of(frame), **fields)


def shown(frames, policy=POLICY, **fields):
    """The protected frames of a run."""
    payloads = [payload(frame, f"t{number}", **fields) for number, frame in enumerate(frames)]
    return [done.to_frame() for done in protect(payloads, policy).payloads]


def by_plan(bases, **more):
    frame = pd.DataFrame({"plan": list(bases), "n": list(bases.values()), "n_customers": list(bases.values())})
    return frame.assign(estimate=[float(place) for place in range(len(frame))], std_error=2.0, **more)


def hidden_levels(frame, column="plan"):
    return set(frame.loc[frame["flag"] == HIDDEN, column])


# --- primary suppression -------------------------------------------------------------------------------------------


def test_nine_are_hidden_and_ten_are_shown():
    nine, ten = (shown([by_plan({"A": 300, "B": base, "C": 60})])[0] for base in (9, 10))
    assert "B" in hidden_levels(nine)
    assert hidden_levels(ten) == set()


def test_a_lower_minimum_counts_and_puts_up_a_banner():
    assert hidden_levels(shown([by_plan({"A": 300, "B": 6})], Policy(min_base=5))[0]) == set()
    assert "6 customers" in Policy(min_base=6).banner
    assert Policy(min_base=10).banner == Policy(min_base=30).banner == ""


@pytest.mark.parametrize("min_base", [-1, 0, 1, 4])
def test_a_minimum_that_protects_nobody_is_refused(min_base):
    with pytest.raises(ValueError, match=r"min_base is -?\d; at least 5"):
        Policy(min_base=min_base)


def test_twelve_answers_of_one_customer_are_one_customer():
    frame = pd.DataFrame({"plan": ["A", "B", "C"], "n": [400, 90, 12], "n_customers": [390, 90, 1], "estimate": 1.0})
    assert hidden_levels(shown([frame])[0]) == {"B", "C"}


def test_a_hidden_row_carries_no_number_in_any_column():
    frame = by_plan({"A": 300, "B": 200, "C": 3}, p_value=0.2, share=0.5, verdict="rose", flag="", extra=7)
    done = shown([frame])[0].set_index("plan")
    assert done.loc[["B", "C"]].drop(columns="flag").isna().all(axis=None)
    assert done.loc["A", ["n", "n_customers", "estimate", "share", "extra"]].notna().all()


def test_the_missing_base_of_a_row_with_numbers_hides_it():
    frame = pd.DataFrame({"plan": ["A", "B", "C"], "n": [40, 30, 20], "n_customers": [40, 30, None], "estimate": 1.0})
    assert "C" in hidden_levels(shown([frame])[0])


def test_every_further_base_of_a_row_counts():
    frame = by_plan({"A": 300, "B": 200, "C": 100}).assign(n_customers_rest=[50, 40, 4])
    assert "C" in hidden_levels(shown([frame])[0])


def test_a_group_without_answers_is_said_to_have_none():
    done = shown([by_plan({"A": 300, "B": 0, "C": 60})])[0]
    assert done["flag"].tolist() == ["", NO_ANSWERS, ""]
    assert done["n"].tolist() == [300, 0, 60]


def test_a_group_without_answers_is_hidden_where_it_would_disclose():
    # Only B (7) has answers: beside a zero, the total known from elsewhere would be B's.
    assert hidden_levels(shown([by_plan({"A": 0, "B": 7})])[0]) == {"A", "B"}


@pytest.mark.parametrize(
    ("column", "values"), [("top_two_share", [0.1, 0.2, 0.91]), ("rest_to_largest", [4.0, 0.1, 0.09])]
)
def test_a_sum_that_two_customers_make_up_is_hidden_with_the_next_smallest(column, values):
    # Shown beside a total, B would give C away.
    sums = by_plan({"A": 300, "B": 200, "C": 250}, **{column: values})
    assert hidden_levels(shown([sums])[0]) == {"B", "C"}


def test_what_customers_who_make_up_a_sum_answered_is_no_secret():
    sums, scores = (
        by_plan({"A": 300, "B": 200, "C": 100}, top_two_share=[0.1, 0.95, 0.2]),
        by_plan({"A": 300, "B": 200}),
    )
    assert hidden_levels(shown([scores, sums])[0]) == set()


def test_how_much_two_customers_pay_is_on_no_page():
    frame = by_plan({"A": 300, "B": 200}, top_two_share=[0.1, 0.2], rest_to_largest=[9.0, 8.0])
    assert not {"top_two_share", "rest_to_largest"} & set(shown([frame])[0])


def test_rows_in_which_all_answered_alike_are_marked_for_review():
    frame = by_plan({"A": 300, "B": 20}).assign(estimate=[20.0, 100.0], std_error=[2.0, 0.0])
    done = protect([payload(frame)], POLICY)
    assert done.payloads[0].to_frame()["flag"].tolist() == ["", ALIKE]
    assert {"check": "all answered alike", "result": "review", "rows": 1} in done.record["tables"][0]["checks"]


# --- complementary suppression -------------------------------------------------------------------------------------


def test_the_next_smallest_level_is_hidden_with_a_single_one():
    assert hidden_levels(shown([by_plan({"A": 300, "B": 90, "C": 40, "D": 9})])[0]) == {"C", "D"}


def test_two_small_levels_suffice_when_together_they_reach_the_minimum():
    assert hidden_levels(shown([by_plan({"A": 300, "B": 90, "C": 6, "D": 4})])[0]) == {"C", "D"}
    assert hidden_levels(shown([by_plan({"A": 300, "B": 90, "C": 5, "D": 4})])[0]) == {"B", "C", "D"}


@pytest.mark.parametrize("axis", ["metric", "touchpoint", "survey", "stage", "question", "driver", "topic"])
def test_levels_of_an_axis_are_no_parts_of_a_total(axis):
    frame = by_plan({"A": 300, "B": 90, "C": 9}).rename(columns={"plan": axis})
    assert hidden_levels(shown([frame])[0], axis) == {"C"}


def test_periods_are_protected_one_by_one():
    frame = pd.concat([by_plan({"A": 300, "B": 90, "C": 9}), by_plan({"A": 300, "B": 90, "C": 19})])
    frame.insert(0, "period", ["2026Q2"] * 3 + ["2026Q3"] * 3)
    done = shown([frame.reset_index(drop=True)])[0]
    assert hidden_levels(done[done["period"] == "2026Q2"]) == {"B", "C"}
    assert hidden_levels(done[done["period"] == "2026Q3"]) == set()


def test_segments_named_in_a_column_are_told_apart():
    parts = [by_plan({"A": 300, "B": 90, "C": 9}), by_plan({"North": 200, "South": 199})]
    frame = pd.concat(parts, ignore_index=True).rename(columns={"plan": "level"})
    frame.insert(0, "segment", ["plan"] * 3 + ["region"] * 2)
    wide = by_plan({"A": 310, "B": 91, "C": 12})
    long_form, other = shown([frame, wide])
    assert hidden_levels(long_form, "level") == {"B", "C"}
    assert hidden_levels(other) == {"B", "C"}


def margins(frame):
    """The shown totals of a crossed table."""
    return [frame.groupby(name, as_index=False)["n"].sum().assign(flag="") for name in ("plan", "region")]


def two_way(bases):
    """Return a screen: groups of two segments at once, as `A × N` of `plan × region`."""
    frame = pd.DataFrame({"segment": "plan × region", "level": list(bases), "n": list(bases.values())})
    return frame.assign(n_customers=frame["n"], estimate=1.0, std_error=2.0)


def test_a_group_of_two_segments_is_part_of_each():
    # A × S has 4 customers: it could be had from region S, or from plan A, by subtraction.
    cells = two_way({"A × N": 80, "A × S": 4, "B × N": 60, "B × S": 70, "C × N": 30, "C × S": 40})
    hidden = set(shown([cells])[0].query("flag == 'hidden'")["level"])
    assert "A × S" in hidden
    assert "A × N" in hidden
    assert len(hidden & {"B × S", "C × S"}) >= 1
    # A plan that is hidden elsewhere is hidden in all its parts.
    plans = by_plan({"A": 300, "B": 200, "C": 5})
    hidden = set(
        shown([plans, two_way({"A × N": 90, "B × N": 80, "C × N": 20, "C × S": 15})])[1].query("flag == 'hidden'")[
            "level"
        ]
    )
    assert {"C × N", "C × S"} <= hidden


def test_what_a_group_is_compared_with_does_not_change_its_name():
    levels = pd.DataFrame({"segment": "plan", "level": ["A", "B", "C"], "n": [90, 80, 5], "n_customers": [90, 80, 5]})
    compared = levels.assign(n=30, n_customers=30, n_customers_against=[60, 60, 60]).assign(estimate=1.0)
    compared.insert(2, "against", "the rest")
    first, second = shown([levels.assign(estimate=1.0), compared])
    assert set(first.query("flag == 'hidden'")["level"]) == set(second.query("flag == 'hidden'")["level"]) == {"B", "C"}


def test_a_banner_names_the_same_groups_as_a_segment():
    levels = pd.DataFrame({"segment": "plan", "level": ["A", "B", "C"], "n": [90, 80, 5], "n_customers": [90, 80, 5]})
    tab = pd.DataFrame({"row": "csat", "row_level": "top 2", "banner": "plan", "banner_level": ["all", "A", "B", "C"]})
    tab = tab.assign(n=[400, 200, 150, 50], n_customers=[400, 200, 150, 50], estimate=0.5)
    assert set(shown([levels.assign(estimate=1.0), tab])[1].query("flag == 'hidden'")["banner_level"]) == {"B", "C"}


def test_hidden_cells_joined_by_one_cell_do_not_give_it_away():
    # Rows 0, 1 and columns 0, 1 hide a block, rows 2, 3 and columns 2, 3 another; cell (1, 2) is the only link
    # between them, so all line totals together would give its value although every line hides two cells or more.
    bases = np.full((4, 4), 40)
    bases[:2, :2] = bases[2:, 2:] = bases[1, 2] = 6
    frame = pd.DataFrame([{"plan": f"p{i}", "region": f"r{j}", "n": bases[i, j]} for i in range(4) for j in range(4)])
    frame["n_customers"], frame["estimate"] = frame["n"], 1.0
    done = shown([frame])[0]
    cell = done[(done["plan"] == "p1") & (done["region"] == "r2")]
    assert (cell["flag"] == HIDDEN).all()
    assert recovered([done, *margins(frame)], finest(frame, ["plan", "region"])) == []


def test_a_large_cell_that_is_hidden_elsewhere_is_not_given_away_either():
    # As above, but the link between the blocks is large here; a table of another metric hides it.
    bases = np.full((4, 4), 40)
    bases[:2, :2] = bases[2:, 2:] = 6
    frame = pd.DataFrame([{"plan": f"p{i}", "region": f"r{j}", "n": bases[i, j]} for i in range(4) for j in range(4)])
    frame["n_customers"], frame["estimate"] = frame["n"], 1.0
    other = pd.DataFrame({"plan": ["p1"], "region": ["r2"], "n": [5], "n_customers": [5], "estimate": [1.0]})
    done = shown([frame, other])[0]
    cell = done[(done["plan"] == "p1") & (done["region"] == "r2")]
    assert (cell["flag"] == HIDDEN).all()
    assert recovered([done, *margins(frame)], finest(frame, ["plan", "region"])) == []


# --- the run as a whole --------------------------------------------------------------------------------------------


def test_a_level_hidden_in_one_table_is_hidden_in_all():
    small, large = by_plan({"A": 300, "B": 90, "C": 40, "D": 9}), by_plan({"A": 310, "B": 95, "C": 45, "D": 12})
    crossed = pd.DataFrame({"plan": ["A", "C", "D"] * 2, "region": ["N"] * 3 + ["S"] * 3, "n": 50, "n_customers": 50})
    first, second, third = shown([small, large, crossed])
    assert hidden_levels(first) == hidden_levels(second) == hidden_levels(third) == {"C", "D"}


def test_a_level_hidden_elsewhere_is_not_left_alone_in_a_table_without_the_small_one():
    first, second = by_plan({"A": 300, "B": 90, "C": 40, "D": 9}), by_plan({"A": 310, "B": 95, "C": 45})
    assert hidden_levels(shown([first, second])[1]) == {"B", "C"}


def test_a_level_hidden_for_one_metric_is_hidden_for_all():
    frames = moved([by_plan({"A": 300, "B": 90, "C": 9}), by_plan({"A": 300, "B": 90, "C": 19})], "metric")
    found = shown([frame.assign(metric=metric) for frame, metric in zip(frames, ("nps", "csat"), strict=True)])
    assert hidden_levels(found[0]) == hidden_levels(found[1]) == {"B", "C"}


def test_hidden_levels_of_other_periods_and_surveys_are_not_touched():
    frames = [by_plan({"A": 300, "B": 90, "C": 9}), by_plan({"A": 300, "B": 90, "C": 19})]
    for column, values in (("period", ("2026Q2", "2026Q3")), ("survey", ("relationship", "transactional"))):
        found = shown(
            [frame.assign(**{column: value}) for frame, value in zip(moved(frames, column), values, strict=True)]
        )
        assert hidden_levels(found[0]) == {"B", "C"}
        assert hidden_levels(found[1]) == set()


def moved(frames, column):
    """The frames with a new grouping column in front."""
    return [frame.assign(**{column: ""})[[column, *frame.columns]] for frame in frames]


def test_a_part_of_a_group_may_be_hidden_without_the_group():
    part = by_plan({"A": 80, "B": 9, "C": 60})
    part.insert(0, "touchpoint", "shop")
    at_shop, overall = shown([part, by_plan({"A": 300, "B": 90, "C": 500})])
    assert hidden_levels(at_shop) == {"B", "C"}
    assert hidden_levels(overall) == set()


def test_the_run_knows_the_period_of_a_frame_without_one():
    old, new = by_plan({"A": 300, "B": 90, "C": 9}), by_plan({"A": 300, "B": 90, "C": 19})
    payloads = [
        payload(old, "old", provenance={"period": "2026Q2"}),
        payload(new, "new", provenance={"period": "2026Q3"}),
    ]
    found = [done.to_frame() for done in protect(payloads, POLICY).payloads]
    assert [hidden_levels(frame) for frame in found] == [{"B", "C"}, set()]


def changes(now, then):
    frame = by_plan(now).rename(columns={"estimate": "current"})
    frame["n_previous"] = frame["n_customers_previous"] = list(then.values())
    return frame.assign(previous=1.0, estimate=2.0)


def test_a_change_is_hidden_for_either_base():
    now, then = {"A": 300, "B": 90, "C": 50, "D": 40}, {"A": 300, "B": 90, "C": 50, "D": 9}
    assert hidden_levels(shown([changes(now, then)])[0]) == hidden_levels(shown([changes(then, now)])[0]) == {"C", "D"}


def test_a_change_is_hidden_where_its_previous_group_is_hidden_elsewhere():
    trend = pd.concat([by_plan({"A": 300, "B": 90, "C": 9}), by_plan({"A": 300, "B": 90, "C": 19})], ignore_index=True)
    trend.insert(0, "period", ["2026Q2"] * 3 + ["2026Q3"] * 3)
    change = changes({"A": 300, "B": 90, "C": 19}, {"A": 300, "B": 90, "C": 12})
    now = by_plan({"A": 300, "B": 90, "C": 19})
    where = {"period": "2026Q3", "compare_to": "2026Q2"}
    payloads = [payload(trend, "trend", provenance=where), payload(change, "change", provenance=where)]
    found = [done.to_frame() for done in protect([*payloads, payload(now, "now", provenance=where)], POLICY).payloads]
    assert hidden_levels(found[0][found[0]["period"] == "2026Q3"]) == set()
    assert hidden_levels(found[1]) == {"B", "C"}
    assert hidden_levels(found[2]) == set()


def test_leaving_a_few_out_of_all_would_give_them_away():
    frame = pd.DataFrame({"answers": ["all", "without speeders", "without both"], "n": [300, 297, 280]})
    frame = frame.assign(n_customers=frame["n"], estimate=[20.0, 20.5, 21.0])
    assert hidden_levels(shown([frame])[0], "answers") == {"without speeders"}


# --- tiers and the record ------------------------------------------------------------------------------------------


def test_an_own_figure_is_kept_only_where_it_shows_nothing_hidden():
    safe, small = by_plan({"A": 300, "B": 90}), by_plan({"A": 300, "B": 9})
    for tier in ("analyst", "team", "public"):
        done = [
            protect([Payload(key="own", kind="figure", grid=Grid.of(frame), figure="AAAA")], POLICY, tier)
            for frame in (safe, small)
        ]
        assert done[0].payloads[0].figure == "AAAA"
        assert done[1].payloads[0].figure == ("AAAA" if tier == "analyst" else None)
        result = [check["result"] for check in done[1].record["tables"][0]["checks"] if check["check"] == "own figure"]
        assert result == (["review"] if tier == "analyst" else ["fail"])


def test_owners_and_quotes_are_not_public():
    frame = by_plan({"A": 300, "B": 90}).assign(owner="Care", quote="too slow")
    columns = {tier: protect([payload(frame)], POLICY, tier).payloads[0].grid.columns for tier in ("team", "public")}
    assert {"owner", "quote"} <= set(columns["team"])
    assert not {"owner", "quote"} & set(columns["public"])


def test_hiding_is_equal_in_all_tiers():
    payloads = [payload(by_plan({"A": 300, "B": 90, "C": 9}))]
    found = [protect(payloads, POLICY, tier) for tier in ("analyst", "team", "public")]
    assert len({tuple(done.payloads[0].grid.rows) for done in found}) == 1
    with pytest.raises(ValueError, match="there is no tier 'boss'"):
        protect(payloads, POLICY, "boss")


def test_the_record_names_hidden_rows_and_reasons_but_no_base():
    record = protect([payload(by_plan({"A": 300, "B": 87, "C": 9}))], POLICY).record
    table = record["tables"][0]
    assert [cell["group"] for cell in table["hidden"]] == [{"plan": "B"}, {"plan": "C"}]
    assert "fewer than 10 customers" in table["hidden"][1]["why"]
    assert {check["result"] for check in table["checks"]} <= {"pass", "review", "fail"}
    assert record["summary"]["rows_hidden"] == 2
    text = json.dumps(record)
    assert "300" not in text
    assert "87" not in text


def test_counts_of_rows_and_files_are_not_hidden():
    frame = pd.DataFrame({"rule": ["a", "b"], "rows": [1, 2]})
    done = protect([payload(frame, about="process")], POLICY)
    assert done.payloads[0].to_frame()["rows"].tolist() == [1, 2]


def test_protection_changes_no_input_and_is_stable():
    first = payload(by_plan({"A": 300, "B": 90, "C": 9}))
    before = first.to_json()
    done = protect([first], POLICY).payloads[0]
    assert first.to_json() == before
    again = protect([Payload.from_json({k: v for k, v in done.to_json().items() if k != "tier"})], POLICY)
    assert again.payloads[0].grid.rows == done.grid.rows


def test_the_policy_of_a_study_is_read():
    assert Policy.of({"min_base": 20}).min_base == 20
    assert Policy.of(SimpleNamespace(definition=SimpleNamespace(disclosure=Disclosure(min_base=7)))).min_base == 7


# --- brute force ---------------------------------------------------------------------------------------------------


def people(rng):
    """Random customers of a skewed world: plan, region, vote."""
    plans, regions = rng.integers(2, 6), rng.integers(1, 5)
    size = int(rng.integers(60, 400))
    weights = [rng.dirichlet(np.full(count, 0.6)) for count in (plans, regions)]
    found = {
        "plan": rng.choice([f"p{number}" for number in range(plans)], size, p=weights[0]),
        "region": rng.choice([f"r{number}" for number in range(regions)], size, p=weights[1]),
        "vote": rng.choice([-1, 0, 1], size),
    }
    return pd.DataFrame(found)


def frame_of(customers, by):
    """Bases and NPS of groups, with the rows of groups that have nobody."""
    if not by:
        return pd.DataFrame({"n": [len(customers)], "n_customers": [len(customers)]}).assign(
            estimate=100 * customers["vote"].mean()
        )
    found = customers.groupby(by)["vote"].agg(["size", "mean"])
    levels = [sorted(customers[name].unique()) for name in by]
    full = pd.MultiIndex.from_product(levels, names=by) if len(by) > 1 else pd.Index(levels[0], name=by[0])
    found = found.reindex(full).reset_index()
    found["size"] = found["size"].fillna(0).astype(int)
    return found.assign(n=found["size"], n_customers=found["size"], estimate=100 * found["mean"])[
        [*by, "n", "n_customers", "estimate"]
    ]


def finest(customers_or_frame, by):
    """The smallest groups, by name."""
    return customers_or_frame[by].drop_duplicates().sort_values(by).reset_index(drop=True)


def sums_of(frame, cells):
    """Which of the smallest groups each row of a table adds up; a level named Total stands for all."""
    found = np.ones((len(frame), len(cells)))
    for name in set(cells.columns) & set(frame.columns):
        levels = frame[name].to_numpy(dtype=object)[:, None]
        found *= (levels == cells[name].to_numpy(dtype=object)) | (levels == "Total")
    return found


def known_and_sought(frames, cells):
    """What is shown and what is hidden, as sums over the smallest groups."""
    hidden_rows = np.concatenate([(frame["flag"] == HIDDEN).to_numpy() for frame in frames])
    rows = np.vstack([sums_of(frame, cells) for frame in frames])
    return rows[~hidden_rows], rows[hidden_rows]


def recovered(frames, cells):
    """The hidden rows whose sum over the smallest groups is a combination of shown ones."""
    known, sought = known_and_sought(frames, cells)
    if not len(known) or not len(sought):
        return []
    solution = np.linalg.lstsq(known.T, sought.T, rcond=None)[0]
    gaps = np.abs(known.T @ solution - sought.T).max(axis=0)
    return [number for number, gap in enumerate(gaps) if gap < TOLERANCE]


def tables_of(customers):
    """The tables of one run: overall, by each segment, crossed with the totals beside."""
    overall, plans, regions, crossed = (
        frame_of(customers, by) for by in ([], ["plan"], ["region"], ["plan", "region"])
    )
    margins = [overall.assign(plan="Total", region="Total"), plans.assign(region="Total"), regions.assign(plan="Total")]
    return [overall, plans, regions, crossed, pd.concat([crossed, *margins], ignore_index=True)[crossed.columns]]


@pytest.fixture(scope="module")
def random_runs():
    found = []
    for seed in range(RANDOM_RUNS):
        customers = people(np.random.default_rng(seed))
        frames = tables_of(customers)
        found.append((frames, shown(frames), finest(frames[3], ["plan", "region"])))
    return found


def test_random_runs_hide_something_and_show_something(random_runs):
    # Guards the tests below: they would pass on runs in which nothing, or all, is hidden.
    hidden_rows = [sum((frame["flag"] == HIDDEN).sum() for frame in done) for _, done, _ in random_runs]
    all_rows = [sum(len(frame) for frame in done) for _, done, _ in random_runs]
    assert np.mean([count > 0 for count in hidden_rows]) > 0.8
    assert 0.2 < sum(hidden_rows) / sum(all_rows) < 0.7


def test_no_hidden_cell_can_be_computed_from_what_is_shown(random_runs):
    """Counts and net votes obey the same sums, so one test serves both."""
    assert [number for number, (_, done, cells) in enumerate(random_runs) if recovered(done, cells)] == []


def test_primary_suppression_alone_would_have_given_cells_away(random_runs):
    """The attack works: with only the small cells hidden, most runs give some of them away."""
    broken = 0
    for frames, _, cells in random_runs:
        bare = [frame.assign(flag=np.where(frame["n"].between(1, 9), HIDDEN, "")) for frame in frames]
        broken += bool(recovered(bare, cells))
    assert broken > RANDOM_RUNS / 2


def test_no_shown_group_has_fewer_than_the_minimum(random_runs):
    for frames, done, _ in random_runs:
        for before, after in zip(frames, done, strict=True):
            visible = before.loc[(after["flag"] != HIDDEN).to_numpy(), "n_customers"]
            assert ((visible >= POLICY.min_base) | (visible == 0)).all()


def narrowest(frames, before, cells):
    """The narrowest interval that linear programming leaves for a small hidden count, which is no less than zero."""
    known, sought = known_and_sought(frames, cells)
    bases = np.concatenate([frame["n"].to_numpy(float) for frame in before])
    is_hidden = np.concatenate([(frame["flag"] == HIDDEN).to_numpy() for frame in frames])
    goals = sought[(bases[is_hidden] > 0) & (bases[is_hidden] < POLICY.min_base)]
    totals = {"A_eq": known, "b_eq": bases[~is_hidden]}
    bounds = [[linprog(sign * goal, **totals).fun for sign in (1, -1)] for goal in np.unique(goals, axis=0)]
    return min((-high - low for low, high in bounds), default=np.inf)


def test_bounds_on_small_hidden_counts_stay_wide(random_runs):
    """Knowing that counts are not negative narrows no small hidden count to a few values."""
    widths = [narrowest(done, frames, cells) for frames, done, cells in random_runs[:60]]
    assert min(widths) >= POLICY.min_base - TOLERANCE
