"""Questions: market research inserted into the continuous survey, from the bank to the result.

- `van_westendorp`, `maxdiff`, `turf` and `kano` analyse the answers of their kind.
"""

from cxresearch.questions.kano import Kano, kano
from cxresearch.questions.maxdiff import MaxDiff, maxdiff
from cxresearch.questions.turf import Turf, turf
from cxresearch.questions.van_westendorp import PriceMeter, van_westendorp

__all__ = ["Kano", "MaxDiff", "PriceMeter", "Turf", "kano", "maxdiff", "turf", "van_westendorp"]
