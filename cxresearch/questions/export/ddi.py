"""DDI-Codebook 2.5: what the columns of the answers mean, for an archive."""

from collections.abc import Iterator
from xml.etree.ElementTree import Element, SubElement, indent, register_namespace, tostring

from cxresearch.questions.export.instrument import Instrument, columns
from cxresearch.questions.export.item import Column, Option, Texts
from cxresearch.questions.export.lost import EVERYWHERE, Lost, Written

__all__ = ["ddi"]

NAMESPACE = "ddi:codebook:2_5"
LANGUAGE = "{http://www.w3.org/XML/1998/namespace}lang"
NATURE = {"number": "ratio", "numbers": "ratio", "scale": "ordinal", "grid": "ordinal", "text": "other"}
TICKED = (("0", "Not chosen"), ("1", "Chosen"))


def ddi(asked: Instrument) -> Written:
    """Return what the columns of an instrument's answers mean, as DDI-Codebook 2.5.

    Parameters
    ----------
    asked
        The instrument.

    Returns
    -------
    Written
        `ddi.xml`: a `var` a column, in the order of the instrument; columns of one question are a `varGrp`.

    Notes
    -----
    Format: DDI Alliance, DDI-Codebook 2.5, codebook.xsd. Texts in other languages stand beside with `xml:lang`.
    """
    root = Element("codeBook", {"xmlns": NAMESPACE, "version": "2.5", LANGUAGE: asked.base})
    title = SubElement(SubElement(SubElement(root, "stdyDscr"), "citation"), "titlStmt")
    SubElement(title, "titl").text = asked.title
    described = SubElement(root, "dataDscr")
    found = list(columns(asked))
    for group in _groups(found):
        described.append(group)
    for column in found:
        described.append(_variable(asked, column))
    register_namespace("xml", "http://www.w3.org/XML/1998/namespace")
    return Written({"ddi.xml": as_xml(root)}, _lost(asked), _steps())


def as_xml(root: Element) -> str:
    """Return a document, indented."""
    indent(root, " ")
    return '<?xml version="1.0" encoding="UTF-8"?>\n' + tostring(root, encoding="unicode") + "\n"


def _groups(found: list[Column]) -> Iterator[Element]:
    """Yield the groups of columns that answer one question."""
    members: dict[str, list[Column]] = {}
    for column in found:
        members.setdefault(column.item.name, []).append(column)
    for name, parts in members.items():
        if len(parts) > 1:
            kind = {"multiple": "multipleResp", "grid": "grid"}.get(parts[0].item.kind, "other")
            told = {"ID": f"G_{name}", "type": kind, "var": " ".join(f"V_{part.name}" for part in parts)}
            group = Element("varGrp", told | ({"otherType": "parts of one question"} if kind == "other" else {}))
            SubElement(group, "labl").text = name
            yield group


def _variable(asked: Instrument, column: Column) -> Element:
    """Return one column; the elements in the order that the schema asks for."""
    item, row = column.item, column.row
    told = {"ID": f"V_{column.name}", "name": column.name, "nature": NATURE.get(item.kind, "nominal")}
    told["intrvl"] = "contin" if item.kind in ("number", "numbers") else "discrete"
    if item.unit:
        told["measUnit"] = item.unit
    variable = Element("var", told)
    _say(variable, "labl", row.text if row else item.text)
    question = SubElement(variable, "qstn")
    _say(question, "qstnLit", item.text)
    if any(limit is not None for limit in item.between):
        low, high = item.between
        limits = {name: f"{limit:g}" for name, limit in (("min", low), ("max", high)) if limit is not None}
        SubElement(SubElement(variable, "valrng"), "range", limits)
    if asked.arms_of(item.module):
        SubElement(variable, "universe").text = "Asked of the arms " + ", ".join(asked.arms_of(item.module))
    for category in _categories(column):
        variable.append(category)
    numeric = item.kind not in ("text", "single", "best-worst")
    SubElement(variable, "varFormat", {"type": "numeric" if numeric else "character"})
    return variable


def _categories(column: Column) -> Iterator[Element]:
    """Yield what can be answered."""
    if column.item.kind == "multiple":
        for value, words in TICKED:
            yield _category(value, {"en": words})
        return
    for option in column.item.options:
        yield _category(_value(option, column), option.text)


def _value(option: Option, column: Column) -> str:
    """Return how an answer is written: the value on a scale, else the item's id."""
    return str(option.number) if column.item.kind in ("scale", "grid") else option.name


def _category(value: str, words: Texts) -> Element:
    """Return a category."""
    category = Element("catgry")
    SubElement(category, "catValu").text = value
    _say(category, "labl", words)
    return category


def _say(parent: Element, tag: str, words: Texts) -> None:
    """Add a text in each of its languages."""
    for language, text in words.items():
        SubElement(parent, tag, {LANGUAGE: language}).text = text


def _lost(asked: Instrument) -> list[Lost]:
    """Return what the format cannot carry."""
    lost = [Lost(EVERYWHERE, "order of pages, what is required or excludes what, and checks of answers")]
    lost.append(Lost(EVERYWHERE, "the answers themselves: it describes their columns"))
    return lost + [Lost(item.question, "room for words beside `other`") for item in asked.items if item.other]


def _steps() -> list[str]:
    """Return what a person does."""
    return ["Give ddi.xml to the archive with the answers, a column for each `var`, called by its `name`."]
