"""What of a study's texts is personal data beside what is so everywhere."""

import re
from typing import Annotated, Literal

from pydantic import BeforeValidator, Field, field_validator

from cxresearch.schema.base import Strict, listed

# What a form of a number is made of: a sign or a class of signs, and how often. Nothing in it repeats without end or
# within itself, so that no text makes it slow.
SIGN = r"(?:\\[dw./#-]|\[[A-Za-z0-9-]+\]|[A-Za-z0-9 _/#:-])"
FORM = re.compile(rf"(?:{SIGN}(?:\{{\d{{1,2}}(?:,\d{{1,2}})?\}}|\?)?){{2,40}}")
RANGE = re.compile(r"\{(\d+),(\d+)\}")
# In so many ways at the most a form may be tried at one place of a text.
MOST_WAYS = 200


class Redaction(Strict):
    """How texts are redacted."""

    regions: Annotated[list[str], BeforeValidator(listed)] = []
    numbers: dict[Annotated[str, Field(pattern=r"^[a-z]{2,20}$")], Annotated[list[str], BeforeValidator(listed)]] = {}
    keep: Annotated[list[str], BeforeValidator(listed)] = []
    engine: Literal["rules", "presidio"] = "rules"
    model: str | None = None

    @field_validator("regions")
    @classmethod
    def _known_regions(cls, regions: list[str]) -> list[str]:
        """Refuse a country that has no telephones."""
        # Read late: its tables of all countries take longer than the rest of a study file together.
        import phonenumbers

        for region in regions:
            if region not in phonenumbers.SUPPORTED_REGIONS:
                raise ValueError(f"there is no region {region!r}; write two capitals, as DE or GB")
        return regions

    @field_validator("numbers")
    @classmethod
    def _safe_forms(cls, numbers: dict[str, list[str]]) -> dict[str, list[str]]:
        """Refuse a form that could be slow on some text, or that everything fits."""
        for form in (form for forms in numbers.values() for form in forms):
            if not FORM.fullmatch(form) or not _compiles(form):
                raise ValueError(
                    f"the form {form!r} is made of signs, \\d, [A-Z], {{4}}, {{4,6}} and ? only, as HT-\\d{{6}}"
                )
            if _ways(form) > MOST_WAYS:
                raise ValueError(f"the form {form!r} leaves too much open; write fewer ranges and ?")
            if re.compile(form).fullmatch("") or not re.search(r"\\[dw]|\d|\[", form):
                raise ValueError(f"the form {form!r} is no number; write at least one digit, \\d or [0-9]")
        return numbers


def _compiles(form: str) -> bool:
    """Return whether a form can be read."""
    try:
        re.compile(form)
    except re.error:
        return False
    return True


def _ways(form: str) -> int:
    """Return in how many lengths a form can be tried at one place."""
    ways = 2 ** re.sub(r"\\.", "", form).count("?")
    for low, high in RANGE.findall(form):
        ways *= int(high) - int(low) + 1
    return ways
