"""Who gets which module: recomputed independently, the demo's record, and the files of a plan."""

import hashlib
import hmac
import stat
from collections import Counter

import numpy as np
import pandas as pd
import pytest
from conftest import ROOT
from scipy import stats
from typer.testing import CliRunner

import cxresearch as cx
from cxresearch.cli import app
from cxresearch.questions import assignment_file
from cxresearch.questions.assign import assign, uniform
from cxresearch.questions.plan import token
from cxresearch.schema.questions import Assignment
from cxresearch.strict_yaml import StudyError

KEY = b"a-key-for-tests-only"
RULES = Assignment.model_validate(
    {
        "key": {"public": "a-key-for-tests-only"},
        "holdout": 0.2,
        "waves": ["2026Q1", "2026Q2"],
        "arms": {"b": 0.3, "a": 0.5, "none": 0.2},
    }
)
RUN = ROOT / "params" / "demo-2026q3.yaml"


@pytest.fixture(scope="module")
def study():
    return cx.load("demo", "2026Q3")


@pytest.fixture(scope="module")
def planned(study):
    return cx.questions.plan(study, cx.questions.bank(study), "2026Q4")


def by_definition(unit, wave):
    """Return an arm as the rulings define it, with whole numbers and Python's hmac."""

    def number(*parts):
        return int.from_bytes(hmac.digest(KEY, b"\x1f".join(part.encode() for part in parts), "sha256")[:8], "big")

    if number("holdout", unit) < 0.2 * 2**64:
        return "holdout"
    place = number("arm", wave, unit) / 2**64
    return "b" if place < 0.3 else "a" if place < 0.8 else "none"


def test_arms_are_what_the_rulings_define():
    units = [f"K-{number}" for number in range(3000)] + ["Müller & Söhne", "x" * 100]
    for wave in RULES.waves:
        assert assign(units, wave, RULES, KEY)["arm"].tolist() == [by_definition(unit, wave) for unit in units]


def test_a_key_longer_than_a_block_is_hashed_first():
    long = b"k" * 100
    expected = int.from_bytes(hmac.digest(long, b"arm\x1fu", "sha256")[:8], "big") / 2**64
    assert uniform(["u"], ("arm",), long)[0] == expected


def test_the_holdout_is_permanent_and_arms_are_drawn_anew():
    units = [str(number) for number in range(4000)]
    first, second = (assign(units, wave, RULES, KEY)["arm"].astype("str") for wave in RULES.waves)
    assert (first.eq("holdout") == second.eq("holdout")).all()
    asked = first.ne("holdout")
    table = pd.crosstab(first[asked], second[asked])
    assert stats.chi2_contingency(table).pvalue > 0.001


def test_neither_order_nor_processes_change_an_arm(monkeypatch):
    monkeypatch.setattr("cxresearch.questions.assign.ALONE_TO", 100)
    monkeypatch.setattr("cxresearch.questions.assign.AT_ONCE", 70)
    units = [str(number) for number in range(300)]
    alone = assign(units, "2026Q1", RULES, KEY, jobs=1)
    assert assign(units, "2026Q1", RULES, KEY, jobs=2).equals(alone)
    backwards = assign(units[::-1], "2026Q1", RULES, KEY)
    assert backwards["arm"].tolist() == alone["arm"].tolist()[::-1]


def test_shares_are_the_probabilities():
    found = assign([str(number) for number in range(20_000)], "2026Q1", RULES, KEY)
    expected = found.drop_duplicates("arm").set_index("arm")["probability"]
    assert expected.to_dict() == pytest.approx({"holdout": 0.2, "b": 0.24, "a": 0.4, "none": 0.16})
    counts = found["arm"].value_counts()
    assert stats.chisquare(counts[expected.index], 20_000 * expected).pvalue > 0.001


@pytest.mark.parametrize(
    ("units", "wave", "key", "told"),
    [
        (["a", "a"], "2026Q1", KEY, "1 of 2 units stand twice"),
        (["a", ""], "2026Q1", KEY, "1 of 2 units have no id"),
        ([], "2026Q1", KEY, "nobody is eligible"),
        (["a"], "2026Q4", KEY, "not planned"),
        (["a"], "2026Q1", b"", "the key is empty"),
    ],
)
def test_what_cannot_be_assigned_is_refused(units, wave, key, told):
    with pytest.raises(ValueError, match=told):
        assign(units, wave, RULES, key)


# --- the demo ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("wave", ["2026Q1", "2026Q2", "2026Q3"])
def test_the_recorded_arms_of_the_demo_are_computed_again(study, wave):
    again = cx.questions.plan(study, cx.questions.bank(study), wave).assignment
    invited = study.invitations[study.invitations["arm"].notna()]
    quarter = pd.PeriodIndex(invited["invited_at"], freq="Q").astype(str)
    recorded = invited[quarter == wave].set_index("customer_id")["arm"].sort_index()
    found = again.set_index("customer_id")["arm"].astype("str").sort_index()
    assert found.index.tolist() == recorded.index.tolist()
    assert found.tolist() == recorded.tolist()


def test_customers_of_one_account_share_an_arm(planned):
    shared = planned.assignment[planned.assignment.duplicated("unit", keep=False)]
    assert len(shared) > 0
    assert (shared.groupby("unit")["arm"].nunique() == 1).all()


def test_tokens_are_hashes_and_nobody_shares_one(planned):
    row = planned.assignment.iloc[0]
    message = f"token\x1f2026Q4\x1f{row['customer_id']}"
    assert row["token"] == hmac.new(b"halden-demo-2026", message.encode(), hashlib.sha256).hexdigest()[:20]
    assert planned.assignment["token"].is_unique
    other = token(planned.assignment["customer_id"], "2027Q1", KEY)
    assert not set(other) & set(planned.assignment["token"])


# --- the files --------------------------------------------------------------------------------------------------------


def differing(path):
    """Return which checks of an assignment find rows that differ, with how many."""
    found = assignment_file.verify(path)
    return found[found["differ"] > 0].set_index("check")["differ"].to_dict()


def changed(path, change):
    """Change the table of an assignment on disk."""
    table = change(pd.read_csv(path, dtype="str", keep_default_na=False))
    table.to_csv(path, index=False)


def with_cell(row, column, value):
    """Return what sets one cell of a table."""

    def work(table):
        table.loc[row, column] = value
        return table

    return work


def test_an_assignment_is_private_and_verifies(planned, tmp_path):
    table, record = assignment_file.write(planned, tmp_path / "out")
    assert [stat.S_IMODE(path.stat().st_mode) for path in (table, record)] == [0o600, 0o600]
    assert differing(table) == {}
    assert len(pd.read_csv(table)) == len(planned.assignment)


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (with_cell(3, "probability", "0.5"), {"probability": 1}),
        (with_cell(3, "probability", ""), {"probability": 1}),
        (with_cell(3, "token", "0"), {"token": 1}),
        (with_cell(3, "wave", "2026Q3"), {"wave": 1}),
        (lambda table: table.iloc[5:], {"missing or too many": 5, "customers and units as planned": 5}),
    ],
)
def test_verify_counts_the_rows_that_differ(planned, tmp_path, change, told):
    table, _ = assignment_file.write(planned, tmp_path)
    changed(table, change)
    assert differing(table) == told


def test_verify_finds_swapped_arms(planned, tmp_path):
    table, _ = assignment_file.write(planned, tmp_path)
    other = planned.assignment["arm"].ne(planned.assignment["arm"].iloc[0])
    place = int(np.flatnonzero(other)[0])
    changed(table, lambda rows: rows.assign(arm=rows["arm"].where(rows.index != place, rows["arm"].iloc[0])))
    assert differing(table) == {"arm": 1}


def test_verify_finds_a_replaced_customer(planned, tmp_path):
    table, _ = assignment_file.write(planned, tmp_path)
    row = planned.assignment.iloc[0]
    found = with_cell(0, "customer_id", "stranger")
    changed(table, found)
    assert differing(table)["customers and units as planned"] == 1
    assert row["customer_id"] != "stranger"


def test_a_changed_record_or_another_key_is_refused(planned, tmp_path):
    table, record = assignment_file.write(planned, tmp_path)
    text = record.read_text()
    record.write_text(text.replace('"holdout": 0.15', '"holdout": 0.05'))
    with pytest.raises(StudyError, match="changed"):
        assignment_file.verify(table)
    record.unlink()
    with pytest.raises(StudyError, match="no such file"):
        assignment_file.verify(table)


def test_a_wave_is_planned_once_unless_it_is_the_same_plan(study, planned, tmp_path):
    first = assignment_file.write(planned, tmp_path)
    before = [path.read_bytes() for path in first]
    assert assignment_file.write(planned, tmp_path) == []
    bank = cx.questions.bank(study)
    rules = bank.assignment.model_copy(update={"holdout": 0.2})
    other = cx.questions.plan(study, bank.model_copy(update={"assignment": rules}), "2026Q4")
    with pytest.raises(StudyError, match="planned already"):
        assignment_file.write(other, tmp_path)
    assert [path.read_bytes() for path in first] == before
    assert len(list(tmp_path.iterdir())) == 2


def test_nothing_is_left_where_writing_fails(planned, tmp_path, monkeypatch):
    calls = Counter()
    write = assignment_file.write_atomic

    def fails(path, work):
        calls["all"] += 1
        if calls["all"] == 2:
            raise OSError("disk full")
        write(path, work)

    monkeypatch.setattr(assignment_file, "write_atomic", fails)
    with pytest.raises(OSError, match="disk full"):
        assignment_file.write(planned, tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_reports_get_no_assignment(planned, tmp_path):
    with pytest.raises(StudyError, match="reports hold no ids"):
        assignment_file.write(planned, tmp_path / "reports" / "demo")
    assert list(tmp_path.iterdir()) == []


# --- the command line -------------------------------------------------------------------------------------------------


def ran(*arguments):
    """Return how a command ended and what it said."""
    found = CliRunner().invoke(app, [str(one) for one in arguments])
    return found.exit_code, found.output


def test_the_commands_plan_and_verify(tmp_path):
    code, said = ran("plan-questions", RUN, "--wave", "2026Q4", "--out", tmp_path)
    assert (code, "plan " in said) == (0, True), said
    code, said = ran("verify-assignment", tmp_path / "2026Q4.csv")
    assert (code, "is what its plan and key give" in said) == (0, True)
    code, said = ran("plan-questions", RUN, "--wave", "2026Q4", "--out", tmp_path)
    assert (code, "is as it was" in said) == (0, True)
    changed(tmp_path / "2026Q4.csv", with_cell(0, "token", "0"))
    code, said = ran("verify-assignment", tmp_path / "2026Q4.csv")
    assert code == 2
    assert "token: 1 of" in said


def test_a_wrong_wave_is_a_sentence_and_writes_nothing(tmp_path):
    code, said = ran("plan-questions", RUN, "--wave", "2031Q1", "--out", tmp_path / "out")
    assert code == 2
    assert "the bank plans 2026Q1" in said
    assert not (tmp_path / "out").exists()
