"""Comments in the survey: what each person says, in how many words, and how it looks typed."""

import numpy as np
import pandas as pd

from cxresearch.demo import planted
from cxresearch.demo.dice import stream
from cxresearch.demo.experience import Experience
from cxresearch.demo.facts import Writer, writers
from cxresearch.demo.handwriting import capital, typed
from cxresearch.demo.personal import remark
from cxresearch.demo.speech import speech
from cxresearch.demo.stock import Stock

LANGUAGES = ("EN", "DE")


def comments(answers: pd.DataFrame, customers: pd.DataFrame, felt: Experience, seed: int) -> pd.DataFrame:
    """Return the comment of each answer.

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
        On the index of the answers: `text` ("" where none), `topics` and `tones` (-1, 0, +1) in it, `text_kind` ("",
        `stock` for a stock answer, `comment`), `personal` (pairs of kind and string of the personal data in it).
    """
    rng = stream(seed, "comments")
    stocks = {language: Stock(language.lower(), rng) for language in LANGUAGES}
    made = [_comment(writer, stocks[writer.language], rng) for writer in writers(answers, customers, felt, seed)]
    return pd.DataFrame(made, index=answers.index)


def _comment(writer: Writer, stock: Stock, rng: np.random.Generator) -> dict:
    """Return one person's comment, or none."""
    nothing = {"text": "", "topics": (), "tones": (), "text_kind": "", "personal": ()}
    if rng.random() > planted.COMMENT_SHARE["transactional" if writer.occasion.touchpoint else "relationship"]:
        return nothing
    if rng.random() < planted.STOCK_SHARE:
        return nothing | {"text": stock.say("stock", writer.facts), "text_kind": "stock"}
    said = speech(writer, stock, rng)
    text = typed(said.sentences, writer.hand, writer.mood, writer.language, rng)
    told = {"topics": said.topics, "tones": said.tones, "text_kind": "comment"}
    if rng.random() >= planted.PERSONAL_DATA_SHARE / (1 - planted.STOCK_SHARE):
        return nothing | told | {"text": text}
    extra, kind, string = remark(stock.personal, writer.name, writer.customer_id, writer.town, writer.mood, rng)
    return nothing | told | {"text": _appended(text, extra, kind, writer, rng), "personal": ((kind, string),)}


def _appended(text: str, extra: str, kind: str, writer: Writer, rng: np.random.Generator) -> str:
    """Return a text with a remark before or behind it, a signature on a line of its own."""
    if writer.hand.style not in ("lower", "texter") and not extra.startswith("@"):
        extra = capital(extra)
    if kind in ("order", "customer") and rng.random() < 0.4:
        return f"{extra}. {text}"
    end = "" if text[-1:] in ".!?" or rng.random() < 0.2 else "."
    return f"{text}{end}{chr(10) if kind == 'name' and rng.random() < 0.5 else ' '}{extra}"
