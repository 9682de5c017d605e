"""Questions: market research inserted into the continuous survey, from the bank to the result.

- `bank` reads what may be asked, and who gets which.
- `van_westendorp`, `maxdiff`, `turf` and `kano` analyse the answers of their kind.
"""

from cxresearch.questions.bank import bank
from cxresearch.questions.kano import Kano, kano
from cxresearch.questions.maxdiff import MaxDiff, maxdiff
from cxresearch.questions.turf import Turf, turf
from cxresearch.questions.van_westendorp import PriceMeter, van_westendorp

__all__ = ["Kano", "MaxDiff", "PriceMeter", "Turf", "bank", "kano", "maxdiff", "turf", "van_westendorp"]
