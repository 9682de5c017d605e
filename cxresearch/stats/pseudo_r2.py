"""Pseudo-R²: how much better a model's likelihood is than that of the thresholds alone."""

from collections.abc import Callable

import numpy as np

from cxresearch.stats.design import Floats

__all__ = ["PSEUDO_R2"]


def mcfadden(fitted: Floats, null: Floats, n: Floats) -> Floats:
    """Return 1 - ℓ/ℓ₀ (McFadden 1974).

    Examples
    --------
    >>> round(mcfadden(-50.0, -100.0, 150), 3)
    0.5
    """
    return 1 - fitted / null


def cox_snell(fitted: Floats, null: Floats, n: Floats) -> Floats:
    """Return 1 - exp(2(ℓ₀ - ℓ)/n) (Cox & Snell 1989).

    Examples
    --------
    >>> round(float(cox_snell(-50.0, -100.0, 150)), 3)
    0.487
    """
    return -np.expm1(2 * (null - fitted) / n)


def nagelkerke(fitted: Floats, null: Floats, n: Floats) -> Floats:
    """Return Cox and Snell's over the largest it can be, 1 - exp(2ℓ₀/n) (Nagelkerke 1991).

    Examples
    --------
    >>> round(float(nagelkerke(-50.0, -100.0, 150)), 3)
    0.661
    """
    return cox_snell(fitted, null, n) / -np.expm1(2 * null / n)


def estrella(fitted: Floats, null: Floats, n: Floats) -> Floats:
    """Return 1 - (ℓ/ℓ₀)^(-2ℓ₀/n) (Estrella 1998).

    Examples
    --------
    >>> round(float(estrella(-50.0, -100.0, 150)), 3)
    0.603
    """
    return 1 - (fitted / null) ** (-2 * null / n)


# The four of Azen & Traxel (2009), as R `dominanceanalysis` has them; n is the sum of weights of mean 1.
PSEUDO_R2: dict[str, Callable[[Floats, Floats, Floats], Floats]] = {
    "mcfadden": mcfadden,
    "cox-snell": cox_snell,
    "nagelkerke": nagelkerke,
    "estrella": estrella,
}
