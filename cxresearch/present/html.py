"""A protected payload as an accessible HTML fragment, for JupyterLab and for the page."""

from functools import cache
from pathlib import Path

from cxresearch.present import words
from cxresearch.present.payload import ProtectedPayload
from cxresearch.present.tables import escaped, table


@cache
def stylesheet() -> str:
    """Return the house style: design tokens and components."""
    return Path(__file__).with_name("style.css").read_text(encoding="utf-8")


def fragment(payload: ProtectedPayload) -> str:
    """Return a protected payload as a `<figure>`.

    Raises
    ------
    TypeError
        If the payload is not protected.
    """
    if not isinstance(payload, ProtectedPayload):
        raise TypeError(f"fragment: found a {type(payload).__name__}; only what disclosure.protect returns is drawn.")
    sentence = escaped(words.finding(payload))
    finding = f'<p class="cx-finding">{sentence}</p>' if sentence else ""
    caption = f"<figcaption>{escaped(payload.caption)}</figcaption>"
    return f'<figure class="cx cx-{payload.kind}" id="{payload.key}">{finding}{table(payload)}{caption}</figure>'
