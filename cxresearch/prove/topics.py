"""Topics: corrected shares hold the truth, topics that come together are told apart, still quarters look still."""

import numpy as np
import pandas as pd

from cxresearch.prove.claims import COVERAGE, FALSE_ALARMS, POWER, TOLD, Claim, claim
from cxresearch.prove.worlds import as_study
from cxresearch.topics.corrected import corrected_change, corrected_shares
from cxresearch.topics.embed import Embedding
from cxresearch.topics.impact import impact
from cxresearch.topics.mentions import Mentions
from cxresearch.topics.topic_model import TopicModel
from cxresearch.topics.track import drift_band

SECTION = "Topics"
TOPICS = ("Price", "Billing", "Delivery")
PERIODS = ("2026Q2", "2026Q3")
# A classifier that misses a fifth of what it should find, and sees each topic in one of forty texts without it.
FOUND, FALSE = 0.8, 0.025
TRUE_SHARES = np.array([0.12, 0.08, 0.05])
TEXTS, POSITIVES, OTHERS = 1_500, 50, 200
# Points that a topic adds to the NPS of those who name it; billing is named with price three times as often as alone.
EFFECTS = np.array([-30.0, 0.0, 20.0])
COMMENTS = 800
# Of the first topic, between two quarters.
RISE = np.array([0.06, 0.0, 0.0])


def planted() -> Mentions:
    """Return a small world in which nothing is random: 200 comments a period, three topics, the plans A and B.

    Examples
    --------
    >>> planted().names
    {'topic 0': 'Price', 'topic 1': 'Billing', 'topic 2': 'Delivery'}
    """
    number = np.arange(200)
    first = np.column_stack([number % 10 < 2, number % 10 > 6, number % 10 == 5])
    second = np.column_stack([number % 10 < np.where(number < 100, 6, 2), number % 10 > 6, number % 10 == 5])
    named = np.vstack([first, second]).astype(int)
    answers = pd.DataFrame(
        {
            "period": np.repeat(PERIODS, 200),
            "customer_id": [f"c{one}" for one in range(400)],
            "plan": np.tile(np.where(number < 100, "A", "B"), 2),
            "nps": np.where(named[:, 0] == 1, 4, 9) - np.tile(number // 2 % 5, 2) + named[:, 2],
        }
    )
    return mentions_of(answers, named)


def mentions_of(answers: pd.DataFrame, named: np.ndarray) -> Mentions:
    """Return comments and zeros and ones of what they name as mentions of a study with the segment `plan`."""
    ids = [f"topic {one}" for one in range(named.shape[1])]
    rows = answers.assign(survey="relationship", main="", by_hand=False)
    rows = pd.concat([rows, pd.DataFrame(named, columns=ids, index=rows.index)], axis=1)
    topics = pd.DataFrame({"id": ids, "topic": TOPICS[: len(ids)], "owner": "", "words": "", "flag": ""})
    sentences = pd.DataFrame({"row": [], "id": [], "score": [], "sentence": []})
    return Mentions(as_study(rows.assign(group=rows["plan"])), _model(ids), rows, topics, topics, sentences)


def _model(ids: list[str]) -> TopicModel:
    """Return a model that has the topics, each in a direction of its own; in these worlds nobody writes."""
    topics = pd.DataFrame({"topic": range(len(ids)), "label": ids, "parent": range(len(ids))})
    return TopicModel(topics, np.eye(len(ids), dtype=np.float32), Embedding("tfidf", "", None), pd.DataFrame(), {})


def corrected(runs: int) -> list[Claim]:
    """Return how often corrected shares and changes hold the truth at stated errors of the classifier."""
    rng = np.random.default_rng(61)
    held, plain, moved, alarms = [], [], [], []
    for _ in range(runs):
        truth, texts = _classified(rng, TRUE_SHARES)
        before_truth, before = _classified(rng, TRUE_SHARES)
        coded, coded_before = _coded(rng, truth, texts), _coded(rng, before_truth, before)
        found = corrected_shares(texts, coded)
        held += list((found["conf_low"] <= TRUE_SHARES) & (found["conf_high"] >= TRUE_SHARES))
        half = 1.96 * np.sqrt(found["uncorrected"] * (1 - found["uncorrected"]) / TEXTS)
        plain += list((found["uncorrected"] - TRUE_SHARES).abs() <= half)
        change = corrected_change(before, texts, coded_before, coded)
        moved += list((change["conf_low"] <= 0) & (change["conf_high"] >= 0))
        alarms.append(bool(change["verdict"].isin(["rose", "fell"]).any()))
    coding = f"{POSITIVES} coded a topic and {OTHERS} others"
    setting = f"{TEXTS:,} comments, {coding}; {FOUND:.0%} found, {FALSE:.1%} seen falsely"
    return [
        claim(SECTION, "the corrected interval holds the true share", setting, held, COVERAGE),
        claim(SECTION, "… the classifier's own share does", setting, plain, TOLD),
        claim(
            SECTION,
            "the interval of a change holds 0 where nothing changed",
            f"two waves of {setting}",
            moved,
            COVERAGE,
        ),
        claim(
            SECTION,
            "one of three unchanged topics is said to have changed",
            f"two waves of {setting}",
            alarms,
            FALSE_ALARMS,
        ),
    ]


def joint(runs: int) -> list[Claim]:
    """Return how often the joint regression holds planted effects of topics that come together."""
    rng = np.random.default_rng(62)
    held, null, found, alone = [], [], [], []
    for _ in range(runs):
        mentions = _together(rng)
        told = impact(mentions, controls=[])
        held += list((told["conf_low"] <= EFFECTS) & (told["conf_high"] >= EFFECTS))
        null.append(bool(told["p_value"].iloc[1] < 0.05))
        found.append(bool(told["conf_high"].iloc[0] < 0))
        alone.append(_alone(mentions.rows(), "topic 1"))
    setting = f"{COMMENTS} comments; price {EFFECTS[0]:+.0f} points, billing 0, mostly named with price"
    return [
        claim(SECTION, "the interval holds a topic's planted effect", setting, held, COVERAGE),
        claim(SECTION, "billing is said to have an effect", setting, null, FALSE_ALARMS),
        claim(SECTION, "… if it were compared alone with the rest", setting, alone, TOLD),
        claim(SECTION, "price is found to lower the score", setting, found, POWER),
    ]


def drift(runs: int) -> list[Claim]:
    """Return how often any of three topics leaves the band of random deals when nothing changed."""
    rng = np.random.default_rng(63)
    alarms, found = [], []
    for run in range(runs):
        still, moved = _two_quarters(rng, TRUE_SHARES), _two_quarters(rng, TRUE_SHARES + RISE)
        alarms.append(bool(drift_band(still, n_deals=300, seed=run)["flag"].ne("").any()))
        found.append(drift_band(moved, n_deals=300, seed=run)["flag"].iloc[0] != "")
    setting = f"two quarters of {COMMENTS} comments, three topics"
    return [
        claim(SECTION, "any topic leaves the null band when nothing changed", setting, alarms, FALSE_ALARMS),
        claim(SECTION, "a topic that rose by 6 points leaves it", setting, found, POWER),
    ]


def _two_quarters(rng: np.random.Generator, shares: np.ndarray) -> Mentions:
    """Return two quarters, the later one with given shares of topics."""
    named = np.vstack([rng.random((COMMENTS, 3)) < one for one in (TRUE_SHARES, shares)])
    answers = pd.DataFrame({"period": np.repeat(PERIODS, COMMENTS), "plan": "A", "nps": 9})
    return mentions_of(answers, named.astype(int))


def _classified(rng: np.random.Generator, shares: np.ndarray) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return the truth, and what a classifier of stated errors makes of it."""
    truth = rng.random((TEXTS, len(shares))) < shares
    seen = np.where(truth, rng.random(truth.shape) < FOUND, rng.random(truth.shape) < FALSE)
    surest = np.where(seen, rng.random(seen.shape), -1.0)
    main = np.where(seen.any(axis=1), np.array(TOPICS)[surest.argmax(axis=1)], "")
    frames = [pd.DataFrame(one.astype(int), columns=list(TOPICS)) for one in (truth, seen)]
    return frames[0], frames[1].assign(main=main)


def _coded(rng: np.random.Generator, truth: pd.DataFrame, texts: pd.DataFrame) -> pd.DataFrame:
    """Return the truth of a sample stratified by what the classifier is surest of."""
    chosen = [
        rng.choice(rows.index, min(len(rows), POSITIVES if name else OTHERS), replace=False)
        for name, rows in texts.groupby("main")
    ]
    return truth.loc[np.concatenate(chosen)]


def _together(rng: np.random.Generator) -> Mentions:
    """Return comments in which billing is mostly named with price, and a vote that only price and delivery move."""
    price = rng.random(COMMENTS) < 0.3
    billing = rng.random(COMMENTS) < np.where(price, 0.6, 0.09)
    named = np.column_stack([price, billing, rng.random(COMMENTS) < 0.15])
    # A fifth are passives; of the others as many are promoters as the mean vote asks for.
    mean = (20 + named @ EFFECTS) / 100
    promoter = rng.random(COMMENTS) < (1 + mean / 0.8) / 2
    vote = np.where(rng.random(COMMENTS) < 0.2, 8, np.where(promoter, 10, 3))
    answers = pd.DataFrame({"period": PERIODS[1], "plan": "A", "nps": vote})
    return mentions_of(answers, named.astype(int))


def _alone(rows: pd.DataFrame, key: str) -> bool:
    """Return whether a topic looks as if it had an effect where it is compared alone with the rest."""
    vote = (rows["nps"] >= 9).astype(float) - (rows["nps"] <= 6)
    one, other = vote[rows[key].eq(1)], vote[rows[key].eq(0)]
    return bool(abs(one.mean() - other.mean()) > 1.96 * np.sqrt(one.var() / len(one) + other.var() / len(other)))
