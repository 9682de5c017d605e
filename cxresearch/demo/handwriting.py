"""How people type: sentences joined with care or without, small letters, shouting, shortcuts, typing errors."""

from dataclasses import dataclass

import numpy as np

from cxresearch.demo.dice import pick

STYLES = {"tidy": 0.42, "casual": 0.31, "lower": 0.17, "texter": 0.06, "shouter": 0.04}
# Between sentences; what stands more often is used more often.
CASUAL_JOINTS = (". ", ". ", ". ", ". ", ". ", ", ", ", ", ", ", " - ", "... ")
LOWER_JOINTS = (" ", " ", ", ", ", ", ", ", ", ", ". ", ". ", "...", " .. ")
NEIGHBOURS = {
    "a": "sq",
    "b": "vn",
    "c": "xv",
    "d": "sf",
    "e": "wr",
    "f": "dg",
    "g": "fh",
    "h": "gj",
    "i": "uo",
    "j": "hk",
    "k": "jl",
    "l": "ko",
    "m": "n",
    "n": "bm",
    "o": "ip",
    "p": "o",
    "q": "wa",
    "r": "et",
    "s": "ad",
    "t": "ry",
    "u": "yi",
    "v": "cb",
    "w": "qe",
    "x": "zc",
    "y": "tu",
    "z": "xa",
}
SHORTCUTS = {
    "EN": {
        "you": "u",
        "your": "ur",
        "please": "pls",
        "thanks": "thx",
        "and": "&",
        "are": "r",
        "with": "w",
        "because": "cos",
    }
    | {
        "minutes": "mins",
        "to": "2",
        "customer": "cust",
        "internet": "net",
        "very": "v",
        "weeks": "wks",
        "people": "ppl",
    },
    "DE": {"und": "u", "nicht": "net", "danke": "thx", "bitte": "bidde", "Minuten": "min", "ein": "nen", "ist": "is"},
}
MISSPELT = {
    "definitely": "definately",
    "received": "recieved",
    "receive": "recieve",
    "separate": "seperate",
    "a lot": "alot",
    "technician": "technichian",
    "appalling": "apalling",
    "which": "wich",
    "their": "there",
    "too": "to",
    "really": "realy",
    "customer": "custumer",
    "cancelled": "canceled",
    "appointment": "apointment",
    "disappointed": "dissapointed",
    "believe": "beleive",
    "it's": "its",
    "until": "untill",
    "always": "allways",
    "engineer": "enginer",
    "Techniker": "Techinker",
    "Rechnung": "Rechung",
    "Vertrag": "Vetrag",
    "immer": "imer",
    "Standard": "Standart",
    "ziemlich": "zimlich",
    "zufrieden": "zufreiden",
}
PLAIN = str.maketrans({"ä": "ae", "ö": "oe", "ü": "ue", "Ä": "Ae", "Ö": "Oe", "Ü": "Ue", "ß": "ss"})


@dataclass(frozen=True)
class Hand:
    """One person's way of typing.

    Attributes
    ----------
    style
        A name of `STYLES`.
    errors
        Typing errors a letter.
    wordy
        -1 (terse) to 1 (wordy).
    plain
        Whether umlauts are written as ae, oe, ue.
    """

    style: str
    errors: float
    wordy: float
    plain: bool


def hand(rng: np.random.Generator) -> Hand:
    """Return a person's hand: most type well, one in ten badly."""
    style = str(rng.choice(list(STYLES), p=list(STYLES.values())))
    errors = float(rng.choice([0.0, 0.004, 0.014], p=[0.62, 0.28, 0.10]))
    return Hand(style, errors, float(np.tanh(rng.normal(0, 0.8))), bool(rng.random() < 0.15))


def typed(sentences: list[str], writer: Hand, mood: int, language: str, rng: np.random.Generator) -> str:
    """Return sentences as this person types them.

    Parameters
    ----------
    sentences
        Without capitals at the start and marks at the end.
    writer
        The person's hand.
    mood
        -1, 0 or +1.
    language
        `EN` or `DE`.
    rng
        Random stream.

    Returns
    -------
    str
        The text.
    """
    shouting = writer.style == "shouter" and rng.random() < (0.7 if mood < 0 else 0.25)
    style = "tidy" if writer.style == "shouter" else writer.style
    text = {"tidy": _tidy, "casual": _casual, "lower": _lower, "texter": _lower}[style](sentences, mood, rng)
    if style == "texter":
        text = " ".join(SHORTCUTS[language].get(word, word) for word in text.split(" "))
    if writer.errors:
        text = _misspelt(text, writer.errors, rng)
    if writer.plain and language == "DE":
        text = text.translate(PLAIN)
    return text.upper() if shouting else text


def capital(sentence: str) -> str:
    """Return a sentence with a capital first letter."""
    return sentence[:1].upper() + sentence[1:]


def _marked(sentence: str, mark: str) -> str:
    """Return a sentence with a mark at its end, unless it has one or ends in an emoji."""
    ends = sentence[-1:]
    return sentence if not sentence or ends in ".!?…:" or ord(ends) > 0x2000 else sentence + mark


def _end(mood: int, rng: np.random.Generator) -> str:
    """Return the mark at the end of a sentence."""
    draw = rng.random()
    if mood < 0:
        return "." if draw < 0.84 else "!" if draw < 0.95 else "!!!"
    return "." if draw < 0.88 or mood == 0 else "!"


def _tidy(sentences: list[str], mood: int, rng: np.random.Generator) -> str:
    """Return sentences with capitals and marks; a single short one may do without."""
    if len(sentences) == 1 and len(sentences[0]) < 40 and rng.random() < 0.6:
        return capital(sentences[0])
    parts = [_marked(capital(sentence), _end(mood, rng)) for sentence in sentences]
    if len(parts) > 2 and rng.random() < 0.12:
        return "\n".join([parts[0], " ".join(parts[1:])])
    return " ".join(parts)


def _casual(sentences: list[str], mood: int, rng: np.random.Generator) -> str:
    """Return sentences run together here and there, the last one often without a mark."""
    text = capital(sentences[0])
    for sentence in sentences[1:]:
        joint = pick(CASUAL_JOINTS, rng)
        closed = text[-1:] in "?!."
        text += (
            " " + capital(sentence) if closed else joint + (sentence if joint in (", ", " - ") else capital(sentence))
        )
    return _marked(text, _end(mood, rng)) if rng.random() < 0.4 else text


def _lower(sentences: list[str], mood: int, rng: np.random.Generator) -> str:
    """Return sentences in small letters with few marks and fewer apostrophes."""
    text = sentences[0]
    for sentence in sentences[1:]:
        joint = pick(LOWER_JOINTS, rng)
        text += (" " if text[-1:] in "?!." else joint) + sentence
    text = text.lower()
    if rng.random() < 0.6:
        text = text.replace("'", "")
    return text + ("!!" if mood < 0 and rng.random() < 0.1 else "")


def _misspelt(text: str, rate: float, rng: np.random.Generator) -> str:
    """Return a text with wrong spellings and slips of the finger."""
    for right, wrong in MISSPELT.items():
        if right in text and rng.random() < 25 * rate:
            text = text.replace(right, wrong, 1)
    letters = list(text)
    for place in np.flatnonzero(rng.random(len(letters)) < rate):
        letters[place] = _slip(letters, int(place), rng)
    return "".join(letters)


def _slip(letters: list[str], place: int, rng: np.random.Generator) -> str:
    """Return what stands at a place after a slip: a neighbouring key, twice, nothing, or the next letter first."""
    letter, draw = letters[place], rng.random()
    if letter.lower() not in NEIGHBOURS:
        return "" if letter in " '" and draw < 0.5 else letter
    if draw < 0.35:
        keys = NEIGHBOURS[letter.lower()]
        return pick(keys, rng)
    if draw < 0.55:
        return letter * 2
    if draw < 0.78 or place + 1 >= len(letters) or not letters[place + 1].isalpha():
        return ""
    letters[place + 1], swapped = letter, letters[place + 1]
    return swapped
