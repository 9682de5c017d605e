"""Revenue: what loyalty is worth, and how far the data can tell.

- `ledger` is what each customer paid in each month with us; `revenue_between` sums it around a date.
"""

from cxresearch.revenue.ledger import covered_months, ledger, revenue_between

__all__ = ["covered_months", "ledger", "revenue_between"]
