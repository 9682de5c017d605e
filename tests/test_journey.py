"""The journey: what is planted is found, what is not is not claimed, and what is missing is said."""

from functools import cache

import numpy as np
import pandas as pd
import pytest

import cxresearch as cx
from cxresearch.journey.order import last_before
from cxresearch.present import words
from cxresearch.present.disclosure import Policy, protect
from cxresearch.present.payload import Grid, Payload
from cxresearch.refusal import Refusal
from cxresearch.schema import Study
from cxresearch.stats.heterogeneity import cochran_q, spread_interval
from cxresearch.strict_yaml import StudyError
from cxresearch.study_data import Quality, StudyData

PERIOD = "2026Q3"
START = pd.Timestamp("2026-07-01")
COLUMNS = {name: name for name in ("customer_id", "touchpoint", "mode", "contact_id", "responded_at")}
SCORES = {"nps": {"from": "nps", "scale": [0, 10]}, "ces": {"from": "ces", "scale": [1, 7]}, "fcr": "fcr"}


def study(responses, *, journey=("order", "repair"), period=PERIOD, changes=None, **tables):
    """A study whose accepted tables are given."""
    columns = {name: column for name, column in {**COLUMNS, **SCORES}.items() if name in responses}
    answers = {"source": "answers.csv", "columns": columns or SCORES, **(changes or {})}
    declared = {name: {"source": f"{name}.csv", "columns": {column: column for column in frame}}
                for name, frame in tables.items()}  # fmt: skip
    definition = Study.model_validate(
        {"title": "A study", "tables": {"responses": answers, **declared}, "journey": list(journey)}
    )
    frame = responses.assign(period=responses.get("period", period))
    quality = Quality()
    periods = sorted(frame["period"].unique())
    return StudyData(definition, period, None, periods, quality, {"responses": frame, **tables})


@cache
def demo():
    """The demonstration study."""
    return cx.load("demo", period=PERIOD)


def answers(n=400, seed=0, touchpoints=("order", "repair")):
    """Transactional answers without any effect, each of a customer of its own."""
    rng = np.random.default_rng(seed)
    return pd.DataFrame(
        {
            "response_id": [f"r{number}" for number in range(n)],
            "customer_id": [f"c{number}" for number in range(n)],
            "responded_at": START + pd.to_timedelta(rng.integers(0, 90, n), unit="D"),
            "survey": "transactional",
            "touchpoint": rng.choice(touchpoints, n),
            "nps": rng.choice([3.0, 7.0, 8.0, 9.0, 10.0], n),
        }
    )


# --- overview, gaps, comparability ---------------------------------------------------------------------------------


def test_every_stage_has_a_row_and_gaps_are_named():
    rows = answers().assign(fcr=1.0)
    rows.loc[rows["touchpoint"].eq("repair"), "fcr"] = np.nan
    rows.loc[:39, "touchpoint"] = "web"
    found = study(rows, journey=["order", "installation", "repair"])
    overview = cx.journey.overview(found)
    assert overview["touchpoint"].unique().tolist() == ["order", "installation", "repair", "web"]
    at = overview.set_index(["touchpoint", "metric"])
    assert at.loc[("installation", "nps"), ["n", "n_customers", "flag"]].tolist() == [0, 0, "no answers"]
    assert at.loc[("order", "nps"), "n"] == rows["touchpoint"].eq("order").sum()
    gaps = cx.journey.gaps(found)
    assert set(gaps[["touchpoint", "what", "metric"]].itertuples(index=False, name=None)) == {
        ("installation", "no answers", ""),
        ("web", "not in the journey", ""),
        ("repair", "not asked", "fcr"),
    }
    assert gaps.set_index("touchpoint")["n"].to_dict() == {
        "installation": 0,
        "web": 40,
        "repair": rows["touchpoint"].eq("repair").sum(),
    }


def test_the_overview_is_the_metric_of_each_touchpoint():
    rows = answers()
    found = cx.journey.overview(study(rows)).set_index("touchpoint")
    for name, part in rows.groupby("touchpoint"):
        alone = 100 * (part["nps"].ge(9).mean() - part["nps"].le(6).mean())
        assert found.loc[name, "estimate"] == pytest.approx(alone)


def test_a_wording_that_changed_at_one_touchpoint_refuses_the_comparison():
    rows = answers()
    late = rows["touchpoint"].eq("repair")
    rows["responded_at"] = np.where(late, START + pd.Timedelta(days=60), START + pd.Timedelta(days=10))
    changes = {"wording_changes": {"nps": [{"since": "2026-08-01", "wording": "How likely?"}]}}
    both = [study(rows, changes=changes), study(answers(), changes=changes)]
    verdicts = [cx.journey.comparability(one).set_index("what")["verdict"].to_dict() for one in both]
    assert verdicts[0] == {"wording": "not comparable", "scale": "comparable"}
    assert verdicts[1] == {"wording": "comparable", "scale": "comparable"}
    assert cx.journey.overview(both[0])["flag"].str.contains("touchpoints not comparable").all()
    assert not cx.journey.overview(both[1])["flag"].str.contains("comparable").any()


def test_modes_are_told_and_evened_out():
    # By text message everyone is a detractor, by email a promoter; repair is asked by text message more often.
    rows = answers(800)
    share = np.where(rows["touchpoint"].eq("repair"), 0.8, 0.2)
    sms = np.random.default_rng(1).random(len(rows)) < share
    found = study(rows.assign(mode=np.where(sms, "sms", "email"), nps=np.where(sms, 2.0, 10.0)))
    told = cx.journey.comparability(found).set_index("what")
    assert told.loc["mode", "verdict"] == "compare at equal modes"
    evened = cx.journey.standardised(found).set_index("touchpoint")
    same = 100 * (1 - 2 * sms.mean())
    assert evened["estimate"].tolist() == pytest.approx([same, same])
    assert evened.loc["order", "raw"] - evened.loc["repair", "raw"] > 80


def test_a_touchpoint_never_asked_in_a_mode_has_no_value_at_equal_modes():
    rows = answers()
    rows["mode"] = np.where(rows["touchpoint"].eq("repair") & (np.arange(len(rows)) % 2 == 0), "sms", "email")
    found = cx.journey.standardised(study(rows)).set_index("touchpoint")
    assert np.isnan(found.loc["order", "estimate"])
    assert "not asked in every mode" in found.loc["order", "flag"]
    assert not np.isnan(found.loc["repair", "estimate"])


# --- moments of truth ----------------------------------------------------------------------------------------------


def loyal(effect, n=900, seed=0):
    """Customers of lasting loyalty who vote, meet a touchpoint, and vote again; a bad repair costs `effect`."""
    rng = np.random.default_rng(seed)
    loyalty = rng.normal(7.5, 1.5, n)
    met = np.where(rng.random(n) < 0.5, "repair", "order")
    felt = np.clip(np.rint(loyalty + rng.normal(0, 1.5, n)), 0, 10)
    lost = effect * ((felt <= 6) & (met == "repair"))
    voted = [np.clip(np.rint(loyalty - shift + rng.normal(0, 1, n)), 0, 10) for shift in (0 * lost, lost)]
    ids = [f"c{number}" for number in range(n)]
    parts = [
        ("relationship", -40, voted[0], None),
        ("transactional", 0, felt, met),
        ("relationship", 40, voted[1], None),
    ]
    return pd.concat(
        [
            pd.DataFrame(
                {"response_id": [f"{day}{one}" for one in ids], "customer_id": ids, "survey": survey, "nps": score,
                 "responded_at": START + pd.Timedelta(days=45 + day), "touchpoint": where,
                 "period": "2026Q2" if day < 0 else PERIOD}
            )
            for survey, day, score, where in parts
        ],
        ignore_index=True,
    )  # fmt: skip


def test_a_bad_experience_that_moves_the_vote_is_found_where_it_was_planted():
    found = cx.journey.moments_of_truth(study(loyal(3.0))).set_index("touchpoint")
    assert found.index.tolist() == ["all", "order", "repair"]
    assert found.loc["repair", "penalty_p"] < 0.001
    assert found.loc["repair", "penalty_low"] > 15
    assert found.loc["repair", "kind"] == "basic"
    assert found.loc["order", "kind"] == "cannot tell"
    assert found["family"].tolist()[1:] == ["4 penalties and rewards"] * 2


def test_lasting_loyalty_alone_is_no_moment_of_truth():
    claims = 0
    for seed in range(12):
        found = cx.journey.moments_of_truth(study(loyal(0.0, n=400, seed=seed))).set_index("touchpoint")
        claims += int((found.loc[["order", "repair"], "kind"] != "cannot tell").any())
        # The votes before differ by as much as those after: that is why votes after prove nothing.
        assert found.loc["all", "penalty_before_low"] > 0
    # Were 5 % of such worlds claimed, 4 or more of 12 would be in 1 of 400 runs.
    assert claims <= 3


def test_the_move_is_the_vote_after_less_the_vote_before():
    rows = loyal(0.0, n=300)
    wide = rows.pivot_table(index="customer_id", columns=["survey", "responded_at"], values="nps")
    first, last = (wide["relationship"].iloc[:, place] for place in (0, 1))
    felt = wide["transactional"].iloc[:, 0]
    vote = [one.ge(9).astype(float) - one.le(6) for one in (first, last)]
    moved = 100 * (vote[1] - vote[0])
    ordinary = moved[felt.between(7, 8)].mean()
    found = cx.journey.moments_of_truth(study(rows), fewest=10).set_index("touchpoint").loc["all"]
    assert found["penalty"] == pytest.approx(ordinary - moved[felt <= 6].mean())
    assert found["reward"] == pytest.approx(moved[felt >= 9].mean() - ordinary)
    assert found[["n_bad", "n_good"]].tolist() == [(felt <= 6).sum(), (felt >= 9).sum()]


def test_only_votes_within_the_days_count():
    with pytest.raises(StudyError, match="within 30 days before and after"):
        cx.journey.moments_of_truth(study(loyal(0.0, n=100)), days=30)


def test_the_last_event_before_is_before_and_the_customers_own():
    day = pd.to_datetime(["2026-01-01", "2026-01-03", "2026-01-05"])
    asked = pd.DataFrame({"customer_id": ["a", "a", "b"], "at": day[[1, 2, 2]]}, index=[7, 5, 9])
    events = pd.DataFrame({"customer_id": ["a", "a", "c"], "responded_at": day[[0, 1, 0]], "vote": [1.0, 2.0, 3.0]})
    found = last_before(asked, "at", events)
    assert found["vote"].tolist()[:2] == [1.0, 2.0]
    assert np.isnan(found.loc[9, "vote"])
    assert found.index.tolist() == [7, 5, 9]


# --- who handled it, and what makes it good ------------------------------------------------------------------------


def served(n=4000, seed=0, settled=1.5, ai=-0.25, waiting=-0.25):
    """Answers on an endless scale to contacts whose record is known; AI answers fast and settles less."""
    rng = np.random.default_rng(seed)
    by = rng.random(n) < 0.3
    usual = np.where(by, 1.0, 11.0)
    minutes = usual * np.exp(rng.normal(0, 0.8, n))
    fcr = (rng.random(n) < np.where(by, 0.6, 0.74)).astype(float)
    score = 5 + settled * fcr + ai * by + waiting * np.log(minutes / usual) + rng.normal(0, 0.4, n)
    rows = answers(n, seed).assign(nps=np.rint(score * 1000) / 1000, contact_id=[f"k{number}" for number in range(n)])
    contacts = pd.DataFrame(
        {"contact_id": rows["contact_id"], "customer_id": rows["customer_id"], "contacted_at": rows["responded_at"],
         "touchpoint": rows["touchpoint"], "handled_by": np.where(by, "ai", "person"), "response_minutes": minutes,
         "fcr": fcr, "team": rng.choice(list("abcdef"), n)}
    )  # fmt: skip
    return rows, contacts


PLANTED = {
    "settled at the first contact": 1.5,
    "handled by AI": -0.25,
    "twice as long a wait": -0.25 * np.log(2),
}


def test_planted_effects_of_the_service_are_found():
    hits = dict.fromkeys(PLANTED, 0)
    for seed in range(20):
        rows, contacts = served(600, seed)
        found = cx.journey.service(study(rows, contacts=contacts))
        equal = found[found["held"].eq("all of these")].set_index("factor")
        for factor, value in PLANTED.items():
            hits[factor] += int(equal.loc[factor, "conf_low"] < value < equal.loc[factor, "conf_high"])
            assert equal.loc[factor, "std_error"] < 0.06
    # Of 20 intervals of 95 %, under 16 hold the truth in 1 of 400 such runs.
    assert min(hits.values()) >= 16, hits


def test_what_ai_settles_less_is_in_its_effect_until_it_is_held():
    rows, contacts = served(4000)
    found = cx.journey.service(study(rows, contacts=contacts)).set_index(["held", "factor"])["estimate"]
    assert found["nothing", "handled by AI"] == pytest.approx(-0.25 + 1.5 * (0.60 - 0.74), abs=0.1)
    assert found["all of these", "handled by AI"] == pytest.approx(-0.25, abs=0.05)


def test_the_demo_holds_what_was_planted():
    found = cx.journey.service(demo())
    equal = found[found["held"].eq("all of these")].set_index("factor")
    assert equal.loc["handled by AI", "conf_low"] < -0.25 < equal.loc["handled by AI", "conf_high"]
    waiting = equal.loc["twice as long a wait", ["conf_low", "conf_high"]] / np.log(2)
    assert waiting["conf_low"] < -0.25 < waiting["conf_high"]
    # Scores end at 10, where many are: of the planted 1.5 a little is lost.
    assert 1.2 < equal.loc["settled at the first contact", "estimate"] < 1.5


def test_handlers_are_compared_within_touchpoints_as_one_family():
    rows, contacts = served(2000)
    worse = contacts["handled_by"].eq("ai") & rows["touchpoint"].eq("repair")
    rows["nps"] = np.where(worse, 3.0, np.random.default_rng(2).choice([6.0, 8.0, 9.0], len(rows)))
    found = cx.journey.handled_by_touchpoint(study(rows, contacts=contacts), n_permutations=0)
    at = found.set_index("touchpoint")
    assert at["verdict"].to_dict() == {"order": "cannot tell", "repair": "lower"}
    assert at["family"].unique().tolist() == ["2 comparisons of touchpoints"]
    ai = rows[contacts["handled_by"].eq("ai") & rows["touchpoint"].eq("order")]["nps"]
    assert at.loc["order", "value"] == pytest.approx(100 * (ai.ge(9).mean() - ai.le(6).mean()))


@pytest.mark.parametrize(("apart", "verdict"), [(0.0, "cannot tell"), (1.0, "differ")])
def test_teams_that_differ_are_told_from_teams_that_do_not(apart, verdict):
    rows, contacts = served(1500)
    merit = contacts["team"].map({name: place for place, name in enumerate("abcdef")}) - 2.5
    rows["nps"] = np.clip(np.rint(7.5 + apart * merit + np.random.default_rng(3).normal(0, 1.5, len(rows))), 0, 10)
    found = cx.journey.consistency(study(rows, contacts=contacts), by=["team"]).iloc[0]
    assert found["verdict"] == verdict
    assert found["groups"] == 6
    assert found["conf_low"] <= found["estimate"] <= found["conf_high"]


def test_the_spread_interval_holds_the_spread():
    # Hits of the Q-profile over simulated units: 95 % within two Monte-Carlo errors of 400 runs.
    rng = np.random.default_rng(0)
    variance = np.array([4.0, 9.0, 1.0, 16.0, 4.0, 2.0, 6.0, 3.0])
    hits = 0
    for _ in range(400):
        low, high = spread_interval(rng.normal(0, np.sqrt(variance + 9.0)), variance)
        hits += low <= 3.0 <= high
    assert 0.928 <= hits / 400 <= 0.972
    assert cochran_q(np.array([1.0, 3.0]), np.array([1.0, 1.0])) == pytest.approx(2.0)


# --- transitions and lifecycle -------------------------------------------------------------------------------------


def contact(*rows):
    """Contacts from (customer, day of the period, touchpoint)."""
    frame = pd.DataFrame(rows, columns=["customer_id", "day", "touchpoint"])
    return frame.assign(contacted_at=START + pd.to_timedelta(frame.pop("day"), unit="D"))


def test_the_next_touchpoint_is_the_first_one_within_the_days():
    contacts = contact(
        ("a", 0, "order"), ("a", 5, "repair"), ("a", 6, "order"), ("b", 0, "order"), ("b", 40, "repair"),
        ("c", 0, "order"),
        ("d", 85, "order"),
    )  # fmt: skip
    found = cx.journey.transitions(study(answers(50), contacts=contacts), days=20)
    counts = found.set_index(["touchpoint", "next"])["n"].to_dict()
    # The contact of day 85 could not be followed for 20 days and is not counted.
    assert counts == {
        ("order", "repair"): 1,
        ("order", "no further contact"): 3,
        ("repair", "order"): 1,
        ("repair", "no further contact"): 1,
    }
    assert found.groupby("touchpoint")["estimate"].sum().tolist() == pytest.approx([1.0, 1.0])


def test_a_way_that_is_taken_more_often_is_found():
    rng = np.random.default_rng(0)
    first = rng.choice(["order", "repair"], 800)
    second = np.where((first == "repair") & (rng.random(800) < 0.5), "billing", rng.choice(["order", "repair"], 800))
    rows = [(f"c{number}", day, where) for number in range(800)
            for day, where in ((0, first[number]), (10, second[number]))]  # fmt: skip
    found = cx.journey.transitions(study(answers(50), contacts=contact(*rows)), days=20)
    verdict = found.set_index(["touchpoint", "next"])["verdict"]
    assert verdict["repair", "billing"] == "higher"
    assert ("order", "billing") not in verdict.index


def test_the_score_change_is_each_customers_own():
    rows = answers(80, touchpoints=("order",)).assign(responded_at=START)
    later = rows.assign(responded_at=START + pd.Timedelta(days=10), touchpoint="repair", nps=10.0,
                        response_id="s" + rows["response_id"])  # fmt: skip
    found = cx.journey.score_changes(study(pd.concat([rows, later], ignore_index=True)), days=20)
    vote = rows["nps"].ge(9).astype(float) - rows["nps"].le(6)
    assert found[["touchpoint", "next", "n"]].to_numpy().tolist() == [["all", "all", 80], ["order", "repair", 80]]
    assert found["estimate"].tolist() == pytest.approx([100 * (1 - vote.mean())] * 2)
    assert found["std_error"].iloc[0] == pytest.approx(100 * vote.std() / np.sqrt(80))


def customers(n=200):
    """Customers of whom a tenth leaves after two months and a tenth after eight; one left before, one came last."""
    stayed = pd.Series(np.arange(n) % 10).map({0: pd.Timestamp("2025-03-15"), 1: pd.Timestamp("2025-09-15")})
    frame = pd.DataFrame({"customer_id": [f"c{number}" for number in range(n)], "since": pd.Timestamp("2025-01-15"),
                          "churned_at": stayed})  # fmt: skip
    others = pd.DataFrame({"customer_id": ["early", "late"], "since": pd.to_datetime(["2024-01-01", "2026-09-30"]),
                           "churned_at": [pd.Timestamp("2025-01-05"), pd.NaT]})  # fmt: skip
    return pd.concat([frame, others], ignore_index=True)


def test_the_lifecycle_counts_who_reached_each_step():
    months = pd.DataFrame({"customer_id": [f"c{number}" for number in range(180)], "month": pd.Timestamp("2025-01-01")})
    found = cx.journey.lifecycle(study(answers(), customers=customers(), revenue=months.assign(revenue=10.0)))
    assert found["step"].tolist() == [
        "Signed up",
        "First bill",
        "Still a customer after 3 months",
        "Still a customer after 6 months",
        "Still a customer after 12 months",
    ]
    # Of 200 the last 20 were never billed; of the 180 others 18 left after two months, 18 after eight. Nobody left
    # between the third and the sixth month, and a step without loss stays.
    assert found["n"].tolist() == [200, 180, 162, 162, 144]
    assert found["step_share"].tolist()[1:] == pytest.approx([0.9, 0.9, 1.0, 144 / 162])


def test_a_step_at_which_few_were_lost_is_left_out():
    few = customers().assign(
        churned_at=lambda frame: frame["churned_at"].where((frame.index < 40) | (frame.index >= 200))
    )
    found = cx.journey.lifecycle(study(answers(), customers=few), months=(3, 12))
    assert found[["step", "n"]].to_numpy().tolist() == [["Signed up", 200]]


def test_who_stayed_is_counted_from_the_encounter():
    met = contact(("c0", -500, "order"), ("c1", -500, "order"), ("c2", -500, "order"), ("c3", -10, "order"))
    found = cx.journey.still_there(study(answers(), customers=customers(), contacts=met)).iloc[0]
    # c0 left two months after signing up in January 2025, before six months were over; c3 was met too lately.
    assert found[["n", "n_customers"]].tolist() == [3, 3]
    assert found["estimate"] == pytest.approx(2 / 3)


# --- what is missing is said ---------------------------------------------------------------------------------------

J = cx.journey
EVERYTHING = [J.overview, J.gaps, J.comparability, J.standardised, J.moments_of_truth, J.handled,
              J.handled_by_touchpoint, J.consistency, J.service, J.transitions, J.score_changes, J.lifecycle,
              J.still_there, J.emotion]  # fmt: skip
LACKING = {
    "no transactional survey": lambda: study(answers().assign(survey="relationship")),
    "no touchpoint": lambda: study(answers().drop(columns="touchpoint")),
    "one touchpoint": lambda: study(answers(touchpoints=("order",))),
    "no contacts": lambda: study(answers().assign(contact_id="k")),
    "no journey": lambda: study(answers(), journey=()),
    "a stage without data": lambda: study(answers(), journey=("order", "repair", "renewal")),
    "nobody known": lambda: study(answers().drop(columns="customer_id")),
    "undated": lambda: study(answers().drop(columns="responded_at")),
    "ten answers": lambda: study(answers(10)),
}


@pytest.mark.parametrize("lacking", LACKING)
def test_whatever_is_missing_makes_a_result_or_a_sentence(lacking, monkeypatch):
    from cxresearch.present import show as shown

    seen = []
    monkeypatch.setattr(shown, "_display", seen.append)
    found = LACKING[lacking]()
    for function in EVERYTHING:
        result = cx.attempt(function, found)
        cx.show(result, key="k", caption="What was found", unit="points")
        if isinstance(result, Refusal):
            assert result.sentence.endswith(".")
            assert not any(word in result.sentence for word in ("nan", "c1", "Traceback", "None"))
    assert len(seen) == len(EVERYTHING)


@pytest.mark.parametrize(
    ("lacking", "function", "sentence"),
    [
        ("no transactional survey", J.overview, "the study has no transactional answers in 2026Q3"),
        ("no touchpoint", J.overview, "no transactional answer says its `touchpoint`"),
        ("no journey", J.gaps, "the study declares no `journey:`"),
        ("no contacts", J.transitions, "this needs a table `contacts`"),
        ("no contacts", J.service, "neither `fcr`, `handled_by` nor `response_minutes` is known"),
        ("no contacts", J.handled_by_touchpoint, "says its `handled_by`"),
        ("no contacts", J.lifecycle, "the lifecycle needs a table `customers`"),
        ("no contacts", J.emotion, "asks no `emotion`"),
        ("one touchpoint", J.moments_of_truth, "no relationship answers can be set beside encounters"),
        ("one touchpoint", J.standardised, "says its `mode`"),
    ],
)
def test_a_refusal_says_what_is_missing(lacking, function, sentence):
    result = cx.attempt(function, LACKING[lacking]())
    assert isinstance(result, Refusal)
    assert sentence in result.sentence


def test_a_study_without_a_journey_has_an_overview_all_the_same():
    found = cx.journey.overview(LACKING["no journey"]())
    assert found["touchpoint"].unique().tolist() == ["order", "repair"]


def test_inputs_are_never_changed():
    rows, contacts = served(300)
    before = rows.copy(), contacts.copy()
    found = study(rows, contacts=contacts)
    for function in EVERYTHING:
        cx.attempt(function, found)
    pd.testing.assert_frame_equal(rows, before[0])
    pd.testing.assert_frame_equal(contacts, before[1])


# --- sentences -----------------------------------------------------------------------------------------------------


def told(name, frame, **arguments):
    """The sentence of a protected frame."""
    payload = Payload(key="k", kind="table", grid=Grid.of(frame), caption="What", finding=name, arguments=arguments)
    return words.finding(protect([payload], Policy()).payloads[0])


def test_the_sentence_claims_what_the_intervals_support():
    moved = cx.journey.moments_of_truth(study(loyal(3.0)))
    only_loyal = cx.journey.moments_of_truth(study(loyal(0.0)))
    assert "After a bad experience the NPS moves" in told("journey_moments", moved)
    assert "Repair (basic)" in told("journey_moments", moved)
    sentence = told("journey_moments", only_loyal)
    assert "A bad experience is not known to lower the NPS" in sentence
    assert "lower already before it" in sentence


def test_touchpoints_asked_otherwise_are_not_compared_in_words():
    frame = cx.journey.overview(study(answers()))
    assert "cannot be told apart" in told("journey_scores", frame)
    unlike = frame.assign(flag="touchpoints not comparable")
    assert told("journey_scores", unlike).startswith("The touchpoints were asked in different ways")


def test_gaps_are_told_and_none_is_good_news():
    frame = cx.journey.gaps(study(answers(), journey=("order", "renewal")))
    sentence = told("journey_gaps", frame)
    assert sentence == "No answers at Renewal. Not in the study's journey: Repair."
    assert told("journey_gaps", frame.iloc[:0]).startswith("Every stage of the journey has answers")


NAMES = {"journey_scores": J.overview, "journey_moments": J.moments_of_truth, "journey_transitions": J.transitions,
         "journey_handled": J.handled_by_touchpoint, "journey_service": J.service, "journey_consistency": J.consistency,
         "journey_changes": J.score_changes, "journey_lifecycle": J.lifecycle}  # fmt: skip


@pytest.mark.parametrize("name", NAMES)
def test_a_hidden_frame_gives_no_number_away(name):
    frame = NAMES[name](demo())
    small = {column: 4 for column in frame if column.startswith("n_customers")}
    sentence = told(name, frame.assign(**small), unit="points")
    assert not any(sign.isdigit() for sign in sentence)
    assert sentence
