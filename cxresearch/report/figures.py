"""The figures of a tier as files for slides and documents: PNG of twice the size and SVG, light and dark."""

import base64
import re
from collections.abc import Iterator, Mapping, Sequence
from xml.sax.saxutils import escape

from cxresearch.present import labels as say
from cxresearch.present import words
from cxresearch.present.payload import ProtectedPayload
from cxresearch.report.draw import Drawing

FIGURES, DARK = "figures", "dark"
OPENING = re.compile(rb"(<svg\b[^>]*)>")


def figure_files(payloads: Sequence[ProtectedPayload], drawings: Mapping[str, Drawing]) -> dict[str, bytes]:
    """Return figures by their path: `figures/<page>--<key>.png` and `.svg`, the dark ones in `figures/dark/`.

    Parameters
    ----------
    payloads
        The protected results of a tier.
    drawings
        What each of them looks like, by `notebook/key`.
    """
    return {
        path: data
        for payload in payloads
        if payload.source in drawings
        for path, data in _of_payload(payload, drawings[payload.source])
    }


def _of_payload(payload: ProtectedPayload, drawn: Drawing) -> Iterator[tuple[str, bytes]]:
    """Yield the files of one figure."""
    stem = f"{payload.provenance['notebook']}--{payload.key}"
    if payload.figure:
        yield f"{FIGURES}/{stem}.png", base64.b64decode(payload.figure)
    for name, data in drawn.files.items():
        variant, _, ending = name.removeprefix(payload.key).rpartition(".")
        folder = f"{FIGURES}/{DARK}" if variant else FIGURES
        yield f"{folder}/{stem}.{ending}", described(data, payload) if ending == "svg" else data


def described(picture: bytes, payload: ProtectedPayload) -> bytes:
    """Return an SVG that says what it shows: its title and, for those who do not see it, its description.

    Parameters
    ----------
    picture
        As it is drawn.
    payload
        The protected result that it shows.
    """
    title, told = (escape(say.clean(text)) for text in (payload.caption or payload.key, words.alt(payload)))
    inside = f"<title>{title}</title><desc>{told}</desc>".encode()
    return OPENING.sub(lambda opening: opening[1] + b' role="img">' + inside, picture, count=1)
