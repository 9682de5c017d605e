"""The question bank: what may be asked beyond the core, who answers for it, and who gets which."""

import re
from pathlib import Path
from typing import Literal, Self, cast

from pydantic import Field, field_validator, model_validator

from cxresearch import periods
from cxresearch.schema.base import Strict
from cxresearch.strict_yaml import nearest

__all__ = [
    "PRICES",
    "Arm",
    "Assignment",
    "Bank",
    "Blocks",
    "Eligible",
    "Key",
    "Module",
    "Question",
    "QuestionType",
    "Target",
]

QuestionType = Literal[
    "single", "multi-select", "scale", "grid", "open", "number", "van-westendorp", "maxdiff", "kano", "intent"
]
# A text, or one text a language.
Text = str | dict[str, str]
PRICES = ("too_cheap", "bargain", "getting_expensive", "too_expensive")
SIDES = ("functional", "dysfunctional")
NONE, HOLDOUT = "none", "holdout"
ID = re.compile(r"[a-z][a-z0-9_]{0,31}")
# Arms must add up to one; written with two decimals they do.
ROUNDING = 1e-9
# What each type needs beside its text.
WITH_ITEMS = ("single", "multi-select", "grid", "van-westendorp", "maxdiff", "kano")
WITH_SCALE = ("scale", "grid", "kano", "intent")
SMALLEST_TASK = 3


class Target(Strict):
    """How exact an answer must be: a half-width of the 95 % interval, or a difference to be found at 80 % power."""

    half_width: float | None = Field(None, gt=0)
    difference: float | None = Field(None, gt=0)
    by: str | None = None

    @model_validator(mode="after")
    def _one(self) -> Self:
        """Refuse two targets at once, and none."""
        if (self.half_width is None) == (self.difference is None):
            raise ValueError("a target is either a half_width or a difference")
        return self


class Question(Strict):
    """One question of the bank.

    `text` and labels may be one text or one a language, as `{en: …, de: …}`. A changed wording gets a new `version`,
    with `since:`, the first wave that asks it; results of two versions are no trend.
    """

    id: str
    module: str
    type: QuestionType
    text: Text | dict[Literal["functional", "dysfunctional"], Text]
    items: dict[str, Text] = {}
    exclusive: list[str] = []
    scale: tuple[int, int] | None = None
    labels: dict[int, Text] = {}
    tasks: int | None = Field(None, ge=1)
    shown: int | None = Field(None, ge=SMALLEST_TASK)
    unit: str | None = None
    between: tuple[float, float] | None = None
    required: bool = False
    version: int = Field(1, ge=1)
    since: str | None = None
    purpose: Literal["research", "service"] = "research"
    owner: str | None = None
    seconds: float | None = Field(None, gt=0)
    target: Target | None = None

    @field_validator("id")
    @classmethod
    def _plain(cls, name: str) -> str:
        """Refuse ids that a survey platform would change."""
        if not ID.fullmatch(name):
            raise ValueError("an id is lower-case letters, digits and _, beginning with a letter, at most 32 long")
        return name

    @model_validator(mode="after")
    def _complete(self) -> Self:
        """Refuse a question that lacks what its type needs."""
        if self.type in WITH_ITEMS and len(self.items) < (1 if self.type in ("kano", "grid") else 2):
            raise ValueError(f"a {self.type} question needs `items:`, as {{first: First item, second: Second item}}")
        if self.type in WITH_SCALE and self.scale is None:
            raise ValueError(f"a {self.type} question needs `scale: [low, high]`")
        if self.scale and self.scale[0] >= self.scale[1]:
            raise ValueError(f"the scale {list(self.scale)} is [low, high]")
        for name in self.exclusive:
            if name not in self.items:
                raise ValueError(f"exclusive names {name!r}; {nearest(name, list(self.items))}")
        if (self.version > 1) != (self.since is not None):
            raise ValueError(f"version {self.version}: a version after the first has its first wave, `since: 2026Q4`")
        getattr(self, f"_check_{self.type.replace('-', '_')}", lambda: None)()
        return self

    def texts(self) -> dict[str, Text]:
        """Return everything that people read, by its place: `text`, `items.…`, `labels.…`."""
        kano = self.type == "kano"
        pair = cast("dict[str, Text]", self.text) if kano else {}
        asked = {f"text.{side}": pair[side] for side in SIDES} if kano else {"text": self.text}
        items = {f"items.{name}": text for name, text in self.items.items()}
        labels = {f"labels.{value}": text for value, text in self.labels.items()}
        return cast("dict[str, Text]", {**asked, **items, **labels})

    def languages(self) -> set[str]:
        """Return the languages for which a text of its own is given."""
        return {language for text in self.texts().values() if isinstance(text, dict) for language in text}

    def _check_van_westendorp(self) -> None:
        """Refuse other items than the four prices."""
        if tuple(self.items) != PRICES:
            raise ValueError(f"a van-westendorp question has the items {', '.join(PRICES)}, in this order")

    def _check_maxdiff(self) -> None:
        """Refuse tasks that cannot be made."""
        if self.tasks is None or self.shown is None:
            raise ValueError("a maxdiff question needs `tasks:` and `shown:`, as 8 tasks of 4 items")
        if self.shown >= len(self.items):
            raise ValueError(f"a maxdiff of {len(self.items)} items shows fewer than all at a time; found {self.shown}")

    def _check_kano(self) -> None:
        """Refuse a pair with one side, and another scale than Kano's."""
        if not isinstance(self.text, dict) or set(self.text) != set(SIDES):
            raise ValueError("a kano question has two texts: {functional: …, dysfunctional: …}")
        if self.scale != (1, 5):
            raise ValueError("a kano question is asked on [1, 5]: like, expect, neutral, live with, dislike")

    def _check_number(self) -> None:
        """Refuse an empty range."""
        if self.between and self.between[0] >= self.between[1]:
            raise ValueError(f"between {list(self.between)} is [lowest, highest]")


class Module(Strict):
    """Questions that are asked together."""

    seconds: float = Field(gt=0)
    owner: str | None = None
    decision: str | None = None
    purpose: Literal["research", "service"] = "research"


class Key(Strict):
    """Where the key of the assignment is kept: never in the repository, but for a key that is meant to be public."""

    env: str | None = None
    file: Path | None = None
    public: str | None = Field(None, min_length=8)

    @model_validator(mode="after")
    def _one(self) -> Self:
        """Refuse no place, and several."""
        if sum(part is not None for part in (self.env, self.file, self.public)) != 1:
            raise ValueError("a key is {env: NAME}, {file: path outside the project} or, for a demo, {public: text}")
        return self


class Eligible(Strict):
    """Who may get a module at all.

    `survey` is the survey that carries the modules and `consent` a column of the customers. Whoever was asked anything
    in the `rested_days`, or took part in a wave of modules in the `module_rested_days`, before the wave is left out, in
    waves `since` one: what earlier waves went by can still be computed again. `where` names columns and the levels
    that may.
    """

    survey: Literal["relationship", "transactional"] = "relationship"
    consent: str | None = None
    rested_days: int = Field(0, ge=0)
    module_rested_days: int = Field(0, ge=0)
    since: str | None = None
    where: dict[str, list[str]] = {}

    @field_validator("since")
    @classmethod
    def _readable(cls, since: str | None) -> str | None:
        """Refuse what is no period."""
        if since is not None:
            periods.parse(since)
        return since


class Arm(Strict):
    """What one arm is asked, and its share of those outside the holdout."""

    probability: float = Field(gt=0, le=1)
    modules: list[str] = []


class Blocks(Strict):
    """Modules that are asked several at a time, each pair as often as any other as far as that is possible."""

    size: int = Field(ge=1)
    modules: list[str] = []
    none: float = Field(0.0, ge=0, lt=1)


class Assignment(Strict):
    """Who gets which modules: `arms` as they are, or `blocks` from which arms of equal probability are made."""

    key: Key
    unit: Literal["account", "customer"] = "customer"
    holdout: float = Field(0.1, ge=0, lt=1)
    waves: list[str] = Field(min_length=1)
    eligible: Eligible = Eligible()
    arms: dict[str, Arm] = {}
    blocks: Blocks | None = None
    margins: dict[str, float] = {}

    @field_validator("arms", mode="before", json_schema_input_type=dict[str, Arm | float])
    @classmethod
    def _long(cls, arms: object) -> object:
        """Accept `pricing: 0.3` for an arm that is asked the module of its name; `none` is asked nothing."""
        if not isinstance(arms, dict):
            return arms
        return {
            name: {"probability": arm, "modules": [] if name == NONE else [name]}
            if isinstance(arm, int | float)
            else arm
            for name, arm in arms.items()
        }

    @field_validator("waves")
    @classmethod
    def _readable(cls, waves: list[str]) -> list[str]:
        """Refuse waves that are no periods, and a wave planned twice."""
        for name in waves:
            periods.parse(name)
        double = next((name for name in waves if waves.count(name) > 1), None)
        if double:
            raise ValueError(f"the wave {double} is planned twice")
        return waves

    @model_validator(mode="after")
    def _sums_to_one(self) -> Self:
        """Refuse arms whose probabilities do not add up to one, and arms beside blocks."""
        if bool(self.arms) == (self.blocks is not None):
            raise ValueError("an assignment has either `arms:` or `blocks:`")
        if self.blocks:
            return self
        total = sum(arm.probability for arm in self.arms.values())
        if abs(total - 1) > ROUNDING:
            raise ValueError(
                f"the probabilities of the arms add up to {total:g}, not to 1; give the rest to an arm called {NONE!r}"
            )
        if HOLDOUT in self.arms:
            raise ValueError(f"an arm cannot be called {HOLDOUT!r}; the holdout has a key of its own")
        return self


class Bank(Strict):
    """A question bank."""

    languages: list[str] = Field(["en"], min_length=1)
    assignment: Assignment | None = None
    modules: dict[str, Module]
    questions: list[Question] = Field(min_length=1)
    path: Path = Field(Path(), exclude=True)

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        """Refuse questions of unknown modules, modules without questions, and two questions of one id."""
        for place, question in enumerate(self.questions):
            if question.module not in self.modules:
                raise ValueError(
                    f"{question.id}: {question.module!r} is no module; {nearest(question.module, list(self.modules))}"
                )
            if question.id in [other.id for other in self.questions[:place]]:
                raise ValueError(f"two questions are called {question.id!r}")
            for language in question.languages() - set(self.languages):
                raise ValueError(f"{question.id}: {language!r} is no language of the bank; name it in `languages:`")
        for name in self.modules:
            if not self.of_module(name):
                raise ValueError(f"the module {name!r} has no question")
        for where, module in self._assigned():
            if module not in self.modules:
                raise ValueError(f"{where}: {module!r} is no module; {nearest(module, list(self.modules))}")
        return self

    def _assigned(self) -> list[tuple[str, str]]:
        """Return where the assignment names which module."""
        if self.assignment is None:
            return []
        blocks = self.assignment.blocks
        named = [(f"arm {name}", module) for name, arm in self.assignment.arms.items() for module in arm.modules]
        return named + [("blocks", module) for module in (blocks.modules if blocks else [])]

    def question(self, name: str) -> Question:
        """Return a question by its id.

        Raises
        ------
        KeyError
            If there is none of that id.
        """
        found = next((one for one in self.questions if one.id == name), None)
        if found is None:
            raise KeyError(f"the bank has no question {name!r}; {nearest(name, [one.id for one in self.questions])}.")
        return found

    def of_module(self, module: str) -> list[Question]:
        """Return the questions of a module, in order."""
        return [question for question in self.questions if question.module == module]
