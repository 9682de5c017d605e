"""Segments: how groups of customers differ, and what a change of the whole is made of.

- `compare` sets each group beside the rest, one level or every other; `screen` searches all segments and their pairs.
- `crosstab` tabulates questions by a banner of segments, `tab_book` those that a run file lists.
- `bridge` and `decompose` take a change apart, `waterfall` puts it in steps.
- `high_impact_against_rest`, `high_impact_metrics` and `high_impact_gap` ask about the customers who pay most,
  `high_impact_revenue` what of their revenue detractors hold; `shrink` ranks many units.
"""

from cxresearch.segments.bridges import Bridge, bridge, decompose
from cxresearch.segments.comparison import compare
from cxresearch.segments.crosstabs import Crosstab, crosstab
from cxresearch.segments.high_impact import high_impact_against_rest
from cxresearch.segments.high_impact_gap import Gap, high_impact_gap, high_impact_metrics
from cxresearch.segments.high_impact_revenue import high_impact_revenue
from cxresearch.segments.ranking import shrink
from cxresearch.segments.screening import screen
from cxresearch.segments.tab_book import tab_book
from cxresearch.segments.waterfall import waterfall

__all__ = [
    "Bridge",
    "Crosstab",
    "Gap",
    "bridge",
    "compare",
    "crosstab",
    "decompose",
    "high_impact_against_rest",
    "high_impact_gap",
    "high_impact_metrics",
    "high_impact_revenue",
    "screen",
    "shrink",
    "tab_book",
    "waterfall",
]
