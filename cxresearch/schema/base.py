"""What all models of a file share: strictness, and lists that may be written as one value."""

from typing import Any

from pydantic import BaseModel, ConfigDict


class Strict(BaseModel):
    """A part of a file: unknown keys are refused, nothing changes after reading."""

    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True, allow_inf_nan=False)


def listed(value: Any) -> Any:
    """Return a list for a value given alone; `true` and `false` are words here, as they are in an export."""
    values = value if isinstance(value, list) else [value]
    return [str(one).lower() if isinstance(one, bool) else one for one in values]
