"""The sample-ratio test: what it finds, what it leaves alone, and the holdout that is the same in every wave."""

import numpy as np
import pandas as pd
import pytest
from dealt_study import answered, bank_of, dealt_study, invited
from scipy import stats

from cxresearch.questions.assign import assign
from cxresearch.questions.sample_ratio import ALPHA, ratio_test, sample_ratio
from cxresearch.strict_yaml import StudyError

DAYS = {"2026Q2": "2026-06-01", "2026Q3": "2026-09-01"}


def dealt(bank, n=2_000):
    """Return the invitations of two waves, dealt as the bank says."""
    ids = [f"c{number:04d}" for number in range(n)]
    parts = []
    for wave, day in DAYS.items():
        arms = assign(ids, wave, bank.assignment, b"only-for-tests", jobs=1)["arm"].astype("str")
        parts.append(invited(day, arms.tolist()))
    return parts


def study_of(parts, **shown):
    """Return a study in which every tenth answered."""
    given = pd.concat([answered(part.iloc[::10], nps=8.0) for part in parts], ignore_index=True).assign(**shown)
    return dealt_study(pd.concat(parts, ignore_index=True), given)


def test_what_was_dealt_as_planned_is_as_planned():
    bank = bank_of()
    found = sample_ratio(study_of(dealt(bank)), bank)
    assert found.tests["verdict"].tolist() == ["as planned"] * 3
    assert found.tests["flag"].eq("").all()
    first = found.arms.query("wave == '2026Q2'").set_index("arm")
    assert first["planned"].to_dict() == {"holdout": 0.25, "pricing": 0.375, "none": 0.375}
    assert (first["assigned"] == (first["estimate"] * first["n"]).round()).all()
    direct = stats.chisquare(first["assigned"], [500, 750, 750])
    test = found.tests.iloc[0]
    assert (test["statistic"], test["p_value"], test["df"]) == (
        pytest.approx(direct.statistic),
        pytest.approx(direct.pvalue),
        2,
    )


def test_the_holdout_counts_once_in_all_waves():
    bank = bank_of()
    parts = dealt(bank)
    found = sample_ratio(study_of(parts), bank).tests.iloc[-1]
    held = parts[0]["arm"].eq("holdout").sum()
    outside = pd.concat(parts)["arm"].value_counts()
    expected = stats.chisquare([held, 2_000 - held], [500, 1_500]).statistic
    expected += stats.chisquare([outside["pricing"], outside["none"]]).statistic
    assert (found["n"], found["n_customers"], found["df"]) == (4_000, 2_000, 2)
    assert found["statistic"] == pytest.approx(expected)


def test_a_holdout_that_is_counted_in_every_wave_would_be_suspected_too_often():
    rng = np.random.default_rng(8)
    held = rng.binomial(2_000, 0.25, 2_000)
    # Ten waves of the same people: the naive statistic is ten times too large.
    naive = [ratio_test([10 * one, 20_000 - 10 * one], [0.25, 0.75])[2] < ALPHA for one in held]
    once = [ratio_test([one, 2_000 - one], [0.25, 0.75])[2] < ALPHA for one in held]
    assert np.mean(naive) > 0.2
    assert np.mean(once) < 0.005


def test_a_leak_is_found_and_said_where():
    bank = bank_of()
    parts = dealt(bank)
    leaking = parts[1].index[parts[1]["arm"].eq("pricing")][:120]
    parts[1].loc[leaking, "arm"] = "none"
    tests = sample_ratio(study_of(parts), bank).tests.set_index("wave")
    assert tests["verdict"].to_dict()["2026Q2"] == "as planned"
    assert tests["verdict"].to_dict()["2026Q3"] == "not as planned"


def test_who_leaves_the_holdout_or_stands_in_two_arms_is_counted():
    bank = bank_of()
    parts = dealt(bank)
    leavers = parts[1].index[parts[1]["arm"].eq("holdout")][:7]
    parts[1].loc[leavers, "arm"] = "pricing"
    flags = sample_ratio(study_of(parts), bank).tests.set_index("wave")["flag"]
    assert flags["all"] == "7 units left or joined the holdout"
    customers = pd.DataFrame({"customer_id": ["c0000", "c0001"], "account_id": ["B1", "B1"]})
    two = invited("2026-06-01", ["pricing", "none"])
    small = dealt_study(two, answered(two, nps=8.0), customers=customers)
    told = sample_ratio(small, bank_of(unit="account"), waves=["2026Q2"]).tests["flag"].item()
    assert told.startswith("1 units stand in two arms of a wave; too few to test")


def test_what_was_shown_stands_beside_what_was_assigned():
    bank = bank_of()
    parts = dealt(bank)
    found = sample_ratio(study_of(parts, arm="none"), bank).shown
    assert found.set_index(["wave", "arm"])["flag"].to_dict()[("2026Q2", "pricing")] == "not as assigned"
    assert found["n"].sum() == 400
    blank = sample_ratio(study_of(parts, arm=pd.Series(pd.NA, dtype="str")), bank).shown
    assert blank.empty


def test_two_points_of_all_units_are_found():
    rng = np.random.default_rng(9)
    found = [ratio_test([one, 20_000 - one], [0.5, 0.5])[2] < ALPHA for one in rng.binomial(20_000, 0.48, 2_000)]
    still = [ratio_test([one, 20_000 - one], [0.5, 0.5])[2] < ALPHA for one in rng.binomial(20_000, 0.5, 2_000)]
    assert np.mean(found) >= 0.9
    assert np.mean(still) <= 0.005


def test_odd_plans_are_refused_or_not_tested():
    with pytest.raises(StudyError, match=r"add up to 0\.9"):
        ratio_test([5, 5], [0.4, 0.5])
    with pytest.raises(StudyError, match="probability 0 holds units"):
        ratio_test([5, 5], [1.0, 0.0])
    assert ratio_test([3, 4], [0.5, 0.5])[1] == 0
    # Without a holdout only the arms are tested.
    assert ratio_test([0, 50, 50], [0.0, 0.5, 0.5])[1] == 1
