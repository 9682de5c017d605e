"""`cxresearch init`: what is guessed about a stranger's exports, what is asked, and what never leaves them."""

import csv
import io
import os
import pty
import re
import select
import subprocess
import sys
import time
from collections.abc import Iterable
from pathlib import Path

import numpy as np
import pandas as pd
import pyreadstat
import pytest

from cxresearch import study_data
from cxresearch.check import check
from cxresearch.init.dates import date_format
from cxresearch.init.draft import Drafts
from cxresearch.init.drafts import drafts
from cxresearch.init.make import Made, make_study, summary
from cxresearch.init.profile import Profile, profiles
from cxresearch.init.roles import is_personal
from cxresearch.init.scales import scale_of, side
from cxresearch.init.study_text import flow
from cxresearch.intake.read import read
from cxresearch.intake.source import Source
from cxresearch.strict_yaml import StudyError, read_yaml
from cxresearch.study import load_run, load_study

ROWS = 240
# Planted in every survey; no file that init writes may hold one of them.
SECRETS = ("Ottilie Quandt", "ottilie@quandt.example", "192.0.2.77", "+49 170 5550123", "the lift smelled of lavender")
DAYS = pd.date_range("2026-01-02 08:10:03", periods=ROWS, freq="17h")
DRIVERS = ["Price", "Delivery time", "Friendly staff", "Web shop"]


def scores(low: int, high: int, seed: int, rows: int = ROWS) -> list[int]:
    """Return answers on a scale, every step of it given."""
    steps = np.random.default_rng(seed).integers(low, high + 1, rows)
    steps[: high - low + 1] = range(low, high + 1)
    return steps.tolist()


def comments() -> list[str]:
    """Return texts, each its own, with secrets among them."""
    words = ["the parcel came late again", "all was fine with my order", "nobody answered on the phone that day"]
    return [f"{words[row % 3]}, case {row}" if row % 40 else SECRETS[4] for row in range(ROWS)]


def personal() -> dict[str, list[str]]:
    """Return columns that tell who somebody is."""
    return {
        "name": [SECRETS[0] if row == 5 else f"Person{row} Smith" for row in range(ROWS)],
        "mail": [SECRETS[1] if row == 5 else f"p{row}@mail.example" for row in range(ROWS)],
        "ip": [SECRETS[2] if row == 5 else f"198.51.100.{row % 250}" for row in range(ROWS)],
        "phone": [SECRETS[3] if row == 5 else f"+49 151 {row:07d}" for row in range(ROWS)],
    }


def customers(rows: int = ROWS) -> list[str]:
    return [f"K{number:05d}" for number in range(1, rows + 1)]


def text(header: list[list[str]], columns: Iterable[Iterable[object]], delimiter: str = ",") -> str:
    """Return a delimited file of header rows and columns."""
    out = io.StringIO()
    writer = csv.writer(out, delimiter=delimiter, lineterminator="\n")
    writer.writerows(header)
    writer.writerows(zip(*columns, strict=True))
    return out.getvalue()


def qualtrics(folder: Path) -> Path:
    """A Qualtrics export: the score beside the group that is made from it, named the other way round than one hopes."""
    who, nps = personal(), scores(0, 10, 1)
    group = [1 if score < 7 else 2 if score < 9 else 3 for score in nps]
    effort = scores(1, 7, 3)
    grid = [scores(1, 5, 10 + item) for item in range(4)]
    asked = "How satisfied are you with each of these? - "
    columns = {
        "StartDate": ("Start Date", DAYS.strftime("%Y-%m-%d %H:%M:%S")),
        "EndDate": ("End Date", (DAYS + pd.Timedelta("4min")).strftime("%Y-%m-%d %H:%M:%S")),
        "Status": ("Response Type", ["IP Address"] * ROWS),
        "IPAddress": ("IP Address", who["ip"]),
        "Progress": ("Progress", [100] * ROWS),
        "Duration (in seconds)": ("Duration (in seconds)", scores(40, 270, 5)),
        "Finished": ("Finished", ["True"] * ROWS),
        "RecordedDate": ("Recorded Date", (DAYS + pd.Timedelta("5min")).strftime("%Y-%m-%d %H:%M:%S")),
        "ResponseId": ("Response ID", [f"R_{row:06d}xYz" for row in range(ROWS)]),
        "RecipientLastName": ("Recipient Last Name", who["name"]),
        "RecipientEmail": ("Recipient Email", who["mail"]),
        "ExternalReference": ("External Data Reference", customers()),
        "LocationLatitude": ("Location Latitude", [f"48.{row:04d}" for row in range(ROWS)]),
        "DistributionChannel": ("Distribution Channel", ["email", "sms"] * (ROWS // 2)),
        "UserLanguage": ("User Language", ["EN", "DE"] * (ROWS // 2)),
        "Q17_NPS_GROUP": ("How likely are you to recommend us to a friend? - Group", group),
        "Q17": ("How likely are you to recommend us to a friend?", nps),
        "Q18": ("Why did you give this score?", comments()),
        "Q19": ("How easy was it to deal with us? 1 = very easy, 7 = very difficult", effort),
        **{f"Q20_{item + 1}": (asked + name, grid[item]) for item, name in enumerate(DRIVERS)},
        "Q20_5": (asked + "Overall", scores(1, 5, 30)),
        "Q21_1": ("Which devices do you use? - Selected Choice - Phone", ["Phone", ""] * (ROWS // 2)),
        "Q21_2": ("Which devices do you use? - Selected Choice - Tablet", ["", "Tablet", ""] * (ROWS // 3)),
        "Q22": ("Was your request resolved at the first contact?", ["Yes", "No"] * (ROWS // 2)),
        "region": ("region", ["North", "South", "West"] * (ROWS // 3)),
        "wt": ("wt", [0.8, 1.2, 1.1, 0.9] * (ROWS // 4)),
    }
    ids = [f'{{"ImportId":"QID{place}"}}' for place in range(len(columns))]
    header = [list(columns), [asked for asked, _ in columns.values()], ids]
    path = folder / "qualtrics.csv"
    path.write_text(text(header, [cells for _, cells in columns.values()]), encoding="utf-8")
    return path


def surveymonkey(folder: Path) -> Path:
    """A SurveyMonkey export: two header rows, labelled end points, month first with AM and PM."""
    nps = {0: "0 - Not at all likely", 10: "10 - Extremely likely"}
    words = ["Not at all satisfied", "Not so satisfied", "Somewhat satisfied", "Very satisfied", "Extremely satisfied"]
    who = personal()
    columns = {
        ("Respondent ID", ""): [11400000000 + row for row in range(ROWS)],
        ("Collector ID", ""): [400 + row % 2 for row in range(ROWS)],
        ("Start Date", ""): DAYS.strftime("%m/%d/%Y %I:%M:%S %p"),
        ("End Date", ""): (DAYS + pd.Timedelta("3min")).strftime("%m/%d/%Y %I:%M:%S %p"),
        ("IP Address", ""): who["ip"],
        ("Email Address", ""): who["mail"],
        ("How likely is it that you would recommend this company?", "Response"): [
            nps.get(s, s) for s in scores(0, 10, 2)
        ],
        ("Overall, how satisfied are you with our company?", "Response"): [words[s - 1] for s in scores(1, 5, 4)],
        ("What could we do better?", "Open-Ended Response"): comments(),
        ("Which of these do you use?", "App"): ["App", ""] * (ROWS // 2),
        ("", "Branch"): ["", "Branch"] * (ROWS // 2),
        ("What is your gender?", "Response"): ["Female", "Male", "Other"] * (ROWS // 3),
    }
    path = folder / "surveymonkey.csv"
    header = [[first for first, _ in columns], [second for _, second in columns]]
    path.write_text(text(header, columns.values()), encoding="utf-8")
    return path


def google_forms(folder: Path) -> Path:
    """A Google form in German: the questions are the header, several choices stand in one cell."""
    words = ["Sehr unzufrieden", "Eher unzufrieden", "Teils/teils", "Eher zufrieden", "Sehr zufrieden"]
    choices = ["App", "App;Telefon", "Filiale;Telefon", "Filiale"]
    columns = {
        "Zeitstempel": DAYS.strftime("%d.%m.%Y %H:%M:%S"),
        "E-Mail-Adresse": personal()["mail"],
        "Wie wahrscheinlich ist es, dass Sie uns weiterempfehlen?": scores(0, 10, 6),
        "Wie zufrieden sind Sie insgesamt mit uns?": [words[score - 1] for score in scores(1, 5, 7)],
        **{f"Wie zufrieden sind Sie mit … [{name}]": scores(1, 5, 40 + place) for place, name in enumerate(DRIVERS)},
        "Wie haben Sie uns erreicht?": choices * (ROWS // 4),
        "Was ist der Hauptgrund für Ihre Bewertung?": comments(),
        "Bundesland": ["Bayern", "Hessen", "Sachsen"] * (ROWS // 3),
    }
    path = folder / "formular.csv"
    path.write_text(text([list(columns)], columns.values()), encoding="utf-8")
    return path


def limesurvey(folder: Path) -> Path:
    """A LimeSurvey export by question codes; its answers to the grid have 0 for "not rated"."""
    columns = {
        "id": range(1, ROWS + 1),
        "submitdate": DAYS.strftime("%Y-%m-%d %H:%M:%S"),
        "lastpage": [4] * ROWS,
        "startlanguage": ["fr", "nl"] * (ROWS // 2),
        "seed": [10**8 + 7919 * row for row in range(ROWS)],
        "startdate": (DAYS - pd.Timedelta("6min")).strftime("%Y-%m-%d %H:%M:%S"),
        "ipaddr": personal()["ip"],
        "NPS": scores(0, 10, 8),
        "NPSwhy": comments(),
        "CSAT": scores(1, 5, 9),
        **{f"sat[SQ00{item + 1}]": scores(0, 5, 50 + item) for item in range(4)},
        **{f"dev[SQ00{item + 1}]": ["Y", ""] * (ROWS // 2) for item in range(3)},
    }
    path = folder / "results-survey.csv"
    path.write_text(text([list(columns)], columns.values()), encoding="utf-8")
    return path


def spss(folder: Path) -> Path:
    """An SPSS file: codes with labels, 11 codes for 0 to 10, effort the wrong way round, a code for "don't know"."""
    frame = pd.DataFrame(
        {
            "RESPID": [f"A{row:04d}" for row in range(ROWS)],
            "INTDATE": pd.Series(DAYS.date, dtype="object"),
            "v1": [score + 1 for score in scores(0, 10, 11)],
            "v2": [99 if row % 30 == 0 else score for row, score in enumerate(scores(1, 5, 12))],
            "v3": scores(1, 5, 13),
            "gender": scores(1, 2, 14),
            "weight": [0.5, 1.5] * (ROWS // 2),
        }
    )
    ease = ["Very easy", "Easy", "Neither", "Difficult", "Very difficult"]
    good = ["Very dissatisfied", "Dissatisfied", "Neither", "Satisfied", "Very satisfied"]
    path = folder / "wave.sav"
    pyreadstat.write_sav(
        frame,
        path,
        column_labels={
            "v1": "How likely are you to recommend us?",
            "v2": "Satisfaction with the company overall",
            "v3": "How easy was it to get help?",
        },
        variable_value_labels={
            "v1": {code: str(code - 1) for code in range(1, 12)},
            "v2": {**dict(enumerate(good, 1)), 99: "Don't know"},
            "v3": dict(enumerate(ease, 1)),
            "gender": {1: "Female", 2: "Male"},
        },
    )
    return path


def french(folder: Path) -> Path:
    """A survey of one's own making in French: semicolons, asked from 1 to 10, the customer's number under "Dossier"."""
    words = [
        "Pas du tout satisfait",
        "Plutôt pas satisfait",
        "Ni satisfait ni insatisfait",
        "Plutôt satisfait",
        "Très satisfait",
    ]
    columns = {
        "N° réponse": [f"F{row}" for row in range(ROWS)],
        "Dossier": customers(),
        "Date de réponse": DAYS.strftime("%d/%m/%Y"),
        "Nom": personal()["name"],
        "Recommanderiez-vous notre société, sur une échelle de 1 à 10 ?": scores(1, 10, 15),
        "Satisfaction globale": [words[score - 1] for score in scores(1, 5, 16)],
        "Pourquoi ?": comments(),
        "Forfait": ["Basique", "Premium"] * (ROWS // 2),
    }
    path = folder / "enquête.csv"
    path.write_text(text([list(columns)], columns.values(), ";"), encoding="utf-8")
    return path


def spanish_crm(folder: Path) -> Path:
    """A customer list in Spanish, as a workbook."""
    frame = pd.DataFrame(
        {
            "Código de cliente": customers(300),
            "Nombre": [f"Señora {row}" for row in range(300)],
            "Correo electrónico": [f"c{row}@correo.example" for row in range(300)],
            "Fecha de alta": pd.date_range("2019-01-05", periods=300, freq="5D").strftime("%d/%m/%Y"),
            "Provincia": ["Madrid", "Sevilla", "Cádiz"] * 100,
            "Plan": ["A", "B"] * 150,
        }
    )
    path = folder / "clientes.xlsx"
    frame.to_excel(path, index=False)
    return path


def dutch_bills(folder: Path) -> Path:
    """Bills in Dutch: months, decimal commas, the key under a name of its own."""
    months = ["2025-10", "2025-11", "2025-12", "2026-01"]
    rows = [
        (key, month, f"{20 + place % 7},{place % 90 + 10}")
        for place, key in enumerate(customers(200))
        for month in months
    ]
    path = folder / "facturen.csv"
    path.write_text(
        text([["Relatienummer", "Factuurmaand", "Bedrag EUR"]], zip(*rows, strict=True), ";"), encoding="utf-8"
    )
    return path


def guessed(*paths: Path) -> Drafts:
    return drafts([(path, read(path)) for path in paths])


def columns_of(found: Drafts, table: str = "responses") -> dict[str, tuple[str, ...]]:
    """Return the columns of each role that is taken as it is."""
    draft = found.table(table)
    assert draft is not None
    return {guess.role: guess.columns for guess in draft.guesses if guess.taken}


def setting(found: Drafts, role: str, table: str = "responses") -> dict[str, object]:
    draft = found.table(table)
    assert draft is not None
    guess = draft.guess(role)
    assert guess is not None, role
    assert guess.taken, guess
    return guess.setting


def profile(cells: list[str], name: str = "x", wording: str = "") -> Profile:
    frame = pd.DataFrame({name: pd.Series(cells, dtype="str")})
    return profiles([Source("x.csv", frame, {name: wording} if wording else {})])[name]


EXPORTS = [qualtrics, surveymonkey, google_forms, limesurvey, spss, french]
TRUTH = {
    "qualtrics": {
        "response_id": ("ResponseId",),
        "customer_id": ("ExternalReference",),
        "responded_at": ("EndDate",),
        "started_at": ("StartDate",),
        "duration_s": ("Duration (in seconds)",),
        "status": ("Status",),
        "finished": ("Finished",),
        "mode": ("DistributionChannel",),
        "language": ("UserLanguage",),
        "nps": ("Q17",),
        "verbatim": ("Q18",),
        "ces": ("Q19",),
        "csat": ("Q20_5",),
        "fcr": ("Q22",),
        "drivers": ("Q20_1", "Q20_2", "Q20_3", "Q20_4"),
        "q21": ("Q21_*",),
        "region": ("region",),
        "weight": ("wt",),
    },
    "surveymonkey": {
        "response_id": ("Respondent ID",),
        "responded_at": ("End Date",),
        "started_at": ("Start Date",),
        "nps": ("How likely is it that you would recommend this company?",),
        "csat": ("Overall, how satisfied are you with our company?",),
        "verbatim": ("What could we do better?",),
        "gender": ("What is your gender?",),
    },
    "google_forms": {
        "responded_at": ("Zeitstempel",),
        "nps": ("Wie wahrscheinlich ist es, dass Sie uns weiterempfehlen?",),
        "csat": ("Wie zufrieden sind Sie insgesamt mit uns?",),
        "drivers": tuple(f"Wie zufrieden sind Sie mit … [{name}]" for name in DRIVERS),
        "verbatim": ("Was ist der Hauptgrund für Ihre Bewertung?",),
        "region": ("Bundesland",),
        "wie_haben_sie_uns_erreicht": ("Wie haben Sie uns erreicht?",),
    },
    "limesurvey": {
        "response_id": ("id",),
        "responded_at": ("submitdate",),
        "started_at": ("startdate",),
        "language": ("startlanguage",),
        "nps": ("NPS",),
        "csat": ("CSAT",),
        "verbatim": ("NPSwhy",),
        "drivers": tuple(f"sat[SQ00{item}]" for item in (1, 2, 3, 4)),
        "dev": ("dev[[]*",),
    },
    "spss": {
        "response_id": ("RESPID",),
        "responded_at": ("INTDATE",),
        "nps": ("v1",),
        "csat": ("v2",),
        "ces": ("v3",),
        "gender": ("gender",),
        "weight": ("weight",),
    },
    "french": {
        "response_id": ("N° réponse",),
        "responded_at": ("Date de réponse",),
        "nps": ("Recommanderiez-vous notre société, sur une échelle de 1 à 10 ?",),
        "csat": ("Satisfaction globale",),
        "verbatim": ("Pourquoi ?",),
        "plan": ("Forfait",),
    },
}
PERSONAL = {
    "qualtrics": {"IPAddress", "RecipientLastName", "RecipientEmail", "LocationLatitude"},
    "surveymonkey": {"IP Address", "Email Address"},
    "google_forms": {"E-Mail-Adresse"},
    "limesurvey": {"ipaddr"},
    "spss": set(),
    "french": {"Nom"},
}


@pytest.mark.parametrize("export", EXPORTS, ids=lambda export: export.__name__)
def test_every_role_of_an_export_is_found(export, tmp_path):
    found = guessed(export(tmp_path))
    roles = columns_of(found)
    truth = TRUTH[export.__name__]
    assert {role: roles.get(role) for role in truth} == truth
    assert set(found.tables[0].personal) == PERSONAL[export.__name__]
    assert found.questions == []


def test_the_settings_of_an_export_are_those_it_was_made_with(tmp_path):
    found = guessed(qualtrics(tmp_path))
    assert any("'Q17_NPS_GROUP' is made from the score" in note for note in found.tables[0].notes)
    assert setting(found, "nps") == {"scale": [0, 10]}
    assert setting(found, "ces") == {"scale": [1, 7], "reversed": True}
    assert setting(found, "drivers") == {
        "names": ["price", "delivery_time", "friendly_staff", "web_shop"],
        "scale": [1, 5],
    }
    found = guessed(surveymonkey(tmp_path))
    assert setting(found, "responded_at") == {"format": "%m/%d/%Y %I:%M:%S %p"}
    assert setting(found, "nps")["scale"] == [0, 10]
    assert setting(found, "csat")["codes"] == {
        "1": ["Not at all satisfied"],
        "2": ["Not so satisfied"],
        "3": ["Somewhat satisfied"],
        "4": ["Very satisfied"],
        "5": ["Extremely satisfied"],
    }
    found = guessed(google_forms(tmp_path))
    assert setting(found, "responded_at") == {"format": "%d.%m.%Y %H:%M:%S"}
    assert setting(found, "csat")["codes"]["5"] == ["Sehr zufrieden"]
    assert setting(found, "csat")["codes"]["3"] == ["Teils/teils"]
    assert setting(found, "wie_haben_sie_uns_erreicht") == {"separator": ";"}
    found = guessed(limesurvey(tmp_path))
    assert setting(found, "drivers")["scale"] == [1, 5]
    assert setting(found, "drivers")["missing"] == [0]
    found = guessed(spss(tmp_path))
    assert setting(found, "nps")["codes"] == {str(code - 1): [code] for code in range(1, 12)}
    assert setting(found, "csat") == {"scale": [1, 5], "missing": [99]}
    assert setting(found, "ces") == {"scale": [1, 5], "reversed": True}
    found = guessed(french(tmp_path))
    assert setting(found, "nps") == {"scale": [1, 10]}
    assert setting(found, "responded_at") == {"format": "%d/%m/%Y"}
    assert setting(found, "csat")["codes"]["1"] == ["Pas du tout satisfait"]


def test_tables_are_told_apart_and_share_their_customers_by_value(tmp_path):
    found = guessed(dutch_bills(tmp_path), spanish_crm(tmp_path), french(tmp_path))
    assert [draft.name for draft in found.tables] == ["responses", "customers", "revenue"]
    assert columns_of(found)["customer_id"] == ("Dossier",)
    crm = columns_of(found, "customers")
    assert crm["customer_id"] == ("Código de cliente",)
    assert crm["since"] == ("Fecha de alta",)
    assert {"region", "plan"} <= set(crm)
    assert set(found.table("customers").personal) == {"Nombre", "Correo electrónico"}
    bills = columns_of(found, "revenue")
    assert bills == {"customer_id": ("Relatienummer",), "month": ("Factuurmaand",), "revenue": ("Bedrag EUR",)}
    assert setting(found, "month", "revenue") == {"format": "%Y-%m"}
    assert setting(found, "revenue", "revenue") == {"decimal": ","}
    assert found.currency == "EUR"


@pytest.mark.parametrize("export", EXPORTS, ids=lambda export: export.__name__)
def test_what_init_writes_runs_at_once(export, tmp_path, project):
    made = make_study([export(tmp_path)], project / "data" / "mine")
    assert made.question == ""
    checked = check(made.run_file)
    assert checked.ready, checked
    assert checked.tables["responses"].accepted == ROWS
    run = load_run(made.run_file)
    loaded = study_data.load(load_study(run.study_path), run.period, run.compare_to)
    nps = loaded.responses["nps"]
    assert nps.notna().all()
    # Each export's answers were drawn from a seed of its own; the first rows hold every step in order.
    low = 1 if export is french else 0
    assert study_data.load(load_study(run.study_path)).responses["nps"].head(11 - low).tolist() == [*range(low, 11)]


def test_three_tables_become_a_study_that_joins(tmp_path, project):
    made = make_study([french(tmp_path), spanish_crm(tmp_path), dutch_bills(tmp_path)], project / "data" / "mine")
    assert check(made.run_file).ready
    loaded = study_data.load(load_study(made.study_file))
    assert {"region", "plan", "tenure"} <= set(loaded.responses)
    assert loaded.responses["region"].notna().all()
    # The bills of the first customer: place 0 gives 20,10 in each month.
    first = loaded.revenue[loaded.revenue["customer_id"].eq("K00001")]
    assert first["revenue"].tolist() == [20.10] * 4


@pytest.mark.parametrize("export", EXPORTS, ids=lambda export: export.__name__)
def test_nothing_personal_is_in_what_init_writes_or_says(export, tmp_path, project):
    made = make_study([export(tmp_path)], project / "data" / "mine")
    said = "\n".join([made.study_file.read_text(), made.run_file.read_text(), *summary(made)])
    for secret in (*SECRETS, "Smith", "mail.example", "198.51.100", "came late"):
        assert secret not in said


def test_originals_stay_and_several_files_of_a_layout_are_one_table(tmp_path, project):
    path = qualtrics(tmp_path)
    lines = path.read_text().splitlines(keepends=True)
    second = tmp_path / "later.csv"
    moved = [line.replace("R_", "S_").replace("2026-0", "2027-0") for line in lines[3:]]
    second.write_text("".join([*lines[:3], *moved]))
    before = path.read_bytes(), second.read_bytes()
    made = make_study([path, second], project / "data" / "mine")
    assert (path.read_bytes(), second.read_bytes()) == before
    assert load_study(made.study_file).responses.source == "responses/*.csv"
    assert sorted(file.name for file in (made.study_file.parent / "responses").iterdir()) == [
        "later.csv",
        "qualtrics.csv",
    ]


def test_two_likelihood_questions_are_a_question(tmp_path, project):
    columns = {
        "Response ID": range(ROWS),
        "Date": DAYS.strftime("%Y-%m-%d"),
        "Recommend us": scores(0, 10, 1),
        "Recommend our shop": scores(0, 10, 2),
    }
    path = tmp_path / "two.csv"
    path.write_text(text([list(columns)], columns.values()))
    made = make_study([path], project / "data" / "mine")
    assert "'Recommend us' or 'Recommend our shop'" in made.question
    written = made.study_file.read_text()
    assert "# ? nps: {from: Recommend us, scale: [0, 10]}" in written
    assert "# ? nps: {from: Recommend our shop, scale: [0, 10]}" in written
    # Taking the mark away is all that is needed.
    made.study_file.write_text(written.replace("# ? nps: {from: Recommend us,", "nps: {from: Recommend us,"))
    assert check(made.run_file).ready


def test_dates_that_read_both_ways_are_a_question(tmp_path, project):
    days = [f"0{1 + row % 9}/0{1 + row % 7}/2026" for row in range(ROWS)]
    path = tmp_path / "days.csv"
    path.write_text(text([["id", "Date", "NPS"]], [range(ROWS), days, scores(0, 10, 1)]))
    made = make_study([path], project / "data" / "mine")
    assert "%d/%m/%Y or %m/%d/%Y" in made.question
    assert load_study(made.study_file).responses.columns.keys() == {"response_id", "nps"}


def test_no_rating_at_all_is_a_question_and_an_amount_of_unclear_marks_too(tmp_path):
    path = tmp_path / "none.csv"
    path.write_text(text([["id", "region"]], [range(ROWS), ["a", "b"] * (ROWS // 2)]))
    assert [guess.role for guess in guessed(path).questions] == ["csat"]
    bills = tmp_path / "bills.csv"
    bills.write_text(
        text(
            [["customer id", "month", "amount"]],
            [customers(80) * 3, ["2026-01-01"] * 240, ["1.234", "2.500", "3.100"] * 80],
        )
    )
    found = guessed(qualtrics(tmp_path), bills)
    assert [guess.role for guess in found.questions] == ["revenue"]


def test_a_column_a_month_is_refused_in_a_sentence(tmp_path):
    wide = tmp_path / "wide.csv"
    wide.write_text(
        text(
            [["customer", "2026-01", "2026-02", "2026-03"]],
            [customers(), *[scores(10, 90, seed) for seed in (1, 2, 3)]],
        )
    )
    found = guessed(qualtrics(tmp_path), wide)
    assert found.left_out == {"wide.csv": "holds a column a month; turn it into one row a customer and month"}
    with pytest.raises(StudyError, match=r"wide\.csv holds a column a month"):
        guessed(wide)


@pytest.mark.parametrize(
    ("cells", "form", "other"),
    [
        (["13/02/2026", "01/02/2026"], "%d/%m/%Y", ""),
        (["02/13/2026 4:05 PM", "02/01/2026 4:05 PM"], "%m/%d/%Y %I:%M %p", ""),
        (["01/02/2026", "03/04/2026"], "%d/%m/%Y", "%m/%d/%Y"),
        (["13/02/2026", "02/13/2026"], "%d/%m/%Y", "%m/%d/%Y"),
        (["2026-02-13T10:00:00Z", "2026-02-01T10:00:00Z"], None, ""),
        (["46066.5", "46067"], None, ""),
        (["13.02.26", "14.02.26"], "%d.%m.%y", ""),
        (["2026/02/13 10:00:01", "2026/02/01 10:00:01"], "%Y/%m/%d %H:%M:%S", ""),
        (["13 Feb 2026", "1 Mar 2026"], "%d %b %Y", ""),
        (["202601", "202602"], "%Y%m", ""),
    ],
)
def test_a_date_format_is_told_by_the_cells_alone(cells, form, other):
    found = date_format(profile(cells))
    assert found is not None
    assert {found.form, found.other} == {form, other}


def test_numbers_and_words_are_no_dates():
    assert date_format(profile(["1", "2", "10"])) is None
    assert date_format(profile(["one", "two"])) is None
    assert date_format(profile(["12345", "99999"])) is None


@pytest.mark.parametrize(
    ("phrase", "where"),
    [
        ("Very satisfied", 3),
        ("Dissatisfied", -2),
        ("Neither satisfied nor dissatisfied", 0),
        ("Not at all likely", -3),
        ("eher zufrieden", 1),
        ("Sehr unzufrieden", -3),
        ("sehr schwierig", -3),
        ("Stimme voll und ganz zu", 3),
        ("Stimme eher nicht zu", -1),
        ("Plutôt satisfait", 1),
        ("Pas du tout satisfait", -3),
        ("Tout à fait d'accord", 3),
        ("Pas d'accord", -2),
        ("Muy satisfecho", 3),
        ("En desacuerdo", -2),
        ("Muy difícil", -3),
        ("Zeer tevreden", 3),
        ("Ontevreden", -2),
        ("Helemaal oneens", -3),
        ("Very low effort", 3),
        ("Sehr hoher Aufwand", -3),
        ("Ottilie Quandt", 0),
        ("North", 0),
    ],
)
def test_words_of_a_scale_stand_on_their_side(phrase, where):
    assert side(phrase) == where


@pytest.mark.parametrize(
    ("cells", "wording", "ends", "missing"),
    [
        (["2", "3", "4", "5"], "", (1, 5), []),
        (["1", "7", "99"], "", (1, 7), [99]),
        (["0", "3", "5"], "", (1, 5), [0]),
        (["2", "3"], "On a scale of 1 to 5, how satisfied are you?", (1, 5), []),
        (["2", "6", "9"], "Bewerten Sie auf einer Skala von 0 bis 10", (0, 10), []),
        (["0", "2", "9"], "1 = very poor, 10 = excellent, 0 = does not apply", (1, 10), [0]),
        (["71.5", "12", "100", "0"], "", (0, 100), []),
        (["4", "5", "N/A", "weiß nicht"], "", (1, 5), ["N/A", "weiß nicht"]),
    ],
)
def test_a_scale_is_told_by_wording_and_answers(cells, wording, ends, missing):
    found = scale_of(profile(cells * 10, "Q1", wording))
    assert found is not None
    assert (found.low, found.high) == ends
    assert sorted(map(str, found.missing)) == sorted(map(str, missing))


def test_words_that_nobody_knows_become_no_codes():
    assert scale_of(profile(["Ottilie Quandt", "Bea", "Cem", "Dora"] * 10)) is None
    found = scale_of(profile(["Very satisfied", "Satisfied", "Neither", "Dissatisfied"] * 60 + [SECRETS[0]]))
    assert found is not None
    assert SECRETS[0] not in str(found.codes)


@pytest.mark.parametrize(
    ("name", "cells", "expected"),
    [
        ("contact", [f"a{row}@b.example" for row in range(30)], True),
        ("Vorname", [f"N{row}" for row in range(30)], True),
        ("client address", [f"10.0.0.{row}" for row in range(30)], True),
        ("airline_name", [f"air {row}" for row in range(30)], False),
        ("Phone", ["1", "2", "3", "4", "5"] * 6, False),
        ("Phone service", ["Yes", "No"] * 15, False),
    ],
)
def test_personal_columns_are_told_by_cells_before_names(name, cells, expected):
    assert is_personal(profile(cells, name)) is expected


@pytest.mark.parametrize(
    "value", ["NO", "1", "a: b", "x # y", "- a", "'", "Ü [x]", "line\nbreak", "%d", "{a}", "\u2028", "null", "99.0"]
)
def test_every_value_comes_back_from_the_file(value, tmp_path):
    path = tmp_path / "x.yaml"
    path.write_text(f"key: {flow({'from': value, 'list': [value, 1]})}\n", encoding="utf-8")
    assert read_yaml(path) == {"key": {"from": value, "list": [value, 1]}}


def test_a_mapping_of_one_pair_keeps_its_brackets():
    assert flow({"csat": [1]}) == "{csat: [1]}"


def test_a_file_that_asked_on_another_scale_changes_the_scale_for_its_days(tmp_path, project):
    paths = []
    for place, (quarter, low, high) in enumerate([("2026-01", 1, 5), ("2026-04", 0, 100), ("2026-07", 1, 5)]):
        days = [f"{quarter}-{1 + row % 28:02d}" for row in range(ROWS)]
        ids = [f"R{place}{row:04d}" for row in range(ROWS)]
        paths.append(tmp_path / f"{quarter}.csv")
        columns = [ids, days, scores(low, high, place), scores(0, 10, 70 + place)]
        paths[-1].write_text(text([["Response ID", "Date", "Satisfaction", "Recommend"]], columns))
    made = make_study(paths, project / "data" / "mine")
    responses = load_study(made.study_file).responses
    assert responses.columns["csat"].scale == (1, 5)
    change = responses.scale_changes["csat"][0]
    assert (str(change.since), str(change.until), change.scale) == ("2026-04-01", "2026-04-28", (0, 100))
    assert check(made.run_file).tables["responses"].accepted == 3 * ROWS


def test_an_odd_column_name_does_not_break_the_file(tmp_path, project):
    odd = "Recommend? # not: {a comment}\n- second line"
    path = tmp_path / "odd.csv"
    path.write_text(text([["id", "Date", odd]], [range(ROWS), DAYS.strftime("%Y-%m-%d"), scores(0, 10, 1)]))
    made = make_study([path], project / "data" / "mine", title="A: 'title' # with marks")
    study = load_study(made.study_file)
    assert study.title == "A: 'title' # with marks"
    assert " ".join(study.responses.columns["nps"].sources[0].split()) == " ".join(odd.split())
    assert check(made.run_file).ready


def test_the_period_is_the_latest_complete_quarter(tmp_path, project):
    days = [*(["2026-05-10"] * 40), *(["2026-08-20"] * 150), *(["2026-09-29"] * 10), *(["2026-10-04"] * 40)]
    path = tmp_path / "p.csv"
    path.write_text(text([["id", "Date", "NPS"]], [range(ROWS), days, scores(0, 10, 1)]))
    assert load_run(make_study([path], project / "data" / "mine").run_file).period == "2026Q3"
    undated = tmp_path / "u.csv"
    undated.write_text(text([["id", "NPS"]], [range(ROWS), scores(0, 10, 1)]))
    assert load_run(make_study([undated], project / "data" / "undated").run_file).period == "all"


def test_an_existing_study_or_run_is_never_overwritten(tmp_path, project):
    path = qualtrics(tmp_path)
    made = make_study([path], project / "data" / "mine")
    before = made.study_file.read_bytes()
    with pytest.raises(StudyError, match=r"data/mine: is there already and is never overwritten"):
        make_study([path], project / "data" / "mine")
    assert made.study_file.read_bytes() == before
    (project / "params" / "other.yaml").write_text("study: mine\n")
    with pytest.raises(StudyError, match=r"params/other.yaml: is there already"):
        make_study([path], project / "data" / "other")
    assert not (project / "data" / "other").exists()


@pytest.mark.parametrize("content", [b"", b"\x00\x01PK", b"a,b\n"])
def test_an_unreadable_export_leaves_nothing_behind(content, tmp_path, project):
    broken = tmp_path / "broken.csv"
    broken.write_bytes(content)
    with pytest.raises(StudyError, match=r"broken\.csv"):
        make_study([qualtrics(tmp_path), broken], project / "data" / "mine")
    assert list((project / "data").iterdir()) == []
    assert list((project / "params").iterdir()) == []


def test_a_study_file_that_cannot_be_read_back_is_never_written(tmp_path, project, monkeypatch):
    def refuse(path: Path) -> None:
        raise StudyError(f"{path.name}: is wrong.")

    monkeypatch.setattr("cxresearch.init.make.load_study", refuse)
    with pytest.raises(StudyError, match=r"study\.yaml: is wrong"):
        make_study([french(tmp_path)], project / "data" / "mine")
    assert list((project / "data").iterdir()) == []
    assert list((project / "params").iterdir()) == []


def run_init(project: Path, *arguments: object) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "cxresearch.cli", "init", *map(str, arguments)]
    return subprocess.run(command, cwd=project, capture_output=True, text=True, timeout=120)


def test_the_command_ends_with_the_next_one_or_with_the_question(tmp_path, project):
    good = run_init(project, qualtrics(tmp_path), "--out", "data/good")
    assert good.returncode == 0, good.stderr
    assert "make report RUN=params/good.yaml" in good.stdout
    days = [f"0{1 + row % 9}/0{1 + row % 7}/2026" for row in range(ROWS)]
    path = tmp_path / "days.csv"
    path.write_text(text([["id", "Date", "NPS"]], [range(ROWS), days, scores(0, 10, 1)]))
    open_ = run_init(project, path, "--out", "data/open", "--yes")
    assert open_.returncode == 2
    assert len(open_.stderr.splitlines()) == 1
    assert "%d/%m/%Y or %m/%d/%Y" in open_.stderr
    assert (project / "params" / "open.yaml").is_file()


def typed(project: Path, arguments: list[str], answers: list[str]) -> tuple[int, str]:
    """Run init on a terminal, answer each prompt, and return exit code and all that was shown."""
    leader, follower = pty.openpty()
    process = subprocess.Popen(
        [sys.executable, "-m", "cxresearch.cli", "init", *arguments],
        cwd=project,
        stdin=follower,
        stdout=follower,
        stderr=follower,
        close_fds=True,
    )
    os.close(follower)
    shown, waiting, end = "", list(answers), time.monotonic() + 60
    while time.monotonic() < end:
        ready, _, _ = select.select([leader], [], [], 0.2)
        try:
            shown += os.read(leader, 65536).decode() if ready else ""
        except OSError:  # the other end is closed
            break
        if waiting and len(re.findall(r"^  \w+ \[.*\] ", shown, re.MULTILINE)) > len(answers) - len(waiting):
            os.write(leader, f"{waiting.pop(0)}\n".encode())
        if not ready and process.poll() is not None:
            break
    os.close(leader)
    return process.wait(timeout=30), shown


def test_on_a_terminal_the_unsure_is_asked_and_a_person_decides(tmp_path, project):
    days = [f"0{1 + row % 9}/0{1 + row % 7}/2026" for row in range(ROWS)]
    columns = {
        "id": range(ROWS),
        "Date": days,
        "Recommend us": scores(0, 10, 1),
        "Recommend our shop": scores(0, 10, 2),
        "Name": personal()["name"],
    }
    path = tmp_path / "two.csv"
    path.write_text(text([list(columns)], columns.values()))
    code, shown = typed(project, [str(path), "--out", "data/mine"], ["%m/%d/%Y", "Recommend our shop"])
    assert code == 0, shown
    study = load_study(project / "data" / "mine" / "study.yaml")
    assert study.responses.columns["responded_at"].format == "%m/%d/%Y"
    assert study.responses.columns["nps"].sources == ["Recommend our shop"]
    assert "99/99/9999" in shown
    assert not any(secret in shown for secret in SECRETS)


def test_two_hundred_thousand_rows_take_seconds(tmp_path):
    rows = 200_000
    rng = np.random.default_rng(0)
    frame = pd.DataFrame(
        {
            "ResponseId": [f"R{row:07d}" for row in range(rows)],
            "EndDate": pd.date_range("2024-01-01", periods=rows, freq="5min").strftime("%d/%m/%Y %H:%M:%S"),
            "NPS": rng.integers(0, 11, rows).astype(str),
            "Why": [f"it was number {row} that I did not like at all" for row in range(rows)],
            **{f"rate_{item}": rng.integers(1, 8, rows).astype(str) for item in range(12)},
            "region": rng.choice(["N", "S"], rows),
        },
        dtype="str",
    )
    began = time.process_time()
    found = drafts([(tmp_path / "big.csv", Source("big.csv", frame))])
    assert time.process_time() - began < 8
    assert setting(found, "responded_at") == {"format": "%d/%m/%Y %H:%M:%S"}
    assert len(columns_of(found)["drivers"]) == 12


REAL = {
    "nps_verbatims/verbatim.csv": {
        "responded_at": ("CUSTOMER_RESPONSE_DATE",),
        "nps": ("NPS_SCORE",),
        "verbatim": ("text",),
    },
    "spss/bank_satisfaction.sav": {"customer_id": ("ID",), "csat": ("Overall",)},
    "skytrax/lounge.csv.gz": {"responded_at": ("date",), "csat": ("overall_rating",), "verbatim": ("content",)},
    "skytrax/airline_sample.csv.gz": {"responded_at": ("date",), "csat": ("overall_rating",)},
    "ibm_telco/telco_merged.csv.gz": {"customer_id": ("Customer ID",), "csat": ("Satisfaction Score",)},
    "qualtrics_export/qualtrics.csv": {
        "response_id": ("ResponseId",),
        "responded_at": ("EndDate",),
        "condition": ("condition",),
    },
    "survey_api/apistrat.csv.gz": {"weight": ("pw",)},
}


@pytest.mark.parametrize("name", REAL)
def test_real_exports_are_read_right(name, shared):
    roles = columns_of(guessed(shared(f"data/{name}")))
    assert {role: roles.get(role) for role in REAL[name]} == REAL[name]


def test_made_is_complete_where_no_question_is_open(tmp_path, project):
    made = make_study([spss(tmp_path)], project / "data" / "mine")
    assert isinstance(made, Made)
    assert made.question == ""
    assert made.study_file == project / "data" / "mine" / "study.yaml"
