"""A sheet to draw on, measured in pixels of the page: text sizes, wrapping, axes, and bytes that never differ."""

import io
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache, lru_cache
from typing import Any

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg, RendererAgg
from matplotlib.figure import Figure
from matplotlib.font_manager import FontProperties
from PIL import Image

from cxresearch.present.palette import THEMES, Theme

DPI, SCALE, SCREEN_DPI = 100, 2, 96
POINTS = 72 / DPI
FONT = "DejaVu Sans"
# The page's column, and a phone's: a picture is never shrunk, so its text stays as large as the page's.
WIDTHS = {"wide": 720, "narrow": 350}
SMALL, NORMAL = 12, 13
LINE_HEIGHT = 1.35
# A picture of flat colours and smoothed text loses nothing that an eye sees with so many colours, and two thirds of
# its bytes.
COLOURS = 128
HASH_SALT = "cxresearch"
SETTINGS: dict[Any, Any] = {
    "font.family": FONT,
    "text.parse_math": False,
    "text.usetex": False,
    "svg.hashsalt": HASH_SALT,
    "svg.fonttype": "path",
    "axes.unicode_minus": True,
    "path.simplify": True,
}


@dataclass
class Canvas:
    """A sheet of a width in a theme; its height is set when everything has been measured.

    Parameters
    ----------
    theme
        Colours of text and ground.
    width
        Pixels of the page.
    """

    theme: Theme
    width: int
    height: int = 0
    figure: Figure = field(default_factory=Figure)

    @property
    def is_narrow(self) -> bool:
        """Whether the sheet is a phone's."""
        return self.width <= WIDTHS["narrow"]

    def set_height(self, height: float) -> None:
        """Set the height in pixels; before anything is drawn."""
        self.height = round(height)
        self.figure = Figure(figsize=(self.width / DPI, self.height / DPI), dpi=DPI, facecolor=self.theme.paper)
        FigureCanvasAgg(self.figure)

    def axes(self, left: float, top: float, right: float, bottom: float, **options: Any) -> Axes:
        """Return axes in a rectangle given by distances in pixels from the sheet's upper left corner."""
        rectangle = (left / self.width, 1 - bottom / self.height, (right - left) / self.width)
        found = self.figure.add_axes((*rectangle, (bottom - top) / self.height), facecolor="none", **options)
        found.tick_params(length=0, labelsize=SMALL * POINTS, colors=self.theme.ink_soft, pad=4)
        for side in found.spines.values():
            side.set_visible(False)
        found.set_axisbelow(True)
        return found

    def text(self, x: float, y: float, text: str, *, size: int = NORMAL, soft: bool = False, **options: Any) -> None:
        """Write text at a place in pixels from the upper left corner."""
        options = {"color": self.theme.ink_soft if soft else self.theme.ink, "va": "center", **options}
        self.figure.text(x / self.width, 1 - y / self.height, text, fontsize=size * POINTS, **options)


@lru_cache(maxsize=10_000)
def text_width(text: str, size: int = NORMAL, weight: str = "normal") -> float:
    """Return how wide a text is, in pixels.

    Examples
    --------
    >>> text_width("wide text") > text_width("text") > 0
    True
    """
    font = FontProperties(family=FONT, size=size * POINTS, weight=weight)
    with quiet():
        return _renderer().get_text_width_height_descent(text, font, False)[0] if text else 0.0


@cache
def _renderer() -> RendererAgg:
    """Return what measures texts."""
    return RendererAgg(1, 1, DPI)


def wrapped(text: str, width: float, size: int = NORMAL, weight: str = "normal") -> list[str]:
    """Return a text in lines no wider than so many pixels; a longer word is broken.

    Examples
    --------
    >>> wrapped("one two three", 60)
    ['one two', 'three']
    """
    lines = [""]
    for word in text.split(" "):
        longer = f"{lines[-1]} {word}".strip()
        if text_width(longer, size, weight) <= width:
            lines[-1] = longer
            continue
        if lines[-1]:
            lines.append("")
        for sign in word:
            if text_width(lines[-1] + sign, size, weight) > width and lines[-1]:
                lines.append("")
            lines[-1] += sign
    return lines


def height_of(lines: int, size: int = NORMAL) -> float:
    """Return the height of lines of text, in pixels."""
    return lines * size * LINE_HEIGHT


@contextmanager
def quiet() -> Iterator[None]:
    """Draw with the house settings, and without a warning for each sign that the house font lacks."""
    with mpl.rc_context(SETTINGS), warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="(?s)Glyph .* missing from", category=UserWarning)
        yield


def themed(theme: str) -> Theme:
    """Return a theme by name.

    Raises
    ------
    ValueError
        If it is neither `light` nor `dark`.
    """
    if theme not in THEMES:
        raise ValueError(f"draw: there is no theme {theme!r}; known are {', '.join(THEMES)}.")
    return THEMES[theme]


def painted(figure: Figure) -> Image.Image:
    """Return a figure, as `plots.draw` returns it, as a picture of twice its size in pixels."""
    figure.dpi = DPI * SCALE
    with quiet():
        painter = FigureCanvasAgg(figure)
        painter.draw()
        pixels = np.array(painter.buffer_rgba())
    figure.dpi = DPI
    return Image.fromarray(pixels).convert("RGB")


def png(picture: Image.Image, *, small: bool = False) -> bytes:
    """Return a picture as a PNG, the same bytes each time.

    Parameters
    ----------
    picture
        As `painted` returns it.
    small
        Use a palette of few colours, for pictures inside a page.
    """
    stream = io.BytesIO()
    if small:
        picture = _with_few_colours(picture)
    # Put on a slide, a picture is as large as on the page.
    # Not `optimize`: a tenth fewer bytes inside a page, hardly any in a file, and a fifth of the time of all drawing.
    picture.save(stream, format="PNG", **({} if small else {"dpi": (SCREEN_DPI * SCALE,) * 2}))
    return stream.getvalue()


def _with_few_colours(picture: Image.Image) -> Image.Image:
    """Return a picture with a palette, in which the ground keeps its exact colour."""
    few = picture.quantize(COLOURS, method=Image.Quantize.FASTOCTREE)
    ground, colours = int(np.asarray(few)[0, 0]), np.array(few.getpalette()).reshape(-1, 3)
    colours[ground] = np.asarray(picture)[0, 0]
    few.putpalette(colours.ravel().tolist())
    return few


def svg(figure: Figure) -> bytes:
    """Return a figure as SVG with its text as outlines, the same bytes each time."""
    stream = io.BytesIO()
    with quiet():
        figure.savefig(stream, format="svg", metadata={"Date": None, "Creator": None})
    return stream.getvalue()
