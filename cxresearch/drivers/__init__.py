"""Drivers: what moves a score, how much of it each rating carries, and what each adds of its own.

- `importance` shares R² among the drivers, with intervals, ranks and β beside.
- `prepare` tells what does not apply from what was not shown or refused, counts each and makes the answers complete;
  `importance_of` pools over its completed copies.
- `penalty_reward` finds the moments of truth: what a low rating costs, and what a high one gains.
"""

from cxresearch.drivers.importance import Importance, importance
from cxresearch.drivers.penalty_reward import penalty_reward
from cxresearch.drivers.pooling import importance_of
from cxresearch.drivers.prepared import Prepared, prepare

__all__ = ["Importance", "Prepared", "importance", "importance_of", "penalty_reward", "prepare"]
