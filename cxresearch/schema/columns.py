"""A column of an export, a survey type, a segment: what the study file says of single columns."""

import re
from datetime import datetime
from typing import Annotated, Any, Literal
from zoneinfo import available_timezones

from pydantic import BeforeValidator, Field, field_validator, model_validator

from cxresearch.schema.base import Strict, listed
from cxresearch.strict_yaml import nearest

SAMPLE_DAY = datetime(2026, 8, 31, 13, 45, 50)
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
    "converted": "flag",
    "negative_word_of_mouth": "flag",
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
# Names of result columns.
TAKEN = {"n", "n_customers", "n_eff", "estimate", "std_error", "conf_low", "conf_high", "flag", *METRICS}
TAKEN |= {"period", "survey", "metric", "segment", "level"}


def as_column(value: Any) -> Any:
    """Return the long form of `nps: Q1` or `since: signup`."""
    return {"from": value} if isinstance(value, str | list) else value


class Column(Strict):
    """Where a column comes from and how its cells are read."""

    source: str | list[str] = Field(alias="from")
    type: ColumnType | None = None
    scale: tuple[float, float] | None = None
    reversed: bool = False
    missing: Annotated[list[str | int | float], BeforeValidator(listed)] = []
    refused: Annotated[list[str | int | float], BeforeValidator(listed)] = []
    codes: dict[str, Annotated[list[str | int | float], BeforeValidator(listed)]] = {}
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

    @property
    def cells(self) -> list[str]:
        """The columns of the export that are read for it: its sources, and that of a translation."""
        return [*self.sources, *([self.translation] if self.translation else [])]


def column_type(name: str, column: Column) -> ColumnType:
    """Return what a column holds: as declared, else by its name, else by its scale, else a category.

    Examples
    --------
    >>> column_type("contact_id", Column(source="no")), column_type("region", Column(source="area"))
    ('id', 'category')
    """
    by_name = COLUMN_TYPES.get(name) or ("id" if name.endswith("_id") else None)
    return column.type or by_name or ("score" if column.scale else "date" if column.format else "category")
