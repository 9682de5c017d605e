"""Drivers: a rating without an effect has none of its own, one with an effect is found, and shares hold the truth."""

from collections.abc import Iterator

import numpy as np
import pandas as pd
from scipy import stats

from cxresearch import drivers
from cxresearch.prove.claims import COVERAGE, FALSE_ALARMS, POWER, TOLD, Claim, claim
from cxresearch.stats.design import Floats
from cxresearch.stats.importance import shapley
from cxresearch.stats.subsets import explained
from cxresearch.strict_yaml import StudyError

SECTION = "Drivers"
# Effects on a hidden score with errors of variance 1; all ratings correlate by LIKENESS, and the last has no effect.
EFFECTS = {"network": 0.5, "value": 0.3, "billing": 0.2, "app": 0.0}
NULL, WEAKEST, LIKENESS, RELIABILITY = "app", "billing", 0.6, 0.8
# Shares of detractors and promoters.
DETRACTORS, PROMOTERS = 0.3, 0.4
ANSWERS, MANY, FEW, RESAMPLES = 800, 2_000, 200, 300


def own_effects(runs: int) -> list[Claim]:
    """Return how often a driver is said to have an effect of its own, where it has one and where it has none."""
    rng = np.random.default_rng(41)
    found = [_own(_world(rng, ANSWERS)) for _ in range(runs)]
    setting = f"4 drivers that correlate {LIKENESS}, {ANSWERS} answers, no measurement error"
    return [
        claim(
            SECTION,
            "a driver without an effect is said to have one of its own",
            setting,
            _of(found, NULL),
            FALSE_ALARMS,
        ),
        claim(SECTION, "the weakest real effect (a slope of .2) is found", setting, _of(found, WEAKEST), POWER),
        claim(SECTION, "… the model was refused", setting, (one is None for one in found), TOLD),
    ]


def noisy_ratings(runs: int) -> list[Claim]:
    """Return what measurement error does: what the ratings do not carry of one another falls to the null as well."""
    rng = np.random.default_rng(42)
    frames = [_world(rng, MANY, RELIABILITY) for _ in range(runs)]
    what = "a driver without an effect is said to have one of its own"
    claims = []
    for outcome, words in (("nps", "votes"), ("score", "the score behind the votes")):
        found = [_own(frame, outcome) for frame in frames]
        setting = f"4 drivers that correlate {LIKENESS}, {MANY:,} answers, reliability {RELIABILITY}; {words}"
        claims.append(claim(SECTION, what, setting, _of(found, NULL), TOLD))
        claims.append(claim(SECTION, "… the model was refused", setting, (one is None for one in found), TOLD))
    return claims


def share_intervals(runs: int) -> list[Claim]:
    """Return the coverage of the share of each driver: the strongest, and the one that has a share but no effect."""
    claims = []
    for answers, bounds in ((FEW, TOLD), (ANSWERS, COVERAGE)):
        rng, truth = np.random.default_rng(43), _true_shares()
        held: dict[str, list[bool]] = {name: [] for name in EFFECTS}
        for run in range(runs):
            shares = drivers.importance(_world(rng, answers), "nps", list(EFFECTS), n_boot=RESAMPLES, seed=run).shares
            limits = shares.set_index("driver")[["share_low", "share_high"]]
            for name, value in truth.items():
                held[name].append(bool(limits.loc[name, "share_low"] <= value <= limits.loc[name, "share_high"]))
        setting = f"4 drivers that correlate {LIKENESS}, {answers} answers"
        claims += [
            claim(SECTION, f"the interval holds the true share of {name}, {truth[name]:.0%}", setting, hits, bounds)
            for name, hits in held.items()
        ]
    return claims


def _of(found: list[dict[str, bool] | None], name: str) -> Iterator[bool]:
    """Yield whether a driver was said to have an effect of its own; a refusal says nothing."""
    return (one is not None and one[name] for one in found)


def _own(frame: pd.DataFrame, outcome: str = "nps") -> dict[str, bool] | None:
    """Return which drivers are said to have an effect of their own; None where the model is refused."""
    try:
        slopes = drivers.importance(frame, outcome, list(EFFECTS), n_boot=0).coefficients
    except StudyError:
        return None
    return dict(zip(slopes["driver"], slopes["own_effect"], strict=True))


def _world(rng: np.random.Generator, answers: int, reliability: float = 1.0) -> pd.DataFrame:
    """Return answers: votes by a hidden score, and the ratings behind it as they were measured."""
    felt = np.sqrt(LIKENESS) * rng.normal(size=(answers, 1)) + np.sqrt(1 - LIKENESS) * rng.normal(
        size=(answers, len(EFFECTS))
    )
    score = felt @ np.array(list(EFFECTS.values())) + rng.normal(size=answers)
    votes = np.select([score < _limits()[0], score > _limits()[1]], [3.0, 10.0], 8.0)
    error = np.sqrt(1 / reliability - 1) * rng.normal(size=felt.shape)
    return pd.DataFrame(felt + error, columns=list(EFFECTS)).assign(nps=votes, score=score)


def _covariances() -> tuple[Floats, Floats, float]:
    """Return the correlations of the ratings, their covariances with the score, and its variance."""
    effects = np.array(list(EFFECTS.values()))
    ratings = LIKENESS + (1 - LIKENESS) * np.eye(len(effects))
    return ratings, ratings @ effects, float(effects @ ratings @ effects) + 1


def _limits() -> tuple[float, float]:
    """Return the scores below which people are detractors and above which promoters."""
    spread = np.sqrt(_covariances()[2])
    return float(stats.norm.ppf(DETRACTORS) * spread), float(stats.norm.ppf(1 - PROMOTERS) * spread)


def _true_shares() -> dict[str, float]:
    """Return the population's LMG shares; those of votes are those of the score, whose R² is only larger."""
    ratings, with_score, variance = _covariances()
    matrix = np.block([[ratings, with_score[:, None]], [with_score[None], np.array([[variance]])]])
    parts = shapley(explained(matrix, [1] * len(EFFECTS)))
    return dict(zip(EFFECTS, (parts / parts.sum()).tolist(), strict=True))
