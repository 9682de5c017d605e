"""BG/NBD and gamma-gamma, held to R's BTYD on the CDNOW customers and to purchases whose truth is known."""

import io
import json

import numpy as np
import pandas as pd
import pytest
from test_economics import study_of

from cxresearch.economics import bg_nbd, customer_value, gamma_gamma, purchase_value, transactions
from cxresearch.strict_yaml import StudyError

A_MONTH_OF_WEEKS = 4.345


@pytest.fixture
def cdnow(shared):
    reference = json.loads(shared("reference/bgnbd_cdnow.json").read_text())
    names = {"x": "frequency", "t_x": "recency", "zbar": "monetary"}
    return pd.read_csv(io.StringIO(reference["data"]["csv"])).rename(columns=names), reference["expected"]


def test_cdnow_gives_the_numbers_of_btyd(cdnow):
    frame, expected = cdnow
    found, wanted = bg_nbd(frame), expected["bgnbd"]
    assert found.values == pytest.approx(wanted["params_r_alpha_a_b"], rel=1e-3)
    assert found.parameters["std_error"].to_numpy() == pytest.approx(wanted["se_hessian"], rel=1e-3)
    assert found.log_likelihood == pytest.approx(wanted["loglik"], abs=1e-3)
    assert found.p_alive(frame)[:10].to_numpy() == pytest.approx(wanted["p_alive_first_10"], rel=1e-4)
    expected_39 = found.expected(frame, 39)
    assert expected_39[:10].to_numpy() == pytest.approx(wanted["conditional_expectation_39w_first_10"], rel=1e-4)
    assert expected_39.sum() == pytest.approx(wanted["conditional_expectation_39w_sum_all"], rel=1e-4)
    of_new = [found.expected_of_new(time) for time in wanted["expectation_t"]]
    assert of_new == pytest.approx(wanted["expectation"], rel=1e-4)


def test_cdnow_gives_the_spend_and_value_of_btyd(cdnow):
    frame, expected = cdnow
    spend, wanted = gamma_gamma(frame), expected["gamma_gamma"]
    assert spend.values == pytest.approx(wanted["params_p_q_gamma"], rel=1e-3)
    assert spend.log_likelihood == pytest.approx(wanted["loglik"], abs=1e-3)
    assert spend.spend(frame)[:10].to_numpy() == pytest.approx(wanted["expected_average_spend_first_10"], rel=1e-4)
    value = customer_value(frame, bg_nbd(frame), spend, month=A_MONTH_OF_WEEKS, discount=1.01**12 - 1)
    assert value[:10].to_numpy() == pytest.approx(expected["clv_12_months_1pct_first_10"]["value"], rel=1e-4)


def bought(**changed: list[float]) -> pd.DataFrame:
    rng = np.random.default_rng(1)
    x = rng.poisson(2.0, 60).astype(float)
    frame = pd.DataFrame({"frequency": x, "recency": np.where(x > 0, 10.0, 0.0), "T": 20.0, "monetary": 5.0})
    for name, values in changed.items():
        frame.loc[: len(values) - 1, name] = values
    return frame


@pytest.mark.parametrize(
    ("frame", "words"),
    [
        (bought(recency=[30.0]), "1 of 60 customers"),
        (bought(frequency=[1.5]), "1 of 60 customers"),
        (bought(T=[float("nan")]), "1 of 60 customers"),
        (bought().assign(frequency=0.0, recency=0.0), "nobody bought again"),
        (bought().head(5), "5 customers; at least 30"),
    ],
)
def test_purchases_that_cannot_be_are_refused(frame, words):
    with pytest.raises(ValueError, match=words):
        bg_nbd(frame)


def test_values_of_purchases_that_cannot_be_are_refused():
    with pytest.raises(ValueError, match="have a mean value of 0"):
        gamma_gamma(bought(frequency=[3.0], monetary=[-1.0]))
    with pytest.raises(KeyError, match="no column 'monetary'"):
        gamma_gamma(bought().drop(columns="monetary"))


def shop(n: int = 400) -> dict[str, pd.DataFrame]:
    """Return purchases of customers who buy at a gamma-distributed rate and may leave after each."""
    rng = np.random.default_rng(7)
    rows = []
    for customer in range(n):
        rate, leave, month = rng.gamma(2.0, 0.2), rng.beta(1.0, 4.0), float(rng.integers(0, 6))
        while month < 24:
            day = pd.Timestamp("2024-01-01") + pd.DateOffset(months=int(month))
            rows.append({"customer_id": f"c{customer}", "month": day, "revenue": rng.gamma(5.0, 6.0)})
            if rng.random() < leave:
                break
            month += max(rng.exponential(1 / rate), 1.0)
    return {"revenue": pd.DataFrame(rows)}


def test_purchases_are_counted_by_month_and_refunds_are_none():
    month = pd.to_datetime(["2025-01-01", "2025-03-01", "2025-05-01", "2025-03-01", "2025-06-01", "2025-06-01"])
    bills = pd.DataFrame({"customer_id": list("aaabbc"), "month": month, "revenue": [10.0, 20.0, -5.0, 7.0, 9.0, 1.0]})
    found = transactions(study_of({"revenue": bills}, business="transactional")).set_index("customer_id")
    assert found.loc["a", ["frequency", "recency", "T", "monetary"]].tolist() == [1, 2, 5, 20.0]
    assert found.loc["b", ["frequency", "recency", "T", "monetary"]].tolist() == [1, 3, 3, 9.0]
    assert "c" not in found.index  # bought first in the last month: no time to buy again


def test_customers_who_bought_more_are_worth_more():
    study = study_of(shop(), business="transactional")
    found = purchase_value(study, n_draws=20).set_index("repeat_purchases")
    assert found["n"].loc[["none", "1", "2–3", "4 and more"]].sum() == found.loc["all", "n"] == len(transactions(study))
    assert found.loc["4 and more", "estimate"] > found.loc["1", "estimate"] > 0
    assert (found["conf_low"] < found["estimate"]).all()
    assert (found["estimate"] < found["conf_high"]).all()
    half = purchase_value(study, margin=0.5, n_draws=20).set_index("repeat_purchases")
    assert half["estimate"].to_numpy() == pytest.approx(found["estimate"].to_numpy() / 2)
    assert "not margin" in found.loc["all", "flag"]


def test_each_model_is_refused_for_the_other_business():
    with pytest.raises(StudyError, match="found contractual"):
        transactions(study_of(shop(40), business="contractual"))
    with pytest.raises(StudyError, match="found nothing said"):
        transactions(study_of(shop(40)))


def test_refunds_alone_are_no_purchases():
    bills = shop(40)["revenue"].assign(revenue=-1.0)
    with pytest.raises(StudyError, match="refunds alone"):
        transactions(study_of({"revenue": bills}, business="transactional"))
