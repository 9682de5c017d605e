"""Which table each export is, and what its columns are in it; keys are settled over all tables together."""

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path

from cxresearch.init import moments, money, roles
from cxresearch.init.changes import with_scale_changes
from cxresearch.init.dates import DateFormat
from cxresearch.init.draft import Draft, Drafts, Profiles, fits
from cxresearch.init.exports import NOTHING, SAME_BOOK, called, strongest, why_second
from cxresearch.init.grids import choice_sets, declared_sets, distinct_names, named
from cxresearch.init.guess import Guess
from cxresearch.init.keys import with_keys
from cxresearch.init.profile import Profile, profiles
from cxresearch.init.ratings import is_vote, ratings
from cxresearch.init.scales import LONGEST_SHORT, scale_of
from cxresearch.init.words import plain, says
from cxresearch.intake.source import Source
from cxresearch.schema import METRICS
from cxresearch.strict_yaml import StudyError

# Files that share so many of their columns are one table: one export a quarter.
SAME_LAYOUT = 0.8
MONTH_NAME = re.compile(
    r"(?:\D{0,12}[ _-])?(?:(?:19|20)\d\d[-_ ./]?(?:0[1-9]|1[0-2])|(?:0[1-9]|1[0-2])[-_ ./](?:19|"
    r"20)\d\d|[A-Za-z]{3,9}[-_ ./]?(?:19|20)?\d\d)"
)
DATED = ("responded_at", "invited_at", "since", "churned_at")
# So many columns are offered where no question was found.
MOST_OFFERED = 4
# Shares of a column: numbers, and texts that stand once, as ids do.
ALL_NUMBERS, ITS_OWN = 0.95, 0.9
TABLES = ("responses", "customers", "revenue", "invitations")
AFTER_EVENT = re.compile(
    r"\b(?:recent|last|latest|today s|letzte[nrs]?|jungste[nr]?|heutige[nr]?|dernier|derniere|"
    r"recente?|ultim[oa]|laatste|afgelopen)\b"
)


def drafts(read: Sequence[tuple[Path, Source]]) -> Drafts:
    """Return the tables that some exports are.

    Parameters
    ----------
    read
        Path and content of each export.

    Raises
    ------
    StudyError
        If none of them can be the answers of a survey.
    """
    found: dict[str, Draft] = {}
    left_out: dict[str, str] = {}
    layouts = [_Layout.of(group) for group in _by_layout(read)]
    for layout in sorted(layouts, key=lambda one: -max(one.strengths.values())):
        name = layout.kind(set(found), alone=len(layouts) == 1)
        why = layout.unfit(name) or ("" if name else _second(layout, found))
        if why:
            left_out |= {called(path, layout.sheet): why for path in layout.files}
            continue
        found[name] = replace(BUILDERS[name](layout), sheet=layout.sheet)
    if "responses" not in found:
        files = "; ".join(f"{name} {why}" for name, why in left_out.items()) or ", ".join(path.name for path, _ in read)
        raise StudyError(f"none of the exports holds answers to rate ({files}); give the export of a survey.")
    tables = with_keys([found[name] for name in TABLES if name in found])
    tables = [_with_metric(draft) if draft.name == "responses" else draft for draft in tables]
    revenue = next((draft for draft in tables if draft.name == "revenue"), None)
    return Drafts(
        tables, left_out, money.currency(revenue.profiles) if revenue else "", _first(one.timezone for one in layouts)
    )


@dataclass(frozen=True)
class _Layout:
    """Files of one layout, and what is known of their columns."""

    files: list[Path]
    sources: list[Source]
    profiles: Profiles
    forms: Mapping[str, DateFormat]
    personal: list[str]
    platform: str
    timezone: str
    declared_sets: Mapping[str, list[str]]
    ratings: list[Guess]

    @property
    def sheet(self) -> str:
        """The sheet of its workbooks, where it is not the first one with a table."""
        return self.sources[0].sheet

    @classmethod
    def of(cls, group: Sequence[tuple[Path, Source]]) -> "_Layout":
        """Return what some files of one layout hold."""
        found = profiles(source for _, source in group)
        personal = [name for name, profile in found.items() if roles.is_personal(profile)]
        open_ = {name: profile for name, profile in found.items() if name not in personal}
        forms = moments.dated(open_)
        rated = ratings({name: profile for name, profile in open_.items() if name not in forms})
        return cls(
            [path for path, _ in group],
            [source for _, source in group],
            found,
            forms,
            personal,
            _first(one.platform for _, one in group),
            _first(one.timezone for _, one in group),
            group[0][1].sets,
            rated,
        )

    def open(self, *guesses: Guess) -> dict[str, Profile]:
        """Return the columns that are neither personal, nor dates, nor in an entry already."""
        used = {column for guess in guesses for column in guess.columns} | {*self.personal, *self.forms}
        return {name: profile for name, profile in self.profiles.items() if name not in used}

    @property
    def months(self) -> bool:
        """Whether the columns are months, and nobody rates anything."""
        named = [name for name in self.profiles if MONTH_NAME.fullmatch(name.strip())]
        return len(named) >= 3 and len(named) > len(self.profiles) / 2

    def unfit(self, name: str) -> str:
        """Return why its columns cannot be the table that they look like; "" where they can."""
        if self.months:
            return "holds a column a month; turn it into one row a customer and month"
        quarters = moments.quarters(self.profiles) if name == "revenue" and not self.forms else []
        return (
            f"tells only quarters, in {quarters[0]!r}, and revenue is read by month: export it by month"
            if quarters
            else ""
        )

    @cached_property
    def strengths(self) -> dict[str, float]:
        """How much speaks for each table."""
        asked = {guess.role for guess in self.ratings if guess.taken or guess.needed}
        ids = {guess.role: self.profiles[guess.columns[0]] for guess in roles.ids(self.open(), answers=False)}
        own = "customer_id" in ids and ids["customer_id"].once == 1
        dates = {role for name in self.forms for role in DATED if says(name, role)}
        paid = "customer_id" in ids and not own and bool(self.forms or moments.quarters(self.profiles))
        answered = (
            4 * bool(self.platform) + 4 * ("nps" in asked) + 2.5 * bool({"csat", "ces", "drivers", "fcr"} & asked)
        )
        return {
            "responses": answered + ("responded_at" in dates) * bool(answered),
            "customers": own * (2 + bool({"since", "churned_at"} & dates) + bool(self.personal) / 2),
            "revenue": 3.5 * (paid and bool(money.amounts(self.open()))),
            "invitations": 3.8 * ("invited_at" in dates and "customer_id" in ids and not answered),
        }

    def kind(self, taken: set[str], *, alone: bool) -> str:
        """Return which table this is, of those that are not there yet; a file alone is the answers."""
        free = {name: strength for name, strength in self.strengths.items() if name not in taken}
        best = max(free, key=lambda name: free[name], default="")
        return "responses" if alone else best if best and free[best] else ""


def _first(texts: Iterable[str]) -> str:
    """Return the first text that is not empty."""
    return next((text for text in texts if text), "")


def _by_layout(read: Sequence[tuple[Path, Source]]) -> list[list[tuple[Path, Source]]]:
    """Return the files in groups of one layout."""
    groups: list[list[tuple[Path, Source]]] = []
    for path, source in read:
        names = {plain(str(column)) for column in source.frame.columns}
        for group in groups:
            other = {plain(str(column)) for column in group[0][1].frame.columns}
            # A table is one sheet of each of its workbooks.
            if source.sheet == group[0][1].sheet and len(names & other) >= SAME_LAYOUT * len(names | other):
                group.append((path, source))
                break
        else:
            groups.append([(path, source)])
    return groups


def _second(layout: _Layout, found: Mapping[str, Draft]) -> str:
    """Return why a layout has no place beside the tables that were found."""
    kind = strongest(layout.strengths)
    keeper = found.get(kind)
    if keeper is None:
        return NOTHING
    if layout.sheet and layout.files == keeper.files and set(layout.profiles) == set(keeper.profiles):
        return SAME_BOOK.format(file=keeper.files[0].name)
    key = keeper.guess("customer_id")
    return why_second(kind, keeper.files[0].name, key.columns[0] if key else "")


def _responses(layout: _Layout) -> Draft:
    """Return the answers."""
    dates = moments.response_dates(layout.profiles, layout.forms)
    ids = roles.ids(layout.open(*layout.ratings))
    facts = roles.facts(layout.open(*layout.ratings, *ids))
    weights = roles.design(layout.open(*layout.ratings, *ids, *facts))
    known = declared_sets(layout.declared_sets, layout.profiles)
    declared = {column for _, members in known for column in members}
    free = layout.open(*layout.ratings, *ids, *facts, *weights)
    sets = [guess for guess, _ in known] + choice_sets(
        profile for name, profile in free.items() if name not in declared
    )
    chosen = {name for name in layout.profiles for guess in sets for pattern in guess.columns if fits(name, pattern)}
    rest = {name: profile for name, profile in free.items() if name not in chosen}
    sets += [guess for profile in rest.values() for guess in (roles.several_choices(profile),) if guess]
    rest = {name: profile for name, profile in rest.items() if not any(name in guess.columns for guess in sets)}
    words = roles.verbatim(rest)
    taken = {guess.role for guess in (*dates, *ids, *facts, *layout.ratings, *words)} | _driver_names(layout.ratings)
    segments = roles.groups(
        {name: one for name, one in rest.items() if not any(name in guess.columns for guess in words)}, taken
    )
    notes = [
        f"{name!r} is made from the score (promoter, passive, detractor)"
        for name, one in layout.profiles.items()
        if is_vote(one)
    ]
    guesses = [*ids, *dates, *facts, *layout.ratings, *words, *segments, *sets, *weights]
    guesses, changes = with_scale_changes(guesses, layout.sources)
    survey, why = _survey(guesses, layout.profiles)
    return Draft(
        "responses", layout.files, guesses, layout.profiles, layout.forms, layout.personal, survey, notes + why, changes
    )


def _survey(guesses: list[Guess], found: Profiles) -> tuple[str, list[str]]:
    """Return whether a table without a survey type holds relationship or transactional answers, and why."""
    if any(guess.place == "survey" for guess in guesses):
        return "", []
    metric = next((found[guess.columns[0]] for guess in guesses if guess.role in METRICS), None)
    if metric and AFTER_EVENT.search(plain(metric.wording)):
        return "transactional", [f"taken for transactional answers: {metric.name!r} asks about a recent event"]
    touchpoint = next((found[guess.columns[0]] for guess in guesses if guess.role == "touchpoint"), None)
    if touchpoint and touchpoint.filled >= 0.95 * touchpoint.rows:
        return "transactional", [
            f"taken for transactional answers: nearly every one has a touchpoint, {touchpoint.name!r}"
        ]
    return "", ["taken for relationship answers: no column tells them from transactional ones"]


def _customers(layout: _Layout) -> Draft:
    """Return the customer list."""
    ids = [guess for guess in roles.ids(layout.open(), answers=False) if guess.role != "response_id"]
    dates: list[Guess] = []
    for role in ("churned_at", "since"):
        taken = {guess.columns[0] for guess in dates}
        name = next((name for name in layout.forms if name not in taken and says(name, role)), None)
        dates += [moments.moment(role, name, layout.profiles, layout.forms, 0.9, "by its name")] if name else []
    segments = roles.groups(layout.open(*ids), {guess.role for guess in (*ids, *dates)})
    return Draft(
        "customers", layout.files, [*ids, *reversed(dates), *segments], layout.profiles, layout.forms, layout.personal
    )


def _revenue(layout: _Layout) -> Draft:
    """Return what customers paid by month."""
    ids = [guess for guess in roles.ids(layout.open(), answers=False) if guess.role in ("customer_id", "account_id")]
    named = [name for name in layout.forms if says(name, "month")] or list(layout.forms)
    month = (
        [
            moments.moment(
                "month", named[0], layout.profiles, layout.forms, 0.95 if len(named) == 1 else 0.8, "the month paid for"
            )
        ]
        if named
        else []
    )
    notes = [f"{name!r} holds quarters; revenue is read by month" for name in moments.quarters(layout.profiles)]
    paid = money.amounts(layout.open(*ids))
    notes += [
        f"{name!r} has cells in several currencies, which are not added up" for name in money.mixed(layout.profiles)
    ]
    guesses = [*ids, *month, *paid[:1], *money.bills(layout.open(*ids, *paid[:1]))]
    return Draft("revenue", layout.files, guesses, layout.profiles, layout.forms, layout.personal, notes=notes)


def _invitations(layout: _Layout) -> Draft:
    """Return who was asked."""
    ids = [guess for guess in roles.ids(layout.open(), answers=False) if guess.role != "response_id"]
    when = [
        moments.moment("invited_at", name, layout.profiles, layout.forms, 0.95, "by its name")
        for name in layout.forms
        if says(name, "invited_at")
    ]
    facts = [
        guess for guess in roles.facts(layout.open(*ids)) if guess.role in ("mode", "touchpoint", "survey", "language")
    ]
    return Draft("invitations", layout.files, [*ids, *when[:1], *facts], layout.profiles, layout.forms, layout.personal)


BUILDERS: dict[str, Callable[[_Layout], Draft]] = {
    "responses": _responses,
    "customers": _customers,
    "revenue": _revenue,
    "invitations": _invitations,
}


def _driver_names(guesses: list[Guess]) -> set[str]:
    """Return the names that the drivers will have."""
    return {str(name) for guess in guesses if guess.role == "drivers" for name in guess.setting.get("names", [])}


def _with_metric(draft: Draft) -> Draft:
    """Return the answers with a question where nothing in them can be reported."""
    if any(guess.role in METRICS and (guess.taken or guess.needed) for guess in draft.guesses):
        return draft
    nps = draft.guess("nps")
    if nps:
        asked = replace(nps, needed=True, question=nps.question or "is this the likelihood to recommend?")
        return replace(draft, guesses=[asked if guess is nps else guess for guess in draft.guesses])
    offered = _ratings_offered(draft) or _numbers_offered(draft) or [_only_an_example(draft)]
    asked = replace(offered[0], needed=True, others=tuple(offered[1:MOST_OFFERED]))
    return replace(draft, guesses=[*draft.guesses, asked])


def _ratings_offered(draft: Draft) -> list[Guess]:
    """Return the ratings of a table that ask for nothing known, of which one may be the headline."""
    question = "which rating is the headline, as nps (0 to 10), csat or ces? None says so"
    scales = {name: scale for name in draft.unused if (scale := scale_of(draft.profiles[name]))}
    return [
        Guess("csat", (name,), 0.0, scales[name].reason, scales[name].setting, question=question)
        for name in sorted(scales, key=lambda name: -scales[name].sure)
        if scales[name].high <= LONGEST_SHORT
    ]


def _numbers_offered(draft: Draft) -> list[Guess]:
    """Return the numbers of a table that may be reported where nothing is rated: the mean of one is the headline."""
    question = "nothing is rated in it; is this the number whose mean to report?"
    found = [draft.profiles[name] for name in draft.unused]
    numbers = [one for one in found if one.numeric > ALL_NUMBERS and one.distinct > 2 and one.once < ITS_OWN]
    names = distinct_names([named(one.name) for one in numbers], {guess.role for guess in draft.guesses})
    return [
        Guess(name, (one.name,), 0.0, "numbers", {"type": "number"}, "measures", question)
        for name, one in zip(names, numbers, strict=True)
    ]


def _only_an_example(draft: Draft) -> Guess:
    """Return an entry that shows how the headline is written, for a table that holds nothing like it."""
    column = next(iter(draft.unused), next(iter(draft.profiles)))
    question = "which column holds the question to report? Nothing is rated and nothing is counted in it"
    return Guess("csat", (column,), 0.0, "only an example", {"scale": [1, 5]}, question=question)
