"""Segments: how groups of customers differ, and what a change of the whole is made of."""

from cxresearch.segments.comparison import compare
from cxresearch.segments.crosstab import Crosstab, crosstab
from cxresearch.segments.screening import screen

__all__ = ["Crosstab", "compare", "crosstab", "screen"]
