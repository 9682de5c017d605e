"""Closed loop: whom to come back to, whether coming back helps, and what initiatives did.

- `action_list` names customers to come back to, by the rules of the study file; `action_file` writes it.
- `recovery` follows detractors who were contacted, beside those who would have come back anyway.
- `initiative` and `initiatives` ask what a change did, beside the levels that it did not touch.
"""

from cxresearch.closed_loop.actions import ActionList, action_list
from cxresearch.closed_loop.initiatives import Evidence, initiative, initiatives
from cxresearch.closed_loop.recovery import Recovery, recovery

__all__ = ["ActionList", "Evidence", "Recovery", "action_list", "initiative", "initiatives", "recovery"]
