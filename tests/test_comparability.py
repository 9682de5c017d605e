"""A trend breaks where the way of asking changed, and only there."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from cxresearch import metrics
from cxresearch.comparability import breaks, comparability
from cxresearch.schema import Study
from cxresearch.study_data import Quality, StudyData, load

NONE = pd.DataFrame()


def waves(**quarters: list[str]) -> pd.DataFrame:
    """Return answers of quarters, spread evenly over their days, each with its mode."""
    parts = []
    for name, modes in quarters.items():
        first = pd.Timestamp(f"2026-{3 * int(name[1]) - 2:02d}-01")
        days = first + pd.to_timedelta(np.arange(len(modes)) * 90 // len(modes), unit="D")
        parts.append(pd.DataFrame({"period": f"2026{name}", "responded_at": days, "mode": modes}))
    return pd.concat(parts, ignore_index=True).assign(nps=9.0, survey="relationship")


def study(rows: pd.DataFrame, *, wordings: pd.DataFrame | None = None, tables: dict | None = None, **declared):
    columns = {"responded_at": {"from": "d", "format": "%Y-%m-%d"}, "nps": "q", "csat": {"from": "c", "scale": [1, 5]}}
    responses = {"source": "a.csv", "columns": columns, **declared.pop("responses", {})}
    definition = Study.model_validate({"title": "By hand", "tables": {"responses": responses}, **declared})
    quality = Quality() if wordings is None else Quality({"wordings": wordings})
    last = rows["period"].max()
    return StudyData(
        definition, last, None, sorted(set(rows["period"])), quality, {"responses": rows, **(tables or {})}
    )


def found(data: StudyData) -> list[tuple[str, str, str, bool]]:
    frame = comparability(data)
    assert list(frame) == ["metric", "period", "what", "detail", "breaks"]
    return list(frame[["metric", "period", "what", "breaks"]].itertuples(index=False, name=None))


def mixed(n: int, phone: float) -> list[str]:
    return ["phone"] * round(n * phone) + ["mail"] * (n - round(n * phone))


# ---- mode


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        (mixed(200, 0.10), mixed(200, 0.30), []),  # a shift of exactly .2 is not above it
        (mixed(200, 0.10), mixed(200, 0.31), [("nps", "2026Q2", "mode", True)]),
        (mixed(200, 0.10), mixed(99, 0.90), []),  # too few to judge
        (mixed(200, 0.00), mixed(200, 0.10), [("nps", "2026Q2", "mode", False)]),  # a new mode
        (mixed(200, 0.10), mixed(200, 0.00), [("nps", "2026Q2", "mode", False)]),  # one that is gone
        (mixed(200, 0.00), mixed(225, 0.04), []),  # of 9 people: too few to be named
    ],
)
def test_a_shift_of_modes_breaks_above_a_fifth(before, after, expected):
    data = study(waves(Q1=before, Q2=after))
    assert found(data) == expected
    assert data.breaks == ({"nps": ["2026Q2"]} if expected and expected[0][3] else {})


def test_only_the_survey_of_the_headline_is_looked_at():
    rows = waves(Q1=mixed(200, 0.1), Q2=mixed(200, 0.1))
    other = waves(Q1=mixed(200, 0.0), Q2=mixed(200, 1.0)).assign(survey="transactional")
    assert found(study(pd.concat([rows, other], ignore_index=True))) == []
    assert found(study(other)) == [("nps", "2026Q2", "mode", True)]


# ---- what is declared from a day on


@pytest.mark.parametrize(
    ("since", "periods"),
    [
        ("2026-04-01", ["2026Q2"]),
        ("2026-04-05", ["2026Q2"]),  # all but four days of the quarter
        ("2026-06-25", ["2026Q3"]),  # five days of the quarter before do not make it another
        ("2026-05-15", ["2026Q2", "2026Q3"]),  # half of a quarter: like neither neighbour
        ("2025-12-01", []),  # before all answers
        ("2027-01-01", []),
    ],
)
@pytest.mark.parametrize(
    ("declared", "what"),
    [
        (lambda day: {"responses": {"wording_changes": {"nps": [{"since": day, "wording": "Otherwise?"}]}}}, "wording"),
        (lambda day: {"mode_changes": [{"since": day, "what": "text message"}]}, "mode"),
        (lambda day: {"invitation_changes": [{"since": day, "what": "only after a call"}]}, "invitation rule"),
    ],
)
def test_a_declared_change_breaks_where_a_fifth_of_the_answers_moved(since, periods, declared, what):
    data = study(waves(Q1=["mail"] * 90, Q2=["mail"] * 90, Q3=["mail"] * 90), **declared(since))
    assert found(data) == [("nps", period, what, True) for period in periods]
    assert data.breaks.get("nps", []) == periods


def test_a_wording_of_one_question_breaks_no_other():
    declared = {"wording_changes": {"csat": [{"since": "2026-04-01", "wording": "Otherwise?"}]}}
    rows = waves(Q1=["mail"] * 90, Q2=["mail"] * 90).assign(csat=4.0)
    assert study(rows, responses=declared).breaks == {"csat": ["2026Q2"]}


def test_a_scale_breaks_at_both_ends():
    change = {"scale_changes": {"csat": [{"since": "2026-04-01", "until": "2026-06-30", "scale": [0, 100]}]}}
    data = study(waves(Q1=["mail"], Q3=["mail"]), responses=change)
    frame = comparability(data)
    assert frame["detail"].tolist() == ["asked on 0–100 from 2026-04-01 on", "asked on 1–5 from 2026-07-01 on"]
    assert breaks(frame) == {"csat": ["2026Q2", "2026Q3"]}


# ---- wordings that the files tell


def test_wordings_of_the_files_break_by_the_period_of_their_answers():
    days = pd.to_datetime(["2026-03-30", "2026-05-01", "2026-05-02", "2026-08-01"])
    told = pd.DataFrame(
        {"column": "nps", "wording": ["old", "old", "new", "new"], "day": days, "rows": [50, 10, 90, 80]}
    )
    data = study(waves(Q1=["mail"], Q2=["mail"], Q3=["mail"]), wordings=told)
    assert found(data) == [("nps", "2026Q2", "wording", True)]
    assert "“new”" in comparability(data)["detail"].iloc[0]


@pytest.mark.parametrize(("wording", "comparable"), [("How likely?", True), ("How likely is it?", False)])
def test_a_changed_wording_in_an_export_makes_a_change_not_comparable(project: Path, wording, comparable):
    folder = project / "data" / "asked"
    folder.mkdir()
    (folder / "study.yaml").write_text(
        "title: Asked\ntables:\n  responses:\n    source: '*.csv'\n    columns:\n      response_id: id\n"
        "      responded_at: {from: day, format: '%Y-%m-%d'}\n      nps: Q1\n"
    )
    rng = np.random.default_rng(1)
    for name, day, text in (("a", "2026-02-01", "How likely?"), ("b", "2026-05-01", wording)):
        head = f'id,day,Q1\nId,Day,{text}\n"{{""ImportId"":""i""}}","{{""ImportId"":""d""}}","{{""ImportId"":""q""}}"\n'
        rows = "".join(f"{name}{n},{day},{score}\n" for n, score in enumerate(rng.integers(0, 11, 120)))
        (folder / f"{name}.csv").write_text(head + rows)
    data = load("asked", "2026Q2")
    verdict = metrics.change(data, "nps")["verdict"].iloc[0]
    flags = metrics.trend(data, "nps")["flag"].tolist()
    assert (verdict == "not comparable") == (not comparable)
    assert flags[0] == ""
    assert ("not comparable" in flags[1]) == (not comparable)


# ---- invitations and languages are only flagged


def invitations(quarter: str, customers: int, each: int, mode: str, gap: int) -> pd.DataFrame:
    first = pd.Timestamp(f"2026-{3 * int(quarter[1]) - 2:02d}-01")
    days = [first + pd.Timedelta(days=gap * again) for _ in range(customers) for again in range(each)]
    ids = [f"{quarter}-{customer}" for customer in range(customers) for _ in range(each)]
    return pd.DataFrame({"customer_id": ids, "invited_at": days, "mode": mode, "survey": "relationship"})


@pytest.mark.parametrize(
    ("second", "details"),
    [
        (("Q2", 100, 2, "mail", 30), []),
        (("Q2", 100, 2, "phone", 30), ["100 of 100 invitations moved, most of them to phone (mode)"]),
        (("Q2", 100, 3, "mail", 30), ["3.0 invitations a customer after 2.0"]),
        (("Q2", 100, 2, "mail", 10), ["invited again after 10 days (median), before after 30"]),
        (("Q2", 40, 2, "phone", 10), []),
    ],
)
def test_who_is_invited_is_flagged_and_breaks_nothing(second, details):
    tables = {"invitations": pd.concat([invitations("Q1", 100, 2, "mail", 30), invitations(*second)])}
    data = study(waves(Q1=["mail"] * 100, Q2=["mail"] * 100), tables=tables)
    frame = comparability(data)
    assert frame["detail"].tolist() == details
    assert set(frame["what"]) <= {"invitation rule"}
    assert data.breaks == {}


def test_a_shift_of_languages_is_flagged():
    rows = waves(Q1=["mail"] * 100, Q2=["mail"] * 100)
    rows = rows.assign(language=["DE"] * 100 + ["DE", "FR"] * 50)
    assert found(study(rows)) == [("nps", "2026Q2", "language", False)]


def test_without_periods_dates_or_modes_nothing_is_said():
    rows = pd.DataFrame({"period": "all", "nps": [9.0], "survey": "relationship"})
    assert comparability(study(rows)).empty
    bare = study(rows.assign(period="2026Q1"), mode_changes=[{"since": "2026-01-01", "what": "phone"}])
    assert (comparability(bare).empty, bare.breaks) == (True, {})
