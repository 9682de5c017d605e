"""How a study's answers are weighted: margins of the population, a cap, response propensity."""

from typing import Annotated, Any, Self

from pydantic import Discriminator, Field, Tag, model_validator

from cxresearch.schema.base import Strict


class CustomerMargins(Strict):
    """Margins counted in the customer list, by segments; a list within the list is one interlocked margin."""

    source: str = Field(alias="from", pattern="^customers$")
    by: list[str | list[str]] = Field(min_length=1)


def _kind(value: Any) -> str:
    """Return which form of margins was written."""
    from_customers = isinstance(value, CustomerMargins) or (isinstance(value, dict) and "from" in value)
    return "CustomerMargins" if from_customers else "Shares"


class Weights(Strict):
    """How answers of the relationship survey are weighted, period by period."""

    margins: (
        Annotated[
            Annotated[CustomerMargins, Tag("CustomerMargins")] | Annotated[dict[str, dict[str, float]], Tag("Shares")],
            Discriminator(_kind),
        ]
        | None
    ) = None
    cap: tuple[float, float] | None = None
    propensity: list[str] = []

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        """Refuse a cap without the mean weight inside, and weights by nothing."""
        if self.cap and not 0 <= self.cap[0] < 1 < self.cap[1]:
            raise ValueError(f"the cap {list(self.cap)} is [low, high] around the mean weight 1, as [0.3, 3]")
        if not self.margins and not self.propensity:
            raise ValueError("weights need `margins:`, `propensity:` or both")
        return self

    @property
    def segments(self) -> list[str]:
        """Segments that the margins name."""
        if not isinstance(self.margins, CustomerMargins):
            return list(self.margins or {})
        return [name for one in self.margins.by for name in ([one] if isinstance(one, str) else one)]

    def refuse_unknown(self, segments: list[str], tables: list[str]) -> None:
        """Refuse margins of what is no segment, and tables that the study lacks."""
        for name in self.segments:
            if name not in segments:
                known = ", ".join(sorted(segments)) or "none"
                raise ValueError(f"weights.margins: {name!r} is no segment; the study has {known}")
        for wanted, needed in (
            ("customers", isinstance(self.margins, CustomerMargins)),
            ("invitations", self.propensity),
        ):
            if needed and wanted not in tables:
                raise ValueError(f"weights need the table {wanted!r}, which the study does not have")
