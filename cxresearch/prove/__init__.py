"""Every estimator held to planted truth: what is claimed, how often it held, and whether that is good enough.

`cxresearch prove` runs it all and writes `docs/validity.md`; the tests run a quick slice.
"""

from cxresearch.prove.checks import CHECKS, run
from cxresearch.prove.claims import Claim

__all__ = ["CHECKS", "Claim", "run"]
