"""The summary: what a run found, on a page that a board reads in two minutes and a reviewer in twenty.

- `recorded` gives what the other pages of the run found, protected; all else here is made from it.
- `headline`, `findings` with `first_screen`, `also` and `revenue` say what was found and how much of it counts.
- `targets`, `topics`, `initiatives` and `actions` say what stands with whose name.
- `facts`, `checklist`, `refusals` are what a reviewer asks.
"""

from cxresearch.summary.also import also
from cxresearch.summary.checklist import checklist
from cxresearch.summary.facts import facts
from cxresearch.summary.findings import findings, first_screen
from cxresearch.summary.headline import headline, revenue
from cxresearch.summary.owned import actions, initiatives, targets, topics
from cxresearch.summary.recorded import Recorded, recorded
from cxresearch.summary.refusals import refusals

__all__ = [
    "Recorded",
    "actions",
    "also",
    "checklist",
    "facts",
    "findings",
    "first_screen",
    "headline",
    "initiatives",
    "recorded",
    "refusals",
    "revenue",
    "targets",
    "topics",
]
