"""Feedback outside the survey: public reviews, chats with the assistant, letters of complaint."""

import numpy as np
import pandas as pd

from cxresearch.demo import planted
from cxresearch.demo.dice import stream
from cxresearch.demo.experience import Experience
from cxresearch.demo.facts import Writer, writers
from cxresearch.demo.handwriting import capital, typed
from cxresearch.demo.speech import Speaker, speech
from cxresearch.demo.stock import Stock, fill

SOURCES = {"review": 220, "chat": 170, "complaint": 90}
STARS = {0: 1, 1: 1, 2: 1, 3: 1, 4: 2, 5: 2, 6: 3, 7: 4, 8: 4, 9: 5, 10: 5}


def feedback(answers: pd.DataFrame, customers: pd.DataFrame, felt: Experience, seed: int) -> pd.DataFrame:
    """Return reviews, chats and complaints, written by people who also answered a survey at about that time.

    Parameters
    ----------
    answers
        Table of `surveys.answers`.
    customers, felt
        The company so far.
    seed
        Seed of the company.

    Returns
    -------
    pandas.DataFrame
        `feedback_id`, `customer` (its row, -1 for an anonymous review), `at` (local), `source`, `rating` (stars,
        reviews only), `text`, in the order of time.
    """
    rng = stream(seed, "feedback")
    stocks = {language: Stock(language.lower(), rng) for language in ("EN", "DE")}
    chosen = pd.concat([_authors(answers, source, count, rng) for source, count in SOURCES.items()], ignore_index=True)
    chosen = chosen.sort_values("at", kind="stable", ignore_index=True)
    write = {"review": _review, "chat": _chat, "complaint": _complaint}
    authors = writers(chosen, customers, felt, seed)
    texts = [
        write[source](author, stocks[author.language], rng)
        for source, author in zip(chosen["source"], authors, strict=True)
    ]
    review = (chosen["source"] == "review").to_numpy()
    return pd.DataFrame(
        {
            "feedback_id": [f"F{number:04d}" for number in range(1, len(chosen) + 1)],
            "customer": np.where(review & (rng.random(len(chosen)) < 0.6), -1, chosen["customer"]),
            "at": chosen["at"].dt.floor("min"),
            "source": chosen["source"],
            "rating": chosen["score"].map(STARS).where(review),
            "text": texts,
        }
    )


def _authors(answers: pd.DataFrame, source: str, count: int, rng: np.random.Generator) -> pd.DataFrame:
    """Return who writes: reviewers from both ends, complainers from the lower one, and some days after the answer."""
    low, high = (answers["score"] <= 6).to_numpy(), (answers["score"] >= 9).to_numpy()
    weight = {"review": 1 + 2.0 * low + 0.5 * high, "chat": 1 + 1.0 * low, "complaint": 0.02 + low}[source]
    place = rng.choice(len(answers), count, replace=False, p=weight / weight.sum())
    frame = answers.iloc[place].assign(source=source)
    at = frame["responded_at"] + pd.to_timedelta(rng.integers(30, 9 * 1440, count), unit="m")
    last = pd.Period(planted.LAST_MONTH, freq="M").end_time.floor("min")
    return frame.assign(at=at.where(at < last, frame["responded_at"]))


def _letter(author: Writer, stock: Stock, kind: str) -> str:
    """Return a phrase of chats and letters."""
    return fill(stock.letters[kind].deal(author.facts), author.facts, stock.rng)


def _review(author: Writer, stock: Stock, rng: np.random.Generator) -> str:
    """Return a public review: a title, then a comment longer than in the survey."""
    mood = {-1: "bad", 0: "mid", 1: "good"}[author.mood]
    said = speech(author, stock, rng).sentences
    if author.mood:
        speaker = Speaker(author, stock, rng)
        said = [speaker.on(f"story_{mood}", speaker.pick(author.mood)), *said]
    return f"{_letter(author, stock, f'title_{mood}')}\n{typed(said, author.hand, author.mood, author.language, rng)}"


def _chat(author: Writer, stock: Stock, rng: np.random.Generator) -> str:
    """Return the record of a chat."""
    speaker = Speaker(author, stock, rng)
    topic = speaker.pick(-1)
    opening = f"{_letter(author, stock, 'greeting')}, {speaker.on('gripe', topic)}"
    lines = [("Customer", typed([opening], author.hand, -1, author.language, rng))]
    lines.append(("Hedda", _letter(author, stock, "bot_asks")))
    if "customer number" in lines[-1][1] or "Kundennummer" in lines[-1][1]:
        lines.append(("Customer", author.customer_id))
    else:
        again = [_letter(author, stock, "reply_bad"), speaker.on("more_bad", topic)]
        lines.append(("Customer", typed(again, author.hand, -1, author.language, rng)))
    solved = author.mood > 0 or rng.random() < 0.4
    lines.append(("Agent", _letter(author, stock, "agent_helps" if solved else "agent_refuses")))
    last = [_letter(author, stock, "reply_good" if solved else "reply_bad")]
    lines.append(("Customer", typed(last, author.hand, author.mood, author.language, rng)))
    return "\n".join(f"{who}: {what}" for who, what in lines)


def _complaint(author: Writer, stock: Stock, rng: np.random.Generator) -> str:
    """Return a letter of complaint with its signature."""
    speaker = Speaker(author, stock, rng)
    topic = speaker.pick(-1)
    body = [speaker.on("story_bad", topic), speaker.on("more_bad", topic)]
    if rng.random() < 0.5:
        body.append(speaker.on("gripe", speaker.pick(-1)))
    text = " ".join(capital(sentence) + ("" if sentence[-1:] in "?!." else ".") for sentence in body)
    parting = "Yours faithfully," if author.language == "EN" else "Mit freundlichen Grüßen"
    return f"{_letter(author, stock, 'dear')}\n{text}\n{_letter(author, stock, 'demand')}\n{parting}\n{author.name}"
