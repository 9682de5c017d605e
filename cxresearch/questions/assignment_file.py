"""The assignment on disk: a private CSV for the sender, and beside it the plan that it can be computed again from."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from cxresearch import periods
from cxresearch.cache import digest, write_atomic
from cxresearch.questions.assign import assign
from cxresearch.questions.key import fingerprint, read_key
from cxresearch.questions.plan import Plan, canonical, token
from cxresearch.schema.questions import Assignment
from cxresearch.strict_yaml import StudyError, shown, validate
from cxresearch.study import project_root

__all__ = ["assignments_folder", "last_record", "verify", "write"]

# Never below reports/ or data/: it holds the ids of customers.
FOLDER, RECORD = "assignments", ".plan.json"
COLUMNS = ["customer_id", "unit", "wave", "arm", "probability", "token"]
# Probabilities are products of a few decimals; as text and back they differ by rounding alone.
ROUNDING = 1e-12


def assignments_folder(study_folder: Path) -> Path:
    """Return where the assignments of a study lie: `assignments/<study>/` of the project."""
    return project_root() / FOLDER / study_folder.name


def write(plan: Plan, folder: Path) -> list[Path]:
    """Write the assignment of a plan, and its record, readable by their owner only.

    Parameters
    ----------
    plan
        Of one wave.
    folder
        Where `<wave>.csv` and `<wave>.plan.json` shall lie; see `assignments_folder`.

    Returns
    -------
    list of pathlib.Path
        The two files; none where the very same plan lies there already.

    Raises
    ------
    StudyError
        If the wave was planned otherwise before, or the folder lies below `reports/`. Then nothing is written.
    """
    if "reports" in folder.resolve().parts:
        raise StudyError(f"{shown(folder)}: reports hold no ids of customers; name another folder.")
    table, record = folder / f"{plan.wave}.csv", folder / f"{plan.wave}{RECORD}"
    text = plan.assignment[COLUMNS].to_csv(index=False, lineterminator="\n")
    told = canonical({"hash": plan.hash, "file": digest(text), "plan": dict(plan.record)})
    if table.exists() or record.exists():
        if record.exists() and table.exists() and record.read_text() == told and table.read_text() == text:
            return []
        raise StudyError(
            f"wave {plan.wave} was planned already, and otherwise ({shown(record)}); who is asked what cannot change "
            "once it may have been sent. Move both files away if it never was."
        )
    # The record comes last: without it the table counts for nothing, so it is taken back if that cannot be written.
    write_atomic(table, lambda path: path.write_text(text, encoding="utf-8"))
    try:
        write_atomic(record, lambda path: path.write_text(told, encoding="utf-8"))
    except OSError:
        table.unlink()
        raise
    return [table, record]


def last_record(folder: Path, wave: str) -> dict[str, Any] | None:
    """Return the record of the last plan before a wave; None where there is none."""
    limit, found = periods.parse(wave), {}
    for path in folder.glob(f"*{RECORD}"):
        period = periods.parse(path.name.removesuffix(RECORD))
        if limit and period and period.kind == limit.kind and period.number < limit.number:
            found[period.number] = path
    return dict(_read_record(found[max(found)])["plan"]) if found else None


def verify(path: Path) -> pd.DataFrame:
    """Return how many rows of an assignment differ from what key and plan give.

    Parameters
    ----------
    path
        The CSV; its `plan.json` lies beside it. The key is read from where the plan says that it is.

    Returns
    -------
    pandas.DataFrame
        `check`, `rows`, `differ`: arms, probabilities, tokens, waves, customers of one unit in different arms, and rows
        that are missing, too many or twice.

    Raises
    ------
    StudyError
        If a file is missing or is no assignment, the plan is not what its hash says, or the key is another one.
    """
    record = _read_record(path.with_name(path.stem + RECORD))
    told = record["plan"]
    rules = _rules(told, path)
    key = read_key(rules)
    if fingerprint(key) != told["key"]:
        raise StudyError(f"{shown(path)}: was made with another key than the one at hand; bring that one.")
    table = _read_table(path)
    again = assign(table["unit"].drop_duplicates().to_numpy(), told["wave"], rules, key).set_index("unit")
    again = again.reindex(table["unit"])
    tokens = token(table["customer_id"], told["wave"], key)
    who = table[["customer_id", "unit"]].sort_values("customer_id")
    same_people = digest(who["customer_id"].tolist(), who["unit"].tolist()) == told["eligible"]["digest"]
    gap = abs(len(table) - told["eligible"]["customers"])
    off = np.abs(table["probability"].to_numpy() - again["probability"].to_numpy())
    differ = {
        "wave": table["wave"].ne(told["wave"]).sum(),
        "arm": (table["arm"].to_numpy() != again["arm"].astype("str").to_numpy()).sum(),
        "probability": (off > ROUNDING).sum(),
        "token": table["token"].ne(tokens).sum(),
        "stands twice": table["customer_id"].duplicated().sum(),
        "missing or too many": gap,
        "customers and units as planned": 0 if same_people else max(gap, 1),
    }
    rows = [(name, len(table), int(count)) for name, count in differ.items()]
    return pd.DataFrame(rows, columns=["check", "rows", "differ"])


def _read_record(path: Path) -> dict[str, Any]:
    """Return a record, if it is what its hash says."""
    try:
        record = json.loads(path.read_text(encoding="utf-8"))
        honest = digest(record["plan"]) == record["hash"]
    except FileNotFoundError:
        raise StudyError(f"{shown(path)}: there is no such file; it was written beside the assignment.") from None
    except (OSError, ValueError, KeyError, TypeError):
        raise StudyError(f"{shown(path)}: is no record of a plan; take it from where it was written.") from None
    if not honest:
        raise StudyError(f"{shown(path)}: the plan is not the one that its hash stands for; it was changed.")
    return dict(record)


def _rules(told: Mapping[str, Any], path: Path) -> Assignment:
    """Return the assignment that a record tells."""
    content = {name: part for name, part in told["assignment"].items() if name != "blocks"}
    return validate(Assignment, {**content, "arms": dict(content["arms"]), "waves": [told["wave"]]}, path)


def _read_table(path: Path) -> pd.DataFrame:
    """Return an assignment as it was written."""
    try:
        table = pd.read_csv(path, dtype="str", keep_default_na=False)
    except FileNotFoundError:
        raise StudyError(f"{shown(path)}: there is no such file; check the path.") from None
    except (OSError, ValueError):
        raise StudyError(f"{shown(path)}: is no CSV of an assignment.") from None
    missing = [name for name in COLUMNS if name not in table]
    if missing:
        raise StudyError(f"{shown(path)}: the column {missing[0]!r} is missing; it has {', '.join(COLUMNS)}.")
    return table.assign(probability=pd.to_numeric(table["probability"], errors="coerce").fillna(-1.0))
