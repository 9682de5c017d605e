"""Metrics with their intervals: of a frame of answers, and of a study and its periods.

- `nps`, `csat`, `ces`, `fcr`, `top_box`, `top_2_box`, `low_effort`, `mean`, `total`, `proportion` take answers.
- `scorecard`, `trend`, `by_segment`, `touchpoints`, `distribution`, `change`, `change_by_segment` take a study.
- `minimum_detectable_change` tells what a survey of a given size could find.
"""

from cxresearch.metrics.benchmarks import benchmark
from cxresearch.metrics.changes import change, change_by_segment
from cxresearch.metrics.estimates import (
    ces,
    conversion,
    csat,
    expectation_met,
    fcr,
    low_effort,
    mean,
    negative_word_of_mouth,
    nps,
    proportion,
    top_2_box,
    top_box,
    total,
)
from cxresearch.metrics.power import minimum_detectable_change
from cxresearch.metrics.rates import completion_rate, response_rate
from cxresearch.metrics.reliability import alpha
from cxresearch.metrics.significance import nps_test
from cxresearch.metrics.sources import breaks
from cxresearch.metrics.study_tables import by_segment, distribution, of_study, scorecard, touchpoints, trend
from cxresearch.metrics.value import by_value

__all__ = [
    "alpha",
    "benchmark",
    "breaks",
    "by_segment",
    "by_value",
    "ces",
    "change",
    "change_by_segment",
    "completion_rate",
    "conversion",
    "csat",
    "distribution",
    "expectation_met",
    "fcr",
    "low_effort",
    "mean",
    "minimum_detectable_change",
    "negative_word_of_mouth",
    "nps",
    "nps_test",
    "of_study",
    "proportion",
    "response_rate",
    "scorecard",
    "top_2_box",
    "top_box",
    "total",
    "touchpoints",
    "trend",
]
