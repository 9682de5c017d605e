"""A study whose every name and text is an attack, and the project in which a real report is made of it."""

import csv
import json

from tiny_project import Tiny, page, rows

NOTES = ("nps", "mean", "crosstab", "csat")
# What no page, table or picture may do or show: compute this, call itself that.
PRODUCT, TITLE = 7191 * 7919, "taken-over"
PER_LEVEL = 40
# What our own notebooks do with levels and texts, on one page.
PAGE = """
import cxresearch as cx
study = cx.load(study, period=period, compare_to=None)
---
by_area = cx.metrics.of_study(study, "nps", by="area")
cx.show(by_area, "estimates", key="by-area", study=study, method="nps", finding="ranking", caption=by_area["area"][0])
---
by_touchpoint = cx.metrics.of_study(study, "csat", by="touchpoint")
cx.show(by_touchpoint, key="by-touchpoint", study=study, method="mean", caption="{{7191*7919}} $x^{")
---
cx.show_tabs(cx.segments.tab_book(study, [{"rows": ["csat"], "banner": ["area"]}]), study=study)
---
counts = {"n": ("nps", "size"), "n_customers": ("customer_id", "nunique")}
texts = study.answers().groupby("verbatim", as_index=False).agg(**counts)
cx.show(texts, key="texts", study=study, caption=texts["verbatim"].iloc[-1])
---
facts = texts[["verbatim"]].assign(fact=texts["verbatim"], value=texts["verbatim"])[["fact", "value"]]
cx.show(facts, "facts", key="facts", about="process")
---
cx.show(facts[["value"]].rename(columns={"value": "sentence"}), "sentence", key="sentences", about="process")
"""


def attacks(port: int = 9) -> dict[str, str]:
    """Return texts that harm whoever runs, loads or computes them; they would call a server at a port."""
    there = f"http://127.0.0.1:{port}"
    call = f"document.title='{TITLE}'"
    return {
        "script": f'<script src="{there}/script"></script><script>{call}</script>',
        "image": f'<img src={there}/img onerror="{call}">',
        "frame": f'<iframe src="{there}/iframe" srcdoc="<script>parent.{call}</script>"></iframe>',
        "refresh": f'<meta http-equiv=refresh content="0;url={there}/refresh">',
        "closing": f'</title></style></script></td></table></svg><svg onload="{call}"><use href="{there}/u#a"/></svg>',
        "link": f"[x](javascript:{call}) ![y]({there}/y) <javascript:{call}>",
        "attribute": f'http://a" onmouseover="{call}" style="background:url({there}/css)" x="',
        "base": f'<plaintext><base href="{there}/"><form action="{there}/f"><object data="{there}/o">',
        "template": "{{7191*7919}} {% for a in b %} ${7191*7919} #{7191*7919} {0.__class__} %(x)s %n",
        "mathtext": r"$x^{ \frac_ $\input{/etc/passwd}$",
        "formula": f'=HYPERLINK("{there}/xlsx","x")',
        "command": "+1|' /C calc'!A0",
        "minus": "-2+3+cmd",
        "at": "@SUM(1+1)*9",
        "control": "a\x07b\x1b[31m\x0bc\x7f\x9b",
        "bidi": "\u202egpj.exe\u2066 \u200bzero",
        "long": "W" * 300,
        "path": "../../../../tmp/escaped",
        "windows": r"C:\..\CON",
        "north": "Nørth",
        "NORTH": "NØRTH",
        "composed": "Caf\u00e9",
        "decomposed": "Cafe\u0301 2",
    }


def write_hostile(tiny: Tiny, port: int = 9) -> None:
    """Write a project whose study, answers, run file and notes are attacks; nothing in it is refused."""
    names = attacks(port)
    tiny.write("data/tiny/study.yaml", study_text(names))
    tiny.write("data/tiny/answers.csv", "")
    with (tiny.root / "data" / "tiny" / "answers.csv").open("w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows(answers(list(names.values())))
    tiny.write("params/tiny.yaml", "study: tiny\nperiod: 2026Q3\ntiers: [analyst, public]\n")
    notes = "".join(
        f"## {name}: {names['mathtext']} {names['image']}\n\n{' '.join(names.values())}\n\n" for name in NOTES
    )
    tiny.write("docs/methods.md", notes)
    cells = [("code", cell.strip()) for cell in PAGE.split("---")]
    tiny.notebook("01-attacks", *page("Who?", ("markdown", f"## {names['script']}\n\n{names['link']}"), *cells))
    tiny.notebook("00-summary", *page(names["closing"] + names["bidi"], ("code", f"show('summary', {rows(4.5)})")))


def answers(levels: list[str]) -> list[list]:
    """Return the rows of an export in which every level has as many answers, its names first."""
    made = []
    for number in range(len(levels) * PER_LEVEL):
        level = levels[number % len(levels)]
        made.append([f"R{number}", f"C{number}", f"2026-07-{number % 28 + 1:02d}", (number * 7 + number // 5) % 11])
        made[-1] += [number % 5 + 1, level, levels[number // 3 % len(levels)], levels[number // 7 % len(levels)]]
    return [["id", "customer", "day", "score", "sat", "area", "tp", "why"], *made]


def study_text(names: dict[str, str]) -> str:
    """Return a study file whose title, labels, wordings and owners are attacks."""
    nps = {"from": "score", "wording": names["closing"], "label": names["image"]}
    csat = {"from": "sat", "scale": [1, 5], "wording": names["script"], "label": names["formula"]}
    columns = {"response_id": "id", "customer_id": "customer", "responded_at": {"from": "day", "format": "%Y-%m-%d"}}
    columns |= {"nps": nps, "csat": csat, "area": "area", "touchpoint": "tp", "verbatim": "why"}
    study = {
        "title": " ".join(names[name] for name in ("script", "template", "mathtext", "control", "bidi")),
        "tables": {"responses": {"source": "answers.csv", "columns": columns}},
        "segments": {"area": {"from": "area", "label": f"{names['mathtext']} {names['attribute']}"}},
        "owners": {"nps": names["frame"], "csat": names["path"]},
    }
    # JSON is YAML.
    return json.dumps(study)
