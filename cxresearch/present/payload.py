"""One result as it leaves a notebook: its frame and how to present it, as JSON that reads back exactly."""

import datetime
import difflib
import json
import math
import re
import unicodedata
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any, Self

import pandas as pd

from cxresearch.present.quantiles import extremes

VERSION = 1
MIME_TYPE = "application/vnd.cxresearch.result+json"
MAX_ROWS = 5_000
KEY = re.compile(r"[a-z0-9-]+")
ABOUT = ("people", "process")
# The kinds of payload, and the arguments that each understands beside those of COMMON.
PLOTS = {
    "estimates": ("axis", "order", "reference", "target", "total", "value"),
    "trend": ("axis", "breaks", "target"),
    "bars": ("axis", "order", "value"),
    "flow": (),
    "distribution": ("axis",),
    "bridge": ("axis", "band"),
    "matrix": ("x", "y"),
    "curves": ("axis", "marks", "value", "x"),
}
OTHERS = {
    "table": ("folded", "target"),
    "record": None,
    "headline": ("target",),
    "findings": (),
    "facts": (),
    "sentence": ("target",),
    "crosstab": (),
    "figure": (),
}
KINDS: dict[str, tuple[str, ...] | None] = {**OTHERS, **PLOTS}
# Columns without which a kind cannot be laid out.
NEEDED = {
    "crosstab": (
        "row",
        "row_level",
        "banner",
        "banner_level",
        "n",
        "weighted_base",
        "n_eff",
        "estimate",
        "letters",
        "unit",
    )
}
# What the numbers are, and how the table (behind a figure, too) is laid out.
COMMON = ("metric", "unit", "units", "currency", "conf_level", "period", "compare_to", "family", "columns", "groups",
          "digits")  # fmt: skip
# A frame begins with its grouping columns; the first of these ends them.
BASES = ("n", "n_customers")
MEASURES = ("n_previous", "n_customers_previous", "n_eff", "estimate", "std_error", "conf_low", "conf_high", "previous",
            "current", "statistic", "p_value", "p_adjusted", "minimum_detectable", "share")  # fmt: skip
ABOUT_ANSWERS = ("n_customers", "n_customers_previous", "std_error", "conf_low", "conf_high")
IDENTIFYING = re.compile(
    r"(response|respondent|customer|account|user|person|contact|employee|member|client|subscriber|recipient)"
    r"(_?id|_?no|_?number|_?key|_?name)|e_?mail(_?address)?|phone(_?number)?|ip(_?address)?|cust_?(id|no)"
)
AN_EMAIL = re.compile(r"[^\s@]+@[^\s@]+\.[a-z]{2,}", re.IGNORECASE)
INFINITIES = {"inf": math.inf, "-inf": -math.inf}


@dataclass(frozen=True)
class Grid:
    """A frame as JSON holds it.

    Parameters
    ----------
    columns, types
        Names, and for each one of `str`, `int`, `float`, `bool`.
    rows
        Values; missing is None.

    Examples
    --------
    >>> grid = Grid.of(pd.DataFrame({"plan": ["Basic", None], "n": [812, 30]}))
    >>> grid.types, grid.rows
    (('str', 'int'), (('Basic', 812), (None, 30)))
    >>> grid.to_frame()["plan"].isna().tolist()
    [False, True]
    """

    columns: tuple[str, ...]
    types: tuple[str, ...]
    rows: tuple[tuple[Any, ...], ...]

    @classmethod
    def of(cls, frame: pd.DataFrame) -> Self:
        """Return a frame's values as plain text, integers, floats and booleans; dates become ISO text.

        Raises
        ------
        TypeError
            If it is no DataFrame, a column holds anything else, or its index carries names.
        """
        if not isinstance(frame, pd.DataFrame):
            raise TypeError(f"show: found a {type(frame).__name__}; a result is a pandas DataFrame.")
        if isinstance(frame.index, pd.MultiIndex) or frame.index.name is not None:
            raise TypeError("show: the frame's index has a name and would be lost; call reset_index() first.")
        if not all(isinstance(name, str) for name in frame.columns) or not frame.columns.is_unique:
            raise TypeError("show: column names must be text and differ from one another.")
        types = tuple(_type_of(frame[name]) for name in frame.columns)
        columns = [_plain(frame[name], kind) for name, kind in zip(frame.columns, types, strict=True)]
        rows = tuple(zip(*columns, strict=True)) if columns else ()
        return cls(tuple(frame.columns), types, rows)

    def to_frame(self) -> pd.DataFrame:
        """Return a DataFrame; integers and booleans with missing values are the nullable `Int64` and `boolean`."""
        # Copy on write: whoever changes theirs changes no other's.
        return self._frame.copy(deep=False)

    def __getstate__(self) -> dict[str, Any]:
        """Leave the frame behind on the way to another process, which makes it anew where it needs it."""
        return {name: value for name, value in self.__dict__.items() if name != "_frame"}

    @cached_property
    def _frame(self) -> pd.DataFrame:
        """The frame, made once: a drawing asks for it dozens of times."""
        values = zip(*self.rows, strict=True) if self.rows else ((),) * len(self.columns)
        return pd.DataFrame(
            {name: _series(found, kind) for name, kind, found in zip(self.columns, self.types, values, strict=True)},
            columns=list(self.columns),
        )


@dataclass(frozen=True, kw_only=True)
class Payload:
    """One result of a notebook, not protected yet: nothing but `disclosure.protect` may draw on it.

    Parameters
    ----------
    key
        `[a-z0-9-]+`, unique in its notebook.
    kind
        `table`, `record`, `headline`, `findings`, `facts`, `sentence`, `figure` or a plot's name.
    grid
        The frame: grouping columns first, then `n`, `n_customers` and what was measured.
    caption, finding, method, about, labels, arguments, provenance
        As `cx.show` takes them.
    figure
        A researcher's own figure: a PNG in base64.

    Examples
    --------
    >>> frame = pd.DataFrame({"period": ["2026Q3"], "n": [812], "n_customers": [800], "estimate": [27.5]})
    >>> payload = Payload(key="nps", kind="table", grid=Grid.of(frame), caption="NPS")
    >>> Payload.from_json(json.dumps(payload.to_json())) == payload
    True
    """

    key: str
    kind: str
    grid: Grid
    caption: str = ""
    finding: str | None = None
    method: str | None = None
    about: str = "people"
    labels: Mapping[str, str] = field(default_factory=dict)
    arguments: Mapping[str, Any] = field(default_factory=dict)
    provenance: Mapping[str, Any] = field(default_factory=dict)
    figure: str | None = None

    def __post_init__(self) -> None:
        """Refuse what no report may carry."""
        _check_names(self)
        _check_frame(self)

    @property
    def group_columns(self) -> tuple[str, ...]:
        """The columns before `n`: what the rows are about. All columns, where a process frame has no base."""
        return group_columns(self.grid.columns)

    @property
    def source(self) -> str:
        """Notebook and key: what names this payload in a run."""
        notebook = self.provenance.get("notebook")
        return f"{notebook}/{self.key}" if notebook else self.key

    def to_frame(self) -> pd.DataFrame:
        """Return the frame."""
        return self.grid.to_frame()

    def to_json(self) -> dict[str, Any]:
        """Return a JSON object; floats keep their full precision, missing is null, infinity the text `inf`."""
        frame = {"columns": list(self.grid.columns), "types": list(self.grid.types)}
        rows = [[_to_json(value) for value in row] for row in self.grid.rows]
        found: dict[str, Any] = {"version": VERSION, "key": self.key, "kind": self.kind, "caption": self.caption}
        found |= {"finding": self.finding, "method": self.method, "about": self.about}
        found |= {"labels": dict(self.labels), "arguments": dict(self.arguments), "frame": {**frame, "rows": rows}}
        found["provenance"] = dict(self.provenance)
        return found | ({"figure": self.figure} if self.figure else {})

    @classmethod
    def from_json(cls, source: Mapping[str, Any] | str) -> Self:
        """Return the payload that a JSON object, or its text, describes.

        Raises
        ------
        ValueError
            If it is of another version, lacks a field or breaks a rule of payloads.
        """
        found = dict(json.loads(source) if isinstance(source, str) else source)
        if found.pop("version", None) != VERSION:
            raise ValueError(f"payload: this version of cxresearch reads payloads of version {VERSION}; run again.")
        try:
            frame = found.pop("frame")
            columns, types, rows = frame["columns"], frame["types"], frame["rows"]
            grid = Grid(tuple(columns), tuple(types), tuple(_from_json(row, types) for row in rows))
            return cls(grid=grid, **found)
        except (KeyError, TypeError) as fault:
            raise ValueError(f"payload {found.get('key')!r}: missing or unknown field ({fault}).") from None

    def with_provenance(self, **facts: Any) -> Self:
        """Return a copy that also says where it comes from (`notebook`, `cell`, `period` …)."""
        return replace(self, provenance={**self.provenance, **facts})


@dataclass(frozen=True, kw_only=True)
class ProtectedPayload(Payload):
    """A payload in which what may not be seen is emptied; only `disclosure.protect` makes one.

    Parameters
    ----------
    tier
        For whom: `analyst`, `team` or `public`.
    """

    tier: str = "team"

    def to_json(self) -> dict[str, Any]:
        """Return a JSON object that also names the tier."""
        return {**super().to_json(), "tier": self.tier}


def group_columns(columns: tuple[str, ...]) -> tuple[str, ...]:
    """Return the columns before the base.

    Examples
    --------
    >>> group_columns(("plan", "period", "n", "n_customers", "estimate"))
    ('plan', 'period')
    """
    bases = [columns.index(name) for name in BASES if name in columns]
    return columns[: min(bases)] if bases else columns


def slug(text: str) -> str:
    """Return a text as a key.

    Examples
    --------
    >>> slug("NPS by quarter – Übersicht")
    'nps-by-quarter-ubersicht'
    """
    plain = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode().lower()
    return re.sub(r"[^a-z0-9]+", "-", plain).strip("-")[:60].strip("-")


def _check_names(payload: Payload) -> None:
    """Refuse an unknown kind, argument or reader, and a key that cannot be an address."""
    where = f"show {payload.key!r}"
    if not KEY.fullmatch(payload.key):
        raise ValueError(f"{where}: a key is made of a-z, 0-9 and hyphens; give another `key=`.")
    if payload.kind not in KINDS:
        raise ValueError(f"{where}: there is no kind {payload.kind!r}; {_nearest(payload.kind, KINDS)}.")
    if payload.about not in ABOUT:
        raise ValueError(f"{where}: about={payload.about!r} is neither 'people' nor 'process'.")
    known = KINDS[payload.kind]
    for name, value in payload.arguments.items():
        if known is not None and name not in (*COMMON, *known):
            raise ValueError(f"{where}: {payload.kind} takes no {name!r}; {_nearest(name, (*COMMON, *known))}.")
        if not _is_plain(value):
            raise TypeError(f"{where}: argument {name!r} is a {type(value).__name__}; give text, numbers or lists.")
    if (order := payload.arguments.get("order", "size")) != "size":
        raise ValueError(f"{where}: order={order!r} is not known; give 'size', or none for the order of the frame.")


def _check_frame(payload: Payload) -> None:
    """Refuse a frame that is too long, names persons, or does not say on how many customers it rests."""
    where, grid = f"show {payload.key!r}", payload.grid
    if len(grid.rows) > MAX_ROWS:
        raise ValueError(f"{where}: {len(grid.rows):,} rows; a result has at most {MAX_ROWS:,}: aggregate first.")
    for name in grid.columns:
        if IDENTIFYING.fullmatch(name.lower()):
            raise ValueError(f"{where}: column {name!r} names persons; a report holds groups only: drop it.")
    for place, (name, kind) in enumerate(zip(grid.columns, grid.types, strict=True)):
        if kind == "str" and any(row[place] and AN_EMAIL.search(row[place]) for row in grid.rows):
            raise ValueError(f"{where}: column {name!r} holds e-mail addresses; a report holds groups only: drop it.")
    if lacking := [name for name in NEEDED.get(payload.kind, ()) if name not in grid.columns]:
        raise ValueError(f"{where}: a {payload.kind} needs the column {lacking[0]!r}; give what `cx.show_tabs` takes.")
    if payload.about == "people":
        _check_people(where, grid)
    elif found := [name for name in grid.columns if name in ABOUT_ANSWERS]:
        raise ValueError(f"{where}: a frame with {found[0]!r} is about people; leave out about='process'.")


def _check_people(where: str, grid: Grid) -> None:
    """Refuse a frame about people that disclosure could not protect."""
    if "n_customers" not in grid.columns:
        raise ValueError(
            f"{where}: no column 'n_customers'; add the distinct customers behind each row, "
            "or say about='process' if it counts rows, files or checks."
        )
    for name in ("n_customers", "n_customers_previous"):
        if name in grid.columns and grid.types[grid.columns.index(name)] not in ("int", "float"):
            raise ValueError(f"{where}: column {name!r} holds no numbers; it counts distinct customers.")
    before = group_columns(grid.columns)
    if named := extremes(grid.columns):
        raise ValueError(
            f"{where}: column {named[0]!r} is named as a minimum or maximum, which is one person's own; show a mean, "
            "or a quantile such as 'median' or 'percentile_90', which is emptied where too few lie beyond it."
        )
    if misplaced := [name for name in before if name in MEASURES]:
        raise ValueError(f"{where}: column {misplaced[0]!r} stands before 'n'; only grouping columns do: move it.")


def _nearest(name: str, known: Any) -> str:
    """Return the nearest known name, or all of them."""
    found = difflib.get_close_matches(name, list(known), 1)
    return f"did you mean {found[0]!r}" if found else f"known are {', '.join(known) or 'none'}"


def _is_plain(value: Any) -> bool:
    """Return whether a value is JSON: text, a finite number, or lists and mappings of these."""
    if isinstance(value, Mapping):
        return all(isinstance(name, str) and _is_plain(found) for name, found in value.items())
    if isinstance(value, list | tuple):
        return all(_is_plain(found) for found in value)
    return value is None or isinstance(value, str | bool | int) or (isinstance(value, float) and math.isfinite(value))


def _type_of(series: pd.Series) -> str:
    """Return `str`, `int`, `float` or `bool`."""
    if isinstance(series.dtype, pd.CategoricalDtype):
        return _type_of(pd.Series(series.cat.categories)) if len(series.cat.categories) else "str"
    if isinstance(series.dtype, pd.PeriodDtype):
        return "str"
    kind = pd.api.types.infer_dtype(series, skipna=True)
    known = {"string": "str", "empty": "str", "boolean": "bool", "integer": "int", "integer-na": "int"}
    known |= {"floating": "float", "mixed-integer-float": "float", "datetime64": "str", "date": "str"}
    # A measure without a single value is a number all the same: an empty result loses the types of its columns.
    if pd.api.types.is_float_dtype(series.dtype) or (kind == "empty" and series.name in (*BASES, *MEASURES)):
        return "float"
    if kind not in known:
        raise TypeError(
            f"show: column {series.name!r} holds {kind} values; text, numbers, yes/no and dates can be shown."
        )
    return known[kind]


def _plain(series: pd.Series, kind: str) -> list[Any]:
    """Return a column's values as Python's own, missing ones as None."""
    converters: dict[str, Callable[[Any], Any]] = {"int": int, "float": float, "bool": bool, "str": _as_text}
    convert = converters[kind]
    return [None if missing else convert(value) for value, missing in zip(series, series.isna(), strict=True)]


def _as_text(value: Any) -> str:
    """Return text, and a date as ISO."""
    if isinstance(value, datetime.datetime):
        return value.date().isoformat() if value.time() == datetime.time() else value.isoformat(sep=" ")
    return str(value)


def _series(values: tuple[Any, ...], kind: str) -> pd.Series:
    """Return a column of a type."""
    missing = any(value is None for value in values)
    if kind == "float":
        return pd.Series([math.nan if value is None else value for value in values], dtype="float64")
    if kind == "str":
        return pd.Series(list(values), dtype="str")
    return pd.Series(list(values), dtype={"int": ("int64", "Int64"), "bool": ("bool", "boolean")}[kind][missing])


def _to_json(value: Any) -> Any:
    """Return infinity as text: JSON has no number for it."""
    return str(value) if isinstance(value, float) and math.isinf(value) else value


def _from_json(row: list[Any], types: list[str]) -> tuple[Any, ...]:
    """Return a row's values in the columns' types."""
    floats = (kind == "float" and value is not None for value, kind in zip(row, types, strict=True))
    return tuple(
        (INFINITIES[value] if isinstance(value, str) else float(value)) if is_float else value
        for value, is_float in zip(row, floats, strict=True)
    )
