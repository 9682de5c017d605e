"""A table of the study file: its files, and what their columns mean."""

import re
from datetime import date
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, field_validator, model_validator

from cxresearch.database import ADDRESSES, refuse_address, refuse_query
from cxresearch.schema.base import Strict, listed
from cxresearch.schema.columns import DEFAULT_SCALES, Column, as_column, column_type
from cxresearch.strict_yaml import nearest

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
# What a table is of no use without.
NEEDED = {"customers": ("customer_id",), "revenue": ("customer_id", "month", "revenue")}


class Survey(Strict):
    """Which rows are relationship answers and which transactional ones."""

    source: str = Field(alias="from")
    codes: dict[Literal["relationship", "transactional"], Annotated[list[str | int], BeforeValidator(listed)]]


class Choices(Strict):
    """A multi-select question whose choices one cell lists; the codes of each choice, or its words, by its name."""

    source: str = Field(alias="from")
    separator: str = Field(";", min_length=1, max_length=3)
    codes: dict[str, Annotated[list[str | int], BeforeValidator(listed)]] = {}


class ScaleChange(Strict):
    """Answers up to and including a day were given on another scale."""

    until: date
    since: date | None = None
    scale: tuple[float, float]


class WordingChange(Strict):
    """From a day on a question was asked in these words."""

    since: date
    wording: str = Field(min_length=1)


class Design(Strict):
    """Columns of the sampling design, by their names in the export or after intake."""

    weight: str | None = None
    strata: str | None = None
    cluster: str | None = None
    fpc: str | None = None
    rake: bool = False


def _none_yet(columns: Any) -> Any:
    """Return no columns where all entries under `columns:` are still comments."""
    return {} if columns is None else columns


class Table(Strict):
    """One table: its files and what their columns mean."""

    source: str
    table: str | None = None
    query: str | None = None
    sheet: str | None = None
    delimiter: str | None = None
    encoding: str | None = None
    survey: Survey | Literal["relationship", "transactional"] = "relationship"
    columns: Annotated[dict[str, Annotated[Column, BeforeValidator(as_column)]], BeforeValidator(_none_yet)]
    scale_changes: dict[str, list[ScaleChange]] = {}
    wording_changes: dict[str, list[WordingChange]] = {}
    sets: dict[str, Annotated[list[str], Field(min_length=1)] | Choices] = {}
    measures: dict[str, Literal["mean", "total"]] = {}
    filter: str | None = None
    design: Design = Design()

    @field_validator("source")
    @classmethod
    def _no_password(cls, source: str) -> str:
        """Refuse an address that holds a password, or one that no database has."""
        refuse_address(source)
        return source

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
    def _database_or_file(self) -> "Table":
        """Refuse a database without a table or query, a query that does more than read, and either beside a file."""
        given = [self.table, self.query]
        if self.source.startswith(ADDRESSES):
            if sum(bool(part and part.strip()) for part in given) != 1 or None not in given:
                raise ValueError("a database needs either `table: schema.name` or `query:` with one SELECT")
            if self.sheet or self.delimiter or self.encoding:
                raise ValueError("sheet, delimiter and encoding belong to files; a database has none of them")
            if self.query:
                refuse_query(self.query, self.source)
        elif given != [None, None]:
            raise ValueError("table and query belong to a database; its `source` begins postgres:// or duckdb:///")
        return self

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
        for changes, what in ((self.scale_changes, "scale"), (self.wording_changes, "wording")):
            if changes and "responded_at" not in self.columns:
                raise ValueError(f"{what}_changes needs a `responded_at:` column to tell when the {what} was another")
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
            if name == "drivers" or column_type(name, self.columns[name]) != "score":
                raise ValueError(f"scale_changes names {name!r}, which is no single score; name one, such as nps")
        for name in self.wording_changes:
            if name not in self.columns:
                raise ValueError(f"wording_changes names {name!r}; {nearest(name, list(self.columns))}")
        return self

    def scale_of(self, name: str) -> tuple[float, float] | None:
        """Return the scale of a score column, the default of its name where none is written."""
        column = self.columns.get(name)
        return (column.scale if column else None) or DEFAULT_SCALES.get(name)
