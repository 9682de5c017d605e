"""Drivers: what moves a score, how much of it each rating carries, and what each adds of its own.

- `importance` shares R² among the drivers, with intervals, ranks and β beside.
"""

from cxresearch.drivers.importance import Importance, importance

__all__ = ["Importance", "importance"]
