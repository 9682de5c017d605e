"""A protected payload as an accessible HTML fragment, for JupyterLab and for the page."""

import base64
import io
import re
from collections.abc import Callable
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

import pandas as pd

from cxresearch.present import figure_words, findings, frames, plots, tables, words
from cxresearch.present import labels as say
from cxresearch.present.canvas import SCALE, png
from cxresearch.present.cells import DEFAULT_LEVEL, escaped, typeset
from cxresearch.present.crosstabs import crosstab_table
from cxresearch.present.payload import ProtectedPayload, slug
from cxresearch.refusal import NOT_REPORTED

PHONE = "(max-width: 600px)"
DARK = "(prefers-color-scheme: dark)"
# A table of more rows is folded away under its finding.
LONG_TABLE = 30
# In this order a browser takes the first that fits.
SOURCES = ((f"{PHONE} and {DARK}", "dark", "narrow"), (PHONE, "light", "narrow"), (DARK, "dark", "wide"))
SENTENCE_END = re.compile(r"(?<=\.) (?=[A-Z0-9])")
# The first part of a sentence that is longer than people take in at a glance.
LONG, PART_END = 160, re.compile(r"(?<=;) |(?<=\.) (?=[A-Z0-9])")
A_LINK = re.compile(r"([a-z0-9-]+\.html)?(#[a-z0-9-]+)?")
STATES = {"rose": ("good", "▲"), "higher": ("good", "▲"), "met": ("good", "✓"), "fell": ("bad", "▼")}
STATES |= {"lower": ("bad", "▼"), "missed": ("bad", "✗")}
STATES |= {"better": ("good", "▲"), "worse": ("bad", "▼")}
NEUTRAL = ("neutral", "●")
# What a finding is, for those who do not see its sign.
NEWS = {"better": "A win", "worse": "A problem", "lever": "Something to act on"}


@cache
def stylesheet() -> str:
    """Return the house style: design tokens and components."""
    return Path(__file__).with_name("style.css").read_text(encoding="utf-8")


def fragment(payload: ProtectedPayload, pictures: plots.Pictures | None = None) -> str:
    """Return a protected payload as an HTML `<figure>`.

    Parameters
    ----------
    payload
        As `disclosure.protect` returns it.
    pictures
        Its figure, where it is drawn for other uses too.

    Returns
    -------
    str
        `<figure class="cx cx-{kind}" id="{key}">` with the finding in words, the picture (light and dark, wide and for
        phones) or table, the data behind it, and a caption with base and method; "" for a record, which is not shown.
        Every text is escaped; nothing refers to outside the page but links to the report's other pages.

    Raises
    ------
    TypeError
        If the payload is not protected.
    """
    if not isinstance(payload, ProtectedPayload):
        raise TypeError(f"fragment: found a {type(payload).__name__}; only what disclosure.protect returns is drawn.")
    if payload.kind == "record":
        return ""
    pictures = pictures or plots.Pictures(payload)
    content = CONTENTS[payload.kind](payload) if payload.kind in CONTENTS else _plot(payload, pictures)
    return f'<figure class="cx cx-{payload.kind}" id="{payload.key}">{content}</figure>'


def _finding(payload: ProtectedPayload) -> str:
    """Return the finding in words."""
    return _stressed(words.finding(payload))


def _stressed(text: str) -> str:
    """Return a paragraph whose first sentence stands out, of a long one its first part; a refusal is told quietly."""
    if text.startswith(NOT_REPORTED):
        return f'<p class="cx-refusal">{typeset(text)}</p>'
    first, *rest = (SENTENCE_END if len(SENTENCE_END.split(text)[0]) <= LONG else PART_END).split(text, maxsplit=1)
    more = f" {typeset(rest[0])}" if rest else ""
    return f'<p class="cx-finding"><strong>{typeset(first)}</strong>{more}</p>' if text else ""


def _caption(payload: ProtectedPayload) -> str:
    """Return the caption, with base, interval and method under it."""
    facts = [escaped(fact) for fact in basis(payload)]
    if payload.method:
        facts.append(f'<a href="#method-{escaped(payload.method)}">Method</a>')
    below = f'<span class="cx-basis">{" · ".join(facts)}</span>' if facts else ""
    above = f'<span class="cx-caption">{escaped(payload.caption)}</span>' if payload.caption else ""
    return f"<figcaption>{above}{below}</figcaption>" if above or below else ""


def basis(payload: ProtectedPayload) -> list[str]:
    """Return on what a result rests: survey, period, answers, intervals."""
    frame = payload.to_frame()
    found = []
    if "survey" in frame.columns and frame["survey"].nunique() == 1:
        found.append(say.level("survey", frame["survey"].dropna().iloc[0]))
    period = payload.provenance.get("period")
    if isinstance(period, str) and "period" not in frame.columns:
        found.append(say.period_label(period))
    if payload.about == "people" and payload.kind not in ("flow", "findings") and not _counts_answers(payload):
        found += _bases(payload)
    if "conf_low" in frame.columns:
        found.append(f"{say.number(payload.arguments.get('conf_level', DEFAULT_LEVEL), 'share')} intervals")
    return found


def _counts_answers(payload: ProtectedPayload) -> bool:
    """Return whether the rows are the answers of one question, each with how many gave it, so that none is a base."""
    return payload.kind == "distribution" and payload.to_frame()["n"].nunique() > 1


def _bases(payload: ProtectedPayload) -> list[str]:
    """Return how many answers, or what else the study counts, the shown rows rest on."""
    frame = payload.to_frame()
    column = next((name for name in ("n", "n_customers") if name in frame.columns), None)
    bases = frames.floats(frame, column).dropna() if column else pd.Series(dtype="float64")
    noun = "answer" if column == "n" else "customer"
    if bases.empty:
        return []
    least, most = bases.min(), bases.max()
    if column and column in payload.labels:
        one = (
            say.number(most, "count")
            if least == most
            else f"{say.number(least, 'count')} to {say.number(most, 'count')}"
        )
        return [f"{one} {say.clean(payload.labels[column]).lower()}{'' if least == most else ' a row'}"]
    if least == most:
        return [say.count(most, noun)]
    return [f"{say.number(least, 'count')} to {say.count(most, noun)} a row"]


def _data(payload: ProtectedPayload, summary: str = "Data behind this figure") -> str:
    """Return the table behind a figure, folded away."""
    return f'<details class="cx-data"><summary>{summary}</summary>{tables.table(payload)}</details>'


def _plot(payload: ProtectedPayload, pictures: plots.Pictures) -> str:
    """Return a figure with its finding, data and caption."""
    if not plots.has_picture(payload):
        empty = '<p class="cx-empty">No picture: nothing may be shown, there are no data, or one period only.</p>'
        return f"{_finding(payload)}{empty}{_data(payload)}{_caption(payload)}"
    sources = "".join(
        f'<source media="{media}" {_image(pictures, theme, width, "srcset")}>' for media, theme, width in SOURCES
    )
    image = f'<img alt="{escaped(words.alt(payload))}" {_image(pictures, "light", "wide", "src")}>'
    picture = f'<picture class="cx-picture">{sources}{image}</picture>'
    return f"{_finding(payload) or _reading(payload)}{picture}{_data(payload)}{_caption(payload)}"


def _reading(payload: ProtectedPayload) -> str:
    """Return what a figure shows where nobody named a finding."""
    text = figure_words.reading(payload)
    return f'<p class="cx-reading">{typeset(text)}</p>' if text else ""


def _image(pictures: plots.Pictures, theme: str, width: str, attribute: str) -> str:
    """Return the attributes of one variant of a picture."""
    figure, picture = pictures.of(theme, width)
    across, down = (round(float(inches) * figure.dpi) for inches in figure.get_size_inches())
    return f'{attribute}="{_inline(png(picture, small=True))}" width="{across}" height="{down}"'


def _inline(picture: bytes) -> str:
    """Return a PNG as a data address."""
    return f"data:image/png;base64,{base64.b64encode(picture).decode('ascii')}"


def _own_figure(payload: ProtectedPayload) -> str:
    """Return a researcher's own figure, or why it is left out."""
    if payload.figure is None:
        shown = '<p class="cx-empty">The figure is left out of this edition: it would show groups that are hidden.</p>'
    else:
        across, down = _size(base64.b64decode(payload.figure))
        source = f'src="data:image/png;base64,{payload.figure}" width="{across}" height="{down}"'
        shown = f'<img class="cx-picture" alt="{escaped(words.alt(payload))}" {source}>'
    return f"{_finding(payload)}{shown}{_data(payload)}{_caption(payload)}"


def _size(picture: bytes) -> tuple[int, int]:
    """Return how large a PNG of double density is on the page."""
    from PIL import Image

    with Image.open(io.BytesIO(picture)) as image:
        return image.width // SCALE, image.height // SCALE


def _table(payload: ProtectedPayload) -> str:
    """Return a table with its finding and caption, folded away where the finding is enough for most."""
    rows = len(payload.grid.rows)
    folded = payload.arguments.get("folded") or (payload.finding and rows > LONG_TABLE)
    table = _data(payload, f"All {rows} rows") if folded else tables.table(payload)
    return f"{_finding(payload)}{table}{_caption(payload)}"


def _crosstab(payload: ProtectedPayload) -> str:
    """Return a question by a banner under its name, with its finding and base."""
    name = f'<p class="cx-question">{escaped(payload.caption)}</p>' if payload.caption else ""
    below = _caption(replace(payload, caption=""))
    return f"{name}{_finding(payload)}{crosstab_table(payload)}{below}"


def _sentence(payload: ProtectedPayload) -> str:
    """Return a sentence under its caption: that of `finding`, else those of the column `sentence`."""
    label = f"<figcaption>{escaped(payload.caption)}</figcaption>" if payload.caption else ""
    frame = payload.to_frame()
    if payload.finding or "sentence" not in frame.columns:
        record = frame.iloc[0].to_dict() if len(frame) else {}
        return label + _finding(payload) + _below(_link(record))
    return label + "".join(_stressed(text) for text in frame["sentence"].dropna())


def _headline(payload: ProtectedPayload) -> str:
    """Return a card: name, value, interval, then change, verdict, target and base."""
    frame = payload.to_frame()
    if frame.empty:
        return f'{_finding(payload)}<p class="cx-empty">There is nothing to report.</p>{_caption(payload)}'
    record, arguments = frame.iloc[0].to_dict(), words.arguments_of(payload)
    unit = findings.unit_of(record, arguments)
    if frames.is_change(frame):
        record |= {"change": record["estimate"], "estimate": record["current"], "conf_low": None, "conf_high": None}
    name = escaped(findings.metric_name(record, arguments, payload.labels))
    is_known = not pd.isna(record["estimate"])
    value = escaped(findings.level_of(record["estimate"], unit, arguments)) if is_known else "not reported"
    limits = ""
    if record.get("conf_low") is not None and not pd.isna(record["conf_low"]):
        level = say.number(arguments.get("conf_level", DEFAULT_LEVEL), "share")
        between = say.interval(record["conf_low"], record["conf_high"], unit)
        limits = f'<span class="cx-range">{escaped(between)} <small>{level} interval</small></span>'
    big = f'<p class="cx-big"><span class="cx-name">{name}</span> <span class="cx-value">{value}</span> {limits}</p>'
    return (
        f'<div class="cx-card">{big}{_card_facts(record, arguments, unit)}</div>{_finding(payload)}{_caption(payload)}'
    )


def _card_facts(record: dict[str, Any], arguments: dict[str, Any], unit: str) -> str:
    """Return the facts beside the big number."""
    found: list[tuple[str, str]] = []
    change, verdict = record.get("change"), record.get("verdict")
    before = findings.period_of(record, arguments, "compare_to")
    if change is not None and not pd.isna(change):
        moved = say.number(change, say.unit_of_change(unit), signed=True)
        found.append((f"Change on {before}" if before else "Change", escaped(moved)))
    if isinstance(verdict, str) and verdict:
        found.append(("Verdict", _state(verdict)))
    target = record.get("target", arguments.get("target"))
    if target is not None and not pd.isna(target):
        met = record.get("target_verdict")
        state = f" {_state(met)}" if isinstance(met, str) and met else ""
        found.append(("Target", escaped(findings.level_of(float(target), unit, arguments)) + state))
    if base := findings.answers_of(record):
        found.append(("Base", escaped(base.removesuffix("."))))
    return _pairs(found)


def _state(word: str) -> str:
    """Return a verdict with its sign, so that it does not hang on colour."""
    name, sign = STATES.get(word, NEUTRAL)
    return f'<span class="cx-state cx-{name}"><span aria-hidden="true">{sign}</span> {escaped(word)}</span>'


def _pairs(found: list[tuple[str, str]]) -> str:
    """Return pairs of label and value; values are HTML."""
    rows = "".join(f"<div><dt>{escaped(name)}</dt><dd>{value}</dd></div>" for name, value in found)
    return f'<dl class="cx-facts">{rows}</dl>'


def _facts(payload: ProtectedPayload) -> str:
    """Return a strip of labels and values: the first two columns."""
    frame = payload.to_frame()
    values = [
        say.number(float(value), "count") if isinstance(value, int | float) and not pd.isna(value) else value
        for value in frame.iloc[:, 1]
    ]
    shown = [say.DASH if pd.isna(value) else say.period_label(str(value)) for value in values]
    pairs = [(say.level("fact", name), escaped(value)) for name, value in zip(frame.iloc[:, 0], shown, strict=True)]
    return f"{_finding(payload)}{_pairs(pairs)}{_caption(payload)}"


def _findings(payload: ProtectedPayload) -> str:
    """Return a list of findings, each with its owner and a link to where it stands."""
    frame = payload.to_frame()
    rows = frame[~frames.is_hidden(frame)].to_dict("records")
    items = "".join(f"<li>{_item(record, payload)}</li>" for record in rows)
    if not items:
        return f'<p class="cx-empty">{_nothing(payload)}</p>{_caption(payload)}'
    # One finding needs no number.
    kind = "ol" if len(rows) > 1 else "ul"
    return f'{_finding(payload)}<{kind} class="cx-findings">{items}</{kind}>{_caption(payload)}'


def _item(record: dict[str, Any], payload: ProtectedPayload) -> str:
    """Return one finding."""
    sentence = record.get("sentence")
    if not isinstance(sentence, str):
        sentence = words.finding_of_row(record, words.arguments_of(payload), payload.labels)
    first, *rest = SENTENCE_END.split(sentence, maxsplit=1)
    text = f"<strong>{escaped(first)}</strong>{''.join(f' {escaped(more)}' for more in rest)}"
    about = record.get("about")
    below = _below(escaped(about) if isinstance(about, str) else "", _owner(record), _link(record))
    return f"<p>{_sign(record.get('news'))}{text}</p>{below}"


def _nothing(payload: ProtectedPayload) -> str:
    """Return why a list of findings is empty."""
    if "news" in payload.grid.columns:
        return "No finding is supported by the data."
    compared = payload.provenance.get("compare_to")
    return "No change is supported by the data." if compared else "There is no earlier period to compare with."


def _sign(news: Any) -> str:
    """Return the sign of a win, a problem or something to act on, "" for anything else."""
    if news not in NEWS:
        return ""
    name, sign = STATES.get(news, NEUTRAL)
    return f'<span class="cx-state cx-{name}" title="{NEWS[news]}" role="img" aria-label="{NEWS[news]}">{sign}</span> '


def owner_file(owner: str) -> str:
    """Return the name of an owner's page.

    Examples
    --------
    >>> owner_file("Product management")
    'owner-product-management.html'
    """
    return f"owner-{slug(owner) or 'unnamed'}.html"


def _owner(record: dict[str, Any]) -> str:
    """Return who answers for a row, with a link to the owner's page."""
    owner = record.get("owner")
    if not isinstance(owner, str) or not owner:
        return "Owner: not named" if "owner" in record and "news" in record else ""
    name = escaped(owner)
    return f'Owner: <a href="{owner_file(owner)}">{name}</a>' if "news" in record else f"Owner: {name}"


def _link(record: dict[str, Any]) -> str:
    """Return a link to where a row stands."""
    link = record.get("link") or (f"{record['page']}.html#{record['key']}" if record.get("page") else "")
    is_link = isinstance(link, str) and link and A_LINK.fullmatch(link)
    return f'<a href="{link}">Where it stands</a>' if is_link else ""


def _below(*parts: str) -> str:
    """Return the small line under a sentence."""
    told = " · ".join(part for part in parts if part)
    return f'<p class="cx-meta">{told}</p>' if told else ""


CONTENTS: dict[str, Callable[[ProtectedPayload], str]] = {
    "table": _table,
    "headline": _headline,
    "findings": _findings,
    "facts": _facts,
    "sentence": _sentence,
    "crosstab": _crosstab,
    "figure": _own_figure,
}
