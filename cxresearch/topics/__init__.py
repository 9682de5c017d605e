"""Topics: what customers say in their own words, by one scorer that stays the same.

- `prepare` tells what of the texts can be modelled; `fit` finds topics, `load` reads a saved model.
- `assign` scores any texts by the frozen model; `stability` tells which topics come out again.
- `mentions` says what each comment of a study names, by the model, the codebook and people's own coding; `shares`,
  `changes`, `shares_by_segment`, `impact`, `severity`, `revenue_at_risk`, `sentiment` and `new_topics` rest on it.
"""

from cxresearch.topics.agreement import agreement, krippendorff_alpha
from cxresearch.topics.codebook import apply_codebook, read_codebook, write_codebook
from cxresearch.topics.coding import accuracy, sample
from cxresearch.topics.corrected import corrected_change, corrected_shares
from cxresearch.topics.emerging import emerging
from cxresearch.topics.feedback import feedback_shares
from cxresearch.topics.impact import impact
from cxresearch.topics.lifecycle import Lifecycle, lifecycle
from cxresearch.topics.mentions import Mentions
from cxresearch.topics.model import fit
from cxresearch.topics.news import new_topics
from cxresearch.topics.quotes import quotes
from cxresearch.topics.scorer import assign
from cxresearch.topics.sentiment import sentiment, sentiment_validity
from cxresearch.topics.severity import severity
from cxresearch.topics.shares import changes, commenters, shares, shares_by_segment, trend
from cxresearch.topics.stability import Stability, stability
from cxresearch.topics.study_mentions import hand_codes, mentions, steadiness, study_stability
from cxresearch.topics.text import Prepared, prepare
from cxresearch.topics.theme_map import topic_map
from cxresearch.topics.topic_model import TopicModel, load
from cxresearch.topics.track import drift_band, ledger
from cxresearch.topics.value import revenue_at_risk

__all__ = [
    "Lifecycle",
    "Mentions",
    "Prepared",
    "Stability",
    "TopicModel",
    "accuracy",
    "agreement",
    "apply_codebook",
    "assign",
    "changes",
    "commenters",
    "corrected_change",
    "corrected_shares",
    "drift_band",
    "emerging",
    "feedback_shares",
    "fit",
    "hand_codes",
    "impact",
    "krippendorff_alpha",
    "ledger",
    "lifecycle",
    "load",
    "mentions",
    "new_topics",
    "prepare",
    "quotes",
    "read_codebook",
    "revenue_at_risk",
    "sample",
    "sentiment",
    "sentiment_validity",
    "severity",
    "shares",
    "shares_by_segment",
    "stability",
    "steadiness",
    "study_stability",
    "topic_map",
    "trend",
    "write_codebook",
]
