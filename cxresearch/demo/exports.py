"""The raw exports: each table in the format in which its source system writes it."""

import json

import numpy as np
import pandas as pd
import pyarrow as pa

from cxresearch.demo import employees, planted
from cxresearch.demo.billing import MONTHS
from cxresearch.demo.company import CRM_ENCODING
from cxresearch.demo.finance import acquisition, benchmarks
from cxresearch.demo.formats import csv_bytes, gzip_bytes, parquet_bytes, sav_bytes, xlsx_bytes
from cxresearch.demo.surveys import TIMEZONE
from cxresearch.demo.world import World

STAMP = "%Y-%m-%d %H:%M:%S"
SYSTEM_COLUMNS = {  # column: what Qualtrics writes in the second and third header row
    "StartDate": ("Start Date", "startDate"),
    "EndDate": ("End Date", "endDate"),
    "Status": ("Response Type", "status"),
    "Progress": ("Progress", "progress"),
    "Duration (in seconds)": ("Duration (in seconds)", "duration"),
    "Finished": ("Finished", "finished"),
    "RecordedDate": ("Recorded Date", "recordedDate"),
    "ResponseId": ("Response ID", "_recordId"),
    "DistributionChannel": ("Distribution Channel", "distributionChannel"),
    "UserLanguage": ("User Language", "userLanguage"),
}
DATED = ("StartDate", "EndDate", "RecordedDate")
RATING_STEM = (
    "How do you rate Halden Telecom on each of these?\n1 = very poor, 10 = excellent, 0 = does not apply to me - {}"
)
RATED = {
    "network": "Mobile network where I am",
    "speed": "Speed and stability of the internet at home",
    "value": "Value for money",
    "billing": "Clear and correct bills",
    "app": "App and website",
    "staff": "Friendly and competent staff",
    "repair": "Faults are put right quickly",
}
QUESTIONS = {
    "Q1": "How likely are you to recommend Halden Telecom to a friend or colleague?\n\n"
    "0 = not at all likely, 10 = extremely likely",
    "Q1_why": "What is the main reason for your score?",
    "Q2": "Overall, how satisfied are you with Halden Telecom?\n1 = very dissatisfied, 5 = very satisfied",
    "Q3": "How easy was it to deal with us?\n1 = very easy, 7 = very difficult",
    "Q4": "Was your request settled at the first contact?",
    **{f"Q5_{place}": RATING_STEM.format(label) for place, label in enumerate(RATED.values(), start=1)},
}
SLIDER_QUESTION = "Overall, how satisfied are you with Halden Telecom?\n0 = very dissatisfied, 100 = very satisfied"
EMBEDDED = ("survey_type", "cust_no", "account", "tp", "team", "contact_id", "renewal", "arm", "invitation_id")


def exports(world: World) -> dict[str, bytes]:
    """Return every raw export.

    Parameters
    ----------
    world
        The company.

    Returns
    -------
    dict
        Path below the study's folder to content.
    """
    surveys = {f"exports/{quarter}.csv": qualtrics(world, number) for number, quarter in enumerate(planted.QUARTERS)}
    return surveys | {
        "crm.csv": crm(world),
        "billing.parquet": revenue(world),
        "invitations.csv.gz": gzip_bytes(invitations(world)),
        "contacts.csv.gz": gzip_bytes(contacts(world)),
        "answers.csv.gz": gzip_bytes(module_answers(world)),
        "employees.sav": staff(world),
        "finance.xlsx": xlsx_bytes({"acquisition": acquisition(world), "benchmarks": benchmarks()}),
        "feedback.csv": feedback(world),
    }


def qualtrics(world: World, number: int) -> bytes:
    """Return the survey platform's export of one quarter: three header rows, UTF-8 with a byte-order mark."""
    rows = world.rows[world.rows["wave"] == number]
    columns = _answer_columns(rows, world)
    names = list(columns)
    records = [names, *_header_rows(names, number), *zip(*columns.values(), strict=True)]
    return csv_bytes(records, encoding="utf-8-sig", newline="\r\n")


def _header_rows(names: list[str], number: int) -> list[list[str]]:
    """Return the second and third header row: question texts, and the ids of import in JSON."""
    texts, ids = [], []
    for name in names:
        text, imported = SYSTEM_COLUMNS.get(name, (QUESTIONS.get(name, name), f"QID_{name}"))
        slider = name == "Q2" and planted.QUARTERS[number] == planted.BROKEN_SCALE[1]
        texts.append(SLIDER_QUESTION if slider else text)
        zone = {"timeZone": "UTC"} if name in DATED else {}
        ids.append(json.dumps({"ImportId": name if name in EMBEDDED else imported} | zone, separators=(",", ":")))
    return [texts, ids]


def _answer_columns(rows: pd.DataFrame, world: World) -> dict[str, list[str]]:
    """Return the cells of an export, column by column."""
    ended = _utc(rows["ended_at"])
    known = rows["customer"] >= 0
    people = world.customers.loc[rows["customer"].clip(lower=0), ["customer_id", "account"]]
    ids, accounts = (people[name].to_numpy(dtype=object) for name in people)
    contact = world.contacts["contact_id"].to_numpy(dtype=object)[rows["contact"]]
    cells = {
        "StartDate": (ended - pd.to_timedelta(rows["duration"], unit="s")).dt.strftime(STAMP),
        "EndDate": ended.dt.strftime(STAMP),
        "Status": rows["status"],
        "Progress": rows["progress"],
        "Duration (in seconds)": rows["duration"],
        "Finished": rows["finished"],
        "RecordedDate": (ended + pd.to_timedelta(1 + rows["duration"] % 2, unit="s")).dt.strftime(STAMP),
        "ResponseId": rows["response_id"],
        "DistributionChannel": rows["mode"].where(rows["status"] != 1, "preview"),
        "UserLanguage": rows["language"],
        "Q1": rows["nps"],
        "Q1_why": rows["text"],
        "Q2": rows["csat_cell"],
        "Q3": 8 - rows["ces"],
        "Q4": rows["fcr"],
        **{f"Q5_{place}": rows[name] for place, name in enumerate(planted.DRIVERS, start=1)},
        "survey_type": rows["survey"].map({"relationship": "R", "transactional": "T"}),
        "cust_no": pd.Series(ids, rows.index).where(known, ""),
        "account": pd.Series(accounts, rows.index).where(known, ""),
        "tp": rows["touchpoint"],
        "team": rows["team"],
        "contact_id": pd.Series(contact, rows.index).where(known & (rows["contact"] >= 0), ""),
        "renewal": rows["window"],
        "arm": rows["arm"],
        "invitation_id": rows["invitation_id"],
    }
    return {name: [_cell(value) for value in values] for name, values in cells.items()}


def _cell(value: object) -> str:
    """Return a value as the text of a cell: nothing for a missing one, whole numbers without a point."""
    if value is None or value is pd.NA or (isinstance(value, float) and np.isnan(value)):
        return ""
    return str(int(value)) if isinstance(value, float) and value.is_integer() else str(value)


def _utc(local: pd.Series) -> pd.Series:
    """Return local moments in UTC, as the platform writes them."""
    return local.dt.tz_localize(TIMEZONE).dt.tz_convert("UTC").dt.tz_localize(None)


def crm(world: World) -> bytes:
    """Return the CRM's extract: semicolons, cp1252, German dates, decimal commas."""
    frame, last = world.customers, world.billing.last_month()
    left = [MONTHS[month].end_time.strftime("%d.%m.%Y") if 0 <= month < len(MONTHS) - 1 else "" for month in last]
    fee = frame["plan"].map({name: f"{plan.price:.2f}".replace(".", ",") for name, plan in planted.PLANS.items()})
    columns = {
        "id": frame["customer_id"],
        "name": frame["name"],
        "account": frame["account"],
        "plan": frame["plan"],
        "fee": fee,
        "access": frame["access"],
        "region": frame["crm_region"],
        "district": frame["district"],
        "cycle": frame["billing_cycle"],
        "signup_date": frame["since"].dt.strftime("%d.%m.%Y"),
        "end_date": left,
        "channel": frame["channel"],
        "consent": frame["consent"].map({True: "J", False: "N"}),
    }
    records = [list(columns), *zip(*(list(cells) for cells in columns.values()), strict=True)]
    return csv_bytes(records, delimiter=";", encoding=CRM_ENCODING, newline="\r\n")


def revenue(world: World) -> bytes:
    """Return the bills: customer, month, net EUR; no rows once a customer has left."""
    customer, month = np.nonzero(world.billing.active)
    days = np.array([period.start_time.date() for period in MONTHS], dtype="datetime64[D]")
    table = pa.table(
        {
            "customer_id": pa.array(world.customers["customer_id"].to_numpy(dtype=object)[customer], pa.string()),
            "month": pa.array(days[month], pa.date32()),
            "net_eur": pa.array(world.billing.revenue[customer, month], pa.float64()),
        }
    )
    return parquet_bytes(table)


def invitations(world: World) -> bytes:
    """Return all invitations, answered or not."""
    frame, ids = world.invited, world.customers["customer_id"].to_numpy(dtype=object)
    contact = np.where(frame["contact"] >= 0, world.contacts["contact_id"].to_numpy(dtype=object)[frame["contact"]], "")
    columns = {
        "invitation_id": frame["invitation_id"],
        "cust_no": ids[frame["customer"]],
        "invited_on": frame["invited_at"].dt.strftime("%Y-%m-%d"),
        "survey_type": frame["survey"].map({"relationship": "R", "transactional": "T"}),
        "channel": frame["mode"],
        "tp": frame["touchpoint"],
        "contact_id": contact,
        "renewal": frame["window"].astype(str),
        "arm": frame["arm"],
    }
    return csv_bytes([list(columns), *zip(*(list(cells) for cells in columns.values()), strict=True)])


def contacts(world: World) -> bytes:
    """Return all service contacts."""
    frame, ids = world.contacts, world.customers["customer_id"].to_numpy(dtype=object)
    columns = {
        "contact_id": frame["contact_id"],
        "cust_no": ids[frame["customer"]],
        "contacted_at": frame["contacted_at"].dt.strftime("%Y-%m-%d %H:%M"),
        "tp": frame["touchpoint"],
        "handled_by": frame["handled_by"],
        "team": frame["team"],
        "response_minutes": frame["response_minutes"].astype(str),
        "resolved_first": frame["resolved_first"].astype(str),
    }
    return csv_bytes([list(columns), *zip(*(list(cells) for cells in columns.values()), strict=True)])


def module_answers(world: World) -> bytes:
    """Return the answers to the inserted questions, long."""
    frame, ids = world.module_answers, world.customers["customer_id"].to_numpy(dtype=object)
    table = frame.assign(customer=ids[frame["customer"]]).rename(
        columns={"response_id": "ResponseId", "customer": "cust_no"}
    )
    return csv_bytes([list(table.columns), *table.itertuples(index=False, name=None)])


def staff(world: World) -> bytes:
    """Return the employee survey as an SPSS file with labels and declared missing values."""
    items = {**employees.ITEMS, "ENGAGE": "Engagement, mean of E1 to E5"}
    return sav_bytes(
        world.staff,
        file_label="Halden Telecom employee survey",
        column_labels={"TEAM": "Team", "WAVE": "Quarter", "ROLE": "Role", **items},
        variable_value_labels={"ROLE": employees.ROLES} | {name: employees.AGREEMENT for name in employees.ITEMS},
        missing_ranges={name: [employees.PREFER_NOT] for name in items},
        variable_format={"TEAM": "A10", "WAVE": "A6", "ROLE": "F1.0", "ENGAGE": "F4.2"}
        | {name: "F1.0" for name in employees.ITEMS},
        variable_measure={"TEAM": "nominal", "WAVE": "ordinal", "ROLE": "nominal"}
        | {name: "ordinal" for name in employees.ITEMS},
    )


def feedback(world: World) -> bytes:
    """Return reviews, chats and complaints."""
    frame, ids = world.feedback, world.customers["customer_id"].to_numpy(dtype=object)
    columns = {
        "feedback_id": frame["feedback_id"],
        "cust_no": [ids[customer] if customer >= 0 else "" for customer in frame["customer"]],
        "created_at": frame["at"].dt.strftime("%Y-%m-%d %H:%M"),
        "source": frame["source"],
        "stars": [_cell(value) for value in frame["rating"]],
        "text": frame["text"],
    }
    return csv_bytes([list(columns), *zip(*(list(cells) for cells in columns.values()), strict=True)])
