"""What a study file and a run file may say: the models that check them. No pandas."""

import re
from datetime import date, datetime
from pathlib import Path
from typing import Annotated, Any, Literal
from zoneinfo import ZoneInfo, available_timezones

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, field_validator, model_validator

from cxresearch import periods
from cxresearch.strict_yaml import nearest

SAMPLE_DAY = datetime(2026, 8, 31, 13, 45, 50)
TABLES = (
    "responses",
    "customers",
    "revenue",
    "invitations",
    "contacts",
    "employees",
    "answers",
    "benchmarks",
    "costs",
    "feedback",
)
ColumnType = Literal["id", "date", "number", "score", "flag", "category", "text"]
# What a column of this name holds, unless its `type:` says otherwise. Any other name is a category.
COLUMN_TYPES: dict[str, ColumnType] = {
    "responded_at": "date",
    "started_at": "date",
    "invited_at": "date",
    "contacted_at": "date",
    "since": "date",
    "churned_at": "date",
    "month": "date",
    "date": "date",
    "nps": "score",
    "csat": "score",
    "ces": "score",
    "drivers": "score",
    "fcr": "flag",
    "finished": "flag",
    "duration_s": "number",
    "revenue": "number",
    "cost": "number",
    "weight": "number",
    "verbatim": "text",
    "name": "text",
    "email": "text",
}
DEFAULT_SCALES = {"nps": (0.0, 10.0)}
SCORES = ("nps", "csat", "ces")
METRICS = ("nps", "csat", "ces", "fcr")
Tier = Literal["analyst", "team", "public"]
# What a table is of no use without.
NEEDED = {"customers": ("customer_id",), "revenue": ("customer_id", "month", "revenue")}
# Names of result columns.
TAKEN = {"n", "n_customers", "n_eff", "estimate", "std_error", "conf_low", "conf_high", "flag", *METRICS}
TAKEN |= {"period", "survey", "metric", "segment", "level"}


class _Strict(BaseModel):
    """A part of a file: unknown keys are refused, nothing changes after reading."""

    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True, allow_inf_nan=False)


def _as_column(value: Any) -> Any:
    """Return the long form of `nps: Q1` or `since: signup`."""
    return {"from": value} if isinstance(value, str | list) else value


def _listed(value: Any) -> Any:
    """Return a list for a value given alone; `true` and `false` are words here, as they are in an export."""
    values = value if isinstance(value, list) else [value]
    return [str(one).lower() if isinstance(one, bool) else one for one in values]


class Column(_Strict):
    """Where a column comes from and how its cells are read."""

    source: str | list[str] = Field(alias="from")
    type: ColumnType | None = None
    scale: tuple[float, float] | None = None
    reversed: bool = False
    missing: Annotated[list[str | int | float], BeforeValidator(_listed)] = []
    codes: dict[str, Annotated[list[str | int | float], BeforeValidator(_listed)]] = {}
    format: str | None = None
    timezone: str | None = None
    decimal: Literal[".", ","] | None = None
    names: list[str] = []
    groups: dict[str, list[str]] = {}
    wording: str | None = None
    label: str | None = None
    translation: str | None = None

    @field_validator("timezone")
    @classmethod
    def _known_timezone(cls, name: str | None) -> str | None:
        """Refuse a timezone that does not exist."""
        if name is not None and name not in available_timezones():
            raise ValueError(f"there is no timezone {name!r}; write it as Europe/Berlin or UTC")
        return name

    @field_validator("format")
    @classmethod
    def _readable_format(cls, form: str | None) -> str | None:
        """Refuse a format that reads no dates."""
        try:
            year = datetime.strptime(SAMPLE_DAY.strftime(form), form).year if form else SAMPLE_DAY.year
        except (ValueError, re.error):
            year = 0
        if year != SAMPLE_DAY.year:
            raise ValueError(f"the format {form!r} reads no dates; write it as %d.%m.%Y or %Y-%m-%d %H:%M:%S")
        return form

    @model_validator(mode="after")
    def _consistent(self) -> "Column":
        """Refuse names that do not fit the sources, a code of two levels, and a scale the wrong way round."""
        codes = [code for listed in self.codes.values() for code in listed]
        double = next((code for code in codes if codes.count(code) > 1), None)
        if double is not None:
            raise ValueError(f"the code {double!r} stands twice under 'codes'; keep one of the two")
        if len(set(self.names)) < len(self.names):
            raise ValueError("two of the 'names' are alike; give each column its own")
        if self.names and len(self.names) != len(self.sources):
            raise ValueError(f"{len(self.names)} names for {len(self.sources)} columns; give one each")
        if self.scale and self.scale[0] >= self.scale[1]:
            raise ValueError(f"the scale {list(self.scale)} runs backwards; write [low, high] and `reversed: true`")
        strangers = [name for members in self.groups.values() for name in members if name not in self.names]
        if strangers:
            raise ValueError(f"groups name {strangers[0]!r}; {nearest(strangers[0], self.names)}")
        return self

    @property
    def sources(self) -> list[str]:
        """The columns of the export that this one is made of."""
        return self.source if isinstance(self.source, list) else [self.source]


def column_type(name: str, column: Column) -> ColumnType:
    """Return what a column holds: as declared, else by its name, else by its scale, else a category.

    Examples
    --------
    >>> column_type("contact_id", Column(source="no")), column_type("region", Column(source="area"))
    ('id', 'category')
    """
    by_name = COLUMN_TYPES.get(name) or ("id" if name.endswith("_id") else None)
    return column.type or by_name or ("score" if column.scale else "date" if column.format else "category")


class Survey(_Strict):
    """Which rows are relationship answers and which transactional ones."""

    source: str = Field(alias="from")
    codes: dict[Literal["relationship", "transactional"], Annotated[list[str | int], BeforeValidator(_listed)]]


class ScaleChange(_Strict):
    """Answers up to and including a day were given on another scale."""

    until: date
    since: date | None = None
    scale: tuple[float, float]


class Design(_Strict):
    """Columns of the sampling design, by their names in the export or after intake."""

    weight: str | None = None
    strata: str | None = None
    cluster: str | None = None
    fpc: str | None = None
    rake: bool = False


class Table(_Strict):
    """One table: its files and what their columns mean."""

    source: str
    sheet: str | None = None
    delimiter: str | None = None
    encoding: str | None = None
    survey: Survey | Literal["relationship", "transactional"] = "relationship"
    columns: dict[str, Annotated[Column, BeforeValidator(_as_column)]]
    scale_changes: dict[str, list[ScaleChange]] = {}
    sets: dict[str, list[str]] = {}
    measures: dict[str, Literal["mean", "total"]] = {}
    filter: str | None = None
    design: Design = Design()

    @field_validator("encoding")
    @classmethod
    def _known_encoding(cls, name: str | None) -> str | None:
        """Refuse an encoding of text that does not exist."""
        try:
            "a".encode(name or "utf-8")
        except (LookupError, ValueError):
            raise ValueError(f"there is no encoding {name!r}; write it as utf-8, utf-16, cp1252 or latin-1") from None
        return name

    @field_validator("delimiter")
    @classmethod
    def _one_character(cls, delimiter: str | None) -> str | None:
        """Refuse a delimiter that is no single character."""
        if delimiter is not None and (len(delimiter) != 1 or delimiter in '"\r\n\\'):
            raise ValueError("a delimiter is one character: ',' ';' '|' or, in double quotes, \"\\t\" for a tab")
        return delimiter

    @model_validator(mode="after")
    def _readable_columns(self) -> "Table":
        """Refuse columns that cannot be read as their kind says."""
        for name, column in self.columns.items():
            kind = column_type(name, column)
            if isinstance(column.source, list) and name != "drivers":
                raise ValueError(f"columns.{name} names {len(column.source)} columns; only 'drivers' takes several")
            if kind == "score" and self.scale_of(name) is None:
                raise ValueError(f"{name} has no scale; add `scale: [low, high]` so that out-of-range answers are seen")
            if kind == "flag" and set(column.codes) - {"yes", "no"}:
                raise ValueError(f"columns.{name} is a yes/no column; its codes are written {{yes: [...], no: [...]}}")
            if kind == "score" and not all(re.fullmatch(r"-?\d+(\.\d+)?", level) for level in column.codes):
                raise ValueError(f'columns.{name} is a score; its codes are written {{"5": [...], "4": [...]}}')
        drivers = self.columns.get("drivers")
        taken = {*self.columns, "period", "survey", "weight", "strata", "cluster", "fpc"}
        for name in (drivers.names or drivers.sources) if drivers else ():
            if name in taken:
                raise ValueError(f"a driver cannot be called {name!r}; the name is taken by another column")
        if self.scale_changes and "responded_at" not in self.columns:
            raise ValueError("scale_changes needs a `responded_at:` column to tell when the scale was another")
        return self

    @model_validator(mode="after")
    def _consistent(self) -> "Table":
        """Refuse scales that a metric cannot have and changes of columns that are not there."""
        nps = self.columns.get("nps")
        if nps and nps.scale not in (None, (0, 10), (1, 10)):
            raise ValueError(
                f"nps is asked on 0-10 or 1-10; found the scale {list(nps.scale or ())}: name it csat instead"
            )
        for name in self.scale_changes:
            if name not in self.columns:
                raise ValueError(f"scale_changes names {name!r}; {nearest(name, list(self.columns))}")
        return self

    def scale_of(self, name: str) -> tuple[float, float] | None:
        """Return the scale of a score column, the default of its name where none is written."""
        column = self.columns.get(name)
        return (column.scale if column else None) or DEFAULT_SCALES.get(name)


class Segment(_Strict):
    """A segment made from a column: levels merged, or numbers and dates (years at the response) cut into bands."""

    source: str = Field(alias="from")
    merge: dict[str, list[str]] = {}
    bands: list[float] = []
    label: str | None = None

    @model_validator(mode="after")
    def _consistent(self) -> "Segment":
        """Refuse bands that do not rise, and bands beside merged levels."""
        if self.bands != sorted(set(self.bands)):
            raise ValueError(f"the bands {self.bands} do not rise; write their lower limits in order, as [0, 1, 3, 10]")
        if self.bands and self.merge:
            raise ValueError("a segment has either bands or merged levels; make two segments of it")
        return self


class HighImpact(_Strict):
    """Which customers count most."""

    by: str
    months_before: int = Field(12, ge=1)
    top: float = Field(gt=0, lt=1)


class Disclosure(_Strict):
    """How few customers may be shown."""

    min_base: int = Field(10, ge=5)


def _as_segment(value: Any) -> Any:
    """Return the long form of `plan: plan`."""
    return {"from": value} if isinstance(value, str) else value


class Study(_Strict):
    """A study file."""

    title: str
    currency: str | None = None
    timezone: str = "UTC"
    business: Literal["contractual", "transactional"] | None = None
    fiscal_year_start: int = Field(1, ge=1, le=12)
    smallest_difference: dict[str, float] = {}
    tables: dict[str, Table]
    segments: dict[str, Annotated[Segment, BeforeValidator(_as_segment)]] = {}
    high_impact: HighImpact | None = None
    journey: list[str] = []
    targets: dict[str, float] = {}
    owners: dict[str, str] = {}
    disclosure: Disclosure = Disclosure()
    path: Path = Field(Path(), exclude=True)

    @field_validator("timezone")
    @classmethod
    def _known_timezone(cls, name: str) -> str:
        """Refuse a timezone that does not exist."""
        if name not in available_timezones():
            raise ValueError(f"there is no timezone {name!r}; write it as Europe/Berlin or UTC")
        return name

    @model_validator(mode="after")
    def _consistent(self) -> "Study":
        """Refuse unknown tables, a study without responses, and names used for two things."""
        for name in self.tables:
            if name not in TABLES:
                raise ValueError(f"unknown table {name!r} under 'tables'; {nearest(name, list(TABLES))}")
        if "responses" not in self.tables:
            raise ValueError("'tables' holds no 'responses'; a study needs at least the answers")
        for name, needed in NEEDED.items():
            for column in needed if name in self.tables else ():
                if column not in self.tables[name].columns:
                    raise ValueError(f"tables.{name} has no column {column!r}; add it under 'columns'")
        for name in ("period", "survey"):
            if name in self.responses.columns:
                raise ValueError(f"a column of the responses cannot be called {name!r}; intake makes one of that name")
        for name, segment in self.segments.items():
            self._refuse_segment(name, segment)
        return self

    def _refuse_segment(self, name: str, segment: Segment) -> None:
        """Refuse a segment under a name that means something else, or of a column that tells people apart."""
        columns = self.responses.columns
        known = {column for table in self.tables.values() for column in table.columns}
        hides = name in columns and (name in COLUMN_TYPES or (name != segment.source and segment.source in known))
        if name in TAKEN or hides:
            raise ValueError(f"a segment cannot be called {name!r}; the name is taken by another column")
        source = next(
            (one.columns[segment.source] for one in self.tables.values() if segment.source in one.columns), None
        )
        if source and column_type(segment.source, source) in ("id", "text"):
            raise ValueError(f"segments.{name}: {segment.source!r} holds ids or texts, which are no groups of people")

    @property
    def responses(self) -> Table:
        """The table of answers."""
        return self.tables["responses"]

    @property
    def folder(self) -> Path:
        """The folder that holds the study file and, below it, all its data."""
        return self.path.parent

    @property
    def zone(self) -> ZoneInfo:
        """The timezone in which days and periods are counted."""
        return ZoneInfo(self.timezone)

    @property
    def measures(self) -> dict[str, Literal["mean", "total"]]:
        """Other numbers of the responses to be estimated."""
        return self.responses.measures

    @property
    def scales(self) -> dict[str, tuple[float, float]]:
        """Low and high end of each score's scale."""
        found = {name: self.responses.scale_of(name) for name in self.responses.columns if name != "drivers"}
        return {name: scale for name, scale in found.items() if scale is not None}

    @property
    def design(self) -> Design:
        """The sampling design by the names that its columns have after intake."""
        declared = self.responses.design
        names = {part: part for part in ("weight", "strata", "cluster", "fpc") if getattr(declared, part)}
        return Design(**names)

    @property
    def drivers(self) -> list[str]:
        """Names of the rated drivers."""
        column = self.responses.columns.get("drivers")
        return [] if column is None else (column.names or column.sources)

    @property
    def primary(self) -> str:
        """The metric of the headline: NPS where it is asked, else the first other metric or measure."""
        asked = [name for name in METRICS if name in self.responses.columns] + list(self.measures)
        if not asked:
            raise ValueError(
                "the responses hold no nps, csat, ces, fcr or measure to report; add one to the study file"
            )
        return asked[0]

    @property
    def labels(self) -> dict[str, str]:
        """What people call columns and segments, where the study file says so."""
        # NPS and first-contact resolution are scores of their own, not the names of the questions that they come from.
        named = {name: one.label for name, one in self.responses.columns.items() if one.label}
        columns = {name: label for name, label in named.items() if name not in ("nps", "fcr")}
        return columns | {name: segment.label for name, segment in self.segments.items() if segment.label}

    def breaks(self, kind: str) -> dict[str, list[str]]:
        """Return, for each metric, the periods of a kind from which on its scale differs from the period before."""
        found: dict[str, list[str]] = {}
        for metric, changes in self.responses.scale_changes.items():
            days = [
                day
                for change in changes
                for day in (change.since, date.fromordinal(change.until.toordinal() + 1))
                if day
            ]
            found[metric] = sorted({str(periods.containing(day, kind, self.fiscal_year_start)) for day in days})
        return found


class Run(_Strict):
    """A run file. Keys that are named like a notebook (`02-scorecard`) hold that notebook's own parameters."""

    study: str
    period: str = periods.ALL
    compare_to: str | None = "previous"
    seed: int = Field(0, ge=0, lt=2**32)
    tiers: list[Tier] = Field(["team"], min_length=1)
    plan: dict[str, Any] = {}
    tabs: list[Any] = []
    skip: list[str] = []
    notebooks: dict[str, dict[str, Any]] = Field({}, exclude=True)
    path: Path = Field(Path(), exclude=True)
    study_path: Path = Field(Path(), exclude=True)

    @field_validator("period", "compare_to", mode="before")
    @classmethod
    def _text(cls, value: Any) -> Any:
        """Accept a year written as a number; a day is refused below, by the forms that are allowed."""
        return str(value) if isinstance(value, int | date) and not isinstance(value, bool) else value

    @field_validator("period", "compare_to")
    @classmethod
    def _readable(cls, value: str | None) -> str | None:
        """Refuse a period that cannot be read."""
        if value not in (None, "previous"):
            periods.parse(value)
        return value

    @model_validator(mode="after")
    def _two_periods(self) -> "Run":
        """Refuse a comparison of a period with itself."""
        if self.compare_to == self.period:
            raise ValueError(f"compare_to is the period itself, {self.period}; name another one, previous or null")
        return self

    @property
    def name(self) -> str:
        """The name of the run: its file's, without the ending."""
        return self.path.stem
