"""Findings of all pages on one scale, and the three that stand on the first screen."""

import pandas as pd

from cxresearch.present.labels import LESS_IS_BETTER
from cxresearch.summary.owners import owner_of, topic_owners
from cxresearch.summary.recorded import Recorded
from cxresearch.summary.sources import ABOUT, EVERYONE, LEVER, SOURCES

__all__ = ["findings", "first_screen", "of_all_kinds"]

COLUMNS = (
    *ABOUT,
    *("n", "n_customers", "value", "value_against", "estimate", "conf_low", "conf_high", "share"),
    *("verdict", "unit", "kind", "initiative", "status", "news", "weight", "owner", "page", "key", "flag"),
)
NUMBERS = ("value", "value_against", "estimate", "conf_low", "conf_high", "share", "weight")
TEXTS = ("verdict", "unit", "kind", "initiative", "status", "page", "key", "flag")
BETTER, WORSE = "better", "worse"
RISES = ("rose", "higher")


def findings(run: Recorded) -> pd.DataFrame:
    """Return what the data support on any page of a run, the weightiest first.

    Parameters
    ----------
    run
        What `recorded` gives.

    Returns
    -------
    pandas.DataFrame
        `metric`, `segment`, `level`, `topic`, `driver` ("all" where it is about nothing of that kind); `n`,
        `n_customers`; `value` and `value_against` (the levels now and before, or of the group and the rest);
        `estimate`, `conf_low`, `conf_high` (the difference; of a driver the points that go with one rating point);
        `share` (of the customers concerned, 0-1); `verdict` (`rose`, `fell`, `higher`, `lower`, `lever`); `unit`;
        `kind` (`change`, `comparison`, `driver`, `topic`, `initiative`, whose title is in `initiative` and what may be
        read into it in `status`); `news` (`better`, `worse`, `lever`); `weight` (points of the
        primary metric that everyone's score surely owes to it, see the method `findings`); `owner`; `page` and `key`
        (where the number stands); `flag`. No row where nothing is supported.

    Raises
    ------
    StudyError
        If nothing was run.

    Notes
    -----
    Rows come from protected outputs, so a hidden group is none of them.

    Examples
    --------
    >>> import cxresearch as cx
    >>> from cxresearch.present.payload import Grid, Payload
    >>> study = cx.load("demo", period="2025Q3")
    >>> card = Payload(key="card", kind="table", grid=Grid.of(cx.metrics.scorecard(study)), finding="change")
    >>> findings(Recorded.of(study, [card]))[["metric", "verdict"]].values.tolist()[0]
    ['nps', 'fell']
    """
    found = of_all_kinds(run)
    return found[found["weight"].notna()].sort_values("weight", ascending=False, kind="stable").reset_index(drop=True)


def of_all_kinds(run: Recorded) -> pd.DataFrame:
    """Return the supported findings in the order of their pages; those off the scale have no weight."""
    parts = [part.assign(kind=kind) for kind, read in SOURCES.items() if len(part := read(run))]
    found = pd.concat(parts, ignore_index=True) if parts else pd.DataFrame()
    found = found.reindex(columns=list(dict.fromkeys([*found.columns, *COLUMNS])))
    blank = dict.fromkeys(ABOUT, EVERYONE) | dict.fromkeys(TEXTS, "")
    found = found.assign(**{name: found[name].astype("object").fillna(text) for name, text in blank.items()})
    found = found.drop_duplicates([*ABOUT, "kind", "initiative"])
    owners = run.study.definition.owners | topic_owners(run)
    found = found.assign(
        news=[_news(*row) for row in found[["verdict", "metric"]].itertuples(index=False)],
        owner=[owner_of(row, owners) for row in found.to_dict("records")],
    )
    types = dict.fromkeys(NUMBERS, "float64") | dict.fromkeys(("n", "n_customers"), "int64")
    found = found.astype(types | dict.fromkeys((*ABOUT, *TEXTS, "news", "owner"), "str"))
    return found[list(COLUMNS)].reset_index(drop=True)


def first_screen(found: pd.DataFrame, top: int = 3) -> pd.DataFrame:
    """Return the findings that a board reads first, the weightiest first.

    Parameters
    ----------
    found
        What `findings` returned.
    top
        How many at most.

    Returns
    -------
    pandas.DataFrame
        Its weightiest row of each `news`, so that wins, problems and what could be done all have a place; then the
        weightiest of the others.
    """
    leading = found.drop_duplicates("news").index[:top]
    others = found.index.difference(leading, sort=False)
    return found.loc[sorted([*leading, *others[: top - len(leading)]])].reset_index(drop=True)


def _news(verdict: str, metric: str) -> str:
    """Return whether a finding is a win, a problem, or something to act on."""
    if verdict == LEVER:
        return LEVER
    return BETTER if (verdict in RISES) != (metric in LESS_IS_BETTER) else WORSE
