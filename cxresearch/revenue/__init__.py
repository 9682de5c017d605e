"""Revenue: what loyalty is worth, and how far the data can tell.

- `customer_link` relates a customer's vote to revenue over the next months, and says who could not be linked.
- `lags`, `dose_response`, `two_part`, `specification_curve` and `robustness` try to break its headline.
- `ledger` is what each customer paid in each month with us; `revenue_between` sums it around a date.
- `plan_against_done` sets what was decided before beside what was done.
- `panel_link` is what a point of NPS of a segment is worth, quarter by quarter; `points_per_percent` turns a link
  into points for one per cent of revenue, beside the "7" in circulation.
- `what_if` goes from a raised rating to the NPS and on to money, with one bootstrap through both.
"""

from cxresearch.revenue.claim import points_per_percent
from cxresearch.revenue.customer import Link, customer_link
from cxresearch.revenue.dose import dose_response
from cxresearch.revenue.ledger import covered_months, ledger, revenue_between
from cxresearch.revenue.linked import Answers, linked_answers
from cxresearch.revenue.panel import PanelLink, panel_link
from cxresearch.revenue.placebo import lags
from cxresearch.revenue.plan import plan_against_done
from cxresearch.revenue.sensitivity import robustness
from cxresearch.revenue.specification import specification_choices, specification_curve
from cxresearch.revenue.two_part import two_part
from cxresearch.revenue.what_if import what_if

__all__ = [
    "Answers",
    "Link",
    "PanelLink",
    "covered_months",
    "customer_link",
    "dose_response",
    "lags",
    "ledger",
    "linked_answers",
    "panel_link",
    "plan_against_done",
    "points_per_percent",
    "revenue_between",
    "robustness",
    "specification_choices",
    "specification_curve",
    "two_part",
    "what_if",
]
