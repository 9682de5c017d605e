"""The price of a question: what is compared with what, on whom it rests, and the three verdicts."""

import numpy as np
import pandas as pd
import pytest
from dealt_study import answered, bank_of, dealt_study, invited

from cxresearch import metrics
from cxresearch.present.disclosure import Policy, protect
from cxresearch.present.payload import Grid, Payload
from cxresearch.questions.assigned import assigned
from cxresearch.questions.insertion import effects, insertion_effect, n_needed
from cxresearch.strict_yaml import StudyError

ARMS = ["pricing"] * 120 + ["holdout"] * 80 + ["none"] * 60


@pytest.fixture
def study():
    """Two waves of the same people: half of them answer, of those with pricing every third breaks off after the NPS."""
    first, second = invited("2026-06-01", ARMS), invited("2026-09-01", ARMS)
    given = answered(first.iloc[::2], nps=np.tile([10.0, 3.0], 65), csat=4.0, duration_s=100.0)
    left = given["arm"].eq("pricing") & (given.index % 3 == 0)
    given = given.assign(
        finished=np.where(left, 0.0, 1.0),
        csat=given["csat"].where(~left),
        duration_s=given["duration_s"] + 50 * given["arm"].eq("pricing"),
    )
    again = answered(second.iloc[::4], nps=8.0, csat=4.0, duration_s=9_999.0)
    return dealt_study(pd.concat([first, second], ignore_index=True), pd.concat([given, again], ignore_index=True))


def row(frame, metric, module="pricing", against="holdout"):
    """Return one comparison."""
    return frame.query("metric == @metric and module == @module and against == @against").iloc[0]


def test_rates_rest_on_all_assigned_and_the_nps_on_everyone_who_gave_it(study):
    found = insertion_effect(study, bank_of(), waves=["2026Q2"])
    assert (row(found, "response").n, row(found, "response").value) == (120, 0.5)
    # 20 of the 60 who began broke off: 40 of 120 assigned came to the end, against 40 of 80.
    assert row(found, "completion").value == pytest.approx(40 / 120)
    assert row(found, "completion").estimate == pytest.approx(40 / 120 - 40 / 80)
    # Those who broke off gave an NPS and count in it.
    assert (row(found, "nps").n, row(found, "nps").n_against) == (60, 40)
    assert row(found, "item_missing").value == pytest.approx(20 / 60)
    assert (row(found, "duration").n, row(found, "duration").estimate) == (40, pytest.approx(50))


def test_the_next_response_is_that_to_the_next_invitation(study):
    found = insertion_effect(study, bank_of(), waves=["2026Q2"])
    assert row(found, "next_response").value == pytest.approx(0.25)
    assert row(found, "next_response").n == 120
    rows = assigned(study, bank_of())
    assert rows.loc[rows["wave"].eq("2026Q3"), "next_response"].isna().all()


def test_a_questionnaire_left_open_counts_as_an_hour(study):
    rows = assigned(study, bank_of(), ["2026Q3"])
    assert rows["duration"].max() == 3600


def test_every_module_and_all_stand_against_the_holdout_and_against_none(study):
    pairs = insertion_effect(study, bank_of())[["module", "against"]].drop_duplicates()
    assert pairs.to_numpy().tolist() == [
        ["pricing", "holdout"],
        ["all", "holdout"],
        ["pricing", "none"],
        ["all", "none"],
        ["none", "holdout"],
    ]


def test_modules_are_pooled_and_a_module_of_two_arms_is_both():
    arm = np.repeat(["a", "b", "a_b", "holdout"], [40, 50, 60, 70])
    rows = pd.DataFrame({"unit": np.arange(220), "arm": arm, "response": np.arange(220) % 2})
    found = effects(rows, {"a": ["a", "a_b"], "b": ["b", "a_b"]})
    assert found.set_index("module")["n"].to_dict() == {"a": 100, "b": 110, "all": 150}


def test_units_and_not_invitations_are_independent():
    rng = np.random.default_rng(3)
    unit = np.repeat(np.arange(400), 5)
    arm = np.repeat(rng.choice(["pricing", "holdout"], 400), 5)
    same = pd.DataFrame({"unit": unit, "arm": arm, "response": np.repeat(rng.integers(0, 2, 400), 5).astype(float)})
    clustered = row(effects(same, {"pricing": ["pricing"]}), "response")
    alone = row(effects(same.assign(unit=np.arange(2000)), {"pricing": ["pricing"]}), "response")
    assert clustered.std_error == pytest.approx(alone.std_error * np.sqrt(5), rel=0.02)
    assert clustered.n_customers + clustered.n_customers_against == 400


def test_the_difference_is_that_of_the_two_nps():
    rng = np.random.default_rng(4)
    rows = pd.DataFrame({"unit": np.arange(600), "arm": np.repeat(["pricing", "holdout"], 300)})
    rows["nps"] = rng.integers(0, 11, 600)
    found = row(effects(rows, {"pricing": ["pricing"]}), "nps")
    each = metrics.nps(rows, "arm").set_index("arm")
    gap = each["estimate"]["pricing"] - each["estimate"]["holdout"]
    assert found.estimate == pytest.approx(gap)
    # The adjusted centre lies a little nearer to 0 than the difference.
    assert found.conf_low < gap < found.conf_high
    votes = np.where(rows["nps"] >= 9, 100.0, np.where(rows["nps"] <= 6, -100.0, 0.0)).reshape(2, 300)
    # Both sides are domains of one sample of 600.
    assert found.std_error == pytest.approx(np.sqrt(votes.var(axis=1).sum() / 300 * 600 / 599), rel=1e-9)


def verdict(harm, n=4_000, margins=None, metric="nps"):
    """Return the verdict on a module whose harm is given, without chance."""
    votes = np.tile([10.0, 10.0, 3.0, 8.0], n // 4)
    harmed = votes.copy()
    harmed[np.flatnonzero(votes == 10)[: round(harm * n / 100)]] = 8.0
    values = {"nps": (harmed, votes), "response": (harmed < 9, votes < 9)}[metric]
    rows = pd.DataFrame({"unit": np.arange(2 * n), "arm": np.repeat(["pricing", "holdout"], n)})
    rows[metric] = np.concatenate(values).astype(float)
    return row(effects(rows, {"pricing": ["pricing"]}, margins=margins), metric)["verdict"]


def test_the_three_verdicts():
    assert verdict(0, margins={"nps": 5}) == "none beyond 5"
    assert verdict(12, margins={"nps": 5}) == "harm"
    assert verdict(3, margins={"nps": 5}) == "cannot decide"
    # A gain is no harm, and excludes one.
    assert verdict(50, metric="response", margins={"response": 0.02}) == "none beyond 0.02"


def test_without_a_margin_nothing_is_said_to_be_none_beyond_it():
    assert verdict(0) == "cannot decide"
    assert verdict(12) == "harm"


def test_small_bases_are_not_judged():
    rows = pd.DataFrame({"unit": range(58), "arm": ["pricing", "holdout"] * 29, "response": [0.0, 1.0] * 29})
    assert (
        row(effects(rows, {"pricing": ["pricing"]}, margins={"response": 0.9}), "response")["verdict"]
        == "cannot decide"
    )


def test_a_longer_questionnaire_is_a_harm_and_a_shorter_none():
    rng = np.random.default_rng(5)
    rows = pd.DataFrame({"unit": range(400), "arm": np.repeat(["pricing", "holdout"], 200)})
    rows["duration"] = 200 + rng.normal(0, 10, 400) + np.repeat([20, 0], 200)
    longer = effects(rows, {"pricing": ["pricing"]}, margins={"duration": 5})
    shorter = effects(rows.assign(duration=-rows["duration"]), {"pricing": ["pricing"]}, margins={"duration": 5})
    assert (row(longer, "duration")["verdict"], row(shorter, "duration")["verdict"]) == ("harm", "none beyond 5")


def test_the_power_that_is_stated_is_that_of_the_rulings():
    assert n_needed(3, 78) == pytest.approx(10_600, rel=0.002)
    votes = np.tile([10.0, 10.0, 3.0, 8.0], 500)
    rows = pd.DataFrame({"unit": range(4000), "arm": np.repeat(["pricing", "holdout"], 2000), "nps": np.tile(votes, 2)})
    found = row(effects(rows, {"pricing": ["pricing"]}, margins={"nps": 3}), "nps")
    spread = np.std(np.where(votes == 10, 100, np.where(votes == 3, -100, 0)), ddof=1)
    assert found.n_needed == pytest.approx(n_needed(3, spread), rel=1e-3)
    assert found.minimum_detectable == pytest.approx(2.8 * spread * np.sqrt(2 / 2000), rel=0.01)


def test_disclosure_protects_it(study):
    payload = Payload(key="price", kind="table", grid=Grid.of(insertion_effect(study, bank_of(), waves=["2026Q2"])))
    shown = protect([payload], Policy(min_base=35)).payloads[0].to_frame()
    # 30 of the arm without a module answered; 40 of the holdout and 60 with the module.
    small = shown.query("metric == 'nps' and (module == 'none' or against == 'none')")
    assert len(small) == 3
    assert small["flag"].eq("hidden").all()
    assert small[["n", "n_against", "estimate", "conf_low"]].isna().all().all()
    open_to_all = protect([payload], Policy(min_base=10)).payloads[0].to_frame()
    assert row(open_to_all, "nps").n == 60


def test_inputs_are_not_changed(study):
    before = study.invitations.copy(), study.responses.copy()
    insertion_effect(study, bank_of())
    pd.testing.assert_frame_equal(study.invitations, before[0])
    pd.testing.assert_frame_equal(study.responses, before[1])


def test_an_account_is_one_unit():
    sent = invited("2026-06-01", ["pricing", "pricing", "holdout", "holdout"])
    customers = pd.DataFrame({"customer_id": sent["customer_id"], "account_id": ["B1", "B1", None, None]})
    given = answered(sent, nps=8.0, csat=3.0, duration_s=60.0)
    study = dealt_study(sent, given, customers=customers.astype("str"))
    rows = assigned(study, bank_of(unit="account"), ["2026Q2"])
    assert rows["unit"].tolist() == ["B1", "B1", "c0002", "c0003"]


def test_answers_without_a_token_are_matched_by_customer_and_wave(study):
    invitations = study.invitations.drop(columns="invitation_id")
    responses = study.responses.drop(columns=["invitation_id", "survey", "group"])
    found = assigned(dealt_study(invitations, responses), bank_of())
    pd.testing.assert_frame_equal(found, assigned(study, bank_of()))
    blank = study.invitations.assign(invitation_id=pd.Series(pd.NA, study.invitations.index, dtype="str"))
    pd.testing.assert_frame_equal(assigned(dealt_study(blank, responses), bank_of()), found)


@pytest.mark.parametrize(
    ("column", "says"),
    [
        ("arm", "no column `arm:`"),
        ("invited_at", "no column `invited_at:`"),
        ("customer_id", "no column `customer_id:`"),
    ],
)
def test_a_study_that_lacks_something_is_refused_in_a_sentence(study, column, says):
    lacking = dealt_study(study.invitations.drop(columns=column), study.responses)
    with pytest.raises(StudyError, match=says):
        insertion_effect(lacking, bank_of())


def test_what_cannot_be_compared_is_refused_in_a_sentence(study):
    odd = study.invitations.assign(arm=study.invitations["arm"].replace("none", "Secret Name"))
    for wrong, says in (
        (dealt_study(odd, study.responses), "120 of 520 assigned rows bear an arm that is not planned"),
        (dealt_study(study.invitations.iloc[:0], study.responses), "nobody is assigned"),
        (dealt_study(study.invitations.assign(arm="pricing"), study.responses), "nobody was left without a module"),
        (dealt_study(study.invitations.assign(invitation_id="Secret"), study.responses), "519 of 520 invitations bear"),
        (dealt_study(study.invitations, study.responses.assign(invitation_id="Secret")), "none of 195 answers bears"),
    ):
        with pytest.raises(StudyError, match=says) as error:
            insertion_effect(wrong, bank_of())
        assert "Secret" not in str(error.value)
    for bank, says in (
        (bank_of(margins={"npss": 3}), "'npss' is not measured"),
        (bank_of(margins={"nps": -3}), "a margin is above 0"),
        (bank_of().model_copy(update={"assignment": None}), "add `assignment:`"),
    ):
        with pytest.raises(StudyError, match=says):
            insertion_effect(study, bank)
    for waves, says in ((["2026Q4"], "it was not planned"), ("2026Q2", "give a list")):
        with pytest.raises(StudyError, match=says):
            insertion_effect(study, bank_of(), waves=waves)
