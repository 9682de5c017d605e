"""Closed loop: whom to come back to, whether coming back helps, and what initiatives did."""

from cxresearch.closed_loop.actions import ActionList, action_list
from cxresearch.closed_loop.recovery import Recovery, recovery

__all__ = ["ActionList", "Recovery", "action_list", "recovery"]
