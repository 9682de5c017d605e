"""How answers to a bank's questions lie in a table, long or wide, and which cells can be read."""

import re

import numpy as np
import pandas as pd

from cxresearch.schema.questions import Bank, Question
from cxresearch.strict_yaml import StudyError

__all__ = ["HEADS", "LONG", "long_answers"]

# Whose answer it is, what was asked, and what was said.
HEADS = ("response_id", "customer_id", "wave")
LONG = ("module", "question", "task", "item")
# Platforms write Q1[SQ001], Q1.1, Q1#1_2 and Q1_1 for the same thing.
SEPARATORS = re.compile(r"[\[\]().:#\s_-]+")
SEVERAL = re.compile(r"\s*[,;|]\s*")
LEADING = re.compile(r"\s*(-?\d+(?:\.\d+)?)(?:\s*[-–:.)]|\s*$)")
SIDES = ("functional", "dysfunctional")
PICKS = {"best": 1.0, "most": 1.0, "worst": -1.0, "least": -1.0}
UNTICKED = ("0", "no", "false", "not selected", "unchecked", "n")
WHOLE = ("scale", "grid", "intent", "kano")
ONE_OF = ("single", "multi-select")
# Why an answer is set aside, in the order in which it is found out.
NO_QUESTION, NO_MODULE, OTHER_MODULE = "no such question", "no such module", "question of another module"
NO_TASK, NO_ITEM, UNREAD, OFF = "no such task", "no such item", "not readable", "off the scale"
NOT_SHOWN = "items shown are not told"


def long_answers(frame: pd.DataFrame, bank: Bank) -> pd.DataFrame:
    """Return answers in the long layout, with the reason beside each that cannot be used.

    Parameters
    ----------
    frame
        Long: a row an answered item, with `question`, `answer` and where there are any `module`, `task`, `item`. Or
        wide: a row a response, with a column a question (`intent`), item (`bundle_news`, `price_1`), task and item
        (`priority_3_green_power`, as Qualtrics' `Q1_3_9`), side and item (`kano_functional_daily_tips`), or task and
        pick (`priority_3_best`, `priority_3_worst`, with `priority_3_shown` for the items shown). Items are told by
        id, number in the bank's order, or text; a multi-select by 0 and 1 or as a list in one cell.
    bank
        The questions.

    Returns
    -------
    pandas.DataFrame
        `response_id`, `customer_id`, `wave` (those there are), `module`, `question`, `task`, `item`, `answer` (a
        number: 1 chosen, best or written; -1 worst) and `reason`, "" where the answer can be used. Blank cells are no
        rows.

    Raises
    ------
    StudyError
        If no column holds an answer to a question of the bank.

    Examples
    --------
    >>> tv = {"id": "tv", "module": "m", "type": "multi-select", "text": "", "items": {"film": "Film", "news": "News"}}
    >>> questions = Bank.model_validate({"modules": {"m": {"seconds": 9}}, "questions": [tv]})
    >>> wide = pd.DataFrame({"response_id": ["r1"], "tv": ["Film;News"]})
    >>> long_answers(wide, questions)[["item", "answer"]].values.tolist()
    [['film', 1.0], ['news', 1.0]]
    """
    cells = _long(frame) if {"question"} <= set(frame) and {"answer", "has_answer"} & set(frame) else _wide(frame, bank)
    known = {question.id: question for question in bank.questions}
    found = [
        _read(part.reset_index(drop=True), known.get(str(name)), bank)
        for name, part in cells.groupby("question", sort=False, dropna=False)
    ]
    heads = [name for name in HEADS if name in cells]
    columns = [*heads, *LONG, "answer", "reason"]
    empty = pd.DataFrame(columns=columns).astype({"answer": "float64"})
    return pd.concat(found, ignore_index=True)[columns] if found else empty


def _long(frame: pd.DataFrame) -> pd.DataFrame:
    """Return a long table with all columns of the layout as text, without blank answers."""
    if "answer" in frame:
        rows = frame.assign(cell=_text(frame["answer"]), **{n: _text(frame.get(n, _blank(frame))) for n in LONG})
    else:  # of an open question intake keeps no words, only whether there were some
        rows = frame.assign(cell=np.where(frame["has_answer"], "1", ""))
        rows = rows.assign(**{name: _text(frame.get(name, _blank(frame))) for name in LONG})
    heads = [name for name in HEADS if name in rows]
    return rows.loc[rows["cell"].ne(""), [*heads, *LONG, "cell"]].assign(pick="")


def _blank(frame: pd.DataFrame) -> pd.Series:
    """Return an empty text for each row."""
    return pd.Series("", frame.index, dtype="str")


def _text(column: pd.Series) -> pd.Series:
    """Return cells as text without blanks around them, whole numbers without decimals, "" where missing."""
    if pd.api.types.is_bool_dtype(column.dtype) or pd.api.types.is_numeric_dtype(column.dtype):
        return pd.Series([("" if pd.isna(v) else f"{float(v):.10g}") for v in column], column.index, dtype="str")
    return column.astype("str").fillna("").str.strip()


def _wide(frame: pd.DataFrame, bank: Bank) -> pd.DataFrame:
    """Return the answered cells of a wide table, one a row."""
    heads, parts = [name for name in HEADS if name in frame], []
    for column in frame.columns:
        place = _place(str(column), bank)
        if place is not None:
            name, task, item, pick = place
            told = {"question": name, "task": task, "item": item, "pick": pick, "cell": _text(frame[column])}
            parts.append(frame[heads].assign(module=bank.question(name).module, **told))
    if not parts:
        raise StudyError(
            "answers: no column holds an answer to a question of the bank; it has `question` and `answer`, or columns "
            f"called as the questions: {', '.join(question.id for question in bank.questions[:5])}."
        )
    cells = pd.concat(parts, ignore_index=True)
    return cells[cells["cell"].ne("")]


def _place(column: str, bank: Bank) -> tuple[str, str, str, str] | None:
    """Return question, task, item and pick of a column of a wide table; None where it belongs to no question.

    Examples
    --------
    >>> questions = {"modules": {"m": {"seconds": 9}}, "questions": [{"id": "best", "module": "m", "type": "maxdiff",
    ...     "text": "?", "tasks": 2, "shown": 3, "items": {"a": "A", "b": "B", "c_d": "C", "e": "E"}}]}
    >>> asked = Bank.model_validate(questions)
    >>> _place("best_2_c_d", asked), _place("best[1][3]", asked), _place("best_1_worst", asked), _place("nps", asked)
    (('best', '2', 'c_d', ''), ('best', '1', 'c_d', ''), ('best', '1', '', 'worst'), None)
    """
    name = SEPARATORS.sub("_", column.strip()).strip("_").lower()
    owners = [q for q in bank.questions if name == q.id or name.startswith(f"{q.id}_")]
    if not owners:
        return None
    question = max(owners, key=lambda one: len(one.id))
    rest = name[len(question.id) + 1 :]
    items, task = _items(question), ""
    if question.type in ("maxdiff", "kano") and rest:
        task, _, rest = rest.partition("_")
        if question.type == "kano":
            task = {"1": SIDES[0], "2": SIDES[1]}.get(task, task)
    pick = rest if question.type == "maxdiff" and (rest in PICKS or rest == "shown") else ""
    return question.id, task, "" if pick else items.get(rest, rest), pick


def _items(question: Question) -> dict[str, str]:
    """Return the item that an id, a number or a text stands for."""
    found: dict[str, str] = {}
    for number, (name, text) in enumerate(question.items.items(), start=1):
        texts = text.values() if isinstance(text, dict) else [text]
        found = {**dict.fromkeys((str(number), *(one.strip().lower() for one in texts)), name), **found}
    return found | {name.lower(): name for name in question.items}


def _labels(question: Question) -> dict[str, float]:
    """Return the number that the text of a point of the scale stands for."""
    texts = {value: text.values() if isinstance(text, dict) else [text] for value, text in question.labels.items()}
    return {one.strip().lower(): float(value) for value, found in texts.items() for one in found}


def _read(cells: pd.DataFrame, question: Question | None, bank: Bank) -> pd.DataFrame:
    """Return the answers to one question with their numbers and reasons."""
    if question is None:
        return cells.assign(answer=np.nan, reason=NO_QUESTION)
    rows = cells.assign(module=cells["module"].replace("", question.module))
    rows = {"maxdiff": _picked, "multi-select": _listed, "single": _chosen}.get(question.type, _as_it_is)(
        rows, question
    )
    items = _items(question)
    item = rows["item"].str.lower().map(lambda text: items.get(text, "")) if question.items else rows["item"]
    answer = rows["answer"] if "answer" in rows else _numbers(rows["cell"], question)
    # The only item of a question need not be named.
    item = item.mask(rows["item"].eq("") & (len(question.items) == 1), next(iter(question.items), ""))
    needs_item = bool(question.items)
    reasons = {
        NO_MODULE: ~rows["module"].isin(list(bank.modules)),
        OTHER_MODULE: rows["module"].ne(question.module),
        NO_TASK: ~rows["task"].isin(_tasks(question)),
        NOT_SHOWN: rows.get("unknown", pd.Series(False, rows.index)),
        NO_ITEM: item.eq("") if needs_item else item.ne(""),
        UNREAD: answer.isna(),
        OFF: ~_on_scale(answer, question),
    }
    reason = np.select(list(reasons.values()), list(reasons), "")
    # An item that the bank does not know stays as it was written only in the source: it may be somebody's words.
    return rows.assign(item=item.where(item.isin(list(question.items)), ""), answer=answer, reason=reason)


def _tasks(question: Question) -> list[str]:
    """Return the tasks or sides of a question."""
    if question.type == "kano":
        return list(SIDES)
    return [str(number) for number in range(1, (question.tasks or 0) + 1)] if question.type == "maxdiff" else [""]


def _as_it_is(rows: pd.DataFrame, question: Question) -> pd.DataFrame:
    """Return rows whose cells hold the answer; of an open question only that there is one."""
    rows = rows.assign(task=rows["task"].str.lower())
    return rows.assign(answer=1.0, item="") if question.type == "open" else rows


def _chosen(rows: pd.DataFrame, question: Question) -> pd.DataFrame:
    """Return the item chosen in each answer to a single question."""
    rows = rows[rows["item"].eq("") | ~rows["cell"].str.lower().isin(UNTICKED)]
    return rows.assign(item=rows["item"].mask(rows["item"].eq(""), rows["cell"]), answer=1.0)


def _listed(rows: pd.DataFrame, question: Question) -> pd.DataFrame:
    """Return a row an item of a multi-select question, where several stand in one cell."""
    several = rows["item"].eq("")
    ticked = 1.0 - rows["cell"].str.lower().isin(UNTICKED).astype(float)
    apart = rows[several].assign(item=rows.loc[several, "cell"].str.split(SEVERAL)).explode("item")
    return pd.concat([rows[~several].assign(answer=ticked[~several]), apart.assign(answer=1.0)], ignore_index=True)


def _picked(rows: pd.DataFrame, question: Question) -> pd.DataFrame:
    """Return a row an item shown in a MaxDiff task: 1 best, -1 worst, 0 neither."""
    picks = rows["cell"].str.lower().map(PICKS)
    plain = rows[rows["pick"].eq("")]
    plain = plain.assign(answer=picks.reindex(plain.index).fillna(pd.to_numeric(plain["cell"], errors="coerce")))
    chosen = rows[rows["pick"].isin(list(PICKS))]
    if chosen.empty:
        return plain
    shown = rows[rows["pick"].eq("shown")]
    shown = shown.assign(item=shown["cell"].str.split(SEVERAL)).explode("item").assign(answer=0.0)
    chosen = chosen.assign(item=chosen["cell"], answer=chosen["pick"].map(PICKS))
    head = [name for name in HEADS if name in rows] + ["task"]
    items = _items(question)
    both = pd.concat([chosen, shown], ignore_index=True)
    both = both.assign(item=both["item"].str.lower().map(lambda text: items.get(text, "")))
    both["unknown"] = both.groupby(head, dropna=False)["answer"].transform(lambda found: ~found.eq(0).any())
    # What was picked also stands among the items shown.
    found = pd.concat([plain, both.drop_duplicates([*head, "item"])], ignore_index=True)
    return found.fillna({"unknown": False}).astype({"unknown": bool})


def _numbers(cells: pd.Series, question: Question) -> pd.Series:
    """Return the numbers that cells hold, or that the labels of the scale or a leading number stand for."""
    found = pd.to_numeric(cells, errors="coerce").astype("float64")
    if question.type not in WHOLE:
        return found
    labels = _labels(question)
    leading = pd.to_numeric(cells.str.extract(LEADING)[0], errors="coerce")
    return found.fillna(cells.str.lower().map(labels).astype("float64")).fillna(leading)


def _on_scale(answer: pd.Series, question: Question) -> pd.Series:
    """Return whether answers are such as the question allows."""
    low, high = question.scale or question.between or (-np.inf, np.inf)
    if question.type == "maxdiff":
        return answer.isin([-1.0, 0.0, 1.0])
    if question.type == "van-westendorp":
        low = max(low, 0.0)
    whole = answer.mod(1).eq(0) | (question.type not in WHOLE)
    return answer.between(low, high) & whole & np.isfinite(answer)
