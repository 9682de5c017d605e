"""Shares and means of questions with plain answers: single, scale, grid, number, intent, open."""

import numpy as np
import pandas as pd

from cxresearch.metrics import mean, proportion
from cxresearch.questions.answers import Answers
from cxresearch.questions.resamples import sample_of
from cxresearch.questions.van_westendorp import CALIBRATION, with_intervals
from cxresearch.schema.questions import Question
from cxresearch.stats.design import Floats

__all__ = ["means", "medians", "openings", "shares"]

WEIGHT = "weight"


def shares(rows: pd.DataFrame, question: Question, by: list[str], conf_level: float) -> dict[str, pd.DataFrame]:
    """Return `shares`: `item`, then a result frame of the share of people who chose it."""
    chosen = [rows.assign(_is=rows["item"].eq(name)) for name in question.items]
    parts = [proportion(part, by, column="_is", weight=WEIGHT, conf_level=conf_level) for part in chosen]
    return {"shares": _behind(parts, "item", list(question.items), by)}


def means(rows: pd.DataFrame, question: Question, by: list[str], conf_level: float) -> dict[str, pd.DataFrame]:
    """Return `means` by item; `distribution` over the points of a scale; `buyers` of a purchase intent."""
    groups = [*by, *(["item"] if question.items else [])]
    found = {"means": _mean(rows, groups, question.scale or (-np.inf, np.inf), conf_level)}
    if question.scale:
        points = range(question.scale[0], question.scale[1] + 1)
        given = [rows.assign(_is=rows["answer"].eq(point)) for point in points]
        parts = [proportion(part, groups, column="_is", weight=WEIGHT, conf_level=conf_level) for part in given]
        found["distribution"] = _behind(parts, "score", list(points), groups)
    if question.type == "intent" and question.scale == (min(CALIBRATION), max(CALIBRATION)):
        bought = rows.assign(answer=rows["answer"].map(CALIBRATION))
        found["buyers"] = _mean(bought, groups, (0, 1), conf_level)
    return found


def _mean(rows: pd.DataFrame, groups: list[str], scale: tuple[float, float], conf_level: float) -> pd.DataFrame:
    """Return means with limits on the scale."""
    found = mean(rows, groups or None, column="answer", weight=WEIGHT, conf_level=conf_level)
    return found.assign(**found[["conf_low", "conf_high"]].clip(*scale))


def _behind(parts: list[pd.DataFrame], name: str, levels: list, groups: list[str]) -> pd.DataFrame:
    """Return result frames, one a level, as one with the level behind the groups."""
    told = [part.assign(**{name: level}) for part, level in zip(parts, levels, strict=True)]
    found = pd.concat(told, ignore_index=True)
    return found[[*groups, name, *(column for column in found if column not in (*groups, name))]]


def medians(rows: pd.DataFrame, conf_level: float, n_boot: int, seed: int) -> pd.DataFrame:
    """Return the weighted median of a number, with the percentiles of resamples of customers."""
    ordered = rows.sort_values("answer", kind="stable")
    values, sample = ordered["answer"].to_numpy(dtype=float), sample_of(ordered, "answer", WEIGHT, None)

    def median(weights: Floats) -> Floats:
        """Return the (draws, 1) values at which half of the weight is reached."""
        reached = np.cumsum(weights, axis=0)
        return values[(reached >= reached[-1] / 2).argmax(axis=0)][:, None]

    drawn = sample.replicates(median, n_boot, seed)
    return with_intervals({}, median(sample.weight[:, None])[0], drawn, sample, conf_level)


def openings(answers: Answers, question: Question, by: list[str], conf_level: float) -> dict[str, pd.DataFrame]:
    """Return `written`: the share of those who answered the module who wrote something; never what."""
    asked = answers.rows[answers.rows["module"].eq(question.module)]
    people = asked.drop_duplicates("response_id")
    wrote = asked.loc[asked["question"].eq(question.id), "response_id"]
    people = people.assign(_is=people["response_id"].isin(wrote))
    return {"written": proportion(people, by or None, column="_is", weight=WEIGHT, conf_level=conf_level)}
