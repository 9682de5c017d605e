"""What is true of all customers, answered or not: the yardstick for every estimate from the answers."""

import numpy as np
import pandas as pd
import statsmodels.api as sm

from cxresearch.demo import planted
from cxresearch.demo.experience import live, vote
from cxresearch.demo.world import World

MONTHS_A_QUARTER = 3


def votes(world: World) -> pd.DataFrame:
    """Return the vote of every customer active at the time of the survey, in every reported quarter.

    Parameters
    ----------
    world
        The company.

    Returns
    -------
    pandas.DataFrame
        `customer` (its row), `quarter` (name), `vote` (-1, 0, +1), `plan`, `region`, `district`, `billing_cycle`.
    """
    made = []
    for quarter in planted.QUARTERS:
        latent = planted.LATENT_QUARTERS.index(quarter)
        customer = np.flatnonzero(world.billing.active[:, MONTHS_A_QUARTER * latent - 1])
        made.append(
            pd.DataFrame({"customer": customer, "quarter": quarter, "vote": world.felt.votes[customer, latent]})
        )
    frame = pd.concat(made, ignore_index=True)
    levels = ["plan", "region", "district", "billing_cycle"]
    return frame.join(world.customers[levels], on="customer")


def nps(frame: pd.DataFrame, by: list[str]) -> pd.Series:
    """Return the NPS of a table of votes by groups."""
    return 100 * frame.groupby(by)["vote"].mean()


def within(table: pd.DataFrame) -> pd.DataFrame:
    """Return a level x quarter table without the effects of levels and of quarters."""
    left = table.sub(table.mean(axis=1), axis=0)
    return left.sub(left.mean(axis=0), axis=1)


def within_sd(table: pd.DataFrame) -> float:
    """Return the standard deviation that is left after the effects of levels and quarters, by degrees of freedom."""
    levels, quarters = table.shape
    return float(np.sqrt((within(table).to_numpy() ** 2).sum() / ((levels - 1) * (quarters - 1))))


def driver_slopes(world: World) -> pd.Series:
    """Return the NPS points per rating point of each driver in all customers who can rate all drivers.

    Parameters
    ----------
    world
        The company.

    Returns
    -------
    pandas.Series
        Least-squares slopes of 100 x vote on the ratings, by driver.
    """
    shown = slice(planted.FIRST_REPORTED, None)
    applies = np.logical_and.reduce([world.felt.applies[name][:, shown] for name in planted.DRIVERS])
    active = world.billing.active[:, MONTHS_A_QUARTER * planted.FIRST_REPORTED - 1 :: MONTHS_A_QUARTER]
    chosen = applies & active
    ratings = np.column_stack([world.felt.ratings[name][:, shown][chosen] for name in planted.DRIVERS])
    design = np.column_stack([np.ones(len(ratings)), ratings])
    slopes = np.linalg.lstsq(design, 100.0 * world.felt.votes[:, shown][chosen], rcond=None)[0]
    return pd.Series(slopes[1:], index=list(planted.DRIVERS))


def initiative_effect(world: World, name: str, seed: int) -> float:
    """Return what an initiative did, in NPS points of those it touched: the votes with it less the votes without it."""
    change = planted.INITIATIVES[name]
    if change.dimension == "touchpoint":
        calls = world.contacts
        after = calls["quarter"].map(dict(enumerate(planted.QUARTERS))) >= change.start
        touched = calls[(calls["touchpoint"] == change.level) & after]
        without = vote(np.clip(np.rint(touched["feeling"].to_numpy() - change.score), 0, 10))
        return float(100 * (vote(touched["score"].to_numpy()) - without).mean())
    gained = world.felt.votes - live(world.customers, seed, without=name).votes
    quarters = [place for place, quarter in enumerate(planted.LATENT_QUARTERS) if quarter >= change.start]
    active = world.billing.active[:, [MONTHS_A_QUARTER * place - 1 for place in quarters]]
    touched = active & (world.customers[change.dimension] == change.level).to_numpy()[:, None]
    return float(100 * gained[:, quarters][touched].mean())


def revenue_panel(world: World, horizon: int = planted.HORIZON_MONTHS) -> pd.DataFrame:
    """Return vote and revenue of every customer active at the end of each quarter, answered or not.

    Parameters
    ----------
    world
        The company.
    horizon
        Months after the month of the survey.

    Returns
    -------
    pandas.DataFrame
        `customer`, `quarter`, `vote`, `previous_vote`, `window` (0/1), `plan`, `region`, `before` (EUR of the quarter
        that ends with the month of the survey) and `after` (EUR of the following months); complete horizons only.
    """
    billing, made = world.billing, []
    for place, quarter in enumerate(planted.LATENT_QUARTERS[:-1]):
        end = MONTHS_A_QUARTER * place
        if place < 1 or end + horizon > billing.revenue.shape[1]:
            continue
        before = billing.revenue[:, end - MONTHS_A_QUARTER : end].sum(axis=1)
        customer = np.flatnonzero(billing.active[:, end - 1] & (before > 0))
        made.append(
            pd.DataFrame(
                {
                    "customer": customer,
                    "quarter": quarter,
                    "vote": world.felt.votes[customer, place],
                    "previous_vote": world.felt.votes[customer, place - 1],
                    "window": world.felt.window[customer, place].astype(int),
                    "before": before[customer],
                    "after": billing.revenue[customer, end : end + horizon].sum(axis=1).clip(min=0),
                }
            )
        )
    return pd.concat(made, ignore_index=True).join(world.customers[["plan", "region"]], on="customer")


def revenue_slope(panel: pd.DataFrame, controls: tuple[str, ...] = ("previous_vote", "window")) -> tuple[float, float]:
    """Return the effect of the vote on log expected revenue after it, and its standard error.

    Parameters
    ----------
    panel
        Table of `revenue_panel`.
    controls
        Columns held constant beside log revenue before, plan and quarter.

    Returns
    -------
    tuple of float
        Slope and standard error, by Poisson pseudo-likelihood with errors clustered by customer.
    """
    design = pd.get_dummies(panel[["plan", "quarter"]], drop_first=True, dtype=float)
    design = design.assign(const=1.0, before=np.log(panel["before"]), vote=panel["vote"].astype(float))
    design = design.assign(**{name: panel[name].astype(float) for name in controls})
    model = sm.GLM(panel["after"], design, family=sm.families.Poisson())
    fit = model.fit(cov_type="cluster", cov_kwds={"groups": panel["customer"]})
    return float(fit.params["vote"]), float(fit.bse["vote"])
