"""The page that says what was proved: `docs/validity.md`."""

from itertools import groupby

from cxresearch.prove.claims import TOLD, Claim, error

HEADING = """# Validity

What `cxresearch prove` found: every estimator held to worlds whose truth is known. Written by the command; do not edit.

A share is right if it keeps its bounds within two Monte-Carlo errors. Fits that fail count as misses. Shares without a
bound are told because they are known not to be what one would wish, or to show what the naive way would do.
"""
HEADER = "| | world | worlds | share | allowed | |\n|---|---|---|---|---|---|"


def page(claims: list[Claim]) -> str:
    """Return the page.

    Parameters
    ----------
    claims
        Of all checks, in the order in which they are to stand.

    Examples
    --------
    >>> print(page([Claim("NPS", "false alarm", "null", 500, 0.03, (0.0, 0.05))]).splitlines()[-1])
    | false alarm | null | 500 | 3.0 % ± 1.5 | 0–5 % | held |
    """
    parts = [HEADING]
    for section, told in groupby(claims, key=lambda claim: claim.section):
        parts.append(f"\n## {section}\n\n{HEADER}")
        parts += [_row(claim) for claim in told]
    return "\n".join(parts) + "\n"


def _row(claim: Claim) -> str:
    """Return one claim as a row of a table."""
    told = claim.bounds == TOLD
    worlds = f"{claim.runs:,}" if claim.runs else "exact"
    spread = f" ± {100 * error(claim.share, claim.runs):.1f}" if claim.runs else ""
    share = f"{100 * claim.share:.1f} %{spread}"
    allowed = "told" if told else f"{100 * claim.bounds[0]:.0f}–{100 * claim.bounds[1]:.0f} %"
    verdict = "" if told else "held" if claim.held else "**not held**"
    return f"| {claim.what} | {claim.setting} | {worlds} | {share} | {allowed} | {verdict} |"
