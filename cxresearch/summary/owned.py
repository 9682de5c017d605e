"""What stands with somebody's name: targets met and missed, topics, and what was planned against them."""

import pandas as pd

from cxresearch.present import frames
from cxresearch.strict_yaml import StudyError
from cxresearch.summary.owners import owner_of, topic_owners
from cxresearch.summary.recorded import Recorded, shown

__all__ = ["actions", "initiatives", "targets", "topics"]

TARGET_COLUMNS = (
    *("metric", "n", "n_customers", "estimate", "conf_low", "conf_high", "target", "verdict"),
    *("unit", "owner", "page", "key", "flag"),
)
TOPIC_COLUMNS = (
    *("topic", "n", "n_customers", "share", "share_low", "share_high", "change", "change_low", "change_high"),
    *("verdict", "owner", "page", "key", "flag"),
)
NO_TARGETS = (
    "the study file sets no target that the scorecard of this run holds; add `targets:` with a metric and its goal."
)
NO_TOPICS = "no topic of this run has an owner; name them in codebook.yaml, and keep the page about topics in the run."
NO_ACTIONS = "no page of this run lists actions with their owners; name rules under `actions:` in the study file."
NO_INITIATIVES = "no page of this run tells of initiatives; list them in initiatives.yaml beside the study file."
CHANGED = {"estimate": "change", "conf_low": "change_low", "conf_high": "change_high", "verdict": "verdict"}


def targets(run: Recorded) -> pd.DataFrame:
    """Return the targets of the study file, and whether they are met.

    Parameters
    ----------
    run
        What `recorded` gives.

    Returns
    -------
    pandas.DataFrame
        One row a target: `metric`; `n`, `n_customers`; `estimate`, `conf_low`, `conf_high`; `target`; `verdict` (`met`
        where the whole interval reaches it, `missed` where none of it does, else `cannot tell`); `unit`; `owner`;
        `page`, `key`, `flag`.

    Raises
    ------
    StudyError
        If nothing was run, or the study file sets no target.
    """
    cards = [shown(output) for output in run.told("change") if "target_verdict" in output.grid.columns]
    found = pd.concat([card[frames.floats(card, "target").notna()] for card in cards[:1]] or [pd.DataFrame()])
    if found.empty:
        raise StudyError(NO_TARGETS)
    owners = run.study.definition.owners
    named = [owner_of(row, owners) for row in found.to_dict("records")]
    found = found.assign(verdict=found["target_verdict"], owner=pd.Series(named, index=found.index, dtype="str"))
    return found[list(TARGET_COLUMNS)].reset_index(drop=True)


def topics(run: Recorded) -> pd.DataFrame:
    """Return the topics that somebody answers for: how often they are named, and whether more often.

    Parameters
    ----------
    run
        What `recorded` gives.

    Returns
    -------
    pandas.DataFrame
        One row a topic of the codebook with an owner: `topic`; `n`, `n_customers` (comments); `share` that names it,
        `share_low`, `share_high`; `change` since the period before, `change_low`, `change_high`, `verdict` (missing
        where there is no change to judge); `owner`; `page`, `key`, `flag`. Owners in alphabetical order, the commonest
        topic first.

    Raises
    ------
    StudyError
        If nothing was run, or no topic has an owner.
    """
    named, owners = run.first("topic_shares"), topic_owners(run)
    if named is None or not any(owners.values()):
        raise StudyError(NO_TOPICS)
    found = shown(named).rename(columns={"estimate": "share", "conf_low": "share_low", "conf_high": "share_high"})
    found = found.assign(owner=found["topic"].map(owners).fillna(""))
    changed = run.first("topic_changes")
    rows = shown(changed) if changed is not None else pd.DataFrame(columns=["topic", *CHANGED])
    of_topic = rows.drop_duplicates("topic").set_index("topic")
    found = found.assign(**{new: found["topic"].map(of_topic[old]) for old, new in CHANGED.items()})
    found = found[found["owner"].ne("")].sort_values(["owner", "share"], ascending=[True, False], kind="stable")
    return found[list(TOPIC_COLUMNS)].reset_index(drop=True)


def initiatives(run: Recorded) -> pd.DataFrame:
    """Return what was done about findings, and what came of it: outputs of the run with an owner of their own.

    Parameters
    ----------
    run
        What `recorded` gives.

    Returns
    -------
    pandas.DataFrame
        The initiatives of the run, as the page about them shows them, with `owner`, `page` and `key`.

    Raises
    ------
    StudyError
        If nothing was run, or no page tells of initiatives.
    """
    return _of_finding(run, "initiatives", NO_INITIATIVES)


def actions(run: Recorded) -> pd.DataFrame:
    """Return for what reasons customers are to be called, and who does it.

    Parameters
    ----------
    run
        What `recorded` gives.

    Returns
    -------
    pandas.DataFrame
        The counts of the action list of the run, as its page shows them, with `owner`, `page` and `key`. Whom to call
        stands in no report.

    Raises
    ------
    StudyError
        If nothing was run, or no page lists actions.
    """
    return _of_finding(run, "actions", NO_ACTIONS)


def _of_finding(run: Recorded, name: str, otherwise: str) -> pd.DataFrame:
    """Return the first output with a sentence and an owner, or refuse."""
    found = [output for output in run.told(name) if "owner" in output.grid.columns]
    if not found:
        raise StudyError(otherwise)
    return shown(found[0])
