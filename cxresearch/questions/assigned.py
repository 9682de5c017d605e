"""Everyone who was assigned to an arm, whether or not they answered, with what came of it."""

from collections.abc import Sequence

import numpy as np
import pandas as pd

from cxresearch import periods
from cxresearch.intake.join import join
from cxresearch.questions.eligible import assignment_of
from cxresearch.schema.questions import HOLDOUT, Assignment, Bank
from cxresearch.strict_yaml import StudyError, nearest
from cxresearch.study_data import StudyData

__all__ = ["assigned", "chances", "planned_waves"]

TOKEN, CUSTOMER = "invitation_id", "customer_id"
# Of an answer; those that a study lacks stay empty.
OF_ANSWERS = ("finished", "nps", "duration_s", "arm")
# A questionnaire left open over lunch says nothing about its length.
LONGEST_S = 3_600.0


def assigned(study: StudyData, bank: Bank, waves: Sequence[str] | None = None) -> pd.DataFrame:
    """Return everyone who was assigned to an arm, with what came of it.

    Parameters
    ----------
    study
        A study whose invitations bear `arm`, as the assignment file gives it: what was dealt, not what was shown.
    bank
        With an assignment.
    waves
        Of those planned; all up to the study's period by default.

    Returns
    -------
    pandas.DataFrame
        One row an invitation: `customer_id`, `unit` (the account where that is assigned and known, else the customer),
        `wave`, `arm`, `probability`; `response` and `completion` (1 or 0); and, missing where nobody answered, `nps`,
        `duration` (seconds of finished questionnaires, at most an hour), `item_missing` (share of the core's scores
        left blank by those who answered the NPS), `shown` (the arm that the survey platform recorded); `next_response`
        (whether the next invitation was answered, missing where there was none) and `opt_out`, where it is recorded.

    Raises
    ------
    StudyError
        If the study lacks invitations, their arms or a day, or a wave was not planned; nothing of a cell is told.

    Notes
    -----
    An invitation has the answer that bears its `invitation_id`; where a study has none, the customer's latest answer in
    the same wave. Of several invitations of a customer in a wave the first counts.

    Examples
    --------
    >>> import cxresearch as cx
    >>> rows = assigned(cx.load("demo", "2026Q3"), cx.questions.bank("demo"))
    >>> rows["wave"].unique().tolist(), rows["arm"].nunique()
    (['2026Q1', '2026Q2', '2026Q3'], 5)
    """
    assignment = assignment_of(bank)
    wanted = planned_waves(study, assignment, waves)
    sent = _with_answers(_invitations(study, assignment), study, assignment)
    rows = sent[sent["wave"].isin(wanted) & sent["arm"].notna()]
    _refuse_unknown(rows, assignment, wanted)
    rows = rows.assign(unit=_units(rows, study, assignment), probability=rows["arm"].map(chances(assignment)))
    told = ("response", "completion", "nps", "duration", "item_missing", "shown", "next_response", "opt_out")
    kept = [CUSTOMER, "unit", "wave", "arm", "probability", *(name for name in told if name in rows)]
    return rows[kept].reset_index(drop=True)


def chances(assignment: Assignment) -> dict[str, float]:
    """Return the probability with which an eligible unit comes into the holdout and into each arm, in their order."""
    dealt = {name: (1 - assignment.holdout) * arm.probability for name, arm in assignment.arms.items()}
    return {HOLDOUT: assignment.holdout, **dealt}


def planned_waves(study: StudyData, assignment: Assignment, waves: Sequence[str] | None = None) -> list[str]:
    """Return the waves that are asked for: by default those planned that begin before the study's period ends."""
    if isinstance(waves, str):
        raise StudyError(f"waves: found {waves!r}; give a list, as [{waves!r}].")
    for wave in waves or ():
        if wave not in assignment.waves:
            raise StudyError(f"wave {wave}: it was not planned; {nearest(wave, assignment.waves)}.")
    end = study.bounds[1] if study.bounds else pd.Timestamp.max
    given = list(waves) if waves else [wave for wave in assignment.waves if _begin(study, wave) < end]
    if not given:
        raise StudyError(f"waves: none of those planned begins by {study.period}; planned {_are(assignment.waves)}.")
    return given


def _are(names: Sequence[str]) -> str:
    """Return names with their verb."""
    return f"{'is' if len(names) == 1 else 'are'} {', '.join(names)}"


def _begin(study: StudyData, wave: str) -> pd.Timestamp:
    """Return the first moment of a wave."""
    period = periods.parse(wave, study.definition.fiscal_year_start)
    if period is None:
        raise StudyError(f"wave {wave}: a wave is a period, such as 2026Q4.")
    return pd.Timestamp(period.start())


def _invitations(study: StudyData, assignment: Assignment) -> pd.DataFrame:
    """Return the invitations of the survey that carries the modules, in order, one a customer and wave."""
    if not study.has("invitations"):
        raise StudyError("the study has no table `invitations`; who was assigned is known from it alone.")
    sent = study.invitations
    for name in (CUSTOMER, "invited_at", "arm"):
        if name not in sent:
            raise StudyError(
                f"tables.invitations: there is no column `{name}:`; the arm is what the assignment file says of each."
            )
    sent = sent[sent["survey"].eq(assignment.eligible.survey)] if "survey" in sent else sent
    sent = sent.assign(wave=_wave_of(sent["invited_at"], study, assignment)).sort_values("invited_at", kind="stable")
    return sent[sent[CUSTOMER].isna() | ~sent.duplicated([CUSTOMER, "wave"])].reset_index(drop=True)


def _wave_of(moment: pd.Series, study: StudyData, assignment: Assignment) -> pd.Series:
    """Return the name of the period, of the kind of the waves, in which each moment lies."""
    start = study.definition.fiscal_year_start
    kind = getattr(periods.parse(assignment.waves[0], start), "kind", "year")
    codes, days = pd.factorize(moment.dt.normalize())
    names = [str(periods.containing(day.date(), kind, start)) for day in days]
    return pd.Series([*names, pd.NA], dtype="str").take(codes).set_axis(moment.index)


def _with_answers(sent: pd.DataFrame, study: StudyData, assignment: Assignment) -> pd.DataFrame:
    """Return invitations with what was answered, to them and to the customer's next one."""
    given = study.responses[study.responses["survey"].eq(assignment.eligible.survey)]
    known = TOKEN in sent and TOKEN in given and bool(sent[TOKEN].notna().all())
    on = [TOKEN] if known else [CUSTOMER, "wave"]
    if known:
        _refuse_tokens(sent[TOKEN], given[TOKEN])
    else:
        given = given.assign(wave=_wave_of(given["responded_at"], study, assignment))
    order = [name for name in ("responded_at", "response_id") if name in given]
    latest = given.sort_values(order, kind="stable").drop_duplicates(on, keep="last")
    answers = _of_answers(latest, study).assign(**{name: latest[name] for name in on})
    found, _ = join(sent, answers, on, name="answers to invitations")
    found["response"] = found["answered"].notna().astype(float)
    found["completion"] = found["finished"].eq(1).fillna(value=False).astype(float) if "finished" in found else np.nan
    found["next_response"] = found.groupby(CUSTOMER, sort=False)["response"].shift(-1)
    if "opted_out" in found:
        found["opt_out"] = found["opted_out"].eq(1).fillna(value=False).astype(float)
    return found


def _refuse_tokens(sent: pd.Series, given: pd.Series) -> None:
    """Refuse tokens by which one answer would count for several invitations, and those that no answer bears."""
    double = int(sent.duplicated().sum())
    if double:
        raise StudyError(
            f"tables.invitations: {double:,} of {len(sent):,} invitations bear the `{TOKEN}` of another one; "
            "each needs its own."
        )
    if len(sent) and not given.isin(sent).any():
        raise StudyError(
            f"tables.invitations: none of {len(given):,} answers bears the `{TOKEN}` of an invitation; "
            "name the column that both tables share."
        )


def _of_answers(given: pd.DataFrame, study: StudyData) -> pd.DataFrame:
    """Return what is measured of each answer."""
    found = given[[name for name in OF_ANSWERS if name in given]].rename(columns={"arm": "shown"})
    if "duration_s" in found:
        whole = given["finished"].eq(1) if "finished" in given else True
        found["duration"] = found.pop("duration_s").clip(upper=LONGEST_S).where(whole)
    items = [name for name in ("csat", "ces", *study.definition.drivers) if name in given and given[name].notna().any()]
    if items and "nps" in given:
        answered = [given[name].notna() | given.get(f"{name}_not_applicable", False) for name in items]
        blank = 1 - pd.concat(answered, axis=1).mean(axis=1)
        found["item_missing"] = blank.where(given["nps"].notna())
    return found.assign(answered=1.0)


def _refuse_unknown(rows: pd.DataFrame, assignment: Assignment, waves: list[str]) -> None:
    """Refuse waves in which nobody was assigned, and arms that nobody planned."""
    if rows.empty:
        raise StudyError(f"tables.invitations: nobody is assigned to an arm in {', '.join(waves)}.")
    known = list(chances(assignment))
    wrong = int((~rows["arm"].isin(known)).sum())
    if wrong:
        raise StudyError(
            f"tables.invitations: {wrong:,} of {len(rows):,} assigned rows bear an arm that is not planned; "
            f"planned are {', '.join(known)}."
        )


def _units(rows: pd.DataFrame, study: StudyData, assignment: Assignment) -> pd.Series:
    """Return what was assigned: the account where there is one, else the customer."""
    if assignment.unit == "customer":
        return rows[CUSTOMER]
    if "account_id" in rows:
        return rows["account_id"].fillna(rows[CUSTOMER])
    if not study.has("customers") or "account_id" not in study.customers:
        raise StudyError(
            "assignment.unit: the customers have no `account_id`; use `unit: customer`, or name the column."
        )
    found, _ = join(
        rows[[CUSTOMER]], study.customers[[CUSTOMER, "account_id"]], CUSTOMER, name="accounts of the invited"
    )
    return found["account_id"].fillna(found[CUSTOMER])
