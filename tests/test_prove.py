"""Estimators held to planted truth: a quick slice here, the long ones in `make prove`; and claims that can fail."""

import numpy as np
import pytest

from cxresearch import metrics
from cxresearch.prove import CHECKS, Claim, run
from cxresearch.prove.claims import COVERAGE, TOLD, claim
from cxresearch.prove.nps import exact_coverage
from cxresearch.prove.validity import page
from cxresearch.prove.worlds import SHAPES, repeated, true_nps
from cxresearch.stats import intervals

# What the rulings ask to be reported, without a bound: how noise bends an estimate.
REPORTED_ONLY = ("drivers-noisy", "revenue-noisy", "initiatives-drifting", "initiatives-series")


@pytest.mark.parametrize("name", CHECKS)
def test_what_is_claimed_holds(name):
    found = run(name, quick=True)
    assert [claim for claim in found if not claim.held] == []
    assert all(claim.bounds == TOLD for claim in found) == (name in REPORTED_ONLY)


def test_a_check_would_see_repeats_that_are_ignored():
    rng, shares = np.random.default_rng(12), SHAPES["50/30/20"]
    frames = [metrics.nps(repeated(rng, shares, 0.8).drop(columns="customer_id")) for _ in range(200)]
    held = (frame["conf_low"].iloc[0] <= true_nps(shares) <= frame["conf_high"].iloc[0] for frame in frames)
    assert not claim("NPS", "held", "repeats ignored", held, COVERAGE).held


def test_an_enumeration_would_see_the_plain_interval():
    def plain(p, d, n):
        return intervals.wald(p - d, np.sqrt((p + d - (p - d) ** 2) / n))

    assert not Claim("NPS", "held", "", 0, exact_coverage(0.9, 0.05, 10, plain), COVERAGE).held


@pytest.mark.parametrize(
    ("share", "bounds", "runs", "held"),
    [
        (0.90, COVERAGE, 2000, False),
        (0.92, COVERAGE, 2000, True),
        (0.99, COVERAGE, 2000, False),
        (0.06, (0.0, 0.05), 0, False),
        (0.3, TOLD, 500, True),
    ],
)
def test_a_claim_keeps_its_bounds_within_two_monte_carlo_errors(share, bounds, runs, held):
    assert Claim("NPS", "", "", runs, share, bounds).held == held


def test_the_page_says_what_did_not_hold():
    text = page([Claim("NPS", "held", "w", 2000, 0.5, COVERAGE), Claim("NPS", "told", "w", 2000, 0.5, TOLD)])
    assert "**not held**" in text
    assert text.count("## NPS") == 1
