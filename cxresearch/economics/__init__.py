"""What loyalty is worth in money: who stays, what customers bring while they do, what new ones cost.

- `retention`, `survival`, `months_kept`, `group_test` and `hazard_ratios` tell who stays after an answer.
- `lifetime_value` values customers who sign and cancel; `transactions`, `bg_nbd`, `gamma_gamma`, `customer_value` and
  `purchase_value` those who buy when they like. Each is refused for the other business.
- `acquisition_cost` is what a new customer costs, `unit_economics` sets value beside it.
- `revenue_at_risk` and `high_impact_at_risk` tell how much of a year's revenue is expected to leave.
"""

from cxresearch.economics.acquisition import acquisition_cost, unit_economics
from cxresearch.economics.at_risk import high_impact_at_risk, revenue_at_risk
from cxresearch.economics.bgnbd import BgNbd, GammaGamma, bg_nbd, customer_value, gamma_gamma
from cxresearch.economics.hazards import hazard_ratios
from cxresearch.economics.lifetime_value import lifetime_value
from cxresearch.economics.retention import group_test, months_kept, retention, survival
from cxresearch.economics.transactions import purchase_value, transactions

__all__ = [
    "BgNbd",
    "GammaGamma",
    "acquisition_cost",
    "bg_nbd",
    "customer_value",
    "gamma_gamma",
    "group_test",
    "hazard_ratios",
    "high_impact_at_risk",
    "lifetime_value",
    "months_kept",
    "purchase_value",
    "retention",
    "revenue_at_risk",
    "survival",
    "transactions",
    "unit_economics",
]
