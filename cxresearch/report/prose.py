"""Markdown of notebooks and method notes as HTML that cannot run, load or lead anywhere outside the report."""

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import mistune

from cxresearch.schema import METRICS

PLUGINS = ["table", "strikethrough"]
METHOD_HEADING = re.compile(r"^## +([a-z0-9-]+)(?:[ :]+(.+?))? *$", re.MULTILINE)
OUTSIDE = re.compile(r"^(?:[a-z][a-z0-9+.-]*:|//)", re.IGNORECASE)
WEB = re.compile(r"^https?://", re.IGNORECASE)
# What a reader cannot see: control characters, and those that turn the direction of a text or part it unseen.
UNSEEN = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u200b\u202a-\u202e\u2066-\u2069]")


class _Renderer(mistune.HTMLRenderer):
    """Escape raw HTML, and write outside addresses out instead of linking them."""

    def __init__(self) -> None:
        super().__init__(escape=True)

    def heading(self, text: str, level: int, **attributes: Any) -> str:
        """Return a heading below those of the page and its sections, which are not made here."""
        return f"<h{max(level, 3)}>{text}</h{max(level, 3)}>\n"

    def link(self, text: str, url: str, title: str | None = None) -> str:
        """Return a link within the report, or the text with its address where it leads out."""
        if OUTSIDE.match(url):
            address = mistune.escape(WEB.sub("", url)) if WEB.match(url) else ""
            return text if address in ("", WEB.sub("", text)) else f'{text} <span class="address">({address})</span>'
        return f'<a href="{mistune.escape(url)}">{text}</a>'

    def image(self, text: str, url: str, title: str | None = None) -> str:
        """Return an image's description: a report shows no picture that it did not draw."""
        return mistune.escape(text)

    def block_code(self, code: str, info: str | None = None) -> str:
        """Return a code block that can be scrolled by keyboard."""
        return f'<pre tabindex="0"><code>{mistune.escape(code)}</code></pre>\n'


@dataclass(frozen=True)
class Method:
    """A section of `docs/methods.md`: its id, its title and its text as HTML."""

    id: str
    title: str
    html: str


def prose(markdown: str) -> str:
    """Return Markdown as HTML; raw HTML in it is shown as the text it is.

    Examples
    --------
    >>> prose("*Who* <script>asks</script>, [see](https://example.com/a)?").strip()
    '<p><em>Who</em> &lt;script&gt;asks&lt;/script&gt;, see <span class="address">(example.com/a)</span>?</p>'
    """
    html = mistune.create_markdown(renderer=_Renderer(), plugins=PLUGINS)(UNSEEN.sub("", markdown))
    return _scrollable_tables(str(html))


def inline(markdown: str) -> str:
    """Return one line of Markdown as HTML without a paragraph around it.

    Examples
    --------
    >>> inline("What *drives* NPS & churn?")
    'What <em>drives</em> NPS &amp; churn?'
    """
    return prose(markdown).strip().removeprefix("<p>").removesuffix("</p>")


def anchor(text: str) -> str:
    """Return a heading as an id.

    Examples
    --------
    >>> anchor("Which plans *differ*?")
    'which-plans-differ'
    """
    return re.sub(r"[^a-z0-9]+", "-", text.lower()).strip("-") or "untitled"


def read_methods(path: Path) -> dict[str, Method]:
    """Return the method notes by id; each begins with a line `## id` or `## id: Title`.

    Parameters
    ----------
    path
        `docs/methods.md`; {} where there is none.
    """
    if not path.is_file():
        return {}
    parts = METHOD_HEADING.split(path.read_text(encoding="utf-8"))[1:]
    found = zip(parts[::3], parts[1::3], parts[2::3], strict=True)
    return {name: Method(name, title or _spelt(name), prose(text)) for name, title, text in found}


def _spelt(name: str) -> str:
    """Return an id as a title."""
    return name.upper() if name in METRICS else name.replace("-", " ").capitalize()


def _scrollable_tables(html: str) -> str:
    """Wrap tables so that they, not the page, scroll on a phone."""
    opened = html.replace("<table>", '<div class="scroll" tabindex="0" role="region" aria-label="Table"><table>')
    return opened.replace("</table>", "</table></div>")
