"""LimeSurvey's tab-separated survey structure: a row a group, question, subquestion and answer, in each language."""

import csv
import io
import re
from collections.abc import Iterator
from itertools import chain, count, pairwise

from cxresearch.questions.export.instrument import Instrument, columns
from cxresearch.questions.export.item import APART, ARM, OTHER, RISING, Column, Item, Option, Texts
from cxresearch.questions.export.lost import EVERYWHERE, Lost, Written
from cxresearch.questions.export.markup import as_html

__all__ = ["limesurvey"]

Row = dict[str, object]
HEAD = (
    *("id", "class", "type/scale", "name", "relevance", "text", "help", "language", "mandatory", "other"),
    *("hidden", "exclude_all_others", "min_num_value_n", "max_num_value_n", "suffix", "other_replace_text"),
    *("em_validation_q", "em_validation_q_tip"),
)
TYPES = {
    **{"single": "L", "multiple": "M", "scale": "L", "grid": "F", "numbers": "K", "number": "N", "text": "T"},
    # Array by column: the items are rows, `most` and `least` the columns.
    "best-worst": "H",
}
# Names there hold letters and digits only.
ARM_CODE, SHORT_TEXT, EQUATION = ARM.replace("_", ""), "S", "*"
MOST_LETTERS, SPARE = 20, 3


def limesurvey(asked: Instrument) -> Written:
    """Return an instrument as LimeSurvey reads it.

    Parameters
    ----------
    asked
        The instrument.

    Returns
    -------
    Written
        `limesurvey.txt` (UTF-8, tabs; all languages, one after the other) and `limesurvey-columns.csv`, which says
        how a column of LimeSurvey's export is called in the bank.

    Notes
    -----
    Format: LimeSurvey manual, "Tab Separated Value survey structure". Codes there hold letters and digits only. Answers
    are coded by the item's number in the bank or the value on the scale. The arm is prefilled from the address of the
    survey; a module is shown where the arm is one of those that are asked it.
    """
    codes = _codes([*(item.name for item in asked.items), *(f"{item.name}shown" for item in _tasks(asked))])
    content = io.StringIO()
    # A text has neither tabs nor quotes nor line ends left: nothing is quoted, and every reader of tabs reads it.
    out = csv.DictWriter(content, HEAD, delimiter="\t", quoting=csv.QUOTE_NONE, quotechar=None, lineterminator="\n")
    out.writeheader()
    out.writerows(_survey(asked))
    for language in asked.languages:
        out.writerows(_Numbered(asked, codes, language).rows())
    files = {"limesurvey.txt": content.getvalue(), "limesurvey-columns.csv": _columns(asked, codes)}
    return Written(files, _lost(asked), _steps(asked))


def _tasks(asked: Instrument) -> list[Item]:
    """Return the MaxDiff tasks."""
    return [item for item in asked.items if item.kind == "best-worst"]


def _codes(names: list[str]) -> dict[str, str]:
    """Return a code for each name: its letters and digits, shortened and numbered where two would be alike."""
    found: dict[str, str] = {}
    for name in names:
        code, taken = re.sub("[^A-Za-z0-9]", "", name), {ARM_CODE, *(one.lower() for one in found.values())}
        numbered = (f"{code[: MOST_LETTERS - SPARE]}{number:0{SPARE}d}" for number in count(len(found)))
        fitting = chain([code] if len(code) <= MOST_LETTERS else [], numbered)
        found[name] = next(one for one in fitting if one.lower() not in taken)
    return found


def _survey(asked: Instrument) -> Iterator[Row]:
    """Yield the rows about the whole survey."""
    more = " ".join(asked.languages[1:])
    # One page a group; names of groups, which are ours, are not shown.
    for name, text in (
        ("language", asked.base),
        ("additional_languages", more),
        ("format", "G"),
        ("showgroupinfo", "X"),
    ):
        yield {"class": "S", "name": name, "text": text}
    for language in asked.languages:
        yield {"class": "SL", "name": "surveyls_title", "text": as_html(asked.title), "language": language}


class _Numbered:
    """The rows of one language; ids are numbers, the same in each language."""

    def __init__(self, asked: Instrument, codes: dict[str, str], language: str) -> None:
        self.asked, self.codes, self.language = asked, codes, language
        self.last = 0

    def rows(self) -> Iterator[Row]:
        """Yield the rows of all groups."""
        if self.asked.arms:
            yield self._group(0, "cxarm", "1")
            yield self._row("Q", SHORT_TEXT, ARM_CODE, relevance="1", hidden="1", mandatory="N")
        for number, (module, items) in enumerate(self.asked.modules.items(), start=1):
            yield self._group(number, module, _relevance(self.asked.arms_of(module)))
            for item in items:
                yield from self._question(item)

    def _row(self, kind: str, scale: str, name: str, text: str = "", **more: str) -> Row:
        """Return a row with an id of its own."""
        self.last += 1
        head = {"id": self.last, "class": kind, "type/scale": scale, "name": name, "text": text}
        return head | {"language": self.language} | more

    def _group(self, number: int, name: str, relevance: str) -> Row:
        """Return the row of a group."""
        return {"id": number + 1, "class": "G", "type/scale": f"G{number}", "name": name, "relevance": relevance} | {
            "language": self.language
        }

    def _say(self, words: Texts) -> str:
        """Return a text in the language, as HTML."""
        return as_html(words.get(self.language, words.get("en", "")))

    def _question(self, item: Item) -> Iterator[Row]:
        """Yield a question, its subquestions and its answers."""
        code, told = self.codes[item.name], {"mandatory": "Y" if item.required else "N", "relevance": "1"}
        told |= {key: value for key, value in self._rules(item, code).items() if value}
        yield self._row("Q", TYPES[item.kind], code, self._say(item.text), **told)
        question = self.last
        asked = item.options if item.kind == "multiple" else item.rows
        for option in asked:
            if option.name != OTHER:
                yield self._row("SQ", "0", _code(option, item), self._say(option.text), relevance="1")
        for option in () if item.kind == "multiple" else item.options:
            if option.name != OTHER:
                # An answer has the id of its question.
                answer = {"id": question, "class": "A", "type/scale": "0", "name": _code(option, item)}
                yield answer | {"text": self._say(option.text), "language": self.language}
        if item.kind == "best-worst":
            yield self._shown(item, code)

    def _rules(self, item: Item, code: str) -> dict[str, str]:
        """Return what else is said of a question: limits, checks, exclusive answers, an answer in own words."""
        low, high = item.between
        rules = {
            "exclude_all_others": ";".join(_code(o, item) for o in item.options if o.name in item.exclusive),
            "min_num_value_n": "" if low is None else f"{low:g}",
            "max_num_value_n": "" if high is None else f"{high:g}",
            "suffix": as_html(item.unit or ""),
        }
        if item.other:
            rules |= {"other": "Y", "other_replace_text": self._say(item.other.text)}
        if item.kind == "numbers":
            rules |= {"em_validation_q": _rising(item, code), "em_validation_q_tip": self._say(RISING)}
        if item.kind == "best-worst":
            rules |= {"em_validation_q": _apart(code), "em_validation_q_tip": self._say(APART)}
        return rules

    def _shown(self, item: Item, code: str) -> Row:
        """Return a hidden question that notes the items of a task, where the task was answered."""
        shown = ";".join(str(option.number) for option in item.options)
        noted = f"{{if(is_empty({code}_best.NAOK), '', '{shown}')}}"
        return self._row(
            "Q", EQUATION, self.codes[f"{item.name}shown"], noted, relevance="1", hidden="1", mandatory="N"
        )


def _code(option: Option, item: Item) -> str:
    """Return the code of an answer or subquestion: its number, or for the two picks of a task their name."""
    if item.kind == "best-worst" and option in item.rows:
        return option.name
    return f"m{-option.number}" if option.number < 0 else str(option.number)


def _relevance(arms: list[str]) -> str:
    """Return when a group is shown."""
    return " or ".join(f"{ARM_CODE}.NAOK == '{arm}'" for arm in arms) or "1"


def _rising(item: Item, code: str) -> str:
    """Return that no price is lower than the one before; prices left out are not compared."""
    names = [f"{code}_{_code(row, item)}.NAOK" for row in item.rows]
    return " and ".join(f"(is_empty({one}) or is_empty({two}) or {one} <= {two})" for one, two in pairwise(names))


def _apart(code: str) -> str:
    """Return that most and least are two items."""
    most, least = f"{code}_best.NAOK", f"{code}_worst.NAOK"
    return f"is_empty({most}) or is_empty({least}) or {most} != {least}"


def _columns(asked: Instrument, codes: dict[str, str]) -> str:
    """Return how each column of LimeSurvey's export is called in the bank."""
    rows = [(_column(one, codes), one.name) for one in columns(asked)]
    rows += [(codes[f"{item.name}shown"], f"{item.name}_shown") for item in _tasks(asked)]
    rows += [(ARM_CODE, ARM)] if asked.arms else []
    return "limesurvey,bank\n" + "".join(f"{theirs},{ours}\n" for theirs, ours in rows)


def _column(column: Column, codes: dict[str, str]) -> str:
    """Return how LimeSurvey calls a column of the answers."""
    code = codes[column.item.name]
    if column.row is None:
        return code
    return f"{code}[{OTHER if column.row.name == OTHER else _code(column.row, column.item)}]"


def _lost(asked: Instrument) -> list[Lost]:
    """Return what the format cannot carry."""
    codes = _codes([item.name for item in asked.items])
    renamed = sum(code != name for name, code in codes.items())
    texts = [(item.question, text) for item in asked.items for text in _all_texts(item)]
    lost = [Lost(EVERYWHERE, "purpose, owner, version, seconds and target of a question stay in the bank")]
    if renamed:
        lost.append(
            Lost(EVERYWHERE, f"{renamed} of {len(codes)} codes lose their _ or are cut to {MOST_LETTERS} letters")
        )
    braces = dict.fromkeys(question for question, text in texts if "{" in text)
    lost += [
        Lost(name, "braces are character references; look at them after the import: a filter of texts may run them")
        for name in braces
    ]
    below = dict.fromkeys(item.question for item in asked.items if any(o.number < 0 for o in item.options))
    return lost + [Lost(name, "codes hold no minus: -1 is m1") for name in below]


def _all_texts(item: Item) -> Iterator[str]:
    """Yield every text of an item."""
    for words in (item.text, *(option.text for option in (*item.options, *item.rows))):
        yield from words.values()
    yield item.unit or ""


def _steps(asked: Instrument) -> list[str]:
    """Return what a person does."""
    arm = [
        f"Send each customer to the survey's address with &{ARM_CODE}=ARM, ARM from the assignment file (`arm`).",
        "Open the survey once an arm: only its questions are shown; with an arm asked nothing, none.",
    ]
    return [
        "Create survey > Import: limesurvey.txt. Put the groups after the score and its reason, which come first.",
        *(arm if asked.arms else []),
        "Export answers with codes, not texts; rename the columns by limesurvey-columns.csv.",
    ]
