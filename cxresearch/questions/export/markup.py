"""Texts for platforms that read them as HTML and look for expressions in them."""

import html

__all__ = ["as_html"]

# What spreadsheets take for a formula when they open a file of cells.
FORMULA = "=+-@"
SPECIAL = "{}[]$\\\t"


def as_html(text: str) -> str:
    """Return plain text as HTML on one line, with nothing in it that a platform could take for code.

    Braces begin expressions in LimeSurvey, `${` piped text in Qualtrics and `[[` its tags: as character references they
    are shown and not run. Tabs, quotes and line ends are references or tags too, so that a cell needs no quoting.

    Examples
    --------
    >>> as_html('<b>"5 > 4"</b> {TOKEN}')
    '&lt;b&gt;&quot;5 &gt; 4&quot;&lt;/b&gt; &#123;TOKEN&#125;'
    """
    escaped = html.escape(text, quote=True).translate({ord(mark): f"&#{ord(mark)};" for mark in SPECIAL})
    # Readers of lines also end a line at these.
    for mark in ("\n", "\u2028", "\u2029", "\x85"):
        escaped = escaped.replace(mark, "<br>")
    if escaped[:1] and escaped[0] in FORMULA:
        return f"&#{ord(escaped[0])};{escaped[1:]}"
    # Cells are trimmed and must not vanish.
    return escaped.replace(" ", "&#32;", 1) if escaped.startswith(" ") else escaped
