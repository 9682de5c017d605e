"""Drivers: what moves a score, how much of it each rating carries, and what each adds of its own.

- `importance` shares R² among the drivers, with intervals, ranks and β beside.
- `prepare` tells what does not apply from what was not shown or refused, counts each and makes the answers complete;
  `importance_of` pools over its completed copies, `findings` puts what is to be said in one row a driver.
- `penalty_reward` finds the moments of truth: what a low rating costs, and what a high one gains.
- `checks`, `reliability`, `sensitivity` and `stability` say how far to believe it.
"""

from cxresearch.drivers.checks import Checks, checks
from cxresearch.drivers.findings import findings, group_shares
from cxresearch.drivers.importance import Importance, importance
from cxresearch.drivers.penalty_reward import penalty_reward
from cxresearch.drivers.plan import plan_against_done
from cxresearch.drivers.pooling import importance_of
from cxresearch.drivers.prepared import Prepared, over_periods, prepare
from cxresearch.drivers.reliability import Reliability, reliability
from cxresearch.drivers.sensitivity import Stability, sensitivity, stability

__all__ = [
    "Checks",
    "Importance",
    "Prepared",
    "Reliability",
    "Stability",
    "checks",
    "findings",
    "group_shares",
    "importance",
    "importance_of",
    "over_periods",
    "penalty_reward",
    "plan_against_done",
    "prepare",
    "reliability",
    "sensitivity",
    "stability",
]
