"""A bank with every type of question, and texts that a format may stumble over."""

from typing import Any

from cxresearch.schema.questions import Bank

PRICES = ("too_cheap", "bargain", "getting_expensive", "too_expensive")
HOSTILE = {
    "quotes": '"double" \'single\' ""two"" `tick` „low“',
    "tab": "one\ttwo",
    "lines": "one\ntwo\n\nfour",
    "html": "<script>alert(1)</script> & <b>bold</b> &amp; <!-- no -->",
    "formula": "=cmd|' /C calc'!A0",
    "plus": "+1+1",
    "at": "@SUM(A1:A9)",
    "limesurvey": "{TOKEN:EMAIL} {cxarm} { spaced } {if(1,2,3)}",
    "surveyjs": "{cx_arm} {price} {locale} {pageno}",
    "qualtrics": "${e://Field/cx_arm} [[PageBreak]] [[Choice:1]]",
    "rtl": "\u202eevil\u202c עברית العربية",
    "emoji": "👩‍🔬🎉 é ñ 中文",
    "backslash": 'back\\slash \\" end\\',
    "markup": "]]> <?xml?> <![CDATA[x]]>",
    "lists": "a;b,c|d",
    "number": "1 – a",
}


def rich() -> dict[str, Any]:
    """Return a bank with all ten types, two languages, arms, and every rule."""

    def both(en, de):
        return {"en": en, "de": de}

    two = {"film": both("Films", "Filme"), "news": both("News", "Nachrichten")}
    agree = {"1": both("no", "nein"), "3": both("yes", "ja")}
    feel = {str(n): both(f"feel {n}", f"Gefühl {n}") for n in range(1, 6)}
    return {
        "languages": ["en", "de"],
        "assignment": {
            "key": {"public": "a-test-key"},
            "waves": ["2026Q4"],
            "arms": {
                "plain_arm": {"probability": 0.5, "modules": ["plain", "deep"]},
                "deep_arm": {"probability": 0.3, "modules": ["deep"]},
                "none": 0.2,
            },
        },
        "modules": {"plain": {"seconds": 9}, "deep": {"seconds": 9}},
        "questions": [
            {"id": "one", "module": "plain", "type": "single", "text": both("Which?", "Welche?"), "required": True}
            | {"items": {**two, "other": both("Another one", "Etwas anderes")}},
            {"id": "many", "module": "plain", "type": "multi-select", "text": both("Which ones?", "Welche alle?")}
            | {"items": {**two, "none_of_them": both("None", "Keine")}, "exclusive": ["none_of_them"]},
            {"id": "likely", "module": "plain", "type": "intent", "text": both("How likely?", "Wie wahrscheinlich?")}
            | {"scale": [0, 3], "labels": agree},
            {"id": "score", "module": "plain", "type": "scale", "text": both("Score?", "Wert?"), "scale": [-1, 1]},
            {"id": "parts", "module": "plain", "type": "grid", "text": both("Each?", "Jedes?"), "items": two}
            | {"scale": [1, 3], "labels": agree, "required": True},
            {"id": "why", "module": "plain", "type": "open", "text": both("Why?", "Warum?")},
            {"id": "age", "module": "plain", "type": "number", "text": both("Age?", "Alter?"), "between": [16, 99.5]}
            | {"unit": "years"},
            {
                "id": "price",
                "module": "deep",
                "type": "van-westendorp",
                "text": both("At what price?", "Welcher Preis?"),
            }
            | {"items": {name: both(f"{name}?", f"{name} auf Deutsch?") for name in PRICES}, "unit": "EUR"},
            {"id": "top_pick", "module": "deep", "type": "maxdiff", "text": both("Most, least?", "Am meisten?")}
            | {"items": {f"item_{n}": both(f"Item {n}", f"Merkmal {n}") for n in range(1, 8)}, "tasks": 7, "shown": 3},
            {"id": "feature", "module": "deep", "type": "kano", "scale": [1, 5], "labels": feel, "items": two}
            | {"text": {"functional": both("With …?", "Mit …?"), "dysfunctional": both("Without …?", "Ohne …?")}},
        ],
    }


def rich_bank() -> Bank:
    """Return it, checked."""
    return Bank.model_validate(rich())


def hostile_bank() -> Bank:
    """Return a bank whose question, items, labels and unit are all hostile."""
    items = {f"i{number}": text for number, text in enumerate(HOSTILE.values())}
    questions = [
        {"id": f"q_{name}", "module": "m", "type": "single", "text": text, "items": items}
        for name, text in HOSTILE.items()
    ]
    grid = {"id": "grid", "module": "m", "type": "grid", "text": "?", "items": items, "scale": [1, 2]}
    grid |= {"labels": {"1": HOSTILE["html"], "2": HOSTILE["limesurvey"]}}
    unit = {"id": "unit", "module": "m", "type": "number", "text": "?", "unit": HOSTILE["qualtrics"]}
    return Bank.model_validate({"modules": {"m": {"seconds": 9}}, "questions": [*questions, grid, unit]})
