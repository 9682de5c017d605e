"""In which format a column's dates are written, found by trying; day and month told apart by the cells alone."""

import re
from dataclasses import dataclass

import pandas as pd

from cxresearch.init.profile import Profile
from cxresearch.intake.moments import EXCEL_DAY, ISO

NUMERIC = re.compile(
    r"(?P<a>\d{1,4})(?P<s>[./-])(?P<b>\d{1,2})(?P=s)(?P<c>\d{2,4})"
    r"(?:(?P<gap>,? |T)(?P<h>\d{1,2}):\d{2}(?P<sec>:\d{2}(?P<frac>\.\d+)?)?(?P<ap> ?[AaPp][Mm])?)?"
)
NAMED = (
    "%d %b %Y",
    "%d %B %Y",
    "%d-%b-%Y",
    "%d-%b-%y",
    "%b %d, %Y",
    "%B %d, %Y",
    "%b %Y",
    "%B %Y",
    "%b-%y",
    "%d. %B %Y",
)
TIMES = ("", " %H:%M", " %H:%M:%S", " %I:%M %p", " %I:%M:%S %p")
MONTHS = {
    "%Y-%m": r"\d{4}-\d{2}",
    "%Y/%m": r"\d{4}/\d{2}",
    "%m/%Y": r"\d{2}/\d{4}",
    "%m.%Y": r"\d{2}\.\d{4}",
    "%Y%m": r"(?:19|20)\d{4}",
    "%Y%m%d": r"(?:19|20)\d{6}",
    "%Y%m%d%H%M%S": r"(?:19|20)\d{12}",
}
QUARTER = re.compile(r"\d{4}[ -]?Q[1-4]|Q[1-4][ -/]?\d{4}", re.IGNORECASE)
# So many of the cells must be dates; intake sets the others aside.
ENOUGH = 0.9
# What Excel calls the days from 1990 to 2060.
EXCEL_DAYS = (32874, 58806)
DAY_FIRST, MONTH_FIRST = "day first", "month first"


@dataclass(frozen=True)
class DateFormat:
    """How dates are written.

    Attributes
    ----------
    form
        The format, None where intake needs none (ISO, day numbers of Excel, typed dates).
    reason
        Why.
    other
        A second format that fits every cell as well; "" where there is none.
    """

    form: str | None
    reason: str
    other: str = ""


def date_format(profile: Profile) -> DateFormat | None:
    """Return how a column's dates are written, or None where it holds none.

    Parameters
    ----------
    profile
        The column.
    """
    if profile.dated:
        return DateFormat(None, "typed as dates in the file")
    texts = profile.sample
    if not texts or max(len(text) for text in texts[:50]) > 40:
        return None
    if _share(ISO, texts) >= ENOUGH:
        return DateFormat(None, "ISO dates")
    if _share(EXCEL_DAY, texts) >= ENOUGH and all(
        EXCEL_DAYS[0] <= float(text) <= EXCEL_DAYS[1] for text in texts if EXCEL_DAY.fullmatch(text)
    ):
        return DateFormat(None, "day numbers of Excel")
    for form, pattern in MONTHS.items():
        if _share(re.compile(pattern), texts) >= ENOUGH and reads(profile, form) >= ENOUGH:
            return DateFormat(form, f"every cell reads as {form}")
    if _share(NUMERIC, texts) >= ENOUGH:
        return _numeric(profile, texts)
    return _named(profile, texts)


def reads(profile: Profile, form: str) -> float:
    """Return the share of a column's rows that a format reads."""
    read = moments(profile, form).notna()
    return float(profile.tally.to_numpy()[read.to_numpy()].sum() / max(1, profile.filled))


def moments(profile: Profile, form: str | None) -> pd.Series:
    """Return the moment that each distinct text of a column is, naive; missing where it is none."""
    texts = profile.tally.index.to_series().str.strip()
    if form is None and _share(EXCEL_DAY, profile.sample) >= ENOUGH:
        days = pd.to_numeric(texts, errors="coerce")
        return pd.to_datetime(days, unit="D", origin="1899-12-30", errors="coerce")
    found = pd.to_datetime(texts, format=form or "ISO8601", errors="coerce", utc=True)
    return found.dt.tz_localize(None)


def is_quarterly(profile: Profile) -> bool:
    """Return whether a column holds quarters, such as 2026Q3, which are no dates to intake."""
    return _share(QUARTER, profile.sample) >= ENOUGH


def _share(pattern: re.Pattern[str], texts: list[str]) -> float:
    """Return the share of texts that fit a pattern."""
    return sum(bool(pattern.fullmatch(text)) for text in texts) / max(1, len(texts))


def _numeric(profile: Profile, texts: list[str]) -> DateFormat | None:
    """Return the format of dates of three numbers; where both readings fit every cell, both."""
    first = next(match for text in texts if (match := NUMERIC.fullmatch(text)))
    time = _time(first)
    s = first["s"]
    if len(first["a"]) == 4:
        return DateFormat(f"%Y{s}%m{s}%d{time}", "year, month and day")
    year = "%Y" if len(first["c"]) == 4 else "%y"
    forms = {DAY_FIRST: f"%d{s}%m{s}{year}{time}", MONTH_FIRST: f"%m{s}%d{s}{year}{time}"}
    read = {order: moments(profile, form).notna().to_numpy() for order, form in forms.items()}
    rows = profile.tally.to_numpy()
    only = {
        order: int(rows[read[order] & ~read[other]].sum()) for order, other in zip(read, reversed(read), strict=True)
    }
    best, second = sorted(forms, key=lambda order: -only[order])
    if rows[read[best] | read[second]].sum() < ENOUGH * profile.filled:
        return None
    if only[second]:
        return DateFormat(
            forms[best], f"some cells are day first only, others month first only ({only[second]})", forms[second]
        )
    if only[best]:
        return DateFormat(forms[best], f"{best}: {only[best] / profile.filled:.0%} of the cells cannot be {second}")
    return DateFormat(forms[DAY_FIRST], "every cell reads day first and month first alike", forms[MONTH_FIRST])


def _time(match: re.Match[str]) -> str:
    """Return the format of the time of day behind a date."""
    if match["h"] is None:
        return ""
    seconds = (":%S" if match["sec"] else "") + (".%f" if match["frac"] else "")
    if match["ap"]:
        return f"{match['gap']}%I:%M{seconds}{' ' if match['ap'].startswith(' ') else ''}%p"
    return f"{match['gap']}%H:%M{seconds}"


def _named(profile: Profile, texts: list[str]) -> DateFormat | None:
    """Return the format of dates whose month is a word."""
    if not any(sign.isalpha() for sign in texts[0]) or not any(sign.isdigit() for sign in texts[0]):
        return None
    few = pd.Series(texts[:50])
    for form in (day + time for day in NAMED for time in TIMES):
        if (
            pd.to_datetime(few, format=form, errors="coerce").notna().mean() >= ENOUGH
            and reads(profile, form) >= ENOUGH
        ):
            return DateFormat(form, f"every cell reads as {form}")
    return None
