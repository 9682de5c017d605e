"""Closed loop: whom to come back to, whether coming back helps, and what initiatives did."""

from cxresearch.closed_loop.actions import ActionList, action_list

__all__ = ["ActionList", "action_list"]
