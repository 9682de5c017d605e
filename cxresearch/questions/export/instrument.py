"""The instrument: a bank's questions as a survey asks them, in kinds that every format can be written from."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from cxresearch.questions.export.item import Column, Item
from cxresearch.questions.export.lost import EVERYWHERE, Lost
from cxresearch.questions.export.parts import Parts, refuse_odd
from cxresearch.questions.maxdiff_design import MaxDiffDesign
from cxresearch.schema.questions import Bank
from cxresearch.strict_yaml import StudyError, nearest

__all__ = ["Instrument", "columns", "instrument"]


@dataclass(frozen=True)
class Instrument:
    """What is asked, of whom.

    Attributes
    ----------
    title
        Of the survey.
    languages
        The first one is the base: a question without a translation is asked in it.
    arms
        The modules that each arm is asked; empty where everybody is asked everything.
    items
        What is asked, in order.
    designs
        The tasks of each MaxDiff question.
    lost
        What was left out or filled in on the way from the bank.
    """

    title: str
    languages: tuple[str, ...]
    arms: Mapping[str, tuple[str, ...]]
    items: tuple[Item, ...]
    designs: Mapping[str, MaxDiffDesign] = field(default_factory=dict)
    lost: tuple[Lost, ...] = ()

    @property
    def base(self) -> str:
        """The base language."""
        return self.languages[0]

    @property
    def modules(self) -> dict[str, list[Item]]:
        """The items of each module, in order."""
        found: dict[str, list[Item]] = {}
        for item in self.items:
            found.setdefault(item.module, []).append(item)
        return found

    def arms_of(self, module: str) -> list[str]:
        """Return the arms that are asked a module; none where everybody is."""
        return [arm for arm, modules in self.arms.items() if module in modules]


def instrument(bank: Bank, *, arm: str | None = None, title: str = "Questions", seed: int = 0) -> Instrument:
    """Return a bank's questions as a survey asks them.

    Parameters
    ----------
    bank
        The questions.
    arm
        Only what this arm is asked, unconditionally; by default all arms, each asked its modules.
    title
        Of the survey.
    seed
        Of the MaxDiff designs.

    Returns
    -------
    Instrument
        Van Westendorp as four numbers, a MaxDiff as its tasks, a Kano item as its pair of questions.

    Raises
    ------
    StudyError
        If the arm is unknown, is asked nothing, or an id or language is not plain.
    """
    arms = _arms(bank, arm)
    asked = [module for module in bank.modules if (arm is None and not arms) or module in _members(bank, arms, arm)]
    if not asked:
        raise StudyError(f"export: the arm {arm!r} is asked nothing." if arm else "export: no arm is asked a module.")
    parts = Parts(bank, seed)
    items = [item for module in asked for one in bank.of_module(module) for item in parts.items(one)]
    parts.lost += [
        Lost(module, "no arm is asked this module; left out") for module in bank.modules if module not in asked
    ]
    return Instrument(
        parts.clean(title, EVERYWHERE),
        parts.languages,
        arms,
        tuple(items),
        parts.designs,
        tuple(dict.fromkeys(parts.lost)),
    )


def columns(asked: Instrument) -> Iterator[Column]:
    """Yield the columns in which the answers come back, in order; several answers at once have a column each."""
    for item in asked.items:
        parts = item.options if item.kind == "multiple" else item.rows
        for part in parts:
            yield Column(f"{item.name}_{part.name}", item, part)
        if not parts:
            yield Column(item.name, item, None)


def _arms(bank: Bank, arm: str | None) -> dict[str, tuple[str, ...]]:
    """Return the modules of each arm; nothing where one arm is written, or the bank assigns nobody."""
    arms = {name: tuple(one.modules) for name, one in bank.assignment.arms.items()} if bank.assignment else {}
    if arm is not None and arm not in arms:
        raise StudyError(f"export: there is no arm {arm!r}; {nearest(arm, list(arms))}.")
    for name in arms:
        refuse_odd(name, "the arm")
    return {} if arm else arms


def _members(bank: Bank, arms: Mapping[str, tuple[str, ...]], arm: str | None) -> set[str]:
    """Return the modules that the written arms are asked."""
    if arm and bank.assignment:
        return set(bank.assignment.arms[arm].modules)
    return {module for modules in arms.values() for module in modules}
