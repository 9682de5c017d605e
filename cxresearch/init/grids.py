"""Columns that belong together: grids of ratings and multi-select sets, by what their names and wordings share."""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from itertools import takewhile

from cxresearch.init.guess import Guess
from cxresearch.init.profile import Profile
from cxresearch.init.scales import Scale
from cxresearch.intake.choices import NOT_CHOSEN
from cxresearch.schema.columns import COLUMN_TYPES, TAKEN

FEWEST_ITEMS, FEWEST_CHOICES = 3, 2
LONGEST_NAME = 40
# What of a name tells the question (first group) and what the item.
STEMS = (
    re.compile(r"(.+?)\s*\[(.+)\]$"),
    re.compile(r"(.+?)(?:\s+[-–:>]|:)\s+(.+)$"),
    re.compile(r"(.+)[_.\- ]((?:SQ|r|row|item|a|c)?\d+|[a-z])$", re.IGNORECASE),
    # q1, q2, v3 number the questions of a survey; sat1, sat2 the items of one.
    re.compile(r"(?!(?:q|v|var|question|frage|f|p)\d)(.*[^\W\d_])(\d+)$", re.IGNORECASE),
    re.compile(
        r"(?P<item>.+)[_ ](rating|score|sat|satisfaction|csat|bewertung|zufriedenheit|note|"
        r"satisfaccion|valoracion|tevredenheid)$",
        re.IGNORECASE,
    ),
    re.compile(
        r"(rating|rate|sat|satisfaction|csat|zufriedenheit|bewertung|satisfaccion|valoracion|tevredenheid)[_ ](.+)$",
        re.IGNORECASE,
    ),
)
RESERVED = {*COLUMN_TYPES, *TAKEN, "period", "survey", "weight", "strata", "cluster", "fpc"}


def stems(profiles: Iterable[Profile], fewest: int) -> list[list[Profile]]:
    """Return columns whose names have a beginning or an ending in common, in groups of at least `fewest`.

    Parameters
    ----------
    profiles
        Columns of one kind.
    fewest
        Smallest group.
    """
    left = list(profiles)
    groups: list[list[Profile]] = []
    for pattern in STEMS:
        by_stem: dict[str, list[Profile]] = {}
        for profile in left:
            if match := pattern.fullmatch(profile.name):
                by_stem.setdefault(match[2 if "item" in pattern.groupindex else 1].casefold(), []).append(profile)
        found = [members for members in by_stem.values() if len(members) >= fewest]
        groups += found
        left = [profile for profile in left if not any(profile in members for members in found)]
    return groups


def grid_items(profiles: Iterable[Profile]) -> set[str]:
    """Return the columns that are items of one question: alike in name and in what can be answered; no groups."""
    return {
        member.name
        for group in stems(profiles, FEWEST_ITEMS)
        for member in group
        if sum(_alike(member, other) for other in group) >= FEWEST_ITEMS
    }


def _alike(one: Profile, other: Profile) -> bool:
    """Return whether two columns offer the same answers: the same value labels, else mostly the same levels."""
    if one.labels or other.labels:
        return one.labels == other.labels
    shared, either = set(one.levels) & set(other.levels), set(one.levels) | set(other.levels)
    return len(shared) > len(either) / 2


def runs(profiles: Iterable[Profile], scales: dict[str, Scale]) -> list[list[Profile]]:
    """Return columns that stand side by side in the file and have the same scale and the same value labels."""
    groups: list[list[Profile]] = []
    for profile in sorted(profiles, key=lambda one: one.place):
        last = groups[-1][-1] if groups else None
        alike = (
            last
            and profile.place == last.place + 1
            and profile.labels == last.labels
            and _ends(scales, profile) == _ends(scales, last)
        )
        if alike:
            groups[-1].append(profile)
        else:
            groups.append([profile])
    return [group for group in groups if len(group) >= FEWEST_ITEMS]


def pooled(members: list[Profile], scales: dict[str, Scale]) -> Scale | None:
    """Return the one scale of a grid's items, or None where they cannot have one."""
    found = [scales[member.name] for member in members]
    widest = max(found, key=lambda scale: (scale.high, -scale.low))
    told = [scale for scale in found if scale.sure > 0.95]
    base = told[0] if told else widest
    if any(
        scale.high > base.high or (scale.turned and base.turned and scale.reversed != base.reversed) for scale in found
    ):
        return None
    codes: dict[str, list[object]] = {}
    for scale in found:
        for level, texts in scale.codes.items():
            codes.setdefault(level, []).extend(text for text in texts if text not in codes.get(level, []))
    missing = list(
        dict.fromkeys(text for scale in found for text in scale.missing if not (text == 0 and base.low == 0))
    )
    if len({text for texts in codes.values() for text in texts}) < sum(map(len, codes.values())):
        return None
    return replace(base, missing=missing, codes=codes, turned=any(scale.turned for scale in found))


def item_names(members: list[Profile]) -> list[str]:
    """Return a readable name for each item of a grid: what only its wording says, else its column's name."""
    wordings = [member.wording for member in members]
    texts = _own_parts(wordings) if len(set(wordings)) == len(members) else []
    if not texts or not all(texts):
        texts = _own_parts([member.name for member in members])
    if any(re.fullmatch(r"(?:sq|r)?\d*", text, re.IGNORECASE) for text in texts):
        texts = [member.name for member in members]
    return distinct_names([named(text) for text in texts], RESERVED)


def named(text: str) -> str:
    """Return a name after intake: small letters, `_` between words, at most 40 signs.

    Examples
    --------
    >>> named("Value for money (overall)"), named("Qualität der Beratung")
    ('value_for_money_overall', 'qualität_der_beratung')
    """
    words = re.sub(r"[\W_]+", "_", text.casefold()).strip("_").split("_")
    name = words[0]
    for word in words[1:]:
        if len(name) + len(word) >= LONGEST_NAME:
            break
        name = f"{name}_{word}"
    return name[:LONGEST_NAME] or "column"


def distinct_names(names: list[str], taken: set[str]) -> list[str]:
    """Return names that are none of those taken and no two alike."""
    found: list[str] = []
    for name in names:
        new = f"{name}_rating" if name in taken else name
        number = 2
        while new in found or new in taken:
            new, number = f"{name}_{number}", number + 1
        found.append(new)
    return found


def choice_sets(profiles: Iterable[Profile]) -> list[Guess]:
    """Return the multi-select sets among some columns.

    Parameters
    ----------
    profiles
        Columns that are nothing else; a choice is a column of 0 and 1, or of one text and blanks.
    """
    everything = list(profiles)
    found = []
    for members in stems([profile for profile in everything if _is_choice(profile)], FEWEST_CHOICES):
        if all(profile.filled == profile.rows and profile.distinct == 1 for profile in members):
            continue
        stem = _stem([member.name for member in members])
        wording = _stem([member.wording for member in members]) if all(member.wording for member in members) else ""
        name = named(stem) if len(stem) <= LONGEST_NAME else named(_short(stem))
        reason = f"{len(members)} columns of one choice each" + (
            f', asked "{_short(wording, 60)}"' if len(wording) > 8 else ""
        )
        found.append(Guess(name, tuple(_patterns(stem, members, everything)), 0.9, reason, place="sets"))
    return found


def declared_sets(sets: Mapping[str, list[str]], profiles: Mapping[str, Profile]) -> list[tuple[Guess, list[str]]]:
    """Return the multi-select sets that a file itself declares (SPSS), each with its columns."""
    found = []
    for name, members in sets.items():
        held = [profiles[member] for member in members if member in profiles]
        if len(held) >= FEWEST_CHOICES and all(_is_choice(profile) for profile in held):
            patterns = tuple(_patterns(_stem(members), held, list(profiles.values())))
            asked = _stem([profile.wording for profile in held]) if all(profile.wording for profile in held) else ""
            called = asked if 3 <= len(asked) <= LONGEST_NAME else name.strip("$")
            found.append((Guess(named(called), patterns, 0.97, "declared in the file", place="sets"), members))
    return found


def _ends(scales: dict[str, Scale], profile: Profile) -> tuple[int, int]:
    """Return the ends of a column's scale."""
    return scales[profile.name].low, scales[profile.name].high


def _own_parts(texts: list[str]) -> list[str]:
    """Return what each of several texts has beyond what all begin and end with, whole words only."""
    words = [text.replace("[", " [ ").replace("]", " ] ").replace("_", " _ ").split() for text in texts]
    start = _shared(words)
    end = _shared([one[start:][::-1] for one in words])
    own = [" ".join(one[start : len(one) - end]) for one in words]
    return [text.strip(" _[]-–:.>") for text in own]


def _stem(texts: list[str]) -> str:
    """Return what several texts begin with, without marks at its end."""
    return re.sub(r"[\W_]+(?:SQ|r|row|item)?0*$", "", texts[0][: _shared(texts)])


def _shared(several: Sequence[Sequence[str]]) -> int:
    """Return how many first letters (or words) several texts (or lists of words) have in common."""
    return sum(1 for _ in takewhile(lambda alike: len(set(alike)) == 1, zip(*several, strict=False)))


def _short(text: str, most: int = LONGEST_NAME) -> str:
    """Return the beginning of a text, whole words only."""
    return text if len(text) <= most else text[:most].rsplit(" ", 1)[0] + "…"


def _is_choice(profile: Profile) -> bool:
    """Return whether a column holds one choice of several: 0 and 1, or one text beside blanks or a no."""
    if not 0 < profile.distinct <= 2 or profile.dated:
        return False
    chosen = [text for text in profile.levels if text.lower() not in NOT_CHOSEN]
    numbers = [number for text, number in profile.numbers.items() if text in chosen]
    return len(chosen) <= 1 and all(number == 1 for number in numbers)


def _patterns(stem: str, members: list[Profile], everything: list[Profile]) -> list[str]:
    """Return the pattern that names just the columns of a set, or all of them one by one."""
    own = {member.name for member in members}
    for pattern in (f"{stem}_", f"{stem}[", f"{stem} - ", f"{stem}.", stem):
        if stem and {profile.name for profile in everything if profile.name.startswith(pattern)} == own:
            return [_literal(pattern) + "*"]
    return [_literal(member.name) for member in members]


def _literal(text: str) -> str:
    """Return a text with the signs that mean something in a pattern made plain."""
    return re.sub(r"([\[*?])", r"[\1]", text)
