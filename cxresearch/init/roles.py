"""Which columns are ids, personal data, facts about the interview, reasons in words, groups of people, weights."""

import re
from collections import Counter
from collections.abc import Iterable, Mapping

from cxresearch.init.dates import NUMERIC
from cxresearch.init.grids import distinct_names, grid_items, named
from cxresearch.init.guess import Guess
from cxresearch.init.profile import OPTION_SEPARATORS, Profile, stands_for_none
from cxresearch.init.ratings import is_vote, quoted, yes_no
from cxresearch.init.words import SEGMENT_ROLES, SURVEY_KINDS, begins, plain, says
from cxresearch.intake.levels import NO, YES
from cxresearch.intake.numbers import AMOUNT, NUMBER
from cxresearch.schema.columns import COLUMN_TYPES, TAKEN
from cxresearch.study_data import MOST_LEVELS

MAIL = re.compile(r"[^@\s]+@[^@\s]+\.[A-Za-z]{2,}")
ADDRESS = re.compile(r"\d{1,3}(?:\.\d{1,3}){3}|(?:[0-9a-f]{0,4}:){4,7}[0-9a-f]{0,4}", re.IGNORECASE)
PHONE = re.compile(r"(?:\+|00)\d[\d ()/-]{6,}|\(?0\d{1,4}\)?[ /-]\d[\d /-]{4,}")
TYPED_IN = re.compile(
    r"\b(?:your|ihre?|votre|su|uw|je) (?:\w+ )?(?:name|e ?mail|phone|telephone|nom|nombre|correo|naam|adresse?)\b"
)
# Fewer cells of a kind than this do not make a column personal or an id.
MOST_PERSONAL_BELOW = 12
FEWEST_A_LEVEL, LONGEST_LEVEL, MOST_SEGMENTS = 5, 40, 8
MOST_CHOICES = 15
LONG_TEXT, FEWEST_WORDS = 18, 4
WAYS = {"status": 0.9, "language": 0.9, "mode": 0.85, "touchpoint": 0.85}
BANDS = {"age": [0, 25, 35, 50, 65], "years": [0, 1, 3, 10], "months": [0, 12, 36, 120]}


def is_personal(profile: Profile) -> bool:
    """Return whether a column tells who somebody is: e-mail and network addresses, phones, names, places."""
    texts = profile.sample[:200]
    for pattern in (MAIL, ADDRESS, PHONE):
        # 01/02/2026 would pass for a phone number.
        told = [text for text in texts if pattern.fullmatch(text) and not NUMERIC.fullmatch(text)]
        if texts and len(told) > len(texts) / 3:
            return True
    asked = says(profile.name, "personal") or bool(TYPED_IN.search(plain(profile.said)))
    coded = profile.distinct <= MOST_PERSONAL_BELOW and (profile.labels or profile.numbers or yes_no(profile))
    return asked and not coded


def ids(profiles: Mapping[str, Profile], *, answers: bool = True) -> list[Guess]:
    """Return response, customer and account ids among the columns of a table.

    Parameters
    ----------
    profiles
        Its columns without personal ones and dates.
    answers
        Whether a row is an answer, so that an unnamed unique id is the answer's.
    """
    fitting = {name: profile for name, profile in profiles.items() if _is_id(profile)}
    found: dict[str, Guess] = {}
    for role in (
        ("customer_id", "account_id", "response_id") if not answers else ("response_id", "customer_id", "account_id")
    ):
        own = [profile for name, profile in fitting.items() if says(name, role) and _fits_id(profile, role)]
        own = [profile for profile in own if profile.name not in {one.columns[0] for one in found.values()}]
        if own:
            best = max(own, key=lambda profile: (profile.filled, -profile.place))
            found[role] = Guess(
                role, (best.name,), 0.95, f"{best.distinct} distinct ids in {best.filled} rows, by its name"
            )
    plainly = next(
        (
            profile
            for name, profile in fitting.items()
            if plain(name)
            in ("id", "uid", "guid", "record", "key", "urlid", "token", "record id", "identifiant", "seriennummer")
        ),
        None,
    )
    role = "response_id" if answers and plainly and plainly.once == 1 else "customer_id"
    if plainly and role not in found and plainly.name not in {one.columns[0] for one in found.values()}:
        reason = (
            "each row has its own" if plainly.once == 1 else f"{plainly.distinct} distinct in {plainly.filled} rows"
        )
        found[role] = Guess(role, (plainly.name,), 0.9 if plainly.once == 1 else 0.75, f"{reason}, by its name")
    if answers and "response_id" not in found:
        taken = {one.columns[0] for one in found.values()}
        token = next(
            (
                one
                for name, one in fitting.items()
                if name not in taken and one.once == 1 and one.filled == one.rows and _is_token(one)
            ),
            None,
        )
        if token:
            found["response_id"] = Guess("response_id", (token.name,), 0.75, "each row has its own, all of one shape")
    return list(found.values())


def facts(profiles: Mapping[str, Profile]) -> list[Guess]:
    """Return what is told of the interview: survey type, status, finished, language, channel, touchpoint, duration."""
    guesses = [guess for guess in (_survey(list(profiles.values())),) if guess]
    taken = {guess.columns[0] for guess in guesses}
    for role, sure in WAYS.items():
        fits = [
            profile
            for name, profile in profiles.items()
            if name not in taken and begins(name, role) and 1 <= len(profile.levels) <= 60
        ]
        fits = [
            profile
            for profile in fits
            if profile.length <= LONGEST_LEVEL and (profile.words or profile.labels or role == "status")
        ]
        if fits and (role == "status" or len(fits[0].levels) > 1):
            guesses.append(Guess(role, (fits[0].name,), sure, f"by its name; different values: {len(fits[0].levels)}"))
            taken.add(fits[0].name)
    finished = next(
        (one for name, one in profiles.items() if name not in taken and begins(name, "finished") and _is_flag(one)),
        None,
    )
    if finished:
        guesses.append(Guess("finished", (finished.name,), 0.95, "yes or no, by its name", _flag_codes(finished)))
    spent = next((one for name, one in profiles.items() if says(name, "duration_s") and one.numeric > 0.95), None)
    if spent:
        guesses.append(
            Guess("duration_s", (spent.name,), 0.9, "numbers, by its name; taken for seconds", {"type": "number"})
        )
    return guesses


def verbatim(profiles: Mapping[str, Profile]) -> list[Guess]:
    """Return the question for a reason in words: of several texts the one that is asked so, then the fullest."""
    texts = [profile for profile in profiles.values() if is_text(profile)]
    if not texts:
        return []
    best = max(texts, key=lambda profile: (profile.says("verbatim"), profile.filled, -profile.place))
    sure = 0.95 if best.says("verbatim") else 0.8
    reason = f"text, {best.distinct} distinct in {best.filled} rows" + (
        f", asked {quoted(best)}" if best.wording else ""
    )
    return [Guess("verbatim", (best.name,), sure, f"{reason}; kept with personal data taken out")]


def is_text(profile: Profile) -> bool:
    """Return whether a column holds sentences rather than names of levels."""
    if profile.numeric > 0.3 or profile.distinct < 3 or profile.dated or _is_written_by_a_program(profile):
        return False
    spaced = sum(" " in text for text in profile.sample) / len(profile.sample)
    asked = profile.says("verbatim") and profile.once > 0.2 and profile.distinct > MOST_PERSONAL_BELOW
    return (_is_sentences(profile) and profile.once > 0.5) or (asked and spaced > 0.3)


def _is_sentences(profile: Profile) -> bool:
    """Return whether a column's cells are longer than names of levels are."""
    words = sum(text.count(" ") + 1 for text in profile.sample) / max(1, len(profile.sample))
    return profile.length >= LONG_TEXT and words >= FEWEST_WORDS


def _is_written_by_a_program(profile: Profile) -> bool:
    """Return whether a column holds lists or records of a program, such as ['a', 'b']."""
    return sum(text[:1] + text[-1:] in ("[]", "{}") for text in profile.sample) > len(profile.sample) / 2


def several_choices(profile: Profile) -> Guess | None:
    """Return a column whose cells list several choices as a multi-select set, with the sign between them."""
    for sign in OPTION_SEPARATORS:
        listed = [[part.strip() for part in text.split(sign)] for text in profile.sample]
        parts = [part for one in listed for part in one]
        several = sum(len(one) > 1 for one in listed) > 0.2 * len(listed)
        again = Counter(part for one in listed for part in set(one))
        # "Yes, often" and "3,5" are one answer each: choices come back in other company.
        several &= sum(times > 1 for times in again.values()) >= len(again) / 2
        several &= (
            sign != "," or not all(NUMBER.fullmatch(part) for part in parts) or any(len(one) > 2 for one in listed)
        )
        # "Paris, France" has as many parts as every other cell; lists of choices differ.
        if (
            several
            and len({len(one) for one in listed}) > 1
            and 3 <= len(set(parts)) <= MOST_CHOICES
            and len(parts) > len(set(parts))
        ):
            reason = f"cells list several of {len(set(parts))} choices" + (
                f", asked {quoted(profile)}" if profile.wording else ""
            )
            return Guess(named(profile.name), (profile.name,), 0.85, reason, {"separator": sign}, place="sets")
    return None


def groups(profiles: Mapping[str, Profile], taken: Iterable[str]) -> list[Guess]:
    """Return the columns by which people can be grouped; `segment` in the setting tells how.

    Parameters
    ----------
    profiles
        Columns that are nothing else.
    taken
        Names that are in use.
    """
    items = grid_items(profiles.values())
    free = [profile for name, profile in profiles.items() if name not in items]
    found = [guess for profile in free for guess in (_banded(profile) or _levelled(profile),) if guess]
    best = sorted(found, key=lambda guess: -guess.confidence)[:MOST_SEGMENTS]
    kept = [guess for guess in found if guess in best]
    roles = [guess.role for guess in kept]
    # Two columns of one role: the second keeps its own name.
    own = [role if role not in roles[:place] else named(kept[place].columns[0]) for place, role in enumerate(roles)]
    names = _free(own, set(taken))
    return [
        Guess(name, guess.columns, guess.confidence, guess.reason, guess.setting, "groups")
        for name, guess in zip(names, kept, strict=True)
    ]


def design(profiles: Mapping[str, Profile]) -> list[Guess]:
    """Return weights, by name and numbers; strata, clusters and population sizes by name, as questions."""
    found = []
    weight = next(
        (one for name, one in profiles.items() if says(name, "weight") and one.numeric > 0.95 and one.distinct > 1),
        None,
    )
    values = [float(text) for text in weight.sample if NUMBER.fullmatch(text)] if weight else []
    if weight and values and min(values) > 0:
        rows = weight.tally.to_numpy()[:: max(1, weight.distinct // 2000)][: len(values)]
        mean = sum(value * n for value, n in zip(values, rows, strict=False)) / rows.sum()
        near = 0.8 <= mean <= 1.25
        reason = f"positive numbers of mean {mean:.2f}, by its name"
        found.append(Guess("weight", (weight.name,), 0.95 if near else 0.8, reason, place="design"))
    for part in ("strata", "cluster", "fpc"):
        one = next(
            (profile for name, profile in profiles.items() if says(name, part) and profile.filled == profile.rows), None
        )
        if one:
            found.append(
                Guess(part, (one.name,), 0.5, "by its name alone", place="design", question="was the sample drawn so?")
            )
    return found


def _is_id(profile: Profile) -> bool:
    """Return whether a column's cells look like ids: short, without blanks inside, no decimals."""
    texts = profile.sample
    if profile.dated or profile.distinct < 2 or profile.length > 40:
        return False
    odd = sum(" " in text or bool(re.fullmatch(r"-?\d+[.,]\d*[1-9]\d*", text)) for text in texts)
    return odd <= 0.02 * len(texts)


def _fits_id(profile: Profile, role: str) -> bool:
    """Return whether an id tells answers apart (each its own), or customers (enough of them)."""
    if role == "response_id":
        return profile.once > 0.9 and profile.filled > 0.9 * profile.rows
    return profile.distinct > MOST_PERSONAL_BELOW or profile.once > 0.5


def _is_token(profile: Profile) -> bool:
    """Return whether a column's texts are made of letters and digits, all of one length."""
    lengths = {len(text) for text in profile.sample}
    return (
        len(lengths) <= 2
        and all(any(sign.isdigit() for sign in text) for text in profile.sample)
        and profile.numeric < 1
        and profile.length >= 6
    )


def _is_flag(profile: Profile) -> bool:
    """Return whether a column is yes or no, or only one of them."""
    words = {plain(profile.labels.get(text, text)) for text in profile.levels}
    return bool(yes_no(profile)) or (bool(words) and words <= YES | NO)


def _flag_codes(profile: Profile) -> dict[str, dict[str, list[str]]]:
    """Return the codes of a yes/no column whose words intake does not know by itself."""
    codes = yes_no(profile)
    known = all(text.lower() in YES | NO for texts in codes.values() for text in texts)
    return {} if known or profile.labels else {"codes": codes}


def _survey(profiles: list[Profile]) -> Guess | None:
    """Return the column that tells relationship answers from transactional ones."""
    for profile in (one for one in profiles if says(one.name, "survey") and 1 < len(one.levels) <= 6):
        words = {text: plain(profile.labels.get(text, text)) for text in profile.levels}
        codes = {
            kind: [text for text, word in words.items() if pattern.match(word)]
            for kind, pattern in SURVEY_KINDS.items()
        }
        if all(codes.values()) and sum(map(len, codes.values())) == len(words):
            return Guess(
                "survey",
                (profile.name,),
                0.93,
                "tells relationship from transactional answers",
                {"codes": codes},
                "survey",
            )
    return None


def _banded(profile: Profile) -> Guess | None:
    """Return age or tenure in numbers, to be cut into bands."""
    if (
        profile.numeric < 0.95
        or profile.distinct <= MOST_LEVELS
        or not (says(profile.name, "age") or says(profile.name, "tenure"))
    ):
        return None
    most = max(float(text) for text in profile.sample if NUMBER.fullmatch(text))
    unit = (
        "age"
        if says(profile.name, "age")
        else "months"
        if "month" in plain(profile.name) or "mon" in plain(profile.name) or most > 40
        else "years"
    )
    if most > (110 if unit == "age" else 1200):
        return None
    role = "age" if unit == "age" else f"tenure_{unit}"
    return Guess(
        role,
        (profile.name,),
        0.85,
        "numbers, cut into bands" + ("" if unit == "age" else f", taken for {unit}"),
        {"type": "number", "bands": BANDS[unit]},
    )


def _levelled(profile: Profile) -> Guess | None:
    """Return a column of 2 to 12 levels as a group, more surely where its name is that of one."""
    levels = [
        text
        for text in profile.levels
        if text not in profile.declared
        and not stands_for_none(text)
        and not stands_for_none(profile.labels.get(text, "."))
    ]
    if (
        not 2 <= len(levels) <= MOST_LEVELS
        or is_vote(profile)
        or profile.filled < FEWEST_A_LEVEL * len(levels)
        or profile.length > LONGEST_LEVEL
        # What people said in words may be said by several; it is theirs, and names no group.
        or (profile.says("verbatim") and _is_sentences(profile) and not profile.labels)
    ):
        return None
    role = next((role for role in SEGMENT_ROLES if begins(profile.name, role)), "") or next(
        (role for role in SEGMENT_ROLES if says(profile.wording, role) and len(profile.wording) < 60), ""
    )
    labelled = all(text in profile.labels for text in levels)
    wordy = (
        len(profile.words) >= len(levels) and not all(AMOUNT.fullmatch(text) for text in levels) and not yes_no(profile)
    )
    sure = (
        (0.92 if wordy or labelled else 0.78)
        if role
        else 0.85
        if labelled and not yes_no(profile)
        else 0.8
        if wordy
        else 0.5
    )
    if sure < 0.7:
        return None
    name = named(profile.name) if not role or role == "tenure" else role
    if not role and profile.wording and len(profile.wording) <= LONGEST_LEVEL:
        name = named(profile.wording)
    setting = (
        {"missing": [text for text in profile.levels if stands_for_none(text)]}
        if any(map(stands_for_none, profile.levels))
        else {}
    )
    return Guess(name, (profile.name,), sure, f"{len(levels)} groups" + (", by its name" if role else ""), setting)


def _free(names: list[str], taken: set[str]) -> list[str]:
    """Return names for groups that mean nothing else."""
    reserved = {*COLUMN_TYPES, *TAKEN, *WAYS, "drivers", *taken}
    safe = [f"{name}_group" if name in reserved or name.endswith("_id") else name for name in names]
    return distinct_names(safe, reserved)
