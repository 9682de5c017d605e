"""Triple-S 3.0: what the columns of the answers mean, for the tabulation packages of agencies."""

from xml.etree.ElementTree import Element, SubElement

from cxresearch.questions.export.ddi import LANGUAGE, as_xml
from cxresearch.questions.export.instrument import Instrument, columns
from cxresearch.questions.export.item import Column, Item, Option, Texts
from cxresearch.questions.export.lost import EVERYWHERE, Lost, Written

__all__ = ["triple_s"]

DATA = "answers.csv"
SERIAL = "response_id"
LONGEST_ID, LONGEST_TEXT = 100, 10_000
# A quantity has a range; where a question sets none, no money answer is longer than this.
MOST = 999_999.99


def triple_s(asked: Instrument) -> Written:
    """Return what the columns of an instrument's answers mean, as Triple-S 3.0.

    Parameters
    ----------
    asked
        The instrument.

    Returns
    -------
    Written
        `triple-s.sss`: the variables of `answers.csv`, whose first column is `response_id` and whose first line holds
        the names. A multiple answer is one column of 0 and 1, a place an item.

    Notes
    -----
    Format: The Triple-S Group, *Triple-S XML*, version 3.0. Codes are the item's number in the bank or the value on
    the scale.
    """
    root = Element("sss", {"version": "3.0", "languages": " ".join(asked.languages)})
    SubElement(root, "origin").text = "cxresearch"
    survey = SubElement(root, "survey")
    SubElement(survey, "name").text = "questions"
    SubElement(survey, "title").text = asked.title
    record = SubElement(survey, "record", {"ident": "R", "href": DATA, "format": "csv", "skip": "1"})
    serial = Element("variable", {"ident": "1", "type": "character", "use": "serial"})
    _head(serial, SERIAL, {asked.base: "Answer"}, asked.base, 1)
    SubElement(serial, "size").text = str(LONGEST_ID)
    record.append(serial)
    for place, column in enumerate(_columns(asked), start=2):
        record.append(_variable(column, place, asked.base))
    return Written({"triple-s.sss": as_xml(root)}, _lost(asked), _steps())


def _columns(asked: Instrument) -> list[Column]:
    """Return the columns; several answers at once are one."""
    singles = [column for column in columns(asked) if column.item.kind != "multiple"]
    found = {column.item.name: [] for column in columns(asked)}  # type: dict[str, list[Column]]
    for column in singles:
        found[column.item.name].append(column)
    items = {item.name: item for item in asked.items}
    return [column for name, parts in found.items() for column in parts or [Column(name, items[name], None)]]


def _variable(column: Column, place: int, base: str) -> Element:
    """Return one variable."""
    item = column.item
    kinds = {"multiple": "multiple", "text": "character", "number": "quantity", "numbers": "quantity"}
    variable = Element("variable", {"ident": str(place), "type": kinds.get(item.kind, "single")})
    _head(variable, column.name, _label(column), base, place)
    if item.kind == "text":
        SubElement(variable, "size").text = str(LONGEST_TEXT)
        return variable
    values = SubElement(variable, "values")
    if variable.get("type") == "quantity":
        low, high = (
            limit if limit is not None else side * MOST for limit, side in zip(item.between, (-1, 1), strict=True)
        )
        # The number of decimals is that of the range.
        SubElement(values, "range", {"from": f"{low:.2f}", "to": f"{high:.2f}"})
    for option in item.options:
        _say(SubElement(values, "value", {"code": str(option.number)}), option.text, base)
    return variable


def _head(variable: Element, name: str, label: Texts, base: str, place: int) -> None:
    """Add name, label and position."""
    SubElement(variable, "name").text = name
    _say(SubElement(variable, "label"), label, base)
    SubElement(variable, "position", {"start": str(place)})


def _label(column: Column) -> Texts:
    """Return question and part in one text, with the unit."""
    unit = f" ({column.item.unit})" if column.item.unit else ""
    part: Option | None = column.row
    return {
        language: text + (f" – {part.text[language]}" if part else "") + unit
        for language, text in column.item.text.items()
    }


def _say(element: Element, words: Texts, base: str) -> None:
    """Write a text, with its translations inside."""
    element.text = words[base]
    for language, text in words.items():
        if language != base:
            SubElement(element, "text", {LANGUAGE: language}).text = text


def _lost(asked: Instrument) -> list[Lost]:
    """Return what the format cannot carry."""
    lost = [
        Lost(EVERYWHERE, "which arm is asked what, order of pages, what is required or excludes what, and checks"),
        Lost(EVERYWHERE, f"the answers themselves: it describes the columns of {DATA}"),
    ]
    lost += [Lost(item.question, "room for words beside `other`") for item in asked.items if item.other]
    below = dict.fromkeys(item.question for item in asked.items if _below(item))
    return lost + [Lost(name, "codes below 1 are not allowed by older readers") for name in below]


def _below(item: Item) -> bool:
    """Return whether a scale begins below one."""
    return any(option.number < 1 for option in item.options)


def _steps() -> list[str]:
    """Return what a person does."""
    return [f"Write the answers to {DATA} beside the file, with a line of names and the columns in its order."]
