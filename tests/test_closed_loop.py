"""Whom to come back to, where that may be written, and whether coming back is told apart from luck."""

import csv
import stat
from dataclasses import replace
from io import StringIO

import numpy as np
import pandas as pd
import pytest
from conftest import ROOT
from openpyxl import load_workbook
from scipy import stats
from typer.testing import CliRunner

import cxresearch as cx
from cxresearch.accepted_tables import Quality, Tables
from cxresearch.cli import app
from cxresearch.closed_loop.action_file import write
from cxresearch.closed_loop.actions import ActionList
from cxresearch.closed_loop.followed import followed
from cxresearch.closed_loop.recovery import compared
from cxresearch.prove import closed_loop as worlds
from cxresearch.schema import Study
from cxresearch.schema.actions import Actions
from cxresearch.stats.retest import retest
from cxresearch.strict_yaml import StudyError, validate
from cxresearch.study_data import StudyData

N = 40
NO_QUALITY = Quality()


def study_of(actions=None, tables=None, **columns):
    """Return forty customers who answered in the third quarter, and paid 10 × their number in the year before."""
    ids = pd.Series([f"c{number:02d}" for number in range(N)], dtype="str")
    responses = pd.DataFrame(
        {
            "response_id": "r" + ids,
            "customer_id": ids,
            "responded_at": pd.Timestamp("2026-08-03 10:00") + pd.to_timedelta(np.arange(N), unit="D"),
            "period": "2026Q3",
            "survey": "relationship",
            "nps": np.arange(N) % 11.0,
            "touchpoint": np.where(np.arange(N) % 2, "billing", "repair"),
            "arm": "pricing",
            **columns,
        }
    )
    bills = pd.DataFrame({"customer_id": ids, "month": pd.Timestamp("2026-05-01"), "revenue": 10.0 * np.arange(N)})
    late = bills.assign(month=pd.Timestamp("2026-07-01"), revenue=9_999.0)
    customers = pd.DataFrame({"customer_id": ids, "may_call": np.arange(N) % 2})
    known = {"responses": responses, "revenue": pd.concat([bills, late]), "customers": customers} | (tables or {})
    definition = Study.model_validate(
        {
            "title": "Forty",
            "tables": {"responses": {"source": "a.csv", "columns": {"nps": "Q1"}}},
            "high_impact": {"by": "revenue", "top": 0.1},
            "owners": {"repair": "Field service", "nps": "Care"},
            "actions": actions or {},
        }
    )
    reads = {name: lambda frame=frame: frame for name, frame in known.items() if frame is not None}
    return StudyData(definition, "2026Q3", None, ["2026Q3"], NO_QUALITY, Tables(reads))


def listed(actions=None, **columns):
    return cx.closed_loop.action_list(study_of(actions, **columns))


def test_without_rules_the_list_is_every_detractor_those_who_pay_most_first():
    found = listed().rows
    unhappy = [number for number in range(N) if number % 11 <= 6]
    assert sorted(found["customer_id"]) == [f"c{number:02d}" for number in unhappy]
    # The tenth with the highest revenue of the year before: customers 36 to 39; 36, 37, 38, 39 scored 3 to 6.
    assert found["customer_id"].tolist() == [f"c{number:02d}" for number in sorted(unhappy, reverse=True)]
    assert found["high_impact"].tolist() == [True] * 4 + [False] * (len(unhappy) - 4)
    # The bill of July lies in the period itself: what is at risk was paid before it.
    assert found["value_at_risk"].tolist() == [10.0 * number for number in sorted(unhappy, reverse=True)]
    assert found["owner"].tolist() == [
        "Care" if number % 2 else "Field service" for number in sorted(unhappy, reverse=True)
    ]
    assert (found["due_at"] - found["responded_at"].dt.normalize()).dt.days.unique().tolist() == [5]


def test_counts_of_the_page_are_the_sums_of_the_list_and_name_nobody():
    found = listed()
    counts = found.counts.set_index("owner")
    for owner, rows in found.rows.groupby("owner"):
        assert counts.loc[owner, ["n", "n_customers"]].tolist() == [len(rows), rows["customer_id"].nunique()]
        assert counts.loc[owner, "value_at_risk"] == rows["value_at_risk"].sum()
        assert counts.loc[owner, "urgent"] == rows["high_impact"].sum()
    assert not {"customer_id", "account_id", "response_id"} & set(found.counts)


RULES = {
    "rules": [
        {
            "reason": "Bill",
            "where": {"touchpoint": "billing"},
            "at_most": {"nps": 8},
            "priority": 3,
            "owner": "Billing",
        },
        {"reason": "Very unhappy", "at_most": {"nps": 2}, "priority": 1, "due_days": 1, "action": "Call today"},
        {"reason": "Big", "high_impact": True, "priority": 2},
    ]
}


def test_of_several_reasons_the_most_urgent_counts_and_the_others_are_counted():
    found = listed(RULES)
    expected = {}
    for number in range(N):
        score, billing = number % 11, number % 2 == 1
        reasons = (
            [(1, "Very unhappy")] * (score <= 2)
            + [(2, "Big")] * (number >= 36)
            + [(3, "Bill")] * (billing and score <= 8)
        )
        if reasons:
            expected[f"c{number:02d}"] = min(reasons)[1]
    assert dict(zip(found.rows["customer_id"], found.rows["reason"], strict=True)) == expected
    assert found.rows["priority"].is_monotonic_increasing
    assert found.rows.loc[found.rows["reason"].eq("Very unhappy"), "action"].unique().tolist() == ["Call today"]


def test_a_customer_with_two_answers_gets_one_call():
    study = study_of()
    again = study.responses.assign(response_id="s" + study.responses["customer_id"], nps=0.0, survey="transactional")
    both = pd.concat([study.responses, again], ignore_index=True)
    found = cx.closed_loop.action_list(study_of(tables={"responses": both}))
    assert found.rows["customer_id"].is_unique
    assert len(found.rows) == N
    left = found.left_out.set_index("reason")["rows"]
    assert left["another answer of the same customer comes first"] == sum(number % 11 <= 6 for number in range(N))


def test_research_leads_to_no_call_and_consent_is_respected():
    assert "arm" not in listed().rows
    with pytest.raises(StudyError, match="asks for 'arm', which is no service column"):
        listed({"rules": [{"reason": "Arm", "where": {"arm": "pricing"}}]})
    found = listed({"consent": "may_call"})
    assert {int(name[1:]) % 2 for name in found.rows["customer_id"]} == {1}
    assert found.left_out.set_index("reason")["rows"]["no may_call"] == N / 2


def test_without_revenue_nothing_is_at_risk_and_high_impact_is_refused():
    found = cx.closed_loop.action_list(study_of(tables={"revenue": None}))
    assert found.rows["value_at_risk"].isna().all()
    assert found.counts["value_at_risk"].isna().all()
    with pytest.raises(StudyError, match=r"asks for high impact, which takes .* the table `revenue`"):
        cx.closed_loop.action_list(study_of(RULES, tables={"revenue": None}))


def test_answers_without_customers_are_refused_in_a_sentence():
    with pytest.raises(StudyError, match="nobody can be served who is not known"):
        cx.closed_loop.action_list(study_of(tables={"responses": study_of().responses.drop(columns="customer_id")}))


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        ({"rules": [{"reason": "All"}]}, "a rule needs a condition"),
        ({"rules": [{"reason": "All", "wehre": {}}]}, "unknown key 'wehre'.*'where'"),
        ({"contacted_within": 0}, "greater than or equal to 1"),
    ],
)
def test_wrong_rules_are_refused(content, sentence, tmp_path):
    with pytest.raises(StudyError, match=sentence):
        validate(Actions, content, tmp_path / "study.yaml")


FORMULA = '=HYPERLINK("http://x")'


@pytest.fixture
def actions():
    """A list whose texts look like formulas."""
    found = listed()
    return ActionList(found.rows.assign(verbatim=FORMULA, owner="@care"), found.counts, found.left_out)


def test_files_are_for_their_owner_alone_and_nothing_in_them_runs(actions, tmp_path):
    text, book = write(actions, tmp_path / "out", "actions")
    assert [stat.S_IMODE(path.stat().st_mode) for path in (text, book)] == [0o600, 0o600]
    rows = list(csv.DictReader(StringIO(text.read_text(encoding="utf-8-sig"))))
    assert {row["verbatim"] for row in rows} == {f"'{FORMULA}"}
    assert {row["owner"] for row in rows} == {"'@care"}
    assert [row["customer_id"] for row in rows] == actions.rows["customer_id"].tolist()
    sheet = load_workbook(book).active
    names = [cell.value for cell in sheet[1]]
    cell = sheet.cell(2, names.index("verbatim") + 1)
    assert (cell.value, cell.data_type, cell.quotePrefix) == (FORMULA, "s", True)
    assert sheet.cell(2, names.index("value_at_risk") + 1).value == 390.0


@pytest.mark.parametrize("folder", ["reports/x", "docs", "data/demo", "notebooks/../docs"])
def test_a_list_is_never_written_where_it_would_be_published_or_committed(actions, folder):
    with pytest.raises(StudyError, match=r"reports name no customers|git would keep who is to be called"):
        write(actions, ROOT / folder, "actions")


def test_a_link_into_the_reports_is_seen_through_and_notes_are_not_overwritten(actions, tmp_path):
    (tmp_path / "reports").mkdir()
    (tmp_path / "harmless").symlink_to(tmp_path / "reports")
    with pytest.raises(StudyError, match="reports name no customers"):
        write(actions, tmp_path / "harmless", "actions")
    write(actions, tmp_path / "out", "actions")
    with pytest.raises(StudyError, match="is there already, and may hold notes"):
        write(actions, tmp_path / "out", "actions")


def test_the_command_writes_the_list_and_tells_counts(tmp_path):
    told = CliRunner().invoke(app, ["actions", str(ROOT / "params/demo-2026q3.yaml"), "--out", str(tmp_path)])
    assert told.exit_code == 0, told.output
    rows = pd.read_csv(tmp_path / "actions-demo-2026Q3.csv", dtype="str")
    truth = cx.load("demo", "2026Q3").responses.query("period == '2026Q3' and nps <= 6")["customer_id"]
    assert set(rows["customer_id"]) == set(truth)
    assert f"{truth.nunique()} customers are in" in told.output
    assert not truth.map(told.output.__contains__).any()


def recovered_study(contacts, answers):
    """Return a study of answers (customer, day, score) and contacts (customer, day)."""
    responses = pd.DataFrame(answers, columns=["customer_id", "responded_at", "nps"])
    responses["responded_at"] = pd.to_datetime(responses["responded_at"])
    quarter = responses["responded_at"].dt.to_period("Q").astype("str")
    responses = responses.assign(
        response_id=[f"r{n}" for n in range(len(responses))], period=quarter, survey="relationship"
    )
    calls = pd.DataFrame(contacts, columns=["customer_id", "contacted_at"])
    calls["contacted_at"] = pd.to_datetime(calls["contacted_at"])
    made = study_of(tables={"responses": responses, "contacts": calls})
    return replace(made, periods=sorted(set(quarter)))


def test_who_was_contacted_is_fixed_before_the_next_answer_is_looked_for():
    answers = [("a", "2026-01-10", 3), ("a", "2026-01-20", 9), ("a", "2026-04-10", 7)]
    answers += [("b", "2026-01-10", 3), ("b", "2026-04-10", 5), ("c", "2026-01-10", 2), ("d", "2026-01-10", 1)]
    contacts = [("a", "2026-01-15"), ("b", "2026-03-01"), ("c", "2026-01-10"), ("d", "2026-01-09"), ("x", "2026-01-11")]
    study = recovered_study(contacts, answers)
    # Of two answers in one period the latest counts, so a's first of January is not followed.
    found = followed(study)[lambda rows: rows["period"].eq("2026Q1")].set_index("unit")
    assert found["contacted"].to_dict() == {"a": False, "b": False, "c": False, "d": False}
    assert found["contacted_later"].to_dict() == {"a": False, "b": True, "c": False, "d": False}
    assert found["next"].dropna().to_dict() == {"a": 7.0, "b": 5.0}
    sooner = followed(recovered_study([("b", "2026-02-09")], answers)).set_index("unit")
    assert sooner.loc["b", "contacted"].tolist() == [True, False]


def test_the_difference_is_that_of_strata_weighted_by_the_contacted():
    rows = worlds.recovered(np.random.default_rng(3), help_of=1.0)
    found = compared(rows).effect.set_index("measure").loc["recovered"]
    unhappy = rows[rows["first"].le(6) & rows["next"].notna()].assign(passed=lambda frame: frame["next"].gt(6))
    table = unhappy.groupby(["period", "first", "contacted"])["passed"].agg(["mean", "size"]).unstack().dropna()
    gaps, size = table["mean"][True] - table["mean"][False], table["size"][True]
    assert found["estimate"] == pytest.approx(float((gaps * size).sum() / size.sum()))
    # Within strata two shares are compared: their textbook error, conservatively near ours.
    spread = table["mean"] * (1 - table["mean"]) / table["size"]
    error = np.sqrt(float((spread.sum(axis=1) * size**2).sum()) / size.sum() ** 2)
    assert found["std_error"] == pytest.approx(error, rel=0.1)


def test_help_is_found_and_luck_is_not_called_help():
    rng = np.random.default_rng(11)
    helped = compared(worlds.recovered(rng, help_of=1.5)).effect
    assert helped["verdict"].iloc[0] == "higher"
    by_luck = [compared(worlds.recovered(rng)).effect for _ in range(6)]
    assert all(one["value"].iloc[0] > 0.4 for one in by_luck)
    assert sum(one["verdict"].iloc[:3].eq("higher").any() for one in by_luck) <= 1


def test_in_the_demo_detractors_come_back_by_themselves():
    found = cx.closed_loop.recovery(cx.load("demo", "2026Q3"))
    share = found.effect.set_index("measure").loc["recovered"]
    # Nothing is planted: a contact does nothing to the next answer of the relationship survey.
    assert share["value"] > 0.45
    assert share["verdict"] == "cannot tell"
    assert share["by_chance"] == pytest.approx(share["value_against"], abs=0.05)
    steps = found.losses.set_index(["group", "step"])["n"]
    assert (steps["contacted", "answered again"], steps["contacted", "detractors"]) > (share["n"] - 1, share["n"])


def test_chance_alone_is_that_of_a_bivariate_normal():
    rng, rho, n = np.random.default_rng(5), 0.6, 60_000
    one = rng.normal(size=n)
    two = rho * one + np.sqrt(1 - rho**2) * rng.normal(size=n)
    scores = [np.clip(np.rint(8 + 2 * z), 0, 10) for z in (one, two)]
    found = retest(*scores)
    assert found.correlation == pytest.approx(rho, abs=0.01)
    # A detractor has z < -0.75; who leaves has z >= -0.75 the next time.
    normal = stats.multivariate_normal([0, 0], [[1, rho], [rho, 1]])
    staying = normal.cdf([-0.75, -0.75]) / stats.norm.cdf(-0.75)
    told = found.expected(scores[0][scores[0] <= 6], found.levels > 6).mean()
    assert told == pytest.approx(1 - staying, abs=0.01)


def test_what_recovery_lacks_is_said_in_a_sentence():
    answers = [("a", "2026-01-10", 3), ("a", "2026-08-10", 9)]
    with pytest.raises(StudyError, match="no table 'contacts'"):
        cx.closed_loop.recovery(study_of(tables={"responses": recovered_study([], answers).responses}))
    with pytest.raises(StudyError, match="answers of one period only"):
        cx.closed_loop.recovery(recovered_study([("a", "2026-01-11")], answers[:1]))
    with pytest.raises(StudyError, match="no detractor who was not contacted answered again"):
        cx.closed_loop.recovery(recovered_study([("a", "2026-01-11")], answers))
    with pytest.raises(StudyError, match="2025Q1 has no later period in the data; periods that have: 2026Q1"):
        cx.closed_loop.recovery(recovered_study([("a", "2026-01-11")], answers), "2025Q1")
    nameless = recovered_study([("a", "2026-01-11")], answers)
    reads = {"responses": lambda: nameless.responses.drop(columns="customer_id"), "contacts": lambda: nameless.contacts}
    with pytest.raises(StudyError, match="the answers have no 'customer_id'"):
        cx.closed_loop.recovery(replace(nameless, tables=Tables(reads)))
