"""What a report does not say, why, and what it would take: what the study lacks, and what its pages refused."""

import re

import pandas as pd

from cxresearch.present import labels as say
from cxresearch.present.payload import ProtectedPayload
from cxresearch.refusal import NOT_REPORTED
from cxresearch.study_data import StudyData
from cxresearch.summary.recorded import Recorded, shown

__all__ = ["refusals"]

COLUMNS = ["not_said", "reason", "would_take", "page", "key"]
# Tables without which a part of the report has nothing to say, and what that part is.
NEEDED = {
    "invitations": "response rates and who is missing",
    "customers": "segments from the customer list and response bias",
    "revenue": "what loyalty is worth",
    "contacts": "first-contact resolution",
}

# A refusal says what is asked and what was found; then, behind a semicolon or full stop, what to do.
WHAT_TO_DO = re.compile(r"^(?P<reason>.+?)(?:; (?!found)|\. )(?P<would_take>.+?)\.?$")
REFUSED = "refused"
MOST_NAMED = 3


def refusals(study: StudyData, run: Recorded | None = None) -> pd.DataFrame:
    """Return what this report does not say, and what it would take.

    Parameters
    ----------
    study
        A study, as `cx.load` gives it.
    run
        What `recorded` gives; None leaves out what its pages refused.

    Returns
    -------
    pandas.DataFrame
        One row a refusal: `not_said`, `reason`, `would_take` ("" where the reason says all), `page` and `key` (where
        it stands, "" where on no page). Outputs of a page that are refused for one reason share a row.
    """
    found = [{**row, "page": "", "key": ""} for row in _of_study(study)]
    found += [row for output in run.outputs if (row := _of_output(output))] if run else []
    frame = pd.DataFrame(found, columns=COLUMNS).astype("str")
    together = frame.groupby(["reason", "would_take", "page"], sort=False, as_index=False)
    told = together.agg({"not_said": lambda names: say.listed(dict.fromkeys(names), MOST_NAMED), "key": "first"})
    return told[COLUMNS].astype("str")


def _of_study(study: StudyData) -> list[dict[str, str]]:
    """Return what the study lacks."""
    missing = [
        (what, f"the study has no {name} table", f"{name}: in the study file")
        for name, what in NEEDED.items()
        # The responses may ask whether an issue was settled; then it is said.
        if not study.has(name) and not (name == "contacts" and "fcr" in study.responses)
    ]
    if study.compare_to is None:
        missing.append(("change since the period before", "no earlier period has answers", "a second period"))
    if not study.definition.smallest_difference:
        reason = "the study file names no smallest difference that matters"
        missing.append(("that anything stayed the same", reason, "smallest_difference: in the study file"))
    return [dict(zip(COLUMNS, row, strict=False)) for row in missing]


def _of_output(output: ProtectedPayload) -> dict[str, str] | None:
    """Return what an output refuses to say: a sentence in place of a result, or an estimate with that status."""
    frame = shown(output)
    if frame.empty:
        return None
    first = frame.iloc[0]
    sentence = str(first.get("sentence") or "")
    if not sentence.startswith(NOT_REPORTED):
        sentence = str(first.get("reason") or "") if first.get("status") == REFUSED else ""
    if not sentence:
        return None
    match = WHAT_TO_DO.match(sentence.removeprefix(NOT_REPORTED))
    told = match.groupdict() if match else {"reason": sentence.removeprefix(NOT_REPORTED).rstrip("."), "would_take": ""}
    told["would_take"] = say.capital(told["would_take"])
    return {
        **told,
        "not_said": output.caption or say.label(output.key.replace("-", "_")),
        "page": first["page"],
        "key": output.key,
    }
