"""Topics and a score: shares, the joint regression against statsmodels, parts of a change that sum."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
import statsmodels.api as sm

from cxresearch import metrics
from cxresearch.prove.topics import corrected, joint, planted
from cxresearch.topics.impact import impact
from cxresearch.topics.severity import severity
from cxresearch.topics.shares import changes, commenters, shares, shares_by_segment
from cxresearch.topics.track import drift_band


def vote(rows: pd.DataFrame) -> pd.Series:
    return 100.0 * ((rows["nps"] >= 9).astype(int) - (rows["nps"] <= 6).astype(int))


def test_coefficients_and_errors_are_those_of_clustered_least_squares():
    mentions = planted()
    answers = mentions.answers.assign(customer_id=[f"c{one // 2}" for one in range(400)])
    mentions = replace(mentions, answers=answers)
    rows = mentions.rows()
    found = impact(mentions, controls=["plan"])
    keys = mentions.ids[:2]  # the third has 20 comments
    x = sm.add_constant(rows[keys].assign(plan=rows["plan"].eq("B")).astype(float))
    fit = sm.OLS(vote(rows), x).fit(cov_type="cluster", cov_kwds={"groups": pd.factorize(rows["customer_id"])[0]})
    assert found["estimate"][:2].to_numpy() == pytest.approx(fit.params[keys].to_numpy())
    groups, n, k = rows["customer_id"].nunique(), len(rows), x.shape[1]
    stata = (groups / (groups - 1)) * ((n - 1) / (n - k))
    ours = fit.bse[keys].to_numpy() * np.sqrt(groups / (groups - 1) / stata)
    assert found["std_error"][:2].to_numpy() == pytest.approx(ours)


def test_contributions_are_share_times_coefficient_and_rare_topics_enter_none():
    found = impact(planted(), controls=[])
    assert found["contribution"].to_numpy() == pytest.approx(
        (found["share"] * found["estimate"]).to_numpy(), nan_ok=True
    )
    assert np.isnan(found["estimate"][2])
    assert "too few" in found["flag"][2]
    assert found["n"].tolist() == [80, 60, 20]


def test_the_interval_of_a_contribution_is_that_of_resampled_comments():
    mentions = planted()
    found = impact(mentions, controls=[]).iloc[0]
    rows, rng, drawn = mentions.rows(), np.random.default_rng(1), []
    for _ in range(400):
        part = rows.iloc[rng.integers(0, len(rows), len(rows))]
        fit = np.linalg.lstsq(sm.add_constant(part[mentions.ids[:2]].astype(float)), vote(part), rcond=None)[0]
        drawn.append(part[mentions.ids[0]].mean() * fit[1])
    half = (found["contribution_high"] - found["contribution_low"]) / 2
    assert half == pytest.approx(1.97 * np.std(drawn), rel=0.15)


def test_prevalence_severity_and_the_rest_are_the_change_exactly():
    mentions = planted()
    found = severity(mentions, controls=["plan"])
    scores = [vote(mentions.rows(period=period)).mean() for period in ("2026Q3", "2026Q2")]
    whole = found[found["topic"].eq("all")]["estimate"].iloc[0]
    assert whole == pytest.approx(scores[0] - scores[1])
    assert found[found["topic"].ne("all")]["estimate"].sum() == pytest.approx(whole)
    before, after = (np.linalg.lstsq(
        sm.add_constant(rows[mentions.ids[:2]].assign(plan=rows["plan"].eq("B")).astype(float)), vote(rows), rcond=None
    )[0] for rows in (mentions.rows(period="2026Q2"), mentions.rows()))  # fmt: skip
    price = found[found["topic"].eq("Price")].set_index("component")["estimate"]
    assert price["prevalence"] == pytest.approx((0.4 - 0.2) * (before[1] + after[1]) / 2)
    assert price["severity"] == pytest.approx((0.4 + 0.2) / 2 * (after[1] - before[1]))


def test_the_whole_change_has_the_interval_of_the_change_of_a_mean():
    mentions = planted()
    found = severity(mentions, controls=[])
    whole = found[found["topic"].eq("all")].iloc[0]
    plain = metrics.change(mentions.study, "nps", method="wald").iloc[0]
    assert whole["std_error"] == pytest.approx(plain["std_error"], rel=0.02)


def test_without_an_earlier_period_severity_is_refused_and_shares_do_not_change():
    mentions = planted()
    alone = replace(mentions, study=replace(mentions.study, compare_to=None))
    with pytest.raises(ValueError, match="no earlier period"):
        severity(alone)
    with pytest.raises(ValueError, match="no earlier period"):
        drift_band(alone)
    assert changes(alone)["verdict"].eq("").all()


def test_a_comment_of_weight_zero_empties_no_result():
    mentions = planted()
    weighted = mentions.answers.assign(weight=np.where(np.arange(400) % 200 == 7, 0.0, 1.0))
    mentions = replace(mentions, answers=weighted)
    assert impact(mentions, controls=[])["estimate"][:2].notna().all()
    assert severity(mentions, controls=["plan"])["estimate"].notna().all()
    assert drift_band(mentions, n_deals=50)["n"].eq(199).all()


def test_shares_are_those_of_the_rows():
    mentions = planted()
    assert shares(mentions)["estimate"].tolist() == mentions.rows()[mentions.ids].mean().tolist()
    assert shares(mentions, "plan")["n"].eq(100).all()


def test_a_survey_without_comments_or_the_segment_is_told():
    with pytest.raises(KeyError, match="no transactional answer with a comment has 'plan'"):
        shares_by_segment(planted(), ["plan"], survey="transactional")
    with pytest.raises(KeyError, match="no relationship answer with a comment has 'touchpoint'"):
        shares_by_segment(planted(), ["touchpoint"])


def test_commenters_stand_beside_those_who_wrote_nothing():
    study = planted().study
    with pytest.raises(KeyError, match="verbatim"):
        commenters(study)
    responses = study.responses.assign(has_comment=np.arange(400) % 2 == 0)
    found = commenters(replace(study, tables={"responses": responses}))
    own = responses[responses["period"].eq("2026Q3") & responses["has_comment"]]
    assert found[["level", "against"]].values.tolist() == [["customers with a comment", "customers without one"]]
    assert found["value"].iloc[0] == pytest.approx(vote(own).mean())


@pytest.mark.parametrize("check", [corrected, joint])
def test_claims_hold_in_a_quick_slice(check):
    assert [claim.what for claim in check(40) if not claim.held] == []
