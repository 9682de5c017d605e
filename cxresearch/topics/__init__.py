"""Topics: what customers say in their own words, by one scorer that stays the same.

- `prepare` tells what of the texts can be modelled; `fit` finds topics, `load` reads a saved model.
- `assign` scores any texts by the frozen model.
"""

from cxresearch.topics.model import fit
from cxresearch.topics.scorer import assign
from cxresearch.topics.text import Prepared, prepare
from cxresearch.topics.topic_model import TopicModel, load

__all__ = ["Prepared", "TopicModel", "assign", "fit", "load", "prepare"]
