"""The journey: how customers feel right after each encounter, and where they go from there.

- `overview` gives every metric at every touchpoint, `gaps` where nothing is measured, `emotion` an item of its own.
- `comparability` tells whether touchpoints were asked alike, `standardised` compares them at equal modes.
- `moments_of_truth` sets the NPS after bad and good experiences beside that after ordinary ones.
- `handled` and `handled_by_touchpoint` split by channel and by person or assistant; `consistency` tells the spread.
- `service` takes apart what settling, handling and waiting do.
- `transitions` and `score_changes` follow customers from one touchpoint to the next.
- `lifecycle` and `still_there` count who was billed, who stayed, who was kept; `encounters` is what most rests on.
"""

from cxresearch.journey.alike import comparability, standardised
from cxresearch.journey.encounters import encounters
from cxresearch.journey.handling import consistency, handled, handled_by_touchpoint
from cxresearch.journey.lifecycle import lifecycle, still_there
from cxresearch.journey.moments import moments_of_truth
from cxresearch.journey.overview import emotion, gaps, overview
from cxresearch.journey.service import service
from cxresearch.journey.transitions import score_changes, transitions

__all__ = [
    "comparability",
    "consistency",
    "emotion",
    "encounters",
    "gaps",
    "handled",
    "handled_by_touchpoint",
    "lifecycle",
    "moments_of_truth",
    "overview",
    "score_changes",
    "service",
    "standardised",
    "still_there",
    "transitions",
]
