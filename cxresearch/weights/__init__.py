"""Weights: for whom the answers speak. Raking, calibration, replicates, response propensity, the weights of a study."""

from cxresearch.weights.calibrated import calibrate, calibrated_mean
from cxresearch.weights.margins import margins_from
from cxresearch.weights.raked import Raked, post_stratify, rake

__all__ = [
    "Raked",
    "calibrate",
    "calibrated_mean",
    "margins_from",
    "post_stratify",
    "rake",
]
