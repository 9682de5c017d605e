"""`results.json`: every protected result of a tier with the way back from each number, in a published form.

The models below are the one source of docs/results.schema.json, and what is written is checked by them.
"""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, JsonValue, model_validator

from cxresearch.present.payload import ABOUT, INFINITIES, KEY, KINDS, VERSION, Payload, ProtectedPayload
from cxresearch.report.numbers import Outputs
from cxresearch.report.plan import Page, Plan
from cxresearch.schema import Study

RESULTS, SCHEMA = "results.json", "results.schema.json"
SCHEMA_ID, DIALECT = f"urn:cxresearch:results:{VERSION}", "https://json-schema.org/draft/2020-12/schema"
TYPES: dict[str, type | tuple[type, ...]] = {"str": str, "int": int, "float": (int, float), "bool": bool}
# This tier's first page and results stand at the top as well; without it, those of the first tier that the run names.
FRONT_TIER = "team"
UNWEIGHTED = "none: every answer counts once"

Digest = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
Name = Annotated[str, Field(pattern=r"^[0-9]{2}-.+$")]
Key = Annotated[str, Field(pattern=f"^{KEY.pattern}$")]
# No name but one of the pattern.
CLOSED: dict[str, JsonValue] = {"additionalProperties": False}
Value = bool | int | float | str | None


class Part(BaseModel):
    """A part of the file; nothing may stand in it that is not named here."""

    model_config = ConfigDict(extra="forbid", strict=True, allow_inf_nan=False)


class Frame(Part):
    """A result frame: grouping columns first, then bases and what was measured. Missing or hidden is null."""

    columns: list[str]
    types: list[Literal["str", "int", "float", "bool"]]
    rows: list[list[Value]] = Field(description="One value a column; infinity is the text inf or -inf.")

    @model_validator(mode="after")
    def _rectangular(self) -> Self:
        """Refuse rows that do not fit the columns."""
        if len(self.types) != len(self.columns) or len(set(self.columns)) != len(self.columns):
            raise ValueError("columns must differ from one another, and each has one type")
        if not all(len(row) == len(self.types) and all(map(_fits, row, self.types)) for row in self.rows):
            raise ValueError("a row does not fit the columns and their types")
        return self


class Provenance(BaseModel):
    """Where a result comes from. Bases stand in its rows, and how it is estimated in the note of its `method`."""

    model_config = ConfigDict(extra="allow", strict=True)

    study: str = Field(description="Title of the study.")
    period: str = Field(description="Reporting period, such as 2026Q3.")
    compare_to: str | None = Field(None, description="The period that changes are told against.")
    notebook: Name = Field(description="The page that made it.")
    cell: int = Field(ge=1, description="Which code cell of the notebook.")
    notebook_digest: Digest = Field(description="sha256 over what the notebook says and does, as in manifest.json.")
    seed: int | None = Field(None, description="The seed that the notebook was given; absent where it takes none.")
    weights: str = Field(description="How the study weights its answers; the method's note says which results do.")


class Result(Part):
    """One result, protected: what a row hides is empty and its flag says `hidden`."""

    version: Literal[1]
    key: Key
    kind: Literal[tuple(KINDS)]  # type: ignore[valid-type]
    caption: str
    finding: str | None = Field(description="Which sentence stands above it.")
    method: str | None = Field(description="Section of docs/methods.md that says how it is estimated.")
    about: Literal[ABOUT]  # type: ignore[valid-type]
    labels: dict[str, str]
    arguments: dict[str, JsonValue]
    frame: Frame
    provenance: Provenance
    tier: str
    figure: str | None = Field(None, description="A researcher's own figure: a PNG in base64.")


class Software(Part):
    """What made the report."""

    name: str
    version: str
    sources: Digest


class Results(Part):
    """All results of a tier, by notebook and key."""

    version: Literal[1]
    study: str
    period: str
    tier: Literal["analyst", "team", "public"]
    run: str = Field(description="Name of the run file.")
    data: Digest = Field(description="Digest of the accepted tables, as in manifest.json.")
    package: Software
    lock: str = Field(description="sha256 of the lock file of all packages, empty where there is none.")
    parameters: dict[Name, dict[str, JsonValue]] = Field(
        description="What each notebook was given.", json_schema_extra=CLOSED
    )
    notebooks: dict[Name, Annotated[dict[Key, Result], Field(json_schema_extra=CLOSED)]] = Field(
        json_schema_extra=CLOSED
    )

    @model_validator(mode="after")
    def _at_their_places(self) -> Self:
        """Refuse a result that stands under another name than its own."""
        for page, results in self.notebooks.items():
            if any(key != one.key or page != one.provenance.notebook for key, one in results.items()):
                raise ValueError(f"a result of {page} stands under a name that is not its own")
        return self


def results(plan: Plan, record: Mapping[str, Any], tier: str, payloads: Sequence[ProtectedPayload]) -> dict[str, Any]:
    """Return what `results.json` of a tier holds.

    Parameters
    ----------
    plan
        What was run.
    record
        What its manifest records.
    tier
        `analyst`, `team` or `public`.
    payloads
        The protected results of the tier.

    Raises
    ------
    pydantic.ValidationError
        If it would not be what the published schema says.
    """
    pages = {page.name: page for page in plan.pages}
    notebooks: dict[str, dict[str, Any]] = {name: {} for name in pages}
    for payload in payloads:
        page = pages[payload.provenance["notebook"]]
        notebooks[page.name][payload.key] = payload.with_provenance(**way_back(payload, page, plan)).to_json()
    head = {"version": VERSION, **{name: record[name] for name in ("study", "period")}, "tier": tier}
    rests = {name: record[name] for name in ("run", "data", "package", "lock", "parameters")}
    content = {**head, **rests, "notebooks": notebooks}
    Results.model_validate(content)
    return content


def way_back(payload: Payload, page: Page, plan: Plan) -> dict[str, Any]:
    """Return where a result comes from beyond its notebook and cell: seed, weights, and what it was reported for.

    Parameters
    ----------
    payload
        A result of the page. What it says itself is not said otherwise.
    page, plan
        Its page and run.
    """
    facts: dict[str, Any] = {"study": plan.title, "period": plan.run.period, "notebook_digest": page.content}
    facts |= {"seed": page.parameters.get("seed"), "weights": weights_in_words(plan.study)}
    return {name: value for name, value in facts.items() if value is not None and name not in payload.provenance}


def weights_in_words(study: Study) -> str:
    """Return how a study weights its answers."""
    design, rules = study.responses.design, study.weights
    steps = [f"column {design.weight}"] if design.weight else []
    if rules is not None and (design.rake or not design.weight):
        steps += [f"response propensity by {', '.join(rules.propensity)}"] if rules.propensity else []
        steps += [f"raked to {', '.join(rules.segments)}"] if rules.margins else []
        steps += [f"kept within {rules.cap[0]:g} to {rules.cap[1]:g}"] if rules.cap else []
    return "; ".join(steps) or UNWEIGHTED


def outputs_of(payloads: Sequence[ProtectedPayload]) -> Outputs:
    """Return protected results by notebook and key."""
    found: dict[str, dict[str, Any]] = {}
    for payload in payloads:
        found.setdefault(payload.provenance["notebook"], {})[payload.key] = payload.to_json()
    return found


def outputs_in(folder: Path) -> Outputs:
    """Return the results that a published tier holds, by notebook and key."""
    return dict(json.loads((folder / RESULTS).read_bytes())["notebooks"])


def schema() -> str:
    """Return the JSON Schema of the file, as docs/results.schema.json holds it."""
    told = Results.model_json_schema()
    return json.dumps({"$schema": DIALECT, "$id": SCHEMA_ID, **told}, indent=1, ensure_ascii=False) + "\n"


def _fits(value: Value, kind: str) -> bool:
    """Return whether a value is missing or of a column's type."""
    if value is None or (kind == "float" and value in INFINITIES):
        return True
    return isinstance(value, TYPES[kind]) and isinstance(value, bool) == (kind == "bool")
