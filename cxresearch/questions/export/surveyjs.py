"""SurveyJS: the instrument as the JSON that the Form Library renders."""

import json
from collections.abc import Callable
from itertools import pairwise
from typing import Any

from cxresearch.questions.export.instrument import Instrument
from cxresearch.questions.export.item import ARM, OTHER, RISING, Item, Option, Texts
from cxresearch.questions.export.lost import EVERYWHERE, Lost, Written
from cxresearch.questions.export.parts import ENGLISH

__all__ = ["surveyjs"]

Json = dict[str, Any]
# The library looks for the name between braces; behind a word joiner, which nobody sees, there is none of that name.
BRACE, JOINED = "{", "{\u2060"


def surveyjs(asked: Instrument) -> Written:
    """Return an instrument as SurveyJS reads it.

    Parameters
    ----------
    asked
        The instrument.

    Returns
    -------
    Written
        `surveyjs.json`: a page a module, shown to the arms that are asked it.

    Notes
    -----
    Format: the JSON Schema of survey-core (`surveyjs_definition.json`) and surveyjs.io, "Design Survey Using JSON".
    Values are ids of items and points of scales as text. Answers in parts are nested: flattened with `_` (as
    `pandas.json_normalize(answers, sep="_")` does) they are the columns that `cx.questions.answers` reads.
    """
    say = _sayer(asked)
    survey: Json = {"title": say(dict.fromkeys(asked.languages, asked.title)), "showTitle": False}
    survey |= {"locale": asked.base} if asked.base != ENGLISH else {}
    survey["pages"] = [_page(asked, module, items, say) for module, items in asked.modules.items()]
    survey["calculatedValues"] = [_shown(item) for item in asked.items if item.kind == "best-worst"]
    content = json.dumps(survey, ensure_ascii=False, indent=1) + "\n"
    return Written({"surveyjs.json": content}, _lost(asked, content), _steps(asked))


def _sayer(asked: Instrument) -> Callable[[Texts], Any]:
    """Return a function that says a text as the library reads it: one text, or one a language."""

    def say(words: Texts) -> Any:
        safe = {language: text.replace(BRACE, JOINED) for language, text in words.items()}
        first = safe.get(asked.base, safe.get(ENGLISH, ""))
        # `default` is what the library shows in English, and where a language is not there.
        more = {name: safe[name] for name in asked.languages if name in safe and name != ENGLISH}
        return {"default": safe.get(ENGLISH, first), **more} if len(asked.languages) > 1 else first

    return say


def _page(asked: Instrument, module: str, items: list[Item], say: Callable[[Texts], Any]) -> Json:
    """Return the page of a module."""
    arms = asked.arms_of(module)
    shown = {"visibleIf": " or ".join(f"{{{ARM}}} = '{arm}'" for arm in arms)} if arms else {}
    return {"name": module, **shown, "elements": [_question(item, say) for item in items]}


def _question(item: Item, say: Callable[[Texts], Any]) -> Json:
    """Return one question."""
    head: Json = {"name": item.name, "title": say(item.text)}
    head |= {"isRequired": True} if item.required else {}
    head |= {"description": item.unit.replace(BRACE, JOINED)} if item.unit else {}
    return {**KINDS[item.kind](item, say), **head}


def _single(item: Item, say: Callable[[Texts], Any]) -> Json:
    """Return a question with one answer."""
    return {"type": "radiogroup", **_choices(item, say)}


def _multiple(item: Item, say: Callable[[Texts], Any]) -> Json:
    """Return a question with several answers; an exclusive one takes the others away."""
    found = {"type": "checkbox", **_choices(item, say)}
    for choice in found["choices"]:
        if choice["value"] in item.exclusive:
            choice["isExclusive"] = True
    return found


def _choices(item: Item, say: Callable[[Texts], Any]) -> Json:
    """Return what can be chosen, with the library's own "other" for ours."""
    found: Json = {"choices": [_value(option, say) for option in item.options if option.name != OTHER]}
    return found | ({"showOtherItem": True, "otherText": say(item.other.text)} if item.other else {})


def _scale(item: Item, say: Callable[[Texts], Any]) -> Json:
    """Return a scale."""
    return {"type": "rating", "displayMode": "buttons", "rateValues": [_value(option, say) for option in item.options]}


def _grid(item: Item, say: Callable[[Texts], Any]) -> Json:
    """Return a grid: a row an item, a column a point of the scale."""
    parts = {"columns": item.options, "rows": item.rows}
    found = {name: [_value(option, say) for option in options] for name, options in parts.items()}
    return {"type": "matrix", **found, **({"eachRowRequired": True} if item.required else {})}


def _best_worst(item: Item, say: Callable[[Texts], Any]) -> Json:
    """Return a MaxDiff task: most and least are two different items."""
    return {**_grid(item, say), "eachRowUnique": True}


def _numbers(item: Item, say: Callable[[Texts], Any]) -> Json:
    """Return several numbers, none lower than the one before it."""
    items = [
        {"name": row.name, "title": say(row.text), "inputType": "number", "validators": [_limits(item)]}
        for row in item.rows
    ]
    for field in items:
        field |= {"isRequired": True} if item.required else {}
    names = [f"{{{item.name}.{row.name}}}" for row in item.rows]
    rising = [f"({a} empty or {b} empty or {a} <= {b})" for a, b in pairwise(names)]
    check = {"type": "expression", "expression": " and ".join(rising), "text": say(RISING)}
    return {"type": "multipletext", "items": items, "validators": [check]}


def _number(item: Item, say: Callable[[Texts], Any]) -> Json:
    """Return a number within its limits."""
    return {"type": "text", "inputType": "number", "validators": [_limits(item)]}


def _limits(item: Item) -> Json:
    """Return the check of a number."""
    low, high = item.between
    limits = {"minValue": low, "maxValue": high}
    return {"type": "numeric", **{name: value for name, value in limits.items() if value is not None}}


def _text(item: Item, say: Callable[[Texts], Any]) -> Json:
    """Return a question answered in own words."""
    return {"type": "comment"}


KINDS: dict[str, Callable[[Item, Callable[[Texts], Any]], Json]] = {
    **{"single": _single, "multiple": _multiple, "scale": _scale, "grid": _grid, "numbers": _numbers},
    **{"number": _number, "text": _text, "best-worst": _best_worst},
}


def _value(option: Option, say: Callable[[Texts], Any]) -> Json:
    """Return a value and its text."""
    return {"value": option.name, "text": say(option.text)}


def _shown(item: Item) -> Json:
    """Return the items of a task, noted beside its answer: what was not shown was not passed over."""
    shown = ";".join(option.name for option in item.options)
    expression = f"iif({{{item.name}}} notempty, '{shown}', '')"
    return {"name": f"{item.name}_shown", "expression": expression, "includeIntoResult": True}


def _lost(asked: Instrument, content: str) -> list[Lost]:
    """Return what the format cannot carry."""
    lost = [Lost(EVERYWHERE, "purpose, owner, version, seconds and target of a question stay in the bank")]
    if JOINED in content:
        lost.append(Lost(EVERYWHERE, "behind a { of a text stands an invisible U+2060, so that it is not run"))
    return lost


def _steps(asked: Instrument) -> list[str]:
    """Return what a person does."""
    arm = [
        f"Before rendering call survey.setValue('{ARM}', arm) with the assigned arm; it returns with the answers.",
        "Render the survey once an arm: only its pages are shown; for an arm that is asked nothing do not render it.",
    ]
    return [
        "Put the pages after the score and its reason, which come first: new Survey.Model(json) of survey-core 2.5.",
        *(arm if asked.arms else []),
        "Keep each survey.data with the customer's token; flatten nested answers with _, join lists with ;.",
    ]
