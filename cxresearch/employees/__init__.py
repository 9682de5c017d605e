"""Employees: whether teams that are well make customers feel well.

- `link` relates the engagement of teams, period by period, to the scores of the customers whom they served.
- `teams` is what both surveys say of each team, and what of them had to be set aside.
"""

from cxresearch.employees.link import TeamLink, link
from cxresearch.employees.teams import Teams, teams

__all__ = ["TeamLink", "Teams", "link", "teams"]
