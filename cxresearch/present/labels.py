"""The names that people read: headings, metrics, levels, periods, and numbers in their units. One place for each."""

import math
import re
import unicodedata
from collections.abc import Hashable, Iterable, Mapping
from typing import Any

from cxresearch.present.level_names import CODED, DRIVERS, LEVELS, PERIODS, PHRASES

CROSSED, NEGATIVE = " × ", re.compile(r"-\d+(\.\d+)?")
MINUS, THOUSANDS, DASH = "\N{MINUS SIGN}", "\N{NARROW NO-BREAK SPACE}", "\N{EN DASH}"
JOINERS = ("\N{ZERO WIDTH NON-JOINER}", "\N{ZERO WIDTH JOINER}")
HEADINGS = {
    "n": "Answers",
    "n_customers": "Customers",
    "n_eff": "Effective base",
    "n_previous": "Answers before",
    "n_customers_previous": "Customers before",
    "estimate": "Estimate",
    "std_error": "Standard error",
    "conf_low": "Lower limit",
    "conf_high": "Upper limit",
    "statistic": "Test statistic",
    "p_value": "p-value",
    "p_adjusted": "Adjusted p-value",
    "flag": "Note",
    "previous": "Before",
    "current": "Now",
    "change": "Change",
    "verdict": "Verdict",
    "minimum_detectable": "Detectable difference",
    "against": "Compared with",
    "value": "Score",
    "value_against": "Of the others",
    "n_against": "Answers compared",
    "n_customers_against": "Customers compared",
    "family": "Judged among",
    "weighting": "Counted",
    "benchmark": "Benchmark",
    "benchmark_n": "Answers of the benchmark",
    "difference": "Difference",
    "question": "Question",
    "answer": "Answer",
    "variable": "Margin",
    "achieved": "After weighting",
    "row": "Question",
    "step": "Step",
    "component": "Part",
    "share_previous": "Share before",
    "raw": "As measured",
    "rank": "Rank",
    "rank_low": "Best rank",
    "rank_high": "Last rank",
    "at_least": "At the least",
    "row_level": "Answer",
    "banner": "Banner",
    "banner_level": "Column",
    "weighted_base": "Weighted base",
    "letters": "Higher than",
    "period": "Period",
    "previous_period": "Compared with",
    "compare_to": "Compared with",
    "metric": "Metric",
    "e_value": "E-value",
    "e_value_limit": "E-value of the limit",
    "percent": "More revenue",
    "above": "Clearly more",
    "below": "Clearly less",
    "same": "As planned",
    "early": "First half of leavings",
    "late": "Second half",
    "found": "Found",
    "percent_median": "Median effect",
    "percent_smallest": "Smallest",
    "percent_largest": "Largest",
    "money": "Money",
    "positive": "Probability of more",
    "followed": "Followed so long",
    "panel_by": "Segments followed",
    "n_employees": "Employees' answers",
    "engagement": "Engagement beside the usual",
    "fifth": "Teams and quarters, by engagement",
    "horizon": "Months ahead",
    "primary": "Outcome",
    "by": "Segments of",
    "payback": "Months until it is earned back",
    "leaving_share": "Expected to leave",
    "kept_share": "Still there",
    "survey": "Survey",
    "touchpoint": "Touchpoint",
    "stage": "Stage",
    "driver": "Driver",
    "level": "Group",
    "segment": "Segment",
    "share": "Share",
    "share_low": "Lower limit of the share",
    "share_high": "Upper limit of the share",
    "rows": "Rows",
    "items": "Pieces",
    "texts": "Texts",
    "table": "Table",
    "file": "File",
    "rule": "Rule",
    "column": "Column",
    "score": "Answer",
    "owner": "Owner",
    "gap": "Gap in percentage points",
    "target": "Target",
    "has_comment": "Comment",
    "finished": "Questionnaire finished",
    "median_s": "Median time",
    "limit_s": "Limit",
    "flagged": "Flagged",
    "quarantined": "Set aside",
    "share_invited": "Of the invited",
    "share_answered": "Of the answers",
    "not_said": "Not said",
    "would_take": "What it would take",
    "rests_on": "What it rests on",
    "page": "Where it stands",
    "contribution": "Adds to the score of all",
    "uncorrected": "Share by the scorer",
    "coded_share": "Coded by hand",
    "revenue_detractors": "Of it, detractors'",
    "band": "Expected when nothing changed",
    "agreed": "Coded alike",
    "reason": "Why",
    "across": "First component",
    "up": "Second component",
    "answers": "Answers",
    "rated": "Rated",
    "not_applicable": "Does not apply",
    "not_shown": "Not shown",
    "refused": "Left blank",
    "treatment": "What is done",
    "n_rated": "Ratings",
    "n_low": "Low ratings",
    "n_high": "High ratings",
    "penalty": "Low rating costs",
    "reward": "High rating gains",
    "kind": "Kind",
    "rank_1": "Ranks first",
    "top_3": "Among the first three",
    "mean_rank": "Mean rank",
    "correlation": "Correlation with the score",
    "vif": "Variance inflation",
    "without": "Fewest customers that carry the sign",
    "check": "Check",
    "limit": "Warns at",
    "meaning": "What it means",
    "reliability": "Reliability",
    "own_until": "Own effect down to",
    "refused_from": "Refused from",
    "largest_difference": "Largest difference of shares",
    "probability": "How often larger",
    "n_needed": "Answers needed",
    "planned": "Planned",
    "arm": "Arm",
    "modules": "Asked",
    "module": "Module",
    "lost": "Left out",
    "expected": "Expected",
    "goal": "Aimed at",
    "aim": "As",
    "spread": "Scatter",
    "basis": "Known from",
    "deff": "Design effect",
    "needed": "Answers needed",
    "so_far": "So far",
    "reached": "Of those needed",
    "waves_left": "Waves left",
    "met_on": "Met on",
    "met_late": "Met on, slowest flow",
    "seconds": "Seconds",
    "hours": "Hours of customers",
    "gain": "Target gained",
    "gain_per_hour": "Gained an hour",
    "advice": "Advice",
    "where": "Where",
    "version": "Version",
    "together": "Blocks together",
    "item": "Item",
    "also": "Also",
    "feature": "Feature",
    "point": "Point",
    "price": "Price",
    "curve": "Curve",
    "wave": "Wave",
    "shown": "Shown",
    "class": "Class",
    "better": "Gained if it is there",
    "worse": "Lost if it is missing",
    "added": "Adds",
    "size": "Items in the set",
    "frequency": "Wanted items a person",
    "share_of_reach": "Share of the reach",
    "strength": "Ahead of the next class",
    "second": "Next class",
    "responses": "Responses",
    "asked_share": "Asked, of the eligible",
    "answered_share": "Answered, of those who began",
    "next": "Next",
    "handled_by": "Handled by",
    "n_from": "Contacts there",
    "n_bad": "Bad experiences",
    "n_good": "Good experiences",
    "penalty_before": "Lower already before",
    "reward_before": "Higher already before",
    "usual": "Usual",
    "ways": "Ways of asking",
    "detail": "In words",
    "factor": "What",
    "held": "Held equal",
    "groups": "Groups",
    "lowest": "Lowest group",
    "highest": "Highest group",
    "step_share": "Of the step before",
    "by_chance": "By chance alone",
    "urgent": "Of high impact",
    "value_at_risk": "Paid in the 12 months before",
    "p_levels": "p-value by rank of levels",
    "side": "Group",
    "first_wave": "From",
    "last_wave": "To",
}
METRICS = {
    "nps": "NPS",
    "csat": "Satisfaction (CSAT)",
    "ces": "Ease (CES)",
    "fcr": "First-contact resolution",
    "top_box": "Top box",
    "expectation_met": "Expectation met",
    "negative_word_of_mouth": "Negative word of mouth",
    "churn": "Churn",
    "conversion": "Conversion",
    "promoters": "Promoters",
    "passives": "Passives",
    "detractors": "Detractors",
    "next_response": "Answers to the next invitation",
    "opt_out": "Opting out",
    "item_missing": "Core questions left blank",
    "duration": "Time to answer",
}
TOTALS = ("all", "total", "overall", "everyone")
SURVEYS = {"relationship": "Relationship survey", "transactional": "Transactional survey"}
METRIC_UNITS = {
    "nps": "points",
    "csat": "mean",
    "ces": "mean",
    "fcr": "share",
    "top_box": "share",
    "expectation_met": "share",
    "negative_word_of_mouth": "share",
    "churn": "share",
    "conversion": "share",
    "promoters": "share",
    "passives": "share",
    "detractors": "share",
}
# Of these more is worse, so a rise is no good news.
LESS_IS_BETTER = ("negative_word_of_mouth", "churn", "detractors", "opt_out", "item_missing", "duration")
# Decimals shown, by unit. "points" are NPS points, "percentage points" differences of shares, "percent" is what goes up
# or down by so many per cent, as money does.
DIGITS = {
    "points": 0,
    "share": 0,
    "percentage points": 1,
    "percent": 1,
    "mean": 2,
    "count": 0,
    "money": 0,
    "number": 2,
    "seconds": 0,
}
SMALL_SHARE, SMALLEST_SHARE = 0.1, 0.001
HUNDREDS, THOUSAND = 100, 1000
CURRENCIES = {"EUR": "€", "USD": "$", "GBP": "£", "JPY": "¥"}
MONTHS = (
    *("January", "February", "March", "April", "May", "June"),
    *("July", "August", "September", "October", "November", "December"),
)
# Whole-word acronyms that keep their capitals when a column's name becomes a heading.
ACRONYMS = {"nps": "NPS", "csat": "CSAT", "ces": "CES", "fcr": "FCR", "crm": "CRM", "id": "ID", "sms": "SMS"}


def label(name: str, labels: Mapping[str, str] | None = None) -> str:
    """Return the heading of a column, metric or driver.

    Parameters
    ----------
    name
        Machine name.
    labels
        Names of the study, which win.

    Examples
    --------
    >>> label("n_customers"), label("invoice_clarity"), label("plan", {"plan": "Tariff"})
    ('Customers', 'Invoice clarity', 'Tariff')
    """
    known = {**HEADINGS, **METRICS, **(labels or {})}
    if name in known:
        return clean(known[name])
    return _spelled(name)


def _spelled(name: str) -> str:
    """Return a name written as code as words."""
    words = clean(name.replace("_", " ")).split(" ")
    spelled = [ACRONYMS.get(word.lower(), word) for word in words]
    return " ".join([capital(spelled[0]) if spelled[0].islower() else spelled[0], *spelled[1:]])


def level(column: str, value: Any, labels: Mapping[str, str] | None = None) -> str:
    """Return the name of one level of a grouping column: periods and metrics in words, all else as it is.

    Examples
    --------
    >>> level("period", "2026Q3"), level("metric", "nps"), level("plan", None)
    ('Q3 2026', 'NPS', 'not known')
    """
    if value is None or value != value:
        return "not known"
    text = clean(str(value))
    if column == "period" or (column in PERIODS and not is_total(text)):
        return period_label(text)
    if is_total(text):
        return capital(text)
    if text in LEVELS.get(column, {}) and text not in (labels or {}):
        return LEVELS[column][text]
    return _named(column, text, labels or {})


def _named(column: str, text: str, labels: Mapping[str, str]) -> str:
    """Return the name of a level that is no period, no total and no word of this package."""
    if column == "segment" and CROSSED in text:
        return CROSSED.join(label(part, labels) for part in text.split(CROSSED))
    if column in DRIVERS:
        return clean(labels.get(text) or METRICS.get(text) or _spelled(text))
    if column in CODED:
        return label(text, labels)
    if column in PHRASES:
        return capital(clean(labels.get(text, text.replace("_", " "))))
    if column == "survey":
        return SURVEYS.get(text, text)
    return text.replace("-", MINUS) if NEGATIVE.fullmatch(text) else clean(labels.get(text, text))


def level_of(record: Mapping[Hashable, Any], column: str, labels: Mapping[str, str] | None = None) -> str:
    """Return the name of a row's level: that of a segment written as code is told in words, as such columns are.

    Examples
    --------
    >>> level_of({"segment": "touchpoint", "level": "app_help"}, "level"), level_of({"level": "app_help"}, "level")
    ('App help', 'app_help')
    """
    segment = record.get("segment")
    return level(str(segment) if column == "level" and segment in CODED else column, record[column], labels)


def period_label(period: str) -> str:
    """Return a period as it is read.

    Examples
    --------
    >>> [period_label(name) for name in ("2026Q3", "2026-07", "2026", "all")]
    ['Q3 2026', 'July 2026', '2026', 'all periods']
    >>> period_label("2026-09-R12"), period_label("2026-W30"), period_label("2025Q4 to 2026Q3")
    ('12 months to September 2026', 'week 30 of 2026', 'Q4 2025 to Q3 2026')
    """
    if match := re.fullmatch(r"(\d{4})([QH]\d)", period):
        return f"{match[2]} {match[1]}"
    if match := re.fullmatch(r"(\d{4})-(0[1-9]|1[0-2])", period):
        return f"{MONTHS[int(match[2]) - 1]} {match[1]}"
    if match := re.fullmatch(r"(\d{4}-(?:0[1-9]|1[0-2]))-R(\d+)", period):
        return f"{count(int(match[2]), 'month')} to {period_label(match[1])}"
    if match := re.fullmatch(r"(\d{4})-W(\d\d)", period):
        return f"week {int(match[2])} of {match[1]}"
    if " to " in period:
        return " to ".join(map(period_label, period.split(" to ")))
    return "all periods" if period == "all" else period


def page_label(page: str) -> str:
    """Return the short name of a page.

    Examples
    --------
    >>> page_label("01-data-quality")
    'Data quality'
    """
    return capital(clean(page.split("-", 1)[-1].replace("-", " ")))


def unit_of(arguments: Mapping[str, Any], metric: Any = None) -> str:
    """Return the unit of an estimate: the argument `units` by metric, `unit`, else what the metric is counted in.

    The metric is the row's, else the argument `metric`.

    Examples
    --------
    >>> unit_of({}, "nps"), unit_of({"unit": "share"}), unit_of({"units": {"csat": "share"}}, "csat")
    ('points', 'share', 'share')
    """
    units, metric = arguments.get("units") or {}, metric or arguments.get("metric")
    return units.get(metric) or arguments.get("unit") or METRIC_UNITS.get(metric, "number")


def unit_named(name: Any) -> str:
    """Return the unit that a result frame names: the limits of a scale stand for its mean.

    Examples
    --------
    >>> unit_named("share"), unit_named("1–5"), unit_named("total")
    ('share', 'mean', 'number')
    """
    return name if name in DIGITS else "mean" if re.match(r"-?\d", str(name)) else "number"


def unit_of_change(unit: str) -> str:
    """Return the unit of a difference: shares differ by percentage points."""
    return "percentage points" if unit == "share" else unit


def number(
    value: float | None, unit: str = "number", *, digits: int | None = None, signed: bool = False, currency: str = ""
) -> str:
    """Return a number in its unit, with a true minus sign; a dash where it is missing.

    Parameters
    ----------
    value
        Proportions 0-1 (unit `share`, and `percentage points` for their differences), else as shown.
    unit
        `points`, `share`, `percentage points`, `mean`, `count`, `money`, `number` or `seconds`.
    digits
        Decimals; by default those of the unit.
    signed
        Write a plus before positive numbers.
    currency
        Code of the currency, for `money`.

    Examples
    --------
    >>> number(-26.6, "points"), number(0.341, "share"), number(27.2, "points", signed=True), number(None)
    ('−27', '34%', '+27', '–')
    >>> number(1234567, "count").split(THOUSANDS)
    ['1', '234', '567']
    """
    if value is None or math.isnan(value):
        return DASH
    if math.isinf(value):
        return ("" if value > 0 else MINUS) + "∞"
    places = DIGITS.get(unit, DIGITS["number"]) if digits is None else digits
    scaled = value * 100 if unit in ("share", "percentage points") else value
    text = f"{abs(scaled):,.{places}f}".replace(",", THOUSANDS)
    sign = "" if not any(digit in text for digit in "123456789") else MINUS if scaled < 0 else "+" if signed else ""
    before = CURRENCIES.get(currency, f"{currency} " if currency else "") if unit == "money" else ""
    after = {"share": "%", "percent": "%", "seconds": " s"}.get(unit, "")
    return f"{sign}{before}{text}{after}"


def small_share(value: float) -> str:
    """Return a share that may be small, with one decimal.

    Examples
    --------
    >>> small_share(0.043), small_share(0.0004), small_share(0.0)
    ('4.3%', 'under 0.1%', '0.0%')
    """
    return number(value, "share", digits=1) if value == 0 or value >= SMALLEST_SHARE else "under 0.1%"


def digits_for(values: Iterable[float], unit: str) -> int:
    """Return how many decimals a column of numbers needs: small shares get one more, large numbers fewer.

    Examples
    --------
    >>> digits_for([0.02, 0.04], "share"), digits_for([0.2, 0.04], "share"), digits_for([30, 20], "points")
    (1, 0, 0)
    >>> digits_for([7.9, 0.4], "percent"), digits_for([0.4], "percent"), digits_for([0.07], "percent")
    (1, 2, 3)
    >>> digits_for([4.07], "mean"), digits_for([662.29], "mean"), digits_for([3687177.5], "number")
    (2, 1, 0)
    """
    sizes = [abs(value) for value in values if value is not None and not math.isnan(value)]
    if unit in ("mean", "number") and sizes and max(sizes) >= HUNDREDS:
        return 1 if max(sizes) < THOUSAND else 0
    if unit == "share" and sizes and max(sizes) < SMALL_SHARE:
        return 1
    if unit == "percent" and sizes and 0 < max(sizes) < 1:
        return 2 if max(sizes) >= SMALL_SHARE else 3
    return DIGITS.get(unit, DIGITS["number"])


def interval(
    low: float | None, high: float | None, unit: str, *, digits: int | None = None, between: str = " to "
) -> str:
    """Return an interval's limits.

    Examples
    --------
    >>> interval(23.1, 31.4, "points"), interval(-3.0, 4.0, "points"), interval(0.2, 0.3, "share")
    ('23 to 31', '−3 to 4', '20% to 30%')
    """
    return f"{number(low, unit, digits=digits)}{between}{number(high, unit, digits=digits)}"


def count(found: float, one: str, many: str | None = None) -> str:
    """Return a number of things.

    Examples
    --------
    >>> count(1, "answer"), count(12, "answer"), count(2, "survey was", "surveys were")
    ('1 answer', '12 answers', '2 surveys were')
    """
    return f"{number(found, 'count')} {one if found == 1 else many or one + 's'}"


def is_total(level: Any) -> bool:
    """Return whether a level stands for everyone."""
    return isinstance(level, str) and level.lower() in TOTALS


def capital(text: str) -> str:
    """Return a text that begins with a capital."""
    return text[:1].upper() + text[1:]


def listed(names: Iterable[str], limit: int = 4) -> str:
    """Return names as a phrase.

    Examples
    --------
    >>> listed(["Basic"]), listed(["Basic", "Plus"]), listed(["a", "b", "c", "d", "e", "f"])
    ('Basic', 'Basic and Plus', 'a, b, c and 3 more')
    """
    found = list(names)
    if len(found) > limit:
        found = [*found[: limit - 1], f"{len(found) - limit + 1} more"]
    return " and ".join([", ".join(found[:-1]), found[-1]]) if len(found) > 1 else "".join(found)


def clean(text: str) -> str:
    r"""Return a text on one line, without control and format characters (bidi marks, zero-width space).

    Examples
    --------
    >>> clean("Plus\u202e\x00 \n plan")
    'Plus plan'
    """
    # In most texts nothing breaks a line or is out of sight.
    plain = text.isascii() and text.isprintable()
    kept = text if plain else "".join(" " if _breaks(one) else one for one in text if _breaks(one) or _is_shown(one))
    return re.sub(r" +", " ", kept).strip()


def _breaks(sign: str) -> bool:
    """Return whether a character is white space at which a line may end."""
    return sign.isspace() and sign not in (THOUSANDS, "\N{NO-BREAK SPACE}")


def _is_shown(sign: str) -> bool:
    """Return whether a character is one that people see, or joins such ones in their script."""
    return sign in JOINERS or unicodedata.category(sign) not in ("Cc", "Cf", "Cs", "Cn")
