"""From everyone invited to those who answered a module, with every loss."""

from collections.abc import Sequence
from dataclasses import dataclass

import pandas as pd

from cxresearch.intake.join import join
from cxresearch.questions.answers import Answers, answers, dealt, modules_of
from cxresearch.questions.eligible import assignment_of, eligible
from cxresearch.schema.questions import HOLDOUT, Bank, Eligible
from cxresearch.strict_yaml import StudyError
from cxresearch.study_data import StudyData

__all__ = ["Flow", "flow"]

INVITED, ELIGIBLE = "invited", "eligible"
ASSIGNED, BEGAN, SHOWN, ANSWERED = "assigned to a module", "began the survey", "shown the module", "answered the module"
LOST = {BEGAN: "did not begin the survey", SHOWN: "shown something else", ANSWERED: "left before it, or nothing usable"}
NO_MODULE = "arm without a module"


@dataclass(frozen=True)
class Flow:
    """From everyone invited to those who answered a module.

    Attributes
    ----------
    stages
        All waves and arms together: `stage`, `n` (customers, counted once a wave), `n_customers` (distinct ones).
    arms
        `wave`, `arm`, `stage`, `n`, `n_customers`, `lost` since the stage before.
    losses
        `wave`, `reason`, `n`: everyone invited who gave no answer, each once.
    differing
        `wave`, `arm` (assigned), `shown`, `n`, `n_customers`: people whom the survey platform showed another arm.
    source
        Where the arms come from.
    """

    stages: pd.DataFrame
    arms: pd.DataFrame
    losses: pd.DataFrame
    differing: pd.DataFrame
    source: str


def flow(study: StudyData, bank: Bank, *, waves: Sequence[str] | None = None) -> Flow:
    """Return how many were invited, eligible, assigned, shown and answered, by wave and arm, with every loss.

    Parameters
    ----------
    study, bank, waves
        As for `answers`.

    Returns
    -------
    Flow
        As in the diagram of CONSORT (Schulz, Altman and Moher 2010). Nobody is dropped: the losses and those who
        answered add up to everyone invited. Someone began the survey who has a response, and was shown a module if the
        survey platform recorded the arm that was assigned.

    Raises
    ------
    StudyError
        If the bank assigns nobody, or it is not known who was assigned.

    Examples
    --------
    >>> import cxresearch as cx
    >>> found = flow(cx.load("demo", "2026Q3"), cx.questions.bank("demo"), waves=["2026Q3"])
    >>> found.stages["stage"].tolist()[:3], int(found.losses["n"].sum() + found.stages["n"].iloc[-1])
    (['invited', 'eligible', 'assigned to a module'], 3585)
    """
    found = answers(study, bank, waves=waves)
    everyone, source = dealt(study, bank, found.waves)
    if everyone.empty:
        raise StudyError(
            "flow: who was assigned is not known; the bank needs `assignment:`, and its key or arms recorded."
        )
    people = _with_stages(everyone, found)
    rules = pd.concat([eligible(study, bank, wave).flow.assign(wave=wave) for wave in found.waves], ignore_index=True)
    losses = pd.concat([_ineligible(rules), _lost(people)], ignore_index=True)
    invited = pd.concat([_invited(study, bank, wave) for wave in found.waves])
    return Flow(_stages(invited, people), _arms(people, bank), losses, _differing(people), source)


def _invited(study: StudyData, bank: Bank, wave: str) -> pd.Series:
    """Return the units of everyone invited in a wave, eligible or not."""
    assignment = assignment_of(bank)
    open_to_all = assignment.model_copy(update={"eligible": Eligible(survey=assignment.eligible.survey)})
    return eligible(study, bank.model_copy(update={"assignment": open_to_all}), wave).customers["unit"]


def _with_stages(everyone: pd.DataFrame, found: Answers) -> pd.DataFrame:
    """Return everyone assigned with how far each came."""
    began = found.people[["customer_id", "wave", "response_id", "shown"]].dropna(subset=["customer_id"])
    people, _ = join(everyone, began, ["customer_id", "wave"], name="responses of the assigned")
    module = people["arm"].map({arm: bool(modules_of(found.bank, arm)) for arm in people["arm"].unique()})
    is_recorded = found.people["shown"].notna().any()
    answered = people["response_id"].isin(found.rows["response_id"])
    began_it = people["response_id"].notna()
    shown = began_it & (people["shown"].eq(people["arm"]) if is_recorded else True)
    # Whoever answered it was shown it, whatever was recorded.
    return people.assign(**{ASSIGNED: module, BEGAN: began_it, SHOWN: shown | answered, ANSWERED: answered})


def _stages(invited: pd.Series, people: pd.DataFrame) -> pd.DataFrame:
    """Return the stages of all waves and arms together."""
    rows = [{"stage": INVITED, "n": len(invited), "n_customers": invited.nunique()}]
    rows += [{"stage": ELIGIBLE, "n": len(people), "n_customers": people["unit"].nunique()}]
    kept = people[people[ASSIGNED]]
    for stage in (ASSIGNED, BEGAN, SHOWN, ANSWERED):
        kept = kept[kept[stage]]
        rows.append({"stage": stage, "n": len(kept), "n_customers": kept["unit"].nunique()})
    return pd.DataFrame(rows)


def _arms(people: pd.DataFrame, bank: Bank) -> pd.DataFrame:
    """Return the stages of each arm and wave."""
    rows = []
    order = [*(bank.assignment.arms if bank.assignment else []), HOLDOUT]
    for wave, of_wave in people.groupby("wave", sort=False):
        for arm in order:
            kept = of_wave[of_wave["arm"].eq(arm)]
            stages = (BEGAN, SHOWN, ANSWERED) if modules_of(bank, arm) else (BEGAN,)
            rows.append(_row(wave, arm, "assigned", kept, len(kept)))
            for stage in stages:
                before, kept = len(kept), kept[kept[stage]]
                rows.append(_row(wave, arm, stage, kept, before))
    return pd.DataFrame(rows)


def _row(wave: object, arm: str, stage: str, kept: pd.DataFrame, before: int) -> dict[str, object]:
    """Return one stage of one arm."""
    size = {"n": len(kept), "n_customers": kept["unit"].nunique(), "lost": before - len(kept)}
    return {"wave": wave, "arm": arm, "stage": stage, **size}


def _ineligible(rules: pd.DataFrame) -> pd.DataFrame:
    """Return who of the invited was not eligible, by the rule."""
    found = rules[rules["lost"].gt(0)]
    return pd.DataFrame({"wave": found["wave"], "reason": "not " + found["step"], "n": found["lost"]})


def _lost(people: pd.DataFrame) -> pd.DataFrame:
    """Return where each of those assigned who did not answer a module was lost."""
    reason = pd.Series(pd.NA, people.index, dtype="str")
    reason = reason.mask(~people[ASSIGNED], people["arm"].map(lambda arm: f"{NO_MODULE}: {arm}"))
    for stage, words in LOST.items():
        reason = reason.mask(reason.isna() & ~people[stage], words)
    lost = people.assign(reason=reason).dropna(subset=["reason"])
    return lost.groupby(["wave", "reason"], sort=False).size().rename("n").reset_index()


def _differing(people: pd.DataFrame) -> pd.DataFrame:
    """Return how many were shown another arm than they were assigned to."""
    other = people[people["shown"].notna() & people["shown"].ne(people["arm"])]
    groups = other.groupby(["wave", "arm", "shown"], sort=True)["unit"]
    return groups.agg(n="size", n_customers="nunique").reset_index()
