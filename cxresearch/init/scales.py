"""On which scale a rating was asked: by labels, by the wording, by the answers; which end is good."""

import re
from dataclasses import dataclass, field
from typing import Any

from cxresearch.init.profile import Profile, stands_for_none
from cxresearch.init.words import plain
from cxresearch.intake.scores import LABELLED

# Numbers that surveys use for "no answer", where they stand clear of the scale.
NO_ANSWER_CODES = frozenset(
    {
        -1.0,
        -7.0,
        -8.0,
        -9.0,
        -77.0,
        -88.0,
        -97.0,
        -98.0,
        -99.0,
        66.0,
        77.0,
        88.0,
        96.0,
        97.0,
        98.0,
        99.0,
        999.0,
        998.0,
    }
)
# What programs write for an empty number; in a column of words NA may be North America.
EMPTY = frozenset({"na", "nan", "null", "none", "-", "--", ".", "#null!"})
LONGEST_SHORT, SLIDER = 11, 100
# So many of the answers must lie within the ends that the wording names.
WITHIN = 0.8
# Levels that are neither numbers nor known words may be so many of the rows; intake sets them aside and counts them.
MOST_STRANGE = 0.02
# So many answers without a single 0 mean that 0 could not be given.
SEEN_IF_ASKED = 200
RANGE = re.compile(
    r"(?<![\d.])(0|1)(?: ?\([^)]{0,40}\))?,? ?(?:-|–|to|through|and|bis|und|a|et|y|al|hasta|tot|t/m|"
    r"en)(?: and including)? (?:\w+ ){0,2}?(5|7|10|100)(?![\d%])|(?<![\d.])(0|1)[-–](5|7|10|100)(?![\d%])"
)
END = re.compile(
    r"(?<![\d.])(-?\d{1,3})\s*(?:=|:|–|-|means|bedeutet|heisst|signifie|significa|"
    r"betekent)\s*[\"'“„«]?\s*([^\W\d][^,;.:()=\d]*)"
)
NEUTRAL = re.compile(
    r"\b(?:neither|neutral|neutre|neutro|neutraal|weder|teils|ni|noch|undecided|unentschieden|mixed|average|mittel)\b"
)
LOW_EFFORT = re.compile(
    r"\b(?:no|low|little|minimal|less|kein|gering|niedrig|wenig|aucun|faible|peu|poco|bajo|ningun|"
    r"weinig|laag|geen)\w* .*(?:effort|aufwand|esfuerzo|moeite)"
)
HIGH_EFFORT = re.compile(
    r"\b(?:high|great|much|lot|hoch|hoh|viel|gross|eleve|beaucoup|enorme|alto|mucho|hoog|hoge|"
    r"veel)\w* .*(?:effort|aufwand|esfuerzo|moeite)|effort eleve|esfuerzo alto"
)
NEGATIVE = re.compile(
    r"dissatisf|unsatisf|not (?:at all )?(?:\w+ )?(?:satisf|easy|likely|agree)|unzufried|"
    r"nicht (?:\w+ )?(?:zufried|einfach|wahrsch)|insatisf|mecontent|pas .*(?:satisf|facile|d accord|"
    r"probab)"
    r"|\b(?:peu|poco|nada|no|not|niet|nicht) (?:\w+ ){0,2}(?:satisf|tevred|zufried|facil|makkelijk|"
    r"probab|waarsch|wahrsch|likely|easy)|ontevred"
    r"|difficult|\bhard\b|schwer|schwierig|umstandlich|difficile|dificil|moeilijk|lastig|disagree|"
    r"(?:stimm|triff).*nicht|lehne|desacuerdo|oneens|niet (?:\w+ )?eens"
    r"|unlikely|unwahrsch|improbab|onwaarsch|\b(?:poor|bad|terrible|awful|schlecht|mangelhaft|"
    r"ungenugend|mauvais|mal|malo|mala|pesimo|slecht)"
)
POSITIVE = re.compile(
    r"satisf|zufried|tevred|\bcontent|\beas(?:y|ily)|einfach|leicht|facile?|makkelijk|eenvoud|\bagree|"
    r"stimm|triff|zustimm|d accord|de acuerdo|\beens|likely|wahrsch|probab|waarsch"
    r"|\b(?:good|excellent|great|gut|ausgezeichnet|hervorragend|bon|bien|bueno|buena|excelente|goed|"
    r"uitstekend|sicher|certain|seguro|zeker)"
)
STRONG = re.compile(
    r"\b(?:very|extremely|strongly|completely|totally|fully|highly|at all|excellent|terrible|sehr|"
    r"ausserst|vollig|voll|ganz|uberhaupt|tres|tout|totalement|muy|totalmente|completamente|nada|zeer|"
    r"heel|volledig|helemaal)\b"
)
WEAK = re.compile(
    r"\b(?:somewhat|slightly|rather|fairly|little|eher|etwas|ziemlich|plutot|assez|peu|algo|bastante|"
    r"poco|enigszins|beetje|tamelijk|redelijk)\b"
)
# Words for a scale that are no two sides of one thing, worst first.
LADDERS = (
    ("very poor", "poor", "fair", "good", "very good"),
    ("poor", "fair", "good", "very good", "excellent"),
    ("very bad", "bad", "average", "good", "very good"),
    ("terrible", "poor", "average", "good", "excellent"),
    ("ungenugend", "mangelhaft", "ausreichend", "befriedigend", "gut", "sehr gut"),
    ("sehr schlecht", "schlecht", "mittelmassig", "gut", "sehr gut"),
    ("tres mauvais", "mauvais", "moyen", "bon", "tres bon"),
    ("muy malo", "malo", "regular", "bueno", "muy bueno"),
    ("zeer slecht", "slecht", "matig", "goed", "zeer goed"),
)


# Steps of one-sided scales, worst first: "Not so easy", "Somewhat easy" …
DEGREES = ("not at all", "not so", "somewhat", "very", "extremely")


@dataclass(frozen=True)
class Scale:
    """A scale.

    Attributes
    ----------
    low, high
        Its ends, in the numbers of the study file.
    sure
        How sure the ends are, 0 to 1.
    reason
        Why.
    reversed
        Whether the low end is the better one; `turned` says that labels or wording tell which end is which.
    turned
        Whether labels or wording tell which end is the better one.
    missing, codes
        As in the study file.
    """

    low: int
    high: int
    sure: float
    reason: str
    reversed: bool = False
    turned: bool = False
    missing: list[Any] = field(default_factory=list)
    codes: dict[str, list[Any]] = field(default_factory=dict)

    @property
    def setting(self) -> dict[str, Any]:
        """What stands in the study file."""
        extra: dict[str, Any] = {"reversed": True} if self.reversed else {}
        extra |= {"codes": self.codes} if self.codes else {}
        return {"scale": [self.low, self.high], **extra, **({"missing": self.missing} if self.missing else {})}


def scale_of(profile: Profile) -> Scale | None:
    """Return the scale on which a column was answered, or None where it holds no rating.

    Parameters
    ----------
    profile
        The column.
    """
    if not profile.levels or profile.dated or stands_apart(profile):
        return None
    blank = [text for text in profile.levels if stands_for_none(text) or text.casefold() in EMPTY]
    known = sum(profile.levels[text] for text in profile.numbers)
    if known <= (profile.levels.total() - sum(profile.levels[text] for text in blank)) / 2:
        return _from_words(profile, blank)
    numbers, codes = _without_codes(profile)
    ends = {text: side(text) for text in profile.words if text not in blank}
    strange = sum(profile.levels[text] for text, where in ends.items() if not where)
    if not numbers or strange > MOST_STRANGE * profile.filled:
        return None
    return _from_numbers(profile, numbers, [*codes, *blank], ends)


def side(phrase: str) -> int:
    """Return where a word of a scale stands: 3 to 1 on the better side, -1 to -3 on the other, 0 nowhere.

    Examples
    --------
    >>> side("Very satisfied"), side("eher unzufrieden"), side("pas du tout satisfait"), side("Paris")
    (3, -1, -3, 0)
    """
    text = plain(phrase)
    if NEUTRAL.search(text):
        return 0
    strength = 3 if STRONG.search(text) else 1 if WEAK.search(text) else 2
    if LOW_EFFORT.search(text) or HIGH_EFFORT.search(text):
        return strength if LOW_EFFORT.search(text) else -strength
    return -strength if NEGATIVE.search(text) else strength if POSITIVE.search(text) else 0


def stands_apart(profile: Profile) -> bool:
    """Return whether a column's levels are 0 and 1 alone, yes and no, or a single one."""
    return len(profile.numbers) + len(profile.words) < 3 and set(profile.numbers.values()) <= {0.0, 1.0, 2.0}


def _without_codes(profile: Profile) -> tuple[dict[float, int], list[int]]:
    """Return rows by number without those that stand for no answer, and the latter."""
    rows: dict[float, int] = {}
    for text, number in profile.numbers.items():
        rows[number] = rows.get(number, 0) + profile.levels[text]
    named = {
        float(code) for code, label in profile.labels.items() if stands_for_none(label) and re.fullmatch(r"-?\d+", code)
    }
    rest = {number: n for number, n in rows.items() if number not in named | NO_ANSWER_CODES}
    named |= {float(number) for number, phrase in END.findall(profile.wording) if stands_for_none(phrase)}
    # On a slider of 0-100, 98 is an answer.
    clear = bool(rest) and max(rest) <= LONGEST_SHORT
    out = sorted(number for number in rows if number in named or (clear and number in NO_ANSWER_CODES))
    return {number: n for number, n in rows.items() if number not in out}, [int(number) for number in out]


def _from_numbers(profile: Profile, rows: dict[float, int], missing: list[Any], ends: dict[str, int]) -> Scale | None:
    """Return the scale of answers that are numbers."""
    labels = {
        float(code): label
        for code, label in profile.labels.items()
        if re.fullmatch(r"-?\d+", code) and not stands_for_none(label)
    }
    if named := _named_otherwise(labels, rows):
        return _recoded(named, missing)
    whole = sum(n for number, n in rows.items() if number.is_integer()) >= (1 - MOST_STRANGE) * sum(rows.values())
    found = _ends(profile, rows, labels)
    if found is None or (not whole and found[1] <= LONGEST_SHORT):
        return None
    low, high, sure, reason = found
    if low == 1 and rows.get(0.0):
        missing = [0, *(code for code in missing if code != 0)]
    codes = _end_codes(ends, low, high)
    told = _told_ends(profile, labels)
    turned = len(told) > 1 and told[min(told)] > 0 > told[max(told)]
    return Scale(low, high, sure, reason, turned, len(told) > 1, missing, codes)


def _ends(profile: Profile, rows: dict[float, int], labels: dict[float, str]) -> tuple[int, int, float, str] | None:
    """Return low and high end, how sure they are, and why."""
    seen = [number for number, n in rows.items() if n > MOST_STRANGE / 10 * sum(rows.values())] or list(rows)
    least, most = min(seen), max(seen)
    inner = f"answers from {least:g} to {most:g}"
    told = RANGE.search(plain_wording(profile.said))
    if told:
        low, high = int(told[1] or told[3]), int(told[2] or told[4])
        if low <= max(least, 1) and most <= high:
            return low, high, 0.97, f"the wording says {low} to {high}"
    told_ends = _said_ends(profile)
    inside = sum(n for number, n in rows.items() if told_ends and min(told_ends) <= number <= max(told_ends))
    if len(told_ends) > 1 and max(told_ends) - min(told_ends) >= 2 and inside >= WITHIN * sum(rows.values()):
        outside = sum(rows.values()) - inside
        reason = f"the wording names the ends {min(told_ends):g} and {max(told_ends):g}"
        return (
            int(min(told_ends)),
            int(max(told_ends)),
            0.97,
            reason + (f"; {outside} answers lie outside" if outside else ""),
        )
    where = {number for number, label in labels.items() if side(label) or NEUTRAL.search(plain(label))}
    if (
        len(where) > 1
        and min(where) >= 0
        and min(where) <= max(least, 1)
        and most <= max(where)
        and max(where) - min(where) >= 2
    ):
        return int(min(where)), int(max(where)), 0.97, f"labels from {min(where):g} to {max(where):g}"
    if least < 0 or most <= 3 or (most > LONGEST_SHORT - 1 and most <= SLIDER / 2) or most > SLIDER:
        return None
    if most > LONGEST_SHORT - 1:
        return 0, SLIDER, 0.85, inner
    if most > 7:
        return (0, 10, 0.95, inner) if least == 0 else (1, 10, 0.85, inner)
    high = 5 if most <= 5 else 7
    if least == 0:
        return 1, high, 0.75, f"{inner}; 0 taken for not rated"
    return 1, high, 0.9 if most == high else 0.8, inner


def plain_wording(text: str) -> str:
    """Return a wording in small letters with single blanks, digits and dashes as they are."""
    return " ".join(text.casefold().replace("‐", "-").replace("—", "-").replace(" - ", "-").split())


def _told_ends(profile: Profile, labels: dict[float, str]) -> dict[float, int]:
    """Return on which side the ends are that labels or the wording name."""
    named = {number: side(label) for number, label in labels.items()}
    texts = {
        number: side(match[0].removeprefix(match[1]))
        for text, number in profile.numbers.items()
        if (match := LABELLED.fullmatch(text))
    }
    said = _said_ends(profile)
    return {number: where for number, where in {**said, **texts, **named}.items() if where}


def _said_ends(profile: Profile) -> dict[float, int]:
    """Return the numbers that a wording explains as steps of the scale, and their sides."""
    said = {float(number): phrase for number, phrase in END.findall(profile.wording or profile.name)}
    return {number: side(phrase) for number, phrase in said.items() if side(phrase) or NEUTRAL.search(plain(phrase))}


def _end_codes(ends: dict[str, int], low: int, high: int) -> dict[str, list[Any]]:
    """Return codes for the ends of a scale that the export writes in words, all others being numbers."""
    codes: dict[str, list[Any]] = {}
    for text, where in ends.items():
        if where:
            codes.setdefault(str(high if where > 0 else low), []).append(text)
    return codes


def _named_otherwise(labels: dict[float, str], rows: dict[float, int]) -> dict[float, int]:
    """Return the number that each code's label names, where that is another than the code; else nothing."""
    named = {code: int(match[0]) for code, label in labels.items() if (match := re.match(r"\d{1,3}\b", label))}
    return (
        named
        if len(named) > 2 and set(rows) <= set(named) and any(code != number for code, number in named.items())
        else {}
    )


def _recoded(named: dict[float, int], missing: list[Any]) -> Scale:
    """Return the scale of codes whose labels name other numbers."""
    codes: dict[str, list[Any]] = {str(number): [int(code)] for code, number in named.items()}
    return Scale(
        min(named.values()),
        max(named.values()),
        0.95,
        "the labels name other numbers than the codes",
        missing=missing,
        codes=codes,
    )


def _from_words(profile: Profile, blank: list[str]) -> Scale | None:
    """Return the scale of answers in words, from known words alone: nothing that a customer typed becomes a code."""
    words = {text: plain(text) for text in profile.words if text not in blank}
    numbers = {text: str(int(number)) for text, number in profile.numbers.items() if number.is_integer()}
    degrees = {
        text: next((degree for degree in DEGREES if word.startswith(degree)), "") for text, word in words.items()
    }
    if {"very", "extremely"} <= set(degrees.values()) and all(degrees.values()):
        words = degrees
    ladder = next((one for one in (*LADDERS, DEGREES) if set(words.values()) <= set(one) and len(words) >= 3), None)
    if ladder:
        codes: dict[str, list[Any]] = {str(ladder.index(word) + 1): [] for word in words.values()}
        for text, word in words.items():
            codes[str(ladder.index(word) + 1)].append(text)
        return Scale(
            1,
            len(ladder),
            0.95,
            f"answers in words, {len(words)} of {len(ladder)} steps",
            turned=True,
            missing=blank,
            codes=dict(sorted(codes.items())),
        )
    sides = {text: side(text) for text in words}
    between = [text for text in words if not sides[text] and NEUTRAL.search(words[text])]
    strange = [text for text in words if not sides[text] and text not in between]
    steps = sorted({abs(where) for where in sides.values() if where})
    if (
        numbers
        or len(words) < 3
        or len(steps) < 1
        or sum(profile.levels[text] for text in strange) > MOST_STRANGE * profile.filled
    ):
        return None
    half = len(steps)
    middle = half + 1 if between or profile.filled < SEEN_IF_ASKED else 0
    place = {
        where * sign: _step(steps.index(where) + 1, sign, half, bool(middle)) for where in steps for sign in (1, -1)
    }
    found: dict[str, list[Any]] = {}
    for text, where in sides.items():
        if where or text in between:
            found.setdefault(str(place[where] if where else middle), []).append(text)
    high = 2 * half + bool(middle)
    return Scale(
        1,
        high,
        0.95,
        f"answers in words, {len(found)} of {high} steps",
        turned=True,
        missing=blank,
        codes=dict(sorted(found.items())),
    )


def _step(rank: int, sign: int, half: int, middle: bool) -> int:
    """Return the number of a step that lies `rank` steps from the middle."""
    return half + rank + middle if sign > 0 else half + 1 - rank
