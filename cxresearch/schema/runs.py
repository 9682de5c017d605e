"""A run file."""

from datetime import date
from pathlib import Path
from typing import Any, Literal

from pydantic import Field, field_validator, model_validator

from cxresearch import periods
from cxresearch.schema.base import Strict, listed

Tier = Literal["analyst", "team", "public"]


class Tab(Strict):
    """One part of the tab book: questions by segments side by side."""

    rows: list[str] = Field(min_length=1)
    banner: list[str] = Field(min_length=1)
    mark: Literal["letters", "complement"] = "letters"
    adjust: Literal["none", "bonferroni", "holm", "hochberg", "hommel", "bh", "by"] = "bh"
    survey: Literal["relationship", "transactional"] = "relationship"


class Intended(Strict):
    """What was decided before the data were seen; whatever else a report shows is exploratory."""

    primary: str = "nps"
    survey: Literal["relationship", "transactional"] = "relationship"
    horizon: int | None = Field(None, ge=1, le=36)
    controls: list[str] = []
    weight: str | None = "study"
    segment: str | None = None
    lag: int | None = Field(None, ge=0, le=12)
    exploratory: list[str] = []

    @field_validator("controls", "exploratory")
    @classmethod
    def _once(cls, names: list[str]) -> list[str]:
        """Refuse a name that stands twice."""
        double = next((name for name in names if names.count(name) > 1), None)
        if double:
            raise ValueError(f"{double!r} is planned twice; name it once")
        return names


class ForEach(Strict):
    """One report for each level of a segment, or of a column of the answers; of some levels where they are named."""

    segment: str
    levels: list[str] | None = Field(None, min_length=1)

    @field_validator("levels", mode="before")
    @classmethod
    def _texts(cls, value: Any) -> Any:
        """Accept one level alone, and numbers, as levels are texts."""
        return value if value is None else [str(one) for one in listed(value)]


class Run(Strict):
    """A run file. Keys that are named like a notebook (`02-scorecard`) hold that notebook's own parameters."""

    study: str
    period: str = periods.ALL
    compare_to: str | None = "previous"
    seed: int = Field(0, ge=0, lt=2**32)
    tiers: list[Tier] = Field(["team"], min_length=1)
    plan: Intended = Intended()
    tabs: list[Tab] = []
    skip: list[str] = []
    for_each: ForEach | None = None
    only: dict[str, str] = {}
    notebooks: dict[str, dict[str, Any]] = Field({}, exclude=True)
    level: str = Field("", exclude=True)
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

    @field_validator("for_each", mode="before")
    @classmethod
    def _segment(cls, value: Any) -> Any:
        """Accept a segment's name alone."""
        return {"segment": value} if isinstance(value, str) else value

    @field_validator("only", mode="before")
    @classmethod
    def _levels(cls, value: Any) -> Any:
        """Accept numbers, true and false as the levels that they are written as."""
        return {name: str(listed(level)[0]) for name, level in value.items()} if isinstance(value, dict) else value

    @model_validator(mode="after")
    def _one_choice(self) -> "Run":
        """Refuse to split what is one level already."""
        if self.for_each and self.for_each.segment in self.only:
            raise ValueError(f"for_each and only both name {self.for_each.segment!r}; keep one of them")
        return self

    @property
    def name(self) -> str:
        """The name of the run: its file's, without the ending; of a report of one level, that level's folder in it."""
        return f"{self.path.stem}/{self.level}" if self.level else self.path.stem
