"""Scores by what customers pay, response rates and benchmarks: on studies that can be counted on paper."""

import numpy as np
import pandas as pd
import pytest

from cxresearch import metrics
from cxresearch.metrics.value import revenue_before
from cxresearch.schema import Study
from cxresearch.study_data import Quality, StudyData

JULY, JUNE = pd.Timestamp("2026-07-15"), pd.Timestamp("2026-06-01")
WORDING = "How likely are you to recommend Acme Bank to a friend or colleague?"


def study(tables: dict[str, pd.DataFrame], **nps: object) -> StudyData:
    """Return a study of 2026Q3 with these tables."""
    sources = {
        name: {"source": f"{name}.csv", "columns": {column: column for column in frame}}
        for name, frame in tables.items()
        if name != "responses"
    }
    columns = {"response_id": "id", "customer_id": "c", "responded_at": "d", "finished": "f"}
    columns["nps"] = {"from": "q", **nps}
    definition = Study.model_validate(
        {"title": "Value", "tables": {"responses": {"source": "r.csv", "columns": columns}, **sources}}
    )
    return StudyData(definition, "2026Q3", None, ["2026Q3"], Quality(), tables)


def responses(scores: list[float], customers: list[str]) -> pd.DataFrame:
    frame = pd.DataFrame({"nps": scores, "customer_id": pd.Series(customers, dtype="str")})
    frame["response_id"] = [f"R{number}" for number in range(len(frame))]
    return frame.assign(responded_at=JULY, period="2026Q3", survey="relationship", finished=1.0, mode="email")


def bills(paid: dict[str, float], month: pd.Timestamp = JUNE) -> pd.DataFrame:
    return pd.DataFrame({"customer_id": list(paid), "month": month, "revenue": list(paid.values())})


def test_customers_by_what_they_pay():
    # Two promoters who pay 1, one detractor who pays 8: 100·(2-1)/3 by head, 100·(2-8)/10 by money.
    data = study({"responses": responses([10, 10, 0], ["a", "b", "c"]), "revenue": bills({"a": 1, "b": 1, "c": 8})})
    found = metrics.by_value(data).set_index("weighting")["estimate"]
    assert found["answers"] == pytest.approx(100 / 3)
    assert found["customers"] == pytest.approx(100 / 3)
    assert found["revenue"] == pytest.approx(-60)
    assert found["gap"] == pytest.approx(-60 - 100 / 3)


def many(n: int = 400) -> StudyData:
    rng = np.random.default_rng(3)
    customers = [f"c{number}" for number in range(n)]
    paid = dict(zip(customers, rng.gamma(4, 10, n), strict=True))
    return study({"responses": responses(rng.integers(0, 11, n), customers), "revenue": bills(paid)})


def test_the_gap_is_that_of_the_two_scores_and_its_error_that_of_a_jackknife():
    data = many()
    found = metrics.by_value(data).set_index("weighting")
    apart = found.loc["revenue", "estimate"] - found.loc["customers", "estimate"]
    assert found.loc["gap", "estimate"] == pytest.approx(apart)
    votes = np.select([data.responses["nps"] > 8, data.responses["nps"] < 7], [100.0, -100.0], 0.0)
    paid = data.revenue["revenue"].to_numpy()
    left = [_gap(np.delete(votes, i), np.delete(paid, i)) for i in range(len(votes))]
    error = np.sqrt((len(left) - 1) / len(left) * np.sum((np.array(left) - np.mean(left)) ** 2))
    assert found.loc["gap", "std_error"] == pytest.approx(error, rel=0.01)
    assert found.loc["gap", "conf_low"] < found.loc["gap", "estimate"] < found.loc["gap", "conf_high"]


def _gap(votes: np.ndarray, paid: np.ndarray) -> float:
    return float((votes * paid).sum() / paid.sum() - votes.mean())


def test_only_the_twelve_months_before_the_period_count_and_refunds_are_taken_off():
    frames = [bills({"a": 5, "b": 5}), bills({"a": -2}), bills({"b": 99}, pd.Timestamp("2026-07-01"))]
    frames += [bills({"a": 50}, pd.Timestamp("2025-06-01")), bills({"a": 1}, pd.Timestamp("2025-07-01"))]
    data = study({"responses": responses([10, 0], ["a", "b"]), "revenue": pd.concat(frames, ignore_index=True)})
    assert revenue_before(data).to_dict() == {"a": 4, "b": 5}


def test_customers_who_paid_nothing_are_left_out_and_counted():
    paid = {"a": 1.0, "b": -1.0}
    data = study({"responses": responses([10, 0, 5], ["a", "b", "c"]), "revenue": bills(paid)})
    rows = metrics.by_value(data).set_index("weighting")
    assert rows["n"].to_dict() == {"answers": 3, "customers": 1, "revenue": 1, "gap": 1}
    assert "2 answers without revenue before the period left out" in rows.loc["revenue", "flag"]
    assert np.isnan(rows.loc["gap", "estimate"])


def test_a_study_without_revenue_says_so():
    with pytest.raises(KeyError, match="needs the table `revenue`"):
        metrics.by_value(study({"responses": responses([10], ["a"])}))


def test_response_and_completion_rate_by_hand():
    sent = pd.DataFrame({"customer_id": ["a", "b", "c", "d"], "invited_at": [JULY, JULY, JULY, JUNE]})
    answers = responses([10, 0], ["a", "d"]).assign(finished=[1.0, 0.0])
    data = study({"responses": answers, "invitations": sent})
    assert metrics.response_rate(data)[["n", "estimate"]].iloc[0].tolist() == [3, pytest.approx(1 / 3)]
    assert metrics.completion_rate(data)["estimate"].item() == 0.5
    with pytest.raises(KeyError, match="no table `invitations`"):
        metrics.response_rate(study({"responses": answers}))


def published(**changed: object) -> pd.DataFrame:
    row = {"source": "Index", "metric": "nps", "period": "2026Q3", "value": 20.0, "n": 5000.0, "scale": "0-10"}
    row |= {"mode": "online", "wording": "How likely are you to recommend your bank to a friend or colleague?"}
    return pd.DataFrame([row | changed])


@pytest.mark.parametrize(
    ("changed", "reason"),
    [
        ({}, ""),
        ({"scale": "1-10"}, "scale"),
        ({"scale": "unknown"}, "scale"),
        ({"mode": "phone"}, "mode"),
        ({"wording": "Would you recommend us?"}, "wording"),
        ({"wording": None}, "wording"),
        ({"mode": "phone", "scale": "1-10"}, "scale, mode"),
    ],
)
def test_benchmarks_are_compared_only_where_they_asked_alike(changed, reason):
    data = study({"responses": many().responses, "benchmarks": published(**changed)}, wording=WORDING)
    row = metrics.benchmark(data).iloc[0]
    assert row["reason"] == reason
    assert (row["verdict"] == "not comparable") == bool(reason)
    assert np.isnan(row["difference"]) == bool(reason)


@pytest.mark.parametrize(("away", "verdict"), [(-30, "higher"), (30, "lower"), (0, "cannot tell")])
def test_a_benchmark_is_beaten_where_the_whole_interval_lies_above_it(away, verdict):
    answers = many().responses
    ours = metrics.nps(answers)["estimate"].item()
    data = study({"responses": answers, "benchmarks": published(value=ours + away)}, wording=WORDING)
    assert metrics.benchmark(data)["verdict"].item() == verdict


def test_other_periods_and_metrics_that_were_not_asked_are_no_benchmarks():
    rows = pd.concat([published(period="2026Q2"), published(metric="csat")])
    assert metrics.benchmark(study({"responses": many().responses, "benchmarks": rows})).empty


def test_what_was_asked_beside_the_usual_stands_on_the_scorecard():
    answers = many().responses
    answers = answers.assign(converted=[1.0, 0.0] * 200, expectation=[3.0, 1.0] * 200)
    data = study({"responses": answers})
    columns = {"converted": {"from": "b"}, "expectation": {"from": "e", "scale": [1, 5]}}
    raw = data.definition.model_dump(by_alias=True)
    raw["tables"]["responses"]["columns"] |= columns
    definition = Study.model_validate({"title": raw["title"], "tables": raw["tables"]})
    found = metrics.scorecard(StudyData(definition, "2026Q3", None, ["2026Q3"], data.quality, data.tables))
    assert found.set_index("metric")["estimate"][["expectation_met", "conversion"]].tolist() == [0.5, 0.5]
