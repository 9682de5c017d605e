"""Questions: market research inserted into the continuous survey, from the bank to the result.

- `bank` reads what may be asked, and who gets which; `lint` looks for weak words; `blocks` balances what goes together.
- `plan` says for a wave who is asked what, how many answers that takes and brings, and what it costs.
- `van_westendorp`, `maxdiff`, `turf` and `kano` analyse the answers of their kind.
"""

from cxresearch.questions.answers import Answers, answers
from cxresearch.questions.bank import bank
from cxresearch.questions.blocks import BlockDesign, blocks
from cxresearch.questions.kano import Kano, kano
from cxresearch.questions.maxdiff import MaxDiff, maxdiff
from cxresearch.questions.plan import Plan, plan
from cxresearch.questions.precision import answers_needed
from cxresearch.questions.turf import Turf, turf
from cxresearch.questions.van_westendorp import PriceMeter, van_westendorp
from cxresearch.questions.wording import lint

__all__ = [
    "BlockDesign",
    "Kano",
    "MaxDiff",
    "Plan",
    "PriceMeter",
    "Turf",
    "answers_needed",
    "bank",
    "blocks",
    "kano",
    "lint",
    "maxdiff",
    "plan",
    "turf",
    "van_westendorp",
]
