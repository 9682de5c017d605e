"""Qualtrics' advanced TXT format: blocks and questions; flow and rules are clicked by hand, from a list."""

from collections.abc import Iterator

from cxresearch.questions.export.instrument import Instrument
from cxresearch.questions.export.item import ARM, Item, Option
from cxresearch.questions.export.lost import EVERYWHERE, Lost, Written
from cxresearch.questions.export.markup import as_html

__all__ = ["qualtrics"]

TYPES = {
    "single": "MC:SingleAnswer:Vertical",
    "multiple": "MC:MultipleAnswer:Vertical",
    "scale": "MC:SingleAnswer:Horizontal",
    "grid": "Matrix",
    "numbers": "TE:Form",
    "number": "TE:SingleLine",
    "text": "TE:Essay",
    "best-worst": "Matrix",
}


def qualtrics(asked: Instrument) -> Written:
    """Return an instrument as Qualtrics imports it.

    Parameters
    ----------
    asked
        The instrument.

    Returns
    -------
    Written
        `qualtrics.txt` in the base language, and `qualtrics-LANGUAGE.txt` for each further one. The steps are the
        click list for what the format has no words for.

    Notes
    -----
    Format: Qualtrics support, "Import and export surveys", advanced format. Recode values are the item's number in the
    bank or the value on the scale. Texts are HTML there; ours are plain and are written so that they stay it.
    """
    names = {
        language: "qualtrics.txt" if language == asked.base else f"qualtrics-{language}.txt"
        for language in asked.languages
    }
    files = {name: "\n".join(_lines(asked, language)) for language, name in names.items()}
    return Written(files, _lost(asked), _steps(asked))


def _lines(asked: Instrument, language: str) -> Iterator[str]:
    """Yield the lines of the file."""
    yield "[[AdvancedFormat]]"
    yield ""
    if asked.arms:
        yield f"[[ED:{ARM}]]"
        yield ""
    for module, items in asked.modules.items():
        yield f"[[Block:{module}]]"
        yield ""
        for place, item in enumerate(items):
            if place:
                yield from ("[[PageBreak]]", "")
            yield from _question(item, language)
            yield ""


def _question(item: Item, language: str) -> Iterator[str]:
    """Yield the lines of a question."""
    unit = f" ({item.unit})" if item.unit else ""
    yield f"[[Question:{TYPES[item.kind]}]]"
    yield f"[[ID:{item.name}]]"
    yield as_html(item.text[language] + unit)
    choices, answers = (item.rows, item.options) if item.rows else (item.options, ())
    if choices:
        yield "[[AdvancedChoices]]"
        yield from _values("Choice", choices, language)
    if answers:
        yield "[[AdvancedAnswers]]"
        yield from _values("Answer", answers, language)


def _values(tag: str, options: tuple[Option, ...], language: str) -> Iterator[str]:
    """Yield choices or answers with their recode values."""
    for option in options:
        yield f"[[{tag}:{option.number}]]"
        yield as_html(option.text[language])


def _lost(asked: Instrument) -> list[Lost]:
    """Return what the format cannot carry."""
    lost = [Lost(EVERYWHERE, "purpose, owner, version, seconds and target of a question stay in the bank")]
    if asked.arms:
        lost.append(Lost(EVERYWHERE, "which arm is asked which block; see the steps"))
    if len(asked.languages) > 1:
        lost.append(Lost(EVERYWHERE, "translations: a file holds one language"))
    return lost + [Lost(item.name, what) for item in asked.items for what in _rules(item)]


def _rules(item: Item) -> Iterator[str]:
    """Yield the rules of an item, which the format has no words for."""
    if item.required:
        yield "an answer is required"
    for name in item.exclusive:
        number = next(option.number for option in item.options if option.name == name)
        yield f"choice {number} excludes the others"
    if item.other:
        yield f"choice {item.other.number} has room for words"
    if item.kind in ("number", "numbers"):
        yield f"numbers only{_limits(item)}"
    if item.kind == "numbers":
        yield "no number is lower than the one before it"
    if item.kind == "best-worst":
        shown = ", ".join(str(option.number) for option in item.options)
        yield f"two different answers; and that the items shown were {shown}"


def _limits(item: Item) -> str:
    """Return the limits of a number in words."""
    low, high = item.between
    words = [f"{word} {limit:g}" for word, limit in (("from", low), ("to", high)) if limit is not None]
    return " " + " ".join(words) if words else ""


def _steps(asked: Instrument) -> list[str]:
    """Return the click list."""
    steps = ["Survey > Tools > Import/Export > Import survey: qualtrics.txt."]
    if asked.arms:
        steps.append(
            f"Survey flow: the embedded data {ARM} stands first; it is filled from the contact list or the link."
        )
        steps.append("Survey flow: the block with the score and its reason comes next, before every branch.")
    for module in asked.modules:
        arms = " or ".join(f"{ARM} is equal to {arm}" for arm in asked.arms_of(module))
        if arms:
            steps.append(f"Survey flow: add a branch below; if {arms}: move the block {module} into it.")
    steps += [f"Question {item.name}: {what}." for item in asked.items for what in _rules(item)]
    steps += [
        f"Translations: add {language}; its texts are in qualtrics-{language}.txt." for language in asked.languages[1:]
    ]
    if asked.designs:
        steps.append(
            "Add the columns QUESTION_TASK_shown to the answers, from maxdiff-tasks.csv, where a task was answered."
        )
    return [*steps, "Export answers with numeric values; take the arm and the token along."]
