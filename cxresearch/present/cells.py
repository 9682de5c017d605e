"""The columns of a table as people read them: headings, numbers in their units, intervals, verdicts."""

import html
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import pandas as pd

from cxresearch.present import frames
from cxresearch.present import labels as say
from cxresearch.present.findings import amount
from cxresearch.present.level_names import CHECKED, NAMED
from cxresearch.present.payload import ProtectedPayload

# Exact numbers for machines stay in results.json; a reader needs the interval, not what it was made from.
UNSEEN = ("std_error", "statistic", "flag", "unit", "minimum_detectable", "family", "previous_low", "previous_high",
          *(limit for limits in frames.LIMITS.values() for limit in limits))  # fmt: skip
# Columns told in brackets behind another, and words behind a number.
BEHIND = {"n": ("n_previous", "n_against"), "n_customers": ("n_customers_previous", "n_customers_against")}
WORD_BEHIND = {"target": "target_verdict"}
BEFORE, COMPARED = "before", "compared"
P_VALUES = ("p_value", "p_adjusted")
POINTS, POINTS_SHORT = "percentage points", ' <abbr title="percentage points">pp</abbr>'
SMALLEST_P = 0.001
# "no difference beyond 3", "none beyond 3".
BEYOND = "beyond "
UNDECIDED = ("cannot tell", "cannot decide")
DEFAULT_LEVEL = 0.95
# Where in the report a row stands: told as one link.
PLACE = ("page", "key")
# A second base is told only where it differs from the first by more than a reader would mind.
SAME = 0.05
# What a reader types, such as a key of the study file, stands between backticks.
DATE = re.compile(r"\d{4}-\d\d-\d\d")
TYPED = re.compile(r"`([^`]+)`")


@dataclass(frozen=True)
class Column:
    """One column as it is shown: heading and cells are HTML, escaped."""

    heading: str
    cells: list[str]
    numeric: bool = True


def measured_columns(frame: pd.DataFrame, payload: ProtectedPayload, names: list[str]) -> list[Column]:
    """Return measured columns as shown: those that the payload's argument `columns` chooses, else what is news.

    Parameters
    ----------
    frame
        The protected frame.
    payload
        Where it is from: arguments and labels.
    names
        The columns that are no grouping columns, in order.
    """
    seen = [name for name in names if name not in UNSEEN and _is_news(name, frame)]
    seen = [name for name in seen if name != "key" or not is_place(frame)]
    chosen = [name for name in payload.arguments.get("columns") or seen if name in frame.columns]
    return [_measured(frame, payload, name) for name in chosen if not is_blank(frame[name])]


def is_blank(column: pd.Series) -> bool:
    """Return whether a column of words has none: a group where nobody made groups."""
    return pd.api.types.is_string_dtype(column.dtype) and not column.fillna("").astype(bool).any()


def _is_news(name: str, frame: pd.DataFrame) -> bool:
    """Return whether a column says what no other shown one does."""
    told = {_behind(first, frame) for first in BEHIND if first in frame.columns}
    told |= {behind for first, behind in WORD_BEHIND.items() if first in frame.columns}
    if name in told:
        return False
    if name in ("n_customers", "n_eff"):
        gap = (frames.floats(frame, name) / frames.floats(frame, "n") - 1).abs()
        has_room = not frames.is_change(frame)
        return "n" not in frame.columns or (has_room and bool((gap > SAME).any()))
    if name in P_VALUES:
        return "verdict" not in frame.columns and not (name == "p_value" and "p_adjusted" in frame.columns)
    if name == "previous":
        return "change" not in frame.columns
    # It stands behind the row's name, or under the table.
    return name != "survey"


def _behind(name: str, frame: pd.DataFrame) -> str:
    """Return the base that stands in brackets behind another, "" where there is none."""
    return next((other for other in BEHIND.get(name, ()) if other in frame.columns), "")


def group_column(frame: pd.DataFrame, payload: ProtectedPayload, name: str) -> Column:
    """Return a grouping column that stays a column."""
    heading = escaped(say.label(name, payload.labels))
    if name in PLACE and is_place(frame):
        return Column(heading, _links(frame), numeric=False)
    write = typeset if payload.about == "process" else escaped
    cells = [write(say.level_of(record, name, payload.labels)) for record in frame.to_dict("records")]
    return Column(heading, cells, numeric=False)


def is_place(frame: pd.DataFrame) -> bool:
    """Return whether the rows of a frame say where in the report they stand."""
    return set(PLACE) <= set(frame.columns)


def _links(frame: pd.DataFrame) -> list[str]:
    """Return links to where rows stand, a dash where they stand on no page."""
    places = zip(frame["page"].fillna(""), frame["key"].fillna(""), strict=True)
    return [
        f'<a href="{escaped(page)}.html#{escaped(key)}">{escaped(say.page_label(page))}</a>' if page else say.DASH
        for page, key in places
    ]


def _measured(frame: pd.DataFrame, payload: ProtectedPayload, name: str) -> Column:
    """Return a measured column: numbers in their units, an interval behind its estimate, text as it is."""
    heading = _heading(frame, payload, name)
    kind = frame[name].dtype
    if name in PLACE and is_place(frame):
        return Column(heading, _links(frame), numeric=False)
    if name == "verdict":
        return Column(heading, _softened(frame, _verdicts(frame, payload)), numeric=False)
    if not pd.api.types.is_numeric_dtype(kind) or pd.api.types.is_bool_dtype(kind):
        return Column(heading, _softened(frame, _worded(frame, payload, name)), numeric=False)
    write = _writer(frame, payload, name)
    cells = [write(row, value) for row, value in frames.floats(frame, name).items()]
    if name in frames.LIMITS and set(frames.LIMITS[name]) <= set(frame.columns):
        low, high = (frames.floats(frame, limit) for limit in frames.LIMITS[name])
        limits = [f"[{write(row, low[row])}, {write(row, high[row])}]" for row in frame.index]
        behind = [f' <span class="cx-interval">{text}</span>' for text in limits]
        cells = [cell + (text if known else "") for cell, text, known in zip(cells, behind, low.notna(), strict=True)]
    elif other := _behind(name, frame):
        before = frames.floats(frame, other)
        cells = [f'{cell} <span class="cx-interval">[{write(row, before[row])}]</span>'
                 for row, cell in zip(frame.index, cells, strict=True)]  # fmt: skip
    elif WORD_BEHIND.get(name) in frame.columns:
        words = frame[WORD_BEHIND[name]]
        cells = [
            f'{cell} <span class="cx-interval">{_text(word)}</span>' if word else cell
            for cell, word in zip(cells, words, strict=True)
        ]
    units = frames.units(frame, payload.arguments, name)
    if units.nunique() > 1:
        behind = units.map({POINTS: POINTS_SHORT}).fillna("")
        cells = [cell + text for cell, text in zip(cells, behind, strict=True)]
    return Column(heading, _softened(frame, cells))


def _writer(frame: pd.DataFrame, payload: ProtectedPayload, name: str) -> Callable[[Any, float], str]:
    """Return what writes the numbers of a column, row by row, each in its unit."""
    if name in P_VALUES:
        return lambda row, value: f"&lt; {SMALLEST_P}" if value < SMALLEST_P else say.number(value, digits=3)
    units = frames.units(frame, payload.arguments, name)
    numbers = frames.floats(frame, name)
    digits = {unit: say.digits_for(numbers[units == unit], unit) for unit in units.unique()}
    asked = payload.arguments.get("digits")
    asked = asked.get(name) if isinstance(asked, Mapping) else asked
    digits |= {unit: asked for unit in digits if asked is not None and unit != "count"}
    signed, currency = frames.is_difference(frame, name), payload.arguments.get("currency", "")

    def written(row: Any, value: float) -> str:
        """Return a number; one without a unit, such as a limit of 5, has no decimals that it does not need."""
        is_plain = units[row] == "number" and name not in frames.IN_UNIT and value % 1 == 0
        places = 0 if is_plain else digits[units[row]]
        return escaped(say.number(value, units[row], digits=places, signed=signed, currency=currency))

    return written


def _heading(frame: pd.DataFrame, payload: ProtectedPayload, name: str) -> str:
    """Return a column's heading; the estimate is named by its metric where all rows have the same one."""
    text = say.label(name, payload.labels)
    if name == "estimate" and name not in payload.labels:
        text = _plain_estimate(frame, payload)
        metrics = list(frame["metric"].unique()) if "metric" in frame.columns else [payload.arguments.get("metric")]
        text = say.label(metrics[0], payload.labels) if len(metrics) == 1 and metrics[0] else text
        kind = "change" if "previous" in frame.columns else "difference"
        text = say.label(kind, payload.labels) if frames.is_change(frame) else text
    if name in frames.LIMITS and set(frames.LIMITS[name]) <= set(frame.columns):
        level = say.number(payload.arguments.get("conf_level", DEFAULT_LEVEL), "share")
        unit = _in_points(frame, payload, name, text)
        return f'{escaped(text)}{unit} <span class="cx-interval">[{level} interval]</span>'
    if behind := _behind(name, frame):
        word = BEFORE if behind.endswith("previous") else COMPARED
        return f'{escaped(text)} <span class="cx-interval">[{word}]</span>'
    return escaped(text) + _in_points(frame, payload, name, text)


def _in_points(frame: pd.DataFrame, payload: ProtectedPayload, name: str, heading: str) -> str:
    """Return the unit of a column of differences of shares, which bear no sign of it, unless its heading says so."""
    units = set(frames.units(frame, payload.arguments, name)) if pd.api.types.is_numeric_dtype(frame[name]) else set()
    return f' <span class="cx-unit">{POINTS}</span>' if units == {POINTS} and POINTS not in heading else ""


def _plain_estimate(frame: pd.DataFrame, payload: ProtectedPayload) -> str:
    """Return what estimates are called whose metric nobody names: shares by that word, unless another column has it."""
    units = set(frames.units(frame, payload.arguments, "estimate"))
    return say.label("share" if units == {"share"} and "share" not in frame.columns else "estimate", payload.labels)


def _verdicts(frame: pd.DataFrame, payload: ProtectedPayload) -> list[str]:
    """Return the verdicts; where one cannot tell, with the change that could have been seen."""
    smallest = frames.floats(frame, "minimum_detectable")
    units = frames.units(frame.assign(minimum_detectable=smallest), payload.arguments, "minimum_detectable")
    found = [_text(say.level("verdict", verdict) if verdict in CHECKED else verdict) for verdict in frame["verdict"]]
    told = [say.number(value, unit, digits=1) for value, unit in zip(smallest, units, strict=True)]
    words = [
        f"{text}; ±{size} detectable" if text in UNDECIDED and known else _with_margin(text, unit)
        for text, size, unit, known in zip(found, told, units, smallest.notna(), strict=True)
    ]
    return [f'<span class="cx-verdict">{text}</span>' for text in words]


def _with_margin(verdict: str, unit: str) -> str:
    """Return a verdict whose margin, if it has one, is in the unit that people read."""
    words, _, margin = verdict.partition(BEYOND)
    try:
        size = amount(float(margin), unit)
    except ValueError:
        return verdict
    return f"{words}{BEYOND}{escaped(size)}"


def _worded(frame: pd.DataFrame, payload: ProtectedPayload, name: str) -> list[str]:
    """Return cells of text, names written as code in words."""
    if name not in NAMED:
        return [_text(value) for value in frame[name]]
    return [
        _text(value) if pd.isna(value) else typeset(say.level(name, value, payload.labels)) for value in frame[name]
    ]


def _text(value: Any) -> str:
    """Return a cell of text or yes/no; a date is not broken at its hyphens."""
    if pd.isna(value):
        return say.DASH
    if isinstance(value, bool):
        return "yes" if value else "no"
    return f'<span class="cx-date">{value}</span>' if DATE.fullmatch(str(value)) else typeset(value)


def _softened(frame: pd.DataFrame, cells: list[str]) -> list[str]:
    """Return cells, a dash where the row is hidden, grey where it rests on a small base."""
    dash = f'<span class="cx-hidden">{say.DASH}</span>'
    hidden, small = frames.is_hidden(frame), frames.is_small(frame)
    return [
        dash if gone else f'<span class="cx-small">{cell}</span>' if soft else cell
        for cell, gone, soft in zip(cells, hidden, small, strict=True)
    ]


def typeset(text: Any) -> str:
    """Return a text for HTML, what stands between backticks as something to type.

    Examples
    --------
    >>> typeset("set `quotes: true` <here>")
    'set <code>quotes: true</code> &lt;here&gt;'
    """
    return TYPED.sub(r"<code>\1</code>", escaped(text))


def escaped(text: Any) -> str:
    """Return a text for HTML, without characters that nobody sees."""
    return html.escape(say.clean(str(text)))
