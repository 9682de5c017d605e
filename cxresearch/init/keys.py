"""The customer id that the tables of a study share."""

from dataclasses import replace

from cxresearch.init.draft import Draft
from cxresearch.init.guess import Guess
from cxresearch.init.profile import Profile

# A column that shares so many of its ids with the customers' is their key.
SAME_IDS, FEWEST_IDS, LONGEST_ID = 0.3, 5, 40


def with_keys(tables: list[Draft]) -> list[Draft]:
    """Return the tables with the customer id that they share: the values decide over the names."""
    keeper = next(
        (draft for draft in tables if draft.name in ("customers", "revenue") and draft.guess("customer_id")), None
    )
    key = keeper.guess("customer_id") if keeper else None
    if keeper is None or key is None:
        return tables
    known = _ids(keeper.profiles[key.columns[0]])
    return [draft if draft is keeper else _keyed(draft, known, keeper.name) for draft in tables]


def _keyed(draft: Draft, known: set[str], keeper: str) -> Draft:
    """Return a table with the column that shares most ids with the customers' as `customer_id`."""
    rated = {column for guess in draft.guesses if "scale" in guess.setting for column in guess.columns}
    shared, shares = {}, {}
    for name, profile in draft.profiles.items():
        if (
            name not in (*draft.forms, *draft.personal, *rated)
            and profile.distinct > 1
            and profile.length <= LONGEST_ID
        ):
            own = _ids(profile)
            shared[name], shares[name] = len(own & known), len(own & known) / len(own)
    # Small numbers are among ids by chance: the column with the most ids in common is the key.
    best = max(shared, key=lambda name: shared[name], default=None)
    if best is None or shares[best] < SAME_IDS or shared[best] < FEWEST_IDS:
        return replace(
            draft, notes=[*draft.notes, f"no column shares its ids with the {keeper}: nothing can be joined"]
        )
    guess = Guess("customer_id", (best,), 0.98, f"{shares[best]:.0%} of its ids are in the {keeper}")
    others = [one for one in draft.guesses if one.role != "customer_id" and best not in one.columns]
    return replace(draft, guesses=[guess, *others])


def _ids(profile: Profile) -> set[str]:
    """Return a column's distinct texts."""
    return set(profile.tally.index.str.strip())
