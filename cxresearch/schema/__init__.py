"""What study and run files may say: the models that check them. No pandas."""

from cxresearch.schema.columns import METRICS, SCORES, Column, column_type
from cxresearch.schema.runs import Run
from cxresearch.schema.studies import Disclosure, Segment, Study
from cxresearch.schema.tables import Choices, Design, Survey, Table

__all__ = [
    "METRICS",
    "SCORES",
    "Choices",
    "Column",
    "Design",
    "Disclosure",
    "Run",
    "Segment",
    "Study",
    "Survey",
    "Table",
    "column_type",
]
