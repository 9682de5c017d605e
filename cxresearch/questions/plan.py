"""The plan of a wave: who is asked what, how many answers that takes and brings, and what it costs."""

import hmac
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import pandas as pd

from cxresearch import periods
from cxresearch.cache import digest
from cxresearch.questions.assign import SEPARATOR, assign
from cxresearch.questions.burden import burden
from cxresearch.questions.eligible import Eligibility, assignment_of, eligible
from cxresearch.questions.key import fingerprint, read_key
from cxresearch.questions.projection import flow_of
from cxresearch.questions.projection import targets as targets_of
from cxresearch.questions.wording import changes, lint, wording_digest
from cxresearch.schema.questions import HOLDOUT, Assignment, Bank
from cxresearch.strict_yaml import StudyError
from cxresearch.study_data import StudyData

__all__ = ["Plan", "canonical", "next_wave", "plan", "token"]

SHORT = 12
# Among five million customers two share a token of 80 bits once in a hundred billion plans.
TOKEN, TOKEN_BYTES = "token", 10


@dataclass(frozen=True)
class Plan:
    """The plan of a wave.

    Attributes
    ----------
    wave
        Its period.
    hash
        Sha256 over assignment, versions and wordings of the questions, and who is eligible; `short` is how it is said.
    record
        What the hash is made of, as `plan.json` holds it.
    flow
        `step`, `n`, `n_customers`, `lost`, `share`: from the frame to those who are assigned, rule by rule.
    arms
        `arm`, `modules`; `n` (units), `n_customers`, `probability`, `expected` (units), `share`.
    targets
        What each question's target takes, what is there and when it is met: see `targets`.
    burden
        The time that each question takes and the precision that it buys: see `burden`.
    wording
        `question`, `language`, `rule`, `where`, `advice`: what the wording lint found.
    versions
        `question`, `version`, `since`, `status`: whether earlier answers were to the same words.
    checks
        `check`, `status`, `sentence`.
    assignment
        `customer_id`, `unit`, `wave`, `arm`, `probability`, `token`: for the sender, never for a report.
    """

    wave: str
    hash: str
    record: Mapping[str, Any] = field(repr=False)
    flow: pd.DataFrame = field(repr=False)
    arms: pd.DataFrame = field(repr=False)
    targets: pd.DataFrame = field(repr=False)
    burden: pd.DataFrame = field(repr=False)
    wording: pd.DataFrame = field(repr=False)
    versions: pd.DataFrame = field(repr=False)
    checks: pd.DataFrame = field(repr=False)
    assignment: pd.DataFrame = field(repr=False)

    @property
    def short(self) -> str:
        """The hash as it is printed."""
        return self.hash[:SHORT]


def plan(study: StudyData, bank: Bank, wave: str | None = None, *, previous: Mapping[str, Any] | None = None) -> Plan:
    """Return the plan of a wave.

    Parameters
    ----------
    study
        A study with customers or invitations, loaded for a reporting period; the flow of its last periods is projected.
    bank
        With an assignment.
    wave
        One of the waves of the bank; the first after the study's period by default, else the last.
    previous
        The record of the plan before, as `plan.json` holds it: a wording that differs from it needs a new version.

    Returns
    -------
    Plan
        Frames and the assignment; nothing is written.

    Raises
    ------
    StudyError
        If the wave is not in the bank, the key is not there, nobody is eligible, or a wording changed without a new
        version.

    Examples
    --------
    >>> import cxresearch as cx
    >>> planned = plan(cx.load("demo", "2026Q3"), cx.questions.bank("demo"), "2026Q3")
    >>> planned.arms["arm"].tolist()
    ['holdout', 'pricing', 'maxdiff', 'features', 'none']
    """
    rules = assignment_of(bank)
    wave = wave or next_wave(study, rules)
    if wave not in rules.waves:
        raise StudyError(f"wave {wave}: the bank plans {', '.join(rules.waves)}; add it to `assignment.waves`.")
    versions = changes(bank, previous)
    key, found = read_key(rules), eligible(study, bank, wave)
    if found.customers.empty:
        raise StudyError(f"wave {wave}: nobody is eligible; the rules of `assignment.eligible` leave no customer.")
    assigned = _assigned(found.customers, wave, rules, key)
    flow = flow_of(study, bank, found.rested)
    record = record_of(bank, wave, key, found.customers)
    needs, found_weak = targets_of(study, bank, flow, wave), lint(bank)
    return Plan(
        wave=wave,
        hash=digest(record),
        record=record,
        flow=_with_units(found, assigned),
        arms=_arms(assigned, rules),
        targets=needs,
        burden=burden(study, bank, flow, wave, needs),
        wording=found_weak,
        versions=versions,
        checks=_checks(rules, needs, found_weak, f"{digest(record)[:SHORT]} of {wave}"),
        assignment=assigned,
    )


def record_of(bank: Bank, wave: str, key: bytes, customers: pd.DataFrame) -> dict[str, Any]:
    """Return all that a plan's hash stands for, as JSON; of the key only by what it is known again."""
    rules = assignment_of(bank)
    told = rules.model_dump(mode="json", exclude={"waves", "arms"})
    # A mapping in JSON has no order, and the order of the arms decides who comes into which.
    arms = [[name, arm.model_dump(mode="json")] for name, arm in rules.arms.items()]
    who = customers.sort_values("customer_id")
    return {
        "wave": wave,
        "assignment": {**told, "arms": arms},
        "key": fingerprint(key),
        "questions": {
            one.id: {"version": one.version, "since": one.since, "wording": wording_digest(one)}
            for one in bank.questions
        },
        "eligible": {
            "customers": len(who),
            "units": int(who["unit"].nunique()),
            "digest": digest(who["customer_id"].tolist(), who["unit"].tolist()),
        },
    }


def token(customers: pd.Series, wave: str, key: bytes) -> pd.Series:
    """Return what stands for each customer in the links of a wave: 20 hexadecimal digits of a keyed hash."""
    head = SEPARATOR.join([TOKEN, wave, ""])
    found = [hmac.digest(key, (head + customer).encode(), "sha256")[:TOKEN_BYTES].hex() for customer in customers]
    return pd.Series(found, index=customers.index, dtype="str")


def next_wave(study: StudyData, rules: Assignment) -> str:
    """Return the first planned wave after a study's period, else the last."""
    start = study.definition.fiscal_year_start
    told = periods.parse(study.period, start)
    later = [wave for wave in rules.waves if told and (one := periods.parse(wave, start)) and one.start() > told.end()]
    return later[0] if later else rules.waves[-1]


def _assigned(customers: pd.DataFrame, wave: str, rules: Assignment, key: bytes) -> pd.DataFrame:
    """Return the arm of each eligible customer: that of its unit."""
    units = customers["unit"].drop_duplicates()
    arms = assign(units.to_numpy(), wave, rules, key).set_index("unit")
    found = arms.reindex(customers["unit"])
    tokens = token(customers["customer_id"], wave, key)
    return customers.assign(wave=wave, arm=found["arm"].array, probability=found["probability"].array, token=tokens)


def _with_units(found: Eligibility, assigned: pd.DataFrame) -> pd.DataFrame:
    """Return the flow, with those who are asked a module as its last step."""
    frame = int(found.flow["n"].iloc[0])
    left = int(assigned["arm"].ne(HOLDOUT).sum())
    row = {"step": "outside the holdout", "n": left, "n_customers": left, "lost": len(assigned) - left}
    return pd.concat([found.flow, pd.DataFrame([row | {"share": left / frame}])], ignore_index=True)


def _arms(assigned: pd.DataFrame, rules: Assignment) -> pd.DataFrame:
    """Return the arms with the units that fell into each."""
    units = assigned.drop_duplicates("unit")
    rows = []
    for name in (HOLDOUT, *rules.arms):
        share = rules.holdout if name == HOLDOUT else (1 - rules.holdout) * rules.arms[name].probability
        modules = ", ".join(rules.arms[name].modules) if name in rules.arms else ""
        people = int(assigned["arm"].eq(name).sum())
        n = int(units["arm"].eq(name).sum())
        counts = {"n": n, "n_customers": people, "probability": share, "expected": share * len(units)}
        rows.append({"arm": name, "modules": modules, **counts, "share": n / len(units)})
    return pd.DataFrame(rows)


def _checks(rules: Assignment, needs: pd.DataFrame, weak: pd.DataFrame, name: str) -> pd.DataFrame:
    """Return what a reviewer should know of a plan, as sentences."""
    public = rules.key.public is not None
    told = (
        "The key is public, so that everyone can compute the arms again, and foresee them. Only for a demo."
        if public
        else "The key is kept outside the project; whoever has it can compute the arms again."
    )
    met = [name for name, rows in needs.groupby("question", sort=False) if rows["flag"].eq("met").all()]
    stop = f"Targets are met for {', '.join(met)}: take them out." if met else "No question has met its target."
    return pd.DataFrame(
        [
            {
                "check": "plan",
                "status": "pass",
                "sentence": f"Plan {name}: another rule, wording or customer would give another number.",
            },
            {"check": "key", "status": "warn" if public else "pass", "sentence": told},
            {
                "check": "wording",
                "status": "warn" if len(weak) else "pass",
                "sentence": f"The wording lint found {len(weak) or 'nothing'} to look at.",
            },
            {"check": "targets", "status": "warn" if met else "pass", "sentence": stop},
        ]
    )


def canonical(record: Mapping[str, Any]) -> str:
    """Return a record as the JSON that is kept beside its assignment."""
    return json.dumps(record, indent=1, sort_keys=True, ensure_ascii=False) + "\n"
