"""Segments: how groups of customers differ, and what a change of the whole is made of.

- `compare` sets each group beside the rest, one level or every other; `screen` searches all segments and their pairs.
- `crosstab` tabulates questions by a banner of segments, `tab_book` those that a run file lists.
- `bridge` and `decompose` take a change apart, `waterfall` puts it in steps.
- `high_impact_against_rest` asks about the customers who pay most; `shrink` ranks many units.
"""

from cxresearch.segments.bridges import Bridge, bridge, decompose
from cxresearch.segments.comparison import compare
from cxresearch.segments.crosstabs import Crosstab, crosstab
from cxresearch.segments.high_impact import high_impact_against_rest
from cxresearch.segments.ranking import shrink
from cxresearch.segments.screening import screen
from cxresearch.segments.tab_book import tab_book
from cxresearch.segments.waterfall import waterfall

__all__ = [
    "Bridge",
    "Crosstab",
    "bridge",
    "compare",
    "crosstab",
    "decompose",
    "high_impact_against_rest",
    "screen",
    "shrink",
    "tab_book",
    "waterfall",
]
