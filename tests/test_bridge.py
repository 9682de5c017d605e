"""The bridge: sums exactly, knows mix from rate, and its intervals come from customers."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import sparse

from cxresearch import metrics, segments
from cxresearch.schema import Study
from cxresearch.stats.decomposition import kitagawa, resampled
from cxresearch.study_data import Quality, StudyData


def answers(rng, n, levels, weighted=True):
    frame = pd.DataFrame(
        {"nps": rng.integers(0, 11, n), "plan": rng.choice(levels, n), "customer_id": rng.integers(0, 2 * n, n)}
    )
    return frame.assign(w=np.exp(rng.normal(0, 0.5, n)) if weighted else 1.0)


def whole(found):
    return found.parts[found.parts["level"] == "all"].set_index("component")["estimate"]


@given(st.integers(0, 2**32 - 1))
@settings(max_examples=30, deadline=None)
def test_parts_sum_to_the_change_and_levels_to_their_part(seed):
    rng = np.random.default_rng(seed)
    before = answers(rng, int(rng.integers(5, 80)), ["A", "B", "C", None])
    after = answers(rng, int(rng.integers(5, 80)), ["B", "C", "D"])
    found = segments.decompose(before, after, "nps", "plan", weight="w", n_boot=5)
    weighted = [metrics.nps(frame, weight="w", cluster="customer_id")["estimate"].item() for frame in (before, after)]
    change = weighted[1] - weighted[0] if not np.isnan(weighted).any() else found.total["estimate"].item()
    assert found.total["estimate"].item() == pytest.approx(change, abs=1e-10)
    assert whole(found).sum() == pytest.approx(change, abs=1e-10)
    by_level = found.parts[found.parts["level"] != "all"].groupby("component")["estimate"].sum()
    for component, total in by_level.items():
        assert whole(found)[component] == pytest.approx(total, abs=1e-10)


def test_mix_rate_and_entry_by_hand():
    # A falls from half to a quarter of the answers, B rises from half to a half; C enters with a quarter.
    before = pd.DataFrame({"nps": [10] * 40 + [8] * 40, "plan": ["A"] * 40 + ["B"] * 40})
    after = pd.DataFrame(
        {"nps": [10] * 20 + [8] * 20 + [3] * 20 + [10] * 20, "plan": ["A"] * 20 + ["B"] * 40 + ["C"] * 20}
    )
    found = segments.decompose(before, after, "nps", "plan", n_boot=10)
    # NPS of the whole: 50 before, 25 after, 37.5 between; B: 0 before, -50 after; A: 100 twice; C: 100.
    rows = found.parts.set_index(["component", "level"])["estimate"]
    assert rows["mix", "A"] == pytest.approx((0.25 - 0.5) * (100 - 37.5))
    assert rows["mix", "B"] == pytest.approx(0)
    assert rows["rate", "B"] == pytest.approx(0.5 * -50)
    assert rows["rate", "A"] == pytest.approx(0)
    assert rows["entered", "C"] == pytest.approx(0.25 * (100 - 37.5))
    assert rows["weighting", "all"] == pytest.approx(0, abs=1e-12)
    assert found.total["estimate"].item() == pytest.approx(-25)


def test_swapping_the_waves_flips_every_sign():
    rng = np.random.default_rng(1)
    before, after = answers(rng, 200, ["A", "B", "C"]), answers(rng, 300, ["A", "B", "D"])
    there = whole(segments.decompose(before, after, "nps", "plan", weight="w", n_boot=5))
    back = whole(segments.decompose(after, before, "nps", "plan", weight="w", n_boot=5))
    renamed = back.rename({"entered": "left", "left": "entered"})
    np.testing.assert_allclose(there, -renamed.reindex(there.index), atol=1e-10)


def test_mix_does_not_depend_on_the_zero_of_the_scale():
    counts = np.array([[30.0, 70.0], [60.0, 40.0]])
    mean = np.array([[4.0, 2.0], [5.0, 1.0]])
    mix, rate = kitagawa(counts, counts * mean)
    moved, same = kitagawa(counts, counts * (mean + 100))
    np.testing.assert_allclose([mix, rate], [moved, same], atol=1e-9)


def test_customers_are_resampled_with_the_answers_of_both_waves():
    units = sparse.csr_array(np.array([[1.0, 1.0]] * 6 + [[0.0, 2.0]] * 4))
    found = resampled(units, 400, 3)
    assert (found[:, 0] * 1 + (found[:, 1] - found[:, 0]) / 2 == 10).all()
    assert found[:, 0].mean() == pytest.approx(6, abs=0.25)
    assert found[:, 0].var() == pytest.approx(10 * 0.6 * 0.4, rel=0.25)


def test_a_panel_that_did_not_change_has_no_error():
    rng = np.random.default_rng(2)
    frame = answers(rng, 300, ["A", "B"]).assign(customer_id=np.arange(300))
    panel = segments.decompose(frame, frame, "nps", "plan", weight="w", n_boot=50)
    others = segments.decompose(
        frame, frame.assign(customer_id=np.arange(300, 600)), "nps", "plan", weight="w", n_boot=50
    )
    assert panel.nothing_changed == pytest.approx(0, abs=1e-9)
    assert others.nothing_changed > 5


def test_the_error_of_the_change_is_the_linearised_one():
    rng = np.random.default_rng(3)
    before, after = answers(rng, 800, ["A", "B"]), answers(rng, 900, ["A", "B"])
    after["customer_id"] += 10_000
    found = segments.decompose(before, after, "nps", "plan", weight="w", n_boot=1000)
    errors = [metrics.nps(frame, weight="w")["std_error"].item() for frame in (before, after)]
    assert found.total["std_error"].item() == pytest.approx(np.hypot(*errors), rel=0.08)
    assert found.nothing_changed == pytest.approx(1.96 * np.hypot(*errors), rel=0.1)


def study(frame, compare_to="2026Q2"):
    columns = {"nps": {"from": "Q1"}, "plan": {"from": "plan"}, "customer_id": {"from": "id"}}
    bills = {
        "source": "b.csv",
        "columns": {"customer_id": "id", "month": {"from": "m", "format": "%Y-%m-%d"}, "revenue": "r"},
    }
    definition = Study.model_validate(
        {
            "title": "Made up",
            "tables": {"responses": {"source": "a.csv", "columns": columns}, "revenue": bills},
            "segments": {"plan": "plan"},
            "high_impact": {"by": "revenue", "months_before": 12, "top": 0.25},
        }
    )
    quality = Quality()
    months = pd.to_datetime(["2025-08-01", "2026-06-01", "2026-07-01"])
    customers = np.arange(200)
    revenue = pd.concat(
        [
            pd.DataFrame({"customer_id": customers, "month": month, "revenue": np.where(customers < 50, 100.0, 1.0)})
            for month in months[:2]
        ]
        + [
            pd.DataFrame(
                {"customer_id": customers, "month": months[2], "revenue": np.where(customers >= 150, 9e9, 1.0)}
            )
        ]
    )
    tables = {"responses": frame.assign(survey="relationship"), "revenue": revenue}
    return StudyData(definition, "2026Q3", compare_to, ["2026Q2", "2026Q3"], quality, tables)


def two_quarters():
    rng = np.random.default_rng(5)
    frame = pd.concat(
        [
            answers(rng, 210, ["A", "B"], weighted=False).assign(customer_id=np.arange(210), period=name)
            for name in ("2026Q2", "2026Q3")
        ]
    )
    return frame.drop(columns="w").reset_index(drop=True)


def test_a_study_is_bridged_as_its_frames_are():
    frame = two_quarters()
    found = segments.bridge(study(frame), "nps", "plan", n_boot=20)
    by_hand = segments.decompose(
        frame[frame["period"] == "2026Q2"], frame[frame["period"] == "2026Q3"], "nps", "plan", n_boot=20
    )
    pd.testing.assert_frame_equal(found.parts, by_hand.parts)


def test_high_impact_is_fixed_before_the_period():
    frame = two_quarters()
    now = frame["period"] == "2026Q3"
    frame.loc[now, "nps"] = np.where(frame.loc[now, "customer_id"] < 50, 10, 3)
    row = segments.high_impact_against_rest(study(frame), "nps").iloc[0]
    # Customers 0-49 paid most before July; 150-199 pay most only after. Ten who answered were never billed.
    assert (row["n"], row["n_against"], row["value"], row["value_against"]) == (50, 150, 100, -100)
    assert "10 answers without a bill before the period left out" in row["flag"]
    assert row["verdict"] == "higher"


@pytest.mark.parametrize(
    ("change", "arguments", "message"),
    [
        ({"nps": np.nan}, {}, "nobody answered in the earlier wave"),
        ({}, {"by": "nothing"}, "no column"),
        ({}, {"n_boot": 1}, "at least 2"),
        ({"w": -1.0}, {"weight": "w"}, "negative"),
        ({"w": 0.0}, {"weight": "w"}, "nobody answered in the earlier wave"),
        ({"nps": 99}, {}, "not whole numbers"),
    ],
)
def test_what_cannot_be_bridged_is_refused_in_a_sentence(change, arguments, message):
    rng = np.random.default_rng(6)
    before, after = answers(rng, 40, ["A", "B"]).assign(**change), answers(rng, 40, ["A", "B"])
    with pytest.raises((ValueError, KeyError), match=message):
        segments.decompose(before, after, "nps", **{"by": "plan"} | arguments)


def test_without_an_earlier_period_there_is_no_bridge():
    with pytest.raises(ValueError, match="no earlier period"):
        segments.bridge(study(two_quarters(), compare_to=None), "nps", "plan")
