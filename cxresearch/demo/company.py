"""The customers of Halden Telecom as its CRM knows them, and its teams."""

from functools import cache
from importlib.resources import files

import numpy as np
import pandas as pd
from ruamel.yaml import YAML

from cxresearch.demo import planted
from cxresearch.demo.dice import stream

CRM_ENCODING = "cp1252"
OLDEST_DAYS = 6200  # Halden was founded in 2006


@cache
def words(name: str) -> dict:
    """Return a file of the word stock.

    Parameters
    ----------
    name
        Name of the file under `words/`, without its ending.

    Returns
    -------
    dict
        What the file says.
    """
    return YAML(typ="safe").load((files("cxresearch.demo") / "words" / f"{name}.yaml").read_text("utf-8"))


def customers(seed: int) -> pd.DataFrame:
    """Return everyone who was a customer at any time, one row each, oldest first.

    Parameters
    ----------
    seed
        Seed of the company.

    Returns
    -------
    pandas.DataFrame
        `customer_id`, `name`, `account` ("" where none), `since` (first day), `plan`, `contract_months`, `access`,
        `region`, `crm_region`, `district`, `billing_cycle`, `channel`, `consent` and `takeover` (bool), on a running
        index.
    """
    rng = stream(seed, "customers")
    since = _since(rng)
    count = len(since)
    frame = pd.DataFrame({"customer_id": _ids(rng, count), "since": since})
    frame["takeover"] = frame.index >= planted.OLD_CUSTOMERS + planted.NEW_CUSTOMERS
    frame["plan"] = rng.choice(list(planted.PLANS), count, p=[plan.share for plan in planted.PLANS.values()])
    frame.loc[frame["takeover"], "plan"] = planted.TAKEOVER_PLAN
    frame["contract_months"] = frame["plan"].map({name: plan.contract_months for name, plan in planted.PLANS.items()})
    frame["access"] = _access(rng, count)
    # In turn rather than drawn: regions of equal size, so that their revenue does not move with who happens to join.
    frame["region"] = np.array(list(planted.REGIONS))[np.arange(count) % len(planted.REGIONS)]
    frame["crm_region"] = [_first_or_any(rng, planted.REGIONS[region]) for region in frame["region"]]
    frame["district"] = [f"D{number:02d}" for number in rng.integers(1, planted.DISTRICTS + 1, count)]
    frame["billing_cycle"] = np.array(planted.BILLING_CYCLES)[np.arange(count) % len(planted.BILLING_CYCLES)]
    frame["channel"] = rng.choice(list(planted.CHANNELS), count, p=list(planted.CHANNELS.values()))
    frame["consent"] = rng.random(count) < 0.86
    return _with_names(frame, rng)


def small(frame: pd.DataFrame) -> np.ndarray:
    """Return which customers belong to the small segments that stay and always answer."""
    return frame["access"].isin(list(planted.SMALL_SEGMENTS)).to_numpy()


def _since(rng: np.random.Generator) -> pd.Series:
    """Return signup days: old customers over fifteen years, new ones evenly over the months, the takeover at once."""
    start = pd.Timestamp(planted.FIRST_MONTH)
    days = 1 + rng.gamma(1.6, 1350, planted.OLD_CUSTOMERS) % OLDEST_DAYS
    old = start - pd.to_timedelta(np.sort(days.astype(int))[::-1], unit="D")
    span = (pd.Timestamp(planted.LAST_MONTH) + pd.offsets.MonthEnd() - start).days - 20
    new = start + pd.to_timedelta(np.sort(rng.integers(0, span, planted.NEW_CUSTOMERS)), unit="D")
    taken_over = pd.DatetimeIndex([pd.Timestamp(planted.TAKEOVER_MONTH)] * planted.TAKEN_OVER)
    return pd.Series(old.append(new).append(taken_over), name="since").dt.floor("D")


def _ids(rng: np.random.Generator, count: int) -> list[str]:
    """Return seven-digit customer numbers with leading zeros, rising with the time of signing up."""
    return [f"{number:07d}" for number in 41000 + np.cumsum(rng.integers(3, 140, count))]


def _access(rng: np.random.Generator, count: int) -> np.ndarray:
    """Return the access technology; the rare ones are planted among the old customers."""
    access = rng.choice(list(planted.ACCESS), count, p=list(planted.ACCESS.values())).astype(object)
    places = iter(rng.choice(planted.OLD_CUSTOMERS, sum(planted.SMALL_SEGMENTS.values()), replace=False))
    for level, size in planted.SMALL_SEGMENTS.items():
        for _ in range(size):
            access[next(places)] = level
    return access.astype(str)


def _first_or_any(rng: np.random.Generator, names: tuple[str, ...]) -> str:
    """Return one of the CRM's names of a region, most often the first."""
    return names[0] if len(names) == 1 or rng.random() < 0.8 else names[1]


def _with_names(frame: pd.DataFrame, rng: np.random.Generator) -> pd.DataFrame:
    """Return the customers with invented names that the CRM's encoding can hold, and the accounts of firms."""
    people = words("people")
    first, last = (_encodable(people[part]) for part in ("first", "last"))
    count = len(frame)
    names = pd.Series(rng.choice(first, count)) + " " + pd.Series(rng.choice(last, count))
    account = pd.Series("", frame.index)
    firms = frame.index[(frame["plan"] == "Business") & (frame.index < planted.OLD_CUSTOMERS)]
    members = firms[: planted.ACCOUNTS * planted.PEOPLE_PER_ACCOUNT]
    account[members] = [f"B{100 + place // planted.PEOPLE_PER_ACCOUNT}" for place in range(len(members))]
    return frame.assign(name=names.to_numpy(), account=account)


def _encodable(names: list[str]) -> list[str]:
    """Return the names that the CRM can store; old systems cannot write all of them."""
    return [name for name in names if name.encode(CRM_ENCODING, "ignore").decode(CRM_ENCODING) == name]
