"""The wall between research and service, and attempts to climb it."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from dealt_study import ASSIGNMENT, QUESTION, bank_of, dealt_study

from cxresearch.questions.guard import ActionList, action_list, service_columns
from cxresearch.schema.questions import Bank
from cxresearch.strict_yaml import StudyError

N = 60
RESEARCH = pd.Series(np.arange(N) * 7 % 11 + 0.5)


@pytest.fixture
def study():
    """Sixty known customers, each with a secret: the answer to the research question `price`."""
    ids = pd.Series([f"c{number:03d}" for number in range(N)], dtype="str")
    responses = pd.DataFrame(
        {
            "response_id": "r" + ids,
            "customer_id": ids,
            "responded_at": pd.Timestamp("2026-08-01 10:00") + pd.to_timedelta(np.arange(N), unit="min"),
            "period": "2026Q3",
            "nps": np.arange(N) % 11.0,
            "csat": 1.0 + np.arange(N) % 5,
            "arm": "pricing",
            # A wide export holds the module's answers beside the core's.
            "price": RESEARCH,
            "price_list": RESEARCH,
        }
    )
    customers = pd.DataFrame({"customer_id": ids, "plan": "A", "may_call": np.arange(N) % 2, "price": RESEARCH})
    return dealt_study(pd.DataFrame(), responses.assign(plan="A"), customers=customers)


def unhappy(rows):
    """Return the detractors, to be called."""
    return rows[rows["nps"] <= 6].assign(action="call", owner="care")


def test_a_list_is_made_from_service_answers_with_ids_put_back(study):
    found = action_list(study, bank_of(), unhappy)
    truth = study.responses[study.responses["nps"] <= 6]
    assert isinstance(found, ActionList)
    assert found.rows["customer_id"].tolist() == truth["customer_id"].tolist()
    assert found.rows["nps"].tolist() == truth["nps"].tolist()
    assert found.rows["responded_at"].tolist() == truth["responded_at"].tolist()


def test_nothing_of_research_is_given_to_a_rule(study):
    given = {}
    action_list(study, bank_of(), lambda rows: given.update(rows=rows) or unhappy(rows))
    rows = given["rows"]
    assert set(rows) == {"responded_at", "period", "survey", "nps", "csat", "plan"}
    assert not {"price", "price_list", "arm", "customer_id", "response_id"} & set(service_columns(study, bank_of()))
    # Neither the order nor the hour tells who it is.
    assert rows["nps"].tolist() != study.responses["nps"].tolist()
    assert rows["responded_at"].nunique() == 1


def by_name(rows):
    return unhappy(rows).assign(price=5.0)


def by_another_name(rows):
    return unhappy(rows).assign(value_score=5.0)


def as_the_whole_study(rows):
    return pd.DataFrame({"action": ["sell"]}, index=["c001"])


def twice(rows):
    return pd.concat([unhappy(rows), unhappy(rows)])


def not_rows(rows):
    return ["c001"]


@pytest.mark.parametrize("rule", [by_name, by_another_name, as_the_whole_study, twice, not_rows])
def test_what_a_rule_may_not_return_is_refused(study, rule):
    with pytest.raises(StudyError, match=r"^action_list: ") as error:
        action_list(study, bank_of(), rule)
    assert "c001" not in str(error.value)


def test_research_in_the_place_of_a_service_column_is_overwritten(study):
    secret = study.responses["price"]

    def smuggle(rows):
        """Write research into a column that may pass."""
        return rows.assign(csat=secret.iloc[: len(rows)].to_numpy())

    found = action_list(study, bank_of(), smuggle).rows
    assert found["csat"].tolist() == study.responses["csat"].tolist()


def test_a_choice_by_position_or_id_hits_nobody_in_particular(study):
    wanted = study.responses["price"] > 8

    def smuggle(rows):
        """Choose by research, in the order of the study."""
        return rows[wanted.to_numpy()].assign(action="sell")

    found = action_list(study, bank_of(), smuggle).rows
    hit = found["customer_id"].isin(study.responses.loc[wanted, "customer_id"]).mean()
    # By chance about as many as there are; with the order of the study it would be all.
    assert hit < 0.6


def test_a_segment_made_of_answers_is_no_service_column(study):
    definition = study.definition.model_copy(
        update={"segments": {**study.definition.segments, "price_group": "price_list"}}
    )
    odd = replace(
        study, definition=definition, tables={**study.tables, "responses": study.responses.assign(price_group="low")}
    )
    assert "plan" in service_columns(odd, bank_of())
    assert "price_group" not in service_columns(odd, bank_of())


def test_a_customer_column_named_as_a_research_question_is_refused_even_as_a_segment(study):
    definition = study.definition.model_copy(update={"segments": {"price": "price"}})
    assert "price" not in service_columns(replace(study, definition=definition), bank_of())


@pytest.mark.parametrize(
    ("question", "module", "passes"),
    [("service", "service", True), ("service", "research", False), ("research", "service", False)],
)
def test_a_question_is_service_by_its_own_purpose_and_its_modules(study, question, module, passes):
    bank = Bank.model_validate(
        {
            "assignment": ASSIGNMENT,
            "modules": {"pricing": {"seconds": 30, "purpose": module}},
            "questions": [QUESTION | {"purpose": question}],
        }
    )
    assert ("price" in service_columns(study, bank)) is passes


def test_who_did_not_agree_is_left_out_before_the_rule_and_counted(study):
    seen = {}
    found = action_list(study, bank_of(), lambda rows: seen.update(n=len(rows)) or unhappy(rows), consent="may_call")
    assert seen["n"] == N // 2
    assert found.left_out.set_index("reason")["rows"].to_dict() == {"customer not known": 0, "no may_call": N // 2}
    agreed = set(study.customers.loc[study.customers["may_call"] == 1, "customer_id"])
    assert set(found.rows["customer_id"]) <= agreed
    with pytest.raises(StudyError, match="no column 'may_cal'"):
        action_list(study, bank_of(), unhappy, consent="may_cal")


def test_customers_that_are_not_known_are_left_out(study):
    blank = study.responses.assign(customer_id=study.responses["customer_id"].where(study.responses["nps"] > 0))
    odd = replace(study, tables={**study.tables, "responses": blank})
    found = action_list(odd, bank_of(), unhappy)
    assert found.left_out["rows"].tolist() == [int((study.responses["nps"] == 0).sum())]
    assert found.rows["customer_id"].notna().all()


def test_an_empty_list_is_a_list(study):
    assert action_list(study, None, lambda rows: rows.iloc[:0]).rows.empty
