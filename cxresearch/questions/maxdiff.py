"""MaxDiff (best-worst scaling, case 1): what people would pick first and last among a few items, task after task."""

from dataclasses import dataclass
from typing import Literal

import numpy as np
import pandas as pd

from cxresearch.metrics import mean
from cxresearch.metrics.measures import numbers
from cxresearch.questions.resamples import Sample, sample_of
from cxresearch.stats import intervals
from cxresearch.stats.choice import ChoiceFit, conditional_logit
from cxresearch.stats.design import Codes, Floats

__all__ = ["MaxDiff", "maxdiff"]

Model = Literal["sequential", "marginal", "paired"]
MODELS = ("sequential", "marginal", "paired")


@dataclass(frozen=True)
class MaxDiff:
    """How much items are worth beside each other.

    Attributes
    ----------
    counts
        `item`, then a result frame whose `n` is how often the item was shown and whose estimate is
        (best - worst) / shown, -1 to 1; before `flag` also `best` and `worst`, counts unweighted.
    utilities
        `item`, then a result frame of the logit utilities, centred on 0; `n` is tasks.
    shares
        `item`, then a result frame of the shares of preference, summing to 1: how often the item would be picked
        first if all were shown at once.
    fit
        One row: `model`, `n` (tasks), `n_customers`, `log_likelihood`, `null_log_likelihood`, `pseudo_r2`, `flag`.
    """

    counts: pd.DataFrame
    utilities: pd.DataFrame
    shares: pd.DataFrame
    fit: pd.DataFrame


@dataclass(frozen=True)
class Tasks:
    """Answered tasks as arrays: the rows of a task stand together."""

    rows: pd.DataFrame
    task: Codes
    item: Codes
    answer: Floats
    items: list[str]
    sample: Sample


def maxdiff(
    frame: pd.DataFrame,
    *,
    respondent: str = "response_id",
    task: str = "task",
    item: str = "item",
    answer: str = "answer",
    model: Model = "sequential",
    weight: str | None = None,
    cluster: str | None = None,
    conf_level: float = 0.95,
) -> MaxDiff:
    """Return counts, utilities and shares of preference of a MaxDiff.

    Parameters
    ----------
    frame
        One row a person, task and item shown.
    respondent, task, item, answer
        Columns; the answer is 1 for the best, -1 for the worst, 0 for the others. Tasks without exactly one best and
        one worst are not used.
    model
        `sequential`: the best of all shown, then the worst of the rest; `marginal`: the best and the worst, each of
        all shown; `paired`: the pair of best and worst that lies furthest apart.
    weight, cluster
        Columns; errors are clustered by customer, else by respondent, unless a cluster is named.
    conf_level
        Level of the intervals.

    Returns
    -------
    MaxDiff
        Utilities are of everyone together: what differs between people is averaged, not modelled.

    Raises
    ------
    KeyError
        If a column is missing.
    ValueError
        If no task is complete, the model is unknown, an item is always or never picked, or items are never linked by a
        task.

    Notes
    -----
    Conditional logit (Louviere, Flynn and Marley 2015); errors are a sandwich by customer, limits of utilities normal,
    of shares on the scale of their log-odds. R `support.BWS::bws.dataset(model = )` with `survival::clogit`.

    Examples
    --------
    >>> shown = pd.DataFrame({"response_id": list("aaabbbccc"), "task": 1, "item": list("xyz") * 3})
    >>> found = maxdiff(shown.assign(answer=[1, 0, -1, 0, 1, -1, -1, 0, 1]))
    >>> found.counts["best"].tolist()
    [1, 1, 1]
    """
    if model not in MODELS:
        raise ValueError(f"maxdiff: there is no model {model!r}; known are {', '.join(MODELS)}.")
    tasks = _tasks(frame, [respondent, task, item, answer], weight, cluster)
    fit, sets = _fitted(tasks, model)
    covariance = fit.clustered(tasks.sample.unit[sets])
    bases = _bases(tasks)
    quality = 1 - fit.log_likelihood / fit.null_log_likelihood
    likelihoods = {"log_likelihood": fit.log_likelihood, "null_log_likelihood": fit.null_log_likelihood}
    told = pd.DataFrame([{"model": model, **bases, **likelihoods, "pseudo_r2": quality}])
    return MaxDiff(
        _counts(tasks, weight, conf_level),
        _utilities(fit, covariance, tasks, bases, conf_level),
        _shares(fit, covariance, tasks, bases, conf_level),
        told[[name for name in told if name not in ("n_eff", "flag")] + ["flag"]],
    )


def _tasks(frame: pd.DataFrame, columns: list[str], weight: str | None, cluster: str | None) -> Tasks:
    """Return the tasks with one best and one worst."""
    for column in columns:
        if column not in frame:
            raise KeyError(f"maxdiff: there is no column {column!r}.")
    respondent, task, item, answer = columns
    rows = frame.dropna(subset=[respondent, task, item]).assign(_answer=numbers(frame[answer], answer))
    key = rows.groupby([respondent, task], sort=False).ngroup().to_numpy()
    complete = np.ones(len(rows), dtype=bool)
    for value in (1, -1):
        complete &= (np.bincount(key, rows["_answer"].eq(value), minlength=len(rows)) == 1)[key]
    rows = rows[complete].assign(_key=key[complete]).sort_values("_key", kind="stable", ignore_index=True)
    if rows.empty:
        raise ValueError(f"maxdiff: of {len(np.unique(key))} tasks none holds one best and one worst answer.")
    items = sorted(rows[item].astype("str").unique())
    of_item = rows[item].astype("str").map({name: place for place, name in enumerate(items)}).to_numpy()
    if not {"account_id", "customer_id"} & set(rows) and cluster is None:
        cluster = respondent
    sample = sample_of(rows.assign(_one=1.0), "_one", weight, cluster)
    _, code = np.unique(rows["_key"], return_inverse=True)
    return Tasks(rows.rename(columns={item: "item"}), code, of_item, rows["_answer"].to_numpy(float), items, sample)


def _fitted(tasks: Tasks, model: Model) -> tuple[ChoiceFit, Codes]:
    """Return the fit with the last item as base, and the first row of each choice set."""
    attributes = np.eye(len(tasks.items))[tasks.item][:, :-1]
    if model == "paired":
        x, code, chosen, first = _pairs(tasks, attributes)
    else:
        rest = np.ones(len(tasks.task), dtype=bool) if model == "marginal" else tasks.answer != 1
        x = np.concatenate([attributes, -attributes[rest]])
        code = np.concatenate([tasks.task, tasks.task[rest] + tasks.task.max() + 1])
        chosen = np.concatenate([tasks.answer == 1, tasks.answer[rest] == -1])
        places = np.concatenate([np.arange(len(tasks.task)), np.flatnonzero(rest)])
        first = places[np.flatnonzero(np.diff(code, prepend=-1))]
    return conditional_logit(x, code, chosen, tasks.sample.weight[first]), first


def _pairs(tasks: Tasks, attributes: Floats) -> tuple[Floats, Codes, np.ndarray, Codes]:
    """Return each task as a choice among all ordered pairs of best and worst."""
    starts = np.flatnonzero(np.diff(tasks.task, prepend=-1))
    sizes = np.diff([*starts, len(tasks.task)])
    best = np.concatenate([np.repeat(np.arange(s, s + k), k) for s, k in zip(starts, sizes, strict=True)])
    worst = np.concatenate([np.tile(np.arange(s, s + k), k) for s, k in zip(starts, sizes, strict=True)])
    best, worst = best[best != worst], worst[best != worst]
    chosen = (tasks.answer[best] == 1) & (tasks.answer[worst] == -1)
    return attributes[best] - attributes[worst], tasks.task[best], chosen, starts


def _bases(tasks: Tasks) -> dict[str, object]:
    """Return the bases of a fit: its tasks, customers, and the effective base of the customers."""
    return tasks.sample.bases() | {"n": int(tasks.task.max()) + 1}


def _counts(tasks: Tasks, weight: str | None, conf_level: float) -> pd.DataFrame:
    """Return how often each item was shown, best and worst."""
    rows = tasks.rows.assign(_unit=tasks.sample.unit)
    found = mean(rows, "item", column="_answer", weight=weight, cluster="_unit", conf_level=conf_level)
    for name, value in {"best": 1, "worst": -1}.items():
        times = np.bincount(tasks.item, tasks.answer == value, minlength=len(tasks.items)).astype(int)
        found.insert(len(found.columns) - 1, name, times[[tasks.items.index(str(item)) for item in found["item"]]])
    limits = found[["conf_low", "conf_high"]].clip(-1, 1)
    customers = rows.groupby("item")["_unit"].nunique()
    return found.assign(**limits, n_customers=found["item"].map(customers).to_numpy())


def _utilities(fit: ChoiceFit, covariance: Floats, tasks: Tasks, bases: dict, conf_level: float) -> pd.DataFrame:
    """Return the utilities centred on 0."""
    k = len(tasks.items)
    centring = np.eye(k)[:, :-1] - 1 / k
    estimate = centring @ fit.coefficients
    error = np.sqrt(np.diag(centring @ covariance @ centring.T))
    return _result(tasks, bases, estimate, error, *intervals.wald(estimate, error, conf_level))


def _shares(fit: ChoiceFit, covariance: Floats, tasks: Tasks, bases: dict, conf_level: float) -> pd.DataFrame:
    """Return the shares of preference, with limits made on the scale of log-odds."""
    height = np.exp(np.append(fit.coefficients, 0.0))
    share = height / height.sum()
    slope = (np.diag(share) - np.outer(share, share))[:, :-1]
    error = np.sqrt(np.diag(slope @ covariance @ slope.T))
    odds, spread = np.log(share / (1 - share)), error / (share * (1 - share))
    low, high = (1 / (1 + np.exp(-limit)) for limit in intervals.wald(odds, spread, conf_level))
    return _result(tasks, bases, share, error, low, high)


def _result(tasks: Tasks, bases: dict, estimate: Floats, error: Floats, low: Floats, high: Floats) -> pd.DataFrame:
    """Return a result frame, the most valued item first."""
    size = {name: bases[name] for name in ("n", "n_customers", "n_eff")}
    found = {"estimate": estimate, "std_error": error, "conf_low": low, "conf_high": high, "flag": bases["flag"]}
    frame = pd.DataFrame({"item": tasks.items, **size, **found})
    return frame.sort_values("estimate", ascending=False, kind="stable", ignore_index=True)
