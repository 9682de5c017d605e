"""Which columns are the ratings: likelihood to recommend, satisfaction, effort, settled at first contact, drivers."""

import re
from collections.abc import Mapping
from dataclasses import replace

from cxresearch.init.grids import FEWEST_ITEMS, item_names, pooled, runs, stems
from cxresearch.init.guess import TAKE, Guess
from cxresearch.init.profile import Profile, stands_for_none
from cxresearch.init.scales import SEEN_IF_ASKED, Scale, scale_of, side
from cxresearch.init.words import VOTE, plain, says
from cxresearch.intake.levels import NO, YES

# Candidates whose confidence differs by less are equally good.
ALIKE = 0.05
YES_WORDS = YES | {
    "oui",
    "si",
    "vrai",
    "wahr",
    "waar",
    "verdadero",
    "gelost",
    "resolved",
    "opgelost",
    "resolu",
    "resuelto",
}
NO_WORDS = NO | {
    "non",
    "faux",
    "falsch",
    "onwaar",
    "nee",
    "falso",
    "nicht gelost",
    "not resolved",
    "unresolved",
    "niet opgelost",
}
# The column of groups that Qualtrics and SurveyMonkey make beside their own NPS question.
GROUP_OF = re.compile(r"(.+?)(?:_NPS_GROUP|: Group)")
# So many ones without a 0 mean that the scale begins at 1.
ONES_ENOUGH = 6
VOTES = ({1.0, 2.0, 3.0}, {-1.0, 0.0, 1.0}, {-100.0, 0.0, 100.0})
RATED = re.compile(r"\b(?:rate|rating|evaluat|score|bewert|beurteil|note[rz]?|evalu|valor|califi|beoordeel|cijfer)")
EFFORT = ("effort", "aufwand", "esfuerzo", "moeite")


def ratings(profiles: Mapping[str, Profile]) -> list[Guess]:
    """Return the ratings among the columns of a table.

    Parameters
    ----------
    profiles
        Columns that are no ids, dates or personal data.
    """
    open_ = {name: profile for name, profile in profiles.items() if not is_vote(profile)}
    guesses = [guess for guess in (_nps(list(open_.values()), _voted(profiles)),) if guess]
    # The likelihood question is no item of a grid, whichever of several it may be.
    asked = {column for guess in guesses for one in (guess, *guess.others) for column in one.columns}
    found = {name: scale_of(profile) for name, profile in open_.items() if name not in asked}
    scales = {name: scale for name, scale in found.items() if scale}
    rated = [open_[name] for name in scales]
    grid, members = _drivers(rated, scales)
    single = [profile for profile in rated if profile.name not in members or profile.says("overall")]
    for role in ("ces", "csat"):
        if guess := _score(role, single, scales):
            guesses.append(guess)
            single = [profile for profile in single if profile.name not in guess.columns]
    if not any(guess.role == "csat" for guess in guesses) and not grid:
        guesses += _lone(single, scales)
    taken = {column for guess in guesses for column in guess.columns}
    if grid:
        guesses += _without(grid, taken, open_, scales)
    fcr = next(
        (
            profile
            for profile in open_.values()
            if profile.name not in taken and profile.says("fcr") and yes_no(profile)
        ),
        None,
    )
    return [*guesses, *([_fcr(fcr)] if fcr else [])]


def is_vote(profile: Profile) -> bool:
    """Return whether a column holds Promoter, Passive, Detractor (or 1 to 3 for them), which is made from the score."""
    levels = [plain(profile.labels.get(text, text)) for text in profile.levels]
    if levels and len(levels) <= 4 and sum(bool(VOTE.fullmatch(level)) for level in levels) >= min(2, len(levels)):
        return True
    coded = set(profile.numbers.values()) in VOTES and not profile.words
    return coded and says(profile.name, "recommend")


def yes_no(profile: Profile) -> dict[str, list[str]]:
    """Return which levels mean yes and which no, where a column holds nothing else."""
    words = {text: plain(profile.labels.get(text, text)) for text in profile.levels if text not in profile.declared}
    found = {
        "yes": [text for text, word in words.items() if word in YES_WORDS],
        "no": [text for text, word in words.items() if word in NO_WORDS],
    }
    rest = [text for text in words if text not in found["yes"] + found["no"]]
    return found if found["yes"] and found["no"] and not set(rest) & set(profile.words) and len(words) <= 4 else {}


def _voted(profiles: Mapping[str, Profile]) -> set[str]:
    """Return what the names of a platform's own NPS questions begin with: those it made groups of."""
    votes = (GROUP_OF.fullmatch(name) for name, profile in profiles.items() if is_vote(profile))
    return {match[1] for match in votes if match}


def _nps(profiles: list[Profile], voted: set[str]) -> Guess | None:
    """Return the likelihood question; where two are equally good, a question."""
    guesses = [_likelihood(one, ours=bool(voted & {one.name, _begun(one.name)})) for one in profiles]
    found = sorted(filter(None, guesses), key=lambda guess: -guess.confidence)
    if not found:
        return None
    best = found[0]
    rivals = [other for other in found[1:] if best.confidence - other.confidence < ALIKE]
    by_name = {profile.name: profile for profile in profiles}
    rivals = [one for one in rivals if not by_name[one.columns[0]].tally.equals(by_name[best.columns[0]].tally)]
    if rivals and best.confidence >= TAKE:
        names = " or ".join(repr(guess.columns[0]) for guess in (best, *rivals))
        question = f"which column is the likelihood to recommend the company: {names}?"
        return Guess(
            "nps",
            best.columns,
            0.5,
            f"{len(rivals) + 1} columns fit equally well",
            best.setting,
            question=question,
            needed=True,
            others=tuple(rivals),
        )
    if best.confidence < TAKE:
        return Guess(
            **{
                **vars(best),
                "question": f"is {best.columns[0]!r} the likelihood to recommend?",
                "others": tuple(found[1:4]),
            }
        )
    return best


def _begun(name: str) -> str:
    """Return what a column's name begins with, before the colon of a second header row."""
    return name.rpartition(": ")[0]


def _likelihood(profile: Profile, *, ours: bool = False) -> Guess | None:
    """Return a column as the likelihood question, or None where its answers cannot be that.

    `ours` says that the survey platform made its groups (promoter, passive, detractor): that is asked from 0 to 10.
    """
    strong, weak = profile.says("recommend"), profile.says("nps")
    scale = _from_eleven(profile) or _on_ten(profile, strong)
    if scale is None:
        return None
    steps = len({number for number in profile.numbers.values() if scale.low <= number <= scale.high})
    most = max(profile.numbers.values()) if not strong else 0
    if ours and (scale.low, scale.high) == (1, 10):
        reason = scale.reason.partition(" and not a single 0")[0] + ", in the platform's own question from 0"
        scale = replace(scale, low=0, sure=0.97, reason=reason)
    if not strong and not (weak and steps > 7) and (scale.low, steps, most) != (0, 11, 10):
        return None
    confidence = scale.sure if strong else 0.65 if weak else 0.6
    reason = scale.reason + (
        f", asked {quoted(profile)}"
        if strong and says(profile.wording, "recommend")
        else ", by its name"
        if strong
        else "; nothing says recommend"
    )
    return Guess("nps", (profile.name,), confidence, reason, scale.setting)


def _from_eleven(profile: Profile) -> Scale | None:
    """Return 0-10 for codes 1 to 11, as survey platforms number eleven choices."""
    seen = {number for number in profile.numbers.values() if number <= 20}
    if profile.labels or not profile.says("recommend") or not {1.0, 11.0} <= seen <= set(map(float, range(1, 12))):
        return None
    return Scale(
        0, 10, 0.8, "codes 1 to 11 taken for 0 to 10", codes={str(number - 1): [number] for number in range(1, 12)}
    )


def _on_ten(profile: Profile, strong: bool) -> Scale | None:
    """Return 0-10 or 1-10 where a column's answers are on it."""
    scale = scale_of(profile)
    if scale is None or (scale.codes and scale.high != 10) or scale.reversed:
        return None
    missing = [code for code in scale.missing if code != 0]
    seen = {number: text for text, number in profile.numbers.items() if str(int(number)) not in map(str, missing)}
    inside = f"{len(seen)} whole numbers from {min(seen, default=0):g} to {max(seen, default=0):g}"
    if scale.codes or ((scale.low, scale.high) in ((0, 10), (1, 10)) and scale.sure > 0.95):
        return Scale(scale.low, 10, 0.98, f"{inside}, {scale.reason}", missing=missing, codes=scale.codes)
    few = strong and profile.filled < SEEN_IF_ASKED and scale.sure < 0.95 and scale.high <= 10
    if scale.high != 10 and not few and 0.0 not in seen:
        return None
    if scale.high not in (5, 7, 10):
        return None
    ones = profile.levels[seen[1.0]] if 1.0 in seen else 0
    # Where a 0 can be given it is about as frequent as a 1: of few ones nothing follows.
    if 0.0 not in seen and ones >= ONES_ENOUGH and profile.filled >= SEEN_IF_ASKED:
        return Scale(1, 10, 0.9, f"{inside} and not a single 0", missing=missing)
    return Scale(0, 10, 0.98 if len(seen) == 11 else 0.93 if 0.0 in seen else 0.85, inside, missing=missing)


def quoted(profile: Profile, most: int = 70) -> str:
    """Return what was asked, shortened, in quotes."""
    text = profile.wording
    return f'"{text}"' if len(text) <= most else f'"{text[:most].rsplit(" ", 1)[0]} …"'


def _score(role: str, profiles: list[Profile], scales: dict[str, Scale]) -> Guess | None:
    """Return the satisfaction or effort question: of several the overall one, else the first."""
    fitting = [profile for profile in profiles if _fits(role, profile)]
    if not fitting:
        return None
    overall = [profile for profile in fitting if profile.says("overall")]
    best = (overall or [profile for profile in fitting if says(profile.name, role)] or fitting)[0]
    scale = scales[best.name]
    reason = f"{scale.reason}, asked {quoted(best)}" if best.wording else f"{scale.reason}, by its name"
    if scale.reversed:
        reason += "; turned round: the low end is the good one"
    confidence = min(scale.sure, 0.97) if scale.turned or len(fitting) == 1 or overall else min(scale.sure, 0.85)
    if role == "ces" and not scale.turned and _is_effort(best):
        question = f"is {scale.low} little effort? then write `reversed: true`; if {scale.high} is, leave it out"
        return Guess(role, (best.name,), 0.5, reason, scale.setting, question=question)
    return Guess(role, (best.name,), confidence, reason, scale.setting)


def _fits(role: str, profile: Profile) -> bool:
    """Return whether name or wording make a rating one of satisfaction or of effort; the name comes first."""
    other = "csat" if role == "ces" else "ces"
    if says(profile.name, "recommend") or says(profile.wording, "recommend"):
        return False
    if says(profile.name, role) != says(profile.name, other):
        return says(profile.name, role)
    satisfied, easy = profile.says("csat"), profile.says("ces")
    if satisfied or easy:
        return satisfied if role == "csat" else easy and not satisfied
    words = {plain(text) for text in (*profile.words, *profile.labels.values()) if side(text)}
    told = (
        "ces"
        if any(says(word, "ces") for word in words)
        else "csat"
        if any(says(word, "csat") for word in words)
        else ""
    )
    return told == role


def _is_effort(profile: Profile) -> bool:
    """Return whether a question asks how much effort there was, so that a high number may be the bad end."""
    text = plain(profile.said)
    return any(word in text for word in EFFORT) and not any(
        word in text for word in ("easy", "easier", "einfach", "leicht", "facil", "makkelijk")
    )


def _lone(profiles: list[Profile], scales: dict[str, Scale]) -> list[Guess]:
    """Return the one rating of a table that is called overall, as satisfaction."""
    overall = [profile for profile in profiles if profile.says("overall")]
    return [
        Guess(
            "csat",
            (one.name,),
            min(scales[one.name].sure, 0.8),
            f"{scales[one.name].reason}, called overall",
            scales[one.name].setting,
        )
        for one in overall[:1]
    ]


def _drivers(rated: list[Profile], scales: dict[str, Scale]) -> tuple[list[Profile], set[str]]:
    """Return the columns of the best grid, and those of all grids."""
    plausible = [
        profile for profile in rated if not (scales[profile.name].high > 11 and scales[profile.name].sure < 0.8)
    ]
    grids = [group for group in stems(plausible, FEWEST_ITEMS) if pooled(group, scales)]
    in_stems = {profile.name for group in grids for profile in group}
    grids += [
        group for group in runs([one for one in plausible if one.name not in in_stems], scales) if pooled(group, scales)
    ]
    if not grids:
        return [], set()
    best = max(grids, key=lambda group: (_about_service(group, scales), len(group)))
    return best, {profile.name for group in grids for profile in group}


def _about_service(group: list[Profile], scales: dict[str, Scale]) -> float:
    """Return how much a grid looks like ratings of a company: asked so, or labelled so."""
    said = sum(profile.says("csat") or says(profile.wording, "ces") for profile in group) / len(group)
    return said + 0.5 * sum(scales[profile.name].turned for profile in group) / len(group)


def _without(
    grid: list[Profile], taken: set[str], profiles: Mapping[str, Profile], scales: dict[str, Scale]
) -> list[Guess]:
    """Return the grid as drivers, without the item that is the overall question."""
    members = [profile for profile in grid if profile.name not in taken]
    scale = pooled(members, scales) if len(members) >= 2 else None
    if scale is None:
        return []
    # Numbers side by side may be anything, and people are asked to agree with many things.
    wordless = not any(member.wording for member in members)
    about = any(profile.says("csat") or RATED.search(plain(profile.said)) for profile in grid) or bool(
        taken & {one.name for one in grid}
    )
    sure = scale.sure if about or (wordless and len(stems(members, 2)) == 1) else min(scale.sure, 0.6)
    setting = {"names": item_names(members), **scale.setting}
    reason = f"{len(members)} ratings on one scale, {scale.reason}" + (
        "" if scale.turned else "; taken for higher is better"
    )
    question = "" if sure >= TAKE else "do these rate your products or service? then they are the drivers of the scores"
    return [
        Guess(
            "drivers", tuple(profile.name for profile in members), min(sure, 0.95), reason, setting, question=question
        )
    ]


def _fcr(profile: Profile) -> Guess:
    """Return a yes/no column as first-contact resolution."""
    codes = yes_no(profile)
    common = all(text.lower() in YES for text in codes["yes"]) and all(text.lower() in NO for text in codes["no"])
    asked = f"asked {quoted(profile)}" if profile.wording else "by its name"
    known = {text for texts in codes.values() for text in texts} | profile.declared
    rest = [text for text in profile.levels if text not in known and stands_for_none(profile.labels.get(text, text))]
    setting = {} if common and not profile.labels else {"codes": codes}
    return Guess("fcr", (profile.name,), 0.92, f"yes or no, {asked}", setting | ({"missing": rest} if rest else {}))
