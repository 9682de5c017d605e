"""A whole study file."""

from datetime import date
from pathlib import Path
from typing import Annotated, Any, Literal
from zoneinfo import ZoneInfo, available_timezones

from pydantic import AfterValidator, BeforeValidator, Field, field_validator, model_validator

from cxresearch.schema.actions import Actions
from cxresearch.schema.base import Strict
from cxresearch.schema.columns import COLUMN_TYPES, METRICS, TAKEN, column_type
from cxresearch.schema.redaction import Redaction
from cxresearch.schema.tables import NEEDED, TABLES, Design, Table
from cxresearch.schema.weights import Weights
from cxresearch.strict_yaml import nearest

# What the name of a segment of nets ends with.
NET = "_net"


class Segment(Strict):
    """A segment made from a column: levels merged, or numbers and dates (years at the response) cut into bands.

    With `nets` in a study file it becomes two: the segment itself, and one whose levels are the nets.
    """

    source: str = Field(alias="from")
    merge: dict[str, list[str]] = {}
    bands: list[float] = []
    nets: dict[str, list[str]] = {}
    label: str | None = None

    @model_validator(mode="after")
    def _consistent(self) -> "Segment":
        """Refuse bands that do not rise, bands beside merged levels, and a level in two groups."""
        if self.bands != sorted(set(self.bands)):
            raise ValueError(f"the bands {self.bands} do not rise; write their lower limits in order, as [0, 1, 3, 10]")
        if self.bands and self.merge:
            raise ValueError("a segment has either bands or merged levels; make two segments of it")
        for what, groups in (("merged levels", self.merge), ("nets", self.nets)):
            levels = [level for members in groups.values() for level in members]
            double = next((level for level in levels if levels.count(level) > 1), None)
            if double is not None:
                raise ValueError(f"the level {double!r} stands in two of the {what}; make two segments of it")
        return self


class HighImpact(Strict):
    """Which customers count most."""

    by: str
    months_before: int = Field(12, ge=1)
    top: float = Field(gt=0, lt=1)


class Disclosure(Strict):
    """How few customers may be shown."""

    min_base: int = Field(10, ge=5)


class Change(Strict):
    """Something about how people are asked, from a day on."""

    since: date
    what: str = Field(min_length=1)


def as_segment(value: Any) -> Any:
    """Return the long form of `plan: plan`."""
    return {"from": value} if isinstance(value, str) else value


def with_nets(segments: dict[str, Segment]) -> dict[str, Segment]:
    """Return the segments, each that has nets followed by a segment of them."""
    found: dict[str, Segment] = {}
    for name, segment in segments.items():
        found[name] = segment.model_copy(update={"nets": {}})
        if segment.nets:
            if f"{name}{NET}" in segments:
                raise ValueError(
                    f"the nets of {name!r} make a segment {name + NET!r}, which is there already; rename it"
                )
            label = segment.label or name.replace("_", " ").capitalize()
            found[name + NET] = segment.model_copy(update={"label": f"{label}, nets"})
    return found


class Study(Strict):
    """A study file."""

    title: str
    currency: str | None = None
    timezone: str = "UTC"
    business: Literal["contractual", "transactional"] | None = None
    fiscal_year_start: int = Field(1, ge=1, le=12)
    smallest_difference: dict[str, float] = {}
    tables: dict[str, Table]
    segments: Annotated[dict[str, Annotated[Segment, BeforeValidator(as_segment)]], AfterValidator(with_nets)] = {}
    mode_changes: list[Change] = []
    invitation_changes: list[Change] = []
    high_impact: HighImpact | None = None
    weights: Weights | None = None
    journey: list[str] = []
    targets: dict[str, float] = {}
    owners: dict[str, str] = {}
    actions: Actions = Actions()
    disclosure: Disclosure = Disclosure()
    redaction: Redaction = Redaction()
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

    @model_validator(mode="after")
    def _weighted(self) -> "Study":
        """Refuse weights by what the study does not have."""
        if self.weights:
            self.weights.refuse_unknown(list(self.segments), list(self.tables))
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
