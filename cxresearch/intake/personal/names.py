"""People's names: those of the customer list, and those that the words around them give away.

No rule finds all names. What these leave, `review` lists where it looks like a name.
"""

import re
import unicodedata
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from functools import lru_cache
from itertools import pairwise

from cxresearch.intake.personal.span import Span
from cxresearch.intake.personal.words import GIVEN, ORDINARY, no_names

WORD = re.compile(r"[^\W\d_]+(?:['-][^\W\d_]+){0,4}")
CAPITAL = re.compile(r"(?<![^\W_])[^\W\d_a-zß-öø-ÿ][^\W\d_]+(?:['-][^\W\d_]+){0,4}")
# Towns and islands that bear a given name behind these: San Diego, St. John, Port Louis.
PLACE_BEFORE = re.compile(r"(?<!\w)(?:San|Santa|Santo|São|St\.?|Saint|Sankt|Port|Fort|Bloody|Los|Las) $")
GERMAN_LETTERS = str.maketrans({"ä": "ae", "ö": "oe", "ü": "ue"})
# Between two words of one name; "Hartmann, James" and "J. Hartmann" are names too.
BETWEEN = frozenset({" ", ", ", ". ", ".", "-", "_"})
PARTICLES = {
    *(
        "van",
        "von",
        "vom",
        "de",
        "der",
        "den",
        "di",
        "da",
        "del",
        "della",
        "la",
        "le",
        "du",
        "bin",
        "al",
        "el",
        "zu",
        "zum",
    ),
    *("zur", "ter", "ten", "mc", "mac"),
}
MOST_WORDS, FEWEST_LETTERS = 4, 3
# Words behind which a name stands, and where it is to be found behind them: next to them, or on the next line.
SAID = (
    r"(?:my|his|her|the|their|our|agent's|whose) name(?: is|'s| was|:)|name(?: ist|:)|(?:ich )?hei(?:ß|ss)e|"
    r"in the name of|on behalf of|(?:auf den|im) namen(?: von)?|named|"
    r"(?:a|the) (?:guy|man|woman|lady|girl|person|chap|gentleman) called|"
    r"(?:spoke|speaking|speak|talked|talking|chatted) (?:to|with)|dealt with|(?:served|helped|assisted) by|"
    r"gesprochen mit|telefonat mit|shout ?out to|"
    r"(?:agent|advis[eo]r|engineer|technician|manager|colleague|kollegen?|kollegin|operator|rep)"
)
CUE = re.compile(rf"(?<!\w)(?:{SAID}|dear|liebe[rs]?)(?!\w),? ?", re.IGNORECASE)
# Behind these a name is believed in small letters.
SMALL_BEHIND = ("name is", "name ist", "heiße", "heisse")
CLOSE = re.compile(
    r"(?<!\w)(?:(?:(?:kind|best|warm|many|with) )?(?:regards|wishes)|yours(?: (?:sincerely|faithfully|truly))?|"
    r"sincerely|cheers|gru(?:ß|ss)|grü(?:ß|ss)en?|gruesse|mfg|lg|vg|hochachtungsvoll|gez|signed)(?!\w)[.,:;!-]{0,2}\s?",
    re.IGNORECASE,
)
TITLE = re.compile(
    r"(?<!\w)(?:[Mm](?:rs?|x)|MRS?|M[Ss]|Miss|[DdFH]r|[Pp]rof(?:essor)?|[Hh]errn?|HERRN?|[Ff]rau|FRAU|Señora?|Madame|"
    r"Monsieur)(?!\w)\.? ?"
)
GIVEN_ALONE = GIVEN - ORDINARY


def folded(word: str) -> str:
    """Return a word as names are compared: small, ä as ae, without accents and a possessive's end.

    Examples
    --------
    >>> folded("Köhler's"), folded("GROß"), folded("Zoë")
    ('koehler', 'gross', 'zoe')
    """
    word = word.lower().removesuffix("'s").removesuffix("'")
    return word if word.isascii() else _folded(word)


@lru_cache(100_000)
def _folded(word: str) -> str:
    """Return a word with letters beyond ASCII, folded."""
    plain = unicodedata.normalize("NFKD", word.casefold().translate(GERMAN_LETTERS))
    return "".join(sign for sign in plain if not unicodedata.combining(sign))


@dataclass(frozen=True)
class Roster:
    """The people of the customer list.

    Attributes
    ----------
    whole
        By the first two words of a name, those that may follow; each name also with its family name first, and with an
        initial.
    parts
        Single given and family names that are no ordinary words.
    """

    whole: dict[tuple[str, str], list[tuple[str, ...]]] = field(default_factory=dict)
    parts: frozenset[str] = frozenset()


def roster(names: Iterable[str], among: frozenset[str] | None = None) -> Roster:
    """Return the people of some names as they are looked for.

    Parameters
    ----------
    names
        Whole names, as a customer list writes them.
    among
        Folded words of the texts; names of which no word is there are left out.
    """
    whole: dict[tuple[str, str], set[tuple[str, ...]]] = defaultdict(set)
    parts: set[str] = set()
    for name in names:
        words = tuple(folded(found[0]) for found in WORD.finditer(name))
        if among is not None and among.isdisjoint(words):
            continue
        parts |= {word for word in words if len(word) >= FEWEST_LETTERS and word not in PARTICLES}
        if len(words) > 1:
            for first, second, *rest in (words, (words[-1], *words[:-1]), (words[0][0], words[-1])):
                whole[first, second].add(tuple(rest))
        if len(words) > 2 and words[1] in PARTICLES:
            whole[words[1], words[2]].add(words[3:])
    longest_first = {pair: sorted(rests, key=lambda rest: (-len(rest), rest)) for pair, rests in whole.items()}
    return Roster(longest_first, frozenset(parts - ORDINARY - no_names()))


def listed_names(text: str, people: Roster) -> Iterator[Span]:
    """Yield names of the customer list: whole ones in any case, single ones with a capital.

    Examples
    --------
    >>> people = roster(["James Hartmann", "Anna Koch"])
    >>> text = "JAMES HARTMANN's bill; a koch; Hartmann, James; Anna rang; j. hartmann"
    >>> [text[span.start : span.end] for span in listed_names(text, people)]
    ["JAMES HARTMANN's", 'Hartmann, James', 'Anna', 'j. hartmann']
    """
    if not people.whole and not people.parts:
        return
    words = [(found.start(), found.end(), folded(found[0])) for found in WORD.finditer(text)]
    behind = 0
    for place, (start, end, word) in enumerate(words):
        if start < behind:
            continue
        last = _last_of_whole(text, words, place, people)
        if last is not None:
            behind = words[last][1]
            yield Span(start, behind, "name")
        elif text[start].isupper() and (word in people.parts or word.removesuffix("s") in people.parts):
            yield Span(start, end, "name")


def told_names(text: str, people: Roster, keep: frozenset[str]) -> Iterator[Span]:
    """Yield names that the words before them give away, and common given names.

    Parameters
    ----------
    text
        A text in one spelling.
    people
        Known names, which are believed in small letters too.
    keep
        Folded words that are no names, such as the company's own.

    Examples
    --------
    >>> text = "I spoke to Wendeline Brook about it. My name is jane doe. Regards, the team of Mr Okafor"
    >>> [text[span.start : span.end] for span in told_names(text, Roster(), frozenset())]
    ['Wendeline Brook', 'jane doe', 'Okafor']
    """
    for cue in CUE.finditer(text):
        yield from _name_at(text, cue.end(), people, keep, small=cue[0].rstrip().lower().endswith(SMALL_BEHIND))
    for cue in (*CLOSE.finditer(text), *TITLE.finditer(text)):
        yield from _name_at(text, cue.end(), people, keep)
    for found in CAPITAL.finditer(text):
        if folded(found[0]) in GIVEN_ALONE and not PLACE_BEFORE.search(text, max(0, found.start() - 7), found.start()):
            yield from _name_at(text, found.start(), people, keep)


def _last_of_whole(text: str, words: list[tuple[int, int, str]], place: int, people: Roster) -> int | None:
    """Return the place of the last word of the longest whole name that begins at a place; None where none does."""
    two = words[place : place + 2]
    for rest in people.whole.get((two[0][2], two[-1][2]), ()) if len(two) > 1 else ():
        here = words[place : place + 2 + len(rest)]
        gaps = (text[one[1] : next_one[0]] for one, next_one in pairwise(here))
        if tuple(word for _, _, word in here[2:]) == rest and all(gap in BETWEEN for gap in gaps):
            return place + 1 + len(rest) if _no_article(text, *two) else None
    return None


def _no_article(text: str, first: tuple[int, int, str], second: tuple[int, int, str]) -> bool:
    """Return whether two words are more than "a cook": an initial has a point behind it, or a surname's capital."""
    if len(first[2]) > 1 or text[first[1]] == ".":
        return True
    return text[first[0]].isupper() and text[second[0]].isupper() and second[2] not in ORDINARY


def _name_at(text: str, start: int, people: Roster, keep: frozenset[str], *, small: bool = False) -> Iterator[Span]:
    """Yield the name that begins at a place, if one does; with `small` also one in small letters."""
    end, behind, taken, initial = start, start, 0, False
    for found in WORD.finditer(text, start, start + 120):
        word = folded(found[0])
        gap = text[behind : found.start()]
        if taken == MOST_WORDS or gap not in ("", " ", "-", *((". ", ".") if initial else ())):
            break
        behind, initial = found.end(), len(word) == 1
        if word in PARTICLES and found[0].islower():
            continue
        # In capitals throughout it is as likely a company, or somebody who shouts.
        capital = found[0][0].isupper() and (not found[0].isupper() or len(word) == 1 or word in GIVEN)
        if word in keep or (word in no_names() and word not in people.parts):
            break
        if not (capital or word in people.parts or (small and taken < 2)):
            break
        end, taken = found.end(), taken + 1
    if taken:
        yield Span(start, end, "name")
