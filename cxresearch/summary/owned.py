"""What stands with somebody's name: targets met and missed, topics, and what was planned against them."""

import pandas as pd

from cxresearch.present import frames
from cxresearch.summary.owners import owner_of, topic_owners
from cxresearch.summary.recorded import Recorded, shown

__all__ = ["initiatives", "targets", "topics"]

TARGET_COLUMNS = (
    *("metric", "n", "n_customers", "estimate", "conf_low", "conf_high", "target", "verdict"),
    *("unit", "owner", "page", "key", "flag"),
)
TOPIC_COLUMNS = (
    *("topic", "n", "n_customers", "share", "share_low", "share_high", "change", "change_low", "change_high"),
    *("verdict", "owner", "page", "key", "flag"),
)
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
        `page`, `key`, `flag`. No row where the study file sets none.

    Raises
    ------
    StudyError
        If nothing was run.
    """
    cards = [shown(output) for output in run.told("change") if "target_verdict" in output.grid.columns]
    if not cards:
        return pd.DataFrame(columns=list(TARGET_COLUMNS))
    found = cards[0][frames.floats(cards[0], "target").notna()]
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
        If nothing was run.
    """
    named, owners = run.first("topic_shares"), topic_owners(run)
    if named is None:
        return pd.DataFrame(columns=list(TOPIC_COLUMNS))
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
        The initiatives of the run, as the page about them shows them, with `owner`, `page` and `key`; no row where
        there are none.

    Raises
    ------
    StudyError
        If nothing was run.
    """
    run.told()
    output = run.with_columns("initiative", "status", "verdict", "owner")
    return shown(output) if output is not None else pd.DataFrame({"initiative": [], "owner": []}, dtype="str")
