"""What initiatives.yaml may say: what was changed, for whom and from when."""

from datetime import date
from typing import Annotated, Literal, Self

from pydantic import BeforeValidator, Field, model_validator

from cxresearch.schema.base import Strict, listed

Levels = Annotated[list[str], BeforeValidator(listed)]


class Initiative(Strict):
    """One change: the segment, or `touchpoint`, and the levels that it touched; the others serve for comparison."""

    id: str = Field(pattern=r"^[a-z0-9][a-z0-9-]*$")
    title: str = Field(min_length=1)
    where: dict[str, Levels]
    start: date
    outcome: str = "nps"
    survey: Literal["relationship", "transactional"] | None = None
    owner: str | None = None
    note: str | None = None

    @model_validator(mode="after")
    def _one_segment(self) -> Self:
        """Refuse an initiative without a level, or of two segments."""
        if len(self.where) != 1 or not self.levels:
            raise ValueError("`where` names one segment and its levels, as {plan: Classic} or {plan: [Classic, Plus]}")
        return self

    @property
    def segment(self) -> str:
        """The column whose levels are compared."""
        return next(iter(self.where))

    @property
    def levels(self) -> list[str]:
        """The levels that were changed."""
        return self.where[self.segment]


class Initiatives(Strict):
    """The whole file."""

    initiatives: list[Initiative] = Field(min_length=1)

    @model_validator(mode="after")
    def _named_once(self) -> Self:
        """Refuse an id that stands twice."""
        ids = [one.id for one in self.initiatives]
        double = next((name for name in ids if ids.count(name) > 1), None)
        if double:
            raise ValueError(f"the id {double!r} stands twice; rename one")
        return self
