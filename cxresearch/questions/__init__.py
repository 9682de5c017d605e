"""Questions: market research inserted into the continuous survey, from the bank to the result.

- `bank` reads what may be asked, and who gets which; `lint` looks for weak words; `blocks` balances what goes together.
- `plan` says for a wave who is asked what, how many answers that takes and brings, and what it costs.
- `insertion_effect` tells what modules do to the survey that carries them, `sample_ratio` whether the arms were dealt
  as planned; `action_list` is the only way from answers to actions on customers, and no research goes through it.
- `answers` matches the answers to responses, `flow` counts every loss on the way, `estimate` analyses one question,
  for everyone or by group; `differences` tests groups, `crossed` two questions, `population` says for whom they speak.
- `export` writes the questions for LimeSurvey, SurveyJS, Qualtrics, DDI and Triple-S; `maxdiff_design` makes tasks.
- `van_westendorp`, `maxdiff`, `turf` and `kano` analyse the answers of their kind.
"""

from cxresearch.questions.answers import Answers, answers
from cxresearch.questions.bank import bank
from cxresearch.questions.blocks import BlockDesign, blocks
from cxresearch.questions.crossed import crossed
from cxresearch.questions.estimate import Estimate, differences, estimate, population
from cxresearch.questions.export import Export, export
from cxresearch.questions.flow import Flow, flow
from cxresearch.questions.guard import ActionList, action_list, service_columns
from cxresearch.questions.insertion import insertion_effect
from cxresearch.questions.kano import Kano, kano
from cxresearch.questions.maxdiff import MaxDiff, maxdiff
from cxresearch.questions.maxdiff_design import MaxDiffDesign, maxdiff_design
from cxresearch.questions.plan import Plan, plan
from cxresearch.questions.precision import answers_needed
from cxresearch.questions.sample_ratio import SampleRatio, sample_ratio
from cxresearch.questions.turf import Turf, turf
from cxresearch.questions.van_westendorp import PriceMeter, van_westendorp
from cxresearch.questions.wording import lint

__all__ = [
    "ActionList",
    "Answers",
    "BlockDesign",
    "Estimate",
    "Export",
    "Flow",
    "Kano",
    "MaxDiff",
    "MaxDiffDesign",
    "Plan",
    "PriceMeter",
    "SampleRatio",
    "Turf",
    "action_list",
    "answers",
    "answers_needed",
    "bank",
    "blocks",
    "crossed",
    "differences",
    "estimate",
    "export",
    "flow",
    "insertion_effect",
    "kano",
    "lint",
    "maxdiff",
    "maxdiff_design",
    "plan",
    "population",
    "sample_ratio",
    "service_columns",
    "turf",
    "van_westendorp",
]
