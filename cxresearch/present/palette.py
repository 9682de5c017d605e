"""The house colours, in one place. style.css holds the same values as tokens; a test compares them."""

from dataclasses import dataclass

# Told apart by people with any colour vision (after Okabe and Ito), and by 3:1 against both papers.
SERIES = ("#2b7bba", "#cf5a1c", "#14917a", "#a465b5", "#a97c00", "#c8568c", "#6b7a8c")
MUTED_SERIES = "#838d99"
DETRACTOR, PASSIVE, PROMOTER = "#cf5a1c", MUTED_SERIES, "#14917a"


@dataclass(frozen=True)
class Theme:
    """The colours of text and ground in one theme.

    Parameters
    ----------
    ink, ink_soft
        Text, and text of lesser weight: 4.5:1 and more against `paper` and `muted`.
    paper, muted
        The ground, and a ground set off from it.
    line
        Rules and grids.
    accent, good, bad, warn
        Links and states: 4.5:1 and more against `paper` and `muted`.
    """

    ink: str
    ink_soft: str
    paper: str
    muted: str
    line: str
    accent: str
    good: str
    bad: str
    warn: str


THEMES = {
    "light": Theme("#1b2430", "#55606e", "#ffffff", "#f3f5f8", "#d5dae1", "#0b63a5", "#11734b", "#b3372b", "#8a5a00"),
    "dark": Theme("#e6e9ee", "#a9b2bd", "#14181f", "#1d232c", "#39424e", "#6cb6ff", "#4cc38a", "#ff8a76", "#e0a93b"),
}
