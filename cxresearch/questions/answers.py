"""The answers to a bank's questions, matched to responses by their token, with arm, probability and weight."""

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt
import pandas as pd

from cxresearch.intake.join import join
from cxresearch.metrics.sources import columns_of
from cxresearch.questions.assign import assign
from cxresearch.questions.assigned import assigned, chances, planned_waves
from cxresearch.questions.eligible import eligible
from cxresearch.questions.key import read_key
from cxresearch.questions.layouts import HEADS, NO_MODULE, NO_QUESTION, long_answers
from cxresearch.schema.questions import Assignment, Bank, Question
from cxresearch.strict_yaml import StudyError
from cxresearch.study_data import StudyData

__all__ = ["NPS_GROUP", "Answers", "answers", "asked_with", "dealt", "modules_of"]

TABLE = "answers"
ARM_RECOMPUTED, ARM_RECORDED, NO_ARMS = "recomputed with the key", "as recorded", "everyone is asked everything"
NPS_GROUP = "nps_group"
NPS_GROUPS = {"Detractors": 6, "Passives": 8, "Promoters": 10}
# Why an answer that can be read is set aside, in the order in which it is found out.
NO_TOKEN, NO_RESPONSE, OUTSIDE = "no token", "no such response", "response outside the waves"
EARLIER = "earlier of two responses in a wave"
OTHER_CUSTOMER, NOT_ASSIGNED = "response of another customer", "not assigned to this module"
COPY, TWICE, EXCLUSIVE = "stands twice", "answered twice, not alike", "ticked beside an item that excludes others"
SET_ASIDE = ["reason", "module", "question", "rows", "responses"]


@dataclass(frozen=True)
class Answers:
    """Answers to the inserted questions, as `answers` gives them.

    Attributes
    ----------
    bank
        The questions.
    rows
        One row an answered item: who (`response_id`, `customer_id`, `account_id` where known), `wave`, `arm` (to which
        the person was assigned), segments, `nps_group`; `module`, `question`, `task`, `item`, `answer`; `probability`
        with which an eligible person is asked the module, `response_weight`, and `weight`, the second over the first.
    people
        One row a response of the waves, answered or not: the columns of who, `shown` (the arm that the survey platform
        recorded), `response_weight`.
    set_aside
        `reason`, `module`, `question`, `rows`, `responses`: what was not used, all of it.
    waves
        The waves, in order.
    segments
        Columns of `rows` by which results can be split.
    arms
        `recomputed with the key`, `as recorded`, or that everyone is asked everything.
    """

    bank: Bank
    rows: pd.DataFrame = field(repr=False)
    people: pd.DataFrame = field(repr=False)
    set_aside: pd.DataFrame = field(repr=False)
    waves: list[str]
    segments: list[str]
    arms: str

    @property
    def sentence(self) -> str:
        """How many answers are used, and how many are not for which reason."""
        used, aside = len(self.rows), self.set_aside
        text = f"{used:,} answers of {self.rows['response_id'].nunique():,} responses are used"
        if aside.empty:
            return f"{text}, none is set aside."
        reasons = aside.groupby("reason", sort=False)["rows"].sum().sort_values(ascending=False, kind="stable")
        named = ", ".join(f"{rows:,} {reason}" for reason, rows in reasons.items())
        return f"{text}, {int(reasons.sum()):,} are set aside ({named})."

    def labels(self, question: str) -> dict[str, str]:
        """Return what the items of a question are called on pages, in the first language of the bank."""
        asked, language = self.bank.question(question), self.bank.languages[0]
        if asked.type == "van-westendorp":
            return {name: name.replace("_", " ").capitalize() for name in asked.items}
        found = {}
        for name, text in asked.items.items():
            words = text if isinstance(text, str) else text.get(language, name)
            found[name] = words[:1].upper() + words[1:]
        return found

    def of(self, question: str) -> pd.DataFrame:
        """Return the rows of one question.

        Raises
        ------
        KeyError
            If the bank has no such question.
        StudyError
            If nobody answered it.
        """
        asked = self.bank.question(question)
        rows = self.rows[self.rows["question"].eq(asked.id)]
        if rows.empty:
            raise StudyError(f"{question}: nobody's answer can be used; see what was set aside.")
        return rows.reset_index(drop=True)


def answers(study: StudyData, bank: Bank, *, waves: Sequence[str] | None = None) -> Answers:
    """Return the answers to a bank's questions with who gave them.

    Parameters
    ----------
    study
        Its table `answers` holds them, long or wide (`long_answers` tells how), with `response_id` or with
        `customer_id` and `wave`; without such a table the columns of the responses are read as a wide one.
    bank
        The questions, and who is assigned to which.
    waves
        Of those planned; all up to the study's period by default.

    Returns
    -------
    Answers
        Each person's latest response of a wave. The arm is computed again where the key is at hand; else it is what
        invitations, or responses, say. Answers from people not assigned to the module, to unknown questions or items,
        off the scale or given twice are set aside and counted.

    Raises
    ------
    StudyError
        If the study holds no answers to the bank's questions, or no token to match them by.

    Examples
    --------
    >>> import cxresearch as cx
    >>> found = answers(cx.load("demo", "2026Q3"), cx.questions.bank("demo"))
    >>> found.waves, found.arms
    (['2026Q1', '2026Q2', '2026Q3'], 'recomputed with the key')
    >>> found.sentence.split(", 71 ")
    ['31,671 answers of 1,653 responses are used', 'are set aside (71 earlier of two responses in a wave).']
    """
    chosen = planned_waves(study, bank.assignment, waves) if bank.assignment else list(waves or study.periods)
    people, arms = _people(study, bank, chosen)
    laid = long_answers(_table(study), bank)
    token = _token(laid, people)
    # What the table tells beside its token is compared with the response, not believed.
    told = {name: f"told_{name}" for name in HEADS if name in laid and name not in token}
    found, _ = join(laid.rename(columns=told), people, token, name="answers to responses")
    found = found.assign(reason=_reasons(found, token, study, bank, waves=chosen))
    found = _without_copies(found, token, bank)
    rows = _weighted(found[found["reason"].eq("")], bank)
    who = [name for name in people if name not in ("shown", "response_weight")]
    last = ["module", "question", "task", "item", "answer", "probability", "response_weight", "weight"]
    segments = [*study.segments(people), *([NPS_GROUP] if NPS_GROUP in people else [])]
    kept = rows[[*who, *last]].reset_index(drop=True)
    return Answers(bank, kept, people, _counted(found[found["reason"].ne("")], token), chosen, segments, arms)


def _table(study: StudyData) -> pd.DataFrame:
    """Return the table that holds the answers."""
    return study.table(TABLE) if study.has(TABLE) else study.responses


def _people(study: StudyData, bank: Bank, waves: list[str]) -> tuple[pd.DataFrame, str]:
    """Return the responses of the waves with arm, weight and groups, and where the arms come from."""
    survey = bank.assignment.eligible.survey if bank.assignment else "relationship"
    given = study.answers(survey, "all")
    given = given[given["period"].isin(waves)].reset_index(drop=True)
    weight = columns_of(study, given, survey).weight
    found = given[[name for name in ("response_id", "customer_id", "account_id") if name in given]]
    found = found.assign(wave=given["period"], response_weight=given[weight] if weight else 1.0)
    found["shown"] = given["arm"] if "arm" in given else pd.Series(pd.NA, given.index, dtype="str")
    if "nps" in given:
        limits = [-1, *NPS_GROUPS.values()]
        found[NPS_GROUP] = pd.cut(given["nps"], limits, labels=list(NPS_GROUPS)).astype("str")
    found = found.assign(**{name: given[name] for name in study.segments(given) if name not in found})
    arm, source = _arms(found, study, bank, waves)
    return found.assign(arm=arm), source


def _arms(people: pd.DataFrame, study: StudyData, bank: Bank, waves: list[str]) -> tuple[pd.Series, str]:
    """Return the arm of each response, missing where somebody was not eligible."""
    if bank.assignment is None:
        return pd.Series("", people.index, dtype="str"), NO_ARMS
    arms, source = dealt(study, bank, waves)
    if arms.empty:
        return people["shown"], source
    on = ["customer_id", "wave"]
    found, _ = join(people[on], arms[[*on, "arm"]], on, name="arms of responses")
    return found["arm"], source


def dealt(study: StudyData, bank: Bank, waves: list[str]) -> tuple[pd.DataFrame, str]:
    """Return `customer_id`, `unit`, `wave` and `arm` of everyone assigned, and where the arms come from.

    Without the key they are what the invitations say; without these nobody is known but those who answered.
    """
    columns = ["customer_id", "unit", "wave", "arm"]
    if bank.assignment is None:
        return pd.DataFrame(columns=columns, dtype="str"), NO_ARMS
    try:
        key = read_key(bank.assignment)
    except StudyError:
        known = study.has("invitations") and "arm" in study.invitations
        found = assigned(study, bank, waves)[columns] if known else pd.DataFrame(columns=columns, dtype="str")
        return found, ARM_RECORDED
    parts = [_dealt(study, bank, bank.assignment, wave, key)[columns] for wave in waves]
    return pd.concat(parts, ignore_index=True), ARM_RECOMPUTED


def _dealt(study: StudyData, bank: Bank, assignment: Assignment, wave: str, key: bytes) -> pd.DataFrame:
    """Return the arm of each eligible customer of a wave."""
    customers = eligible(study, bank, wave).customers
    arms = assign(customers["unit"].drop_duplicates().tolist(), wave, assignment, key)
    found, _ = join(customers, arms[["unit", "arm"]].astype("str"), "unit", name="arms of customers")
    return found.assign(wave=wave)


def _token(laid: pd.DataFrame, people: pd.DataFrame) -> list[str]:
    """Return the columns by which answers are matched."""
    for token in (["response_id"], ["customer_id", "wave"]):
        if {*token} <= set(laid) and {*token} <= set(people):
            return token
    raise StudyError(
        "answers: no token tells whose answer it is; name the column of `response_id:`, or those of `customer_id:` and "
        "`wave:`."
    )


def _reasons(
    found: pd.DataFrame, token: list[str], study: StudyData, bank: Bank, *, waves: list[str]
) -> npt.NDArray[np.str_]:
    """Return why each answer cannot be used, "" where it can."""
    unmatched = found["arm"].isna() & found["response_weight"].isna()
    elsewhere, earlier = (found[token[0]].isin(ids) for ids in _other_responses(study, token, waves))
    named = found.get("told_customer_id", pd.Series(pd.NA, found.index, dtype="str"))
    asked = [module in modules_of(bank, arm) for module, arm in zip(found["module"], found["arm"], strict=True)]
    reasons = {
        NO_TOKEN: found[token].isna().any(axis=1),
        EARLIER: unmatched & earlier,
        OUTSIDE: unmatched & elsewhere,
        NO_RESPONSE: unmatched,
        OTHER_CUSTOMER: named.notna() & named.ne(found["customer_id"]) if "customer_id" in found else unmatched,
        NOT_ASSIGNED: ~np.array(asked, dtype=bool),
    }
    return np.where(found["reason"].ne(""), found["reason"], np.select(list(reasons.values()), list(reasons), ""))


def _other_responses(study: StudyData, token: list[str], waves: list[str]) -> tuple[pd.Series, pd.Series]:
    """Return the tokens of all responses, and of those in the waves; none where a customer and a wave are the token."""
    given = study.responses
    if token != ["response_id"]:
        return given["period"].iloc[:0], given["period"].iloc[:0]
    return given["response_id"], given.loc[given["period"].isin(waves), "response_id"]


def modules_of(bank: Bank, arm: object) -> list[str]:
    """Return what an arm is asked; everything where nobody is assigned."""
    if bank.assignment is None:
        return list(bank.modules)
    known = bank.assignment.arms
    return known[arm].modules if isinstance(arm, str) and arm in known else []


def _without_copies(found: pd.DataFrame, token: list[str], bank: Bank) -> pd.DataFrame:
    """Return the answers with a reason for those given twice, and for ticks that exclude each other."""
    usable = found["reason"].eq("")
    key = [*token, "question", "task", "item"]
    given = found[usable].assign(task=found.loc[usable, "task"].fillna(""))
    alike = given.groupby(key, dropna=False)["answer"].transform("nunique").eq(1)
    reason = pd.Series(np.select([~alike, given.duplicated(key)], [TWICE, COPY], ""), given.index, dtype="str")
    for question in bank.questions:
        if question.exclusive:
            reason = reason.mask(reason.eq("") & _contradicts(given, question, token), EXCLUSIVE)
    return found.assign(reason=found["reason"].mask(usable, reason.reindex(found.index)))


def _contradicts(given: pd.DataFrame, question: Question, person: list[str]) -> pd.Series:
    """Return the answers to a question of people who ticked an item that excludes others, and others."""
    ticked = given["question"].eq(question.id) & given["answer"].eq(1)
    alone = ticked & given["item"].isin(question.exclusive)
    both = [part.groupby([given[name] for name in person]).transform("any") for part in (alone, ticked & ~alone)]
    return given["question"].eq(question.id) & both[0] & both[1]


def asked_with(bank: Bank, *modules: str) -> float:
    """Return the probability with which an eligible person is asked all of some modules."""
    if bank.assignment is None:
        return 1.0
    share = chances(bank.assignment)
    arms = [name for name, arm in bank.assignment.arms.items() if {*modules} <= {*arm.modules}]
    return sum(share[name] for name in arms)


def _weighted(rows: pd.DataFrame, bank: Bank) -> pd.DataFrame:
    """Return answers with the probability of being asked, and the weight that goes with it."""
    probability = rows["module"].map({module: asked_with(bank, module) for module in bank.modules})
    return rows.assign(probability=probability, weight=rows["response_weight"] / probability)


def _counted(aside: pd.DataFrame, token: list[str]) -> pd.DataFrame:
    """Return how many answers were set aside, by reason; names that the bank does not know are not repeated."""
    known = aside.assign(
        module=aside["module"].where(aside["reason"].ne(NO_MODULE), ""),
        question=aside["question"].where(aside["reason"].ne(NO_QUESTION), ""),
        _who=aside.groupby(token, dropna=False).ngroup(),
    )
    if known.empty:
        return pd.DataFrame(columns=SET_ASIDE).astype({"rows": "int64", "responses": "int64"})
    groups = known.groupby(SET_ASIDE[:3], dropna=False, sort=False)["_who"]
    return groups.agg(rows="size", responses="nunique").reset_index()
