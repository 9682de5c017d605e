"""What goes wrong with answers: break-offs, speeders, straight-liners, second answers, tests, spam, a broken scale."""

import numpy as np
import pandas as pd

from cxresearch.demo import planted
from cxresearch.demo.dice import stream

RATINGS = list(planted.DRIVERS)
AFTER_COMMENT = ["csat", "ces", "fcr", *RATINGS]
SPAM_TEXTS = (
    "Best rates on loans, visit cheap-credit.example now",
    "asdf asdf asdf",
    "CLICK HERE to win a new phone >>> http://prize.example/win",
    "qwertyuiop",
    "I make 4000 a week from home, ask me how",
    "test test lol",
)
TEST_TEXTS = ("test", "Test Umfrage Q3", "pls ignore, checking the routing", "testing the sms link")


def spoil(answers: pd.DataFrame, seed: int) -> pd.DataFrame:
    """Return the answers as the survey platform holds them, with everything that went wrong.

    Parameters
    ----------
    answers
        Table of `surveys.answers` with a column `text`.
    seed
        Seed of the company.

    Returns
    -------
    pandas.DataFrame
        All rows in the order of time, with `status` (0 an answer, 1 preview, 2 test, 8 spam), `finished` (0/1),
        `progress`, the cells `nps` and `csat_cell` as text, and `defect` (what was planted in the row, "" in a good
        one).
    """
    rng = stream(seed, "defects")
    rows = answers.assign(status=0, finished=1, progress=100, defect="")
    rows["nps"] = rows["score"].astype(str)
    broken = rows["wave"] == planted.QUARTERS.index(planted.BROKEN_SCALE[1])
    rows["csat_cell"] = rows["csat"].where(~broken, rows["slider"]).astype(str)
    for plant in (_break_off, _leave_at_once, _missing_codes, _speed, _straight_line):
        rows = plant(rows, rng)
    rows = pd.concat([rows, _second_answers(rows, rng), _no_answers(rows, rng)], ignore_index=True)
    rows = pd.concat([rows, _copies(rows, rng)], ignore_index=True)
    rows["ended_at"] = rows["responded_at"]
    return rows.sort_values(["responded_at", "response_id"], kind="stable", ignore_index=True)


def _good(rows: pd.DataFrame) -> pd.Index:
    """Return the rows in which nothing has been planted yet."""
    return rows.index[rows["defect"] == ""]


def _break_off(rows: pd.DataFrame, rng: np.random.Generator) -> pd.DataFrame:
    """Return the rows with break-offs after the score; long modules add some at the end."""
    draw, added = rng.random(len(rows)), rows["arm"].map(planted.ARM_PARTIAL).fillna(0).to_numpy()
    early, late = draw < planted.PARTIAL_SHARE, draw > 1 - added
    kept = rng.integers(0, 4, len(rows))
    for position, column in enumerate(AFTER_COMMENT):
        cell = "csat_cell" if column == "csat" else column
        lost = early & (position >= kept * 2)
        rows[cell] = rows[cell].astype(object).where(~lost, None)
    rows.loc[early & (kept == 0), "text"] = rows["text"].where(rng.random(len(rows)) < 0.4, "")
    progress = np.where(early, 20 + 15 * kept, np.where(late, 80, 100))
    return rows.assign(
        progress=progress,
        finished=np.where(early | late, 0, 1),
        defect=np.where(early, "partial", np.where(late, "partial in a module", "")),
        duration=np.where(early, (rows["duration"] * 0.45).astype(int), rows["duration"]),
    )


def _leave_at_once(rows: pd.DataFrame, rng: np.random.Generator) -> pd.DataFrame:
    """Return the rows with some that were opened and left without an answer."""
    good = _good(rows)
    left = good[rng.random(len(good)) < planted.NO_SCORE_SHARE]
    rows.loc[left, ["nps", "csat_cell", "text", "ces", "fcr", *RATINGS]] = None
    rows.loc[left, "text"] = ""
    rows.loc[left, "progress"], rows.loc[left, "finished"] = 5, 0
    rows.loc[left, "duration"] = rng.integers(4, 25, len(left))
    rows.loc[left, "defect"] = "no answer at all"
    return rows


def _missing_codes(rows: pd.DataFrame, rng: np.random.Generator) -> pd.DataFrame:
    """Return the rows with some scores that are declared codes for no answer."""
    good = _good(rows)
    chosen = good[rng.random(len(good)) < 0.008]
    rows.loc[chosen, "nps"] = rng.choice(planted.MISSING_CODES, len(chosen), p=[0.7, 0.3])
    rows.loc[chosen, "defect"] = "missing code"
    easy = good[rng.random(len(good)) < 0.006]
    rows.loc[easy, "ces"] = -91  # 8 - 99: written as 99 after reversing
    return rows


def _speed(rows: pd.DataFrame, rng: np.random.Generator) -> pd.DataFrame:
    """Return the rows with some that were filled in faster than anyone can read."""
    chosen = rng.choice(_good(rows), planted.SPEEDERS, replace=False)
    seconds = np.where(rows.loc[chosen, "survey"] == "relationship", 58, 26)
    rows.loc[chosen, "duration"] = np.rint(seconds * rng.uniform(0.3, 1.0, len(chosen))).astype(int)
    rows.loc[chosen, "defect"] = "speeder"
    return rows


def _straight_line(rows: pd.DataFrame, rng: np.random.Generator) -> pd.DataFrame:
    """Return the rows with some that rate every driver alike."""
    good = _good(rows)
    chosen = rng.choice(good[rows.loc[good, "survey"] == "relationship"], planted.STRAIGHT_LINERS, replace=False)
    value = rng.choice([5, 7, 8, 10], len(chosen), p=[0.25, 0.2, 0.2, 0.35])
    for name in RATINGS:
        rows.loc[chosen, name] = value
    rows.loc[chosen, "defect"] = "straight-liner"
    return rows


def _second_answers(rows: pd.DataFrame, rng: np.random.Generator) -> pd.DataFrame:
    """Return second answers of customers who used the reminder's link as well: later, another id, a point off."""
    good = _good(rows)
    chosen = rng.choice(good[rows.loc[good, "survey"] == "relationship"], planted.TWICE_ANSWERED, replace=False)
    again = rows.loc[chosen].copy()
    again["responded_at"] += pd.to_timedelta(rng.integers(30, 40 * 60, len(again)), unit="m")
    again["response_id"] = [f"R_{'2nd'}{name[5:]}" for name in again["response_id"]]
    again["nps"] = (again["nps"].astype(int) - 1).clip(lower=0).astype(str)
    return again.assign(text="", defect="second answer")


def _no_answers(rows: pd.DataFrame, rng: np.random.Generator) -> pd.DataFrame:
    """Return previews, tests and spam: rows that nobody answered in earnest."""
    kinds = [("preview", 1, planted.PREVIEWS), ("test", 2, planted.TESTS), ("spam", 8, planted.SPAM)]
    made = []
    for kind, status, count in kinds:
        chosen = rows.loc[rng.choice(_good(rows), count, replace=False)].copy()
        chosen["response_id"] = [
            f"R_{kind[0]}{place:02d}{name[5:]}" for place, name in enumerate(chosen["response_id"])
        ]
        chosen["nps"] = rng.integers(0, 11, count).astype(str)
        chosen["text"] = rng.choice(SPAM_TEXTS if kind == "spam" else TEST_TEXTS, count)
        chosen["duration"] = rng.integers(3, 60, count)
        made.append(chosen.assign(status=status, defect=kind, customer=-1, invitation_id="", arm="", team=""))
    return pd.concat(made, ignore_index=True)


def _copies(rows: pd.DataFrame, rng: np.random.Generator) -> pd.DataFrame:
    """Return exact copies of good rows: the export was pasted together."""
    return rows.loc[rng.choice(_good(rows), planted.DUPLICATE_ROWS, replace=False)].assign(defect="copy of a row")
