"""Weights: for whom the answers speak. Raking, calibration, replicates, response propensity, the weights of a study."""

from cxresearch.weights.calibrated import calibrate, calibrated_mean
from cxresearch.weights.margins import margins_from
from cxresearch.weights.nonresponse import nonresponse_range
from cxresearch.weights.of_study import StudyWeights, study_weights, weighting
from cxresearch.weights.propensity import Propensity, response_propensity
from cxresearch.weights.raked import Raked, post_stratify, rake
from cxresearch.weights.replicates import Replicates, replicate_estimate, replicate_weights

__all__ = [
    "Propensity",
    "Raked",
    "Replicates",
    "StudyWeights",
    "calibrate",
    "calibrated_mean",
    "margins_from",
    "nonresponse_range",
    "post_stratify",
    "rake",
    "replicate_estimate",
    "replicate_weights",
    "response_propensity",
    "study_weights",
    "weighting",
]
