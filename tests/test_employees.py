"""Teams and customers: the slope against dummy regressions on raw answers, what is set aside, hidden and refused."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
import statsmodels.api as sm

import cxresearch as cx
from cxresearch.demo import billing, contacts, experience, planted
from cxresearch.demo import company as halden
from cxresearch.present import words
from cxresearch.present.disclosure import Policy, protect
from cxresearch.present.payload import Grid, Payload
from cxresearch.schema import Study
from cxresearch.strict_yaml import StudyError
from cxresearch.study_data import Quality, StudyData

NAMES = [f"{2024 + number // 4}Q{number % 4 + 1}" for number in range(8)]


@pytest.fixture(scope="module")
def demo():
    return cx.load("demo", period="2026Q3")


@pytest.fixture(scope="module")
def found(demo):
    return cx.employees.link(demo)


def as_study(employees, answers, **tables):
    """Return two tables as a loaded study."""
    columns = {"nps": {"from": "Q1"}, "customer_id": {"from": "id"}}
    definition = Study.model_validate(
        {"title": "Made up", "tables": {"responses": {"source": "a.csv", "columns": columns}}}
    )
    periods = sorted(answers["period"].unique())
    quality = Quality()
    frames = {"responses": answers.assign(survey="transactional"), "employees": employees} | tables
    return StudyData(definition, periods[-1], None, periods, quality, frames)


def company(teams=7, quarters=8, slope=0.8, movement=0.5, employees=12, seed=0, lead=0):
    """Return employees' and customers' answers; scores move `lead` quarters before engagement."""
    rng = np.random.default_rng(seed)
    moving = rng.normal(0, movement, (teams, quarters + lead))
    mean = {"engagement": (3.5 + moving[:, :quarters], employees), "nps": (5 + slope * moving[:, lead:], 40)}
    frames = []
    for column, (cells, n) in mean.items():
        team, quarter = np.divmod(np.repeat(np.arange(cells.size), n), quarters)
        value = cells[team, quarter] + rng.normal(0, 0.5, len(team))
        value = np.clip(np.rint(value), 0, 10) if column == "nps" else value.round(1)
        keys = {"team": [f"T{one}" for one in team], "period": [NAMES[one] for one in quarter]}
        frames.append(pd.DataFrame({**keys, column: value}))
    return frames[0], frames[1].assign(customer_id=[f"c{one}" for one in range(len(frames[1]))])


def made(**arguments):
    return as_study(*company(**arguments))


def in_all_contacts():
    """Return the slope on true engagement of the scores that all contacts with a team would get, asked or not.

    Planted are 1.3 points before scores are cut off at 10, as a fifth of them are.
    """
    seed = planted.SEED
    people = halden.customers(seed)
    felt = experience.live(people, seed)
    rows = contacts.contacts(people, billing.bill(people, felt, seed), felt, seed)
    score = rows[rows["team"].ne("")].pivot_table(index="team", columns="quarter", values="score").to_numpy()
    engaged = contacts.engagement(seed).sort_index().to_numpy()
    x, y = (cells - cells.mean(0) - cells.mean(1, keepdims=True) + cells.mean() for cells in (engaged, score))
    return (x * y).sum() / (x**2).sum()


def told(frame, finding):
    """Return the sentence of a frame after disclosure."""
    payload = Payload(key="k", kind="table", grid=Grid.of(frame), finding=finding)
    return words.finding(protect([payload], Policy()).payloads[0])


def test_both_slopes_are_those_of_a_regression_with_dummies_on_raw_answers(demo, found):
    staff = demo.employees.groupby(["team", "period"])["engagement"].agg(["mean", "var", "size"])
    answers = demo.responses[demo.responses["survey"].eq("transactional")]
    cells = staff.assign(score=answers.groupby(["team", "period"])["nps"].mean()).reset_index()
    dummies = pd.get_dummies(cells[["team", "period"]], drop_first=True, dtype=float)
    d = sm.add_constant(dummies).to_numpy()
    slopes = found.effect.set_index("slope")["estimate"]
    ols = sm.OLS(cells["score"].to_numpy(), np.column_stack([cells["mean"], d])).fit()
    assert slopes["naive"] == pytest.approx(ols.params[0])
    m = np.eye(len(cells)) - d @ np.linalg.pinv(d)
    x, y, v = (cells[name].to_numpy() for name in ("mean", "score", "var"))
    assert slopes["corrected"] == pytest.approx(x @ m @ y / (x @ m @ x - np.diag(m) @ (v / cells["size"])))


def test_the_demo_holds_what_was_planted(found):
    row = found.status.iloc[0]
    assert row["conf_low"] < in_all_contacts() < row["conf_high"]
    assert row["movement"] == pytest.approx(0.35, abs=0.06)
    assert (row["status"], row["verdict"], row["teams"], row["periods"]) == ("association", "rises", 12, 8)


def test_no_answer_is_lost(demo, found):
    counts = found.counts.set_index(["table", "what"])["rows"]
    for name, rows in (("employees", len(demo.employees)), ("customers", len(demo.answers("transactional", "all")))):
        assert counts[name]["answers"] == rows == counts[name].drop("answers").sum()
    assert counts["cells"]["teams and periods"] == counts["cells"].drop("teams and periods").sum()
    assert found.status["n"].item() == counts["customers"]["used"]
    assert found.shape["n"].sum() == counts["customers"]["used"]
    assert found.shape["cells"].sum() == 96


def test_a_later_score_is_that_of_the_next_quarter():
    study = made()
    cell = cx.employees.link(study, lag=1, leads_lags=0, n_boot=99).cells.query("team == 'T3' and period == '2024Q4'")
    answers = study.responses.query("team == 'T3' and period == '2025Q1'")
    assert cell["score_period"].item() == "2025Q1"
    assert cell["estimate"].item() == pytest.approx(answers["nps"].mean())


def test_scores_that_moved_first_are_said():
    link = cx.employees.link(made(lead=1, slope=1.5), leads_lags=2, n_boot=399)
    leads = link.lags.set_index("lag")
    assert leads["p_adjusted"][-1] < 0.05
    assert leads["p_adjusted"][[0, 1, 2]].isna().all()
    assert "moved before engagement" in link.status["reason"].item()
    assert "1 of 2 leads" in told(link.lags, "team_lags")


def test_engagement_of_few_is_never_shown_and_still_counts():
    employees, answers = company(employees=12)
    few = employees["team"].eq("T2") & employees["period"].eq("2025Q2")
    kept = employees[~few | (employees.groupby(["team", "period"]).cumcount() < 3)]
    whole, link = (cx.employees.link(as_study(one, answers), leads_lags=0, n_boot=99) for one in (employees, kept))
    cell = link.cells.query("team == 'T2' and period == '2025Q2'").iloc[0]
    assert cell["used"]
    assert np.isnan(cell["engagement"])
    assert cell["n_employees"] is pd.NA
    assert "too few employees" in cell["flag"]
    assert link.cells["engagement"].notna().sum() == 55
    assert link.effect["cells"].tolist() == [56, 56]
    assert whole.effect["estimate"][0] != link.effect["estimate"][0]


def test_the_smallest_group_is_that_of_the_study():
    study = made(employees=12)
    strict = study.definition.model_copy(
        update={"disclosure": study.definition.disclosure.model_copy(update={"min_base": 13})}
    )
    cells = cx.employees.link(replace(study, definition=strict), leads_lags=0, n_boot=99).cells
    assert cells["engagement"].isna().all()


def test_teams_of_one_are_set_aside_and_counted():
    employees, answers = company()
    alone = employees["team"].eq("T0") & (employees.groupby(["team", "period"]).cumcount() > 0)
    link = cx.employees.link(as_study(employees[~alone], answers), leads_lags=0, n_boot=99)
    assert link.status["teams"].item() == 6
    assert link.counts.query("table == 'cells'")["rows"].tolist() == [56, 8, 0, 48]
    assert link.cells.query("team == 'T0'")["engagement"].isna().all()


def test_under_six_teams_nothing_is_estimated():
    link = cx.employees.link(made(teams=5), n_boot=99)
    assert link.status["status"].item() == "refused"
    assert link.effect[["estimate", "conf_low", "p_value"]].isna().all(axis=None)
    assert link.shape["estimate"].isna().all()
    assert "5 teams have" in link.status["reason"].item()
    assert "cannot be told from these data: 5 teams have" in told(link.status, "team_link")
    assert "refused" in told(link.shape, "team_shape")


def test_engagement_that_is_all_noise_is_refused_with_what_it_would_take():
    link = cx.employees.link(made(teams=10, movement=0.0), leads_lags=0, n_boot=99)
    assert link.status["status"].item() == "refused"
    assert "no more than sampling error" in link.status["reason"].item() or link.status["employees_needed"].item() > 12


def test_teams_may_be_those_of_the_contacts():
    employees, answers = company()
    contacts = answers[["team"]].assign(contact_id=answers["customer_id"])
    bare = answers.drop(columns="team").assign(contact_id=answers["customer_id"])
    direct, joined = (
        cx.employees.link(study, leads_lags=0, n_boot=99)
        for study in (as_study(employees, answers), as_study(employees, bare, contacts=contacts))
    )
    pd.testing.assert_frame_equal(direct.effect, joined.effect)


def test_inputs_are_left_alone():
    employees, answers = company()
    before = employees.copy(), answers.copy()
    cx.employees.link(as_study(employees, answers), leads_lags=0, n_boot=99)
    pd.testing.assert_frame_equal(employees, before[0])
    pd.testing.assert_frame_equal(answers, before[1])


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        (lambda e, a: (e.drop(columns="team"), a), "no column `team`"),
        (lambda e, a: (e.assign(engagement="high"), a), "holds no numbers"),
        (lambda e, a: (e.assign(engagement=np.nan), a), "none of 672 answers has a team"),
        (lambda e, a: (e.assign(period="2024-01"), a), "write periods like 2025Q4"),
        (lambda e, a: (e[e["period"].eq("2024Q1")], a), "5 periods are needed"),
        (lambda e, a: (e.assign(engagement=4.0), a), "engagement scores do not vary"),
        (lambda e, a: (e.assign(team="X" + e["team"]), a), "write teams alike"),
        (lambda e, a: (e[e["team"].eq("T1")], a), "at least 2 teams"),
        (lambda e, a: (e, a.drop(columns="team")), "the answers have no `team`"),
        (lambda e, a: (e, a.drop(columns="nps")), "no transactional answer has `nps`"),
    ],
)
def test_what_is_no_panel_is_refused_in_a_sentence_without_a_cell(change, sentence):
    employees, answers = change(*company())
    with pytest.raises(StudyError, match=sentence) as refused:
        cx.employees.link(as_study(employees, answers), n_boot=99)
    assert not any(team in str(refused.value) for team in ("T0", "T1", "high"))


def test_without_employees_the_page_says_so():
    study = made()
    bare = replace(study, tables={"responses": study.responses})
    refusal = cx.attempt(cx.employees.link, bare)
    assert "no table `employees`" in refusal.status.sentence


def test_a_link_is_told_with_base_and_without_direction(found):
    text = told(found.status, "team_link")
    row = found.status.iloc[0]
    assert f"+{row['estimate']:.2f} (+{row['conf_low']:.2f} to +{row['conf_high']:.2f})" in text
    assert "it does not say which of the two comes first" in text
    assert "12 teams in 8 periods" in text
    lowest, highest = told(found.shape, "team_shape").split(" and ")
    assert "lowest fifth" in lowest
    assert "highest fifth" in highest


def test_a_slope_that_is_not_shown_is_no_finding():
    link = cx.employees.link(made(slope=0.0, seed=3), leads_lags=0, n_boot=199)
    assert link.status["verdict"].item() == "cannot tell"
    assert "not shown to go together" in told(link.status, "team_link")
