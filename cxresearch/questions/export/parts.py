"""Parts: what a question of the bank becomes on a page, and what is lost on the way."""

import re
import unicodedata
from typing import cast

from cxresearch.questions.export.item import Item, Kind, Option, Texts
from cxresearch.questions.export.lost import Lost
from cxresearch.questions.maxdiff_design import MaxDiffDesign, maxdiff_design
from cxresearch.schema.questions import Bank, Question
from cxresearch.strict_yaml import StudyError

__all__ = ["ENGLISH", "Parts", "refuse_odd"]

# People click these, so that they are written here in each language that is known.
MOST: Texts = {"en": "Most", "de": "Am meisten", "fr": "Le plus", "es": "Más"}
LEAST: Texts = {"en": "Least", "de": "Am wenigsten", "fr": "Le moins", "es": "Menos"}
GAP, ENGLISH = "…", "en"
NAME = re.compile(r"[A-Za-z][A-Za-z0-9_]*")
LANGUAGE = re.compile(r"[a-z]{2,3}(-[A-Za-z0-9]{2,8})*")
# Categories of control characters and of halves of a pair; and what Unicode keeps free of characters.
KEPT = "\t\n"
NO_CHARACTER = re.compile("[\ufdd0-\ufdef\ufffe\uffff]")


def refuse_odd(name: str, what: str) -> None:
    """Refuse an id that a survey platform would change."""
    if not NAME.fullmatch(name):
        raise StudyError(f"export: {what} {name!r} is not plain; use letters, digits and _, beginning with a letter.")


class Parts:
    """Makes items of questions, and keeps what is lost on the way."""

    def __init__(self, bank: Bank, seed: int) -> None:
        self.languages = tuple(bank.languages)
        for name in self.languages:
            if not LANGUAGE.fullmatch(name):
                raise StudyError(f"export: {name!r} is no language; use a code such as en or pt-BR.")
        self.seed, self.lost = seed, list[Lost]()
        self.designs: dict[str, MaxDiffDesign] = {}

    def items(self, question: Question) -> list[Item]:
        """Return a question as it stands on a page, in parts where it has them."""
        for name in (question.id, question.module, *question.items):
            refuse_odd(name, "the id")
        make = {"van-westendorp": self._prices, "maxdiff": self._tasks, "kano": self._pairs}.get(question.type)
        return make(question) if make else [self._plain(question)]

    def clean(self, text: str, question: str) -> str:
        """Return a text without characters that no format may hold."""
        text = text.replace("\r\n", "\n").replace("\r", "\n")
        kept = "".join(c for c in text if c in KEPT or unicodedata.category(c) not in ("Cc", "Cs"))
        kept = NO_CHARACTER.sub("", kept)
        if len(kept) < len(text):
            self.lost.append(Lost(question, f"{len(text) - len(kept)} control characters of a text were left out"))
        return kept

    def _texts(self, text: object, question: str) -> Texts:
        """Return a text in every language, in the base language where there is no translation."""
        given = {self.languages[0]: str(text)} if not isinstance(text, dict) else dict(text)
        fallback = given.get(self.languages[0], next(iter(given.values())))
        missing = [language for language in self.languages if language not in given]
        if missing:
            self.lost.append(Lost(question, f"a text has no translation ({', '.join(missing)}); another stands for it"))
        return {language: self.clean(given.get(language, fallback), question) for language in self.languages}

    def _options(self, question: Question) -> tuple[Option, ...]:
        """Return the items of a question."""
        given = enumerate(question.items.items(), start=1)
        return tuple(Option(name, number, self._texts(text, question.id)) for number, (name, text) in given)

    def _points(self, question: Question) -> tuple[Option, ...]:
        """Return the points of a scale; where only some have words, the number stands before them."""
        low, high = question.scale or (0, 0)
        labels = {value: self._texts(text, question.id) for value, text in question.labels.items()}
        all_said = len(labels) == high - low + 1
        points = []
        for value in range(low, high + 1):
            words = labels.get(value, dict.fromkeys(self.languages, ""))
            said = {
                language: text if all_said else f"{value} – {text}" if text else str(value)
                for language, text in words.items()
            }
            points.append(Option(str(value), value, said))
        return tuple(points)

    def _plain(self, question: Question) -> Item:
        """Return a question that is one item."""
        kind: Kind = {"multi-select": "multiple", "intent": "scale", "open": "text"}.get(question.type, question.type)  # type: ignore[assignment]
        scaled = kind in ("scale", "grid")
        rows = self._options(question) if scaled else ()
        return Item(
            name=question.id,
            question=question.id,
            module=question.module,
            kind="grid" if rows else kind,
            text=self._texts(question.text, question.id),
            options=self._points(question) if scaled else self._options(question),
            rows=rows,
            exclusive=tuple(question.exclusive),
            between=question.between or (None, None),
            unit=question.unit and self.clean(question.unit, question.id),
            required=question.required,
        )

    def _prices(self, question: Question) -> list[Item]:
        """Return the four prices, none below nought."""
        text, unit = self._texts(question.text, question.id), question.unit and self.clean(question.unit, question.id)
        head = (question.id, question.id, question.module)
        between = question.between or (0.0, None)
        rows = self._options(question)
        return [Item(*head, "numbers", text, (), rows, (), between, unit, question.required)]

    def _tasks(self, question: Question) -> list[Item]:
        """Return the tasks of a MaxDiff question, each with the items it shows."""
        design = maxdiff_design(list(question.items), question.tasks or 0, question.shown or 0, seed=self.seed)
        self.designs[question.id] = design
        known = {option.name: option for option in self._options(question)}
        text = self._texts(question.text, question.id)
        sides = tuple(
            Option(
                name, number, self._texts({k: v for k, v in words.items() if k in (*self.languages, "en")}, question.id)
            )
            for number, (name, words) in enumerate({"best": MOST, "worst": LEAST}.items(), start=1)
        )
        return [
            Item(
                name=f"{question.id}_{task}",
                question=question.id,
                module=question.module,
                kind="best-worst",
                text=text,
                options=tuple(known[name] for name in part["item"]),
                rows=sides,
                required=question.required,
            )
            for task, part in design.tasks.groupby("task")
        ]

    def _pairs(self, question: Question) -> list[Item]:
        """Return the two questions of each Kano item, one after the other."""
        points, found = self._points(question), []
        for option in self._options(question):
            for side, asked in cast("dict[str, object]", question.text).items():
                frame = self._texts(asked, question.id)
                text = {language: _filled(frame[language], option.text[language]) for language in self.languages}
                name = f"{question.id}_{side}_{option.name}"
                found.append(
                    Item(name, question.id, question.module, "scale", text, points, required=question.required)
                )
        return found


def _filled(frame: str, item: str) -> str:
    """Return the question about one item: in the gap of the sentence, else after it.

    Examples
    --------
    >>> _filled("If we offer …, how do you feel?", "a text message"), _filled("How do you feel?", "A magazine")
    ('If we offer a text message, how do you feel?', 'How do you feel? – A magazine')
    """
    return frame.replace(GAP, item) if GAP in frame else f"{frame} – {item}"
