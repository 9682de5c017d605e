"""Who is to be called after an answer: the rules of `actions:` in a study file."""

from typing import Annotated, Literal, Self

from pydantic import BeforeValidator, Field, model_validator

from cxresearch.schema.base import Strict, listed

Levels = Annotated[list[str], BeforeValidator(listed)]
# Days after an answer within which a loop counts as closed.
CONTACTED_WITHIN = 30


class ActionRule(Strict):
    """One reason to come back to a customer: which answers, what is to be done, by whom, how soon."""

    reason: str = Field(min_length=1)
    survey: Literal["relationship", "transactional"] | None = None
    at_most: dict[str, float] = {}
    where: dict[str, Levels] = {}
    topic: str | None = None
    high_impact: bool = False
    action: str = Field("Call back", min_length=1)
    priority: int = Field(2, ge=1, le=9)
    owner: str | None = None
    due_days: int = Field(5, ge=0, le=365)

    @model_validator(mode="after")
    def _conditional(self) -> Self:
        """Refuse a rule that would call everyone."""
        if not (self.at_most or self.where or self.topic or self.high_impact):
            raise ValueError("a rule needs a condition: at_most, where, topic or high_impact")
        return self


class Actions(Strict):
    """How the loop with single customers is closed."""

    rules: list[ActionRule] = []
    consent: str | None = None
    contacted_within: int = Field(CONTACTED_WITHIN, ge=1, le=365)
    contacts: dict[str, Levels] = {}
